"""Physical names: readable, unique in the database, frozen when a definition is first published.

The mapping is stored, not derived: a rename changes nothing here, and a definition made again under
an old name (with a new id) gets a new column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, Literal

import sqlalchemy as sa

from headrace.platform.database.system_tables import NAME
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel

NameKind = Literal["object", "field"]
SYSTEM_COLUMNS: Final = frozenset(
    {
        "id",
        "version",
        "created_at",
        "created_by",
        "updated_at",
        "updated_by",
        "deleted_at",
        "tree_path",
    }
)
DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class PhysicalName:
    """The table or column of one definition; `dropped_at` is the version that dropped it."""

    number: int
    definition_id: str
    kind: NameKind
    physical: str
    object_id: str | None = None
    dropped_at: int | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """All physical names of a database, those of dropped definitions included."""

    all: tuple[PhysicalName, ...] = ()
    _live: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Iterable[PhysicalName]) -> Names:
        """Make the mapping of `names`."""
        ordered = tuple(sorted(names, key=lambda one: one.number))
        live = {one.definition_id: one.physical for one in ordered if one.dropped_at is None}
        return cls(ordered, MappingProxyType(live))

    def physical(self, definition_id: str) -> str:
        """Return the table or column of a live definition."""
        return self._live[definition_id]

    def __contains__(self, definition_id: object) -> bool:
        return definition_id in self._live

    def with_catalog(self, catalog: Catalog) -> Names:
        """Return these names and new ones for what `catalog` has and the database has not."""
        known = set(self._live)
        made: list[PhysicalName] = []
        number = self.all[-1].number if self.all else 0

        def mint(definition_id: str, kind: NameKind, name: str, object_id: str | None) -> None:
            nonlocal number
            if definition_id in known:
                return
            known.add(definition_id)
            number += 1
            while f"{name}_{suffix(number)}" in SYSTEM_COLUMNS:
                number += 1
            physical = f"{name}_{suffix(number)}"
            made.append(PhysicalName(number, definition_id, kind, physical, object_id))

        for model in catalog.objects.values():
            mint(model.id, "object", model.name, None)
            for one in stored_fields(model):
                mint(one.id, "field", one.name, model.id)
        return Names.of((*self.all, *made))

    def without(self, dropped: Iterable[str], version: int) -> Names:
        """Return the names with those of `dropped` definitions marked as of `version`."""
        gone = frozenset(dropped)
        return Names.of(
            replace(one, dropped_at=version)
            if one.definition_id in gone and one.dropped_at is None
            else one
            for one in self.all
        )


def stored_fields(model: ObjectModel) -> tuple[FieldModel, ...]:
    """Return the fields that people defined and that have a column."""
    return tuple(one for one in model.fields.values() if one.stored and not one.system)


def suffix(number: int) -> str:
    """Write `number` in base 36."""
    text = ""
    while True:
        number, digit = divmod(number, len(DIGITS))
        text = DIGITS[digit] + text
        if number == 0:
            return text


def load_names(connection: sa.Connection) -> Names:
    """Read the names that the database has."""
    rows = connection.execute(sa.select(NAME))
    return Names.of(
        PhysicalName(
            number=row.number,
            definition_id=row.definition_id,
            kind=row.kind,
            physical=row.physical,
            object_id=row.object_id,
            dropped_at=row.dropped_at_version,
        )
        for row in rows
    )


def save_names(connection: sa.Connection, old: Names, new: Names) -> None:
    """Store what `new` has and `old` has not, or has otherwise."""
    before = {one.number: one for one in old.all}
    added = [one for one in new.all if one.number not in before]
    changed = [one for one in new.all if before.get(one.number, one) != one]
    if added:
        connection.execute(sa.insert(NAME), [_row(one) for one in added])
    for one in changed:
        values = {"dropped_at_version": one.dropped_at}
        connection.execute(sa.update(NAME).where(NAME.c.number == one.number).values(values))


def _row(name: PhysicalName) -> dict[str, object]:
    return {
        "number": name.number,
        "definition_id": name.definition_id,
        "kind": name.kind,
        "physical": name.physical,
        "object_id": name.object_id,
        "dropped_at_version": name.dropped_at,
    }
