"""What a driver says when a key is broken, as a value: never shown, only looked up."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

import psycopg
import sqlalchemy as sa

INTEGRITY_ERRORS: Final = (
    sqlite3.IntegrityError,
    psycopg.errors.IntegrityError,
    sa.exc.IntegrityError,
)
"""What drivers raise when a constraint is broken."""

_SQLITE_PREFIX: Final = "UNIQUE constraint failed: "


@dataclass(frozen=True, slots=True)
class UniqueViolation:
    """A broken key: the index where the database names it, else the columns."""

    index: str | None
    table: str | None
    columns: frozenset[str]


def is_missing_reference(error: BaseException) -> bool:
    """Say whether `error` reports an id that no row of the table referred to has."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig else error
    if isinstance(cause, sqlite3.IntegrityError):
        return cause.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
    return isinstance(cause, psycopg.errors.ForeignKeyViolation)


def unique_violation(error: BaseException) -> UniqueViolation | None:
    """Return the key that `error` reports as broken; None for any other error."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig else error
    if isinstance(cause, psycopg.errors.UniqueViolation):
        return UniqueViolation(cause.diag.constraint_name, cause.diag.table_name, frozenset())
    if isinstance(cause, sqlite3.IntegrityError) and str(cause).startswith(_SQLITE_PREFIX):
        names = str(cause).removeprefix(_SQLITE_PREFIX).split(", ")
        table = names[0].partition(".")[0]
        return UniqueViolation(None, table, frozenset(name.rpartition(".")[2] for name in names))
    return None
