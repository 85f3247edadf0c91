"""Delegations: who decides for whom while somebody is away, by whole days of the workspace's zone.

A task stays its approver's: a delegate sees and decides it while the delegation is in force, the
approver may too, and the first decision counts. It is not handed on: whoever stands in for a delegate
does not get what the delegate stands in for. Costs one look into a short index wherever tasks are read.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.parameters import Column, Condition
from headrace.platform.access.principals import SYSTEM_USER_ID
from headrace.platform.access.tables import USER, USER_ROLE
from headrace.platform.core.errors import NOT_FOUND, ConflictError, NotFoundError, RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message, Text, pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.notifications import Notifications
from headrace.platform.metadata.field_types.values import INVALID
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.records.context import Context
from headrace.platform.workflow.people import names_of
from headrace.platform.workflow.tables import DELEGATION

MOST_DAYS: Final = 366
REASON_LENGTH: Final = 200
PAST_SHOWN: Final = 50
MOST_CANDIDATES: Final = 1_000
DAY: Final = Text("a day", "日期")
EXAMPLE: Final = "2025-06-30"

WRONG_DELEGATE: Final = Message(
    "delegation.wrong_delegate",
    "This person cannot stand in for you.",
    "该人员不能代您审批。",
    "Choose an active colleague of your own organisation, not yourself.",
    "请选择本组织内在用的其他同事。",
)
WRONG_DAYS: Final = Message(
    "delegation.wrong_days",
    "The last day, {last}, lies before the first, {first}.",
    "结束日期 {last} 早于开始日期 {first}。",
    "Let the delegation last a day at least.",
    "请至少委托一天。",
)
OVER: Final = Message(
    "delegation.over",
    "The last day, {last}, is over.",
    "结束日期 {last} 已过。",
    "Choose today or a later day.",
    "请选择今天或以后的日期。",
)
TOO_LONG: Final = Message(
    "delegation.too_long",
    "A delegation lasts {most} days at most; this one would last {count}.",
    "一次委托最多 {most} 天，当前为 {count} 天。",
    "Give the role to somebody else if you are away for longer.",
    "长期离岗请由管理员调整角色。",
)
OVERLAPS: Final = Message(
    "delegation.overlaps",
    "From {first} to {last} {name} already stands in for you.",
    "{first} 至 {last} 已委托 {name} 代您审批。",
    "End that delegation first, or choose other days.",
    "请先结束该委托，或选择其他日期。",
)
REASON_TOO_LONG: Final = Message(
    "delegation.reason_too_long",
    "The reason is longer than {count} characters.",
    "原因超过 {count} 个字。",
    "Shorten it.",
    "请缩短内容。",
)
ENDED: Final = Message(
    "delegation.ended",
    "This delegation has already ended.",
    "该委托已结束。",
    "Load the page again.",
    "请重新加载页面。",
)
GIVEN: Final = Message(
    "delegation.given",
    "{name} asks you to decide in their place from {first} to {last}.",
    "{name} 委托您在 {first} 至 {last} 期间代为审批。",
    "What waits for them is among your tasks on these days.",
    "期间对方的待办会出现在您的待办中。",
)
TAKEN_BACK: Final = Message(
    "delegation.taken_back",
    "You no longer decide in the place of {name}.",
    "您不再代 {name} 审批。",
    "What they were asked is no longer among your tasks.",
    "对方的待办不再出现在您的待办中。",
)


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the caller's own organisation."""

    id: str
    name: str

    def render(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"id": self.id, "name": self.name}


@dataclass(frozen=True, slots=True)
class Delegation:
    """`delegate` decides for `person` from `first_day` to `last_day`, both included."""

    id: str
    person: Colleague
    delegate: Colleague
    first_day: date
    last_day: date
    reason: str | None
    created_at: datetime
    ended_at: datetime | None

    def state(self, today: date) -> str:
        """Say whether it is `planned`, `active` or `over`."""
        if self.ended_at is not None or self.last_day < today:
            return "over"
        return "planned" if self.first_day > today else "active"

    def render(self, today: date) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "id": self.id,
            "person": self.person.render(),
            "delegate": self.delegate.render(),
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "reason": self.reason,
            "state": self.state(today),
            "created_at": instant_text(self.created_at),
            "ended_at": instant_text(self.ended_at),
        }


class Delegations:
    """Lets people name who decides for them, sees what they named, and ends it."""

    def __init__(self, notifications: Notifications) -> None:
        self._notifications = notifications

    def of_caller(self, context: Context) -> tuple[Delegation, ...]:
        """Return what the caller gave and holds, the latest first; of what is over the newest."""
        mine = context.principal.user_id
        query = (
            sa.select(DELEGATION)
            .where(sa.or_(DELEGATION.c.user == mine, DELEGATION.c.delegate == mine))
            .order_by(DELEGATION.c.last_day.desc(), DELEGATION.c.id.desc())
        )
        with context.database.snapshot() as reading:
            found = _shown(reading.connection, reading.connection.execute(query).all())
        today = context.today()
        over = [one for one in found if one.state(today) == "over"][:PAST_SHOWN]
        return (*(one for one in found if one.state(today) != "over"), *over)

    def candidates(self, context: Context) -> tuple[Colleague, ...]:
        """Return who may stand in for the caller, by name: active people of the same organisation."""
        with context.database.reading() as reading:
            return colleagues(context, reading.connection)

    def create(
        self,
        context: Context,
        work: UnitOfWork,
        delegate: str,
        first_day: date,
        last_day: date,
        reason: str | None = None,
    ) -> Delegation:
        """Let `delegate` decide for the caller; raise RefusedError for people and days that do not do.

        One person stands in at a time: ConflictError `delegation.overlaps` names who does.
        """
        mine, connection = context.principal.user_id, work.connection
        reason = (reason or "").strip() or None
        _check_days(first_day, last_day, context.today())
        if len(reason or "") > REASON_LENGTH:
            raise RefusedError(REASON_TOO_LONG.at("/reason", count=REASON_LENGTH))
        # Two delegations of one person that come at once wait for each other here.
        connection.execute(sa.select(USER.c.id).where(USER.c.id == mine).with_for_update())
        chosen = sa.select(USER.c.id).where(USER.c.id == delegate, is_colleague(context))
        if not is_record_id(delegate) or connection.execute(chosen).first() is None:
            raise RefusedError(WRONG_DELEGATE.at("/delegate"))
        beside = sa.select(DELEGATION).where(
            DELEGATION.c.user == mine,
            DELEGATION.c.ended_at.is_(None),
            DELEGATION.c.first_day <= last_day,
            DELEGATION.c.last_day >= first_day,
        )
        other = connection.execute(beside.limit(1)).first()
        if other is not None:
            name = names_of(connection, (other.delegate,)).get(other.delegate, "")
            days = {"first": other.first_day, "last": other.last_day}
            raise ConflictError(OVERLAPS.at("/first_day", name=name, **days))
        row = {
            "id": context.ids.record_id(),
            "user": mine,
            "delegate": delegate,
            "first_day": first_day,
            "last_day": last_day,
            "reason": reason,
            "created_at": context.now(),
        }
        connection.execute(sa.insert(DELEGATION).values(**row))
        told = GIVEN.at(name=context.principal.name, first=first_day, last=last_day)
        self._notifications.send(work, (delegate,), "delegation.given", told.message)
        made = sa.select(DELEGATION).where(DELEGATION.c.id == row["id"])
        return _shown(connection, connection.execute(made).all())[0]

    def end(self, context: Context, work: UnitOfWork, delegation_id: str) -> None:
        """End a delegation of the caller's before its time; NotFoundError for anybody else's."""
        connection = work.connection
        here = sa.and_(
            DELEGATION.c.id == delegation_id, DELEGATION.c.user == context.principal.user_id
        )
        found = None
        if is_record_id(delegation_id):
            found = connection.execute(sa.select(DELEGATION).where(here)).first()
        if found is None:
            raise NotFoundError(NOT_FOUND.at())
        open_still = sa.and_(
            here, DELEGATION.c.ended_at.is_(None), DELEGATION.c.last_day >= context.today()
        )
        change = sa.update(DELEGATION).where(open_still).values(ended_at=context.now())
        if connection.execute(change).rowcount != 1:
            raise ConflictError(ENDED.at())
        told = TAKEN_BACK.at(name=context.principal.name)
        self._notifications.send(work, (found.delegate,), "delegation.ended", told.message)


def day_of(given: object, name: str) -> date:
    """Return the day that somebody wrote as `2025-06-30`; raise RefusedError at `name` for all else."""
    try:
        if isinstance(given, str) and len(given) == len(EXAMPLE):
            return date.fromisoformat(given)
    except ValueError:
        pass
    raise RefusedError(INVALID.at(pointer(name), value=given or "", expected=DAY, example=EXAMPLE))


def in_force(delegation: sa.FromClause, delegate: Column, today: Column) -> Condition:
    """Return the condition on which a delegation lets `delegate` decide on a day."""
    return sa.and_(
        delegation.c.delegate == delegate,
        delegation.c.first_day <= today,
        delegation.c.last_day >= today,
        delegation.c.ended_at.is_(None),
    )


def decides_for(connection: sa.Connection, user_id: str, today: date) -> tuple[str, ...]:
    """Return those whose tasks a user may decide on a day: the user first, then who they stand in for."""
    delegate = sa.literal(user_id, DELEGATION.c.delegate.type)
    day = sa.literal(today, DELEGATION.c.first_day.type)
    query = sa.select(DELEGATION.c.user).where(in_force(DELEGATION, delegate, day))
    return (user_id, *connection.execute(query).scalars())


def delegates_of(
    connection: sa.Connection, user_ids: Collection[str], today: date
) -> dict[str, str]:
    """Return who stands in for each of `user_ids` on a day; nobody for most."""
    if not user_ids:
        return {}
    query = sa.select(DELEGATION.c.user, DELEGATION.c.delegate).where(
        DELEGATION.c.user.in_(user_ids),
        DELEGATION.c.first_day <= today,
        DELEGATION.c.last_day >= today,
        DELEGATION.c.ended_at.is_(None),
    )
    return {row.user: row.delegate for row in connection.execute(query)}


def colleagues(context: Context, connection: sa.Connection) -> tuple[Colleague, ...]:
    """Return who may decide in the caller's place, by name."""
    query = sa.select(USER.c.id, USER.c.name).where(is_colleague(context))
    rows = connection.execute(query.order_by(USER.c.name).limit(MOST_CANDIDATES))
    return tuple(Colleague(row.id, row.name) for row in rows)


def is_colleague(context: Context) -> Condition:
    """Return which users may decide in the caller's place: active, of the same organisation, with a role."""
    own = context.principal.organisation
    same = USER.c.organisation.is_(None) if own is None else USER.c.organisation == own
    with_role = sa.exists().where(USER_ROLE.c.user == USER.c.id)
    others = USER.c.id.not_in((context.principal.user_id, SYSTEM_USER_ID))
    return sa.and_(USER.c.active, same, others, with_role)


def _check_days(first: date, last: date, today: date) -> None:
    if last < first:
        raise RefusedError(WRONG_DAYS.at("/last_day", first=first, last=last))
    if last < today:
        raise RefusedError(OVER.at("/last_day", last=last))
    if last - first >= timedelta(days=MOST_DAYS):
        count = (last - first).days + 1
        raise RefusedError(TOO_LONG.at("/last_day", most=MOST_DAYS, count=count))


def _shown(connection: sa.Connection, rows: Collection[Any]) -> tuple[Delegation, ...]:
    names = names_of(connection, {one for row in rows for one in (row.user, row.delegate)})
    return tuple(
        Delegation(
            row.id,
            Colleague(row.user, names.get(row.user, "")),
            Colleague(row.delegate, names.get(row.delegate, "")),
            row.first_day,
            row.last_day,
            row.reason,
            row.created_at,
            row.ended_at,
        )
        for row in rows
    )
