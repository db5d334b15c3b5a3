"""Detection of deleted records: sets of ids, id scans, tombstones, versions."""
