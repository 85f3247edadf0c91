"""Steps that are decided again because what they were decided on was changed; the others stand.

A run is not only pinned to definitions: each of its decisions is bound to the record as it was shown. When
an edit changes what a decided step depends on, the run goes back to the first such step. Steps whose
approval is untouched keep it, in the run as in a new submission (`resubmitting`): `standing` says
whose. A step that was open and half decided is asked again when the run comes back to it, and what
was said there stands too, unless the step itself depends on what was changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.notifications import Notifications
from headrace.platform.records.batch import Batch
from headrace.platform.records.store import RecordStore
from headrace.platform.workflow.branching import Point, in_force, points_beside
from headrace.platform.workflow.cases import Case, case_of
from headrace.platform.workflow.course import go_to, let_wait
from headrace.platform.workflow.depending import (
    Changed,
    approver_dependencies,
    dependencies,
    edited_records,
)
from headrace.platform.workflow.pinned import Step
from headrace.platform.workflow.resubmitting import APPROVED_STATES
from headrace.platform.workflow.runs import (
    Row,
    approvers_of_steps,
    given_away,
    named_steps,
    node_of,
    open_run,
    open_steps_of_run,
    questions_of,
    step_by_id,
    tasks_of_step,
)
from headrace.platform.workflow.subjects import Subject
from headrace.platform.workflow.voting import COUNTED, PLACES, result_of, seats_of

OF_DECISIONS: Final = frozenset({"edited", "undone"})
"""Edits that belong to a decision: it says itself what follows."""

LEFT: Final = COUNTED | {"closed"}
"""States of the task of who was added and is needed again: they have not left."""

MOST_TOLD: Final = 20
"""Changes that a timeline tells of one edit."""


@dataclass(frozen=True, slots=True)
class _Hit:
    """A step that an edit lets be decided again."""

    node: int
    row: Row
    changed: Sequence[Changed]


_DECIDING: ContextVar[Mapping[str, list[Changed]] | None] = ContextVar("deciding", default=None)
"""The runs on which a decision is being made, by id, with what was changed meanwhile."""


@contextmanager
def deciding(run_id: str) -> Iterator[list[Changed]]:
    """Leave edits of a run's record to the decision that causes them; yield what they changed.

    Automations that run in its transaction write too: reopening the run then would close the step that
    is just being decided.
    """
    found: list[Changed] = []
    token = _DECIDING.set({**(_DECIDING.get() or {}), run_id: found})
    try:
        yield found
    finally:
        _DECIDING.reset(token)


class Reopening:
    """Takes edits of records in approval to the steps that depend on them (an `after_write` hook)."""

    def __init__(self, store: RecordStore, notifications: Notifications) -> None:
        self._store = store
        self._notifications = notifications

    def after(self, batch: Batch, work: UnitOfWork) -> None:
        """Let the steps be decided again that depend on what a batch changed."""
        context = batch.context
        for edited in edited_records(batch):
            workflow = context.catalog.workflows.get(edited.model.workflow or "")
            if workflow is None or not workflow.approvals or edited.actions & OF_DECISIONS:
                continue
            run = open_run(work.connection, edited.model.id, edited.id)
            if run is None:
                continue
            decision = (_DECIDING.get() or {}).get(run.id)
            if decision is not None:
                decision += edited.changed
            else:
                case = case_of(self._store, self._notifications, context, work, run.id)
                reopen(case, edited.changed)


def reopen(
    case: Case,
    changed: Sequence[Changed],
    task: Row | None = None,
    said: tuple[str, str | None] = ("approve", None),
) -> bool:
    """Go back to the first step that depends on what was changed; say whether there is one.

    With `task` the change is part of a decision on that task, which was just made; an approval counts.
    The history tells of it by what was `said`: the action and its comment.
    """
    found = case.subject()
    present = in_force(case)
    hits = [
        _Hit(node, present[step.name], concerned)
        for node, step in enumerate(case.pinned.steps)
        if step.name in present
        and (concerned := _concerned(case, step, changed))
        and _is_open_to(case, present[step.name], step, concerned, found, task)
    ]
    standing, fallen = _still_standing(case, present, changed)
    for step_id, lost in fallen:
        _tell(case, step_id, lost, found)
    if not hits:
        if fallen:
            case.rows.stand(case.run.id, standing)
        return False
    if task is not None:
        case.line(*said)
        present = _settled(case, present, hits, task)
    standing = {name: entry for name, entry in standing.items() if name not in present} | _standing(
        case, present, hits, task
    )
    case.rows.stand(case.run.id, standing)
    for hit in hits:
        _tell(case, hit.row.id, hit.changed, found)
    _go_back(case, [hit.node for hit in hits])
    own = None if task is None else step_by_id(case.work.connection, task.step)
    if own is not None and own.state == "open":
        # In a branch beside those that go back it goes on waiting, for others.
        let_wait(case, own)
    return True


def _go_back(case: Case, nodes: Sequence[int]) -> None:
    """Take the first of the steps again; in a block that of each branch, while the others go on."""
    first = nodes[0]
    block = case.pinned.block_of(first)
    points = [Point(first, range(0), asks=True)]
    if block is not None:
        inside = {block.branch_of(one).start: one for one in reversed(nodes) if one in block.nodes}
        points = [Point(one, block.branch_of(one), asks=True) for one in inside.values()]
        points.sort(key=lambda one: one.node)
    branches = [one.branch for one in points]
    for row in open_steps_of_run(case.work.connection, case.run.id):
        node = node_of(row)
        beside = block is not None and node in block.nodes
        if not beside or any(node in branch for branch in branches):
            case.rows.end_step(row.id, "closed")
    again = case_of(case.store, case.notifications, case.context, case.work, case.run.id)
    again.line("reopen", None)
    # The branch in which the edit was made goes on too, where that decided its step.
    going_on = [
        one for one in points_beside(again, first) if one.branch not in branches and not one.asks
    ]
    go_to(again, points[0].node, "reopen", None, beside=[*points[1:], *going_on])


def _concerned(case: Case, step: Step, changed: Sequence[Changed]) -> list[Changed]:
    depends = dependencies(case.context.catalog, case.model, case.pinned, step)
    return [one for one in changed if one.concerns(depends)]


def _is_open_to(
    case: Case,
    row: Row,
    step: Step,
    changed: Sequence[Changed],
    found: Subject,
    task: Row | None,
) -> bool:
    """Say whether a step that depends on a change has to be taken again for it."""
    connection = case.work.connection
    if row.state in APPROVED_STATES:
        return True
    if row.state == "skipped":
        # An administrator who skipped it did so for whatever the record holds.
        return not tasks_of_step(connection, row.id) and found.holds(step.when)
    if row.state != "open":
        return False
    own = task is not None and task.step == row.id
    decided = [one for one in tasks_of_step(connection, row.id) if one.state == "approved"]
    if any(task is None or one.id != task.id for one in decided):
        return True
    if own:
        return False
    return not found.holds(step.when) or _asks_others(case, row, step, changed, found)


def _asks_others(
    case: Case, row: Row, step: Step, changed: Sequence[Changed], found: Subject
) -> bool:
    """Say whether a change leads to other approvers than those who are asked."""
    by = approver_dependencies(case.context.catalog, case.model, step)
    if not any(one.concerns(by) for one in changed):
        return False
    asked = case.people().resolve(step, found.environment, case.run.excluded)
    tasks = tasks_of_step(case.work.connection, row.id)
    seats = {one.id for one in seats_of(tasks)}
    return {one.id for one in asked.people} != {one.user for one in tasks if one.id in seats}


def _settled(
    case: Case, present: Mapping[str, Row], hits: Sequence[_Hit], task: Row
) -> dict[str, Row]:
    """End the step of a decision that has decided it; return the rows as they are then.

    Not where the step itself depends on what the decision changed.
    """
    row, step = case.step_of_task(task)
    if any(hit.row.id == row.id for hit in hits):
        return dict(present)
    if result_of(step, tasks_of_step(case.work.connection, row.id)) != "approved":
        return dict(present)
    case.rows.end_step(row.id, "approved")
    case.copy("end", step)
    return in_force(case)


def _tell(case: Case, step_id: str | None, changed: Sequence[Changed], found: Subject) -> None:
    told = [one.to_json() for one in changed[:MOST_TOLD]]
    case.add_decision("reopen", None, found.version, step=step_id, changes=told)


def _still_standing(
    case: Case, present: Mapping[str, Row], changed: Sequence[Changed]
) -> tuple[dict[str, Any], list[tuple[str | None, Sequence[Changed]]]]:
    """Return what an earlier edit let stand and this one does, and what falls with it.

    Only of steps that the run has not come to again: those have rows, which say themselves how they
    stand. What falls is told at the last row of the step, with what it depended on; without a step
    where it stood since the submission before.
    """
    entries = case.run.standing or {}
    standing = dict(entries)
    fallen: list[tuple[str | None, Sequence[Changed]]] = []
    newest = {
        name: row.id for row, name in named_steps(case.work.connection, case.run, case.pinned)
    }
    for step in case.pinned.steps:
        if step.name not in entries or step.name in present:
            continue
        concerned = _concerned(case, step, changed)
        entry = entries[step.name]
        if concerned and (entry["whole"] or entry["people"]):
            standing[step.name] = {**entry, "people": [], "whole": False}
            fallen.append((newest.get(step.name), concerned))
    return standing, fallen


def _standing(
    case: Case, present: Mapping[str, Row], hits: Sequence[_Hit], task: Row | None
) -> dict[str, Any]:
    """Return whose approvals stand: of whole steps, and of the open one who has approved so far.

    With them who was added to those steps, who took tasks of them over, and whose opinions are still
    waited for: they are asked again where their step is.
    """
    hit = {one.row.id for one in hits}
    approved = [row.id for row in present.values() if row.state in APPROVED_STATES]
    people = approvers_of_steps(case.work.connection, approved)
    standing: dict[str, Any] = {}
    for name, row in present.items():
        whole = row.state in APPROVED_STATES and row.id not in hit
        said = sorted(people[row.id]) if whole else []
        if row.state == "open":
            own = task if row.id in hit else None
            said = _said(case, row, own, whole=row.id not in hit)
        before = (case.run.standing or {}).get(name, {})
        added = before.get("added", []) if row.state == "kept" else _added(case, row)
        opinions = questions_of(case.work.connection, row.id)
        given = given_away(case.work.connection, row.id)
        # Whoever took a task over before was asked as who has it, and may have given it on.
        given |= {own: given.get(to, to) for own, to in before.get("given", {}).items()}
        if whole or said or added or given or opinions:
            standing[name] = {
                "people": said,
                "whole": whole,
                "added": added,
                "given": given,
                "opinions": opinions,
            }
    return standing


def _added(case: Case, row: Row) -> list[dict[str, Any]]:
    """Return who was added to a step, in the order in which it was done."""
    tasks = tasks_of_step(case.work.connection, row.id)
    users = {task.id: task.user for task in tasks}
    return [
        {
            "user": task.user,
            "by": task.added_by,
            "to": users.get(task.added_to, task.added_by),
            "place": task.place,
        }
        for task in tasks
        if task.kind is None and task.place in PLACES and task.state in LEFT
    ]


def _said(case: Case, row: Row, task: Row | None, *, whole: bool) -> list[str]:
    """Return who has approved in an open step; where it depends on the edit, only who made that."""
    return sorted(
        one.user
        for one in tasks_of_step(case.work.connection, row.id)
        if one.state == "approved" and (whole or (task is not None and one.id == task.id))
    )
