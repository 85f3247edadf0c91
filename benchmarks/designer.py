"""How long the designer takes from an interaction to the next paint, with a wide object and a large workflow.

    .venv/bin/python -m benchmarks.designer [--address http://127.0.0.1:8000] [--fields 300] [--states 60]

Without an address a demo is made and served. Prints milliseconds, p50 and p95, of what Chromium's
Event Timing says of each interaction (in steps of 8 ms), the longest of its events.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.e2e.conftest import CHROMIUM, FLAGS, environment, serving
from tests.support.browsing import sit_down
from tests.support.together import ask, labelled

LOGIN: Final = "linzhixia"
TYPES: Final = ("text", "integer", "date", "boolean", "decimal", "text")
OBSERVE: Final = """() => {
    window.slowest = 0;
    new PerformanceObserver((list) => {
        for (const one of list.getEntries()) window.slowest = Math.max(window.slowest, one.duration);
    }).observe({type: "event", durationThreshold: 16});
}"""
# The observer is told after the paint: two frames and a moment later.
PAINTED: Final = """() => new Promise((done) => requestAnimationFrame(() =>
    requestAnimationFrame(() => setTimeout(() => {
        const slowest = window.slowest;
        window.slowest = 0;
        done(slowest);
    }, 60))))"""


class Bench:
    """Measures interactions with one page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: dict[str, list[float]] = {}

    def measure(self, name: str, act: Callable[[], object]) -> None:
        self.page.evaluate(PAINTED)
        act()
        self.found.setdefault(name, []).append(self.page.evaluate(PAINTED))

    def print(self) -> None:
        print(f"{'interaction':<34}{'times':>6}{'p50':>7}{'p95':>7}")
        for name, values in self.found.items():
            values.sort()
            middle = values[len(values) // 2]
            high = values[math.ceil(len(values) * 0.95) - 1]
            print(f"{name:<34}{len(values):>6}{middle:>7.0f}{high:>7.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address")
    parser.add_argument("--fields", type=int, default=300)
    parser.add_argument("--states", type=int, default=60)
    asked = parser.parse_args()
    with _server(asked.address) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        with tempfile.TemporaryDirectory() as shots:
            person = sit_down(browser, address, LOGIN, "en", 1280, Path(shots))
        page = person.page
        person.go("/design")
        draft = _draft(page, asked.fields, asked.states)
        person.go(f"/design/{draft}")
        expect(page.locator("html[data-design=ready]")).to_be_attached(timeout=60_000)
        page.evaluate(OBSERVE)
        bench = Bench(page)
        _object(bench, asked.fields)
        _workflow(bench)
        bench.print()
        browser.close()


@contextlib.contextmanager
def _server(address: str | None) -> Iterator[str]:
    if address is not None:
        yield address
        return
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, "-m", "headrace", "demo"]
        subprocess.run(command, cwd=place, env=environment(), check=True, stdout=subprocess.DEVNULL)
        with serving(Path(place)) as made:
            yield made


def _draft(page: Page, fields: int, states: int) -> str:
    """Make a draft with an object and a workflow of that size."""
    number = len(ask(page, "GET", "?closed=true")["items"])
    draft: str = ask(page, "POST", "", {"name": f"Large {number}"})["id"]
    made = [
        labelled(f"field_{one}", f"Field number {one}", type=TYPES[one % len(TYPES)])
        for one in range(fields - 2)
    ]
    made.append(labelled("sum", "Sum", type="formula", formula="field_1 + 1"))
    made.append(labelled("status", "Status", type="state", workflow="large_flow"))
    thing = labelled("large_thing", "Large thing", kind="object", fields=made, title="field_0")
    nodes = [labelled(f"state_{one}", f"State {one}") for one in range(states)]
    nodes[0]["initial"] = True
    ways = [
        labelled(
            f"way_{one}",
            f"Way {one}",
            to=f"state_{to}",
            by=["brand_admin"],
            **{"from": [f"state_{one}"]},
        )
        for one in range(states)
        for to in [min(one + 1 + one % 3, states - 1)]
        if to != one
    ]
    flow = labelled(
        "large_flow",
        "Large flow",
        kind="workflow",
        object="large_thing",
        field="status",
        states=nodes,
        transitions=ways,
    )
    for content in (thing, flow):
        told = ask(page, "POST", f"/{draft}/documents", {"module": "ordering", "content": content})
        assert "id" in told, told
    return draft


def _open(page: Page, name: str) -> None:
    page.locator(".outline input[type=search]").fill(name)
    page.locator(".outline-kind li .plain").first.click()
    expect(page.locator(".canvas-head code")).to_have_text(name)


def _object(bench: Bench, fields: int) -> None:
    page = bench.page
    _open(page, "large_thing")
    rows = page.locator(".field-row")
    expect(rows).to_have_count(fields)

    def label(position: int) -> Locator:
        return page.get_by_label(f"Label of field_{position}", exact=True)

    label(150).click()
    for letter in "Somebody types a rather long label here":
        bench.measure("typing in a field's label", partial(page.keyboard.press, letter))
    for position in range(120, 200, 2):
        row = rows.nth(position)
        row.scroll_into_view_if_needed()
        bench.measure("choosing a field", row.locator(".field-type").click)
    for position in range(140, 160):
        rows.nth(position).scroll_into_view_if_needed()
        start, end = rows.nth(position).bounding_box(), rows.nth(position + 4).bounding_box()
        if start is None or end is None:
            continue

        def drag(start: Any = start, end: Any = end) -> None:
            page.mouse.move(start["x"] + 8, start["y"] + 8)
            page.mouse.down()
            page.mouse.move(start["x"] + 8, start["y"] + 20, steps=2)
            page.mouse.move(end["x"] + 8, end["y"] + 8, steps=6)
            page.mouse.up()

        bench.measure("dragging a field", drag)
    tile = page.locator(".palette-type:not(.child-table)", has_text="Text").first
    for _ in range(15):
        tile.scroll_into_view_if_needed()
        bench.measure("adding a field", tile.click)
    for _ in range(15):
        bench.measure("undo", partial(page.keyboard.press, "Control+z"))
    page.get_by_label("Label of sum", exact=True).click()
    area = page.locator(".options [data-key=formula] textarea")
    area.fill("")
    for letter in "field_2 * 2 + field_8 + max(field_14, 3)":
        bench.measure("typing a formula", partial(area.press, letter))
        area.press("Escape")


def _workflow(bench: Bench) -> None:
    page = bench.page
    _open(page, "large_flow")
    page.wait_for_timeout(1000)
    states = page.locator(".flow-state .flow-marks")
    frame = page.locator(".flow").bounding_box()
    assert frame is not None
    chosen = 0
    for position in range(states.count()):
        box = states.nth(position).bounding_box()
        inside = box is not None and (
            frame["x"] < box["x"] < frame["x"] + frame["width"] - 60
            and frame["y"] < box["y"] < min(frame["y"] + frame["height"], 860) - 30
        )
        if inside and chosen < 15:
            chosen += 1
            state = states.nth(position)
            bench.measure("choosing a state", partial(state.click, force=True))
    page.get_by_role("button", name="Add a transition").click()
    form = page.locator(".way-form")
    for number in range(10):
        form.locator("select").nth(0).select_option(f"state_{number}")
        form.locator("select").nth(1).select_option(f"state_{number + 3}")
        form.locator("input").fill(f"Short cut {number}")
        bench.measure("adding a transition", form.get_by_role("button", name="Add").click)


if __name__ == "__main__":
    main()
