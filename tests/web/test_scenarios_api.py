"""Scenarios through the API and the command line: run those of a draft, record what was done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from headrace.cli import main
from tests.support.documents import label
from tests.support.live import SECRET, Live, open_live
from tests.support.scenarios import signed_off

RUN = "/api/v1/metadata/scenarios/run"
RECORD = "/api/v1/metadata/scenarios/record"
DRAFTS = "/api/v1/metadata/drafts"
CLAIM = "/api/v1/records/claim"
KEY = ("scenario", "signed_off")


def _with_scenario(contents: dict[Any, Any]) -> None:
    contents[KEY] = signed_off()
    drafter = {"kind": "role", "name": "drafter", "design": True, "label": label("D", "设")}
    contents["role", "drafter"] = drafter
    grant = {"role": "drafter", "actions": ["read"], "scope": "all"}
    contents["permission", "claim"]["grants"].append(grant)


@pytest.fixture(scope="module")
def live(shared_database_url: str) -> Iterator[Live]:
    found = open_live(shared_database_url, _with_scenario)
    found.add_user("dan", "drafter")
    found.ids["claim"] = _approved_once(found)
    yield found
    found.platform.close()


def _approved_once(live: Live) -> str:
    """Make, change and submit a claim above the limit, and approve its first step."""
    ann = live.client("ann")
    data = {"subject": "Broken", "items": [{"what": "Pump", "qty": "3", "price": "400"}]}
    made: Any = ann.post(CLAIM, json=data)
    assert made.status_code == 201, made.json
    address = f"{CLAIM}/{made.json['id']}"
    tag = {"If-Match": made.headers["ETag"]}
    changed: Any = ann.patch(address, json={"fee": "25.00", "kind": "loss"}, headers=tag)
    assert changed.status_code == 200, changed.json
    tag = {"If-Match": changed.headers["ETag"]}
    sent: Any = ann.post(f"{address}/transitions/submit", json={}, headers=tag)
    assert sent.status_code == 200, sent.json
    manager = live.client("manager")
    task: Any = manager.get("/api/v1/tasks").json
    one = task["items"][0]
    tag = {"If-Match": f'"{one["version"]}"'}
    done: Any = manager.post(
        f"/api/v1/tasks/{one['id']}/approve", json={"comment": "Fine, Ann"}, headers=tag
    )
    assert done.status_code == 200, done.json
    return str(made.json["id"])


def test_what_is_live_is_run(live: Live) -> None:
    found: Any = live.client("admin").post(RUN, json={})
    assert found.status_code == 200, found.json
    assert (found.json["green"], found.json["red"]) == (1, 0)
    assert [(one["name"], one["result"]) for one in found.json["items"]] == [
        ("signed_off", "green")
    ]


def test_a_draft_is_run_and_its_plan_refused(live: Live) -> None:
    admin = live.client("admin")
    draft = admin.post(DRAFTS, json={"name": "Higher"}).json
    listed = admin.get(f"{DRAFTS}/{draft['id']}/documents").json["items"]
    held = next(one for one in listed if (one["kind"], one["name"]) == ("module", "claims"))
    address = f"{DRAFTS}/{draft['id']}/documents/{held['id']}"
    found = admin.get(address)
    content = found.json["document"]["content"]
    content["constants"][0]["value"] = "5000.00"
    tag = {"If-Match": found.headers["ETag"]}
    assert admin.put(address, json={"content": content}, headers=tag).status_code == 200
    run: Any = admin.post(RUN, json={"draft": "Higher"}, headers={"Accept-Language": "zh"}).json
    assert (run["green"], run["red"]) == (0, 1)
    assert run["items"][0]["step"] == 5
    assert run["items"][0]["path"] == "/claims/scenarios/signed_off.json/when/4"
    plan: Any = admin.post(f"{DRAFTS}/{draft['id']}/plan", json={}).json
    assert [one["result"] for one in plan["scenarios"]] == ["red"]
    assert "scenario.red" in {one["code"] for one in plan["problems"]}


def test_what_was_done_becomes_a_scenario_that_is_green(live: Live) -> None:
    admin = live.client("admin")
    sent = {"object": "claim", "record": live.ids["claim"], "name": "pump_broken"}
    found: Any = admin.post(RECORD, json=sent)
    assert found.status_code == 200, found.json
    content = found.json["content"]
    assert found.json["problems"] == []
    assert sorted(found.json["left_out"], reverse=True) == []
    assert found.json["result"].get("difference") is None, content
    assert [next(iter(one.keys() - {"by"})) for one in content["when"]] == [
        *("create", "update", "move", "decide"),
    ]
    assert content["when"][1] == {
        "by": "dealer",
        "update": {"record": "claim", "values": {"kind": "loss", "fee": "25.00"}},
    }
    assert content["when"][3]["decide"]["comment"] == "…"
    expected = content["then"][0]
    assert (expected["state"], sorted(expected["tasks"])) == ("in_approval", ["boss_2", "finance"])
    assert expected["values"]["payable"] == "1225.00"
    written = json.dumps(content)
    told = [one for one in ("Ann", "Company", "secret", "Manager") if one in written]
    assert told == []


def test_a_recorded_scenario_is_taken_into_a_draft(live: Live) -> None:
    admin = live.client("admin")
    sent = {"object": "claim", "record": live.ids["claim"], "name": "pump_kept"}
    found: Any = admin.post(RECORD, json=sent).json
    draft = admin.post(DRAFTS, json={"name": "Recorded"}).json
    added = admin.post(
        f"{DRAFTS}/{draft['id']}/documents",
        json={"module": found["module"], "content": found["content"]},
    )
    assert added.status_code == 201, added.json
    plan: Any = admin.post(f"{DRAFTS}/{draft['id']}/plan", json={}).json
    assert [(one["name"], one["result"]) for one in plan["scenarios"]] == [
        ("pump_kept", "green"),
        ("signed_off", "green"),
    ]


def test_what_the_caller_may_not_read_is_not_in_it(live: Live) -> None:
    sent = {"object": "claim", "record": live.ids["claim"]}
    found: Any = live.client("dan").post(RECORD, json=sent)
    assert found.status_code == 200, found.json
    assert sorted(found.json["left_out"], reverse=True) == [
        "A record of “Region” that you may not read",
        "A record of “Company” that you may not read",
    ]
    given = found.json["content"]["given"]
    assert given["records"] == []
    assert "region" not in json.dumps(given["users"])


@pytest.mark.parametrize(
    ("login", "path", "sent", "status", "code"),
    [
        ("ann", RUN, {}, 403, "access.design"),
        ("ann", RECORD, {"object": "claim"}, 403, "access.design"),
        ("admin", RUN, {"names": "all"}, 422, "request.value"),
        ("admin", RUN, {"draft": "Nothing like it"}, 404, "draft.unknown"),
        ("admin", RECORD, {"object": "claim"}, 422, "request.value"),
        ("admin", RECORD, {"object": "claim", "record": "0" * 26}, 404, "not_found"),
        ("admin", RECORD, {"object": "nothing", "record": "0" * 26}, 404, "not_found"),
    ],
)
def test_what_is_refused(
    live: Live, login: str, path: str, sent: dict[str, Any], status: int, code: str
) -> None:
    found: Any = live.client(login).post(path, json=sent)
    assert (found.status_code, found.json["code"]) == (status, code)


def test_a_record_that_was_loaded_has_no_beginning(live: Live) -> None:
    record = live.create("claim", {"subject": "Loaded", "company": live.ids["acme"]})
    found: Any = live.client("admin").post(RECORD, json={"object": "claim", "record": record})
    assert (found.status_code, found.json["code"]) == (422, "scenario.no_beginning")


def test_the_command_line_runs_them(
    live: Live, shared_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_DATABASE_URL", shared_database_url)
    monkeypatch.setenv("HEADRACE_SECRET_KEY", SECRET)
    done = CliRunner().invoke(main, ["scenario", "run", "--json", "--name", "signed_off"])
    assert done.exit_code == 0, done.output
    assert [one["result"] for one in json.loads(done.output)] == ["green"]
