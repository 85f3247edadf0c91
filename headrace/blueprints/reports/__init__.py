"""Reports, and the records behind their cells."""

from headrace.blueprints.reports.views import blueprint as blueprint
