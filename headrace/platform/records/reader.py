"""Reading records: one record, a page of a list, the choices of a lookup, a title.

Each kind of request is compiled once for each catalog, rights and shape; then it is a dictionary of
parameters, one statement, and a row writer. The statement carries the live version and the stamp of
the caller, also where it finds no row, so nothing is answered by old metadata or old rights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from marshmallow import ValidationError
from sqlalchemy.ext.compiler import compiles

from headrace.platform.access.parameters import (
    Column,
    is_one_of,
    list_value,
    parameter,
)
from headrace.platform.access.policy import as_condition, names_of, pairs_for, readable_fields
from headrace.platform.access.rows import Picked, Rows, Statement, Surroundings
from headrace.platform.access.stamps import STAMPS
from headrace.platform.core.errors import (
    NOT_FOUND,
    NewerCatalogError,
    NotFoundError,
    RefusedError,
    StalePrincipalError,
)
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.json_text import json_bytes
from headrace.platform.core.problems import pointer
from headrace.platform.database.engine import Reading
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.database.system_tables import LIVE_VERSION
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.definitions.objects import ChildDef
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.field_types.values import TypedReference
from headrace.platform.metadata.storage_types import ID, Convert
from headrace.platform.records.context import Context
from headrace.platform.records.filters import (
    FilterSql,
    Order,
    Position,
    complete,
    search_condition,
    search_values,
)
from headrace.platform.records.people import choosable
from headrace.platform.records.query import (
    Query,
    Shape,
    SortKey,
    filter_key,
    filter_values,
    shape_of,
    value_field,
)
from headrace.platform.records.source import (
    RECORD,
    Source,
    late_values,
    path_of_ids,
    read_pairs,
    unknown_field,
)
from headrace.platform.records.writer import Columns, Record, Row, Writer, compile_writer

COUNT_LIMIT: Final = 10_000
CHOICE_LIMIT: Final = 50
MAX_CHILD_ROWS: Final = 10_000
_MASTERS: Final = "masters"
AMONG: Final = "among"
_LINKED: Final = "linked"


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list; `count` is a number, "10000+", or None where it was not asked for."""

    items: list[Record]
    next: str | None
    count: int | str | None

    def as_json(self) -> dict[str, Any]:
        """Return the form that the API sends."""
        return {"items": self.items, "next": self.next, "count": self.count}


# -- one record ------------------------------------------------------------------------------------


def get(
    context: Context,
    object_name: str,
    record_id: str,
    *,
    fields: Sequence[str] | None = None,
    expand: Sequence[str] = (),
    by_task: bool = False,
) -> Record:
    """Return one record as JSON values; raise NotFoundError where there is none to be seen.

    `by_task` lets an open task of the principal give the right to read.
    """
    plan = _get_plan_of(context, object_name, fields, expand, by_task=by_task)
    lend = context.database.snapshot if plan.relations else context.database.reading
    with lend() as reading:
        return _one(context, reading, plan, record_id)


def get_in(
    context: Context,
    reading: Reading | UnitOfWork,
    object_name: str,
    record_id: str,
    *,
    fields: Sequence[str] | None = None,
    expand: Sequence[str] = (),
    by_task: bool = False,
) -> Record:
    """Return one record like `get`, read in the same moment as the caller's other statements."""
    plan = _get_plan_of(context, object_name, fields, expand, by_task=by_task)
    return _one(context, reading, plan, record_id)


def get_within(context: Context, work: UnitOfWork, object_name: str, record_id: str) -> Record:
    """Return one record with its child rows as it has become within a unit of work.

    Raise NotFoundError where the caller may see it no more.
    """
    model = context.catalog.object(object_name)
    known = readable_fields(context.catalog, context.principal, object_name)
    expand = tuple(child.name for child in model.children if child.name in known) if model else ()
    try:
        return get_in(context, work, object_name, record_id, expand=expand)
    except NotFoundError:
        return get_in(context, work, object_name, record_id, by_task=True)


def check_current(context: Context) -> None:
    """Raise where the metadata or the rights are newer than those in hand."""
    found = context.compiled.get(
        context.catalog,
        ("check", context.principal.credential.kind),
        lambda: framed(context, sa.select(sa.literal(1).label("c0"))),
    )
    prepared, has_stamp = found
    parameters = late_values(prepared, context.database.dialect)(context)
    with context.database.reading() as reading:
        check_answer(context, reading.rows(prepared, parameters)[0], has_stamp=has_stamp)


def _get_plan_of(
    context: Context,
    object_name: str,
    fields: Sequence[str] | None,
    expand: Sequence[str],
    *,
    by_task: bool,
) -> _Plan:
    principal = context.principal
    names = None if fields is None else tuple(fields)
    asked = (object_name, names, tuple(expand), by_task)
    return context.compiled.get(
        context.catalog,
        ("get", principal.rights, principal.credential.kind, asked),
        lambda: _get_plan(
            context,
            _known(context, object_name, names, expand, by_task=by_task),
            by_task=by_task,
        ),
    )


def title(context: Context, object_name: str, record_id: str) -> str | None:
    """Return the title of a record that can be seen, else None."""
    model = context.catalog.object(object_name)
    if model is None or model.title not in names_of(
        read_pairs(context.surroundings(), object_name)
    ):
        return None
    try:
        found = get(context, object_name, record_id, fields=(model.title,))
    except NotFoundError:
        return None
    value = found[model.title]
    return None if value is None else str(value)


def titled(context: Context, reference: Mapping[str, str]) -> dict[str, str | None]:
    """Return a polymorphic reference, `{"object", "id"}`, with the title of its record."""
    name, record_id = reference["object"], reference["id"]
    return {"object": name, "id": record_id, "title": title(context, name, record_id)}


def _known(
    context: Context,
    object_name: str,
    names: tuple[str, ...] | None,
    expand: Sequence[str],
    *,
    by_task: bool,
) -> Shape:
    """Return the shape; an object that the rights do not contain is not there."""
    surroundings = context.surroundings()
    known = context.catalog.object(object_name) is not None
    if not known or not read_pairs(surroundings, object_name, by_task=by_task):
        raise NotFoundError(NOT_FOUND.at())
    return shape_of(context, object_name, names, expand, by_task=by_task)


def _one(context: Context, reading: Reading | UnitOfWork, plan: _Plan, record_id: str) -> Record:
    if not is_record_id(record_id):
        raise NotFoundError(NOT_FOUND.at())
    parameters = plan.late(context)
    parameters[RECORD] = record_id
    rows = reading.rows(plan.prepared, parameters)
    check_answer(context, rows[0], has_stamp=plan.has_stamp)
    if rows[0][0] is None:
        raise NotFoundError(NOT_FOUND.at())
    record = plan.write(rows[0])
    _add_relations(context, reading, plan, [record])
    return record


# -- lists -----------------------------------------------------------------------------------------


def find(context: Context, object_name: str, query: Query) -> Page:
    """Return a page of the records that fit `query` and can be seen."""
    plan = _list_plan_of(context, object_name, query)
    lend = context.database.snapshot if plan.relations else context.database.reading
    with lend() as reading:
        return _page(context, reading, plan, query, _list_parameters(context, plan, query))


def find_in(
    context: Context, reading: Reading | UnitOfWork, object_name: str, query: Query
) -> Page:
    """Return a page like `find`, read in the same moment as the caller's other statements."""
    plan = _list_plan_of(context, object_name, query)
    return _page(context, reading, plan, query, _list_parameters(context, plan, query))


def make_ready(context: Context, object_name: str, query: Query) -> None:
    """Compile what `find_in` runs, so that it takes no longer than its statements.

    Raise NotFoundError for an object that the rights do not contain.
    """
    _list_plan_of(context, object_name, query)


def _list_parameters(context: Context, plan: _ListPlan, query: Query) -> dict[str, Any]:
    parameters = plan.late(context)
    parameters.update(plan.values(filter_values(query.filter)))
    if query.text is not None:
        parameters.update(search_values(query.text, context.database.dialect))
    if query.cursor is not None:
        for index, value in enumerate(plan.position.read(query.cursor)):
            parameters[f"k{index}"] = value
    return parameters


def find_json(context: Context, object_name: str, query: Query) -> bytes:
    """Return a page as JSON text."""
    page = find(context, object_name, query)
    return json_bytes(page.as_json())


def _page(
    context: Context,
    reading: Reading | UnitOfWork,
    plan: _ListPlan,
    query: Query,
    parameters: Mapping[str, Any],
) -> Page:
    rows = reading.rows(plan.prepared, parameters)
    check_answer(context, rows[0], has_stamp=plan.has_stamp)
    count = _shown_count(rows[0][plan.count_place]) if plan.count_place is not None else None
    if rows[0][0] is None:
        return Page([], None, count)
    following = None
    if len(rows) > query.limit:
        rows.pop()
        last = rows[-1]
        following = plan.position.write([last[place] for place in plan.sort_places])
    items = list(map(plan.write, rows))
    _add_relations(context, reading, plan, items)
    return Page(items, following, count)


def _shown_count(count: int) -> int | str:
    return count if count <= COUNT_LIMIT else f"{COUNT_LIMIT}+"


def _list_plan_of(context: Context, object_name: str, query: Query) -> _ListPlan:
    nulls: tuple[bool, ...] | None = None
    if query.cursor is not None:
        # Which values are missing decides the SQL, so the position is read before there is a plan.
        nulls = tuple(
            value is None
            for value in _position(context, object_name, query.sort).read(query.cursor)
        )
    key = (
        "find",
        context.principal.rights,
        context.principal.credential.kind,
        query.shape,
        filter_key(query.filter),
        tuple(one.name for one in query.sort),
        tuple(one.source for one in query.conditions),
        query.text is not None,
        query.count,
        query.limit,
        query.deleted,
        nulls,
    )
    return context.compiled.get(
        context.catalog,
        key,
        lambda: _list_plan(context, readable_object(context, object_name), query, nulls),
    )


def readable_object(context: Context, object_name: str) -> str:
    """Return `object_name`; raise NotFoundError for an object that the rights do not contain."""
    if context.catalog.object(object_name) is None or not read_pairs(
        context.surroundings(), object_name
    ):
        raise NotFoundError(NOT_FOUND.at())
    return object_name


def _position(context: Context, object_name: str, sort: Sequence[SortKey]) -> Position:
    return context.compiled.get(
        context.catalog,
        ("position", object_name, tuple(key.name for key in sort)),
        lambda: Position(
            object_name,
            complete(context.surroundings().object(object_name), sort),
            context.database.dialect,
        ),
    )


# -- plans -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Relation:
    """How the rows of a child relation are read for several masters at once."""

    name: str
    prepared: Prepared
    late: Callable[[Context], dict[str, Any]]
    write: Writer
    master_place: int


@dataclass(frozen=True, slots=True)
class _Expanded:
    """How more is read of the records that a field with several references points to."""

    name: str
    prepared: Prepared
    late: Callable[[Context], dict[str, Any]]
    write: Writer


@dataclass(frozen=True, slots=True)
class _Plan:
    prepared: Prepared
    late: Callable[[Context], dict[str, Any]]
    write: Writer
    relations: tuple[_Relation | _Expanded, ...]
    has_stamp: bool


@dataclass(frozen=True, slots=True)
class _ListPlan(_Plan):
    values: Callable[[Sequence[Any]], dict[str, Any]]
    position: Position
    sort_places: tuple[int, ...]
    count_place: int | None


def _get_plan(context: Context, shape: Shape, *, by_task: bool) -> _Plan:
    surroundings = context.surroundings()
    source = Source(surroundings, shape.object, by_task=by_task)
    columns = Columns()
    write = _granted(source, columns, compile_writer(source, columns, shape), by_task=by_task)
    wanted = source.rows.id == parameter(RECORD, ID, surroundings.dialect)
    inner = source.select(columns.labelled(), where=[wanted])
    prepared, has_stamp = framed(context, inner)
    return _Plan(
        prepared,
        late_values(prepared, surroundings.dialect),
        write,
        _relations(context, shape, by_task=by_task),
        has_stamp,
    )


def _granted(source: Source, columns: Columns, write: Writer, *, by_task: bool) -> Writer:
    """Return a writer that leaves out names which only a task gives, where none is open."""
    if not by_task:
        return write
    known = names_of(read_pairs(source.surroundings, source.model.name))
    place = columns.add(sa.case((as_condition(source.is_task_open()), 1), else_=0))

    def narrowed(row: Row) -> Record:
        record = write(row)
        if row[place]:
            return record
        return {name: value for name, value in record.items() if name in known}

    return narrowed


def _list_plan(
    context: Context, object_name: str, query: Query, nulls: tuple[bool, ...] | None
) -> _ListPlan:
    """Compile a page in two steps: pick the ids in order, then join all that is shown to those few."""
    surroundings = context.surroundings()
    pick = Source(surroundings, object_name, prefix="p", deleted=query.deleted)
    order = Order(pick, query.sort)
    conditions = _conditions(pick, query)
    picked = _picked(pick, order, conditions, query, nulls)
    rows = _one_row().outerjoin(picked, sa.true())
    source = Source(
        surroundings, object_name, picked=Picked(rows, picked.c.id), deleted=query.deleted
    )
    columns = Columns()
    write = compile_writer(source, columns, query.shape)
    sorted_by = _keys_of(picked, order)
    sort_places = tuple(columns.add(column) for column in sorted_by)
    count = _count(surroundings, object_name, query) if query.count else None
    checks = _checks(context)
    statement = (
        sa.select(*columns.labelled(), *([] if count is None else [count.label("found")]), *checks)
        .select_from(source.statement.from_clause())
        .order_by(*order.clauses(sorted_by))
    )
    prepared = prepare(statement, surroundings.dialect)
    has_stamp = len(checks) > 1
    return _ListPlan(
        prepared,
        late_values(prepared, surroundings.dialect),
        write,
        _relations(context, query.shape, by_task=False),
        has_stamp,
        conditions.parameters,
        _position(context, object_name, query.sort),
        sort_places,
        len(columns.items) if query.count else None,
    )


def _picked(
    pick: Source,
    order: Order,
    conditions: _Conditions,
    query: Query,
    nulls: tuple[bool, ...] | None,
) -> sa.Subquery:
    """Return the ids of a page with their sort keys `k0` to `kn`, and one more that says whether there is a next."""
    keys = [column.label(f"k{place}") for place, column in enumerate(order.columns)]

    limit = _Fixed(query.limit + 1)

    def part(after: sa.ColumnElement[bool], order_by: list[Column]) -> sa.Select[Any]:
        columns = [pick.rows.id.label("id"), *keys]
        where = [*conditions.where, after]
        return pick.select(columns, where=where, order_by=order_by).limit(limit)

    parts = [(sa.true(), order.clauses())] if nulls is None else order.parts(nulls)
    selects = [part(*one) for one in parts]
    if len(selects) == 1:
        return selects[0].subquery("picked")
    together = sa.union_all(*(sa.select(one.subquery()) for one in selects)).subquery("together")
    in_order = order.clauses(_keys_of(together, order))
    return sa.select(together).order_by(*in_order).limit(limit).subquery("picked")


def _keys_of(picked: sa.Subquery, order: Order) -> list[Column]:
    return [picked.c[f"k{place}"] for place in range(len(order.columns))]


@dataclass(frozen=True, slots=True)
class _Conditions:
    where: list[sa.ColumnElement[bool]]
    parameters: Callable[[Sequence[Any]], dict[str, Any]]


def _conditions(source: Source, query: Query) -> _Conditions:
    compiler = FilterSql(source)
    where = [source.where(expression) for expression in query.conditions]
    if query.filter is not None:
        where.append(compiler.compile(query.filter))
    if query.text is not None:
        where.append(search_condition(source))
    return _Conditions(where, compiler.parameters())


def _count(surroundings: Surroundings, object_name: str, query: Query) -> Column:
    """Return how many records fit, counted to just above the limit."""
    source = Source(surroundings, object_name, prefix="n", deleted=query.deleted)
    where = _conditions(source, query).where
    found = source.select([source.rows.id], where=where).limit(_Fixed(COUNT_LIMIT + 1))
    return sa.select(sa.func.count()).select_from(found.subquery("counted")).scalar_subquery()


class _Fixed(sa.ColumnElement[int]):
    """A limit that stands in the text of a statement.

    PostgreSQL keeps the plan of a statement only where it knows how few rows are wanted.
    """

    inherit_cache = False
    type = sa.Integer()

    def __init__(self, limit: int) -> None:
        self.limit = limit


@compiles(_Fixed)
def _fixed_text(element: _Fixed, _compiler: Any, **_options: Any) -> str:
    return str(int(element.limit))


def framed(
    context: Context,
    inner: sa.Select[Any] | sa.CompoundSelect[Any],
    order: Callable[[sa.Subquery], list[Column]] | None = None,
) -> tuple[Prepared, bool]:
    """Return the statement that gives a row in any case, with live version and stamp at its end.

    The order of `inner` gets lost; `order` says it again over its columns. The second value says
    whether there is a stamp.
    """
    page = inner.subquery("page")
    checks = _checks(context)
    statement = sa.select(*page.c, *checks).select_from(_one_row().outerjoin(page, sa.true()))
    if order is not None:
        statement = statement.order_by(*order(page))
    return prepare(statement, context.database.dialect), len(checks) > 1


def _one_row() -> sa.Subquery:
    """Return a row to join to, so that a statement that finds nothing still gives one."""
    return sa.select(sa.literal_column("1").label("one")).subquery("one")


def _checks(context: Context) -> list[Column]:
    """Return the columns that `check_answer` looks at: the live version, and the stamp if any."""
    stamp = STAMPS.get(context.principal.credential.kind)
    live: list[Column] = [LIVE_VERSION.label("live")]
    return live if stamp is None else [*live, stamp.scalar_subquery().label("stamp")]


def check_answer(context: Context, row: Row, *, has_stamp: bool) -> None:
    """Refuse an answer that older metadata or older rights gave."""
    live = row[-2] if has_stamp else row[-1]
    if live != context.catalog.version:
        raise NewerCatalogError(live)
    if has_stamp and row[-1] != context.principal.stamp:
        raise StalePrincipalError


# -- child relations -------------------------------------------------------------------------------


def _relations(
    context: Context, shape: Shape, *, by_task: bool
) -> tuple[_Relation | _Expanded, ...]:
    model = context.surroundings().object(shape.object)
    found: list[_Relation | _Expanded] = []
    for name, inner in shape.relations:
        child = model.child(name)
        if child is not None:
            found.append(_relation(context, child, inner, by_task=by_task))
        else:
            found.append(_expanded(context, name, inner))
    return tuple(found)


def _expanded(context: Context, name: str, shape: Shape) -> _Expanded:
    """Return how more is read of the records that a list of references points to, for all rows at once."""
    surroundings = context.surroundings()
    source = Source(surroundings, shape.object)
    columns = Columns()
    write = compile_writer(source, columns, shape)
    wanted = is_one_of(source.rows.id, _LINKED, ID, surroundings.dialect)
    if shape.object == USER_OBJECT and not read_pairs(surroundings, USER_OBJECT):
        wanted = sa.false()
    prepared = prepare(source.select(columns.labelled(), where=[wanted]), surroundings.dialect)
    return _Expanded(name, prepared, late_values(prepared, surroundings.dialect), write)


def _relation(context: Context, child: ChildDef, shape: Shape, *, by_task: bool) -> _Relation:
    surroundings = context.surroundings()
    dialect = surroundings.dialect
    source = Source(surroundings, child.object, by_task=by_task)
    columns = Columns()
    write = _granted(source, columns, compile_writer(source, columns, shape), by_task=by_task)
    reference = source.rows.column(source.model.fields[child.by])
    place = columns.add(reference)
    statement = source.select(
        columns.labelled(),
        where=[is_one_of(reference, _MASTERS, ID, dialect)],
        order_by=[source.rows.id],
    ).limit(_Fixed(MAX_CHILD_ROWS))
    prepared = prepare(statement, dialect)
    return _Relation(child.name, prepared, late_values(prepared, dialect), write, place)


def _add_relations(
    context: Context, reading: Reading | UnitOfWork, plan: _Plan, records: list[Record]
) -> None:
    for relation in plan.relations:
        if isinstance(relation, _Expanded):
            _expand(context, reading, relation, records)
            continue
        by_master: dict[str, list[Record]] = {record["id"]: [] for record in records}
        parameters = relation.late(context)
        parameters[_MASTERS] = list_value(list(by_master), context.database.dialect)
        for row in reading.rows(relation.prepared, parameters):
            by_master[row[relation.master_place]].append(relation.write(row))
        for record in records:
            record[relation.name] = by_master[record["id"]]


def _expand(
    context: Context, reading: Reading | UnitOfWork, expanded: _Expanded, records: list[Record]
) -> None:
    """Put what is expanded into lists of references; what may not be read stays id and title."""
    listed = [one for record in records for one in record[expanded.name] or ()]
    if not listed:
        return
    parameters = expanded.late(context)
    ids = sorted({str(one["id"]) for one in listed})
    parameters[_LINKED] = list_value(ids, context.database.dialect)
    found = {}
    for row in reading.rows(expanded.prepared, parameters):
        record = expanded.write(row)
        found[record["id"]] = record
    for one in listed:
        one.update({**found.get(one["id"], {}), **one})


# -- choices of a lookup ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _ChoicePlan:
    plan: _Plan
    outer: tuple[tuple[str, FieldModel, Convert], ...]
    title: Convert | None


def choices(
    context: Context,
    object_name: str,
    field_name: str,
    text: str | None = None,
    values: Mapping[str, Any] | None = None,
    *,
    among: Sequence[str] | None = None,
    on: UnitOfWork | None = None,
    target: str | None = None,
) -> list[Record]:
    """Return the records that a reference may point to, as `{"id", "title"}`, at most 50 by title.

    `target` says of which of its objects a polymorphic one wants them. `values` are those of the form, in JSON; the filter of the lookup sees them as `this`. `among` are
    the ids of those that are asked for alone, `on` the unit of work that sees what it has written. Raise
    `field.unknown` for a field that the caller can neither read nor write.
    """
    field = _choosable(context, object_name, field_name)
    wanted = choice_target(context, field, target)
    key = (
        "choices",
        context.principal.rights,
        context.principal.credential.kind,
        field.id,
        object_name,
        wanted.name,
        bool(text),
        among is not None,
    )
    found = context.compiled.get(
        context.catalog,
        key,
        lambda: _choice_plan(context, field, wanted, searched=bool(text), chosen=among is not None),
    )
    parameters = found.plan.late(context)
    if text:
        parameters.update(search_values(text, context.database.dialect))
    for name, outer, convert in found.outer:
        given = _in_form(context, outer, values or {})
        parameters[name] = None if given is None else convert(given)
    if among is not None:
        parameters[AMONG] = list_value(list(among), context.database.dialect)
    if on is not None:
        rows = on.rows(found.plan.prepared, parameters)
    else:
        with context.database.reading() as reading:
            rows = reading.rows(found.plan.prepared, parameters)
    check_answer(context, rows[0], has_stamp=found.plan.has_stamp)
    return [found.plan.write(row) for row in rows if row[0] is not None]


def _choosable(context: Context, object_name: str, field_name: str) -> FieldModel:
    model = context.catalog.object(object_name)
    if model is None:
        raise NotFoundError(NOT_FOUND.at())
    known = frozenset().union(
        *(
            names_of(pairs_for(context.catalog, context.principal.rights, object_name, action))
            for action in ("read", "create", "update")
        )
    )
    if not known:
        raise NotFoundError(NOT_FOUND.at())
    field = model.fields.get(field_name)
    if field is None or field_name not in known or not field.refers_to:
        raise RefusedError(unknown_field(object_name, field_name, known, pointer("field")))
    return field


def choice_target(context: Context, field: FieldModel, target: str | None) -> ObjectModel:
    """Return the object whose records a reference offers; raise NotFoundError for one that is none of it."""
    found = context.catalog.object(str(target if field.targets else field.pointed))
    if found is None or found.name not in field.refers_to:
        raise NotFoundError(NOT_FOUND.at())
    return found


def _in_form(context: Context, field: FieldModel, values: Mapping[str, Any]) -> Any:
    """Return the Python value of a form's field; None where it has none.

    By the field of a target, the record of that object that the form refers to.
    """
    if field.key_of is None:
        return _form_value(field, values.get(field.name))
    source = context.catalog.objects[field.object].fields[field.key_of]
    sent = _parsed(source, values.get(source.name))
    if not isinstance(sent, TypedReference) or sent.object != field.target:
        return None
    return sent.record if isinstance(sent.record, str) else None


def _form_value(field: FieldModel, given: Any) -> Any:
    """Return the Python value of a form's field; what does not parse is taken as missing."""
    value = _parsed(field, given)
    return value if isinstance(value, str) or not field.refers_to else None


def _parsed(field: FieldModel, given: Any) -> Any:
    """Return the Python value of what a form sent; None where that is nothing or does not parse."""
    if given is None:
        return None
    try:
        return value_field(field).deserialize(given)
    except ValidationError:
        return None


def _choice_plan(
    context: Context, field: FieldModel, target: ObjectModel, *, searched: bool, chosen: bool
) -> _ChoicePlan:
    surroundings = context.surroundings()
    if not read_pairs(surroundings, target.name):
        raise NotFoundError(NOT_FOUND.at())
    source = Source(surroundings, target.name)
    outer = _Outer(surroundings, field.object)
    condition = surroundings.object(field.object).filter_of(field, target.name)
    where = [] if condition is None else [source.where_unguarded(condition, outer)]
    if target.name == USER_OBJECT:
        where.append(source.rows.id.in_(choosable(surroundings.catalog, field)))
    if searched:
        where.append(search_condition(source))
    if chosen:
        where.append(is_one_of(source.rows.id, AMONG, ID, surroundings.dialect))
    shown = (
        target.title if target.title in names_of(read_pairs(surroundings, target.name)) else "id"
    )
    sorted_by = source.sort_column(shown)
    columns = [
        source.rows.id.label("c0"),
        source.column(shown).label("c1"),
        sorted_by.label("c2"),
    ]
    order = [sorted_by.asc().nulls_last(), source.rows.id]
    inner = source.select(columns, where=where, order_by=order).limit(_Fixed(CHOICE_LIMIT))
    prepared, has_stamp = framed(
        context, inner, lambda page: [page.c.c2.asc().nulls_last(), page.c.c0]
    )
    convert = target.fields[shown].storage.to_json(surroundings.dialect)
    plan = _Plan(
        prepared,
        late_values(prepared, surroundings.dialect),
        _choice_writer(convert),
        (),
        has_stamp,
    )
    return _ChoicePlan(plan, tuple(outer.used.values()), convert)


def _choice_writer(convert: Convert | None) -> Writer:
    if convert is None:
        return lambda row: {"id": row[0], "title": row[1]}
    return lambda row: {"id": row[0], "title": convert(row[1])}


class _Outer:
    """Gives `this.…` of a lookup filter: values of the form as parameters, paths by subqueries."""

    def __init__(self, surroundings: Surroundings, object_name: str) -> None:
        self._surroundings = surroundings
        self._model: ObjectModel = surroundings.object(object_name)
        self.used: dict[str, tuple[str, FieldModel, Convert]] = {}

    def __call__(self, ids: tuple[str, ...]) -> Column:
        """Return the value of a field of the form, or of one reached from it over lookups."""
        path = path_of_ids(self._surroundings, self._model, ids)
        value = self._parameter(path[0])
        if len(path) == 1:
            return value
        statement = Statement(self._surroundings, f"o{len(self.used)}_")
        rows: Rows = statement.start(str(path[0].target))
        column = rows.path_column(path[1:])
        return (
            sa.select(column)
            .select_from(statement.from_clause())
            .where(rows.id == value)
            .scalar_subquery()
        )

    def _parameter(self, field: FieldModel) -> Column:
        dialect = self._surroundings.dialect
        name, _, _ = self.used.setdefault(
            field.name, (f"form_{field.name}", field, field.storage.to_driver(dialect))
        )
        return parameter(name, field.storage, dialect)
