"""The field types of this form in a real browser: entered, refused, shown, at both sizes and languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browsing import sit_down
from tests.support.documents import field, label
from tests.support.serving import served

FIELDS = [
    field("name", "text", label=label("Name", "名称"), required=True),
    field("credit_code", "text", label=label("Credit code", "统一社会信用代码"), format="cn_uscc"),
    field("mobile", "text", label=label("Mobile", "手机"), format="cn_mobile",
          masked={"start": 3, "end": 4}),
    field("shelf", "text", label=label("Shelf", "货位"), pattern=r"[A-Z]-\d{2}",
          pattern_help=label("a letter, a hyphen, two digits", "一个字母、连字符、两位数字")),
    field("month", "month", label=label("Month", "月份")),
    field("quarter", "period", unit="quarter", label=label("Quarter", "季度")),
    field("opens", "time", label=label("Opens at", "开门时间")),
    field("visit", "duration", label=label("Length of visit", "拜访时长")),
    field("seconds", "formula", returns="integer", formula="visit * 2",
          label=label("Twice the seconds", "两倍秒数")),
]  # fmt: skip


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"kind": "module", "name": "claims", "version": "1.0.0", "label": label("Visits", "拜访")},
        {"kind": "role", "name": "admin", "label": label("Admin", "管理员"), "design": True},
        {
            "kind": "object",
            "name": "sheet",
            "label": label("Sheet", "拜访单"),
            "plural": label("Sheets", "拜访单"),
            "title": "name",
            "fields": FIELDS,
        },
        {
            "kind": "permission",
            "name": "sheet",
            "object": "sheet",
            "grants": [
                {
                    "role": "admin",
                    "actions": ["create", "read", "update"],
                    "fields": {"unmask": ["mobile"]},
                }
            ],
        },
    ]
    return {(one["kind"], one["name"]): one for one in found}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, front_end: None) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("types"), contents()) as found:
        yield found


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [1280, 375])
def test_values_are_entered_refused_and_shown(
    address: str, browser: Browser, shots: Path, width: int, language: str
) -> None:
    person = sit_down(browser, address, "admin", language, width, shots)
    page = person.page
    person.go("/o/sheet/new")
    person.look("empty")

    page.fill("[name='f.name']", f"Visit {width} {language}")
    page.fill("[name='f.credit_code']", "9135 0100 M000 100Y 44")
    page.fill("[name='f.mobile']", "+86 138 1234 5678")
    page.fill("[name='f.shelf']", "A12")
    page.fill("[name='f.month']", "2025-06")
    page.fill("[name='f.quarter']", "2025-Q2")
    page.fill("[name='f.opens']", "09:30")
    page.fill("[name='f.visit']", "1:30")
    expect(page.locator("[data-output=seconds]")).to_have_text("10,800")
    page.click("form[data-island=form] button.main")
    expect(page.locator("#e-f-credit_code")).not_to_be_empty()
    expect(page.locator("#e-f-shelf")).not_to_be_empty()
    expect(page.locator("[name='f.visit']")).to_have_value("1:30")
    # The browser notes the refusal, which is what was asked for.
    person.faults[:] = [one for one in person.faults if "422" not in one]
    person.look("refused")

    page.fill("[name='f.credit_code']", "9135 0100 M000 100Y 43")
    page.fill("[name='f.shelf']", "A-12")
    page.click("form[data-island=form] button.main")
    page.wait_for_url(lambda url: "/new" not in url)
    for text in ("91350100M000100Y43", "138****5678", "2025-06", "2025-Q2", "09:30", "1:30"):
        expect(page.locator("main")).to_contain_text(text)
    person.look("record")

    page.click("form[action$='/unmask'] button")
    expect(page.locator("main")).to_contain_text("13812345678")
    person.look("whole")
    person.go("/o/sheet")
    expect(page.locator("main")).to_contain_text("138****5678")
    person.look("list")
    person.context.close()
