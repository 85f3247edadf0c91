"""The schemas and the palette that a designer is drawn from, through the API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.live import Live, open_live

API = "/api/v1/metadata"
WHAT = ("schemas", "palette")


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    live = open_live(shared_database_url)
    yield live
    live.platform.close()


@pytest.mark.parametrize("what", WHAT)
def test_only_designers_are_answered(live: Live, what: str) -> None:
    assert live.client("ann").get(f"{API}/{what}").status_code == 403


@pytest.mark.parametrize("what", WHAT)
def test_a_language_that_there_is_not_is_refused(live: Live, what: str) -> None:
    refused = live.client("admin").get(f"{API}/{what}?language=tlh")

    assert refused.status_code == 422
    assert refused.json["problems"][0]["code"] == "request.language"


def test_a_key_is_described_in_each_language(live: Live) -> None:
    client = live.client("admin")
    en, zh = (client.get(f"{API}/schemas?language={one}").json["kinds"] for one in ("en", "zh"))

    assert en["view"]["title"] == "view"
    assert zh["view"]["title"] == "列表"
    assert en["view"]["properties"]["columns"]["title"] == "Columns"
    assert zh["view"]["properties"]["columns"]["description"] == "显示的列，可以沿引用选取。"
    assert zh["view"]["properties"]["where"]["x-formula"] is True


@pytest.mark.parametrize("what", WHAT)
def test_what_is_known_is_not_sent_again(live: Live, what: str) -> None:
    client = live.client("admin")
    first = client.get(f"{API}/{what}?language=zh")
    again = client.get(
        f"{API}/{what}?language=zh", headers={"If-None-Match": first.headers["ETag"]}
    )
    other = client.get(
        f"{API}/{what}?language=en", headers={"If-None-Match": first.headers["ETag"]}
    )

    assert (again.status_code, again.data) == (304, b"")
    assert other.status_code == 200
    assert other.headers["ETag"] != first.headers["ETag"]


def test_the_palette_has_types_in_groups_and_functions(live: Live) -> None:
    answered = live.client("admin").get(f"{API}/palette?language=zh").json
    groups = [one["name"] for one in answered["groups"]]
    order = [groups.index(one["group"]) for one in answered["field_types"]]
    rounding = next(one for one in answered["functions"] if one["name"] == "ROUND")

    assert order == sorted(order)
    assert rounding["signature"] == "ROUND(number, [digits])"
    assert rounding["help"] == "四舍五入到指定的小数位数。"
    assert [one["name"] for one in rounding["parameters"]] == ["number", "digits"]
