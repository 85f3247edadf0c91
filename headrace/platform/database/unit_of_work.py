"""One write transaction: opened by the database for a use case, never committed below it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import sqlalchemy as sa

from headrace.platform.core.clock import Clock, RealClock
from headrace.platform.database.prepared import (
    NO_PARAMETERS,
    Parameters,
    Prepared,
    Statement,
    prepare,
)
from headrace.platform.metadata.storage_types import Dialect

Through = Literal["cli", "api", "screen", "import", "mail", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and through which door; without a user it is the command line or the platform."""

    user_id: str | None
    through: Through


THE_PLATFORM: Final = Actor(None, "system")
COMMAND_LINE: Final = Actor(None, "cli")


class UnitOfWork:
    """What a use case writes in; committed as a whole by the place that opened it.

    `version` is the live metadata version, read under the lock. `now` is the machine's clock when
    the work began. `actor` is who the audit trail will say it was.
    """

    __slots__ = ("_after", "_raw", "actor", "connection", "dialect", "now", "version")

    def __init__(
        self,
        connection: sa.Connection,
        dialect: Dialect,
        version: int,
        clock: Clock | None = None,
        actor: Actor = THE_PLATFORM,
    ) -> None:
        self.connection = connection
        self.dialect: Dialect = dialect
        self.version = version
        self.actor = actor
        self.now: datetime = (clock or RealClock()).now()
        self._raw: Any = connection.connection.driver_connection
        self._after: list[Callable[[], None]] = []

    def execute(self, prepared: Prepared, parameters: Parameters = NO_PARAMETERS) -> Any:
        """Run a prepared statement and return the driver's cursor (`fetchall`, `rowcount`)."""
        return prepared.run(self._raw.cursor(), parameters)

    def execute_many(self, prepared: Prepared, many: Iterable[Parameters]) -> Any:
        """Run a prepared statement once for each set of parameters."""
        return prepared.run_many(self._raw.cursor(), many)

    def pipelined(self) -> contextlib.AbstractContextManager[Any]:
        """Send statements without waiting for each: results and errors come at the end of the block.

        Where the driver cannot do that, statements run one after the other.
        """
        if self.dialect == "postgresql":
            pipeline: contextlib.AbstractContextManager[Any] = self._raw.pipeline()
            return pipeline
        return contextlib.nullcontext()

    def rows(self, prepared: Prepared, parameters: Parameters = NO_PARAMETERS) -> list[Any]:
        """Run a prepared statement and return its rows as tuples of driver values."""
        rows: list[Any] = prepared.run(self._raw.cursor(), parameters).fetchall()
        return rows

    def prepare(self, statement: Statement) -> Prepared:
        """Compile a statement for this database."""
        return prepare(statement, self.dialect)

    @contextlib.contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Undo at the end of the block all that was written in it: for seeing what would become of it."""
        waiting = len(self._after)
        savepoint = self.connection.begin_nested()
        try:
            yield
        finally:
            savepoint.rollback()
            del self._after[waiting:]

    def after_commit(self, action: Callable[[], None]) -> None:
        """Keep `action` for when the work is committed; never run when it is rolled back."""
        self._after.append(action)

    def committed(self) -> None:
        """Run what waits for the commit; called by the database."""
        for action in self._after:
            action()
