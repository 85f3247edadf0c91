"""The clocks of runs and steps: when their time is up, and the job that rings for what is due next.

One job waits for each clock, under a key: it winds the next one itself, in the transaction of what it
does, so that nothing rings twice and nothing is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from headrace.platform.jobs.outbox import cancel
from headrace.platform.workflow.cases import Case
from headrace.platform.workflow.pinned import TimeLimit
from headrace.platform.workflow.runs import Row, runs_of
from headrace.platform.workflow.tables import RUN, STEP
from headrace.platform.workflow.timing import (
    NO_TIME,
    TIMER,
    Milestone,
    due_at,
    elapsed,
    milestones,
    timer_key,
)

RUN_KEY: Final = "run"
STEP_KEY: Final = "step"
NEXT_KEY: Final = "next"


def start_clock(
    case: Case, limit: TimeLimit | None, step_id: str | None = None, spent: timedelta = NO_TIME
) -> None:
    """Let the time of a step begin, or of the run without one; nothing where it has no limit.

    `spent` is what of the run's time had gone by before.
    """
    if limit is None:
        return
    marks = milestones(limit, case.context.now(), case.context.zone, spent)
    change = sa.update(STEP).where(STEP.c.id == step_id).values(due_at=marks[-1].at)
    if step_id is None:
        values = {"due_at": marks[-1].at, "spent_seconds": int(spent.total_seconds())}
        change = sa.update(RUN).where(RUN.c.id == case.run.id).values(values)
    case.work.connection.execute(change)
    wind(case, marks, 0, step_id)


def resume_clock(case: Case, step: Row, limit: TimeLimit | None) -> None:
    """Let the clock of a step that had ended go on, as if it had not; `step` is as it was then."""
    if limit is None or (step.ended_at is not None and step.ended_at >= step.due_at):
        return
    marks = milestones(limit, step.opened_at, case.context.zone)
    gone = sum(mark.at <= case.context.now() for mark in marks)
    wind(case, marks, min(gone, len(marks) - 1), step.id)


def rewind_clock(case: Case) -> None:
    """Let the time of a run be counted by the definition that it is pinned to by now.

    It goes on from when the run began: what is over by then rings at once.
    """
    cancel(case.work, timer_key(case.run.id))
    limit, due = case.pinned.time, None
    if limit is not None:
        spent = timedelta(seconds=case.run.spent_seconds or 0)
        marks = milestones(limit, case.run.started_at, case.context.zone, spent)
        gone = sum(mark.at <= case.context.now() for mark in marks)
        wind(case, marks, min(gone, len(marks) - 1), None)
        due = marks[-1].at
    change = sa.update(RUN).where(RUN.c.id == case.run.id).values(due_at=due)
    case.work.connection.execute(change)


def wind(case: Case, marks: Sequence[Milestone], following: int, step_id: str | None) -> None:
    """Let the job of the `following` milestone wait for it."""
    case.notifications.outbox.put(
        case.work,
        TIMER,
        {RUN_KEY: case.run.id, STEP_KEY: step_id, NEXT_KEY: following},
        due=marks[following].at,
        key=timer_key(step_id or case.run.id),
    )


def time_before(case: Case) -> timedelta:
    """Return the time that the submission before has spent; none where that was all there is.

    While the record was with its submitter, the clock stood still.
    """
    limit = case.pinned.time
    runs = runs_of(case.work.connection, case.run.object_id, case.run.record_id, limit=2)
    if limit is None or len(runs) < 2 or runs[1].ended_at is None:  # noqa: PLR2004 - this run and the one before
        return NO_TIME
    before, now, zone = runs[1], case.context.now(), case.context.zone
    spent = timedelta(seconds=before.spent_seconds or 0)
    spent += elapsed(limit, before.started_at, before.ended_at, zone)
    whole = elapsed(limit, now, due_at(limit, now, zone), zone)
    return spent if spent < whole else NO_TIME
