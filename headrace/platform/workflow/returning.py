"""Ways back: a run returned to an earlier step or to its submitter, a decision taken back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, Literal

import sqlalchemy as sa

from headrace.platform.core.errors import ConflictError, ForbiddenError, RefusedError
from headrace.platform.workflow import messages
from headrace.platform.workflow.branching import (
    ENDED,
    TAKEN,
    in_force,
    newest_beside,
    reached_after,
)
from headrace.platform.workflow.cases import Case
from headrace.platform.workflow.clocks import resume_clock
from headrace.platform.workflow.course import end, give_turns, go_to
from headrace.platform.workflow.people import is_active
from headrace.platform.workflow.pinned import PinnedApproval
from headrace.platform.workflow.runs import (
    APPROVING,
    TAKEN_BACK,
    Row,
    named_steps,
    node_of,
    questions_of,
    standing_decision,
    step_by_id,
    tasks_of_step,
)
from headrace.platform.workflow.voting import UNDECIDED

Course = Literal["again", "on"]

COURSES: Final[tuple[Course, ...]] = ("again", "on")
GOING_ON: Final = ENDED | {"open"}
"""States of the step that a branch has reached last, where nothing has led out of it."""


def return_run(
    case: Case,
    task: Row,
    to: str | None,
    comment: str,
    course: str,
    seen: str,
    files: Sequence[str],
) -> None:
    """Send a run back from a task: to a step that was taken before it, or to the submitter.

    `seen` is the fingerprint of the record as it was shown, `files` go with the comment.
    """
    if course not in COURSES:
        shown = ", ".join(COURSES)
        raise RefusedError(messages.WRONG_COURSE.at("/course", course=course, courses=shown))
    step_row = step_by_id(case.work.connection, task.step)
    node = node_of(step_row)
    found = case.subject()
    targets = returnable(case.work.connection, case.run, case.pinned, node)
    target = next((one for one in targets if case.pinned.steps[one].name == to), None)
    if to is not None and target is None:
        shown = ", ".join(case.pinned.steps[one].name for one in targets) or "–"
        raise RefusedError(messages.WRONG_STEP.at("/to", step=to, steps=shown))
    case.add_decision(
        "return", comment, found.version, task=task, to_step=to, seen=seen, files=files
    )
    case.rows.end_step(task.step, "returned")
    if target is None:
        end(case, "returned", "return", comment)
    else:
        block = case.pinned.block_of(node)
        if block is None or target not in block.branch_of(node):
            # The branches beside it are asked again when the run comes to them again.
            case.rows.close_steps(case.run.id)
        case.line("return", comment)
        go_to(case, target, "return", comment, then_node=node if course == "on" else None)


def returnable(connection: sa.Connection, run: Row, pinned: PinnedApproval, node: int) -> list[int]:
    """Return the steps before `node` that a run may go back to: those that were taken."""
    newest = {name: row.state for row, name in named_steps(connection, run, pinned)}
    return [one for one in pinned.before(node) if newest.get(pinned.steps[one].name) in TAKEN]


def take_back(
    case: Case, task: Row, version: int, comment: str | None, files: Sequence[str]
) -> None:
    """Undo the caller's decision on a task: its step is open again, later ones were not reached.

    What an edit let stand is undone too, in the step that came again or before it does. `files` go
    with the comment.
    """
    connection = case.work.connection
    decision = standing_decision(connection, task.id, TAKEN_BACK)
    if decision is None or decision.user != case.context.principal.user_id:
        raise ForbiddenError(messages.NOT_DECIDED.at())
    step_row = step_by_id(connection, task.step)
    if task.version != version:
        case.refuse_late(task.id)
    if case.run.state != "open" or step_row.definition is not None:
        raise ConflictError(messages.NOT_TAKEN_BACK.at())
    if all(row.id != step_row.id for row in in_force(case).values()):
        approved = decision.action in APPROVING
        _take_back_standing(case, task, step_row, comment, files, approved=approved)
        return
    if step_row.state not in {"open", "approved"} or _is_late(case, task, step_row):
        raise ConflictError(messages.NOT_TAKEN_BACK.at())
    step = case.step_of(step_row)
    found = case.subject()
    if decision.action == "keep":
        _let_fall(case, step.name, task.user)
    later = reached_after(case, step_row, node_of(step_row))
    case.rows.undo_steps([row.id for row in later])
    case.rows.reopen(step_row.id, task.id)
    resume_clock(case, step_row, step.time)
    case.add_decision("take_back", comment, found.version, task=task, files=files)
    tasks = tasks_of_step(connection, step_row.id)
    paused = [one.id for one in tasks if step.mode == "sequence" and _comes_later(one, task)]
    if task.place == "before" and task.added_to is not None:
        paused.append(task.added_to)
    case.rows.pause_tasks(paused)
    closed = [one for one in tasks if one.state == "closed" and one.place != "before"]
    again = {one.id: one for one in closed if is_active(connection, one.user)}
    if again:
        case.rows.open_tasks(again)
        deciding = {one.user: one.id for one in again.values() if one.kind is None}
        case.tell(step, deciding, found)
        for one in questions_of(connection, step_row.id):
            if one["task"] in again:
                case.tell_opinion(one["task"], one["user"], one["question"], found, by=one["by"])
    give_turns(case, step, tasks_of_step(connection, step_row.id))
    case.line("take_back", comment)


def _take_back_standing(
    case: Case,
    task: Row,
    step_row: Row,
    comment: str | None,
    files: Sequence[str],
    *,
    approved: bool,
) -> None:
    """Undo a decision that stands although the run has left its step since.

    Where the run has come to the step again, which was not asked for that, it is asked after all.
    """
    step, node = case.step_of(step_row), node_of(step_row)
    entry = (case.run.standing or {}).get(step.name)
    present = in_force(case).get(step.name)
    stands = (
        approved
        and entry is not None
        and (entry["whole"] or task.user in entry["people"])
        and _last_asked(case, step.name).id == step_row.id
        and (present is None or present.state == "kept")
    )
    if not stands or _is_followed(case, node, present):
        raise ConflictError(messages.NOT_TAKEN_BACK.at())
    tasks = tasks_of_step(case.work.connection, step_row.id)
    people = [one.user for one in tasks if one.state == "approved"]
    _let_fall(case, step.name, task.user, people)
    case.rows.withdraw_task(task.id)
    case.add_decision("take_back", comment, case.subject().version, task=task, files=files)
    case.line("take_back", comment)
    if present is not None:
        later = reached_after(case, present, node)
        case.rows.undo_steps([present.id, *(row.id for row in later)])
        go_to(case.again(), node, "take_back", comment)


def _let_fall(case: Case, name: str, user: str, people: Collection[str] | None = None) -> None:
    """Let an approval of a user stand no more in a step; those of the other `people` do."""
    entries = dict(case.run.standing or {})
    entry = entries.get(name)
    if entry is not None:
        left = sorted(set(entry["people"] if people is None else people) - {user})
        entries[name] = {**entry, "people": left, "whole": False}
        case.rows.stand(case.run.id, entries)


def _last_asked(case: Case, name: str) -> Row:
    """Return the row of a step in which people were asked last."""
    connection = case.work.connection
    rows = [row for row, of in named_steps(connection, case.run, case.pinned) if of == name]
    return next(row for row in reversed(rows) if tasks_of_step(connection, row.id))


def _is_followed(case: Case, node: int, present: Row | None) -> bool:
    """Say whether a step after one that stands was decided, or stands itself."""
    block = case.pinned.block_of(node)
    beside = set() if block is None else {*block.nodes} - {*block.branch_of(node)}
    entries = case.run.standing or {}
    following = range(node + 1, len(case.pinned.steps))
    names = [case.pinned.steps[one].name for one in following if one not in beside]
    if any(entries[one]["whole"] or entries[one]["people"] for one in names if one in entries):
        return True
    return present is not None and _is_decided_after(case, present, node)


def _is_decided_after(case: Case, row: Row, node: int) -> bool:
    """Say whether somebody has decided after a step, or a branch beside it has led elsewhere."""
    connection = case.work.connection
    for later in reached_after(case, row, node):
        if any(
            standing_decision(connection, one.id) for one in tasks_of_step(connection, later.id)
        ):
            return True
    return any(one.state not in GOING_ON for one, _ in newest_beside(case, node))


def _is_late(case: Case, task: Row, step_row: Row) -> bool:
    """Say whether somebody has decided what came after a task, or the run has been elsewhere since."""
    if _is_decided_after(case, step_row, node_of(step_row)):
        return True
    _, step = case.step_of_task(task)
    tasks = tasks_of_step(case.work.connection, task.step)
    decided = [row for row in tasks if row.state in {"approved", "rejected"}]
    if task.place == "before" and any(row.id == task.added_to for row in decided):
        return True
    return step.mode == "sequence" and any(
        row.id > task.id and row.place is None for row in decided
    )


def _comes_later(one: Row, task: Row) -> bool:
    asked = one.place is None and one.kind is None
    return asked and one.id > task.id and one.state in UNDECIDED
