"""The watcher of the browser tests finds what it is there to find."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browsing import Person, sit_down

pytestmark = pytest.mark.e2e

PLANTS = {
    "pixels wide": "document.querySelector('main').insertAdjacentHTML('beforeend',"
    " '<svg width=900 height=9><title>wide</title></svg>')",
    "no label": "document.querySelector('main').insertAdjacentHTML('beforeend',"
    " '<input type=text>')",
    "too small": "document.querySelector('main').insertAdjacentHTML('beforeend',"
    " '<button aria-label=x><svg width=2 height=2></svg></button>');"
    "const s = new CSSStyleSheet(); s.replaceSync('button[aria-label=x] {all: unset; width: 2px;"
    " height: 2px}'); document.adoptedStyleSheets.push(s)",
    "policy report": "document.querySelector('main').insertAdjacentHTML('beforeend',"
    " '<p style=\"color: red\">x</p>')",
    "console error": "console.error('planted')",
    "script": "setTimeout(() => { throw new Error('planted') })",
    "axe": "document.querySelector('main').insertAdjacentHTML('beforeend',"
    " '<a href=\"/\"><svg></svg></a>')",
    "500": "fetch('/planted')",
}


@pytest.fixture(scope="module")
def person(server: str, browser: Browser, shots: Path) -> Person:
    return sit_down(browser, server, "xumiao", "en", 375, shots)


@pytest.mark.parametrize("fault", PLANTS)
def test_planted_fault_is_found(person: Person, fault: str) -> None:
    person.page.route("**/planted", lambda route: route.fulfill(status=500, body=""))
    person.go("/")
    person.page.evaluate(f"() => {{ {PLANTS[fault]} }}")
    person.page.wait_for_timeout(200)
    with pytest.raises(AssertionError, match=fault):
        person.look("planted")
    person.faults.clear()
    person.go("/")
    person.look("clean")
