"""An approval drawn on the canvas and tried on a record before anything is live, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsing import sit_down

pytestmark = pytest.mark.e2e

DOCUMENTS = """async (draft) => {
    const token = document.querySelector('meta[name="csrf-token"]').content;
    const answer = await fetch(`/api/v1/metadata/drafts/${draft}/documents?content=true`,
        {headers: {"X-CSRF-Token": token}});
    return (await answer.json()).items;
}"""


def test_an_approval_is_drawn_tried_and_kept_in_the_draft(
    browser: Browser, server: str, shots: Path
) -> None:
    person = sit_down(browser, server, "linzhixia", "en", 1280, shots)
    page = person.page
    person.go("/design")
    page.fill("#draft-name", "Large orders")
    page.press("#draft-name", "Enter")
    expect(page.locator("html[data-design=ready]")).to_be_attached(timeout=20_000)
    _begin(page)
    page.locator(".options [data-key=when] textarea").fill("payable_amount >= 0")
    page.locator(".options .option-list > details > summary").click()
    page.locator(".options [data-key=priority] input").fill("100")
    page.get_by_role("button", name="Add a step", exact=True).click()
    page.locator(".options [data-key=mode] select").select_option("all")
    page.get_by_label("Label of the step step").fill("Everybody")
    expect(page.locator(".flow-card[data-step=step]")).to_contain_text("all of them must approve")

    page.locator(".try-panel .record-picker input").click()
    page.locator(".try-panel .record-picker [role=option]").first.click()
    page.get_by_role("button", name="Simulate").click()

    expect(page.locator(".try-verdict.good")).to_be_visible(timeout=15_000)
    expect(page.locator(".flow-card[data-step=step]")).to_have_attribute("data-tried", "asked")
    person.look("approval")
    kept = _kept(page)
    assert kept["when"] == "payable_amount >= 0"
    assert [step.get("mode", "any") for step in kept["steps"]] == ["any", "all"]
    _move_by_keyboard(page)
    _look_at_the_workflow(page)
    person.look("workflow")
    person.context.close()


def _begin(page: Page) -> None:
    page.get_by_role("button", name="New", exact=True).click()
    form = page.locator(".new-document")
    form.locator("select").nth(0).select_option("approval")
    form.locator("select").nth(1).select_option("ordering")
    form.locator("select").nth(2).select_option("order_flow")
    form.get_by_label("Label").fill("Large orders")
    form.get_by_role("button", name="Add").click()


def _kept(page: Page) -> dict[str, Any]:
    draft = page.url.split("/design/")[1].split("#")[0]
    found = page.evaluate(DOCUMENTS, draft)
    contents = [one["document"]["content"] for one in found if one["document"]]
    return next(one for one in contents if one["name"] == "large_orders")


def _move_by_keyboard(page: Page) -> None:
    card = page.locator(".flow-card[data-step=step]")
    lower = card.bounding_box()
    page.get_by_label("Label of the step step").press("Alt+ArrowUp")
    expect(card).to_be_visible()
    upper = card.bounding_box()
    assert lower is not None
    assert upper is not None
    assert upper["y"] < lower["y"]
    page.keyboard.press("Control+z")


def _look_at_the_workflow(page: Page) -> None:
    page.locator(".outline input[type=search]").fill("order_flow")
    page.locator(".outline li .plain").first.click()
    states = page.locator(".flow-state")
    expect(states).to_have_count(10)
    page.get_by_role("button", name="Add a state").click()
    expect(states).to_have_count(11)
    page.get_by_role("button", name="Add a transition").click()
    form = page.locator(".way-form")
    form.locator("select").nth(0).select_option("closed")
    form.locator("select").nth(1).select_option("state")
    form.get_by_label("Label").fill("Reopen")
    form.get_by_role("button", name="Add").click()
    expect(page.get_by_label("Label of the transition Reopen")).to_be_focused()
