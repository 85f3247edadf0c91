"""A business admin reads and writes automations, scenarios, rules, choices and formulas as sentences, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.support.browsing import sit_down
from tests.support.drawing import Drawer

pytestmark = pytest.mark.e2e

WAIT = 30_000
PASTE = """(input, text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  input.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def drawer(server: str, browser: Browser, shots: Path) -> Drawer:
    drawer = Drawer(sit_down(browser, server, "linzhixia", "en", 1280, shots))
    drawer.begin("Sentences")
    return drawer


def unfold(drawer: Drawer, module: str, name: str, place: int = -1) -> None:
    """Open a definition by what it is called in the outline."""
    page = drawer.page
    page.get_by_label("Find", exact=True).fill(name)
    page.locator(".outline details", has=page.locator("summary", has_text=module)).get_by_role(
        "button", name=name, exact=True
    ).nth(place).click()
    expect(page.locator(".canvas-head h2")).to_have_text(name)


def sentences(part: Locator) -> list[str]:
    return part.locator("> .part-list > .part-row > .part-head > .part-text").all_inner_texts()


def test_an_automation_is_written_as_sentences(drawer: Drawer) -> None:
    page = drawer.page
    unfold(drawer, "Ordering", "Give gifts")
    then = page.get_by_role("region", name="Then")
    assert sentences(page.get_by_role("region", name="When")) == [
        "The transition “Submit” is taken",
        "An approval ends: approved",
    ]
    assert sentences(then)[0].startswith("For each “Order line”")

    then.locator("> .adder [data-sort=take]").press("Enter")
    expect(
        then.locator("> .part-list > .part-row > .part-head > .part-text").nth(1)
    ).to_be_focused()
    expect(page.locator(".options [data-key=take]")).to_be_visible()
    # What the action is not has no options here.
    expect(page.locator(".options [data-key=notify]")).to_have_count(0)
    assert sentences(then)[1].startswith("Take the transition “")
    then.locator("> .part-list > .part-row > .part-head > .part-text").nth(1).focus()
    page.keyboard.press("Alt+ArrowUp")
    assert sentences(then)[0].startswith("Take the transition “")
    expect(then.locator("> .part-list > .part-row > .part-head > .part-text").first).to_be_focused()
    drawer.person.look("automation")
    page.keyboard.press("Delete")
    assert len(sentences(then)) == 1


def test_choices_are_typed_pasted_and_moved(drawer: Drawer) -> None:
    page = drawer.page
    unfold(drawer, "Foundation", "Payment terms")
    values = page.get_by_label(re.compile("^Value: "))
    before = [one.input_value() for one in values.all()]
    added = page.get_by_label("Add a choice")
    added.fill("Cash now")
    added.press("Enter")
    expect(added).to_be_focused()
    added.evaluate(PASTE, "net90\t月结90天\tNet 90\tgreen\nnet120\t月结120天\tNet 120")
    expect(values).to_have_count(len(before) + 3)
    assert [one.input_value() for one in values.all()][len(before) :] == [
        "cash_now",
        "net90",
        "net120",
    ]
    expect(page.get_by_label("Colour: Net 90")).to_have_value("green")

    values.last.focus()
    page.keyboard.press("Alt+ArrowUp")
    assert [one.input_value() for one in values.all()][-2:] == ["net120", "net90"]
    expect(page.get_by_role("region", name="Fields that offer these choices")).to_contain_text("›")
    drawer.person.look("choice-set")


def test_a_scenario_runs_green_and_tells_where_it_turns_red(drawer: Drawer) -> None:
    page = drawer.page
    unfold(drawer, "Ordering", "A small order is confirmed at once")
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("[data-result=green]")).to_be_visible(timeout=60_000)

    expected = page.get_by_role("region", name="Then").locator(".part-text").first
    expected.click()
    state = page.locator(".options [data-key=state] select")
    state.select_option("draft")
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("[data-result=red]")).to_be_visible(timeout=60_000)
    expect(page.locator(".part-row.red .scenario-difference")).to_contain_text("expected")
    drawer.person.look("scenario")


def test_a_rule_is_a_sentence_and_its_formula_shows_what_it_gives(drawer: Drawer) -> None:
    page = drawer.page
    unfold(drawer, "Ordering", "Sales order", 0)
    rules = page.get_by_role("region", name="Rules")
    rules.locator("[data-sort=rules]").click()
    formula = page.locator(".options [data-key=unless]")
    area = formula.locator("textarea")
    area.fill("")
    area.type("ROUN")
    # The name that begins so comes first, with its help.
    expect(formula.locator(".offers [aria-selected=true]")).to_contain_text("ROUND(")
    expect(formula.locator(".offer-help")).not_to_be_empty()
    area.press("Enter")
    expect(area).to_have_value("ROUND(")
    area.type("net_amuont, 2) >= 0")
    wrong = formula.locator(".formula-wrong")
    expect(wrong.locator("mark")).to_have_text("net_amuont", timeout=WAIT)
    wrong.get_by_role("button", name="Write “net_amount” instead").click()
    expect(formula.locator(".formula-value")).to_contain_text("Holds", timeout=WAIT)
    expect(formula.locator(".formula-parts")).to_contain_text("net_amount")
    rules.get_by_role("button", name="Count the records that break it").click()
    expect(rules.get_by_role("status")).to_contain_text("0 records", timeout=WAIT)
    drawer.person.look("rules")
    assert drawer.person.faults == []


@pytest.fixture
def chinese(server: str, browser: Browser, shots: Path) -> Iterator[Drawer]:
    """The same person in Chinese, for whom the language is set back: the other tests read English."""
    person = sit_down(browser, server, "linzhixia", "zh", 1280, shots)
    drawer = Drawer(person)
    drawer.begin("公式")
    yield drawer
    person.go("/")
    person.page.locator("header button[name=language]").click()
    expect(person.page.locator("html")).to_have_attribute("lang", re.compile("^en"))


def test_fields_are_found_by_their_chinese_names(chinese: Drawer) -> None:
    page = chinese.page
    page.get_by_label("查找", exact=True).fill("生成赠品行")
    page.locator(".outline").get_by_role("button", name="生成赠品行", exact=True).click()
    area = page.locator(".sentences [data-key=when] textarea")
    area.fill("")
    area.type("状态")
    expect(page.locator(".offers [aria-selected=true]")).to_contain_text("status")
    area.press("Enter")
    expect(area).to_have_value("status")
    assert page.get_by_role("region", name="当", exact=True).locator(
        ".part-text"
    ).all_inner_texts() == [
        "执行转换“提交”时",
        "审批结果为通过时",
    ]
    chinese.person.look("automation")


def test_constants_and_extensions_are_drawn(drawer: Drawer) -> None:
    page = drawer.page
    unfold(drawer, "Ordering", "Ordering")
    page.get_by_role("button", name="Constants and expressions").click()
    constants = page.get_by_role("region", name="Constants")
    constants.locator("[data-sort=constants]").click()
    constants.get_by_label(re.compile("^Value of ")).last.fill("12.5")
    expect(constants.locator(".part-text").last).to_contain_text("= 12.5")
    drawer.person.look("constants")
    expressions = page.get_by_role("region", name="Named expressions")
    expressions.locator("[data-sort=expressions]").click()
    area = expressions.locator("textarea").last
    area.fill("amount * 1.13")
    result = expressions.locator(".formula-result").last
    expect(result.locator(".formula-value")).to_contain_text("= 1.13", timeout=WAIT)
    result.get_by_label("amount").fill("100")
    expect(result.locator(".formula-value")).to_contain_text("= 113.", timeout=WAIT)
    result.get_by_label("amount").fill("a lot")
    expect(result.get_by_role("group", name="Tried with")).to_contain_text(
        "is not a number", timeout=WAIT
    )
    result.get_by_role("button", name="Back to the samples").press("Enter")
    expect(result.get_by_label("amount")).to_have_value("1.000000")
    area.fill("amuont * 2")
    expect(result.locator("mark")).to_have_text("amuont", timeout=WAIT)
    drawer.person.look("expressions")
    # All tests share the draft: what is wrong in it would refuse the scenarios of others.
    area.fill("amount * 2")
    expect(result.locator("mark")).to_have_count(0)
    expect(page.locator(".saving")).to_contain_text("Saved", timeout=WAIT)
    unfold(drawer, "Accounts", "Partner")
    expect(page.locator(".extends-target")).to_contain_text("Object that is extended")
    expect(page.locator(".field-row")).to_have_count(4)
    drawer.person.look("extension")
