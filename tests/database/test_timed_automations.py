"""Schedules and timers on the workspace's clock: nothing lost, nothing twice, whatever time does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.automation.tables import AUTOMATION_ACTION, AUTOMATION_RUN
from headrace.platform.automation.timing import RECORD_TIMER, SCHEDULE
from headrace.platform.jobs.tables import JOB
from tests.support.automation_world import AS_SYSTEM, GRANTS, MEMO, automation, made, run_rows
from tests.support.documents import field, workspace
from tests.support.live import Live, open_live

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def scheduled(name: str, catch_up: str) -> dict[str, Any]:
    trigger = {"event": "schedule", "cron": "0 8 * * *", "catch_up": catch_up}
    one = automation(name, "", on=trigger, **AS_SYSTEM, actions=[made(f"'{name}'")])
    one["rights"] = [{"object": "memo", "actions": ["create"]}]
    del one["when"]
    return one


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    memo = {**MEMO, "fields": [*MEMO["fields"], field("day", "date"), field("moment", "datetime")]}
    reminder = automation(
        "reminder",
        "",
        on={"event": "timer", "at": "moment"},
        when="n = 0",
        runs_as="system",
        rights=[{"object": "memo", "actions": ["update"]}],
        actions=[{"set": {"note": "'reminded'", "n": "n + 1"}}],
    )
    return {
        (one["kind"], one["name"]): one
        for one in (
            memo,
            GRANTS,
            reminder,
            *(scheduled(f"s_{c}", c) for c in ("once", "each", "skip")),
        )
    }


@pytest.fixture(scope="module")
def live(shared_databases: Callable[[], str]) -> Iterator[Live]:
    live = open_live(shared_databases(), lambda documents: documents.update(contents()))
    yield live
    live.platform.close()


@pytest.fixture(autouse=True)
def fresh(live: Live) -> None:
    """Begin without jobs and runs."""
    with live.platform.database.writing(None) as work:
        for table in (JOB, AUTOMATION_ACTION, AUTOMATION_RUN):
            work.connection.execute(sa.delete(table))
    stop(live, START)


def stop(live: Live, instant: datetime) -> None:
    """Let the workspace's clock stand at an instant, as a setting would."""
    object.__setattr__(live.platform.clock, "stopped_at", instant)


def go_on(live: Live) -> None:
    """What a worker that has just started does."""
    live.platform.timing.renew(live.platform)
    live.platform.worker().drain()


def jobs(live: Live, kind: str, state: str = "waiting") -> list[Any]:
    query = sa.select(JOB).where(JOB.c.kind == kind, JOB.c.state == state).order_by(JOB.c.due)
    with live.platform.database.reading() as reading:
        return list(reading.connection.execute(query))


def count(live: Live, name: str) -> int:
    return sum(one.state == "done" for one in run_rows(live, name))


def memo(live: Live, moment: datetime | None, **data: Any) -> str:
    sent = None if moment is None else moment.isoformat()
    answer = live.client("ann").post(
        "/api/v1/records/memo", json={"title": "t", "marker": "reminder", "moment": sent, **data}
    )
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


def note(live: Live, record: str) -> str | None:
    return live.client("admin").get(f"/api/v1/records/memo/{record}").json["note"]


def change(live: Live, record: str, **data: Any) -> None:
    address = f"/api/v1/records/memo/{record}"
    version = live.client("admin").get(address).json["version"]
    answer = live.client("admin").patch(address, json=data, headers={"If-Match": f'"{version}"'})
    assert answer.status_code == 200, answer.json


def test_a_schedule_runs_once_a_time_and_makes_up_for_downtime_as_it_says(live: Live):
    go_on(live)
    go_on(live)
    assert len(jobs(live, SCHEDULE)) == 3, "one that waits for each"
    eight = datetime(2026, 3, 2, 8, tzinfo=live.platform.zone).astimezone(UTC)
    assert {one.due for one in jobs(live, SCHEDULE)} == {eight}
    stop(live, eight - timedelta(minutes=1))
    go_on(live)
    assert [count(live, f"s_{one}") for one in ("once", "each", "skip")] == [0, 0, 0]
    stop(live, eight + timedelta(minutes=1))
    for _ in range(3):
        go_on(live)
    assert [count(live, f"s_{one}") for one in ("once", "each", "skip")] == [1, 1, 1]

    stop(live, eight + 3 * DAY + timedelta(hours=2))
    for _ in range(3):
        go_on(live)
    assert [count(live, f"s_{one}") for one in ("once", "each", "skip")] == [2, 4, 1]
    missed = [one.at for one in run_rows(live, "s_each")[1:]]
    assert missed == [eight + DAY, eight + 2 * DAY, eight + 3 * DAY]

    stop(live, eight + timedelta(hours=1))
    go_on(live)
    stop(live, eight + 3 * DAY + timedelta(hours=3))
    go_on(live)
    assert count(live, "s_each") == 4, "a clock that goes back and forth doubles nothing"


def test_a_timer_fires_once_at_the_moment_of_its_record_and_moves_with_it(live: Live):
    record = memo(live, START + DAY)
    other = memo(live, START + DAY)
    empty = memo(live, None)
    change(live, other, moment=(START + 3 * DAY).isoformat())
    assert len(jobs(live, RECORD_TIMER)) == 2
    go_on(live)
    stop(live, START + DAY)
    for _ in range(3):
        go_on(live)
    assert [note(live, one) for one in (record, other, empty)] == ["reminded", None, None]
    change(live, record, n="0", title="again")
    go_on(live)
    assert count(live, "reminder") == 1, "its moment has not moved"
    stop(live, START + 4 * DAY)
    go_on(live)
    assert note(live, other) == "reminded"
    assert jobs(live, RECORD_TIMER) == []


def test_a_record_that_is_gone_or_says_otherwise_is_left_alone(live: Live):
    gone, busy = memo(live, START + DAY), memo(live, START + DAY, n="5")
    address = f"/api/v1/records/memo/{gone}"
    assert live.client("admin").delete(address, headers={"If-Match": '"1"'}).status_code in {
        200,
        204,
    }
    assert len(jobs(live, RECORD_TIMER)) == 1
    stop(live, START + 2 * DAY)
    go_on(live)
    assert note(live, busy) is None
    assert run_rows(live, "reminder")[-1].state == "skipped"


def test_records_that_were_there_before_get_the_timers_of_a_new_version(live: Live):
    record = memo(live, None, day="2026-03-05")
    past = memo(live, None, day="2026-02-01")
    documents = {**workspace(), **contents()}
    later = {**documents["automation", "reminder"], "on": [{"event": "timer", "at": "day"}]}
    live.publish({**documents, ("automation", "reminder"): later})
    try:
        live.platform.timing.look(live.platform)
        [job] = jobs(live, RECORD_TIMER)
        midnight = datetime(2026, 3, 5, tzinfo=live.platform.zone).astimezone(UTC)
        assert (job.payload["record"], job.due) == (record, midnight)
        stop(live, midnight)
        go_on(live)
        assert (note(live, record), note(live, past)) == ("reminded", None)
    finally:
        live.publish(documents)
