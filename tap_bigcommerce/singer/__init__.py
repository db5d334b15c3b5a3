"""The Singer protocol: the messages on standard output, and the state."""
