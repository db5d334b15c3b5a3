"""Reads the selected lists and writes the streams that come from them."""
