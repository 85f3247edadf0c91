"""The tables, columns and indexes that a catalog asks for, as plain values without a database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Final, Literal

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


Purpose = Literal[
    "recent",
    "unique",
    "reference",
    "title",
    "sort",
    "key",
    "ledger",
    "rollup",
    "overlap",
    "state",
    "tree",
    "links",
]
"""What an index is for."""


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """An index; a unique one covers live rows only. `descending` speaks of all columns.

    With `links` it is a table of its own, which says of each id in a column of ids in which row and
    at which place it stands; `links` is the table that the ids are of. `purposes` say what it is for and
    are no part of what it is.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    unique: bool = False
    descending: bool = False
    links: str | None = None
    purposes: tuple[Purpose, ...] = field(default=(), compare=False)


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
        ColumnSpec(names.physical(one.id), one.storage, _referenced(catalog, one, names))
        for one in stored_fields(model)
    )
    indexes: dict[str, IndexSpec] = {}
    for one in _indexes(model, table, names, sorts):
        known = indexes[one.name].purposes if one.name in indexes else ()
        purposes = tuple(dict.fromkeys((*known, *one.purposes)))
        indexes[one.name] = replace(one, purposes=purposes)
    for linked in stored_fields(model):
        if linked.links is not None:
            column = names.physical(linked.id)
            name, target = link_table(table, column), _table_of(catalog, linked.links, names)
            indexes[name] = IndexSpec(name, table, (column,), links=target, purposes=("links",))
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
    """Yield the indexes of a table, each for one purpose; one that has several comes several times."""

    def column(name: str) -> str:
        one = model.fields[name]
        return one.name if one.built_in else names.physical(one.id)

    def index(purpose: Purpose, *columns: str, unique: bool = False) -> IndexSpec:
        prefix = "ux" if unique else "ix"
        suffixes = "_".join(one.rsplit("_", 1)[-1] if "_" in one else one for one in columns)
        name = f"{prefix}_{table}_{suffixes}"
        if len(name) > MAX_NAME:
            name = f"{prefix}_{table}_{content_hash(columns)[:10]}"
        return IndexSpec(name, table, columns, unique, purposes=(purpose,))

    recent = ("created_at", "id")
    name = f"ix_{table}_recent"
    yield IndexSpec(name, table, recent, descending=True, purposes=("recent",))
    for one in stored_fields(model):
        if one.unique:
            yield index("unique", column(one.name), unique=True)
        if one.target is not None or one.targets:
            second = ("id",) if one.name == model.master else ()
            yield index("reference", column(one.name), *second)
    for purpose, key, unique in _keys(model):
        yield index(purpose, *map(column, key), unique=unique)
    if model.state_field is not None:
        state = column(model.state_field)
        name = f"ix_{table}_state"
        yield IndexSpec(name, table, (state, "created_at"), purposes=("state",))
    if model.tree_field is not None:
        yield IndexSpec(f"ix_{table}_tree", table, (tree_path(model, names),), purposes=("tree",))
    for of, key_name, descending in _ordered(model, sorts):
        mark = "down" if descending else "up"
        yield IndexSpec(
            f"ix_{table}_{mark}_{column(key_name).rsplit('_', 1)[-1]}",
            table,
            (column(key_name), "id"),
            descending=descending,
            purposes=(of,),
        )


def _ordered(model: ObjectModel, sorts: Sorts) -> Iterator[tuple[Purpose, str, bool]]:
    """Yield the fields by which rows are ordered, each with the direction and what for."""
    for name, descending in sorts:
        yield "sort", name, descending
    by_title = model.fields[model.title].sort_key
    if by_title is not None:
        # Lookups, and lists without a state, are in the order of titles.
        yield "title", by_title, False


def _keys(model: ObjectModel) -> Iterator[tuple[Purpose, tuple[str, ...], bool]]:
    """Yield fields that are indexed together, each with whether live rows differ in them."""
    for unique in model.uniques:
        if all(model.fields[name].stored for name in unique):
            yield "key", unique, True
    if model.ledger is not None and all(model.fields[name].stored for name in model.ledger.key):
        yield "ledger", model.ledger.key, True
    for shared in _shared_fields(model):
        yield "rollup", shared, False
    for ban in model.bans:
        found = [model.fields[name] for name in ban.reads if name != ban.definition.to]
        if all(one.stored for one in found):
            # Of several values an index says nothing: their links are asked.
            yield "overlap", tuple(one.name for one in found if not one.storage.many), False


def _shared_fields(model: ObjectModel) -> Iterator[tuple[str, ...]]:
    """Yield the fields by whose values roll-ups find rows or owners, where no key leads there."""
    keys: set[tuple[str, ...]] = {*model.uniques}
    keys.update((one.name,) for one in model.fields.values() if one.unique or one.refers_to)
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
