"""Large tables are prepared beside their users: nothing is seen before, nothing is lost after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import ConflictError, PlatformError
from headrace.platform.database.changed_rows import CHANGED_ROW
from headrace.platform.database.names import load_names
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.preparing.preparations import PREPARATION
from headrace.platform.publishing.preparing.scope import scope_of
from headrace.platform.publishing.publisher import Publisher
from headrace.platform.publishing.result import Progress
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
from tests.support.documents import field
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


def test_equal_values_that_come_after_the_key_was_built_are_refused_by_the_publish_too(
    publishing, backend
):
    people = settled(publishing)
    people.create("twin", "company", code="T", name="unique", note="1")
    publishing.contents["object", "company"]["fields"][1]["unique"] = True
    for number in range(5):
        people.update(f"company{number}", "company", name=f"name {number}")
    plan = publishing.plan()
    if backend == "sqlite":
        return
    told: list[Progress] = []

    def duplicate(progress: Progress) -> None:
        told.append(progress)
        if progress.step == progress.steps:
            # The key stands over the new column; nobody who uses the old one is refused.
            people.update("company0", "company", name="unique")

    with pytest.raises(ConflictError) as refused:
        publish_prepared(publishing, plan, duplicate)
    assert [one.code for one in refused.value.problems] == ["constraint.duplicates_since"]
    assert publishing.platform.catalogs.refresh().version == 1
    nothing_left(publishing)


def late(people: People, edits: list[Edit]):
    """Let people do all of it at the last moment before the switch."""

    def act(progress: Progress) -> None:
        if progress.step == progress.steps and edits:
            for edit in edits:
                edit(people)
            edits.clear()

    return act


def test_what_is_filled_follows_what_it_was_made_from(publishing):
    people = settled(publishing)
    fields = publishing.contents["object", "company"]["fields"]
    fields += [field("motto", "text", required=True, default="CONCAT('we are ', code)")]
    plan = publishing.plan()
    edits: list[Edit] = [lambda all_: all_.update("company0", "company", code="OTHER")]
    publish_prepared(publishing, plan, late(people, edits))
    assert not edits
    assert publishing.value("company", people.ids["company0"], "motto") == "we are OTHER"


def test_values_of_a_new_key_may_change_places(publishing, backend):
    people = settled(publishing)
    for number in range(5):
        people.update(f"company{number}", "company", name=f"name {number}")
    publishing.contents["object", "company"]["fields"][1]["unique"] = True
    edits: list[Edit] = [
        lambda all_: all_.update("company4", "company", name="in between"),
        lambda all_: all_.update("company0", "company", name="name 4"),
        lambda all_: all_.update("company4", "company", name="name 0"),
    ]
    publish_prepared(publishing, publishing.plan(), late(people, edits))
    if backend == "sqlite":
        # Keys are made in the switch there; nobody had a turn.
        assert edits
        return
    names = [publishing.value("company", people.ids[f"company{n}"], "name") for n in (0, 4)]
    assert names == ["name 4", "name 0"]


def test_a_value_that_cannot_be_converted_and_comes_late_is_refused(publishing):
    people = settled(publishing)
    publishing.field("company", "note").update(type="integer")
    plan = publishing.plan()
    assert not any(line.needs_answer for line in plan.lines)

    edits: list[Edit] = [lambda all_: all_.update("company0", "company", note="not a number")]
    with pytest.raises(ConflictError):
        publish_prepared(publishing, plan, late(people, edits))
    assert publishing.platform.catalogs.refresh().version == 1
    assert publishing.value("company", people.ids["company0"], "note") == "not a number"
    nothing_left(publishing)


def test_records_that_are_counted_by_themselves_end_the_catching_up(publishing):
    contents = publishing.contents["object", "company"]
    contents["fields"] += [field("boss", "lookup", to="company")]
    people = settled(publishing)
    people.update("company0", "company", boss="@company0")
    people.update("company1", "company", boss="@company0")
    contents["fields"] += [field("staff", "rollup", op="count", of="company", by="boss")]
    plan = publishing.plan()
    assert not plan.refused, plan.problems

    def hire(progress: Progress) -> None:
        if progress.step == progress.steps:
            people.update("company2", "company", boss="@company0")

    publish_prepared(publishing, plan, hire)
    assert publishing.value("company", people.ids["company0"], "staff") == 3


def test_details_that_get_a_column_in_the_switch_are_summed_there(publishing):
    people = settled(publishing)
    # Claims are many, items are few: only the claims are prepared.
    publishing.platform.publisher.prepared_from = 15
    for number in range(10, 25):
        people.create(f"claim{number}", "claim", company="@company0", subject=f"Extra {number}")
    publishing.contents["object", "claim_item"]["fields"] += [
        field("weight", "integer", required=True, default="2")
    ]
    publishing.contents["object", "claim"]["fields"] += [
        field("weight", "rollup", op="sum", of="claim_item.weight", by="claim")
    ]
    publish_prepared(publishing, publishing.plan())
    assert publishing.value("claim", people.ids["claim0"], "weight") == 4


def test_what_is_being_removed_is_never_gone_on_with(publishing):
    people = settled(publishing)
    grow(publishing)
    plan = accepted_plan(publishing)
    leftovers = publishing.platform.publisher.leftovers

    class StoppedError(Exception):
        pass

    removed = iter(range(1000))

    def stop(*_: object) -> None:
        if next(removed) == 2:
            raise StoppedError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("headrace.platform.publishing.preparing.leftovers.unwatch", stop)
        at = iter(range(1000))
        with pytest.raises(StoppedError):
            publish_prepared(publishing, plan, cancelled=lambda: next(at) > 30)
    with publishing.platform.database.writing(None) as work:
        long_ago = publishing.platform.real_clock.now() - timedelta(days=1)
        work.connection.execute(sa.update(PREPARATION).values(leased_until=long_ago))
    people.update("company0", "company", note="4711")
    publish_prepared(publishing, plan)
    assert publishing.value("company", people.ids["company0"], "note") == 4711
    assert leftovers.remove_abandoned() == 0
    nothing_left(publishing)


def test_numbers_of_a_publish_that_was_given_up_are_given_again(publishing):
    people = settled(publishing)
    number = field("ref", "auto_number", pattern="R-{0000}", id="number-of-a-company")
    publishing.contents["object", "company"]["fields"].append(number)
    plan = publishing.plan()
    assert plan.prepared
    at = iter(range(1000))
    with pytest.raises(ConflictError):
        publish_prepared(publishing, plan, cancelled=lambda: next(at) > 5)
    publish_prepared(publishing, plan)
    given = [publishing.value("company", people.ids[f"company{n}"], "ref") for n in range(5)]
    assert given == [f"R-000{n}" for n in range(1, 6)]
    nothing_left(publishing)


@contextmanager
def before_the_switch(act: Callable[[], object]) -> Iterator[None]:
    """Let somebody act when all rows have been looked at and the switch has not begun."""
    looked = Publisher._verify

    def look_and_act(publisher: Publisher, plan: Plan) -> None:
        looked(publisher, plan)
        act()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Publisher, "_verify", look_and_act)
        yield


def emptied(people: People) -> object:
    return people.update("company0", "company", note=None)


def lengthened(people: People) -> object:
    return people.update("claim1", "claim", subject="Too long for the new version")


def brought(people: People) -> object:
    return people.create("last", "company", code="Z", name="Last")


@pytest.mark.parametrize("edit", [emptied, lengthened, brought])
def test_what_comes_between_the_last_look_and_the_switch_is_refused(publishing, edit):
    people = settled(publishing)
    publishing.contents["object", "company"]["fields"] += [
        field("motto", "text", required=True, default="CONCAT('we are ', code)")
    ]
    publishing.field("company", "note").update(required=True)
    publishing.field("claim", "subject").update(length=12)
    plan = publishing.plan()
    assert not plan.refused, plan.problems
    with before_the_switch(lambda: edit(people)), pytest.raises(ConflictError) as refused:
        publish_prepared(publishing, plan)
    assert [one.code for one in refused.value.problems] == ["plan.count_grown"]
    assert publishing.platform.catalogs.refresh().version == 1
    nothing_left(publishing)


def test_what_comes_then_and_does_no_harm_is_let_through(publishing):
    people = settled(publishing)
    publishing.contents["object", "company"]["fields"] += [
        field("motto", "text", required=True, default="CONCAT('we are ', code)")
    ]
    publishing.field("company", "note").update(required=True)

    def act() -> None:
        people.update("company0", "company", note="other")
        people.create("last", "company", code="Z", name="Last", note="there")

    with before_the_switch(act):
        assert publish_prepared(publishing, publishing.plan()).version == 2
    assert publishing.value("company", people.ids["last"], "motto") == "we are Z"
