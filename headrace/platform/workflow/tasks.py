"""The inbox: what waits for the caller, what they decided, what they started, and deciding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
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
from headrace.platform.workflow.changes_seen import ChangeView
from headrace.platform.workflow.copies import received_by
from headrace.platform.workflow.delegations import decides_for
from headrace.platform.workflow.inbox_filters import EVERYTHING, InboxFilter, capped_count
from headrace.platform.workflow.lateness import behind, due_of, late_first
from headrace.platform.workflow.people import names_of
from headrace.platform.workflow.pinned import PinnedApproval, text_of
from headrace.platform.workflow.returning import returnable
from headrace.platform.workflow.runs import (
    TAKEN_BACK,
    Row,
    definition_of,
    definitions_of,
    known_run,
    known_task,
    node_of,
    standing_decision,
    step_by_id,
    task_by_id,
)
from headrace.platform.workflow.shapes import (
    InboxJson,
    SummaryJson,
    TaskHeadJson,
    TaskItemJson,
    TaskPageJson,
)
from headrace.platform.workflow.subjects import object_by_id, subject
from headrace.platform.workflow.tables import (
    COPY,
    DECIDING,
    DECISION,
    NODE,
    RUN,
    STEP,
    STEP_DEFINITION,
    TASK,
)
from headrace.platform.workflow.urging import last_urged
from headrace.platform.workflow.views import DecisionView, PersonView, RunView, views_of_runs

InboxState = Literal["open", "done", "started", "copied"]
Action = Literal[
    "approve",
    "reject",
    "return",
    "comment",
    "transfer",
    "add_approver",
    "ask_opinion",
    "take_back",
]

ACTIONS: Final[tuple[Action, ...]] = (
    "approve",
    "reject",
    "return",
    "transfer",
    "add_approver",
    "ask_opinion",
    "comment",
)
"""What may be done with an open task that the caller decides."""
SPEAKING: Final[tuple[Action, ...]] = ("comment",)
"""What is left to who has a part in the record."""
DONE: Final = ("approved", "rejected", "returned", "answered")
PAGE_SIZE: Final = 50
LARGEST_PAGE: Final = 200
COMMENTS_OFFERED: Final = 5
COMMENTS_LOOKED_AT: Final = 50
LONGEST_OFFERED: Final = 40


@dataclass(frozen=True, slots=True)
class SummaryView:
    """The sum of a record that lists show."""

    field: str
    label: Text
    value: str

    def render(self, language: str) -> SummaryJson:
        """Return the JSON form in one language."""
        return {"field": self.field, "label": self.label.within(language), "value": self.value}


@dataclass(frozen=True, slots=True)
class TaskItem:
    """A line of the inbox. `id` and `version` are of the task; None in the list of what was started.

    In the list of copies `id` is of the copy, and `read_at` when the caller opened it.

    `asked` is who was asked, where it is not the caller: they stand in for them. `may_decide` is not
    said of a record that the caller submitted or changed last. `due_at` is when the time is up, `late`
    whether that has passed and nobody has decided. `urged_at` is when the submitter last reminded who
    is asked.
    """

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
    asked: PersonView | None
    may_decide: bool
    step_label: Text
    approval_label: Text
    tags: tuple[Text, ...]
    submission: int
    since: datetime
    ended_at: datetime | None
    due_at: datetime | None
    late: bool
    read_at: datetime | None = None
    urged_at: datetime | None = None

    def render(self, language: str) -> TaskItemJson:
        """Return the JSON form in one language."""
        return {**self.head(language), "run": self.run_id, "record": self.record_id}

    def head(self, language: str) -> TaskHeadJson:
        """Return what the page of the task tells too."""
        return {
            "id": self.id,
            "version": self.version,
            "state": self.state,
            "object": self.object,
            "object_label": self.object_label.within(language),
            "title": self.title,
            "summary": self.summary.render(language) if self.summary else None,
            "submitter": self.submitter.render(),
            "asked": self.asked.render() if self.asked else None,
            "step": self.step_label.within(language),
            "approval": self.approval_label.within(language),
            "tags": [tag.within(language) for tag in self.tags],
            "submission": self.submission,
            "since": instant_text(self.since),
            "ended_at": instant_text(self.ended_at),
            "due_at": instant_text(self.due_at),
            "late": self.late,
            "read_at": instant_text(self.read_at),
            "urged_at": instant_text(self.urged_at),
        }


@dataclass(frozen=True, slots=True)
class Inbox:
    """A page of the inbox; `next` is what to pass as `before` for the following one.

    `unread` is how many copies the caller has not opened, in the list of copies. Where `capped`, there
    are more than `count`.
    """

    items: tuple[TaskItem, ...]
    next: str | None
    count: int
    unread: int | None = None
    capped: bool = False

    def render(self, language: str) -> InboxJson:
        """Return the JSON form in one language."""
        items = [item.render(language) for item in self.items]
        page: InboxJson = {
            "items": items,
            "next": self.next,
            "count": self.count,
            "capped": self.capped,
        }
        return page if self.unread is None else {**page, "unread": self.unread}


@dataclass(frozen=True, slots=True)
class Task:
    """A task with its record: what is asked, what changed, who decided what before.

    `record` is what the caller may read of it, with its children; None when the task is over and
    nothing else gives that right. `editable` are the fields that the step opens, `required` those that need
    a value to approve, `receivers` who
    the task may be given to or who may be asked too, `returns` the steps it may go back to,
    `copy_receivers` who may be sent a copy with the decision. With `opinion` the caller is only asked
    what they think. `again` is what was changed since the step was decided, where an edit let it be
    decided again.
    """

    item: TaskItem
    record: dict[str, Any] | None
    changed: dict[str, list[Any]]
    editable: tuple[str, ...]
    required: tuple[str, ...]
    actions: tuple[Action, ...]
    receivers: tuple[PersonView, ...]
    returns: tuple[tuple[str, Text], ...]
    opinion: bool
    copy_receivers: tuple[PersonView, ...]
    run: RunView
    again: tuple[DecisionView, ...] = ()

    def render(self, language: str) -> TaskPageJson:
        """Return the JSON form in one language."""
        return {
            **self.item.head(language),
            "again": [one.render(language) for one in self.again],
            "record": self.record,
            "record_id": self.item.record_id,
            "changed": self.changed,
            "editable": list(self.editable),
            "required": list(self.required),
            "actions": list(self.actions),
            "receivers": [one.render() for one in self.receivers],
            "opinion": self.opinion,
            "returns": [
                {"step": name, "label": label.within(language)} for name, label in self.returns
            ],
            "copy_receivers": [one.render() for one in self.copy_receivers],
            "run": self.run.render(language),
        }


class Tasks:
    """The tasks of the caller."""

    def __init__(self, approvals: Approvals) -> None:
        self._approvals = approvals
        self.copies = approvals.copies

    def inbox(
        self,
        context: Context,
        state: InboxState = "open",
        *,
        limit: int = PAGE_SIZE,
        before: str | None = None,
        where: InboxFilter = EVERYTHING,
    ) -> Inbox:
        """Return a page of the caller's tasks, newest first; `before` is an earlier page's `next`.

        What waits for them and is late comes before the rest. Those of people whom the caller stands in for are among them.
        """
        limit = max(1, min(limit, LARGEST_PAGE))
        caller = context.principal.user_id
        with checked_snapshot(context) as reading:
            connection = reading.connection
            mine = decides_for(connection, caller, context.today())
            lines = _lines(state, mine, where.conditions(context))
            after = before if before is not None and is_record_id(before) else None
            if state == "open":
                ids = _waiting(connection, lines, context.now(), after, limit + 1)
            else:
                ids = _newest(connection, lines, after, limit + 1)
            rows = _rows(connection, state, ids)
            count, capped = capped_count(connection, [one for _, one in lines])
            unread = _unread(connection, caller) if state == "copied" else None
            shown = rows[:limit]
            pinned = definitions_of(connection, {_definition(row) for row in shown})
            names = names_of(connection, {one for row in shown for one in _people(row)})
            urged = last_urged(connection, {row[RUN.c.id] for row in shown if state == "open"})
        items = [_item(context, row, pinned[_definition(row)], names, urged) for row in shown]
        following = ids[limit - 1] if len(ids) > limit else None
        seen = tuple(one for one in items if one is not None)
        return Inbox(seen, following, count, unread, capped)

    def next_open(self, context: Context, after: str) -> str | None:
        """Return the task that waits for the caller behind `after`, else the newest; None without one."""
        with checked_snapshot(context) as reading:
            connection = reading.connection
            mine = decides_for(connection, context.principal.user_id, context.today())
            lines, now = _lines("open", mine, ()), context.now()
            for start in (after, None):
                for found in _waiting(connection, lines, now, start, 1):
                    return found
            return None

    def last_comments(self, context: Context) -> tuple[str, ...]:
        """Return what the caller said last with decisions, each once, newest first."""
        said = (
            sa.select(DECISION.c.comment)
            .where(
                DECISION.c.user == context.principal.user_id,
                DECISION.c.action.in_(DECIDING),
                DECISION.c.comment.is_not(None),
            )
            .order_by(DECISION.c.id.desc())
            .limit(COMMENTS_LOOKED_AT)
        )
        with checked_snapshot(context) as reading:
            found = dict.fromkeys(reading.connection.execute(said).scalars())
        return tuple(one for one in found if len(one) <= LONGEST_OFFERED)[:COMMENTS_OFFERED]

    def open_count(self, context: Context) -> int:
        """Return how many tasks wait for the caller."""
        with checked_snapshot(context) as reading:
            connection = reading.connection
            mine = decides_for(connection, context.principal.user_id, context.today())
            waiting = sa.and_(TASK.c.user.in_(mine), TASK.c.state == "open")
            count = sa.select(sa.func.count()).select_from(TASK).where(waiting)
            return connection.execute(count).scalar_one()

    def unread_copies(self, context: Context) -> int:
        """Return how many copies the caller has not opened."""
        with checked_snapshot(context) as reading:
            return _unread(reading.connection, context.principal.user_id)

    def get(self, context: Context, task_id: str) -> Task:
        """Return a task of the caller's; raise NotFoundError for anybody else's."""
        if not is_record_id(task_id):
            raise NotFoundError(NOT_FOUND.at())
        page = sa.select(RUN, TASK, *_OF_STEP).select_from(_JOINED)
        with checked_snapshot(context) as reading:
            connection = reading.connection
            task = task_by_id(connection, task_id)
            if task is None or not is_for(context, connection, task):
                raise NotFoundError(NOT_FOUND.at())
            run = known_run(connection, task.run)
            model = object_by_id(context, run.object_id)
            if model is None:
                raise NotFoundError(NOT_FOUND.at())
            step_row = step_by_id(connection, task.step)
            pinned = definition_of(connection, run, step_row)
            row = connection.execute(page.where(TASK.c.id == task_id)).mappings().one()
            item = _item(context, row, pinned, names_of(connection, set(_people(row))))
            step = pinned.steps[node_of(step_row)]
            view = views_of_runs(context, reading, [run])[0]
            found = subject(context, reading, model.name, run.record_id)
            changed = changed_fields(context, reading, model, run, found.row)
            is_open = task.state == "open"
            may_decide = is_open and item is not None and item.may_decide
            present = node_of(step_row)
            way_back = returnable(connection, run, pinned, present) if may_decide else []
            decided = standing_decision(connection, task_id, TAKEN_BACK)
            people = self._approvals.receivers(context, reading, task) if may_decide else ()
            copied = self.copies.receivers(context, reading, run, found) if may_decide else ()
        if item is None:
            raise NotFoundError(NOT_FOUND.at())
        record = _record(context, model, run.record_id)
        return Task(
            item=item,
            record=record,
            changed={name: pair for name, pair in changed.items() if record and name in record},
            editable=_names(model, step.editable) if may_decide else (),
            required=_names(model, step.required) if may_decide else (),
            actions=_actions(context, run, decided, is_open=is_open, may_decide=may_decide),
            receivers=tuple(PersonView(one.name, one.id) for one in people),
            opinion=task.kind == "opinion",
            returns=tuple((pinned.steps[one].name, pinned.steps[one].title) for one in way_back),
            copy_receivers=tuple(PersonView(one.name, one.id) for one in copied),
            run=view,
            again=_again(view, step.name, record) if is_open else (),
        )

    def titles(self, context: Context, task_ids: Sequence[str]) -> dict[str, str]:
        """Return what the records of those tasks are called that are the caller's, by task."""
        caller = context.principal.user_id
        with checked_snapshot(context) as reading:
            connection = reading.connection
            mine = decides_for(connection, caller, context.today())
            asked = sa.or_(TASK.c.user.in_(mine), TASK.c.id.in_(_decided_for_others(caller)))
            query = sa.select(TASK.c.id, RUN.c.title).select_from(_JOINED)
            rows = connection.execute(query.where(TASK.c.id.in_(task_ids), asked))
            return {row.id: row.title for row in rows}

    def own(self, context: Context, work: UnitOfWork, task_id: str) -> Row:
        """Return the row of a task that the caller is asked; raise NotFoundError for any other."""
        if not is_record_id(task_id):
            raise NotFoundError(NOT_FOUND.at())
        return self._approvals.own_task(context, work, task_id)

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
        to: str | None = None,
        place: str | None = None,
        course: str | None = None,
        copy_to: Sequence[str] = (),
        files: Sequence[str] = (),
    ) -> Decided | None:
        """Do something with a task as it was at `version`, see `ACTIONS`; None after a comment.

        `to` is the user who is asked too or instead, or the name of the step to return to (None: to
        the submitter); `place` where an approver is added; `course` how it goes on after a return.
        The colleagues in `copy_to` get a copy of an approval or a rejection. `files` are ids of files
        that the caller uploaded to go with the comment.

        Raise ConflictError `task.already_decided` where somebody was faster, StaleError where the
        record has changed.
        """
        said: dict[str, Any] = {"version": version, "comment": comment, "files": files}
        if not is_record_id(task_id):
            raise NotFoundError(NOT_FOUND.at())
        approvals = self._approvals
        match action:
            case "approve" | "reject":
                decision: Decision = "approve" if action == "approve" else "reject"
                done = approvals.decide(context, work, task_id, decision, values=values, **said)
                if copy_to:
                    self._copy(context, work, task_id, copy_to)
                return done
            case "return":
                way: Any = course or "again"
                return approvals.return_run(context, work, task_id, to, course=way, **said)
            case "take_back":
                return approvals.take_back(context, work, task_id, **said)
            case "transfer":
                return approvals.transfer(context, work, task_id, to or "", **said)
            case "ask_opinion":
                return approvals.ask_opinion(context, work, task_id, to or "", **said)
            case "add_approver":
                where = place or ""
                return approvals.add_approver(context, work, task_id, to or "", where, **said)
            case "comment":
                approvals.comment(context, work, task_id, comment, files)
                return None
            case _:
                shown = ", ".join((*ACTIONS, "take_back"))
                raise NotFoundError(messages.UNKNOWN_ACTION.at(action=action, actions=shown))

    def _copy(
        self, context: Context, work: UnitOfWork, task_id: str, receivers: Sequence[str]
    ) -> None:
        task = known_task(work.connection, task_id)
        run = known_run(work.connection, task.run)
        model = object_by_id(context, run.object_id)
        if model is None:
            raise NotFoundError(NOT_FOUND.at())
        found = subject(context, work, model.name, run.record_id)
        self.copies.send_by_hand(context, work, run, task, found, receivers)


def _again(run: RunView, step: str, record: Mapping[str, Any] | None) -> tuple[DecisionView, ...]:
    """Return what was changed since a step was decided last, with what the record holds now."""
    before = [one for one in run.steps if one.name == step and one.state not in {"open", "pending"}]
    told = [one for one in (before[-1].decisions if before else ()) if one.action == "reopen"]
    return tuple(
        replace(
            one,
            changes=tuple(_with_present(change, record or {}) for change in one.changes),
        )
        for one in told
    )


def _with_present(change: ChangeView, record: Mapping[str, Any]) -> ChangeView:
    """Return a change with the value of now, where the record as the caller reads it has one."""
    relation, _, name = change.field.partition(".")
    held: Mapping[str, Any] = record
    if name:
        rows = record.get(relation) or ()
        held = next((row for row in rows if row.get("id") == change.row), {})
    key = name or relation
    known = change.told and change.of is not None and key in held
    return replace(change, after=held[key]) if known else change


def _actions(
    context: Context, run: Row, decided: Row | None, *, is_open: bool, may_decide: bool
) -> tuple[Action, ...]:
    if may_decide:
        return ACTIONS
    own = decided is not None and decided.user == context.principal.user_id
    if own and run.state == "open" and decided is not None and decided.action != "return":
        return ("take_back",)
    return SPEAKING if is_open else ()


_OF_STEP: Final = (NODE, STEP_DEFINITION, STEP.c.due_at)
_JOINED: Final = TASK.join(RUN, RUN.c.id == TASK.c.run).join(STEP, STEP.c.id == TASK.c.step)


Lines = tuple[sa.Column[Any], sa.Select[Any]]
"""The ids of some lines of a list, with the column that they come from."""


def _lines(
    state: InboxState, mine: Sequence[str], wanted: Sequence[sa.ColumnElement[bool]]
) -> list[Lines]:
    """Return the lines of a list in parts, each of which begins with an index and comes in its order.

    `mine` is the caller and who they stand in for.
    """
    user_id = mine[0]
    of_tasks = _JOINED if wanted else TASK
    if state == "started":
        return [(RUN.c.id, sa.select(RUN.c.id).where(RUN.c.submitter == user_id, *wanted))]
    if state == "copied":
        copies = COPY.join(RUN, RUN.c.id == COPY.c.run) if wanted else COPY
        ids = sa.select(COPY.c.id).select_from(copies)
        return [(COPY.c.id, ids.where(received_by(user_id), *wanted))]
    if state == "open":
        waiting = sa.and_(TASK.c.user.in_(mine), TASK.c.state == "open", *wanted)
        return [(TASK.c.id, sa.select(TASK.c.id).select_from(_JOINED).where(waiting))]
    ids = sa.select(TASK.c.id).select_from(of_tasks)
    own = [ids.where(TASK.c.user == user_id, TASK.c.state == one, *wanted) for one in DONE]
    others = ids.where(TASK.c.id.in_(_decided_for_others(user_id)), *wanted)
    return [(TASK.c.id, one) for one in (*own, others)]


def _waiting(
    connection: sa.Connection,
    lines: Sequence[Lines],
    now: datetime,
    after: str | None,
    limit: int,
) -> list[str]:
    """Return the ids of open tasks, what is late first, from behind the task `after` on."""
    ((_, ids),) = lines
    if after is not None:
        ids = ids.where(behind(connection, after, now))
    return list(connection.execute(ids.order_by(*late_first(now)).limit(limit)).scalars())


def _newest(
    connection: sa.Connection, lines: Sequence[Lines], after: str | None, limit: int
) -> list[str]:
    """Return the newest ids of all parts of a list, older than `after`."""
    parts = [
        (one if after is None else one.where(key < after))
        .order_by(key.desc())
        .limit(limit)
        .subquery()
        for key, one in lines
    ]
    ids = sa.union_all(*(sa.select(part.c.id) for part in parts)).subquery()
    newest = sa.select(ids.c.id).order_by(ids.c.id.desc()).limit(limit)
    return [str(one) for one in connection.execute(newest).scalars()]


def _rows(connection: sa.Connection, state: InboxState, ids: Sequence[str]) -> list[Any]:
    """Return what a page shows of lines, in the order of their ids."""
    if state == "started":
        page, key = sa.select(RUN), RUN.c.id
    elif state == "copied":
        joined = COPY.join(RUN, RUN.c.id == COPY.c.run)
        page, key = sa.select(RUN, COPY).select_from(joined), COPY.c.id
    else:
        page, key = sa.select(RUN, TASK, *_OF_STEP).select_from(_JOINED), TASK.c.id
    found = {row[key]: row for row in connection.execute(page.where(key.in_(ids))).mappings()}
    return [found[one] for one in ids if one in found]


def _unread(connection: sa.Connection, user_id: str) -> int:
    unread = sa.and_(received_by(user_id), COPY.c.read_at.is_(None))
    return connection.execute(
        sa.select(sa.func.count()).select_from(COPY).where(unread)
    ).scalar_one()


def _decided_for_others(user_id: str) -> sa.Select[Any]:
    return sa.select(DECISION.c.task).where(
        DECISION.c.user == user_id,
        DECISION.c.acted_for.is_not(None),
        DECISION.c.action.in_(DECIDING),
    )


def is_for(context: Context, connection: sa.Connection, task: Row) -> bool:
    """Say whether a task is the caller's: asked of them or of who they stand in for, or decided by them."""
    caller = context.principal.user_id
    if task.user == caller:
        return True
    if task.state == "open":
        return task.user in decides_for(connection, caller, context.today())
    decided = _decided_for_others(caller).where(DECISION.c.task == task.id)
    return connection.execute(decided).first() is not None


def _definition(row: Mapping[Any, Any]) -> str:
    """Return the hash of the definition that a line of the inbox speaks of."""
    return str(row["definition_of_step"] if TASK.c.id in row else row[RUN.c.definition])


def _people(row: Mapping[Any, Any]) -> tuple[str, ...]:
    """Return who is named on a line of the inbox."""
    asked = (row[TASK.c.user],) if TASK.c.user in row else ()
    return (row[RUN.c.submitter], *asked)


def _item(
    context: Context,
    row: Mapping[Any, Any],
    pinned: PinnedApproval,
    names: Mapping[str, str],
    urged: Mapping[str, datetime] = MappingProxyType({}),
) -> TaskItem | None:
    """Return a line; None where the live version no longer has the object."""
    model = object_by_id(context, row[RUN.c.object_id])
    if model is None:
        return None
    has_task, has_copy = TASK.c.id in row, COPY.c.id in row
    internal = context.principal.audience == "internal"
    submitter = row[RUN.c.submitter]
    asked = row[TASK.c.user] if has_task else context.principal.user_id
    stands_in = asked != context.principal.user_id
    state, due = row[TASK.c.state] if has_task else row[RUN.c.state], due_of(row)
    return TaskItem(
        id=row[TASK.c.id] if has_task else row[COPY.c.id] if has_copy else None,
        version=row[TASK.c.version] if has_task else None,
        run_id=row[RUN.c.id],
        state=state,
        object=model.name,
        object_label=model.label,
        record_id=row[RUN.c.record_id],
        title=row[RUN.c.title],
        summary=_summary(context, model, row[RUN.c.summary]),
        submitter=PersonView(names.get(submitter, ""), submitter if internal else None),
        asked=PersonView(names.get(asked, ""), asked if internal else None) if stands_in else None,
        may_decide=context.principal.user_id not in row[RUN.c.excluded]
        and not (has_task and row[TASK.c.kind]),
        step_label=pinned.steps[row["node_of_step"]].label if has_task else Text(),
        approval_label=pinned.label,
        tags=tuple(text_of(tag["label"]) for tag in row[RUN.c.tags]),
        submission=row[RUN.c.submission],
        since=row[TASK.c.opened_at] if has_task else row[RUN.c.started_at],
        ended_at=row[TASK.c.ended_at] if has_task else row[RUN.c.ended_at],
        due_at=due,
        late=state == "open" and due is not None and due <= context.now(),
        read_at=row[COPY.c.read_at] if has_copy else None,
        urged_at=urged.get(row[TASK.c.id]) if has_task else None,
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
