"""The SQLAlchemy tables of a catalog in one database: what every statement is built from.

Tables carry no constraints: those are the business of the operations that make them. So a table
that did not change is the same value in the next version, and statements over it stay valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from headrace.platform.database.names import USER_TABLE, Names
from headrace.platform.database.physical import (
    DELETED_AT,
    ColumnSpec,
    TableSpec,
    TableSpecs,
    table_specs,
    tree_path,
)
from headrace.platform.metadata.catalog import Catalog, ObjectModel
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.storage_types import Dialect


@dataclass(frozen=True, slots=True)
class ObjectTable:
    """The table of an object; `columns` by the API name of the field, system fields included.

    `deleted_at` is null on live rows (None for users, who are never deleted). `path` holds
    '/id1/id2/' from the root to the row itself, for objects that are trees.
    """

    object_id: str
    name: str
    table: sa.Table
    columns: Mapping[str, sa.Column[Any]]
    deleted_at: sa.Column[Any] | None
    path: sa.Column[Any] | None
    shape: tuple[Any, ...]

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

    def of(self, name: str) -> ObjectTable:
        """Return the table of an object; `user` is the platform's own."""
        return self._tables[name]

    def __contains__(self, name: object) -> bool:
        return name in self._tables


def build_tables(
    catalog: Catalog, names: Names, dialect: Dialect, previous: Tables | None = None
) -> Tables:
    """Return the tables of `catalog`; those of `previous` that did not change are kept."""
    known = {one.object_id: one for one in previous._tables.values()} if previous else {}  # noqa: SLF001 - own class
    user_model = catalog.system_objects[USER_OBJECT]
    user = known.get(user_model.id) or _user_table(user_model, dialect)
    tables = {USER_OBJECT: user}
    former = previous.specs if previous else None
    specs = table_specs(catalog, names, former)
    for model in catalog.objects.values():
        spec, kept = specs[model.id], known.get(model.id)
        same = former is not None and former.specs.get(model.id) is spec
        if kept is None or not (same or kept.shape == _shape(model, names, spec)):
            kept = _object_table(model, names, spec, dialect)
        tables[model.name] = kept
    return Tables(dialect, specs, user, MappingProxyType(tables))


def column_of(spec: ColumnSpec, dialect: Dialect) -> sa.Column[Any]:
    """Return the column of a specification, without constraints."""
    return sa.Column(spec.name, spec.storage.column_type(dialect), nullable=not spec.required)


def _shape(model: ObjectModel, names: Names, spec: TableSpec) -> tuple[Any, ...]:
    fields = tuple(
        (field.name, field.name if field.system else names.physical(field.id))
        for field in model.fields.values()
        if field.stored
    )
    return (model.name, spec.name, fields, spec.columns)


def _object_table(
    model: ObjectModel, names: Names, spec: TableSpec, dialect: Dialect
) -> ObjectTable:
    table = sa.Table(
        spec.name,
        sa.MetaData(),
        *(column_of(one, dialect) for one in spec.columns),
    )
    columns = {
        field.name: table.c[field.name if field.system else names.physical(field.id)]
        for field in model.fields.values()
        if field.stored
    }
    return ObjectTable(
        object_id=model.id,
        name=model.name,
        table=table,
        columns=MappingProxyType(columns),
        deleted_at=table.c[DELETED_AT],
        path=table.c[tree_path(model, names)] if model.tree_field is not None else None,
        shape=_shape(model, names, spec),
    )


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
    )
