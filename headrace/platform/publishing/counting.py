"""Counts over the tables as they are: what a plan says about rows, and what would break."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import sqlalchemy as sa
from marshmallow import ValidationError

from headrace.platform.core.problems import Message, Problem, Text, pointer
from headrace.platform.database.operations import (
    AddColumn,
    CreateIndex,
    KeepColumn,
    KeepTable,
    Operation,
    ReplaceColumn,
)
from headrace.platform.database.physical import DELETED_AT
from headrace.platform.database.tables import ObjectTable, Tables
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.metadata.conversions import NotConvertibleError, conversion
from headrace.platform.metadata.storage_types import Dialect
from headrace.platform.publishing.plan import Backfill

NOT_SUPPORTED = Message(
    "plan.change_not_supported",
    "{object}.{field}: changing {what} is not possible in this version.",
    "{object}.{field}:此版本不支持修改{what}。",
    "Add a new field (without the id of this one), move the values, then remove the old field.",
    "请新增一个字段(不要沿用原标识),迁移数据后再移除旧字段。",
)
EXISTING_NULLS = Message(
    "constraint.existing_nulls",
    "{object}.{field} cannot be required: {count} rows have no value.",
    "无法将 {object}.{field} 设为必填:有 {count} 行没有值。",
    "Give the field a default, or fill the rows first.",
    "请为字段设置默认值,或先补全数据。",
)
EXISTING_DUPLICATES = Message(
    "constraint.existing_duplicates",
    "{object} cannot have this key: {count} values occur more than once.",
    "无法为 {object} 建立唯一约束:有 {count} 组重复值。",
    "Make the values different first.",
    "请先消除重复值。",
)
EXISTING_VALUES = Message(
    "constraint.existing_values",
    "{object}.{field} cannot be narrowed: {count} values in use would no longer be allowed.",
    "无法收窄 {object}.{field}:有 {count} 个正在使用的值将不再允许。",
    "Keep the old limits or choices, or change the rows first.",
    "请保留原有限制或选项,或先修改数据。",
)
STATE_IN_USE = Message(
    "workflow.state_in_use",
    "The state “{state}” of {object} cannot go: {count} rows are in it.",
    "无法移除 {object} 的状态“{state}”:有 {count} 行处于该状态。",
    "Move the rows to another state first.",
    "请先将这些数据转到其他状态。",
)
_WORDS: Final = {
    "numbers": Text("the numbers of rows that exist", "已有数据的编号"),
    "type": Text("its type", "字段类型"),
    "storage": Text("the digits after its point", "小数位数"),
    "target": Text("what it refers to", "引用对象"),
}


class Counter:
    """Asks the tables of the live version; `tables` and `live` belong together."""

    def __init__(self, connection: sa.Connection, dialect: Dialect, tables: Tables) -> None:
        self.connection = connection
        self.dialect: Dialect = dialect
        self._tables = tables

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
        return self._count(self._tables.by_id(object_id).table)

    def live_rows(self, object_id: str) -> int:
        """Return how many rows of an object are not deleted."""
        table = self._tables.by_id(object_id)
        return self._count(table.table, _live(table))

    def empty_values(self, object_id: str, field: str) -> int:
        """Return how many live rows have no value in a field."""
        table = self._tables.by_id(object_id)
        return self._count(table.table, _live(table), table.columns[field].is_(None))

    def in_state(self, object_id: str, field: str, state: str) -> int:
        """Return how many live rows are in a state."""
        table = self._tables.by_id(object_id)
        return self._count(table.table, _live(table), table.columns[field] == state)

    def values(self, object_id: str, field: FieldModel) -> Iterator[Any]:
        """Yield the different values in use, in the form in which they are sent."""
        table = self._tables.by_id(object_id)
        column = table.columns[field.name]
        to_json = field.storage.to_json(self.dialect)
        query = sa.select(column).where(_live(table), column.is_not(None)).distinct()
        for (value,) in self.connection.execute(query):
            yield to_json(value) if to_json else value

    def duplicates(self, table: str, columns: Sequence[str]) -> int:
        """Return how many combinations of values occur in more than one live row."""
        source = sa.table(table, sa.column(DELETED_AT), *(sa.column(name) for name in columns))
        keys = [source.c[name] for name in columns]
        groups = (
            sa.select(*keys)
            .where(source.c[DELETED_AT].is_(None), *(key.is_not(None) for key in keys))
            .group_by(*keys)
            .having(sa.func.count() > 1)
            .subquery()
        )
        return self._count(groups)

    def _count(self, source: sa.FromClause, *conditions: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(source).where(*conditions)
        count: int = self.connection.execute(query).scalar_one()
        return count


def _live(table: ObjectTable) -> sa.ColumnElement[bool]:
    return sa.true() if table.deleted_at is None else table.deleted_at.is_(None)


def breaking_changes(
    old: Catalog,
    new: Catalog,
    operations: Sequence[Operation],
    backfill: Backfill,
    counter: Counter,
    moved: AbstractSet[str] = frozenset(),
) -> Iterator[Problem]:
    """Yield what cannot be done, or not with the rows that are there."""
    before = {model.id: model for model in old.objects.values()}
    same_ids = {name: model.id for name, model in old.objects.items()} == {
        name: model.id for name, model in new.objects.items()
    }
    for model in new.objects.values():
        former = before.get(model.id)
        if former is None or (same_ids and _is_same(old, new, former, model)):
            continue
        yield from _object_problems(old, new, former, model, counter, moved)
    filled = {field_id for _, field_id in backfill.defaults}
    yield from _key_problems(new, operations, filled, counter)


def _is_same(old: Catalog, new: Catalog, former: ObjectModel, model: ObjectModel) -> bool:
    """Say whether nothing about an object changes, nor about the states of its rows."""
    workflow = model.workflow or ""
    return former is model and old.workflows.get(workflow) is new.workflows.get(workflow)


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
    if field.definition.required and field.default is None and field.computed is None:
        count = counter.live_rows(model.id)
        if count:
            yield EXISTING_NULLS.at(
                place + "/required", object=model.name, field=field.name, count=count
            )
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
        return
    if field.definition.required and not earlier.definition.required and field.default is None:
        count = counter.empty_values(model.id, earlier.name)
        if count:
            yield EXISTING_NULLS.at(place + "/required", **names, count=count)
    if field.computed == "workflow":
        yield from _state_problems(new, model, earlier, field, counter, place)
    elif field.computed is None and field.target is None and earlier.options != field.options:
        count = _no_longer_allowed(counter, model.id, earlier, field)
        if count:
            yield EXISTING_VALUES.at(place, **names, count=count)


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


def _state_problems(
    new: Catalog,
    model: ObjectModel,
    earlier: FieldModel,
    field: FieldModel,
    counter: Counter,
    place: str,
) -> Iterator[Problem]:
    states = new.workflows[field.options.workflow].states
    used = list(counter.values(model.id, earlier))
    for state in used:
        if state not in states:
            count = counter.in_state(model.id, earlier.name, state)
            yield STATE_IN_USE.at(place, state=state, object=model.name, count=count)


def _no_longer_allowed(
    counter: Counter, object_id: str, earlier: FieldModel, field: FieldModel
) -> int:
    parser = field.type.value_field(field.options)
    refused = 0
    for value in counter.values(object_id, earlier):
        try:
            parser.deserialize(value)
        except ValidationError:
            refused += 1
    return refused


def _key_problems(
    new: Catalog, operations: Sequence[Operation], filled: set[str], counter: Counter
) -> Iterator[Problem]:
    added = {(one.table, one.column.name) for one in operations if isinstance(one, AddColumn)}
    held = {
        (one.table, one.new.name): one.old.name
        for one in operations
        if isinstance(one, ReplaceColumn)
    }
    by_name = {model.name: model for model in new.objects.values()}
    for operation in operations:
        if not isinstance(operation, CreateIndex) or not operation.index.unique:
            continue
        model = by_name[operation.object]
        index = operation.index
        place = f"/{model.module}/objects/{model.name}.json"
        if not any((index.table, column) in added for column in index.columns):
            columns = [held.get((index.table, one), one) for one in index.columns]
            count = counter.duplicates(index.table, columns)
        else:
            # A new column is empty, and empty values do not collide; one default for all does.
            default = any(field.id in filled and field.unique for field in model.fields.values())
            count = 1 if default and counter.live_rows(model.id) > 1 else 0
        if count:
            yield EXISTING_DUPLICATES.at(place, object=model.name, count=count)


def _target_id(catalog: Catalog, field: FieldModel) -> str | None:
    target = catalog.object(field.target) if field.target else None
    return target.id if target else None
