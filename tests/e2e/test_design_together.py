"""Two real browsers on one draft, and browsers that lose the server, the session or their life."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import environment, serving
from tests.support.browsing import PASSWORD, Person, sit_down
from tests.support.together import (
    CHOICES,
    OBJECT,
    SLOTS,
    Drafter,
    ask,
    begin,
    changes,
    contents,
)

pytestmark = pytest.mark.e2e

ADMINS = ("linzhixia", "zhoumuzhi")
ROLES = ("channel_director", "brand_admin")
A_GROUP = 20


@pytest.fixture(scope="module")
def server(
    front_end: None, demo_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A server over a demo in which two people may design."""
    folder = tmp_path_factory.mktemp("together") / "demo"
    shutil.copytree(demo_folder, folder)
    subprocess.run(
        [sys.executable, "-m", "headrace", "user", "roles", ADMINS[1], *ROLES],
        cwd=folder,
        env=environment(),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    with serving(folder) as address:
        yield address


@pytest.fixture
def admins(browser: Browser, server: str, shots: Path) -> Iterator[list[Person]]:
    people = [sit_down(browser, server, login, "en", 1280, shots) for login in ADMINS]
    yield people
    for one in people:
        one.context.close()


def together(people: list[Person], name: str) -> list[Drafter]:
    """Open a draft in both browsers."""
    people[0].go("/design")
    draft = begin(people[0].page, name)
    drafters = [Drafter(one, draft) for one in people]
    for one in drafters:
        one.open()
    return drafters


def test_two_browsers_lose_no_edit_of_each_other(admins: list[Person], deep: bool) -> None:
    drafters = together(admins, "Two at once")
    chance = random.Random(20_251)
    rounds = 500 if deep else A_GROUP
    for number in range(rounds):
        one = chance.choice(drafters)
        one.act(chance, f"w{number}_{chance.randrange(10**6)}")
        one.page.wait_for_timeout(chance.choice((0, 0, 50, 300, 700)))
        if (number + 1) % A_GROUP == 0:
            _both_have_everything(drafters)


def _both_have_everything(drafters: list[Drafter]) -> None:
    for one in (*drafters, *drafters):
        # Whoever looks last brings what the other one saved, and may have to send the merge.
        one.page.wait_for_timeout(2600)
        one.saved()
    page, draft = drafters[0].page, drafters[0].draft
    kept = contents(page, draft)
    for one in drafters:
        assert {name: one.shown_json(name) for name in kept} == kept
    labels = [one["label"].get("en") for one in kept[OBJECT]["fields"]]
    added = [text for one in drafters for text in one.added]
    assert sorted(set(labels) & set(added)) == sorted(added)
    told = changes(page, draft)
    places: dict[str, Any] = {
        **{
            one["name"]: one["label"]["en"]
            for one in kept[OBJECT]["fields"]
            if one["name"] in SLOTS
        },
        CHOICES: kept[CHOICES]["label"]["zh"],
    }
    for place, value in places.items():
        wanted = [one.set[place] for one in drafters if place in one.set]
        assert not wanted or value in wanted, place
        assert [text for text in wanted if text not in told] == [], place
    ids = [one["id"] for one in kept[OBJECT]["fields"]]
    assert len(ids) == len(set(ids)) == len(SLOTS) + len(added)


def test_a_browser_that_dies_loses_nothing_that_is_a_second_old(admins: list[Person]) -> None:
    first, second = together(admins, "Killed")
    first.rename("f1", "Before it died")
    first.page.wait_for_timeout(1000)
    first.person.context.close()

    label = contents(second.page, second.draft)[OBJECT]["fields"][0]["label"]
    assert label["en"] == "Before it died"


def test_a_closed_page_sends_what_was_typed_last(admins: list[Person]) -> None:
    first, second = together(admins, "Closed")
    first.rename("f1", "The last word")
    first.look_at(CHOICES)
    first.page.locator(".options [data-key=label] input").first.fill("The very last")
    first.page.goto("about:blank")

    second.page.wait_for_timeout(1000)
    kept = contents(second.page, second.draft)
    assert kept[OBJECT]["fields"][0]["label"]["en"] == "The last word"
    assert kept[CHOICES]["label"]["en"] == "The very last"


def test_who_leaves_with_more_than_a_closing_page_sends_is_asked_and_loses_nothing(
    admins: list[Person],
) -> None:
    first, second = together(admins, "Large")
    held = next(
        one for one in held_documents(second) if one["document"]["content"]["name"] == CHOICES
    )
    many = [
        {"value": f"v{number}", "label": {"en": "long " * 40, "zh": f"值{number}"}}
        for number in range(400)
    ]
    content = {**held["document"]["content"], "choices": many}
    sent = second.page.evaluate(
        """async ([address, body, version]) => (await fetch(address, {
            method: "PUT",
            headers: {
                "X-CSRF-Token": document.querySelector('meta[name="csrf-token"]').content,
                "Content-Type": "application/json",
                "If-Match": `"${version}"`,
            },
            body: JSON.stringify(body),
        })).status""",
        [
            f"/api/v1/metadata/drafts/{second.draft}/documents/{held['id']}",
            {"content": content},
            held["version"],
        ],
    )
    assert sent == 200
    first.open()
    first.look_at(CHOICES)
    first.page.locator(".options [data-key=label] input").first.fill("Typed at the end")
    with first.page.expect_event("dialog") as asked:
        first.page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.accept()

    second.page.wait_for_timeout(2000)
    kept = contents(second.page, second.draft)[CHOICES]
    assert kept["label"]["en"] == "Typed at the end"
    assert len(kept["choices"]) == 400


def held_documents(drafter: Drafter) -> list[dict[str, Any]]:
    return ask(drafter.page, "GET", f"/{drafter.draft}/documents?content=true")["items"]


def test_who_is_no_longer_signed_in_is_told_so_and_keeps_the_edits(
    admins: list[Person], server: str
) -> None:
    first, _ = together(admins, "Signed out")
    context = first.person.context
    context.clear_cookies()
    first.rename("f1", "Kept until later")
    banner = first.page.locator(".studio-bar [role=alert]")
    expect(banner).to_contain_text("You are no longer signed in")
    with context.expect_page() as opened:
        banner.get_by_role("link", name="Sign in again").click()
    other = opened.value
    other.fill("#login", ADMINS[0])
    other.fill("#password", PASSWORD)
    other.press("#password", "Enter")
    expect(other).to_have_url(f"{server}/design/{first.draft}", timeout=15_000)
    other.close()

    first.saved()
    expect(banner).to_have_count(0)
    label = contents(first.page, first.draft)[OBJECT]["fields"][0]["label"]
    assert label["en"] == "Kept until later"


def test_what_could_not_be_sent_is_there_when_the_draft_is_opened_again(
    admins: list[Person],
) -> None:
    first, _ = together(admins, "Offline")
    first.page.route("**/api/v1/metadata/drafts/**", lambda route: route.abort())
    first.rename("f1", "Typed on a train")
    expect(first.page.locator(".saving")).to_contain_text("cannot be reached")
    first.page.goto("about:blank")
    first.page.unroute_all()
    first.shown = ""
    first.open()

    expect(first.label_of("f1")).to_have_value("Typed on a train")
    first.saved()
    label = contents(first.page, first.draft)[OBJECT]["fields"][0]["label"]
    assert label["en"] == "Typed on a train"


def test_edits_in_a_draft_that_somebody_closed_go_into_a_new_one(admins: list[Person]) -> None:
    first, second = together(admins, "Given up")
    version = ask(second.page, "GET", f"/{second.draft}")["version"]
    second.page.evaluate(
        """async ([draft, version]) => fetch(`/api/v1/metadata/drafts/${draft}`, {
            method: "DELETE",
            headers: {
                "X-CSRF-Token": document.querySelector('meta[name="csrf-token"]').content,
                "If-Match": `"${version}"`,
            },
        })""",
        [second.draft, version],
    )
    first.rename("f1", "After the end")
    banner = first.page.locator(".studio-bar [role=alert]")
    expect(banner).to_contain_text("周牧之 gave this draft up", timeout=10_000)
    expect(banner).to_contain_text("Your last changes are not in it")
    first.page.get_by_role("button", name="Go on in a new draft").click()
    first.page.wait_for_url(lambda url: "/design/" in url and first.draft not in url)

    expect(first.page.locator(".canvas-head code")).to_have_text(OBJECT, timeout=15_000)
    expect(first.label_of("f1")).to_have_value("After the end")
    first.saved()


def test_who_else_is_there_is_shown_with_what_they_look_at(admins: list[Person]) -> None:
    first, second = together(admins, "Seen")
    people = first.page.get_by_role("list", name="Also in this draft")
    expect(people).to_contain_text("周牧之", timeout=15_000)
    second.look_at(CHOICES)
    there = people.get_by_role("button", name="Kinds of rooms")
    expect(there).to_be_visible(timeout=15_000)
    told = first.page.locator(".studio-bar [role=status].visually-hidden")
    expect(told.filter(has_text="Also")).to_have_text("Also in this draft: 周牧之")
    first.person.look("together")
    there.click()
    expect(first.page.locator(".canvas-head code")).to_have_text(CHOICES)


def test_what_is_typed_goes_where_it_was_chosen_while_another_puts_something_before_it(
    admins: list[Person],
) -> None:
    first, second = together(admins, "Moved away")
    first.label_of("f2").click()
    label = first.page.locator(".options [data-key=label] input").first
    label.focus()
    label.press("End")
    second.label_of("f4").press("Alt+ArrowUp")
    second.label_of("f4").press("Alt+ArrowUp")
    second.label_of("f4").press("Alt+ArrowUp")
    expect(first.page.locator(".field-row code").first).to_have_text("f4", timeout=15_000)
    first.page.keyboard.type("!")

    expect(first.label_of("f2")).to_have_value("f2!")
    expect(label).to_be_focused()
    first.saved()


def test_the_caret_stays_behind_what_was_completed_in_a_formula(admins: list[Person]) -> None:
    first, _ = together(admins, "Formula")
    first.page.locator(".palette-type", has_text="Formula").first.click()
    area = first.page.locator(".options [data-key=formula] textarea")
    area.fill(" + 1")
    area.press("Home")
    area.press_sequentially("f")
    expect(first.page.locator(".offers [role=option]").first).to_be_visible()
    area.press("Enter")
    chosen = area.input_value().removesuffix(" + 1")
    assert chosen
    assert area.evaluate("(one) => one.selectionStart") == len(chosen)
