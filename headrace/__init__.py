"""Headrace: a low-code metadata platform for channel management."""
