"""With the mouse: a module begun from a template and from a copy, a name changed everywhere, a field removed, a scenario recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browsing import sit_down
from tests.support.drawing import Drawer
from tests.support.picturing import open_document

pytestmark = pytest.mark.e2e

WAIT = 30_000
READY = "html[data-design=ready]"


@pytest.fixture(scope="module")
def drawer(server: str, browser: Browser, shots: Path) -> Iterator[Drawer]:
    person = sit_down(browser, server, "linzhixia", "en", 1280, shots)
    yield Drawer(person)
    assert not person.faults, person.faults
    person.context.close()


@pytest.mark.parametrize(
    ("source", "label", "name"),
    [
        ("A simple list", "Booth checklist", "booths"),
        ("A copy of Notices", "Bulletins", "bulletins"),
    ],
)
def test_a_module_is_begun(drawer: Drawer, source: str, label: str, name: str) -> None:
    page = drawer.page
    drawer.person.go("/design/start")
    page.get_by_role("link", name=source, exact=True).click()
    page.locator("#label-en").fill(label)
    page.locator("#label-zh").fill("展位")
    page.locator("#name").fill(name)
    page.locator("form.decide button.main").click()
    expect(page.locator(READY)).to_be_attached(timeout=WAIT)
    expect(page.locator(".outline summary", has_text=re.compile(f"^{label}$"))).to_be_visible()
    expect(page.locator(".studio-acts [aria-expanded]").last).to_have_text(
        "No problems", timeout=WAIT
    )


def test_a_name_is_changed_everywhere_or_left(drawer: Drawer) -> None:
    page = drawer.page
    drawer.begin("Renaming")
    open_document(page, "object", "warehouse")
    page.locator(".field-row").first.click()
    name = page.locator(".options [data-key=name] input")
    before = name.input_value()
    name.fill("call_sign")
    page.locator(".canvas-head h2").hover()
    name.blur()
    panel = page.locator(".renaming")
    expect(panel).to_be_visible(timeout=WAIT)
    panel.get_by_text("Show the places").click()
    assert panel.locator("li").count() > 0
    panel.get_by_role("button", name="Cancel").click()
    expect(name).to_have_value(before)
    name.fill("call_sign")
    name.blur()
    panel.get_by_role("button", name="Rename everywhere to call_sign").click(timeout=WAIT)
    expect(page.locator(".field-row.chosen code")).to_have_text("call_sign")
    expect(page.locator(".saving")).to_have_text("Saved", timeout=WAIT)
    page.locator(".studio-acts").get_by_role("button", name=re.compile("^Undo")).click()
    expect(page.locator(".field-row code").first).to_have_text(before)


def test_a_field_that_goes_leaves_the_lists_that_show_it(drawer: Drawer) -> None:
    page = drawer.page
    drawer.begin("Removing")
    heads = page.locator(".sample-table th [data-place]")
    open_document(page, "view", "all_warehouses")
    expect(heads.first).to_be_visible()
    before = heads.all_inner_texts()
    open_document(page, "object", "warehouse")
    row = page.locator(".field-row", has=page.locator("code", has_text=re.compile("^active$")))
    row.click()
    row.get_by_role("button", name=re.compile("^Remove")).click()
    expect(row).to_have_count(0)
    expect(page.locator(".saving")).to_have_text("Saved", timeout=WAIT)
    open_document(page, "view", "all_warehouses")
    expect(heads).to_have_count(len(before) - 1)
    page.locator(".studio-acts").get_by_role("button", name=re.compile("^Undo")).click()
    expect(heads).to_have_text(before)


def test_a_scenario_is_recorded_from_a_record(drawer: Drawer) -> None:
    page = drawer.page
    # What was loaded has no beginning to record; a person makes one.
    drawer.person.go("/o/partner_tier/new")
    values = {
        "code": "fair",
        "name": "Fair stand",
        "rank": "9",
        "min_annual_purchase": "1",
        "min_score": "1",
    }
    for field, value in {**values, "auto_confirm_limit": "1", "max_rebate_use_pct": "1"}.items():
        page.locator(f"[name='f.{field}']").fill(value)
    page.locator("form[data-island=form] button.main").click()
    page.wait_for_url(lambda url: "/new" not in url)
    drawer.begin("Recording")
    open_document(page, "scenario", "large_order_decided")
    steps = page.locator("[data-place^='when/']")
    before = steps.all_inner_texts()
    assert len(before) > 1
    page.get_by_text("Record from a record", exact=True).click()
    form = page.locator(".recording form")
    form.locator("select").select_option("partner_tier")
    form.locator(".record-picker input").fill("Fair stand")
    form.locator(".record-picker [role=option]", has_text="Fair stand").click()
    form.get_by_role("button", name="Take the steps over", exact=True).click()
    expect(page.locator(".recording [role=status]")).to_contain_text("Recorded.", timeout=WAIT)
    expect(steps).to_have_count(1)
    expect(steps).to_contain_text("Partner tier")
    page.locator(".studio-acts").get_by_role("button", name=re.compile("^Undo")).click()
    expect(steps).to_have_text(before)


def test_a_module_is_begun_where_its_first_object_is_named(drawer: Drawer) -> None:
    """Who presses at once gets the name as it is spelled; what is next is about what there is."""
    page = drawer.page
    drawer.begin("Inspections")
    for label, name in (("门店巡检", "men_dian_xun_jian"), ("巡检单", "xun_jian_dan")):
        page.locator(".outline-head button").click()
        form = page.locator(".new-document")
        if name == "men_dian_xun_jian":
            form.locator("select").nth(1).select_option("")
        form.locator("input").first.fill(label)
        form.locator("button").first.click()
        expect(page.locator(".canvas-head code")).to_have_text(name, timeout=WAIT)
    page.locator(".outline-head button").click()
    page.locator(".new-document select").first.select_option("workflow")
    expect(page.locator(".new-document select").nth(2)).to_have_value("xun_jian_dan")
    page.locator(".palette-type:not(.child-table)", has_text=re.compile("^Formula$")).click()
    page.locator(".studio-acts [aria-expanded]").last.click()
    place = page.locator(".finding-place", has_text="› Type of the result")
    expect(place.first).to_contain_text("Object 巡检单 › Formula", timeout=WAIT)
