"""What rings when the time of a step or a run goes by: reminders, escalation, automatic decisions.

After a time in which no timer rang, only the last thing that is due is done: nobody is reminded late of
what is over by now. What a timer does and its next one are committed together, so each rings once; one
that comes too late, because somebody decided, changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from headrace.platform.core.errors import ConflictError, NotFoundError, RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.notifications import Notifications
from headrace.platform.records.context import Context
from headrace.platform.records.store import RecordStore
from headrace.platform.workflow import messages
from headrace.platform.workflow.cases import Case, case_of
from headrace.platform.workflow.clocks import NEXT_KEY, RUN_KEY, STEP_KEY, wind
from headrace.platform.workflow.course import end, follow
from headrace.platform.workflow.delegations import delegates_of
from headrace.platform.workflow.people import Person, keep_active
from headrace.platform.workflow.pinned import TimeLimit
from headrace.platform.workflow.runs import (
    TIMEOUT_APPROVE,
    TIMEOUT_REJECT,
    Row,
    open_steps_of_run,
    open_tasks_of_step,
    run_by_id,
    step_by_id,
    tasks_of_step,
)
from headrace.platform.workflow.timing import WHOLE, Milestone, milestones, shown_instant
from headrace.platform.workflow.voting import ESCALATED


@dataclass(frozen=True, slots=True)
class _Clock:
    """The clock that rang: of a step, or of the whole run without one; the steps that are late."""

    case: Case
    limit: TimeLimit
    step: Row | None
    late: list[Row]

    @property
    def step_id(self) -> str | None:
        return None if self.step is None else self.step.id

    def milestones(self) -> tuple[Milestone, ...]:
        """Return what is due by this clock, from its beginning on."""
        zone = self.case.context.zone
        if self.step is not None:
            return milestones(self.limit, self.step.opened_at, zone)
        spent = timedelta(seconds=self.case.run.spent_seconds or 0)
        return milestones(self.limit, self.case.run.started_at, zone, spent)

    def shown(self, mark: Milestone) -> str:
        """Return an instant as people of the workspace read it."""
        return shown_instant(mark.at, self.case.context.zone)


class Timers:
    """Does what is due; called by the worker with the platform's own rights."""

    def __init__(self, store: RecordStore, notifications: Notifications) -> None:
        self._store = store
        self._notifications = notifications

    def ring(self, context: Context, work: UnitOfWork, payload: Mapping[str, Any]) -> None:
        """Do what is due by a clock, and let its next timer wait; nothing where it was stopped."""
        run_id, step_id, following = (payload[key] for key in (RUN_KEY, STEP_KEY, NEXT_KEY))
        try:
            case = case_of(self._store, self._notifications, context, work, run_id)
            case.lock()
            case = case.again()
        except NotFoundError:
            return
        clock = _clock(case, step_id)
        if clock is None:
            return
        marks, now = clock.milestones(), context.now()
        while following < len(marks) and marks[following].at <= now:
            following += 1
        if following < len(marks):
            wind(case, marks, following, step_id)
        if following > payload[NEXT_KEY]:
            _do(clock, marks[following - 1], marks[-1])


def _do(clock: _Clock, mark: Milestone, due: Milestone) -> None:
    if mark.percent < WHOLE:
        _remind(clock, messages.REMINDED, mark, due)
    elif clock.limit.then == "escalate":
        _remind(clock, messages.OVERDUE, mark, due)
        _escalate(clock, due)
    elif clock.limit.then == "remind" or not _decided(clock, clock.limit.then):
        _remind(clock, messages.OVERDUE, mark, due)


# -- reminders -------------------------------------------------------------------------------------


def _remind(clock: _Clock, message: Message, mark: Milestone, due: Milestone) -> None:
    """Tell who has not decided, and who stands in for them."""
    for step in clock.late:
        _tell(clock, step, _asked(clock.case, step), message, due=clock.shown(due))
    clock.case.add_decision(
        "remind", f"{mark.percent} %", clock.case.subject().version, step=clock.step_id
    )


def _asked(case: Case, step: Row) -> list[Row]:
    """Return the tasks of a step that wait for a decision."""
    return [row for row in open_tasks_of_step(case.work.connection, step.id) if row.kind is None]


def _tell(clock: _Clock, step: Row, tasks: list[Row], message: Message, **words: object) -> None:
    case = clock.case
    users = [task.user for task in tasks]
    standing_in = delegates_of(case.work.connection, users, case.context.today())
    problem = message.at(title=case.subject().title, step=case.step_of(step).label, **words)
    for task in tasks:
        own = standing_in.get(task.user)
        told = (task.user, own) if own else (task.user,)
        case.notify(told, message.code, problem, task_id=task.id)


# -- escalation ------------------------------------------------------------------------------------


def _escalate(clock: _Clock, due: Milestone) -> None:
    """Ask further people in each step that is late; nobody new where all are asked already."""
    case = clock.case
    for row in clock.late:
        known = {task.user for task in tasks_of_step(case.work.connection, row.id)}
        people = tuple(one for one in _receivers(clock, row) if one.id not in known)
        found = case.subject()
        keep_active(case.work.connection, [person.id for person in people])
        case.rows.add_tasks(case.run, row.id, people, found.version, place=ESCALATED)
        for person in people:
            case.add_decision("escalate", None, found.version, step=row.id, given_to=person.id)
        new = [task for task in _asked(case, row) if task.user not in known]
        _tell(clock, row, new, messages.ESCALATED, due=clock.shown(due))


def _receivers(clock: _Clock, row: Row) -> tuple[Person, ...]:
    case = clock.case
    asking = replace(case.step_of(row), approvers=clock.limit.escalate_to, mode="any")
    try:
        found = case.subject()
        return case.people().resolve(asking, found.environment, case.run.excluded).people
    except ConflictError:
        return ()


# -- automatic decisions ---------------------------------------------------------------------------


def _decided(clock: _Clock, decision: Literal["approve", "reject"]) -> bool:
    """Decide because the time is up; not where approvers were not found, nor where it is refused."""
    case = clock.case
    if any(step.fallback for step in clock.late):
        return False
    waiting = [(step, _asked(case, step)) for step in clock.late]
    try:
        with case.work.connection.begin_nested():
            if decision == "reject" or clock.step is None:
                _reject(clock)
            else:
                _approve(case, clock.step)
    except (ConflictError, RefusedError):
        return False
    state = messages.STATE_TEXTS["approved" if decision == "approve" else "rejected"]
    for step, tasks in waiting:
        _tell(clock, step, tasks, messages.TIMED_OUT, state=state)
    return True


def _reject(clock: _Clock) -> None:
    """Reject the run because the time of a step, or its own, is up."""
    case = clock.case
    case.add_decision(TIMEOUT_REJECT, None, case.subject().version, step=clock.step_id)
    if clock.step is not None:
        case.rows.end_step(clock.step.id, "rejected")
    end(case, "rejected", TIMEOUT_REJECT, None)


def _approve(case: Case, step: Row) -> None:
    """Approve a step because its time is up; RefusedError where it lacks a value that it needs."""
    case.refuse_incomplete(case.step_of(step))
    case.add_decision(TIMEOUT_APPROVE, None, case.subject().version, step=step.id)
    case.rows.end_step(step.id, "approved")
    if not follow(case, step, TIMEOUT_APPROVE, None):
        case.line(TIMEOUT_APPROVE, None)


def _clock(case: Case, step_id: str | None) -> _Clock | None:
    """Return the clock of a step, or of the run; None where it stands still by now."""
    connection = case.work.connection
    run = run_by_id(connection, case.run.id)
    if run is None or run.state != "open":
        return None
    if step_id is None:
        limit, step, late = case.pinned.time, None, open_steps_of_run(connection, case.run.id)
    else:
        step = step_by_id(connection, step_id)
        limit, late = case.step_of(step).time, [step]
        if step.state != "open":
            return None
    return None if limit is None else _Clock(case, limit, step, late)
