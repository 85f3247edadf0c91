"""Drafts through the API: two designers, one base."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.publishing.draft_attendance import STAYS_FOR
from headrace.platform.publishing.draft_tables import DRAFT_PRESENCE
from tests.support.documents import field
from tests.support.live import Live, open_live

DRAFTS = "/api/v1/metadata/drafts"


@pytest.fixture
def live(database_url: str) -> Iterator[Live]:
    live = open_live(database_url)
    yield live
    live.platform.close()


def make(client: Any, name: str) -> dict[str, Any]:
    return client.post(DRAFTS, json={"name": name}).json


def claim_in(client: Any, draft: dict[str, Any]) -> dict[str, Any]:
    claim = client.get("/api/v1/metadata/object/claim").json
    return client.get(f"{DRAFTS}/{draft['id']}/documents/{claim['id']}").json


def put(client: Any, draft: dict[str, Any], held: dict[str, Any], content: Any) -> Any:
    return client.put(
        f"{DRAFTS}/{draft['id']}/documents/{held['id']}",
        json={"content": content},
        headers={"If-Match": f'"{held["version"]}"'},
    )


def add_field(client: Any, draft: dict[str, Any], name: str) -> Any:
    held = claim_in(client, draft)
    content = held["document"]["content"]
    content["fields"].append(field(name, "text"))
    return put(client, draft, held, content)


def send(client: Any, draft: dict[str, Any], action: str, /, **keys: Any) -> Any:
    version = client.get(f"{DRAFTS}/{draft['id']}").json["version"]
    return client.post(
        f"{DRAFTS}/{draft['id']}/{action}", json=keys, headers={"If-Match": f'"{version}"'}
    )


def fields_of(client: Any) -> list[str]:
    return [one["name"] for one in client.get("/api/v1/metadata/object/claim").json["fields"]]


def test_a_draft_is_changed_checked_planned_and_published(live: Live):
    client = live.client("admin")
    draft = make(client, "Colours")

    assert add_field(client, draft, "colour").status_code == 200
    assert "colour" not in fields_of(client)
    assert client.post(f"{DRAFTS}/{draft['id']}/check", json={}).json["problems"] == []
    assert client.post(f"{DRAFTS}/{draft['id']}/plan", json={}).json["lines"]
    shown = client.get(f"{DRAFTS}/{draft['id']}").json["documents"]
    assert [(one["name"], one["change"]) for one in shown] == [("claim", "change")]
    done = send(client, draft, "publish", message="colours")

    assert done.json["version"] == 2
    assert done.json["draft"]["state"] == "published"
    assert "colour" in fields_of(client)
    assert client.get(DRAFTS).json["items"] == []
    assert len(client.get(f"{DRAFTS}?closed=true").json["items"]) == 1


def test_a_published_draft_answers_a_repeated_request_with_its_first_answer(live: Live):
    client = live.client("admin")
    draft = make(client, "Colours")
    add_field(client, draft, "colour")
    headers = {"If-Match": '"2"', "Idempotency-Key": "once"}
    answers = [
        client.post(f"{DRAFTS}/{draft['id']}/publish", json={}, headers=headers) for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].json == answers[1].json
    assert live.platform.catalogs.refresh().version == 2


def test_the_second_of_two_drafts_is_refused_or_merged_and_never_lost(live: Live):
    client = live.client("admin")
    first, second = make(client, "First"), make(client, "Second")
    add_field(client, first, "colour")
    add_field(client, second, "taste")
    send(client, first, "publish")

    refused = send(client, second, "publish")
    merged = send(client, second, "publish", merge=True)

    assert refused.status_code == 409
    assert refused.json["code"] == "publish.conflict"
    assert merged.status_code == 200
    assert {"colour", "taste"} <= set(fields_of(client))


def test_a_contradiction_is_listed_and_settled_by_an_answer(live: Live):
    client = live.client("admin")
    first, second = make(client, "First"), make(client, "Second")
    for draft, length in ((first, 30), (second, 50)):
        held = claim_in(client, draft)
        content = held["document"]["content"]
        subject = next(one for one in content["fields"] if one["name"] == "subject")
        subject["label"]["en"] = f"Subject {length}"
        put(client, draft, held, content)
    send(client, first, "publish")

    refused = send(client, second, "publish", merge=True)
    keys = [one["key"] for one in refused.json["differences"]["conflicts"]]
    answers = {key: {"answer": "ours"} for key in keys}
    assert send(client, second, "rebase").status_code == 409
    assert send(client, second, "rebase", resolutions=answers).json["base"] == 2
    done = send(client, second, "publish")

    assert refused.status_code == 409
    assert len(keys) == 1
    assert done.status_code == 200
    claim = client.get("/api/v1/metadata/object/claim").json
    labels = [one.get("label", {}).get("en") for one in claim["fields"]]
    assert "Subject 50" in labels


def test_two_in_one_draft_cannot_overwrite_each_other(live: Live):
    client = live.client("admin")
    draft = make(client, "Ours")
    held = claim_in(client, draft)
    add_field(client, draft, "colour")
    stale = put(client, draft, held, held["document"]["content"])
    changes = client.get(f"{DRAFTS}/{draft['id']}/changes").json["items"]
    undone = client.post(f"{DRAFTS}/{draft['id']}/undo", json={"number": changes[-1]["number"]})

    assert stale.status_code == 409
    assert stale.json["differences"]["version"] == 2
    assert [one["action"] for one in changes] == ["create", "put"]
    assert undone.status_code == 200
    assert client.get(f"{DRAFTS}/{draft['id']}").json["documents"] == []


def test_definitions_come_and_go_in_a_draft(live: Live):
    client = live.client("admin")
    draft = make(client, "Roles")
    path = f"{DRAFTS}/{draft['id']}/documents"
    body = {"module": "claims", "content": {"kind": "role", "name": "auditor"}}
    made = client.post(path, json=body)
    again = client.post(path, json=body)
    gone = client.delete(f"{path}/{made.json['id']}", headers={"If-Match": '"2"'})
    missing = client.delete(f"{path}/{made.json['id']}")
    assert [one.status_code for one in (made, again, gone, missing)] == [201, 409, 200, 428]
    names = [one["name"] for one in client.get(path).json["items"] if one["change"] != "delete"]
    assert "auditor" not in names


def test_a_draft_that_is_given_up_is_closed(live: Live):
    client = live.client("admin")
    draft = make(client, "Nothing")
    path = f"{DRAFTS}/{draft['id']}"
    assert client.delete(path).status_code == 428
    assert client.delete(path, headers={"If-Match": '"1"'}).json["state"] == "discarded"
    assert add_field(client, draft, "colour").json["code"] == "draft.closed"


@pytest.mark.parametrize("body", [{}, {"name": 7}, {"name": "x", "more": 1}, {"name": ""}])
def test_bodies_that_mean_nothing_are_refused(live: Live, body: dict[str, Any]):
    assert live.client("admin").post(DRAFTS, json=body).status_code == 422


@pytest.mark.parametrize(
    "resolutions", [7, {"x": "mine"}, {"x": {"answer": "value"}}, {"x": {"side": "ours"}}]
)
def test_resolutions_that_mean_nothing_are_refused(live: Live, resolutions: Any):
    client = live.client("admin")
    draft = make(client, "Ours")
    refused = client.post(f"{DRAFTS}/{draft['id']}/plan", json={"resolutions": resolutions})
    assert (refused.status_code, refused.json["code"]) == (422, "merge.resolution")


def test_drafts_are_for_designers(live: Live):
    assert live.client("ann").get(DRAFTS).status_code == 403
    assert live.client("ann").post(DRAFTS, json={"name": "x"}).status_code == 403


def test_who_has_a_draft_open_is_told_to_the_others(live: Live):
    live.add_user("second", "admin")
    ann, ben = live.client("admin"), live.client("second")
    draft = make(ann, "Colours")
    claim = claim_in(ann, draft)["id"]
    here = f"{DRAFTS}/{draft['id']}"

    assert ann.post(f"{here}/presence", json={"document": claim}).status_code == 200
    seen_by_ben = ben.get(f"{here}/changes").json["present"]
    assert [one["document"] for one in seen_by_ben] == [claim]
    assert ann.get(f"{here}/changes").json["present"] == []
    ann.post(f"{here}/presence", json={"document": None})
    assert [one["document"] for one in ben.get(f"{here}/changes").json["present"]] == [None]

    def leave(_: Any, work: Any) -> None:
        since = work.now - STAYS_FOR - timedelta(seconds=1)
        work.connection.execute(sa.update(DRAFT_PRESENCE).values(seen_at=since))

    live.platform.write_as_system(leave)
    assert ben.get(f"{here}/changes").json["present"] == []
    assert ann.get(f"{here}/changes").json["version"] == draft["version"], "it is no change"
    for wrong in (5, "", "\0", "\ud800", "x" * 101):
        refused = ann.post(f"{here}/presence", json={"document": wrong})
        assert refused.status_code == 422
