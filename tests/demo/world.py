"""The demo workspace in a database: the shipped modules, installed, with their rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from headrace.platform.access.principals import (
    SYSTEM_PRINCIPAL,
    Credential,
    Principal,
    RoleHolding,
)
from headrace.platform.access.tables import USER
from headrace.platform.core.clock import FixedClock
from headrace.platform.core.ids import RandomIds
from headrace.platform.database.engine import Database, connect_database
from headrace.platform.database.installing import install_catalog
from headrace.platform.database.tables import Tables
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.loading import load_documents
from headrace.platform.publishing.row_order import in_loading_order
from headrace.platform.publishing.rows import USER_FILE, RowsFile, load_rows_file
from headrace.platform.records.context import CompiledParts, Context
from headrace.platform.records.store import RecordStore
from tests.demo.generate import TARGET

ZONE = ZoneInfo("Asia/Shanghai")
AS_OF = datetime(2025, 6, 30, 10, tzinfo=UTC)
MODULES = ("foundation", "partner_master", "product_catalog", "price_policy", "ordering")
CHUNK = 500


@dataclass
class World:
    """A database with the demo, and people to act as."""

    database: Database
    catalog: Catalog
    tables: Tables
    users: dict[str, dict[str, str]]
    store: RecordStore = field(default_factory=RecordStore)
    compiled: CompiledParts = field(default_factory=CompiledParts)

    def context(self, principal: Principal) -> Context:
        return Context(
            database=self.database,
            catalog=self.catalog,
            tables=self.tables,
            principal=principal,
            clock=FixedClock(AS_OF),
            zone=ZONE,
            language="en",
            ids=RandomIds(),
            compiled=self.compiled,
        )

    def system(self) -> Context:
        return self.context(SYSTEM_PRINCIPAL)

    def acting(self, login: str) -> Context:
        """Return the context of a demo user, with the roles of the file of users."""
        row = self.users[login]
        holdings = [one.partition("@") for one in row["roles"].split(";")]
        roles = frozenset(
            RoleHolding(role, self.id_of("territory", place) if place else None)
            for role, _, place in holdings
        )
        audiences = {self.catalog.roles[one.role].audience for one in roles}
        organisation = row.get("organisation", "")
        return self.context(
            Principal(
                user_id=self.user_id(login),
                login=login,
                name=row["name"],
                language="zh",
                zone=ZONE,
                audience="partner" if "partner" in audiences else "internal",
                organisation=self.id_of("partner", organisation) if organisation else None,
                roles=roles,
                stamp=1,
                credential=Credential("system", self.user_id(login)),
            )
        )

    def user_id(self, login: str) -> str:
        with self.database.reading() as reading:
            query = sa.select(USER.c.id).where(USER.c.login == login)
            return str(reading.connection.execute(query).scalar_one())

    def id_of(self, object_name: str, key: str) -> str:
        table = self.tables.of(object_name)
        column = self.catalog.objects[object_name].external_ids[0]
        with self.database.reading() as reading:
            query = sa.select(table.id).where(table.columns[column] == key)
            return str(reading.connection.execute(query).scalar_one())


def seed_documents(root: Path = TARGET) -> tuple[Document, ...]:
    """Return the documents of the shipped modules."""
    files = [
        (module, path.relative_to(root).as_posix(), path.read_bytes())
        for module in MODULES
        for path in sorted((root / module).rglob("*.json"))
        if "records" not in path.parts
    ]
    loaded = load_documents(files, built_in())
    assert not loaded.problems
    return loaded.documents


def rows_of(module: str, row_set: str) -> list[RowsFile]:
    """Return the files of rows of a module."""
    found: list[RowsFile] = []
    for path in sorted((TARGET / module / "records" / row_set).glob("*.csv")):
        files, problems = load_rows_file(module, row_set, path.name, path.read_bytes())
        assert not problems
        found.extend(files)
    return found


def make_world(url: str) -> World:
    """Install the shipped modules in an empty database and load all their rows."""
    database = connect_database(url)
    built = build_catalog(seed_documents(), built_in(), 1)
    assert built.catalog, built.problems
    empty = build_catalog([], built_in(), 0).catalog
    assert empty
    tables = install_catalog(database, empty, built.catalog)
    users = {
        row["login"]: row
        for one in rows_of("partner_master", "sample")
        if one.object == USER_FILE
        for row in one.rows()
    }
    world = World(database, built.catalog, tables, users)
    _add_users(world)
    for row_set in ("reference", "sample"):
        for module in MODULES:
            _load(world, rows_of(module, row_set))
    return world


def _add_users(world: World) -> None:
    ids = RandomIds()
    with world.database.writing(None) as work:
        work.connection.execute(
            sa.insert(USER),
            [
                {
                    "id": ids.record_id(),
                    "login": login,
                    "name": row["name"],
                    "language": "zh",
                    "time_zone": ZONE.key,
                    "active": True,
                    "stamp": 1,
                    "created_at": AS_OF,
                }
                for login, row in world.users.items()
            ],
        )


def _load(world: World, files: list[RowsFile]) -> None:
    for one in in_loading_order(world.catalog, files):
        for start in range(0, len(one.rows), CHUNK):
            with world.database.writing(None) as work:
                world.store.create_many(
                    world.system(),
                    work,
                    one.model.name,
                    one.rows[start : start + CHUNK],
                    mode="migration",
                )
