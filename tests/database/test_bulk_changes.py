"""Bulk changes on both databases: more than one request takes, rights, kills, all or none, undoing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import ConflictError, NotFoundError, RefusedError
from headrace.platform.exchange import bulk_jobs
from headrace.platform.exchange.bulk_changes import (
    BulkChange,
    BulkRecord,
    forget_old_changes,
    read_change,
    records_of_change,
)
from headrace.platform.exchange.bulk_requests import BulkRequest
from headrace.platform.exchange.bulk_tables import BULK
from headrace.platform.exchange.importing import Following
from headrace.platform.jobs.tables import JOB
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import parse_query
from headrace.platform.records.tables import HISTORY
from tests.support.exchange_world import Exchange, as_csv, open_exchange
from tests.support.kill_points import Points, in_child

MANY = 520
FEW = {"field": "code", "op": "in", "value": ["g00000", "g00001", "g00002"]}


@pytest.fixture
def world(exchange: Exchange) -> Exchange:
    exchange.sweep()
    return exchange


@pytest.fixture
def own_world(backend: str, fresh_database: Callable[[str], str]) -> Iterator[Exchange]:
    found = open_exchange(fresh_database(backend))
    yield found
    found.platform.close()


def stock(world: Exchange, number: int = MANY, who: str = "kim") -> None:
    firm = "rival" if who == "bob" else "acme"
    rows = ([f"g{n:05}", firm, "1", str(n)] for n in range(number))
    batch = world.load("good", as_csv(["code", "firm", "price", "stock"], *rows), who="system")
    assert batch.counts.created == number


def ask(world: Exchange, act: Any = "update", who: str = "kim", **given: Any) -> str:
    """Ask for a change of goods; the job waits."""
    object_name = given.pop("object_name", "good")
    if act == "update":
        given.setdefault("values", {"price": "2"})
    request = BulkRequest(object_name, act, **given)
    return world.platform.write_as(
        world.ids[who],
        lambda context, work: world.platform.bulk_changes.ask(context, work, request),
    )[0]


def undo(world: Exchange, change: str, who: str = "kim", **options: Any) -> str:
    return world.platform.write_as(
        world.ids[who],
        lambda context, work: world.platform.bulk_changes.ask_to_undo(
            context, work, change, **options
        ),
    )[0]


def kept(world: Exchange, change: str) -> BulkChange:
    with world.platform.database.reading() as reading:
        found = read_change(reading.connection, change)
    assert found is not None
    return found


def records(world: Exchange, change: str, **options: Any) -> list[BulkRecord]:
    with world.platform.database.reading() as reading:
        return records_of_change(reading.connection, change, limit=100_000, **options)


def run(world: Exchange, change: str) -> BulkChange:
    world.platform.worker().drain()
    return kept(world, change)


def go(world: Exchange, change: str, following: Following) -> BulkChange:
    """Carry a change out here and now, followed."""
    world.platform.bulk_changes.go(world.platform, kept(world, change), following)
    return kept(world, change)


def column(world: Exchange, name: str, object_name: str = "good") -> dict[str, Any]:
    """Return values by code, as the platform itself reads them."""

    def read(context: Context) -> dict[str, Any]:
        query = parse_query(context, object_name, {"fields": f"code,{name}"})
        page = reader.find(context, object_name, replace(query, limit=1000))
        assert page.next is None
        return {one["code"]: one[name] for one in page.items}

    return world.platform.perform_as_system(read)


def set_values(world: Exchange, code: str, **values: Any) -> None:
    row = world.row("good", code, q=code)
    found = world.client("kim").patch(
        f"/api/v1/records/good/{row['id']}",
        json=values,
        headers={"If-Match": f'"{row["version"]}"'},
    )
    assert found.status_code == 200, found.text


# -- which records, and how far --------------------------------------------------------------------


def test_all_that_fit_are_changed_beyond_what_one_request_takes(world):
    stock(world)
    more = {"field": "stock", "op": ">=", "value": 10}
    change = run(world, ask(world, query={"filter": more}))
    assert (change.state, change.counts.records, change.counts.updated) == ("done", 510, 510)
    prices = column(world, "price")
    assert {prices[f"g{n:05}"] for n in range(10)} == {"1.00"}
    assert {prices[f"g{n:05}"] for n in range(10, MANY)} == {"2.00"}
    assert set(column(world, "version").values()) == {1, 2}
    job = world.client("kim").get(f"/api/v1/jobs/{change.job}").json
    assert (job["state"], job["result"]["updated"]) == ("done", 510)
    assert job["progress"]["total"] == 510


def test_a_change_reaches_only_what_its_asker_may_see_and_write(world):
    stock(world, 5)
    rows = ([f"r{n}", "rival"] for n in range(5))
    world.load("good", as_csv(["code", "firm"], *rows), who="system")
    change = run(world, ask(world, who="bob"))
    assert (change.counts.records, change.counts.updated) == (5, 5)
    changed = {code for code, version in column(world, "version").items() if version == 2}
    assert changed == {f"r{n}" for n in range(5)}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"filter": {"field": "cost", "op": "is_null", "value": True}}, "field.unknown"),
        ({"filter": {"field": "nothing", "op": "=", "value": 1}}, "field.unknown"),
        ({"limit": 7000}, "query.invalid"),
    ],
)
def test_a_query_that_its_asker_may_not_ask_is_refused_at_once(world, query, code):
    with pytest.raises(RefusedError) as refused:
        ask(world, who="ann", query=query)
    assert refused.value.problems[0].code == code
    with pytest.raises(NotFoundError):
        ask(world, object_name="nothing")


def test_values_that_do_not_fit_refuse_each_record_with_the_reason(world):
    stock(world, 3)
    change = run(world, ask(world, values={"price": "x"}))
    assert (change.state, change.counts.refused) == ("done", 3)
    told = records(world, change.id, told=True)
    assert {one.problems[0]["code"] for one in told} == {"value.invalid"}
    assert told[0].problems[0]["message"]["zh"]


def test_nothing_and_too_much_are_refused(world, monkeypatch):
    change = run(world, ask(world))
    assert (change.state, change.problems[0]["code"]) == ("refused", "bulk.nothing_found")
    stock(world, 3)
    monkeypatch.setattr(bulk_jobs, "MOST_AT_ONCE", 2)
    change = run(world, ask(world, partial=False))
    assert (change.state, change.problems[0]["code"]) == ("refused", "bulk.too_many_at_once")
    assert set(column(world, "version").values()) == {1}


def test_a_dry_run_leaves_no_trace_and_is_carried_out_with_the_same_records(world):
    stock(world)
    change = run(world, ask(world, dry_run=True))
    assert (change.state, change.counts.updated) == ("checked", MANY)
    assert set(column(world, "version").values()) == {1}
    set_values(world, "g00007", name="meanwhile")
    world.load("good", as_csv(["code"], ["late"]), who="system")
    changes = world.platform.bulk_changes
    world.platform.write_as(
        world.ids["kim"], lambda context, work: changes.carry_out(context, work, change.id)
    )
    change = run(world, change.id)
    assert (change.state, change.counts.updated, change.counts.refused) == ("done", MANY - 1, 1)
    (stale,) = records(world, change.id, status="refused")
    assert stale.problems[0]["code"] == "record.stale"
    assert column(world, "price")["late"] is None
    with pytest.raises(ConflictError):
        world.platform.write_as(
            world.ids["kim"], lambda context, work: changes.carry_out(context, work, change.id)
        )


def test_all_or_none_is_none_where_one_record_is_refused(world):
    stock(world, 450)
    spoilt = ask(world, partial=False)

    def report(done: int, total: int, text: Any) -> None:
        assert set(column(world, "price").values()) == {"1.00"}, "nothing is seen before the end"

    set_values(world, "g00444", name="changed")
    assert go(world, spoilt, Following(report)).state == "done"
    other = ask(world, values={"code": "same"}, partial=False)
    change = run(world, other)
    assert change.state == "refused"
    assert change.counts.updated == 0
    assert change.counts.refused > 0
    assert "same" not in column(world, "price")
    with pytest.raises(ConflictError):
        undo(world, other)


def test_a_cancelled_change_keeps_the_blocks_that_are_done(world):
    stock(world)
    done: list[int] = []
    following = Following(lambda rows, _, __: done.append(rows), lambda: bool(done))
    change = go(world, ask(world), following)
    assert (change.state, change.counts.updated) == ("cancelled", bulk_jobs.BLOCK)
    assert list(column(world, "version").values()).count(2) == bulk_jobs.BLOCK
    undone = run(world, undo(world, change.id))
    assert undone.counts.updated == bulk_jobs.BLOCK


def test_a_change_whose_job_was_taken_from_it_is_over(world):
    """Somebody who looks after the queue cancels a job at once, whatever it is at."""
    stock(world, 3)
    change = ask(world)
    world.platform.write_as_system(
        lambda _, work: work.connection.execute(sa.update(BULK).values(state="running"))
    )
    assert kept(world, change).state == "running"
    job = kept(world, change).job
    world.platform.write_as_system(lambda _, work: world.platform.queue.cancel(work, job))
    assert run(world, change).state == "cancelled"
    assert not kept(world, change).is_under_way
    assert set(column(world, "version").values()) == {1}


def test_each_block_has_the_rights_that_its_asker_has_then(own_world):
    world = own_world
    stock(world)
    identity = world.platform.identity

    def report(done: int, total: int, text: Any) -> None:
        with world.platform.database.writing(None) as work:
            identity.set_roles(work, world.ids["kim"], [])

    change = go(world, ask(world), Following(report))
    assert change.counts.updated == bulk_jobs.BLOCK
    assert change.counts.updated + change.counts.refused == MANY
    assert list(column(world, "version").values()).count(2) == bulk_jobs.BLOCK
    mine = ask(world, who="bob")
    with world.platform.database.writing(None) as work:
        identity.update_user(work, world.ids["bob"], active=False)
    assert run(world, mine).state == "refused"


def test_records_are_deleted_and_moved_on_in_bulk(world):
    stock(world, 3)
    slips = [
        world.create("slip", {"code": f"s{n}", "lines": [{"good": good, "qty": "1"}]})
        for n, good in enumerate([world.row("good", "g00000")["id"]] * 3)
    ]
    change = run(world, ask(world, "transition", object_name="slip", transition="close"))
    assert (change.state, change.counts.updated) == ("done", len(slips))
    assert set(column(world, "status", "slip").values()) == {"closed"}
    with pytest.raises(ConflictError):
        undo(world, change.id)
    change = run(world, ask(world, "delete"))
    assert (change.counts.deleted, change.counts.refused) == (2, 1), "one is used by the slips"
    assert set(column(world, "code")) == {"g00000"}


# -- interrupted -----------------------------------------------------------------------------------


def test_a_worker_that_was_overtaken_does_nothing_twice(world):
    stock(world)
    change, again = ask(world), []

    def report(rows: int, total: int, text: Any) -> None:
        if not again:
            again.append(rows)
            go(world, change, Following())

    assert go(world, change, Following(report)).counts.updated == MANY
    assert set(column(world, "version").values()) == {2}


def test_killed_workers_do_every_record_once(own_world, deep):
    """kill -9 at moments all through the job, choosing included; then somebody finishes it."""
    world = own_world
    stock(world)
    change = ask(world)
    worker, database = world.platform.worker(), world.platform.database
    kills, under_way = 0, set()
    for deadly in count(9, 5 if deep else 23):
        with database.writing(None) as work:
            late = {"leased_until": work.now - timedelta(seconds=1), "attempts": 0}
            started = JOB.update().where(JOB.c.state == "started")
            work.connection.execute(started.values(**late))
        world.platform.close()
        if in_child(lambda: Points(deadly).during(worker.drain)) == 0:  # noqa: B023 - run at once
            break
        kills += 1
        found = kept(world, change)
        done = [one for one in records(world, change) if one.status == "updated"]
        versions = list(column(world, "version").values())
        assert len(done) == found.done == found.counts.updated == versions.count(2)
        assert versions.count(1) == MANY - found.done
        under_way.add(found.done)
    assert kills > 3
    assert len(under_way) > 1, "some were killed between blocks"
    assert kept(world, change).state == "done"
    assert set(column(world, "version").values()) == {2}
    good = world.platform.catalogs.current().catalog.objects["good"]
    lines = sa.select(HISTORY.c.record_id).where(
        HISTORY.c.object_id == good.id, HISTORY.c.action == "updated"
    )
    with database.reading() as reading:
        told = [str(one) for one in reading.connection.execute(lines).scalars()]
    assert len(told) == len(set(told)) == MANY


# -- undoing ---------------------------------------------------------------------------------------


def test_an_edit_is_undone_after_a_look_at_what_would_become_of_it(world):
    stock(world)
    values = {"price": "9", "name": "同名", "firm": world.ids["rival"], "active": True}
    change = run(world, ask(world, values=values))
    set_values(world, "g00005", stock=77)
    set_values(world, "g00006", price="8")
    row = world.row("good", "g00009", q="g00009")
    path, version = f"/api/v1/records/good/{row['id']}", f'"{row["version"]}"'
    assert world.client("kim").delete(path, headers={"If-Match": version}).status_code == 204
    look = run(world, undo(world, change.id, dry_run=True))
    assert (look.state, look.counts.updated, look.counts.refused) == ("checked", MANY - 3, 3)
    assert set(column(world, "price").values()) == {"9.00", "8.00"}
    changes = world.platform.bulk_changes
    world.platform.write_as(
        world.ids["kim"], lambda context, work: changes.carry_out(context, work, look.id)
    )
    undone = run(world, look.id)
    assert (undone.state, undone.counts.updated, undone.counts.refused) == ("done", MANY - 3, 3)
    prices, names, firms = (column(world, name) for name in ("price", "name", "firm"))
    led_back = set(prices) - {"g00005", "g00006"}
    assert {(prices[one], names[one]) for one in led_back} == {("1.00", None)}
    assert (prices["g00005"], prices["g00006"]) == ("9.00", "8.00")
    assert {firms[one]["id"] for one in led_back} == {world.ids["acme"]}
    told = {one.problems[0]["message"]["en"] for one in records(world, undone.id, told=True)}
    assert any("(Stock)" in one for one in told)
    assert any("(Price)" in one for one in told)
    codes = [one.problems[0]["code"] for one in records(world, undone.id, told=True)]
    assert sorted(codes) == ["bulk.changed_since", "bulk.changed_since", "not_found"]


def test_an_undone_edit_can_be_done_again_by_undoing_that(world):
    stock(world, 3)
    change = run(world, ask(world))
    undone = run(world, undo(world, change.id))
    assert set(column(world, "price").values()) == {"1.00"}
    assert run(world, undo(world, change.id)).counts.unchanged == 3, "it is undone already"
    assert run(world, undo(world, undone.id)).counts.updated == 3
    assert set(column(world, "price").values()) == {"2.00"}


def test_undoing_asks_for_rights_and_rules_like_any_change(own_world):
    world = own_world
    stock(world, 3)
    change = run(world, ask(world, who="ann"))
    with pytest.raises(NotFoundError):
        undo(world, change.id, who="kim")
    with world.platform.database.writing(None) as work:
        world.platform.identity.set_roles(work, world.ids["ann"], [])
    asked = world.platform.write_as(
        world.ids["ann"],
        lambda context, work: world.platform.bulk_changes.ask_to_undo(context, work, change.id),
    )[0]
    assert run(world, asked).counts.refused == 3
    assert set(column(world, "price").values()) == {"2.00"}


def test_what_the_history_does_not_keep_is_kept_with_the_change(world):
    stock(world, 1)
    good = world.row("good", "g00000")["id"]
    slips = [
        world.create("slip", {"code": f"s{n}", "day": f"2024-01-0{n}", "lines": lines})
        for n, lines in enumerate([[{"good": good, "qty": "1"}]] * 3, 1)
    ]
    change = run(world, ask(world, object_name="slip", values={"day": "2025-01-01"}))
    assert change.counts.updated == 3
    sent = {"json": {"day": "2025-02-02"}, "headers": {"If-Match": '"2"'}}
    path = f"/api/v1/records/slip/{slips[2]}"
    assert world.client("kim").patch(path, **sent).status_code == 200
    undone = run(world, undo(world, change.id))
    assert (undone.counts.updated, undone.counts.refused) == (2, 1)
    assert column(world, "day", "slip") == {
        "s1": "2024-01-01",
        "s2": "2024-01-02",
        "s3": "2025-02-02",
    }
    (refused,) = records(world, undone.id, status="refused")
    assert "does not say what" in refused.problems[0]["message"]["en"]
    again = run(world, undo(world, undone.id))
    assert again.counts.updated == 2
    assert set(column(world, "day", "slip").values()) == {"2025-01-01", "2025-02-02"}


def test_child_rows_without_history_are_not_undone(world):
    stock(world, 1)
    good = world.row("good", "g00000")["id"]
    world.create("slip", {"code": "s", "lines": [{"good": good, "qty": "1"}]})
    more = {"lines": {"create": [{"good": good, "qty": "2"}]}}
    change = run(world, ask(world, object_name="slip", values=more))
    assert change.counts.updated == 1
    with pytest.raises(ConflictError) as refused:
        undo(world, change.id)
    assert refused.value.problems[0].code == "bulk.no_history"


def test_what_became_of_records_is_forgotten_after_its_time(world):
    stock(world, 3)
    change = run(world, ask(world))
    with world.platform.database.writing(None) as work:
        assert forget_old_changes(work) == 0
        work.connection.execute(BULK.update().values(finished=work.now - timedelta(days=31)))
        assert forget_old_changes(work) == 3
    assert not kept(world, change.id).can_be_undone
    with pytest.raises(ConflictError) as refused:
        undo(world, change.id)
    assert refused.value.problems[0].code == "bulk.cannot_be_undone"


# -- undoing deletions -----------------------------------------------------------------------------


def test_deleted_records_come_back_but_for_those_that_others_took_up(world):
    stock(world, 6)
    change = run(world, ask(world, "delete"))
    assert (change.counts.deleted, change.can_be_undone) == (6, True)
    with pytest.raises(NotFoundError):
        undo(world, change.id, who="ann")
    kim = world.client("kim")

    def deleted(code: str) -> tuple[str, dict[str, str]]:
        found = kim.get(f"/api/v1/records/good?deleted=only&q={code}").json["items"][0]
        return f"/api/v1/records/good/{found['id']}", {"If-Match": f'"{found["version"]}"'}

    path, version = deleted("g00001")
    assert kim.post(f"{path}/undelete", json={}, headers=version).status_code == 200
    path, version = deleted("g00002")
    again = kim.post(f"{path}/undelete", json={}, headers=version).headers["ETag"]
    assert kim.delete(path, headers={"If-Match": again}).status_code == 204
    world.create("good", {"code": "g00003", "price": "5"})
    look = run(world, undo(world, change.id, dry_run=True))
    assert (look.counts.undeleted, look.counts.refused) == (3, 3)
    assert set(column(world, "price")) == {"g00001", "g00003"}, "it was only looked at"
    undone = run(world, undo(world, change.id))
    assert (undone.state, undone.counts.undeleted, undone.counts.refused) == ("done", 3, 3)
    assert column(world, "price") == {
        **dict.fromkeys(["g00000", "g00001", "g00004", "g00005"], "1.00"),
        "g00003": "5.00",
    }
    codes = sorted(one.problems[0]["code"] for one in records(world, undone.id, told=True))
    assert codes == ["bulk.came_back", "bulk.changed_since", "value.not_unique"]


def test_an_undone_deletion_is_done_again_by_undoing_that(world):
    stock(world, 3)
    deletion = run(world, ask(world, "delete"))
    undone = run(world, undo(world, deletion.id))
    set_values(world, "g00001", price="7")
    again = run(world, undo(world, undone.id))
    assert (again.counts.deleted, again.counts.refused) == (2, 1)
    assert column(world, "price") == {"g00001": "7.00"}
    (refused,) = records(world, again.id, status="refused")
    assert "(Price)" in refused.problems[0]["message"]["en"]
    assert run(world, undo(world, again.id)).counts.undeleted == 2


def test_masters_come_back_with_their_rows_and_what_they_refer_to(world):
    stock(world, 1)
    good = world.row("good", "g00000")["id"]
    rows = [{"good": good, "qty": "1"}, {"good": good, "qty": "2"}]
    slip = world.create("slip", {"code": "s", "lines": rows})
    slips = run(world, ask(world, "delete", object_name="slip"))
    goods = run(world, ask(world, "delete"))
    assert (slips.counts.deleted, goods.counts.deleted) == (1, 1)
    early = run(world, undo(world, slips.id))
    (refused,) = records(world, early.id, status="refused")
    assert refused.problems[0]["code"] == "record.refers_to_deleted"
    assert run(world, undo(world, goods.id)).counts.undeleted == 1
    assert run(world, undo(world, slips.id)).counts.undeleted == 1
    found = world.client("kim").get(f"/api/v1/records/slip/{slip}?expand=lines").json
    assert sorted(one["qty"] for one in found["lines"]) == ["1.000", "2.000"]


def test_bringing_back_needs_the_right_to_delete(own_world):
    world = own_world
    stock(world, 3)
    deletion = run(world, ask(world, "delete"))
    assert deletion.counts.deleted == 3
    with world.platform.database.writing(None) as work:
        world.platform.identity.set_roles(work, world.ids["kim"], [])
    asked = world.platform.write_as(
        world.ids["kim"],
        lambda context, work: world.platform.bulk_changes.ask_to_undo(context, work, deletion.id),
    )[0]
    assert run(world, asked).counts.refused == 3
    assert column(world, "code") == {}
