"""Every editor of the designer on a phone, and with letters of twice their size: nothing runs off sideways."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsing import sit_down
from tests.support.drawing import Drawer
from tests.support.picturing import SCENES

pytestmark = pytest.mark.e2e

# What zooms letters alone, as browsers can, does to the sizes of the page; once for each page.
TWICE: Final = """() => {
    const page = document.documentElement;
    if (page.dataset.twice) return;
    page.dataset.twice = "yes";
    const sizes = ["--size-small", "--size", "--size-large", "--size-title", "--size-display"];
    const known = getComputedStyle(page);
    const rules = sizes.map((one) => `${one}: ${2 * parseFloat(known.getPropertyValue(one))}px !important`);
    const sheet = [...document.styleSheets].at(-1);
    sheet.insertRule(`:root { ${rules.join("; ")} }`, sheet.cssRules.length);
}"""
# The page scrolls down only, and so does what is drawn; tables and diagrams scroll within themselves.
SIDEWAYS: Final = """() => [document.documentElement, ...document.querySelectorAll(".canvas, .options, main")]
    .filter((one) => one.getClientRects().length > 0 && one.scrollWidth > one.clientWidth + 1)
    .map((one) => `${one.tagName}.${one.className}: ${one.scrollWidth} > ${one.clientWidth}`)"""
MAIN: Final = ".studio-acts .main, main .button.main, main .button"


@pytest.mark.parametrize(("width", "twice"), [(375, False), (1280, True)])
def test_nothing_runs_off_sideways(
    server: str, browser: Browser, shots: Path, width: int, twice: bool
) -> None:
    person = sit_down(browser, server, "linzhixia", "en", width, shots)
    page = person.page
    Drawer(person).begin(f"Narrow {width}")
    draft = page.url.split("#")[0]
    faults: list[str] = []
    for scene in SCENES:
        if not page.url.startswith(draft) or page.url.endswith("/publish"):
            page.goto(draft)
            expect(page.locator("html[data-design=ready]")).to_be_attached(timeout=30_000)
        scene.show(page)
        faults += [f"{scene.name}: {one}" for one in _faults(page, twice)]
    person.context.close()
    assert not faults, "\n".join(faults)
    assert not person.faults, person.faults


def _faults(page: Page, twice: bool) -> list[str]:
    if twice:
        page.evaluate(TWICE)
    found: list[str] = page.evaluate(SIDEWAYS)
    action = page.locator(MAIN).first
    action.scroll_into_view_if_needed()
    box = action.bounding_box()
    view = page.viewport_size
    if box is None or view is None or box["x"] < 0 or box["x"] + box["width"] > view["width"]:
        found.append("the main action cannot be reached")
    return found
