"""A record as it was: from what its run kept of it, and from the history of what it refers to.

Whatever cannot be told raises `UnknownValueError`: roll-ups that no column holds, rows that were changed
since and whose history is not kept, queries, and the roles of that time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, tzinfo
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.database.engine import Reading
from headrace.platform.formulas.environment import Environment
from headrace.platform.formulas.tree import Query, Value, value_from_json
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.records.batch import Batch
from headrace.platform.records.context import Context
from headrace.platform.records.environment import as_value
from headrace.platform.records.tables import HISTORY
from headrace.platform.workflow.pinned import evaluator
from headrace.platform.workflow.runs import Row
from headrace.platform.workflow.supposed import Path, UnknownValueError

PLAIN: Final = frozenset(
    (Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN, Kind.DATE, Kind.DATETIME, Kind.REFERENCE)
)
CHUNK: Final = 500
"""Most ids in one statement."""

Line = sa.Row[Any, Any, Any, Any, Any]
Lines = list[Line]


class Histories:
    """Lines of history by record, each read once; and live rows, each read once."""

    def __init__(self, context: Context, reading: Reading) -> None:
        self.context = context
        self.batch = Batch(context, reading)
        self._connection = reading.connection
        self._lines: dict[str, Lines] = {}

    def fetch(self, ids: Iterable[str]) -> None:
        """Read the lines of records that will be asked for, few statements for all."""
        wanted = sorted(set(ids) - self._lines.keys())
        for start in range(0, len(wanted), CHUNK):
            part = wanted[start : start + CHUNK]
            statement = (
                sa.select(
                    HISTORY.c.record_id,
                    HISTORY.c.version,
                    HISTORY.c.at,
                    HISTORY.c.action,
                    HISTORY.c.changes,
                )
                .where(HISTORY.c.record_id.in_(part))
                .order_by(HISTORY.c.version, HISTORY.c.id)
            )
            self._lines.update({one: [] for one in part})
            for row in self._connection.execute(statement):
                self._lines[row.record_id].append(row)

    def lines(self, record_id: str) -> Lines:
        """Return the lines of a record, oldest first."""
        self.fetch((record_id,))
        return self._lines[record_id]

    def kept(self, model: ObjectModel) -> frozenset[str]:
        """Return the names of the fields whose changes the history of an object keeps."""
        return self.batch.shapes.of(model.name).kept

    def value_at(
        self, model: ObjectModel, record_id: str, field: FieldModel, at: datetime
    ) -> Value:
        """Return what a stored field of a record was at an instant."""
        row = self.batch.row(model.name, record_id)
        if row is None or not field.stored:
            raise UnknownValueError(field.name)
        if row["updated_at"] is not None and row["updated_at"] <= at:
            if field.computed == "rollup":
                raise UnknownValueError(field.name)
            return as_value(row[field.name])
        if field.name not in self.kept(model) or field.computed == "rollup":
            raise UnknownValueError(field.name)
        later = [line for line in self.lines(record_id) if line.at > at]
        if any(line.action == "created" for line in later):
            raise UnknownValueError(field.name)
        for line in later:
            if field.id in line.changes:
                return plain_value(field, line.changes[field.id][0])
        return as_value(row[field.name])


def plain_value(field: FieldModel, data: Any) -> Value:
    """Return the Python value of what the history or a run keeps as JSON."""
    if data is None:
        return None
    if field.value_type.kind not in PLAIN or field.storage.many:
        raise UnknownValueError(field.name)
    return value_from_json(data, field.value_type.kind)


class PastRecord:
    """The record of a run as an environment of formulas, at a moment of the run.

    `changes` are what its values were in place of those of the snapshot, by field id as JSON; `missing`
    are the ids of fields that cannot be told then. Formulas are those of `definitions`.
    """

    def __init__(
        self,
        histories: Histories,
        definitions: Catalog,
        model: ObjectModel,
        run: Row,
        *,
        changes: Mapping[str, Any],
        missing: frozenset[str],
        at: datetime,
    ) -> None:
        self._histories = histories
        self._definitions = definitions
        self._model = model
        self._run = run
        self._changes = changes
        self._missing = missing
        self._at = at
        live = histories.context.catalog
        drafted = next((one for one in definitions.objects.values() if one.id == model.id), model)
        self._fields = {one.id: one for one in drafted.fields.values()}
        self._live = {
            one.id: one for one in (live.objects.get(model.name) or model).fields.values()
        }

    @property
    def today(self) -> date:
        """The day of the moment."""
        return self._at.astimezone(self.zone).date()

    @property
    def now(self) -> datetime:
        """The moment."""
        return self._at

    @property
    def zone(self) -> tzinfo:
        """The workspace's zone."""
        return self._histories.context.zone

    @property
    def user(self) -> str | None:
        """Who submitted."""
        return str(self._run.submitter)

    @property
    def organisation(self) -> str | None:
        """Not known for that time."""
        raise UnknownValueError("organisation")

    def value(self, path: Path, /) -> Value:
        """Return a field of the record then, or of a record that it referred to."""
        field = self._fields.get(path[0])
        if field is None:
            raise UnknownValueError(path)
        value = self._own(field)
        if len(path) == 1:
            return value
        return self._beyond(field, value, path[1:])

    def outer(self, path: Path, /) -> Value:
        """Return a field of the record that a query is asked for."""
        return self.value(path)

    def old(self, path: Path, /) -> Value:
        """Not known."""
        raise UnknownValueError(path)

    def constant(self, name: str, /) -> Value:
        """Return a constant of the definitions."""
        return self._definitions.constants[name].value

    def has_role(self, name: str, /) -> bool:
        """Not known for that time."""
        raise UnknownValueError(name)

    def in_subtree(self, node: str, root: str, /) -> bool:
        """Not known for that time, but that a node is in its own tree."""
        if node == root:
            return True
        raise UnknownValueError(node)

    def run_query(self, query: Query, environment: Environment, /) -> Value:
        """Not known for that time."""
        raise UnknownValueError(query.name)

    def _own(self, field: FieldModel) -> Value:
        if field.id in self._missing:
            raise UnknownValueError(field.name)
        if field.id in self._changes:
            return plain_value(field, self._changes[field.id])
        live = self._live.get(field.id)
        if field.expression is not None and (live is None or _differs(field, live)):
            return evaluator(field.expression)(self)
        if field.id in self._run.snapshot:
            return plain_value(field, self._run.snapshot[field.id])
        if field.expression is not None:
            return evaluator(field.expression)(self)
        if field.name == "id":
            return str(self._run.record_id)
        if field.name in {"created_by", "created_at"}:
            row = self._histories.batch.row(self._model.name, self._run.record_id)
            if row is not None:
                return as_value(row[field.name])
        raise UnknownValueError(field.name)

    def _beyond(self, field: FieldModel, value: Value, path: Path) -> Value:
        """Follow a reference to a record as it was."""
        if value is None:
            return None
        model = self._histories.context.catalog.objects.get(field.target or "")
        if model is None:
            raise UnknownValueError(path)
        found = next((one for one in model.fields.values() if one.id == path[0]), None)
        if found is None:
            raise UnknownValueError(path)
        if found.expression is not None and not found.stored:
            raise UnknownValueError(path)
        if found.name == "id":
            further: Value = value
        else:
            further = self._histories.value_at(model, str(value), found, self._at)
        return further if len(path) == 1 else self._beyond(found, further, path[1:])


def _differs(first: FieldModel, second: FieldModel) -> bool:
    one, other = first.expression, second.expression
    return (one.source if one else None) != (other.source if other else None)
