"""The web application over a platform: pages, API, static files, the headers of every answer."""

from __future__ import annotations

import hmac
import logging
from http import HTTPStatus
from typing import Any, Final

import jinja2
from flask import Flask, Request, Response, current_app, request
from flask.sessions import SessionInterface
from flask_login import LoginManager
from whitenoise import WhiteNoise

from headrace.blueprints import (
    api,
    approvals,
    auth,
    automations,
    dashboards,
    design,
    queue,
    reports,
    workspace,
)
from headrace.blueprints.shared import errors, pages, session
from headrace.blueprints.shared.assets import BUILD, PREFIX, Assets
from headrace.blueprints.shared.files import allow_large
from headrace.blueprints.shared.words import Words
from headrace.late_rules import LateRule
from headrace.platform.core.errors import NOT_FOUND, NotFoundError
from headrace.platform.runtime import Platform

LOG = logging.getLogger("headrace.web")
API_PREFIX: Final = "/api/"
CSP_REPORTS: Final = "/csp-report"
LARGEST_REQUEST: Final = 8 * 1024 * 1024
MOST_PARTS: Final = 50_000
LONGEST_REPORT: Final = 8_000
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        # The designer shows previews in a frame; no page but they lets itself be shown so.
        "frame-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        f"report-uri {CSP_REPORTS}",
    )
)
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=()",
    "Content-Security-Policy": POLICY,
}
WITH_FILES: Final = frozenset(
    {"workspace.send_file", "workspace.create", "workspace.update", "approvals.decide"}
)
"""Pages whose forms may hold a file."""
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
YEAR: Final = 365 * 24 * 60 * 60


class _NoSession(SessionInterface):
    """No session of the framework: ours is a row of the database, behind a cookie of its own."""

    def open_session(self, app: Flask, request: Request) -> None:
        """Give every request the empty session that cannot be written to."""


def create_app(platform: Platform) -> Flask:
    """Make the WSGI application; static files are served by it, hashed ones for ever."""
    app = Flask("headrace", static_folder=None)
    app.url_rule_class = LateRule
    app.secret_key = platform.settings.required_secret_key()
    app.session_interface = _NoSession()
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_REQUEST, MAX_FORM_PARTS=MOST_PARTS)
    app.extensions["headrace"] = platform
    app.extensions["headrace.words"] = Words.load()
    app.extensions["headrace.assets"] = Assets.load()
    _add_metrics(app, platform)
    _add_filters(app)
    _add_login(app)
    app.before_request(_check_request)
    app.after_request(_finish)
    pages = (auth, workspace, approvals, automations, queue, reports, dashboards, approvals.links)
    for blueprint in (*(one.blueprint for one in pages), *design.BLUEPRINTS):
        app.register_blueprint(blueprint)
    api.register(app)
    app.add_url_rule(CSP_REPORTS, "csp_report", _csp_report, methods=["POST"])
    app.add_url_rule("/healthz", "health", _health)
    app.add_url_rule("/metrics", "metrics", _metrics)
    errors.register(app)
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]  # Flask's way to wrap itself
        app.wsgi_app,
        root=str(BUILD),
        prefix=PREFIX,
        # Names carry a hash of the content, so they never change.
        immutable_file_test=lambda _path, url: "/assets/" in url,
        max_age=0,
    )
    return app


def _add_metrics(app: Flask, platform: Platform) -> None:
    """Count requests where somebody may read the counts; else that costs nothing."""
    if platform.settings.metrics_token:
        from headrace.metrics import Metrics  # noqa: PLC0415 - servers without do not need it

        metrics = app.extensions["headrace.metrics"] = Metrics(platform)
        metrics.watch(app)


def _add_filters(app: Flask) -> None:
    @jinja2.pass_context
    def text(context: jinja2.runtime.Context, value: Any) -> str:
        return pages.text_filter(str(context["language"]), value)

    app.jinja_env.filters["text"] = text
    app.jinja_env.undefined = jinja2.StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def _add_login(app: Flask) -> None:
    manager = LoginManager(app)
    manager.session_protection = None
    manager.request_loader(session.load_user)


def _check_request() -> None:
    """Refuse a change that does not come from one of our own pages; the API has tokens instead."""
    if request.method in SAFE_METHODS or request.path.startswith(API_PREFIX):
        return
    holds_files = request.endpoint in WITH_FILES and request.mimetype == "multipart/form-data"
    if holds_files and session.load_user(None) is not None:
        allow_large()
    if request.path != CSP_REPORTS:
        session.check_csrf()


def _finish(response: Response) -> Response:
    # One pass over what is there: asking for each of them again costs more than the answer's JSON.
    present = {name.lower() for name, _ in response.headers}
    for name, value in HEADERS.items():
        if name.lower() not in present:
            response.headers.add(name, value)
    if not request.path.startswith(API_PREFIX):
        response.headers.setdefault("Cache-Control", "private, no-store")
        session.remember_visitor(response)
    if session.is_secure():
        response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}")
    return response


def _csp_report() -> Response:
    """Take a report of the browser about what the policy stopped; there should be none."""
    LOG.warning("content security policy: %s", request.get_data(as_text=True)[:LONGEST_REPORT])
    return Response(status=HTTPStatus.NO_CONTENT)


def _health() -> Response:
    """Say that the process serves and reaches its database."""
    session.platform().database.live_version()
    return Response("ok", mimetype="text/plain")


def _metrics() -> Response:
    """Give the metrics to who sends the token of the settings; without one there are none."""
    wanted = session.platform().settings.metrics_token
    if not wanted:
        raise NotFoundError(NOT_FOUND.at())
    given = request.authorization
    token = given.token if given is not None and given.type == "bearer" else None
    if token is None or not hmac.compare_digest(token.encode(), wanted.encode()):
        challenge = {"WWW-Authenticate": "Bearer"}
        return Response("", HTTPStatus.UNAUTHORIZED, challenge, mimetype="text/plain")
    text = current_app.extensions["headrace.metrics"].text()
    return Response(text, content_type="text/plain; version=0.0.4; charset=utf-8")
