"""Copies (抄送): who is told of an approval and may read its record, also afterwards, without a say.

Who gets them by definition is asked of the live version: a copy decides nothing, so a run is not
pinned to it. Nobody of a partner's gets a copy of what is not their own organisation's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, Literal

import sqlalchemy as sa

from headrace.platform.access.tables import USER, USER_ROLE
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message, Text, pointer
from headrace.platform.database.engine import Reading
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.notifications import Notifications
from headrace.platform.metadata.catalog import ApprovalModel, Catalog, CopyModel, ObjectModel
from headrace.platform.records.context import Context
from headrace.platform.workflow.delegations import colleagues
from headrace.platform.workflow.people import People, Person, names_of
from headrace.platform.workflow.pinned import PinnedApproval, pin_approvers
from headrace.platform.workflow.runs import Row, Runs
from headrace.platform.workflow.subjects import Subject, subject
from headrace.platform.workflow.tables import COPY

Moment = Literal["start", "end"]
MOST_COPIES: Final = 50
"""How many people get a copy by hand at once."""

WRONG_RECEIVER: Final = Message(
    "copy.wrong_receiver",
    "This person cannot be sent a copy.",
    "不能抄送给此人。",
    "Choose an active colleague of your own organisation who did not submit the record.",
    "请选择本组织内在用且非提交人的同事。",
)
TOO_MANY: Final = Message(
    "copy.too_many",
    "At most {limit} people get a copy at once.",
    "一次最多抄送 {limit} 人。",
    "Choose fewer.",
    "请减少人数。",
)
SENT: Final = Message(
    "copy.sent",
    "A copy for you: {title}, submitted by {submitter} ({state})",
    "抄送给您：{submitter} 提交的 {title}（{state}）",
)
SENT_BY: Final = Message(
    "copy.sent_by", "{name} sends you a copy: {title}", "{name} 抄送给您：{title}"
)
STATES: Final = {"start": Text("submitted", "已提交"), "end": Text("decided", "已处理")}


class Copies:
    """Sends copies, and gives each receiver their own."""

    def __init__(self, notifications: Notifications) -> None:
        self._notifications = notifications

    def send(
        self,
        context: Context,
        work: UnitOfWork,
        run: Row,
        model: ObjectModel,
        pinned: PinnedApproval,
        moment: Moment,
        step: str | None = None,
    ) -> None:
        """Send what the live definition says for a moment of a run, or of one of its steps."""
        approval = _live(context.catalog, model, pinned)
        copies = () if approval is None else _copies_of(approval, step)
        sources = [one for copy in copies if copy.at == moment for one in copy.to]
        if not sources:
            return
        found = subject(context, work, model.name, run.record_id)
        people = People(work.connection, context.catalog, context.tables, run.submitter)
        named = people.named(pin_approvers(sources), found.environment)
        chosen = _allowed(context.catalog, work.connection, found, named)
        chosen.pop(run.submitter, None)
        told = names_of(work.connection, (run.submitter,)).get(run.submitter, "")
        text = SENT.at(title=run.title, submitter=told, state=STATES[moment]).message
        self._add(context, work, run, chosen, None, text)

    def send_by_hand(
        self,
        context: Context,
        work: UnitOfWork,
        run: Row,
        task: Row,
        found: Subject,
        receivers: Sequence[str],
    ) -> None:
        """Send a copy to colleagues of the caller, who has just decided `task`.

        Raise RefusedError `copy.wrong_receiver` for anybody else.
        """
        if len(receivers) > MOST_COPIES:
            raise RefusedError(TOO_MANY.at("/copy_to", limit=MOST_COPIES))
        known = {one.id: one for one in self.receivers(context, work, run, found)}
        for index, one in enumerate(receivers):
            if one not in known:
                raise RefusedError(WRONG_RECEIVER.at(pointer("copy_to", index)))
        people = [known[one] for one in dict.fromkeys(receivers)]
        chosen = _allowed(context.catalog, work.connection, found, people)
        text = SENT_BY.at(name=context.principal.name, title=run.title).message
        self._add(context, work, run, chosen, context.principal.user_id, text)
        rows = Runs(work, context.ids, context.now())
        for user_id in chosen:
            rows.add_decision(
                {
                    "run": run.id,
                    "step": task.step,
                    "task": task.id,
                    "user": context.principal.user_id,
                    "given_to": user_id,
                    "action": "copy",
                    "record_version": found.version,
                    "metadata_version": context.catalog.version,
                }
            )

    def receivers(
        self, context: Context, on: Reading | UnitOfWork, run: Row, found: Subject
    ) -> tuple[Person, ...]:
        """Return to whom the caller may send a copy: colleagues, not who submitted."""
        people = [Person(one.id, one.name, None) for one in colleagues(context, on.connection)]
        allowed = _allowed(context.catalog, on.connection, found, people)
        return tuple(one for one in people if one.id in allowed and one.id != run.submitter)

    def _add(
        self,
        context: Context,
        work: UnitOfWork,
        run: Row,
        receivers: dict[str, str | None],
        by: str | None,
        text: Text,
    ) -> None:
        """Add a copy for each who has none of the run unread, and tell all of them."""
        if not receivers:
            return
        unread = sa.select(COPY.c.user, COPY.c.id).where(
            COPY.c.run == run.id, COPY.c.user.in_(receivers), COPY.c.read_at.is_(None)
        )
        copies = {row.user: row.id for row in work.connection.execute(unread)}
        rows = [
            {
                "id": context.ids.record_id(),
                "run": run.id,
                "user": user_id,
                "object_id": run.object_id,
                "record_id": run.record_id,
                "organisation": organisation,
                "by": by,
                "at": context.now(),
            }
            for user_id, organisation in receivers.items()
            if user_id not in copies
        ]
        if rows:
            work.connection.execute(sa.insert(COPY), rows)
        copies |= {row["user"]: row["id"] for row in rows}
        for user_id, copy_id in copies.items():
            self._notifications.send(
                work,
                (user_id,),
                "task.copied",
                text,
                object_id=run.object_id,
                record_id=run.record_id,
                task_id=copy_id,
            )

    def mark_read(self, context: Context, work: UnitOfWork, copy_id: str) -> Row:
        """Mark a copy of the caller's as read and return it; raise NotFoundError for any other."""
        copy = copy_of(work.connection, context.principal.user_id, copy_id)
        if copy is None:
            raise NotFoundError(NOT_FOUND.at())
        unread = sa.and_(COPY.c.run == copy.run, COPY.c.user == copy.user, COPY.c.read_at.is_(None))
        change = sa.update(COPY).where(unread).values(read_at=context.now())
        work.connection.execute(change)
        return copy


def copy_of(connection: sa.Connection, user_id: str, copy_id: str) -> Row | None:
    """Return a copy of a user's that they may still read."""
    if not is_record_id(copy_id):
        return None
    query = sa.select(COPY).where(COPY.c.id == copy_id, received_by(user_id))
    return connection.execute(query).first()


def received_by(user: Any) -> sa.ColumnElement[bool]:
    """Return the condition on which a copy is a user's, who is where they were when it was sent."""
    return sa.and_(COPY.c.user == user, _still_there(COPY))


def copy_access(
    object_id: str, record: sa.ColumnElement[Any], user: sa.ColumnElement[Any]
) -> sa.ColumnElement[bool]:
    """Return the condition on which a copy lets `user` read `record`."""
    copy = COPY.alias()
    query = sa.select(sa.literal(1)).select_from(copy)
    return sa.exists(
        query.where(
            copy.c.user == user,
            copy.c.record_id == record,
            copy.c.object_id == object_id,
            _still_there(copy),
        )
    )


def _still_there(copy: sa.FromClause) -> sa.ColumnElement[bool]:
    there = USER.alias()
    same = sa.or_(
        there.c.organisation == copy.c.organisation,
        sa.and_(there.c.organisation.is_(None), copy.c.organisation.is_(None)),
    )
    return sa.exists().where(there.c.id == copy.c.user, same)


def _live(catalog: Catalog, model: ObjectModel, pinned: PinnedApproval) -> ApprovalModel | None:
    """Return the live approval that a run is pinned to an earlier state of."""
    workflow = catalog.workflows.get(model.workflow or "")
    approvals = () if workflow is None else workflow.approvals.get(pinned.transition, ())
    same = (one for one in approvals if pinned.id and one.definition.id == pinned.id)
    named = (one for one in approvals if one.name == pinned.name)
    return next(same, None) or next(named, None)


def _copies_of(approval: ApprovalModel, step: str | None) -> Iterable[CopyModel]:
    if step is None:
        return approval.copies
    return next((one.copies for one in approval.steps if one.name == step), ())


def _allowed(
    catalog: Catalog, connection: sa.Connection, found: Subject, people: Collection[Person]
) -> dict[str, str | None]:
    """Return who may get a copy, with their organisation: the house's own, and the record's owner's."""
    path = found.model.scope_paths.get("organisation", ())
    owner = found.environment.value(tuple(field.id for field in path)) if path else None
    outside = {name for name, role in catalog.roles.items() if role.audience == "partner"}
    holds = sa.exists().where(USER_ROLE.c.user == USER.c.id, USER_ROLE.c.role.in_(outside))
    query = sa.select(USER.c.id, USER.c.organisation, holds.label("outside")).where(
        USER.c.id.in_([one.id for one in people]), USER.c.active
    )
    rows = {row.id: row for row in connection.execute(query)} if people else {}
    return {
        one.id: rows[one.id].organisation
        for one in people
        if one.id in rows
        and (
            str(owner) == rows[one.id].organisation
            if rows[one.id].organisation is not None
            else not rows[one.id].outside
        )
    }
