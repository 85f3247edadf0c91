"""Batches of rows that are only read, on the connection of a plan."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from headrace.platform.database.prepared import NO_PARAMETERS, Parameters, Prepared
from headrace.platform.records.batch import Batch
from headrace.platform.records.context import Context


class Cursor:
    """Runs prepared statements on a connection (`records.batch.Rows`)."""

    def __init__(self, connection: sa.Connection) -> None:
        self._raw: Any = connection.connection.driver_connection

    def rows(self, prepared: Prepared, parameters: Parameters = NO_PARAMETERS, /) -> list[Any]:
        """Run a statement and return its rows."""
        found: list[Any] = prepared.run(self._raw.cursor(), parameters).fetchall()
        return found


class ReadingBatch(Batch):
    """Rows of one moment that nobody is about to change."""

    def __init__(self, context: Context, cursor: Cursor) -> None:
        super().__init__(context, cursor)
        self.unchecked = True
        self.locking = False
