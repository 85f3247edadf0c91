"""Lists of the rows that a line of a plan speaks of, as CSV: ids, titles and the values in question.

A list shows its reader only what they may read: rows and fields that their rights leave out are
withheld, and how many rows were is said. Counts of a plan are those of all rows.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import IO, Any, Final

import sqlalchemy as sa

from headrace.platform.access.parameters import Column, is_one_of, list_value
from headrace.platform.core.errors import ConflictError, NotFoundError, RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.database.engine import Database
from headrace.platform.database.prepared import prepare
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.metadata.definitions.choices import renamed_values
from headrace.platform.metadata.field_types.converting import sent
from headrace.platform.metadata.storage_types import ID, Convert
from headrace.platform.publishing.catalogs import CatalogStore, Published
from headrace.platform.publishing.failing.converting import OldValues
from headrace.platform.publishing.failing.fills import kept_columns_of, planned_fills
from headrace.platform.publishing.failing.finding import RowFinder, field_rule_of, rule_of
from headrace.platform.publishing.failing.planned import PlannedRows
from headrace.platform.publishing.failing.reading import Cursor
from headrace.platform.publishing.failing.rowsets import (
    AllRows,
    Breaking,
    Duplicates,
    Emptied,
    Having,
    Needing,
    NotAllowed,
    OutsideFilter,
    Overlapping,
    RowSet,
    Unconvertible,
    WrongNumber,
)
from headrace.platform.publishing.plan import Failing, Plan, PlanLine
from headrace.platform.publishing.row_work import ConvertValues
from headrace.platform.records.context import Context
from headrace.platform.records.source import late_values, source

NO_LIST: Final = Message(
    "plan.no_rows",
    "The plan has no line “{key}” that speaks of rows.",
    "计划中没有涉及数据的行“{key}”。",
    "Plan again and take the key of a line with rows.",
    "请重新生成计划，并使用涉及数据的行的键。",
)
MOVED_ON: Final = Message(
    "plan.base_moved",
    "Another version went live while the rows were listed.",
    "列出数据期间另一版本已生效。",
    "Plan again.",
    "请重新生成计划。",
)
BECOMES: Final = "becomes"
"""The heading of the values that a change of type makes."""
Becoming = Callable[[Sequence[str]], Mapping[str, Any]]
CHUNK: Final = 500
IDS: Final = "p_ids"
DANGEROUS: Final = frozenset("=+-@\t\r\n|%＝＋－＠")
"""First characters by which a spreadsheet takes a text for a formula or a command."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a list holds: rows written, and rows that its reader may not read."""

    rows: int
    withheld: int


@contextmanager
def finder_of(
    database: Database,
    catalogs: CatalogStore,
    context_of: Callable[[Published], Context],
    plan: Plan,
) -> Iterator[RowFinder]:
    """Lend what finds the rows of a plan's lines, at one moment.

    `context_of` gives the platform's own context of a version. Raise RefusedError for a plan whose
    definitions are wrong, ConflictError where its base is no longer live.
    """
    if plan.catalog is None or plan.difference is None:
        raise RefusedError.of(plan.refused)
    live = catalogs.refresh()
    if live.version != plan.base:
        raise ConflictError(MOVED_ON.at())
    context = context_of(Published(plan.catalog, live.tables, plan.content.rows))
    work = (*plan.work, *planned_fills(plan.backfill, plan.catalog))
    kept = kept_columns_of(plan.difference, plan.catalog)
    with database.snapshot() as reading:
        yield RowFinder(PlannedRows(reading.connection, context, live, work, kept))


def row_set_of(finder: RowFinder, line: PlanLine) -> RowSet:
    """Return the rows that a line speaks of: those that stand in the way, else those it touches.

    Raise NotFoundError for a line without rows.
    """
    _, _, name = line.key.partition(":")
    object_name, _, part = name.partition(".")
    old, new = finder.rows.live.catalog, finder.rows.catalog
    of_state = line.code in {"state.drop", "state.rename"}
    found = _of_states(finder, line, object_name, part) if of_state else None
    model, former = new.objects.get(object_name), old.objects.get(object_name)
    if model is not None and found is None:
        found = _of_new(finder, line, model, part)
    if former is not None and found is None:
        found = _of_old(line, former, part)
    if found is None:
        raise NotFoundError(NO_LIST.at(key=line.key))
    return found


def _of_states(finder: RowFinder, line: PlanLine, workflow: str, state: str) -> RowSet:
    old = finder.rows.live.catalog
    known = old.workflows.get(workflow)
    if known is None:
        raise NotFoundError(NO_LIST.at(key=line.key))
    model = old.objects[known.object]
    field_id = model.fields[known.field].id
    return Having(model.id, field_id, (state,), finder.rows.restored_at(model.id, field_id))


def _of_renamed(finder: RowFinder, model: ObjectModel, name: str) -> RowSet | None:
    """Return the rows that hold a value that is called otherwise from now on."""
    former = finder.rows.former_field(model, model.fields[name])
    if former is None:
        return None
    renamed = renamed_values(former.options.choices, model.fields[name].options.choices)
    since = finder.rows.restored_at(model.id, former.id)
    return Having(model.id, former.id, tuple(renamed), since)


def _of_new(finder: RowFinder, line: PlanLine, model: ObjectModel, part: str) -> RowSet | None:
    """Return the rows that do not suit a part of the new version."""
    fields = [model.fields[one] for one in part.split("+") if one in model.fields]
    if line.code == "choice.rename":
        return _of_renamed(finder, model, part)
    kind = line.code.partition(".")[0]
    if kind == "rule" and any(rule.name == part for rule in model.rules):
        return Breaking(model.id, part)
    if kind == "field_rule" and any(rule.name == part for rule in model.field_rules):
        return Needing(model.id, part)
    if kind == "no_overlap":
        return Overlapping(model.id, part)
    if kind == "children":
        return WrongNumber(model.id, part)
    if not fields or model.id not in finder.rows.former:
        return None
    field_id = fields[0].id
    if kind == "filter":
        return OutsideFilter(model.id, field_id)
    if kind == "key":
        return Duplicates(model.id, tuple(one.id for one in fields))
    since = finder.rows.restored_at(model.id, field_id)
    return _of_failing(model.id, field_id, line.failing, since)


def _of_failing(
    object_id: str, field_id: str, failing: Failing | None, since: datetime | None
) -> RowSet | None:
    match failing.code if failing is not None else "":
        case "constraint.existing_nulls":
            return Emptied(object_id, field_id)
        case "type.rows_not_convertible":
            return Unconvertible(object_id, field_id, lossy=None)
        case "type.data_loss":
            return Unconvertible(object_id, field_id, lossy=True)
        case "type.values_computed":
            return Having(object_id, field_id)
        case "option.in_use" | "constraint.existing_values":
            return NotAllowed(object_id, field_id, since)
        case _:
            return None


def _of_old(line: PlanLine, former: ObjectModel, part: str) -> RowSet | None:
    """Return the rows of the live version that a line touches."""
    if not part:
        return AllRows(former.id) if line.rows is not None else None
    field = former.fields.get(part)
    return None if field is None or not field.stored else Having(former.id, field.id)


def shown_fields(finder: RowFinder, row_set: RowSet) -> tuple[str, ...]:
    """Return the names, in the live version, of the fields that say why rows are in a set."""
    former = finder.rows.former[row_set.object_id]
    wanted: Sequence[str] = ()
    match row_set:
        case Duplicates():
            wanted = row_set.field_ids
        case Breaking():
            rule = rule_of(finder.rows.models[row_set.object_id], row_set.rule)
            conditions = [one for one in (rule.unless, rule.when) if one is not None]
            wanted = [path[0] for one in conditions for path in sorted(one.references())]
        case Needing():
            needing = field_rule_of(finder.rows.models[row_set.object_id], row_set.rule)
            about = finder.rows.models[row_set.object_id]
            wanted = [about.fields[name].id for name in needing.definition.about]
            wanted += [path[0] for path in sorted(needing.when.references())]
        case Overlapping():
            about = finder.rows.models[row_set.object_id]
            wanted = [about.fields[name].id for name in about.ban(row_set.ban).reads]
        case Having() | Emptied() | NotAllowed() | Unconvertible() | OutsideFilter():
            wanted = (row_set.field_id,)
    shown = (one for one in former.fields.values() if one.key_of is None)
    return tuple(one.name for one in shown if one.id in wanted)


def write_rows(finder: RowFinder, plan: Plan, key: str, reader: Context, out: IO[str]) -> Written:
    """Write the rows of the line `key` that `reader` may read as CSV to `out`.

    Raise NotFoundError for a key that is no line with rows.
    """
    line = plan.line(key)
    if line is None:
        raise NotFoundError(NO_LIST.at(key=key))
    row_set = row_set_of(finder, line)
    finder = finder.without(key)
    former = finder.rows.former[row_set.object_id]
    listed = _Listed(finder, reader, former, shown_fields(finder, row_set))
    becoming = _becoming(finder, row_set) if listed.fields else None
    writer = csv.writer(out)
    writer.writerow(["id", "title", *listed.fields, *((BECOMES,) if becoming else ())])
    written = withheld = 0
    for chunk in _chunks(finder.ids(row_set)):
        rows = listed.read(chunk)
        written += len(rows)
        withheld += len(chunk) - len(rows)
        if becoming is not None:
            values = becoming([row[0] for row in rows])
            rows = [(*row, values.get(row[0])) for row in rows]
        writer.writerows([safe(value) for value in row] for row in rows)
    return Written(written, withheld)


def _becoming(finder: RowFinder, row_set: RowSet) -> Becoming | None:
    """Return what gives the new values of rows, where the set is about those."""
    if not isinstance(row_set, Unconvertible):
        return None
    model = finder.rows.models[row_set.object_id]
    field = next(one for one in model.fields.values() if one.id == row_set.field_id)
    old = OldValues(finder.rows)
    work = ConvertValues(model.id, field.id)
    given = (one for one in finder.rows.work_on(model, field) if isinstance(one, ConvertValues))
    work = next(given, work)

    def values(ids: Sequence[str]) -> Mapping[str, Any]:
        old.read(model, (field,), ids)
        return {one: sent(old.converted(model, field, one, work)) for one in ids}

    return values


@dataclass(frozen=True, slots=True)
class Told:
    """The first rows of a line that its reader may read: their object, ids with titles."""

    object: str
    first: tuple[tuple[str, str], ...]


def told_rows(finder: RowFinder, plan: Plan, reader: Context) -> dict[str, Told]:
    """Return, by key of a line that can be listed for `reader`, the first rows of it."""
    told: dict[str, Told] = {}
    for line in plan.lines:
        if not line.count:
            continue
        try:
            former = finder.rows.former[row_set_of(finder, line).object_id]
            listed = _Listed(finder, reader, former, ())
        except NotFoundError:
            continue
        first = line.failing.first if line.failing is not None else ()
        rows = [(row[0], str(row[1] or row[0])) for row in listed.read(first)]
        told[line.key] = Told(former.name, tuple(rows))
    return told


def readable_plan(finder: RowFinder, plan: Plan, reader: Context) -> Plan:
    """Return `plan` with those first ids only that `reader` may read; counts stay."""
    if reader.principal.is_system:
        return plan
    lines = tuple(_readable_line(finder, one, reader) for one in plan.lines)
    return replace(plan, lines=lines)


def _readable_line(finder: RowFinder, line: PlanLine, reader: Context) -> PlanLine:
    if line.failing is None or not line.failing.first:
        return line
    try:
        former = finder.rows.former[row_set_of(finder, line).object_id]
        shown = _Listed(finder, reader, former, ()).read(line.failing.first)
    except NotFoundError:
        shown = []
    allowed = {row[0] for row in shown}
    first = tuple(one for one in line.failing.first if one in allowed)
    return replace(line, failing=replace(line.failing, first=first))


class _Listed:
    """Reads rows by id with the rights of a reader, in the live version."""

    def __init__(
        self, finder: RowFinder, reader: Context, model: ObjectModel, names: Iterable[str]
    ) -> None:
        live = finder.rows.live
        context = replace(reader, catalog=live.catalog, tables=live.tables)
        dialect = live.tables.dialect
        rows = source(context, model.name)
        columns: list[Column] = [rows.rows.id]
        self._converts: list[Convert | None] = [None]
        self.fields: list[str] = []
        for position, name in enumerate((model.title, *names)):
            field = model.fields[name]
            try:
                column = rows.column(name)
            except RefusedError:
                column = sa.null()
                if position:
                    continue
            columns.append(column)
            self._converts.append(field.storage.to_json(dialect))
            if position:
                self.fields.append(name)
        chosen = is_one_of(rows.rows.id, IDS, ID, dialect)
        self._prepared = prepare(rows.select(columns, where=[chosen]), dialect)
        self._late = late_values(self._prepared, dialect)(context)
        self._cursor = Cursor(finder.rows.connection)
        self._dialect = dialect

    def read(self, ids: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return id, title and values of the rows among `ids` that may be read, in this order."""
        given = {**self._late, IDS: list_value(ids, self._dialect)}
        found = {}
        for row in self._cursor.rows(self._prepared, given):
            values = tuple(
                convert(value) if convert else value
                for value, convert in zip(row, self._converts, strict=True)
            )
            found[str(row[0])] = (str(row[0]), *values[1:])
        return [found[one] for one in ids if one in found]


def _chunks(ids: Iterator[str]) -> Iterator[list[str]]:
    while chunk := list(islice(ids, CHUNK)):
        yield chunk


def safe(value: Any) -> Any:
    """Return a value as a cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if not isinstance(value, str):
        return "" if value is None else str(value)
    number = value.removeprefix("-").replace(".", "", 1)
    if value[:1] in DANGEROUS and not (number.isascii() and number.isdigit()):
        return "'" + value
    return value
