"""Running approvals for those who may design: groups by version and step, and repairing them."""

from __future__ import annotations

import dataclasses
from typing import Any, Final
from uuid import uuid4

from flask import Blueprint, Response, request

from headrace.blueprints.api.calls import (
    BAD_VALUE,
    answer,
    known_arguments,
    optional_body,
    platform,
    read,
    value_of,
    write,
    write_once,
)
from headrace.blueprints.api.designing import require_design
from headrace.blueprints.shared.repairs import Result, each
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.context import Context
from headrace.platform.workflow.repairing import (
    GROUP_ACTS,
    PAGE_SIZE,
    WRONG_ACT,
    run_items,
)

blueprint = Blueprint("api_repairs", __name__, url_prefix="/api/v1/approvals")

PARTS: Final = ("act", "reason", "step", "task", "to")


@blueprint.get("/running")
def running() -> Response:
    """The open runs by approval, version and step."""
    known_arguments()

    def action(context: Context) -> Response:
        require_design(context)
        groups = platform().repairs.groups(context)
        return answer(context, {"items": [one.render(context.language) for one in groups]})

    return read(action)


@blueprint.get("/running/runs")
def members() -> Response:
    """A page of the runs of a group, oldest first."""
    known_arguments("definition", "step", "cursor")

    def action(context: Context) -> Response:
        require_design(context)
        ids = _members(context, request.args.get("cursor"), dict(request.args))
        items = [one.render(context.language) for one in run_items(context, ids)]
        following = ids[-1] if len(ids) == PAGE_SIZE else None
        return answer(context, {"items": items, "next": following})

    return read(action)


@blueprint.get("/leaving/<user_id>")
def leaving(user_id: str) -> Response:
    """What of approvals needs a colleague, and who may take it over."""
    known_arguments()

    def action(context: Context) -> Response:
        require_design(context)
        found = platform().leavings.of(context, user_id)
        return answer(context, found.render(context.language))

    return read(action)


@blueprint.post("/leaving/<user_id>")
def let_go(user_id: str) -> Response:
    """End an account, or take only a role away, with what approvals need handed over."""
    data = optional_body("role", "heirs", "tasks_to", "reason")
    heirs: dict[str, Any] = value_of(data, "heirs", dict) or {}
    said = {key: value_of(data, key, str) for key in ("role", "tasks_to", "reason")}
    for role, heir in heirs.items():
        if not isinstance(heir, str):
            raise RefusedError(BAD_VALUE.at(pointer("heirs", role), name=role))

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        require_design(context)
        tasks = platform().leavings.let_go(context, work, user_id, heirs=heirs, **said)
        return 200, {"tasks": tasks}

    return write_once(action, data)


@blueprint.post("/<run_id>/repair")
def repair(run_id: str) -> Response:
    """Skip, jump, reassign, restart, move or cancel one open run, with a reason."""
    data = optional_body(*PARTS)
    act, *said = (value_of(data, key, str) for key in PARTS)

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        require_design(context)
        named = dict(zip(PARTS[1:], said, strict=True))
        done = platform().repairs.repair(context, work, run_id, act or "", **named)
        return 200, dataclasses.asdict(done)

    return write_once(action, data)


@blueprint.post("/running/repair")
def repair_group() -> Response:
    """Move, restart or cancel a page of a group, each run by itself and with its own result."""
    data = optional_body("act", "reason", "definition", "step", "cursor")
    act, reason = value_of(data, "act", str) or "", value_of(data, "reason", str)
    batch = str(uuid4())
    if act not in GROUP_ACTS:
        raise RefusedError(WRONG_ACT.at("/act", act=act, acts=", ".join(GROUP_ACTS)))

    def found(context: Context) -> list[str]:
        require_design(context)
        return _members(context, value_of(data, "cursor", str), data)

    ids = read(found)

    def one(context: Context, work: UnitOfWork, run_id: str) -> None:
        require_design(context)
        platform().repairs.repair(context, work, run_id, act, reason=reason, batch=batch)

    results = each(write, ids, one)
    following = ids[-1] if len(ids) == PAGE_SIZE else None
    return _results(results, batch=batch, next=following)


@blueprint.post("/batches/<batch>/undo")
def undo(batch: str) -> Response:
    """Lead the runs of a batch back to where they were moved from, each by itself."""
    data = optional_body("reason")
    reason = value_of(data, "reason", str)

    def found(context: Context) -> list[str]:
        require_design(context)
        return platform().repairs.batch(context, batch)

    def one(context: Context, work: UnitOfWork, run_id: str) -> None:
        require_design(context)
        platform().repairs.undo(context, work, run_id, reason)

    return _results(each(write, read(found), one))


def _members(context: Context, cursor: str | None, data: dict[str, Any]) -> list[str]:
    after = cursor if is_record_id(cursor) else None
    definition, step = (value_of(data, key, str) or "" for key in ("definition", "step"))
    return platform().repairs.members(context, definition, step, after=after)


def _results(results: list[Result], **more: Any) -> Response:
    def shown(context: Context) -> Response:
        items = [
            {
                "id": one.run_id,
                "problems": [problem.render(context.language) for problem in one.problems],
            }
            for one in results
        ]
        return answer(context, {"items": items, **more})

    return read(shown)
