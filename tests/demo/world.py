"""The demo workspace in a database, made the way the product makes it: publish, then samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.core.ids import RandomIds
from headrace.platform.database.opening import open_database
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.field_types import built_in
from headrace.platform.publishing.workspace import stop_clock
from headrace.platform.records.context import Context
from headrace.platform.runtime import Platform, assemble, initialise
from headrace.settings import load_settings
from tests.demo.generate import TARGET
from tests.support.live import SECRET
from tests.support.templates import filled

ZONE = ZoneInfo("Asia/Shanghai")
AS_OF = datetime(2025, 6, 30, 10, tzinfo=UTC)
MODULES = (
    "foundation",
    "partner_master",
    "product_catalog",
    "price_policy",
    "accounts_core",
    "ordering",
    "channel_inventory",
    "notices",
)

T = TypeVar("T")


@dataclass
class World:
    """The platform over a database with the demo, and its people to act as."""

    platform: Platform
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def catalog(self) -> Catalog:
        return self.platform.catalogs.current().catalog

    def acting(self, login: str) -> Context:
        """Return the context of a demo user for reading."""
        published = self.platform.catalogs.current()
        token = self.token(login)
        # Asked anew: a test before may have changed the user, and reading here is not tried again.
        principal = self.platform.identity.principal_of_token(token, published.catalog, fresh=True)
        return self.platform.context_of(published, principal)

    def does(self, login: str, action: Callable[[Context, UnitOfWork], T]) -> T:
        """Run a writing use case of a demo user."""
        return self.platform.write_for_token(self.token(login), action)

    def token(self, login: str) -> str:
        if login not in self.tokens:
            user_id = self.user_id(login)
            self.tokens[login] = self.platform.write_as_system(
                lambda _, work: self.platform.identity.create_token(work, user_id, "tests")
            )
        return self.tokens[login]

    def user_id(self, login: str) -> str:
        return str(self.rows(sa.select(USER.c.id).where(USER.c.login == login))[0][0])

    def id_of(self, object_name: str, key: str) -> str:
        table = self.platform.catalogs.current().tables.of(object_name)
        column = table.columns[self.catalog.objects[object_name].external_ids[0]]
        return str(self.rows(sa.select(table.id).where(column == key))[0][0])

    def rows(self, statement: sa.Select[Any]) -> list[Any]:
        with self.platform.database.reading() as reading:
            return list(reading.connection.execute(statement))

    def stored(self, object_name: str, where: str, value: str) -> list[dict[str, Any]]:
        """Return rows as Python values, past every right."""
        table = self.platform.catalogs.current().tables.of(object_name)
        model = self.catalog.objects[object_name]
        query = sa.select(*table.columns.values()).where(table.columns[where] == value)
        dialect = self.platform.database.dialect
        return [
            {
                name: model.fields[name].storage.from_driver(dialect)(cell)
                for name, cell in zip(table.columns, row, strict=True)
            }
            for row in self.rows(query)
        ]


def make_world(url: str, root: Path = TARGET, modules: Sequence[str] = MODULES) -> World:
    """Publish the shipped modules into an empty database and load all their rows.

    Those of another `root` are published anew each time, for what is there may change.
    """
    if root == TARGET:
        filled(url, ("demo", tuple(modules)), lambda place: _load(place, root, modules))
    else:
        _load(url, root, modules)
    return World(_platform(url, root))


def _load(url: str, root: Path, modules: Sequence[str]) -> None:
    database = open_database(url)
    initialise(database, ZONE)
    with database.writing(None) as work:
        stop_clock(work, AS_OF)
    database.dispose()
    platform = _platform(url, root)
    platform.publisher.publish(platform.publisher.plan(root), "Demo", None)
    files = platform.catalogs.current().rows
    for module in modules:
        platform.write_as_system(
            lambda context, work, name=module: platform.samples.load(context, work, files, name)
        )
    platform.close()


def _platform(url: str, root: Path) -> Platform:
    variables = {"HEADRACE_DATABASE_URL": url, "HEADRACE_SECRET_KEY": SECRET}
    settings = load_settings(variables, root)
    return assemble(settings, open_database(settings.database_url), built_in(), RandomIds())
