"""Reading the history of a record: what the caller may read of the record now, and nothing of the rest.

The lines of child rows can be read with those of their master; rows that were deleted since too.

A line of which no change may be seen is left out as a whole, unless it says that the record was made
or moved to another state; the numbers of versions are not given, because gaps would tell of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.parameters import is_one_of, list_value, parameter
from headrace.platform.access.policy import as_condition, names_of
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.database.engine import Reading
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.metadata.definitions.objects import ChildDef
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.masking import masked_value
from headrace.platform.metadata.storage_types import ID
from headrace.platform.records.batch import Rows
from headrace.platform.records.context import Context
from headrace.platform.records.reader import get_in
from headrace.platform.records.source import (
    Source,
    late_values,
    read_pairs,
    row_rights,
    unknown_field,
)
from headrace.platform.records.tables import HISTORY, UNMASKED

LINE_LIMIT: Final = 1_000
MASTER: Final = "master"
TELLING: Final = frozenset({"created", "migrated", "deleted", "undeleted"})
"""Actions whose line is shown to whoever sees the record, whatever changed."""

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """A record whose lines are read: what may be seen of it; `relation` names that of a child row."""

    model: ObjectModel
    names: frozenset[str]
    relation: str | None = None
    title: Any = None


def history(
    context: Context,
    object_name: str,
    record_id: str,
    *,
    expand: Sequence[str] = (),
    by_task: bool = False,
) -> list[Line]:
    """Return the lines of a record, newest first, at most 1,000; raise NotFoundError.

    A line is `{"id", "at", "user", "acted_for", "action", "through", "comment", "changes",
    "saved_with"}`, a change `{"field", "old", "new"}` with JSON values; references are `{"id",
    "title"}`. `expand` names child relations whose rows' lines come too: these say their
    `relation` and `row`. Lines of one save have the same `saved_with`.
    """
    with context.database.snapshot() as reading:
        told = told_records(context, reading, object_name, record_id, expand, by_task=by_task)
        lines = _Lines(context.catalog, told, masks=not context.principal.is_system)
        rows = stored_lines(reading, told, LINE_LIMIT)
        shown = [line for row in rows if (line := lines.shown(row)) is not None]
        for target, ids in lines.referred.items():
            titles = lines.seen[target] = titles_of(context, reading, target, ids)
            _put_titles(lines.holders, target, titles)
            _leave_out(lines.lists, target, titles)
    return [line for line in shown if not lines.is_empty_now(line)]


def told_records(
    context: Context,
    on: Reading | UnitOfWork,
    object_name: str,
    record_id: str,
    expand: Sequence[str] = (),
    *,
    by_task: bool = False,
) -> dict[str, Told]:
    """Return the record, and rows of the named relations, by id with what may be read of each.

    Rows that were deleted are among them. A relation that the caller may read in other records only
    brings none. Raise NotFoundError, or `field.unknown` for one that is read in no record.
    """
    model = context.catalog.object(object_name)
    if model is None:
        raise NotFoundError(NOT_FOUND.at())
    get_in(context, on, object_name, record_id, fields=("id",), by_task=by_task)
    names = row_rights(context, on, object_name, record_id, "read", by_task=by_task) or frozenset()
    told = {record_id: Told(model, names)}
    known = names_of(read_pairs(context.surroundings(), object_name, by_task=by_task))
    for name in dict.fromkeys(expand):
        child = model.child(name) if name in known else None
        if child is None:
            raise RefusedError(unknown_field(object_name, name, known, "/expand"))
        if name in names:
            told.update(_told_rows(context, on, child, record_id, by_task=by_task))
    return told


def stored_lines(
    on: Reading | UnitOfWork, told: Mapping[str, Told], limit: int | None = None
) -> Sequence[Any]:
    """Return the stored lines of records, newest first."""
    statement = (
        sa.select(HISTORY)
        .where(HISTORY.c.record_id.in_(list(told)))
        .order_by(HISTORY.c.id.desc())
        .limit(limit)
    )
    rows = on.connection.execute(statement).all()
    return [row for row in rows if row.object_id == told[row.record_id].model.id]


def _told_rows(
    context: Context,
    on: Reading | UnitOfWork,
    child: ChildDef,
    master_id: str,
    *,
    by_task: bool,
) -> Iterator[tuple[str, Told]]:
    plan = context.compiled.get(
        context.catalog,
        ("told_rows", context.principal.rights, child.object, by_task),
        lambda: _rows_plan(context, child, by_task=by_task),
    )
    model = context.catalog.objects[child.object]
    parameters = {**plan.late(context), MASTER: master_id}
    for record_id, title, *flags in on.rows(plan.prepared, parameters):
        held = [names for names, holds in zip(plan.names, flags, strict=True) if holds]
        if held:
            shown = title if plan.convert is None or title is None else plan.convert(title)
            names = frozenset().union(*held)
            yield str(record_id), Told(model, names, str(child.name), shown)


@dataclass(frozen=True, slots=True)
class _RowsPlan:
    prepared: Prepared
    names: list[frozenset[str]]
    late: Callable[[Context], dict[str, Any]]
    convert: Callable[[Any], Any] | None


def _rows_plan(context: Context, child: ChildDef, *, by_task: bool) -> _RowsPlan:
    """Compile the rows of a master, deleted ones too: title, and which rights hold in each."""
    surroundings = context.surroundings()
    dialect = surroundings.dialect
    source = Source(surroundings, child.object, by_task=by_task)
    rights = source.rights()
    title, field = _title_of(source, frozenset().union(*(names for _, names in rights)))
    flags = [sa.case((as_condition(truth), 1), else_=0) for truth, _ in rights]
    master = source.rows.column(source.model.fields[child.by])
    statement = (
        sa.select(source.rows.id, title, *flags)
        .select_from(source.statement.from_clause())
        .where(master == parameter(MASTER, ID, dialect))
    )
    prepared = prepare(statement, dialect)
    return _RowsPlan(
        prepared,
        [names for _, names in rights],
        late_values(prepared, dialect),
        field.storage.to_json(dialect) if field is not None else None,
    )


def _title_of(source: Source, names: frozenset[str]) -> tuple[Any, FieldModel | None]:
    """Return what a row is called, where that may be read."""
    field = _telling(source.model, names)
    if field.name not in names or field.name == "id":
        return sa.null(), None
    if field.target is None:
        return source.column(field.name), field
    return source.title(field.name) or (sa.null(), None)


def _telling(model: ObjectModel, names: frozenset[str]) -> FieldModel:
    """Return what tells rows apart: their declared title, else the first reference to something."""
    references = (
        field
        for field in model.fields.values()
        if field.target not in {None, USER_OBJECT}
        and not field.system
        and field.name != model.master
        and field.name in names
    )
    title = model.fields[model.title]
    return title if model.definition.title else next(references, title)


class _Polymorphic(dict[str, Any]):
    """A polymorphic reference in a line, until it is known whether its record may be read."""


class _Lines:
    """Turns stored lines into shown ones and notes the references in them."""

    def __init__(self, catalog: Catalog, told: Mapping[str, Told], *, masks: bool) -> None:
        self._catalog = catalog
        self._masks = masks
        self._told = told
        self._fields: dict[tuple[str, frozenset[str]], list[FieldModel]] = {}
        self.referred: dict[str, set[str]] = {}
        self.holders: list[tuple[str, Line]] = []
        self.lists: list[tuple[str, list[Line]]] = []
        self.seen: dict[str, Mapping[str, Any]] = {}

    def is_empty_now(self, line: Line) -> bool:
        """Take out changes of what may not be read within lists; say whether nothing is left to tell."""
        for change in line["changes"]:
            for side in ("old", "new"):
                change[side] = self._as_seen(change[side])
        changes = [one for one in line["changes"] if one["old"] != one["new"]]
        lost = len(changes) < len(line["changes"])
        line["changes"] = changes
        told = line["action"] in TELLING or line["comment"] is not None
        return lost and not changes and not told

    def shown(self, row: Any) -> Line | None:
        """Return a line as the caller may see it; None where nothing of it may be seen."""
        told = self._told[row.record_id]
        changes = [
            {"field": field.name, "old": self._value(field, old), "new": self._value(field, new)}
            for field in self._readable(told)
            if (change := row.changes.get(field.id)) is not None
            for old, new in (change,)
        ]
        comment = row.comment
        if row.action == UNMASKED:
            seen = set(str(comment).split())
            comment = ", ".join(field.name for field in self._readable(told) if field.id in seen)
            if not comment:
                return None
        elif not changes and row.action not in TELLING:
            return None
        line = {
            "id": row.id,
            "at": row.at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "user": self._reference(USER_OBJECT, row.user),
            "acted_for": self._reference(USER_OBJECT, row.acted_for),
            "action": row.action,
            "through": row.through,
            "comment": comment,
            "changes": changes,
            "saved_with": row.saved_with or row.id,
        }
        if told.relation is not None:
            line["relation"] = told.relation
            line["row"] = {"id": row.record_id, "title": told.title}
        return line

    def _as_seen(self, value: Any) -> Any:
        """Return a value without a polymorphic reference to what may not be read."""
        if not isinstance(value, _Polymorphic):
            return value
        return dict(value) if value["id"] in self.seen[value["object"]] else None

    def _readable(self, told: Told) -> list[FieldModel]:
        """Return the fields of a record that may be read; most rows of a relation have the same."""
        key = (told.model.name, told.names)
        if key not in self._fields:
            fields = told.model.fields.values()
            self._fields[key] = [field for field in fields if field.name in told.names]
        return self._fields[key]

    def _value(self, field: FieldModel, value: Any) -> Any:
        if field.links is not None and isinstance(value, list):
            listed = [one for one in (self._reference(field.links, one) for one in value) if one]
            self.lists.append((field.links, listed))
            return listed
        if field.targets and value is not None:
            known = self._catalog.typed(field, value)
            return None if known is None else self._reference(known[0], known[1], polymorphic=True)
        if field.target is not None:
            return self._reference(field.target, value)
        return masked_value(field, value) if self._masks else value

    def _reference(
        self, target: str, record_id: str | None, *, polymorphic: bool = False
    ) -> Line | None:
        if record_id is None:
            return None
        holder: Line = {"id": record_id, "title": None}
        if polymorphic:
            holder = _Polymorphic(object=target, **holder)
        self.referred.setdefault(target, set()).add(record_id)
        self.holders.append((target, holder))
        return holder


def _put_titles(holders: Iterable[tuple[str, Line]], target: str, titles: dict[str, Any]) -> None:
    for name, holder in holders:
        if name == target:
            holder["title"] = titles.get(holder["id"])


def _leave_out(
    lists: Iterable[tuple[str, list[Line]]], target: str, seen: Mapping[str, Any]
) -> None:
    """Take out of lists of references those that may not be read: not even how many is told."""
    for name, listed in lists:
        if name == target:
            listed[:] = [one for one in listed if one["id"] in seen]


def titles_of(context: Context, reading: Rows, target: str, ids: Iterable[str]) -> dict[str, Any]:
    """Return the titles of the records that the caller may see; those of users always.

    A title is None where the rights contain none of the object.
    """
    plan = context.compiled.get(
        context.catalog,
        ("titles", context.principal.rights, target),
        lambda: _titles_plan(context, target),
    )
    if not plan:
        return {}
    prepared, convert = plan
    parameters = late_values(prepared, context.database.dialect)(context)
    parameters["ids"] = list_value(sorted(ids), context.database.dialect)
    rows = reading.rows(prepared, parameters)
    return {str(row[0]): row[1] if convert is None else convert(row[1]) for row in rows}


def _titles_plan(context: Context, target: str) -> tuple[Prepared, Any] | tuple[()]:
    surroundings = context.surroundings()
    dialect = surroundings.dialect
    source = Source(surroundings, target)
    title = source.model.fields[source.model.title]
    among = is_one_of(source.rows.id, "ids", ID, dialect)
    if target == USER_OBJECT:
        columns = [source.rows.id, source.rows.column(title)]
        statement = sa.select(*columns).select_from(source.statement.from_clause()).where(among)
    elif title.name in names_of(read_pairs(surroundings, target)):
        statement = source.select([source.rows.id, source.column(title.name)], where=[among])
    elif read_pairs(surroundings, target):
        statement = source.select([source.rows.id, sa.null()], where=[among])
    else:
        return ()
    return prepare(statement, dialect), title.storage.to_json(dialect)
