"""Notices that stop orders: until one of those who got it confirms, or the notice ends."""

from __future__ import annotations

import pytest

from headrace.platform.core.errors import RefusedError
from tests.demo.test_behaviour import codes, create, line
from tests.demo.test_flow import decide, fire, state
from tests.demo.test_notices import notice, receipts
from tests.demo.world import World

HOOD = "CL-RH-T9-GY"
PARTNER = "PTN-00004"


def published(world: World) -> str:
    """Publish a notice that stops the orders of one partner."""
    more = {"ack_mode": "block", "partners": [{"key": PARTNER}], "tiers": [], "channel_types": []}
    made = notice(world, territory=None, **more)
    run = fire(world, "tangke", "notice", made, "submit").run_id
    assert run is not None
    decide(world, "zhoumuzhi", run)
    world.platform.worker().drain()
    return made


def waiting(world: World) -> int:
    return int(state(world, "partner", world.id_of("partner", PARTNER))["blocking_notices"])


def test_orders_wait_until_one_of_the_partner_has_confirmed(busy_demo: World) -> None:
    world = busy_demo
    order = create(world, "gurun", {"lines": [line(1, HOOD)]}).id
    made = published(world)
    assert waiting(world) == len(receipts(world, made)) > 0
    with pytest.raises(RefusedError) as refused:
        fire(world, "gurun", "sales_order", order, "submit")
    assert [code for code, _ in codes(refused.value)] == ["rule.broken"]
    assert state(world, "sales_order", order)["status"] == "draft"
    fire(world, "gurun", "notice_receipt", receipts(world, made)["gurun"]["id"], "confirm")
    # One confirmation counts for the partner.
    assert waiting(world) == 0
    fire(world, "gurun", "sales_order", order, "submit")
    assert state(world, "sales_order", order)["status"] != "draft"


def test_orders_pass_where_the_notice_is_recalled(busy_demo: World) -> None:
    world = busy_demo
    order = create(world, "gurun", {"lines": [line(1, HOOD)]}).id
    made = published(world)
    assert waiting(world) > 0
    fire(world, "tangke", "notice", made, "recall", comment="Wrong price")
    world.platform.worker().drain()
    assert waiting(world) == 0
    fire(world, "gurun", "sales_order", order, "submit")
    assert state(world, "sales_order", order)["status"] != "draft"
