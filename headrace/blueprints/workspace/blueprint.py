"""The blueprint that the modules of this package add their addresses to."""

from __future__ import annotations

from typing import Literal

from flask import Blueprint
from werkzeug.wrappers import Response

from headrace.blueprints.shared.errors import sign_in_again
from headrace.blueprints.shared.session import sent_version, session_cookie
from headrace.platform.access.policy import can
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, PreconditionRequiredError
from headrace.platform.core.problems import Message
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.records.context import Context

blueprint = Blueprint("workspace", __name__)

VERSION_NEEDED = Message(
    "precondition.required",
    "The form does not say which version it changes.",
    "表单未说明所修改的版本。",
    "Open the record again.",
    "请重新打开该记录。",
)


@blueprint.before_request
def need_session() -> Response | None:
    """Send whoever has no session to the sign-in page before anything is looked up."""
    return None if session_cookie() else sign_in_again()


def known_object(context: Context, name: str) -> ObjectModel:
    """Return a business object by name; one that is not there is a page that is not there."""
    model = context.catalog.objects.get(name)
    if model is None:
        raise NotFoundError(NOT_FOUND.at())
    return model


def need_right(context: Context, name: str, action: Literal["read", "create"]) -> None:
    """Raise NotFoundError where the caller has no right to `action` on any row of an object."""
    if not can(context.catalog, context.principal, name, action):
        raise NotFoundError(NOT_FOUND.at())


def form_version() -> int:
    """Return the version that the form was made from; refuse a form that does not say it."""
    version = sent_version()
    if version is None:
        raise PreconditionRequiredError(VERSION_NEEDED.at())
    return version
