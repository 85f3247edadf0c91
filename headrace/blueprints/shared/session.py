"""Who is signed in: the session cookie, its CSRF token, and use cases run for its holder."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

import orjson
from flask import Response, current_app, g, request
from flask_login import UserMixin
from werkzeug.wrappers import Response as BaseResponse

from headrace.platform.access.principals import Principal
from headrace.platform.core.errors import (
    ForbiddenError,
    NewerCatalogError,
    StalePrincipalError,
    UnauthenticatedError,
)
from headrace.platform.core.problems import Language, Message
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.context import Context
from headrace.platform.records.idempotency import Answer, KeyedRequest, keep, replay
from headrace.platform.runtime import Platform

T = TypeVar("T")
SESSION_SECONDS: Final = 12 * 60 * 60
LANGUAGE_COOKIE: Final = "headrace-language"
CSRF_HEADER: Final = "X-CSRF-Token"
VERSION_DIGITS: Final = 18
FILE_DIGITS: Final = 24
NOT_CONTENT: Final = frozenset({"csrf", "key"})
"""Inputs that do not say what is to be done."""

CSRF = Message(
    "csrf.invalid",
    "This page is too old to send from, or the request did not come from it.",
    "页面已过期，或请求并非来自本页面。",
    "Load the page again and repeat what you did.",
    "请重新加载页面后再操作。",
)


class SessionUser(UserMixin):  # type: ignore[misc]  # flask-login has no types
    """The signed-in user as flask-login sees it."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal

    def get_id(self) -> str:
        return self.principal.user_id


def platform() -> Platform:
    """Return the platform that the application was made with."""
    return cast(Platform, current_app.extensions["headrace"])


def is_secure() -> bool:
    """Say whether people reach the pages over https."""
    return urlsplit(platform().settings.base_url).scheme == "https"


def cookie_name(kind: str) -> str:
    """Return the name of a cookie; `__Host-` binds it to this very host over https."""
    name = f"headrace-{kind}"
    return f"__Host-{name}" if is_secure() else name


def session_cookie() -> str:
    """Return the value of the session cookie; empty without one."""
    return request.cookies.get(cookie_name("session"), "")


def load_user(_: Any) -> SessionUser | None:
    """Return the holder of the session, for flask-login; None where there is none."""
    cookie = session_cookie()
    if not cookie:
        return None
    parts = platform()
    try:
        principal = parts.identity.principal_of_session(cookie, parts.catalogs.current().catalog)
    except (UnauthenticatedError, StalePrincipalError, NewerCatalogError):
        return None
    return SessionUser(principal)


def read(action: Callable[[Context], T]) -> T:
    """Run a reading use case for whoever is signed in."""
    return platform().perform_for_session(session_cookie(), action)


def write(action: Callable[[Context, UnitOfWork], T]) -> T:
    """Run a writing use case for whoever is signed in, in one unit of work."""
    return platform().write_for_session(session_cookie(), action)


def write_once(action: Callable[[Context, UnitOfWork], str], sent: bytes = b"") -> str:
    """Run a writing use case once for each key that a form carries.

    `action` returns what the answer is made of; a form sent twice gets the first one's. `sent` is the
    file that came with the form: with another one it is another form.
    """
    keyed = keyed_form(sent)

    def once(context: Context, work: UnitOfWork) -> str:
        if keyed is None:
            return action(context, work)
        kept = replay(context, work, keyed)
        if kept is not None:
            return kept.body
        result = action(context, work)
        keep(context, work, keyed, Answer(200, result))
        return result

    return write(once)


def keyed_form(sent: bytes = b"") -> KeyedRequest | None:
    """Return what makes this form the same when it is sent again; None where it carries no key."""
    key = request.form.get("key", "")
    if key and sent:
        key = f"{key}.{hashlib.sha256(sent).hexdigest()[:FILE_DIGITS]}"
    content = [(name, value) for name, value in request.form.items(multi=True)]
    kept = orjson.dumps([pair for pair in content if pair[0] not in NOT_CONTENT])
    return KeyedRequest(key, f"{request.method} {request.path}", kept) if key else None


def sent_version() -> int | None:
    """Return the version that a form carries; None where there is none that could be stored."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= VERSION_DIGITS else None


def new_key() -> str:
    """Return a key for a form that is about to be shown."""
    return secrets.token_urlsafe(18)


# -- CSRF ------------------------------------------------------------------------------------------


def csrf_token() -> str:
    """Return the token that this page's forms carry: bound to the session, or to the visitor."""
    cookie = session_cookie() or visitor()
    secret = platform().settings.required_secret_key().encode()
    return hmac.new(secret, b"csrf\0" + cookie.encode(), hashlib.sha256).hexdigest()


def check_csrf() -> None:
    """Refuse a changing request without the token of its own session or visitor."""
    given = request.headers.get(CSRF_HEADER) or request.form.get("csrf", "")
    if not hmac.compare_digest(given.encode(), csrf_token().encode()):
        raise ForbiddenError(CSRF.at())


def visitor() -> str:
    """Return the random name of somebody who is not signed in; `remember_visitor` keeps it."""
    known = request.cookies.get(cookie_name("visitor"))
    if known:
        return known
    if "visitor" not in g:
        g.visitor = secrets.token_urlsafe(24)
    return str(g.visitor)


def remember_visitor(response: Response) -> Response:
    """Keep the name that was given to a visitor in this request."""
    if "visitor" in g:
        set_cookie(response, cookie_name("visitor"), g.visitor, SESSION_SECONDS)
    return response


def set_cookie(response: BaseResponse, name: str, value: str, seconds: int | None) -> None:
    """Set a cookie that no script reads and no other site sends."""
    response.set_cookie(
        name, value, max_age=seconds, httponly=True, samesite="Lax", secure=is_secure(), path="/"
    )


# -- language --------------------------------------------------------------------------------------


def visitor_language() -> Language:
    """Return the language for somebody who is not signed in: chosen, remembered, or the browser's."""
    for given in (request.args.get("language"), request.cookies.get(LANGUAGE_COOKIE)):
        if given in ("en", "zh"):
            return "zh" if given == "zh" else "en"
    best = request.accept_languages.best_match(["zh", "zh-CN", "en"], default="zh")
    return "en" if best == "en" else "zh"


def local_address(given: str | None) -> str:
    """Return an address of our own to go to; the home page for anything else."""
    parts = urlsplit(given or "")
    local = not parts.scheme and not parts.netloc and parts.path.startswith("/")
    clean = "\\" not in (given or "") and (given or "").isprintable()
    return str(given) if local and clean and not str(given).startswith("//") else "/"
