"""What people see of a run: logs, counters, metrics, progress bars, and the report."""
