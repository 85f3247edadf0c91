"""Workflows on `transitions`, approvals with their runs, steps and tasks, and the inbox."""
