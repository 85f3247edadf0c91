"""The database that both applications serve: published documents, rows, a seller with a token."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.module import DOCUMENTS
from headrace.platform import runtime
from headrace.platform.access.principals import RoleHolding
from headrace.platform.core.ids import RandomIds
from headrace.platform.database.engine import connect_database
from headrace.platform.metadata.documents import Document
from headrace.platform.publishing.folders import Modules
from headrace.platform.runtime import Platform
from headrace.settings import load_settings

SECRET = "a secret key of the benchmark only, long enough"
TOP_AREAS, MIDDLE_AREAS, LEAF_AREAS = 2, 4, 6
CUSTOMERS = 1_000
DAYS = 730
CHUNK = 2_000
TIERS = ("gold", "silver", "bronze")
STATUSES = ("open", "shipped", "closed")


@dataclass(frozen=True)
class Workspace:
    """What the clients need to know: the seller's token, customers and purchases they may see."""

    url: str
    config: Path
    token: str
    customers: tuple[str, ...]
    purchases: tuple[str, ...]


def make_workspace(url: str, orders: int, folder: Path) -> Workspace:
    """Fill the empty database at `url`; write the hand-written application's settings."""
    settings = load_settings(settings_for(url), folder)
    database = connect_database(url)
    runtime.initialise(database, settings.time_zone)
    database.dispose()
    platform = runtime.build(settings)
    try:
        documents = tuple(Document("bench", content) for content in DOCUMENTS)
        plan = platform.publisher.plan_modules(Modules(("bench",), documents, (), ()))
        platform.publisher.publish(plan, "bench", None)
        return _Filler(platform, orders).fill(url, folder)
    finally:
        platform.close()


def settings_for(url: str) -> dict[str, str]:
    """Return the variables that Headrace takes its settings from."""
    return {"HEADRACE_DATABASE_URL": url, "HEADRACE_SECRET_KEY": SECRET}


class _Filler:
    def __init__(self, platform: Platform, orders: int) -> None:
        self.platform = platform
        self.published = platform.catalogs.refresh()
        self.orders = orders
        self.ids = RandomIds()
        self.random = random.Random(20_25)
        # Before today, so that numbers of new rows are not those of loaded ones.
        self.last_day = date(datetime.now(UTC).year - 1, 12, 31)

    def fill(self, url: str, folder: Path) -> Workspace:
        areas = self._areas()
        leaves = [row for row in areas if row["path"].count("/") == 4]
        top = areas[0]["id"]
        seller, token = self._seller(top)
        self._insert("area", self._stamped(areas, seller))
        customers = [
            {
                "id": self.ids.record_id(),
                "code": f"C{number:04d}",
                "name": f"Customer {number:04d} 客户",
                "tier": self.random.choice(TIERS),
                "area": leaves[number % len(leaves)]["id"],
            }
            for number in range(CUSTOMERS)
        ]
        self._insert("customer", self._stamped(customers, seller))
        inside = {row["id"] for row in leaves if top in row["path"]}
        own = [row["id"] for row in customers if row["area"] in inside]
        visible = self._purchases([row["id"] for row in customers], set(own), seller)
        self._analyse()
        config = self._config(url, folder)
        return Workspace(url, config, token, tuple(own), tuple(visible))

    def _areas(self) -> list[dict[str, Any]]:
        """Return a tree of three levels, parents first."""
        rows: list[dict[str, Any]] = []

        def add(parent: dict[str, Any] | None, code: str) -> dict[str, Any]:
            key = self.ids.record_id()
            row = {
                "id": key,
                "code": code,
                "name": f"Area {code}",
                "parent": parent["id"] if parent else None,
                "path": f"{parent['path'] if parent else '/'}{key}/",
            }
            rows.append(row)
            return row

        for top in range(TOP_AREAS):
            highest = add(None, f"{top}")
            for middle in range(MIDDLE_AREAS):
                between = add(highest, f"{top}{middle}")
                for leaf in range(LEAF_AREAS):
                    add(between, f"{top}{middle}{leaf}")
        return rows

    def _seller(self, area: str) -> tuple[str, str]:
        identity = self.platform.identity

        def make(_context: Any, work: Any) -> tuple[str, str]:
            user = identity.create_user(
                work, login="seller", name="Sam Seller", roles=[RoleHolding("seller", area)]
            )
            return user, identity.create_token(work, user, "bench")

        return self.platform.write_as_system(make)

    def _purchases(self, customers: list[str], own: set[str], seller: str) -> list[str]:
        chosen = self.random
        visible = []
        for start in range(0, self.orders, CHUNK):
            rows = []
            for number in range(start, min(start + CHUNK, self.orders)):
                amount = Decimal(chosen.randrange(1_000, 9_000_000)).scaleb(-2)
                discount = (amount * chosen.randrange(30) / 100).quantize(Decimal("0.01"))
                row = {
                    "id": self.ids.record_id(),
                    "order_no": f"P-{self.last_day.year}-{number + 1:06d}",
                    "customer": chosen.choice(customers),
                    "order_date": self.last_day - timedelta(days=chosen.randrange(DAYS)),
                    "order_type": chosen.choice(("standard", "urgent", "sample")),
                    "source": chosen.choice(("portal", "phone", "api")),
                    "amount": amount,
                    "discount": discount,
                    "payable": amount - discount,
                    "priority": chosen.randrange(5),
                    "note": f"Note on purchase {number}",
                    "status": chosen.choice(STATUSES),
                }
                rows.append(row)
                if row["customer"] in own:
                    visible.append(row["id"])
            self._insert("purchase", self._stamped(rows, seller))
        return visible

    def _stamped(self, rows: Sequence[dict[str, Any]], user: str) -> Iterator[dict[str, Any]]:
        now = datetime.now(UTC)
        for row in rows:
            now += timedelta(microseconds=1)
            stamps = {"version": 1, "created_at": now, "updated_at": now}
            yield {**stamps, "created_by": user, "updated_by": user, **row}

    def _insert(self, name: str, rows: Iterator[dict[str, Any]]) -> None:
        """Insert driver values straight into the table; 100,000 rows take seconds."""
        table = self.published.tables.of(name)
        fields = self.published.catalog.objects[name].fields
        dialect = self.platform.database.dialect
        columns = {key: column.name for key, column in table.columns.items()}
        converts = {key: fields[key].storage.to_driver(dialect) for key in columns}
        if table.path is not None:
            columns["path"] = table.path.name
            converts["path"] = str
        driver = [
            {columns[key]: converts[key](value) for key, value in row.items()} for row in rows
        ]
        with self.platform.database.writing(None) as work:
            prepared = work.prepare(
                sa.insert(table.table).values(
                    {
                        name: sa.bindparam(f"v_{name}", type_=table.table.c[name].type)
                        for name in driver[0]
                    }
                )
            )
            work.execute_many(
                prepared, ({f"v_{key}": value for key, value in row.items()} for row in driver)
            )

    def _analyse(self) -> None:
        with self.platform.database.reading() as reading:
            raw = reading.connection.connection.driver_connection
            raw.cursor().execute("ANALYZE")

    def _config(self, url: str, folder: Path) -> Path:
        """Tell the hand-written application the physical names."""
        catalog, tables = self.published.catalog, self.published.tables
        names = {}
        for name in ("area", "customer", "purchase"):
            table = tables.of(name)
            columns = {key: column.name for key, column in table.columns.items()}
            if table.path is not None:
                columns["path"] = table.path.name
            columns["deleted_at"] = "deleted_at"
            names[name] = {"table": table.table.name, "columns": columns}
        purchase = catalog.objects["purchase"]
        content = {
            "database_url": url.replace("postgresql://", "postgresql+psycopg://", 1),
            "names": names,
            "field_ids": {
                field.name: field.id
                for field in purchase.fields.values()
                if field.stored and not field.system
            },
            "object_id": purchase.id,
            "version": catalog.version,
        }
        path = folder / "handwritten.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path
