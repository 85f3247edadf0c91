"""Found by pinyin through lists, lookups and search, within rows and fields that one may see; order of titles."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.documents import field
from tests.support.live import Live, open_live

NAMES = {
    "own": "杭州晨屿玻璃",
    "other": "晨屿的秘密报价",
    "city": "重庆行长",
    "mixed": "A3晨屿Café",
    "plain": "Zebra",
}


def _with_texts(contents: dict[Any, Any]) -> None:
    company = contents["object", "company"]
    company["fields"] += [
        field("nick", "text"),
        field("told", "text", audience="internal"),
        field("veiled", "text", masked={"start": 1, "end": 0}),
    ]
    company["search"] = ["name", "nick", "told", "veiled"]


@pytest.fixture(scope="module")
def live(shared_database_url: str):
    found = open_live(shared_database_url, _with_texts)
    for name, company in (
        ("own", "acme"),
        ("other", "rival"),
        ("city", "acme"),
        ("mixed", "acme"),
        ("plain", "acme"),
    ):
        data = {"subject": NAMES[name], "company": found.ids[company], "items": [{"what": "x"}]}
        found.ids[name] = found.create("claim", data)
    for code, more in (
        ("C1", {"name": "晨屿贸易", "nick": "华东"}),
        ("C2", {"name": "北京店", "told": "晨屿内部"}),
        ("C3", {"name": "安徽店", "veiled": "晨屿"}),
    ):
        data = {"code": code, "region": found.ids["east"], "parent": found.ids["acme"], **more}
        found.ids[code] = found.create("company", data)
    yield found
    found.platform.close()


def _listed(live: Live, login: str, text: str, name: str = "claim") -> set[str]:
    answer = live.client(login).get(f"/api/v1/records/{name}", query_string={"q": text})
    assert answer.status_code == 200, answer.json
    known = {record_id: key for key, record_id in live.ids.items()}
    return {known[one["id"]] for one in answer.json["items"]}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("cy", {"own", "mixed"}),
        ("CY", {"own", "mixed"}),
        ("chenyu", {"own", "mixed"}),
        ("chen yu", {"own", "mixed"}),
        ("hzcy", {"own"}),
        ("hangzhouchen", {"own"}),
        ("cq", {"city"}),
        ("chongqing", {"city"}),
        ("cqhz", {"city"}),
        ("cqxz", {"city"}),
        ("hangchang", {"city"}),
        ("a3cy", {"mixed"}),
        ("3chenyucafe", {"mixed"}),
        ("cyc", {"mixed"}),
        ("ebr", {"plain"}),
        ("enyu", set()),
        ("mm", set()),
        ("晨y", set()),
        ("c%y", set()),
        ("[cC]y", set()),
        ("*", set()),
        (".*", set()),
    ],
)
def test_lists_and_search_find_by_initials_syllables_and_both_mixed(
    live: Live, text: str, found: set[str]
):
    assert _listed(live, "ann", text) == found
    answer = live.client("ann").get("/api/v1/search", query_string={"q": text, "objects": "claim"})
    known = {record_id: key for key, record_id in live.ids.items()}
    assert {known[one["id"]] for one in answer.json["items"]} == found


def test_rows_of_others_are_not_found_nor_counted(live: Live):
    assert _listed(live, "bob", "cy") == {"other"}
    assert _listed(live, "ann", "mm") == set()
    answer = live.client("ann").get("/api/v1/records/claim?q=mimi&count=exact")
    assert (answer.json["items"], answer.json["count"]) == ([], 0)
    assert _listed(live, "fin", "cymm") == set()
    assert _listed(live, "fin", "mimi") == {"other"}


def test_a_field_that_may_not_be_read_or_is_masked_is_not_found_by_its_pinyin(live: Live):
    assert _listed(live, "ann", "cy", "company") == {"C1"}
    assert _listed(live, "ann", "cynb", "company") == set()
    assert _listed(live, "admin", "cynb", "company") == {"C2"}
    assert _listed(live, "admin", "chenyu", "company") == {"C1", "C2"}
    assert _listed(live, "ann", "huadong", "company") == {"C1"}


@pytest.mark.parametrize("name", ["subjectSearch", "nameSort", "nameSearch"])
def test_nobody_reads_filters_by_or_writes_a_key(live: Live, name: str):
    client = live.client("admin")
    for arguments in ({"fields": name}, {"sort": name}, {"fields": f"parent.{name}"}):
        assert client.get("/api/v1/records/company", query_string=arguments).status_code == 422
    condition = {"filter": {"field": name, "op": "=", "value": "CY"}}
    answer = client.post("/api/v1/records/company/query", json=condition)
    assert [one["code"] for one in answer.json["problems"]] == ["field.unknown"]
    data = {"code": "X", "name": "x", name: "x"}
    answer = client.post("/api/v1/records/company", json=data)
    assert answer.status_code == 422, answer.json
    record = client.get(f"/api/v1/records/company/{live.ids['C1']}").json
    assert not [one for one in record if one.endswith(("Sort", "Search"))]
    history = client.get(f"/api/v1/records/claim/{live.ids['own']}/history").data.decode()
    assert "ChenYu" not in history
    described = client.get("/api/v1/openapi.json").data.decode()
    assert name not in described


def test_titles_stand_in_the_order_of_pinyin_on_every_page(live: Live):
    ordered = []
    cursor: dict[str, str] = {}
    while True:
        arguments = {"sort": "name", "fields": "name", "limit": 2, **cursor}
        answer = live.client("admin").get("/api/v1/records/company", query_string=arguments).json
        ordered += [one["name"] for one in answer["items"]]
        if answer["next"] is None:
            break
        cursor = {"cursor": answer["next"]}
    house = ["Company acme", "Company rival", "Company sub"]
    assert ordered == [*house, "安徽店", "北京店", "晨屿贸易"]
    answer = live.client("admin").get("/api/v1/records/company?sort=-name&fields=name").json
    assert [one["name"] for one in answer["items"]] == ordered[::-1]


def test_a_lookup_offers_what_is_found_by_pinyin_in_order(live: Live):
    client = live.client("admin")
    answer = client.get("/api/v1/records/claim?sort=company&fields=company,subject&limit=1").json
    assert answer["items"][0]["company"]["title"] == "Company acme"
    found = live.platform.perform_as_system(
        lambda context: _choices(context, "cymy") + _choices(context, "beijing")
    )
    assert found == ["晨屿贸易", "北京店"]


def _choices(context: Any, text: str) -> list[str]:
    from headrace.platform.records import reader

    return [one["title"] for one in reader.choices(context, "claim", "company", text, {})][:1]


def test_a_key_follows_its_text(live: Live):
    client = live.client("admin")
    made = client.post("/api/v1/records/region", json={"code": "NEW", "name": "青岛"}).json
    path = f"/api/v1/records/region/{made['id']}"

    def found(text: str) -> bool:
        page = client.get("/api/v1/records/region", query_string={"q": text}).json
        return any(one["id"] == made["id"] for one in page["items"])

    assert found("qd")
    version = made["version"]
    changed = client.patch(path, json={"name": "烟台"}, headers={"If-Match": f'"{version}"'})
    assert changed.status_code == 200, changed.json
    assert (found("qd"), found("yantai")) == (False, True)
