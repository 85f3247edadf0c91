"""Dashboards: tiles of reports on a grid."""

from headrace.blueprints.dashboards.views import blueprint as blueprint
