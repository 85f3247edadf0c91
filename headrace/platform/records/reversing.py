"""Reversals: the opposite of an entry, linked to it, posted once and never undone itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from marshmallow import ValidationError

from headrace.platform.access.policy import pairs_for
from headrace.platform.core.problems import Message, Problem
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.formulas.python import compile_python
from headrace.platform.metadata.catalog import FieldModel, LedgerModel
from headrace.platform.records.batch import Batch
from headrace.platform.records.computing import stored_value
from headrace.platform.records.context import Context
from headrace.platform.records.drafts import Draft, Row
from headrace.platform.records.field_rules import REQUIRED
from headrace.platform.records.parsing import new_draft
from headrace.platform.records.shapes import ObjectShape
from headrace.platform.records.source import row_rights

NOT_REVERSIBLE: Final = Message(
    "ledger.not_reversible",
    "Records of “{object}” cannot be reversed.",
    "“{object}”的记录不支持冲销。",
    "Change the record itself.",
    "请直接修改该记录。",
)
ALREADY_REVERSED: Final = Message(
    "ledger.already_reversed",
    "The entry is reversed already.",
    "该流水已被冲销。",
    "Post a new entry if something is still to be put right.",
    "如仍需更正，请另行记账。",
)
IS_REVERSAL: Final = Message(
    "ledger.is_reversal",
    "A reversal is not reversed itself.",
    "冲销流水不能再次冲销。",
    "Post the entry that was taken back anew.",
    "请重新登记被冲销的流水。",
)


@dataclass(frozen=True, slots=True)
class Reversing:
    """What is asked for: why, and the date that the reversal counts for (None: today)."""

    reason: Any
    day: Any = None


def ledger_of(shape: ObjectShape) -> LedgerModel | None:
    """Return the ledger of an object whose entries can be reversed."""
    ledger = shape.model.ledger
    return None if ledger is None or ledger.definition.reversal_of is None else ledger


def mirrored(batch: Batch, original: Draft, asked: Reversing) -> Draft:
    """Take the opposite of a locked entry into the batch; problems are collected."""
    shape, ledger = original.shape, ledger_of(original.shape)
    assert ledger is not None and original.old is not None  # noqa: PT018, S101 - asked by the store
    refusal = _refusal(batch, shape, ledger, original.old)
    if refusal is not None:
        batch.refuse([refusal])
    draft = new_draft(batch, shape, "", original.parent)
    draft.given.update(_copied(shape, ledger, original.old))
    definition = ledger.definition
    amount = shape.fields[definition.amount]
    if amount.computed is None:
        draft.given[amount.name] = -original.old[amount.name]
    draft.given[str(definition.reversal_of)] = original.id
    _read(batch, draft, shape.fields[str(definition.reason)], asked.reason, "/reason")
    day = shape.fields[definition.date]
    if asked.day is None:
        draft.given[day.name] = batch.today if day.storage.kind == "date" else batch.now
    else:
        _read(batch, draft, day, asked.day, "/date")
    return draft


def assign(draft: Draft, ledger: LedgerModel) -> None:
    """Set what the ledger says of reversals; formulas see the entry as it was copied."""
    environment = draft.environment
    assert environment is not None  # noqa: S101 - set when the batch took the draft in
    draft.new.update(draft.given)
    values = {
        one.field: stored_value(draft.shape, one.field, compile_python(one.value.tree)(environment))
        for one in ledger.assignments
    }
    draft.given.update(values)


def standing(context: Context, object_name: str, record_id: str) -> Problem | bool:
    """Return True where the caller can reverse an entry, False where they may not, else why not.

    Costs nothing where no entries of the object can be reversed or the caller never may.
    """
    surroundings = context.surroundings()
    model = surroundings.catalog.object(object_name)
    if model is None or model.ledger is None or model.ledger.definition.reversal_of is None:
        return False
    if not pairs_for(surroundings.catalog, surroundings.rights, object_name, "reverse"):
        return False
    with context.database.reading() as reading:
        if row_rights(context, reading, object_name, record_id, "reverse") is None:
            return False
        batch = Batch(context, reading)
        shape = batch.shapes.of(object_name)
        found = reading.rows(shape.select_live, {"id": record_id})
        if not found:
            return False
        return _refusal(batch, shape, model.ledger, shape.row(found[0])) or True


def _refusal(batch: Batch, shape: ObjectShape, ledger: LedgerModel, row: Row) -> Problem | None:
    """Return why an entry cannot be reversed."""
    if row[str(ledger.definition.reversal_of)] is not None:
        return IS_REVERSAL.at()
    if batch.work.rows(_select_reversal(shape, ledger), {"id": row["id"]}):
        return ALREADY_REVERSED.at()
    return None


def _copied(shape: ObjectShape, ledger: LedgerModel, row: Row) -> Mapping[str, Any]:
    """Return what a reversal has like its entry: all that people or the system wrote of it.

    What is unique cannot occur twice; what the system fills by a default is made anew.
    """
    definition = ledger.definition
    left_out = {*ledger.kept, definition.date, definition.reason}
    keys = {name for key in shape.model.uniques for name in key} - {*definition.partition}

    def is_copied(field: FieldModel) -> bool:
        anew = field.definition.written_by == "system" and field.default is not None
        once = field.unique or field.name in keys
        made = field.system or field.computed is not None
        return not (anew or once or made or field.name in left_out)

    return {
        field.name: row[field.name]
        for field in shape.stored
        if is_copied(field) and row[field.name] is not None
    }


def _read(batch: Batch, draft: Draft, field: FieldModel, raw: Any, place: str) -> None:
    """Take in what was sent for a field of the reversal."""
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        batch.problems.append(REQUIRED.at(place, name=field.label))
        return
    try:
        value = field.type.value_field(field.options).deserialize(raw)
    except ValidationError as error:
        for one in error.messages:
            if isinstance(one, Problem):
                batch.problems.append(one.below(place))
        return
    draft.given[field.name] = value


def _select_reversal(shape: ObjectShape, ledger: LedgerModel) -> Prepared:
    def make() -> Prepared:
        column = shape.table.columns[str(ledger.definition.reversal_of)]
        record_id = sa.bindparam("id", type_=column.type)
        select = sa.select(shape.table.id).where(column == record_id, shape.live()).limit(1)
        return prepare(select, shape.shapes.dialect)

    prepared: Prepared = shape.shapes.part(("reversal", shape.name), make)
    return prepared
