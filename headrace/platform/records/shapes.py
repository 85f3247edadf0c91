"""What writing rows of an object needs, compiled once for each catalog: statements, formulas, order."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import sqlalchemy as sa
from marshmallow import Schema

from headrace.platform.access.principals import Principal
from headrace.platform.core.problems import Severity, Text
from headrace.platform.database.physical import table_spec
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.database.tables import ObjectTable, Tables
from headrace.platform.formulas.environment import Evaluator
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.python import compile_python
from headrace.platform.metadata.building import SYSTEM_FIELD_NAMES
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel, RollupModel
from headrace.platform.metadata.definitions.access import Action
from headrace.platform.metadata.definitions.objects import ChildDef
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.storage_types import HOLDS_FILES, Convert, Dialect
from headrace.platform.records.choice_limits import Limits, limits_of
from headrace.platform.records.context import Context
from headrace.platform.records.drafts import Row
from headrace.platform.records.permits import Permit, permits_of

MOST_CHILDREN: Final = 1000

Effect = Literal["show", "require", "lock", "limit"]

Step = tuple[Literal["default", "formula"], str, Evaluator]
"""One value to compute in a new row: kind, field, formula."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready to be evaluated; `reads` holds the names of own fields it depends on."""

    name: str
    field: str | None
    message: Any
    unless: Evaluator
    when: Evaluator | None
    reads: frozenset[str]
    severity: Severity


@dataclass(frozen=True, slots=True)
class CompiledFieldRule:
    """A field rule ready to be evaluated; `about` are the fields it speaks of.

    `asks_user`: it depends on who acts.
    """

    name: str
    effect: Effect
    about: tuple[str, ...]
    when: Evaluator
    allowed: frozenset[str]
    message: Text
    asks_user: bool


@dataclass(frozen=True, slots=True)
class Refill:
    """A default that is made anew when what it reads changes, in the row or in its master."""

    name: str
    evaluate: Evaluator
    reads: frozenset[str]
    master_reads: frozenset[str]


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """Fields that live rows differ in, with the columns and the index that see to it."""

    index: str
    columns: frozenset[str]
    fields: tuple[str, ...]


class ObjectShape:
    """The writing side of one object. Immutable but for what is compiled at first use."""

    def __init__(self, shapes: Shapes, model: ObjectModel) -> None:
        self.shapes = shapes
        self.model = model
        self.name = model.name
        self.table: ObjectTable = (
            shapes.tables.user if model.name == USER_OBJECT else shapes.tables.of(model.name)
        )
        self.fields: Mapping[str, FieldModel] = model.fields
        self.stored = tuple(field for field in model.fields.values() if field.stored)
        self.stored_names = tuple(field.name for field in self.stored)
        self.stored_by_id = {field.id: field.name for field in self.stored}
        self.by_id = {field.id: field for field in model.fields.values()}
        self.source_by_id = {
            field.id: field.name if field.key_of is None or field.stored else field.key_of
            for field in model.fields.values()
        }
        """The field that holds what is read: that of a target is made of the reference to one of several."""
        dialect = shapes.dialect
        self._readers = tuple(
            (field.name, field.storage.from_driver(dialect)) for field in self.stored
        )
        self.to_driver = {field.name: field.storage.to_driver(dialect) for field in self.stored}
        self._updates: dict[frozenset[str], Prepared] = {}
        self._evaluators: dict[str, Evaluator] = {}

    # -- rows -----------------------------------------------------------------------------

    def row(self, values: Iterable[Any]) -> Row:
        """Return the Python values of a row that one of the selects below gave."""
        return {
            name: convert(value)
            for (name, convert), value in zip(self._readers, values, strict=False)
        }

    def path_of(self, values: tuple[Any, ...]) -> str | None:
        """Return the tree path in a row that one of the selects gave."""
        return str(values[len(self._readers)]) if self.table.path is not None else None

    def driver_values(self, values: Row, names: Iterable[str]) -> dict[str, Any]:
        """Return the parameters `v_<field>` of an insert or update."""
        to_driver = self.to_driver
        return {"v_" + name: to_driver[name](values.get(name)) for name in names}

    def inserted_values(self, values: Row) -> dict[str, Any]:
        """Return the parameters of an insert."""
        return {parameter: convert(values[name]) for parameter, name, convert in self._inserted}

    @functools.cached_property
    def _inserted(self) -> tuple[tuple[str, str, Convert], ...]:
        return tuple(("v_" + name, name, convert) for name, convert in self.to_driver.items())

    @functools.cached_property
    def columns(self) -> tuple[sa.ColumnElement[Any], ...]:
        """The columns of all selects: stored fields, then the tree path where there is one."""
        columns = [self.table.columns[name] for name in self.stored_names]
        if self.table.path is not None:
            columns.append(self.table.path)
        return tuple(columns)

    def live(self) -> sa.ColumnElement[bool]:
        """Return the condition of rows that are not deleted."""
        deleted_at = self.table.deleted_at
        return sa.true() if deleted_at is None else deleted_at.is_(None)

    @functools.cached_property
    def select_live(self) -> Prepared:
        """One live row by id, without a lock: what formulas look up."""
        statement = sa.select(*self.columns).where(self.table.id == _id(self), self.live())
        return self._prepare(statement)

    @functools.cached_property
    def select_many(self) -> Prepared:
        """Live rows by ids, without a lock."""
        ids = sa.bindparam("ids", expanding=True, type_=self.table.id.type)
        return self._prepare(sa.select(*self.columns).where(self.table.id.in_(ids), self.live()))

    @functools.cached_property
    def select_locked(self) -> Prepared:
        """One live row by id, locked against other writers but not against references to it."""
        statement = sa.select(*self.columns).where(self.table.id == _id(self), self.live())
        return self._prepare(statement.with_for_update(key_share=True))

    @functools.cached_property
    def select_deleting(self) -> Prepared:
        """One live row by id, locked against references to it as well."""
        statement = sa.select(*self.columns).where(self.table.id == _id(self), self.live())
        return self._prepare(statement.with_for_update())

    @functools.cached_property
    def select_many_locked(self) -> Prepared:
        """Live rows by ids, locked in the order of ids so that writers do not wait in a circle."""
        ids = sa.bindparam("ids", expanding=True, type_=self.table.id.type)
        statement = sa.select(*self.columns).where(self.table.id.in_(ids), self.live())
        return self._prepare(statement.order_by(self.table.id).with_for_update(key_share=True))

    @functools.cached_property
    def select_referred(self) -> Prepared:
        """One live row by id, kept from being deleted until the end of the transaction."""
        return self._referred(self.table.id == _id(self))

    @functools.cached_property
    def select_many_referred(self) -> Prepared:
        """The same for rows by ids."""
        ids = sa.bindparam("ids", expanding=True, type_=self.table.id.type)
        return self._referred(self.table.id.in_(ids))

    def _referred(self, condition: sa.ColumnElement[bool]) -> Prepared:
        statement = sa.select(*self.columns).where(condition, self.live())
        if self.model.system:
            return self._prepare(statement)
        return self._prepare(
            statement.order_by(self.table.id).with_for_update(read=True, key_share=True)
        )

    def select_by_key(self, name: str, *, locking: bool) -> Prepared:
        """Return the select of live rows by values of a unique field.

        With `locking` the rows are kept from being deleted until the end of the transaction.
        """
        column = self.table.columns[name]
        keys = sa.bindparam("keys", expanding=True, type_=column.type)
        statement = sa.select(*self.columns).where(column.in_(keys), self.live())
        if locking and not self.model.system:
            statement = statement.with_for_update(read=True, key_share=True)
        return self._prepare(statement)

    @functools.cached_property
    def select_details(self) -> Prepared:
        """The live rows of one master, locked."""
        return self._prepare(self._details().with_for_update())

    @functools.cached_property
    def select_details_unlocked(self) -> Prepared:
        """The live rows of one master."""
        return self._prepare(self._details())

    def _details(self) -> sa.Select[Any]:
        master = self.table.columns[str(self.model.master)]
        given = sa.bindparam("master", type_=master.type)
        statement = sa.select(*self.columns).where(master == given, self.live())
        return statement.order_by(self.table.id)

    # -- statements that write ------------------------------------------------------------

    @functools.cached_property
    def insert(self) -> Prepared:
        """Insert a row; the parameters are `v_<field>` and `v_path`."""
        values: dict[str, Any] = {
            self.table.columns[name].name: sa.bindparam(
                "v_" + name, type_=self.table.columns[name].type
            )
            for name in self.stored_names
        }
        if self.table.path is not None:
            values[self.table.path.name] = sa.bindparam("v_path", type_=self.table.path.type)
        return self._prepare(sa.insert(self.table.table).values(values))

    def update(self, names: frozenset[str]) -> Prepared:
        """Return the update of some fields of one row at a known version (`id`, `at_version`)."""
        found = self._updates.get(names)
        if found is None:
            found = self._updates[names] = self._prepare(self._update(names))
        return found

    def _update(self, names: frozenset[str]) -> sa.Update:
        columns = self.table.columns
        at_version = sa.bindparam("at_version", type_=columns["version"].type)
        values = {
            columns[name].name: sa.bindparam("v_" + name, type_=columns[name].type)
            for name in sorted(names - {"path"})
        }
        if "path" in names and self.table.path is not None:
            values[self.table.path.name] = sa.bindparam("v_path", type_=self.table.path.type)
        return (
            sa.update(self.table.table)
            .where(self.table.id == _id(self), columns["version"] == at_version)
            .values(values)
        )

    @functools.cached_property
    def delete(self) -> Prepared:
        """Mark one row as deleted (`id`, `at`, `v_version`, `v_updated_at`, `v_updated_by`)."""
        deleted_at = self.table.deleted_at
        assert deleted_at is not None  # noqa: S101 - only users have none, and they are not written here
        columns = self.table.columns
        values = {
            columns[name].name: sa.bindparam("v_" + name, type_=columns[name].type)
            for name in ("version", "updated_at", "updated_by")
        }
        values[deleted_at.name] = sa.bindparam("v_deleted_at", type_=deleted_at.type)
        at_version = sa.bindparam("at_version", type_=columns["version"].type)
        statement = sa.update(self.table.table).where(
            self.table.id == _id(self), columns["version"] == at_version
        )
        return self._prepare(statement.values(values))

    @functools.cached_property
    def undelete(self) -> Prepared:
        """Take the mark of deletion from one row (`id`)."""
        deleted_at = self.table.deleted_at
        assert deleted_at is not None  # noqa: S101 - only users have none, and they are not written here
        statement = sa.update(self.table.table).where(
            self.table.id == _id(self), deleted_at.is_not(None)
        )
        return self._prepare(statement.values({deleted_at.name: None}))

    def _prepare(self, statement: Any) -> Prepared:
        return prepare(statement, self.shapes.dialect)

    # -- what is computed -----------------------------------------------------------------

    def evaluator(self, name: str) -> Evaluator:
        """Return the compiled formula of a formula field."""
        found = self._evaluators.get(name)
        if found is None:
            expression = self.fields[name].expression
            assert expression is not None  # noqa: S101 - only formula fields have no column
            found = self._evaluators[name] = compile_python(expression.tree)
        return found

    @functools.cached_property
    def formulas(self) -> tuple[tuple[str, Evaluator], ...]:
        """The stored formulas, each after those that it reads."""
        return tuple(
            (name, self.evaluator(name))
            for name in self.model.computed_order
            if self.fields[name].stored
        )

    @functools.cached_property
    def steps(self) -> tuple[Step, ...]:
        """Defaults and stored formulas of a new row, each after those that it reads."""
        order: list[Step] = []
        done: set[str] = set()

        def visit(field: FieldModel) -> None:
            if field.name in done:
                return
            done.add(field.name)
            for expression in (field.default, field.expression):
                for path in sorted(expression.references()) if expression else ():
                    visit(self.by_id[path[0]])
            if field.default is not None:
                order.append(("default", field.name, compile_python(field.default.tree)))
            elif field.expression is not None and field.stored:
                order.append(("formula", field.name, self.evaluator(field.name)))

        for field in self.fields.values():
            visit(field)
        return tuple(order)

    @functools.cached_property
    def refills(self) -> tuple[Refill, ...]:
        """The defaults of system-written fields that read the row or its master, in order."""
        return tuple(
            self._refill(name, evaluate)
            for kind, name, evaluate in self.steps
            if kind == "default" and self.fields[name].definition.written_by == "system"
        )

    def _refill(self, field_name: str, evaluate: Evaluator) -> Refill:
        default = self.fields[field_name].default
        reads, master_reads = set(), set()
        for first, *rest in default.references() if default else ():
            name = self.source_by_id[first]
            if name != self.model.master:
                reads.add(name)
            elif rest:
                master_reads.add(self.shapes.of(self.master_name).source_by_id[rest[0]])
        return Refill(field_name, evaluate, frozenset(reads), frozenset(master_reads))

    @functools.cached_property
    def rules(self) -> tuple[CompiledRule, ...]:
        """The rules of the object."""
        return tuple(
            CompiledRule(
                name=rule.name,
                field=rule.definition.field,
                message=rule.definition.message,
                unless=compile_python(rule.unless.tree),
                when=_compiled(rule.when),
                reads=self._read_names(rule.unless, rule.when),
                severity=rule.definition.severity,
            )
            for rule in self.model.rules
        )

    @functools.cached_property
    def field_rules(self) -> tuple[CompiledFieldRule, ...]:
        """The field rules of the object."""
        return compiled_field_rules(self.model)

    @functools.cached_property
    def file_fields(self) -> tuple[FieldModel, ...]:
        """The fields that hold files."""
        return tuple(field for field in self.stored if field.storage.kind in HOLDS_FILES)

    @functools.cached_property
    def hideable(self) -> frozenset[str]:
        """The fields that may be hidden in some record."""
        return self.model.hideable

    @functools.cached_property
    def required_in(self) -> tuple[tuple[str, frozenset[str]], ...]:
        """The fields that a record needs to enter or leave some states, with those states."""
        return tuple(
            (field.name, frozenset(field.definition.required_in))
            for field in self.fields.values()
            if field.definition.required_in
        )

    def _read_names(self, *expressions: Expression | None) -> frozenset[str]:
        return frozenset(
            self.source_by_id[path[0]]
            for expression in expressions
            if expression is not None
            for path in expression.references()
        )

    @functools.cached_property
    def lookup_filters(self) -> Mapping[str, Evaluator]:
        """The conditions of lookups, by field."""
        return {
            field.name: compile_python(field.lookup_filter.tree)
            for field in self.fields.values()
            if field.lookup_filter is not None
        }

    def record_of(self, field: FieldModel, value: str) -> str | None:
        """Return the record that a polymorphic reference speaks of, where it is of the object of `field`.

        `field` is the one by which formulas walk to that object.
        """
        source = self.fields[str(field.key_of)]
        known = self.shapes.catalog.typed(source, value)
        return known[1] if known is not None and known[0] == field.target else None

    @functools.cached_property
    def choice_limits(self) -> tuple[Limits, ...]:
        """The choices of which not every value may be chosen always."""
        return limits_of(self.fields)

    @functools.cached_property
    def numbers(self) -> tuple[FieldModel, ...]:
        """The auto-number fields."""
        return tuple(field for field in self.fields.values() if field.computed == "number")

    @functools.cached_property
    def initial_state(self) -> tuple[str, str] | None:
        """The state field and the state of new rows."""
        workflow = self.shapes.catalog.workflows.get(self.model.workflow or "")
        if workflow is None or self.model.state_field is None:
            return None
        return self.model.state_field, workflow.initial

    @functools.cached_property
    def required(self) -> tuple[str, ...]:
        """The fields that need a value and that people or defaults fill."""
        return tuple(
            field.name
            for field in self.fields.values()
            if field.definition.required and field.stored and field.computed is None
        )

    @functools.cached_property
    def references(self) -> tuple[FieldModel, ...]:
        """The stored references that a caller may send, the master included."""
        return tuple(
            field
            for field in self.stored
            if field.target is not None and not field.system and field.computed is None
        )

    @functools.cached_property
    def lists(self) -> tuple[FieldModel, ...]:
        """The fields that hold several references."""
        return tuple(field for field in self.stored if field.links is not None)

    @functools.cached_property
    def polymorphic(self) -> tuple[FieldModel, ...]:
        """The fields that refer to a record of any of several objects."""
        return tuple(field for field in self.stored if field.targets)

    @functools.cached_property
    def unique_keys(self) -> tuple[UniqueKey, ...]:
        """The keys whose breach the database reports."""
        spec = table_spec(self.shapes.catalog, self.model, self.shapes.tables.names)
        names = {column.name: name for name, column in self.table.columns.items()}
        return tuple(
            UniqueKey(
                index.name,
                frozenset(index.columns),
                tuple(names[column] for column in index.columns),
            )
            for index in spec.indexes
            if index.unique
        )

    @functools.cached_property
    def kept(self) -> frozenset[str]:
        """The fields whose changes are kept in the history; a detail follows its master."""
        names = {field.name for field in self.stored if not field.system}
        if self.keeps_history:
            return frozenset(names)
        return frozenset(
            name
            for name in names
            if self.fields[name].definition.history or self.fields[name].computed == "workflow"
        )

    @functools.cached_property
    def kept_fields(self) -> tuple[FieldModel, ...]:
        """The fields of `kept` in the order in which they stand in the object."""
        return tuple(field for field in self.stored if field.name in self.kept)

    @functools.cached_property
    def stored_rollups(self) -> tuple[RollupModel, ...]:
        """The roll-ups that are kept in a column."""
        return self.model.stored_rollups

    @functools.cached_property
    def keeps_history(self) -> bool:
        """Whether each change of a row is kept."""
        if self.model.definition.history or self.model.master is None:
            return self.model.definition.history
        return self.shapes.of(self.master_name).keeps_history

    # -- what comes in --------------------------------------------------------------------

    @functools.cached_property
    def schema(self) -> Schema:
        """The marshmallow schema of the fields that people write."""
        schema_class = Schema.from_dict(
            {
                field.name: field.type.value_field(field.options)
                for field in self.fields.values()
                if not field.system and field.computed is None
            },
            name=f"{self.name}_input",
        )
        return schema_class()

    @functools.cached_property
    def relations(self) -> Mapping[str, ChildDef]:
        """The child relations by name; a detail that none names has one of its own name."""
        relations = {child.name: child for child in self.model.children}
        named = {child.object for child in self.model.children}
        for detail in self.shapes.catalog.children_of(self.name):
            if detail.name not in named:
                relations[detail.name] = ChildDef(
                    name=detail.name,
                    object=detail.name,
                    by=str(detail.master),
                    max=MOST_CHILDREN,
                )
        return relations

    @functools.cached_property
    def master_name(self) -> str:
        """The object that this one is a detail of."""
        return str(self.fields[str(self.model.master)].target)

    @functools.cached_property
    def relation_name(self) -> str:
        """The name of the relation by which the master speaks of rows of this object."""
        relations = self.shapes.of(self.master_name).relations.values()
        return next(str(one.name) for one in relations if one.object == self.name)

    @functools.cached_property
    def all_names(self) -> frozenset[str]:
        """All fields and child relations."""
        fields = (field.name for field in self.fields.values() if field.key_of is None)
        return frozenset((*fields, *self.relations))

    def names_for(self, principal: Principal, action: Action) -> frozenset[str]:
        """Return the fields and relations of a detail that the principal's audience allows."""
        names = self.all_names if action == "read" else self.all_names - SYSTEM_FIELD_NAMES
        return names if principal.audience == "internal" else names - self.internal_names

    @functools.cached_property
    def internal_names(self) -> frozenset[str]:
        """The fields that partners never get."""
        return frozenset(field.name for field in self.fields.values() if field.internal)

    @functools.cached_property
    def has_own_grants(self) -> bool:
        """Whether a permission document speaks of this object."""
        return self.name in self.shapes.catalog.permissions

    def reached_by(self, names: frozenset[str]) -> bool:
        """Say whether rights to `names` of the master reach rows of this detail.

        They do where they contain the relation or, where none is declared, all open fields.
        """
        master = self.shapes.of(self.master_name)
        if master.model.child(self.relation_name) is not None:
            return self.relation_name in names
        return all(
            field.name in names
            for field in master.fields.values()
            if not field.system and not field.internal
        )

    @functools.cached_property
    def permits(self) -> tuple[Permit, ...]:
        """The grants on this object."""
        return permits_of(self.shapes.catalog, self.model)


def _id(shape: ObjectShape) -> sa.BindParameter[Any]:
    return sa.bindparam("id", type_=shape.table.id.type)


def _compiled(expression: Expression | None) -> Evaluator | None:
    return None if expression is None else compile_python(expression.tree)


class Shapes:
    """The shapes of a catalog in one database, each made at first use."""

    def __init__(self, catalog: Catalog, tables: Tables, dialect: Dialect) -> None:
        self.catalog = catalog
        self.tables = tables
        self.dialect: Dialect = dialect
        self._shapes: dict[str, ObjectShape] = {}
        self.parts: dict[Any, Any] = {}

    def of(self, name: str) -> ObjectShape:
        """Return the shape of an object that exists."""
        found = self._shapes.get(name)
        if found is None:
            model = self.catalog.object(name)
            if model is None:
                raise KeyError(name)
            found = self._shapes[name] = ObjectShape(self, model)
        return found

    def part(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what `make` compiled for this catalog the first time."""
        found = self.parts.get(key)
        if found is None:
            found = self.parts[key] = make()
        return found

    @functools.cached_property
    def trees(self) -> tuple[ObjectShape, ...]:
        """The shapes of all objects that are trees."""
        return tuple(
            self.of(name) for name, model in self.catalog.objects.items() if model.tree_field
        )


def shapes_of(context: Context) -> Shapes:
    """Return the shapes of the context's catalog."""
    return context.compiled.get(
        context.catalog,
        "records.shapes",
        lambda: Shapes(context.catalog, context.tables, context.database.dialect),
    )


def compiled_field_rules(model: ObjectModel) -> tuple[CompiledFieldRule, ...]:
    """Return the field rules of an object, ready to be evaluated."""
    return tuple(
        CompiledFieldRule(
            name=rule.name,
            effect=rule.definition.effect,
            about=rule.definition.about,
            when=compile_python(rule.when.tree),
            allowed=frozenset(rule.definition.allowed),
            message=rule.definition.message,
            asks_user=rule.when.uses_user,
        )
        for rule in model.field_rules
    )
