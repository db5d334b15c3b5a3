"""Three made-up stores on Dagster, into one DuckDB."""
