"""kill -9 in the middle of a preparation: tidying up gives the old version back, going on the new one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.preparing.preparations import read_preparation
from tests.support.busy_publishing import People, grow, publish_prepared, settle_in
from tests.support.database_state import state_of
from tests.support.kill_points import Points, count_in_child, in_child
from tests.support.publishing import Publishing, platform_at

SHARE = 14
"""Moments tried in a plain run, spread over all of them."""
ATTEMPTS = 100
"""How often one table is prepared for nothing: PostgreSQL counts columns that are gone, 1,600 at most."""
NEW = 2
"""The number of the version that is prepared."""
UNSEEN = frozenset({"sys_document"})
"""Documents stored for a version that never came: shared by hash, seen by nobody."""


@contextmanager
def settled(url: str, folder: Path) -> Iterator[Publishing]:
    with platform_at(url) as platform:
        platform.publisher.prepared_from = 1
        work = Publishing(platform, folder)
        work.publish()
        settle_in(People(work))
        yield work


def seen(url: str) -> Any:
    return {name: one for name, one in state_of(url).items() if name not in UNSEEN}


def grown_plan(work: Publishing) -> Plan:
    grow(work)
    plan = work.plan()
    assert not plan.refused, plan.problems
    work.platform.close()
    return plan


def tidy(url: str) -> int:
    with platform_at(url) as platform:
        return platform.publisher.leftovers.remove_abandoned()


def die(work: Publishing, plan: Plan, deadly: int) -> int:
    work.platform.close()
    return in_child(lambda: Points(deadly).during(lambda: publish_prepared(work, plan)))


def spread(count: int, share: int) -> list[int]:
    if count <= share:
        return list(range(1, count + 1))
    return sorted({1 + round(step * (count - 1) / (share - 1)) for step in range(share)})


def test_after_tidying_up_there_is_the_old_version_or_the_new_one(
    backend, fresh_database, tmp_path, deep, capsys
):
    twin_url = fresh_database(backend)
    with settled(twin_url, tmp_path / "twin") as twin:
        plan = grown_plan(twin)
        count = count_in_child(lambda: publish_prepared(twin, plan))
        new = seen(twin_url)
    found = {"old": 0, "new": 0, "tidied": 0}
    moments = spread(count, count if deep else SHARE)
    for start in range(0, len(moments), ATTEMPTS):
        url = fresh_database(backend)
        with settled(url, tmp_path / f"modules{start}") as work:
            plan = grown_plan(work)
            old = seen(url)
            assert old != new
            for deadly in moments[start : start + ATTEMPTS]:
                assert die(work, plan, deadly) < 0
                found["tidied"] += tidy(url)
                state = seen(url)
                assert state in (old, new), f"between the versions after moment {deadly}"
                found["new" if state == new else "old"] += 1
                if state == new:
                    break
            else:
                publish_prepared(work, plan)
                work.platform.close()
                assert seen(url) == new
        if found["new"]:
            break
    assert found["tidied"]
    with capsys.disabled():
        print(f"\n{backend}: {count} moments, {len(moments)} chosen, states {found}")


def test_a_killed_preparation_is_gone_on_with(backend, fresh_database, tmp_path, deep, capsys):
    twin_url = fresh_database(backend)
    with settled(twin_url, tmp_path / "twin") as twin:
        plan = grown_plan(twin)
        count = count_in_child(lambda: publish_prepared(twin, plan))
        new = seen(twin_url)
    resumed = 0
    for number, deadly in enumerate(spread(count - 2, 40 if deep else 4)[:-1]):
        url = fresh_database(backend)
        with settled(url, tmp_path / f"modules{number}") as work:
            plan = grown_plan(work)
            assert die(work, plan, deadly + 1) < 0
            with platform_at(url) as platform:
                live = platform.catalogs.refresh().version
                with platform.database.reading() as reading:
                    held = read_preparation(reading.connection)
            if live == NEW:
                # It died after the switch: what is left is removed, nothing is gone on with.
                tidy(url)
                assert seen(url) == new
                continue
            step = held.step if held else 0
            if held is not None:
                resumed += 1
                die(work, plan, 40)
            steps: list[int] = []
            publish_prepared(work, plan, lambda told, s=steps: s.append(told.step))
            assert not steps or min(steps) >= step
            work.platform.close()
            assert seen(url) == new, f"other than without a kill at moment {deadly}"
    assert resumed
    with capsys.disabled():
        print(f"\n{backend}: resumed {resumed} times")


def test_what_a_planted_fault_leaves_is_found(database_url, tmp_path, monkeypatch):
    with settled(database_url, tmp_path / "modules") as work:
        plan = grown_plan(work)
        old = seen(database_url)
        assert die(work, plan, 60) < 0
        monkeypatch.setattr(
            "headrace.platform.publishing.preparing.leftovers.discard_prepared", lambda *_: None
        )
        tidy(database_url)
        assert seen(database_url) != old
