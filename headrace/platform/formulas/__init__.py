"""The formula language: parse, type, evaluate in Python and SQL (TypeScript in designer/)."""
