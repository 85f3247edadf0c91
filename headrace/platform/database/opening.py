"""Opens the database of a workspace; needs nothing but the drivers, so that it is quick."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.database.engine import Database, connect_database
from headrace.platform.database.system_tables import LIVE

NOT_INITIALISED = Message(
    "database.not_initialised",
    "The database has no system tables yet.",
    "数据库中尚无系统表。",
    "Run `headrace init`, or `headrace demo` for the demo workspace.",
    "请运行 `headrace init`，演示工作区请运行 `headrace demo`。",
)


def open_database(url: str) -> Database:
    """Return the database at `url`; the folder of a SQLite file is made."""
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite" and address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    return connect_database(url)


def is_initialised(database: Database) -> bool:
    """Say whether the database has system tables."""
    with database.reading() as reading:
        return sa.inspect(reading.connection).has_table(LIVE.name)


def open_initialised(url: str) -> Database:
    """Return the database at `url`; raise RefusedError where it has no system tables."""
    database = open_database(url)
    if not is_initialised(database):
        database.dispose()
        raise RefusedError(NOT_INITIALISED.at())
    return database
