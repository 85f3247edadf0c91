"""From two catalogs to the operations between them: pure, decided by stable ids, never by names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from headrace.platform.database.names import (
    TREE_PATH,
    Names,
    PhysicalName,
    path_id,
    stored_fields,
)
from headrace.platform.database.operations import (
    AddColumn,
    CreateIndex,
    CreateTable,
    DropIndex,
    KeepColumn,
    KeepTable,
    Operation,
    RenameDefinition,
    ReplaceColumn,
    RestoreColumn,
    RestoreTable,
)
from headrace.platform.database.physical import (
    SYSTEM_COLUMN_SPECS,
    ColumnSpec,
    IndexSpec,
    TableSpec,
    TableSpecs,
    table_specs,
    tree_path,
)
from headrace.platform.metadata.catalog import Catalog, ObjectModel

NOTHING: Final[Mapping[str, PhysicalName]] = MappingProxyType({})
_SYSTEM_NAMES: Final = frozenset(one.name for one in SYSTEM_COLUMN_SPECS)


@dataclass(frozen=True, slots=True)
class Difference:
    """The operations from one catalog to the next, and the names that the next one has."""

    operations: tuple[Operation, ...]
    names: Names
    dropped: frozenset[str]


def diff(
    old: Catalog,
    new: Catalog,
    names: Names,
    replaced: frozenset[str] = frozenset(),
    restored: Mapping[str, PhysicalName] = NOTHING,
    *,
    resuming: bool = False,
    known: TableSpecs | None = None,
) -> Difference:
    """Return what leads from `old` to `new` in a database with `names`.

    Objects and fields are matched by id: another name for an id is a rename, an id that is gone is
    a drop, an id that comes back finds what was kept of it. The fields `replaced` get another
    column, a kept one where `restored` names it. With `resuming` names that are being prepared are
    those of `new`. The names returned still have the dropped ones as live (`Names.without` marks
    them). `known` are tables of `old` that were worked out before.
    """
    coming = {one: kept for one, kept in _coming_back(old, new, names) if one not in replaced}
    again = {**coming, **restored}
    named = names.with_catalog(new, replaced, again, resuming=resuming, named=old)
    old_specs = table_specs(old, names, known)
    new_specs = table_specs(new, named, old_specs)
    worker = _Differ(old_specs.models, new_specs.models, old_specs, new_specs, names, named, again)
    dropped = frozenset(_stored_ids(old, new)) - frozenset(_stored_ids(new, old))
    return Difference(tuple(worker.operations()), named, dropped)


def _coming_back(old: Catalog, new: Catalog, names: Names) -> Iterator[tuple[str, PhysicalName]]:
    """Yield what was kept of definitions that `old` has not and `new` has again.

    A column comes back only where it holds what the field is made of now.
    """
    if not any(one.dropped_at_version is not None for one in names.resting.values()):
        return
    live = set(_stored_ids(old, new))
    changed = tuple(_others(new, old))
    kept = names.kept_by_id()
    tables = {
        model.id: kept[model.id][0]
        for model in changed
        if model.id not in live and model.id in kept
    }
    yield from tables.items()
    known = names.with_written(map(_taken_up, tables.values()))
    for model in changed:
        if model.id not in live and model.id not in tables:
            continue
        if model.tree_field is not None and path_id(model.id) not in live:
            yield from ((path_id(model.id), one) for one in kept.get(path_id(model.id), ())[:1])
        for field in stored_fields(model):
            if field.id in live or field.id not in kept:
                continue
            holds = known.storage_of(new, field)
            found = next((one for one in kept[field.id] if one.storage == holds), None)
            if found is not None and found.object_id == model.id:
                yield field.id, found


def _taken_up(name: PhysicalName) -> PhysicalName:
    return replace(name, dropped_at_version=None)


@dataclass(frozen=True, slots=True)
class _Differ:
    """Both sides, by object id, with their tables."""

    before: Mapping[str, ObjectModel]
    after: Mapping[str, ObjectModel]
    old_specs: TableSpecs
    new_specs: TableSpecs
    old_names: Names
    new_names: Names
    restored: Mapping[str, PhysicalName]

    def operations(self) -> Iterator[Operation]:
        """Yield what is made, then what changes, then what goes."""
        for object_id, model in self.after.items():
            if object_id not in self.before:
                yield from self._made(model)
        for object_id, model in self.after.items():
            former = self.before.get(object_id)
            if former is not None:
                yield from self._changed(former, model)
        for object_id, model in self.before.items():
            if object_id not in self.after:
                spec = self.old_specs[object_id]
                yield KeepTable(model.name, spec)
                for index in spec.indexes:
                    if index.links is not None:
                        yield DropIndex(model.name, index, self._fields_of(model, index, old=True))

    def _made(self, model: ObjectModel) -> Iterator[Operation]:
        """Yield the table of an object that is new, or of one that comes back."""
        spec = self.new_specs[model.id]
        links = [one for one in spec.indexes if one.links is not None]
        if model.id not in self.restored:
            # Links point at tables that may be made only after this one.
            others = tuple(one for one in spec.indexes if one.links is None)
            yield CreateTable(model.name, replace(spec, indexes=others))
            for index in links:
                yield CreateIndex(model.name, index, self._fields_of(model, index))
            return
        kept = {one.physical for one in self.restored.values()}
        known = tuple(one for one in spec.columns if one.name in kept | _SYSTEM_NAMES)
        there = {one.name for one in known}
        indexes = tuple(
            one for one in spec.indexes if set(one.columns) <= there and one not in links
        )
        yield RestoreTable(model.name, TableSpec(model.id, spec.name, known, indexes))
        for name, column in self._columns(model, spec):
            if column.name not in there:
                yield AddColumn(model.name, name, spec.name, column)
        for index in spec.indexes:
            if index not in indexes:
                yield CreateIndex(model.name, index, self._fields_of(model, index))

    def _columns(self, model: ObjectModel, spec: TableSpec) -> Iterator[tuple[str, ColumnSpec]]:
        """Yield the columns of a table beside those of the platform, with their API names."""
        by_column = {one.name: one for one in spec.columns}
        for field in stored_fields(model):
            yield field.name, by_column[self.new_names.physical(field.id)]
        if model.tree_field is not None:
            yield TREE_PATH, by_column[tree_path(model, self.new_names)]

    def _changed(self, former: ObjectModel, model: ObjectModel) -> Iterator[Operation]:
        if former.name != model.name:
            yield RenameDefinition(model.name, None, former.name, model.name)
        old, new = self.old_specs[model.id], self.new_specs[model.id]
        if former is model and (old is new or old == new):
            return
        before = {index.name: index for index in old.indexes}
        after = {index.name: index for index in new.indexes}
        gone = [
            DropIndex(model.name, index, self._fields_of(former, index, old=True))
            for name, index in before.items()
            if after.get(name) != index
        ]
        made = [
            CreateIndex(model.name, index, self._fields_of(model, index))
            for name, index in after.items()
            if before.get(name) != index
        ]
        again = {_what(one) for one in gone} & {_what(one) for one in made}
        yield from (replace(one, anew=_what(one) in again) for one in gone)
        yield from self._renamed(former, model)
        yield from self._columns_changed(former, model, old, new)
        yield from (replace(one, anew=_what(one) in again) for one in made)

    def _renamed(self, former: ObjectModel, model: ObjectModel) -> Iterator[Operation]:
        known = {field.id: field.name for field in former.fields.values() if not field.system}
        for field in model.fields.values():
            old = known.get(field.id, field.name)
            if not field.system and old != field.name:
                yield RenameDefinition(model.name, field.name, old, field.name)

    def _columns_changed(
        self, former: ObjectModel, model: ObjectModel, old: TableSpec, new: TableSpec
    ) -> Iterator[Operation]:
        known = self._held(former, old, self.old_names)
        wanted = self._held(model, new, self.new_names)
        for definition_id, (name, column) in wanted.items():
            held = known.get(definition_id)
            restored = definition_id in self.restored
            if held is None and restored:
                yield RestoreColumn(model.name, name, new.name, column)
            elif held is None:
                yield AddColumn(model.name, name, new.name, column)
            elif held[1].name != column.name:
                yield ReplaceColumn(model.name, name, new.name, held[1], column, restored)
        goes_on = {path_id(model.id), *(field.id for field in model.fields.values())}
        goes_on.update(field.id for field in former.fields.values() if field.key_of is not None)
        for definition_id, (name, column) in known.items():
            if definition_id not in wanted:
                yield KeepColumn(
                    model.name, name, old.name, column, goes_on=definition_id in goes_on
                )

    @staticmethod
    def _held(
        model: ObjectModel, spec: TableSpec, names: Names
    ) -> Mapping[str, tuple[str, ColumnSpec]]:
        """Return the columns of an object's fields (and of its tree) by definition id."""
        by_column = {one.name: one for one in spec.columns}
        held = {
            field.id: (field.name, by_column[names.physical(field.id)])
            for field in stored_fields(model)
        }
        if model.tree_field is not None:
            held[path_id(model.id)] = (TREE_PATH, by_column[tree_path(model, names)])
        return held

    def _fields_of(
        self, model: ObjectModel, index: IndexSpec, *, old: bool = False
    ) -> tuple[str, ...]:
        """Return the API names of the columns of an index."""
        names = self.old_names if old else self.new_names
        named = {names.physical(field.id): field.name for field in stored_fields(model)}
        return tuple(named.get(column, column) for column in index.columns)


def _what(operation: CreateIndex | DropIndex) -> tuple[bool, tuple[str, ...]]:
    """Return what an index is to people: whether it is a key, and over which fields."""
    return operation.index.unique, operation.fields


def _others(catalog: Catalog, than: Catalog) -> Iterator[ObjectModel]:
    """Yield the objects of a catalog that are not the very same in another one."""
    same = frozenset(map(id, than.objects.values()))
    return (model for model in catalog.objects.values() if id(model) not in same)


def _stored_ids(catalog: Catalog, than: Catalog) -> Iterator[str]:
    """Yield the ids of objects, fields and tree paths, those left out that both catalogs share."""
    for model in _others(catalog, than):
        yield model.id
        if model.tree_field is not None:
            yield path_id(model.id)
        for field in stored_fields(model):
            yield field.id
