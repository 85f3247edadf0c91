"""The indexes of an object's table: which there are, which a draft adds or drops, what each is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import sqlalchemy as sa

from headrace.platform.core.problems import Text
from headrace.platform.database.names import Names, stored_fields
from headrace.platform.database.physical import IndexSpec, Purpose, TableSpec, table_spec, tree_path
from headrace.platform.metadata.catalog import Catalog, ObjectModel
from headrace.platform.publishing.costing.scopes import readers, scope_fields, scopes

IndexState = Literal["there", "added", "dropped", "missing", "other"]
"""`missing`: it should be there; `other`: somebody else made it in the database."""


@dataclass(frozen=True, slots=True)
class Index:
    """An index over fields; `views` are sorted by it, `roles` find by it what they may see.

    `key` is the same in all versions: ids of fields, which survive renames and new columns.
    """

    key: tuple[str, ...]
    fields: tuple[str, ...]
    unique: bool
    state: IndexState
    purposes: tuple[Purpose, ...]
    views: tuple[Text, ...] = ()
    roles: tuple[str, ...] = ()
    name: str = ""


def present_indexes(connection: sa.Connection, spec: TableSpec) -> frozenset[str]:
    """Return the names of the indexes that the database has for a table, its tables of links too."""
    inspector = sa.inspect(connection)
    found = {str(one["name"]) for one in inspector.get_indexes(spec.name)}
    links = (one.name for one in spec.indexes if one.links is not None)
    return frozenset((*found, *(one for one in links if inspector.has_table(one))))


def live_indexes(
    catalog: Catalog, model: ObjectModel, spec: TableSpec, names: Names, present: frozenset[str]
) -> Iterator[Index]:
    """Yield the indexes of a table that is there, those that the platform does not know last."""
    side = _Side(catalog, model, names)
    for one in spec.indexes:
        yield side.index(one, "there" if one.name in present else "missing")
    for name in sorted(present - {one.name for one in spec.indexes}):
        yield Index((name,), (), unique=False, state="other", purposes=(), name=name)


def with_draft(
    live: tuple[Index, ...],
    catalog: Catalog,
    model: ObjectModel,
    names: Names,
    named_already: Catalog | None = None,
) -> tuple[Index, ...]:
    """Return the indexes with what a draft makes of them; without live ones all are added.

    What `named_already` holds has its physical names in `names`, and is not looked at again.
    """
    named = names.with_catalog(catalog, named=named_already)
    side = _Side(catalog, model, named)
    known = {one.key: one for one in live}
    wanted = [side.index(one, "added") for one in table_spec(catalog, model, named).indexes]
    found = [
        replace(one, state=known[one.key].state) if one.key in known else one for one in wanted
    ]
    kept = {one.key for one in wanted}
    gone = [one for one in live if one.key not in kept]
    return (
        *found,
        *(replace(one, state="dropped") for one in gone if one.state != "other"),
        *(one for one in gone if one.state == "other"),
    )


class _Side:
    """One version of an object, to say what the indexes of its table are of and for."""

    def __init__(self, catalog: Catalog, model: ObjectModel, names: Names) -> None:
        self._catalog = catalog
        self._model = model
        self._fields = _names_of_columns(model, names)
        self._key_of = {
            one.name: one.key_of for one in model.fields.values() if one.key_of is not None
        }
        self._ids = {one.name: one.id for one in model.fields.values()}
        self._roles = scope_fields(scopes(catalog, model, readers(catalog, model)))

    def index(self, spec: IndexSpec, state: IndexState) -> Index:
        columns = [self._fields.get(one, one) for one in spec.columns]
        fields = tuple(self._key_of.get(one, one) for one in columns)
        mark = "-" if spec.descending else ""
        ids = (self._ids.get(one, one) for one in columns)
        return Index(
            (f"{mark}{'unique' if spec.unique else 'links' if spec.links else ''}", *ids),
            tuple(one if one == "id" else mark + one for one in fields),
            spec.unique,
            state,
            spec.purposes,
            views=tuple(self._sorted_by(mark + columns[0])),
            roles=self._roles.get(columns[0], ()),
            name=spec.name,
        )

    def _sorted_by(self, key: str) -> Iterator[Text]:
        """Yield the views whose order begins with a key, or with the field that it is the key of."""
        for view in self._catalog.views.values():
            if view.definition.object != self._model.name or not view.definition.sort:
                continue
            first = view.definition.sort[0]
            field = self._model.fields.get(first.removeprefix("-"))
            mark = "-" if first.startswith("-") else ""
            if field is not None and mark + (field.sort_key or field.name) == key:
                yield view.label


def _names_of_columns(model: ObjectModel, names: Names) -> Mapping[str, str]:
    """Return the fields by their columns."""
    found = {names.physical(one.id): one.name for one in stored_fields(model)}
    if model.tree_field is not None:
        found[tree_path(model, names)] = model.tree_field
    return found
