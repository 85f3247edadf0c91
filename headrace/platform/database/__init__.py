"""The database: engine, tables of a catalog, schema changes as values, unit of work.

Knows metadata, never who asks: access is added by the layers above.
"""
