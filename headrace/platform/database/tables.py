"""The SQLAlchemy tables of a catalog in one database: what every statement is built from.

Tables carry no constraints: those are the business of the operations that make them. So a table
that did not change is the same value in the next version, and statements over it stay valid.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from headrace.platform.database.links import links_table
from headrace.platform.database.names import USER_TABLE, Names
from headrace.platform.database.physical import (
    DELETED_AT,
    ColumnSpec,
    TableSpec,
    TableSpecs,
    link_table,
    table_specs,
    tree_path,
)
from headrace.platform.metadata.catalog import Catalog, ObjectModel
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.storage_types import IDS, Dialect


@dataclass(frozen=True, slots=True)
class ObjectTable:
    """The table of an object; `columns` by the API name of the field, system fields included.

    `deleted_at` is null on live rows (None for users, who are never deleted). `path` holds
    '/id1/id2/' from the root to the row itself, for objects that are trees. `links` are the tables of
    links by the field whose column holds several ids.
    """

    object_id: str
    name: str
    table: sa.Table
    columns: Mapping[str, sa.Column[Any]]
    deleted_at: sa.Column[Any] | None
    path: sa.Column[Any] | None
    shape: tuple[Any, ...]
    links: Mapping[str, sa.Table]

    @property
    def id(self) -> sa.Column[Any]:
        """The column of the record id."""
        return self.columns["id"]


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a catalog, by object name."""

    dialect: Dialect
    specs: TableSpecs
    user: ObjectTable
    _tables: Mapping[str, ObjectTable]

    @property
    def names(self) -> Names:
        """The physical names."""
        return self.specs.names

    @property
    def lazy(self) -> _LazyTables:
        """The tables that the next version may take over."""
        if not isinstance(self._tables, _LazyTables):
            raise TypeError("these tables are not those of a version")
        return self._tables

    def by_id(self, object_id: str) -> ObjectTable:
        """Return the table of the object with an id."""
        return self.of(self.specs.models[object_id].name)

    def of(self, name: str) -> ObjectTable:
        """Return the table of an object; `user` is the platform's own."""
        return self._tables[name]

    def __contains__(self, name: object) -> bool:
        return name in self._tables


def build_tables(
    catalog: Catalog, names: Names, dialect: Dialect, previous: Tables | None = None
) -> Tables:
    """Return the tables of `catalog`; those of `previous` that did not change are kept."""
    known = previous.lazy.by_id if previous else {}
    user = previous.user if previous else _user_table(catalog.system_objects[USER_OBJECT], dialect)
    former = previous.specs if previous else None
    specs = table_specs(catalog, names, former)
    lazy: dict[str, _Lazy] = {}
    for model in catalog.objects.values():
        spec, kept = specs[model.id], known.get(model.id)
        same = former is not None and former.specs.get(model.id) is spec
        if kept is None or not (same or kept.shape == _shape(model, names, spec)):
            path = tree_path(model, names) if model.tree_field is not None else None
            kept = _Lazy(model.id, _shape(model, names, spec), path, dialect)
        lazy[model.name] = kept
    return Tables(dialect, specs, user, _LazyTables(user, lazy))


class _Lazy:
    """The table of an object, made when it is asked for first; holds nothing of a catalog."""

    def __init__(
        self, object_id: str, shape: tuple[Any, ...], path: str | None, dialect: Dialect
    ) -> None:
        self.object_id = object_id
        self.shape = shape
        self._path = path
        self._dialect: Dialect = dialect
        self._lock = threading.Lock()
        self._made: ObjectTable | None = None

    def made(self) -> ObjectTable:
        """Return the table, the same each time."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> ObjectTable:
        name, physical, fields, specs = self.shape
        columns = (column_of(one, self._dialect) for one in specs)
        table = sa.Table(physical, sa.MetaData(), *columns)
        several = {spec.name for spec in specs if spec.storage.kind == IDS.kind}
        links = {
            field: links_table(link_table(physical, column), self._dialect)
            for field, column in fields
            if column in several
        }
        return ObjectTable(
            object_id=self.object_id,
            name=name,
            table=table,
            columns=MappingProxyType({field: table.c[column] for field, column in fields}),
            deleted_at=table.c[DELETED_AT],
            path=table.c[self._path] if self._path else None,
            shape=self.shape,
            links=MappingProxyType(links),
        )


class _LazyTables(Mapping[str, ObjectTable]):
    """Tables by the name of their object."""

    def __init__(self, user: ObjectTable, lazy: Mapping[str, _Lazy]) -> None:
        self._user = user
        self._lazy = lazy
        self.by_id = {one.object_id: one for one in lazy.values()}

    def __getitem__(self, name: str) -> ObjectTable:
        return self._user if name == USER_OBJECT else self._lazy[name].made()

    def __contains__(self, name: object) -> bool:
        return name == USER_OBJECT or name in self._lazy

    def __iter__(self) -> Iterator[str]:
        return iter((USER_OBJECT, *self._lazy))

    def __len__(self) -> int:
        return len(self._lazy) + 1


def column_of(spec: ColumnSpec, dialect: Dialect) -> sa.Column[Any]:
    """Return the column of a specification, without constraints."""
    return sa.Column(spec.name, spec.storage.column_type(dialect), nullable=not spec.required)


def _shape(model: ObjectModel, names: Names, spec: TableSpec) -> tuple[Any, ...]:
    fields = tuple(
        (field.name, field.name if field.built_in else names.physical(field.id))
        for field in model.fields.values()
        if field.stored
    )
    return (model.name, spec.name, fields, spec.columns)


def _user_table(model: ObjectModel, dialect: Dialect) -> ObjectTable:
    specs = [ColumnSpec(field.name, field.storage) for field in model.fields.values()]
    table = sa.Table(USER_TABLE, sa.MetaData(), *(column_of(one, dialect) for one in specs))
    return ObjectTable(
        object_id=model.id,
        name=model.name,
        table=table,
        columns=MappingProxyType({name: table.c[name] for name in model.fields}),
        deleted_at=None,
        path=None,
        shape=(),
        links=MappingProxyType({}),
    )
