"""Story S10: a module for stands at trade fairs, drawn through the screens by an admin, used by a dealer.

Counts the interactions, as a person would press and type them, and prints them with the time.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browsing import Person, sit_down
from tests.support.drawing import Drawer

pytestmark = pytest.mark.e2e

MOST_INTERACTIONS = 300


def test_a_module_is_drawn_and_used(server: str, browser: Browser, shots: Path) -> None:
    began = time.monotonic()
    admin = sit_down(browser, server, "linzhixia", "zh", 1280, shots)
    drawer = Drawer(admin)
    _draw_objects(drawer)
    drawer.saved()
    admin.look("objects drawn")
    _draw_screens(drawer)
    _draw_the_process(drawer)
    drawer.saved()
    admin.look("approval drawn")
    _draw_the_report(drawer)
    _say_who_may(drawer)
    drawer.saved()
    _publish(drawer)
    print(f"{drawer.interactions} interactions, {time.monotonic() - began:.1f} s by script")
    assert drawer.interactions <= MOST_INTERACTIONS
    dealer = sit_down(browser, server, "fangchen", "zh", 375, shots)
    address = _apply(dealer)
    rival = sit_down(browser, server, "xumiao", "zh", 375, shots)
    answer = rival.page.request.get(server + address)
    assert answer.status == 404
    rival.context.close()
    _submit(dealer, address)
    _decide(browser, server, shots)
    dealer.go(address)
    expect(dealer.page.locator(".state-line")).to_contain_text("已批准")
    admin.go("/reports/booth_subsidies")
    expect(admin.page.locator("main")).to_contain_text("15,000.00")
    admin.look("report")
    _use_the_api(admin)


def _use_the_api(admin: Person) -> None:
    """REST and its description have the new object at once."""
    token = admin.page.locator("meta[name=csrf-token]").get_attribute("content")
    assert token is not None
    ask = admin.page.request.get
    headers = {"X-CSRF-Token": token}
    listed = ask(admin.address + "/api/v1/records/booth_application", headers=headers)
    assert listed.status == 200, listed.text()
    assert '"approved":"15000.00"' in listed.text().replace(": ", ":")
    told = ask(admin.address + "/api/v1/openapi.json", headers=headers).json()
    assert "/booth_application" in "".join(told["paths"])


def _submit(dealer: Person, address: str) -> None:
    dealer.go(address)
    dealer.page.locator(".page-head form .button.main, .bar .button.main").first.click()
    expect(dealer.page.locator(".state-line")).to_contain_text("审批中")


def _decide(browser: Browser, server: str, shots: Path) -> None:
    for login in ("lixiaoqu", "tangke", "qianning", "jiangcai"):
        approver = sit_down(browser, server, login, "zh", 375, shots)
        page = approver.page
        approver.go("/inbox")
        page.locator("a", has_text="广州建博会").first.click()
        approved = page.locator("[name='f.approved']")
        if login == "qianning":
            approved.fill("15000")
        page.locator("#decide .button.main").click()
        page.wait_for_load_state("networkidle")
        approver.context.close()


def _draw_objects(drawer: Drawer) -> None:
    page = drawer.page
    drawer.begin("展位申请")
    drawer.new("module", "展会", "trade_fairs")
    drawer.new("object", "展位申请", "booth_application", module="trade_fairs")
    drawer.field("编号", "申请编号", "application_no")
    drawer.type(drawer.option("pattern").locator("input"), "ZW-{YYYY}-{000}")
    drawer.field("引用", "伙伴", "partner")
    drawer.choose(drawer.option("to").locator("select"), "partner")
    drawer.press(drawer.option("required").locator("input"))
    drawer.formula("default", "MY_ORGANISATION()")
    drawer.field("日期", "开始日期", "starts_on")
    drawer.field("日期", "结束日期", "ends_on")
    drawer.field("小数", "面积", "area")
    drawer.field("金额", "单价", "unit_price")
    drawer.field("公式", "展位费", "booth_fee")
    drawer.choose(drawer.option("returns").locator("select"), "money")
    drawer.formula("formula", "area * unit_price")
    drawer.field("百分比", "品牌补贴比例", "subsidy_pct")
    drawer.formula("default", "40")
    drawer.field("公式", "申请补贴", "requested")
    drawer.choose(drawer.option("returns").locator("select"), "money")
    drawer.formula("formula", "ROUND(booth_fee * subsidy_pct / 100, 2)")
    drawer.field("金额", "批准补贴", "approved")
    drawer.press(page.locator(".object-rules [data-sort=rules]"))
    drawer.type(drawer.option("name").locator("input"), "ends_after_start")
    drawer.formula("unless", "ends_on >= starts_on")
    drawer.type(drawer.option("message").locator("input").first, "结束日期不得早于开始日期")
    drawer.press(page.locator(".canvas-head h2 button"))
    drawer.unfold()
    drawer.press(drawer.option("scope_paths").locator("button").first)
    drawer.type(drawer.option("scope_paths").locator("[data-key=organisation] input"), "partner")
    drawer.press(page.locator(".palette-type.child-table"))
    expect(page.locator(".canvas-head code")).to_have_text("booth_application_line")
    drawer.field("文本", "展品", "product")
    drawer.field("整数", "数量", "quantity")


def _draw_screens(drawer: Drawer) -> None:
    page = drawer.page
    drawer.new("form", "展位申请表", "booth_form", of="booth_application")
    drawer.new("form", "伙伴申请表", "booth_partner_form", of="booth_application")
    drawer.press(drawer.option("for").locator("button"))
    drawer.choose(drawer.option("for").locator("[data-key=roles] select"), "partner_admin")
    item = page.locator(".form-item .item-label [data-place]", has_text="批准补贴")
    drawer.press(item)
    drawer.interactions += 1
    page.keyboard.press("Delete")
    expect(item).to_have_count(0)
    drawer.new("view", "全部申请", "all_booths", of="booth_application")


def _draw_the_process(drawer: Drawer) -> None:
    page = drawer.page
    drawer.new("workflow", "展位流程", "booth_flow", of="booth_application")
    drawer.press(page.locator(".flow-label button", has_text="提交").first)
    by = drawer.option("by")
    drawer.choose(by.locator("select"), "partner_admin")
    drawer.new("approval", "展位审批", "booth_approval", of="booth_flow")
    drawer.press(page.get_by_label("步骤 first 的名称"))
    drawer.approvers("channel_manager")
    drawer.press(page.get_by_role("button", name="在此添加步骤", exact=True))
    drawer.formula("when", "requested > 10000")
    drawer.choose(drawer.option("mode").locator("select"), "all")
    drawer.approvers("marketing", "finance_clerk")
    drawer.choose(drawer.option("editable").locator("select"), "approved")


def _draw_the_report(drawer: Drawer) -> None:
    page = drawer.page
    drawer.new("report", "展位补贴", "booth_subsidies", of="booth_application")
    drawer.press(page.locator('.field-tree [title="title"]'))
    drawer.press(page.locator(".switch.into button").last)
    drawer.press(page.locator('.field-tree [title="approved"]'))
    drawer.open("看板", "channel_overview")
    drawer.press(page.get_by_role("group", name="添加报表").get_by_text("展位补贴").first)
    drawer.open("模块", "trade_fairs")
    drawer.choose(page.locator(".menu-add select"), "报表: 展位补贴")


def _say_who_may(drawer: Drawer) -> None:
    page = drawer.page
    drawer.press(page.locator(".canvas-head h2 button"))
    for name in ("booth_application_line", "booth_application"):
        drawer.open("权限", name)
        for action in ("新建", "查看", "修改", "删除"):
            tick = page.get_by_role("checkbox", name=f"伙伴管理员: {action}")
            if not tick.first.is_checked():
                drawer.press(tick.first)
    drawer.press(page.get_by_label("伙伴管理员: 转换"))
    drawer.press(page.locator("details.ways[open] label", has_text="提交").first)
    for role in ("渠道经理", "市场专员", "财务专员"):
        drawer.press(page.get_by_role("checkbox", name=f"{role}: 查看").first)


def _publish(drawer: Drawer) -> None:
    drawer.publish("展会展位申请")
    drawer.person.look("published")
    drawer.person.go("/o/booth_application")
    expect(drawer.page.locator("h1")).to_contain_text("展位申请")


def _apply(dealer: Person) -> str:
    page = dealer.page
    dealer.go("/o/booth_application/new")
    for name, value in (
        ("title", "广州建博会"),
        ("starts_on", "2026-12-20"),
        ("ends_on", "2026-12-23"),
        ("area", "36"),
        ("unit_price", "1200"),
    ):
        page.locator(f"[name='f.{name}']").fill(value)
    page.locator("[name='f.unit_price']").press("Tab")
    assert page.locator("[name='f.approved']").count() == 0
    dealer.look("application")
    page.locator(".bar button.main").click()
    expect(page.locator(".message.good")).to_be_visible()
    text = page.locator("main").inner_text()
    assert "43,200.00" in text
    assert "17,280.00" in text
    dealer.look("application saved")
    return page.url.removeprefix(dealer.address).partition("?")[0]
