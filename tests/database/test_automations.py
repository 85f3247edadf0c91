"""Automations on a whole platform: what starts them, what they do, what is left of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.access.principals import RoleHolding
from headrace.platform.jobs.tables import JOB
from headrace.platform.jobs.worker import MAX_ATTEMPTS
from tests.support.automation_world import (
    action_rows,
    open_automated,
    run_rows,
    told,
)
from tests.support.live import Live


@pytest.fixture(scope="module")
def live(shared_databases: Callable[[], str]) -> Iterator[Live]:
    made = open_automated(shared_databases())
    yield made
    made.platform.close()


def post(live: Live, login: str = "ann", **data: Any) -> Any:
    return live.client(login).post("/api/v1/records/memo", json={"title": "t", **data})


def memo(live: Live, login: str = "ann", **data: Any) -> str:
    answer = post(live, login, **data)
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


def row(live: Live, record_id: str) -> dict[str, Any]:
    return live.client("admin").get(f"/api/v1/records/memo/{record_id}").json


def patch(live: Live, record_id: str, login: str = "ann", **data: Any) -> Any:
    version = row(live, record_id)["version"]
    address = f"/api/v1/records/memo/{record_id}"
    return live.client(login).patch(address, json=data, headers={"If-Match": f'"{version}"'})


def titled(live: Live, title: str) -> list[dict[str, Any]]:
    condition = {"field": "title", "op": "=", "value": title}
    body = {"filter": condition, "sort": ["id"]}
    return live.client("admin").post("/api/v1/records/memo/query", json=body).json["items"]


def drain(live: Live) -> None:
    live.platform.worker().drain()


def claim(live: Live, subject: str, **data: Any) -> str:
    sent = {"subject": subject, "items": [{"what": "Pump", "qty": "1", "price": "150"}], **data}
    answer = live.client("ann").post("/api/v1/records/claim", json=sent)
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


# -- before ------------------------------------------------------------------------------------------


def test_what_is_set_before_a_write_is_part_of_it_and_counts_in_formulas(live: Live):
    record = memo(live, marker="early", n="4")
    found = row(live, record)
    assert (found["n"], found["double"], found["note"]) == ("5.000", "10.000", "early")
    assert found["version"] == 1, "it is one write"


def test_a_write_is_refused_with_the_message_at_the_field(live: Live):
    record = memo(live, n="100")
    answer = patch(live, record, n="101")
    assert answer.status_code == 422
    [problem] = answer.json["problems"]
    assert (problem["code"], problem["path"]) == ("automation.refused", "/n")
    assert problem["message"] == "Too many"
    assert row(live, record)["version"] == 1
    assert patch(live, memo(live, n="200"), n="300").status_code == 200, "OLD(n) was above already"


# -- after, in the same transaction ------------------------------------------------------------------


def test_an_action_after_a_write_is_in_its_transaction(live: Live):
    memo(live, marker="after", title="one")
    assert [one["marker"] for one in titled(live, "one")] == ["after", "made"]
    run = run_rows(live, "after")[-1]
    assert (run.state, run.mode, run.event) == ("done", "after", "create")
    [action] = action_rows(live, run.id)
    assert action.did[0]["record_id"] == titled(live, "one")[1]["id"]


def test_an_automation_that_starts_itself_is_refused_and_nothing_stays(live: Live):
    record = memo(live, marker="loop")
    answer = patch(live, record, n="1")
    assert answer.status_code == 409
    assert answer.json["code"] == "automation.loop"
    assert "loop → loop" in answer.json["detail"]
    assert row(live, record)["n"] == "0.000"


def test_a_transition_and_an_approval_start_automations(live: Live):
    cancelled = claim(live, "to cancel")
    address = f"/api/v1/records/claim/{cancelled}/transitions/cancel"
    answer = live.client("ann").post(address, json={"comment": "x"}, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.json
    assert [one["marker"] for one in titled(live, "to cancel")] == ["cancelled"]

    decided = claim(live, "to approve")
    address = f"/api/v1/records/claim/{decided}/transitions/submit"
    answer = live.client("ann").post(address, json={}, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.json
    assert titled(live, "to approve") == [], "the transition itself is another event"
    [task] = [
        one
        for one in live.client("manager").get("/api/v1/tasks").json["items"]
        if one["record"] == decided
    ]
    answer = live.client("manager").post(
        f"/api/v1/tasks/{task['id']}/approve", json={}, headers={"If-Match": f'"{task["version"]}"'}
    )
    assert answer.status_code == 200, answer.json
    assert [one["marker"] for one in titled(live, "to approve")] == ["decided"]


def test_a_row_of_a_child_grid_starts_an_automation_of_its_master(live: Live):
    record = claim(live, "dear")
    address = f"/api/v1/records/claim/{record}"
    assert live.client("ann").get(address).json["kind"] != "loss"
    more = {"items": {"create": [{"what": "Crane", "qty": "1", "price": "2000"}]}}
    answer = live.client("ann").patch(address, json=more, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.json
    assert live.client("ann").get(address).json["kind"] == "loss"


# -- as a job ----------------------------------------------------------------------------------------


def test_a_job_does_its_actions_one_after_the_other_once(live: Live):
    first, second = memo(live, marker="row"), memo(live, marker="row")
    record = memo(live, marker="job", title="work", n="9")
    assert row(live, record)["note"] is None, "nothing happens before the commit"
    drain(live)
    assert (row(live, record)["note"], row(live, record)["n"]) == ("worked", "0.000")
    assert len(titled(live, "work")) == 2
    assert [row(live, one)["note"] for one in (first, second)] == ["work", "work"]
    run = run_rows(live, "job")[-1]
    assert (run.state, run.user, str(run.started_by)) == ("done", None, live.ids["ann"])
    states = [(one.kind, one.state) for one in action_rows(live, run.id)]
    assert states == [("set", "done"), ("create", "done"), ("set", "done"), ("for_each", "done")]
    drain(live)
    assert len(titled(live, "work")) == 2


def test_an_action_whose_condition_does_not_hold_is_left_out(live: Live):
    memo(live, marker="job", title="small", n="1")
    drain(live)
    run = run_rows(live, "job")[-1]
    assert [one.state for one in action_rows(live, run.id)] == ["done", "done", "skipped", "done"]


def test_a_worker_that_dies_between_two_actions_repeats_none(live: Live, monkeypatch):
    drain(live)
    memo(live, marker="job", title="hit", n="9")
    run = run_rows(live, "job")[-1]
    worker, engine, count = live.platform.worker(), live.platform.automations, [0]
    act = engine._act

    def dies(*args):
        count[0] += 1
        if count[0] == 3:
            raise SystemExit
        return act(*args)

    monkeypatch.setattr(engine, "_act", dies)
    with pytest.raises(SystemExit):
        worker.run_once()
    assert [one.kind for one in action_rows(live, run.id)] == ["set", "create"]
    monkeypatch.undo()
    _end_leases(live)
    drain(live)
    assert len(titled(live, "hit")) == 2, "the record was made once"
    assert run_rows(live, "job")[-1].state == "done"


def _end_leases(live: Live) -> None:
    with live.platform.database.writing(None) as work:
        change = sa.update(JOB).where(JOB.c.state == "started").values(leased_until=work.now)
        work.connection.execute(change)


def test_a_failed_run_tells_why_and_goes_on_where_it_failed(live: Live):
    record = memo(live, marker="fails", title="named", n="1")
    drain(live)
    run = run_rows(live, "fails")[-1]
    assert (run.state, run.position) == ("failed", 1)
    assert run.problems[0]["code"] == "value.required"
    address = f"/api/v1/automation-runs/{run.id}"
    shown = live.client("admin").get(address).json
    assert [one["state"] for one in shown["actions"]] == ["done", "failed"]
    assert live.client("ann").get(address).status_code == 403
    assert live.client("ann").post(f"{address}/resume", json={}).status_code == 403

    assert patch(live, record, n="0").status_code == 200
    assert live.client("admin").post(f"{address}/resume", json={}).status_code == 202
    assert live.client("admin").post(f"{address}/resume", json={}).status_code == 409
    drain(live)
    assert run_rows(live, "fails")[-1].state == "done"
    assert len(titled(live, "before it failed")) == 1, "what was done before is not done again"
    assert [one["marker"] for one in titled(live, "named")] == ["fails", "made"]


def test_a_run_whose_job_is_given_up_has_failed_and_can_go_on(live: Live, monkeypatch):
    drain(live)
    record = memo(live, marker="as_actor", title="given up")
    engine, run = live.platform.automations, run_rows(live, "as_actor")[-1]

    def breaks(*_: Any) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(engine, "_act", breaks)
    worker = live.platform.worker()
    for _ in range(MAX_ATTEMPTS):
        assert worker.run_once()
        _end_leases(live)
    found = run_rows(live, "as_actor")[-1]
    assert (found.state, found.problems[0]["code"]) == ("failed", "automation.broke")
    monkeypatch.undo()
    address = f"/api/v1/automation-runs/{run.id}/resume"
    assert live.client("admin").post(address, json={}).status_code == 202
    drain(live)
    assert row(live, record)["n"] == "7.000"


def test_an_actor_is_not_lent_rights(live: Live):
    record = memo(live, "ann", marker="as_actor")
    drain(live)
    assert row(live, record)["n"] == "7.000"
    other = memo(live, "ann", marker="as_actor", title="left")
    user = live.platform.write_as_system
    user(lambda _, work: live.platform.identity.set_roles(work, live.ids["ann"], ()))
    try:
        drain(live)
        run = run_rows(live, "as_actor")[-1]
        assert run.state == "failed"
        assert row(live, other)["n"] == "0.000"
    finally:
        user(
            lambda _, work: live.platform.identity.set_roles(
                work, live.ids["ann"], (RoleHolding("dealer"),)
            )
        )


def test_people_are_told_what_they_may_read_and_nobody_of_what_they_may_not(live: Live):
    before = {one.id for one in told(live)}
    memo(live, "ann", marker="tells", title="<b>one</b>", n="2")
    drain(live)
    drain(live)
    found = {str(one.user): one.text for one in told(live) if one.id not in before}
    assert found.keys() == {live.ids["ann"]}, "bob may not read it"
    assert found[live.ids["ann"]] == {"en": "See <b>one</b>, –: 2.000", "zh": "见<b>one</b>"}
    run = run_rows(live, "tells")[-1]
    [action] = action_rows(live, run.id)
    assert (action.did[0]["people"], action.did[0]["left_out"]) == (1, 1)


def test_records_that_are_loaded_in_migration_mode_start_nothing(live: Live):
    count = len(run_rows(live))
    platform = live.platform
    platform.write_as_system(
        lambda context, work: platform.store.create(
            context, work, "memo", {"title": "old", "marker": "after"}, mode="migration"
        )
    )
    assert len(run_rows(live)) == count


@pytest.mark.parametrize("chunk", [1, 100])
def test_a_record_is_made_for_each_person_of_the_organisations(
    live: Live, chunk: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("headrace.platform.actions.creating.CHUNK", chunk)
    title = f"for each {chunk}"
    memo(live, "admin", title=title, marker="delivers")
    drain(live)
    [run] = run_rows(live, "delivers")[-1:]
    assert run.state == "done", run.problems
    made = [one for one in titled(live, title) if one["marker"] == "delivered"]
    people = sorted(one["person"]["id"] for one in made)
    assert people == sorted(live.ids[one] for one in ("ann", "bob")), (
        "each once, the house's own not"
    )
