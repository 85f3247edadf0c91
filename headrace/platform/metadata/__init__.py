"""Metadata: definitions, JSON Schemas, field types, the catalog, checks. No I/O, no web."""
