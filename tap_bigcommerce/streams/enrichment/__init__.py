"""Adds details to rows: child lists, coupons, fields of v3."""
