"""The page that says why: labels and values for everybody, formulas for who designs."""

from __future__ import annotations

import html
from collections.abc import Callable

from tests.support.live import Live
from tests.support.surfing import Surfer


def test_only_who_designs_sees_formulas(live: Live, surfer: Callable[..., Surfer]) -> None:
    data = {"subject": "Why", "company": live.ids["acme"], "fee": "12", "items": [{"what": "x"}]}
    record_id = live.create("claim", data)
    seen = {
        login: html.unescape(surfer(login).get(f"/o/claim/{record_id}/rules").response.text)
        for login in ("admin", "ann")
    }
    assert "<code>fee <= 500</code>" in seen["admin"]
    assert "<code>" not in seen["ann"]
    assert "fee <=" not in seen["ann"]
    for text in seen.values():
        assert "The fee is at most 500" in text
        assert "fee: 12.00" in text
