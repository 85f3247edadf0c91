"""Large tables are prepared beside their users: nothing is seen before, nothing is lost after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import ConflictError, PlatformError
from headrace.platform.database.changed_rows import CHANGED_ROW
from headrace.platform.database.names import load_names
from headrace.platform.publishing.preparing.preparations import PREPARATION
from headrace.platform.publishing.preparing.scope import scope_of
from tests.support.busy_publishing import (
    EDITS,
    Edit,
    People,
    busily,
    grow,
    publish_prepared,
    settle_in,
    values_of,
)
from tests.support.database_state import state_of
from tests.support.publishing import Publishing, platform_at

OBJECTS = ("company", "claim", "claim_item", "region")


@pytest.fixture
def publishing(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    with platform_at(database_url) as platform:
        work = Publishing(platform, tmp_path / "modules")
        platform.publisher.prepared_from = 1
        yield work


def settled(work: Publishing) -> People:
    work.publish()
    people = People(work)
    settle_in(people)
    return people


def accepted_plan(work: Publishing):
    answers = {"field.retype:company.note": {"answer": "clear"}}
    plan = work.plan()
    if any(line.needs_answer and line.key in answers for line in plan.lines):
        plan = work.plan(answers)
    assert not plan.refused, plan.problems
    return plan


def nothing_left(work: Publishing) -> None:
    with work.platform.database.reading() as reading:
        connection = reading.connection
        for table in (PREPARATION, CHANGED_ROW):
            count = sa.select(sa.func.count()).select_from(table)
            assert connection.execute(count).scalar() == 0, table.name
        assert not [one for one in load_names(connection).all if one.preparing]
    people = People(work)
    people.create("after", "company", code="AFTER", name="z")
    with work.platform.database.reading() as reading:
        count = sa.select(sa.func.count()).select_from(CHANGED_ROW)
        assert reading.connection.execute(count).scalar() == 0, "a trigger is left"


def test_what_is_prepared_equals_what_one_transaction_does(
    publishing, backend, fresh_database, tmp_path
):
    people = settled(publishing)
    grow(publishing)
    plan = accepted_plan(publishing)
    scope = scope_of(plan, publishing.platform.catalogs.current())
    assert scope is not None
    assert {type(one).__name__ for one in scope.work} >= {"ConvertValues", "FillEmpty", "Compute"}
    edits: list[Edit] = list(EDITS)
    result = publish_prepared(publishing, plan, busily(people, edits))
    assert not edits, "the preparation was too short for what people do"
    assert result.version == 2

    with platform_at(fresh_database(backend)) as platform:
        twin = Publishing(platform, tmp_path / "twin")
        platform.publisher.prepared_from = None
        others = settled(twin)
        for edit in EDITS:
            edit(others)
        grow(twin)
        twin_plan = accepted_plan(twin)
        assert scope_of(twin_plan, platform.catalogs.current()) is None
        platform.publisher.publish(twin_plan, "m", None)
        assert values_of(publishing, OBJECTS, people) == values_of(twin, OBJECTS, others)
    nothing_left(publishing)
    assert publishing.plan().is_empty


def test_nobody_sees_anything_of_it_before_the_switch(publishing):
    people = settled(publishing)
    grow(publishing)
    plan = accepted_plan(publishing)
    before = values_of(publishing, OBJECTS, people)
    moments = 0

    def look(_: object) -> None:
        nonlocal moments
        moments += 1
        assert publishing.platform.catalogs.refresh().version == 1
        assert values_of(publishing, OBJECTS, people) == before

    publish_prepared(publishing, plan, look)
    assert moments > 20
    assert values_of(publishing, OBJECTS, people) != before


def test_a_cancelled_publish_leaves_nothing(publishing, database_url):
    settled(publishing)
    before = state_of_closed(publishing, database_url)
    grow(publishing)
    plan = accepted_plan(publishing)
    for after in (1, 7, 19, 33):
        asked = iter(range(1000))
        with pytest.raises(ConflictError) as refused:
            publish_prepared(publishing, plan, cancelled=lambda a=after, n=asked: next(n) >= a)
        assert refused.value.problems[0].code == "publish.cancelled"
        assert state_of_closed(publishing, database_url) == before
    publish_prepared(publishing, plan)
    assert publishing.platform.catalogs.refresh().version == 2


def state_of_closed(work: Publishing, url: str) -> dict[str, object]:
    """The whole state; documents that were stored for a version that never came do no harm."""
    work.platform.close()
    state = state_of(url)
    return {name: one for name, one in state.items() if name != "sys_document"}


def test_while_one_is_prepared_no_other_is_published(publishing):
    people = settled(publishing)
    grow(publishing)
    plan = accepted_plan(publishing)
    publishing.contents["object", "region"]["label"] = {"en": "Area", "zh": "区域"}
    other = accepted_plan(publishing)
    codes = []

    def publish_too(_: object) -> None:
        with pytest.raises(ConflictError) as refused:
            publishing.platform.publisher.publish(other, "other", None)
        codes.append(refused.value.problems[0].code)

    publish_prepared(publishing, plan, publish_too)
    assert set(codes) == {"publish.in_preparation"}
    assert people.work.platform.catalogs.refresh().version == 2


def test_equal_values_that_come_meanwhile_are_refused_by_the_publish_not_by_the_users(
    publishing, database_url, backend
):
    people = settled(publishing)
    people.create("twin", "company", code="T", name="unique", note="1")
    publishing.contents["object", "company"]["fields"][1]["unique"] = True
    for number in range(5):
        people.update(f"company{number}", "company", name=f"name {number}")
    before = state_of_closed(publishing, database_url)
    plan = publishing.plan()
    assert not plan.refused, plan.problems
    if backend == "sqlite":
        # Its writers wait for an index anyway, so keys are made in the switch.
        assert scope_of(plan, publishing.platform.catalogs.current()) is None
        return
    at = iter(range(1000))

    def duplicate(_: object) -> None:
        if next(at) == 2:
            people.update("company0", "company", name="unique")

    with pytest.raises(ConflictError) as refused:
        publish_prepared(publishing, plan, duplicate)
    assert refused.value.problems[0].code in {
        "constraint.duplicates_since",
        "constraint.existing_duplicates",
    }
    assert publishing.platform.catalogs.refresh().version == 1
    people.update("company0", "company", name="name 0")
    after = state_of_closed(publishing, database_url)
    assert {k: v[:3] for k, v in after.items()} == {k: v[:3] for k, v in before.items()}
    publish_prepared(publishing, plan)
    with pytest.raises(PlatformError, match="not_unique"):
        people.update("company0", "company", name="unique")
