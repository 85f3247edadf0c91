"""Scenarios: run at every plan in a database of their own; a red one refuses the publish."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.core.errors import RefusedError
from headrace.platform.jobs.tables import JOB
from headrace.platform.publishing.scenario_results import ScenarioResult
from headrace.platform.scenarios.limits import Limits
from headrace.platform.workflow.tables import RUN, TASK
from tests.support.documents import label, workspace
from tests.support.publishing import Contents, Publishing, published_at
from tests.support.scenarios import signed_off

KEY = ("scenario", "signed_off")


@pytest.fixture(scope="module")
def shared(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Publishing]:
    contents = workspace()
    contents[KEY] = signed_off()
    with published_at(shared_database_url, tmp_path_factory.mktemp("modules"), contents) as work:
        yield work


@pytest.fixture
def claims(shared: Publishing) -> Publishing:
    """The workspace with its scenario, as it is live."""
    shared.contents = {**workspace(), KEY: signed_off()}
    return shared


def only(results: tuple[ScenarioResult, ...]) -> ScenarioResult:
    (found,) = results
    return found


def test_what_is_live_is_green(claims):
    catalogs = claims.platform.catalogs
    found = only(claims.platform.scenarios.run(catalogs.current().catalog, catalogs.content_of()))
    assert (found.name, found.module, found.difference) == ("signed_off", "claims", None)
    assert found.render("zh")["label"] == "会签"
    assert found.render("en")["result"] == "green"


def test_a_plan_that_changes_nothing_runs_none(claims):
    assert claims.plan().scenarios == ()


def test_a_plan_says_what_came_out(claims):
    claims.contents["view", "open_claims"]["label"] = label("Claims that are open", "未结理赔")
    plan = claims.plan()
    assert only(plan.scenarios).green
    assert plan.refused == ()
    assert [one["result"] for one in plan.render("en")["scenarios"]] == ["green"]


Change = Callable[[Contents], object]
RED: dict[str, tuple[Change, str, str, str]] = {
    "a step that asks somebody else": (
        lambda one: one["approval", "claim_by_amount"]["steps"][0].update(
            approvers=[{"role": "finance"}]
        ),
        "/when/3",
        "Step 4: “mia” approves “claim” was refused: No task of “claim” is open for “mia”.",
        "第 4 步：“mia”同意“claim”被拒绝：“mia”没有“claim”的待办。",
    ),
    "an approver who is gone": (
        lambda one: one["approval", "claim_by_amount"]["steps"][1]["approvers"].pop(1),
        "/then/0/state",
        "“claim”: expected status “In approval”, it is “Paid”",
        "“claim”：预期status为“审批中”，实际为“已赔付”",
    ),
    "a rule that is gone": (
        lambda one: one["object", "claim"]["rules"].clear(),
        "/when/1/refused",
        "Step 2: “dora” changes “claim” went through",
        "第 2 步：“dora”修改“claim”未被拒绝",
    ),
    "a formula that says something else": (
        lambda one: next(
            each for each in one["object", "claim"]["fields"] if each["name"] == "payable"
        ).update(formula="total + fee + 1"),
        "/then/0/values/payable",
        "“claim”: expected payable “1200”, it is “1201.00”",
        "“claim”：预期payable为“1200”，实际为“1201.00”",
    ),
    "a grant that shows too much": (
        lambda one: one["permission", "claim"]["grants"][1].update(scope="all"),
        "/then/0/hidden_from/0",
        "“claim”: “olaf” may read it",
        "“claim”：“olaf”可以查看",
    ),
    "a guard that is too tight": (
        lambda one: one["workflow", "claim_flow"]["transitions"][0].update(when="payable > 2000"),
        "/when/2",
        (
            "Step 3: “dora” takes “Submit” of “claim” was refused: "
            "“Submit” is not possible: its condition does not hold."
        ),
        "第 3 步：“dora”对“claim”执行“提交”被拒绝：不能执行“提交”：条件不满足。",
    ),
    "a value that must be given": (
        lambda one: next(
            each for each in one["object", "company"]["fields"] if each["name"] == "note"
        ).update(required=True),
        "/given/records/1/values/note",
        "Given “shop”: “note” needs a value.",
        "前提“shop”：“note”为必填项。",
    ),
}
"""Changes of definitions with the place of the first difference, and what it says."""


@pytest.mark.parametrize("name", RED)
def test_a_change_that_breaks_a_scenario_is_refused(claims, name: str):
    change, place, english, chinese = RED[name]
    change(claims.contents)
    plan = claims.plan()
    found = only(plan.scenarios)
    assert found.difference is not None
    assert (found.place, found.difference.en) == (place, english)
    assert found.difference.zh == chinese
    problem = plan.refused[0]
    assert problem.code == "scenario.red"
    assert problem.path == f"/claims/scenarios/signed_off.json{found.place}"
    before = claims.platform.catalogs.refresh().version
    with pytest.raises(RefusedError):
        claims.platform.publisher.publish(plan, "test", None)
    assert claims.platform.catalogs.refresh().version == before


def test_a_scenario_that_changes_with_the_definitions_is_green_again(claims):
    claims.contents["object", "claim"]["rules"].clear()
    del claims.contents[KEY]["when"][1]
    plan = claims.plan()
    assert only(plan.scenarios).green
    assert plan.refused == ()


def test_nothing_of_it_is_in_the_live_database(claims):
    def counts() -> list[int]:
        with claims.platform.database.reading() as reading:
            return [
                reading.connection.execute(sa.select(sa.func.count()).select_from(one)).scalar_one()
                for one in (USER, RUN, TASK, JOB)
            ]

    before = counts()
    claims.contents["view", "open_claims"]["label"] = label("Open claims", "未结的")
    assert only(claims.plan().scenarios).green
    assert counts() == before


def test_a_scenario_that_takes_too_long_is_red_and_run_again(claims, monkeypatch):
    scenarios, catalogs = claims.platform.scenarios, claims.platform.catalogs
    live = (catalogs.current().catalog, catalogs.content_of())
    scenarios.forget()
    monkeypatch.setattr(scenarios, "limits", Limits(one=0))
    slow = only(scenarios.run(*live))
    monkeypatch.setattr(scenarios, "limits", Limits(together=0))
    late = only(scenarios.run(*live))
    monkeypatch.undo()

    assert slow.render("en")["difference"].startswith("It took longer than 0 seconds")
    assert slow.render("en")["path"] == "/claims/scenarios/signed_off.json/given/users"
    assert "all scenarios together may take 0 seconds" in late.render("en")["difference"]
    assert only(scenarios.run(*live)).green


def test_definitions_that_cannot_be_put_into_a_database_of_their_own_make_it_red(claims):
    claims.contents["object", "region"]["rules"] = [
        {"name": "far", "unless": "code != 'N'", "message": label("Not the north", "不可为北区")}
    ]
    claims.rows = {"reference/region.json": json.dumps([{"code": "N", "name": "North"}])}
    plan = claims.plan()
    claims.rows = {}

    assert only(plan.scenarios).difference is not None
    assert "could not be put into a database" in only(plan.scenarios).difference.en
    assert "Not the north" in only(plan.scenarios).difference.en
    assert [one.code for one in plan.refused] == ["scenario.red"]


def test_what_is_given_and_cannot_be_made_tells_where(claims):
    for user in claims.contents[KEY]["given"]["users"]:
        user.update({"mia": {"manager": "fred"}, "fred": {"manager": "mia"}}.get(user["name"], {}))
    plan = claims.plan()

    assert only(plan.scenarios).place == "/given/users"
    assert only(plan.scenarios).difference.en.startswith("It could not go on: ")
    assert [one.code for one in plan.refused] == ["scenario.red"]
