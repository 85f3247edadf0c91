"""Orders and price books through their workflows: who is asked, and what follows."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.core.errors import ForbiddenError, RefusedError
from headrace.platform.records.context import Context
from headrace.platform.workflow.access import checked_snapshot
from headrace.platform.workflow.engine import Fired
from headrace.platform.workflow.replaying import replay
from headrace.platform.workflow.replays import Replay
from headrace.platform.workflow.tables import TASK
from tests.demo.test_behaviour import create, line
from tests.demo.world import World

HOOD = "CL-RH-T9-GY"


@pytest.fixture(scope="module")
def world(busy_demo: World) -> World:
    """The workspace that tests add records to; credit is no matter here, see test_over_credit."""
    company = busy_demo.id_of("partner", "PTN-00001")
    [profile] = busy_demo.stored("credit_profile", "partner", company)
    store = busy_demo.platform.store
    busy_demo.does(
        "sunmin",
        lambda context, work: store.update(
            context,
            work,
            "credit_profile",
            profile["id"],
            {"credit_limit": "90000000.00"},
            profile["version"],
        ),
    )
    return busy_demo


def state(world: World, object_name: str, record_id: str) -> dict[str, Any]:
    return world.stored(object_name, "id", record_id)[0]


def fire(
    world: World, login: str, object_name: str, record_id: str, name: str, **more: Any
) -> Fired:
    version = state(world, object_name, record_id)["version"]
    engine = world.platform.workflow
    return world.does(
        login,
        lambda context, work: engine.fire(
            context, work, object_name, record_id, name, version=version, **more
        ),
    )


def asked(world: World, run_id: str) -> dict[str, Any]:
    query = (
        sa.select(USER.c.login, TASK.c.id, TASK.c.version)
        .join_from(TASK, USER, USER.c.id == TASK.c.user)
        .where(TASK.c.run == run_id, TASK.c.state == "open")
    )
    return {row.login: row for row in world.rows(query)}


def decide(world: World, login: str, run_id: str, action: str = "approve", **more: Any) -> None:
    task = asked(world, run_id)[login]
    world.does(
        login,
        lambda context, work: world.platform.tasks.decide(
            context, work, task.id, action, version=task.version, **more
        ),
    )


def approved_by(world: World, run_id: str | None) -> list[str]:
    """Approve until nobody is asked any more; return who was."""
    assert run_id is not None
    found = []
    while waiting := asked(world, run_id):
        assert len(waiting) == 1
        login = next(iter(waiting))
        decide(world, login, run_id)
        found.append(login)
    return found


@pytest.mark.parametrize(
    ("lines", "people"),
    [
        ([line(20)], []),  # 38,980: within gold's limit of 100,000
        ([line(50), line(4, HOOD)], ["lixiaoqu"]),  # 104,306
        ([line(100), line(10, HOOD)], ["lixiaoqu", "chenyu"]),  # 213,290
        ([line(500), line(40, HOOD)], ["lixiaoqu", "chenyu", "zhoumuzhi"]),  # 1,043,060
    ],
    ids=["clean", "manager", "region", "director"],
)
def test_the_amount_says_who_approves(
    world: World,
    lines: list[dict[str, Any]],
    people: list[str],
) -> None:
    saved = create(world, "xumiao", {"lines": lines})
    fired = fire(world, "xumiao", "sales_order", saved.id, "submit")
    assert fired.state == ("in_approval" if people else "confirmed")
    if people:
        assert approved_by(world, fired.run_id) == people
    row = state(world, "sales_order", saved.id)
    assert row["status"] == "confirmed"
    assert row["submitted_at"] <= row["confirmed_at"]


def test_urgent_orders_go_to_manager_and_region(world: World) -> None:
    data = {"order_type": "urgent", "lines": [line(2)]}
    saved = create(world, "xumiao", data)
    simulation = world.platform.workflow.simulate(
        world.acting("xumiao"), "sales_order", saved.id, "submit"
    )
    assert simulation.approval == "order_by_type"
    fired = fire(world, "xumiao", "sales_order", saved.id, "submit")
    assert approved_by(world, fired.run_id) == ["lixiaoqu", "chenyu"]


def test_a_rejected_order_can_be_revised_and_cancelled(world: World) -> None:
    saved = create(world, "xumiao", {"order_type": "urgent", "lines": [line(2)]})
    fired = fire(world, "xumiao", "sales_order", saved.id, "submit")
    assert fired.run_id is not None
    decide(world, "lixiaoqu", fired.run_id, "reject", comment="please order as standard")
    assert state(world, "sales_order", saved.id)["status"] == "rejected"
    fire(world, "xumiao", "sales_order", saved.id, "revise")
    with pytest.raises(RefusedError):
        fire(world, "xumiao", "sales_order", saved.id, "cancel")
    fire(world, "xumiao", "sales_order", saved.id, "cancel", comment="no longer needed")
    assert state(world, "sales_order", saved.id)["status"] == "cancelled"


def test_the_manager_may_set_the_freight_while_approving(world: World) -> None:
    saved = create(world, "xumiao", {"order_type": "urgent", "lines": [line(2)]})
    fired = fire(world, "xumiao", "sales_order", saved.id, "submit")
    assert fired.run_id is not None
    decide(world, "lixiaoqu", fired.run_id, values={"freight": "120.00"})
    assert str(state(world, "sales_order", saved.id)["payable_amount"]) == "3979.02"


def test_a_confirmed_order_is_shipped_received_and_closed(world: World) -> None:
    saved = create(world, "xumiao", {"lines": [line(20)]})
    fire(world, "xumiao", "sales_order", saved.id, "submit")
    with pytest.raises(ForbiddenError):
        fire(world, "xumiao", "sales_order", saved.id, "allocate")
    with pytest.raises(RefusedError):  # a clerk cannot cancel what is confirmed
        fire(world, "xumiao", "sales_order", saved.id, "cancel", comment="changed my mind")
    for login, name in (
        ("wuxiaoman", "allocate"),
        ("wuxiaoman", "ship_part"),
        ("wuxiaoman", "ship_all"),
        ("xumiao", "receive"),
        ("wuxiaoman", "close"),
    ):
        fire(world, login, "sales_order", saved.id, name)
    assert state(world, "sales_order", saved.id)["status"] == "closed"


def test_the_owner_may_cancel_within_two_hours(world: World) -> None:
    saved = create(world, "fangchen", {"lines": [line(20)]})
    fire(world, "fangchen", "sales_order", saved.id, "submit")
    fire(world, "fangchen", "sales_order", saved.id, "cancel", comment="ordered twice")
    assert state(world, "sales_order", saved.id)["status"] == "cancelled"


def test_an_applicant_cannot_submit(world: World) -> None:
    saved = create(world, "ouyangyue", {"lines": [line(2)]})
    with pytest.raises(RefusedError):
        fire(world, "ouyangyue", "sales_order", saved.id, "submit")


@pytest.mark.parametrize(
    ("price", "people"), [("1800.00", ["zhoumuzhi"]), ("1700.00", ["zhoumuzhi", "sunmin"])]
)
def test_a_price_book_needs_finance_only_below_the_floor(
    world: World,
    price: str,
    people: list[str],
) -> None:
    store = world.platform.store
    data = {
        "code": f"PB-{price}",
        "name": "试点价格表",
        "priority": 5,
        "entries": [{"sku": {"key": "CL-WP-RO800-WH"}, "price": price}],
    }
    saved = world.does(
        "wuxiaoman", lambda context, work: store.create(context, work, "price_book", data)
    )
    fired = fire(world, "wuxiaoman", "price_book", saved.id, "submit")
    assert approved_by(world, fired.run_id) == people
    assert state(world, "price_book", saved.id)["status"] == "approved"
    fire(world, "wuxiaoman", "price_book", saved.id, "activate")
    fire(world, "wuxiaoman", "price_book", saved.id, "expire", comment="pilot has ended")
    row = state(world, "price_book", saved.id)
    assert (row["status"], str(row["end_date"])) == ("expired", "2025-06-30")


def test_a_partner_is_suspended_with_a_reason(world: World) -> None:
    partner = world.id_of("partner", "PTN-00036")
    with pytest.raises(RefusedError):
        fire(world, "luoxi", "partner", partner, "suspend", comment="three months overdue")
    version = state(world, "partner", partner)["version"]
    store = world.platform.store
    world.does(
        "luoxi",
        lambda context, work: store.update(
            context, work, "partner", partner, {"suspend_reason": "overdue"}, version
        ),
    )
    fire(world, "luoxi", "partner", partner, "suspend", comment="three months overdue")
    fire(world, "luoxi", "partner", partner, "resume")
    row = state(world, "partner", partner)
    assert (row["cooperation_status"], row["suspend_reason"]) == ("active", None)


def test_replaying_what_is_live_repeats_every_recorded_path(world: World) -> None:
    """Orders on all ways, then all runs that the demo and the tests have finished so far."""
    for lines, decision in (
        ([line(50), line(4, HOOD)], "approve"),
        ([line(500), line(40, HOOD)], "approve"),
        ([line(100), line(10, HOOD)], "reject"),
    ):
        saved = create(world, "xumiao", {"lines": lines})
        fired = fire(world, "xumiao", "sales_order", saved.id, "submit")
        assert fired.run_id is not None
        if decision == "reject":
            decide(world, "lixiaoqu", fired.run_id, "reject", comment="please order less")
        else:
            approved_by(world, fired.run_id)

    def of(workflow: str) -> Replay:
        def read(context: Context) -> Replay:
            with checked_snapshot(context) as reading:
                return replay(context, reading, workflow, last=500)

        return world.platform.perform_as_system(read)

    orders = of("order_flow")
    assert len(orders.runs) >= 3
    for found in (orders, of("price_book_life")):
        wrong = [(one.verdict, one.recorded, one.now) for one in found.runs]
        assert found.count("same") == len(found.runs), wrong
