"""Records written together end as records written one after the other do, on both databases."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import PlatformError
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.bulk import Item, Mode, write_many
from headrace.platform.records.tables import HISTORY
from tests.support.automation_world import automation, with_automations
from tests.support.documents import label
from tests.support.live import Live, open_live
from tests.support.shop_world import Shop, open_shop

SHOWN = ("code", "name", "region", "credit", "version", "updated_by")


@pytest.fixture(scope="module")
def shop(shared_databases: Callable[[], str]) -> Iterator[Shop]:
    world = open_shop(shared_databases())
    for number in range(12):
        world.ids[f"c{number}"] = world.create(
            "system", "company", {"code": f"c{number}", "name": f"C{number}", "credit": "5"}
        ).id
    yield world
    world.database.dispose()


class _TakenBackError(Exception):
    """Ends a unit of work without leaving anything."""


def outcome(
    shop: Shop, act: Callable[[UnitOfWork], Sequence[Item]]
) -> tuple[list[Any], list[Any], Any]:
    """Return what became of each record, the rows that would be left, and the lines of history."""
    with suppress(_TakenBackError), shop.work() as work:
        items = act(work)
        table = shop.context.tables.of("company")
        columns = [table.columns[name] for name in SHOWN]
        query = sa.select(*columns).where(table.deleted_at.is_(None)).order_by(columns[0])
        rows = [tuple(row) for row in work.connection.execute(query)]
        lines = work.connection.execute(sa.select(sa.func.count()).select_from(HISTORY)).scalar()
        told = [
            (one.index, one.status, one.version, [(p.code, p.path) for p in one.problems])
            for one in items
        ]
        raise _TakenBackError
    return told, rows, lines


def one_by_one(shop: Shop, mode: Mode, records: Sequence[Any], **options: Any) -> Any:
    """Return a writer that hands over each record in a request of its own."""

    def act(work: UnitOfWork) -> list[Item]:
        items = []
        for index, record in enumerate(records):
            context = shop.as_("boss")
            one = write_many(
                shop.store, context, work, "company", mode, [record], partial=True, **options
            )[0]
            items.append(Item(index, one.status, one.id, one.version, one.error, one.warnings))
        return items

    return act


def together(shop: Shop, mode: Mode, records: Sequence[Any], **options: Any) -> Any:
    return lambda work: write_many(
        shop.store, shop.as_("boss"), work, "company", mode, records, partial=True, **options
    )


def random_record(chance: random.Random, shop: Shop, number: int) -> Any:
    """Return a change of one of a few companies, often with something wrong."""
    known = f"c{chance.randrange(12)}"
    changes: list[dict[str, Any]] = [
        {"name": f"N{number}"},
        {"name": f"N{number}", "region": shop.ids["east"]},
        {"region": {"key": "west"}},
        {"credit": str(chance.randrange(100))},
    ]
    faults: list[dict[str, Any]] = [
        {"name": None},
        {"region": {"key": "nowhere"}},
        {"nothing": 1},
        {"credit": "much"},
        {"code": "c1"},
    ]
    record: Any = {"id": shop.ids[known], **chance.choice(changes)}
    if chance.random() < 0.6:
        record["version"] = 1 if chance.random() < 0.9 else 7
    if chance.random() < 0.25:
        record |= chance.choice(faults)
    if chance.random() < 0.05:
        record["id"] = shop.context.ids.record_id()
    return 7 if chance.random() < 0.03 else record


@pytest.mark.parametrize("mode", ["update", "upsert"])
def test_random_changes_together_are_those_one_by_one(shop: Shop, mode: Mode, deep: bool) -> None:
    for seed in range(400 if deep else 12):
        chance = random.Random(seed)
        records = [random_record(chance, shop, number) for number in range(chance.randrange(1, 40))]
        apart = outcome(shop, one_by_one(shop, mode, records))
        assert outcome(shop, together(shop, mode, records)) == apart, seed


def test_keys_that_lead_to_one_record_twice_are_taken_in_turn(shop: Shop) -> None:
    records = [{"code": "c3", "name": "First"}, {"code": "new", "name": "N"}]
    records += [{"code": "c3", "name": "Second"}, {"code": "new", "name": "Again"}]
    found = outcome(shop, together(shop, "upsert", records, key="code"))
    assert found == outcome(shop, one_by_one(shop, "upsert", records, key="code"))
    assert [one[1] for one in found[0]] == ["updated", "created", "updated", "updated"]


def test_one_refusal_among_all_or_nothing_is_named_and_nothing_is_left(shop: Shop) -> None:
    before = shop.content()
    records = [
        {"id": shop.ids[f"c{n}"], "version": 1, "name": "X" if n != 8 else None} for n in range(12)
    ]
    with pytest.raises(PlatformError) as caught, shop.work() as work:
        write_many(shop.store, shop.as_("boss"), work, "company", "update", records)
    assert [one.path for one in caught.value.problems] == ["/records/8/name"]
    assert shop.content() == before


def test_changes_of_many_records_are_few_statements(shop: Shop) -> None:
    seen: list[Any] = []
    sa.event.listen(shop.database.engine, "before_cursor_execute", lambda *sent: seen.append(sent))
    counted = []
    for number in (4, 12):
        records = [{"id": shop.ids[f"c{n}"], "version": 1, "name": f"M{n}"} for n in range(number)]
        before = len(seen)
        outcome(shop, together(shop, "update", records))
        counted.append(len(seen) - before)
    assert counted[0] == counted[1] > 0


# -- automations that ask -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asking(shared_databases: Callable[[], str]) -> Iterator[Live]:
    asks = automation(
        "one_each",
        "create",
        run="before",
        when="marker = 'once' AND EXISTS(memo WHERE title = this.title)",
        actions=[{"refuse": {"message": label("There is one", "已有一份"), "field": "title"}}],
    )

    def change(contents: dict[Any, Any]) -> None:
        with_automations(contents)
        contents["automation", "one_each"] = asks

    live = open_live(shared_databases(), change)
    yield live
    live.platform.close()


@pytest.mark.parametrize("partial", [True, False])
def test_an_automation_that_asks_its_own_rows_sees_those_before(
    asking: Live, partial: bool
) -> None:
    title = f"once {partial}"
    records = [{"title": title, "marker": "once"}, {"title": title, "marker": "once"}]
    body = {"mode": "create", "records": records, "partial": partial}
    answer = asking.client("ann").post("/api/v1/records/memo/bulk", json=body)
    if partial:
        assert [one["status"] for one in answer.json["items"]] == ["created", "refused"]
    else:
        assert answer.status_code == 422
        assert answer.json["problems"][0]["path"] == "/records/1/title"
