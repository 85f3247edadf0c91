"""A workspace made to try access: every scope, field sets, details, trees, references across firms.

The rows are plain Python data (`World.rows`), so that tests can say by themselves who should see what.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from headrace.platform.access.principals import Credential, Principal, RoleHolding
from headrace.platform.access.tables import USER
from headrace.platform.core.clock import Clock, FixedClock
from headrace.platform.core.ids import RandomIds
from headrace.platform.database.engine import Database, connect_database
from headrace.platform.database.installing import install_catalog
from headrace.platform.database.tables import Tables
from headrace.platform.formulas.pinyin import search_key, sort_key
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.records.context import CompiledParts, Context

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2025, 6, 30, 10, 0, tzinfo=UTC)
GRADES = ("a", "b", "c")
STAGES = ("open", "won", "lost")


def choices(values: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"value": value} for value in values]


DOCUMENTS: list[dict[str, Any]] = [
    {
        "kind": "module",
        "name": "access_world",
        "version": "1.0.0",
        "constants": [{"name": "big", "type": "money", "value": "600"}],
    },
    *(
        {"kind": "role", "name": name, "audience": audience}
        for name, audience in (
            ("admin", "internal"),
            ("keeper", "internal"),
            ("guide", "internal"),
            ("regional", "internal"),
            ("reviewer", "internal"),
            ("clerk", "partner"),
            ("chief", "partner"),
            ("watcher", "partner"),
            ("idle", "partner"),
        )
    ),
    {
        "kind": "object",
        "name": "area",
        "acts_as": "territory",
        "title": "name",
        "scope_paths": {"territory": "id"},
        "fields": [
            {"name": "name", "type": "text", "length": 40},
            {"name": "parent", "type": "tree"},
        ],
    },
    {
        "kind": "object",
        "name": "firm",
        "acts_as": "organisation",
        "title": "name",
        "search": ["name"],
        "scope_paths": {"organisation": "id", "territory": "area"},
        "fields": [
            {"name": "code", "type": "text", "length": 20, "external_id": True},
            {"name": "name", "type": "text", "length": 60},
            {"name": "parent", "type": "tree"},
            {"name": "area", "type": "lookup", "to": "area"},
            {"name": "manager", "type": "user"},
            {"name": "grade", "type": "choice", "choices": choices(GRADES)},
            {"name": "rating", "type": "integer", "audience": "internal"},
        ],
    },
    {
        "kind": "object",
        "name": "contact",
        "title": "name",
        "search": ["name"],
        "scope_paths": {"organisation": "firm"},
        "fields": [
            {"name": "name", "type": "text", "length": 60},
            {"name": "firm", "type": "lookup", "to": "firm"},
        ],
    },
    {
        "kind": "object",
        "name": "deal",
        "title": "number",
        "search": ["number", "remark"],
        "history": True,
        "scope_paths": {"organisation": "firm", "territory": "firm.area", "owner": "owner"},
        "fields": [
            {"name": "number", "type": "text", "length": 20, "external_id": True},
            {"name": "firm", "type": "lookup", "to": "firm"},
            {
                "name": "contact",
                "type": "lookup",
                "to": "contact",
                "filter": "firm = this.firm",
            },
            {"name": "owner", "type": "user"},
            {"name": "amount", "type": "money"},
            {"name": "margin", "type": "money", "audience": "internal"},
            {"name": "remark", "type": "text", "length": 80},
            {"name": "stage", "type": "choice", "choices": choices(STAGES)},
            {"name": "due", "type": "date"},
            {"name": "hot", "type": "boolean"},
            {
                "name": "firm_grade",
                "type": "formula",
                "returns": "text",
                "formula": "firm.grade",
            },
            {
                "name": "overdue",
                "type": "formula",
                "returns": "boolean",
                "formula": "due < TODAY()",
            },
        ],
        "children": [{"name": "lines", "object": "deal_line", "by": "deal"}],
    },
    {
        "kind": "object",
        "name": "deal_line",
        "title": "item",
        "fields": [
            {"name": "deal", "type": "master_detail", "to": "deal"},
            {"name": "item", "type": "text", "length": 40},
            {"name": "qty", "type": "quantity"},
            {"name": "cost", "type": "money", "audience": "internal"},
        ],
    },
    {
        "kind": "object",
        "name": "vault",
        "fields": [{"name": "word", "type": "text", "length": 40}],
    },
    {
        "kind": "permission",
        "name": "deal",
        "object": "deal",
        "grants": [
            {"role": "admin", "actions": ["create", "read", "update", "delete"]},
            {"role": "keeper", "actions": ["read", "update"], "scope": "own"},
            {"role": "guide", "actions": ["read"], "scope": {"assigned": "firm.manager"}},
            {"role": "regional", "actions": ["read"], "scope": "territory_tree"},
            {
                "role": "reviewer",
                "actions": ["read"],
                "scope": {"criteria": "amount > $C.big AND firm.grade = 'a'"},
            },
            {
                "role": "clerk",
                "actions": ["read"],
                "scope": "organisation",
                "fields": {
                    "read": ["number", "firm", "contact", "stage", "due", "remark", "owner"]
                },
            },
            {
                "role": "clerk",
                "actions": ["read"],
                "scope": "organisation",
                "when": "stage = 'won'",
            },
            {
                "role": "clerk",
                "actions": ["update"],
                "scope": "organisation",
                "when": "stage = 'open'",
                "fields": {"edit": ["remark", "lines"]},
            },
            {"role": "chief", "actions": ["read"], "scope": "organisation_tree"},
            {"role": "watcher", "actions": ["read"], "scope": "organisation_below"},
        ],
    },
    {
        "kind": "permission",
        "name": "firm",
        "object": "firm",
        "grants": [
            {"role": "admin", "actions": ["read"]},
            {"role": "guide", "actions": ["read"], "scope": {"assigned": "manager"}},
            {"role": "regional", "actions": ["read"], "scope": "territory_tree"},
            {"role": "clerk", "actions": ["read"], "scope": "organisation"},
            {"role": "chief", "actions": ["read"], "scope": "organisation_tree"},
            {"role": "watcher", "actions": ["read"], "scope": "organisation_below"},
        ],
    },
    {
        "kind": "permission",
        "name": "contact",
        "object": "contact",
        "grants": [
            {"role": "admin", "actions": ["read"]},
            {"role": "clerk", "actions": ["read"], "scope": "organisation"},
            {"role": "chief", "actions": ["read"], "scope": "organisation_tree"},
        ],
    },
    {
        "kind": "permission",
        "name": "area",
        "object": "area",
        "grants": [
            {"role": "admin", "actions": ["read"]},
            {"role": "regional", "actions": ["read"], "scope": "territory_tree"},
        ],
    },
]


def catalog_of(contents: list[dict[str, Any]], version: int = 1) -> Catalog:
    built = build_catalog([Document("access_world", one) for one in contents], built_in(), version)
    assert built.catalog, built.problems
    return built.catalog


@dataclass
class World:
    """A database with known rows; `rows[object][id]` are Python values by field."""

    database: Database
    catalog: Catalog
    tables: Tables
    rows: dict[str, dict[str, dict[str, Any]]]
    users: dict[str, str]
    compiled: CompiledParts = field(default_factory=CompiledParts)
    real_clock: Clock = field(default_factory=lambda: FixedClock(NOW))

    def context(self, principal: Principal) -> Context:
        return Context(
            database=self.database,
            catalog=self.catalog,
            tables=self.tables,
            principal=principal,
            clock=FixedClock(NOW),
            zone=ZONE,
            language="en",
            ids=RandomIds(),
            compiled=self.compiled,
            real_clock=self.real_clock,
        )

    def principal(
        self, login: str, *roles: str, firm: str | None = None, areas: tuple[str, ...] = ()
    ) -> Principal:
        holdings = [RoleHolding(role, None) for role in roles]
        holdings += [RoleHolding(role, area) for role in roles for area in areas]
        audiences = {self.catalog.roles[role].audience for role in roles}
        return Principal(
            user_id=self.users[login],
            login=login,
            name=login.title(),
            language="en",
            zone=ZONE,
            audience="partner" if "partner" in audiences else "internal",
            organisation=firm,
            roles=frozenset(holdings),
            stamp=1,
            credential=Credential("system", self.users[login]),
        )

    def insert(self, object_name: str, row: dict[str, Any]) -> None:
        insert_rows(self.database, self.catalog, self.tables, object_name, [row])
        self.rows[object_name][row["id"]] = row


def insert_rows(
    database: Database,
    catalog: Catalog,
    tables: Tables,
    object_name: str,
    rows: list[dict[str, Any]],
) -> None:
    """Write rows past the record store: what is in the database is exactly what is given."""
    model = catalog.object(object_name)
    table = tables.of(object_name)
    dialect = database.dialect
    prepared = []
    for row in rows:
        values: dict[str, Any] = {}
        for name, value in row.items():
            if name == "path":
                values[table.path.key] = value
            elif name == "deleted_at":
                convert = model.fields["created_at"].storage.to_driver(dialect)
                values[table.deleted_at.key] = convert(value)
            else:
                values[table.columns[name].key] = model.fields[name].storage.to_driver(dialect)(
                    value
                )
        for key in model.fields.values():
            if key.key_of is not None:
                make = sort_key if key.name.endswith("Sort") else search_key
                text = row.get(key.key_of)
                values[table.columns[key.name].key] = None if text is None else make(text)
        prepared.append(values)
    if prepared:
        with database.writing(None) as work:
            work.connection.execute(sa.insert(table.table), prepared)


def uuid_of(kind: int, number: int) -> str:
    return f"0190{kind:04x}-0000-7000-8000-{number:012x}"


def base_row(record_id: str, user: str, minute: int) -> dict[str, Any]:
    at = NOW - timedelta(days=40) + timedelta(minutes=minute)
    return {
        "id": record_id,
        "version": 1,
        "created_at": at,
        "created_by": user,
        "updated_at": at,
        "updated_by": user,
    }


def make_rows(seed: int, deals: int) -> tuple[dict[str, dict[str, dict[str, Any]]], dict[str, str]]:
    """Return the rows of every object and the users by login, the same for the same seed."""
    chance = random.Random(seed)
    users = {
        name: uuid_of(1, index)
        for index, name in enumerate(["ann", "bob", "cat", "dan", "eve", "fay"], 1)
    }
    logins = list(users.values())
    rows: dict[str, dict[str, dict[str, Any]]] = {
        name: {} for name in ("area", "firm", "contact", "deal", "deal_line", "vault")
    }

    def tree(object_name: str, kind: int, parents: list[int | None], more: Any) -> None:
        for index, parent in enumerate(parents):
            record_id = uuid_of(kind, index + 1)
            upper = None if parent is None else uuid_of(kind, parent + 1)
            path = (rows[object_name][upper]["path"] if upper else "/") + record_id + "/"
            row = base_row(record_id, logins[0], index) | {"parent": upper, "path": path}
            rows[object_name][record_id] = row | more(index)

    tree("area", 2, [None, 0, 1, 0], lambda index: {"name": f"Area {index}"})
    areas = list(rows["area"])
    tree(
        "firm",
        3,
        [None, 0, 1, None, 3, None],
        lambda index: {
            "code": f"F{index}",
            "name": f"Firm {'αβγδεζ'[index]}{chance.randrange(100)}",
            "area": areas[index % 4] if index < 5 else None,
            "manager": logins[index % 3],
            "grade": GRADES[index % 3],
            "rating": chance.randrange(9),
        },
    )
    firms = list(rows["firm"])
    for index in range(12):
        record_id = uuid_of(4, index + 1)
        rows["contact"][record_id] = base_row(record_id, logins[1], index) | {
            "name": f"Contact {chance.randrange(100):02d} of {index}",
            "firm": firms[index % 6],
        }
    contacts = list(rows["contact"])
    for index in range(deals):
        record_id = uuid_of(5, index + 1)
        rows["deal"][record_id] = base_row(record_id, chance.choice(logins), index // 3) | {
            "number": f"D-{index:04d}",
            "firm": chance.choice([*firms, None]),
            "contact": chance.choice([*contacts, None]),
            "owner": chance.choice([*logins, None]),
            "amount": chance.choice([None, Decimal(chance.randrange(100_000)) / 100 * 10]),
            "margin": Decimal(chance.randrange(1000)),
            "remark": chance.choice(["100% sure", "under_score", "Blue", "blue sky", None, "蓝天"]),
            "stage": chance.choice(STAGES),
            "due": chance.choice([None, date(2025, 6, 1) + timedelta(days=chance.randrange(60))]),
            "hot": chance.choice([True, False, None]),
        }
        for position in range(chance.randrange(3)):
            line_id = uuid_of(6, index * 10 + position + 1)
            rows["deal_line"][line_id] = base_row(line_id, logins[0], index) | {
                "deal": record_id,
                "item": f"Item {chance.randrange(20)}",
                "qty": Decimal(chance.randrange(1, 9_000)) / 1000,
                "cost": Decimal(chance.randrange(900)),
            }
    for index in range(3):
        record_id = uuid_of(7, index + 1)
        rows["vault"][record_id] = base_row(record_id, logins[0], index) | {"word": f"w{index}"}
    dead = list(rows["deal"])[3]
    rows["deal"][dead]["deleted_at"] = NOW
    for line in rows["deal_line"].values():
        if line["deal"] == dead:
            line["deleted_at"] = NOW
    return rows, users


def make_world(
    url: str,
    *,
    seed: int = 7,
    deals: int = 150,
    rows: Any = None,
    more: tuple[dict[str, Any], ...] = (),
) -> World:
    """Publish the workspace with `more` documents into an empty database and fill it."""
    database = connect_database(url)
    catalog = catalog_of([*DOCUMENTS, *more])
    tables = install_catalog(database, catalog_of([], 0), catalog)
    made, users = make_rows(seed, deals)
    made = made if rows is None else rows
    with database.writing(None) as work:
        work.connection.execute(
            sa.insert(USER),
            [
                {
                    "id": user_id,
                    "login": login,
                    "name": login.title(),
                    "nameSort": sort_key(login.title()),
                    "language": "en",
                    "time_zone": "Asia/Shanghai",
                    "active": True,
                    "stamp": 1,
                    "created_at": NOW,
                }
                for login, user_id in users.items()
            ],
        )
    for name in ("area", "firm", "contact", "deal", "deal_line", "vault"):
        rows = [{"deleted_at": None, **one} for one in made[name].values()]
        insert_rows(database, catalog, tables, name, rows)
    return World(database, catalog, tables, made, users)
