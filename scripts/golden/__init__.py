"""Whether the tap still writes what it wrote at another commit."""
