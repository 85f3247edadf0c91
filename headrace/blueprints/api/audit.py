"""The audit trail for those who may design: who changed what, when, from what to what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from flask import Blueprint, Response, request

from headrace.blueprints.api.calls import answer, known_arguments, language_of, platform, read
from headrace.blueprints.api.designing import require_design
from headrace.platform.access.audit_trail import (
    PAGE,
    Wanted,
    read_audit,
    read_entry,
    shown_entry,
)
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.core.problems import Message, pointer
from headrace.platform.records.context import Context

blueprint = Blueprint("api_audit", __name__, url_prefix="/api/v1/metadata/audit")

DIGITS: Final = 18
BAD_ARGUMENT: Final = Message(
    "request.audit",
    "“{value}” cannot be “{name}” of a question to the audit trail.",
    "“{value}”不能作为审计查询的“{name}”。",
    "“before” is a number of an entry, “limit” 1 to {most}, “since” and “until” are instants "
    "such as 2026-01-31T08:00:00Z.",
    "“before”是条目编号，“limit”为 1 至 {most}，“since”和“until”是时间点，例如 2026-01-31T08:00:00Z。",
)


@blueprint.get("")
def find() -> Response:
    """The entries that are asked for, the newest first, page by page."""
    known_arguments("kind", "name", "by", "since", "until", "before", "limit")

    def action(context: Context) -> Response:
        require_design(context)
        wanted = Wanted(
            kind=_text("kind"),
            name=_text("name"),
            by=_text("by"),
            since=_instant("since"),
            until=_instant("until"),
            below=_number("before"),
            limit=_number("limit", PAGE) or PAGE,
        )
        found = read_audit(platform().database, wanted)
        items = [shown_entry(one, language_of(context)) for one in found]
        following = items[-1]["number"] if len(items) == wanted.limit else None
        return answer(context, {"items": items, "next": following})

    return read(action)


@blueprint.get("/<number>")
def get(number: str) -> Response:
    """One entry with its long definitions whole."""
    known_arguments()

    def action(context: Context) -> Response:
        require_design(context)
        if not _is_number(number):
            raise NotFoundError(NOT_FOUND.at())
        entry = read_entry(platform().database, int(number))
        return answer(context, shown_entry(entry, language_of(context)))

    return read(action)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= DIGITS and int(text) > 0


def _number(name: str, most: int | None = None) -> int | None:
    given = request.args.get(name)
    if given is None:
        return None
    if not _is_number(given) or (most is not None and int(given) > most):
        raise _refusal(name, given)
    return int(given)


def _text(name: str) -> str | None:
    given = request.args.get(name)
    if given is not None and not given.isprintable():
        raise _refusal(name, given)
    return given


def _instant(name: str) -> datetime | None:
    given = request.args.get(name)
    if given is None:
        return None
    try:
        found = datetime.fromisoformat(given)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _refusal(name, given)


def _refusal(name: str, value: str) -> RefusedError:
    return RefusedError(BAD_ARGUMENT.at(pointer(name), name=name, value=value, most=PAGE))
