"""What is gone from the store: sets of ids, sweeps of lists, tombstones."""
