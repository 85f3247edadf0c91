"""Bulk writes, repeated requests and previews, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from headrace.platform.core.clock import FixedClock
from headrace.platform.core.errors import (
    ConflictError,
    NotFoundError,
    PreconditionRequiredError,
    RefusedError,
    StaleError,
)
from headrace.platform.records.bulk import Item, write_many
from headrace.platform.records.idempotency import Answer, KeyedRequest, forget_old, keep, replay
from headrace.platform.records.preview import preview
from tests.support.shop_world import NOW, Shop, open_shop


@pytest.fixture
def shop(backend: str, fresh_database: Callable[[str], str]) -> Iterator[Shop]:
    world = open_shop(fresh_database(backend))
    yield world
    world.database.dispose()


def write(
    shop: Shop, mode: Any, records: list[Any], who: str = "boss", **options: Any
) -> list[Item]:
    with shop.work() as work:
        return write_many(shop.store, shop.as_(who), work, "product", mode, records, **options)


# -- bulk -----------------------------------------------------------------------------------------


def test_many_records_are_made_together(shop: Shop) -> None:
    items = write(shop, "create", [{"code": f"c{n}"} for n in range(30)])
    assert [item.status for item in items] == ["created"] * 30
    assert shop.row("product", str(items[7].id))["code"] == "c7"


def test_one_bad_record_undoes_all_and_is_named(shop: Shop) -> None:
    before = shop.content()
    with pytest.raises(RefusedError) as caught:
        write(shop, "create", [{"code": "a"}, {"code": None}, {"code": "pump"}])
    assert caught.value.problems[0].path == "/records/1/code"
    with pytest.raises(RefusedError) as caught:
        write(shop, "create", [{"code": "a"}, {"code": "b"}, {"code": "a"}])
    assert [(one.path, one.code) for one in caught.value.problems] == [
        ("/records/2/code", "value.not_unique")
    ]
    assert shop.content() == before


def test_partial_results_keep_what_is_good(shop: Shop) -> None:
    records = [{"code": "a"}, {"code": "pump"}, 7, {"code": "b", "x": 1}, {"code": "c"}]
    items = write(shop, "create", records, partial=True)
    assert [item.status for item in items] == [
        "created",
        "refused",
        "refused",
        "refused",
        "created",
    ]
    codes = [item.problems[0].code if item.problems else None for item in items]
    assert codes == [None, "value.not_unique", "value.wrong_type", "field.unknown", None]
    assert shop.row("product", str(items[4].id))["code"] == "c"


def test_records_are_changed_by_key_at_their_version(shop: Shop) -> None:
    change = {"code": "pump", "version": 1, "name": "Pump"}
    assert write(shop, "update", [change], key="code")[0].version == 2
    with pytest.raises(StaleError) as caught:
        write(shop, "update", [change], key="code")
    assert caught.value.problems[0].path == "/records/0"
    with pytest.raises(PreconditionRequiredError):
        write(shop, "update", [{"code": "pump", "name": "x"}], key="code")
    with pytest.raises(NotFoundError):
        write(shop, "update", [{"code": "none", "version": 1}], key="code")


def test_an_upsert_makes_what_is_missing_and_changes_what_is_there(shop: Shop) -> None:
    records = [{"code": "pump", "name": "P"}, {"code": "new", "name": "N"}]
    items = write(shop, "upsert", records, key="code")
    assert [item.status for item in items] == ["updated", "created"]
    items = write(shop, "upsert", [{**records[1], "version": 9}], key="code", partial=True)
    assert items[0].problems[0].code == "record.stale"


def test_records_are_deleted_with_partial_results(shop: Shop) -> None:
    fresh = write(shop, "create", [{"code": "fresh"}])[0]
    records = [{"id": fresh.id, "version": 1}, {"id": shop.ids["pump"], "version": 1}]
    items = write(shop, "delete", records, partial=True)
    assert [item.status for item in items] == ["deleted", "refused"]
    assert items[1].problems[0].code == "record.in_use"


def test_too_many_records_are_refused(shop: Shop) -> None:
    with pytest.raises(RefusedError) as caught:
        write(shop, "create", [{}] * 1001)
    assert caught.value.problems[0].code == "bulk.too_many"


def test_rows_of_a_tree_may_refer_to_each_other_by_key(shop: Shop) -> None:
    records = [
        {"code": "leaf", "parent": {"key": "branch"}},
        {"code": "branch", "parent": {"key": "trunk"}},
        {"code": "trunk"},
    ]
    with shop.work() as work:
        saved = shop.store.create_many(
            shop.as_("system"), work, "region", records, mode="migration"
        )
    assert shop.row("region", saved[0].id)["parent"] == saved[1].id


def test_thousands_of_rows_are_loaded_with_their_roll_ups(shop: Shop, deep: bool) -> None:
    count = 2000 if deep else 300
    records = [
        {
            "company": {"key": "north" if n % 2 else "south"},
            "status": "sent",
            "day": "2025-05-01",
            "lines": [{"product": {"key": "valve"}, "qty": "1", "price": "2"}] * 2,
        }
        for n in range(count)
    ]
    with shop.work() as work:
        saved = shop.store.create_many(
            shop.as_("loader"), work, "purchase", records, mode="migration"
        )
    assert len({one.id for one in saved}) == count
    north = shop.row("company", shop.ids["north"])
    assert (north["purchases"], north["spent"]) == (count // 2, 4 * count // 2)
    assert shop.row("product", shop.ids["valve"])["sold"] == 2 * count


# -- repeated requests ----------------------------------------------------------------------------


REQUEST = KeyedRequest("k-1", "POST /records/product", b'{"code":"a"}')


def test_a_repeated_request_gets_the_same_answer_without_a_second_effect(shop: Shop) -> None:
    context = shop.as_("boss")
    with shop.work() as work:
        assert replay(context, work, REQUEST) is None
        saved = shop.store.create(context, work, "product", {"code": "a"})
        keep(context, work, REQUEST, Answer(201, saved.id))
    with shop.work() as work:
        assert replay(context, work, REQUEST) == Answer(201, saved.id)
        assert replay(shop.as_("loader"), work, REQUEST) is None
        with pytest.raises(RefusedError) as caught:
            replay(context, work, replace(REQUEST, content=b"other"))
        assert caught.value.problems[0].code == "idempotency.mismatch"


def test_what_was_rolled_back_is_not_remembered(shop: Shop) -> None:
    context = shop.as_("boss")

    def act() -> None:
        with shop.work() as work:
            assert replay(context, work, REQUEST) is None
            keep(context, work, REQUEST, Answer(201, ""))
            shop.store.create(context, work, "product", {"code": "pump"})

    with pytest.raises(RefusedError):
        act()
    with shop.work() as work:
        assert replay(context, work, REQUEST) is None


def test_answers_are_kept_for_a_day(shop: Shop) -> None:
    context = replace(shop.as_("boss"), real_clock=FixedClock(NOW))
    later = replace(context, real_clock=FixedClock(NOW + timedelta(hours=24)))
    with shop.work() as work:
        keep(context, work, REQUEST, Answer(201, "x"))
    with shop.work() as work:
        assert replay(context, work, REQUEST) == Answer(201, "x")
        assert replay(later, work, replace(REQUEST, content=b"other")) is None
        keep(later, work, REQUEST, Answer(201, "y"))
        assert replay(later, work, REQUEST) == Answer(201, "y")
        # The machine's clock is far beyond the day of the test.
        assert forget_old(work) == 1
        assert replay(later, work, REQUEST) is None


@pytest.mark.parametrize("key", ["", "x" * 201, "a b", "käse", "a\n"])
def test_a_malformed_key_is_refused(shop: Shop, key: str) -> None:
    with pytest.raises(RefusedError) as caught, shop.work() as work:
        replay(shop.as_("boss"), work, replace(REQUEST, key=key))
    assert caught.value.problems[0].code == "idempotency.key"


def test_a_request_that_still_runs_is_answered_at_once(shop: Shop) -> None:
    if shop.database.capabilities.one_writer:
        return
    context = shop.as_("boss")
    with shop.work() as first:
        replay(context, first, REQUEST)
        with pytest.raises(ConflictError) as caught, shop.work() as second:
            replay(context, second, REQUEST)
    assert caught.value.problems[0].code == "idempotency.running"


# -- previews -------------------------------------------------------------------------------------


def shown(shop: Shop, who: str, data: dict[str, Any], record_id: str | None = None) -> Any:
    before = shop.content()
    with shop.database.reading() as reading:
        values = preview(shop.as_(who), reading, "purchase", data, record_id=record_id)
    assert shop.content() == before
    return values


def test_a_preview_fills_defaults_and_totals_without_saving(shop: Shop) -> None:
    lines = [{"product": shop.ids["pump"], "qty": "2"}, {"product": None, "qty": "bad"}, {}]
    values = shown(shop, "ann", {"lines": lines})
    assert values["company"] == {"id": shop.ids["north"], "title": "North"}
    assert values["day"] == "2025-07-01"
    assert (values["total"], values["payable"], values["status"]) == ("240.00", "240.00", "draft")
    assert values["company_code"] == "north"
    assert [one["price"] for one in values["lines"]] == ["120.00", None, None]
    assert [one["amount"] for one in values["lines"]] == ["240.00", None, None]
    assert "margin" not in values
    assert "number" not in values


def test_a_preview_of_a_stored_record_counts_the_rows_that_are_shown(shop: Shop) -> None:
    line = {"product": shop.ids["pump"], "qty": "1"}
    saved = shop.create("ann", "purchase", {"lines": [line, line]})
    kept = shop.details(saved.id)[0]["id"]
    change = {"discount": "10", "lines": [{"id": kept, "qty": "3"}, {**line, "qty": "1"}]}
    values = shown(shop, "ann", change, saved.id)
    assert (values["rows"], values["total"], values["payable"]) == (2, "480.00", "470.00")
    with pytest.raises(NotFoundError):
        shown(shop, "bob", {}, saved.id)


def test_a_preview_gives_no_title_of_what_the_caller_may_not_read(shop: Shop) -> None:
    values = shown(shop, "ann", {"company": shop.ids["south"]})
    assert values["company"] is None
