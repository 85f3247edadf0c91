"""Roll-ups of every kind on a form that is being filled in, as a record and in a list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browsing import sit_down
from tests.support.documents import field, label
from tests.support.serving import served


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    def figure(name: str, op: str, zh: str, of: str = "", **keys: Any) -> dict[str, Any]:
        made = {"op": op, "of": "row" + of, "by": "sheet", **keys}
        return field(name, "rollup", **made) | {"label": label(name.title(), zh)}

    found: list[dict[str, Any]] = [
        {"kind": "module", "name": "claims", "version": "1.0.0", "label": label("Visits", "拜访")},
        {"kind": "role", "name": "admin", "label": label("Admin", "管理员"), "design": True},
        {
            "kind": "object",
            "name": "sheet",
            "label": label("Sheet", "登记单"),
            "plural": label("Sheets", "登记单"),
            "title": "name",
            "fields": [
                field("name", "text", label=label("Name", "名称"), required=True),
                figure("mean", "avg", "平均价", ".price"),
                figure("dearest", "max", "最高价", ".price"),
                figure("first", "min", "最早日期", ".day"),
                figure("latest", "last", "最新结果", ".result", last_by="day"),
                figure("recent", "count", "近期行数", where="day >= TODAY()"),
            ],
            "children": [
                {"name": "rows", "object": "row", "by": "sheet", "label": label("Rows", "明细")}
            ],
        },
        {
            "kind": "object",
            "name": "row",
            "label": label("Row", "明细"),
            "fields": [
                field("sheet", "master_detail", to="sheet", required=True),
                field("price", "money", label=label("Price", "价格")),
                field("day", "date", label=label("Day", "日期")),
                field(
                    "result",
                    "choice",
                    label=label("Result", "结果"),
                    choices=[
                        {"value": "good", "label": label("Good", "良好")},
                        {"value": "bad", "label": label("Bad", "不佳")},
                    ],
                ),
            ],
        },
        {
            "kind": "permission",
            "name": "sheet",
            "object": "sheet",
            "grants": [{"role": "admin", "actions": ["create", "read", "update"]}],
        },
    ]
    return {(one["kind"], one["name"]): one for one in found}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, front_end: None) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("sheets"), contents()) as found:
        yield found


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [1280, 375])
def test_figures_follow_what_is_entered_and_stay(
    address: str, browser: Browser, shots: Path, width: int, language: str
) -> None:
    person = sit_down(browser, address, "admin", language, width, shots)
    page = person.page
    person.go("/o/sheet/new")
    page.fill("[name='f.name']", f"Sheet {width} {language}")
    entered = (("1.00", "2025-06-02", "bad"), ("1.01", "2025-06-10", "good"))
    for position, (price, day, result) in enumerate(entered):
        row = page.locator("[data-grid='rows'] [data-row]").nth(position)
        if not row.count():
            page.click("[data-grid='rows'] [data-add]")
        row.locator("[name$='.price']").fill(price)
        row.locator("[name$='.day']").fill(day)
        row.locator("[name$='.result']").select_option(result)
    good = {"en": "Good", "zh": "良好"}[language]
    expect(page.locator("[data-output=mean]").first).to_have_text("1.01")
    expect(page.locator("[data-output=dearest]").first).to_have_text("1.01")
    expect(page.locator("[data-output=first]").first).to_contain_text("2025-06-02")
    expect(page.locator("[data-output=latest]").first).to_have_text(good)
    expect(page.locator(".bar [data-output]")).to_have_count(0)
    person.look("filled in")
    page.click("form[data-island=form] button.main")
    page.wait_for_url(lambda url: "/new" not in url)
    for text in ("1.01", "2025-06-02", good):
        expect(page.locator("main")).to_contain_text(text)
    person.look("record")
    person.go("/o/sheet")
    expect(page.locator("main")).to_contain_text(good)
    person.look("list")
    person.context.close()
