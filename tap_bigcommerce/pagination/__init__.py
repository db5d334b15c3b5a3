"""Walks: how a list is read from end to end."""
