"""The REST API, `/api/v1`: thin routes over the use cases that the screens use too."""

from __future__ import annotations

import logging

import orjson
from flask import Blueprint, Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from headrace.blueprints.api import (
    audit,
    automations,
    bulk_changes,
    costs,
    dashboards,
    delegations,
    description,
    drafted_reports,
    drafts,
    files,
    formulas,
    imports,
    jobs,
    metadata,
    moving,
    notifications,
    plan_rows,
    queue,
    records,
    repairs,
    reports,
    scenarios,
    schedules,
    schemas,
    search,
    spreadsheets,
    starting,
    tasks,
    trying,
    uninstalling,
    upgrading,
    versions,
    webhooks,
)
from headrace.blueprints.api.calls import read
from headrace.blueprints.shared.files import allow_large, drain
from headrace.blueprints.statuses import (
    HINTS,
    TITLES,
    problem_document,
    retry_after,
    status_of,
)
from headrace.platform.core.errors import (
    NOT_FOUND,
    NotFoundError,
    PlatformError,
    UnauthenticatedError,
)
from headrace.platform.core.ids import RandomIds

BLUEPRINTS: tuple[Blueprint, ...] = (
    records.blueprint,
    imports.blueprint,
    bulk_changes.blueprint,
    files.blueprint,
    jobs.blueprint,
    queue.blueprint,
    tasks.blueprint,
    delegations.blueprint,
    notifications.blueprint,
    automations.blueprint,
    schedules.blueprint,
    repairs.blueprint,
    webhooks.blueprint,
    reports.blueprint,
    dashboards.blueprint,
    search.blueprint,
    moving.blueprint,
    uninstalling.blueprint,
    trying.blueprint,
    scenarios.blueprint,
    upgrading.blueprint,
    plan_rows.blueprint,
    versions.blueprint,
    audit.blueprint,
    drafts.blueprint,
    drafted_reports.blueprint,
    formulas.blueprint,
    costs.blueprint,
    schemas.blueprint,
    spreadsheets.blueprint,
    starting.blueprint,
    metadata.blueprint,
    description.blueprint,
)
_log = logging.getLogger("headrace.api")
_ids = RandomIds()


def register(app: Flask) -> None:
    """Add the API to the application; errors of all its calls have one shape."""
    api = Blueprint("api", __name__)
    api.before_request(_read_body)
    api.register_error_handler(PlatformError, _refused)
    api.register_error_handler(HTTPException, _http_error)
    api.register_error_handler(Exception, _failed)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    api.add_url_rule("/api/<path:rest>", view_func=_nothing, methods=methods)
    app.register_blueprint(api)


def _read_body() -> None:
    """Read the body first: an answer before that would break the connection of who sends it."""
    if request.endpoint != "api.api_files.upload":
        request.get_data()
        return
    try:
        read(lambda _: None)
    except UnauthenticatedError:
        # Nothing is kept of what comes from nobody, not even for a moment.
        drain()
        raise
    allow_large()


def _nothing(rest: str) -> Response:  # noqa: ARG001 - whatever it was
    raise NotFoundError(NOT_FOUND.at())


def _language() -> str:
    """Return the caller's language: that of the principal once known, else what is asked for."""
    known = getattr(g, "language", None)
    return known or request.accept_languages.best_match(["en", "zh"], "en") or "en"


def _refused(error: PlatformError) -> Response:
    document = problem_document(error, _language(), f"urn:uuid:{_ids.record_id()}")
    response = _problem(document)
    response.status_code = status_of(error)
    seconds = retry_after(error)
    if seconds is not None:
        response.headers["Retry-After"] = str(seconds)
    if response.status_code == 401:  # noqa: PLR2004 - HTTP status
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _http_error(error: HTTPException) -> Response:
    """Answer what the framework refuses (method, size, form) in the one shape."""
    status = error.code or 500
    title = TITLES.get(status, TITLES[400]).within(_language())
    problem = {
        "severity": "error",
        "code": f"http.{status}",
        "path": "",
        "message": title,
        "hint": HINTS.get(status, HINTS[400]).within(_language()),
    }
    response = _problem(
        {
            "type": "about:blank",
            "title": title,
            "status": status,
            "code": f"http.{status}",
            "problems": [problem],
        }
    )
    response.status_code = status
    return response


def _failed(error: Exception) -> Response:
    """Log what nobody foresaw; tell the caller only where to point support."""
    reference = f"urn:uuid:{_ids.record_id()}"
    _log.error("%s %s %s", reference, request.method, request.path, exc_info=error)
    if current_app.testing:
        raise error
    title = TITLES[500].within(_language())
    response = _problem(
        {
            "type": "about:blank",
            "title": title,
            "status": 500,
            "code": "internal",
            "instance": reference,
            "problems": [],
        }
    )
    response.status_code = 500
    return response


def _problem(document: dict[str, object]) -> Response:
    response = Response(orjson.dumps(document), content_type="application/problem+json")
    response.headers["Cache-Control"] = "private, no-store"
    return response
