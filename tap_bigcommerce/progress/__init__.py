"""What people see of a run: logs, metrics, progress bars and the report."""
