"""The tables, columns and indexes that a catalog asks for, as plain values without a database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
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

Sorts = tuple[tuple[str, bool], ...]
"""Fields that lists are sorted by, each with whether that is descending."""


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column; `references` is the table whose id it holds."""

    name: str
    storage: Storage
    references: str | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """An index; a unique one covers live rows only. `descending` speaks of all columns.

    With `links` it is a table of its own, which says of each id in a column of ids in which row and
    at which place it stands; `links` is the table that the ids are of.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    unique: bool = False
    descending: bool = False
    links: str | None = None


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


@dataclass(frozen=True, slots=True)
class TableSpecs:
    """The tables of a catalog by object id, with all that they were made from."""

    specs: Mapping[str, TableSpec]
    catalog: Catalog
    names: Names
    models: Mapping[str, ObjectModel]
    sorts: Mapping[str, Sorts]

    def __getitem__(self, object_id: str) -> TableSpec:
        return self.specs[object_id]

    def still_holds(self, model: ObjectModel, sorts: Sorts, changed: AbstractSet[str]) -> bool:
        """Say whether the table of an object is the one of `model`; `changed` have other names."""
        return (
            self.models.get(model.id) is model
            and self.sorts.get(model.name, ()) == sorts
            and model.id not in changed
        )


def table_specs(catalog: Catalog, names: Names, former: TableSpecs | None = None) -> TableSpecs:
    """Return the table of each object; of `former` those that are the same again."""
    sorts = _sorts(catalog)
    changed = _renamed(catalog, names, former) if former else frozenset()
    specs: dict[str, TableSpec] = {}
    models = {model.id: model for model in catalog.objects.values()}
    for model in models.values():
        own = sorts.get(model.name, ())
        if former is not None and former.still_holds(model, own, changed):
            specs[model.id] = former[model.id]
        else:
            specs[model.id] = table_spec(catalog, model, names, own)
    return TableSpecs(specs, catalog, names, models, sorts)


def _renamed(catalog: Catalog, names: Names, former: TableSpecs) -> frozenset[str]:
    """Return the ids of objects with other physical names in them than before, or in what they refer to."""
    names_changed = names.changed_since(former.names)
    changed = {one.object_id or one.definition_id for one in names_changed}
    renamed = {one.definition_id for one in names_changed if one.kind == "object"}
    before = former.catalog.objects
    targets = {
        name
        for name, model in catalog.objects.items()
        if model.id in renamed or name not in before or before[name].id != model.id
    }
    if targets:
        changed.update(
            model.id
            for model in catalog.objects.values()
            if any(field.pointed in targets for field in model.fields.values())
        )
    return frozenset(changed)


def table_spec(
    catalog: Catalog, model: ObjectModel, names: Names, sorts: Sorts | None = None
) -> TableSpec:
    """Return the table of one object; `sorts` are those of its views."""
    if sorts is None:
        sorts = _sorts(catalog).get(model.name, ())
    table = names.physical(model.id)
    columns = [*SYSTEM_COLUMN_SPECS]
    if model.tree_field is not None:
        columns.append(ColumnSpec(tree_path(model, names), TEXT))
    columns.extend(
        ColumnSpec(names.physical(field.id), field.storage, _referenced(catalog, field, names))
        for field in stored_fields(model)
    )
    indexes = {one.name: one for one in _indexes(model, table, names, sorts)}
    for field in stored_fields(model):
        if field.links is not None:
            column = names.physical(field.id)
            name, target = link_table(table, column), _table_of(catalog, field.links, names)
            indexes[name] = IndexSpec(name, table, (column,), links=target)
    return TableSpec(model.id, table, tuple(columns), tuple(indexes.values()))


def tree_path(model: ObjectModel, names: Names) -> str:
    """Return the column that holds the paths of an object that is a tree."""
    known = names.get(path_id(model.id))
    return TREE_PATH if known is None else known.physical


def _referenced(catalog: Catalog, field: FieldModel, names: Names) -> str | None:
    return None if field.target is None else _table_of(catalog, field.target, names)


def _table_of(catalog: Catalog, name: str, names: Names) -> str:
    if name == USER_OBJECT:
        return USER_TABLE
    return names.physical(catalog.objects[name].id)


def link_table(table: str, column: str) -> str:
    """Return the name of the table of links of a column: both names are frozen, so is this one."""
    name = f"lk_{table}_{column}"
    if len(name) > MAX_NAME:
        digest = content_hash((table, column))[:10]
        name = f"lk_{table}"[: MAX_NAME - len(digest) - 1] + f"_{digest}"
    return name


def _indexes(model: ObjectModel, table: str, names: Names, sorts: Sorts) -> Iterator[IndexSpec]:
    def column(name: str) -> str:
        field = model.fields[name]
        return field.name if field.built_in else names.physical(field.id)

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
        if field.target is not None or field.targets:
            second = ("id",) if field.name == model.master else ()
            yield index("ix", column(field.name), *second)
    by_title = model.fields[model.title].sort_key
    if by_title is not None and (by_title, False) not in sorts:
        # Lookups, and lists without a state, are in the order of titles.
        sorts = (*sorts, (by_title, False))
    for key, unique in _keys(model):
        yield index("ux" if unique else "ix", *map(column, key), unique=unique)
    if model.state_field is not None:
        state = column(model.state_field)
        yield IndexSpec(f"ix_{table}_state", table, (state, "created_at"))
    if model.tree_field is not None:
        yield IndexSpec(f"ix_{table}_tree", table, (tree_path(model, names),))
    for name, descending in sorts:
        mark = "down" if descending else "up"
        yield IndexSpec(
            f"ix_{table}_{mark}_{column(name).rsplit('_', 1)[-1]}",
            table,
            (column(name), "id"),
            descending=descending,
        )


def _keys(model: ObjectModel) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield fields that are indexed together, each with whether live rows differ in them."""
    for unique in model.uniques:
        if all(model.fields[name].stored for name in unique):
            yield unique, True
    if model.ledger is not None and all(model.fields[name].stored for name in model.ledger.key):
        yield model.ledger.key, True
    for shared in _shared_fields(model):
        yield shared, False
    for ban in model.bans:
        found = [model.fields[name] for name in ban.reads if name != ban.definition.to]
        if all(field.stored for field in found):
            # Of several values an index says nothing: their links are asked.
            yield tuple(field.name for field in found if not field.storage.many), False


def _shared_fields(model: ObjectModel) -> Iterator[tuple[str, ...]]:
    """Yield the fields by whose values roll-ups find rows or owners, where no key leads there."""
    keys: set[tuple[str, ...]] = {*model.uniques}
    keys.update((field.name,) for field in model.fields.values() if field.unique or field.refers_to)
    of_owner = (one.on for one in model.rollups if one.on)
    of_source = (one.on for one in model.feeds if one.on)
    for shared in dict.fromkeys((*of_owner, *of_source)):
        if shared not in keys:
            yield shared


def _sorts(catalog: Catalog) -> Mapping[str, Sorts]:
    return catalog.once(_sorts, lambda: _found_sorts(catalog))


def _found_sorts(catalog: Catalog) -> Mapping[str, Sorts]:
    """Return the own fields by which views of each object are sorted first, with the direction."""
    found: dict[str, Sorts] = {}
    for view in catalog.views.values():
        model = catalog.objects.get(view.definition.object)
        if model is None or not view.definition.sort:
            continue
        first = str(view.definition.sort[0])
        field = model.fields.get(first.lstrip("-"))
        if field is not None and field.stored and not field.system:
            sort = (field.sort_key or field.name, first.startswith("-"))
            found[model.name] = (*found.get(model.name, ()), sort)
    return found
