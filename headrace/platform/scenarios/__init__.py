"""Scenarios run in scratch databases through the real use cases, and recorded from real records."""
