"""Reading the history of a record: what the caller may read of the record now, and nothing of the rest.

A line of which no change may be seen is left out as a whole, unless it says that the record was made
or moved to another state; the numbers of versions are not given, because gaps would tell of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.parameters import is_one_of, list_value
from headrace.platform.access.policy import names_of
from headrace.platform.core.errors import NOT_FOUND, NotFoundError
from headrace.platform.database.engine import Reading
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.masking import masked_value
from headrace.platform.metadata.storage_types import ID
from headrace.platform.records.context import Context
from headrace.platform.records.reader import get_in
from headrace.platform.records.source import Source, late_values, read_pairs, row_rights
from headrace.platform.records.tables import HISTORY, UNMASKED

LINE_LIMIT: Final = 1_000
TELLING: Final = frozenset({"created", "migrated", "deleted"})
"""Actions whose line is shown to whoever sees the record, whatever changed."""

Line = dict[str, Any]


def history(
    context: Context, object_name: str, record_id: str, *, by_task: bool = False
) -> list[Line]:
    """Return the lines of a record, newest first, at most 1,000; raise NotFoundError.

    A line is `{"at", "user", "acted_for", "action", "comment", "changes"}`, a change
    `{"field", "old", "new"}` with JSON values; references are `{"id", "title"}`.
    """
    model = context.catalog.object(object_name)
    if model is None:
        raise NotFoundError(NOT_FOUND.at())
    with context.database.snapshot() as reading:
        get_in(context, reading, object_name, record_id, fields=("id",), by_task=by_task)
        names = row_rights(context, reading, object_name, record_id, "read", by_task=by_task)
        rows = reading.connection.execute(
            sa.select(HISTORY)
            .where(HISTORY.c.record_id == record_id, HISTORY.c.object_id == model.id)
            .order_by(HISTORY.c.id.desc())
            .limit(LINE_LIMIT)
        ).all()
        lines = _Lines(model, names or frozenset(), masks=not context.principal.is_system)
        shown = [line for row in rows if (line := lines.shown(row)) is not None]
        for target, ids in lines.referred.items():
            _put_titles(lines.holders, target, _titles(context, reading, target, ids))
    return shown


class _Lines:
    """Turns stored lines into shown ones and notes the references in them."""

    def __init__(self, model: ObjectModel, names: frozenset[str], *, masks: bool) -> None:
        self._masks = masks
        self._fields = [field for field in model.fields.values() if field.name in names]
        self._shows_state = model.state_field is not None and model.state_field in names
        self.referred: dict[str, set[str]] = {}
        self.holders: list[tuple[str, Line]] = []

    def shown(self, row: Any) -> Line | None:
        """Return a line as the caller may see it; None where nothing of it may be seen."""
        changes = [
            {"field": field.name, "old": self._value(field, old), "new": self._value(field, new)}
            for field in self._fields
            if (change := row.changes.get(field.id)) is not None
            for old, new in (change,)
        ]
        comment = row.comment
        if row.action == UNMASKED:
            seen = set(str(comment).split())
            comment = ", ".join(field.name for field in self._fields if field.id in seen)
            if not comment:
                return None
        elif not changes and row.action not in TELLING:
            return None
        return {
            "at": row.at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "user": self._reference(USER_OBJECT, row.user),
            "acted_for": self._reference(USER_OBJECT, row.acted_for),
            "action": row.action,
            "comment": comment,
            "changes": changes,
        }

    def _value(self, field: FieldModel, value: Any) -> Any:
        if field.target is not None:
            return self._reference(field.target, value)
        return masked_value(field, value) if self._masks else value

    def _reference(self, target: str, record_id: str | None) -> Line | None:
        if record_id is None:
            return None
        holder = {"id": record_id, "title": None}
        self.referred.setdefault(target, set()).add(record_id)
        self.holders.append((target, holder))
        return holder


def _put_titles(holders: Iterable[tuple[str, Line]], target: str, titles: dict[str, Any]) -> None:
    for name, holder in holders:
        if name == target:
            holder["title"] = titles.get(holder["id"])


def _titles(context: Context, reading: Reading, target: str, ids: Iterable[str]) -> dict[str, Any]:
    """Return the titles of the records that the caller may see; those of users always."""
    plan = context.compiled.get(
        context.catalog,
        ("titles", context.principal.rights, target),
        lambda: _titles_plan(context, target),
    )
    if not plan:
        return {}
    prepared, convert = plan
    parameters = late_values(prepared, context.database.dialect)(context)
    parameters["ids"] = list_value(sorted(ids), context.database.dialect)
    rows = reading.rows(prepared, parameters)
    return {row[0]: row[1] if convert is None else convert(row[1]) for row in rows}


def _titles_plan(context: Context, target: str) -> tuple[Prepared, Any] | tuple[()]:
    surroundings = context.surroundings()
    dialect = surroundings.dialect
    source = Source(surroundings, target)
    title = source.model.fields[source.model.title]
    among = is_one_of(source.rows.id, "ids", ID, dialect)
    if target == USER_OBJECT:
        columns = [source.rows.id, source.rows.column(title)]
        statement = sa.select(*columns).select_from(source.statement.from_clause()).where(among)
    elif title.name in names_of(read_pairs(surroundings, target)):
        statement = source.select([source.rows.id, source.column(title.name)], where=[among])
    else:
        return ()
    return prepare(statement, dialect), title.storage.to_json(dialect)
