"""The demo of a fleet: three sandbox stores on Dagster, into one DuckDB file."""
