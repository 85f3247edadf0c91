"""A report definition compiled to one SELECT over the source of its object.

The statement has one part for each level: the finest groups, and, where there is more than one
side, the totals of rows, of columns, and of all. Totals are merged from the finest groups, which
carry what that takes: an average its sum and its count. Nothing is summed up in Python.

Amounts whose records name their currency are never added up over several: the finest groups are split by
the currency too, and for these amounts each level has a part of its own that keeps the currencies apart.

Cost: the visible records are read once; rows sent are as many as there are groups.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.parameters import Column
from headrace.platform.core.problems import Text
from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.types import DATE as DATE_TYPE
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.building import object_scope
from headrace.platform.metadata.catalog import Catalog, FieldModel, FieldPath, ReportModel
from headrace.platform.metadata.definitions.screens import GroupDef, MeasureDef
from headrace.platform.metadata.storage_types import DATE, INTEGER, Convert, Dialect, Storage
from headrace.platform.records.context import Context
from headrace.platform.records.source import Source, source

AVERAGE_SCALE: Final = 2
"""Digits that an average has beyond those of what it averages."""


@dataclass(frozen=True, slots=True)
class Group:
    """A compiled group: its field, bucket, and the columns that carry key and title."""

    definition: GroupDef
    path: FieldPath
    storage: Storage
    key: Column
    title: Column | None
    title_storage: Storage | None
    told: Callable[[Any], Any] | None = None
    """Reads the title of a polymorphic reference, which says of which object it is."""

    @property
    def field(self) -> FieldModel:
        """The field grouped by."""
        return self.path[-1]

    @property
    def label(self) -> Text:
        """The heading."""
        return self.definition.label or self.field.label

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns to group by."""
        return (self.key,) if self.title is None else (self.key, self.title)


@dataclass(frozen=True, slots=True)
class Measure:
    """A compiled measure: the columns it needs and how they become its JSON value.

    `merges` says how the columns of groups become those of a total.
    """

    definition: MeasureDef
    field: FieldModel | None
    columns: tuple[Column, ...]
    merges: tuple[Merge, ...]
    value: Callable[[Sequence[Any]], Any]
    currency: str | None = None
    """The currency of all amounts, where the field has one."""
    split: int | None = None
    """The place of the group, among the hidden ones, that holds the currency of its amounts."""

    @property
    def label(self) -> Text:
        """The heading."""
        if self.definition.label:
            return self.definition.label
        return self.field.label if self.field else Text("Count", "数量")

    @property
    def kind(self) -> str:
        """How values are shown: the type of the field, or a whole number."""
        if self.field is None:
            return "integer"
        return shown_kind(self.field)


@dataclass(frozen=True, slots=True)
class CompiledReport:
    """The statement with the places of its parts; shared between users of the same rights."""

    rows: tuple[Group, ...]
    columns: tuple[Group, ...]
    measures: tuple[Measure, ...]
    statement: sa.CompoundSelect[Any] | sa.Select[Any]
    currencies: tuple[Group, ...] = ()
    """Hidden groups behind the others: the fields that say in which currency amounts are."""

    @property
    def level_count(self) -> int:
        """How many levels there are; the parts that keep a currency apart follow them as often."""
        both, any_ = bool(self.columns), bool(self.rows or self.columns)
        return 4 if both else 2 if any_ else 1


Sides = tuple[tuple[Group, ...], tuple[Group, ...]]
"""Groups down and across the page."""

Merge = Callable[[Column], Column]
"""From a column of the groups to that of a total; over no groups what it is over no records."""


_ROLLUP_KINDS: Final = {
    Kind.DATE: "date",
    Kind.DATETIME: "datetime",
    Kind.BOOLEAN: "boolean",
    Kind.TEXT: "text",
}
MONEY_SCALE: Final = 2


def number_kind(scale: int) -> str:
    """Return the kind by which numbers of a roll-up are shown."""
    if scale == 0:
        return "integer"
    return "money" if scale == MONEY_SCALE else "decimal"


def shown_kind(field: FieldModel) -> str:
    """Return the kind of value by which a field is shown; that of its result where computed."""
    returns = getattr(field.options, "returns", None)
    if returns is not None:
        return str(returns)
    if field.computed == "rollup":
        return _ROLLUP_KINDS.get(field.value_type.kind) or number_kind(field.value_type.scale)
    return field.type.key


def compile_report(context: Context, report: ReportModel) -> CompiledReport:
    """Compile `report` for the rights of the principal.

    Raise `field.unknown` where the report needs a field that they do not contain.
    """
    definition = report.definition
    start = source(context, definition.object)
    groups = [
        _group(context, start, one, f"/{part}/{index}")
        for part in ("group_rows", "group_columns")
        for index, one in enumerate(getattr(definition, part))
    ]
    rows = tuple(groups[: len(definition.group_rows)])
    columns = tuple(groups[len(definition.group_rows) :])
    currencies: dict[str, Group] = {}
    measures = tuple(
        _measure(context, start, one, f"/measures/{index}", currencies)
        for index, one in enumerate(definition.measures)
    )
    conditions = [start.where(report.where)] if report.where is not None else []
    levels = [(rows, columns)]
    levels += [(rows, ()), ((), columns)] if columns else []
    levels += [((), ())] if rows or columns else []
    hidden = tuple(currencies.values())
    every = (*rows, *columns, *hidden)
    finest = _finest(start, every, measures, conditions)
    if len(levels) == 1 and not hidden:
        return CompiledReport(rows, columns, measures, finest)
    cells = finest.cte("cells")
    parts = [] if hidden else [sa.select(*cells.c)]
    parts += [
        _totals(cells, number, (*level[0], *level[1]), every, measures)
        for number, level in enumerate(levels)
        if number > 0 or hidden
    ]
    parts += [
        _totals(
            cells, len(levels) * (place + 1) + number, (*level[0], *level[1], one), every, measures
        )
        for place, one in enumerate(hidden)
        for number, level in enumerate(levels)
    ]
    return CompiledReport(rows, columns, measures, sa.union_all(*parts), hidden)


def _finest(
    start: Source,
    groups: Sequence[Group],
    measures: Sequence[Measure],
    conditions: list[Any],
) -> sa.Select[Any]:
    """Return the select of the finest groups: level, keys and titles, count, measures."""
    keys = [column for group in groups for column in group.columns]
    # By their names in this select: parameters within a column differ at each place.
    grouped = [f"c{place}" for place in range(1, len(keys) + 1)]
    selected: list[Column] = [sa.literal(0, sa.Integer()), *keys, sa.func.count()]
    selected += [column for measure in measures for column in measure.columns]
    labelled = [column.label(f"c{place}") for place, column in enumerate(selected)]
    return start.select(labelled, where=conditions, group_by=grouped)


def _totals(
    cells: sa.CTE,
    number: int,
    split: Sequence[Group],
    groups: Sequence[Group],
    measures: Sequence[Measure],
) -> sa.Select[Any]:
    """Return the select of a level of totals; groups that it does not split by are null."""
    kept = {id(group) for group in split}
    found = iter(cells.c)
    next(found)
    selected: list[Column] = [sa.literal(number, sa.Integer())]
    grouped: list[Column] = []
    for group in groups:
        for _ in group.columns:
            column = next(found)
            if id(group) in kept:
                grouped.append(column)
                selected.append(column)
            else:
                selected.append(sa.cast(sa.null(), column.type))
    merges = [_counted, *(merge for measure in measures for merge in measure.merges)]
    selected += [merge(column) for merge, column in zip(merges, found, strict=True)]
    return sa.select(*selected).select_from(cells).group_by(*grouped)


def _counted(column: Column) -> Column:
    return sa.cast(sa.func.coalesce(sa.func.sum(column), 0), sa.BigInteger())


def _summed(column: Column) -> Column:
    return sa.func.coalesce(sa.func.sum(column), 0)


def _group(context: Context, start: Source, definition: GroupDef, place: str) -> Group:
    path = start.resolve(definition.field, place)
    field = path[-1]
    column = start.column(path, place)
    if definition.bucket is not None:
        key = _bucket(context, start, definition, path, column)
        return Group(definition, path, DATE, key, None, None)
    if field.targets:
        titled, told = start.told(path, place)
        return Group(definition, path, field.storage, column, titled, None, told)
    title = start.title(path, place) if field.target is not None else None
    if title is None:
        return Group(definition, path, field.storage, column, None, None)
    return Group(definition, path, field.storage, column, title[0], title[1].storage)


def _bucket(
    context: Context, start: Source, definition: GroupDef, path: FieldPath, column: Column
) -> Column:
    """Return the first day of the value's period, in the workspace's calendar."""
    bucket = str(definition.bucket)
    if path[-1].value_type.kind is Kind.DATE:
        return _DAYS[context.database.dialect](column, bucket)
    text = f"PERIOD_START({definition.field}, '{bucket}')"
    if bucket == "day":
        text = f"DATEADD({definition.field}, 0, 'day')"
    scope = object_scope(context.catalog, start.model.name)
    return start.where(analyse(text, scope, expected=DATE_TYPE))


def _postgresql_days(column: Column, bucket: str) -> Column:
    if bucket == "day":
        return column
    # Left to itself, the database would take the day for an instant, and know it by its zone.
    moment = sa.cast(column, sa.DateTime())
    first: Column = sa.func.date_trunc(bucket, moment, type_=sa.DateTime())
    return sa.cast(first, sa.Date())


def _sqlite_days(column: Column, bucket: str) -> Column:
    """Dates are texts of fixed width here, so a period begins with a part of the text."""
    if bucket == "day":
        return column
    if bucket == "month":
        return sa.func.substr(column, 1, 7, type_=sa.String()).concat("-01")
    if bucket == "year":
        return sa.func.substr(column, 1, 4, type_=sa.String()).concat("-01-01")
    month = sa.func.substr(column, 6, 2, type_=sa.String())
    first = sa.case((month < "04", "01"), (month < "07", "04"), (month < "10", "07"), else_="10")
    return sa.func.substr(column, 1, 5, type_=sa.String()).concat(first).concat("-01")


_DAYS: Final[dict[Dialect, Callable[[Column, str], Column]]] = {
    "postgresql": _postgresql_days,
    "sqlite": _sqlite_days,
}


def _measure(
    context: Context,
    start: Source,
    definition: MeasureDef,
    place: str,
    currencies: dict[str, Group],
) -> Measure:
    """Compile a measure; what says its currency is added to `currencies`, by its path."""
    measure = _bare_measure(context, start, definition, place)
    if measure.field is None or definition.op == "count":
        return measure
    alike = _amounts_of(context.catalog, measure.field)
    named = getattr(alike.options, "currency_field", None)
    if named is None or alike is not measure.field:
        return replace(measure, currency=getattr(alike.options, "currency", None))
    path = ".".join([*str(definition.field).split(".")[:-1], named])
    if path not in currencies:
        currencies[path] = _group(context, start, GroupDef(field=path), place + "/field")
    measure = replace(measure, split=list(currencies).index(path))
    if definition.op != "sum":
        return measure
    # Of a currency without any amount nothing is shown, not a zero.
    total = sa.func.sum(start.column(start.resolve(str(definition.field))))
    return replace(measure, columns=(total,), merges=(sa.func.sum,), value=_if_any(measure.value))


def _if_any(value: Callable[[Sequence[Any]], Any]) -> Callable[[Sequence[Any]], Any]:
    return lambda found: None if found[0] is None else value(found)


def _amounts_of(catalog: Catalog, field: FieldModel) -> FieldModel:
    """Return the field whose amounts a roll-up of roll-ups adds up; any other field itself."""
    while field.computed == "rollup" and field.options.op != "count":
        source_, _, name = str(field.options.of).partition(".")
        model = catalog.object(source_)
        of = model.fields.get(name) if model is not None else None
        if of is None:
            break
        field = of
    return field


def _bare_measure(context: Context, start: Source, definition: MeasureDef, place: str) -> Measure:
    dialect = context.database.dialect
    if definition.field is None:
        return Measure(definition, None, (sa.func.count(),), (_counted,), lambda found: found[0])
    path = start.resolve(definition.field, place + "/field")
    column = start.column(path, place + "/field")
    field = path[-1]
    if definition.op == "avg":
        columns = (sa.func.sum(column), sa.func.count(column))
        average = _average(field.storage, dialect)
        return Measure(definition, field, columns, (sa.func.sum, _counted), average)
    aggregate: Column = getattr(sa.func, definition.op)(column)
    if definition.op in {"min", "max"}:
        convert = field.storage.to_json(dialect) or _same
        extreme = getattr(sa.func, definition.op)
        return Measure(definition, field, (aggregate,), (extreme,), lambda found: convert(found[0]))
    whole = field.storage == INTEGER
    number = int if whole else (field.storage.to_json(dialect) or _same)
    return Measure(
        definition,
        field,
        (sa.func.coalesce(aggregate, 0),),
        (_summed,),
        lambda found: number(found[0]),
    )


def _same(value: Any) -> Any:
    return value


def _average(storage: Storage, dialect: Dialect) -> Callable[[Sequence[Any]], str | None]:
    """Divide sum by count exactly, half away from zero."""
    exact: Convert = storage.from_driver(dialect)
    quantum = Decimal(1).scaleb(-(storage.scale + AVERAGE_SCALE))

    def value(found: Sequence[Any]) -> str | None:
        total, count = found
        if not count:
            return None
        amount = Decimal(exact(total if dialect == "postgresql" else int(total)))
        return format((amount / count).quantize(quantum, ROUND_HALF_UP), "f")

    return value


def readable(catalog: Catalog, report: ReportModel, roles: frozenset[str]) -> bool:
    """Say whether somebody with `roles` may open the report by its own list of roles."""
    wanted = report.definition.roles
    return not wanted or bool(roles & set(wanted)) or not catalog.roles
