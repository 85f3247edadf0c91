"""The numbers of a plan are those of its publish, and the lists behind them show only what may be seen."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.access.principals import Credential, Principal, RoleHolding
from headrace.platform.access.tables import USER, USER_ROLE
from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.publishing.failing.listing import finder_of, readable_plan, safe, write_rows
from headrace.platform.publishing.plan import Plan, PlanLine
from headrace.platform.records.context import Context
from headrace.platform.workflow.tables import RUN, TASK
from tests.support.documents import label
from tests.support.publishing import Publishing, platform_at


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    with platform_at(database_url) as platform:
        publishing = Publishing(platform, tmp_path / "modules")
        publishing.publish()
        yield publishing


def claim(work: Publishing, owner: str, subject: str, **values: Any) -> str:
    items = [{"what": "Pump", "qty": "2", "price": "10.00"}]
    return work.create("claim", company=owner, subject=subject, items=items, **values)


def lines(plan: Plan) -> dict[str, PlanLine]:
    return {line.key: line for line in plan.lines}


def plan_with(work: Publishing, decisions: dict[str, Any] | None = None) -> Plan:
    work.plan()
    return work.platform.publisher.plan(work.folder / "claims", (), decisions)


def listed(work: Publishing, plan: Plan, key: str, reader: Context | None = None) -> Any:
    platform = work.platform
    out = io.StringIO(newline="")
    reader = reader or platform.context_of(platform.catalogs.current())
    lent = finder_of(platform.database, platform.catalogs, platform.context_of, plan)
    with lent as finder:
        written = write_rows(finder, plan, key, reader, out)
    rows = list(csv.reader(io.StringIO(out.getvalue())))
    assert len(rows) == written.rows + 1
    return rows, written


def dealer(work: Publishing, organisation: str) -> Context:
    published = work.platform.catalogs.current()
    principal = Principal(
        user_id="01900000-0000-7000-8000-000000000099",
        login="dora",
        name="Dora",
        language="en",
        zone=work.platform.zone,
        audience="partner",
        organisation=organisation,
        roles=frozenset({RoleHolding("dealer")}),
        stamp=0,
        credential=Credential("system", "x"),
    )
    return work.platform.context_of(published, principal)


def cap(work: Publishing) -> None:
    work.contents["object", "claim"]["rules"].append(
        {
            "name": "cap",
            "unless": "fee <= 100 OR (reserve IS NOT NULL AND reserve > 5)",
            "message": label("At most 100", "最多 100"),
        }
    )


def test_a_rule_that_rows_break_needs_an_answer_and_then_changes_no_row(work):
    owner = work.create("company", code="C1", name="C1")
    broken = [claim(work, owner, f"Large {number}", fee="300") for number in range(3)]
    claim(work, owner, "Small", fee="1")
    cap(work)
    plan = plan_with(work)
    line = lines(plan)["rule.add:claim.cap"]
    assert (line.failing.count, line.failing.first) == (3, tuple(sorted(broken)))
    assert [(one.code, one.path) for one in plan.refused] == [
        ("rule.existing_rows", "/claims/objects/claim.json/rules/1")
    ]
    with pytest.raises(RefusedError):
        work.platform.publisher.publish(plan, "", None)
    few = {"rule.add:claim.cap": {"answer": "accept", "rows": 2}}
    assert [one.code for one in plan_with(work, few).refused] == ["plan.count_grown"]
    answered = plan_with(work, {"rule.add:claim.cap": {"answer": "accept", "rows": 3}})
    assert answered.refused == ()
    work.platform.publisher.publish(answered, "", None)
    assert str(work.value("claim", broken[0], "fee")) == "300.00"


def test_lists_show_ids_titles_and_values_and_nothing_that_runs(work):
    owner = work.create("company", code="C1", name="=2+3")
    row = claim(work, owner, "Large", fee="300")
    cap(work)
    rows, written = listed(work, plan_with(work), "rule.add:claim.cap")
    number = work.value("claim", row, "claim_no")
    assert rows == [["id", "title", "fee", "reserve"], [row, number, "300.00", ""]]
    assert (written.rows, written.withheld) == (1, 0)
    work.contents["object", "company"]["fields"].pop()
    rows, _ = listed(work, plan_with(work), "field.drop:company.claim_count")
    assert rows == [["id", "title", "claim_count"], [owner, "'=2+3", "1"]]
    with pytest.raises(NotFoundError):
        listed(work, plan_with(work), "field.drop:company.nothing")


def test_who_may_not_read_rows_or_fields_does_not_see_them_in_lists(work):
    mine = work.create("company", code="C1", name="C1")
    other = work.create("company", code="C2", name="C2")
    own = claim(work, mine, "Mine", fee="300")
    hidden = claim(work, other, "Theirs", fee="300")
    cap(work)
    plan = plan_with(work)
    rows, written = listed(work, plan, "rule.add:claim.cap", dealer(work, mine))
    assert rows[0] == ["id", "title", "fee"]
    assert [row[0] for row in rows[1:]] == [own]
    assert (written.rows, written.withheld) == (1, 1)
    platform = work.platform
    lent = finder_of(platform.database, platform.catalogs, platform.context_of, plan)
    with lent as finder:
        shown = readable_plan(finder, plan, dealer(work, mine))
    line = lines(shown)["rule.add:claim.cap"]
    assert (line.failing.count, line.failing.first) == (2, (own,))
    assert hidden in lines(plan)["rule.add:claim.cap"].failing.first


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@x", "'@x"),
        ("-1.50", "-1.50"),
        ("-1+cmd", "'-1+cmd"),
        ("\t=1", "'\t=1"),
        ("=HYPERLINK()", "'=HYPERLINK()"),
        ("plain", "plain"),
        (None, ""),
        (True, "True"),
        (7, "7"),
    ],
)
def test_cells_are_never_formulas(value, cell):
    assert safe(value) == cell


def user(work: Publishing, login: str, *roles: str) -> str:
    user_id = f"01900000-0000-7000-8000-{login.encode().hex():0>12}"
    with work.platform.database.writing(None) as unit:
        unit.connection.execute(
            sa.insert(USER).values(
                id=user_id,
                login=login,
                name=login,
                language="en",
                active=True,
                stamp=1,
                created_at=unit.now,
                time_zone="Asia/Shanghai",
            )
        )
        for number, role in enumerate(roles):
            unit.connection.execute(
                sa.insert(USER_ROLE).values(
                    id=f"0190000{number}{user_id[8:]}", user=user_id, role=role
                )
            )
    return user_id


def submitted(work: Publishing) -> str:
    """Submit a claim of a dealer and return its id."""
    manager = user(work, "mia", "boss")
    user(work, "ann", "admin")
    owner = work.create("company", code="C1", name="C1", manager={"id": manager})
    row = claim(work, owner, "One", fee="150")
    platform = work.platform
    dora = user(work, "dora", "dealer")
    published = platform.catalogs.current()
    context = dealer(work, owner)
    context = replace(context, principal=replace(context.principal, user_id=dora))
    with platform.database.writing(published.version) as unit:
        platform.workflow.fire(context, unit, "claim", row, "submit", version=1)
    return row


def test_running_approvals_stay_or_end_as_decided(work):
    row = submitted(work)
    work.contents["approval", "claim_by_amount"]["steps"].pop()
    plan = plan_with(work)
    line = lines(plan)["approval.running:claim.claim_by_amount"]
    assert (line.rows, line.needs_answer, line.answers) == (1, False, ("keep", "cancel"))
    assert "manager 1" in line.text.en
    assert plan.refused == ()
    cancelled = plan_with(work, {line.key: {"answer": "cancel", "rows": 1}})
    work.platform.publisher.publish(cancelled, "", None)
    assert work.value("claim", row, "status") == "draft"
    with work.platform.database.reading() as reading:
        state = reading.connection.execute(sa.select(RUN.c.state)).scalar_one()
        tasks = reading.connection.execute(sa.select(TASK.c.state)).scalars().all()
    assert (state, set(tasks)) == ("cancelled", {"closed"})


def test_a_field_that_a_running_approval_needs_goes_only_with_the_approval(work):
    submitted(work)
    fields = work.contents["object", "company"]["fields"]
    fields[:] = [one for one in fields if one["name"] != "manager"]
    steps = work.contents["approval", "claim_by_amount"]["steps"]
    steps[0]["approvers"] = [{"role": "boss"}]
    plan = plan_with(work)
    assert "approval.must_end" in [one.code for one in plan.refused]
    answers = {
        "approval.running:claim.claim_by_amount": {"answer": "cancel"},
        "field.drop:company.manager": {"answer": "accept"},
    }
    answered = plan_with(work, answers)
    assert answered.refused == ()
    work.platform.publisher.publish(answered, "", None)


def test_a_role_that_people_hold_goes_only_with_an_answer(work):
    user(work, "fred", "finance")
    user(work, "ann", "admin")
    del work.contents["role", "finance"]
    work.contents["approval", "claim_by_amount"]["steps"][1]["approvers"].pop(0)
    for name in ("claim", "company"):
        grants = work.contents["permission", name]["grants"]
        grants[:] = [one for one in grants if one["role"] != "finance"]
    plan = plan_with(work)
    line = lines(plan)["role.drop:finance"]
    assert (line.rows, line.destructive, line.needs_answer) == (1, True, True)
    assert [one.code for one in plan.refused] == ["role.in_use"]
    assert [one.key for one in plan.lines if one.code == "role.drop"] == ["role.drop:finance"]
    answered = plan_with(work, {line.key: {"answer": "accept", "rows": 1}})
    work.platform.publisher.publish(answered, "", None)
    with work.platform.database.reading() as reading:
        held = set(reading.connection.execute(sa.select(USER_ROLE.c.role)).scalars())
    assert "finance" not in held
