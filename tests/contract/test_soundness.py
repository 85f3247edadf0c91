"""Definitions that cannot work as meant: each is refused at its node, with the input that shows it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.contract.bad_documents import APPROVAL, BAD, CLAIM, FLOW, Contents
from tests.contract.bad_table import TABLE
from tests.contract.test_bad_documents import problems_of
from tests.support.documents import field, label, workspace

FINANCE = [{"role": "finance"}]


@dataclass(frozen=True)
class Unsound:
    """A change to the right workspace, the code that must come, where, and what it must say."""

    name: str
    code: str
    place: str
    change: Callable[[Contents], object]
    says: str = ""
    severity: str = "error"


def step(name: str, when: str | None = None, **keys: Any) -> dict[str, Any]:
    made = {"name": name, "label": label(name, name), "approvers": FINANCE, **keys}
    return made if when is None else {**made, "when": when}


def approvals(*conditions: str | None, priority: Callable[[int], int] = lambda n: 50 - n):
    """Put approvals with one step each in place of the one there is; the first has precedence."""

    def change(contents: Contents) -> None:
        first = contents.pop(APPROVAL)
        for number, when in enumerate(conditions):
            name = f"band_{number}"
            made = {
                **copy.deepcopy(first),
                "name": name,
                "priority": priority(number),
                "steps": [step("check")],
            }
            made.pop("when")
            contents["approval", name] = made if when is None else {**made, "when": when}

    return change


def both(*changes: Callable[[Contents], object]) -> Callable[[Contents], object]:
    def change(contents: Contents) -> None:
        for one in changes:
            one(contents)

    return change


def level(number: int) -> int:
    return 10


def steps(*made: dict[str, Any], when: str | None = "payable > 100") -> Callable[..., object]:
    def change(contents: Contents) -> None:
        contents[APPROVAL]["steps"] = list(made)
        contents[APPROVAL].pop("when")
        if when is not None:
            contents[APPROVAL]["when"] = when

    return change


def block(*branches: list[dict[str, Any]]) -> dict[str, Any]:
    made = [
        {"name": f"b{number}", "label": label("Branch", "分支"), "steps": one}
        for number, one in enumerate(branches)
    ]
    return {"name": "block", "label": label("Block", "并行"), "branches": made}


def submit(**keys: Any) -> Callable[[Contents], object]:
    return lambda c: c[FLOW]["transitions"][0].update(keys)


def without_way(contents: Contents) -> None:
    """Leave the way open that nobody decides: the record waits."""
    del contents[FLOW]["transitions"][0]["without_approval"]


def fields(*more: dict[str, Any]) -> Callable[[Contents], object]:
    return lambda c: c[CLAIM]["fields"].extend(copy.deepcopy(more))


def rule(unless: str, when: str | None = None, **keys: Any) -> Callable[[Contents], object]:
    made = {"name": "sane", "unless": unless, "message": label("No", "不可"), **keys}
    return lambda c: c[CLAIM]["rules"].append(made if when is None else {**made, "when": when})


def outcome(way: str, **keys: Any) -> Callable[[Contents], object]:
    return lambda c: c[FLOW]["transitions"][0]["on"].update({way: keys})


def without_history(contents: Contents) -> None:
    del contents["object", "claim"]["history"]
    outcome("rejected", to="rejected", undo=True)(contents)


AGE = field("age", "integer", least=0, most=120)
OPEN = field("open", "boolean")
DUE = field("due", "date")

UNSOUND = (
    # gaps
    Unsound(
        "bands that leave out exactly their border",
        "approval.gap",
        "/band_0.json/when",
        approvals("payable > 200000", "payable < 200000"),
        "payable = 200,000.00",
    ),
    Unsound(
        "a border left out among three bands",
        "approval.gap",
        "/when",
        approvals("payable > 200000", "payable > 50000 AND payable < 200000", "payable <= 50000"),
        "payable = 200,000.00",
    ),
    Unsound(
        "the cents between whole numbers left out",
        "approval.gap",
        "/when",
        approvals("payable >= 200000", "payable <= 199999"),
        "payable = 199,999.01",
    ),
    Unsound(
        "one whole number left out",
        "approval.gap",
        "/when",
        both(fields(AGE), approvals("age > 60", "age < 60")),
        "age = 60",
    ),
    Unsound(
        "one day left out",
        "approval.gap",
        "/when",
        approvals("claimed_on > '2026-06-30'", "claimed_on < '2026-06-30'"),
        "claimed_on = 2026-06-30",
    ),
    Unsound(
        "a border left out for one kind only",
        "approval.gap",
        "/when",
        approvals(
            "kind = 'loss'",
            "kind = 'damage' AND payable > 5000",
            "kind = 'damage' AND payable < 5000",
        ),
        "kind = Damage",
    ),
    Unsound(
        "a border that a constant sets left out",
        "approval.gap",
        "/when",
        approvals("payable > $C.claim_limit", "payable < $C.claim_limit"),
        "payable = 1,000.00",
    ),
    Unsound(
        "a border left out behind NOT",
        "approval.gap",
        "/when",
        approvals("NOT (payable <= 7000)", "NOT (payable >= 7000)"),
        "payable = 7,000.00",
    ),
    Unsound(
        "a choice that waits for nobody",
        "approval.gap",
        "/transitions/0/to",
        both(without_way, approvals("kind = 'damage'")),
        "kind = Loss",
    ),
    Unsound(
        "an empty choice that waits for nobody",
        "approval.gap",
        "/transitions/0/to",
        both(without_way, approvals("kind = 'damage'", "kind = 'loss'")),
        "kind is empty",
    ),
    Unsound(
        "an answer that waits for nobody",
        "approval.gap",
        "/transitions/0/to",
        both(without_way, fields(OPEN), approvals("open", "NOT open")),
        "open is empty",
    ),
    Unsound(
        "an amount that waits for nobody",
        "approval.gap",
        "/transitions/0/to",
        both(without_way, approvals("payable > 500")),
        "payable = ",
    ),
    Unsound(
        "an empty number that waits for nobody",
        "approval.gap",
        "/transitions/0/to",
        both(without_way, fields(AGE), approvals("age >= 18", "age < 18")),
        "age is empty",
    ),
    Unsound(
        "a list without the rest that waits for nobody",
        "approval.gap",
        "/transitions/0/to",
        both(without_way, submit(when="kind IS NOT NULL"), approvals("kind IN ('loss')")),
        "kind = Damage",
    ),
    # overlaps
    Unsound(
        "the border in both bands",
        "guard.overlap",
        "/band_1.json/priority",
        approvals("payable >= 200000", "payable <= 200000", priority=level),
        "payable = 200,000.00",
    ),
    Unsound(
        "two kinds of condition in one record",
        "guard.overlap",
        "/priority",
        approvals("payable > 5000", "kind = 'loss'", priority=level),
        "kind = Loss",
    ),
    Unsound(
        "two approvals without conditions",
        "guard.overlap",
        "/priority",
        approvals(None, None, priority=level),
        "payable = 0.01",
    ),
    Unsound(
        "the same choice in two lists",
        "guard.overlap",
        "/priority",
        approvals("kind IN ('loss', 'damage')", "kind = 'loss'", priority=level),
        "kind = Loss",
    ),
    Unsound(
        "one day in both halves",
        "guard.overlap",
        "/priority",
        approvals("claimed_on <= '2026-06-30'", "claimed_on >= '2026-06-30'", priority=level),
        "claimed_on = 2026-06-30",
    ),
    Unsound(
        "two amounts in one record",
        "guard.overlap",
        "/priority",
        approvals("payable > 900", "reserve > 900", priority=level),
        "reserve = 900.01",
    ),
    Unsound(
        "answers that are not each other's opposite",
        "guard.overlap",
        "/priority",
        both(fields(OPEN), approvals("open", "open OR kind = 'loss'", priority=level)),
        "open = yes",
    ),
    Unsound(
        "empty and blank",
        "guard.overlap",
        "/priority",
        both(
            fields(field("note", "text")),
            approvals("ISBLANK(note)", "note IS NULL", priority=level),
        ),
        "note is empty",
    ),
    # shadows
    Unsound(
        "a wider band first",
        "approval.shadowed",
        "/band_1.json/priority",
        approvals("payable > 100", "payable > 5000"),
        "“By amount” (band_0)",
    ),
    Unsound(
        "an approval without a condition first",
        "approval.shadowed",
        "/band_1.json/priority",
        approvals(None, "payable > 5000"),
        "“By amount” (band_0)",
    ),
    Unsound(
        "two bands that leave nothing to the third",
        "approval.shadowed",
        "/band_2.json/priority",
        approvals("payable > 100", "payable <= 100", "payable > 50"),
        "(band_0) and “By amount” (band_1)",
    ),
    Unsound(
        "every choice first",
        "approval.shadowed",
        "/priority",
        approvals("kind IN ('loss', 'damage')", "kind = 'loss' AND payable > 5"),
        "“By amount” (band_0)",
    ),
    Unsound(
        "a guard that leaves nothing to the second",
        "approval.shadowed",
        "/priority",
        both(submit(when="payable > 100"), approvals("payable > 100", "payable > 1")),
        "“By amount” (band_0)",
    ),
    # approvals that never apply
    Unsound(
        "an approval that the guard excludes",
        "guard.never",
        "/band_0.json/when",
        both(submit(when="payable > 1000"), approvals("payable < 500")),
        "the condition of “Submit”",
    ),
    Unsound(
        "an approval for another state",
        "guard.never",
        "/band_0.json/when",
        approvals("status = 'rejected'"),
        "“Submit”",
    ),
    Unsound(
        "an approval that a rule excludes",
        "guard.never",
        "/band_0.json/when",
        approvals("fee > 600"),
        "the rule “fee_cap”",
    ),
    Unsound(
        "an approval that two rules exclude",
        "guard.never",
        "/band_0.json/when",
        both(rule("fee >= 100", when="kind = 'loss'"), approvals("kind = 'loss' AND fee < 100")),
        "the rule “sane”",
    ),
    # steps that are never asked
    Unsound(
        "a step below the band",
        "guard.never",
        "/steps/1/when",
        steps(step("first"), step("second", "payable < 50")),
        "the condition of “By amount”",
    ),
    Unsound(
        "a step that the guard excludes",
        "guard.never",
        "/steps/1/when",
        both(
            submit(when="kind = 'damage'"),
            steps(step("first"), step("second", "kind = 'loss'"), when=None),
        ),
        "the condition of “Submit”",
    ),
    Unsound(
        "a step that a rule excludes",
        "guard.never",
        "/steps/1/when",
        steps(step("first"), step("second", "fee > 500")),
        "the rule “fee_cap”",
    ),
    Unsound(
        "a step for the state before",
        "guard.never",
        "/steps/1/when",
        both(
            submit(**{"from": ["draft", "rejected"]}),
            steps(step("first"), step("second", "status = 'draft' OR status = 'rejected'")),
        ),
    ),
    Unsound(
        "a step that a higher approval takes",
        "guard.never",
        "/band_1.json/steps/1/when",
        both(
            approvals("payable > 5000", "payable > 100"),
            lambda c: c["approval", "band_1"]["steps"].append(step("more", "payable > 9000")),
        ),
        "“By amount” (band_0)",
    ),
    Unsound(
        "a step for what the transition sets otherwise",
        "guard.never",
        "/steps/1/when",
        both(
            submit(set={"subject": "'fixed'"}),
            steps(step("first"), step("second", "subject = 'open'")),
        ),
    ),
    Unsound(
        "a first step that the approval excludes",
        "guard.never",
        "/steps/0/when",
        steps(step("first", "payable <= 100"), step("second")),
    ),
    Unsound(
        "a step that an empty field excludes",
        "guard.never",
        "/steps/1/when",
        both(
            fields(DUE),
            steps(step("first"), step("second", "due > '2026-01-01'"), when="due IS NULL"),
        ),
    ),
    # nobody is asked
    Unsound(
        "an approval without a step for small sums",
        "approval.asks_nobody",
        "/steps",
        steps(step("boss", "payable > 1000"), step("chief", "payable > 5000")),
        "payable = 1,000.00",
    ),
    Unsound(
        "an approval without a step for one choice",
        "approval.asks_nobody",
        "/steps",
        steps(step("boss", "kind = 'loss'"), when="kind IS NOT NULL"),
        "kind = Damage",
    ),
    Unsound(
        "an approval without a step for a border",
        "approval.asks_nobody",
        "/steps",
        steps(step("low", "payable < 700"), step("high", "payable > 700")),
        "payable = 700.00",
    ),
    Unsound(
        "an approval without a step where nothing is filled in",
        "approval.asks_nobody",
        "/steps",
        steps(step("low", "reserve < 700"), step("high", "reserve >= 700")),
        "reserve is empty",
    ),
    Unsound(
        "an approval whose steps forget the border of a constant",
        "approval.asks_nobody",
        "/steps",
        steps(step("low", "payable < $C.claim_limit"), step("high", "payable > $C.claim_limit")),
        "payable = 1,000.00",
    ),
    Unsound(
        "a step of which the transition empties the field",
        "approval.asks_nobody",
        "/steps",
        both(submit(set={"reserve": "NULL"}), steps(step("low", "reserve > 1"))),
    ),
    # branches
    Unsound(
        "a step in a branch that its approval excludes",
        "guard.never",
        "/steps/0/branches/1/steps/0/when",
        steps(block([step("one")], [step("two", "payable < 50")])),
    ),
    Unsound(
        "branches that all are passed over",
        "approval.asks_nobody",
        "/steps",
        steps(block([step("low", "payable < 500")], [step("high", "payable > 500")])),
        "payable = 500.00",
    ),
    Unsound(
        "a step that neither asks nor branches",
        "approval.step_shape",
        "/steps/0",
        steps({"name": "idle", "label": label("Idle", "闲")}),
    ),
    Unsound(
        "a step with branches that has a mode",
        "approval.step_shape",
        "/steps/0/mode",
        steps({**block([step("one")], [step("two")]), "mode": "all"}),
    ),
    Unsound(
        "a step with branches that asks too",
        "approval.step_shape",
        "/steps/0/approvers",
        steps({**block([step("one")], [step("two")]), "approvers": FINANCE}),
    ),
    Unsound(
        "a step in a branch with the name of another",
        "approval.ambiguous_step",
        "/steps/1/branches/1/steps/0/name",
        steps(step("two"), block([step("one")], [step("two")])),
    ),
    Unsound(
        "one branch",
        "schema.range",
        "/steps/0/branches",
        steps(block([step("one")])),
    ),
    Unsound(
        "an empty branch",
        "schema.empty_list",
        "/steps/0/branches/1/steps",
        steps(block([step("one")], [])),
    ),
    Unsound(
        "a branch within a branch",
        "schema.unknown_field",
        "/steps/0/branches/0/steps/0/branches",
        steps(block([block([step("one")], [step("two")])], [step("three")])),
    ),
    # who waits for nobody
    Unsound(
        "an approval that leads back to waiting",
        "workflow.waits_for_nobody",
        "/transitions/0/on/approved",
        outcome("approved", to="in_approval"),
        "In approval",
    ),
    Unsound(
        "a rejection that leads back to waiting",
        "workflow.waits_for_nobody",
        "/transitions/0/on/rejected",
        lambda c: (
            outcome("rejected", to="in_approval")(c),
            c[FLOW]["transitions"][1].update({"from": ["draft"], "to": "rejected"}),
        ),
    ),
    Unsound(
        "a withdrawal that leads back to waiting",
        "workflow.waits_for_nobody",
        "/transitions/0/on/withdrawn",
        outcome("withdrawn", to="in_approval"),
    ),
    Unsound(
        "waiting without an approval",
        "workflow.waits_for_nobody",
        "/transitions/0/without_approval",
        submit(without_approval="in_approval"),
    ),
    Unsound(
        "another way into waiting",
        "workflow.waits_for_nobody",
        "/transitions/1/to",
        lambda c: c[FLOW]["transitions"][1].update(to="in_approval"),
    ),
    Unsound(
        "records that begin waiting",
        "workflow.waits_for_nobody",
        "/states/1/initial",
        lambda c: (
            c[FLOW]["states"][0].pop("initial"),
            c[FLOW]["states"][1].update(initial=True),
        ),
    ),
    # transitions and outcomes
    Unsound(
        "a transition that a state excludes",
        "guard.never",
        "/transitions/2/from/1",
        lambda c: c[FLOW]["transitions"][2].update(when="status = 'draft'"),
        "“Rejected”",
    ),
    Unsound(
        "a way without approval that is never open",
        "guard.never",
        "/without_approval/when",
        submit(without_approval={"to": "paid", "when": "payable > 500"}),
        "that no approval applies",
    ),
    Unsound(
        "a way without approval that the guard closes",
        "guard.never",
        "/without_approval/when",
        both(
            submit(when="fee > 10", without_approval={"to": "paid", "when": "fee < 5"}),
        ),
        "the condition of “Submit”",
    ),
    Unsound(
        "an outcome that the approvals exclude",
        "guard.never",
        "/on/approved/when",
        both(approvals("payable > 100"), outcome("approved", to="paid", when="payable < 50")),
        "the conditions of the approvals",
    ),
    Unsound(
        "an outcome for another state",
        "guard.never",
        "/on/approved/when",
        outcome("approved", to="paid", when="status = 'draft' OR status = 'rejected'"),
        "“Submit”",
    ),
    # people
    Unsound(
        "partners who may not read the object",
        "approval.cannot_read",
        "/steps/0/approvers/0/role",
        both(
            lambda c: c.update(
                {
                    ("role", "courier"): {
                        "kind": "role",
                        "name": "courier",
                        "label": label("Courier", "快递"),
                        "audience": "partner",
                    }
                }
            ),
            steps(step("first", approvers=[{"role": "courier"}])),
        ),
        "Courier",
    ),
    Unsound(
        "the same approver twice",
        "approval.approver_twice",
        "/steps/0/approvers/1",
        steps(step("first", approvers=[*FINANCE, *FINANCE])),
    ),
    Unsound(
        "a field open to people who never see it",
        "approval.not_editable",
        "/steps/0/editable/0",
        steps(step("first", approvers=[{"role": "dealer"}], editable=["reserve"])),
        "reserve",
    ),
    Unsound(
        "the role that submits",
        "workflow.self_approval_possible",
        "/steps/0/approvers/0/role",
        steps(step("first", approvers=[{"role": "dealer"}])),
        severity="warning",
    ),
    Unsound(
        "an approval that changes nothing",
        "workflow.outcome_loop",
        "/on/approved",
        outcome("approved", to="draft"),
        severity="warning",
    ),
    Unsound(
        "changes taken back that were approved",
        "workflow.undo_approved",
        "/on/approved/undo",
        outcome("approved", to="paid", undo=True),
    ),
    Unsound(
        "changes taken back without a history",
        "workflow.undo_without_history",
        "/on/rejected/undo",
        without_history,
        "subject",
    ),
    Unsound(
        "a way without approval where all is decided",
        "workflow.idle_outcome",
        "/without_approval",
        approvals("payable > 100", "payable <= 100"),
        severity="warning",
    ),
    Unsound(
        "a step that a constant switches off",
        "guard.never",
        "/steps/1/when",
        steps(step("first"), step("second", "payable > $C.claim_limit"), when="payable < 900"),
        severity="warning",
    ),
)


@pytest.mark.parametrize("case", UNSOUND, ids=lambda case: case.name)
def test_what_cannot_work_is_told_at_its_node(case: Unsound):
    contents = workspace()
    case.change(contents)

    problems = problems_of(contents)

    found = [one for one in problems if one.code == case.code and one.path.endswith(case.place)]
    assert found, [(one.code, one.path, one.message.en) for one in problems]
    assert found[0].severity == case.severity
    assert case.says in found[0].message.en
    for language in ("en", "zh"):
        told = found[0].render(language)
        assert told["message"]
        assert told["hint"]
        assert "{" not in told["message"] + told["hint"]


def test_there_are_sixty_broken_workflows():
    parts = ("guard.", "workflow.", "approval.")
    known = [one for one in (*BAD, *TABLE) if one.code.startswith(parts)]
    refused = [one for one in (*UNSOUND, *known) if getattr(one, "severity", "error") == "error"]
    assert len(refused) >= 60
