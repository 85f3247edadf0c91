"""What lists, counts, searches and formulas cost over a million records.

    python -m benchmarks.reading [--quick] [--database sqlite|postgresql] [--records 1000000] [--rounds 15]

Makes its own databases and removes them. A list is walked from its first page to its last, by the API's
cursors; formulas take turns with what somebody would write for them, in Python and in SQL. Somebody of a
territory sees a sixth of the records, somebody above all of them. Ends with 1 where a part of a list takes
longer than its start.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.inbox import own_database
from headrace.platform.access.principals import RoleHolding
from headrace.platform.core.ids import RandomIds
from headrace.platform.forms.search import search
from headrace.platform.formulas.python import compile_python
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import parse_query
from headrace.platform.reports import running
from headrace.platform.runtime import Platform
from tests.support.documents import field, label
from tests.support.publishing import MODULE, Contents, published_at
from tests.support.rollup_world import Depots

PAGE, SLICES = 200, 50
SAMPLES, BATCH = 2_000, 10_000
AREAS = 6
EVALUATIONS = 20_000
PAGES_BAR = 1.2
"""What any part of a list may cost at most, beside its first pages."""
BRANDS = ("晨屿", "远山", "青禾", "云帆", "北辰", "海纳", "松涛", "金石", "星河", "长风")
TRADES = ("机电", "五金", "建材", "照明", "农机", "仪表", "管业", "工具", "电器", "轴承")
PLACES = ("东阳", "南川", "西岭", "北塘", "中原", "临江", "平湖", "高桥", "新港", "古田")
CENT = Decimal("0.01")


def dealers() -> Contents:
    """Return the documents: areas in a tree, dealers with a name to be searched and formulas."""
    tiers = [{"value": one, "label": label(one, one)} for one in ("gold", "silver", "bronze")]
    of_area = {
        "name": "area",
        "title": "name",
        "acts_as": "territory",
        "scope_paths": {"territory": "id"},
        "fields": [
            field("name", "text", length=40),
            field("parent", "tree"),
            field("weight", "integer", default="1"),
        ],
    }
    of_dealer = {
        "name": "dealer",
        "title": "name",
        "search": ["name"],
        "scope_paths": {"territory": "area"},
        "fields": [
            field("code", "text", length=20, external_id=True),
            field("name", "text", length=60),
            field("tier", "choice", choices=tiers),
            field("area", "lookup", to="area"),
            field("credit", "money"),
            field("used", "money"),
            field(
                "room",
                "formula",
                returns="money",
                formula="IF(area.weight > 3, credit - used, ROUND((credit - used) * 0.9, 2))",
            ),
            field(
                "rated",
                "formula",
                returns="money",
                formula="IF(used > credit, 0, ROUND((credit - used) * 0.85 + used * 0.1, 2))",
            ),
        ],
    }
    contents: Contents = {
        ("module", MODULE): {
            "kind": "module",
            "name": MODULE,
            "version": "1.0.0",
            "label": label("Dealers", "经销商"),
        },
        ("report", "room"): {
            "kind": "report",
            "name": "room",
            "object": "dealer",
            "type": "grouped",
            "label": label("Room", "余额"),
            "group_rows": ["tier"],
            "measures": [{"op": "sum", "field": "room"}],
        },
    }
    for name, more in (("seller", {}), ("director", {}), ("designer", {"design": True})):
        role = {"kind": "role", "name": name, "label": label(name.title(), name)}
        contents["role", name] = role | more
    for one in (of_area, of_dealer):
        name = str(one["name"])
        contents["object", name] = {"kind": "object", "label": label(name, name), **one}
        grants = [
            {"role": role, "actions": ["read"], "scope": scope}
            for role, scope in (("director", "all"), ("seller", "territory_tree"))
        ]
        contents["permission", name] = {
            "kind": "permission",
            "name": name,
            "object": name,
            "grants": grants,
        }
    return contents


@dataclass(frozen=True)
class World:
    """A platform with its records, and two people who read them."""

    platform: Platform
    dealer: sa.Table
    area: sa.Table
    columns: dict[str, str]
    weight: str
    tokens: dict[str, str]

    def read(self, who: str, act: Callable[[Context], Any]) -> Any:
        """Do something as one of the people."""
        return self.platform.perform_for_token(self.tokens[who], act)


@contextmanager
def _world(database: str, records: int) -> Iterator[World]:
    with (
        own_database(database) as url,
        tempfile.TemporaryDirectory() as folder,
        published_at(url, Path(folder) / "modules", dealers()) as work,
    ):
        depots, platform = Depots(work), work.platform
        areas = [
            depots.create("area", name=f"区域 {number}", weight=number) for number in range(AREAS)
        ]
        _fill(depots, areas, records)
        published = platform.catalogs.refresh()
        dealer, area = published.tables.of("dealer"), published.tables.of("area")
        tokens = {
            role: _user(platform, role, areas[0] if role == "seller" else None)
            for role in ("seller", "director")
        }
        yield World(
            platform,
            dealer.table,
            area.table,
            {name: str(column.name) for name, column in dealer.columns.items()},
            str(area.columns["weight"].name),
            tokens,
        )


def _user(platform: Platform, role: str, area: str | None) -> str:
    def make(_context: Any, work: Any) -> str:
        user = platform.identity.create_user(
            work, login=role, name=role.title(), roles=[RoleHolding(role, area)]
        )
        return platform.identity.create_token(work, user, "bench")

    return platform.write_as_system(make)


def _fill(depots: Depots, areas: list[str], records: int) -> None:
    """Make some records as anybody would, then copies of their rows with ids and codes of their own."""
    chosen, ids, platform = random.Random(7), RandomIds(), depots.platform
    names = itertools.cycle(
        f"{brand}{place}{trade}有限公司"
        for brand, place, trade in itertools.product(BRANDS, PLACES, TRADES)
    )
    items = [
        {
            "code": f"D{number:08d}",
            "name": name,
            "tier": chosen.choice(("gold", "silver", "bronze")),
            "area": areas[number % AREAS],
            "credit": f"{chosen.randrange(10_000)}.{chosen.randrange(100):02d}",
            "used": f"{chosen.randrange(8_000)}.{chosen.randrange(100):02d}",
        }
        for number, name in zip(range(min(SAMPLES, records)), names, strict=False)
    ]
    depots.create_many("dealer", items)
    tables = platform.catalogs.refresh().tables.of("dealer")
    table, code = tables.table, str(tables.columns["code"].name)
    with platform.database.writing(None) as work:
        rows = [dict(one) for one in work.connection.execute(sa.select(table)).mappings()]
    chosen.shuffle(rows)
    copied = itertools.cycle(rows)
    for start in range(len(rows), records, BATCH):
        batch = [
            {**next(copied), table.c.id.name: ids.record_id(), code: f"D{number:08d}"}
            for number in range(start, min(start + BATCH, records))
        ]
        with platform.database.writing(None) as work:
            work.connection.execute(sa.insert(table), batch)
    with platform.database.engine.connect().execution_options(
        isolation_level="AUTOCOMMIT"
    ) as connection:
        connection.exec_driver_sql("ANALYZE")


# -- what is measured ------------------------------------------------------------------------------


def _walk(world: World, who: str, sort: str) -> tuple[float, float, float, int]:
    """Walk a list to its end; return the milliseconds of a page at the start, where it is slowest, and
    at the end, and how many pages there were."""
    times: list[float] = []
    cursor: str | None = None
    while True:
        data = {"sort": sort, "limit": PAGE} | ({"cursor": cursor} if cursor else {})

        def page(context: Context, data: dict[str, Any] = data) -> reader.Page:
            return reader.find(context, "dealer", parse_query(context, "dealer", data))

        begun = time.perf_counter()
        found = world.read(who, page)
        times.append((time.perf_counter() - begun) * 1_000)
        cursor = found.next
        if cursor is None:
            break
    full = times[1:-1] or times
    size = max(1, len(full) // SLICES)
    slices = [statistics.median(full[start : start + size]) for start in range(0, len(full), size)]
    if len(slices) > SLICES:
        slices.pop()
    return slices[0], max(slices), slices[-1], len(times)


def _median(rounds: int, *acts: Callable[[], object]) -> list[float]:
    """Return the median milliseconds of acts that take turns."""
    taken: list[list[float]] = [[] for _ in acts]
    for turn in range(rounds + 2):
        for times, act in zip(taken, acts, strict=True):
            begun = time.perf_counter()
            act()
            if turn > 1:
                times.append((time.perf_counter() - begun) * 1_000)
    return [statistics.median(times) for times in taken]


def _lists(world: World, rounds: int) -> None:
    gold = {"field": "tier", "op": "=", "value": "gold"}
    asked: dict[str, dict[str, Any]] = {
        "a page": {},
        "a page by code, filtered": {"sort": "code", "filter": gold},
        "… with its count": {"sort": "code", "filter": gold, "count": "exact"},
    }
    for name, data in asked.items():
        for who in ("director", "seller"):

            def page(context: Context, data: dict[str, Any] = data) -> reader.Page:
                return reader.find(context, "dealer", parse_query(context, "dealer", data))

            (taken,) = _median(rounds, partial(world.read, who, page))
            print(f"  {name:34} {who:9} {taken:9.2f} ms")


def _searches(world: World, rounds: int) -> None:
    texts = {
        "two characters of many": "晨屿",
        "one character of many": "屿",
        "a whole name": "晨屿东阳机电有限公司",
        "initials": "cydy",
        "a code": "D00000777",
        "what nobody is called": "鹿鸣",
    }
    for name, text in texts.items():
        for who in ("director", "seller"):

            def look(context: Context, text: str = text) -> object:
                return search(context, text, 20)

            (taken,) = _median(max(1, rounds // 5), partial(world.read, who, look))
            print(f"  search for {name:23} {who:9} {taken:9.2f} ms")


def _formula_in_sql(world: World, rounds: int) -> None:
    """Compare a report over a formula of two objects with the statement that somebody would write."""
    dealer, area, column = world.dealer, world.area, world.columns
    room = dealer.c[column["credit"]] - dealer.c[column["used"]]
    value = sa.case(
        (area.c[world.weight] > 3, room),
        else_=sa.func.round(room * sa.literal(0.9 if _is_sqlite(world) else Decimal("0.9")), 2),
    )
    tier = dealer.c[column["tier"]]
    by_hand = (
        sa.select(tier, sa.func.sum(value))
        .select_from(dealer.outerjoin(area, area.c.id == dealer.c[column["area"]]))
        .where(dealer.c.deleted_at.is_(None))
        .group_by(tier)
    )

    def hand() -> None:
        with world.platform.database.reading() as reading:
            reading.connection.execute(by_hand).all()

    ours, theirs = _median(
        max(1, rounds // 5),
        lambda: world.read("director", lambda context: running.run(context, "room")),
        hand,
    )
    ratio = theirs / ours
    print(
        f"  sum of a formula in SQL {ours:24.1f} ms, by hand {theirs:9.1f} ms   ratio {ratio:5.2f}"
    )


def _is_sqlite(world: World) -> bool:
    return world.platform.database.dialect == "sqlite"


class _Row:
    """A row as formulas see it."""

    def __init__(self, values: dict[tuple[str, ...], Decimal]) -> None:
        self.value = values.__getitem__


def _formula_in_python(world: World, rounds: int) -> None:
    """Compare a formula with the function that somebody would write."""
    fields = world.platform.catalogs.refresh().catalog.objects["dealer"].fields
    expression = fields["rated"].expression
    assert expression is not None
    evaluate = compile_python(expression.tree)
    chosen = random.Random(3)
    pairs = [
        (Decimal(chosen.randrange(10**6)).scaleb(-2), Decimal(chosen.randrange(10**6)).scaleb(-2))
        for _ in range(EVALUATIONS)
    ]
    keys = (fields["credit"].id,), (fields["used"].id,)
    rows: list[Any] = [_Row(dict(zip(keys, pair, strict=True))) for pair in pairs]
    share, part = Decimal("0.85"), Decimal("0.1")

    def rated(credit: Decimal | None, used: Decimal | None) -> Decimal | None:
        if credit is None or used is None:
            return None
        if used > credit:
            return Decimal("0.00")
        return ((credit - used) * share + used * part).quantize(CENT, ROUND_HALF_UP)

    def ours() -> list[Any]:
        return [evaluate(row) for row in rows]

    def hand() -> list[Any]:
        return [rated(*pair) for pair in pairs]

    if ours() != hand():
        raise RuntimeError("the formula and the function by hand differ")
    mine, theirs = (one * 1_000 / EVALUATIONS for one in _median(max(3, rounds // 3), ours, hand))
    print(
        f"  a formula in Python, for each row {mine:14.2f} µs, by hand {theirs:9.2f} µs"
        f"   ratio {theirs / mine:5.2f}"
    )


def main() -> int:
    """Measure on each database; return 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description="Lists, counts, searches, formulas.")
    parser.add_argument("--quick", action="store_true", help="a hundredth of the records")
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    records = options.records // 100 if options.quick else options.records
    missed = False
    for database in options.database or ("sqlite", "postgresql"):
        with _world(database, records) as world:
            print(f"{database}: {records:,} records, medians")
            for sort in ("code", "-created_at"):
                for who in ("director", "seller"):
                    first, worst, last, pages = _walk(world, who, sort)
                    missed |= worst / first > PAGES_BAR
                    print(
                        f"  {pages:,} pages of {PAGE} by {sort}, {who}: first {first:.2f},"
                        f" slowest {worst:.2f}, last {last:.2f} ms   ratio {worst / first:5.2f}"
                    )
            _lists(world, options.rounds)
            _searches(world, options.rounds)
            _formula_in_sql(world, options.rounds)
            _formula_in_python(world, options.rounds)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
