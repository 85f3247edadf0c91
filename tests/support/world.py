"""Documents installed in an empty database, with a store to write and contexts to read in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from headrace.platform.access.principals import (
    SYSTEM_PRINCIPAL,
    SYSTEM_USER_ID,
    Credential,
    Principal,
    RoleHolding,
)
from headrace.platform.access.tables import USER
from headrace.platform.core.clock import FixedClock
from headrace.platform.core.ids import RandomIds
from headrace.platform.database.engine import Database, connect_database
from headrace.platform.database.installing import install_catalog, load_tables
from headrace.platform.database.system_tables import SYSTEM
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.records import reader
from headrace.platform.records import tables as record_tables
from headrace.platform.records.context import CompiledParts, Context
from headrace.platform.records.store import RecordStore
from tests.support.templates import filled

NOW = datetime(2025, 6, 30, 4, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
assert record_tables.HISTORY.metadata is SYSTEM


@dataclass
class World:
    """One database with its catalog."""

    database: Database
    context: Context
    store: RecordStore

    def as_(self, principal: Principal) -> Context:
        return self.context.as_principal(principal)

    def create(self, object_name: str, data: Any, context: Context | None = None) -> str:
        chosen = context or self.context
        with self.database.writing(chosen.catalog.version) as work:
            return self.store.create(chosen, work, object_name, data).id

    def create_all(
        self, object_name: str, items: Sequence[Any], context: Context | None = None
    ) -> list[str]:
        chosen = context or self.context
        with self.database.writing(chosen.catalog.version) as work:
            saved = self.store.create_many(chosen, work, object_name, items)
        return [one.id for one in saved]

    def load(self, object_name: str, items: Sequence[Any]) -> list[str]:
        with self.database.writing(self.context.catalog.version) as work:
            saved = self.store.create_many(self.context, work, object_name, items, mode="migration")
        return [one.id for one in saved]

    def get(self, object_name: str, record_id: str, **options: Any) -> Any:
        return reader.get(self.context, object_name, record_id, **options)


def open_world(url: str, documents: Sequence[Document]) -> World:
    built = build_catalog(documents, built_in(), 1)
    assert built.catalog is not None, built.problems
    catalog = built.catalog
    key = json.dumps([one.content for one in documents])
    filled(url, ("world", key), lambda place: _install(place, catalog))
    database = connect_database(url)
    context = Context(
        database=database,
        catalog=catalog,
        tables=load_tables(database, catalog),
        principal=SYSTEM_PRINCIPAL,
        clock=FixedClock(NOW),
        zone=ZONE,
        language="en",
        ids=RandomIds(),
        compiled=CompiledParts(),
    )
    return World(database, context, RecordStore())


def _install(url: str, catalog: Catalog) -> None:
    database = connect_database(url)
    empty = build_catalog([], built_in(), 0).catalog
    assert empty is not None
    install_catalog(database, empty, catalog)
    with database.writing(1) as work:
        work.connection.execute(USER.insert().values(_user(SYSTEM_USER_ID, "system")))
    database.dispose()


def add_user(world: World, login: str) -> str:
    user_id = world.context.ids.record_id()
    with world.database.writing(1) as work:
        work.connection.execute(USER.insert().values(_user(user_id, login)))
    return user_id


def _user(user_id: str, login: str) -> dict[str, Any]:
    return {
        "id": user_id,
        "login": login,
        "name": login,
        "language": "en",
        "time_zone": "Asia/Shanghai",
        "active": True,
        "stamp": 0,
        "created_at": NOW,
    }


def principal(user_id: str, audience: Any, *roles: str, **more: Any) -> Principal:
    """Return a principal that no statement checks the stamp of."""
    territory = more.pop("territory", None)
    return Principal(
        user_id=user_id,
        login=user_id,
        name=user_id,
        language="en",
        zone=ZONE,
        audience=audience,
        organisation=more.pop("organisation", None),
        roles=frozenset(RoleHolding(one, territory) for one in roles),
        stamp=0,
        credential=Credential("system", user_id),
    )
