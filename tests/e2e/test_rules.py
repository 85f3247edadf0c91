"""Field rules and warnings in a real browser: what the page shows at once is what the server decides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browsing import PASSWORD, Person, sit_down
from tests.support.rules_world import open_live_rules, typed
from tests.support.serving import serving


@pytest.fixture(scope="module")
def address(front_end: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = f"sqlite:///{tmp_path_factory.mktemp('rules') / 'rules.sqlite'}"
    live = open_live_rules(url, PASSWORD)
    with serving(live) as found:
        yield found


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("zh", 375)])
def test_a_form_follows_its_rules(
    browser: Browser, address: str, shots: Path, language: str, width: int
) -> None:
    person = sit_down(browser, address, "clerk", language, width, shots)
    page = person.page
    person.go("/o/parcel/new")
    expect(page.locator("#record-form[data-ready=yes]")).to_be_visible()
    port = page.locator('[data-field="port"]')
    expect(port).to_be_hidden()
    page.select_option("#f-market", "export")
    expect(port).to_be_visible()
    page.fill("#f-port", "Ningbo")
    page.select_option("#f-market", "home")
    expect(port).to_be_hidden()
    page.select_option("#f-market", "export")
    expect(page.locator("#f-port")).to_have_value("Ningbo")
    star = page.locator('[data-star="reason"]')
    expect(star).to_be_hidden()
    page.fill("#f-discount", "20")
    expect(star).to_be_visible()
    page.fill("#f-amount", "2000")
    page.press("#f-amount", "Tab")
    expect(page.locator('[data-error="amount"][data-severity="warning"]')).to_be_visible()
    page.check("#f-frozen")
    amount = page.locator("#f-amount")
    expect(amount).to_be_disabled()
    expect(amount).to_have_value("50.00")
    page.uncheck("#f-frozen")
    expect(amount).to_have_value("2000")
    person.look(f"rules-{language}-{width}")
    _rows(person)
    page.fill("#f-name", f"Parcel {language}")
    page.fill("#f-reason", "fair")
    page.locator(".bar button.main").click()
    expect(page.locator("#problems.warn")).to_be_visible()
    # The browser tells in its console that the first save was answered with 422.
    person.faults = [one for one in person.faults if "422" not in one]
    person.look(f"rules-warned-{language}-{width}")
    page.locator(".bar button[name=confirmed]").click()
    expect(page.locator(".record")).to_be_visible()
    person.look(f"rules-saved-{language}-{width}")
    person.go(page.url.split("?")[0].removeprefix(address) + "/rules")
    person.look(f"rules-why-{language}-{width}")
    assert person.faults == []
    person.context.close()


def _rows(person: Person) -> None:
    page = person.page
    page.locator('[data-grid="items"] [data-add]').click()
    row = page.locator('[data-grid="items"] [data-row]').first
    price = row.locator('[data-name="price"]')
    price.fill("3")
    row.locator('select[data-name="sort"]').select_option("gift")
    expect(price).to_be_hidden()
    expect(price).to_be_disabled()
    person.look(f"rules-row-{person.language}-{person.width}")
    row.locator('select[data-name="sort"]').select_option("normal")
    expect(price).to_have_value("3")


@pytest.fixture(scope="module")
def typed_address(front_end: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = f"sqlite:///{tmp_path_factory.mktemp('types') / 'types.sqlite'}"
    live = open_live_rules(url, PASSWORD, typed())
    with serving(live) as found:
        yield found


def test_another_type_brings_its_form_and_keeps_what_was_entered(
    browser: Browser, typed_address: str, shots: Path
) -> None:
    person = sit_down(browser, typed_address, "clerk", "zh", 375, shots)
    page = person.page
    person.go("/o/parcel/new")
    expect(page.locator("#record-form[data-ready=yes]")).to_be_visible()
    page.fill("#f-name", "Glass")
    page.select_option("#f-record_type", "fragile")
    expect(page.locator("#f-receipt")).to_have_count(0)
    expect(page.locator("#f-name")).to_have_value("Glass")
    expect(page.locator('[data-star="reason"]')).to_be_visible()
    person.look("record-type-zh-375")
    page.fill("#f-reason", "thin")
    page.locator(".bar button.main").click()
    expect(page.locator(".record")).to_be_visible()
    person.look("record-type-saved-zh-375")
    assert person.faults == []
    person.context.close()
