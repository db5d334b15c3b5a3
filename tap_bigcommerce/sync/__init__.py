"""One run: every selected list is read, and the streams that come from it are written."""
