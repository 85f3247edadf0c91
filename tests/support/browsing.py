"""A person at a browser: signs in, looks at pages, and notices what is wrong with them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

PASSWORD = "headrace-demo"
AXE = Path(__file__).parents[2] / "designer" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SERIOUS = {"serious", "critical"}
UNLABELLED = """() => [...document.querySelectorAll("input, select, textarea, button")]
    .filter((one) => one.type !== "hidden" && one.getClientRects().length > 0)
    .filter((one) => one.closest("[aria-hidden=true]") === null && one.ariaHidden !== "true")
    .filter((one) => {
        const named = one.getAttribute("aria-label") || one.getAttribute("aria-labelledby");
        const labelled = one.labels && [...one.labels].some((label) => label.textContent.trim());
        const text = one.tagName === "BUTTON" && one.textContent.trim();
        return !(named || labelled || text);
    })
    .map((one) => one.outerHTML.slice(0, 200))"""

# What axe calls too small may only be scrolled under a fixed bar, so sizes are measured here.
SMALL = """() => [...document.querySelectorAll("main input, main select, main button, .button, nav a")]
    .filter((one) => one.type !== "hidden" && one.getClientRects().length > 0)
    .filter((one) => one.closest("[aria-hidden=true], .visually-hidden") === null)
    .filter((one) => !one.classList.contains("visually-hidden"))
    .filter((one) => {
        const label = one.labels && one.labels[0];
        const boxes = [one, label].filter(Boolean).map((part) => part.getBoundingClientRect());
        return !boxes.some((box) => box.width >= 24 && box.height >= 24);
    })
    .map((one) => one.outerHTML.slice(0, 200))"""


@dataclass
class Person:
    """Somebody at a screen of a size, in a language. `faults` collects what must not happen."""

    context: BrowserContext
    page: Page
    address: str
    language: str
    width: int
    shots: Path
    name: str
    faults: list[str] = field(default_factory=list)
    count: int = 0

    def look(self, what: str, *, axe: bool = True) -> None:
        """Refuse sideways scrolling, inputs without label, serious axe findings.

        There is a picture of what has faults, and of all where HEADRACE_SHOTS asks for pictures: to
        take one costs as much as the page.
        """
        self.page.wait_for_load_state("networkidle")
        self.count += 1
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        if wide > self.width:
            self.faults.append(f"{what}: {wide} pixels wide")
        self.faults += [f"{what}: no label: {one}" for one in self.page.evaluate(UNLABELLED)]
        self.faults += [f"{what}: too small: {one}" for one in self.page.evaluate(SMALL)]
        language = "zh-CN" if self.language == "zh" else "en"
        if self.page.evaluate("document.documentElement.lang") != language:
            self.faults.append(f"{what}: the page is not marked as {language}")
        if axe:
            self._axe(what)
        if self.faults or "HEADRACE_SHOTS" in os.environ:
            picture = f"{self.name}-{self.width}-{self.language}-{self.count:02d}-{what}.png"
            self.page.screenshot(path=self.shots / picture, full_page=True)
        assert not self.faults, "\n".join(self.faults)

    def _axe(self, what: str) -> None:
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate(
            """(rules) => axe.run(document, {
                runOnly: rules,
                resultTypes: ["violations"],
                rules: {"target-size": {enabled: false}},
            })""",
            RULES,
        )
        for one in found["violations"]:
            if one["impact"] in SERIOUS:
                nodes = "; ".join(node["html"][:200] for node in one["nodes"][:3])
                self.faults.append(f"{what}: axe {one['id']}: {nodes}")

    def go(self, path: str) -> None:
        """Open an address."""
        self.page.goto(self.address + path)

    def text(self, selector: str) -> str:
        """Return the text of the first element."""
        return self.page.locator(selector).first.inner_text().strip()

    def amount(self, where: str | Locator) -> Decimal:
        """Return an amount that stands on the page."""
        locator = self.page.locator(where).first if isinstance(where, str) else where
        return Decimal(re.sub(r"[^0-9.\-]", "", locator.inner_text()) or "0")


def sit_down(
    browser: Browser, address: str, login: str, language: str, width: int, shots: Path
) -> Person:
    """Open a browser of its own and sign in; the language of the user is set where it differs."""
    context = browser.new_context(
        viewport={"width": width, "height": 812 if width < 800 else 900},
        locale="zh-CN" if language == "zh" else "en-US",
        has_touch=width < 800,
    )
    page = context.new_page()
    person = Person(context, page, address, language, width, shots, login)
    page.on("console", lambda message: _console(person, message))
    page.on("pageerror", lambda error: person.faults.append(f"script: {error}"))
    page.on("request", lambda request: _report(person, request))
    page.on("response", lambda response: _answer(person, response))
    person.go(f"/sign-in?language={language}")
    person.look("sign-in")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    expect(page.locator(".shell")).to_be_visible()
    if page.evaluate("document.documentElement.lang").startswith("zh") is not (language == "zh"):
        page.locator("header button[name=language]").click()
        expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{language}"))
    return person


def _console(person: Person, message: object) -> None:
    kind, text = message.type, message.text
    if kind in {"error", "warning"}:
        person.faults.append(f"console {kind}: {text} {message.location.get('url', '')}")


def _report(person: Person, request: object) -> None:
    if request.url.endswith("/csp-report"):
        person.faults.append(f"policy report: {request.post_data}")


def _answer(person: Person, response: object) -> None:
    if response.status >= 500:
        person.faults.append(f"{response.status} from {response.url}")
