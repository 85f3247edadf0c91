"""Deleted records come back: with the children that went with them, under the rules as they are now.

Rows that were deleted together carry the same `deleted_at`. What a row refers to must be there
again; values that others have taken meanwhile are refused by the database's keys, as in any write.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message, Text, pointer
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.definitions.objects import ChildDef
from headrace.platform.metadata.storage_types import listed, values_in
from headrace.platform.records.batch import Batch
from headrace.platform.records.deleting import gives_way
from headrace.platform.records.drafts import Draft
from headrace.platform.records.permits import names_in_row
from headrace.platform.records.shapes import ObjectShape

REFERS_TO_DELETED: Final = Message(
    "record.refers_to_deleted",
    "{name} points to a record that was deleted.",
    "{name}指向的记录已被删除。",
    "Bring that record back first, or give another value.",
    "请先恢复该记录，或改填其他值。",
)
SOMETHING: Final = Text("A reference", "某个引用字段")


def open_deleted(batch: Batch, shape: ObjectShape, record_id: str) -> Draft | None:
    """Lock a deleted record, take it into the batch as it was with what was deleted together.

    None where there is no such record among the deleted ones.
    """
    if not is_record_id(record_id) or shape.table.deleted_at is None:
        return None
    found = batch.work.rows(_select_deleted(shape), {"id": record_id})
    return _take_in(batch, shape, found[0]) if found else None


def open_deleted_row(
    batch: Batch, master: Draft, relation: ChildDef, record_id: Any
) -> Draft | None:
    """Take in a deleted row of a master that is there; None where the master has no such row."""
    if not is_record_id(record_id):
        return None
    shape = batch.shapes.of(relation.object)
    child = open_deleted(batch, shape, str(record_id))
    if child is None or child.new[relation.by] != master.id:
        if child is not None:
            batch.forget(child)
        return None
    child.parent = master
    return child


def check_references(batch: Batch) -> None:
    """Find references of rows that come back to rows that are not there (any more)."""
    for draft in batch.drafts():
        if not draft.undeleted:
            continue
        for field in draft.shape.lists:
            _check_list(batch, draft, field)
        for field in draft.shape.polymorphic:
            value = draft.given.get(field.name, draft.new.get(field.name))
            known = batch.context.catalog.typed(field, value) if isinstance(value, str) else None
            if known is not None and batch.row(*known) is None:
                _refuse(batch, draft, field)
        for field in draft.shape.references:
            value = draft.given.get(field.name, draft.new.get(field.name))
            if value is None or batch.row(str(field.target), value) is not None:
                continue
            _refuse(batch, draft, field)


def _check_list(batch: Batch, draft: Draft, field: FieldModel) -> None:
    """Find records of a list that are not there any more; a list that gives way loses them."""
    ids = values_in(draft.given.get(field.name, draft.new.get(field.name))) or []
    batch.fetch(batch.shapes.of(str(field.links)), ids)
    there = [one for one in ids if batch.row(str(field.links), one) is not None]
    if len(there) == len(ids):
        return
    if gives_way(field):
        draft.new[field.name] = draft.given[field.name] = listed(there)
    else:
        _refuse(batch, draft, field)


def _refuse(batch: Batch, draft: Draft, field: FieldModel) -> None:
    row = draft.environment
    names = names_in_row(row, batch.context.principal, "read") if row else None
    shown = field.label if field.name in (names or ()) else SOMETHING
    place = draft.place + pointer(field.name) if draft.parent is None else draft.place
    batch.problems.append(REFERS_TO_DELETED.at(place, name=shown))


def _take_in(batch: Batch, shape: ObjectShape, values: tuple[Any, ...]) -> Draft:
    draft = batch.loaded(shape, values, "update")
    draft.action = "undeleted"
    draft.undeleted = True
    # Its owners were told that it went: it adds to them anew, and its own children to it.
    draft.fed = {}
    for name, relation in shape.relations.items():
        child_shape = batch.shapes.of(relation.object)
        parameters = {"master": draft.id, "deleted_at": values[-1]}
        rows = batch.work.rows(_select_details(child_shape), parameters)
        children = [_take_in(batch, child_shape, row) for row in rows]
        for child in children:
            child.parent = draft
        draft.children[name] = children
    return draft


def _select_deleted(shape: ObjectShape) -> Prepared:
    def make() -> Prepared:
        deleted_at = shape.table.deleted_at
        assert deleted_at is not None  # noqa: S101 - asked for objects whose rows can be deleted
        record_id = sa.bindparam("id", type_=shape.table.id.type)
        statement = sa.select(*shape.columns, deleted_at)
        statement = statement.where(shape.table.id == record_id, deleted_at.is_not(None))
        return prepare(statement.with_for_update(), shape.shapes.dialect)

    prepared: Prepared = shape.shapes.part(("deleted", shape.name), make)
    return prepared


def _select_details(shape: ObjectShape) -> Prepared:
    """The rows of a master that were deleted at an instant."""

    def make() -> Prepared:
        deleted_at = shape.table.deleted_at
        assert deleted_at is not None  # noqa: S101 - details can be deleted
        master = shape.table.columns[str(shape.model.master)]
        given = sa.bindparam("master", type_=master.type)
        instant = sa.bindparam("deleted_at", type_=deleted_at.type)
        statement = sa.select(*shape.columns, deleted_at)
        statement = statement.where(master == given, deleted_at == instant)
        return prepare(statement.order_by(shape.table.id).with_for_update(), shape.shapes.dialect)

    prepared: Prepared = shape.shapes.part(("deleted_details", shape.name), make)
    return prepared
