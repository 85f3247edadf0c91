"""The tables, columns and indexes that a catalog asks for, as plain values without a database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from headrace.platform.core.canonical import content_hash
from headrace.platform.database.names import (
    TREE_PATH,
    USER_TABLE,
    Names,
    path_id,
    stored_fields,
)
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.storage_types import ID, INSTANT, INTEGER, TEXT, Storage

MAX_NAME: Final = 63
DELETED_AT: Final = "deleted_at"


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column; `references` is the table whose id it holds."""

    name: str
    storage: Storage
    references: str | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """An index; a unique one covers live rows only. `descending` speaks of all columns."""

    name: str
    table: str
    columns: tuple[str, ...]
    unique: bool = False
    descending: bool = False


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table of an object."""

    object_id: str
    name: str
    columns: tuple[ColumnSpec, ...]
    indexes: tuple[IndexSpec, ...]

    def column(self, name: str) -> ColumnSpec | None:
        """Return the column called `name`."""
        return next((one for one in self.columns if one.name == name), None)


SYSTEM_COLUMN_SPECS: Final = (
    ColumnSpec("id", ID, required=True),
    ColumnSpec("version", INTEGER, required=True),
    ColumnSpec("created_at", INSTANT, required=True),
    ColumnSpec("created_by", ID),
    ColumnSpec("updated_at", INSTANT, required=True),
    ColumnSpec("updated_by", ID),
    ColumnSpec(DELETED_AT, INSTANT),
)
"""Columns of every object. Who made a row is no foreign key: rows outlive accounts."""


def table_specs(catalog: Catalog, names: Names) -> Mapping[str, TableSpec]:
    """Return the table of each object, by the object's id."""
    return {model.id: table_spec(catalog, model, names) for model in catalog.objects.values()}


def table_spec(catalog: Catalog, model: ObjectModel, names: Names) -> TableSpec:
    """Return the table of one object."""
    table = names.physical(model.id)
    columns = [*SYSTEM_COLUMN_SPECS]
    if model.tree_field is not None:
        columns.append(ColumnSpec(tree_path(model, names), TEXT))
    columns.extend(
        ColumnSpec(names.physical(field.id), field.storage, _referenced(catalog, field, names))
        for field in stored_fields(model)
    )
    indexes = {one.name: one for one in _indexes(catalog, model, table, names)}
    return TableSpec(model.id, table, tuple(columns), tuple(indexes.values()))


def tree_path(model: ObjectModel, names: Names) -> str:
    """Return the column that holds the paths of an object that is a tree."""
    known = names.get(path_id(model.id))
    return TREE_PATH if known is None else known.physical


def _referenced(catalog: Catalog, field: FieldModel, names: Names) -> str | None:
    if field.target is None:
        return None
    if field.target == USER_OBJECT:
        return USER_TABLE
    return names.physical(catalog.objects[field.target].id)


def _indexes(catalog: Catalog, model: ObjectModel, table: str, names: Names) -> Iterator[IndexSpec]:
    def column(name: str) -> str:
        field = model.fields[name]
        return field.name if field.system else names.physical(field.id)

    def index(
        prefix: str, *columns: str, unique: bool = False, descending: bool = False
    ) -> IndexSpec:
        suffixes = "_".join(one.rsplit("_", 1)[-1] if "_" in one else one for one in columns)
        name = f"{prefix}_{table}_{suffixes}"
        if len(name) > MAX_NAME:
            name = f"{prefix}_{table}_{content_hash(columns)[:10]}"
        return IndexSpec(name, table, columns, unique, descending)

    yield IndexSpec(f"ix_{table}_recent", table, ("created_at", "id"), descending=True)
    for field in stored_fields(model):
        if field.unique:
            yield index("ux", column(field.name), unique=True)
        if field.target is not None:
            second = ("id",) if field.name == model.master else ()
            yield index("ix", column(field.name), *second)
    for unique in model.uniques:
        if all(model.fields[name].stored for name in unique):
            yield index("ux", *(column(name) for name in unique), unique=True)
    if model.state_field is not None:
        state = column(model.state_field)
        yield IndexSpec(f"ix_{table}_state", table, (state, "created_at"))
    if model.tree_field is not None:
        yield IndexSpec(f"ix_{table}_tree", table, (tree_path(model, names),))
    for name, descending in _sorted_by(catalog, model):
        mark = "down" if descending else "up"
        yield IndexSpec(
            f"ix_{table}_{mark}_{column(name).rsplit('_', 1)[-1]}",
            table,
            (column(name), "id"),
            descending=descending,
        )


def _sorted_by(catalog: Catalog, model: ObjectModel) -> Iterator[tuple[str, bool]]:
    """Return the own fields by which the object's views are sorted first, with the direction."""
    for view in catalog.views.values():
        if view.definition.object != model.name or not view.definition.sort:
            continue
        first = str(view.definition.sort[0])
        field = model.fields.get(first.lstrip("-"))
        if field is not None and field.stored and not field.system:
            yield field.name, first.startswith("-")
