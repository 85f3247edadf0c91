"""Runs of automations on the screen, for those who may design."""

from headrace.blueprints.automations.views import blueprint

__all__ = ["blueprint"]
