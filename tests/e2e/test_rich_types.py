"""Rich text, JSON, positions and telephone numbers in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browsing import sit_down
from tests.support.documents import field, label
from tests.support.serving import served

HERE = {"latitude": 30.2740845, "longitude": 120.15507}
FIELDS = [
    field("name", "text", label=label("Name", "名称"), required=True),
    field("terms", "rich_text", label=label("Terms", "政策说明"), required=True),
    field("phone", "phone", country="CN", label=label("Phone", "电话")),
    field("position", "geo_point", label=label("Position", "位置")),
    field("payload", "json", label=label("Payload", "报文")),
    field("site", "url", label=label("Site", "网址")),
    field(
        "currency",
        "choice",
        label=label("Currency", "币种"),
        choices=[{"value": one, "label": label(one, one)} for one in ("CNY", "USD")],
    ),
    field("budget", "money", label=label("Budget", "预算"), currency_field="currency"),
    field("fee", "money", label=label("Fee", "费用"), currency="JPY"),
]


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"kind": "module", "name": "claims", "version": "1.0.0", "label": label("Policy", "政策")},
        {"kind": "role", "name": "admin", "label": label("Admin", "管理员"), "design": True},
        {
            "kind": "object",
            "name": "notice",
            "label": label("Notice", "通知"),
            "plural": label("Notices", "通知"),
            "title": "name",
            "fields": FIELDS,
        },
        {
            "kind": "permission",
            "name": "notice",
            "object": "notice",
            "grants": [{"role": "admin", "actions": ["create", "read", "update"]}],
        },
    ]
    return {(one["kind"], one["name"]): one for one in found}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, front_end: None) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("rich"), contents()) as found:
        yield found


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [1280, 375])
def test_rich_values_are_written_refused_and_read(
    address: str, browser: Browser, shots: Path, width: int, language: str
) -> None:
    person = sit_down(browser, address, "admin", language, width, shots)
    person.context.grant_permissions(["geolocation"])
    person.context.set_geolocation(HERE)
    page = person.page
    person.go("/o/notice/new")
    editor = page.locator("[data-field=terms] .ProseMirror")
    expect(editor).to_be_visible()
    expect(page.locator("[name='f.terms']")).to_be_hidden()
    person.look("empty")

    page.fill("[name='f.name']", f"Rebate {width} {language}")
    editor.click()
    page.click("[data-rich=heading]")
    page.keyboard.type("返利政策")
    page.keyboard.press("Enter")
    page.keyboard.type("From <July> on: ")
    page.click("[data-rich=bold]")
    page.keyboard.type("3 %")
    page.keyboard.press("Enter")
    page.click("[data-rich=bullets]")
    page.keyboard.type("one")
    page.keyboard.press("Enter")
    page.keyboard.type("two")
    expect(page.locator("[data-rich=bullets]")).to_have_attribute("aria-pressed", "true")
    page.fill("[name='f.phone']", "138 0013")
    page.fill("[name='f.payload']", '{"a": 1, "a": 2}')
    page.click("[data-locate]")
    expect(page.locator("[name='f.position']")).to_have_value("30.274085,120.155070")
    page.fill("[name='f.site']", "https://example.com/policy")
    page.fill("[name='f.phone']", "12")
    page.click("form[data-island=form] button.main")
    expect(page.locator("#e-f-phone")).not_to_be_empty()
    expect(page.locator("#e-f-payload")).not_to_be_empty()
    person.faults[:] = [one for one in person.faults if "422" not in one]
    expect(page.locator("[data-field=terms] .ProseMirror h3")).to_have_text("返利政策")
    person.look("refused")

    page.fill("[name='f.phone']", "138 0013 8000")
    page.fill("[name='f.payload']", '{"b": [1, "二"], "a": true}')
    page.select_option("[name='f.currency']", "USD")
    page.fill("[name='f.budget']", "1234.5")
    page.fill("[name='f.fee']", "5000")
    page.click("form[data-island=form] button.main")
    page.wait_for_url(lambda url: "/new" not in url)
    expect(page.locator("main")).to_contain_text("USD\u00a01,234.50")
    expect(page.locator("main")).to_contain_text("JPY\u00a05,000")
    shown = page.locator("main .rich").first
    expect(shown.locator("h3")).to_have_text("返利政策")
    expect(shown.locator("strong")).to_have_text("3 %")
    expect(shown.locator("li")).to_have_count(2)
    expect(shown).to_contain_text("From <July> on:")
    expect(page.locator("a[href='tel:+8613800138000']")).to_have_text("+86 138 0013 8000")
    expect(page.locator("main pre")).to_contain_text('"二"')
    person.look("record")

    page.click("a[href$='/edit']")
    expect(page.locator("[data-field=terms] .ProseMirror li")).to_have_count(2)
    page.click("form[data-island=form] button.main")
    page.wait_for_url(lambda url: not url.endswith("/edit"))
    expect(page.locator("main .rich h3")).to_have_text("返利政策")
    person.go("/o/notice")
    person.look("list")
    person.context.close()


def test_what_is_pasted_brings_nothing_that_runs(
    address: str, browser: Browser, shots: Path
) -> None:
    person = sit_down(browser, address, "admin", "en", 1280, shots)
    page = person.page
    person.go("/o/notice/new")
    page.fill("[name='f.name']", "Pasted")
    expect(page.locator("[data-field=terms] .ProseMirror")).to_be_visible()
    # As a client without our script would send it.
    page.evaluate(
        """() => { document.querySelector("[name='f.terms']").value =
            '<p onclick="x()">safe<img src=x onerror=alert(1)><script>alert(2)</scr' + 'ipt></p>'
            + '<a href="javascript:alert(3)">go</a>'; }"""
    )
    page.click("form[data-island=form] button.main")
    page.wait_for_url(lambda url: "/new" not in url)

    markup = page.locator("main .rich").first.inner_html()
    assert "safe" in markup
    assert "<img" not in markup
    assert "onclick" not in markup
    assert "alert(2)" not in markup
    assert "javascript:" not in markup
    person.context.close()


@pytest.mark.parametrize("width", [1280, 375])
def test_several_records_are_given_a_rich_text_and_the_place_of_the_device(
    address: str, browser: Browser, shots: Path, width: int
) -> None:
    person = sit_down(browser, address, "admin", "en", width, shots)
    person.context.grant_permissions(["geolocation"])
    person.context.set_geolocation(HERE)
    page = person.page
    for name in ("First", "Second"):
        person.go("/o/notice/new")
        page.fill("[name='f.name']", f"{name} {width}")
        page.locator("[data-field=terms] .ProseMirror").click()
        page.keyboard.type("old")
        page.click("form[data-island=form] button.main")
        page.wait_for_url(lambda url: "/new" not in url)

    person.go("/o/notice?sort=-created_at")
    page.locator("[data-select]").click()
    for row in range(2):
        page.locator("[data-pick]").nth(row).check()
    page.locator("#bulk-form [value=edit]").click()
    page.check("[name='set.terms']")
    page.locator("[data-field=terms] .ProseMirror").click()
    page.keyboard.type("new terms")
    page.check("[name='set.position']")
    page.click("[data-locate]")
    expect(page.locator("[name='f.position']")).to_have_value("30.274085,120.155070")
    person.look("bulk")
    page.click("button[name=step][value=preview]")
    expect(page.locator(".bulk-set")).to_contain_text("new terms")
    page.click("button[name=step][value=apply]")
    expect(page.locator(".bulk-counts")).to_contain_text("2")
    person.look("bulk-done")
    person.context.close()
