"""Lists: every state has an address; filters, sort and pages work from it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.support.live import Live
from tests.support.surfing import Surfer

MANY = 120


@pytest.fixture(scope="module")
def admin(live: Live) -> Surfer:
    for number in range(MANY):
        kind = "loss" if number % 3 == 0 else "damage"
        live.create(
            "claim",
            {
                "company": live.ids["acme" if number % 2 else "rival"],
                "subject": f"Subject {number:03d}",
                "kind": kind,
                "claimed_on": f"2025-0{1 + number % 6}-15",
                "fee": str(number),
            },
        )
    return Surfer(live, "admin")


def _rows(page: str) -> list[str]:
    return re.findall(r"data-row-link>(CL-[0-9-]+)<", page)


def test_pages_lead_forward_and_back_and_meet_every_row_once(admin: Surfer) -> None:
    seen: list[list[str]] = []
    address: str | None = "/o/claim?view=all"
    pages = []
    while address:
        page = admin.get(address)
        assert page.status == 200
        pages.append(page)
        seen.append(_rows(page.response.text))
        following = re.search(r'href="([^"]+)" rel="next"', page.response.text)
        address = following[1].replace("&amp;", "&") if following else None
    rows = [row for page_rows in seen for row in page_rows]
    assert len(rows) == len(set(rows)) == MANY
    back = re.search(r'href="([^"]+)" rel="prev"', pages[-1].response.text)
    assert back is not None
    before = admin.get(back[1].replace("&amp;", "&"))
    assert _rows(before.response.text) == seen[-2]


def test_count_is_exact(admin: Surfer) -> None:
    assert f"{MANY} records" in admin.get("/o/claim?view=all").text


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        ("f.kind=loss", 40),
        ("f.fee.from=100", 20),
        ("f.fee.from=10&f.fee.to=19", 10),
        ("f.claimed_on.from=2025-03-01&f.claimed_on.to=2025-03-31", 20),
        ("f.kind=loss&f.fee.to=8", 3),
        ("q=Subject 01", 10),
    ],
)
def test_filters_are_chips_that_can_be_taken_off(admin: Surfer, arguments: str, count: int) -> None:
    page = admin.get(f"/o/claim?view=all&{arguments}")
    assert f"{count} records" in page.text
    for chip in re.findall(r'class="chip">[^<]+<a href="([^"]+)"', page.response.text):
        assert admin.get(chip.replace("&amp;", "&")).status == 200


def test_columns_sort_both_ways(admin: Surfer) -> None:
    rising = _rows(admin.get("/o/claim?view=all&sort=claim_no").response.text)
    falling = _rows(admin.get("/o/claim?view=all&sort=-claim_no").response.text)
    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)
    assert 'aria-sort="descending"' in admin.get("/o/claim?view=all&sort=-claim_no").response.text


@pytest.mark.parametrize(
    "arguments", ["sort=nothing", "sort=company.note", "cursor=x", "f.fee.from=abc"]
)
def test_addresses_that_ask_for_nonsense_are_refused(
    admin: Surfer, surfer: Callable[..., Surfer], arguments: str
) -> None:
    assert surfer("ann").get(f"/o/claim?view=all&{arguments}").status == 422


def test_typing_in_the_search_brings_rows_alone(admin: Surfer) -> None:
    part = admin.get("/o/claim?view=all&q=Subject 007", **{"HX-Request": "true"})
    assert part.status == 200
    assert "<html" not in part.response.text
    assert len(_rows(part.response.text)) == 1


def test_unknown_view_opens_the_first(admin: Surfer) -> None:
    assert admin.get("/o/claim?view=nothing").status == 200


def test_views_are_tabs(admin: Surfer) -> None:
    page = admin.get("/o/claim")
    assert re.search(r'view=open_claims" aria-current="page"', page.response.text)
