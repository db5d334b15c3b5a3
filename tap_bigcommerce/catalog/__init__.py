"""What can be read and what is selected: discovery, selection, and what the store permits."""
