"""Delegations: who decides in the caller's place, and for whom the caller does."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response

from headrace.blueprints.api.calls import (
    answer,
    known_arguments,
    optional_body,
    platform,
    read,
    write_once,
)
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Text, pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.field_types.values import WRONG_TYPE, type_name
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.workflow.delegations import day_of

blueprint = Blueprint("api_delegations", __name__, url_prefix="/api/v1")

PERSON: Final = Text("the id of a colleague", "同事的标识")
WORDS: Final = Text("a text", "文本")


@blueprint.get("/delegations")
def listed() -> Response:
    """What the caller gave and holds, and who may stand in for them."""
    known_arguments()

    def action(context: Context) -> Response:
        reader.check_current(context)
        today = context.today()
        found = platform().delegations.of_caller(context)
        people = platform().delegations.candidates(context)
        data = {
            "items": [one.render(today) for one in found],
            "candidates": [one.render() for one in people],
        }
        return answer(context, data)

    return read(action)


@blueprint.post("/delegations")
def create() -> Response:
    """Let a colleague decide in the caller's place for some days."""
    data = optional_body("delegate", "first_day", "last_day", "reason")
    delegate = _text(data, "delegate", PERSON)
    reason = _text(data, "reason", WORDS) if data.get("reason") is not None else None
    first, last = (day_of(data.get(name), name) for name in ("first_day", "last_day"))

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        made = platform().delegations.create(context, work, delegate, first, last, reason)
        return 201, made.render(context.today())

    return write_once(action, data)


@blueprint.post("/delegations/<delegation_id>/end")
def end(delegation_id: str) -> Response:
    """End a delegation of the caller's before its time."""
    data = optional_body()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        platform().delegations.end(context, work, delegation_id)
        return 200, {}

    return write_once(action, data)


def _text(data: dict[str, Any], name: str, expected: Text) -> str:
    given = data.get(name)
    if not isinstance(given, str):
        raise RefusedError(WRONG_TYPE.at(pointer(name), expected=expected, given=type_name(given)))
    return given
