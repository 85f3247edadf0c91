"""The numbers of a plan are those of its publish, and the lists behind them show only what may be seen."""

from __future__ import annotations

import csv
import io
import itertools
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from headrace.platform.access.principals import Credential, Principal, RoleHolding
from headrace.platform.access.tables import USER, USER_ROLE
from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.publishing.failing import (
    Duplicates,
    Emptied,
    NotAllowed,
    RowFinder,
    Unconvertible,
)
from headrace.platform.publishing.failing.fills import planned_fills
from headrace.platform.publishing.failing.listing import finder_of, readable_plan, safe, write_rows
from headrace.platform.publishing.plan import Plan, PlanLine
from headrace.platform.publishing.row_work import RowWork
from headrace.platform.records.context import Context
from headrace.platform.workflow.tables import RUN, TASK
from tests.support.busy_publishing import small_chunks
from tests.support.documents import label
from tests.support.plan_world import (
    DEFAULTS,
    FILLED,
    change_object,
    dump,
    finder_for,
    random_object,
    worlds,
)
from tests.support.publishing import Publishing, published_at


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    with published_at(database_url, tmp_path / "modules") as publishing:
        yield publishing


def claim(work: Publishing, owner: str, subject: str, **values: Any) -> str:
    items = [{"what": "Pump", "qty": "2", "price": "10.00"}]
    return work.create("claim", company=owner, subject=subject, items=items, **values)


def lines(plan: Plan) -> dict[str, PlanLine]:
    return {line.key: line for line in plan.lines}


def plan_with(work: Publishing, decisions: dict[str, Any] | None = None) -> Plan:
    return work.platform.publisher.plan(work.write(), (), decisions)


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


# -- over random objects, rows and changes ----------------------------------------------------------

EXAMPLES = 100


class Numbers:
    """One random object with rows and a change; compares the plan with what is true afterwards."""

    def __init__(self, work: Publishing, name: str) -> None:
        self.work = work
        self.name = name
        self.before: dict[str, dict[str, Any]] = {}
        self.ids: dict[str, str] = {}
        self.retyped: set[str] = set()

    def start(self, types: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
        """Publish the object and make its rows."""
        self.work.contents["object", self.name] = random_object(self.name, types)
        self.work.publish()
        store = self.work.platform.store
        for number, row in enumerate(rows):
            values = {name: value for name, value in row.items() if value is not None}
            deleted = values.pop("deleted")
            row_id = self.work.create(self.name, code=f"{self.name}-{number}", **values)
            if deleted:
                self.work.platform.write_as_system(
                    lambda context, unit, row_id=row_id: store.delete(
                        context, unit, self.name, row_id, 1
                    )
                )
        self.before = dump(self.work, self.name)
        model = self.work.platform.catalogs.refresh().catalog.objects[self.name]
        self.ids = {one.name: one.id for one in model.fields.values()}

    @property
    def live(self) -> list[dict[str, Any]]:
        return [row for row in self.before.values() if not row["deleted"]]

    def narrowed(self, plan: Plan, one: FieldModel, row: dict[str, Any]) -> Any:
        """What a row will have in a field by the answer to its narrower options."""
        value = row.get(one.id)
        decision = plan.decisions.get(f"field.narrow:{self.name}.{one.name}")
        if value is None or decision is None or is_allowed(one, value):
            return value
        match decision.answer:
            case "accept":
                return value[: one.options.length].strip() or None
            case "clear":
                return None
            case "map":
                return decision.map[value]
        return value

    def planned(self, plan: Plan, one: FieldModel, row: dict[str, Any]) -> Any:
        """What a row will have in a field: what it has, else what the answer or default fills in."""
        value = self.narrowed(plan, one, row)
        if value is not None or not one.definition.required:
            return value
        decision = plan.decisions.get(f"field.require:{self.name}.{one.name}")
        if decision is not None and decision.answer == "fill":
            return row[self.ids["code"]] if decision.value == "code" else FILLED[one.type.key]
        return None if one.definition.default is None else FILLED[one.type.key]

    def check_plan(self, plan: Plan) -> None:
        """Compare all numbers of the plan with the rows as they were dumped."""
        assert plan.catalog is not None
        by_key = lines(plan)
        model = plan.catalog.objects[self.name]
        kept = {one.id for one in model.fields.values()}
        for name, field_id in self.ids.items():
            if field_id not in kept:
                used = sum(1 for row in self.before.values() if row[field_id] is not None)
                assert by_key[f"field.drop:{self.name}.{name}"].rows == used
        with finder_for(self.work, plan.catalog, planned_work(plan)) as finder:
            for one in model.fields.values():
                if not one.system and one.computed is None:
                    self.check_field(plan, finder, model, one)
            for fields in model.uniques:
                self.check_key(plan, finder, model, fields)
        for rule in model.rules:
            line = by_key[f"rule.add:{self.name}.{rule.name}"]
            read = model.fields[str(rule.definition.unless).split()[0]]
            if read.id in self.changed_types(model):
                continue
            broken = {
                row["system.id"]
                for row in self.live
                if (value := self.planned(plan, read, row)) is not None and not value <= 10
            }
            assert line.count == len(broken)
            assert set(line.failing.first if line.failing else ()) == broken

    def changed_types(self, model: ObjectModel) -> set[str]:
        old = self.work.platform.catalogs.current().catalog.objects[self.name]
        known = {one.id: one.storage for one in old.fields.values()}
        return {one.id for one in model.fields.values() if known.get(one.id) != one.storage}

    def check_field(
        self, plan: Plan, finder: RowFinder, model: ObjectModel, one: FieldModel
    ) -> None:
        if one.id in self.changed_types(model) and one.id in self.ids.values():
            self.check_retyped(finder, model, one)
            return
        self.check_answered(plan, one)
        values = {row["system.id"]: self.planned(plan, one, row) for row in self.live}
        empty = {row_id for row_id, value in values.items() if value is None}
        assert set(finder.ids(Emptied(model.id, one.id))) == empty
        assert finder.find(Emptied(model.id, one.id)).count == len(empty)
        refused = {
            row_id
            for row_id, value in values.items()
            if value is not None and not is_allowed(one, value)
        }
        assert set(finder.ids(NotAllowed(model.id, one.id))) == refused
        if one.definition.unique:
            self.check_key(plan, finder, model, (one.name,))

    def check_answered(self, plan: Plan, one: FieldModel) -> None:
        """The lines that ask about a field count the same whether they are answered or not."""
        by_key = lines(plan)
        refused = {
            row["system.id"]
            for row in self.live
            if row.get(one.id) is not None and not is_allowed(one, row[one.id])
        }
        line = by_key.get(f"field.narrow:{self.name}.{one.name}")
        assert (line.count if line else 0) == len(refused)
        assert set(line.failing.first if line and line.failing else ()) == refused
        line = by_key.get(f"field.require:{self.name}.{one.name}")
        asked = one.definition.required and one.definition.default is None
        empty = [row for row in self.live if self.narrowed(plan, one, row) is None]
        assert (line.count if line else 0) == (len(empty) if asked else 0)

    def check_retyped(self, finder: RowFinder, model: ObjectModel, one: FieldModel) -> None:
        failing = {
            row["system.id"]
            for row in self.live
            if row[one.id] is not None and not str(row[one.id]).isdigit()
        }
        assert set(finder.ids(Unconvertible(model.id, one.id))) == failing

    def check_key(
        self, plan: Plan, finder: RowFinder, model: ObjectModel, names: Sequence[str]
    ) -> None:
        fields = [model.fields[name] for name in names]
        if {one.id for one in fields} & (self.changed_types(model) & set(self.ids.values())):
            return
        groups: dict[tuple[Any, ...], set[str]] = defaultdict(set)
        for row in self.live:
            key = tuple(self.planned(plan, one, row) for one in fields)
            if None not in key:
                groups[key].add(row["system.id"])
        shared = [group for group in groups.values() if len(group) > 1]
        found = finder.find(Duplicates(model.id, tuple(one.id for one in fields)))
        assert found.count == sum(len(group) for group in shared)
        assert (found.groups or 0) == len(shared)

    def check_published(self, plan: Plan) -> None:
        """Every value that the plan did not name is what it was; what it fills is filled."""
        assert plan.catalog is not None
        after = dump(self.work, self.name)
        model = plan.catalog.objects[self.name]
        retyped = self.retyped
        assert after.keys() == self.before.keys()
        for row_id, row in after.items():
            old = self.before[row_id]
            for one in model.fields.values():
                if one.name == "length":
                    assert row[one.id] == len(row[self.ids["code"]]) + 1
                elif one.id not in retyped and one.computed is None and not one.system:
                    wanted = self.narrowed if row["deleted"] else self.planned
                    assert row[one.id] == wanted(plan, one, old), (one.name, old.get(one.id))


def is_allowed(one: FieldModel, value: Any) -> bool:
    options = one.options
    match one.type.key:
        case "text":
            return len(value) <= options.length
        case "integer":
            return bool(options.least <= value <= options.most)
        case "money":
            return options.most is None or value <= Decimal(options.most)
        case "choice":
            return value in {choice.value for choice in options.choices}
        case _:
            return True


def planned_work(plan: Plan) -> tuple[RowWork, ...]:
    assert plan.catalog is not None
    return (*plan.work, *planned_fills(plan.backfill, plan.catalog))


def decisions_on(plan: Plan, chosen: random.Random) -> dict[str, Any]:
    """Answer the lines that ask, each at random by what it takes."""
    assert plan.catalog is not None
    answers: dict[str, Any] = {}
    for line in plan.lines:
        if not line.answers or not line.needs_answer:
            continue
        decision = plan.decisions.get(line.key)
        given = {"answer": chosen.choice(line.answers), "rows": line.count}
        object_name, _, name = line.key.partition(":")[2].partition(".")
        if given["answer"] == "fill":
            kind = plan.catalog.objects[object_name].fields[name].type.key
            codes = ["code"] if kind == "text" else []
            given["value"] = chosen.choice([DEFAULTS[kind], *codes])
        elif given["answer"] == "map":
            given["map"] = {"c": chosen.choice(["a", "b", None])}
        answers[line.key] = given if decision is None else decision.render()
    return answers


def answered_plan(work: Publishing, plan: Plan, chosen: random.Random) -> Plan:
    """Answer a plan; what is emptied by an answer may ask for another one."""
    for _ in range(3):
        plan = plan_with(work, decisions_on(plan, chosen))
        if plan.catalog is None or not any(line.open and line.answers for line in plan.lines):
            break
    return plan


@pytest.mark.parametrize(("prepared_from", "share"), [(10_000, 1.0), (1, 0.2)])
def test_the_numbers_of_a_plan_are_true_over_random_rows_and_changes(
    work, deep, prepared_from, share
):
    """In one transaction, and where every table is prepared."""
    work.platform.publisher.prepared_from = prepared_from
    for kind, name in list(work.contents):
        if kind not in {"module", "role"}:
            del work.contents[kind, name]
    work.contents["module", "claims"].pop("menu")
    work.contents["module", "claims"].pop("constants")
    work.publish()
    made = itertools.count()

    @settings(
        max_examples=int((2000 if deep else EXAMPLES) * share),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(worlds(), st.randoms(use_true_random=False))
    def holds(world: Any, chosen: random.Random) -> None:
        types, rows, changes = world
        name = f"thing{next(made)}"
        numbers = Numbers(work, name)
        try:
            numbers.start(types, rows)
            content = work.contents["object", name]
            for change in changes:
                change_object(content, change)
            plan = plan_with(work)
            if plan.catalog is None:
                event("not a plan: " + plan.problems[0].code)
                return
            numbers.check_plan(plan)
            numbers.retyped = numbers.changed_types(plan.catalog.objects[name])
            answered = answered_plan(work, plan, chosen)
            numbers.check_plan(answered)
            event("refused" if answered.refused else "published")
            if answered.refused:
                event(answered.refused[0].code)
                assert dump(work, name) == numbers.before
                return
            event(f"prepared: {bool(answered.prepared)}")
            with small_chunks():
                work.platform.publisher.publish(answered, "", None)
            numbers.check_published(answered)
        finally:
            del work.contents["object", name]
            gone = plan_with(work)
            answers = {one.key: {"answer": "accept"} for one in gone.lines if one.needs_answer}
            gone = plan_with(work, answers) if answers else gone
            work.platform.publisher.publish(gone, "", None)

    holds()
