"""Pagination: how a list is read from its first row to its last."""
