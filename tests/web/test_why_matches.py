"""The page and the answer that say why name the record that a best match finds, in the record and its rows."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.documents import field, label
from tests.support.live import PASSWORD, Live, open_live
from tests.support.surfing import Surfer


def _with_prices(contents: dict[Any, Any]) -> None:
    contents["object", "price"] = {
        "kind": "object",
        "name": "price",
        "label": label("Price", "价格"),
        "title": "code",
        "fields": [
            field("code", "text", length=20),
            field("amount", "money"),
            field("company", "lookup", to="company", label=label("Company", "公司")),
            field("region", "lookup", to="region", label=label("Region", "大区")),
        ],
        "best_match": {"keys": ["company", "region"]},
    }
    contents["permission", "price"] = {
        "kind": "permission",
        "name": "price",
        "object": "price",
        "grants": [{"role": "admin", "actions": ["read"], "scope": "all"}],
    }
    for name, company in (("claim", "this.company"), ("claim_item", "this.claim.company")):
        asked = f"BEST(price.amount FOR company = {company})"
        rate = field(
            "rate", "money", written_by="system", default=asked, label=label("Rate", "单价")
        )
        contents["object", name]["fields"].append(rate)


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    found = open_live(shared_database_url, _with_prices)
    with found.platform.database.writing(None) as work:
        for login in ("admin", "ann"):
            found.platform.identity.set_password(work, found.ids[login], PASSWORD)
    yield found
    found.platform.close()


def test_the_page_tells_who_may_read_it(live: Live):
    live.create("price", {"code": "D-3", "amount": "5", "company": live.ids["acme"]})
    data = {"company": live.ids["acme"], "subject": "s", "items": [{"what": "x"}, {"what": "y"}]}
    claim = live.create("claim", data)
    pages = {
        (login, language): html.unescape(
            Surfer(live, login, language).get(f"/o/claim/{claim}/rules").response.text
        )
        for login in ("admin", "ann")
        for language in ("en", "zh")
    }
    english, chinese = pages["admin", "en"], pages["admin", "zh"]
    told = "Price “D-3” fits most closely by Company Company acme; Region: for all"
    assert english.count(told) == 3, "in the record and in both rows"
    assert chinese.count("最匹配的价格是“D-3”，依据：公司 Company acme；大区：不限") == 3
    for language in ("en", "zh"):
        assert "D-3" not in pages["ann", language]
        assert "价格" not in pages["ann", language]
