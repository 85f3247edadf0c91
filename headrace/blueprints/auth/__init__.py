"""Sign-in, sign-out, language, profile."""

from headrace.blueprints.auth.views import blueprint as blueprint
