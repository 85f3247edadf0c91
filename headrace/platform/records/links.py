"""Keeps the tables of links in step with the rows that hold the ids; the only writer of their rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from headrace.platform.database.links import LINKED, PLACE, RECORD
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.storage_types import values_in
from headrace.platform.records.batch import Batch
from headrace.platform.records.drafts import Draft
from headrace.platform.records.shapes import ObjectShape


def write_links(batch: Batch, work: UnitOfWork) -> None:
    """Write the links of rows whose lists of references changed: two statements for each field."""
    groups: dict[tuple[ObjectShape, str], list[Draft]] = {}
    for draft in batch.drafts():
        if draft.kind == "delete":
            continue
        for field in draft.shape.lists:
            before = None if draft.old is None else draft.old.get(field.name)
            if draft.new.get(field.name) != before:
                groups.setdefault((draft.shape, field.name), []).append(draft)
    for (shape, name), drafts in groups.items():
        field = shape.fields[name]
        known = [{"record": draft.id} for draft in drafts if draft.kind != "create"]
        if known:
            work.execute_many(_cleared(shape, field), known)
        links = list(_links(drafts, name))
        if links:
            work.execute_many(_inserted(shape, field), links)


def _links(drafts: list[Draft], name: str) -> Iterator[dict[str, Any]]:
    for draft in drafts:
        for place, one in enumerate(values_in(draft.new.get(name)) or ()):
            yield {"record": draft.id, "linked": one, "place": place}


def _cleared(shape: ObjectShape, field: FieldModel) -> Prepared:
    def make() -> Prepared:
        links = shape.table.links[field.name]
        record = sa.bindparam("record", type_=links.c[RECORD].type)
        return prepare(sa.delete(links).where(links.c[RECORD] == record), shape.shapes.dialect)

    prepared: Prepared = shape.shapes.part(("links_cleared", shape.name, field.name), make)
    return prepared


def _inserted(shape: ObjectShape, field: FieldModel) -> Prepared:
    def make() -> Prepared:
        links = shape.table.links[field.name]
        values = {
            name: sa.bindparam(name, type_=links.c[name].type) for name in (RECORD, LINKED, PLACE)
        }
        return prepare(sa.insert(links).values(values), shape.shapes.dialect)

    prepared: Prepared = shape.shapes.part(("links_inserted", shape.name, field.name), make)
    return prepared
