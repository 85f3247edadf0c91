"""Databases that many tests start from: filled once per process, then copied.

To publish a workspace takes a second on PostgreSQL, to copy a database a twentieth of that.
"""

from __future__ import annotations

import atexit
import copy
import itertools
import os
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from psycopg import sql

from headrace.platform import runtime
from headrace.platform.database.engine import connect_database
from headrace.platform.database.opening import is_initialised
from tests.support.postgres import PostgresServer

MOST_KEPT = 6
"""Templates of one process; tests of one file use few."""

ValueT = TypeVar("ValueT")


@dataclass(frozen=True)
class _Template:
    url: sa.URL
    value: Any


_templates: OrderedDict[Hashable, _Template] = OrderedDict()
_shared: dict[Hashable, Any] = {}
_numbers = itertools.count()


def filled(url: str, key: Hashable, fill: Callable[[str], ValueT]) -> ValueT:
    """Fill the database at `url` as `fill` does, and return a copy of what `fill` returned.

    `fill` gets the address of an empty database and leaves nobody connected to it; the same `key`
    says that it does the same. A database that is not empty is filled as it is.
    """
    place = sa.make_url(url)
    if place.database is None or not _is_empty(place):
        return fill(url)
    found = _template(place, key, fill)
    if place.get_backend_name() == "sqlite":
        shutil.copyfile(str(found.url.database), str(place.database))
    else:
        server, name = _server(place), str(place.database)
        server.set_aside(name)
        _copy(server, str(found.url.database), name)
    return copy.deepcopy(found.value)


def initialised(url: str, zone: ZoneInfo) -> None:
    """Make the system tables in the database at `url` where it has none yet."""

    def initialise(place: str) -> None:
        database = connect_database(place)
        if not is_initialised(database):
            runtime.initialise(database, zone)
        database.dispose()

    filled(url, ("initialised", zone), initialise)


def shared(url: str, key: Hashable, make: Callable[[], ValueT]) -> ValueT:
    """Return what `make` made first in this process for databases of one kind: it must not change."""
    full = (sa.make_url(url).get_backend_name(), key)
    if full not in _shared:
        _shared[full] = make()
    found: ValueT = _shared[full]
    return found


def _template(place: sa.URL, key: Hashable, fill: Callable[[str], Any]) -> _Template:
    full = (place.get_backend_name(), str(place.query.get("host")), key)
    if full in _templates:
        _templates.move_to_end(full)
        return _templates[full]
    if place.get_backend_name() == "sqlite":
        folder = tempfile.mkdtemp(prefix="headrace-template-")
        made = place.set(database=f"{folder}/database.sqlite")
    else:
        made = place.set(database=f"template_{os.getpid()}_{next(_numbers)}")
        _copy(_server(place), "template0", str(made.database))
    value = fill(made.render_as_string(hide_password=False))
    _templates[full] = _Template(made, value)
    while len(_templates) > MOST_KEPT:
        _forget(_templates.popitem(last=False)[1])
    return _templates[full]


@atexit.register
def forget_templates() -> None:
    """Remove what the process keeps on disk; its server takes the rest along."""
    while _templates:
        _, one = _templates.popitem()
        if one.url.get_backend_name() == "sqlite":
            _forget(one)


def _forget(template: _Template) -> None:
    if template.url.get_backend_name() == "sqlite":
        shutil.rmtree(Path(str(template.url.database)).parent)
    else:
        _server(template.url).drop_database(str(template.url.database))


def _server(place: sa.URL) -> PostgresServer:
    return PostgresServer(Path(str(place.query["host"])))


def _is_empty(place: sa.URL) -> bool:
    if place.get_backend_name() == "sqlite":
        path = Path(str(place.database))
        return not path.exists() or path.stat().st_size == 0
    with _server(place).connect(str(place.database)) as connection:
        asked = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        row = connection.execute(asked).fetchone()
    return row is not None and row[0] == 0


def _copy(server: PostgresServer, template: str, name: str) -> None:
    # The files are copied: nothing here is durable, and a log of each page takes twice as long.
    asked = "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY"
    with server.connect() as connection:
        connection.execute(sql.SQL(asked).format(sql.Identifier(name), sql.Identifier(template)))
