"""Urging (催办): who submitted a record reminds those whom it waits for, each now and then only."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    StaleError,
    TooManyRequestsError,
)
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message
from headrace.platform.database.system_tables import SETTING
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.notifications import Notifications
from headrace.platform.records.context import Context
from headrace.platform.records.reader import get_in
from headrace.platform.workflow import messages
from headrace.platform.workflow.delegations import delegates_of
from headrace.platform.workflow.runs import (
    Row,
    Runs,
    definition_of,
    known_run,
    node_of,
    run_by_id,
    step_by_id,
    task_by_id,
)
from headrace.platform.workflow.subjects import object_by_id, subject
from headrace.platform.workflow.tables import DECISION, TASK

INTERVAL_SETTING: Final = "urge_minutes"
"""The setting that says how many minutes of the workspace's clock lie between two reminders of one task."""

INTERVAL: Final = timedelta(hours=2)
MOST_MINUTES: Final = 60 * 24 * 366

NOT_SUBMITTER: Final = Message(
    "task.not_submitter",
    "Only who submitted it can remind those it waits for.",
    "只有提交人可以催办。",
    "Ask the submitter.",
    "请联系提交人。",
)
URGED: Final = Message(
    "task.urged_already",
    "A reminder was sent {at}; the next one can be sent from {next}.",
    "已于 {at} 催办，{next} 之后可再次催办。",
    "Wait until then, or speak to them.",
    "请稍后再试，或直接联系审批人。",
)
NOT_OPEN: Final = Message(
    "task.not_open",
    "This task no longer waits for anybody.",
    "该任务已无需处理。",
    "Load the record again.",
    "请重新加载记录。",
)
TOLD: Final = Message(
    "task.told_to_urge",
    "{name} reminds you: {title} ({step})",
    "{name} 催办：{title}（{step}）",
)


class Urging:
    """Reminds who is asked, and who stands in for them."""

    def __init__(self, notifications: Notifications) -> None:
        self._notifications = notifications

    def urge(self, context: Context, work: UnitOfWork, task_id: str, *, version: int) -> datetime:
        """Remind who is asked in a task of a run that the caller submitted; return when.

        Raise NotFoundError where the caller may not know of it, ForbiddenError where somebody else
        submitted it, StaleError where `version` is not the task's, ConflictError where nobody is
        asked any more, TooManyRequestsError before the interval is over.
        """
        task = task_by_id(work.connection, task_id) if is_record_id(task_id) else None
        if task is None:
            raise NotFoundError(NOT_FOUND.at())
        run = known_run(work.connection, task.run)
        self._check(context, work, run)
        _lock(work, run.id)
        task = task_by_id(work.connection, task_id)
        if task is None or task.state != "open":
            raise ConflictError(NOT_OPEN.at())
        if task.version != version:
            raise StaleError(messages.STALE_TASK.at())
        self._remind(context, work, run, (task,))
        return context.now()

    def urge_all(self, context: Context, work: UnitOfWork, run_id: str) -> int:
        """Remind all whom a run of the caller's waits for and may remind again; return how many.

        Raise TooManyRequestsError where all of them were reminded within the interval.
        """
        run = run_by_id(work.connection, run_id) if is_record_id(run_id) else None
        if run is None:
            raise NotFoundError(NOT_FOUND.at())
        self._check(context, work, run)
        _lock(work, run.id)
        waiting = sa.select(TASK).where(TASK.c.run == run.id, TASK.c.state == "open")
        tasks = list(work.connection.execute(waiting.order_by(TASK.c.id)))
        if not tasks:
            raise ConflictError(NOT_OPEN.at())
        urged = last_urged(work.connection, [run.id])
        until = context.now() - interval(work.connection)
        due = [one for one in tasks if one.id not in urged or urged[one.id] <= until]
        self._remind(context, work, run, due or tasks)
        return len(due)

    def _check(self, context: Context, work: UnitOfWork, run: Row) -> None:
        """Let pass who submitted; whoever may not see the record is not told that it has a run."""
        if context.principal.user_id == run.submitter:
            return
        model = object_by_id(context, run.object_id)
        if model is None:
            raise NotFoundError(NOT_FOUND.at())
        get_in(context, work, model.name, run.record_id, fields=("id",), by_task=True)
        raise ForbiddenError(NOT_SUBMITTER.at())

    def _remind(self, context: Context, work: UnitOfWork, run: Row, tasks: Collection[Row]) -> None:
        connection, now = work.connection, context.now()
        urged = last_urged(connection, [run.id])
        between = interval(connection)
        early = [
            urged[one.id] for one in tasks if one.id in urged and urged[one.id] + between > now
        ]
        if early:
            again = min(early) + between
            raise TooManyRequestsError(
                URGED.at(at=_shown(context, min(early)), next=_shown(context, again)),
                retry_after=max(1, int((again - now).total_seconds())),
            )
        model = object_by_id(context, run.object_id)
        if model is None:
            raise NotFoundError(NOT_FOUND.at())
        record_version = subject(context, work, model.name, run.record_id).version
        rows = Runs(work, context.ids, now)
        standing_in = delegates_of(connection, {one.user for one in tasks}, context.today())
        for task in tasks:
            rows.add_decision(
                {
                    "run": run.id,
                    "step": task.step,
                    "task": task.id,
                    "user": context.principal.user_id,
                    "action": "urge",
                    "record_version": record_version,
                    "metadata_version": context.catalog.version,
                }
            )
            row = step_by_id(connection, task.step)
            step = definition_of(connection, run, row).steps[node_of(row)]
            told = TOLD.at(name=context.principal.name, title=run.title, step=step.label)
            asked = {task.user, standing_in.get(task.user, task.user)}
            self._notifications.send(
                work,
                asked,
                "task.urged",
                told.message,
                object_id=run.object_id,
                record_id=run.record_id,
                task_id=task.id,
            )


def interval(connection: sa.Connection) -> timedelta:
    """Return how long a task is left in peace after a reminder: the setting, else two hours."""
    value = connection.execute(
        sa.select(SETTING.c.value).where(SETTING.c.key == INTERVAL_SETTING)
    ).scalar()
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST_MINUTES:
        return timedelta(minutes=value)
    return INTERVAL


def last_urged(connection: sa.Connection, run_ids: Collection[str]) -> dict[str, datetime]:
    """Return when those who are asked in runs were last reminded, by task."""
    query = (
        sa.select(DECISION.c.task, sa.func.max(DECISION.c.at))
        .where(DECISION.c.run.in_(run_ids), DECISION.c.action == "urge")
        .group_by(DECISION.c.task)
    )
    return {row[0]: row[1] for row in connection.execute(query)} if run_ids else {}


def _lock(work: UnitOfWork, run_id: str) -> None:
    """Let reminders of one run wait for each other."""
    query = sa.select(TASK.c.id).where(TASK.c.run == run_id).order_by(TASK.c.id)
    work.connection.execute(query.with_for_update())


def _shown(context: Context, at: datetime) -> str:
    return at.astimezone(context.zone).strftime("%Y-%m-%d %H:%M")
