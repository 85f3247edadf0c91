"""Amounts with a currency: what check says of them, and how they are shown."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from headrace.platform.forms.field_view import field_view
from headrace.platform.forms.shown import Display
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.checks import run_checks
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from tests.support.documents import field, label

DISPLAY = Display("en", ZoneInfo("Asia/Shanghai"))
CURRENCY = field(
    "currency",
    "choice",
    choices=[{"value": one, "label": label(one, one)} for one in ("CNY", "usd", "JPY")],
)
COLOUR = field("colour", "choice", choices=[{"value": "red", "label": label("Red", "红")}])
BY_FIELD = field("amount", "money", currency_field="currency")


def documents(*fields: Any, rows: Any = (), **report: Any) -> list[Document]:
    made: list[dict[str, Any]] = [
        {"kind": "object", "name": "deal", "label": label("Deal", "单"), "fields": list(fields)}
    ]
    if rows:
        made.append(
            {"kind": "object", "name": "firm", "label": label("Firm", "公司"), "fields": list(rows)}
        )
    if report:
        made.append(
            {
                "kind": "report",
                "name": "sums",
                "label": label("Sums", "合计"),
                "type": "grouped",
                "object": "deal",
                "measures": [{"op": "sum", "field": "amount"}],
                **report,
            }
        )
    return [Document("m", one) for one in made]


def built(made: list[Document]) -> tuple[Catalog | None, set[tuple[str, str]]]:
    result = build_catalog(made, built_in(), 1)
    checked = run_checks(result.catalog) if result.catalog else ()
    told = {
        (one.code, one.path.split("/", 3)[-1])
        for one in (*result.problems, *checked)
        if one.code.startswith(("field.currency", "currency.", "ref.unknown", "schema."))
    }
    return result.catalog, told


FIRM = field("firm", "lookup", to="firm")
TOTAL = field("total", "rollup", op="sum", of="deal.amount", by="firm")


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (documents(CURRENCY, BY_FIELD), None),
        (documents(field("amount", "money", currency="USD")), None),
        (
            documents(field("amount", "money", currency_field="currencies"), CURRENCY),
            ("ref.unknown_field", "deal.json/fields/0/currency_field"),
        ),
        (
            documents(COLOUR, field("amount", "money", currency_field="colour")),
            ("field.currency", "deal.json/fields/1/currency_field"),
        ),
        (
            documents(CURRENCY, field("amount", "money", currency_field="currency", currency="EUR")),
            ("field.currency", "deal.json/fields/1/currency_field"),
        ),
        (
            documents(CURRENCY, BY_FIELD, group_rows=["currency"]),
            None,
        ),
        (
            documents(CURRENCY, COLOUR, BY_FIELD, group_rows=["colour"]),
            ("currency.mixed", "sums.json/measures/0"),
        ),
        (
            documents(CURRENCY, BY_FIELD, FIRM, rows=[field("name", "text"), TOTAL]),
            ("currency.mixed", "firm.json/fields/1/of"),
        ),
        (
            documents(
                CURRENCY,
                BY_FIELD,
                FIRM,
                rows=[field("name", "text"), {**TOTAL, "where": "currency = 'CNY'"}],
            ),
            None,
        ),
    ],
)  # fmt: skip
def test_currencies_are_named_and_not_added_up_unawares(
    made: list[Document], expected: tuple[str, str] | None
):
    _, told = built(made)

    assert told == (set() if expected is None else {expected})


def test_amounts_are_shown_with_their_currency():
    catalog, _ = built(documents(CURRENCY, BY_FIELD, field("fixed", "money", currency="JPY")))
    assert catalog is not None
    fields = catalog.objects["deal"].fields
    amount, fixed = field_view(catalog, fields["amount"]), field_view(catalog, fields["fixed"])

    assert DISPLAY.of(amount, "1234.50", {"currency": "usd"}).text == "USD\u00a01,234.50"
    assert DISPLAY.of(amount, "1234.00", {"currency": "JPY"}).text == "JPY\u00a01,234"
    assert DISPLAY.of(amount, "1234.50", {"currency": "JPY"}).text == "JPY\u00a01,234.5"
    assert DISPLAY.of(amount, "1234.50", {}).text == "1,234.50"
    assert DISPLAY.of(fixed, "1234.00").text == "JPY\u00a01,234"
