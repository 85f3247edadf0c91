"""From two catalogs to the operations between them: pure, decided by stable ids, never by names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from headrace.platform.database.names import Names, stored_fields
from headrace.platform.database.operations import (
    AddColumn,
    CreateIndex,
    CreateTable,
    DropIndex,
    KeepColumn,
    KeepTable,
    Operation,
    RenameDefinition,
)
from headrace.platform.database.physical import TREE_PATH, TableSpec, table_specs
from headrace.platform.metadata.catalog import Catalog, ObjectModel


@dataclass(frozen=True, slots=True)
class Difference:
    """The operations from one catalog to the next, and the names that the next one has."""

    operations: tuple[Operation, ...]
    names: Names
    dropped: frozenset[str]


def diff(old: Catalog, new: Catalog, names: Names) -> Difference:
    """Return what leads from `old` to `new` in a database with `names`.

    Objects and fields are matched by id: another name for an id is a rename, an id that is gone is
    a drop. The names returned still have the dropped ones as live (`Names.without` marks them).
    """
    named = names.with_catalog(new)
    before, after = _by_id(old), _by_id(new)
    old_specs, new_specs = table_specs(old, names), table_specs(new, named)
    operations = (
        *_created(after, old_specs, new_specs),
        *_changed(before, after, old_specs, new_specs, named),
        *_kept(before, after, old_specs),
    )
    return Difference(operations, named, frozenset(_dropped(old, new)))


def _by_id(catalog: Catalog) -> dict[str, ObjectModel]:
    return {model.id: model for model in catalog.objects.values()}


def _created(
    after: Mapping[str, ObjectModel],
    old_specs: Mapping[str, TableSpec],
    new_specs: Mapping[str, TableSpec],
) -> Iterator[Operation]:
    for object_id, spec in new_specs.items():
        if object_id not in old_specs:
            yield CreateTable(after[object_id].name, spec)


def _kept(
    before: Mapping[str, ObjectModel],
    after: Mapping[str, ObjectModel],
    old_specs: Mapping[str, TableSpec],
) -> Iterator[Operation]:
    for object_id, model in before.items():
        if object_id not in after:
            yield KeepTable(model.name, old_specs[object_id])


def _changed(
    before: Mapping[str, ObjectModel],
    after: Mapping[str, ObjectModel],
    old_specs: Mapping[str, TableSpec],
    new_specs: Mapping[str, TableSpec],
    names: Names,
) -> Iterator[Operation]:
    for object_id, model in after.items():
        former = before.get(object_id)
        if former is None:
            continue
        if former.name != model.name:
            yield RenameDefinition(model.name, None, former.name, model.name)
        yield from _field_changes(former, model, old_specs[object_id], new_specs[object_id], names)


def _field_changes(
    former: ObjectModel, model: ObjectModel, old: TableSpec, new: TableSpec, names: Names
) -> Iterator[Operation]:
    fields_before = {field.id: field for field in former.fields.values() if not field.system}
    indexes_before = {index.name: index for index in old.indexes}
    indexes_after = {index.name: index for index in new.indexes}
    for name, index in indexes_before.items():
        if indexes_after.get(name) != index:
            yield DropIndex(model.name, index)
    for field in stored_fields(model):
        known = fields_before.get(field.id)
        if known is not None and known.name != field.name:
            yield RenameDefinition(model.name, field.name, known.name, field.name)
        column = new.column(names.physical(field.id))
        if column is not None and old.column(column.name) is None:
            yield AddColumn(model.name, field.name, new.name, column)
    path = new.column(TREE_PATH)
    if path is not None and old.column(TREE_PATH) is None:
        yield AddColumn(model.name, TREE_PATH, new.name, path)
    live = {field.id for field in model.fields.values()}
    for field in stored_fields(former):
        kept = old.column(names.physical(field.id))
        if field.id not in live and kept is not None:
            yield KeepColumn(model.name, field.name, old.name, kept)
    for name, index in indexes_after.items():
        if indexes_before.get(name) != index:
            yield CreateIndex(model.name, index)


def _dropped(old: Catalog, new: Catalog) -> Iterator[str]:
    """Return the ids of objects and fields that `new` no longer has."""
    live = {model.id for model in new.objects.values()} | {
        field.id for model in new.objects.values() for field in stored_fields(model)
    }
    for model in old.objects.values():
        for definition_id in (model.id, *(field.id for field in stored_fields(model))):
            if definition_id not in live:
                yield definition_id
