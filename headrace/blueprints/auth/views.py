"""Sign-in, sign-out, language, profile."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, make_response, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from headrace.blueprints.shared.pages import render, render_alone
from headrace.blueprints.shared.session import (
    LANGUAGE_COOKIE,
    SESSION_SECONDS,
    cookie_name,
    local_address,
    platform,
    read,
    session_cookie,
    set_cookie,
    visitor_language,
    write,
)
from headrace.blueprints.statuses import status_of
from headrace.platform.core.errors import (
    PlatformError,
    TooManyRequestsError,
    UnauthenticatedError,
)
from headrace.platform.core.problems import Language
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records import reader
from headrace.platform.records.context import Context

blueprint = Blueprint("auth", __name__)

LANGUAGE_SECONDS = 365 * 24 * 60 * 60


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response:
    """Show the sign-in page; check a password and open a session."""
    if request.method == "POST":
        return _opened_session(request.form.get("login", ""), request.form.get("password", ""))
    if current_user.is_authenticated:
        return redirect(local_address(request.args.get("next")), HTTPStatus.SEE_OTHER)
    return _sign_in_page(request.args.get("login", ""), None)


def _opened_session(login: str, password: str) -> Response:
    """Open a session, or say why not; the former session of this browser ends."""
    try:
        cookie = platform().identity.sign_in(
            login, password, request.remote_addr or "", previous=session_cookie() or None
        )
    except (UnauthenticatedError, TooManyRequestsError) as error:
        return _sign_in_page(login, error)
    response = redirect(local_address(request.form.get("next")), HTTPStatus.SEE_OTHER)
    set_cookie(response, cookie_name("session"), cookie, SESSION_SECONDS)
    return response


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End the session."""
    cookie = session_cookie()
    if cookie:
        platform().identity.sign_out(cookie)
    response = redirect(url_for("auth.sign_in"), HTTPStatus.SEE_OTHER)
    response.delete_cookie(cookie_name("session"))
    return response


@blueprint.post("/language")
def language() -> Response:
    """Keep the language for the user, and in this browser for the sign-in page."""
    chosen: Language = "zh" if request.form.get("language") == "zh" else "en"

    def action(context: Context, work: UnitOfWork) -> None:
        platform().identity.update_user(work, context.principal.user_id, language=chosen)

    write(action)
    response = redirect(local_address(request.form.get("next")), HTTPStatus.SEE_OTHER)
    set_cookie(response, LANGUAGE_COOKIE, chosen, LANGUAGE_SECONDS)
    return response


@blueprint.get("/profile")
def profile() -> str:
    """Who am I here."""

    def action(context: Context) -> str:
        principal = context.principal
        organisation = context.catalog.acting_as("organisation")
        name = None
        if organisation is not None and principal.organisation is not None:
            name = reader.title(context, organisation.name, principal.organisation)
        roles = [
            role.label for name, role in context.catalog.roles.items() if principal.holds(name)
        ]
        return render(context, "auth/profile.html", "profile", organisation=name, roles=roles)

    return read(action)


def _sign_in_page(login: str, error: PlatformError | None) -> Response:
    chosen = visitor_language()
    body = render_alone(
        "auth/sign_in.html",
        chosen,
        login=login,
        next=request.values.get("next", ""),
        problems=error.problems if error else (),
    )
    response = make_response(body, status_of(error) if error else HTTPStatus.OK)
    if request.args.get("language"):
        set_cookie(response, LANGUAGE_COOKIE, chosen, LANGUAGE_SECONDS)
    if isinstance(error, TooManyRequestsError):
        response.headers["Retry-After"] = str(error.retry_after)
    return response
