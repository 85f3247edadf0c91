"""The same journey without touching the mouse."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsing import Person, sit_down

pytestmark = pytest.mark.e2e

MOST_TABS = 120
ACTIVE = "() => document.activeElement.matches(%s)"


def _tab_to(page: Page, selector: str) -> None:
    """Press Tab until what has the focus fits `selector`; its focus must be visible."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate(f"document.activeElement.matches({selector!r})"):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"no visible focus on {selector}"
            return
    raise AssertionError(f"Tab never reaches {selector}")


def test_order_needs_no_mouse(server: str, browser: Browser, shots: Path) -> None:
    clerk = sit_down(browser, server, "xumiao", "en", 1280, shots)
    number = _make_order(clerk)
    manager = sit_down(browser, server, "lixiaoqu", "en", 1280, shots)
    _approve(manager, number)
    director = sit_down(browser, server, "zhoumuzhi", "en", 1280, shots)
    _read_report(director)
    for person in (clerk, manager, director):
        assert not person.faults, person.faults
        person.context.close()


def _make_order(clerk: Person) -> str:
    page = clerk.page
    page.keyboard.press("?")
    expect(page.locator("dialog#shortcuts")).to_be_visible()
    clerk.look("shortcuts")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator("form[data-ready=yes]")).to_be_visible()
    _tab_to(page, "[data-row='0'] input[role=combobox]")
    _fill_row(page, "CL-WP-RO800-WH", "50")
    # Tab in the last field of the last row makes the next row.
    page.keyboard.press("Tab")
    expect(page.locator("tr[data-row]")).to_have_count(2)
    _fill_row(page, "CL-WP-RO600-WH", "10")
    # Enter goes to the next row too; an empty one is not saved.
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-row]")).to_have_count(3)
    expect(page.locator("[data-output=gross_amount]").first).to_have_text("109,940.00")
    clerk.look("filled by keyboard")
    _tab_to(page, ".bar .button.main")
    page.keyboard.press("Enter")
    expect(page.locator(".message.good")).to_be_visible()
    expect(page.locator(".lines tbody tr")).to_have_count(2)
    number = clerk.text("h1")
    _tab_to(page, ".page-head form .button.main")
    page.keyboard.press("Enter")
    expect(page.locator(".state-line")).to_contain_text("李晓渠")
    return number


def _fill_row(page: Page, code: str, quantity: str) -> None:
    page.keyboard.type(code)
    expect(page.locator(".choices:not([hidden]) li[aria-selected=true]")).to_contain_text(code)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type(quantity)


def _approve(manager: Person, number: str) -> None:
    page = manager.page
    page.keyboard.press("g")
    page.keyboard.press("t")
    expect(page.locator(".card-task").first).to_be_visible()
    for _ in range(20):
        page.keyboard.press("j")
        if page.evaluate("document.activeElement.textContent").strip() == number:
            break
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(number)
    _tab_to(page, "#comment")
    page.keyboard.type("ok")
    _tab_to(page, "#decide .button.main")
    page.keyboard.press("Enter")
    expect(page.locator(".message.good")).to_be_visible()
    expect(page.locator(".card-task", has_text=number)).to_have_count(0)


def _read_report(director: Person) -> None:
    page = director.page
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page.locator(".card-task").first).to_be_visible()
    _tab_to(page, "a[href='/reports/monthly_orders']")
    page.keyboard.press("Enter")
    expect(page.locator("[data-chart][data-drawn=yes]")).to_be_visible()
    _tab_to(page, ".report-table tbody td a")
    page.keyboard.press("Enter")
    expect(page.locator("[data-row-link]").first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("SO-2025")
    director.look("record by keyboard")
