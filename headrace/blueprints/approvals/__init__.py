"""The inbox, tasks and their decisions."""

from headrace.blueprints.approvals.views import blueprint as blueprint
