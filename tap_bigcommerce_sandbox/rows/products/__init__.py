"""Rows of products and their child lists."""
