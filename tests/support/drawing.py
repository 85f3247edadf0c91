"""An admin who draws in the designer, as a browser test plays them."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.support.browsing import Person


class Drawer:
    """An admin at the designer: every press and every text typed is counted."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.page = person.page
        self.interactions = 0

    def press(self, what: Locator) -> None:
        self.interactions += 1
        what.click()

    def type(self, what: Locator, text: str) -> None:
        self.interactions += 1
        what.fill(text)

    def choose(self, what: Locator, value: str) -> None:
        self.interactions += 1
        what.select_option(value)

    # -- the designer -----------------------------------------------------------------------------

    def begin(self, name: str) -> None:
        """Begin a draft."""
        self.person.go("/design")
        self.type(self.page.locator("#draft-name"), name)
        self.press(self.page.locator("form[action='/design'] button"))
        expect(self.page.locator("html[data-design=ready]")).to_be_attached(timeout=30_000)

    def new(self, kind: str, label: str, name: str, **chosen: str) -> None:
        """Add a definition; `of` is what it is about, `module` where it belongs."""
        self.press(self.page.locator(".outline-head button"))
        form = self.page.locator(".new-document")
        selects = form.locator("select")
        self.choose(selects.nth(0), kind)
        if "module" in chosen:
            self.choose(selects.nth(1), chosen["module"])
        if "of" in chosen:
            self.choose(selects.nth(2), chosen["of"])
        self.type(form.locator("input").nth(0), label)
        self.type(form.locator("input").nth(1), name)
        self.press(form.locator("button"))
        expect(self.page.locator(".canvas-head code")).to_have_text(name)

    def field(self, kind: str, label: str, name: str) -> None:
        """Add a field from the palette and give it its names."""
        tile = self.page.locator(".palette-type:not(.child-table)").filter(
            has_text=re.compile(f"^{kind}$")
        )
        self.press(tile)
        self.type(self.option("label").locator("input").first, label)
        self.type(self.option("name").locator("input"), name)

    def option(self, key: str) -> Locator:
        return self.page.locator(f".options [data-key={key}]").first

    def unfold(self) -> None:
        """Show the options that are needed now and then."""
        self.press(self.page.locator(".options .option-list > details > summary"))

    def formula(self, key: str, text: str) -> None:
        """Type a formula and leave what is offered."""
        area = self.option(key).locator("textarea")
        self.type(area, text)
        area.press("Escape")

    def approvers(self, *roles: str) -> None:
        """Say whom a step asks."""
        items = self.option("approvers")
        for position, role in enumerate(roles):
            if position >= items.locator("> .items > ol > li").count():
                self.press(items.locator("> .items > button"))
            else:
                self.press(items.locator("> .items > ol > li .item-head .plain").nth(position))
            chosen = (
                items.locator("> .items > ol > li").nth(position).locator("[data-key=role] select")
            )
            self.choose(chosen, role)

    def open(self, kind: str, name: str) -> None:
        """Open a definition from the outline."""
        self.type(self.page.locator(".outline input[type=search]"), name)
        part = self.page.locator(".outline-kind").filter(
            has=self.page.locator("h3", has_text=re.compile(f"^{kind}$"))
        )
        self.press(part.locator("li button").first)
        expect(self.page.locator(".canvas-head code")).to_have_text(name)

    def publish(self, message: str) -> None:
        """Look at what publishing does, say what it is for, publish."""
        self.press(self.page.locator(".studio-acts a.main"))
        expect(self.page.locator("form.publish")).to_be_visible(timeout=30_000)
        self.person.look("publish centre")
        self.type(self.page.locator("[name=message]"), message)
        self.press(self.page.locator(".bar button.main"))
        expect(self.page.locator("form.publish")).to_have_count(0, timeout=60_000)

    def saved(self) -> None:
        """Wait until everything is on the server and nothing is wrong."""
        expect(self.page.locator(".saving")).to_contain_text("已保存", timeout=15_000)
