"""How the caller wants to be told of things, by topic."""

from __future__ import annotations

from flask import Blueprint, Response

from headrace.blueprints.api.calls import (
    answer,
    known_arguments,
    optional_body,
    platform,
    read,
    write,
)
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.mailing.choices import choose, chosen
from headrace.platform.mailing.topics import BY_NAME
from headrace.platform.records import reader
from headrace.platform.records.context import Context

blueprint = Blueprint("api_notifications", __name__, url_prefix="/api/v1")


@blueprint.get("/me/notification-choices")
def listed() -> Response:
    """The way of each topic, and whether mail reaches the caller."""
    known_arguments()

    def action(context: Context) -> Response:
        reader.check_current(context)
        mailing = platform().mailing
        reached = mailing.server is not None and mailing.address_of(context.principal.user_id)
        ways = mailing.choices(context.principal.user_id)
        return answer(context, {"mail": bool(reached), "choices": ways})

    return read(action)


@blueprint.put("/me/notification-choices")
def put() -> Response:
    """Choose the way of some topics; the others stay."""
    data = optional_body(*BY_NAME)

    def action(context: Context, work: UnitOfWork) -> Response:
        choose(work, context.principal.user_id, data)
        ways = chosen(work.connection, context.principal.user_id)
        return answer(context, {"choices": ways})

    return write(action)
