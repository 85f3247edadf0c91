"""Templates, copies and other names: through the API, and on the page that a module begins from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from headrace.platform.publishing.starting import TEMPLATES
from tests.support.live import PASSWORD, Live, open_live
from tests.support.surfing import Surfer

API = "/api/v1/metadata"
LABEL = {"en": "Booths", "zh": "展位"}


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    live = open_live(shared_database_url)
    live.add_user("drawer", "admin", password=PASSWORD)
    yield live
    live.platform.close()


def draft_of(client: Any, name: str) -> str:
    return f"{API}/drafts/{client.post(f'{API}/drafts', json={'name': name}).json['id']}"


def documents(client: Any, draft: str) -> dict[tuple[str, str], dict[str, Any]]:
    found = client.get(f"{draft}/documents?content=true").json["items"]
    return {(one["kind"], one["name"]): one for one in found}


def problems(client: Any, draft: str) -> list[dict[str, Any]]:
    return client.post(f"{draft}/check", json={}).json["problems"]


def test_every_template_is_told_with_what_it_holds(live: Live) -> None:
    items = live.client("admin").get(f"{API}/templates").json["items"]
    assert {one["name"] for one in items} == {one.name for one in TEMPLATES.iterdir()}
    assert all(one["label"] and one["contents"]["object"] and one["roles"] for one in items)
    assert len(items) == 4


@pytest.mark.parametrize("template", sorted(one.name for one in TEMPLATES.iterdir()))
def test_a_template_is_a_draft_without_problems(live: Live, template: str) -> None:
    client = live.client("admin")
    draft = draft_of(client, template)
    asked = {"template": template, "name": "booth", "label": LABEL, "roles": {"staff": "boss"}}
    made = client.post(f"{draft}/modules", json=asked)
    assert made.status_code == 201, made.json
    assert problems(client, draft) == []
    found = documents(client, draft)
    assert found["module", "booth"]["document"]["content"]["label"] == LABEL
    assert ("role", "booth_staff") not in found
    rights = [
        one["document"]["content"]["grants"]
        for (kind, name), one in found.items()
        if kind == "permission" and name.startswith("booth_")
    ]
    assert rights
    assert all("boss" in {grant["role"] for grant in grants} for grants in rights)


def test_a_copy_with_names_of_ones_own(live: Live) -> None:
    client = live.client("admin")
    draft = draft_of(client, "Copy")
    asked = {"module": "claims", "name": "booth", "label": LABEL, "objects": {"claim": "booth_ask"}}
    made = client.post(f"{draft}/modules", json=asked).json
    found = documents(client, draft)
    assert made["id"] == found["module", "booth"]["id"]
    assert ("object", "booth_ask") in found
    assert [one["code"] for one in made["told"]] == ["copy.acts_as", "copy.acts_as"]
    assert [one for one in problems(client, draft) if one["severity"] == "error"] == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"name": "Booth"}, "name.pattern"),
        ({"name": "claims"}, "start.module_taken"),
        ({"objects": {"claim": "company"}}, "start.object_taken"),
        ({"label": {}}, "start.label"),
        ({"module": "nothing"}, "start.unknown"),
        ({"template": "simple_list"}, "request.value"),
        ({"more": 1}, "request.value"),
    ],
)
def test_what_cannot_be_begun_is_refused(live: Live, changed: dict[str, Any], code: str) -> None:
    client = live.client("admin")
    draft = draft_of(client, f"Refused {sorted(changed)} {code}")
    asked = {"module": "claims", "name": "booth", "label": LABEL, **changed}
    refused = client.post(f"{draft}/modules", json=asked)
    assert refused.status_code in {404, 422}
    assert refused.json["problems"][0]["code"] == code
    assert ("module", "booth") not in documents(client, draft)


def test_another_name_is_told_with_its_places_and_planned_as_renamed(live: Live) -> None:
    client = live.client("admin")
    draft = draft_of(client, "Rename")
    claim = documents(client, draft)["object", "claim"]
    fields = [one["name"] for one in claim["document"]["content"]["fields"]]
    asked = {"document": claim["id"], "path": f"/fields/{fields.index('fee')}", "name": "charge"}
    told = client.post(f"{draft}/rename", json=asked).json
    assert told["count"] == len(told["places"]) > 1
    assert claim["id"] in {one["id"] for one in told["documents"]}
    for one in told["documents"]:
        sent = {"content": one["document"]["content"]}
        put = client.put(f"{draft}/documents/{one['id']}", json=sent, headers={"If-Match": '"0"'})
        assert put.status_code == 200, put.json
    assert problems(client, draft) == []
    plan = client.post(f"{draft}/plan", json={}).json
    assert {one["code"] for one in plan["lines"]} & {"field.drop", "field.add"} == set()
    again = client.post(f"{draft}/rename", json={**asked, "name": "subject"})
    assert again.json["problems"][0]["code"] == "rename.taken"


def test_names_are_spelled_from_labels(live: Live) -> None:
    client = live.client("admin")

    def name(label: str) -> str:
        asked = {"label": label, "otherwise": "field"}
        return client.get(f"{API}/names", query_string=asked).json["name"]

    assert name("展会名称") == "zhan_hui_ming_cheng"
    assert name("Booth size") == "booth_size"
    assert name("???") == "field"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_begins_a_module_and_opens_its_draft(live: Live, language: str) -> None:
    drawer = Surfer(live, "drawer", language)
    page = drawer.get("/design/start").response.text
    assert page.count("/design/start/template/") == 4
    address = "/design/start/module/claims"
    shown = drawer.get(address)
    sent = drawer.send(shown.form(address), name="Booth", label_en="Booths")
    assert sent.status == 422
    sent = drawer.send(shown.form(address), name=f"booth_{language}", label_en=f"Booths {language}")
    assert sent.status == 303, sent.text
    place = sent.response.headers["Location"]
    assert re.fullmatch(r"/design/[0-9a-f-]{36}#[0-9a-f]{26}", place)
    assert f"Booths {language}" in drawer.get("/design").text
    draft = place.partition("#")[0].rpartition("/")[2]
    second = drawer.get(f"/design/start/template/simple_list?draft={draft}")
    sent = drawer.send(second.form("/design/start/template/simple_list"), name="list_of")
    assert sent.response.headers["Location"].startswith(f"/design/{draft}#")
