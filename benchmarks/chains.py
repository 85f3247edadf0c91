"""What saving an order of 200 lines costs where figures are rolled up over it, five deep, beside the same by hand.

    python -m benchmarks.chains [--quick] [--database sqlite|postgresql] [--lines 200] [--rounds 30]

Parcels, lines, orders, accounts and areas each hold a figure over the one before. Three acts are timed: an order
is made with its lines, the price of one of its lines is changed, and a parcel of one line is shipped. What is done by
hand stands below in `ByHand`: tables of its own in the same database, the same checks, sums, locks and history
lines, each act in a transaction of its own, no metadata. Both take turns; the ratio is how many acts Headrace does
while the other does one. At the end both must hold the same figures. Ends with 1 where a ratio is below its bar.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from marshmallow import Schema, fields

from benchmarks.inbox import own_database
from headrace.platform.access.principals import RoleHolding
from headrace.platform.core.ids import RandomIds
from headrace.platform.database.system_tables import id_type, instant_type, json_type
from headrace.platform.runtime import Platform
from tests.support.chain_world import chain_contents
from tests.support.documents import label
from tests.support.publishing import Contents, published_at
from tests.support.rollup_world import Depots

LEAST = 0.5
"""The least ratio to the same by hand."""
WARM = 3
CENT = Decimal("0.01")
OBJECTS = ("area", "firm", "account", "sale", "sale_line", "parcel")
FIGURES = {
    "area": ("available", "tightest"),
    "account": ("reserved", "largest", "available"),
    "sale": ("unshipped", "mean_open"),
    "sale_line": ("shipped", "last_qty", "open_amount"),
}


def _in_cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def sold_by_somebody() -> Contents:
    """Return the documents of the chain with a role that may write them, and with history."""
    contents = chain_contents()
    for name, more in (("seller", {}), ("designer", {"design": True})):
        role = {"kind": "role", "name": name, "label": label(name.title(), name)}
        contents["role", name] = role | more
    for name in OBJECTS:
        contents["object", name]["history"] = name == "sale"
        grants = [{"role": "seller", "actions": ["read", "create", "update"], "scope": "all"}]
        contents["permission", name] = {
            "kind": "permission",
            "name": name,
            "object": name,
            "grants": grants,
        }
    return contents


class ByHeadrace:
    """The acts on the platform, as a seller with a token."""

    def __init__(self, platform: Platform, world: Depots) -> None:
        self._store = platform.store
        area = world.create("area", code="a")
        self._firm = world.create("firm", code="f")
        world.create("account", firm=self._firm, area=area)

        def make(_context: Any, work: Any) -> str:
            roles = [RoleHolding("seller", None)]
            user = platform.identity.create_user(
                work, login="seller", name="Sam Seller", roles=roles
            )
            return platform.identity.create_token(work, user, "bench")

        self._platform, self._world = platform, world
        self._token = platform.write_as_system(make)

    def sell(self, lines: list[dict[str, str]]) -> str:
        """Make an order with its lines; return its id."""
        return self._write(
            lambda context, work: (
                self._store.create(context, work, "sale", {"firm": self._firm, "lines": lines}).id
            )
        )

    def lines_of(self, sale: str) -> list[str]:
        """Return the lines of an order in the order of their quantities and prices."""
        rows = [one for one in self._world.rows("sale_line").values() if one["sale"] == sale]
        return [str(one["id"]) for one in sorted(rows, key=lambda one: (one["qty"], one["price"]))]

    def reprice(self, sale: str, line: str, price: str, version: int) -> None:
        """Change the price of a line of an order."""
        data = {"lines": {"update": [{"id": line, "price": price}]}}
        self._write(
            lambda context, work: self._store.update(context, work, "sale", sale, data, version)
        )

    def ship(self, line: str, qty: str, rank: int) -> None:
        """Ship a parcel of a line."""
        data = {"line": line, "qty": qty, "rank": rank}
        self._write(lambda context, work: self._store.create(context, work, "parcel", data))

    def figures(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return what is stored over all records, sorted."""
        return {
            name: sorted(
                tuple(row[one] for one in columns) for row in self._world.rows(name).values()
            )
            for name, columns in FIGURES.items()
        }

    def _write(self, act: Callable[[Any, Any], Any]) -> Any:
        return self._platform.write_for_token(self._token, act)


class LineInput(Schema):
    """What somebody sends for a line."""

    qty = fields.Decimal(places=3, required=True, allow_nan=False)
    price = fields.Decimal(places=2, required=True, allow_nan=False)


_LINES = LineInput(many=True)


class ByHand:
    """What somebody would write for this one chain."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine, self._new = engine, RandomIds().record_id
        metadata = sa.MetaData()

        def table(name: str, *columns: sa.Column[Any]) -> sa.Table:
            return sa.Table(
                f"hand_{name}", metadata, sa.Column("id", id_type(), primary_key=True), *columns
            )

        def money(name: str, default: int | None = 0) -> sa.Column[Any]:
            return sa.Column(name, sa.Numeric(18, 2, asdecimal=True), default=default)

        def refers(name: str, to: sa.Table, **keys: Any) -> sa.Column[Any]:
            return sa.Column(name, id_type(), sa.ForeignKey(to.c.id), index=True, **keys)

        self.seller = table(
            "seller", sa.Column("token", sa.String(80), unique=True), sa.Column("may", json_type())
        )
        self.area = table("area", money("available"), money("tightest"))
        self.firm = table("firm", sa.Column("code", sa.String(20)))
        self.account = table(
            "account",
            refers("firm", self.firm, unique=True),
            refers("area", self.area),
            *(money("limit"), money("reserved"), money("largest"), money("available")),
        )
        self.sale = table(
            "sale",
            refers("firm", self.firm),
            sa.Column("active", sa.Boolean, nullable=False),
            *(money("unshipped"), money("mean_open")),
            sa.Column("version", sa.Integer, nullable=False),
            sa.Column("updated_at", instant_type()),
            sa.Column("updated_by", id_type()),
        )
        self.line = table(
            "line",
            refers("sale", self.sale, nullable=False),
            sa.Column("qty", sa.Numeric(18, 3)),
            money("price"),
            sa.Column("shipped", sa.Numeric(18, 3)),
            sa.Column("last_qty", sa.Numeric(18, 3)),
            money("open_amount"),
            sa.Column("version", sa.Integer, nullable=False),
        )
        self.parcel = table(
            "parcel",
            refers("line", self.line),
            sa.Column("qty", sa.Numeric(18, 3)),
            sa.Column("rank", sa.Integer),
        )
        self.history = table(
            "chain_history",
            sa.Column("record", id_type(), nullable=False, index=True),
            sa.Column("action", sa.String(20), nullable=False),
            sa.Column("user", id_type(), nullable=False),
            sa.Column("at", instant_type(), nullable=False),
            sa.Column("changes", json_type(), nullable=False),
        )
        metadata.create_all(engine)
        self._token, area, self._firm = "a token", self._new(), self._new()
        limit = Decimal(1_000_000)
        with engine.begin() as connection:
            add = connection.execute
            add(
                sa.insert(self.seller).values(
                    id=self._new(), token=self._token, may=["sale", "line", "parcel"]
                )
            )
            add(sa.insert(self.area).values(id=area, available=limit, tightest=limit))
            add(sa.insert(self.firm).values(id=self._firm, code="f"))
            amounts = {"limit": limit, "available": limit, "largest": None}
            account = {"id": self._new(), "firm": self._firm, "area": area}
            add(sa.insert(self.account).values(**account, **amounts))

    def sell(self, lines: list[dict[str, str]]) -> str:
        """Make an order with its lines; return its id."""
        with self._engine.begin() as connection:
            user = self._seller(connection, "sale")
            firm = sa.select(self.firm.c.id).where(self.firm.c.id == self._firm)
            connection.execute(firm).scalar_one()
            sale = self._new()
            rows = []
            for one in _LINES.load(lines):
                qty, price = one["qty"], one["price"]
                made = {"id": self._new(), "sale": sale, "qty": qty, "price": price, "version": 1}
                rows.append(made | {"shipped": Decimal(0), "open_amount": _in_cents(qty * price)})
            unshipped = sum((one["open_amount"] for one in rows), Decimal(0))
            values = {
                "firm": self._firm,
                "active": True,
                "unshipped": unshipped,
                "mean_open": _in_cents(unshipped / len(rows)),
                "version": 1,
                "updated_at": datetime.now(UTC),
                "updated_by": user,
            }
            account = self._account(connection)
            connection.execute(sa.insert(self.sale).values(id=sale, **values))
            connection.execute(sa.insert(self.line), rows)
            made = {sale: {"unshipped": unshipped, "firm": self._firm}}
            made |= {one["id"]: {"qty": one["qty"], "price": one["price"]} for one in rows}
            changes = {
                key: {name: [None, str(value)] for name, value in one.items()}
                for key, one in made.items()
            }
            self._remember(connection, "created", user, changes)
            self._reserve(connection, account, unshipped)
        return sale

    def lines_of(self, sale: str) -> list[str]:
        """Return the lines of an order in the order of their quantities and prices."""
        row = self.line.c
        asked = sa.select(row.id).where(row.sale == sale).order_by(row.qty, row.price)
        with self._engine.begin() as connection:
            return list(connection.execute(asked).scalars())

    def reprice(self, sale: str, line: str, price: str, version: int) -> None:
        """Change the price of a line of an order."""
        with self._engine.begin() as connection:
            user = self._seller(connection, "sale")
            head = self._locked(connection, self.sale, sale)
            assert head.version == version
            old = self._locked(connection, self.line, line)
            given = Decimal(price)
            account = self._account(connection)
            open_amount = _in_cents((old.qty - old.shipped) * given)
            changed = {"price": given, "open_amount": open_amount, "version": old.version + 1}
            self._set(connection, self.line, line, changed)
            unshipped = self._total(
                connection, head, open_amount - old.open_amount, version + 1, user
            )
            changes = {"unshipped": [str(head.unshipped), str(unshipped)]}
            of_line = {"price": [str(old.price), str(given)]}
            self._remember(connection, "updated", user, {sale: changes, line: of_line})
            self._reserve(connection, account, unshipped - head.unshipped)

    def ship(self, line: str, qty: str, rank: int) -> None:
        """Ship a parcel of a line."""
        with self._engine.begin() as connection:
            user = self._seller(connection, "parcel")
            old = self._locked(connection, self.line, line)
            head = self._locked(connection, self.sale, old.sale)
            account = self._account(connection)
            parcel = {"id": self._new(), "line": line, "qty": Decimal(qty), "rank": rank}
            connection.execute(sa.insert(self.parcel).values(parcel))
            row = self.parcel.c
            last = sa.select(row.qty).where(row.line == line).order_by(row.rank.desc()).limit(1)
            shipped = old.shipped + Decimal(qty)
            open_amount = _in_cents((old.qty - shipped) * old.price)
            changed = {"shipped": shipped, "last_qty": connection.execute(last).scalar_one()}
            self._set(connection, self.line, line, {**changed, "open_amount": open_amount})
            unshipped = self._total(
                connection, head, open_amount - old.open_amount, head.version, user
            )
            self._reserve(connection, account, unshipped - head.unshipped)

    def figures(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return what is stored over all records, sorted."""
        tables = {
            "area": self.area,
            "account": self.account,
            "sale": self.sale,
            "sale_line": self.line,
        }
        with self._engine.begin() as connection:
            return {
                name: sorted(
                    tuple(row)
                    for row in connection.execute(
                        sa.select(*(tables[name].c[one] for one in columns))
                    )
                )
                for name, columns in FIGURES.items()
            }

    def _seller(self, connection: sa.Connection, what: str) -> str:
        row = self.seller.c
        found = connection.execute(sa.select(self.seller).where(row.token == self._token)).one()
        assert what in found.may
        return str(found.id)

    def _locked(self, connection: sa.Connection, table: sa.Table, key: str) -> Any:
        return connection.execute(sa.select(table).where(table.c.id == key).with_for_update()).one()

    def _set(
        self, connection: sa.Connection, table: sa.Table, key: str, values: dict[str, Any]
    ) -> None:
        done = connection.execute(sa.update(table).where(table.c.id == key).values(values))
        assert done.rowcount == 1

    def _account(self, connection: sa.Connection) -> Any:
        asked = sa.select(self.account).where(self.account.c.firm == self._firm)
        return connection.execute(asked.with_for_update()).one()

    def _total(
        self, connection: sa.Connection, head: Any, more: Decimal, version: int, user: str
    ) -> Decimal:
        """Add to what is unshipped of an order; return what it is now."""
        unshipped: Decimal = head.unshipped + more
        count = sa.select(sa.func.count()).where(self.line.c.sale == head.id)
        mean = _in_cents(unshipped / connection.execute(count).scalar_one())
        values = {"unshipped": unshipped, "mean_open": mean, "version": version}
        stamps = {"updated_at": datetime.now(UTC), "updated_by": user}
        self._set(connection, self.sale, head.id, values | stamps)
        return unshipped

    def _reserve(self, connection: sa.Connection, account: Any, more: Decimal) -> None:
        """Carry on into the account and its area what an order reserves more."""
        self._locked(connection, self.area, account.area)
        reserved = account.reserved + more
        sale = self.sale.c
        asked = sa.select(sa.func.max(sale.unshipped)).where(sale.firm == account.firm)
        values = {
            "reserved": reserved,
            "largest": connection.execute(asked).scalar_one(),
            "available": account.limit - reserved,
        }
        self._set(connection, self.account, account.id, values)
        row = self.account.c
        over = sa.select(sa.func.sum(row.available), sa.func.min(row.available))
        total, least = connection.execute(over.where(row.area == account.area)).one()
        self._set(connection, self.area, account.area, {"available": total, "tightest": least})

    def _remember(
        self, connection: sa.Connection, action: str, user: str, changes: dict[str, dict[str, Any]]
    ) -> None:
        """Leave a line of history for each record that changed."""
        stamps = {"action": action, "user": user, "at": datetime.now(UTC)}
        lines = [
            {"id": self._new(), "record": record, "changes": one, **stamps}
            for record, one in changes.items()
        ]
        connection.execute(sa.insert(self.history), lines)


def main() -> int:
    """Measure on each database; return 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description="Orders with many lines, and figures over them.")
    parser.add_argument("--quick", action="store_true", help="few rounds")
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--lines", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    rounds = 3 if options.quick else options.rounds
    missed = False
    for database in options.database or ("sqlite", "postgresql"):
        with _both(database) as (ours, hand):
            print(f"{database}: orders of {options.lines} lines, median of {rounds}")
            for name, (mine, theirs) in _measure(ours, hand, rounds, options.lines).items():
                ratio = theirs / mine
                missed |= ratio < LEAST
                print(
                    f"  {name:22} {mine * 1_000:7.1f} ms, by hand {theirs * 1_000:7.1f} ms"
                    f"   ratio {ratio:5.2f}"
                )
            if ours.figures() != hand.figures():
                raise RuntimeError("the figures differ")
    return int(missed)


@contextmanager
def _both(database: str) -> Iterator[tuple[ByHeadrace, ByHand]]:
    with (
        own_database(database) as url,
        tempfile.TemporaryDirectory() as folder,
        published_at(url, Path(folder) / "modules", sold_by_somebody()) as work,
    ):
        yield ByHeadrace(work.platform, Depots(work)), ByHand(work.platform.database.engine)


def _measure(
    ours: ByHeadrace, hand: ByHand, rounds: int, count: int
) -> dict[str, tuple[float, float]]:
    """Return the median seconds of each act, by Headrace and by hand."""
    taken: dict[str, tuple[list[float], list[float]]] = {
        name: ([], []) for name in ("an order", "a price of a line", "a parcel of a line")
    }

    def timed(name: str, acts: Iterable[Callable[[], Any]]) -> list[Any]:
        made = []
        for times, act in zip(taken[name], acts, strict=True):
            begun = time.perf_counter()
            made.append(act())
            times.append(time.perf_counter() - begun)
        return made

    both = (ours, hand)
    for turn in range(rounds + WARM):
        lines = [
            {"qty": f"{n + 1}", "price": f"{n % 7 + 1}.{turn % 90 + 10}"} for n in range(count)
        ]
        sales = timed("an order", [partial(one.sell, lines) for one in both])
        chosen = [one.lines_of(sale)[count // 2] for one, sale in zip(both, sales, strict=True)]
        pairs = list(zip(both, sales, chosen, strict=True))
        timed(
            "a price of a line",
            [partial(one.reprice, sale, line, "2.05", 1) for one, sale, line in pairs],
        )
        timed(
            "a parcel of a line",
            [partial(one.ship, line, "3", 1) for one, _, line in pairs],
        )
    return {
        name: (statistics.median(mine[WARM:]), statistics.median(theirs[WARM:]))
        for name, (mine, theirs) in taken.items()
    }


if __name__ == "__main__":
    sys.exit(main())
