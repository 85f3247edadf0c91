"""Working with records in a real browser: search while typing, a pasted block, two edits of one record."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsing import Person, sit_down

pytestmark = pytest.mark.e2e

BLOCK = "CL-WP-RO800-WH\t12\nCL-WP-RO600-WH\tx1\n"
PASTE = """(text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    const given = {clipboardData: data, bubbles: true, cancelable: true};
    document.activeElement.dispatchEvent(new ClipboardEvent("paste", given));
}"""
MANY = 200
QUANTITY = "tr[data-row] [data-column=qty] input[type=text]"


@pytest.mark.parametrize(("width", "language"), [(1280, "zh"), (375, "en")])
def test_records_are_pasted_merged_restored_and_found(
    server: str, browser: Browser, shots: Path, width: int, language: str
) -> None:
    clerk = sit_down(browser, server, "xumiao", language, width, shots)
    address = _paste_an_order(clerk)
    _edit_twice_at_once(clerk, address)
    _restore(clerk, address)
    _search(clerk)
    assert not clerk.faults, clerk.faults
    clerk.context.close()


def _paste_an_order(clerk: Person) -> str:
    page = clerk.page
    clerk.go("/o/sales_order/new")
    expect(page.locator("form[data-ready=yes]")).to_be_visible()
    page.locator("tr[data-row] [data-column=sku] input[role=combobox]").first.focus()
    page.evaluate(PASTE, BLOCK)
    expect(page.locator("[data-pasted]")).to_have_count(1)
    expect(page.locator(QUANTITY)).to_have_count(2)
    assert page.locator(QUANTITY).nth(1).input_value() == "x1", "what could not be read stays"
    clerk.look("pasted")
    page.locator(QUANTITY).first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Control+d")
    assert page.locator(QUANTITY).nth(1).input_value() == "12"
    expect(page.locator("form[data-asking]")).to_have_count(0)
    page.locator(".bar button.main").click()
    expect(page.locator(".message.good")).to_be_visible()
    return page.url.partition("?")[0].removeprefix(clerk.address)


def _edit_twice_at_once(clerk: Person, address: str) -> None:
    first, second = clerk.page, clerk.context.new_page()
    for page in (first, second):
        page.goto(f"{clerk.address}{address}/edit")
        expect(page.locator("form[data-ready=yes]")).to_be_visible()
    _save(second, "24", "f-buyer_note", "Theirs")
    expect(second.locator(".message.good")).to_be_visible()
    _save(first, "36", "f-requested_date", "2025-07-31")
    expect(first.locator("fieldset.clash")).to_have_count(1)
    # The browser tells of the status that says so.
    clerk.faults[:] = [one for one in clerk.faults if "409" not in one]
    clerk.look("conflict")
    first.locator(".bar button.main").click()
    expect(first.locator(".message.good")).to_be_visible()
    expect(first.locator("main")).to_contain_text("Theirs")
    expect(first.locator("main")).to_contain_text("2025-07-31")
    second.close()


def _save(page: Page, quantity: str, field: str, value: str) -> None:
    page.locator(QUANTITY).first.fill(quantity)
    page.fill(f"#{field}", value)
    page.locator(".bar button.main").click()


def _restore(clerk: Person, address: str) -> None:
    page = clerk.page
    clerk.go(f"{address}/history")
    clerk.look("history")
    page.locator("a[href*='side=after']").last.click()
    clerk.look("earlier state")
    page.locator(".bar button.main").click()
    expect(page.locator(".message.good")).to_be_visible()
    clerk.look("restored")


def _search(clerk: Person) -> None:
    page = clerk.page
    clerk.go("/")
    page.keyboard.press("/")
    page.keyboard.type("SO-2025")
    expect(page.locator("#search-suggestions:not([hidden]) a").first).to_be_visible()
    clerk.look("suggestions")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("SO-2025")


def test_an_order_of_two_hundred_lines_is_filled_on_a_phone(
    server: str, browser: Browser, shots: Path
) -> None:
    clerk = sit_down(browser, server, "xumiao", "zh", 375, shots)
    page = clerk.page
    clerk.go("/o/sales_order/new")
    expect(page.locator("form[data-ready=yes]")).to_be_visible()
    page.locator("tr[data-row] [data-column=sku] input[role=combobox]").first.focus()
    page.evaluate(PASTE, "CL-WP-RO800-WH\t12\n" * MANY)
    expect(page.locator(QUANTITY)).to_have_count(MANY)
    total = page.locator("[data-output=gross_amount]").first
    expect(page.locator("form[data-asking]")).to_have_count(0)
    before = total.text_content()
    last = page.locator(QUANTITY).last
    last.scroll_into_view_if_needed()
    last.fill("24")
    expect(total).not_to_have_text(str(before))
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    clerk.look("two hundred lines")
    page.locator(".bar button.main").click()
    expect(page.locator(".message.good")).to_be_visible(timeout=30_000)
    expect(page.locator(".lines tbody tr")).to_have_count(MANY)
    assert not clerk.faults, clerk.faults
    clerk.context.close()
