"""Upgrading by API: local changes, conflicts with choices, and the same by package."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from headrace.platform.publishing.archives import write_archive
from headrace.platform.publishing.export import export_files
from tests.support.documents import field, workspace
from tests.support.live import Live, open_live

METADATA = "/api/v1/metadata"
CONFLICT = "role/boss/label/en"


@pytest.fixture
def live(database_url: str) -> Iterator[Live]:
    """A workspace whose boss is called otherwise than delivered."""
    live = open_live(database_url)
    contents = workspace()
    contents["role", "boss"]["label"]["en"] = "Chief"
    live.publish(contents)
    yield live
    live.platform.close()


def newer(label: str = "Boss", **keys: Any) -> dict[str, Any]:
    contents = workspace()
    contents["module", "claims"]["version"] = "2.0.0"
    contents["role", "boss"]["label"]["en"] = label
    contents["object", "claim"]["fields"].append(field("colour", "text"))
    return {"modules": {"claims": list(contents.values())}, **keys}


def role(live: Live) -> str:
    found = live.client("admin").get(f"{METADATA}/role/boss").json
    return str(found["label"]["en"])


def test_local_changes_are_told_as_sentences_and_data(live: Live):
    found = live.client("admin").get(f"{METADATA}/local-changes?module=claims").json["items"]
    assert [(one["kind"], one["name"], one["path"]) for one in found] == [
        ("role", "boss", "/label/en")
    ]
    assert (found[0]["before"], found[0]["after"]) == ("Boss", "Chief")
    assert "Chief" in found[0]["text"]
    assert live.client("admin").get(f"{METADATA}/local-changes").json["items"] == found


def test_an_upgrade_keeps_what_was_changed_here(live: Live):
    client = live.client("admin")
    planned = client.post(f"{METADATA}/upgrade/plan", json=newer()).json
    done = client.post(f"{METADATA}/upgrade", json=newer(base=planned["version"], message="2.0"))
    assert planned["conflicts"] == []
    assert done.json["version"] == planned["version"] + 1
    assert role(live) == "Chief"
    fields = client.get(f"{METADATA}/object/claim").json["fields"]
    assert "colour" in [one["name"] for one in fields]
    listed = client.get(f"{METADATA}/audit?kind=module&name=claims&limit=1").json["items"]
    assert (listed[0]["action"], listed[0]["by"]) == ("upgrade", "admin")


def test_a_conflict_is_listed_and_waits_for_a_choice(live: Live):
    client = live.client("admin")
    planned = client.post(f"{METADATA}/upgrade/plan", json=newer("Head")).json
    refused = client.post(f"{METADATA}/upgrade", json=newer("Head"))
    (conflict,) = planned["conflicts"]
    assert (conflict["key"], conflict["ours"], conflict["theirs"]) == (CONFLICT, "Chief", "Head")
    assert (refused.status_code, refused.json["code"]) == (422, "upgrade.conflict")
    assert role(live) == "Chief"

    choice = {CONFLICT: {"answer": "theirs"}}
    done = client.post(f"{METADATA}/upgrade", json=newer("Head", decisions=choice))
    assert done.status_code == 200
    assert role(live) == "Head"


def test_a_package_is_upgraded_to_with_choices_in_the_address(live: Live):
    content = live.platform.catalogs.content_of(1)
    package = write_archive(export_files(content))
    choice = quote(json.dumps({CONFLICT: {"answer": "theirs"}}))
    client = live.client("admin")
    live.platform.upgrader.local_changes()
    base = live.platform.catalogs.refresh().version
    sent = {"data": package, "content_type": "application/zip"}
    planned = client.post(f"{METADATA}/upgrade/plan", **sent)
    unused = client.post(f"{METADATA}/upgrade?decisions={choice}", **sent)
    done = client.post(f"{METADATA}/upgrade?base={base}&message=again", **sent)
    assert (planned.status_code, planned.json["conflicts"]) == (200, [])
    assert unused.json["code"] == "merge.unknown_conflict"
    assert done.status_code == 200
    assert role(live) == "Chief"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("base=x", "json.syntax"),
        ("base=%221%22", "request.base"),
        ("decisions=[1]", "decision.invalid"),
        ("decisions={", "json.syntax"),
        ("decisions={%22a%22:{%22answer%22:[]}}", "decision.invalid"),
        ("force=1", "query.unknown_parameter"),
    ],
)
def test_what_stands_in_the_address_is_read_strictly(live: Live, query: str, code: str):
    package = write_archive(export_files(live.platform.catalogs.content_of()))
    answer = live.client("admin").post(
        f"{METADATA}/upgrade?{query}", data=package, content_type="application/zip"
    )
    assert (answer.status_code, answer.json["code"]) == (422, code)


def test_only_designers_upgrade(live: Live):
    client = live.client("ann")
    assert client.get(f"{METADATA}/local-changes").status_code == 403
    for path in ("upgrade/plan", "upgrade"):
        assert client.post(f"{METADATA}/{path}", json=newer()).status_code == 403
