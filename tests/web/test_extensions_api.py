"""Extensions through the API: published, read alone and together with what they add to, edited in a draft."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.documents import field
from tests.support.extensions import base, extending, extension
from tests.support.live import Live, open_live

DRAFTS = "/api/v1/metadata/drafts"
ON_CLAIMS = extension(
    "object",
    "claim",
    fields=[field("waybill", "text", length=40)],
    after={"waybill": "claim_no"},
)
ON_FLOW = extension(
    "workflow",
    "claim_flow",
    states=[{"name": "lost", "final": True}],
    transitions=[{"name": "lose", "from": ["draft"], "to": "lost"}],
)
ON_GRANTS = extension(
    "permission",
    "claim",
    grants=[{"role": "admin", "actions": ["read"], "transitions": ["lose"]}],
)


@pytest.fixture
def live(database_url: str) -> Iterator[Live]:
    live = open_live(database_url)
    yield live
    live.platform.close()


def body(*extensions: dict[str, object]) -> dict[str, object]:
    modules = {
        "claims": [one.content for one in base()],
        "transport": [one.content for one in extending(*extensions)],
    }
    return {"modules": modules}


def test_a_definition_is_read_alone_and_with_all_that_is_added(live: Live):
    client = live.client("admin")
    answer = client.post("/api/v1/metadata/publish", json=body(ON_CLAIMS, ON_FLOW, ON_GRANTS))
    assert answer.status_code == 200, answer.json

    alone = client.get("/api/v1/metadata/object/claim").json["fields"]
    together = client.get("/api/v1/metadata/object/claim?extended=true").json["fields"]
    listed = client.get("/api/v1/metadata/extends?of=object&module=transport").json["items"]
    of_grants = client.get("/api/v1/metadata/extends/claim?of=permission").json
    nothing = client.get("/api/v1/metadata/extends/claim?of=view")

    assert "waybill" not in [one["name"] for one in alone]
    assert [one["name"] for one in together][:2] == ["claim_no", "waybill"]
    assert [(one["of"], one["name"]) for one in listed] == [("object", "claim")]
    assert of_grants["grants"][0]["transitions"] == ["lose"]
    assert nothing.status_code == 404


def test_what_an_extension_adds_is_in_force_at_once(live: Live):
    client = live.client("admin")
    client.post("/api/v1/metadata/publish", json=body(ON_CLAIMS, ON_FLOW, ON_GRANTS))
    region = live.create("region", {"code": "r", "name": "North"})
    company = live.create("company", {"code": "c", "name": "One", "region": region})
    sent = {"company": company, "subject": "a", "waybill": "W1"}

    made = client.post("/api/v1/records/claim", json=sent)
    path = f"/api/v1/records/claim/{made.json['id']}"
    headers = {"If-Match": f'"{made.json["version"]}"'}
    lost = client.post(f"{path}/transitions/lose", json={}, headers=headers)

    assert made.status_code == 201, made.json
    assert lost.status_code == 200, lost.json
    found = client.get(path).json
    assert (found["waybill"], found["status"]) == ("W1", "lost")


@pytest.mark.parametrize(
    ("wrong", "code", "place"),
    [
        ({**ON_CLAIMS, "of": "rolle"}, "schema.not_allowed", "/of"),
        ({**ON_CLAIMS, "steps": []}, "schema.unknown_field", "/steps"),
        ({**ON_CLAIMS, "after": {"waybill": 1}}, "schema.wrong_type", "/after/waybill"),
        ({**ON_CLAIMS, "after": {"waybill": "nothing"}}, "extends.after", "/after/waybill"),
        ({**ON_CLAIMS, "name": "nothing"}, "ref.unknown_object", "/name"),
        ({**ON_CLAIMS, "fields": []}, "extends.empty", ""),
        ({**ON_CLAIMS, "choices": {"Kind": []}}, "name", "/choices/Kind"),
    ],
    ids=lambda one: one if isinstance(one, str) else None,
)
def test_a_bad_extension_is_refused_with_its_place_and_changes_nothing(
    live: Live, wrong: dict[str, object], code: str, place: str
):
    client = live.client("admin")
    before = client.get("/api/v1/metadata/versions").json

    answer = client.post("/api/v1/metadata/publish", json=body(wrong))

    assert answer.status_code == 422
    problems = [one for one in answer.json["problems"] if one["code"].startswith(code)]
    assert problems[0]["path"].endswith(place)
    assert problems[0]["hint"]
    assert client.get("/api/v1/metadata/versions").json == before


def test_extensions_are_changed_and_made_in_a_draft(live: Live):
    client = live.client("admin")
    client.post("/api/v1/metadata/publish", json=body(ON_CLAIMS))
    draft = client.post(DRAFTS, json={"name": "more"}).json
    path = f"{DRAFTS}/{draft['id']}"
    listed = client.get(f"{path}/documents").json["items"]
    (found,) = [one for one in listed if one["kind"] == "extends"]
    held = client.get(f"{path}/documents/{found['id']}").json
    content = held["document"]["content"]
    content["fields"].append(field("weight", "integer"))

    put = client.put(
        f"{path}/documents/{found['id']}",
        json={"content": content},
        headers={"If-Match": f'"{held["version"]}"'},
    )
    added = client.post(
        f"{path}/documents",
        json={
            "module": "transport",
            "content": extension("view", "open_claims", columns=["weight"]),
        },
    )
    version = client.get(path).json["version"]
    done = client.post(f"{path}/publish", json={}, headers={"If-Match": f'"{version}"'})

    assert found["of"] == "object"
    assert (put.status_code, added.status_code) == (200, 201), (put.json, added.json)
    assert done.status_code == 200, done.json
    view = client.get("/api/v1/metadata/view/open_claims?extended=true").json
    assert view["columns"][-1] == "weight"
