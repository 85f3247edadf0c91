"""Counts and lists rows of a `RowSet`: in SQL over the planned rows, else one by one in Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa
from marshmallow import ValidationError, fields
from sqlalchemy.sql import visitors

from headrace.platform.access.parameters import (
    Column,
    Condition,
    holds_values,
    is_one_of,
    list_value,
)
from headrace.platform.access.rows import Rows, RowsBinder, Statement, field_by_id
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.messages import FormulaValueError
from headrace.platform.formulas.python import holds, is_broken
from headrace.platform.formulas.sql import UnsupportedInSqlError, is_overflow, is_too_complex
from headrace.platform.metadata.catalog import FieldModel, FieldRuleModel, ObjectModel, RuleModel
from headrace.platform.metadata.definitions.objects import ChildDef
from headrace.platform.metadata.field_types.base import files_of
from headrace.platform.metadata.field_types.files import misfits
from headrace.platform.metadata.storage_types import (
    ID,
    Dialect,
    Storage,
    files_in,
    typed_parts,
    values_in,
)
from headrace.platform.publishing.failing.converting import refuses, restored_at
from headrace.platform.publishing.failing.planned import PlannedRows
from headrace.platform.publishing.failing.python_rows import (
    PlannedBatch,
    evaluator,
    rows_in_python,
)
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
from headrace.platform.publishing.failing.shared_keys import converted_groups
from headrace.platform.records.drafts import Row
from headrace.platform.records.environment import RowEnvironment
from headrace.platform.records.field_rules import is_met
from headrace.platform.records.shapes import ObjectShape
from headrace.platform.records.source import late_values_of
from headrace.platform.records.spans import compared, keys_of, spans_of

FIRST: Final = 20
"""Ids that a plan shows."""

PYTHON_ROWS: Final = 200_000
"""Most rows of an object that are looked at one by one; what lies beyond is said, not guessed."""

VALUES: Final = "p_values"
ONLY: Final = "p_only"
HELD: Final = "p_held"

Chosen = Mapping[str, Collection[str]]
"""Ids of rows by the id of their object: of these objects no other rows are looked at."""
EVERYTHING: Final[Chosen] = MappingProxyType({})

PythonTest = Callable[[PlannedBatch, ObjectShape, Row], bool]


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of a set: how many, the first ids in their order, and all ids when `ids` is asked.

    `groups` counts groups of equal values. Not `complete`: only the first rows of the object were
    looked at, because it has more than can be evaluated one by one.
    """

    count: int
    first: tuple[str, ...] = ()
    complete: bool = True
    groups: int | None = None


NOTHING: Final = Found(0)


class _InSql:
    """A set as a condition of one statement."""

    def __init__(self, statement: Statement, rows: Rows) -> None:
        self.statement = statement
        self.rows = rows
        self.conditions: list[Condition] = []
        self.parameters: dict[str, Any] = {}

    def select(self, *columns: Column) -> sa.Select[Any]:
        """Return the select of columns over the rows of the set."""
        conditions = list(self.conditions)
        if self.rows.is_live is not None:
            conditions.append(self.rows.is_live)
        return sa.select(*columns).select_from(self.statement.from_clause()).where(*conditions)


class RowFinder:
    """Finds rows of sets in the tables of the live version; writes nothing.

    Of the objects in `only`, just those rows are looked at, and no pairs of equal ones.
    """

    def __init__(
        self,
        rows: PlannedRows,
        limit: int = PYTHON_ROWS,
        only: Chosen = EVERYTHING,
    ) -> None:
        self.rows = rows
        self._limit = limit
        self._only = only

    def without(self, line: str) -> RowFinder:
        """Return what finds the rows as they will be without what a line of the plan does to them."""
        rows = self.rows.without(line)
        return self if rows is self.rows else RowFinder(rows, self._limit, self._only)

    @property
    def _dialect(self) -> Dialect:
        return self.rows.live.tables.dialect

    def find(self, row_set: RowSet) -> Found:
        """Return how many rows a set has, and the first of them."""
        if row_set.object_id not in self.rows.former:
            return NOTHING
        only = self._only.get(row_set.object_id)
        if only is not None and (not only or isinstance(row_set, Duplicates)):
            return NOTHING
        found = self._in_sql(row_set, self._count)
        return found if found is not None else self._count_in_python(row_set)

    def ids(self, row_set: RowSet) -> Iterator[str]:
        """Yield the ids of all rows of a set, in their order."""
        if row_set.object_id not in self.rows.former:
            return
        last = ""
        try:
            with self.rows.connection.begin_nested():
                for row_id in self._ids_in_sql(row_set):
                    last = row_id
                    yield row_id
        except UnsupportedInSqlError:
            pass
        except sa.exc.DBAPIError as error:
            if not _is_for_python(error):
                raise
        else:
            return
        # SQL gave the rows before the one that it cannot compute; they are not given again.
        yield from (one for one in self._ids_in_python(row_set) if one > last)

    # -- in SQL -----------------------------------------------------------------------------

    def _in_sql(self, row_set: RowSet, action: Callable[[RowSet], Found]) -> Found | None:
        """Return what `action` finds; None where SQL cannot say it, overflows, or is too complex."""
        try:
            with self.rows.connection.begin_nested():
                return action(row_set)
        except UnsupportedInSqlError:
            return None
        except sa.exc.DBAPIError as error:
            if not _is_for_python(error):
                raise
            return None

    def _count(self, row_set: RowSet) -> Found:
        asked = self._asked(row_set)
        if asked is None:
            return NOTHING
        count = self._run(asked, asked.select(sa.func.count())).scalar_one()
        if not count:
            return NOTHING
        first = asked.select(asked.rows.id).order_by(asked.rows.id).limit(FIRST)
        ids = tuple(str(one) for one in self._run(asked, first).scalars())
        groups = None
        if isinstance(row_set, Duplicates):
            keys = self._keys(asked.rows, row_set)
            distinct = asked.select(*(key.label(f"k{i}") for i, key in enumerate(keys))).distinct()
            counted = sa.select(sa.func.count()).select_from(distinct.subquery())
            groups = self._run(asked, counted).scalar_one()
        return Found(count, ids, groups=groups)

    def _ids_in_sql(self, row_set: RowSet) -> Iterator[str]:
        asked = self._asked(row_set)
        if asked is None:
            return
        select = asked.select(asked.rows.id).order_by(asked.rows.id)
        result = self._run(asked, select, streaming=True)
        with result:
            for one in result.scalars():
                yield str(one)

    def _run(
        self, asked: _InSql, select: sa.Select[Any], *, streaming: bool = False
    ) -> sa.CursorResult[Any]:
        context = self.rows.context
        # SQLAlchemy compiles the statement as it runs; to be asked for names it need not be before.
        names = (one.key for one in visitors.iterate(select) if isinstance(one, sa.BindParameter))
        late = late_values_of(names, self._dialect)
        parameters = {**late(context), **asked.parameters}
        options = {"yield_per": 1000} if streaming else {}
        return self.rows.connection.execute(select, parameters, execution_options=options)

    def _asked(self, row_set: RowSet) -> _InSql | None:
        """Return the statement of a set; None where it cannot have rows."""
        asked = self._of_all(row_set)
        only = self._only.get(row_set.object_id)
        if asked is not None and only is not None:
            asked.conditions.append(is_one_of(asked.rows.id, ONLY, ID, self._dialect))
            asked.parameters[ONLY] = list_value(sorted(only), self._dialect)
        return asked

    def _of_all(self, row_set: RowSet) -> _InSql | None:
        if isinstance(row_set, AllRows | Having | Unconvertible):
            return self._of_live(row_set)
        model = self.rows.models[row_set.object_id]
        statement = Statement(self.rows.surroundings, "t")
        rows = statement.start(model.name)
        asked = _InSql(statement, rows)
        match row_set:
            case Breaking():
                rule = rule_of(model, row_set.rule)
                asked.conditions.append(sa.not_(rows.holds(rule.unless)))
                if rule.when is not None:
                    asked.conditions.append(rows.holds(rule.when))
            case Needing():
                asked.conditions.extend(_needing(model, rows, row_set.rule))
            case Emptied():
                field = field_by_id(model, row_set.field_id)
                asked.conditions.append(_lacks(model, rows, field.name))
            case Duplicates():
                asked.conditions.append(self._shared(rows, row_set))
            case Overlapping():
                asked.conditions.append(self._overlapping(model, rows, row_set.ban))
            case NotAllowed():
                field = field_by_id(model, row_set.field_id)
                refused = [*self._refused(asked, field)]
                if not refused:
                    return None
                self._one_of(asked, rows.column(field), field.storage, refused)
                self._since(asked, row_set.since)
            case OutsideFilter():
                asked.conditions.append(_outside(rows, field_by_id(model, row_set.field_id)))
            case WrongNumber():
                asked.conditions.append(self._wrong_number(model, rows, row_set.relation))
        return asked

    def _of_live(self, row_set: AllRows | Having | Unconvertible) -> _InSql | None:
        statement = Statement(self.rows.live_surroundings, "t")
        model = self.rows.former[row_set.object_id]
        rows = statement.start(model.name)
        asked = _InSql(statement, rows)
        if isinstance(row_set, Unconvertible):
            return self._unconvertible(asked, field_by_id(model, row_set.field_id), row_set)
        if isinstance(row_set, Having):
            field = field_by_id(model, row_set.field_id)
            column = rows.column(field)
            if row_set.values is None:
                asked.conditions.append(column.is_not(None))
            elif field.storage.many:
                held = list_value(list(row_set.values), self._dialect)
                asked.parameters[HELD] = held
                asked.conditions.append(
                    holds_values(column, HELD, every=False, dialect=self._dialect)
                )
            else:
                parser = field.type.value_field(field.options)
                self._one_of(
                    asked,
                    column,
                    field.storage,
                    [_driver(one, field, parser, self._dialect) for one in row_set.values],
                )
            self._since(asked, row_set.since)
        return asked

    def _unconvertible(
        self, asked: _InSql, earlier: FieldModel, row_set: Unconvertible
    ) -> _InSql | None:
        if not earlier.stored:
            raise UnsupportedInSqlError(earlier.name)
        model = self.rows.models[row_set.object_id]
        field = field_by_id(model, row_set.field_id)
        fails = refuses(self.rows, earlier, field, lossy=row_set.lossy)
        read = earlier.storage.from_driver(self._dialect)
        column = asked.rows.column(earlier)
        since = restored_at(self.rows, model, field)
        if since is not None:
            changed = asked.rows.model.fields["updated_at"]
            moment = changed.storage.to_driver(self._dialect)(since)
            asked.conditions.append(asked.rows.column(changed) > moment)
        select = asked.select(column).where(column.is_not(None)).distinct()
        values = self._run(asked, select, streaming=True).scalars()
        found = [value for value in values if fails(read(value))]
        if not found:
            return None
        self._one_of(asked, column, earlier.storage, found)
        return asked

    def _since(self, asked: _InSql, since: datetime | None) -> None:
        """Keep to rows that were changed after a moment."""
        if since is not None:
            changed = asked.rows.model.fields["updated_at"]
            moment = changed.storage.to_driver(self._dialect)(since)
            asked.conditions.append(asked.rows.column(changed) > moment)

    def _one_of(
        self, asked: _InSql, column: Column, storage: Storage, values: Sequence[Any]
    ) -> None:
        asked.conditions.append(is_one_of(column, VALUES, storage, self._dialect))
        asked.parameters[VALUES] = list_value(values, self._dialect)

    def _keys(self, rows: Rows, row_set: Duplicates) -> list[Column]:
        return [rows.column(field_by_id(rows.model, one)) for one in row_set.field_ids]

    def _shared(self, rows: Rows, row_set: Duplicates) -> Any:
        """Return the condition that another live row has the same values."""
        inner = Statement(self.rows.surroundings, "g")
        grouped = inner.start(rows.model.name)
        keys = self._keys(grouped, row_set)
        conditions: list[Condition] = [key.is_not(None) for key in keys]
        if grouped.is_live is not None:
            conditions.append(grouped.is_live)
        groups = (
            sa.select(*keys)
            .select_from(inner.from_clause())
            .where(*conditions)
            .group_by(*keys)
            .having(sa.func.count() > 1)
        )
        own = self._keys(rows, row_set)
        return own[0].in_(groups) if len(own) == 1 else sa.tuple_(*own).in_(groups)

    def _overlapping(self, model: ObjectModel, rows: Rows, name: str) -> Condition:
        """Return the condition that the range of another live row overlaps with the row's own."""
        ban = model.ban(name)
        keys = keys_of(self.rows.catalog, model, ban)
        if any(key.spotted for key in keys):
            raise UnsupportedInSqlError(name)
        statement = Statement(self.rows.surroundings, "o")
        other = statement.start(model.name)

        def both(field: FieldModel) -> tuple[Column, Column]:
            return rows.column(field), other.column(field)

        definition = ban.definition
        start, other_start = both(model.fields[definition.from_])
        end, other_end = both(model.fields[definition.to])
        conditions: list[Condition] = [
            mine == theirs for mine, theirs in (both(key.field) for key in keys)
        ]
        conditions.append(other.id != rows.id)
        pairs = ((start, end), (other_start, other_end), (start, other_end), (other_start, end))
        for begins, ends in pairs:
            before = begins <= ends if definition.ends == "inclusive" else begins < ends
            conditions.append(sa.or_(begins.is_(None), ends.is_(None), before))
        if other.is_live is not None:
            conditions.append(other.is_live)
        found = sa.select(sa.literal(1)).select_from(statement.from_clause()).where(*conditions)
        return sa.exists(found.correlate(rows.alias))

    def _refused(self, asked: _InSql, field: FieldModel) -> Iterator[Any]:
        """Yield the different values in use that the field's type refuses, as driver values."""
        column = asked.rows.column(field)
        allowed = self._accepts(field)
        select = asked.select(column).where(column.is_not(None)).distinct()
        for value in self._run(asked, select, streaming=True).scalars():
            if not allowed(value):
                yield value

    def _accepts(self, field: FieldModel) -> Callable[[Any], bool]:
        if field.targets:
            objects = {self.rows.catalog.objects[name].id for name in field.targets}
            return lambda value: typed_parts(value)[0] in objects
        return accepts(field, self._dialect)

    def _wrong_number(self, model: ObjectModel, rows: Rows, name: str) -> Condition:
        relation = relation_of(model, name)
        statement = Statement(self.rows.surroundings, "d")
        details = statement.start(relation.object)
        by = details.column(details.model.fields[relation.by])
        conditions: list[Condition] = [by == rows.id]
        if details.is_live is not None:
            conditions.append(details.is_live)
        count = (
            sa.select(sa.func.count())
            .select_from(statement.from_clause())
            .where(*conditions)
            .correlate(rows.alias)
            .scalar_subquery()
        )
        return sa.or_(count < relation.min, count > relation.max)

    # -- in Python --------------------------------------------------------------------------

    def _count_in_python(self, row_set: RowSet) -> Found:
        if isinstance(row_set, Duplicates):
            groups = self._groups(row_set)
            ids = sorted(one for group in groups for one in group)
            return Found(len(ids), tuple(ids[:FIRST]), self._is_complete(row_set), len(groups))
        found = self._ids_in_python(row_set)
        first = tuple(islice(found, FIRST))
        count = len(first) + sum(1 for _ in found)
        return Found(count, first, self._is_complete(row_set))

    def _ids_in_python(self, row_set: RowSet) -> Iterator[str]:
        if isinstance(row_set, Duplicates):
            yield from sorted(one for group in self._groups(row_set) for one in group)
            return
        if isinstance(row_set, Overlapping):
            yield from self._overlapping_in_python(row_set)
            return
        model = self.rows.models[row_set.object_id]
        test, reads = self._python_test(model, row_set)
        only = self._only.get(row_set.object_id)
        for batch, shape, row in rows_in_python(self.rows, model.name, reads, self._limit, only):
            if test(batch, shape, row):
                yield str(row["id"])

    def _is_complete(self, row_set: RowSet) -> bool:
        all_rows = self._count(AllRows(row_set.object_id))
        return all_rows.count <= self._limit

    def _groups(self, row_set: Duplicates) -> list[list[str]]:
        model = self.rows.models[row_set.object_id]
        fields = [field_by_id(model, one) for one in row_set.field_ids]
        converted = converted_groups(self.rows, model, fields)
        if converted is not None:
            return converted
        names = [one.name for one in fields]
        groups: dict[tuple[Any, ...], list[str]] = defaultdict(list)
        for _, _, row in rows_in_python(self.rows, model.name, (), self._limit):
            key = tuple(row[name] for name in names)
            if None not in key:
                groups[key].append(str(row["id"]))
        return [group for group in groups.values() if len(group) > 1]

    def _overlapping_in_python(self, row_set: Overlapping) -> list[str]:
        model = self.rows.models[row_set.object_id]
        ban = model.ban(row_set.ban)
        rows = [
            (str(row["id"]), {name: row[name] for name in ban.reads})
            for _, _, row in rows_in_python(self.rows, model.name, (), self._limit)
        ]
        spans = spans_of(keys_of(self.rows.catalog, model, ban), ban, rows, self._lines)
        inclusive = ban.definition.ends == "inclusive"
        met = compared(spans, inclusive=inclusive)
        found = {one.row for one, others in met if next(others, None) is not None}
        only = self._only.get(row_set.object_id)
        return sorted(found if only is None else found.intersection(only))

    def _lines(self, tree: str, ids: Collection[str]) -> Mapping[str, Collection[str]]:
        """Return what rows of a tree will stand below: the stored paths may not say that yet."""
        name = str(self.rows.catalog.objects[tree].tree_field)
        parents = {
            str(row["id"]): row[name] for _, _, row in rows_in_python(self.rows, tree, (), None)
        }
        found: dict[str, Collection[str]] = {}
        for one in ids:
            line = dict.fromkeys((one,))
            while (parent := parents.get(next(reversed(line)))) and parent not in line:
                line[parent] = None
            found[one] = line
        return found

    def _python_test(
        self, model: ObjectModel, row_set: RowSet
    ) -> tuple[PythonTest, frozenset[tuple[str, ...]]]:
        match row_set:
            case Breaking():
                rule = rule_of(model, row_set.rule)
                reads = _references(rule.unless, rule.when)
                return (
                    lambda batch, shape, row: breaks(rule, batch.environment(shape, row))
                ), reads
            case Needing():
                needing = field_rule_of(model, row_set.rule)
                reads = _references(needing.when, *_shown_while(model, needing.definition.about))
                return (
                    lambda batch, shape, row: _needs(
                        model, needing, row, batch.environment(shape, row)
                    )
                ), reads
            case Emptied():
                name = field_by_id(model, row_set.field_id).name
                return (
                    lambda batch, shape, row: _is_lacking(
                        model, name, row, batch.environment(shape, row)
                    )
                ), _references(*_shown_while(model, (name,)))
            case NotAllowed():
                field = field_by_id(model, row_set.field_id)
                allowed = self._accepts(field)
                to_driver = field.storage.to_driver(self._dialect)
                return (
                    lambda _batch, _shape, row: (
                        row[field.name] is not None
                        and (row_set.since is None or row["updated_at"] > row_set.since)
                        and not allowed(to_driver(row[field.name]))
                    )
                ), frozenset()
            case OutsideFilter():
                field = field_by_id(model, row_set.field_id)
                return (
                    lambda batch, shape, row: _is_outside(batch, shape, row, field)
                ), frozenset()
            case Unconvertible():
                return self._unconvertible_in_python(model, row_set), frozenset()
            case _:
                raise UnsupportedInSqlError(type(row_set).__name__)

    def _unconvertible_in_python(self, model: ObjectModel, row_set: Unconvertible) -> PythonTest:
        """Return the test of a value that is computed when it is read."""
        field = field_by_id(model, row_set.field_id)
        earlier = field_by_id(self.rows.former[model.id], row_set.field_id)
        fails = refuses(self.rows, earlier, field, lossy=row_set.lossy)
        since = restored_at(self.rows, model, field)

        def test(batch: PlannedBatch, _shape: ObjectShape, row: Row) -> bool:
            held = batch.old.held(model, field, str(row["id"]))
            stays = since is not None and held.changed is not None and held.changed <= since
            return held.value is not None and not stays and fails(held.value)

        return test


def _is_for_python(error: sa.exc.DBAPIError) -> bool:
    """Say whether the rows themselves can answer what this statement could not."""
    return is_overflow(error) or is_too_complex(error)


def rule_of(model: ObjectModel, name: str) -> RuleModel:
    """Return the rule called `name`."""
    return next(one for one in model.rules if one.name == name)


def relation_of(model: ObjectModel, name: str) -> ChildDef:
    """Return the child relation called `name`."""
    return next(one for one in model.children if one.name == name)


def breaks(rule: RuleModel, row: RowEnvironment) -> bool:
    """Say whether a row breaks a rule, as saving it would."""
    try:
        if rule.when is not None and not holds(evaluator(rule.when)(row)):
            return False
        return is_broken(evaluator(rule.unless)(row))
    except FormulaValueError:
        return True


def field_rule_of(model: ObjectModel, name: str) -> FieldRuleModel:
    """Return the field rule called `name`."""
    return next(one for one in model.field_rules if one.name == name)


def _shown_while(model: ObjectModel, names: Collection[str]) -> list[Expression]:
    """Return the conditions without which any of these fields is hidden."""
    return [
        rule.when
        for rule in model.field_rules
        if rule.definition.effect == "show" and set(rule.definition.about) & set(names)
    ]


def _lacks(model: ObjectModel, rows: Rows, name: str) -> Condition:
    """Return the condition that a field is shown and empty."""
    shown = [rows.holds(when) for when in _shown_while(model, (name,)) if not when.uses_user]
    return sa.and_(rows.column(model.fields[name]).is_(None), *shown)


def _needing(model: ObjectModel, rows: Rows, name: str) -> tuple[Condition, Condition]:
    rule = field_rule_of(model, name)
    lacking = [_lacks(model, rows, one) for one in rule.definition.about]
    return rows.holds(rule.when), sa.or_(*lacking)


def _is_lacking(model: ObjectModel, name: str, row: Row, environment: RowEnvironment) -> bool:
    return row[name] is None and all(
        is_met(evaluator(when), environment)
        for when in _shown_while(model, (name,))
        if not when.uses_user
    )


def _needs(model: ObjectModel, rule: FieldRuleModel, row: Row, environment: RowEnvironment) -> bool:
    return is_met(evaluator(rule.when), environment) and any(
        _is_lacking(model, name, row, environment) for name in rule.definition.about
    )


def accepts(field: FieldModel, dialect: Dialect) -> Callable[[Any], bool]:
    """Return what says whether the field's type takes a driver value, and would store it as it is."""
    holding = files_of(field.type)
    if holding is not None:
        limits = holding.file_limits(field.options)
        return lambda value: next(misfits(files_in(value), limits), None) is None
    parser = field.type.value_field(field.options)
    to_json = field.storage.to_json(dialect)
    to_driver = field.storage.to_driver(dialect)

    def test(value: Any) -> bool:
        try:
            taken = parser.deserialize(to_json(value) if to_json else value)
        except ValidationError:
            return False
        return bool(to_driver(taken) == value)

    return test


def _driver(value: Any, field: FieldModel, parser: fields.Field[Any], dialect: Dialect) -> Any:
    """Return a JSON value of a field as the driver takes it."""
    parsed = value if field.computed is not None else parser.deserialize(value)
    return field.storage.to_driver(dialect)(parsed)


def _outside(rows: Rows, field: FieldModel) -> Condition:
    """Return the condition that a reference points to a live record that the filter refuses."""
    assert field.lookup_filter is not None  # noqa: S101 - asked for filtered references only
    if field.links is not None:
        raise UnsupportedInSqlError(field.name)
    target = rows.follow(field)
    fits = target.holds(field.lookup_filter, RowsBinder(rows).column)
    return sa.and_(
        target.id.is_not(None), sa.not_(sa.func.coalesce(fits, sa.false(), type_=sa.Boolean()))
    )


def _is_outside(batch: PlannedBatch, shape: ObjectShape, row: Row, field: FieldModel) -> bool:
    if field.key_of is not None:
        typed = row[field.key_of]
        one = None if typed is None else shape.record_of(field, str(typed))
        return one is not None and _refuses(batch, shape, row, field, one)
    value = row[field.name]
    if field.links is not None:
        ids = values_in(value) or []
        batch.fetch(batch.shapes.of(field.links), ids)
        return any(_refuses(batch, shape, row, field, one) for one in ids)
    return value is not None and _refuses(batch, shape, row, field, str(value))


def _refuses(
    batch: PlannedBatch, shape: ObjectShape, row: Row, field: FieldModel, record_id: str
) -> bool:
    target = batch.row(str(field.pointed), record_id)
    if target is None or field.lookup_filter is None:
        return False
    there = batch.shapes.of(str(field.pointed))
    environment = RowEnvironment(batch, there, target, target, batch.environment(shape, row))
    try:
        return not holds(evaluator(field.lookup_filter)(environment))
    except FormulaValueError:
        return True


def _references(*expressions: Expression | None) -> frozenset[tuple[str, ...]]:
    return frozenset(path for one in expressions if one for path in one.references())
