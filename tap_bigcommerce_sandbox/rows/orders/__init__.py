"""Orders and everything below them."""
