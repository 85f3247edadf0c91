"""Notes which rows others change while a version is prepared: triggers that write ids to a log.

Triggers are there only as long as something is prepared. They see every writer, and a row is noted
in the transaction that changes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.canonical import content_hash
from headrace.platform.database.system_tables import SYSTEM, id_type, text_type
from headrace.platform.metadata.storage_types import Dialect

CHANGED_ROW: Final = sa.Table(
    "sys_changed_row",
    SYSTEM,
    sa.Column(
        "number",
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    sa.Column("table_name", text_type(), nullable=False),
    sa.Column("record_id", id_type(), nullable=False),
)
"""Rows to look at again: one line for each change, in no order that means anything."""

FUNCTION: Final = "sys_note_changed_row"
EVENTS: Final = ("insert", "update", "delete")
CHUNK: Final = 500

_POSTGRESQL_FUNCTION: Final = f"""
CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $note$
DECLARE
  earlier text; later text;
BEGIN
  IF TG_OP <> 'INSERT' THEN earlier := to_jsonb(OLD) ->> TG_ARGV[1]; END IF;
  IF TG_OP <> 'DELETE' THEN later := to_jsonb(NEW) ->> TG_ARGV[1]; END IF;
  IF earlier IS NOT NULL AND earlier IS DISTINCT FROM later THEN
    INSERT INTO {CHANGED_ROW.name} (table_name, record_id) VALUES (TG_ARGV[0], earlier::uuid);
  END IF;
  IF later IS NOT NULL THEN
    INSERT INTO {CHANGED_ROW.name} (table_name, record_id) VALUES (TG_ARGV[0], later::uuid);
  END IF;
  RETURN NULL;
END $note$
"""


@dataclass(frozen=True, slots=True)
class Watch:
    """Changes of rows of `table` note the rows of `noted` whose id stands in `column`.

    Both the earlier and the later id are noted. Updates of other columns than `columns` do not count;
    without `columns` every update does.
    """

    table: str
    noted: str
    column: str
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of its trigger, the same each time."""
        return f"sys_note_{content_hash([self.table, self.noted, self.column])[:16]}"


@dataclass(frozen=True, slots=True)
class Noted:
    """A row that was changed, and the number of the note."""

    number: int
    table: str
    record_id: str


def watch(connection: sa.Connection, dialect: Dialect, wanted: Watch) -> None:
    """Make the triggers of `wanted`; those that are there already stay.

    On PostgreSQL this waits until every transaction that changed a row of the table has ended, so
    each change is either committed by then or noted.
    """
    if dialect == "postgresql":
        _send(connection, _POSTGRESQL_FUNCTION)
    for statement in _made(connection, dialect, wanted):
        _send(connection, statement)


def unwatch(connection: sa.Connection, dialect: Dialect, wanted: Watch) -> None:
    """Remove the triggers of `wanted`, where they are."""
    quote = connection.dialect.identifier_preparer.quote
    if dialect == "postgresql":
        if sa.inspect(connection).has_table(wanted.table):
            name = quote(wanted.name)
            _send(connection, f"DROP TRIGGER IF EXISTS {name} ON {quote(wanted.table)}")
        return
    for event in EVENTS:
        _send(connection, f"DROP TRIGGER IF EXISTS {quote(f'{wanted.name}_{event}')}")


def noted_rows(connection: sa.Connection, limit: int | None = None) -> tuple[Noted, ...]:
    """Return notes that nobody has dealt with, at most `limit`."""
    query = sa.select(CHANGED_ROW).order_by(CHANGED_ROW.c.number).limit(limit)
    return tuple(
        Noted(row.number, row.table_name, str(row.record_id)) for row in connection.execute(query)
    )


def forget_notes(connection: sa.Connection, notes: Iterable[Noted]) -> None:
    """Remove just these notes: others with smaller numbers may be committed later."""
    numbers = [one.number for one in notes]
    for start in range(0, len(numbers), CHUNK):
        part = numbers[start : start + CHUNK]
        connection.execute(sa.delete(CHANGED_ROW).where(CHANGED_ROW.c.number.in_(part)))


def forget_all_notes(connection: sa.Connection) -> None:
    """Remove all notes, once nothing is prepared any more."""
    connection.execute(sa.delete(CHANGED_ROW))


def _made(connection: sa.Connection, dialect: Dialect, wanted: Watch) -> Iterator[str]:
    quote = connection.dialect.identifier_preparer.quote
    table, only = quote(wanted.table), _only(quote, wanted.columns)
    if dialect == "postgresql":
        yield (
            f"CREATE OR REPLACE TRIGGER {quote(wanted.name)}"
            f" AFTER INSERT OR DELETE OR UPDATE{only} ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {FUNCTION}('{wanted.noted}', '{wanted.column}')"
        )
        return
    column = quote(wanted.column)
    earlier, later = f"OLD.{column}", f"NEW.{column}"
    left = f"{earlier} IS NOT NULL AND {earlier} IS NOT {later}"
    notes = {
        "insert": [(later, f"{later} IS NOT NULL")],
        "update": [(earlier, left), (later, f"{later} IS NOT NULL")],
        "delete": [(earlier, f"{earlier} IS NOT NULL")],
    }
    for event in EVENTS:
        body = " ".join(_note(wanted.noted, value, when) for value, when in notes[event])
        changed = only if event == "update" else ""
        yield (
            f"CREATE TRIGGER IF NOT EXISTS {quote(f'{wanted.name}_{event}')}"
            f" AFTER {event.upper()}{changed} ON {table} BEGIN {body} END"
        )


def _note(noted: str, value: str, when: str) -> str:
    target = f"{CHANGED_ROW.name} (table_name, record_id)"
    return f"INSERT INTO {target} SELECT '{noted}', {value} WHERE {when};"


def _only(quote: Any, columns: Sequence[str]) -> str:
    return f" OF {', '.join(quote(one) for one in columns)}" if columns else ""


def _send(connection: sa.Connection, statement: str) -> None:
    """Run a statement that has no values; names in it are physical ones, made by the platform."""
    connection.execute(sa.DDL(statement.replace("%", "%%")))  # type: ignore[no-untyped-call]  # SQLAlchemy
