"""A business admin draws a form, a list, a report and a dashboard: by drag, by keyboard, over live records.

What it costs is told while it is drawn.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.support.browsing import Person, sit_down
from tests.support.drawing import Drawer
from tests.support.typing_only import Keys

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def admin(server: str, browser: Browser, shots: Path) -> Person:
    person = sit_down(browser, server, "linzhixia", "en", 1280, shots)
    person.go("/design")
    person.page.fill("#draft-name", "Screens")
    person.page.press("#draft-name", "Enter")
    expect(person.page.locator(".studio .outline")).to_be_visible(timeout=30_000)
    return person


def start(admin: Person, kind: str, label: str) -> None:
    """Begin a definition of a kind for sales orders."""
    page = admin.page
    page.locator(".outline-head").get_by_role("button", name="New").click()
    made = page.locator("form.new-document")
    made.locator("select").nth(0).select_option(kind)
    made.locator("select").nth(1).select_option("ordering")
    if kind != "dashboard":
        made.locator("select").nth(2).select_option("sales_order")
    made.locator("input").first.fill(label)
    made.get_by_role("button", name="Add").click()
    expect(page.locator(".canvas-head h2")).to_have_text(label)


def items(section: Locator) -> list[str]:
    """Return the labels of what a section shows, without their stars and types."""
    labels = section.locator(".item-label [data-place]")
    return labels.evaluate_all("all => all.map((one) => one.firstChild.textContent)")


def test_a_form_is_filled_by_drag_and_by_keyboard(admin: Person) -> None:
    page = admin.page
    start(admin, "form", "Quick order")
    page.get_by_role("button", name="Add a section").click()
    first, second = page.locator(".form-section").nth(0), page.locator(".form-section").nth(1)
    before = items(first)
    # The new section is named at once, and seen with the place where fields are dropped.
    expect(page.get_by_label("Heading of section 2")).to_be_focused()
    expect(second.locator(".form-places")).to_be_in_viewport(ratio=1)

    # Of neighbours, so that the page need not scroll while something is dragged.
    first.locator(".form-item").last.drag_to(second.locator(".form-places"))
    assert items(second) == [before[-1]]

    first.locator(".item-label [data-place]").nth(0).focus()
    page.keyboard.press("Alt+ArrowRight")
    assert items(first)[:2] == [before[1], before[0]]
    page.keyboard.press("Delete")
    assert before[0] not in items(first)

    page.get_by_label("Heading of section 2").click()
    page.locator(".unshown .palette-type", has_text=before[0]).first.click()
    assert items(second) == [before[-1], before[0]]
    page.keyboard.press("Control+z")
    assert items(second) == [before[-1]]
    admin.look("form")

    page.get_by_role("button", name="Preview", exact=True).click()
    page.locator(".preview-asks select").last.select_option("375")
    page.locator(".preview-asks select").nth(1).select_option("partner_clerk")
    frame = page.frame_locator(".preview-frame iframe")
    # The module has a form for everybody already: the preview says so, as publishing would.
    expect(frame.locator("body")).to_contain_text("Nobody gets this form", timeout=15_000)
    page.screenshot(path=admin.shots / "design-preview.png")
    # The browser tells of the refused page; that is meant.
    assert [one for one in admin.faults if "422" not in one] == []
    admin.faults.clear()


def test_a_list_shows_live_rows_along_a_reference(admin: Person) -> None:
    page = admin.page
    start(admin, "view", "By tier")
    heads = page.locator(".sample-table th [data-place]")
    before = heads.all_inner_texts()
    heads.nth(0).focus()
    page.keyboard.press("Alt+ArrowRight")
    assert heads.all_inner_texts()[:2] == [before[1], before[0]]
    expect(heads.nth(1)).to_be_focused()

    page.get_by_role("button", name="Fields of Partner", exact=True).click()
    page.locator('.field-tree [title="partner.tier"]').click()
    expect(heads.last).to_have_text(re.compile("Partner › "))
    page.get_by_label("Add …").select_option("order_date")
    cells = page.locator(".sample-table tbody tr").first.locator("td")
    expect(cells.nth(len(before))).to_have_text(re.compile(r"\S"))
    admin.look("list")


def test_a_report_shows_live_numbers_and_stands_on_a_dashboard(admin: Person) -> None:
    page = admin.page
    start(admin, "report", "Orders of a month")
    page.locator('.field-tree [title="order_date"]').click()
    page.locator(".switch.into").get_by_role("button", name="Numbers").click()
    page.locator('.field-tree [title="payable_amount"]').click()
    page.get_by_role("combobox", name="Chart").select_option("bar")
    expect(page.locator(".report-chart canvas")).to_be_visible(timeout=15_000)
    total = page.locator(".report-table tfoot td").last
    expect(total).to_have_text(re.compile(r"^[\d,]+\.\d\d$"))
    expect(page.locator(".question")).to_contain_text("by month")
    admin.look("report")
    amount = total.inner_text()

    start(admin, "dashboard", "Today")
    page.get_by_role("group", name="Add a report").get_by_text("Orders of a month").click()
    tile = page.locator(".board-tile").last
    tile.get_by_role("combobox", name="Width of").select_option("2")
    expect(tile).to_have_class(re.compile("span-2"))
    expect(tile.locator(".board-number")).to_have_text(re.compile(r"^[\d,.]+$"), timeout=15_000)
    assert amount
    tile.locator("[data-place]").focus()
    page.keyboard.press("Alt+ArrowLeft")
    expect(page.locator(".board-tile").first).to_contain_text("Orders of a month")
    admin.look("dashboard")


def test_what_an_object_costs_is_told_while_it_is_drawn(admin: Person) -> None:
    page, line = admin.page, admin.page.locator(".cost-line")
    draw = Drawer(admin)
    draw.open("Objects", "sales_order")
    # Others of these tests may have put a list into the draft.
    facts = r"^480 rows · 13 indexes(, \d more with this draft)?"
    expect(line).to_have_text(re.compile(facts), timeout=15_000)
    expect(line).to_have_text(
        re.compile(facts + r" · list (over )?[\d.]+ m?s for .+, the slowest of \d+ roles"),
        timeout=30_000,
    )

    keys = Keys(admin)
    page.locator(".canvas-head .fold").focus()
    keys.to(".cost > summary")
    keys.press("Enter")
    whole = page.locator(".cost-whole")
    expect(whole.get_by_text("Lines: 1,942 rows, 4 for each record on average")).to_be_visible()
    expect(whole.locator("dl dd").first).to_contain_text("sees ")
    expect(whole.locator("li", has_text="Order no.").first).to_contain_text("no two records alike")
    admin.look("cost")
    keys.to(".cost-whole section > .button")
    keys.press("Enter")
    expect(whole.locator("[role=status]")).to_have_text(
        re.compile("for .+, the slowest of"), timeout=30_000
    )

    step = whole.locator("li", has_text="Credit profile: ").locator("button").first
    step.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".canvas-head code")).to_have_text("credit_profile")
    expect(page.locator(".field-row.chosen")).to_be_visible()

    start(admin, "view", "By partner")
    draw.choose(page.get_by_label("Add …"), "partner")
    expect(line).to_contain_text("480 rows", timeout=15_000)
    page.locator(".cost > summary").click()
    slow = page.get_by_role("region", name="Lists without an index")
    expect(slow).to_contain_text("An index helps", timeout=15_000)
    page.set_viewport_size({"width": 375, "height": 812})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.screenshot(path=admin.shots / "design-cost-375.png")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_an_object_that_is_new_says_that_there_is_no_table_yet(admin: Person) -> None:
    page, line = admin.page, admin.page.locator(".cost-line")
    Drawer(admin).new("object", "Visit", "visit", module="ordering")
    expect(line).to_have_text(
        re.compile(r"^no table yet · \d+ indexes to come · a save takes about \d+ statements$"),
        timeout=20_000,
    )
    page.locator(".cost > summary").click()
    expect(page.locator(".cost-whole .message")).to_contain_text("nothing is counted or measured")
    admin.look("cost of what is new")
