"""`convert`: make a document of another object from a record and what is left of its rows.

What is left is a formula over the row, made of what other documents took of it. Who converts holds the
record until the end of the transaction, so two never take the same: the second one sees what is left then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from headrace.platform.actions.base import Acting, Action, Progress
from headrace.platform.actions.taking import begin
from headrace.platform.core.errors import ConflictError, RefusedError
from headrace.platform.core.problems import Message, Problem, pointer
from headrace.platform.formulas.python import compile_python
from headrace.platform.metadata.catalog import ActionModel
from headrace.platform.metadata.definitions.objects import ChildDef
from headrace.platform.records.batch import Batch
from headrace.platform.records.environment import RowEnvironment
from headrace.platform.records.history import field_json

QUANTITIES: Final = "quantities"
"""Under which key of a request it stands how much of each row is converted."""

NOTHING_LEFT: Final = Message(
    "convert.nothing_left",
    "Nothing of “{object}” is left to convert.",
    "“{object}”没有可转换的剩余数量。",
    "Look at the documents that were made of it.",
    "请查看由它生成的单据。",
)
NOTHING_CHOSEN: Final = Message(
    "convert.nothing_chosen",
    "No row has a quantity to convert.",
    "没有填写任何一行的转换数量。",
    "Enter how much of at least one row is converted.",
    "请至少填写一行的数量。",
)
TOO_MUCH: Final = Message(
    "convert.too_much",
    "Only {left} is left of this row.",
    "该行仅剩 {left}。",
    "Convert at most that.",
    "请填写不超过剩余的数量。",
)
NO_ROW: Final = Message(
    "convert.no_row",
    "The record has no such row.",
    "该记录没有这一行。",
    "Load the record again; the row may have been deleted.",
    "请重新加载记录，该行可能已被删除。",
)


@dataclass(frozen=True, slots=True)
class Left:
    """A row of the record, and what is left of it."""

    row_id: str
    environment: RowEnvironment
    left: Decimal


def rows_left(batch: Batch, action: ActionModel, record: RowEnvironment) -> Iterator[Left]:
    """Yield the rows of a record with what is left of each, in order; in hand as `record`.

    Where the batch locks, the rows are held until the end of the transaction.
    """
    relation, remaining = relation_of(action, record), action.rows
    assert remaining is not None  # noqa: S101 - the key says so
    shape = batch.shapes.of(relation.object)
    select = shape.select_details if batch.locking else shape.select_details_unlocked
    for found in batch.work.rows(select, {"master": record.values["id"]}):
        row = shape.row(found)
        environment = RowEnvironment(batch, shape, row, row, record)
        left = compile_python(remaining.tree)(environment)
        yield Left(str(row["id"]), environment, left if isinstance(left, Decimal) else Decimal(0))


def relation_of(action: ActionModel, record: RowEnvironment) -> ChildDef:
    """Return the child grid whose rows are converted."""
    definition = action.definition.convert
    assert definition is not None  # noqa: S101 - the key says so
    relation = record.shape.model.child(definition.lines)
    assert relation is not None  # noqa: S101 - the build says so
    return relation


class Convert:
    """Makes the document with a row for each that something is taken of."""

    key = "convert"

    def run(self, acting: Acting, action: ActionModel, progress: Progress | None) -> None:
        """Take all that is left, or the quantities that were entered; more than is left is refused."""
        definition, target = action.definition.convert, str(action.object)
        assert definition is not None  # noqa: S101 - the key says so
        context, work = acting.context, acting.work
        acting.services.store.lock(context, work, acting.model.name, acting.record_id)
        batch = Batch(context, work)
        record = batch.environment_of(acting.model.name, acting.record_id)
        assert record is not None  # noqa: S101 - it is locked
        record.inputs, record.before = acting.environment.inputs, acting.environment.before
        taken = _taken(acting, list(rows_left(batch, action, record)))
        model = context.catalog.objects[target]
        into = model.child(definition.into)
        assert into is not None  # noqa: S101 - the build says so
        within = acting.on(record, acting.record_id)
        data = within.as_json(target, within.assigned(target, action.assignments))
        data[definition.into] = [
            self._row(within.on(one.environment, one.row_id), action, into.object, quantity)
            for one, quantity in taken
        ]
        saved = acting.services.store.create(context, work, target, data)
        acting.warn(saved.warnings, of_another=True)
        acting.note(self.key, model, saved.id, rows=len(taken))
        if definition.begin is not None:
            begin(acting, target, saved.id, definition.begin)

    def _row(
        self, acting: Acting, action: ActionModel, target: str, quantity: Decimal
    ) -> dict[str, Any]:
        definition = action.definition.convert
        assert definition is not None  # noqa: S101 - the key says so
        fields = acting.context.catalog.objects[target].fields
        return {
            **acting.as_json(target, acting.assigned(target, action.each)),
            definition.source: acting.record_id,
            definition.quantity: field_json(fields[definition.quantity], quantity),
        }


def _taken(acting: Acting, rows: list[Left]) -> list[tuple[Left, Decimal]]:
    """Return how much is taken of which rows; raise where nothing is left, or too much is asked."""
    asked = acting.quantities
    if asked is None:
        found = [(one, one.left) for one in rows if one.left > 0]
        if not found:
            raise ConflictError(NOTHING_LEFT.at(object=acting.model.label))
        return found
    problems = list(_wrong(asked, {one.row_id: one for one in rows}))
    if problems:
        raise RefusedError.of(problems)
    found = [(one, asked[one.row_id]) for one in rows if asked.get(one.row_id)]
    if not found:
        raise RefusedError(NOTHING_CHOSEN.at(pointer(QUANTITIES)))
    return found


def _wrong(asked: Mapping[str, Decimal], rows: Mapping[str, Left]) -> Iterator[Problem]:
    for row_id, quantity in asked.items():
        place = pointer(QUANTITIES, row_id)
        if row_id not in rows:
            yield NO_ROW.at(place)
        elif quantity > rows[row_id].left:
            yield TOO_MUCH.at(place, left=f"{max(rows[row_id].left, Decimal(0)):f}")


ACTIONS: Final[tuple[Action, ...]] = (Convert(),)
