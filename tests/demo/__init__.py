"""The generator of the demo data; its output is committed under headrace/seed_schemas."""
