"""The queue of jobs on the screen, for those who may design."""

from headrace.blueprints.queue.views import blueprint

__all__ = ["blueprint"]
