"""A photo goes with a rejection: chosen on the task's page, kept while the reason is missing, seen by who asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browsing import PASSWORD, sit_down
from tests.support.files import PDF, png
from tests.support.live import Live, open_live
from tests.support.serving import serving

pytestmark = pytest.mark.e2e
WORDS = {"en": ("Attach files", "Reject"), "zh": ("添加附件", "驳回")}


@dataclass
class Served:
    """Where the claims are served; a submitted one, and its task, for each width of a screen."""

    address: str
    records: dict[int, str]
    tasks: dict[int, str]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, front_end: None) -> Iterator[Served]:
    live = open_live(f"sqlite:///{tmp_path_factory.mktemp('said') / 'said.sqlite'}")
    live.app.testing = False
    with live.platform.database.writing(None) as work:
        for login in ("ann", "manager"):
            live.platform.identity.set_password(work, live.ids[login], PASSWORD)
    records = {width: _submitted(live, f"Broken glass {width}") for width in (375, 1280)}
    waiting = live.renewed_client("manager").get("/api/v1/tasks").json["items"]
    of_record = {one["record"]: one["id"] for one in waiting}
    tasks = {width: of_record[record] for width, record in records.items()}
    with serving(live) as address:
        yield Served(address, records, tasks)


def _submitted(live: Live, subject: str) -> str:
    ann = live.renewed_client("ann")
    items = [{"what": "Glass", "qty": "30", "price": "10"}]
    made = ann.post("/api/v1/records/claim", json={"subject": subject, "items": items})
    path = f"/api/v1/records/claim/{made.json['id']}/transitions/submit"
    done = ann.post(path, json={}, headers={"If-Match": f'"{made.json["version"]}"'})
    assert done.status_code == 200, done.text
    return str(made.json["id"])


@pytest.mark.parametrize(("width", "language"), [(375, "zh"), (1280, "en")])
def test_who_asked_sees_the_photo_that_came_with_the_rejection(
    served: Served, browser: Browser, shots: Path, width: int, language: str
) -> None:
    attach, reject = WORDS[language]
    manager = sit_down(browser, served.address, "manager", language, width, shots)
    page = manager.page
    manager.go(f"/inbox/{served.tasks[width]}")
    box = page.locator("#comment-files")
    box.scroll_into_view_if_needed()
    manager.look("said-nothing")
    with page.expect_file_chooser() as chooser:
        box.get_by_text(attach).click()
    chooser.value.set_files(
        [
            {"name": "门店照片.png", "mimeType": "image/png", "buffer": png(64, 48)},
            {"name": "检查记录.pdf", "mimeType": "application/pdf", "buffer": PDF},
        ]
    )
    expect(box.locator("[data-tick]")).to_have_count(2)
    page.fill("#comment", "no")
    page.get_by_role("button", name=reject).click()
    expect(page.locator("#comment")).to_be_focused()
    manager.look("said-chosen")
    page.fill("#comment", "The glass on the photo is whole")
    page.get_by_role("button", name=reject).click()
    page.wait_for_url(lambda url: "done=rejected" in url)

    ann = sit_down(browser, served.address, "ann", language, width, shots)
    ann.go(f"/o/claim/{served.records[width]}")
    seen = ann.page.locator(".chain .file-links")
    seen.scroll_into_view_if_needed()
    image = seen.locator("img").element_handle()
    ann.page.wait_for_function("one => one.complete && one.naturalWidth > 0", arg=image)
    expect(seen).to_contain_text("检查记录.pdf")
    ann.look("said-seen")
    for person in (ann, manager):
        person.context.close()
