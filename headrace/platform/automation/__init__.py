"""Automations at work: what starts them, running their actions, the history of their runs."""
