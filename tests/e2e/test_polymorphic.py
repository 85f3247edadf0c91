"""Polymorphic lookups in a real browser: the object is chosen, then one of its records; by keyboard too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.support.browsing import sit_down
from tests.support.documents import field, label
from tests.support.serving import published, serving

READ = ["create", "read", "update", "delete"]
TARGETS = ["order", "shipment", "partner"]


def named(name: str, en: str, zh: str) -> dict[str, Any]:
    return {
        "kind": "object",
        "name": name,
        "label": label(en, zh),
        "plural": label(en + "s", zh),
        "title": "name",
        "search": ["name", "code"],
        "fields": [
            field("code", "text", label=label("Code", "编码"), length=20, external_id=True),
            field("name", "text", label=label("Name", "名称"), length=40),
        ],
    }


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    about = field("about", "polymorphic_lookup", targets=TARGETS, label=label("About", "关于"))
    found: list[dict[str, Any]] = [
        {"kind": "module", "name": "claims", "version": "1.0.0", "label": label("Cases", "工单"),
         "menu": [{"label": label("Cases", "工单"), "object": "case"}]},
        {"kind": "role", "name": "admin", "label": label("Admin", "管理员"), "design": True},
        named("order", "Sales order", "销售订单"),
        named("shipment", "Shipment", "发货单"),
        named("partner", "Partner", "合作伙伴"),
        {
            "kind": "object",
            "name": "case",
            "label": label("Case", "工单"),
            "plural": label("Cases", "工单"),
            "title": "name",
            "history": True,
            "fields": [
                field("name", "text", label=label("Name", "名称"), length=40, required=True),
                {**about, "required": True},
                field("told", "formula", returns="boolean", formula="NOT ISBLANK(about)",
                      label=label("Says what about", "已说明对象")),
            ],
            "children": [{"name": "notes", "object": "note", "by": "ticket",
                          "label": label("Notes", "备注")}],
        },
        {
            "kind": "object",
            "name": "note",
            "label": label("Note", "备注"),
            "fields": [
                field("ticket", "master_detail", to="case", required=True),
                field("what", "text", label=label("What", "内容"), length=40),
                about,
            ],
        },
        *(
            {
                "kind": "permission",
                "name": name,
                "object": name,
                "grants": [{"role": "admin", "actions": READ}],
            }
            for name in (*TARGETS, "case")
        ),
    ]  # fmt: skip
    return {(one["kind"], one["name"]): one for one in found}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, front_end: None) -> Iterator[str]:
    live = published(tmp_path_factory.mktemp("about"), contents())
    for object_name, code, name in (
        ("order", "SO-1", "华东春季订单"),
        ("order", "SO-2", "华南春季订单"),
        ("shipment", "SH-1", "杭州仓第一批"),
        ("partner", "P-1", "晨光贸易"),
    ):
        live.create(object_name, {"code": code, "name": name})
    with serving(live) as found:
        yield found


def pick(place: Locator, text: str, title: str, kind: str | None = None) -> None:
    """Choose the object, type into the lookup, and take the first that is offered."""
    if kind is not None:
        place.locator("select").select_option(kind)
    box = place.locator("input[type=text]")
    box.fill(text)
    expect(place.locator(".choices li[data-index]").first).to_be_visible()
    box.press("Enter")
    expect(box).to_have_value(title)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [1280, 375])
def test_the_object_is_chosen_and_then_the_record(
    address: str, browser: Browser, shots: Path, width: int, language: str
) -> None:
    person = sit_down(browser, address, "admin", language, width, shots)
    page = person.page
    person.go("/o/case/new")
    about = page.locator("[data-field=about]")
    person.look("empty")
    pick(about, "SO-2", "华南春季订单")
    yes = page.locator("[data-output=told]")
    expect(yes).to_have_text("✓")
    person.look("picked")

    # Another object asks anew; what was chosen of the first comes back with it.
    about.locator("select").select_option("shipment")
    expect(about.locator("input[type=text]")).to_have_value("")
    expect(yes).to_have_text("–")
    pick(about, "杭州", "杭州仓第一批")
    about.locator("select").select_option("order")
    expect(about.locator("input[type=text]")).to_have_value("华南春季订单")
    about.locator("select").select_option("shipment")
    expect(about.locator("input[type=text]")).to_have_value("杭州仓第一批")

    # A refusal gives back what was chosen.
    page.click("form[data-island=form] button.main")
    expect(page.locator("#e-f-name")).not_to_be_empty()
    person.faults[:] = [one for one in person.faults if "422" not in one]
    expect(about.locator("select")).to_have_value("shipment")
    expect(about.locator("input[type=text]")).to_have_value("杭州仓第一批")

    name = f"Case {width} {language}"
    page.fill("[name='f.name']", name)
    # What is not there yet is made in the panel.
    about.locator("select").select_option("partner")
    box = about.locator("input[type=text]")
    box.fill(f"新伙伴{width}{language}")
    about.locator(".choices:not([hidden]) .new-choice").click()
    person.look("panel")
    page.locator("dialog.quick .bar button.main").click()
    expect(page.locator("dialog.quick")).to_have_count(0)
    expect(box).to_have_value(f"新伙伴{width}{language}")

    page.click("[data-add]")
    page.fill("[data-row] [data-column=what] input", "Ask them")
    pick(page.locator("[data-row] [data-column=about]"), "SO-1", "华东春季订单", "order")
    person.look("row")
    page.click("form[data-island=form] button.main")
    page.wait_for_url(lambda url: "/new" not in url)
    expect(page.locator("main")).to_contain_text(f"新伙伴{width}{language}")
    expect(page.locator("main")).to_contain_text("华东春季订单")
    person.look("record")

    page.get_by_role("link", name=f"新伙伴{width}{language}").first.click()
    expect(page.locator("main")).to_contain_text(name)
    person.look("related")
    person.go("/o/case?view=all&f.about=partner")
    expect(page.locator("main")).to_contain_text(name)
    person.look("list")
    person.go("/o/case/new")
    about.locator("select").select_option("partner")
    about.locator("input[type=text]").click()
    recent = about.locator(".choices li.group").first
    expect(recent).to_be_visible()
    expect(about.locator(".choices li[data-index]").first).to_contain_text(f"{width}{language}")
    person.look("recent")
    person.context.close()
    assert person.faults == []


def test_everything_goes_by_keyboard(address: str, browser: Browser, shots: Path) -> None:
    person = sit_down(browser, address, "admin", "en", 1280, shots)
    page = person.page
    person.go("/o/case/new")
    page.locator("[name='f.name']").focus()
    page.keyboard.press("Tab")
    about = page.locator("[data-field=about]")
    expect(about.locator("select")).to_be_focused()
    page.keyboard.press("s")
    page.keyboard.press("ArrowDown")
    kind = about.locator("select").input_value()
    assert kind in {"shipment", "partner"}
    about.locator("select").select_option("shipment")
    page.keyboard.press("Tab")
    expect(page.locator("#f-about")).to_be_focused()
    page.keyboard.type("SH")
    expect(about.locator(".choices li[data-index]").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#f-about")).to_have_value("杭州仓第一批")
    person.context.close()
