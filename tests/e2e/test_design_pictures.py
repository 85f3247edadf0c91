"""Every editor of the designer as the docs show it: axe finds nothing, and the docs have its picture.

`python -m tools.write_pictures` writes the pictures anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browsing import Person, sit_down
from tests.support.drawing import Drawer
from tests.support.picturing import FOLDER, SCENES, file_of, keep, open_document, take

pytestmark = pytest.mark.e2e

DOCS = FOLDER.parents[1]
MOST_BYTES = 3_000_000


@pytest.fixture(scope="module")
def admin(server: str, browser: Browser, shots: Path) -> Iterator[Person]:
    """An admin with a draft in which something has been changed."""
    person = sit_down(browser, server, "linzhixia", "en", 1280, shots)
    person.page.set_viewport_size({"width": 1280, "height": 800})
    drawer = Drawer(person)
    drawer.begin("展会展台 Stands")
    open_document(person.page, "object", "sales_order")
    drawer.press(person.page.locator(".palette-type:not(.child-table)").first)
    labels = drawer.option("label").locator("input")
    drawer.type(labels.nth(0), "Trade fair")
    drawer.type(labels.nth(1), "展会")
    drawer.type(drawer.option("name").locator("input"), "trade_fair")
    # A name that something might use is taken when it is left.
    drawer.option("name").locator("input").press("Tab")
    expect(person.page.locator(".field-row.chosen")).to_contain_text("trade_fair")
    expect(person.page.locator(".saving")).to_have_text("Saved", timeout=15_000)
    yield person
    person.context.close()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_editor_is_fit_to_be_shown(
    admin: Person, language: str, request: pytest.FixtureRequest
) -> None:
    page = admin.page
    draft = _in_language(admin, language)
    for scene in SCENES:
        if not page.url.startswith(draft) or page.url.endswith("/publish"):
            page.goto(draft)
        expect(page.locator("html[data-design=ready]")).to_be_attached(timeout=30_000)
        scene.show(page)
        page.evaluate("document.activeElement?.blur()")
        picture = take(page)
        admin._axe(f"{language} {scene.name}")
        if request.config.getoption("write_pictures"):
            keep(picture, file_of(language, scene))
    assert not admin.faults, "\n".join(admin.faults)


def _in_language(admin: Person, language: str) -> str:
    """Come to the draft with pages in a language; return its address."""
    page = admin.page
    admin.go("/design")
    admin.language = language
    if not page.evaluate("document.documentElement.lang").startswith(language):
        page.locator("header button[name=language]").click()
        expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{language}"))
    page.locator(".card-task h3 a").first.click()
    expect(page.locator("html[data-design=ready]")).to_be_attached(timeout=30_000)
    return page.url.split("#")[0]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_docs_show_every_picture(language: str) -> None:
    wanted = {file_of(language, scene).relative_to(DOCS).as_posix() for scene in SCENES}
    there = {one.relative_to(DOCS).as_posix() for one in (FOLDER / language).glob("*")}
    pages = [*DOCS.rglob("*.md"), DOCS.parent / "README.md"]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)

    assert there == wanted
    assert [one for one in sorted(wanted) if f"{one})" not in text] == []
    assert re.findall(r"!\[\s*\]\([^)]*images/designer", text) == []


def test_the_pictures_are_small() -> None:
    assert sum(one.stat().st_size for one in FOLDER.rglob("*.webp")) < MOST_BYTES
