"""Several records of a list at once in a real browser: chosen, previewed, changed, told for each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browsing import sit_down

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(("width", "language"), [(1280, "zh"), (375, "en")])
def test_records_of_a_list_are_changed_together(
    server: str, browser: Browser, shots: Path, width: int, language: str
) -> None:
    person = sit_down(browser, server, "linzhixia", language, width, shots)
    page = person.page
    person.go("/o/product?sort=name")
    boxes = page.locator("[data-pick]")
    expect(boxes.first).to_be_hidden()
    # The first box by the keyboard brings the column, the others are taps on rows.
    page.locator("[data-row-link]").first.focus()
    page.keyboard.press("x")
    expect(boxes.first).to_be_checked()
    expect(page.locator("#bulk-form")).to_be_visible()
    page.locator(".rows tbody tr").nth(1).locator("[data-row-link]").click()
    expect(boxes.nth(1)).to_be_checked()
    boxes.nth(2).check()
    expect(page.locator("[data-picked]")).to_contain_text("3")
    person.look("picked")
    page.locator("#bulk-form [value=edit]").click()
    expect(page.locator("form[data-ready=yes]")).to_be_visible()
    page.locator("#f-series").fill(f"S{width}")
    expect(page.locator("input[name='set.series']")).to_be_checked()
    person.look("fields")
    page.locator("button[value=preview]").click()
    expect(page.locator(".bulk-counts")).to_contain_text("3")
    person.look("preview")
    page.locator("button[value=apply]").click()
    expect(page.locator(".bulk-counts")).to_contain_text("3")
    person.look("result")
    page.locator(".bar a.main").click()
    expect(page.locator(".rows tbody tr", has_text=f"S{width}").first).to_be_attached()
    assert page.url.endswith("sort=name")
    # Whatever is searched for, boxes are those of the rows that are there.
    page.locator("[data-select]").click()
    boxes.nth(1).check()
    page.locator("#list-search").fill("xwj")
    expect(page.locator(".rows tbody tr").first).to_contain_text("洗碗机")
    expect(page.locator("#bulk-form")).to_be_hidden()
    expect(page.locator("#rows")).to_have_class(re.compile("picking"))
    assert "q=xwj" in page.locator("[data-list-query]").input_value()
    boxes.first.check()
    page.locator("[data-pick-all]").click()
    page.locator("#bulk-form [value=delete]").click()
    expect(page.locator("h1")).to_be_visible()
    person.look("delete-preview")
    assert not person.faults, person.faults
    person.context.close()
