"""Rules that warn, and field rules: hidden, required, locked and limited fields, at every write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Problem
from headrace.platform.records.bulk import write_many
from headrace.platform.records.context import Context
from headrace.platform.records.drafts import Saved
from headrace.platform.records.preview import Previewed, previewed
from tests.support.rules_world import open_rules
from tests.support.world import World, add_user, principal


@pytest.fixture
def world(backend: str, fresh_database: Callable[[str], str]) -> Iterator[World]:
    found = open_rules(fresh_database(backend))
    yield found
    found.database.dispose()


@pytest.fixture
def clerk(world: World) -> Context:
    return world.as_(principal(add_user(world, "clerk"), "partner", "clerk"))


def create(world: World, who: Context, **data: Any) -> Saved:
    with world.database.writing(1) as work:
        return world.store.create(who, work, "parcel", {"name": "p", **data})


def change(world: World, who: Context, saved: Saved, **data: Any) -> Saved:
    with world.database.writing(1) as work:
        return world.store.update(who, work, "parcel", saved.id, data, saved.version)


def apply(world: World, saved: Saved, **values: Any) -> Saved:
    with world.database.writing(1) as work:
        return world.store.apply_system(
            world.context, work, "parcel", saved.id, values, action="pay"
        )


def refused(act: Callable[[], object]) -> dict[str, str]:
    with pytest.raises(RefusedError) as caught:
        act()
    return _codes(caught.value.problems)


def _codes(problems: tuple[Problem, ...]) -> dict[str, str]:
    assert all(one.message.en and one.message.zh for one in problems)
    return {one.path: one.code for one in problems}


# -- severity --------------------------------------------------------------------------------------


def test_a_warning_is_told_and_refuses_nothing(world: World, clerk: Context) -> None:
    saved = create(world, clerk, amount="2000")
    assert _codes(saved.warnings) == {"/amount": "rule.broken"}
    assert {one.severity for one in saved.warnings} == {"warning"}
    assert world.get("parcel", saved.id)["amount"] == "2000.00"
    assert change(world, clerk, saved, amount="900").warnings == ()


def test_an_error_refuses_whatever_is_warned_of(world: World, clerk: Context) -> None:
    assert refused(lambda: create(world, clerk, amount="6000")) == {"/amount": "rule.broken"}


def test_bulk_tells_the_warnings_of_each_item(world: World, clerk: Context) -> None:
    data = [{"name": "a", "amount": "2000"}, {"name": "b", "amount": "1"}]
    with world.database.writing(1) as work:
        items = write_many(world.store, clerk, work, "parcel", "create", data)
    assert [one.status for one in items] == ["created", "created"]
    assert [[(p.path, p.severity) for p in one.problems] for one in items] == [
        [("/amount", "warning")],
        [],
    ]


# -- field rules -----------------------------------------------------------------------------------


def test_a_hidden_field_is_not_writable_nor_required_and_keeps_its_value(
    world: World, clerk: Context
) -> None:
    assert refused(lambda: create(world, clerk, port="Ningbo")) == {"/port": "field.hidden"}
    saved = create(world, clerk, amount="200")
    saved = change(world, clerk, saved, market="export", port="Ningbo")
    saved = change(world, clerk, saved, market="home")
    assert world.get("parcel", saved.id)["port"] == "Ningbo"
    assert refused(lambda: change(world, clerk, saved, port="Wuhu")) == {"/port": "field.hidden"}
    change(world, clerk, saved, port="Ningbo")


def test_a_required_field_is_needed_while_the_condition_holds(world: World, clerk: Context) -> None:
    assert refused(lambda: create(world, clerk, discount="11")) == {"/reason": "value.required"}
    saved = create(world, clerk, discount="11", reason="fair")
    assert refused(lambda: change(world, clerk, saved, reason=None)) == {
        "/reason": "value.required"
    }
    change(world, clerk, saved, reason=None, discount="10")


def test_why_a_field_is_required_is_told(world: World, clerk: Context) -> None:
    with pytest.raises(RefusedError) as caught:
        create(world, clerk, discount="11")
    assert caught.value.problems[0].hint.en == "Large discounts need a reason"


def test_a_locked_field_can_be_sent_as_it_is(world: World, clerk: Context) -> None:
    saved = create(world, clerk)
    saved = change(world, clerk, saved, frozen=True)
    assert refused(lambda: change(world, clerk, saved, amount="51")) == {"/amount": "field.locked"}
    saved = change(world, clerk, saved, amount="50.00")
    boss = world.as_(principal(add_user(world, "boss"), "internal", "boss"))
    change(world, boss, saved, amount="51")


def test_a_new_record_takes_of_a_locked_field_what_it_would_get_anyway(
    world: World, clerk: Context
) -> None:
    create(world, clerk, frozen=True, amount="50")
    assert refused(lambda: create(world, clerk, frozen=True, amount="51")) == {
        "/amount": "field.locked"
    }


def test_choices_outside_of_the_limit_are_refused_and_old_ones_stay(
    world: World, clerk: Context
) -> None:
    with pytest.raises(RefusedError) as caught:
        create(world, clerk, way="sea")
    assert _codes(caught.value.problems) == {"/way": "value.not_allowed"}
    assert caught.value.problems[0].hint.en == "Choose one of: road, rail."
    saved = create(world, clerk, market="export", way="sea")
    saved = change(world, clerk, saved, market="home")
    assert world.get("parcel", saved.id)["way"] == "sea"
    assert refused(lambda: change(world, clerk, saved, way="air")) == {"/way": "value.not_allowed"}


def test_rows_follow_their_own_values_and_those_of_the_record(world: World, clerk: Context) -> None:
    rows = [{"sort": "gift", "price": "1"}, {"sort": "gift"}, {}]
    assert refused(lambda: create(world, clerk, amount="600", items=rows)) == {
        "/items/0/price": "field.hidden",
        "/items/2/price": "value.required",
    }
    create(world, clerk, amount="600", items=[{"sort": "gift"}, {"price": "3"}])


def test_a_state_is_entered_and_left_only_with_what_it_needs(world: World, clerk: Context) -> None:
    saved = create(world, clerk)
    assert refused(lambda: apply(world, saved, status="paid")) == {"/receipt": "value.required"}
    saved = change(world, clerk, saved, receipt="R1")
    paid = apply(world, saved, status="paid")
    assert refused(lambda: change(world, clerk, paid, receipt=None)) == {
        "/receipt": "value.required"
    }
    apply(world, paid, status="gone")


def test_what_the_platform_sets_may_fill_what_people_cannot(world: World) -> None:
    saved = create(world, world.context, frozen=True)
    apply(world, saved, amount=Decimal(51), port="Ningbo")
    assert world.get("parcel", saved.id)["amount"] == "51.00"


# -- what a form is told ---------------------------------------------------------------------------


def preview(world: World, who: Context, **data: Any) -> Previewed:
    with world.database.snapshot() as reading:
        return previewed(who, reading, "parcel", data)


def test_the_preview_says_how_fields_stand(world: World, clerk: Context) -> None:
    found = preview(
        world, clerk, market="home", discount="20", frozen=True, items=[{"sort": "gift"}]
    )
    fields = found.standing.behaviours
    assert fields["port"].hidden
    assert fields["reason"].required
    assert fields["amount"].locked
    assert fields["way"].allowed == {"road", "rail"}
    assert found.rows["items"][0].behaviours["price"].hidden
