"""Closed months: records whose date lies in one are neither made, changed nor deleted, whatever the door.

Closing a month closes those before it too, unless somebody reopened one of them since. A writer holds the
periods of its object until it commits, together with others; who closes or reopens waits for all of them
and keeps new ones waiting, so that nothing under way slips into a month that is closed meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.audit import Entry, Piece, record
from headrace.platform.access.policy import can
from headrace.platform.access.tables import USER
from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
)
from headrace.platform.core.problems import Message, Text, pointer
from headrace.platform.database.engine import Reading
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.records.batch import Batch
from headrace.platform.records.context import Context
from headrace.platform.records.drafts import Draft, Row
from headrace.platform.records.field_rules import REQUIRED
from headrace.platform.records.owner_keys import lock_texts
from headrace.platform.records.rights import FORBIDDEN
from headrace.platform.records.shapes import ObjectShape
from headrace.platform.records.tables import PERIOD

IN_CLOSED: Final = Message(
    "period.closed",
    "{month} is closed for “{object}”.",
    "“{object}”的 {month} 已关账。",
    "Use a date in an open month, or ask who may reopen the month.",
    "请使用未关账月份的日期，或请有权限的人员重新开放该月。",
)
NOT_A_MONTH: Final = Message(
    "period.month",
    "“{given}” is no month that can be closed.",
    "“{given}”不是可关账的月份。",
    "Write it like 2025-06; a month that has not begun cannot be closed.",
    "请填写如 2025-06 的月份；尚未开始的月份不能关账。",
)
CLOSED_ALREADY: Final = Message(
    "period.closed_already",
    "{month} is closed already.",
    "{month} 已经关账。",
    "Look at the months again.",
    "请刷新月份列表。",
)
NOT_CLOSED: Final = Message(
    "period.not_closed",
    "{month} is not closed.",
    "{month} 未关账。",
    "Look at the months again.",
    "请刷新月份列表。",
)
CLOSED_TEXT: Final = Text("{month} of {object} closed", "{object} 的 {month} 已关账")
REOPENED_TEXT: Final = Text(
    "{month} of {object} reopened: {reason}", "{object} 的 {month} 已重新开放：{reason}"
)
MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
REASON: Final = Text("Reason", "原因")
LONGEST_REASON: Final = 500
SHOWN_MONTHS: Final = 24


@dataclass(frozen=True, slots=True)
class Period:
    """A month; who closed or reopened it, when and why, where somebody said it of this very month."""

    month: str
    closed: bool
    at: datetime | None = None
    by: str | None = None
    reason: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the answer of the API."""
        at = None if self.at is None else self.at.isoformat()
        said = {"at": at, "by": self.by, "reason": self.reason}
        return {"month": self.month, "closed": self.closed, **said}


@dataclass(frozen=True, slots=True)
class _Months:
    """What was said of months: which are closed, which reopened."""

    said: Mapping[str, bool]

    def closed(self, month: str) -> bool:
        """Say whether a month is closed: what was said of it counts, else of those after it."""
        found = self.said.get(month)
        if found is not None:
            return found
        return any(closed and later > month for later, closed in self.said.items())

    def left_closed(self, month: str) -> str | None:
        """Return the last month before one that is reopened of which nothing was said, if it is closed.

        That it is closed follows from later ones, and has to be said once these are open.
        """
        for before in _before(month):
            if before not in self.said:
                after = _Months({**self.said, month: False})
                return before if self.closed(before) and not after.closed(before) else None
            if self.said[before]:
                return None
        return None


def _before(month: str) -> Iterator[str]:
    """Yield the months before one, the latest first."""
    count = int(month[:4]) * 12 + int(month[5:]) - 1
    for number in range(count - 1, 11, -1):
        yield f"{number // 12:04d}-{number % 12 + 1:02d}"


# -- what a write keeps to -------------------------------------------------------------------------


def check_periods(batch: Batch) -> None:
    """Find records in closed months that are made, changed, deleted or brought back.

    Holds the periods of the objects concerned. Costs two statements for each of them, none for others.
    """
    dated: dict[ObjectShape, list[tuple[Draft, str]]] = {}
    for draft in batch.drafts():
        if draft.kind == "computed" or draft.shape.model.definition.period_date is None:
            continue
        for month in _months_of(batch, draft):
            dated.setdefault(draft.shape, []).append((draft, month))
    if not dated:
        return
    lock_texts(batch, (), shared=map(_text, dated))
    for shape, found in dated.items():
        months = _said(batch.work.rows(_select(shape), {"object": shape.model.id}))
        told: set[Draft] = set()
        for draft, month in found:
            if draft not in told and months.closed(month):
                told.add(draft)
                field = str(shape.model.definition.period_date)
                place = draft.place + (pointer(field) if field in draft.given else "")
                problem = IN_CLOSED.at(place, month=month, object=shape.model.label)
                batch.problems.append(problem)


def _months_of(batch: Batch, draft: Draft) -> list[str]:
    name = str(draft.shape.model.definition.period_date)
    rows: list[Row] = [one for one in (draft.old, draft.new) if one is not None]
    dates = (row[name] for row in rows)
    return list(dict.fromkeys(_month(batch.context, one) for one in dates if one is not None))


def _month(context: Context, value: date | datetime) -> str:
    day = value.astimezone(context.zone).date() if isinstance(value, datetime) else value
    return f"{day:%Y-%m}"


def _text(shape: ObjectShape) -> str:
    return f"period\n{shape.model.id}"


def _said(rows: Iterable[tuple[Any, ...]]) -> _Months:
    return _Months({str(month): bool(closed) for month, closed in rows})


def _select(shape: ObjectShape) -> Prepared:
    def make() -> Prepared:
        given = sa.bindparam("object", type_=PERIOD.c.object_id.type)
        select = sa.select(PERIOD.c.month, PERIOD.c.closed).where(PERIOD.c.object_id == given)
        return prepare(select, shape.shapes.dialect)

    prepared: Prepared = shape.shapes.part("periods", make)
    return prepared


# -- closing and reopening -------------------------------------------------------------------------


def close_period(context: Context, work: UnitOfWork, object_name: str, month: str) -> None:
    """Close a month with all before it that nobody reopened; the audit trail says who did."""
    model = _asked(context, object_name, "close")
    _check_month(context, month)
    if _held(context, work, model).closed(month):
        raise ConflictError(CLOSED_ALREADY.at(month=month))
    _say(context, work, model, month, closed=True, reason=None)
    _note(work, model, month, CLOSED_TEXT, "close", None)


def reopen_period(
    context: Context, work: UnitOfWork, object_name: str, month: str, reason: Any
) -> None:
    """Reopen a closed month, and only that; the audit trail says who did, and why."""
    model = _asked(context, object_name, "reopen")
    _check_month(context, month)
    text = reason.strip() if isinstance(reason, str) else ""
    if not text or len(text) > LONGEST_REASON:
        raise RefusedError(REQUIRED.at("/reason", name=REASON))
    months = _held(context, work, model)
    if not months.closed(month):
        raise ConflictError(NOT_CLOSED.at(month=month))
    kept = months.left_closed(month)
    if kept is not None:
        _keep_closed(work, model, kept)
    _say(context, work, model, month, closed=False, reason=text)
    _note(work, model, month, REOPENED_TEXT, "reopen", text)


def may_see_periods(context: Context, object_name: str) -> bool:
    """Say whether the caller may close or reopen months of an object."""
    model = context.catalog.objects.get(object_name)
    if model is None or model.definition.period_date is None:
        return False
    return any(can(context.catalog, context.principal, object_name, one) for one in _ACTIONS)


def periods(context: Context, on: Reading, object_name: str) -> list[Period]:
    """Return the months of the last two years and those that something was said of, newest first.

    Raise NotFoundError for who may neither close nor reopen.
    """
    if not may_see_periods(context, object_name):
        raise NotFoundError(NOT_FOUND.at())
    model = context.catalog.objects[object_name]
    select = (
        sa.select(PERIOD, USER.c.name.label("by_name"))
        .outerjoin(USER, USER.c.id == PERIOD.c.by_user)
        .where(PERIOD.c.object_id == model.id)
    )
    rows = {str(row.month): row for row in on.connection.execute(select)}
    months = _Months({month: bool(row.closed) for month, row in rows.items()})
    shown = {*rows, *_latest(context.today())}
    return [
        Period(one, months.closed(one))
        if (row := rows.get(one)) is None
        else Period(one, bool(row.closed), row.at, row.by_name, row.reason)
        for one in sorted(shown, reverse=True)
    ]


_ACTIONS: Final = ("close", "reopen")


def _latest(today: date) -> Iterator[str]:
    count = today.year * 12 + today.month - 1
    for number in range(max(count - SHOWN_MONTHS + 1, 12), count + 1):
        yield f"{number // 12:04d}-{number % 12 + 1:02d}"


def _asked(context: Context, object_name: str, action: Any) -> ObjectModel:
    if not may_see_periods(context, object_name):
        raise NotFoundError(NOT_FOUND.at())
    model = context.catalog.objects[object_name]
    if not can(context.catalog, context.principal, object_name, action):
        raise ForbiddenError(FORBIDDEN.at(object=model.label))
    return model


def _check_month(context: Context, month: str) -> None:
    this_month = f"{context.today():%Y-%m}"
    if not MONTH.fullmatch(month) or month > this_month:
        raise RefusedError(NOT_A_MONTH.at(given=month[:20]))


def _held(context: Context, work: UnitOfWork, model: ObjectModel) -> _Months:
    """Keep writers of an object out until the end of the work; return what was said of its months."""
    batch = Batch(context, work)
    shape = batch.shapes.of(model.name)
    lock_texts(batch, [_text(shape)])
    return _said(work.rows(_select(shape), {"object": model.id}))


def _say(
    context: Context,
    work: UnitOfWork,
    model: ObjectModel,
    month: str,
    *,
    closed: bool,
    reason: str | None,
) -> None:
    here = sa.and_(PERIOD.c.object_id == model.id, PERIOD.c.month == month)
    work.connection.execute(sa.delete(PERIOD).where(here))
    values = {
        "object_id": model.id,
        "month": month,
        "closed": closed,
        "at": work.now,
        "by_user": context.principal.user_id,
        "reason": reason,
    }
    work.connection.execute(sa.insert(PERIOD).values(values))


def _keep_closed(work: UnitOfWork, model: ObjectModel, month: str) -> None:
    """Say of a month that it is closed, as whoever closed the one after it did."""
    later = sa.and_(PERIOD.c.object_id == model.id, PERIOD.c.month > month, PERIOD.c.closed)
    select = sa.select(PERIOD.c.at, PERIOD.c.by_user).where(later)
    found = work.connection.execute(select.order_by(PERIOD.c.month).limit(1)).one()
    values = {"object_id": model.id, "month": month, "closed": True, "at": found.at}
    work.connection.execute(sa.insert(PERIOD).values(**values, by_user=found.by_user))


def _note(
    work: UnitOfWork,
    model: ObjectModel,
    month: str,
    words: Text,
    action: Any,
    reason: str | None,
) -> None:
    label = model.label
    said = Text(
        words.en.format(month=month, object=label.en, reason=reason),
        words.zh.format(month=month, object=label.within("zh"), reason=reason),
    )
    closing = action == "close"
    piece = Piece(f"/{month}", {"closed": not closing}, {"closed": closing}, said)
    entry = Entry(action, "period", model.name, model.id, model.module, [piece])
    record(work, [entry])
