"""The command line: options, commands and exit status."""
