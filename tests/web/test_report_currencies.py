"""Reports over amounts with currencies, on the screen, as JSON and as a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.documents import field
from tests.support.live import PASSWORD, Live, open_live

CODES = [{"value": one, "label": {"en": one, "zh": one}} for one in ("cny", "usd", "jpy")]


def _with_prices(contents: dict[Any, Any]) -> None:
    contents["object", "company"]["fields"] += [
        field("money", "choice", choices=CODES, audience="internal"),
        field("price", "money", currency_field="money"),
        field("cost", "money", currency="EUR"),
        field("grade", "text"),
    ]
    contents["report", "prices"] = {
        "kind": "report",
        "name": "prices",
        "label": {"en": "Prices", "zh": "价格"},
        "object": "company",
        "type": "grouped",
        "group_rows": ["grade"],
        "measures": [{"op": "sum", "field": "price"}, {"op": "sum", "field": "cost"}],
        "chart": {"mark": "bar"},
    }


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    found = open_live(shared_database_url, _with_prices)
    for code, money, price in (("P1", "cny", "1234.5"), ("P2", "usd", "3"), ("P3", "jpy", "7")):
        data = {
            "code": code,
            "name": code,
            "grade": "A",
            "cost": "1",
            "region": found.ids["east"],
        }
        found.create("company", {**data, "money": money, "price": price})
    with found.platform.database.writing(None) as work:
        found.platform.identity.set_password(work, found.ids["admin"], PASSWORD)
    live_token(found, "admin")
    yield found
    found.platform.close()


def live_token(live: Live, login: str) -> None:
    """Give somebody who got a new password a new token."""
    identity = live.platform.identity
    live.tokens[login] = live.platform.write_as_system(
        lambda _, work: identity.create_token(work, live.ids[login], "test")
    )


def test_the_page_shows_each_currency(live: Live, surfer: Any):
    page = surfer("admin").get("/reports/prices").response.text
    for text in ("CNY\u00a01,234.50", "USD\u00a03.00", "JPY\u00a07<", "EUR\u00a03.00"):
        assert text in page
    assert "1,244.50" not in page


def test_the_api_and_the_file_keep_currencies_apart(live: Live):
    answer = live.client("admin").get("/api/v1/reports/prices").json
    assert answer["total"][0] == [
        {"currency": "CNY", "amount": "1234.50"},
        {"currency": "JPY", "amount": "7.00"},
        {"currency": "USD", "amount": "3.00"},
    ]
    assert [one.get("by_currency") for one in answer["measures"]] == [True, None]
    assert answer["measures"][1]["currency"] == "EUR"
    rows = live.client("admin").get("/api/v1/reports/prices?format=csv").text.splitlines()
    assert "cost (EUR)" in rows[0]
    assert any("CNY 1234.50; JPY 7.00; USD 3.00" in row for row in rows)


def test_who_may_not_read_the_currency_gets_no_sum_without_it(live: Live):
    answer = live.client("ann").get("/api/v1/reports/prices")
    assert answer.status_code == 422
    assert answer.json["code"] == "field.unknown"
