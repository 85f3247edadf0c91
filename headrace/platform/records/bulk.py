"""Many records in one request: all or none, or each by itself with its own outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Literal

from headrace.platform.access.policy import readable_fields
from headrace.platform.core.errors import (
    NOT_FOUND,
    NotFoundError,
    PlatformError,
    PreconditionRequiredError,
    RefusedError,
    UnavailableError,
)
from headrace.platform.core.problems import Message, Problem, pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.formulas.expression import Expression
from headrace.platform.metadata.catalog import ActionModel, ObjectModel
from headrace.platform.metadata.field_types.values import INTEGER, OBJECT, WRONG_TYPE, type_name
from headrace.platform.records.batch import Batch
from headrace.platform.records.context import Context
from headrace.platform.records.drafts import Saved
from headrace.platform.records.references import check_key, id_by_key
from headrace.platform.records.store import RecordStore, Revision

Mode = Literal["create", "update", "upsert", "delete"]
Outcome = Literal["created", "updated", "deleted", "undeleted", "unchanged", "refused"]
Numbered = tuple[int, Any]
"""A record with its place in the request."""
MODES: Final[tuple[Mode, ...]] = ("create", "update", "upsert", "delete")
MOST_ITEMS: Final = 1000
NOTHING_MADE: Final[Mapping[str, int]] = MappingProxyType({})
Act = Callable[[int, Mapping[str, Any]], "Item"]
"""Does something to one record and says what became of it."""
SMALL_PART: Final = 8
"""Of how many records, one of which is refused, each is tried by itself."""

TOO_MANY: Final = Message(
    "bulk.too_many",
    "At most {limit} records in one request, this has {count}.",
    "单次请求最多 {limit} 条记录，现有 {count} 条。",
    "Send them in several requests.",
    "请分多次提交。",
)
VERSION_NEEDED: Final = Message(
    "precondition.required",
    "Say which version of the record you change.",
    "请说明所修改记录的版本。",
    'Send "version" as you last read it.',
    "请附上最近一次读取到的“version”。",
)


@dataclass(frozen=True, slots=True)
class Item:
    """What became of one record; `error` says why it was refused, paths are within the item.

    `warnings` are what rules tell of a record that was written, `made` how many records of which objects (by
    their ids) were made of it, `run` the run of an automation that did it, where that can take it back.
    """

    index: int
    status: Outcome
    id: str | None = None
    version: int | None = None
    error: PlatformError | None = None
    warnings: tuple[Problem, ...] = ()
    made: Mapping[str, int] = field(default_factory=lambda: NOTHING_MADE)
    run: str | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems of a refused item, the warnings of another."""
        return self.error.problems if self.error else self.warnings

    @classmethod
    def of(cls, index: int, status: Outcome, saved: Saved, place: str = "") -> Item:
        """Make the result of a record that was written; warnings stand below `place`."""
        warnings = tuple(replace(one, path=one.path.removeprefix(place)) for one in saved.warnings)
        return cls(index, status, saved.id, saved.version, warnings=warnings)


def write_many(
    store: RecordStore,
    context: Context,
    work: UnitOfWork,
    object_name: str,
    mode: Mode,
    records: Sequence[Any],
    *,
    key: str | None = None,
    partial: bool = False,
    migrate: bool = False,
) -> list[Item]:
    """Create, change or delete records.

    Without `partial` the first refusal is raised, its paths below `/records/<index>`, and the caller
    rolls everything back. With it each record has its own outcome. `key` names the unique field by
    which records without an id are found. Changes carry a `version`; an upsert may do without.
    `migrate` makes records with state, numbers and times, for those who may.
    """
    check_count(records)
    if key is not None and object_name in context.catalog.objects:
        if not readable_fields(context.catalog, context.principal, object_name):
            raise NotFoundError(NOT_FOUND.at())
        check_key(Batch(context, work), object_name, key, "/key")
    writer = _Writer(store, context, work, object_name, mode, key)
    writer.store_mode = "migration" if migrate else "normal"
    numbered = list(enumerate(records))
    if writer.one_by_one():
        return writer.write_apart(numbered, partial=partial)
    if mode == "create" and not partial:
        return writer.create_together(numbered)
    return writer.write(numbered, partial=partial)


def check_count(records: Sequence[Any]) -> None:
    """Refuse more records than one request may hold."""
    if len(records) > MOST_ITEMS:
        raise RefusedError(TOO_MANY.at("/records", limit=MOST_ITEMS, count=len(records)))


def each_apart(
    work: UnitOfWork, records: Iterable[Numbered], act: Act, *, partial: bool
) -> list[Item]:
    """Do `act` for one record after the other; each finds those before it written.

    With `partial` a refusal undoes its own record and is its result; without, the first is raised, its
    paths below `/records/<index>`.
    """
    items = []
    for index, record in records:
        try:
            with work.connection.begin_nested():
                if not isinstance(record, Mapping):
                    raise RefusedError(WRONG_TYPE.at(expected=OBJECT, given=type_name(record)))
                items.append(act(index, record))
        except UnavailableError:
            raise
        except PlatformError as error:
            if not partial:
                place = pointer("records", index)
                error.problems = tuple(problem.below(place) for problem in error.problems)
                raise
            sent = record.get("id") if isinstance(record, Mapping) else None
            known = sent if isinstance(sent, str) else None
            items.append(Item(index, "refused", known, error=error))
    return items


class _ApartError(Exception):
    """Records cannot be written together: one is none, is not there, or is named twice."""


class _Writer:
    """The parts of one bulk request that stay the same from record to record."""

    def __init__(
        self,
        store: RecordStore,
        context: Context,
        work: UnitOfWork,
        object_name: str,
        mode: Mode,
        key: str | None,
    ) -> None:
        self.store = store
        self.context = context
        self.work = work
        self.object_name = object_name
        self.mode = mode
        self.key = key
        self.store_mode = "normal"
        self.acts: Mapping[str, Act] = {
            "create": self._create,
            "update": self._update,
            "upsert": self._upsert,
            "delete": self._delete,
        }

    def one_by_one(self) -> bool:
        """Say whether each record must find those before it written."""
        return self.mode == "delete" or asks_own_rows(self.context, self.object_name)

    def write(self, records: Sequence[Numbered], *, partial: bool) -> list[Item]:
        """Write records together where all is well, else by halves, small parts one by one.

        So a refused record among n costs log n further attempts. Without `partial` the first refusal
        is raised.
        """
        try:
            with self.work.connection.begin_nested():
                return self._together(records)
        except UnavailableError:
            raise
        except (PlatformError, _ApartError):
            if not partial or len(records) <= SMALL_PART:
                return self.write_apart(records, partial=partial)
        half = len(records) // 2
        return [
            *self.write(records[:half], partial=True),
            *self.write(records[half:], partial=True),
        ]

    def write_apart(self, records: Iterable[Numbered], *, partial: bool) -> list[Item]:
        """Write one record after the other."""
        return each_apart(self.work, records, self.acts[self.mode], partial=partial)

    def _together(self, records: Sequence[Numbered]) -> list[Item]:
        if self.mode == "create":
            return self.create_together(records)
        changes: list[tuple[int, Revision]] = []
        new: list[Numbered] = []
        known: set[str] = set()
        for index, record in records:
            found = self._find(record) if isinstance(record, Mapping) else None
            if found is not None and found not in known:
                known.add(found)
                changes.append((index, self._revision(found, record)))
            elif found is None and self.mode == "upsert" and isinstance(record, Mapping):
                new.append((index, _without_version(record)))
            else:
                raise _ApartError
        items = [*self._change_together(changes), *(self.create_together(new) if new else ())]
        return sorted(items, key=lambda item: item.index)

    def create_together(self, records: Sequence[Numbered]) -> list[Item]:
        """Create all records together."""
        places = [pointer("records", index) for index, _ in records]
        saved = self.store.create_many(
            self.context,
            self.work,
            self.object_name,
            [record for _, record in records],
            places=places,
            mode=self.store_mode,
        )
        return [
            Item.of(index, "created", one, place)
            for (index, _), one, place in zip(records, saved, places, strict=True)
        ]

    def _change_together(self, changes: Sequence[tuple[int, Revision]]) -> Iterator[Item]:
        if not changes:
            return
        revisions = [revision for _, revision in changes]
        saved = self.store.update_many(self.context, self.work, self.object_name, revisions)
        for (index, revision), one in zip(changes, saved, strict=True):
            yield Item.of(index, "updated", one, revision.place)

    def _revision(self, record_id: str, record: Mapping[str, Any]) -> Revision:
        version = None if self.mode == "upsert" and "version" not in record else version_of(record)
        identity = {"id", "version", self.key}
        data = {name: value for name, value in record.items() if name not in identity}
        return Revision(record_id, data, version, f"/{record_id}")

    def _create(self, index: int, record: Mapping[str, Any]) -> Item:
        saved = self.store.create(
            self.context, self.work, self.object_name, dict(record), mode=self.store_mode
        )
        return Item.of(index, "created", saved)

    def _update(self, index: int, record: Mapping[str, Any]) -> Item:
        found = self._find(record)
        if found is None:
            raise NotFoundError(NOT_FOUND.at())
        saved = self._change(found, record, version_of(record))
        return Item.of(index, "updated", saved)

    def _upsert(self, index: int, record: Mapping[str, Any]) -> Item:
        found = self._find(record)
        if found is None:
            return self._create(index, _without_version(record))
        version = record.get("version")
        if version is None:
            row = self.store.lock(self.context, self.work, self.object_name, found)
            version = row["version"]
        saved = self._change(found, record, version_of({"version": version}))
        return Item.of(index, "updated", saved)

    def _delete(self, index: int, record: Mapping[str, Any]) -> Item:
        found = self._find(record)
        if found is None:
            raise NotFoundError(NOT_FOUND.at())
        version = version_of(record)
        saved = self.store.delete(self.context, self.work, self.object_name, found, version)
        return Item.of(index, "deleted", saved)

    def _change(self, record_id: str, record: Mapping[str, Any], version: int) -> Saved:
        identity = {"id", "version", self.key}
        data = {name: value for name, value in record.items() if name not in identity}
        return self.store.update(
            self.context, self.work, self.object_name, record_id, data, version
        )

    def _find(self, record: Mapping[str, Any]) -> str | None:
        """Return the id that a record names or that its key leads to."""
        if "id" in record:
            return str(record["id"])
        if self.key is None or self.key not in record:
            return None
        if self.object_name not in self.context.catalog.objects:
            raise NotFoundError(NOT_FOUND.at())
        sent = {"key": str(record[self.key]), "by": self.key}
        return id_by_key(Batch(self.context, self.work), self.object_name, sent)


def asks_own_rows(context: Context, object_name: str) -> bool:
    """Say whether a default or an automation of an object asks rows of the same object.

    Such a question is answered from what is saved: records written together would not see each other.
    """
    model = context.catalog.objects.get(object_name)
    if model is None:
        return False
    return context.compiled.get(
        context.catalog, f"records.asks_own_rows.{object_name}", lambda: _asks(context, model)
    )


def _asks(context: Context, model: ObjectModel) -> bool:
    expressions = [field.default for field in model.fields.values()]
    for automation in context.catalog.automations.values():
        if automation.object == model.name:
            expressions += [automation.when, *_of_actions(automation.actions)]
    return any(
        query.name == model.name
        for expression in expressions
        if expression is not None
        for query in expression.queries
    )


def _of_actions(actions: Iterable[ActionModel]) -> Iterator[Expression | None]:
    for action in actions:
        yield action.when
        yield action.rows
        yield from (assignment.value for assignment in action.assignments)
        yield from _of_actions(action.actions)


def _without_version(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "version"}


def version_of(record: Mapping[str, Any]) -> int:
    """Return the version that a record was sent with; raise where it is missing or none."""
    version = record.get("version")
    if version is None:
        raise PreconditionRequiredError(VERSION_NEEDED.at("/version"))
    if isinstance(version, bool) or not isinstance(version, int):
        problem = WRONG_TYPE.at("/version", expected=INTEGER, given=type_name(version))
        raise RefusedError(problem)
    return version
