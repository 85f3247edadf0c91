"""Deleting: a record goes only when no live record refers to it.

What the caller may not see counts for the refusal and not for its text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

import sqlalchemy as sa

from headrace.platform.access.tables import USER, USER_ROLE
from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.database.links import LINKED, RECORD
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.storage_types import listed, typed_id, values_in
from headrace.platform.records.batch import CHUNK, Batch
from headrace.platform.records.drafts import Draft
from headrace.platform.records.permits import names_in_row
from headrace.platform.records.shapes import ObjectShape

IN_USE: Final = Message(
    "record.in_use",
    "The record is still used by other records{shown}.",
    "该记录仍被其他记录引用{shown}。",
    "Change or delete these records first, or close the record instead of deleting it.",
    "请先修改或删除这些记录，或将该记录停用而非删除。",
)
HAS_PEOPLE: Final = Message(
    "record.has_people",
    "Active users belong to the record or hold roles in it.",
    "仍有启用的用户属于该记录，或在其中担任角色。",
    "Deactivate these users or move them first.",
    "请先停用或调整这些用户。",
)
MOST_COUNTED: Final = 200


@dataclass(frozen=True, slots=True)
class _Referrer:
    """A reference field of another object that may point to the deleted rows.

    `written` makes of an id what the field holds where it refers to it.
    """

    shape: ObjectShape
    field: FieldModel
    select: Prepared
    written: Callable[[str], str] = str


def check_unused(batch: Batch) -> None:
    """Find live records that refer to rows that the batch deletes and that it does not delete too."""
    groups: dict[ObjectShape, list[Draft]] = {}
    for draft in batch.drafts():
        if draft.kind == "delete":
            groups.setdefault(draft.shape, []).append(draft)
    for shape, drafts in groups.items():
        if _has_people(batch, shape, drafts):
            batch.problems.append(HAS_PEOPLE.at(drafts[0].place))
            return
        for referrer in _referrers(shape):
            users = _users(batch, referrer, [draft.id for draft in drafts])
            if users and gives_way(referrer.field):
                _take_off(batch, referrer, users, drafts)
            elif users:
                batch.problems.append(_in_use(batch, referrer, users, drafts[0]))
                return


def _has_people(batch: Batch, shape: ObjectShape, drafts: list[Draft]) -> bool:
    """Say whether accounts depend on rows that act as organisations or territories."""
    if shape.model.acts_as is None:
        return False
    prepared: Prepared = shape.shapes.part(("people", shape.name), lambda: _select_people(shape))
    ids = [draft.id for draft in drafts]
    return any(
        batch.work.rows(prepared, {"ids": ids[start : start + CHUNK]})
        for start in range(0, len(ids), CHUNK)
    )


def _select_people(shape: ObjectShape) -> Prepared:
    ids = sa.bindparam("ids", expanding=True, type_=USER.c.id.type)
    statement = sa.select(USER.c.id).where(USER.c.active)
    if shape.model.acts_as == "organisation":
        statement = statement.where(USER.c.organisation.in_(ids))
    else:
        statement = statement.join(USER_ROLE, USER_ROLE.c.user == USER.c.id)
        statement = statement.where(USER_ROLE.c.territory.in_(ids))
    return prepare(statement.limit(1), shape.shapes.dialect)


def _referrers(shape: ObjectShape) -> tuple[_Referrer, ...]:
    found: tuple[_Referrer, ...] = shape.shapes.part(
        ("referrers", shape.name),
        lambda: (
            tuple(
                _Referrer(other, field, _select_users(other, field))
                for other in map(shape.shapes.of, shape.shapes.catalog.objects)
                for field in other.references
                if field.target == shape.name
            )
            + tuple(
                _Referrer(other, field, _select_linking(other, field))
                for other in map(shape.shapes.of, shape.shapes.catalog.objects)
                for field in other.lists
                if field.links == shape.name
            )
            + tuple(
                _Referrer(
                    other, field, _select_users(other, field), partial(typed_id, shape.model.id)
                )
                for other in map(shape.shapes.of, shape.shapes.catalog.objects)
                for field in other.polymorphic
                if shape.name in field.targets
            )
        ),
    )
    return found


def _select_users(shape: ObjectShape, field: FieldModel) -> Prepared:
    column = shape.table.columns[field.name]
    ids = sa.bindparam("ids", expanding=True, type_=column.type)
    statement = sa.select(shape.table.id).where(column.in_(ids), shape.live())
    return prepare(statement.order_by(shape.table.id).limit(MOST_COUNTED), shape.shapes.dialect)


def _select_linking(shape: ObjectShape, field: FieldModel) -> Prepared:
    """Return the select of rows whose list has one of the ids; for lists that give way, of all."""
    links = shape.table.links[field.name]
    ids = sa.bindparam("ids", expanding=True, type_=links.c[LINKED].type)
    linking = sa.select(links.c[RECORD]).where(links.c[LINKED].in_(ids))
    statement = sa.select(shape.table.id).where(shape.table.id.in_(linking), shape.live())
    statement = statement.order_by(shape.table.id)
    if not gives_way(field):
        statement = statement.limit(MOST_COUNTED)
    return prepare(statement, shape.shapes.dialect)


def gives_way(field: FieldModel) -> bool:
    """Say whether a list lets records go that are deleted."""
    return field.links is not None and getattr(field.options, "on_delete", "") == "remove"


def _take_off(batch: Batch, referrer: _Referrer, users: list[str], deleted: list[Draft]) -> None:
    """Take records that go off the lists of those that stay, whoever may see these.

    Each is a change of that record: its formulas and rules follow, and its history tells of it.
    """
    shape, name = referrer.shape, referrer.field.name
    going = frozenset(draft.id for draft in deleted)
    missing = [one for one in users if batch.draft(shape.name, one) is None]
    for values in batch.rows_by_ids(missing, shape.select_locked, shape.select_many_locked):
        batch.loaded(shape, values, "update").place = deleted[0].place
    for user in users:
        draft = batch.draft(shape.name, user)
        if draft is not None:
            draft.kind = "update"
            left = (one for one in values_in(draft.new.get(name)) or () if one not in going)
            draft.new[name] = listed(left)


def _users(batch: Batch, referrer: _Referrer, ids: list[str]) -> list[str]:
    """Return the ids of rows that refer to `ids` and stay."""
    users: list[str] = []
    for start in range(0, len(ids), CHUNK):
        parameters = {"ids": [referrer.written(one) for one in ids[start : start + CHUNK]]}
        for (user,) in batch.work.rows(referrer.select, parameters):
            draft = batch.draft(referrer.shape.name, user)
            if draft is None or draft.kind != "delete":
                users.append(user)
    return users


def _in_use(batch: Batch, referrer: _Referrer, users: Iterable[str], draft: Draft) -> Problem:
    shape = referrer.shape
    batch.fetch(shape, users)
    seen = 0
    for user in users:
        row = batch.environment_of(shape.name, user)
        if row is not None and names_in_row(row, batch.context.principal, "read") is not None:
            seen += 1
    return IN_USE.at(draft.place, shown=_shown(shape, seen))


def _shown(shape: ObjectShape, seen: int) -> Text | str:
    if not seen:
        return ""
    count = f"{seen}" if seen < MOST_COUNTED else f"≥ {MOST_COUNTED}"
    label = shape.model.label
    return Text(f" ({label.en}: {count})", f"（{label.within('zh')}：{count}）")
