"""Measurements of the tap, compared with the project's bars: `python -m bench`."""
