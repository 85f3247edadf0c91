"""Running approvals and roles under a publish: pinned, ended, renamed; decisions work afterwards."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.access.tables import USER, USER_ROLE
from headrace.platform.core.errors import ConflictError
from headrace.platform.database.system_tables import SETTING
from headrace.platform.publishing.decisions import NO_DECISIONS, Decision, Decisions, read_decisions
from headrace.platform.publishing.failing.questions import decided_states, decided_values
from headrace.platform.workflow.moving import DROPPED, MovingRuns, run_changes
from headrace.platform.workflow.people import FALLBACK_SETTING
from headrace.platform.workflow.reached import OpenRuns, reached_runs
from headrace.platform.workflow.tables import RUN, TASK
from tests.support.approval_world import Contents, World, approval_world, catalog_of
from tests.support.documents import field, workspace


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with approval_world(database_url, with_ids(workspace())) as made:
        yield made


def with_ids(contents: Contents) -> Contents:
    """Give states, approvals, fields and roles ids as the first publish does."""
    for state in contents["workflow", "claim_flow"]["states"]:
        state["id"] = "state-" + state["name"]
    contents["workflow", "claim_flow"]["id"] = "flow"
    contents["approval", "claim_by_amount"]["id"] = "by-amount"
    for (kind, name), content in contents.items():
        if kind in {"role", "object"}:
            content["id"] = f"{kind}-{name}"
        if kind == "object":
            for one in content["fields"]:
                one["id"] = f"{name}-{one['name']}"
    return contents


def changed(change: Callable[[Contents], None]) -> Contents:
    contents = copy.deepcopy(with_ids(workspace()))
    change(contents)
    return contents


def reached(world: World, contents: Contents, **options: Any) -> tuple[OpenRuns, ...]:
    new = catalog_of(contents, world.catalog.version + 1)
    with world.database.reading() as reading:
        return reached_runs(reading.connection, world.catalog, new, **options)


def publish(
    world: World,
    contents: Contents,
    *,
    cancel: bool = False,
    decisions: Decisions = NO_DECISIONS,
    **options: Any,
) -> int:
    """Publish with what becomes of runs; return how many were ended."""
    old, new = world.catalog, catalog_of(contents, world.catalog.version + 1)
    moving = MovingRuns(world.store, world.notifications, world.approvals)
    keys = [one.key for one in reached(world, contents, **options)] if cancel else []
    values = decided_values(new, decisions)
    changes = run_changes(old, new, values=values, cancelled=keys, **options)
    ended = world.does("system", lambda c, w: moving.before(c, w, new, changes))
    mapped = changes.states.get("flow", {})
    if mapped:
        rename_rows(world, mapped)
    for names in changes.values.values():
        rename_rows(world, names, "kind")
    world.publish(contents)
    world.does("system", lambda c, w: moving.after(c, w, changes))
    return ended


def rename_rows(world: World, names: Mapping[str, str], field: str = "status") -> None:
    """Do what the row work of a publish does: put new values in the place of old ones."""
    column = world.tables.of("claim").columns[field]
    renamed = sa.case(*((column == old, new) for old, new in names.items()), else_=column)
    with world.database.writing(None) as work:
        work.connection.execute(sa.update(column.table).values({column.name: renamed}))


def decide(world: World, login: str, run_id: str, action: str = "approve") -> Any:
    return world.decide(login, run_id, action, comment="because so")


def run_of(world: World, run_id: str) -> Any:
    return world.rows(sa.select(RUN).where(RUN.c.id == run_id))[0]


def steps(contents: Contents) -> list[dict[str, Any]]:
    return contents["approval", "claim_by_amount"]["steps"]


def test_runs_are_counted_by_step_where_their_approval_changes(world):
    for _ in range(2):
        world.submit(world.claim())
    third = world.submit(world.claim(amount="2000"))
    decide(world, "mia", third)
    assert reached(world, changed(lambda _: None)) == ()

    def relabel(contents: Contents) -> None:
        contents["approval", "claim_by_amount"]["label"]["en"] = "Amount"
        contents["approval", "claim_by_amount"]["priority"] = 3

    assert reached(world, changed(relabel)) == ()

    def shorten(contents: Contents) -> None:
        steps(contents).pop()

    (found,) = reached(world, changed(shorten))
    assert (found.key, found.count) == (("flow", "claim_by_amount"), 3)
    assert found.steps == (("manager", 2), ("sign_off", 1))
    assert not found.must_end


def test_a_pinned_run_goes_on_as_it_began(world):
    claim = world.claim(amount="2000")
    run_id = world.submit(claim)

    def shorten(contents: Contents) -> None:
        steps(contents).pop()

    assert publish(world, changed(shorten)) == 0
    decide(world, "mia", run_id)
    assert world.state(claim) == "in_approval"
    for login in sorted(world.open_tasks(run_id)):
        decide(world, login, run_id)
    assert world.state(claim) == "paid"


def test_a_cancelled_run_leads_its_record_back_and_tells_the_submitter(world):
    claim = world.claim()
    run_id = world.submit(claim)

    def shorten(contents: Contents) -> None:
        steps(contents).pop()

    assert publish(world, changed(shorten), cancel=True) == 1
    assert world.state(claim) == "draft"
    assert run_of(world, run_id).state == "cancelled"
    assert world.open_tasks(run_id) == {}
    assert world.decisions(run_id)[-1][1] == "cancel"
    assert world.state_changes(claim)[-1] == ["in_approval", "draft"]
    world.worker.drain()
    told = world.notifications.latest(world.users["dora"])[0]
    assert "cancelled" in told.text.en
    again = world.submit(claim)
    decide(world, "mia", again)
    assert world.state(claim) == "paid"


def test_a_run_is_cancelled_even_where_its_record_breaks_a_rule(world):
    claim = world.claim()
    world.submit(claim)
    fee = world.tables.of("claim").columns["fee"]
    large = world.catalog.objects["claim"].fields["fee"].storage.to_driver(world.database.dialect)
    with world.database.writing(None) as work:
        work.connection.execute(sa.update(fee.table).values({fee.name: large(900)}))
    assert publish(world, changed(lambda contents: steps(contents)[0].update(mode="all"))) == 0
    again = changed(lambda contents: steps(contents)[0].update(mode="one"))
    assert publish(world, again, cancel=True) == 1
    assert world.state(claim) == "draft"


def drop_field(contents: Contents, name: str) -> None:
    fields = contents["object", "claim"]["fields"]
    fields[:] = [one for one in fields if one["name"] != name]


def drop_decided_at(contents: Contents) -> None:
    drop_field(contents, "decided_at")
    contents["workflow", "claim_flow"]["transitions"][0]["on"]["approved"] = "paid"


def drop_manager(contents: Contents) -> None:
    fields = contents["object", "company"]["fields"]
    fields[:] = [one for one in fields if one["name"] != "manager"]
    steps(contents)[0]["approvers"] = [{"role": "finance"}]


def drop_constant(contents: Contents) -> None:
    contents["module", "claims"]["constants"] = []
    steps(contents)[1]["when"] = "payable > 1000"


def drop_object(contents: Contents) -> None:
    for key in [
        ("object", "claim"),
        ("object", "claim_item"),
        ("workflow", "claim_flow"),
        ("approval", "claim_by_amount"),
        ("permission", "claim"),
        ("form", "claim_entry"),
        ("view", "open_claims"),
        ("report", "claims_by_month"),
        ("dashboard", "claims_overview"),
    ]:
        del contents[key]
    contents["module", "claims"]["menu"] = []
    fields = contents["object", "company"]["fields"]
    fields[:] = [one for one in fields if one["name"] != "claim_count"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (drop_decided_at, "the field claim.decided_at is removed"),
        (drop_manager, "the field company.manager is removed"),
        (drop_constant, "the constant claim_limit is removed"),
        (drop_object, "the object is removed"),
    ],
)
def test_a_run_that_needs_what_goes_has_to_end(world, change, reason):
    claim = world.claim()
    run_id = world.submit(claim)
    (found,) = reached(world, changed(change))
    assert reason in [one.en for one in found.reasons]
    with pytest.raises(ConflictError) as refused:
        publish(world, changed(change))
    assert refused.value.problems[0].code == "approval.must_end"
    assert run_of(world, run_id).state == "open"
    assert publish(world, changed(change), cancel=True) == 1
    assert run_of(world, run_id).state == "cancelled"


def rename_state(contents: Contents, old: str, new: str) -> None:
    flow = contents["workflow", "claim_flow"]
    next(one for one in flow["states"] if one["name"] == old)["name"] = new
    for transition in flow["transitions"]:
        transition["from"] = [new if one == old else one for one in transition["from"]]
        for key in ("to", "without_approval"):
            if transition.get(key) == old:
                transition[key] = new
        for key, outcome in transition.get("on", {}).items():
            if outcome == old:
                transition["on"][key] = new
            elif isinstance(outcome, dict) and outcome["to"] == old:
                outcome["to"] = new


@pytest.mark.parametrize("action", ["approve", "reject", "withdraw"])
def test_renamed_states_reach_open_runs(world, action):
    claim = world.claim()
    run_id = world.submit(claim)

    def rename(contents: Contents) -> None:
        rename_state(contents, "draft", "open")
        rename_state(contents, "in_approval", "waiting")
        rename_state(contents, "paid", "settled")
        rename_state(contents, "rejected", "refused")
        grants = contents["permission", "claim"]["grants"]
        grants[2]["when"] = "status = 'open'"
        contents["view", "open_claims"]["where"] = "status != 'settled'"

    assert not any(one.must_end for one in reached(world, changed(rename)))
    publish(world, changed(rename))
    assert world.state(claim) == "waiting"
    if action == "withdraw":
        world.does("dora", lambda c, w: world.approvals.withdraw(c, w, run_id))
    else:
        decide(world, "mia", run_id, action)
    ends = {"approve": "settled", "reject": "refused", "withdraw": "open"}
    assert world.state(claim) == ends[action]


def test_states_that_rows_are_moved_to_reach_open_runs_and_their_conditions(world):
    def guard(contents: Contents) -> None:
        on = contents["workflow", "claim_flow"]["transitions"][0]["on"]
        on["approved"]["when"] = "status = 'in_approval' AND status IN ('in_approval', 'paid')"
        contents["workflow", "claim_flow"]["states"].append(
            {"name": "checking", "id": "state-checking", "label": {"en": "C", "zh": "查"}}
        )
        contents["workflow", "claim_flow"]["transitions"][0]["from"].append("checking")
        contents["workflow", "claim_flow"]["transitions"][1]["from"].append("checking")

    publish(world, changed(guard))
    claim = world.claim()
    run_id = world.submit(claim)

    def drop(contents: Contents) -> None:
        guard(contents)
        flow = contents["workflow", "claim_flow"]
        flow["states"] = [one for one in flow["states"] if one["name"] != "in_approval"]
        submit = flow["transitions"][0]
        submit["from"], submit["to"] = ["draft"], "checking"
        submit["on"]["approved"]["when"] = "status = 'checking'"

    contents = changed(drop)
    (found,) = reached(world, contents)
    assert [one.en for one in found.reasons] == ["the state in_approval is removed"]
    states = {"flow": {"in_approval": "checking"}}
    (found,) = reached(world, contents, states=states)
    assert not found.must_end
    publish(world, contents, states=states)
    assert world.state(claim) == "checking"
    decide(world, "mia", run_id)
    assert world.state(claim) == "paid"


def test_values_that_are_called_otherwise_reach_the_conditions_of_open_runs(world):
    def ask(contents: Contents, damage: str, loss: str) -> None:
        kind = next(one for one in contents["object", "claim"]["fields"] if one["name"] == "kind")
        kind["default"] = f"'{damage}'"
        for choice, name in zip(kind["choices"], (damage, loss), strict=True):
            if choice["value"] != name:
                choice.update(value=name, was=[choice["value"]])
        when = f"kind = '{damage}' AND kind IN ('{damage}') AND NOT kind = '{loss}'"
        steps(contents)[-1]["when"] = when
        on = contents["workflow", "claim_flow"]["transitions"][0]["on"]
        on["approved"]["set"] = {"kind": f"IF(kind = '{damage}', '{loss}', '{damage}')"}

    publish(world, changed(lambda contents: ask(contents, "damage", "loss")))
    claim = world.claim(amount="2000")
    run_id = world.submit(claim)
    publish(world, changed(lambda contents: ask(contents, "loss", "damage")))
    assert world.row(claim)["kind"] == "loss", "the two have each other's name"
    asked = []
    while tasks := world.open_tasks(run_id):
        asked.append(set(tasks))
        for login in tasks:
            decide(world, login, run_id)
    assert len(asked) == len(steps(workspace())), "the last step is asked as it was before"
    assert world.state(claim) == "paid"
    assert world.row(claim)["kind"] == "damage"


def test_values_that_rows_are_given_instead_reach_the_conditions_of_open_runs(world):
    def ask(contents: Contents) -> None:
        steps(contents)[-1]["when"] = "kind = 'damage'"

    def drop(contents: Contents) -> None:
        kind = next(one for one in contents["object", "claim"]["fields"] if one["name"] == "kind")
        kind["choices"] = [one for one in kind["choices"] if one["value"] != "damage"]
        kind["default"] = "'loss'"

    publish(world, changed(ask))
    claim = world.claim(amount="2000")
    run_id = world.submit(claim)
    answer = Decision("map", map={"damage": "loss"})
    publish(world, changed(drop), decisions=Decisions({"field.narrow:claim.kind": answer}))
    assert world.row(claim)["kind"] == "loss"
    asked = 0
    while tasks := world.open_tasks(run_id):
        asked += 1
        for login in tasks:
            decide(world, login, run_id)
    assert asked == len(steps(workspace())), "the last step is asked as it was before"


def test_a_renamed_role_keeps_its_holders_and_their_tasks(world):
    world.set_fallback("finance")
    first = world.submit(world.claim(amount="2000"))
    decide(world, "mia", first)

    def rename(contents: Contents) -> None:
        contents["role", "finance"]["name"] = "treasury"
        steps(contents)[1]["approvers"][0]["role"] = "treasury"
        for one in (
            contents["permission", "claim"]["grants"],
            contents["permission", "company"]["grants"],
        ):
            for grant in one:
                if grant["role"] == "finance":
                    grant["role"] = "treasury"

    second = world.submit(world.claim(amount="2000"))
    publish(world, changed(rename))
    assert world.principal("fred").holds("treasury")
    for login in sorted(world.open_tasks(first)):
        decide(world, login, first)
    assert run_of(world, first).state == "approved"
    decide(world, "mia", second)
    asked = {row.role for row in world.rows(sa.select(TASK).where(TASK.c.state == "open"))}
    assert asked == {"treasury", "boss"}
    query = sa.select(SETTING.c.value).where(SETTING.c.key == FALLBACK_SETTING)
    setting = world.rows(query)
    assert setting[0].value == "treasury"


def test_a_dropped_role_gives_its_tasks_on_and_comes_back_only_by_its_id(world):
    run_id = world.submit(world.claim(amount="2000"))
    decide(world, "mia", run_id)
    stamp = world.rows(sa.select(USER.c.stamp).where(USER.c.id == world.users["fred"]))[0].stamp

    def drop(contents: Contents, role_id: str | None = None) -> None:
        del contents["role", "finance"]
        steps(contents)[1]["approvers"].pop(0)
        for name in ("claim", "company"):
            grants = contents["permission", name]["grants"]
            grants[:] = [one for one in grants if one["role"] != "finance"]
        if role_id:
            contents["role", "finance"] = {
                "kind": "role",
                "name": "finance",
                "id": role_id,
                "label": {"en": "Finance", "zh": "财务"},
            }

    publish(world, changed(drop))
    held = {row.role for row in world.rows(sa.select(USER_ROLE))}
    assert "finance" not in held
    assert DROPPED + "role-finance" in held
    asked = set(world.open_tasks(run_id))
    assert not asked & {"fred", "faye"}
    later = world.rows(sa.select(USER.c.stamp).where(USER.c.id == world.users["fred"]))[0].stamp
    assert later > stamp
    for login in sorted(asked):
        decide(world, login, run_id)
    assert run_of(world, run_id).state == "approved"

    publish(world, changed(lambda contents: drop(contents, "another-role")))
    assert not world.principal("fred").holds("finance")
    publish(world, changed(drop))
    publish(world, changed(lambda contents: drop(contents, "role-finance")))
    assert world.principal("fred").holds("finance")


def test_fields_that_come_reach_no_run(world):
    world.submit(world.claim())
    more = changed(
        lambda contents: contents["object", "claim"]["fields"].append(field("x", "text"))
    )
    assert reached(world, more) == ()


def test_decisions_on_states_that_go_are_those_that_runs_follow(world):
    decisions = read_decisions(
        {
            "state.drop:claim_flow.in_approval": {
                "answer": "map",
                "map": {"in_approval": "checking"},
            },
            "state.drop:claim_flow.paid": {"answer": "clear"},
            "field.drop:claim.fee": {"answer": "accept"},
        }
    )
    states = decided_states(world.catalog, decisions)
    assert states == {"flow": {"in_approval": "checking"}}
