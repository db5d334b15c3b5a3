"""The demo: a sandbox store, two syncs into target-jsonl, and a check of the rows."""
