"""The scenes of the designer that the docs show: how to come to each in either language, and their files.

A picture is written anew only where it looks otherwise, so that writing them all changes no file without a reason.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageChops
from playwright.sync_api import Locator, Page, expect

WAIT: Final = 20_000
A_LARGE_ORDER: Final = "SO-20250626-0003"
WORD = "(key) => JSON.parse(document.getElementById('design').textContent).words[`design.${key}`]"


@dataclass(frozen=True)
class Scene:
    """A picture: its file's name, and what somebody does to see it from the open draft."""

    name: str
    show: Callable[[Page], None]


def word(page: Page, key: str) -> str:
    """Return a word of the designer as the page shows it."""
    return page.evaluate(WORD, key)


def button(page: Page, key: str, within: str = "body") -> Locator:
    return page.locator(within).get_by_role("button", name=word(page, key), exact=True)


def open_document(page: Page, kind: str, name: str) -> None:
    """Open a definition of the draft from the outline."""
    seek = page.locator(".outline input[type=search]")
    seek.fill(name)
    listed = page.locator(".outline-kind").filter(
        has=page.get_by_role("heading", name=word(page, f"kinds_{kind}"), exact=True)
    )
    listed.locator("li button").first.click()
    expect(page.locator(".canvas-head code")).to_have_text(name)
    seek.fill("")
    page.evaluate("document.activeElement.blur()")


def _fold(page: Page, *, folded: bool) -> None:
    """Fold the options away, or show them; on a phone they stand below."""
    fold = button(page, "options_shown")
    if not fold.is_visible():
        return
    if fold.get_attribute("aria-pressed") != str(not folded).lower():
        fold.click()


def _document(
    kind: str, name: str, then: Callable[[Page], None] | None = None
) -> Callable[[Page], None]:
    def show(page: Page) -> None:
        open_document(page, kind, name)
        _fold(page, folded=False)
        if then is not None:
            then(page)

    return show


def _part(name: str) -> Callable[[Page], None]:
    return lambda page: button(page, f"module_{name}").click()


def _all_texts(page: Page) -> None:
    _part("texts")(page)
    page.locator(".texts-only input").uncheck()
    page.evaluate("document.activeElement.blur()")


def _field(page: Page) -> None:
    page.locator(".field-row .inline").nth(3).click()


def _report(page: Page) -> None:
    expect(page.locator(".report-chart canvas")).to_be_visible(timeout=WAIT)
    expect(page.locator(".report-result.waiting")).to_have_count(0, timeout=WAIT)


def _board(page: Page) -> None:
    expect(page.locator(".board-number")).to_have_count(4, timeout=WAIT)
    expect(page.locator(".board-tile canvas")).to_have_count(2, timeout=WAIT)
    expect(page.locator(".board .report-table")).to_have_count(2, timeout=WAIT)


def _tried(page: Page) -> None:
    page.locator(".try-panel .record-picker input").click()
    page.locator(".try-panel .record-picker input").fill(A_LARGE_ORDER)
    page.locator(".try-panel .record-picker [role=option]", has_text=A_LARGE_ORDER).first.click()
    button(page, "try_simulate", ".try-panel").click()
    expect(page.locator(".try-verdict.good")).to_be_visible(timeout=WAIT)
    _fold(page, folded=True)


def _whole(page: Page) -> None:
    _fold(page, folded=True)


def _fitted(page: Page) -> None:
    """Show the whole drawing; it begins at a size that can be read."""
    _fold(page, folded=True)
    page.locator(".react-flow__controls-fitview").click()


def _counted(page: Page) -> None:
    """Wait until what a document costs is told."""
    line = page.locator(".cost-line")
    if line.count():
        expect(line).not_to_have_text(word(page, "cost_asking"), timeout=WAIT)


def _rows(page: Page) -> None:
    expect(page.locator(".sample-table tbody tr").nth(2)).to_be_visible(timeout=WAIT)


def _preview(page: Page) -> None:
    button(page, "preview", ".canvas-head").click()
    page.locator(".preview-asks select").first.select_option("record")
    frame = page.frame_locator(".preview-frame iframe")
    expect(frame.locator(".state-line, .steps, h1").first).to_be_visible(timeout=WAIT)


def _page(path: str) -> Callable[[Page], None]:
    """Go to a page of the draft or of the designer; `{draft}` stands for the draft's address."""

    def show(page: Page) -> None:
        draft = page.url.split("#")[0]
        page.goto(
            path.replace("{draft}", draft)
            if "{draft}" in path
            else f"{draft.rsplit('/design/', 1)[0]}{path}"
        )
        page.wait_for_load_state("networkidle")

    return show


def _spreadsheet(page: Page) -> None:
    _page("/design/spreadsheet")(page)
    page.set_input_files(
        "#file", {"name": "展位.csv", "mimeType": "text/csv", "buffer": STANDS.encode()}
    )
    page.locator("main form button.main").first.click()
    expect(page.locator("#header")).to_be_visible(timeout=WAIT)


STANDS: Final = """展位号,展会,面积,费用,开始日期,状态
A-101,春季建材展,36,"12,800.00",2025年3月6日,已确认
A-102,春季建材展,54,"18,600.00",2025年3月6日,待确认
B-207,家电博览会,72,"32,000.00",2025年9月12日,已确认
B-208,家电博览会,36,"15,500.00",2025年9月12日,已取消
"""

SCENES: Final = (
    Scene("module-menu", _document("module", "ordering")),
    Scene("module-diagram", _document("module", "ordering", _part("diagram"))),
    Scene("module-texts", _document("module", "ordering", _all_texts)),
    Scene("object", _document("object", "sales_order", _field)),
    Scene("form", _document("form", "order_entry")),
    Scene("list", _document("view", "my_orders", _rows)),
    Scene("report", _document("report", "monthly_orders", _report)),
    Scene("dashboard", _document("dashboard", "channel_overview", _board)),
    Scene("workflow", _document("workflow", "order_flow", _fitted)),
    Scene("approval", _document("approval", "order_by_amount", _tried)),
    Scene("permission", _document("permission", "sales_order", _whole)),
    Scene("role", _document("role", "channel_manager")),
    Scene("automation", _document("automation", "ship_goods")),
    Scene("choice-set", _document("choice_set", "pay_terms", _whole)),
    Scene("scenario", _document("scenario", "large_order_decided")),
    Scene("extension", _document("extends", "partner")),
    Scene("preview", _document("form", "order_entry", _preview)),
    # What leads away from the draft comes last.
    Scene("publish", _page("{draft}/publish")),
    Scene("spreadsheet", _spreadsheet),
    Scene("history", _page("/design/history")),
    Scene("start", _page("/design")),
)

FOLDER: Final = Path(__file__).parents[2] / "docs" / "images" / "designer"
DIFFERENT: Final = 40
"""By how much a pixel's channel must differ to count."""
SHARE: Final = 0.002
"""The share of pixels that may differ, such as those of a date, before a picture is another one."""


def file_of(language: str, scene: Scene) -> Path:
    return FOLDER / language / f"{scene.name}.webp"


def take(page: Page) -> Image.Image:
    """Return what the page shows now, without a caret or anything that moves."""
    page.mouse.move(1, 1)
    _counted(page)
    page.wait_for_timeout(600)
    shot = page.screenshot(animations="disabled", caret="hide")
    return Image.open(io.BytesIO(shot)).convert("RGB")


def keep(picture: Image.Image, file: Path) -> None:
    """Write a picture where it looks otherwise than what is there."""
    if file.is_file():
        former = Image.open(file).convert("RGB")
        if former.size == picture.size and _share(former, picture) < SHARE:
            return
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.save(file, "WEBP", lossless=True, quality=100, method=4)


def _share(one: Image.Image, other: Image.Image) -> float:
    seen = ImageChops.difference(one, other).convert("L").histogram()
    return sum(seen[DIFFERENT:]) / (one.width * one.height)
