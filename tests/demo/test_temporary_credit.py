"""Temporary credit that is asked for by itself: who signs by its amount, and from when to when it counts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from headrace.platform.core.errors import ForbiddenError, NotFoundError, RefusedError
from headrace.platform.records import reader
from tests.demo.test_behaviour import codes
from tests.demo.test_flow import asked, decide, fire, state
from tests.demo.test_reading import listed
from tests.demo.world import World

PARTNER = "PTN-00001"


@pytest.fixture(scope="module")
def world(busy_demo: World) -> World:
    """The workspace that tests add records to."""
    return busy_demo


def ask(world: World, login: str, amount: str, **more: Any) -> str:
    """Ask for temporary credit for July from its last day in June; return its id."""
    values = {"amount": amount, "valid_from": "2025-06-30", "valid_to": "2025-07-31", **more}
    if login != "fangchen":
        values["partner"] = {"key": PARTNER}
    store = world.platform.store
    return world.does(
        login,
        lambda context, work: store.create(
            context, work, "credit_adjustment", {"reason": "旺季备货", **values}
        ),
    ).id


def submitted(world: World, login: str, amount: str, **more: Any) -> tuple[str, str]:
    made = ask(world, login, amount, **more)
    run_id = fire(world, login, "credit_adjustment", made, "submit").run_id
    assert run_id is not None
    return made, run_id


def temporary(world: World) -> Decimal:
    [mine] = listed(world.acting("fangchen"), "credit_profile")
    return Decimal(reader.get(world.acting("fangchen"), "credit_profile", mine["id"])["temp_limit"])


@pytest.mark.parametrize(
    ("amount", "steps"),
    [
        ("50000.00", [{"qianning", "jiangcai", "chenyu"}]),
        ("50000.01", [{"sunmin", "zhoumuzhi"}]),
        ("200000.00", [{"sunmin", "zhoumuzhi"}]),
        ("200000.01", [{"sunmin", "zhoumuzhi"}, {"shenzong"}]),
    ],
)
def test_the_amount_says_who_signs(world: World, amount: str, steps: list[set[str]]) -> None:
    before = temporary(world)
    made, run_id = submitted(world, "lixiaoqu", amount)
    for people in steps:
        assert set(asked(world, run_id)) == people
        assert temporary(world) == before, "not before all have signed"
        for login in people - {"jiangcai"}:  # of the two clerks one is enough
            decide(world, login, run_id)
    assert state(world, "credit_adjustment", made)["status"] == "approved"
    assert temporary(world) - before == Decimal(amount)
    fire(world, "sunmin", "credit_adjustment", made, "revoke", comment="已回款")
    assert temporary(world) == before


def test_a_partner_asks_for_its_own_and_finance_refuses(world: World) -> None:
    before = temporary(world)
    made, run_id = submitted(world, "fangchen", "10000.00")
    row = state(world, "credit_adjustment", made)
    assert row["partner"] == world.id_of("partner", PARTNER)
    assert row["adj_no"].startswith("XE-202506-")
    decide(world, "qianning", run_id, "reject", comment="请先结清到期货款")
    assert (state(world, "credit_adjustment", made)["status"], asked(world, run_id)) == (
        "rejected",
        {},
    )
    assert temporary(world) == before
    fire(world, "fangchen", "credit_adjustment", made, "revise")
    for login, name, why in (
        ("fangchen", "grant", ForbiddenError),
        ("sunmin", "grant", RefusedError),
    ):
        with pytest.raises(why):
            fire(world, login, "credit_adjustment", made, name)
    with pytest.raises(ForbiddenError):
        ask(world, "fangchen", "1000.00", partner={"key": "PTN-00012"})
    with pytest.raises(NotFoundError):
        reader.get(world.acting("gurun"), "credit_adjustment", made)
    fire(world, "fangchen", "credit_adjustment", made, "cancel")


def test_it_counts_from_its_first_day_and_for_sixty_at_most(world: World) -> None:
    before = temporary(world)
    _, run_id = submitted(world, "lixiaoqu", "20000.00", valid_from="2025-07-01")
    for login in ("qianning", "chenyu"):
        decide(world, login, run_id)
    assert temporary(world) == before
    with pytest.raises(RefusedError) as refused:
        ask(world, "lixiaoqu", "20000.00", valid_to="2025-08-30")
    assert codes(refused.value) == {("rule.broken", "/valid_to")}
