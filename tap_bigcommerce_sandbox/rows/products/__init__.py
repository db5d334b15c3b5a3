"""Products and what belongs to them."""
