"""Measures the tap against the bars that the project has set itself: `python -m bench`."""
