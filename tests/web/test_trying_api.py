"""Trying approvals through the API and the command line; what a plan says of runs that are over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from headrace.cli import main
from tests.support.documents import workspace
from tests.support.live import Live, open_live

SIMULATE = "/api/v1/metadata/simulate"
REPLAY = "/api/v1/metadata/replay"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    found = open_live(f"sqlite:///{tmp_path_factory.mktemp('trying') / 'trying.sqlite'}")
    found.ids["claim"] = _decided(found)
    yield found
    found.platform.close()


def _decided(live: Live) -> str:
    """Make a claim that was submitted and taken back: a run that is over."""
    ann = live.client("ann")
    data = {"subject": "Broken", "items": [{"what": "Pump", "qty": "1", "price": "300"}]}
    made: Any = ann.post("/api/v1/records/claim", json=data)
    assert made.status_code == 201, made.json
    address = f"/api/v1/records/claim/{made.json['id']}"
    headers = {"If-Match": made.headers["ETag"]}
    fired: Any = ann.post(f"{address}/transitions/submit", json={}, headers=headers)
    assert fired.status_code == 200, fired.json
    runs: Any = ann.get(f"{address}/approvals")
    run_id = runs.json["items"][0]["id"]
    taken: Any = ann.post(f"/api/v1/approvals/{run_id}/withdraw", json={})
    assert taken.status_code == 200, taken.json
    return str(made.json["id"])


def test_a_designer_tries_a_record_with_other_values(live: Live) -> None:
    sent = {
        "object": "claim",
        "record": live.ids["claim"],
        "transition": "submit",
        "values": {"fee": "9"},
        "submitter": "ann",
    }
    found: Any = live.client("admin").post(SIMULATE, json=sent)

    assert found.status_code == 200, found.json
    assert found.json["approval"] == "claim_by_amount"
    assert found.json["candidates"][0]["condition"]["values"] == {"payable": "309.00"}
    assert found.json["steps"][0]["sources"][0]["reason"] == "the field company.manager"


@pytest.mark.parametrize(
    ("login", "path", "sent", "status", "code"),
    [
        ("ann", SIMULATE, {"object": "claim", "transition": "submit"}, 403, "access.design"),
        ("ann", REPLAY, {"workflow": "claim_flow"}, 403, "access.design"),
        ("admin", SIMULATE, {"object": "claim"}, 422, "request.value"),
        ("admin", SIMULATE, {"object": 3, "transition": "submit"}, 422, "request.value"),
        (
            "admin",
            SIMULATE,
            {"object": "claim", "transition": "submit", "record": "0" * 26},
            404,
            "not_found",
        ),
        (
            "admin",
            SIMULATE,
            {"object": "claim", "transition": "fly"},
            404,
            "workflow.unknown_transition",
        ),
        (
            "admin",
            SIMULATE,
            {"object": "claim", "transition": "submit", "submitter": "x"},
            404,
            "simulation.submitter",
        ),
        (
            "admin",
            SIMULATE,
            {"object": "claim", "transition": "submit", "values": {"fee": "a"}},
            422,
            "simulation.value",
        ),
        ("admin", REPLAY, {"workflow": "nothing"}, 404, "not_found"),
        ("admin", REPLAY, {"workflow": "claim_flow", "last": 501}, 422, "replay.last"),
        ("admin", REPLAY, {"workflow": "claim_flow", "version": 99}, 404, "version.unknown"),
        ("admin", REPLAY, {"workflow": "claim_flow", "draft": "none"}, 404, "draft.unknown"),
        (
            "admin",
            REPLAY,
            {"workflow": "claim_flow", "draft": "a", "version": 1},
            422,
            "simulation.definitions",
        ),
        ("admin", REPLAY, {"workflow": "claim_flow", "first": 3}, 422, "request.unknown_key"),
    ],
)
def test_what_cannot_be_tried_is_refused(
    live: Live, login: str, path: str, sent: dict[str, Any], status: int, code: str
) -> None:
    answer: Any = live.client(login).post(path, json=sent)

    assert answer.status_code == status, answer.json
    assert code in answer.get_data(as_text=True)


def test_the_live_version_and_a_draft_are_replayed(live: Live) -> None:
    client = live.client("admin")
    found: Any = client.post(REPLAY, json={"workflow": "claim_flow", "version": 1})
    assert found.status_code == 200, found.json
    assert found.json["summary"]["same"] == found.json["summary"]["runs"] >= 1
    assert found.json["runs"][0]["record"]["title"]

    draft: Any = client.post("/api/v1/metadata/drafts", json={"name": "higher"})
    listed: Any = client.get(f"/api/v1/metadata/drafts/{draft.json['id']}/documents")
    one = next(one for one in listed.json["items"] if one["name"] == "claim_by_amount")
    held: Any = client.get(f"/api/v1/metadata/drafts/{draft.json['id']}/documents/{one['id']}")
    content = {**held.json["document"]["content"], "when": "payable > 5000"}
    put: Any = client.put(
        f"/api/v1/metadata/drafts/{draft.json['id']}/documents/{one['id']}",
        json={"module": "claims", "content": content},
        headers={"If-Match": held.headers["ETag"]},
    )
    assert put.status_code == 200, put.json
    other: Any = client.post(REPLAY, json={"workflow": "claim_flow", "draft": "higher"})
    assert other.json["summary"]["different"] == other.json["summary"]["runs"]
    assert other.json["summary"]["never"] == ["claim_by_amount"]
    planned: Any = client.post(f"/api/v1/metadata/drafts/{draft.json['id']}/plan")
    [replayed] = planned.json["replays"]
    assert (replayed["workflow"], replayed["summary"]["different"]) == (
        "claim_flow",
        other.json["summary"]["runs"],
    )


def test_a_draft_that_cannot_be_built_is_refused(live: Live) -> None:
    client = live.client("admin")
    draft: Any = client.post("/api/v1/metadata/drafts", json={"name": "broken"})
    here = f"/api/v1/metadata/drafts/{draft.json['id']}/documents"
    one = next(one for one in client.get(here).json["items"] if one["name"] == "claim_by_amount")
    held: Any = client.get(f"{here}/{one['id']}")
    for broken in ({"when": "payables > 5000"}, {"priority": "high"}):
        content = {**held.json["document"]["content"], **broken}
        put: Any = client.put(
            f"{here}/{one['id']}",
            json={"module": "claims", "content": content},
            headers={"If-Match": held.headers["ETag"]},
        )
        assert put.status_code == 200, put.json
        held = put
        answer: Any = client.post(REPLAY, json={"workflow": "claim_flow", "draft": "broken"})
        assert answer.status_code == 422, answer.json


def test_a_plan_that_changes_no_approval_replays_nothing(live: Live) -> None:
    contents = workspace()
    sent = {"modules": {"claims": list(contents.values())}}
    planned: Any = live.client("admin").post("/api/v1/metadata/plan", json=sent)
    assert "replays" not in planned.json
    contents["module", "claims"]["constants"][0]["value"] = "250.00"
    sent = {"modules": {"claims": list(contents.values())}}
    planned = live.client("admin").post("/api/v1/metadata/plan", json=sent)
    assert planned.json["replays"][0]["summary"]["runs"] >= 1


def test_the_command_line_says_the_same(live: Live, tmp_path: Path) -> None:
    runner = CliRunner(env=_environment(live))
    arguments = ["simulate", "claim", "submit", "--record", live.ids["claim"], "--set", "fee=9"]
    done = runner.invoke(main, [*arguments, "--submitter", "ann"])
    assert done.exit_code == 0, done.output
    assert "payable = 309.00" in done.output
    assert "the field company.manager" in done.output
    done = runner.invoke(main, ["replay", "claim_flow", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["summary"]["different"] == 0
    done = runner.invoke(main, ["replay", "claim_flow"])
    assert "0 would go another way" in done.output
    assert runner.invoke(main, ["replay", "claim_flow", "--last", "0"]).exit_code == 2


def _environment(live: Live) -> dict[str, str]:
    url = live.platform.settings.database_url
    return {"HEADRACE_DATABASE_URL": url, "HEADRACE_LANGUAGE": "en"}
