"""The visual designer, for those who may design."""

from headrace.blueprints.design import history, moving, publishing, starting
from headrace.blueprints.design.views import blueprint

__all__ = ["blueprint", "history", "moving", "publishing", "starting"]
