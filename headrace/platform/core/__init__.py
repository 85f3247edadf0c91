"""Values that every layer uses: problems, errors, clock, ids, canonical JSON, registry, hooks."""
