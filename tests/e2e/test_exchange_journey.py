"""From a file on somebody's disk to records in a list and back to a file, through the screens only."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browsing import PASSWORD, Person, sit_down
from tests.support.exchange_world import as_csv, open_exchange, read_csv

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `server` serves a copy of: the workspace for imports in place of the demo."""
    folder = tmp_path_factory.mktemp("exchange")
    (folder / "var").mkdir()
    world = open_exchange(f"sqlite:///{folder / 'var' / 'headrace.sqlite'}")
    with world.platform.database.writing(None) as work:
        world.platform.identity.set_password(work, world.ids["kim"], PASSWORD)
    world.platform.close()
    return folder


@pytest.mark.parametrize(("width", "language"), [(1280, "en"), (375, "zh")])
def test_goods_are_imported_and_exported(
    server: str, browser: Browser, shots: Path, tmp_path: Path, width: int, language: str
) -> None:
    kim = sit_down(browser, server, "kim", language, width, shots)
    mark = f"{language}{width}"
    head = ["编码", "名称", "公司", "类别", "价格", "生产日期", "备注(内部)"]
    rows = [
        [f"{mark}-1", "滤芯", "acme", "原料", "1,234.50", "2025年6月1日", "x"],
        [f"{mark}-2", "水泵", "acme", "成品", "12元", "2025/6/2", "y"],
        [f"{mark}-3", "阀门", "nobody", "成品", "3", "2025-06-03", "z"],
    ]
    file = tmp_path / "货品.csv"
    file.write_bytes(as_csv(head, *rows, encoding="gbk"))
    kim.go("/o/good")
    kim.look("list")
    kim.page.locator("a[href$='/o/good/import']").click()
    kim.look("choose")
    kim.page.set_input_files("#file", file)
    kim.page.locator("main button.main").click()
    expect(kim.page.locator("select[name='column.0']")).to_have_value("code")
    kim.look("columns")
    kim.page.locator("button[value=check]").click()
    expect(kim.page.locator(".message.warn")).to_be_visible(timeout=30_000)
    kim.look("checked")
    kim.page.select_option("#partial", "true")
    kim.page.locator("button[value=import]").click()
    expect(kim.page.locator("a[href$='/file']")).to_be_visible(timeout=30_000)
    expect(kim.page.locator("#column-0")).to_have_count(0, timeout=30_000)
    kim.look("imported")
    with kim.page.expect_download() as bad:
        kim.page.locator("a[href$='/file']").click()
    assert [row[0] for row in read_csv(bad.value.path().read_bytes())[1:]] == [
        f"{mark}-2",
        f"{mark}-3",
    ]
    _export(kim, mark)
    assert not kim.faults, kim.faults
    kim.context.close()


def _export(kim: Person, mark: str) -> None:
    kim.go(f"/o/good?q={mark}")
    kim.page.locator(".actions details summary").click()
    kim.look("export")
    with kim.page.expect_download() as download:
        kim.page.locator("a[href*='format=csv']").click()
    assert download.value.suggested_filename.endswith(".csv")
    table = read_csv(download.value.path().read_bytes())
    assert [row[0] for row in table[1:]] == ["滤芯"]
