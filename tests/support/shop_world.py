"""A small shop in one database: what the tests of writing records publish and act in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

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
from headrace.platform.core.problems import errors
from headrace.platform.database.engine import Database, connect_database
from headrace.platform.database.installing import install_catalog, load_tables
from headrace.platform.database.system_tables import SYSTEM
from headrace.platform.database.tables import Tables
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.records import tables as record_tables
from headrace.platform.records.context import CompiledParts, Context
from headrace.platform.records.drafts import Row, Saved
from headrace.platform.records.store import RecordStore
from tests.support.templates import filled, shared

NOW = datetime(2025, 6, 30, 18, 30, tzinfo=UTC)
"""Already the first of July in the workspace's zone."""

ZONE = ZoneInfo("Asia/Shanghai")
LINES = {"name": "lines", "object": "purchase_line", "by": "purchase", "min": 1, "max": 5}

DOCUMENTS: list[dict[str, Any]] = [
    {
        "kind": "module",
        "name": "shop",
        "version": "1.0.0",
        "constants": [{"name": "vat", "type": "percent", "value": "13"}],
    },
    {"kind": "role", "name": "clerk", "audience": "partner"},
    {"kind": "role", "name": "boss"},
    {"kind": "role", "name": "loader", "migrate": True},
    {"kind": "role", "name": "guest"},
    {"kind": "role", "name": "keeper"},
    {"kind": "role", "name": "regional"},
    {
        "kind": "object",
        "name": "region",
        "title": "name",
        "acts_as": "territory",
        "fields": [
            {"name": "code", "type": "text", "external_id": True, "required": True},
            {"name": "name", "type": "text"},
            {"name": "parent", "type": "tree", "depth": 3},
            {
                "name": "available",
                "type": "rollup",
                "op": "sum",
                "of": "company.available",
                "by": "region",
            },
        ],
    },
    {
        "kind": "object",
        "name": "company",
        "title": "name",
        "acts_as": "organisation",
        "scope_paths": {"organisation": "id", "territory": "region"},
        "fields": [
            {"name": "code", "type": "text", "external_id": True, "required": True},
            {"name": "name", "type": "text", "required": True},
            {"name": "parent", "type": "tree", "depth": 4},
            {"name": "region", "type": "lookup", "to": "region"},
            {"name": "credit", "type": "money", "audience": "internal"},
            {
                "name": "purchases",
                "type": "rollup",
                "op": "count",
                "of": "purchase",
                "by": "company",
            },
            {
                "name": "spent",
                "type": "rollup",
                "op": "sum",
                "of": "purchase.payable",
                "by": "company",
                "where": "status != 'cancelled'",
            },
            {
                "name": "available",
                "type": "formula",
                "returns": "money",
                "formula": "credit - spent",
                "audience": "internal",
            },
        ],
        "rules": [
            {
                "name": "within_credit",
                "unless": "available >= 0",
                "message": {"en": "Credit is used up", "zh": "额度不足"},
            }
        ],
    },
    {
        "kind": "object",
        "name": "product",
        "title": "name",
        "fields": [
            {"name": "code", "type": "text", "external_id": True, "required": True},
            {"name": "name", "type": "text"},
            {"name": "active", "type": "boolean", "default": "TRUE"},
            {
                "name": "sold",
                "type": "rollup",
                "op": "sum",
                "of": "purchase_line.qty",
                "by": "product",
                "where": "kind = 'normal'",
            },
        ],
    },
    {
        "kind": "object",
        "name": "price",
        "fields": [
            {"name": "product", "type": "lookup", "to": "product", "required": True},
            {"name": "valid_from", "type": "date", "required": True},
            {"name": "amount", "type": "money", "required": True},
        ],
    },
    {
        "kind": "object",
        "name": "purchase",
        "title": "number",
        "scope_paths": {"organisation": "company", "territory": "company.region"},
        "history": True,
        "fields": [
            {"name": "number", "type": "auto_number", "pattern": "P-{YYYY}{MM}-{000}"},
            {
                "name": "company",
                "type": "lookup",
                "to": "company",
                "required": True,
                "default": "MY_ORGANISATION()",
            },
            {"name": "day", "type": "date", "required": True, "default": "TODAY()"},
            {"name": "external_no", "type": "text", "length": 40},
            {"name": "margin", "type": "money", "audience": "internal"},
            {"name": "discount", "type": "money", "default": "0", "least": "0"},
            {
                "name": "rows",
                "type": "rollup",
                "op": "count",
                "of": "purchase_line",
                "by": "purchase",
            },
            {
                "name": "total",
                "type": "rollup",
                "op": "sum",
                "of": "purchase_line.amount",
                "by": "purchase",
                "where": "kind != 'gift'",
            },
            {
                "name": "payable",
                "type": "formula",
                "returns": "money",
                "formula": "total - discount",
            },
            {"name": "buyer", "type": "user"},
            {"name": "priority", "type": "integer", "default": "rows * 0 + 3"},
            {"name": "urgency", "type": "integer", "default": "priority + 1"},
            {
                "name": "company_code",
                "type": "formula",
                "returns": "text",
                "formula": "company.code",
            },
            {"name": "submitted_at", "type": "datetime", "written_by": "system"},
            {"name": "status", "type": "state", "workflow": "purchase_flow"},
        ],
        "children": [LINES],
        "rules": [
            {
                "name": "discount_cap",
                "unless": "discount <= ROUND(total * 0.3, 2)",
                "field": "discount",
                "message": {"en": "At most 30 %", "zh": "不超过 30%"},
            },
            {
                "name": "no_back_dating",
                "when": "CHANGED(day)",
                "unless": "day >= OLD(day)",
                "field": "day",
                "message": {"en": "Not earlier", "zh": "不得提前"},
            },
        ],
        "unique": [{"fields": ["company", "external_no"]}],
    },
    {
        "kind": "object",
        "name": "purchase_line",
        "fields": [
            {"name": "purchase", "type": "master_detail", "to": "purchase"},
            {
                "name": "product",
                "type": "lookup",
                "to": "product",
                "required": True,
                "filter": "active = TRUE",
            },
            {"name": "qty", "type": "quantity", "required": True},
            {
                "name": "price",
                "type": "money",
                "default": (
                    "FIRST(price.amount WHERE product = this.product AND valid_from <= this.purchase.day"
                    " ORDER BY valid_from DESC)"
                ),
            },
            {
                "name": "list_price",
                "type": "money",
                "written_by": "system",
                "default": (
                    "FIRST(price.amount WHERE product = this.product AND valid_from <= this.purchase.day"
                    " ORDER BY valid_from DESC)"
                ),
            },
            {
                "name": "kind",
                "type": "choice",
                "default": "'normal'",
                "choices": [{"value": "normal"}, {"value": "gift"}],
            },
            {
                "name": "amount",
                "type": "formula",
                "returns": "money",
                "formula": "ROUND(qty * price, 2)",
            },
        ],
        "rules": [
            {
                "name": "positive",
                "unless": "qty > 0",
                "field": "qty",
                "message": {"en": "More than nothing", "zh": "数量须大于零"},
            }
        ],
    },
    {
        "kind": "object",
        "name": "ticket",
        "title": "number",
        "history": True,
        "fields": [
            {"name": "number", "type": "auto_number", "pattern": "T-{0000}"},
            {"name": "product", "type": "lookup", "to": "product"},
            {"name": "subject", "type": "text", "required": True},
            {"name": "hours", "type": "quantity", "default": "1"},
            {"name": "cost", "type": "formula", "returns": "money", "formula": "hours * 80"},
        ],
    },
    {
        "kind": "workflow",
        "name": "purchase_flow",
        "object": "purchase",
        "field": "status",
        "states": [
            {"name": "draft", "initial": True},
            {"name": "sent"},
            {"name": "cancelled", "final": True},
        ],
        "transitions": [
            {"name": "send", "from": ["draft"], "to": "sent", "set": {"submitted_at": "NOW()"}},
            {"name": "cancel", "from": ["draft", "sent"], "to": "cancelled"},
        ],
    },
    {
        "kind": "permission",
        "name": "purchase",
        "object": "purchase",
        "grants": [
            {"role": "clerk", "actions": ["create", "read"], "scope": "organisation"},
            {
                "role": "clerk",
                "actions": ["update", "delete"],
                "scope": "organisation",
                "when": "status = 'draft'",
                "fields": {"edit": ["company", "discount", "external_no", "lines"]},
            },
            {"role": "boss", "actions": ["create", "read", "update", "delete"], "scope": "all"},
            {"role": "loader", "actions": ["create", "read"], "scope": "all"},
            {
                "role": "regional",
                "actions": ["read", "update"],
                "scope": "territory_tree",
                "fields": {"edit": ["discount"]},
            },
        ],
    },
    {
        "kind": "permission",
        "name": "company",
        "object": "company",
        "grants": [
            {"role": "clerk", "actions": ["read"], "scope": "organisation_tree"},
            {"role": "regional", "actions": ["read"], "scope": "territory_tree"},
            {"role": "boss", "actions": ["create", "read", "update", "delete"], "scope": "all"},
            {"role": "loader", "actions": ["create", "read"], "scope": "all"},
        ],
    },
    {
        "kind": "permission",
        "name": "own_tickets",
        "object": "ticket",
        "grants": [
            {"role": "keeper", "actions": ["create", "read", "update"], "scope": "own"},
        ],
    },
    {
        "kind": "permission",
        "name": "keeper_product",
        "object": "product",
        "grants": [{"role": "keeper", "actions": ["read", "delete"]}],
    },
    *(
        {
            "kind": "permission",
            "name": name,
            "object": name,
            "grants": [
                {"role": "clerk", "actions": ["read"], "scope": "all"},
                {"role": "boss", "actions": ["create", "read", "update", "delete"], "scope": "all"},
                {"role": "loader", "actions": ["create", "read"], "scope": "all"},
            ],
        }
        for name in ("region", "product", "price", "ticket")
    ),
]


def shop_catalog(version: int = 1) -> Catalog:
    """Build the catalog of the shop; a problem in it fails the test."""
    documents = [Document("shop", one) for one in DOCUMENTS]
    built = build_catalog(documents, built_in(), version)
    assert not errors(built.problems), built.problems
    assert built.catalog is not None
    return built.catalog


@dataclass
class Shop:
    """The shop with the people and records that tests start from; ids by a short name."""

    database: Database
    context: Context
    store: RecordStore
    ids: dict[str, str]

    def as_(self, who: str) -> Context:
        """Return the context of one of the people."""
        return self.context.as_principal(self.people[who])

    @property
    def people(self) -> Mapping[str, Principal]:
        """The people: two partner clerks, internal ones, one without any grant."""
        return {
            "ann": person("ann", "partner", ["clerk"], self.ids["north"]),
            "bob": person("bob", "partner", ["clerk"], self.ids["south"]),
            "boss": person("boss", "internal", ["boss"]),
            "keeper": person("keeper", "internal", ["keeper"]),
            "loader": person("loader", "internal", ["loader"]),
            "guest": person("guest", "internal", ["guest"]),
            "rita": person("rita", "internal", [("regional", self.ids["east"])]),
            "system": SYSTEM_PRINCIPAL,
        }

    @contextmanager
    def work(self) -> Iterator[UnitOfWork]:
        """Open a unit of work at the shop's version."""
        with self.database.writing(self.context.catalog.version) as work:
            yield work

    def create(self, who: str, object_name: str, data: Any, mode: str = "normal") -> Saved:
        """Create a record in a transaction of its own."""
        with self.work() as work:
            return self.store.create(self.as_(who), work, object_name, data, mode=mode)

    def update(self, who: str, object_name: str, record_id: str, data: Any, version: int) -> Saved:
        """Change a record in a transaction of its own."""
        with self.work() as work:
            return self.store.update(self.as_(who), work, object_name, record_id, data, version)

    def delete(self, who: str, object_name: str, record_id: str, version: int) -> Saved:
        """Delete a record in a transaction of its own."""
        with self.work() as work:
            return self.store.delete(self.as_(who), work, object_name, record_id, version)

    def row(self, object_name: str, record_id: str) -> Row:
        """Return the stored Python values of a live record."""
        with self.work() as work:
            return self.store.lock(self.as_("system"), work, object_name, record_id)

    def details(self, record_id: str) -> list[Row]:
        """Return the live lines of a purchase, in order."""
        table = self.context.tables.of("purchase_line")
        select = (
            sa.select(table.id)
            .where(table.columns["purchase"] == record_id, table.deleted_at.is_(None))
            .order_by(table.id)
        )
        with self.database.reading() as reading:
            found = [one for (one,) in reading.connection.execute(select)]
            reading.connection.rollback()
        return [self.row("purchase_line", str(one)) for one in found]

    def history(self, record_id: str) -> list[Any]:
        """Return the lines of a record's history, oldest first."""
        table = record_tables.HISTORY
        select = sa.select(table).where(table.c.record_id == record_id).order_by(table.c.id)
        with self.database.reading() as reading:
            found = list(reading.connection.execute(select))
            reading.connection.rollback()
        return found

    def content(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return all rows of all tables: what a refused request must leave as it was."""
        content = {}
        tables = [self.context.tables.of(name).table for name in self.context.catalog.objects]
        with self.database.reading() as reading:
            for table in (*tables, *SYSTEM.sorted_tables):
                rows = reading.connection.execute(sa.select(table))
                content[table.name] = sorted((tuple(row) for row in rows), key=repr)
            reading.connection.rollback()
        return content


def person(
    login: str, audience: Any, roles: list[Any], organisation: str | None = None
) -> Principal:
    """Return a principal whose id is made of the login."""
    holdings = frozenset(
        RoleHolding(one) if isinstance(one, str) else RoleHolding(*one) for one in roles
    )
    user_id = user_id_of(login)
    return replace(
        SYSTEM_PRINCIPAL,
        user_id=user_id,
        login=login,
        name=login.title(),
        audience=audience,
        organisation=organisation,
        roles=holdings,
        credential=Credential("token", user_id),
        is_system=False,
    )


def user_id_of(login: str) -> str:
    """Return the id of one of the people."""
    return f"00000000-0000-7000-8000-{login.encode().hex():0>12}"


def open_shop(url: str) -> Shop:
    """Install the shop in an empty database and fill it."""
    catalog = shared(url, "shop", shop_catalog)
    ids = filled(url, "shop", lambda place: _install(place, catalog))
    database = connect_database(url)
    tables = shared(url, "shop tables", lambda: load_tables(database, catalog))
    return _shop(database, catalog, tables, ids, shared(url, "shop compiled", CompiledParts))


def _install(url: str, catalog: Catalog) -> dict[str, str]:
    empty = build_catalog([], built_in(), 0).catalog
    assert empty is not None
    database = connect_database(url)
    tables = install_catalog(database, empty, catalog)
    shop = _shop(database, catalog, tables, {"north": "", "south": "", "east": ""}, CompiledParts())
    _fill(shop)
    database.dispose()
    return shop.ids


def _shop(
    database: Database,
    catalog: Catalog,
    tables: Tables,
    ids: dict[str, str],
    compiled: CompiledParts,
) -> Shop:
    context = Context(
        database=database,
        catalog=catalog,
        tables=tables,
        principal=SYSTEM_PRINCIPAL,
        clock=FixedClock(NOW),
        zone=ZONE,
        language="en",
        ids=RandomIds(),
        compiled=compiled,
    )
    return Shop(database, context, RecordStore(), ids)


def _fill(shop: Shop) -> None:
    ids = shop.ids
    for code, parent in (("east", None), ("river", "east"), ("west", None)):
        data = {"code": code, "name": code, "parent": ids.get(parent) if parent else None}
        ids[code] = shop.create("system", "region", data).id
    for code, region, parent in (
        ("north", "river", None),
        ("below", "river", "north"),
        ("south", "west", None),
    ):
        data = {
            "code": code,
            "name": code.title(),
            "region": ids[region],
            "parent": ids.get(parent) if parent else None,
            "credit": "100000",
        }
        ids[code] = shop.create("system", "company", data).id
    for code, active in (("pump", True), ("valve", True), ("relic", False)):
        data = {"code": code, "name": code, "active": active}
        ids[code] = shop.create("system", "product", data).id
    for product, day, amount in (
        ("pump", "2025-01-01", "100.00"),
        ("pump", "2025-07-01", "120.00"),
        ("pump", "2025-08-01", "150.00"),
        ("valve", "2025-01-01", "9.99"),
    ):
        data = {"product": ids[product], "valid_from": day, "amount": amount}
        shop.create("system", "price", data)
    with shop.work() as work:
        rows = [
            {
                "id": user_id_of(login),
                "login": login,
                "name": login.title(),
                "language": "en",
                "time_zone": "UTC",
                "active": True,
                "organisation": organisation,
                "stamp": 0,
                "created_at": NOW,
            }
            for login, organisation in (
                ("ann", ids["north"]),
                ("bob", ids["south"]),
                ("boss", None),
            )
        ]
        present = work.connection.execute(
            sa.select(USER.c.id).where(USER.c.id == SYSTEM_USER_ID)
        ).first()
        assert present is None or present
        work.connection.execute(sa.insert(USER), rows)
