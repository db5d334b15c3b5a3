"""How rows of each kind are made from seed and id."""
