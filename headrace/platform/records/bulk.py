"""Many records in one request: all or none, or each by itself with its own outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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
from headrace.platform.metadata.field_types.values import INTEGER, OBJECT, WRONG_TYPE, type_name
from headrace.platform.records.batch import Batch
from headrace.platform.records.context import Context
from headrace.platform.records.drafts import Saved
from headrace.platform.records.references import check_key, id_by_key
from headrace.platform.records.store import RecordStore

Mode = Literal["create", "update", "upsert", "delete"]
Outcome = Literal["created", "updated", "deleted", "refused"]
MODES: Final[tuple[Mode, ...]] = ("create", "update", "upsert", "delete")
MOST_ITEMS: Final = 1000

TOO_MANY: Final = Message(
    "bulk.too_many",
    "At most {limit} records in one request, this has {count}.",
    "单次请求最多 {limit} 条记录,现有 {count} 条。",
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

    `warnings` are what rules tell of a record that was written.
    """

    index: int
    status: Outcome
    id: str | None = None
    version: int | None = None
    error: PlatformError | None = None
    warnings: tuple[Problem, ...] = ()

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
    if len(records) > MOST_ITEMS:
        raise RefusedError(TOO_MANY.at("/records", limit=MOST_ITEMS, count=len(records)))
    if key is not None and object_name in context.catalog.objects:
        if not readable_fields(context.catalog, context.principal, object_name):
            raise NotFoundError(NOT_FOUND.at())
        check_key(Batch(context, work), object_name, key, "/key")
    writer = _Writer(store, context, work, object_name, mode, key)
    writer.store_mode = "migration" if migrate else "normal"
    if mode == "create":
        return writer.create_partly(records) if partial else writer.create_all(records)
    return [
        writer.attempt(index, record) if partial else writer.placed(index, record)
        for index, record in enumerate(records)
    ]


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
        self.acts: Mapping[str, Callable[[int, Mapping[str, Any]], Item]] = {
            "create": self._create,
            "update": self._update,
            "upsert": self._upsert,
            "delete": self._delete,
        }

    def create_all(self, records: Sequence[Any]) -> list[Item]:
        """Create all records together."""
        places = [pointer("records", index) for index in range(len(records))]
        saved = self.store.create_many(
            self.context,
            self.work,
            self.object_name,
            records,
            places=places,
            mode=self.store_mode,
        )
        return [
            Item.of(index, "created", one, place)
            for index, (one, place) in enumerate(zip(saved, places, strict=True))
        ]

    def create_partly(self, records: Sequence[Any]) -> list[Item]:
        """Create what can be created: together where all is well, else one by one."""
        try:
            with self.work.connection.begin_nested():
                return self.create_all(records)
        except UnavailableError:
            raise
        except PlatformError:
            return [self.attempt(index, record) for index, record in enumerate(records)]

    def attempt(self, index: int, record: Any) -> Item:
        """Write one record; a refusal undoes this record only."""
        try:
            with self.work.connection.begin_nested():
                return self._act(index, record)
        except UnavailableError:
            raise
        except PlatformError as error:
            sent = record.get("id") if isinstance(record, Mapping) else None
            return Item(index, "refused", sent if isinstance(sent, str) else None, error=error)

    def placed(self, index: int, record: Any) -> Item:
        """Write one record; a refusal says which one it was."""
        try:
            return self._act(index, record)
        except PlatformError as error:
            place = pointer("records", index)
            error.problems = tuple(problem.below(place) for problem in error.problems)
            raise

    def _act(self, index: int, record: Any) -> Item:
        if not isinstance(record, Mapping):
            raise RefusedError(WRONG_TYPE.at(expected=OBJECT, given=type_name(record)))
        return self.acts[self.mode](index, record)

    def _create(self, index: int, record: Mapping[str, Any]) -> Item:
        saved = self.store.create(
            self.context, self.work, self.object_name, dict(record), mode=self.store_mode
        )
        return Item.of(index, "created", saved)

    def _update(self, index: int, record: Mapping[str, Any]) -> Item:
        found = self._find(record)
        if found is None:
            raise NotFoundError(NOT_FOUND.at())
        saved = self._change(found, record, _version(record))
        return Item.of(index, "updated", saved)

    def _upsert(self, index: int, record: Mapping[str, Any]) -> Item:
        found = self._find(record)
        if found is None:
            data = {name: value for name, value in record.items() if name != "version"}
            return self._create(index, data)
        version = record.get("version")
        if version is None:
            row = self.store.lock(self.context, self.work, self.object_name, found)
            version = row["version"]
        saved = self._change(found, record, _version({"version": version}))
        return Item.of(index, "updated", saved)

    def _delete(self, index: int, record: Mapping[str, Any]) -> Item:
        found = self._find(record)
        if found is None:
            raise NotFoundError(NOT_FOUND.at())
        version = _version(record)
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


def _version(record: Mapping[str, Any]) -> int:
    version = record.get("version")
    if version is None:
        raise PreconditionRequiredError(VERSION_NEEDED.at("/version"))
    if isinstance(version, bool) or not isinstance(version, int):
        problem = WRONG_TYPE.at("/version", expected=INTEGER, given=type_name(version))
        raise RefusedError(problem)
    return version
