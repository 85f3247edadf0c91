"""A chain of figures, five deep, under many writers: every one of them is right at the end (trap T01)."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.core.errors import NotFoundError, PlatformError, RefusedError, StaleError
from tests.support.chain_world import chain_contents
from tests.support.publishing import published_at
from tests.support.rollup_world import Depots

WRITERS = 16
OPERATIONS = 10_000
FIRMS = 3


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Depots]:
    with published_at(database_url, tmp_path / "modules", chain_contents()) as work:
        yield Depots(work)


class Writers:
    """Many people who create, change, move and delete at the same time."""

    def __init__(self, world: Depots) -> None:
        self.world = world
        self.areas = [world.create("area", code=f"a{number}") for number in range(2)]
        self.firms = [world.create("firm", code=f"f{number}") for number in range(FIRMS)]
        self.sales: list[str] = []
        self.lines: list[str] = []
        self.parcels: list[str] = []
        self.unexpected: list[BaseException] = []
        self.done = 0
        self._lock = threading.Lock()
        for firm in self.firms[:-1]:
            world.create("account", firm=firm, area=self.areas[0])
        for number in range(6):
            self.sell(random.Random(number))

    def sell(self, chosen: random.Random) -> None:
        sale = self.world.create(
            "sale", firm=chosen.choice(self.firms), lines=[{"qty": "20"}, {"qty": "7.5"}]
        )
        lines = [one for one, row in self.world.rows("sale_line").items() if row["sale"] == sale]
        self.sales.append(sale)
        self.lines.extend(lines)

    def act(self, chosen: random.Random) -> None:
        world, what = self.world, chosen.random()
        if what < 0.4 or not self.parcels:
            qty, rank = str(chosen.randint(-3, 9)), chosen.randint(1, 5)
            line = chosen.choice(self.lines)
            self.parcels.append(world.create("parcel", line=line, qty=qty, rank=rank))
        elif what < 0.55:
            qty = str(chosen.randint(-3, 9))
            world.update("parcel", chosen.choice(self.parcels), qty=qty)
        elif what < 0.65:
            world.update("parcel", chosen.choice(self.parcels), line=chosen.choice(self.lines))
        elif what < 0.75:
            world.delete("parcel", chosen.choice(self.parcels))
        elif what < 0.85:
            world.update("sale", chosen.choice(self.sales), active=chosen.random() < 0.5)
        elif what < 0.9:
            world.update("sale", chosen.choice(self.sales), firm=chosen.choice(self.firms))
        elif what < 0.93:
            world.create("account", firm=self.firms[-1], area=chosen.choice(self.areas))
        elif what < 0.96:
            account = chosen.choice(sorted(world.rows("account")))
            world.update("account", account, area=chosen.choice(self.areas))
        elif what < 0.98:
            self.many(chosen)
        else:
            self.sell(chosen)

    def many(self, chosen: random.Random) -> None:
        lines = chosen.choices(self.lines, k=4)
        self.parcels += self.world.create_many("parcel", [{"line": one} for one in lines])

    def run(self, seed: int, operations: int) -> None:
        chosen = random.Random(seed)
        for _ in range(operations):
            try:
                self.act(chosen)
            except (RefusedError, NotFoundError, StaleError):
                continue
            except BaseException as error:  # noqa: BLE001 - shown by the test
                self.unexpected.append(error)
                return
            with self._lock:
                self.done += 1


def test_every_total_of_a_chain_is_right_after_many_writers(world: Depots, deep: bool) -> None:
    writers = Writers(world)
    each = (OPERATIONS if deep else OPERATIONS // 50) // WRITERS + 1
    threads = [threading.Thread(target=writers.run, args=(seed, each)) for seed in range(WRITERS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert writers.unexpected == []
    assert writers.done >= each * WRITERS * 0.7, writers.done
    assert world.recount() == []


def test_a_writer_that_has_to_give_way_begins_again(world: Depots, backend: str) -> None:
    """Two writers take two rows in opposite order: on PostgreSQL one of them deadlocks, unseen."""
    first, second = (world.create("area", code=code) for code in ("x", "y"))
    barrier = threading.Barrier(2, timeout=10)
    met: list[int] = []
    problems: list[PlatformError] = []

    def write(number: int, ids: tuple[str, str]) -> None:
        def change(context: Any, work: Any) -> None:
            store = world.platform.store
            for position, one in enumerate(ids):
                store.apply_system(
                    context, work, "area", one, {"code": f"w{number}"}, action="updated"
                )
                if position == 0 and backend == "postgresql" and len(met) < 2:
                    met.append(number)
                    barrier.wait()

        try:
            world.platform.write_as_system(change)
        except PlatformError as error:
            problems.append(error)

    threads = [
        threading.Thread(target=write, args=(number, ids))
        for number, ids in enumerate(((first, second), (second, first)))
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert problems == []
    codes = {row["code"] for row in world.rows("area").values()}
    assert len(codes) == 1
