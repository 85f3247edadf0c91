"""What an import of 10,000 rows costs beside inserts that somebody wrote by hand, in the same run.

    .venv/bin/python -m benchmarks.importing [ROWS]

Both read the same CSV file into a table with the same columns and a unique code. The hand-written program
checks nothing but types; Headrace also checks rights, rules and keys, finds references by their codes, and
remembers which import made each record.
Prints seconds and the ratio; SQLite in a temporary folder.
"""

from __future__ import annotations

import csv
import gc
import io
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from headrace.platform.exchange.exporting import ExportRequest, export_records
from tests.support.exchange_world import Exchange, as_csv, open_exchange

COLUMNS = ("code", "name", "firm", "kind", "price", "stock", "active", "made_on")
BLOCK = 200


def file_of(rows: int, name: str = "货品") -> bytes:
    kinds = ("raw", "made")
    return as_csv(
        COLUMNS,
        *(
            [f"c{n:06}", f"{name} {n}", "acme", kinds[n % 2], f"{n}.50", str(n), "是", "2025-06-01"]
            for n in range(rows)
        ),
    )


def by_hand(folder: Path, data: bytes) -> None:
    engine = sa.create_engine(f"sqlite:///{folder / 'hand.sqlite'}")
    metadata = sa.MetaData()
    firm = sa.Table(
        "firm",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String, unique=True),
    )
    good = sa.Table(
        "good",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String, unique=True),
        sa.Column("name", sa.String),
        sa.Column("firm", sa.ForeignKey("firm.id")),
        sa.Column("kind", sa.String),
        sa.Column("price", sa.BigInteger),
        sa.Column("stock", sa.Integer),
        sa.Column("active", sa.Boolean),
        sa.Column("made_on", sa.Date),
    )
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(firm.insert(), [{"code": "acme"}])
    with engine.begin() as connection:
        firms = {row.code: row.id for row in connection.execute(firm.select())}
        block = []
        for row in csv.DictReader(io.StringIO(data.decode())):
            block.append(
                {
                    **row,
                    "firm": firms[row["firm"]],
                    "price": int(Decimal(row["price"]) * 100),
                    "stock": int(row["stock"]),
                    "active": row["active"] == "是",
                    "made_on": date.fromisoformat(row["made_on"]),
                }
            )
            if len(block) == BLOCK:
                connection.execute(good.insert(), block)
                block = []
        if block:
            connection.execute(good.insert(), block)
    engine.dispose()


def imported(world: Exchange, data: bytes, *, partial: bool) -> None:
    world.sweep()
    batch = world.load("good", data, partial=partial)
    assert batch.state == "done", batch.problems


def changed(world: Exchange, data: bytes) -> None:
    batch = world.load("good", data, mode="upsert", partial=True)
    assert batch.state == "done", batch.problems
    assert batch.counts.created == 0, batch.counts


def exported(world: Exchange, kind: str) -> None:
    request = ExportRequest("good", kind, {}, shown=True)
    world.platform.read_as(
        world.ids["kim"], lambda context: export_records(context, request)
    ).close()


def timed(what: str, action: Callable[[], object], beside: float | None = None) -> float:
    gc.collect()
    start = time.perf_counter()
    action()
    taken = time.perf_counter() - start
    ratio = "" if beside is None else f"   {taken / beside:5.1f} times the hand-written inserts"
    print(f"{what:32} {taken:7.2f} s{ratio}")
    return taken


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    data = file_of(rows)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        address = f"sqlite:///{folder / 'headrace.sqlite'}"
        world = open_exchange(address, HEADRACE_IMPORT_ROWS=str(max(rows, 100_000)))
        imported(world, file_of(10), partial=True)
        hand = timed(f"hand-written, {rows} rows", lambda: by_hand(folder, data))
        timed("import, block by block", lambda: imported(world, data, partial=True), hand)
        if rows <= 10_000:
            timed("import, all or nothing", lambda: imported(world, data, partial=False), hand)
        timed(
            "import again, all updated",
            lambda: changed(world, file_of(rows, "改名")),
            hand,
        )
        timed("export as CSV", lambda: exported(world, "csv"))
        timed("export as XLSX", lambda: exported(world, "xlsx"))
        world.platform.close()


if __name__ == "__main__":
    main()
