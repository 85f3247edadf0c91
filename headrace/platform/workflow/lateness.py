"""The order of a list of tasks: what is late first, the longest late on top, then the newest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from headrace.platform.workflow.tables import RUN, STEP, TASK


def late_first(now: datetime) -> tuple[sa.ColumnElement[Any], ...]:
    """Return by what tasks, joined with their steps, are sorted."""
    late = STEP.c.due_at <= now
    return (
        sa.case((late, 0), else_=1),
        sa.case((late, STEP.c.due_at)),
        TASK.c.id.desc(),
    )


def behind(connection: sa.Connection, task_id: str, now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition of the tasks that come behind a task in that order."""
    steps = TASK.join(STEP, STEP.c.id == TASK.c.step)
    asked = sa.select(STEP.c.due_at).select_from(steps).where(TASK.c.id == task_id)
    due = connection.execute(asked).scalar()
    later = TASK.c.id < task_id
    if due is None or due > now:
        in_time = sa.or_(STEP.c.due_at.is_(None), STEP.c.due_at > now)
        return sa.and_(in_time, later)
    return sa.or_(
        STEP.c.due_at.is_(None),
        STEP.c.due_at > due,
        sa.and_(STEP.c.due_at == due, later),
    )


def due_of(row: Mapping[Any, Any]) -> datetime | None:
    """Return when a line of the inbox is due: its step, or the run that somebody started."""
    due: datetime | None = row[STEP.c.due_at] if STEP.c.due_at in row else row[RUN.c.due_at]
    return due
