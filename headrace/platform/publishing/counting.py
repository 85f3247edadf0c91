"""Counts over the tables as they are: what a plan says about rows, and what would break."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.problems import Message, Problem, Text, pointer
from headrace.platform.database.operations import (
    AddColumn,
    CreateIndex,
    KeepColumn,
    KeepTable,
    Operation,
)
from headrace.platform.database.physical import DELETED_AT
from headrace.platform.database.tables import ObjectTable
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.metadata.conversions import NotConvertibleError, conversion
from headrace.platform.metadata.storage_types import Dialect

NOT_SUPPORTED = Message(
    "plan.change_not_supported",
    "{object}.{field}: changing {what} is not possible in this version.",
    "{object}.{field}:此版本不支持修改{what}。",
    "Add a new field (without the id of this one), move the values, then remove the old field.",
    "请新增一个字段(不要沿用原标识),迁移数据后再移除旧字段。",
)
EXISTING_VALUES = Message(
    "constraint.existing_values",
    "{object}.{field} cannot get this type: {count} values in use would not stay as they are.",
    "{object}.{field} 不能改为此类型:有 {count} 个正在使用的值无法保持不变。",
    "Keep the old type, or change the rows first.",
    "请保留原类型,或先修改数据。",
)
_WORDS: Final = {
    "numbers": Text("the numbers of rows that exist", "已有数据的编号"),
    "type": Text("its type", "字段类型"),
    "storage": Text("the digits after its point", "小数位数"),
    "target": Text("what it refers to", "引用对象"),
}


class Counter:
    """Asks the tables of the live version; `tables` and `live` belong together."""

    def __init__(
        self, connection: sa.Connection, dialect: Dialect, tables: Sequence[ObjectTable]
    ) -> None:
        self.connection = connection
        self.dialect: Dialect = dialect
        self._tables = {one.object_id: one for one in tables}

    def rows_of(self, operation: Operation) -> int | None:
        """Return how many rows an operation touches; None where it touches none."""
        match operation:
            case KeepTable():
                return self._count(sa.table(operation.table.name, sa.column(DELETED_AT)))
            case KeepColumn():
                column: sa.ColumnClause[Any] = sa.column(operation.column.name)
                return self._count(sa.table(operation.table, column), column.is_not(None))
            case AddColumn():
                return self._count(sa.table(operation.table))
            case CreateIndex() if operation.index.unique:
                return self._count(sa.table(operation.index.table))
            case _:
                return None

    def all_rows(self, object_id: str) -> int:
        """Return how many rows an object has, deleted ones too."""
        return self._count(self._tables[object_id].table)

    def live_rows(self, object_id: str) -> int:
        """Return how many rows of an object are not deleted."""
        table = self._tables[object_id]
        return self._count(table.table, _live(table))

    def empty_values(self, object_id: str, field: str) -> int:
        """Return how many live rows have no value in a field."""
        table = self._tables[object_id]
        return self._count(table.table, _live(table), table.columns[field].is_(None))

    def values(self, object_id: str, field: FieldModel) -> Iterator[Any]:
        """Yield the different values in use, in the form in which they are sent."""
        table = self._tables[object_id]
        column = table.columns[field.name]
        to_json = field.storage.to_json(self.dialect)
        query = sa.select(column).where(_live(table), column.is_not(None)).distinct()
        for (value,) in self.connection.execute(query):
            yield to_json(value) if to_json else value

    def _count(self, source: sa.FromClause, *conditions: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(source).where(*conditions)
        count: int = self.connection.execute(query).scalar_one()
        return count


def _live(table: ObjectTable) -> sa.ColumnElement[bool]:
    return sa.true() if table.deleted_at is None else table.deleted_at.is_(None)


def breaking_changes(
    old: Catalog,
    new: Catalog,
    counter: Counter,
    moved: AbstractSet[str] = frozenset(),
) -> Iterator[Problem]:
    """Yield what cannot be done with the rows that are there; `moved` fields get another column."""
    before = {model.id: model for model in old.objects.values()}
    for model in new.objects.values():
        former = before.get(model.id)
        if former is not None:
            yield from _object_problems(old, new, former, model, counter, moved)


def _object_problems(
    old: Catalog,
    new: Catalog,
    former: ObjectModel,
    model: ObjectModel,
    counter: Counter,
    moved: AbstractSet[str],
) -> Iterator[Problem]:
    known = {field.id: field for field in former.fields.values() if not field.system}
    for index, field in enumerate(model.definition.fields):
        one = model.fields[field.name]
        place = f"/{model.module}/objects/{model.name}.json" + pointer("fields", index)
        earlier = known.get(one.id)
        if earlier is None:
            yield from _new_field_problems(model, one, counter, place)
        elif one.id not in moved:
            yield from _changed_field_problems(old, new, model, earlier, one, counter, place)


def _new_field_problems(
    model: ObjectModel, field: FieldModel, counter: Counter, place: str
) -> Iterator[Problem]:
    if field.computed == "number" and counter.live_rows(model.id):
        yield NOT_SUPPORTED.at(
            place,
            object=model.name,
            field=field.name,
            what=_WORDS["numbers"],
        )


def _changed_field_problems(
    old: Catalog,
    new: Catalog,
    model: ObjectModel,
    earlier: FieldModel,
    field: FieldModel,
    counter: Counter,
    place: str,
) -> Iterator[Problem]:
    names = {"object": model.name, "field": field.name}
    if earlier.type.key != field.type.key and _keeps_its_column(earlier, field):
        count = _would_change(counter, (old, new), model.id, earlier, field)
        if count:
            yield EXISTING_VALUES.at(place + "/type", **names, count=count)
        return
    if earlier.type.key != field.type.key:
        yield NOT_SUPPORTED.at(place + "/type", **names, what=_WORDS["type"])
        return
    if earlier.storage != field.storage and (earlier.stored or field.stored):
        yield NOT_SUPPORTED.at(place, **names, what=_WORDS["storage"])
        return
    if _target_id(old, earlier) != _target_id(new, field):
        yield NOT_SUPPORTED.at(place + "/to", **names, what=_WORDS["target"])


def _keeps_its_column(earlier: FieldModel, field: FieldModel) -> bool:
    """Say whether another type of people's text can go on in the same column."""
    people = earlier.computed is None and field.computed is None
    return people and earlier.storage.kind == field.storage.kind == "text"


def _would_change(
    counter: Counter,
    catalogs: tuple[Catalog, Catalog],
    object_id: str,
    earlier: FieldModel,
    field: FieldModel,
) -> int:
    """Return how many of the values in use the new type would not leave as they are."""
    way = conversion(earlier, field, catalogs=catalogs)
    changed = 0
    for value in counter.values(object_id, earlier):
        try:
            kept = way is not None and way.convert(value).value == value
        except NotConvertibleError:
            kept = False
        changed += not kept
    return changed


def _target_id(catalog: Catalog, field: FieldModel) -> str | None:
    target = catalog.object(field.target) if field.target else None
    return target.id if target else None
