"""Physical names: readable, unique in the database, frozen when a definition is first published.

The mapping is stored, not derived: a rename changes nothing here, and a definition made again under
an old name (with a new id) gets a new column. A definition may have several names: the live one,
kept ones that hold what it had before, one whose column is being prepared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

import sqlalchemy as sa

from headrace.platform.database.system_tables import NAME
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel

NameKind = Literal["object", "field"]
TREE_PATH: Final = "tree_path"
USER_TABLE: Final = "sys_user"
TABLE_STORAGE: Final = "table"
SYSTEM_COLUMNS: Final = frozenset(
    {
        "id",
        "version",
        "created_at",
        "created_by",
        "updated_at",
        "updated_by",
        "deleted_at",
        TREE_PATH,
    }
)
RESERVED_PREFIX: Final = "sqlite_"
"""SQLite keeps names that begin so for itself."""
DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class PhysicalName:
    """The table or column of one definition.

    `storage` is what a column holds (`decimal:2`, `id:<table>` for a reference), None for tables.
    It is in use from version `since` on, and was before in `spans` (first version, the one that
    dropped it). `dropped_at_version` is the version that dropped it, `dropped_at` the machine's time
    of that, `rows_at` the workspace's: rows not changed since hold in a kept column what they had.
    What is `going` is being removed for good: nothing brings it back.
    """

    number: int
    definition_id: str
    kind: NameKind
    physical: str
    object_id: str | None = None
    storage: str | None = None
    dropped_at_version: int | None = None
    dropped_at: datetime | None = None
    rows_at: datetime | None = None
    preparing: bool = False
    going: bool = False
    since: int | None = None
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def live(self) -> bool:
        """Whether the live version uses it."""
        return self.dropped_at_version is None and not self.preparing

    def was_live(self, version: int) -> bool:
        """Say whether an earlier version used it."""
        if any(first <= version < end for first, end in self.spans):
            return True
        if self.preparing or version < (self.since or 0):
            return False
        return self.dropped_at_version is None or version < self.dropped_at_version

    def again(self, version: int) -> PhysicalName:
        """Return a kept name as one in use from `version` on."""
        former = (self.since or 0, self.dropped_at_version or version)
        return replace(
            self,
            dropped_at_version=None,
            dropped_at=None,
            rows_at=None,
            since=version,
            spans=(*self.spans, former),
        )


@dataclass(frozen=True, slots=True)
class Names:
    """All physical names of a database, those of dropped definitions included."""

    all: tuple[PhysicalName, ...] = ()
    _live: Mapping[str, PhysicalName] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Iterable[PhysicalName]) -> Names:
        """Make the mapping of `names`."""
        ordered = tuple(sorted(names, key=lambda one: one.number))
        live = {one.definition_id: one for one in ordered if one.live}
        return cls(ordered, MappingProxyType(live))

    def physical(self, definition_id: str) -> str:
        """Return the table or column of a live definition."""
        return self._live[definition_id].physical

    def get(self, definition_id: str) -> PhysicalName | None:
        """Return the live name of a definition."""
        return self._live.get(definition_id)

    def kept(self, definition_id: str) -> tuple[PhysicalName, ...]:
        """Return the names of kept tables or columns of a definition, the newest first."""
        return self.kept_by_id().get(definition_id, ())

    def kept_by_id(self) -> Mapping[str, tuple[PhysicalName, ...]]:
        """Return all kept names by definition id, the newest first."""
        found: dict[str, list[PhysicalName]] = {}
        kept = (one for one in self.all if one.dropped_at_version is not None and not one.going)
        for one in sorted(kept, key=lambda one: (one.dropped_at_version, one.number), reverse=True):
            found.setdefault(one.definition_id, []).append(one)
        return {definition_id: tuple(names) for definition_id, names in found.items()}

    def held_at(self, version: int) -> Mapping[str, PhysicalName]:
        """Return by definition id the tables and columns that an earlier version used.

        Of names from before `since` was kept, the oldest that was not dropped by then is taken.
        """
        ordered = sorted(self.all, key=lambda one: (one.since or 0, -one.number))
        return {
            one.definition_id: one for one in ordered if one.was_live(version) and not one.going
        }

    def __contains__(self, definition_id: object) -> bool:
        return definition_id in self._live

    def with_catalog(
        self,
        catalog: Catalog,
        replaced: frozenset[str] = frozenset(),
        restored: Mapping[str, PhysicalName] = MappingProxyType({}),
        *,
        resuming: bool = False,
    ) -> Names:
        """Return these names and new ones for what `catalog` has and the database has not.

        The fields `replaced` get another column, and their former name is a kept one from this
        version on. A definition in `restored` uses that kept name again. With `resuming` names that
        are being prepared are those of `catalog`.
        """
        changed = _Changed(self, catalog.version, replaced, restored, resuming=resuming)
        for model in catalog.objects.values():
            changed.name(model.id, "object", model.name)
            for one in stored_fields(model):
                changed.name(one.id, "field", one.name, model.id)
            if model.tree_field is not None:
                changed.path(model.id)
        return changed.names(catalog)

    def with_storages(self, catalog: Catalog, definition_ids: Collection[str]) -> Names:
        """Return the names with what these live tables and columns hold, as `catalog` says."""
        storages: dict[str, str] = {}
        for model in catalog.objects.values():
            storages[model.id] = TABLE_STORAGE
            storages[path_id(model.id)] = "text"
            for one in stored_fields(model):
                if one.id in definition_ids:
                    storages[one.id] = self.storage_of(catalog, one)
        return Names.of(
            replace(one, storage=storages.get(one.definition_id))
            if one.live and one.storage is None and one.definition_id in definition_ids
            else one
            for one in self.all
        )

    def storage_of(self, catalog: Catalog, one: FieldModel) -> str:
        """Say what the column of a field of `catalog` holds; a reference names the table."""
        if one.target is not None:
            target = catalog.objects.get(one.target)
            if target is None:
                return f"id:{USER_TABLE}"
            known = self._live.get(target.id)
            return f"id:{known.physical if known else ''}"
        return f"decimal:{one.storage.scale}" if one.storage.kind == "decimal" else one.storage.kind

    def on_top_of(self, then: Names, now: Names) -> Names:
        """Return these names, made from `then`, as they are on top of what the database has now.

        What they did not change is as it is now: marked as going, or gone.
        """
        before = {one.number: one for one in then.all}
        current = {one.number: one for one in now.all}
        changed = [one for one in self.all if before.get(one.number) != one]
        same = [one.number for one in self.all if before.get(one.number) == one]
        return Names.of([*changed, *(current[one] for one in same if one in current)])

    def without(
        self,
        dropped: Iterable[str],
        version: int,
        at: datetime | None = None,
        rows_at: datetime | None = None,
    ) -> Names:
        """Return the names with those of `dropped` definitions marked as of `version`.

        `at` is the machine's time of the switch, `rows_at` the workspace's; columns that were
        replaced in this version are stamped too.
        """
        gone = frozenset(dropped)

        def marked(one: PhysicalName) -> PhysicalName:
            if one.definition_id in gone and one.live:
                one = replace(one, dropped_at_version=version)
            if one.dropped_at_version == version and one.dropped_at is None:
                one = replace(one, dropped_at=at, rows_at=rows_at)
            return one

        return Names.of(marked(one) for one in self.all)


class _Changed:
    """Names under change: what is live, what is taken again, what is new."""

    def __init__(
        self,
        names: Names,
        version: int,
        replaced: frozenset[str],
        restored: Mapping[str, PhysicalName],
        *,
        resuming: bool,
    ) -> None:
        self.before = names
        self.version = version
        self.replaced = replaced
        self.restored = restored
        self.known = {one.definition_id for one in names.all if one.live}
        self.prepared = {one.definition_id: one for one in names.all if one.preparing and resuming}
        self.number = names.all[-1].number if names.all else 0
        self.others: dict[int, PhysicalName] = {}
        """Names that are new or otherwise than before, by number."""

    def name(
        self, definition_id: str, kind: NameKind, name: str, object_id: str | None = None
    ) -> None:
        """See to it that a definition has a live name."""
        if definition_id in self.known and definition_id not in self.replaced:
            return
        former = self.before.get(definition_id)
        if former is not None:
            self.others[former.number] = replace(former, dropped_at_version=self.version)
        self.known.add(definition_id)
        kept = self.restored.get(definition_id)
        if kept is not None:
            self.others[kept.number] = kept.again(self.version)
            return
        prepared = self.prepared.get(definition_id)
        if prepared is not None:
            self.others[prepared.number] = replace(prepared, preparing=False, since=self.version)
            return
        if name.startswith(RESERVED_PREFIX):
            name = f"x_{name}"
        self.number += 1
        while f"{name}_{suffix(self.number)}" in SYSTEM_COLUMNS:
            self.number += 1
        physical = f"{name}_{suffix(self.number)}"
        self.others[self.number] = PhysicalName(
            self.number, definition_id, kind, physical, object_id, since=self.version
        )

    def path(self, object_id: str) -> None:
        """See to it that the path of a tree has a name of its own, so that it can be kept."""
        definition_id = path_id(object_id)
        self.name(definition_id, "field", TREE_PATH, object_id)
        made = self.others.get(self.number)
        table = self.before.get(object_id)
        first_form = table is not None and table.storage is None
        if first_form and made is not None and made.definition_id == definition_id:
            # Databases made before kept paths had names call the column of every tree the same.
            self.others[self.number] = replace(made, physical=TREE_PATH)

    def names(self, catalog: Catalog) -> Names:
        """Return the names, all of them."""
        if not self.others:
            return self.before
        kept = {one.number: one for one in self.before.all}
        result = Names.of({**kept, **self.others}.values())
        lacking = {one.definition_id for one in self.others.values() if one.storage is None}
        return result.with_storages(catalog, lacking)


def path_id(object_id: str) -> str:
    """Return the id by which the path column of an object's tree goes: the platform's own."""
    return f"{object_id}.{TREE_PATH}"


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
            storage=row.storage,
            dropped_at_version=row.dropped_at_version,
            dropped_at=row.dropped_at,
            rows_at=row.rows_at,
            preparing=bool(row.preparing),
            going=bool(row.going),
            since=row.since_version,
            spans=_spans_of(row.spans),
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
        connection.execute(sa.update(NAME).where(NAME.c.number == one.number).values(_row(one)))


def _row(name: PhysicalName) -> dict[str, object]:
    return {
        "number": name.number,
        "definition_id": name.definition_id,
        "kind": name.kind,
        "physical": name.physical,
        "object_id": name.object_id,
        "storage": name.storage,
        "dropped_at_version": name.dropped_at_version,
        "dropped_at": name.dropped_at,
        "rows_at": name.rows_at,
        "preparing": name.preparing or None,
        "going": name.going or None,
        "since_version": name.since,
        "spans": " ".join(f"{first}-{end}" for first, end in name.spans) or None,
    }


def _spans_of(text: str | None) -> tuple[tuple[int, int], ...]:
    """Read spans as they are stored: `2-5 7-9`."""
    pairs = (one.split("-") for one in (text or "").split())
    return tuple((int(first), int(end)) for first, end in pairs)
