"""Closed months: no door lets a record in or out, and nobody slips in while a month is being closed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import PlatformError, RefusedError
from headrace.platform.records.bulk import write_many
from headrace.platform.records.periods import close_period, periods, reopen_period
from headrace.platform.records.tables import PERIOD
from tests.support.ledger_world import Books, books, codes
from tests.support.publishing import platform_at
from tests.support.rollup_world import refused


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Books]:
    with platform_at(database_url) as platform:
        yield books(platform, tmp_path / "modules")


def close(world: Books, month: str, name: str = "entry") -> None:
    world.platform.write_as_system(lambda context, unit: close_period(context, unit, name, month))


def reopen(world: Books, month: str, name: str = "entry", reason: Any = "late bills") -> None:
    world.platform.write_as_system(
        lambda context, unit: reopen_period(context, unit, name, month, reason)
    )


def months(world: Books, name: str = "entry") -> dict[str, bool]:
    def read(context: Any) -> dict[str, bool]:
        with context.database.reading() as reading:
            return {one.month: one.closed for one in periods(context, reading, name)}

    return world.platform.perform_as_system(read)


def test_no_record_of_a_closed_month_is_made_changed_or_deleted(world: Books) -> None:
    account = world.create("account", code="a")
    entry = world.post(account, "5", day="2025-03-31")
    later = world.post(account, "5", day="2025-04-01")
    close(world, "2025-03")
    with pytest.raises(RefusedError) as error:
        world.post(account, "1", day="2025-03-15")
    (problem,) = error.value.problems
    assert (problem.code, problem.path) == ("period.closed", "/day")
    assert "2025-03" in problem.message.en
    assert "2025-03" in problem.message.zh
    # Months before it are closed with it.
    assert refused(lambda: world.post(account, "1", day="2024-12-31")) == "period.closed"
    assert refused(lambda: world.update("entry", entry, memo="m")) == "period.closed"
    world.update("entry", later, memo="m")
    back = world.reverse(entry)
    assert world.rows("entry")[back.id]["place"] == 3
    assert refused(lambda: world.reverse(later, "r", "2025-03-31")) == "period.closed"
    world.check()


def test_a_time_counts_in_the_zone_of_the_workspace_and_details_follow(world: Books) -> None:
    zone = world.platform.zone.key
    assert zone == "Asia/Shanghai"
    inside = world.create("visit", at="2025-03-31T23:59:59+08:00")
    topic = world.create("topic", visit=inside, minutes=5)
    outside = world.create("visit", at="2025-03-31T16:00:00+00:00")
    close(world, "2025-03", "visit")
    for act in (
        lambda: world.update("visit", inside, what="x"),
        lambda: world.update("visit", inside, at="2025-04-02T00:00:00+08:00"),
        lambda: world.update("visit", outside, at="2025-03-02T00:00:00+08:00"),
        lambda: world.delete("visit", inside),
        lambda: world.create("topic", visit=inside, minutes=1),
        lambda: world.update("topic", topic, minutes=6),
        lambda: world.delete("topic", topic),
    ):
        assert refused(act) == "period.closed"
    world.update("visit", outside, what="x")
    world.delete("visit", outside)
    # What others say of it is not a change of it.
    world.create("note", visit=inside)
    assert world.rows("visit")[inside]["cited"] == 1


def test_bulk_import_migration_and_undeletion_are_refused_too(world: Books) -> None:
    visit = world.create("visit", at="2025-03-01T10:00:00+08:00")
    world.delete("visit", visit)
    close(world, "2025-03", "visit")
    store = world.platform.store

    def many(mode: str, records: list[Any], **options: Any) -> Any:
        return world.platform.write_as_system(
            lambda context, unit: write_many(
                store, context, unit, "visit", mode, records, **options
            )
        )

    row = {"at": "2025-03-01T10:00:00+08:00"}
    (item,) = many("create", [row], partial=True)
    assert codes(item.problems) == [("period.closed", "/at")]
    (item,) = many("create", [row], partial=True, migrate=True)
    assert codes(item.problems) == [("period.closed", "/at")]
    version = 2
    undelete = lambda context, unit: store.undelete(context, unit, "visit", visit, version)  # noqa: E731 - used once
    assert refused(lambda: world.platform.write_as_system(undelete)) == "period.closed"
    assert world.rows("visit") == {}


def test_a_month_is_reopened_alone_and_with_a_reason(world: Books) -> None:
    account = world.create("account", code="a")
    close(world, "2025-03")
    assert refused(lambda: close(world, "2025-03")) == "period.closed_already"
    assert refused(lambda: close(world, "2025-02")) == "period.closed_already"
    for month in ("2025-13", "9999-01", "x", "2025-3", "2025-03-01"):
        assert refused(lambda month=month: close(world, month)) == "period.month"
        assert refused(lambda month=month: reopen(world, month)) == "period.month"
    for reason in (None, "", "  ", 5, "x" * 501):
        assert refused(lambda reason=reason: reopen(world, "2025-02", reason=reason)) == (
            "value.required"
        )
    assert refused(lambda: reopen(world, "2025-04")) == "period.not_closed"
    reopen(world, "2025-02")
    world.post(account, "1", day="2025-02-10")
    assert refused(lambda: world.post(account, "1", day="2025-01-10")) == "period.closed"
    assert refused(lambda: world.post(account, "1", day="2025-03-10")) == "period.closed"
    known = months(world)
    assert (known["2025-02"], known["2025-03"]) == (False, True)
    close(world, "2025-02")
    assert refused(lambda: world.post(account, "1", day="2025-02-10")) == "period.closed"
    assert refused(lambda: months(world, "turn")) is not None
    with world.platform.database.reading() as reading:
        rows = list(reading.connection.execute(sa.select(PERIOD)))
        reading.connection.rollback()
    assert sorted((row.month, row.closed) for row in rows) == [("2025-02", True), ("2025-03", True)]


def test_what_lies_before_a_reopened_month_stays_closed(world: Books) -> None:
    account = world.create("account", code="a")

    def open_months() -> list[str]:
        wanted = ("2024-11", "2024-12", "2025-01", "2025-02", "2025-03", "2025-04")
        taken = [
            month
            for month in wanted
            if refused(lambda month=month: world.post(account, "1", day=f"{month}-10")) is None
        ]
        known = months(world)
        # The page shows the last two years, and months of which something was said.
        assert [one for one in wanted if not known.get(one, one not in taken)] == taken
        return taken

    close(world, "2025-03")
    assert open_months() == ["2025-04"]
    reopen(world, "2025-03")
    assert open_months() == ["2025-03", "2025-04"]
    reopen(world, "2025-01")
    assert open_months() == ["2025-01", "2025-03", "2025-04"]
    reopen(world, "2025-02")
    assert open_months() == ["2025-01", "2025-02", "2025-03", "2025-04"]
    close(world, "2025-04")
    assert open_months() == ["2025-01", "2025-02", "2025-03"]
    reopen(world, "2024-12")
    assert open_months() == ["2024-12", "2025-01", "2025-02", "2025-03"]
    close(world, "2025-02")
    assert open_months() == ["2024-12", "2025-01", "2025-03"]


def test_nobody_slips_into_a_month_that_is_being_closed(world: Books, deep: bool) -> None:
    accounts = [world.create("account", code=str(number)) for number in range(3)]
    for turn in range(12 if deep else 3):
        month = f"2024-{turn + 1:02d}"
        closed = threading.Event()
        slipped: list[str] = []
        wrong: list[str] = []
        stop = threading.Event()

        def post(
            number: int,
            month: str = month,
            closed: threading.Event = closed,
            slipped: list[str] = slipped,
            wrong: list[str] = wrong,
            stop: threading.Event = stop,
        ) -> None:
            while not stop.is_set():
                before = closed.is_set()
                try:
                    items = [
                        {"account": one, "amount": "1", "day": f"{month}-15"}
                        for one in (accounts[number % 3], accounts[(number + 1) % 3])
                    ]
                    made = world.create_many("entry", items)
                except PlatformError as error:
                    if error.problems[0].code != "period.closed":
                        wrong.append(error.problems[0].code)
                    return
                if before:
                    slipped += made

        workers = [threading.Thread(target=post, args=(number,)) for number in range(6)]
        for one in workers:
            one.start()
        close(world, month)
        counted = sum(str(row["day"]).startswith(month) for row in world.rows("entry").values())
        closed.set()
        stop.wait(0.3)
        stop.set()
        for one in workers:
            one.join()
        after = sum(str(row["day"]).startswith(month) for row in world.rows("entry").values())
        assert (slipped, wrong, after) == ([], [], counted)
    world.check()
