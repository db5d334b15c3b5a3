"""Rows of orders and their child lists."""
