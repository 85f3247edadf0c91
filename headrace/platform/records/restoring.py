"""An earlier state of a record, worked out from its history, as a change that the store can make.

The values of now are led back line by line, newest first. Child rows follow: changed ones are
changed back, rows that came since go, rows that went since are undeleted. What people cannot
write (computed values, numbers, states, what the platform fills in) stays as it is; rules, rights and
keys count as in any change, because it is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import sqlalchemy as sa

from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.database.engine import Reading
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.definitions.choices import value_now
from headrace.platform.metadata.references.walking import choices_of
from headrace.platform.records.context import Context
from headrace.platform.records.history import field_json
from headrace.platform.records.history_reader import (
    Told,
    stored_lines,
    titles_of,
    told_records,
)
from headrace.platform.records.shapes import ObjectShape, shapes_of
from headrace.platform.records.source import unknown_field

Side = Literal["before", "after"]
Kind = Literal["changed", "undeleted", "removed"]
ABSENT: Final = frozenset({"created", "migrated", "undeleted"})
"""Actions before which the record was not there."""

NOT_THERE: Final = Message(
    "restore.before_creation",
    "The record did not exist then.",
    "当时该记录尚不存在。",
    "Choose the state after it was created, or delete the record.",
    "请选择创建之后的状态，或删除该记录。",
)


@dataclass(frozen=True, slots=True)
class RestoredField:
    """A field that an earlier state would change; values as the API sends them, references as ids."""

    name: str
    now: Any
    then: Any


@dataclass(frozen=True, slots=True)
class RestoredRow:
    """A child row that an earlier state would change."""

    relation: str
    id: str
    title: Any
    kind: Kind
    fields: tuple[RestoredField, ...] = ()

    @property
    def key(self) -> str:
        """What chooses this row among the others."""
        return f"{self.relation}.{self.id}"


@dataclass(frozen=True, slots=True)
class Restoration:
    """What leads from now to an earlier state."""

    fields: tuple[RestoredField, ...]
    rows: tuple[RestoredRow, ...]

    def data(self, only: Iterable[str] | None = None) -> dict[str, Any]:
        """Return the change for the store.

        `only` names fields, relations, or rows as `relation.id`; all where it is None.
        """
        chosen = None if only is None else frozenset(only)
        data: dict[str, Any] = {
            one.name: one.then for one in self.fields if chosen is None or one.name in chosen
        }
        for row in self.rows:
            if chosen is None or row.relation in chosen or row.key in chosen:
                _add(data.setdefault(row.relation, {}), row)
        return data


def earlier_state(
    context: Context,
    on: Reading | UnitOfWork,
    object_name: str,
    record_id: str,
    line_id: str,
    side: Side,
) -> Restoration:
    """Return what leads back to the state before or after a save that the history tells of.

    Only what the caller may read is looked at. Raise NotFoundError where record or line are not
    there for the caller.
    """
    shape = _shape(context, object_name)
    readable = told_records(context, on, object_name, record_id)[record_id].names
    relations = [
        name
        for name, one in shape.relations.items()
        if name in readable and shape.model.child(name) and _kept(shape.shapes.of(one.object))
    ]
    told = told_records(context, on, object_name, record_id, relations)
    lines = stored_lines(on, told)
    undone = _newer(lines, line_id, side)
    states = _States(shape, told, on, record_id, Seen(context, on))
    for line in undone:
        states.undo(line)
    if not states.present[record_id]:
        raise RefusedError(NOT_THERE.at())
    return Restoration(
        tuple(states.fields(record_id)), tuple(states.rows(record_id)) if relations else ()
    )


def check_names(context: Context, object_name: str, names: Sequence[str]) -> None:
    """Refuse names of what is to be restored that are no field or relation of the object."""
    shape = _shape(context, object_name)
    for position, name in enumerate(names):
        head = name.partition(".")[0]
        if head not in shape.fields and head not in shape.relations:
            raise RefusedError(unknown_field(object_name, head, (), f"/fields/{position}"))


def _shape(context: Context, object_name: str) -> ObjectShape:
    if object_name not in context.catalog.objects:
        raise NotFoundError(NOT_FOUND.at())
    return shapes_of(context).of(object_name)


def _newer(lines: Sequence[Any], line_id: str, side: Side) -> list[Any]:
    """Return the lines to undo, newest first; those of one save belong together."""
    named = next((line for line in lines if line.id == line_id), None)
    if named is None:
        raise NotFoundError(NOT_FOUND.at())
    save = named.saved_with or named.id
    together = [line.id for line in lines if (line.saved_with or line.id) == save]
    if side == "before":
        return [line for line in lines if line.id >= min(together)]
    return [line for line in lines if line.id > max(together)]


def _add(part: dict[str, Any], row: RestoredRow) -> None:
    values = {one.name: one.then for one in row.fields}
    if row.kind == "removed":
        part.setdefault("delete", []).append(row.id)
    else:
        part.setdefault("update" if row.kind == "changed" else "undelete", []).append(
            {"id": row.id, **values}
        )


def _kept(shape: ObjectShape) -> list[FieldModel]:
    """Return the fields that people write and whose history is kept."""
    return [
        one
        for one in shape.stored
        if one.name in shape.kept
        and one.computed is None
        and one.definition.written_by != "system"
        and one.name != shape.model.master
    ]


class Seen:
    """What of lists of references, and of polymorphic ones, the caller may read; asked once for each record."""

    def __init__(self, context: Context, on: Reading | UnitOfWork) -> None:
        self._context = context
        self._on = on
        self._known: dict[tuple[str, str], bool] = {}

    def of(self, field: FieldModel, value: Any) -> Any:
        """Return a value of a field as it is sent; of references to others only what may be read."""
        if field.targets and value is not None:
            return self._polymorphic(self._context.catalog.typed(field, value))
        if field.links is None:
            return _called_now(field, value)
        if not isinstance(value, list):
            return value
        return self._among(field.links, value) or None

    def _polymorphic(self, known: tuple[str, str] | None) -> dict[str, str] | None:
        if known is None or not self._among(known[0], [known[1]]):
            return None
        return {"object": known[0], "id": known[1]}

    def _among(self, target: str, ids: list[str]) -> list[str]:
        """Return those of the records that may be read."""
        asked = [one for one in ids if (target, one) not in self._known]
        if asked:
            titles = titles_of(self._context, self._on, target, asked)
            self._known.update({(target, one): one in titles for one in asked})
        return [one for one in ids if self._known[target, one]]


def _called_now(field: FieldModel, value: Any) -> Any:
    """Return choices by the names that they have now; the history keeps those of its time."""
    choices = choices_of(field.options)
    if isinstance(value, list):
        return [value_now(choices, one) for one in value] if choices else value
    return value_now(choices, value) if choices and isinstance(value, str) else value


@dataclass(slots=True)
class _States:
    """The values of a record and its rows, led back from now."""

    shape: ObjectShape
    told: Mapping[str, Told]
    on: Reading | UnitOfWork
    record_id: str
    seen: Seen
    now: dict[str, dict[str, Any]] = field(default_factory=dict)
    then: dict[str, dict[str, Any]] = field(default_factory=dict)
    present_now: dict[str, bool] = field(default_factory=dict)
    present: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for values in self.on.rows(self.shape.select_live, {"id": self.record_id}):
            self._take(self.shape, values, present=True)
        relations = {one.relation for one in self.told.values() if one.relation is not None}
        for name in sorted(relations):
            shape = self.shape.shapes.of(self.shape.relations[name].object)
            for *values, deleted in self.on.rows(_select_all(shape), {"master": self.record_id}):
                self._take(shape, values, present=deleted is None)

    def _take(self, shape: ObjectShape, values: Sequence[Any], *, present: bool) -> None:
        row = shape.row(values)
        self.present_now[row["id"]] = self.present[row["id"]] = present
        self.now[row["id"]] = {one.id: field_json(one, row[one.name]) for one in _kept(shape)}
        self.then[row["id"]] = dict(self.now[row["id"]])

    def undo(self, line: Any) -> None:
        """Lead a record back over one line of its history."""
        state = self.then.get(line.record_id)
        if state is None:
            return
        if line.action in ABSENT:
            self.present[line.record_id] = False
        elif line.action == "deleted":
            self.present[line.record_id] = True
        for field_id, (old, _) in line.changes.items():
            if field_id in state and line.action not in ABSENT:
                state[field_id] = old

    def fields(self, record_id: str) -> Iterator[RestoredField]:
        """Yield the readable fields of a record that differ."""
        told = self.told[record_id]
        shape = self.shape.shapes.of(told.model.name)
        for one in _kept(shape):
            now = self.seen.of(one, self.now[record_id][one.id])
            then = self.seen.of(one, self.then[record_id][one.id])
            if one.name in told.names and now != then:
                yield RestoredField(one.name, now, then)

    def rows(self, record_id: str) -> Iterator[RestoredRow]:
        """Yield the child rows that differ."""
        for row_id, told in self.told.items():
            if row_id == record_id or row_id not in self.now or told.relation is None:
                continue
            now, then = self.present_now[row_id], self.present[row_id]
            if now and then:
                changed = tuple(self.fields(row_id))
                if changed:
                    yield RestoredRow(told.relation, row_id, told.title, "changed", changed)
            elif then:
                fields = tuple(self.fields(row_id))
                yield RestoredRow(told.relation, row_id, told.title, "undeleted", fields)
            elif now:
                yield RestoredRow(told.relation, row_id, told.title, "removed")


def _select_all(shape: ObjectShape) -> Prepared:
    """The rows of one master, deleted ones too, with when they were deleted."""

    def make() -> Prepared:
        deleted_at = shape.table.deleted_at
        assert deleted_at is not None  # noqa: S101 - details can be deleted
        master = shape.table.columns[str(shape.model.master)]
        given = sa.bindparam("master", type_=master.type)
        statement = sa.select(*shape.columns, deleted_at).where(master == given)
        return prepare(statement.order_by(shape.table.id), shape.shapes.dialect)

    prepared: Prepared = shape.shapes.part(("all_details", shape.name), make)
    return prepared
