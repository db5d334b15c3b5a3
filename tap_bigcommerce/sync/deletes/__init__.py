"""Detection of deleted records: id sets, id scans, tombstones, versions."""
