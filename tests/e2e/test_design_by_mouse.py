"""With the mouse: a module begun from a template and from a copy, a name changed everywhere."""

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
