"""A code is read by the camera into a field, of the record and of a new row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import CHROMIUM, FLAGS
from tests.support.browsing import sit_down
from tests.support.camera import film_of
from tests.support.documents import field, label
from tests.support.serving import served

CODE = "6900000000014"
READ = ["create", "read", "update"]


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    code = field("code", "text", format="ean13", scan=True, label=label("Bar code", "条码"))
    found: list[dict[str, Any]] = [
        {"kind": "module", "name": "claims", "version": "1.0.0", "label": label("Goods", "商品")},
        {"kind": "role", "name": "admin", "label": label("Admin", "管理员"), "design": True},
        {
            "kind": "object",
            "name": "count",
            "label": label("Count", "盘点"),
            "plural": label("Counts", "盘点"),
            "title": "name",
            "children": [{"name": "lines", "object": "line", "by": "count"}],
            "fields": [field("name", "text", label=label("Name", "名称")), code],
        },
        {
            "kind": "object",
            "name": "line",
            "label": label("Line", "行"),
            "fields": [field("count", "master_detail", to="count"), code],
        },
        *(
            {
                "kind": "permission",
                "name": one,
                "object": one,
                "grants": [{"role": "admin", "actions": [*READ, "delete"]}],
            }
            for one in ("count", "line")
        ),
    ]
    return {(one["kind"], one["name"]): one for one in found}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, front_end: None) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("scanning"), contents()) as found:
        yield found


@pytest.mark.parametrize(("width", "language"), [(375, "zh"), (1280, "en")])
def test_a_code_before_the_camera_is_read(
    address: str, browser: Browser, shots: Path, tmp_path: Path, width: int, language: str
) -> None:
    film = film_of(CODE, tmp_path / "code.y4m")
    seeing = browser.browser_type.launch(
        executable_path=CHROMIUM,
        args=[
            *FLAGS,
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={film}",
        ],
    )
    person = sit_down(seeing, address, "admin", language, width, shots)
    page = person.page
    person.go("/o/count/new")
    page.fill("[name='f.name']", f"Shelf {width}")
    person.look("form")
    page.click("[data-field=code] [data-scan]")
    expect(page.locator("[name='f.code']")).to_have_value(CODE)
    expect(page.locator("dialog.scan")).to_have_count(0)

    page.click("[data-grid=lines] [data-add]")
    page.locator("[data-grid=lines] [data-row] [data-scan]").last.click()
    last = page.locator("[data-grid=lines] [data-row] input[data-name=code]").last
    expect(last).to_have_value(CODE)
    page.click("form[data-island=form] button.main")
    page.wait_for_url(lambda url: "/new" not in url)
    expect(page.locator("main")).to_contain_text(CODE)
    person.look("record")
    person.context.close()
    seeing.close()


def test_without_a_camera_the_field_says_so(address: str, browser: Browser, shots: Path) -> None:
    person = sit_down(browser, address, "admin", "en", 1280, shots)
    page = person.page
    person.go("/o/count/new")
    page.click("[data-field=code] [data-scan]")
    expect(page.locator("#e-f-code")).to_contain_text("camera cannot be used")
    expect(page.locator("[name='f.code']")).to_be_focused()
    person.context.close()
