"""Search over everything: by screen, by suggestion and by API, for what one may see and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.live import Live, open_live
from tests.support.surfing import Surfer


@pytest.fixture(scope="module")
def found_live(shared_databases: Callable[[], str]):
    live = open_live(shared_databases())
    for company, subject in (
        ("acme", "杭州晨屿的玻璃门"),
        ("acme", "屋顶 100% glass_pane"),
        ("rival", "杭州晨屿的秘密报价"),
        ("rival", "Rival only"),
    ):
        data = {"subject": subject, "company": live.ids[company], "items": [{"what": "x"}]}
        live.ids[subject] = live.create("claim", data)
    yield live
    live.platform.close()


def _search(live: Live, login: str, **arguments: Any) -> Any:
    answer = live.client(login).get("/api/v1/search", query_string=arguments)
    assert answer.status_code == 200, answer.json
    return answer.json


def _ids(found: Any) -> list[str]:
    return [one["id"] for one in found["items"]]


@pytest.mark.parametrize("text", ["晨", "晨屿", "玻璃", "杭州晨屿的玻璃门", " 晨屿 "])
def test_chinese_of_any_length_is_found(found_live: Live, text: str):
    own = found_live.ids["杭州晨屿的玻璃门"]
    assert _ids(_search(found_live, "ann", q=text)) == [own]


@pytest.mark.parametrize("text", ["100%", "GLASS_pane", "_", "%"])
def test_signs_of_patterns_stand_for_themselves(found_live: Live, text: str):
    own = found_live.ids["屋顶 100% glass_pane"]
    assert _ids(_search(found_live, "ann", q=text)) == [own]


def test_a_number_is_found_exactly_before_all_else(found_live: Live):
    own = found_live.ids["杭州晨屿的玻璃门"]
    number = found_live.client("ann").get(f"/api/v1/records/claim/{own}").json["claim_no"]
    first = _search(found_live, "ann", q=number)["items"][0]
    assert (first["object"], first["id"], first["title"]) == ("claim", own, number)
    company = _search(found_live, "ann", q="acme")["items"]
    assert {"object": "company", "id": found_live.ids["acme"], "title": "Company acme"} in company


def test_what_others_have_is_not_found_nor_counted(found_live: Live):
    for text in ("秘密", "Rival only", "rival", "secret note", found_live.ids["Rival only"]):
        found = _search(found_live, "ann", q=text)
        assert found == {"items": [], "more": []}, text
    assert len(_search(found_live, "fin", q="晨屿")["items"]) == 2


def test_an_internal_field_is_never_looked_in(found_live: Live):
    for login in ("ann", "admin"):
        assert _search(found_live, login, q="secret note")["items"] == []


def test_there_may_be_more_of_an_object(found_live: Live):
    found = _search(found_live, "fin", q="晨屿", limit=1)
    assert len(found["items"]) == 1
    assert found["more"] == ["claim"]
    assert _search(found_live, "fin", q="晨屿", objects="company")["items"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"q": ""},
        {"q": "  "},
        {"q": "x" * 201},
        {"q": "x", "limit": "0"},
        {"q": "x", "limit": "21"},
        {"q": "x", "limit": "²"},
        {"q": "x", "objects": "nothing"},
        {"q": "x", "objects": "user"},
        {"q": "x", "objects": "claim_item"},
        {"q": "x", "offset": "3"},
        {"q": "\x00"},
    ],
)
def test_questions_that_mean_nothing_are_refused(found_live: Live, arguments: Any):
    answer = found_live.client("ann").get("/api/v1/search", query_string=arguments)
    assert answer.status_code == 422, answer.data


def test_suggestions_lead_to_records(live: Live, surfer: Any) -> None:
    data = {"subject": "门窗验收", "company": live.ids["acme"], "items": [{"what": "x"}]}
    record_id = live.create("claim", data)
    ann: Surfer = surfer("ann", "zh")
    groups = ann.get("/search/suggestions?q=门窗").response.json["groups"]
    assert [group["label"] for group in groups] == ["理赔单"]
    (item,) = groups[0]["items"]
    assert item["address"] == f"/o/claim/{record_id}"
    assert item["detail"] == "草稿"
    assert ann.get("/search/suggestions?q=").response.json == {"groups": []}
    assert surfer("bob").get("/search/suggestions?q=门窗").response.json == {"groups": []}
    page = ann.get("/search?q=门窗")
    assert f"/o/claim/{record_id}" in page.links
