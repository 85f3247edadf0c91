"""Lookups in a real browser: found by pinyin, a record made in the panel and chosen, what was entered kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browsing import sit_down

pytestmark = pytest.mark.e2e

PRODUCT = '[data-lookup$="/product"]'


@pytest.mark.parametrize(("width", "language"), [(1280, "zh"), (375, "en")])
def test_a_record_is_made_in_the_panel_and_chosen(
    server: str, browser: Browser, shots: Path, width: int, language: str
) -> None:
    person = sit_down(browser, server, "linzhixia", language, width, shots)
    page = person.page
    person.go("/o/sku/new")
    expect(page.locator("form[data-ready=yes]")).to_be_visible()
    page.locator("#f-code").fill(f"QUICK-{width}")
    lookup = page.locator(PRODUCT)
    text = lookup.locator("input[type=text]")
    text.click()
    text.fill("rqz")
    expect(page.locator(".choices li span", has_text="燃气灶").first).to_be_visible()
    text.fill(f"晨屿机{width}")
    person.look("lookup-new")
    page.locator(".choices:not([hidden]) .new-choice").click()
    panel = page.locator("dialog.quick")
    expect(panel.locator("#quick-f-name")).to_have_value(f"晨屿机{width}")
    # The way back of a phone leaves the panel, not the form.
    page.go_back()
    expect(panel).to_have_count(0)
    assert page.url.endswith("/o/sku/new")
    expect(page.locator("#f-code")).to_have_value(f"QUICK-{width}")
    text.click()
    text.fill(f"晨屿机{width}")
    page.locator(".choices:not([hidden]) .new-choice").click()
    panel.locator(".bar button.main").click()
    expect(panel.locator("[role=alert]")).to_be_visible()
    # The browser tells of the status that says what was wrong.
    person.faults[:] = [one for one in person.faults if "422" not in one]
    person.look("quick-problems")
    panel.locator("#quick-f-code").fill(f"CY-{width}")
    category = panel.locator('[data-lookup$="/category"] input[type=text]')
    category.click()
    page.locator("dialog.quick .choices:not([hidden]) li[data-index]").first.click()
    person.look("quick-form")
    panel.locator(".bar button.main").click()
    expect(panel).to_have_count(0)
    expect(text).to_have_value(f"晨屿机{width}")
    assert lookup.locator("input[type=hidden]").input_value()
    expect(page.locator("#f-code")).to_have_value(f"QUICK-{width}")
    assert not person.faults, person.faults
    person.context.close()


def test_a_clerk_adds_an_address_while_ordering(server: str, browser: Browser, shots: Path) -> None:
    person = sit_down(browser, server, "xumiao", "zh", 375, shots)
    page = person.page
    person.go("/o/sales_order/new")
    expect(page.locator("form[data-ready=yes]")).to_be_visible()
    text = page.locator('[data-lookup$="/ship_to"] input[type=text]')
    text.click()
    text.fill("晨屿路9号")
    page.locator(".choices:not([hidden]) .new-choice").click()
    panel = page.locator("dialog.quick")
    expect(panel.locator("#quick-f-detail")).to_have_value("晨屿路9号")
    expect(panel.locator("#quick-f-partner")).to_have_count(0)
    panel.locator("#quick-f-address_type").select_option("shipping")
    panel.locator("#quick-f-consignee").fill("王小屿")
    panel.locator("#quick-f-mobile").fill("13900001234")
    territory = panel.locator('[data-lookup$="/territory"] input[type=text]')
    territory.click()
    territory.fill("cyq")
    panel.locator(".choices:not([hidden]) li[data-index]").first.click()
    panel.locator(".bar button.main").click()
    expect(panel).to_have_count(0)
    expect(text).to_have_value("晨屿路9号")
    assert not person.faults, person.faults
    person.context.close()
