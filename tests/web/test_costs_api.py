"""The cost of an object through the API: who may ask, what is refused, an answer as it is described."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from tests.support.live import Live, open_live

DRAFTS = "/api/v1/metadata/drafts"


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    found = open_live(shared_database_url)
    for login in ("ann", "bob"):
        data = {"subject": f"Of {login}", "items": [{"what": "Pump", "qty": "1", "price": "3"}]}
        made: Any = found.client(login).post("/api/v1/records/claim", json=data)
        assert made.status_code == 201, made.json
    drafted: Any = found.client("admin").post(DRAFTS, json={"name": "costs"})
    found.ids["costs"] = drafted.json["id"]
    yield found
    found.platform.close()


def document(live: Live, kind: str, name: str) -> str:
    listed: Any = live.client("admin").get(f"{DRAFTS}/{live.ids['costs']}/documents")
    found = [one for one in listed.json["items"] if (one["kind"], one["name"]) == (kind, name)]
    return str(found[0]["id"])


def ask(live: Live, login: str | None, draft: str = "costs", **body: Any) -> Any:
    return live.client(login).post(f"{DRAFTS}/{draft}/cost", json=body)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("object", "claim"),
        ("object", "claim_item"),
        ("view", "open_claims"),
        ("report", "claims_by_month"),
        ("permission", "company"),
    ],
)
def test_the_answer_is_what_the_description_says(live: Live, kind: str, name: str) -> None:
    described: Any = live.client("admin").get("/api/v1/openapi.json")
    call = described.json["paths"]["/metadata/drafts/{draft}/cost"]["post"]
    answered = call["responses"]["200"]["content"]["application/json"]["schema"]
    asked = call["requestBody"]["content"]["application/json"]["schema"]
    body = {"document": document(live, kind, name), "time": True}
    jsonschema_rs.validate(asked, body)

    found = ask(live, "admin", **body)

    assert found.status_code == 200, found.json
    jsonschema_rs.validate(answered, found.json)
    assert found.json["time"]["slowest"] is not None


def test_the_line_tells_rows_indexes_and_the_slowest_role(live: Live) -> None:
    one = document(live, "object", "claim")
    untimed = ask(live, "admin", document=one).json
    timed = ask(live, "admin", document=one, time=True).json

    assert untimed["time"] is None
    assert untimed["summary"] == "2 rows · 6 indexes"
    assert timed["summary"].startswith("2 rows · 6 indexes · list ")
    assert timed["summary"].endswith(
        " ms for {}, the slowest of 4 roles".format(
            next(
                r["label"] for r in timed["time"]["roles"] if r["role"] == timed["time"]["slowest"]
            )
        )
    )
    rows = {one["role"]: one["rows"] for one in timed["time"]["roles"]}
    assert rows == {"admin": 2, "boss": 2, "dealer": 1, "finance": 2}
    assert not any(login in str(timed) for login in ("ann", "Ann", "bob", "Bob"))


def test_only_designers_ask_and_only_of_what_is_there(live: Live) -> None:
    one = document(live, "object", "claim")
    for login in ("ann", "boss", "fin"):
        refused = ask(live, login, document=one, time=True)
        assert refused.status_code == 403
        assert refused.json["code"] == "access.design"
    assert ask(live, None, document=one).status_code == 401
    assert ask(live, "admin", "none", document=one).status_code == 404
    assert ask(live, "admin", document="nothing").status_code == 404
    assert ask(live, "admin", document=document(live, "role", "dealer")).status_code == 404


def test_a_new_object_of_a_draft_that_cannot_be_read_is_untold(live: Live) -> None:
    client: Any = live.client("admin")
    draft = client.post(DRAFTS, json={"name": "broken"}).json["id"]
    field = {"name": "place", "type": "nothing", "label": {"en": "Place", "zh": "地点"}}
    content = {"kind": "object", "name": "visit", "label": {"en": "Visit"}, "fields": [field]}
    made = client.post(f"{DRAFTS}/{draft}/documents", json={"module": "claims", "content": content})
    assert made.status_code == 201, made.json

    found = ask(live, "admin", draft, document=made.json["id"], time=True)

    assert found.status_code == 200
    assert list(found.json) == ["untold"]
    assert found.json["untold"]


@pytest.mark.parametrize(
    "body", [{}, {"document": 7}, {"document": "x", "time": "yes"}, {"document": "x", "more": 1}]
)
def test_a_question_that_is_none_is_refused(live: Live, body: dict[str, Any]) -> None:
    assert ask(live, "admin", **body).status_code == 422
