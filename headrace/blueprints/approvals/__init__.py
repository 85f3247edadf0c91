"""The inbox, tasks and their decisions, and who decides for whom."""

from headrace.blueprints.approvals import bulk as bulk
from headrace.blueprints.approvals import delegations as delegations
from headrace.blueprints.approvals import leaving as leaving
from headrace.blueprints.approvals import links as links
from headrace.blueprints.approvals import running as running
from headrace.blueprints.approvals.views import blueprint as blueprint
