"""Endpoints of webhooks and the events on their way, for those who may design."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response

from headrace.blueprints.api.calls import (
    answer,
    known_arguments,
    language_of,
    optional_body,
    platform,
    read,
    write,
    write_once,
)
from headrace.blueprints.api.designing import ListArguments, page_of, require_design
from headrace.platform.automation.webhooks import PAGE, STATES, deliveries, endpoints
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, Text, pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.field_types.values import WRONG_TYPE, type_name
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.records.context import Context

blueprint = Blueprint("api_webhooks", __name__, url_prefix="/api/v1")

BAD_ARGUMENT = Message(
    "request.webhook_events",
    "“{value}” cannot be “{name}” of a question about events.",
    "“{value}”不能作为事件查询的“{name}”。",
    "“state” is one of {states}; “cursor” is what the page before gave as “next”.",
    "“state”为 {states} 之一；“cursor”为上一页返回的“next”。",
)
ARGUMENTS: Final = ListArguments(STATES, BAD_ARGUMENT)


@blueprint.get("/webhook-endpoints")
def listed() -> Response:
    """The endpoints of this installation, without their secrets."""
    known_arguments()

    def action(context: Context) -> Response:
        require_design(context)
        return answer(context, {"items": endpoints(context)})

    return read(action)


@blueprint.put("/webhook-endpoints/<name>")
def put(name: str) -> Response:
    """Add an endpoint, whose secret is told this once, or change one."""
    data = optional_body("address", "active", "form", "language", "secret")

    def action(context: Context, work: UnitOfWork) -> Response:
        require_design(context)
        for one in ("address", "form", "language", "secret"):
            if not isinstance(data.get(one, ""), str):
                raise _wrong(one, Text("a text", "文本"), data[one])
        active = data.get("active", True)
        if not isinstance(active, bool):
            raise _wrong("active", Text("true or false", "true 或 false"), active)
        secret = platform().webhooks.put_endpoint(
            context,
            work,
            name,
            data.get("address"),
            active=active,
            form=data.get("form"),
            language="en" if data.get("language") == "en" else "zh",
            secret=data.get("secret"),
        )
        told = {"name": name, **({} if secret is None else {"secret": secret})}
        response = answer(context, told)
        response.status_code = 200 if secret is None else 201
        return response

    return write(action)


@blueprint.post("/webhook-endpoints/<name>/secret")
def renew(name: str) -> Response:
    """Give an endpoint another secret, told this once."""
    optional_body()

    def action(context: Context, work: UnitOfWork) -> Response:
        require_design(context)
        secret = platform().webhooks.renew_secret(work, name)
        return answer(context, {"name": name, "secret": secret})

    return write(action)


@blueprint.get("/webhook-events")
def events() -> Response:
    """The events that were written, the newest first, page by page."""
    known_arguments("state", "cursor")

    def action(context: Context) -> Response:
        require_design(context)
        state, cursor = ARGUMENTS.read()
        language = language_of(context)
        found = deliveries(context, state=state, before=cursor)
        items = [_shown(one, language) for one in found]
        return answer(context, page_of(items, PAGE))

    return read(action)


@blueprint.post("/webhook-events/<event>/replay")
def replay(event: str) -> Response:
    """Send an event again that was given up."""
    data = optional_body()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        require_design(context)
        platform().webhooks.replay(work, event)
        return 202, {"id": event, "state": "waiting"}

    return write_once(action, data)


def _shown(event: dict[str, Any], language: str) -> dict[str, Any]:
    created, ended = event.pop("created"), event.pop("ended")
    error = event["error"].within(language) if event["error"] else None
    times = {"created_at": instant_text(created), "ended_at": instant_text(ended)}
    return {**event, "error": error, **times}


def _wrong(name: str, expected: Text, given: Any) -> RefusedError:
    return RefusedError(WRONG_TYPE.at(pointer(name), expected=expected, given=type_name(given)))
