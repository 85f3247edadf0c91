"""Undoing a bulk change: what was there before, and leading records back to it.

Deleted records come back with what was deleted with them; those that came back go again. What a button did in several actions is taken back by its run. The history tells what a record was before; of fields that it does not keep, the bulk change keeps the
values itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from headrace.platform.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.bulk_changes import BulkOutcome, BulkRecord, Done, done_by
from headrace.platform.exchange.bulk_previews import seen_now
from headrace.platform.exchange.bulk_requests import BulkRequest
from headrace.platform.records.context import Context
from headrace.platform.records.history import field_json
from headrace.platform.records.restoring import Restoration, Seen, Side, earlier_state
from headrace.platform.records.shapes import ObjectShape, shapes_of
from headrace.platform.records.store import RecordStore
from headrace.platform.records.tables import HISTORY

TakeBack: TypeAlias = Callable[[Context, UnitOfWork, str], tuple[bool, Sequence[Problem]]]
"""Takes back what a run of an automation did; says whether anything was, and why what is left has to stay."""
Before: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Values of before by record and id of the field, as the API sends them; references as ids."""
NOTHING_BEFORE: Final[Before] = MappingProxyType({})

CHANGED_SINCE: Final = Message(
    "bulk.changed_since",
    "It was changed since ({fields}), and stays as it is.",
    "该记录此后已被修改（{fields}），保持不变。",
    "Open it, and change it by hand where that is wanted.",
    "如需修改，请打开该记录手工处理。",
)
OTHER_FIELDS: Final = Text("other fields", "其他字段")
NO_HISTORY: Final = Message(
    "bulk.no_history",
    "The history of “{object}” does not keep what it was before.",
    "“{object}”的历史未保存修改前的值。",
    "Let the object keep its history (“history”: true); this change has to be led back by hand.",
    "请为该对象启用历史（“history”: true）；本次修改需手工改回。",
)
NOT_TOLD: Final = Text("the history does not say what", "历史未记录具体字段")
CAME_BACK: Final = Message(
    "bulk.came_back",
    "It was brought back since, and stays as it is.",
    "该记录此后已被恢复，保持不变。",
    "Nothing is to be done.",
    "无需处理。",
)
BACK_AND_GONE: Final = Text("it was brought back and deleted again", "曾被恢复后再次删除")


@dataclass(frozen=True, slots=True)
class Undoing:
    """Leads records back to what they were before a bulk change, by their history."""

    context: Context
    work: UnitOfWork
    store: RecordStore
    object: str
    undoes: str
    take_back: TakeBack

    def undo(self, records: Sequence[BulkRecord]) -> list[BulkOutcome]:
        """Lead back what nobody changed since; a refusal undoes that record only."""
        lines = self._lines(records)
        done = done_by(self.work.connection, self.undoes, [one.id for one in records])
        return [
            self._outcome(one, lines.get((one.id, one.version)), done[one.id]) for one in records
        ]

    def _outcome(self, record: BulkRecord, line: str | None, done: Done) -> BulkOutcome:
        try:
            with self.work.connection.begin_nested():
                if done.run is not None:
                    return self._run_taken_back(record, done.run)
                match done.status:
                    case "deleted":
                        return self._brought_back(record)
                    case "undeleted":
                        return self._deleted_again(record)
                    case _:
                        return self._led_back(record, line, done.before)
        except StaleError:
            is_gone = done.status == "deleted"
            since = BACK_AND_GONE if is_gone else self._changed_since(record, line)
            problem = CHANGED_SINCE.at(fields=since)
            return BulkOutcome(record.id, "refused", None, (problem,))
        except (RefusedError, ForbiddenError, NotFoundError, ConflictError) as error:
            return BulkOutcome(record.id, "refused", None, error.problems)

    def _run_taken_back(self, record: BulkRecord, run: str) -> BulkOutcome:
        """Take back what a press did; what has to stay is told as a warning, or refuses where it is all."""
        is_any, left = self.take_back(self.context, self.work, run)
        status = "updated" if is_any else "refused"
        return BulkOutcome(record.id, status, problems=tuple(left))

    def _brought_back(self, record: BulkRecord) -> BulkOutcome:
        asked = (self.context, self.work, self.object, record.id)
        try:
            saved = self.store.undelete(*asked, record.version)
        except NotFoundError:
            if seen_now(self.context, self.work, self.object, [record.id]):
                return BulkOutcome(record.id, "refused", None, (CAME_BACK.at(),))
            raise
        return BulkOutcome(record.id, "undeleted", saved.version, saved.warnings)

    def _deleted_again(self, record: BulkRecord) -> BulkOutcome:
        asked = (self.context, self.work, self.object, record.id)
        saved = self.store.delete(*asked, record.version)
        return BulkOutcome(record.id, "deleted", saved.version, saved.warnings)

    def _led_back(
        self, record: BulkRecord, line: str | None, kept: Mapping[str, Any]
    ) -> BulkOutcome:
        data = {} if line is None else self._state(record, line, "before").data()
        data |= self._named(kept)
        if not data:  # the change set what stood there already
            return BulkOutcome(record.id, "unchanged", record.version)
        now = unkept_values(self.work, self._shape, kept, [record.id])
        saved = self.store.update(
            self.context, self.work, self.object, record.id, data, record.version
        )
        before = now.get(record.id)
        return BulkOutcome(record.id, "updated", saved.version, saved.warnings, before)

    def _named(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """Return values by the present names of their fields, as the caller may send them."""
        fields = {one.id: one for one in self._shape.fields.values()}
        seen = Seen(self.context, self.work)
        return {
            fields[field_id].name: seen.of(fields[field_id], value)
            for field_id, value in before.items()
            if field_id in fields
        }

    def _state(self, record: BulkRecord, line: str, side: Side) -> Restoration:
        return earlier_state(self.context, self.work, self.object, record.id, line, side)

    def _lines(self, records: Sequence[BulkRecord]) -> dict[tuple[str, int], str]:
        """Return the lines of the history that tell of the change, by record and version."""
        statement = sa.select(HISTORY.c.record_id, HISTORY.c.version, HISTORY.c.id).where(
            HISTORY.c.record_id.in_([one.id for one in records]),
            HISTORY.c.object_id == self._shape.model.id,
        )
        found = self.work.connection.execute(statement)
        return {(str(row.record_id), row.version): str(row.id) for row in found}

    @property
    def _shape(self) -> ObjectShape:
        return shapes_of(self.context).of(self.object)

    def _changed_since(self, record: BulkRecord, line: str | None) -> Text:
        """Return the names of the fields that were changed since, as far as the caller may read."""
        if line is None:
            return NOT_TOLD
        since = self._state(record, line, "after").fields
        labels = [self._shape.fields[one.name].label for one in since]
        labels = [one for one in labels if one] or [OTHER_FIELDS]
        english, chinese = ([one.within(code) for one in labels] for code in ("en", "zh"))
        return Text(", ".join(english), "、".join(chinese))


def values_before(
    context: Context, work: UnitOfWork, request: BulkRequest, ids: Sequence[str]
) -> Before:
    """Return what the history will not tell of records that an edit is about to change.

    The records are locked. Nothing is returned for an object that is not there: the store refuses it.
    """
    if request.object not in context.catalog.objects:
        return NOTHING_BEFORE
    shape = shapes_of(context).of(request.object)
    names = [name for name in request.fields if name in shape.fields and name not in shape.kept]
    return unkept_values(work, shape, [shape.fields[name].id for name in names], ids)


def unkept_values(
    work: UnitOfWork,
    shape: ObjectShape,
    field_ids: Iterable[str],
    ids: Sequence[str],
) -> Before:
    """Return stored values of records by the ids of the fields that people write."""
    wanted = frozenset(field_ids)
    fields = [one for one in shape.stored if one.id in wanted and one.computed is None]
    if not fields or not ids:
        return NOTHING_BEFORE
    rows = map(shape.row, work.rows(shape.select_many_locked, {"ids": sorted(ids)}))
    return {row["id"]: {one.id: field_json(one, row[one.name]) for one in fields} for row in rows}


def check_relations(context: Context, request: BulkRequest) -> None:
    """Raise ConflictError where a change has set child rows of which no history is kept."""
    shape = shapes_of(context).of(request.object)
    for name in request.fields:
        relation = shape.relations.get(name)
        if relation is not None and not shape.shapes.of(relation.object).keeps_history:
            raise ConflictError(NO_HISTORY.at(object=shape.model.label))
