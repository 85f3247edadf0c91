"""Two admins in one draft, each at a browser of their own, who do what chance says."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page, expect

from tests.support.browsing import Person

OBJECT = "meeting_room"
CHOICES = "room_kind"
SLOTS = ("f1", "f2", "f3", "f4")
ASK = """async ([method, address, body]) => {
    const token = document.querySelector('meta[name="csrf-token"]').content;
    const answer = await fetch('/api/v1/metadata/drafts' + address, {
        method,
        headers: {"X-CSRF-Token": token, "Content-Type": "application/json"},
        body: body === null ? undefined : JSON.stringify(body),
    });
    return await answer.json();
}"""


def ask(page: Page, method: str, address: str, body: Any = None) -> Any:
    """Ask the API of drafts as who is signed in on a page."""
    return page.evaluate(ASK, [method, address, body])


def labelled(name: str, text: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "label": {"en": text, "zh": text}, **more}


def begin(page: Page, name: str) -> str:
    """Make a draft with an object of a few fields and a set of choices; return its id."""
    draft: str = ask(page, "POST", "", {"name": name})["id"]
    fields = [labelled(one, one, type="text") for one in SLOTS]
    room = labelled(OBJECT, "Meeting room", kind="object", fields=fields, title="f1")
    kinds = [{"value": one, "label": {"en": one, "zh": one}} for one in ("small", "large")]
    for content in (room, labelled(CHOICES, "Kinds of rooms", kind="choice_set", choices=kinds)):
        ask(page, "POST", f"/{draft}/documents", {"module": "ordering", "content": content})
    return draft


def contents(page: Page, draft: str) -> dict[str, Any]:
    """Return what the draft holds on the server, by name."""
    found = ask(page, "GET", f"/{draft}/documents?content=true")["items"]
    documents = [one["document"]["content"] for one in found if one["document"]]
    return {one["name"]: one for one in documents if one["name"] in {OBJECT, CHOICES}}


def changes(page: Page, draft: str) -> str:
    """Return everything that the draft's list of changes says, as text."""
    texts: list[str] = []
    after = 0
    while items := ask(page, "GET", f"/{draft}/changes?after={after}")["items"]:
        after = items[-1]["number"]
        texts += [json.dumps(one["after"], ensure_ascii=False) for one in items if one["after"]]
    return "\n".join(texts)


@dataclass
class Drafter:
    """An admin in the draft. `set` has what they last set at places that the other one sets too."""

    person: Person
    draft: str
    set: dict[str, str] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    shown: str = ""

    @property
    def page(self) -> Page:
        return self.person.page

    def open(self) -> None:
        self.person.go(f"/design/{self.draft}")
        expect(self.page.locator("html[data-design=ready]")).to_be_attached(timeout=30_000)
        self.look_at(OBJECT)

    def look_at(self, name: str) -> None:
        """Open a document from the outline."""
        if self.shown == name:
            return
        self.page.locator(".outline input[type=search]").fill(name)
        self.page.locator(".outline li .plain").first.click()
        expect(self.page.locator(".canvas-head code")).to_have_text(name)
        self.shown = name

    def act(self, chance: random.Random, mark: str) -> None:
        """Do one of what an admin does; `mark` is a text that nobody else writes."""
        match chance.randrange(8):
            case 0 | 1 | 2:
                self.rename(chance.choice(SLOTS), mark)
            case 3 | 4:
                self.add(mark)
            case 5:
                self.look_at(OBJECT)
                row = self.label_of(chance.choice(SLOTS))
                row.press(chance.choice(("Alt+ArrowUp", "Alt+ArrowDown")))
            case 6:
                self.look_at(CHOICES)
                self.page.locator(".options [data-key=label] input").nth(1).fill(mark)
                self.set[CHOICES] = mark
            case _:
                self.look_at(OBJECT)
                self.add(mark)
                self.added.remove(mark)
                # One step for what was typed, one for the field.
                self.page.keyboard.press("Control+z")
                self.page.keyboard.press("Control+z")

    def label_of(self, slot: str) -> Any:
        return self.page.get_by_label(f"Label of {slot}", exact=True)

    def rename(self, slot: str, text: str) -> None:
        self.look_at(OBJECT)
        self.label_of(slot).fill(text)
        self.set[slot] = text

    def add(self, text: str) -> None:
        """Add a field with a label of its own."""
        self.look_at(OBJECT)
        self.page.locator(".palette-type:not(.child-table)", has_text="Text").first.click()
        self.page.locator(".options [data-key=label] input").first.fill(text)
        self.added.append(text)

    def saved(self) -> None:
        expect(self.page.locator(".saving")).to_have_text("Saved", timeout=30_000)

    def shown_json(self, name: str) -> Any:
        """Return a document as this browser has it."""
        self.look_at(name)
        self.page.locator(".switch button", has_text="JSON").click()
        text = self.page.locator(".json-pane textarea").input_value()
        self.page.locator(".switch button").first.click()
        return json.loads(text)
