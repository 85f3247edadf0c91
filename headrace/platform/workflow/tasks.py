"""The inbox: what waits for the caller, what they decided, what they started, and deciding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import sqlalchemy as sa

from headrace.platform.core.errors import NOT_FOUND, NotFoundError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.workflow import messages
from headrace.platform.workflow.access import checked_snapshot
from headrace.platform.workflow.approvals import Approvals, Decided, Decision
from headrace.platform.workflow.changes import changed_fields
from headrace.platform.workflow.people import names_of
from headrace.platform.workflow.pinned import PinnedApproval, text_of
from headrace.platform.workflow.runs import (
    definition_of,
    definitions_of,
    known_run,
    step_by_id,
    task_by_id,
)
from headrace.platform.workflow.subjects import object_by_id, subject
from headrace.platform.workflow.tables import RUN, STEP, TASK
from headrace.platform.workflow.views import PersonView, RunView, views_of_runs

InboxState = Literal["open", "done", "started"]
Action = Literal["approve", "reject", "comment"]

ACTIONS: Final[tuple[Action, ...]] = ("approve", "reject", "comment")
PAGE_SIZE: Final = 50
LARGEST_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class SummaryView:
    """The sum of a record that lists show."""

    field: str
    label: Text
    value: str

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        return {"field": self.field, "label": self.label.within(language), "value": self.value}


@dataclass(frozen=True, slots=True)
class TaskItem:
    """A line of the inbox. `id` and `version` are of the task; None in the list of what was started."""

    id: str | None
    version: int | None
    run_id: str
    state: str
    object: str
    object_label: Text
    record_id: str
    title: str
    summary: SummaryView | None
    submitter: PersonView
    step_label: Text
    approval_label: Text
    tags: tuple[Text, ...]
    submission: int
    since: datetime
    ended_at: datetime | None

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        return {
            "id": self.id,
            "version": self.version,
            "run": self.run_id,
            "state": self.state,
            "object": self.object,
            "object_label": self.object_label.within(language),
            "record": self.record_id,
            "title": self.title,
            "summary": self.summary.render(language) if self.summary else None,
            "submitter": self.submitter.render(),
            "step": self.step_label.within(language),
            "approval": self.approval_label.within(language),
            "tags": [tag.within(language) for tag in self.tags],
            "submission": self.submission,
            "since": instant_text(self.since),
            "ended_at": instant_text(self.ended_at),
        }


@dataclass(frozen=True, slots=True)
class Inbox:
    """A page of the inbox; `next` is what to pass as `before` for the following one."""

    items: tuple[TaskItem, ...]
    next: str | None
    count: int

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        items = [item.render(language) for item in self.items]
        return {"items": items, "next": self.next, "count": self.count}


@dataclass(frozen=True, slots=True)
class Task:
    """A task with its record: what is asked, what changed, who decided what before.

    `record` is what the caller may read of it, with its children; None when the task is over and
    nothing else gives that right. `editable` are the fields that the step opens.
    """

    item: TaskItem
    record: dict[str, Any] | None
    changed: dict[str, list[Any]]
    editable: tuple[str, ...]
    actions: tuple[Action, ...]
    run: RunView

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        return {
            **self.item.render(language),
            "record": self.record,
            "record_id": self.item.record_id,
            "changed": self.changed,
            "editable": list(self.editable),
            "actions": list(self.actions),
            "run": self.run.render(language),
        }


class Tasks:
    """The tasks of the caller."""

    def __init__(self, approvals: Approvals) -> None:
        self._approvals = approvals

    def inbox(
        self,
        context: Context,
        state: InboxState = "open",
        *,
        limit: int = PAGE_SIZE,
        before: str | None = None,
    ) -> Inbox:
        """Return a page of the caller's tasks, newest first; `before` is an earlier page's `next`."""
        limit = max(1, min(limit, LARGEST_PAGE))
        key, condition = _list_of(state, context.principal.user_id)
        page = sa.select(RUN, TASK, STEP.c.position).select_from(_JOINED).where(condition)
        if state == "started":
            page = sa.select(RUN).where(condition)
        if before is not None and is_record_id(before):
            page = page.where(key < before)
        total = sa.select(sa.func.count()).select_from(key.table).where(condition)
        with checked_snapshot(context) as reading:
            connection = reading.connection
            rows = list(connection.execute(page.order_by(key.desc()).limit(limit + 1)).mappings())
            count = connection.execute(total).scalar_one()
            shown = rows[:limit]
            pinned = definitions_of(connection, {row[RUN.c.definition] for row in shown})
            names = names_of(connection, {row[RUN.c.submitter] for row in shown})
        items = [_item(context, row, pinned[row[RUN.c.definition]], names) for row in shown]
        following = str(shown[-1][key]) if len(rows) > limit else None
        return Inbox(tuple(one for one in items if one is not None), following, count)

    def open_count(self, context: Context) -> int:
        """Return how many tasks wait for the caller."""
        condition = _list_of("open", context.principal.user_id)[1]
        statement = sa.select(sa.func.count()).select_from(TASK).where(condition)
        with checked_snapshot(context) as reading:
            return reading.connection.execute(statement).scalar_one()

    def get(self, context: Context, task_id: str) -> Task:
        """Return a task of the caller's; raise NotFoundError for anybody else's."""
        if not is_record_id(task_id):
            raise NotFoundError(NOT_FOUND.at())
        page = sa.select(RUN, TASK, STEP.c.position).select_from(_JOINED)
        with checked_snapshot(context) as reading:
            connection = reading.connection
            task = task_by_id(connection, task_id)
            if task is None or task.user != context.principal.user_id:
                raise NotFoundError(NOT_FOUND.at())
            run = known_run(connection, task.run)
            model = object_by_id(context, run.object_id)
            if model is None:
                raise NotFoundError(NOT_FOUND.at())
            pinned = definition_of(connection, run)
            row = connection.execute(page.where(TASK.c.id == task_id)).mappings().one()
            item = _item(context, row, pinned, names_of(connection, {run.submitter}))
            step = pinned.steps[step_by_id(connection, task.step).position]
            view = views_of_runs(context, connection, [run])[0]
            found = subject(context, reading, model.name, run.record_id)
            changed = changed_fields(context, reading, model, run, found.row)
        if item is None:
            raise NotFoundError(NOT_FOUND.at())
        is_open = task.state == "open"
        record = _record(context, model, run.record_id)
        return Task(
            item=item,
            record=record,
            changed={name: pair for name, pair in changed.items() if record and name in record},
            editable=_names(model, step.editable) if is_open else (),
            actions=ACTIONS if is_open else (),
            run=view,
        )

    def decide(
        self,
        context: Context,
        work: UnitOfWork,
        task_id: str,
        action: str,
        *,
        version: int,
        comment: str | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> Decided | None:
        """Approve or reject a task as it was at `version`, or comment on it (then None).

        Raise ConflictError `task.already_decided` where somebody was faster, StaleError where the
        record has changed.
        """
        if not is_record_id(task_id):
            raise NotFoundError(NOT_FOUND.at())
        if action == "comment":
            self._approvals.comment(context, work, task_id, comment)
            return None
        if action not in ACTIONS:
            shown = ", ".join(ACTIONS)
            raise NotFoundError(messages.UNKNOWN_ACTION.at(action=action, actions=shown))
        decision: Decision = "approve" if action == "approve" else "reject"
        return self._approvals.decide(
            context, work, task_id, decision, version=version, comment=comment, values=values
        )


_JOINED: Final = TASK.join(RUN, RUN.c.id == TASK.c.run).join(STEP, STEP.c.id == TASK.c.step)


def _list_of(state: InboxState, user_id: str) -> tuple[sa.Column[Any], sa.ColumnElement[bool]]:
    """Return the key and the condition of a list."""
    if state == "started":
        return RUN.c.id, RUN.c.submitter == user_id
    mine = TASK.c.user == user_id
    if state == "open":
        return TASK.c.id, sa.and_(mine, TASK.c.state == "open")
    return TASK.c.id, sa.and_(mine, TASK.c.state.in_(("approved", "rejected")))


def _item(
    context: Context,
    row: Mapping[Any, Any],
    pinned: PinnedApproval,
    names: Mapping[str, str],
) -> TaskItem | None:
    """Return a line; None where the live version no longer has the object."""
    model = object_by_id(context, row[RUN.c.object_id])
    if model is None:
        return None
    has_task = TASK.c.id in row
    internal = context.principal.audience == "internal"
    submitter = row[RUN.c.submitter]
    return TaskItem(
        id=row[TASK.c.id] if has_task else None,
        version=row[TASK.c.version] if has_task else None,
        run_id=row[RUN.c.id],
        state=row[TASK.c.state] if has_task else row[RUN.c.state],
        object=model.name,
        object_label=model.label,
        record_id=row[RUN.c.record_id],
        title=row[RUN.c.title],
        summary=_summary(context, model, row[RUN.c.summary]),
        submitter=PersonView(names.get(submitter, ""), submitter if internal else None),
        step_label=pinned.steps[row[STEP.c.position]].label if has_task else Text(),
        approval_label=pinned.label,
        tags=tuple(text_of(tag["label"]) for tag in row[RUN.c.tags]),
        submission=row[RUN.c.submission],
        since=row[TASK.c.opened_at] if has_task else row[RUN.c.started_at],
        ended_at=row[TASK.c.ended_at] if has_task else row[RUN.c.ended_at],
    )


def _summary(context: Context, model: ObjectModel, data: Mapping[str, Any]) -> SummaryView | None:
    field = next((one for one in model.fields.values() if one.id == data.get("field")), None)
    if field is None or (field.internal and context.principal.audience != "internal"):
        return None
    return SummaryView(field.name, field.label, str(data["value"]))


def _record(context: Context, model: ObjectModel, record_id: str) -> dict[str, Any] | None:
    expand = [str(child.name) for child in model.children]
    try:
        return reader.get(context, model.name, record_id, expand=expand, by_task=True)
    except NotFoundError:
        return None


def _names(model: ObjectModel, ids: frozenset[str]) -> tuple[str, ...]:
    return tuple(field.name for field in model.fields.values() if field.id in ids)
