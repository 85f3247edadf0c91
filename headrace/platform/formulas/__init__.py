"""The formula language: text → typed tree → Python, SQL (and TypeScript in `designer/`).

It knows types, fields by id and functions; it must not know metadata, records or the database.
"""
