"""From an order on a clerk's phone to a number in the manager's report, through the screens only."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browsing import Person, sit_down

pytestmark = pytest.mark.e2e

CLERK, MANAGER, DIRECTOR = "xumiao", "lixiaoqu", "zhoumuzhi"
REPORT = "/reports/monthly_orders"
MONTH = "2025-06-01"
NARROW = 800
LINES = (("CL-WP-RO800-WH", "50"), ("CL-WP-RO600-WH", "10"))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [1280, 375])
def test_order_is_made_approved_and_counted(
    server: str, browser: Browser, shots: Path, width: int, language: str
) -> None:
    director = sit_down(browser, server, DIRECTOR, language, width, shots)
    before = _counted(director)

    clerk = sit_down(browser, server, CLERK, language, width, shots)
    clerk.look("home")
    payable, number = _make_order(clerk)
    _submit(clerk)

    manager = sit_down(browser, server, MANAGER, language, width, shots)
    _approve(manager, number, payable)
    clerk.page.reload()
    expect(clerk.page.locator(".chain .done").nth(1)).to_be_visible()
    clerk.look("approved")

    after = _counted(director)
    assert after - before == payable
    _drill_down(director, number)
    for person in (director, clerk, manager):
        assert not person.faults, person.faults
        person.context.close()


def _make_order(clerk: Person) -> tuple[Decimal, str]:
    page = clerk.page
    clerk.go("/o/sales_order")
    clerk.look("orders")
    page.locator("a[href='/o/sales_order/new']").first.click()
    expect(page.locator("form[data-ready=yes]")).to_be_visible()
    clerk.look("new order")
    total = Decimal(0)
    for position, (code, quantity) in enumerate(LINES):
        if position:
            page.locator("button[data-add]").click()
        row = page.locator("tr[data-row]").nth(position)
        lookup = row.locator("[data-column=sku] input[role=combobox]")
        lookup.click()
        lookup.fill(code)
        choice = page.locator(".choices:not([hidden]) li[data-index]").first
        expect(choice).to_contain_text(code)
        choice.click()
        row.locator("[data-column=qty] input[type=text]").fill(quantity)
        row.locator("[data-column=qty] input[type=text]").press("Tab")
        expect(row.locator("[data-output=price]")).not_to_have_text("–")
        expect(page.locator("form[data-asking]")).to_have_count(0)
        price = clerk.amount(row.locator("[data-output=price]"))
        assert price > 0
        amount = clerk.amount(row.locator("[data-output=line_amount]"))
        assert amount == price * Decimal(quantity), "the line's amount is live"
        total += amount
        assert clerk.amount("[data-output=gross_amount]") == total, "sums see unsaved lines"
    clerk.look("order filled in")
    payable = clerk.amount(".bar [data-output=payable_amount]")
    assert payable == clerk.amount("[data-output=net_amount]") <= total, "promotions are taken off"
    page.locator(".bar button.main").click()
    expect(page.locator(".message.good")).to_be_visible()
    number = clerk.text("h1")
    assert number.startswith("SO-20250630-")
    clerk.look("order saved")
    return payable, number


def _submit(clerk: Person) -> None:
    page = clerk.page
    button = page.locator(".page-head form .button.main")
    expect(button).to_be_visible()
    button.click()
    expect(page.locator(".state-line .badge.amber, .state-line .badge")).to_be_visible()
    expect(page.locator(".state-line")).to_contain_text("李晓渠")
    clerk.look("order submitted")


def _approve(manager: Person, number: str, payable: Decimal) -> None:
    page = manager.page
    manager.look("home")
    manager.go("/inbox")
    card = page.locator(".card-task", has_text=number)
    expect(card).to_be_visible()
    assert manager.amount(card.locator(".sum")) == payable
    manager.look("inbox")
    card.locator("h3 a").click()
    expect(page.locator("h1")).to_have_text(number)
    expect(page.locator("form#decide")).to_be_visible()
    expect(page.locator("form#decide button.main")).to_be_in_viewport()
    if manager.width < NARROW:
        expect(page.locator(".task-track .chain")).to_be_in_viewport()
    manager.look("task")
    page.fill("#comment", "按价格政策执行")
    page.locator("form#decide button.main").click()
    expect(page.locator(".message.good")).to_be_visible()
    expect(page.locator(".card-task", has_text=number)).to_have_count(0)
    manager.look("inbox after")


def _counted(director: Person) -> Decimal:
    """Return the sum of June's orders as the report shows it."""
    director.go(REPORT)
    expect(director.page.locator("[data-chart][data-drawn=yes]")).to_be_visible()
    director.look("report")
    return director.amount(_june(director).first)


def _june(director: Person):
    """The totals of June: links whose cell names the month and no column."""
    links = director.page.locator(".report-table tbody td a")
    places = [
        index
        for index in range(links.count())
        if _cell(links.nth(index).get_attribute("href")).get("rows") == [MONTH]
        and "columns" not in _cell(links.nth(index).get_attribute("href"))
    ]
    assert places, "the report has a line for June"
    return links.nth(places[0])


def _cell(address: str | None) -> dict[str, object]:
    return json.loads(parse_qs(urlsplit(address or "").query)["cell"][0])


def _drill_down(director: Person, number: str) -> None:
    """Every crossing of June leads to exactly the rows that add up to it."""
    page = director.page
    links = page.locator(".report-table tbody td a")
    cells = [
        (links.nth(index).get_attribute("href"), links.nth(index).inner_text())
        for index in range(links.count())
        if _cell(links.nth(index).get_attribute("href")).get("rows") == [MONTH]
    ]
    found = False
    for address, text in cells:
        if "." not in text:
            continue  # The count beside each sum leads to the same rows.
        director.go(str(address))
        amounts = page.locator("[data-measure]")
        rows = [
            amounts.nth(at).get_attribute("data-measure") or "0" for at in range(amounts.count())
        ]
        found = found or page.get_by_text(number, exact=True).count() > 0
        assert sum(map(Decimal, rows)) == Decimal(text.replace(",", "")), address
    assert found, "the new order is among the rows"
    director.look("rows")
