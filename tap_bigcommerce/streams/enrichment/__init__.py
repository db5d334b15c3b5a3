"""Adds details to rows with further requests: child lists, coupons, v3 fields."""
