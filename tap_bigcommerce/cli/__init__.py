"""The command line: options, the commands, and their exit status."""
