"""Scratch databases: a content published in a file of its own, copied for each scenario."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import event

from headrace.platform.access.identity import Identity
from headrace.platform.access.principals import Principal
from headrace.platform.automation.buttons import Buttons
from headrace.platform.core.ids import RandomIds
from headrace.platform.database.engine import Database
from headrace.platform.database.installing import change_tables, create_system_tables
from headrace.platform.database.opening import open_database
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.publishing.catalogs import CatalogStore, Content, Published, save_version
from headrace.platform.publishing.reference_rows import take_reference_rows
from headrace.platform.publishing.workspace import TIME_ZONE, stop_clock, write_setting
from headrace.platform.records.context import Context
from headrace.platform.records.store import RecordStore
from headrace.platform.scenarios.limits import Deadline
from headrace.platform.workflow.engine import WorkflowEngine
from headrace.platform.workflow.tasks import Tasks

T = TypeVar("T")
VERSION: Final = 1
"""The number of the only version of a scratch database."""
LOOK_EVERY: Final = 100_000
"""Instructions of the database between looks at the time."""


class Scratch(Protocol):
    """The platform over a scratch database: what scenarios need of it."""

    @property
    def database(self) -> Database: ...
    @property
    def catalogs(self) -> CatalogStore: ...
    @property
    def identity(self) -> Identity: ...
    @property
    def store(self) -> RecordStore: ...
    @property
    def workflow(self) -> WorkflowEngine: ...
    @property
    def tasks(self) -> Tasks: ...
    @property
    def buttons(self) -> Buttons: ...

    def context_of(self, published: Published, principal: Principal = ...) -> Context:
        """Return the context of one use case."""
        ...

    def read_as(self, user_id: str | None, action: Callable[[Context], T]) -> T:
        """Run a reading use case for a user; None is the platform itself."""
        ...

    def write_as(self, user_id: str | None, action: Callable[[Context, UnitOfWork], T]) -> T:
        """Run a writing use case for a user, in one unit of work; None is the platform itself."""
        ...


class Assemble(Protocol):
    """Wires a platform over a scratch database, without mail, broker and scanner."""

    def __call__(self, database: Database) -> Scratch: ...


class Workshop:
    """One content in a database that scenarios begin with."""

    def __init__(
        self,
        folder: Path,
        assemble: Assemble,
        types: FieldTypes,
        catalog: Catalog,
        content: Content,
        zone: ZoneInfo,
        deadline: Deadline,
    ) -> None:
        self._folder = folder
        self._assemble = assemble
        self._content = content
        self.catalog = replace(catalog, version=VERSION)
        self.zone = zone
        self._template = folder / "template.sqlite"
        self._copies = 0
        self._make(types, deadline)

    def _make(self, types: FieldTypes, deadline: Deadline) -> None:
        """Publish the content in an empty database."""
        database = _opened(self._template, deadline)
        try:
            create_system_tables(database)
            ids = RandomIds()
            with database.writing(None) as work:
                Identity(database, ids).ensure_system_user(work)
                write_setting(work, TIME_ZONE, self.zone.key)
            empty = build_catalog((), types).catalog
            platform = self._assemble(database)
            with database.publishing() as work:
                if empty is not None:
                    change_tables(work, empty, self.catalog)
                save_version(work, VERSION, self._content, "scenarios", None)
            context = platform.context_of(self._published(platform))
            with database.writing(VERSION) as work:
                take_reference_rows(platform.store, context, work, self._content.rows)
        finally:
            database.dispose()

    def _published(self, platform: Scratch) -> Published:
        platform.catalogs.expect(self.catalog, self._content)
        return platform.catalogs.refresh()

    @contextmanager
    def platform(self, instant: datetime, deadline: Deadline) -> Iterator[Scratch]:
        """Lend a platform over a copy of the database whose clock stands at an instant.

        Its statements end with an error once the deadline has passed.
        """
        self._copies += 1
        path = self._folder / f"{self._copies}.sqlite"
        shutil.copyfile(self._template, path)
        database = _opened(path, deadline)
        try:
            with database.writing(VERSION) as work:
                stop_clock(work, instant)
            platform = self._assemble(database)
            self._published(platform)
            yield platform
        finally:
            database.dispose()
            path.unlink(missing_ok=True)


def _opened(path: Path, deadline: Deadline) -> Database:
    """Return the database in a file; its statements do not outlast the deadline."""
    database = open_database(f"sqlite:///{path}")

    @event.listens_for(database.engine, "connect")
    def watch(connection: Any, _: Any) -> None:
        connection.set_progress_handler(lambda: deadline.passed, LOOK_EVERY)

    return database
