"""Trying approvals: what a transition would ask of a record, and what would become of past runs."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response

from headrace.blueprints.api.calls import answer, language_of, optional_body, platform, read
from headrace.blueprints.api.designing import require_design
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, pointer
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.trying import replays_of
from headrace.platform.records.context import Context
from headrace.platform.workflow.access import checked_snapshot
from headrace.platform.workflow.replaying import USUAL, replay
from headrace.platform.workflow.simulating import Trial

blueprint = Blueprint("api_trying", __name__, url_prefix="/api/v1/metadata")

BAD_KEY: Final = Message(
    "request.trial",
    "“{name}” is missing or has a value that it cannot have.",
    "“{name}”缺失或取值不正确。",
    "See /api/v1/openapi.json for what can be sent.",
    "请查看 /api/v1/openapi.json 了解可发送的内容。",
)


@blueprint.post("/simulate")
def simulate() -> Response:
    """What a transition would ask of a record, live or drafted: approvals, steps, people, reasons."""

    def action(context: Context) -> Response:
        require_design(context)
        data = optional_body(
            "object", "record", "transition", "values", "submitter", "draft", "version"
        )
        login = _of(data, "submitter", str)
        trials = platform().trials
        trial = Trial(
            object_name=_needed(data, "object"),
            record_id=_of(data, "record", str),
            transition=_needed(data, "transition"),
            values=_of(data, "values", dict) or {},
            definitions=trials.definitions(_of(data, "draft", str), _of(data, "version", int)),
            submitter=trials.submitter(context, login) if login else None,
        )
        found = platform().workflow.try_out(context, trial)
        return answer(context, found.render(language_of(context)))

    return read(action)


@blueprint.post("/replay")
def replay_runs() -> Response:
    """What would have become of the last runs of a workflow under a draft, a version or the live one."""

    def action(context: Context) -> Response:
        require_design(context)
        data = optional_body("workflow", "draft", "version", "last")
        last = _of(data, "last", int)
        definitions = platform().trials.definitions(
            _of(data, "draft", str), _of(data, "version", int)
        )
        with checked_snapshot(context) as reading:
            found = replay(
                context,
                reading,
                _needed(data, "workflow"),
                definitions,
                USUAL if last is None else last,
                platform().trials.earlier,
            )
        return answer(context, found.render(language_of(context)))

    return read(action)


def replayed(context: Context, plan: Plan) -> dict[str, Any]:
    """Return what a plan says of runs that are over, by workflow; nothing where it changes none."""
    language = language_of(context)
    found = [one.render(language) for one in replays_of(context, plan, platform().trials)]
    shown = [{"workflow": one["workflow"], "summary": one["summary"]} for one in found]
    return {"replays": shown} if shown else {}


def _needed(data: dict[str, Any], name: str) -> str:
    found: str | None = _of(data, name, str)
    if not found:
        raise RefusedError(BAD_KEY.at(pointer(name), name=name))
    return found


def _of(data: dict[str, Any], name: str, kind: type) -> Any:
    value = data.get(name)
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        raise RefusedError(BAD_KEY.at(pointer(name), name=name))
    return value
