"""The examples of the contract: checked, published into an empty database, and an order goes through."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.app import create_app
from headrace.platform.access.principals import RoleHolding
from headrace.platform.core.problems import errors
from tests.support.live import Live, open_platform

MODULES = Path(__file__).parents[1] / "modules"


@pytest.fixture
def live(database_url: str):
    platform = open_platform(database_url)
    live = Live(platform, create_app(platform))
    plan = platform.publisher.plan(MODULES / "ordering")
    platform.publisher.publish(plan, "the examples", None)
    ids = live.ids
    for code, parent in (("CN", None), ("EAST", "CN")):
        ids[code] = live.create(
            "territory", {"code": code, "name": code, "parent": ids.get(parent or "")}
        )
    ids["gold"] = live.create("partner_tier", {"code": "gold", "name": "Gold"})
    live.add_user("manager", "channel_manager")
    live.add_user("finance", "finance_manager")
    live.add_user("regional", RoleHolding("regional_manager", ids["CN"]))
    ids["dealer"] = live.create(
        "partner",
        {
            "code": "P1",
            "name": "Dealer",
            "territory": ids["EAST"],
            "tier": ids["gold"],
            "channel_manager": ids["manager"],
        },
    )
    ids["sku"] = live.create("sku", {"code": "S1", "name": "Filter", "list_price": "2049"})
    live.add_user("clerk", "partner_clerk", organisation=ids["dealer"])
    yield live
    platform.close()


def order(live: Live, qty: str):
    answer = live.client("clerk").post(
        "/api/v1/records/sales_order", json={"lines": [{"sku": {"key": "S1"}, "qty": qty}]}
    )
    assert answer.status_code == 201, answer.json
    return answer.json


def submit(live: Live, record):
    path = f"/api/v1/records/sales_order/{record['id']}/transitions/submit"
    headers = {"If-Match": f'"{record["version"]}"'}
    answer = live.client("clerk").post(path, json={}, headers=headers)
    assert answer.status_code == 200, answer.json
    return answer.json


def decide(live: Live, login: str, action: str = "approve", **body):
    item = live.client(login).get("/api/v1/tasks").json["items"][0]
    return live.client(login).post(
        f"/api/v1/tasks/{item['id']}/{action}",
        json=body,
        headers={"If-Match": f'"{item["version"]}"'},
    )


def status(live: Live, record) -> str:
    path = f"/api/v1/records/sales_order/{record['id']}"
    return live.client("clerk").get(path).json["status"]


def test_the_examples_pass_the_check(live: Live):
    assert errors(live.platform.publisher.check(MODULES / "ordering")) == []


def test_a_small_order_needs_nobody(live: Live):
    record = order(live, "1")

    assert record["order_no"].startswith("SO-")
    assert (record["gross"], record["payable"]) == ("2049.00", "2049.00")
    assert submit(live, record)["status"] == "confirmed"


def test_a_middle_order_is_decided_by_the_manager_alone(live: Live):
    record = submit(live, order(live, "30"))
    assert record["status"] == "in_approval"

    assert decide(live, "manager").status_code == 200

    assert status(live, record) == "confirmed"


def test_a_large_order_is_signed_off_by_finance_and_region_together(live: Live):
    record = submit(live, order(live, "100"))

    assert decide(live, "manager").status_code == 200
    assert decide(live, "finance", values={"temporary_credit": "50000"}).status_code == 200
    assert status(live, record) == "in_approval"
    assert decide(live, "regional").status_code == 200

    assert status(live, record) == "confirmed"
    stored = live.client("clerk").get(f"/api/v1/records/sales_order/{record['id']}").json
    assert stored["confirmed_at"]
    assert "temporary_credit" not in stored


def test_a_rejected_order_is_revised(live: Live):
    record = submit(live, order(live, "30"))

    assert decide(live, "manager", "reject", comment="too many at once").status_code == 200
    stored = live.client("clerk").get(f"/api/v1/records/sales_order/{record['id']}").json
    revised = live.client("clerk").post(
        f"/api/v1/records/sales_order/{record['id']}/transitions/revise",
        json={},
        headers={"If-Match": f'"{stored["version"]}"'},
    )

    assert stored["status"] == "rejected"
    assert revised.json["status"] == "draft"


def test_more_rebate_than_the_rule_allows_is_refused_at_its_field(live: Live):
    record = order(live, "1")

    answer = live.client("clerk").patch(
        f"/api/v1/records/sales_order/{record['id']}",
        json={"rebate_requested": "700"},
        headers={"If-Match": f'"{record["version"]}"'},
    )

    assert answer.status_code == 422
    assert answer.json["problems"][0]["path"] == "/rebate_requested"
    assert answer.json["problems"][0]["message"] == "At most 30 % by rebate"


def test_the_report_of_the_examples_counts_what_is_no_draft(live: Live):
    submit(live, order(live, "1"))
    order(live, "2")

    report = live.client("clerk").get("/api/v1/reports/monthly_orders").json

    assert report["total"] == ["2049.00", 1]
