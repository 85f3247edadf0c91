"""Story S09 through the screens: a channel type gets an approval of its own, tried, published, taken back."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browsing import sit_down
from tests.support.drawing import Drawer

pytestmark = pytest.mark.e2e

MOST_INTERACTIONS = 60


def test_an_approval_is_drawn_tried_published_and_taken_back(
    server: str, browser: Browser, shots: Path
) -> None:
    began = time.monotonic()
    admin = sit_down(browser, server, "linzhixia", "zh", 1280, shots)
    drawer = Drawer(admin)
    drawer.begin("工程渠道")
    drawer.new(
        "approval", "工程渠道三级审批", "order_engineering", module="ordering", of="order_flow"
    )
    drawer.formula("when", "partner.channel_type.code = 'engineering'")
    drawer.unfold()
    drawer.type(drawer.option("priority").locator("input"), "35")
    _draw_steps(drawer)
    _try_it(drawer)
    admin.look("approval of engineering")
    drawer.publish("工程渠道三级审批")
    spent = drawer.interactions
    print(f"{spent} interactions, {time.monotonic() - began:.1f} s by script")
    assert spent <= MOST_INTERACTIONS
    assert "order_engineering" in _approvals(drawer)
    _take_back(drawer)
    assert "order_engineering" not in _approvals(drawer)
    admin.context.close()


def _draw_steps(drawer: Drawer) -> None:
    page = drawer.page
    add = page.get_by_role("button", name="在此添加步骤", exact=True)
    drawer.press(page.get_by_label("步骤 first 的名称"))
    drawer.type(page.get_by_label("步骤 first 的名称"), "渠道经理")
    asked = drawer.option("approvers")
    drawer.press(asked.locator(".item-head .plain"))
    drawer.choose(asked.locator("[data-key=role] select"), "")
    drawer.type(asked.locator("[data-key=field] input"), "partner.channel_manager")
    drawer.press(add)
    drawer.type(page.get_by_label("步骤 step 的名称"), "大区经理")
    drawer.approvers("regional_manager")
    drawer.type(drawer.option("approvers").locator("[data-key=within] input"), "partner.territory")
    drawer.press(add)
    drawer.type(page.get_by_label("步骤 step_2 的名称"), "渠道总监")
    drawer.formula("when", "payable_amount < 300000")
    drawer.approvers("channel_director")
    drawer.press(add)
    drawer.type(page.get_by_label("步骤 step_3 的名称"), "会签")
    drawer.formula("when", "payable_amount >= 300000")
    drawer.choose(drawer.option("mode").locator("select"), "all")
    drawer.approvers("channel_director", "finance_manager")
    drawer.saved()


def _try_it(drawer: Drawer) -> None:
    """Ask for an order of a partner whether this approval would take it, before anything is live."""
    page = drawer.page
    panel = page.locator(".try-panel")
    drawer.press(panel.get_by_role("combobox", name="记录", exact=True))
    drawer.press(panel.get_by_role("option").first)
    drawer.press(panel.locator("button.main", has_text="试算"))
    expect(page.locator(".try-verdict")).to_be_visible(timeout=15_000)


def _approvals(drawer: Drawer) -> str:
    token = drawer.page.locator("meta[name=csrf-token]").get_attribute("content")
    assert token is not None
    address = drawer.person.address + "/api/v1/metadata/approval"
    return drawer.page.request.get(address, headers={"X-CSRF-Token": token}).text()


def _take_back(drawer: Drawer) -> None:
    """Go back to the version before, from the history."""
    page = drawer.page
    drawer.person.go("/design/history/1/back")
    page.locator("[name=message]").fill("恢复")
    page.locator(".bar button.main").click()
    expect(page.locator("form.publish")).to_have_count(0, timeout=60_000)
