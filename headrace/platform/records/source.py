"""The source that every reader starts from (architecture D8): rows and fields that may be seen.

A source is one statement under construction. Its columns exist only for fields that the rights
contain; where the right to a field depends on the row, the column is a CASE. Paths along lookups
are guarded step by step: what may not be read there is null, as if there were nothing. A masked field
is its masked text to everything that starts here, filters and order too, so that nothing can be asked
of what is hidden; `records.unmasking` alone shows it whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.parameters import (
    CREDENTIAL,
    NOW,
    ORGANISATION,
    REAL_NOW,
    TERRITORIES,
    TODAY,
    USER,
    Column,
    Condition,
    is_one_of,
    list_value,
    parameter,
)
from headrace.platform.access.policy import (
    Pair,
    RowAccess,
    Truth,
    Wanted,
    all_of,
    any_of,
    as_condition,
    guarded,
    names_of,
    pairs_for,
)
from headrace.platform.access.rows import (
    OuterColumn,
    Picked,
    Rows,
    RowsBinder,
    Statement,
    Surroundings,
)
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message, Problem
from headrace.platform.database.engine import Reading
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.sql import compile_sql
from headrace.platform.metadata.catalog import FieldModel, FieldPath, ObjectModel
from headrace.platform.metadata.definitions.objects import MaskDef
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.masking import STARS
from headrace.platform.metadata.storage_types import DATE, ID, INSTANT, Dialect
from headrace.platform.records.context import Context
from headrace.platform.records.linked import Linked, Listed
from headrace.platform.records.polymorphic import Polymorphic, Referred

FIELD_UNKNOWN = Message(
    "field.unknown",
    "“{object}” has no field “{name}”.",
    "“{object}”没有字段“{name}”。",
    "Known fields: {suggestion}.",
    "可用字段：{suggestion}。",
)
SHOWN_NAMES: Final = 8


ReadableNames = Callable[[str], frozenset[str]]


def source(context: Context, object_name: str, *, by_task: bool = False) -> Source:
    """Return the rows of an object that the principal may read.

    `by_task` adds the records on which a task of the principal is open.
    """
    return Source(context.surroundings(), object_name, by_task=by_task)


class Source:
    """Rows of an object with the columns that the rights contain."""

    def __init__(
        self,
        surroundings: Surroundings,
        object_name: str,
        *,
        by_task: bool = False,
        prefix: str = "t",
        picked: Picked | None = None,
        deleted: bool = False,
    ) -> None:
        self.surroundings = surroundings
        self._by_task = by_task
        self._deleted = deleted
        self._pairs: dict[str, tuple[Pair, ...]] = {}
        self._access: dict[Rows, RowAccess] = {}
        self._guards: list[Truth] = []
        self.statement = Statement(surroundings, prefix)
        self.rows = self.statement.start(object_name, picked)

    @property
    def model(self) -> ObjectModel:
        """The object that the rows belong to."""
        return self.rows.model

    def is_visible(self) -> Condition | None:
        """Return whether a row is live and may be read; None where that holds for all.

        Deleted rows, where they are asked for, are for those who may delete them.
        """
        truth = all_of((self._live(), self._of(self.rows).row()))
        if self._deleted:
            pairs = pairs_for(
                self.surroundings.catalog, self.surroundings.rights, self.model.name, "delete"
            )
            truth = all_of((truth, RowAccess(self.rows, pairs).row()))
        return None if truth is True else as_condition(truth)

    def rights(self) -> list[tuple[Truth, frozenset[str]]]:
        """Return what must hold in a row for which names to be read."""
        return self._of(self.rows).pairs()

    def is_task_open(self) -> Truth:
        """Return whether a task of the user is open on the row (or on its master)."""
        pairs = self._pairs_of(self.model.name)
        return any_of(pair.holds(self.rows) for pair in pairs if pair.by_task)

    def column(self, path: FieldPath | str, place: str = "") -> Column:
        """Return the column of a field, or of one reached over lookups.

        Raise `field.unknown` at `place` for a name that is unknown or not within the rights.
        """
        rows, field, allowed = self._walk(self.resolve(path, place))
        if field.links is not None:
            return guarded(self._linked(rows, field).ids(), allowed)
        if field.targets:
            return guarded(self._polymorphic(rows, field).value(), allowed)
        column = rows.column(field)
        mask = field.definition.masked
        if mask is not None and not self.surroundings.rights.is_system:
            column = masked_column(column, mask)
        return guarded(column, allowed)

    def sort_column(self, path: FieldPath | str, place: str = "") -> Column:
        """Return what rows are ordered by where a field is asked for: its sort key, if it has one."""
        steps = self.resolve(path, place)
        name = steps[-1].sort_key
        return self.column(steps) if name is None else self._key(steps, name)

    def words_column(self, path: FieldPath | str) -> Column:
        """Return where words of a field are looked for: its words without markup, or the field itself."""
        steps = self.resolve(path)
        name = steps[-1].words_key
        return self.column(steps) if name is None else self._key(steps, name)

    def search_key(self, name: str) -> Column | None:
        """Return what the pinyin of a field of the row itself is found in; None where it has no key."""
        steps = self.resolve(name)
        key = steps[-1].search_key
        return None if key is None else self._key(steps, key)

    def _key(self, path: FieldPath, name: str) -> Column:
        """Return a key of the field that a path leads to, where that may be read."""
        rows, _, allowed = self._walk(path)
        return guarded(rows.column(rows.model.fields[name]), allowed)

    def title(self, path: FieldPath | str, place: str = "") -> tuple[Column, FieldModel] | None:
        """Return the title of what a reference points to, and the field it comes from.

        None where the rights contain no title of the target. The title of a user is always shown.
        """
        rows, field, allowed = self._walk(self.resolve(path, place))
        target = self.surroundings.object(str(field.target))
        title = target.fields[target.title]
        if target.name != USER_OBJECT:
            if title.name not in names_of(self._pairs_of(target.name)):
                return None
            there = rows.follow(field)
            allowed = all_of((allowed, self._of(there).name(title.name)))
        return guarded(rows.follow(field).column(title), allowed), title

    def told(
        self, path: FieldPath | str, place: str = ""
    ) -> tuple[Column, Callable[[Any], Listed | Referred | None]]:
        """Return a list of references, or a polymorphic one, with titles as a text, and what reads it.

        What may not be read is not part of it.
        """
        rows, field, allowed = self._walk(self.resolve(path, place))
        column: Column
        read: Callable[[Any], Listed | Referred | None]
        if field.targets:
            column, read = self._polymorphic(rows, field).titled()
        else:
            column, read = self._linked(rows, field).titled()
        return guarded(column, allowed), read

    def polymorphic(self, path: FieldPath) -> tuple[Polymorphic, Truth]:
        """Return the polymorphic references of a field, to be asked, and where it may be read."""
        rows, field, allowed = self._walk(self.resolve(path))
        return self._polymorphic(rows, field), allowed

    def links(self, path: FieldPath) -> tuple[Linked, Truth]:
        """Return the links of a field, to be asked, and where it may be read."""
        rows, field, allowed = self._walk(self.resolve(path))
        return self._linked(rows, field), allowed

    def where(self, expression: Expression, outer: OuterColumn | None = None) -> Condition:
        """Return whether a formula over the row holds, seen with these rights only."""
        return compile_sql(expression.tree, _GuardedBinder(self, outer))

    def where_unguarded(
        self, expression: Expression, outer: OuterColumn | None = None
    ) -> Condition:
        """Return whether a formula over the row holds, whoever asks: the filter of a lookup.

        For conditions of a definition that decide over rows and show none of what they read.
        """
        return self.rows.holds(expression, outer)

    def resolve(self, path: FieldPath | str, place: str = "") -> FieldPath:
        """Return the fields of a path, each of which the rights contain."""
        names = path if isinstance(path, str) else ".".join(field.name for field in path)
        return resolve(self.surroundings, self.model.name, names, place, by_task=self._by_task)

    def select(
        self,
        columns: Sequence[Column],
        *,
        where: Iterable[Condition] = (),
        group_by: Sequence[Column | str] = (),
        order_by: Sequence[Column] = (),
    ) -> sa.Select[Any]:
        """Return the select over visible rows; every column comes from this source.

        `group_by` may name columns by their labels.
        """
        # The predicate may join more tables, so it comes before the FROM clause is taken.
        visible = self.is_visible()
        statement = sa.select(*columns).select_from(self.statement.from_clause())
        if visible is not None:
            statement = statement.where(visible)
        for condition in where:
            statement = statement.where(condition)
        if group_by:
            statement = statement.group_by(*group_by)
        return statement.order_by(*order_by) if order_by else statement

    def _polymorphic(self, rows: Rows, field: FieldModel) -> Polymorphic:
        return Polymorphic(rows, field, self._pairs_of)

    def _linked(self, rows: Rows, field: FieldModel) -> Linked:
        return Linked(rows, field, self._pairs_of(str(field.links)))

    def _walk(self, path: FieldPath) -> tuple[Rows, FieldModel, Truth]:
        """Follow a path; return its last rows and field, and whether all steps may be seen."""
        rows = self.rows
        steps = [self._of(rows).name_where_row(path[0].name)]
        for field, following in pairwise(path):
            rows = rows.follow(field)
            steps.append(self._of(rows).name(following.name))
        return rows, path[-1], all_of(steps)

    def _live(self) -> Truth:
        live = self.rows.is_live
        if self._deleted:
            return False if live is None else sa.not_(live)
        return True if live is None else live

    def _of(self, rows: Rows) -> RowAccess:
        found = self._access.get(rows)
        if found is None:
            found = self._access[rows] = RowAccess(rows, self._pairs_of(rows.model.name))
        return found

    def _pairs_of(self, object_name: str) -> tuple[Pair, ...]:
        if object_name not in self._pairs:
            self._pairs[object_name] = read_pairs(
                self.surroundings, object_name, by_task=self._by_task
            )
        return self._pairs[object_name]


def masked_column(column: Column, mask: MaskDef) -> Column:
    """Return what `metadata.masking.masked_text` gives, in SQL."""
    length = sa.func.length(column)
    start = sa.func.substr(column, 1, mask.start)
    end = sa.func.substr(column, length - mask.end + 1)
    hidden = sa.literal(STARS, sa.String())
    return sa.case(
        (length <= mask.start + mask.end, hidden),
        (length.is_not(None), start.op("||")(hidden).op("||")(end)),
        else_=sa.null(),
    )


class _GuardedBinder(RowsBinder):
    """Columns of formulas that somebody else's rights are held against: views, reports."""

    def __init__(self, source_: Source, outer: OuterColumn | None = None) -> None:
        super().__init__(source_.rows, outer)
        self._source = source_

    def column(self, path: tuple[str, ...], /) -> Column:
        """Return the guarded column that a path of field ids leads to."""
        return self._source.column(path_of_ids(self._source.surroundings, self._source.model, path))


# -- names ---------------------------------------------------------------------------------------


def read_pairs(
    surroundings: Surroundings, object_name: str, *, by_task: bool = False
) -> tuple[Pair, ...]:
    """Return the pairs that let the rights read rows of an object."""
    return pairs_for(
        surroundings.catalog, surroundings.rights, object_name, "read", by_task=by_task
    )


def resolve(
    surroundings: Surroundings,
    object_name: str,
    names: str,
    place: str = "",
    *,
    by_task: bool = False,
    readable_names: ReadableNames | None = None,
) -> FieldPath:
    """Return the fields of a dotted path; unknown and unreadable are the same refusal.

    `readable_names` gives the names of an object that the rights contain, where they are kept.
    """
    found: list[FieldModel] = []
    current = surroundings.catalog.object(object_name)
    for name in names.split("."):
        if current is None:
            raise RefusedError(unknown_field(object_name, name, (), place))
        if readable_names is not None:
            readable = readable_names(current.name)
        else:
            readable = names_of(read_pairs(surroundings, current.name, by_task=by_task))
        field = current.fields.get(name)
        if field is None or name not in readable:
            raise RefusedError(unknown_field(current.name, name, readable, place))
        found.append(field)
        current = surroundings.catalog.object(field.target) if field.target else None
    return tuple(found)


def kept_names(context: Context) -> ReadableNames:
    """Return what gives the readable names of an object, made once for each catalog and rights."""
    catalog, rights, compiled = context.catalog, context.principal.rights, context.compiled

    def names(object_name: str) -> frozenset[str]:
        return compiled.get(
            catalog,
            ("readable", rights, object_name),
            lambda: names_of(pairs_for(catalog, rights, object_name, "read")),
        )

    return names


def unknown_field(object_name: str, name: str, readable: Iterable[str], place: str) -> Problem:
    """Return the one problem for fields that do not exist and fields that may not be known."""
    known = sorted(readable)
    near = get_close_matches(name, known, n=1, cutoff=0.5) or known[:SHOWN_NAMES]
    return FIELD_UNKNOWN.at(place, object=object_name, name=name, suggestion=", ".join(near))


def path_of_ids(surroundings: Surroundings, model: ObjectModel, ids: tuple[str, ...]) -> FieldPath:
    """Return the fields that a formula's path of ids speaks of."""
    found: list[FieldModel] = []
    current: ObjectModel | None = model
    for field_id in ids:
        fields = current.fields.values() if current else ()
        field = next((one for one in fields if one.id == field_id), None)
        if field is None:
            raise LookupError(field_id)
        found.append(field)
        current = surroundings.catalog.object(field.target) if field.target else None
    return tuple(found)


# -- rights to one row -----------------------------------------------------------------------------


def row_rights(
    context: Context,
    on: Reading | UnitOfWork,
    object_name: str,
    record_id: str,
    action: Wanted,
    *,
    by_task: bool = False,
) -> frozenset[str] | None:
    """Return the names of fields and relations that `action` may touch in one live row.

    None where the action is not allowed on the row at all, or there is none. For `transition` the
    names are those of the transitions that grants list. Asked on a unit of work after a write, it
    judges the row as it has become. `by_task` counts an open task as the right to read.
    """
    rights = context.principal.rights
    plan = context.compiled.get(
        context.catalog,
        ("row_rights", rights, object_name, action, by_task),
        lambda: _rights_plan(context.surroundings(), object_name, action, by_task=by_task),
    )
    if plan is None or not is_record_id(record_id):
        return None
    rows = on.rows(plan.prepared, {**plan.late(context), RECORD: record_id})
    if not rows:
        return None
    held = [names for names, holds in zip(plan.names, rows[0][1:], strict=True) if holds]
    return frozenset().union(*held) if held else None


def rights_of_rows(
    context: Context,
    on: Reading | UnitOfWork,
    object_name: str,
    record_ids: Sequence[str],
    action: Wanted,
) -> dict[str, frozenset[str]]:
    """Return what `row_rights` gives for each of several live rows, those without a right left out.

    Costs one statement.
    """
    rights = context.principal.rights
    plan = context.compiled.get(
        context.catalog,
        ("rights_of_rows", rights, object_name, action),
        lambda: _rights_plan(
            context.surroundings(), object_name, action, by_task=False, several=True
        ),
    )
    known = [one for one in record_ids if is_record_id(one)]
    if plan is None or not known:
        return {}
    ids = list_value(known, context.database.dialect)
    found = {}
    for row in on.rows(plan.prepared, {**plan.late(context), RECORD: ids}):
        held = [names for names, holds in zip(plan.names, row[1:], strict=True) if holds]
        if held:
            found[str(row[0])] = frozenset().union(*held)
    return found


RECORD: Final = "record"


class _RightsPlan:
    def __init__(self, prepared: Prepared, names: list[frozenset[str]], dialect: Dialect) -> None:
        self.prepared = prepared
        self.names = names
        self.late = late_values(prepared, dialect)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A grant that lets the principal do something with a row, and the names that it covers."""

    origin: str
    names: frozenset[str]


def explain(
    context: Context, object_name: str, record_id: str, action: Wanted = "read"
) -> tuple[Explanation, ...]:
    """Return the grants of the principal that hold for one live row; none where it is closed."""
    surroundings = context.surroundings()
    pairs = pairs_for(surroundings.catalog, surroundings.rights, object_name, action)
    if not pairs:
        return ()
    statement = Statement(surroundings)
    rows = statement.start(object_name)
    plan = _flags_plan(statement, rows, [(pair.holds(rows), pair.names) for pair in pairs])
    with context.database.reading() as reading:
        found = reading.rows(plan.prepared, {**plan.late(context), RECORD: record_id})
    flags = found[0][1:] if found else ()
    return tuple(
        Explanation(pair.origin, pair.names)
        for pair, holds in zip(pairs, flags, strict=False)
        if holds
    )


def _rights_plan(
    surroundings: Surroundings,
    object_name: str,
    action: Wanted,
    *,
    by_task: bool,
    several: bool = False,
) -> _RightsPlan | None:
    pairs = pairs_for(
        surroundings.catalog, surroundings.rights, object_name, action, by_task=by_task
    )
    if not pairs:
        return None
    statement = Statement(surroundings)
    rows = statement.start(object_name)
    return _flags_plan(statement, rows, RowAccess(rows, pairs).pairs(), several=several)


def _flags_plan(
    statement: Statement,
    rows: Rows,
    compiled: list[tuple[Truth, frozenset[str]]],
    *,
    several: bool = False,
) -> _RightsPlan:
    """Return the plan that says for one row, or for several, which truths hold."""
    surroundings = statement.surroundings
    columns = [sa.case((as_condition(truth), 1), else_=0) for truth, _ in compiled]
    select = sa.select(rows.id, *columns).select_from(statement.from_clause())
    if several:
        select = select.where(is_one_of(rows.id, RECORD, ID, surroundings.dialect))
    else:
        select = select.where(rows.id == parameter(RECORD, ID, surroundings.dialect))
    if rows.is_live is not None:
        select = select.where(rows.is_live)
    names = [names for _, names in compiled]
    return _RightsPlan(prepare(select, surroundings.dialect), names, surroundings.dialect)


# -- late parameters -------------------------------------------------------------------------------

LateValue = Callable[[Context], Any]


def late_values(prepared: Prepared, dialect: Dialect) -> Callable[[Context], dict[str, Any]]:
    """Return what gives the parameters of `access.parameters` that a statement takes."""
    return late_values_of(prepared.names, dialect)


def late_values_of(names: Iterable[str], dialect: Dialect) -> Callable[[Context], dict[str, Any]]:
    """Return what gives those of the parameters called `names` that are of `access.parameters`."""
    needed = [
        (name, getter)
        for name in dict.fromkeys(names)
        if (getter := _late_value(name, dialect)) is not None
    ]
    return lambda context: {name: getter(context) for name, getter in needed}


def _late_value(name: str, dialect: Dialect) -> LateValue | None:
    if name.startswith(TERRITORIES):
        role = name.removeprefix(TERRITORIES)
        return lambda context: list_value(context.principal.territories_of(role), dialect)
    day, instant = DATE.to_driver(dialect), INSTANT.to_driver(dialect)
    getters: dict[str, LateValue] = {
        USER: lambda context: context.principal.user_id,
        ORGANISATION: lambda context: context.principal.organisation,
        TODAY: lambda context: day(context.today()),
        NOW: lambda context: instant(context.now()),
        CREDENTIAL: lambda context: context.principal.credential.id,
        REAL_NOW: lambda context: context.real_clock.now(),
    }
    return getters.get(name)
