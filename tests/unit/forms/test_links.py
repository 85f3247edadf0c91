"""Where values lead to, and what is shown with its markup."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from headrace.platform.core.problems import Text
from headrace.platform.forms.field_view import FieldView
from headrace.platform.forms.shown import Display

DISPLAY = Display("en", ZoneInfo("Asia/Shanghai"))


def view(widget: str, **others: Any) -> FieldView:
    text = Text("Contact", "联系方式")
    given = {"help": Text("", ""), "required": False, "locked": None, "scale": 0, **others}
    return FieldView("contact", "f1", "m.o", text, widget=widget, **given)


@pytest.mark.parametrize(
    ("widget", "value", "text", "href"),
    [
        ("email", "lin@example.com", "lin@example.com", "mailto:lin@example.com"),
        ("email", "a?cc=b@example.com", "a?cc=b@example.com", "mailto:a%3Fcc%3Db@example.com"),
        ("phone", "+8613800138000", "+86 138 0013 8000", "tel:+8613800138000"),
        ("url", "https://example.com/a", "https://example.com/a", "https://example.com/a"),
        ("geo_point", "30.2,120.1", "30.2,120.1", "geo:30.2,120.1"),
        ("text", "https://example.com/a", "https://example.com/a", None),
    ],
)
def test_values_lead_to_what_they_name(
    widget: str, value: str, text: str, href: str | None
) -> None:
    shown = DISPLAY.of(view(widget), value)
    assert (shown.text, shown.href) == (text, href)


@pytest.mark.parametrize(
    ("widget", "value"), [("phone", "+861****00"), ("email", "l****"), ("url", "****")]
)
def test_masked_values_lead_nowhere_and_stay_as_they_are(widget: str, value: str) -> None:
    shown = DISPLAY.of(view(widget), value)
    assert (shown.text, shown.href) == (value, None)


def test_markup_is_for_pages_of_records_only() -> None:
    terms = view("rich_text")
    given = "<h3>Terms</h3><p>From <strong>July</strong> on</p><script>alert(1)</script>"
    assert DISPLAY.of(terms, given).markup is None
    assert "July" in DISPLAY.of(terms, given).text
    whole = str(DISPLAY.whole(terms, given).markup)
    assert "<strong>July</strong>" in whole
    assert "script" not in whole


def test_nothing_has_no_markup() -> None:
    assert DISPLAY.whole(view("json"), None).markup is None
    assert DISPLAY.whole(view("text"), "plain").markup is None


def test_names_and_values_of_json_are_a_table() -> None:
    whole = str(DISPLAY.whole(view("json"), '{"colour": "<red>"}').markup)
    assert "<table" in whole
    assert "&lt;red&gt;" in whole
