"""An admin at the designer without a mouse. After each key the focus must be somewhere and be seen."""

from __future__ import annotations

from typing import Any, Final

from playwright.sync_api import Page, expect

from tests.support.browsing import Person

MOST_TABS: Final = 260
FOCUS: Final = """() => {
    const one = document.activeElement;
    if (one === null || one === document.body) return "nothing has the focus";
    const seen = (part) => {
        const style = getComputedStyle(part);
        return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    };
    return seen(one) ? "" : `no visible focus on ${one.outerHTML.slice(0, 160)}`;
}"""
DOCUMENTS: Final = """async (draft) => {
    const token = document.querySelector('meta[name="csrf-token"]').content;
    const answer = await fetch(`/api/v1/metadata/drafts/${draft}/documents?content=true`,
        {headers: {"X-CSRF-Token": token}});
    return (await answer.json()).items;
}"""


class Keys:
    """Whoever holds the keyboard."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.page: Page = person.page

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self._seen(f"after {key}")

    def write(self, text: str) -> None:
        """Replace what stands in the field that has the focus."""
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)
        self._seen(f"after typing {text}")

    def to(self, selector: str, key: str = "Tab") -> None:
        """Press Tab until what has the focus fits."""
        for _ in range(MOST_TABS):
            if self.page.evaluate("(what) => document.activeElement.matches(what)", selector):
                self._seen(f"at {selector}")
                return
            self.page.keyboard.press(key)
        raise AssertionError(f"{key} never reaches {selector}")

    def to_before(self, selector: str) -> None:
        """Press Shift and Tab until what has the focus fits."""
        self.to(selector, "Shift+Tab")

    def led_to(self, selector: str) -> None:
        """Wait until the focus has come to what fits by itself: nobody looks for what they just made."""
        expect(self.page.locator(selector)).to_be_focused()
        self._seen(f"at {selector}")

    def region(self, selector: str) -> None:
        """Press F6 until the focus is inside."""
        for _ in range(5):
            self.press("F6")
            if self.focused(f"closest({selector!r}) !== null"):
                return
        raise AssertionError(f"F6 never reaches {selector}")

    def focused(self, what: str) -> Any:
        """Return a property of what has the focus."""
        self._seen(what)
        return self.page.evaluate(f"document.activeElement.{what}")

    def open(self, kind: str, name: str) -> None:
        """Seek a definition in the outline, go down to it, open it, go over to the canvas."""
        self.region(".studio-bar")
        self.press("/")
        self.write(name)
        wanted = self.page.evaluate(
            "(key) => JSON.parse(document.getElementById('design').textContent).words[key]",
            f"design.kinds_{kind}",
        )
        for _ in range(60):
            self.press("ArrowDown")
            heading = "closest('.outline-kind')?.querySelector('h3').textContent"
            if self.page.evaluate(f"document.activeElement.{heading}") == wanted:
                break
        self.press("Enter")
        expect(self.page.locator(".canvas-head code").first).to_have_text(name)
        self.region(".canvas")

    def saved(self) -> None:
        """Wait until the server has everything."""
        expect(self.page.locator(".saving")).to_have_text("Saved", timeout=15_000)
        self._seen("after saving")

    def kept(self, kind: str, name: str) -> dict[str, Any]:
        """Return a definition as the server has it."""
        draft = self.page.url.split("/design/")[1].split("#")[0]
        found = self.page.evaluate(DOCUMENTS, draft)
        contents = [one["document"]["content"] for one in found if one["document"]]
        return next(one for one in contents if one["kind"] == kind and one["name"] == name)

    def _seen(self, when: str) -> None:
        """What loses the focus may give it back in the next moment, no later."""
        for _ in range(10):
            told = self.page.evaluate(FOCUS)
            if told == "":
                return
            self.page.wait_for_timeout(30)
        raise AssertionError(f"{when}: {told}")
