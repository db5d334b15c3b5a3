"""The demo: a sandbox store, two syncs into target-jsonl, and what landed."""
