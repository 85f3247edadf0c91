"""Reports of drafts: run over live records, for who draws them, without anything going live."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from headrace.platform.core.ids import RandomIds
from tests.support.live import Live, open_live

DRAFTS = "/api/v1/metadata/drafts"
REPORT: dict[str, Any] = {
    "kind": "report",
    "label": {"en": "Drawn", "zh": "草拟"},
    "type": "grouped",
    "object": "claim",
    "group_rows": ["company.name"],
    "measures": [{"op": "count"}, {"op": "sum", "field": "payable"}],
    "chart": {"mark": "bar"},
}


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    found = open_live(shared_database_url)
    for login, price in (("ann", "300"), ("ann", "20"), ("bob", "5")):
        data = {
            "subject": f"Broken {price}",
            "items": [{"what": "Pump", "qty": "1", "price": price}],
        }
        made: Any = found.client(login).post("/api/v1/records/claim", json=data)
        assert made.status_code == 201, made.json
    yield found
    found.platform.close()


def drawn(live: Live, name: str, **keys: Any) -> tuple[str, Any]:
    """Put a report of this name into a draft of its own; return the draft and what running it answers."""
    client = live.client("admin")
    draft = client.post(DRAFTS, json={"name": f"draft of {name}"}).json["id"]
    content = {**REPORT, "id": RandomIds().definition_id(), "name": name, **keys}
    content = {key: value for key, value in content.items() if value is not None}
    sent = {"module": "claims", "content": content}
    added: Any = client.post(f"{DRAFTS}/{draft}/documents", json=sent)
    assert added.status_code in {200, 201}, added.json
    return draft, client.post(f"{DRAFTS}/{draft}/reports/{name}/run", json={})


def test_a_drafted_report_counts_live_records(live: Live) -> None:
    _, found = drawn(live, "drawn")

    assert found.status_code == 200, found.json
    rows = {row["keys"][0]["text"]: row["total"] for row in found.json["rows"]}
    assert rows == {"Company acme": [2, "320.00"], "Company rival": [1, "5.00"]}
    assert found.json["total"] == [3, "325.00"]
    assert found.json["chart"]["data"]["values"]
    live_one: Any = live.client("admin").get("/api/v1/reports/drawn")
    assert live_one.status_code == 404


def test_its_condition_and_roles_are_those_of_who_draws(live: Live) -> None:
    where = "payable > 100 AND company.code = 'acme'"
    _, found = drawn(live, "large", where=where, roles=["dealer"], group_rows=[], chart=None)

    assert found.status_code == 200, found.json
    assert found.json["total"] == [1, "300.00"]


@pytest.mark.parametrize(
    ("name", "keys", "codes"),
    [
        ("no_object", {"object": "nowhere"}, ["report.not_live"]),
        ("no_group", {"group_rows": ["taste"]}, ["report.not_live", "ref.unknown_field"]),
        ("no_where", {"where": "taste = 'x'"}, ["report.not_live", "formula.unknown_field"]),
        (
            "text_sum",
            {"measures": [{"op": "sum", "field": "subject"}], "chart": None},
            ["report.aggregate"],
        ),
        ("no_line", {"group_rows": []}, ["report.chart"]),
        ("no_bucket", {"group_rows": [{"field": "subject", "bucket": "day"}]}, ["report.bucket"]),
        ("odd_shape", {"measures": []}, None),
    ],
)
def test_what_cannot_be_counted_says_why(
    live: Live, name: str, keys: dict[str, Any], codes: list[str] | None
) -> None:
    _, found = drawn(live, name, **keys)

    assert found.status_code == 422, found.json
    told = [one["code"] for one in found.json["problems"]]
    assert told if codes is None else told == codes


def test_only_designers_run_them_and_only_those_that_are_there(live: Live) -> None:
    draft, _ = drawn(live, "mine")
    address = f"{DRAFTS}/{draft}/reports"

    assert live.client("ann").post(f"{address}/mine/run", json={}).status_code == 403
    assert live.client("admin").post(f"{address}/nothing/run", json={}).status_code == 404
    assert live.client("admin").post(f"{address}/mine/run", json={"x": 1}).status_code == 422
    assert live.client("admin").post(f"{DRAFTS}/none/reports/mine/run", json={}).status_code == 404


def test_those_of_a_closed_draft_are_refused_with_the_reason(live: Live) -> None:
    draft, _ = drawn(live, "given_up")
    client: Any = live.client("admin")
    version = client.get(f"{DRAFTS}/{draft}").json["version"]
    client.delete(f"{DRAFTS}/{draft}", headers={"If-Match": f'"{version}"'})

    found: Any = client.post(f"{DRAFTS}/{draft}/reports/given_up/run", json={})

    assert found.status_code == 409
    assert [one["code"] for one in found.json["problems"]] == ["draft.closed"]
