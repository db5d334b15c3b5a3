"""Compares the tap's output with that at another commit."""
