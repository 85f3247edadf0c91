"""Files in a real browser: chosen, sent, seen, saved under a Chinese name; drawn; at both sizes and languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsing import PASSWORD, Person, sit_down
from tests.support.files import HEIC, HTML, PDF, open_live_with_files, png
from tests.support.serving import serving

NAME = "合同 第一版.pdf"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, front_end: None) -> Iterator[str]:
    live = open_live_with_files(f"sqlite:///{tmp_path_factory.mktemp('files') / 'files.sqlite'}")
    live.app.testing = False
    with live.platform.database.writing(None) as work:
        for login in ("ann", "bob"):
            live.platform.identity.set_password(work, live.ids[login], PASSWORD)
    with serving(live) as found:
        yield found


def choose(page: Page, field: str, *files: tuple[str, str, bytes]) -> None:
    page.locator(f"#f-{field} .file-choose input").set_input_files(
        [{"name": name, "mimeType": kind, "buffer": data} for name, kind, data in files]
    )


def draw(page: Page) -> None:
    box = page.locator("[data-pad] canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 40)
    page.mouse.down()
    for step in range(1, 9):
        page.mouse.move(box["x"] + 30 + step * 22, box["y"] + 40 + (step % 2) * 35)
    page.mouse.up()


def forgive(person: Person, *said: str) -> None:
    """The browser notes refusals, which are what was asked for."""
    person.faults[:] = [one for one in person.faults if not any(word in one for word in said)]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [1280, 375])
def test_files_are_sent_seen_and_saved(
    address: str, browser: Browser, shots: Path, width: int, language: str
) -> None:
    person = sit_down(browser, address, "ann", language, width, shots)
    page = person.page
    person.go("/o/claim/new")
    page.fill("[name='f.subject']", f"Files {width} {language}")
    person.look("files-empty")

    choose(page, "papers", (NAME, "application/pdf", PDF), ("notes.txt", "text/plain", b"a note"))
    kept = page.locator("#f-papers [data-tick]")
    expect(kept).to_have_count(2)
    expect(page.locator("#f-papers")).to_contain_text(NAME)
    # What is in a file counts, not its name.
    choose(page, "papers", ("page.txt", "text/plain", HTML))
    expect(page.locator("#f-papers .error")).to_contain_text("page")
    forgive(person, "422")
    choose(page, "photo", ("shop.png", "image/png", png(64, 48)))
    expect(page.locator("#f-photo img.thumb")).to_be_visible()
    person.look("files-chosen")
    page.locator("#f-papers li", has=page.locator(".error")).locator("button").click()
    expect(page.locator("#f-papers .error")).to_have_count(0)

    # One is taken out and brought back, another is taken out.
    first, second = (page.locator("#f-papers li").nth(place).locator("button") for place in (0, 1))
    first.click()
    expect(kept.nth(0)).not_to_be_checked()
    first.click()
    second.click()
    # What is drawn is sent with the form, without another press.
    page.locator("[data-pad]").scroll_into_view_if_needed()
    draw(page)
    person.look("files-drawn")
    page.locator("form[data-island=form] button.main").click()
    page.wait_for_url(lambda url: "/new" not in url)
    main = page.locator("main")
    expect(main).to_contain_text(NAME)
    expect(main).to_contain_text("shop.png")
    expect(main).to_contain_text("signature.png")
    expect(main).not_to_contain_text("notes.txt")
    person.look("files-record")

    with page.expect_download() as saved:
        page.locator("main a", has_text=NAME).first.click()
    assert saved.value.suggested_filename == NAME
    assert Path(saved.value.path()).read_bytes() == PDF
    person.go("/o/claim?view=open_claims")
    listed = page.locator("main a", has_text=NAME).first
    # A card on a phone shows the title and the two fields that matter.
    expect(listed).to_be_visible(visible=width > 800)
    person.look("files-list")
    person.context.close()


def test_the_form_says_at_once_what_is_too_large_or_too_many(
    address: str, browser: Browser, shots: Path
) -> None:
    person = sit_down(browser, address, "ann", "en", 1280, shots)
    page = person.page
    person.go("/o/claim/new")
    choose(page, "papers", ("large.pdf", "application/pdf", PDF + b"x" * 1024 * 1024))
    expect(page.locator("#f-papers .error")).to_have_text("large.pdf is too large: at most 1 MB.")
    four = [(f"{number}.pdf", "application/pdf", PDF) for number in range(4)]
    choose(page, "papers", *four)
    expect(page.locator("#f-papers [data-tick]")).to_have_count(3)
    expect(page.locator("#f-papers .error").last).to_have_text("At most 3 files.")
    # A field for one file keeps the one that was chosen last.
    for name in ("one.png", "two.png"):
        choose(page, "photo", (name, "image/png", png()))
        expect(page.locator("#f-photo")).to_contain_text(name)
    expect(page.locator("#f-photo [data-tick]:checked")).to_have_count(1)
    page.fill("[name='f.subject']", "Two photos")
    page.locator("form[data-island=form] button.main").click()
    page.wait_for_url(lambda url: "/new" not in url)
    expect(page.locator("main")).to_contain_text("two.png")
    expect(page.locator("main")).not_to_contain_text("one.png")
    assert not person.faults
    person.context.close()


def test_a_row_of_a_grid_takes_a_picture(address: str, browser: Browser, shots: Path) -> None:
    person = sit_down(browser, address, "ann", "en", 375, shots)
    page = person.page
    person.go("/o/claim/new")
    page.fill("[name='f.subject']", "Rows with pictures")
    page.locator("[data-add]").click()
    row = page.locator("[data-grid=items] [data-row]").last
    row.locator("[name$='.what']").fill("door")
    row.locator(".file-choose input").set_input_files(
        {"name": "door.png", "mimeType": "image/png", "buffer": png(32, 32)}
    )
    expect(row.locator("img.thumb")).to_be_visible()
    person.look("files-row")
    page.locator("form[data-island=form] button.main").click()
    page.wait_for_url(lambda url: "/new" not in url)
    expect(page.locator("main")).to_contain_text("door.png")
    person.look("files-row-record")
    person.context.close()


def test_without_script_files_go_with_the_form(address: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    page.fill("#login", "ann")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.goto(f"{address}/o/claim/new")
    page.fill("[name='f.subject']", "Without script")
    files = [{"name": NAME, "mimeType": "application/pdf", "buffer": PDF}]
    wrong = [{"name": "x.png", "mimeType": "image/png", "buffer": PDF}]
    page.set_input_files("[name='f.papers:file']", files)
    page.set_input_files("[name='f.photo:file']", wrong)
    page.locator("form#record-form button.main").click()
    # The wrong one is told; the other one is kept and need not be chosen again.
    expect(page.locator("#problems")).to_contain_text("x")
    expect(page.locator("#f-papers [data-tick]")).to_be_checked()
    page.locator("form#record-form button.main").click()
    page.wait_for_url(lambda url: "/new" not in url)
    expect(page.locator("main")).to_contain_text(NAME)
    page.goto(page.url.partition("?")[0] + "/edit")
    page.locator("#f-papers [data-tick]").uncheck()
    page.locator("form#record-form button.main").click()
    page.wait_for_url(lambda url: "/edit" not in url)
    expect(page.locator("main dl.fields a", has_text=NAME)).to_have_count(0)
    context.close()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [1280, 375])
def test_a_photo_of_a_phone_is_seen_with_its_time_and_place(
    address: str, browser: Browser, shots: Path, width: int, language: str
) -> None:
    person = sit_down(browser, address, "ann", language, width, shots)
    page = person.page
    person.go("/o/claim/new")
    page.fill("[name='f.subject']", f"Photo {width} {language}")
    choose(page, "photo", ("shop.heic", "image/heic", HEIC))
    taken = {"en": "taken 2025-06-10 14:03", "zh": "拍摄于 2025-06-10 14:03"}[language]
    told = page.locator("#f-photo .file-about")
    expect(told).to_contain_text(f"{taken} · 30.27417, 120.15510")
    picture = page.locator("#f-photo img.thumb")
    expect(picture).to_have_js_property("naturalWidth", 320)
    person.look("photo-chosen")
    page.locator("form[data-island=form] button.main").click()
    expect(page.locator(".file-links")).to_contain_text(f"{taken} · 30.27417, 120.15510")
    person.look("photo-saved")
    assert person.faults == []
