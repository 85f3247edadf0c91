"""The visual designer, for those who may design."""

from headrace.blueprints.design.views import blueprint

__all__ = ["blueprint"]
