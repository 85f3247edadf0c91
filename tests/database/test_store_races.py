"""Writers at the same time: nothing is lost, doubled or left pointing to what is gone."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import PlatformError, UnavailableError
from headrace.platform.records.idempotency import Answer, KeyedRequest, keep, replay
from tests.support.shop_world import Shop, open_shop

THREADS = 8


@pytest.fixture
def shop(backend: str, fresh_database: Callable[[str], str]) -> Iterator[Shop]:
    world = open_shop(fresh_database(backend))
    yield world
    world.database.dispose()


def race(act: Callable[[int], Any], threads: int = THREADS) -> list[Any]:
    """Start `act` in all threads at once; return what each gave, problems as their code."""
    barrier = threading.Barrier(threads)
    results: list[Any] = [None] * threads

    def run(number: int) -> None:
        barrier.wait()
        try:
            results[number] = act(number)
        except PlatformError as error:
            results[number] = error.problems[0].code
        except BaseException as error:  # noqa: BLE001 - shown by the test
            results[number] = repr(error)

    workers = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return results


def patiently(act: Callable[[], Any]) -> Any:
    """Repeat what could not be done because others were in the way, as callers do after a 503."""
    for _ in range(50):
        try:
            return act()
        except UnavailableError:
            continue
    return act()


def lines(shop: Shop) -> list[dict[str, Any]]:
    return [{"product": shop.ids["valve"], "qty": "1", "price": "1"}]


def test_one_of_two_writers_gets_a_unique_value(shop: Shop, deep: bool) -> None:
    for turn in range(20 if deep else 3):
        results = race(lambda _, turn=turn: shop.create("boss", "product", {"code": f"u{turn}"}))
        codes = Counter(one if isinstance(one, str) else "saved" for one in results)
        assert codes == {"saved": 1, "value.not_unique": THREADS - 1}


def test_one_of_two_changes_of_a_version_wins(shop: Shop, deep: bool) -> None:
    product = shop.ids["pump"]
    for turn in range(20 if deep else 3):
        version = turn + 1
        results = race(
            lambda number, version=version: shop.update(
                "boss", "product", product, {"name": f"n{number}-{version}"}, version
            )
        )
        codes = Counter(one if isinstance(one, str) else "saved" for one in results)
        assert codes == {"saved": 1, "record.stale": THREADS - 1}
    assert shop.row("product", product)["version"] == version + 1


def test_numbers_are_distinct_and_roll_ups_complete(shop: Shop, deep: bool) -> None:
    each = 40 if deep else 5

    def act(number: int) -> list[str]:
        company = shop.ids["north" if number % 2 else "south"]
        data = {"company": company, "lines": lines(shop)}
        return [patiently(lambda: shop.create("boss", "purchase", data)).id for _ in range(each)]

    results = race(act)
    ids = [one for many in results for one in many]
    assert len(ids) == THREADS * each
    numbers = sorted(shop.row("purchase", one)["number"] for one in ids)
    assert numbers == [f"P-202507-{n:03d}" for n in range(1, len(ids) + 1)]
    for code in ("north", "south"):
        company = shop.row("company", shop.ids[code])
        assert company["purchases"] == len(ids) // 2
        assert company["spent"] == Decimal(len(ids) // 2)
    assert shop.row("product", shop.ids["valve"])["sold"] == Decimal(len(ids))


def test_nothing_points_to_a_deleted_record(shop: Shop, deep: bool) -> None:
    table = shop.context.tables.of("ticket")
    product_table = shop.context.tables.of("product")
    outcomes = Counter()
    for turn in range(60 if deep else 8):
        product = shop.create("boss", "product", {"code": f"d{turn}"})

        def act(number: int, product: Any = product) -> str:
            if number:
                data = {"subject": "x", "product": product.id}
                return "referred" if shop.create("boss", "ticket", data) else ""
            return "deleted" if shop.delete("boss", "product", product.id, 1) else ""

        outcomes.update(race(act, 3))
    assert set(outcomes) <= {"referred", "deleted", "record.in_use", "reference.not_found"}
    dangling = (
        sa.select(sa.func.count())
        .select_from(
            table.table.join(product_table.table, product_table.id == table.columns["product"])
        )
        .where(table.deleted_at.is_(None), product_table.deleted_at.is_not(None))
    )
    with shop.work() as work:
        assert work.connection.execute(dangling).scalar_one() == 0


def test_paths_of_trees_stay_right(shop: Shop, deep: bool) -> None:
    ids = shop.ids
    parents = [ids["west"], ids["east"]]
    for turn in range(30 if deep else 5):
        version = shop.row("region", ids["river"])["version"]

        def act(number: int, turn: int = turn, version: int = version) -> Any:
            if number == 0:
                data = {"parent": parents[turn % 2]}
                return shop.update("boss", "region", ids["river"], data, version).version
            data = {"code": f"r{turn}-{number}", "parent": ids["river"]}
            return shop.create("boss", "region", data).version

        assert all(isinstance(one, int) for one in race(act, 3))
    table = shop.context.tables.of("region")
    select = sa.select(table.id, table.columns["parent"], table.path)
    with shop.work() as work:
        rows = {str(one): (parent, path) for one, parent, path in work.connection.execute(select)}
    for one, (parent, path) in rows.items():
        above = rows[str(parent)][1] if parent else "/"
        assert path == f"{above}{one}/"


def test_a_repeated_request_has_one_effect(shop: Shop, deep: bool) -> None:
    context = shop.as_("boss")
    for turn in range(20 if deep else 3):
        request = KeyedRequest(f"key-{turn}", "POST /records/product", b"{}")

        def act(_: int, turn: int = turn, request: KeyedRequest = request) -> str:
            with shop.work() as work:
                answer = replay(context, work, request)
                if answer is not None:
                    return answer.body
                saved = shop.store.create(context, work, "product", {"code": f"i{turn}"})
                keep(context, work, request, Answer(201, saved.id))
                return saved.id

        bodies = {one for one in race(act) if one != "idempotency.running"}
        assert len(bodies) == 1
        assert shop.row("product", bodies.pop())["code"] == f"i{turn}"
