"""Errors as pages: what happened, what to do next, and a reference for support."""

from __future__ import annotations

import logging
import secrets
from http import HTTPStatus

from flask import Flask, Response, make_response, redirect, request, url_for
from flask_login import current_user
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from headrace.blueprints.shared.pages import render_alone, word
from headrace.blueprints.shared.session import visitor_language
from headrace.blueprints.statuses import TITLES, retry_after, status_of
from headrace.platform.core.errors import PlatformError, UnauthenticatedError
from headrace.platform.core.problems import Language, Problem

API_PREFIX = "/api/"
LOG = logging.getLogger("headrace.web")


def register(app: Flask) -> None:
    """Answer every error of a page with a page."""
    app.register_error_handler(PlatformError, _platform_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def page_language() -> Language:
    """Return the language of whoever is signed in, else the visitor's."""
    principal = getattr(current_user, "principal", None)
    return principal.language if principal is not None else visitor_language()


def sign_in_again() -> BaseResponse:
    """Send somebody to the sign-in page and back afterwards."""
    going = request.full_path.rstrip("?") if request.method == "GET" else "/"
    address = url_for("auth.sign_in", next=going if going != "/" else None)
    if request.headers.get("HX-Request"):
        return Response(status=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": address})
    if request.is_json:
        return Response(status=HTTPStatus.UNAUTHORIZED)
    return redirect(address, HTTPStatus.SEE_OTHER)


def _platform_error(error: PlatformError) -> BaseResponse:
    if isinstance(error, UnauthenticatedError):
        return sign_in_again()
    response = _page(status_of(error), error.problems)
    wait = retry_after(error)
    if wait is not None:
        response.headers["Retry-After"] = str(wait)
    return response


def _http_error(error: HTTPException) -> BaseResponse:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if status < HTTPStatus.BAD_REQUEST:
        return error.get_response()
    response = _page(status if status in TITLES else HTTPStatus.BAD_REQUEST, ())
    response.headers.extend(
        (name, value) for name, value in error.get_headers() if name in {"Allow", "Retry-After"}
    )
    return response


def _unexpected(error: Exception) -> BaseResponse:
    reference = _reference()
    place = request.path
    if request.url_rule is not None and "token" in (request.view_args or {}):
        place = request.url_rule.rule  # who reads the log could decide by what was filled in
    LOG.error("unexpected error %s at %s", reference, place, exc_info=error)
    return _page(HTTPStatus.INTERNAL_SERVER_ERROR, (), reference)


def _page(status: int, problems: tuple[Problem, ...], reference: str | None = None) -> Response:
    language = page_language()
    body = render_alone(
        "error.html",
        language,
        heading=TITLES[status].within(language),
        problems=problems,
        advice=word(language, f"error.{status}"),
        reference=reference or _reference(),
    )
    return make_response(body, status)


def _reference() -> str:
    return secrets.token_hex(4).upper()
