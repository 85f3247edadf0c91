"""What was kept of dropped definitions goes for good after 30 days, and only then."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.doctor import examine
from headrace.platform.access.audit_trail import Wanted, read_audit, shown_entry
from headrace.platform.core.errors import ConflictError
from headrace.platform.database.names import load_names
from headrace.platform.database.unit_of_work import COMMAND_LINE
from headrace.platform.publishing.sweeping import KEPT_FOR, Sweeper
from headrace.platform.records.tables import HISTORY
from tests.support.documents import field, label
from tests.support.kill_points import Points, in_child
from tests.support.publishing import Publishing, platform_at

STEP = 4
"""Moments between two kills; each run goes on where the one before died."""
BRANCH = {
    "kind": "object",
    "name": "branch",
    "label": label("Branch", "网点"),
    "fields": [
        field("code", "text", length=9, external_id=True),
        field("company", "lookup", to="company"),
        field("above", "tree"),
    ],
}


@dataclass
class LaterClock:
    """The machine's clock, some time from now."""

    ahead: timedelta
    real: Any

    def now(self) -> datetime:
        found: datetime = self.real.now() + self.ahead
        return found


class Sweeping:
    """A workspace with an object, a field and a reference that were dropped, with rows."""

    def __init__(self, work: Publishing) -> None:
        self.work = work
        self.platform = work.platform
        self.database = work.platform.database

    def fill(self) -> None:
        work = self.work
        work.contents["object", "branch"] = BRANCH
        fields = work.contents["object", "company"]["fields"]
        fields += [field("motto", "text", length=20), field("branch", "lookup", to="branch")]
        work.publish()
        branch = work.create("branch", code="B1")
        region = work.create("region", code="N", name="North")
        work.create("company", code="C", name="x", region=region, motto="we", branch=branch)

    def drop(self) -> None:
        work = self.work
        del work.contents["object", "branch"]
        kept = [
            one
            for one in work.contents["object", "company"]["fields"]
            if one["name"] not in {"motto", "branch"}
        ]
        work.contents["object", "company"]["fields"] = kept
        work.publish()

    def sweeper(self, **ahead: float) -> Sweeper:
        clock = LaterClock(timedelta(**ahead), self.platform.real_clock)
        return Sweeper(self.database, clock)

    def names(self) -> list[str]:
        with self.database.reading() as reading:
            return [
                one.physical
                for one in load_names(reading.connection).all
                if one.dropped_at_version is not None and not one.going
            ]

    def company(self) -> str:
        table: str = self.platform.catalogs.current().tables.of("company").table.name
        return table

    def columns(self, table: str) -> set[str]:
        with self.database.reading() as reading:
            inspector = sa.inspect(reading.connection)
            if not inspector.has_table(table):
                return set()
            return {one["name"] for one in inspector.get_columns(table)}


@pytest.fixture
def sweeping(database_url: str, tmp_path: Path) -> Iterator[Sweeping]:
    with platform_at(database_url) as platform:
        made = Sweeping(Publishing(platform, tmp_path / "modules"))
        made.fill()
        made.drop()
        yield made


def test_nothing_goes_before_its_time(sweeping):
    before = sweeping.names()
    assert sweeping.sweeper(days=29).sweep() == ()
    assert sweeping.names() == before
    assert any(name.startswith("motto") for name in before)


def test_what_was_kept_long_enough_goes_with_its_rows_and_history(sweeping):
    kept = {one.what.en: one for one in sweeping.sweeper().kept()}
    table = next(one.name for one in kept.values() if one.name.kind == "object")
    motto = next(one for one in kept.values() if one.name.physical.startswith("motto"))

    removed = sweeping.sweeper(days=30, minutes=1).sweep()

    assert {one.what.en for one in removed} == set(kept)
    assert motto.name.physical not in sweeping.columns(motto.table)
    assert sweeping.sweeper().kept() == ()
    with sweeping.database.reading() as reading:
        history = sa.select(HISTORY.c.id).where(HISTORY.c.object_id == table.definition_id)
        assert reading.connection.execute(history).first() is None
    if sweeping.database.dialect == "postgresql":
        assert sweeping.columns(table.physical) == set()
    else:
        # SQLite keeps the reference in the other table, and so this one, without rows.
        with sweeping.database.reading() as reading:
            rows = sa.select(sa.func.count()).select_from(sa.table(table.physical))
            assert reading.connection.execute(rows).scalar() == 0


def test_sweeping_again_and_at_once_does_nothing_more(sweeping):
    sweeping.sweeper(days=31).sweep()
    entries = read_audit(sweeping.database)
    assert sweeping.sweeper(days=31).sweep() == ()
    assert read_audit(sweeping.database) == entries


def test_the_audit_trail_says_what_went(sweeping):
    removed = sweeping.sweeper(days=31).sweep(COMMAND_LINE)
    found = read_audit(sweeping.database, Wanted("kept"))
    assert {one["name"] for one in found} == {one.name.physical for one in removed}
    assert {one["through"] for one in found} == {"cli"}
    assert "was removed for good" in shown_entry(found[0], "en")["changes"][0]


def test_the_rest_of_the_workspace_works_on(sweeping):
    sweeping.sweeper(days=31).sweep()
    work = sweeping.work
    other = work.create("company", code="D", name="y")
    assert work.value("company", other, "code") == "D"
    work.contents["object", "company"]["fields"].append(field("more", "text", length=5))
    work.publish()
    assert work.plan().is_empty


def test_going_back_afterwards_says_what_cannot_come_back(sweeping):
    live = sweeping.platform.catalogs.refresh().version
    back = sweeping.platform.publisher.plan_rollback(live - 1)
    assert not [one for one in back.lines if "not_restored" in one.code]

    sweeping.sweeper(days=31).sweep()
    back = sweeping.platform.publisher.plan_rollback(live - 1)

    lost = {one.key: one.rows for one in back.lines if "not_restored" in one.code}
    assert lost == {
        "object.not_restored:branch": None,
        "field.not_restored:company.motto": 1,
        "field.not_restored:company.branch": 1,
    }
    sweeping.platform.publisher.publish(back, "back", None)
    again = sweeping.work.create("branch", code="B1")
    assert sweeping.work.value("branch", again, "code") == "B1"


def test_a_plan_that_brings_back_what_has_gone_since_is_refused(sweeping):
    live = sweeping.platform.catalogs.refresh().version
    back = sweeping.platform.publisher.plan_rollback(live - 1)
    sweeping.sweeper(days=31).sweep()
    with pytest.raises(ConflictError) as refused:
        sweeping.platform.publisher.publish(back, "back", None)
    assert refused.value.problems[0].code == "plan.kept_gone"
    assert sweeping.platform.catalogs.refresh().version == live


def test_a_publish_planned_before_a_sweep_does_not_undo_it(sweeping):
    work = sweeping.work
    work.contents["object", "company"]["fields"].append(field("more", "text", length=5))
    plan = work.plan()
    sweeping.sweeper(days=31).sweep()
    sweeping.platform.publisher.publish(plan, "more", None)
    assert sweeping.names() == []


def test_a_retyped_column_goes_and_the_field_keeps_its_values(sweeping):
    work = sweeping.work
    made = work.create("company", code="R", name="y", note="7")
    work.field("company", "note").update(type="integer")
    work.publish()
    assert any(one.name.physical.startswith("note") for one in sweeping.sweeper().kept())
    sweeping.sweeper(days=31).sweep()
    assert work.value("company", made, "note") == 7


def test_the_doctor_says_what_is_kept_and_until_when(sweeping):
    day = sweeping.sweeper().kept()[0].until.date().isoformat()
    told = [one.what.en for one in examine(sweeping.platform.settings)]
    assert any(
        one.startswith("Kept of dropped definitions: 1 tables") and day in one for one in told
    )
    assert timedelta(days=30) == KEPT_FOR


def test_many_sweep_at_once_and_each_thing_goes_once(sweeping):
    with ThreadPoolExecutor(4) as pool:
        removed = list(pool.map(lambda _: sweeping.sweeper(days=31).sweep(), range(4)))
    assert len([one for many in removed for one in many]) == 3
    assert sweeping.sweeper().kept() == ()
    assert len(read_audit(sweeping.database, Wanted("kept"))) == 3


def test_a_sweep_that_is_killed_anywhere_is_ended_by_the_next(sweeping):
    """kill -9 before and after statements: what is live works, and the next sweep leaves nothing."""
    sweeper, before = sweeping.sweeper(days=31), sweeping.names()
    for deadly in count(STEP, STEP):
        sweeping.platform.close()
        if in_child(lambda: Points(deadly).during(sweeper.sweep)) == 0:  # noqa: B023 - run at once
            break
        told = len(read_audit(sweeping.database, Wanted("kept")))
        assert (sweeping.names(), told) in [(before, 0), ([], 3)]
        made = sweeping.work.create("company", code=f"K{deadly}", name="y", note="n")
        assert sweeping.work.value("company", made, "note") == "n"
    assert len(read_audit(sweeping.database, Wanted("kept"))) == 3
    columns = sweeping.columns(sweeping.company())
    assert not [one for one in columns if one.startswith("motto")]
