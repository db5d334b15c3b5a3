"""What completes the rows of a list with requests of their own: child lists, coupons, channels."""
