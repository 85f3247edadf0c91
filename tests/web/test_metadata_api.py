"""Publishing by API: bound to the version that was planned on, refused with what came between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.documents import field, workspace
from tests.support.live import Live, open_live


@pytest.fixture
def live(database_url: str) -> Iterator[Live]:
    live = open_live(database_url)
    yield live
    live.platform.close()


def body(*names: str, **keys: Any) -> dict[str, Any]:
    contents = workspace()
    contents["object", "claim"]["fields"] += [field(name, "text") for name in names]
    return {"modules": {"claims": list(contents.values())}, **keys}


def test_the_second_of_two_publishes_on_one_base_is_refused_with_the_differences(live: Live):
    client = live.client("admin")
    base = client.post("/api/v1/metadata/plan", json=body("first")).json["version"]

    first = client.post("/api/v1/metadata/publish", json=body("first", base=base))
    second = client.post("/api/v1/metadata/publish", json=body("second", base=base))

    assert first.status_code == 200
    assert second.status_code == 409
    assert second.json["code"] == "publish.conflict"
    told = [one for one in second.json["problems"] if one["code"] == "publish.changed_since"]
    assert any("first" in one["message"] for one in told)
    fields = client.get("/api/v1/metadata/object/claim").json["fields"]
    assert "first" in [one["name"] for one in fields]


def test_a_base_that_is_no_number_is_refused(live: Live):
    answer = live.client("admin").post("/api/v1/metadata/publish", json=body("x", base="1"))
    assert answer.status_code == 422
    assert answer.json["problems"][0]["path"] == "/base"
