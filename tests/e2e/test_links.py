"""Fields with several references in a real browser: chips that are added and taken off, at both sizes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsing import sit_down
from tests.support.documents import field, label
from tests.support.serving import published, serving

READ = ["create", "read", "update", "delete"]
CODES = {"GD": "广东", "GX": "广西", "FJ": "福建", "ZJ": "浙江", "JS": "江苏"}


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"kind": "module", "name": "claims", "version": "1.0.0", "label": label("Goals", "目标"),
         "menu": [{"label": label("Goals", "目标"), "object": "goal"}]},
        {"kind": "role", "name": "admin", "label": label("Admin", "管理员"), "design": True},
        {
            "kind": "object",
            "name": "area",
            "label": label("Area", "区域"),
            "plural": label("Areas", "区域"),
            "title": "name",
            "search": ["name", "code"],
            "fields": [
                field("code", "text", label=label("Code", "编码"), length=10, external_id=True),
                field("name", "text", label=label("Name", "名称"), length=40),
            ],
        },
        {
            "kind": "object",
            "name": "goal",
            "label": label("Goal", "目标"),
            "plural": label("Goals", "目标"),
            "title": "name",
            "history": True,
            "fields": [
                field("name", "text", label=label("Name", "名称"), length=40, required=True),
                field("areas", "multi_lookup", to="area", required=True,
                      label=label("Areas", "适用区域")),
                field("people", "users", label=label("People", "参与人"), default="USER()"),
                field("count", "formula", returns="integer", formula="SIZE(areas)",
                      label=label("Number of areas", "区域数")),
            ],
            "children": [{"name": "steps", "object": "step", "by": "goal",
                          "label": label("Steps", "步骤")}],
        },
        {
            "kind": "object",
            "name": "step",
            "label": label("Step", "步骤"),
            "fields": [
                field("goal", "master_detail", to="goal", required=True),
                field("what", "text", label=label("What", "内容"), length=40),
                field("where", "multi_lookup", to="area", label=label("Where", "地点")),
            ],
        },
        *(
            {
                "kind": "permission",
                "name": name,
                "object": name,
                "grants": [{"role": "admin", "actions": READ}],
            }
            for name in ("area", "goal")
        ),
    ]  # fmt: skip
    return {(one["kind"], one["name"]): one for one in found}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, front_end: None) -> Iterator[str]:
    live = published(tmp_path_factory.mktemp("links"), contents())
    for code, name in CODES.items():
        live.create("area", {"code": code, "name": name})
    with serving(live) as found:
        yield found


def pick(page: Page, text: str, within: str = "[data-field=areas]") -> None:
    """Type into the lookup of a field and take the first that is offered."""
    box = page.locator(f"{within} .lookup input[type=text]")
    box.fill(text)
    expect(page.locator(f"{within} .choices li[data-index]").first).to_be_visible()
    box.press("Enter")
    expect(box).to_have_value("")


def chips(page: Page, within: str = "[data-field=areas]") -> list[str]:
    return page.locator(f"{within} .picks > ul li").all_inner_texts()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [1280, 375])
def test_chips_are_added_taken_off_and_kept_in_order(
    address: str, browser: Browser, shots: Path, width: int, language: str
) -> None:
    person = sit_down(browser, address, "admin", language, width, shots)
    page = person.page
    person.go("/o/goal/new")
    person.look("empty")
    for text in ("ZJ", "广东", "GX", "ZJ"):
        pick(page, text)
    assert chips(page) == ["浙江", "广东", "广西"]
    expect(page.locator("[data-output=count]")).to_have_text("3")
    person.look("picked")

    # A refusal gives back what was picked, with its titles.
    page.click("form[data-island=form] button.main")
    expect(page.locator("#e-f-name")).not_to_be_empty()
    person.faults[:] = [one for one in person.faults if "422" not in one]
    assert chips(page) == ["浙江", "广东", "广西"]

    page.locator("[data-field=areas] .picks label", has_text="广东").click()
    assert chips(page) == ["浙江", "广西"]
    page.fill("[name='f.name']", f"Goal {width} {language}")
    assert chips(page, "[data-field=people]") == ["Admin"]
    # What is not there yet is made in the panel, and stands in the list at once.
    box = page.locator("[data-field=areas] .lookup input[type=text]")
    box.fill(f"新区{width}{language}")
    page.locator("[data-field=areas] .choices:not([hidden]) .new-choice").click()
    page.locator("dialog.quick .bar button.main").click()
    expect(page.locator("dialog.quick")).to_have_count(0)
    assert chips(page) == ["浙江", "广西", f"新区{width}{language}"]
    page.locator("[data-field=areas] .picks label", has_text="新区").click()
    page.click("[data-add]")
    page.fill("[data-row] [data-column=what] input", "Open a shop")
    pick(page, "FJ", "[data-row] [data-column=where]")
    pick(page, "JS", "[data-row] [data-column=where]")
    person.look("row")
    page.click("form[data-island=form] button.main")
    page.wait_for_url(lambda url: "/new" not in url)
    between = "、" if language == "zh" else ", "
    expect(page.locator("main")).to_contain_text(between.join(["浙江", "广西"]))
    expect(page.locator("main")).to_contain_text(between.join(["福建", "江苏"]))
    person.look("record")

    page.get_by_role("link", name="浙江").click()
    expect(page.locator("main")).to_contain_text(f"Goal {width} {language}")
    person.look("related")
    person.go("/o/goal")
    expect(page.locator("main")).to_contain_text(between.join(["浙江", "广西"]))
    person.look("list")
    person.context.close()
    assert person.faults == []


def test_everything_goes_by_keyboard(address: str, browser: Browser, shots: Path) -> None:
    person = sit_down(browser, address, "admin", "en", 1280, shots)
    page = person.page
    person.go("/o/goal/new")
    pick(page, "GD")
    pick(page, "FJ")
    page.keyboard.press("Shift+Tab")
    expect(page.locator("[data-field=areas] [data-chip]").last).to_be_focused()
    page.keyboard.press("Space")
    assert chips(page) == ["广东"]
    expect(page.locator("[data-field=areas] [data-chip]").first).to_be_focused()
    page.keyboard.press("Space")
    assert chips(page) == []
    expect(page.locator("#f-areas")).to_be_focused()
    person.context.close()
