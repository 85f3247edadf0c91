"""Every editor of the designer without a mouse: what is edited reaches the server, the focus is never lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browsing import Person, sit_down
from tests.support.drawing import Drawer
from tests.support.typing_only import Keys

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def keys(server: str, browser: Browser, shots: Path) -> Iterator[Keys]:
    person: Person = sit_down(browser, server, "linzhixia", "en", 1280, shots)
    Drawer(person).begin("By keyboard")
    yield Keys(person)
    assert not person.faults, person.faults
    person.context.close()


def field_names(kept: dict[str, Any]) -> list[str]:
    return [one["name"] for one in kept["fields"]]


def test_an_object(keys: Keys) -> None:
    keys.open("object", "warehouse")
    before = field_names(keys.kept("object", "warehouse"))
    keys.to(".palette-type:not(.child-table)")
    keys.press("Enter")
    keys.led_to(".field-row:last-child .inline")
    keys.write("Opening hours")
    keys.region(".options")
    keys.to(".options [data-key=name] input")
    keys.write("opening_hours")
    keys.to(".options .switch-box")
    keys.press("Space")
    # What is called "text" may be named somewhere: the server is asked before it is called otherwise.
    expect(keys.page.locator(".field-row.chosen")).to_contain_text("opening_hours", timeout=30_000)
    keys.region(".canvas")
    keys.to(".field-row.chosen .inline")
    keys.press("Alt+ArrowUp")
    assert keys.focused("value") == "Opening hours"
    keys.press("Alt+ArrowUp")
    assert keys.focused("value") == "Opening hours"
    keys.saved()
    names = field_names(keys.kept("object", "warehouse"))
    assert names == [*before[:-2], "opening_hours", *before[-2:]]
    keys.to(".field-row:nth-last-child(3) .icon-only:last-child")
    keys.press("Enter")
    keys.press("Control+z")
    keys.press("Control+y")
    keys.saved()
    assert field_names(keys.kept("object", "warehouse")) == before


def test_a_form(keys: Keys) -> None:
    keys.open("form", "shipment_form")
    items = keys.page.locator(".form-section").first.locator(".item-label [data-place]")
    before = items.all_inner_texts()
    keys.to(".item-label [data-place]")
    keys.press("Alt+ArrowRight")
    expect(items).to_have_text([before[1], before[0], *before[2:]])
    assert keys.focused("innerText") == before[0]
    keys.press("Delete")
    expect(items).to_have_text([before[1], *before[2:]])
    keys.press("Control+z")
    expect(items).to_have_count(len(before))
    keys.to(".form-drawing > .button")
    keys.press("Enter")
    keys.led_to(".form-section:last-of-type .section-head .inline")
    keys.write("Drivers")
    keys.to(".palette-type:not(:disabled)")
    keys.press("Enter")
    keys.saved()
    sections = keys.kept("form", "shipment_form")["sections"]
    assert sections[-1]["label"]["en"] == "Drivers"
    assert len(sections[-1]["items"]) == 1


def test_a_list(keys: Keys) -> None:
    keys.open("view", "all_warehouses")
    heads = keys.page.locator(".sample-table th [data-place]")
    before = heads.all_inner_texts()
    keys.to(".sample-table th [data-place]")
    keys.press("Alt+ArrowRight")
    expect(heads).to_have_text([before[1], before[0], *before[2:]])
    keys.press("Delete")
    expect(heads).to_have_text([before[1], *before[2:]])
    keys.press("Control+z")
    keys.press("Control+y")
    keys.to(".field-tree .palette-type[aria-pressed=false]")
    keys.press("Enter")
    expect(heads).to_have_count(len(before))
    keys.saved()
    assert len(keys.kept("view", "all_warehouses")["columns"]) == len(before)


def test_a_report(keys: Keys) -> None:
    keys.open("report", "order_sources")
    keys.to(".shelf [data-place^='measures']")
    keys.press("Delete")
    keys.press("Control+z")
    keys.to(".switch.into button:last-child")
    keys.press("Enter")
    keys.to(".field-tree .palette-type[title=payable_amount]")
    keys.press("Enter")
    count = len(keys.page.locator(".shelf [data-place^='measures']").all())
    keys.region(".canvas")
    keys.to(f".shelf [data-place='measures.{count - 1}']")
    keys.press("Alt+ArrowLeft")
    assert keys.focused("dataset.place") == f"measures.{count - 2}"
    keys.saved()
    assert len(keys.kept("report", "order_sources")["measures"]) == count


def test_a_dashboard(keys: Keys) -> None:
    keys.open("dashboard", "channel_overview")
    keys.to(".palette-type")
    keys.press("Enter")
    keys.to(".board-tile:last-child [data-place]")
    keys.press("Alt+ArrowLeft")
    keys.to(".board-tile:nth-last-child(2) select")
    keys.press("ArrowDown")
    keys.saved()
    tiles = keys.kept("dashboard", "channel_overview")["tiles"]
    assert tiles[-2]["width"] == 2
    keys.to(".board-tile:nth-last-child(2) .icon-only")
    keys.press("Enter")
    keys.saved()
    assert len(keys.kept("dashboard", "channel_overview")["tiles"]) == len(tiles) - 1
    keys.press("Control+z")
    keys.saved()


def test_a_workflow(keys: Keys) -> None:
    keys.open("workflow", "shipment_flow")
    states = len(keys.kept("workflow", "shipment_flow")["states"])
    keys.to(".flow-bar .button")
    keys.press("Enter")
    keys.led_to(".flow-state.chosen .inline")
    keys.write("Lost")
    keys.region(".canvas")
    keys.to(".flow-bar .button[aria-expanded]")
    keys.press("Enter")
    keys.to(".way-form select")
    keys.press("Home")
    keys.to(".way-form label:nth-child(2) select")
    keys.press("End")
    keys.to(".way-form input")
    keys.write("Lose")
    keys.press("Enter")
    keys.saved()
    kept = keys.kept("workflow", "shipment_flow")
    assert kept["states"][-1]["label"]["en"] == "Lost"
    assert len(kept["states"]) == states + 1
    assert kept["transitions"][-1]["label"]["en"] == "Lose"
    assert kept["transitions"][-1]["to"] == kept["states"][-1]["name"]
    keys.press("Control+z")
    keys.press("Control+y")


def test_an_approval(keys: Keys) -> None:
    keys.open("approval", "promotion_standard")
    before = [one["name"] for one in keys.kept("approval", "promotion_standard")["steps"]]
    keys.to(".flow-bar .button")
    keys.press("Enter")
    keys.led_to(".flow-card.chosen .inline")
    keys.write("Second look")
    keys.press("Alt+ArrowUp")
    assert keys.focused("value") == "Second look"
    keys.region(".options")
    keys.to(".options [data-key=mode] select")
    keys.press("ArrowDown")
    keys.saved()
    steps = keys.kept("approval", "promotion_standard")["steps"]
    assert steps[-2]["label"]["en"] == "Second look"
    keys.region(".canvas")
    keys.to(".flow-card.chosen .flow-acts .icon-only:last-child")
    keys.press("Enter")
    keys.saved()
    assert [one["name"] for one in keys.kept("approval", "promotion_standard")["steps"]] == before


def test_permissions_and_a_role(keys: Keys) -> None:
    keys.open("permission", "warehouse")
    grants = len(keys.kept("permission", "warehouse")["grants"])
    keys.to(".matrix tr.quiet .switch-box")
    keys.press("Space")
    keys.saved()
    assert len(keys.kept("permission", "warehouse")["grants"]) == grants + 1
    keys.press("Control+z")
    keys.press("Control+y")
    keys.open("role", "legal")
    keys.to(".matrix .switch-box")
    keys.press("Space")
    keys.press("Control+z")
    keys.saved()
    assert len(keys.kept("permission", "warehouse")["grants"]) == grants + 1


def test_a_module(keys: Keys) -> None:
    keys.open("module", "ordering")
    keys.to(".menu-row .inline")
    keys.write("Overview of channels")
    keys.press("Alt+ArrowDown")
    assert keys.focused("value") == "Overview of channels"
    keys.saved()
    assert keys.kept("module", "ordering")["menu"][1]["label"]["en"] == "Overview of channels"
    keys.region(".canvas")
    keys.to(".parts-of-module button:last-child")
    keys.press("Enter")
    keys.to(".texts-only input")
    keys.press("Space")
    keys.to(".texts-table input[lang=en]")
    keys.write("Below the least price")
    keys.saved()
    keys.region(".canvas")
    keys.to(".parts-of-module button:nth-child(2)")
    keys.press("Enter")
    keys.to(".diagram .react-flow__node")
    keys.press("Enter")
    expect(keys.page.locator(".canvas-head p")).to_contain_text("Object")
    keys.focused("tagName")


def test_a_choice_set(keys: Keys) -> None:
    keys.open("choice_set", "pay_terms")
    before = [one["value"] for one in keys.kept("choice_set", "pay_terms")["choices"]]
    keys.to(f"[data-place='choices/{len(before) - 1}']")
    keys.press("Alt+ArrowUp")
    keys.led_to(f"[data-place='choices/{len(before) - 2}']")
    keys.to(".choice-table tr:last-child input")
    keys.write("Net ninety")
    keys.press("Enter")
    keys.write("Barter")
    keys.press("Enter")
    keys.saved()
    choices = keys.kept("choice_set", "pay_terms")["choices"]
    wanted = [*before[:-2], before[-1], before[-2], "net_ninety", "barter"]
    assert [one["value"] for one in choices] == wanted
    keys.to_before(".choice-table tr:nth-last-child(2) .icon-only:last-child")
    keys.press("Enter")
    keys.saved()
    choices = keys.kept("choice_set", "pay_terms")["choices"]
    assert [one["value"] for one in choices] == wanted[:-1]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("automation", "ship_goods"),
        ("choice_set", "pay_terms"),
        ("scenario", "large_order_decided"),
    ],
)
def test_the_options_of_a_kind(keys: Keys, kind: str, name: str) -> None:
    keys.open(kind, name)
    keys.to(".canvas-head h2 button")
    keys.press("Enter")
    keys.region(".options")
    keys.to("[data-key=label] input")
    keys.write("Called otherwise")
    keys.press("Control+z")
    keys.press("Control+y")
    keys.saved()
    assert keys.kept(kind, name)["label"]["en"] == "Called otherwise"


def test_what_is_open_above(keys: Keys) -> None:
    keys.region(".studio-bar")
    keys.to(".studio-acts .icon-only ~ [aria-expanded]")
    keys.press("Enter")
    keys.to(".findings .icon-only")
    keys.press("Enter")
    expect(keys.page.locator(".findings")).to_have_count(0)
    keys.to(".studio-acts .main")


def test_the_guide(keys: Keys) -> None:
    keys.region(".studio-bar")
    keys.to(".studio-acts [aria-expanded=false]")
    keys.press("Enter")
    keys.region(".options")
    keys.to(".guide-text .button")
    keys.press("Enter")
    keys.led_to(".pointed")
    keys.region(".options")
    keys.to(".guide-head .icon-only")
    keys.press("Enter")
    expect(keys.page.locator(".guide")).to_have_count(0)
