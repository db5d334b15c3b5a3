"""Orders: their plans, amounts and rows, and the lists below them."""
