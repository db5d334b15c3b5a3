"""Discovery and selection: the catalog, rules, permissions, request costs."""
