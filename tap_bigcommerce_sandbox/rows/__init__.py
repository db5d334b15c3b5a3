"""The rows of each kind, computed from seed and id."""
