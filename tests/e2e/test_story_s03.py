"""Story S03 through the screens: over credit, signed by finance, late in the region, escalated, confirmed.

The clock stands still while somebody acts and is set for the next one. Variants, and every minute of
reminders, are tested in `tests/demo/test_over_credit.py`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from headrace.platform.database.opening import open_database
from headrace.platform.publishing.workspace import stop_clock
from tests.demo.generate import TARGET
from tests.demo.test_behaviour import create, line
from tests.demo.test_flow import fire
from tests.demo.world import ZONE, World, _platform
from tests.e2e.conftest import serving
from tests.support.browsing import Person, sit_down

pytestmark = pytest.mark.e2e

PARTNER, PROFILE = "PTN-00004", "/o/credit_profile"
PAYABLE = Decimal("65568.00")


class Story:
    """A copy of the demo, and the browser of who is next."""

    def __init__(self, folder: Path, browser: Browser, shots: Path) -> None:
        self.folder, self.browser, self.shots = folder, browser, shots
        self.url = f"sqlite:///{folder / 'var' / 'headrace.sqlite'}"

    def stop(self, text: str) -> None:
        database = open_database(self.url)
        with database.writing(None) as work:
            stop_clock(work, datetime.fromisoformat(f"2025-06-{text}").replace(tzinfo=ZONE))
        database.dispose()

    @contextmanager
    def at(self, text: str, login: str, width: int = 375) -> Iterator[Person]:
        """Let somebody act at an instant of June 2025, with no fault on any page."""
        self.stop(text)
        with serving(self.folder) as address:
            person = sit_down(self.browser, address, login, "zh", width, self.shots)
            yield person
            assert not person.faults, person.faults
            person.context.close()


@pytest.fixture
def story(
    front_end: None,
    demo_folder: Path,
    browser: Browser,
    shots: Path,
    tmp_path: Path,
) -> Story:
    """The demo, with the credit of the story: of 150,000 there are 20,000 left."""
    shutil.copytree(demo_folder, tmp_path / "demo")
    made = Story(tmp_path / "demo", browser, shots)
    made.stop("13 14:00")
    world = World(_platform(made.url, TARGET))
    company = {"partner": {"key": PARTNER}, "freight": "5902.00"}
    kept = create(world, "wuxiaoman", {"lines": [line(2)], **company}).id
    fire(world, "wuxiaoman", "sales_order", kept, "submit")
    world.platform.close()
    return made


def test_an_order_over_credit_is_signed_late_escalated_and_confirmed(story: Story) -> None:
    with story.at("13 14:00", "gurun") as buyer:
        number, order = _order(buyer)
    with story.at("13 15:00", "wangsiyuan") as manager:
        assert "超信用" in _card(manager, number).inner_text()
        _approve(manager, number)
    with story.at("13 16:30", "sunmin", 1280) as finance:
        expect(_card(finance, number)).to_contain_text("06-16 14:00")
        _sign_and_lend(finance, number)
    with story.at("16 14:20", "zhoumuzhi") as director:
        _approve(director, number)
        director.go(order)
        expect(director.page.locator(".state-line")).to_contain_text("已确认")
        told = director.page.locator(".chain").first.inner_text()
        for person in ("王思远", "孙敏", "周牧之"):
            assert person in told, person
        director.look("order confirmed")
        assert _available(director) == Decimal("4432.00")


def _order(buyer: Person) -> tuple[str, str]:
    page = buyer.page
    buyer.go("/o/sales_order/new")
    expect(page.locator("form[data-ready=yes]")).to_be_visible()
    row = page.locator("tr[data-row]").first
    lookup = row.locator("[data-column=sku] input[role=combobox]")
    lookup.click()
    lookup.fill("CL-WP-RO800-WH")
    choice = page.locator(".choices:not([hidden]) li[data-index]").first
    expect(choice).to_contain_text("CL-WP-RO800-WH")
    choice.click()
    quantity = row.locator("[data-column=qty] input[type=text]")
    quantity.fill("32")
    quantity.press("Tab")
    expect(row.locator("[data-output=price]")).not_to_have_text("–")
    expect(page.locator("form[data-asking]")).to_have_count(0)
    assert buyer.amount(".bar [data-output=payable_amount]") == PAYABLE
    page.locator(".bar button.main").click()
    expect(page.locator(".message.good")).to_be_visible()
    ahead = page.locator("main").inner_text()
    assert "超信用" in ahead, "what it would be asked for stands there before"
    page.locator(".page-head form .button.main").click()
    expect(page.locator(".state-line")).to_contain_text("审批中")
    buyer.look("order submitted")
    return buyer.text("h1"), urlsplit(page.url).path


def _card(person: Person, number: str):
    person.go("/inbox")
    card = person.page.locator(".card-task", has_text=number)
    expect(card).to_be_visible()
    assert person.amount(card.locator(".sum")) == PAYABLE
    return card


def _approve(person: Person, number: str) -> None:
    _card(person, number).locator("h3 a").click()
    person.look("task")
    person.page.locator("form#decide button.main").click()
    expect(person.page.locator(".message.good")).to_be_visible()


def _sign_and_lend(finance: Person, number: str) -> None:
    page = finance.page
    _card(finance, number).locator("h3 a").click()
    form = page.locator("form#decide")
    for name, value in (("temp_credit", "50000"), ("temp_credit_until", "2025-06-28")):
        form.locator(f"#f-{name}").fill(value)
    finance.look("temporary credit")
    form.locator("button.main").click()
    expect(page.locator(".message.good")).to_be_visible()
    assert _available(finance) == Decimal("70000.00")


def _open_credit(person: Person) -> None:
    person.go(f"{PROFILE}?view=all_credit&q=XY-00004")
    person.page.locator(f"a[href^='{PROFILE}/0']").first.click()


def _available(person: Person) -> Decimal:
    _open_credit(person)
    shown = person.page.locator("dt", has_text="可用额度").first.locator("xpath=..")
    return person.amount(shown.locator("dd"))
