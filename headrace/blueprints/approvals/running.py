"""Running approvals on the screen, for those who may design: groups, and repairing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from flask import make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.approvals.views import blueprint
from headrace.blueprints.shared.designing import only_designers
from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.repairs import Result, each
from headrace.blueprints.shared.session import new_key, platform, read, write, write_once
from headrace.blueprints.statuses import status_of
from headrace.platform.core.errors import (
    ConflictError,
    ForbiddenError,
    RefusedError,
)
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.context import Context
from headrace.platform.workflow.delegations import colleagues
from headrace.platform.workflow.repairing import (
    GROUP_ACTS,
    PAGE_SIZE,
    RunItem,
    run_items,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of several runs; `batch` is what can be undone."""

    done: int
    left: list[tuple[RunItem | None, tuple[Problem, ...]]]
    batch: str | None


@blueprint.get("/approvals/running")
def running() -> str:
    """Open runs by approval, version and step."""
    return read(lambda context: _groups(context, None))


@blueprint.post("/approvals/running")
def repair_group() -> Response:
    """Move, restart or cancel the runs of a group."""
    form, batch = request.form, str(uuid4())
    act, reason = form.get("act", ""), form.get("reason")

    def found(context: Context) -> list[str]:
        only_designers(context)
        after = form.get("cursor")
        after = after if is_record_id(after) else None
        definition, step = form.get("definition", ""), form.get("step", "")
        return platform().repairs.members(context, definition, step, after=after)

    def one(context: Context, work: UnitOfWork, run_id: str) -> None:
        only_designers(context)
        platform().repairs.repair(context, work, run_id, act, reason=reason, batch=batch)

    ids = read(found) if act in GROUP_ACTS else []
    return _after(each(write, ids, one), None if act == "cancel" else batch)


@blueprint.post("/approvals/running/undo")
def undo_group() -> Response:
    """Lead the runs of a batch back."""
    batch, reason = request.form.get("batch", ""), request.form.get("reason")

    def found(context: Context) -> list[str]:
        only_designers(context)
        return platform().repairs.batch(context, batch)

    def one(context: Context, work: UnitOfWork, run_id: str) -> None:
        only_designers(context)
        platform().repairs.undo(context, work, run_id, reason)

    return _after(each(write, read(found), one), None)


@blueprint.get("/approvals/running/<definition>/<step>")
def runs(definition: str, step: str) -> str:
    """The runs of a group, oldest first."""
    return read(lambda context: _runs(context, definition, step, ()))


@blueprint.post("/approvals/running/<definition>/<step>/<run_id>")
def repair(definition: str, step: str, run_id: str) -> Response:
    """Do something with one run."""
    form = request.form

    def act(context: Context, work: UnitOfWork) -> str:
        only_designers(context)
        platform().repairs.repair(
            context,
            work,
            run_id,
            form.get("act", ""),
            reason=form.get("reason"),
            step=form.get("to_step"),
            task=form.get("task"),
            to=form.get("to"),
        )
        return "done"

    try:
        write_once(act)
    except (RefusedError, ConflictError, ForbiddenError) as error:
        problems = error.problems
        body = read(lambda context: _runs(context, definition, step, problems))
        return make_response(body, status_of(error))
    back = url_for("approvals.runs", definition=definition, step=step, done="done")
    return redirect(back, HTTPStatus.SEE_OTHER)


def _after(results: Sequence[Result], batch: str | None) -> Response:
    """Answer with the groups as they are now, and what became of each run."""

    def page(context: Context) -> str:
        failed = [one for one in results if one.problems]
        items = {one.id: one for one in run_items(context, [one.run_id for one in failed])}
        left = [(items.get(one.run_id), one.problems) for one in failed]
        done = len(results) - len(failed)
        return _groups(context, Outcome(done, left, batch if done else None))

    return make_response(read(page))


def _groups(context: Context, outcome: Outcome | None) -> str:
    only_designers(context)
    return render(
        context,
        "approvals/running.html",
        "running",
        groups=platform().repairs.groups(context),
        outcome=outcome,
        most=PAGE_SIZE,
    )


def _runs(context: Context, definition: str, step: str, problems: Sequence[Problem]) -> str:
    only_designers(context)
    after = request.args.get("after")
    found = platform().repairs
    ids = found.members(context, definition, step, after=after if is_record_id(after) else None)
    more: dict[str, Any] = {"following": ids[-1] if len(ids) == PAGE_SIZE else None}
    with context.database.reading() as reading:
        people = colleagues(context, reading.connection)
    return render(
        context,
        "approvals/running_runs.html",
        "running",
        runs=run_items(context, ids),
        definition=definition,
        step=step,
        people=people,
        problems=problems,
        keys=[new_key() for _ in ids],
        **more,
    )
