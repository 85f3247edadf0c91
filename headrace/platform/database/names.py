"""Physical names: readable, unique in the database, frozen when a definition is first published.

The mapping is stored, not derived: a rename changes nothing here, and a definition made again under
an old name (with a new id) gets a new column. A definition may have several names: the live one,
kept ones that hold what it had before, one whose column is being prepared.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any, Final, Literal

import sqlalchemy as sa

from headrace.platform.database.system_tables import LIVE, NAME
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
CHUNK: Final = 500
DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
REMEMBERED: Final = 8
"""From how many earlier ones names know how they differ."""
_TOKENS: Final = itertools.count()


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
    """All physical names of a database, those of dropped definitions included.

    `revision` is the one in which they stood like this in the database; None for names to come. `resting`
    are those that are not live, by number. `_history` has the numbers that differ from those of the names
    that these were made from: nobody goes through all of them to find a few.
    """

    all: tuple[PhysicalName, ...] = ()
    _live: dict[str, PhysicalName] = field(default_factory=dict)
    resting: Mapping[int, PhysicalName] = field(default_factory=dict)
    revision: int | None = field(default=None, compare=False)
    _token: int = field(default_factory=partial(next, _TOKENS), compare=False, repr=False)
    _history: tuple[tuple[int, frozenset[int]], ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def of(cls, names: Iterable[PhysicalName]) -> Names:
        """Make the mapping of `names`."""
        ordered = tuple(sorted(names, key=lambda one: one.number))
        live = {one.definition_id: one for one in ordered if one.live}
        return cls(ordered, live, {one.number: one for one in ordered if not one.live})

    def with_written(self, written: Iterable[PhysicalName], revision: int | None = None) -> Names:
        """Return the names with these among them, in place of those with the same numbers."""
        ordered = list(self.all)
        live = self._live.copy()
        changed = sorted(written, key=_number)
        for one in changed:
            if not ordered or ordered[-1].number < one.number:
                ordered.append(one)
                continue
            place = bisect_left(ordered, one.number, key=_number)
            former = ordered[place]
            if former.number != one.number:
                ordered.insert(place, one)
                continue
            ordered[place] = one
            if live.get(former.definition_id) is former:
                del live[former.definition_id]
        live.update((one.definition_id, one) for one in changed if one.live)
        numbers = frozenset(map(_number, changed))
        resting = {key: one for key, one in self.resting.items() if key not in numbers}
        resting |= {one.number: one for one in changed if not one.live}
        earlier = ((token, since | numbers) for token, since in self._history[: REMEMBERED - 1])
        history = ((self._token, numbers), *earlier)
        return Names(tuple(ordered), live, resting, revision, _history=history)

    def numbered(self, number: int) -> PhysicalName | None:
        """Return the name with a number."""
        place = bisect_left(self.all, number, key=_number)
        found = self.all[place] if place < len(self.all) else None
        return found if found is not None and found.number == number else None

    def differing(self, former: Names) -> Iterable[int]:
        """Return the numbers of names that are not the very same in `former`, or that it lacks."""
        if self._token == former._token:
            return ()
        known = next((one for token, one in self._history if token == former._token), None)
        if known is not None:
            return sorted(known)
        before = {one.number: one for one in former.all}
        return (one.number for one in self.all if before.get(one.number) is not one)

    def physical(self, definition_id: str) -> str:
        """Return the table or column of a live definition."""
        return self._live[definition_id].physical

    def get(self, definition_id: str) -> PhysicalName | None:
        """Return the live name of a definition."""
        return self._live.get(definition_id)

    def changed_since(self, former: Names) -> tuple[PhysicalName, ...]:
        """Return the live names that are other ones than in `former`."""
        before = former._live
        changed = (self.numbered(number) for number in self.differing(former))
        return tuple(
            one
            for one in changed
            if one is not None and one.live and before.get(one.definition_id) is not one
        )

    def kept(self, definition_id: str) -> tuple[PhysicalName, ...]:
        """Return the names of kept tables or columns of a definition, the newest first."""
        return self.kept_by_id().get(definition_id, ())

    def kept_by_id(self) -> Mapping[str, tuple[PhysicalName, ...]]:
        """Return all kept names by definition id, the newest first."""
        found: dict[str, list[PhysicalName]] = {}
        kept = (
            one
            for one in self.resting.values()
            if one.dropped_at_version is not None and not one.going
        )
        for one in sorted(kept, key=lambda one: (one.dropped_at_version, one.number), reverse=True):
            found.setdefault(one.definition_id, []).append(one)
        return {definition_id: tuple(names) for definition_id, names in found.items()}

    def held_at(self, version: int) -> Mapping[str, PhysicalName]:
        """Return by definition id the tables and columns that an earlier version used.

        Of names from before `since` was kept, the oldest that was not dropped by then is taken.
        """
        ordered = sorted(self.all, key=lambda one: (one.since or 0, -one.number))
        there = (one for one in ordered if one.was_live(version) and not one.going)
        return {one.definition_id: one for one in there}

    def __contains__(self, definition_id: object) -> bool:
        return definition_id in self._live

    def with_catalog(
        self,
        catalog: Catalog,
        replaced: frozenset[str] = frozenset(),
        restored: Mapping[str, PhysicalName] = MappingProxyType({}),
        *,
        resuming: bool = False,
        named: Catalog | None = None,
    ) -> Names:
        """Return these names and new ones for what `catalog` has and the database has not.

        Everything in the catalog `named` has a name here, so that the same objects have theirs.

        The fields `replaced` get another column, and their former name is a kept one from this
        version on. A definition in `restored` uses that kept name again. With `resuming` names that
        are being prepared are those of `catalog`.
        """
        changed = _Changed(self, catalog.version, replaced, restored, resuming=resuming)
        skips = named is not None and not replaced and not restored
        same = frozenset(map(id, named.objects.values())) if named and skips else frozenset()
        for model in catalog.objects.values():
            if id(model) in same:
                continue
            changed.name(model.id, "object", model.name)
            for one in stored_fields(model):
                changed.name(one.id, "field", _readable(one), model.id)
            if model.tree_field is not None:
                changed.path(model.id)
        return changed.names(catalog)

    def with_storages(self, catalog: Catalog, definition_ids: Collection[str]) -> Names:
        """Return the names with what these live tables and columns hold, as `catalog` says."""
        storages: dict[str, str] = {}
        lacking = [self._live[one] for one in definition_ids if one in self._live]
        objects = {one.object_id or one.definition_id for one in lacking}
        for model in catalog.objects.values():
            if model.id not in objects:
                continue
            storages[model.id] = TABLE_STORAGE
            storages[path_id(model.id)] = "text"
            for one in stored_fields(model):
                if one.id in definition_ids:
                    storages[one.id] = self.storage_of(catalog, one)
        return self.with_written(
            replace(one, storage=storages.get(one.definition_id))
            for one in lacking
            if one.storage is None
        )

    def storage_of(self, catalog: Catalog, one: FieldModel) -> str:
        """Say what the column of a field of `catalog` holds; a reference names the table."""
        if one.target is not None:
            target = catalog.objects.get(one.target)
            if target is None:
                return f"id:{USER_TABLE}"
            known = self._live.get(target.id)
            return f"id:{known.physical if known else ''}"
        if one.links is not None:
            linked = catalog.objects.get(one.links)
            known = self._live.get(linked.id) if linked else None
            return f"ids:{USER_TABLE if linked is None else known.physical if known else ''}"
        return f"decimal:{one.storage.scale}" if one.storage.kind == "decimal" else one.storage.kind

    def on_top_of(self, then: Names, now: Names) -> Names:
        """Return these names, made from `then`, as they are on top of what the database has now.

        What they did not change is as it is now: marked as going, or gone.
        """
        if now is then:
            return self
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
        gone = [self._live[one] for one in dropped if one in self._live]
        replaced = [
            one
            for one in self.resting.values()
            if one.dropped_at_version == version and one.dropped_at is None
        ]
        marked = [
            replace(one, dropped_at_version=version, dropped_at=at, rows_at=rows_at)
            for one in (*gone, *replaced)
        ]
        return self.with_written(marked) if marked else self


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
        self.done: set[str] = set()
        self.prepared = {
            one.definition_id: one for one in names.resting.values() if one.preparing and resuming
        }
        self.number = names.all[-1].number if names.all else 0
        self.others: dict[int, PhysicalName] = {}
        """Names that are new or otherwise than before, by number."""

    def name(
        self, definition_id: str, kind: NameKind, name: str, object_id: str | None = None
    ) -> None:
        """See to it that a definition has a live name."""
        former = self.before.get(definition_id)
        if definition_id in self.done or (former and definition_id not in self.replaced):
            return
        if former is not None:
            self.others[former.number] = replace(former, dropped_at_version=self.version)
        self.done.add(definition_id)
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
        result = self.before.with_written(self.others.values())
        lacking = {one.definition_id for one in self.others.values() if one.storage is None}
        return result.with_storages(catalog, lacking) if lacking else result


def path_id(object_id: str) -> str:
    """Return the id by which the path column of an object's tree goes: the platform's own."""
    return f"{object_id}.{TREE_PATH}"


def stored_fields(model: ObjectModel) -> tuple[FieldModel, ...]:
    """Return the fields with a column that not every object has: those that people defined, and keys of theirs."""
    return tuple(one for one in model.fields.values() if one.stored and not one.built_in)


def _readable(one: FieldModel) -> str:
    """Return what a column is called: a key after the field that it is the key of."""
    return one.name if one.key_of is None else f"{one.key_of}_key"


def suffix(number: int) -> str:
    """Write `number` in base 36."""
    text = ""
    while True:
        number, digit = divmod(number, len(DIGITS))
        text = DIGITS[digit] + text
        if number == 0:
            return text


def load_names(connection: sa.Connection, known: Names | None = None) -> Names:
    """Read the names that the database has; of what is `known` of them only what was written since."""
    # The revision first: what is written after it is read again the next time.
    query = sa.select(LIVE.c.names_revision, LIVE.c.names_forgotten)
    revision, forgotten = (one or 0 for one in connection.execute(query).one())
    before = None if known is None else known.revision
    if known is None or before is None or before < forgotten:
        rows = connection.execute(sa.select(*_COLUMNS).order_by(NAME.c.number))
        return replace(Names.of(map(_name, rows)), revision=revision)
    if before == revision:
        return known
    written = connection.execute(
        sa.select(*_COLUMNS).where(NAME.c.revision > before).order_by(NAME.c.number)
    )
    return known.with_written(map(_name, written), revision)


def save_names(connection: sa.Connection, old: Names, new: Names) -> None:
    """Store what `new` has and `old` has not, or has otherwise."""
    pairs = [(old.numbered(number), new.numbered(number)) for number in new.differing(old)]
    added = [now for then, now in pairs if then is None and now is not None]
    changed = [now for then, now in pairs if then is not None and now is not None and then != now]
    if not added and not changed:
        return
    revision = _next_revision(connection)
    if added:
        connection.execute(sa.insert(NAME), [_row(one, revision) for one in added])
    for one in changed:
        values = _row(one, revision)
        connection.execute(sa.update(NAME).where(NAME.c.number == one.number).values(values))


def mark_going(connection: sa.Connection, numbers: Collection[int]) -> frozenset[int]:
    """Mark kept names as going for good; return those that were not marked yet."""
    if not numbers:
        return frozenset()
    changed = (
        sa.update(NAME)
        .where(
            NAME.c.number.in_(numbers),
            NAME.c.going.is_(None),
            NAME.c.dropped_at_version.is_not(None),
        )
        .values(going=True, revision=_next_revision(connection))
        .returning(NAME.c.number)
    )
    return frozenset(connection.execute(changed).scalars())


def forget_names(connection: sa.Connection, names: Iterable[PhysicalName]) -> None:
    """Remove names whose tables and columns are gone."""
    numbers = [one.number for one in names]
    if not numbers:
        return
    revision = _next_revision(connection)
    connection.execute(sa.update(LIVE).values(names_forgotten=revision))
    for start in range(0, len(numbers), CHUNK):
        part = numbers[start : start + CHUNK]
        connection.execute(sa.delete(NAME).where(NAME.c.number.in_(part)))


def _next_revision(connection: sa.Connection) -> int:
    """Count the revision up; others who write names wait for this transaction."""
    revision = sa.func.coalesce(LIVE.c.names_revision, 0)
    connection.execute(sa.update(LIVE).values(names_revision=revision + 1))
    counted: int = connection.execute(sa.select(LIVE.c.names_revision)).scalar_one()
    return counted


_FIELDS: Final = tuple(one.name for one in fields(PhysicalName))
_CALLED: Final = {"since": "since_version"}
"""Columns that are called otherwise than what they hold."""
_COLUMNS: Final = tuple(NAME.c[_CALLED.get(one, one)] for one in _FIELDS)


def _name(row: Any) -> PhysicalName:
    values = dict(zip(_FIELDS, row, strict=True))
    marks = {one: bool(values[one]) for one in ("preparing", "going")}
    return PhysicalName(**{**values, **marks, "spans": _spans_of(values["spans"])})


def _row(name: PhysicalName, revision: int) -> dict[str, object]:
    values = {_CALLED.get(one, one): getattr(name, one) for one in _FIELDS}
    marks = {"preparing": name.preparing or None, "going": name.going or None}
    spans = " ".join(f"{first}-{end}" for first, end in name.spans) or None
    return {**values, **marks, "spans": spans, "revision": revision}


def _spans_of(text: str | None) -> tuple[tuple[int, int], ...]:
    """Read spans as they are stored: `2-5 7-9`."""
    pairs = (one.split("-") for one in (text or "").split())
    return tuple((int(first), int(end)) for first, end in pairs)


def _number(name: PhysicalName) -> int:
    return name.number
