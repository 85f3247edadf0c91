"""Frozen values that documents are loaded into; equality by value, one module a kind."""
