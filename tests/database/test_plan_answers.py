"""Rows that a new version does not suit: what may be answered, what becomes of them, the way back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import ConflictError, RefusedError
from headrace.platform.publishing.failing.listing import finder_of, write_rows
from headrace.platform.publishing.plan import Plan
from headrace.platform.records.tables import HISTORY
from tests.support.documents import field
from tests.support.publishing import Publishing, published_at, rename_state

FILL = "field.require:company.motto"


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    with published_at(database_url, tmp_path / "modules") as publishing:
        yield publishing


def companies(work: Publishing, *notes: str | None) -> list[str]:
    return [
        work.create("company", code=f"C{number}", name=f"Company {number}", note=note)
        for number, note in enumerate(notes)
    ]


def claim(work: Publishing, owner: str, subject: str, **values: Any) -> str:
    items = [{"what": "Pump", "qty": "2", "price": "10.00"}]
    return work.create("claim", company=owner, subject=subject, items=items, **values)


def found(work: Publishing, decisions: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    return [(one.code, one.path) for one in work.plan(decisions).refused]


def line(plan: Plan, key: str) -> Any:
    return next(one for one in plan.lines if one.key == key)


def publish(work: Publishing, decisions: dict[str, Any] | None = None) -> Plan:
    return work.publish(decisions, accept=False)


def values(work: Publishing, object_name: str, ids: list[str], name: str) -> list[Any]:
    return [work.value(object_name, one, name) for one in ids]


def change(work: Publishing, object_name: str, record_id: str, **given: Any) -> None:
    store = work.platform.store

    def update(context: Any, unit: Any) -> None:
        version = store.lock(context, unit, object_name, record_id)["version"]
        store.update(context, unit, object_name, record_id, given, version)

    work.platform.write_as_system(update)


def go_back(work: Publishing, version: int, decisions: dict[str, Any] | None = None) -> None:
    plan = work.platform.publisher.plan_rollback(version, decisions)
    work.platform.publisher.publish(plan, "back", None)


def listed(work: Publishing, plan: Plan, key: str) -> list[list[str]]:
    platform = work.platform
    out = io.StringIO(newline="")
    reader = platform.context_of(platform.catalogs.current())
    with finder_of(platform.database, platform.catalogs, platform.context_of, plan) as finder:
        write_rows(finder, plan, key, reader, out)
    return list(csv.reader(io.StringIO(out.getvalue())))


# -- required fields ---------------------------------------------------------------------------------


def test_a_new_required_field_is_filled_by_a_formula_over_the_record(work):
    ids = companies(work, "a", "b")
    work.contents["object", "company"]["fields"].append(field("motto", "text", required=True))
    plan = work.plan()
    assert found(work) == [
        ("constraint.existing_nulls", "/claims/objects/company.json/fields/7/required")
    ]
    shown = line(plan, FILL).render("en")
    assert shown["failing"]["count"] == 2
    assert set(shown["failing"]["first"]) == set(ids)
    assert (shown["answers"], shown["needs_answer"]) == (["fill", "leave"], True)
    answered = {FILL: {"answer": "fill", "value": "CONCAT(code, ' ', note)", "rows": 2}}
    assert [row[0] for row in listed(work, work.plan(answered), FILL)[1:]] == sorted(ids)
    publish(work, answered)
    assert values(work, "company", ids, "motto") == ["C0 a", "C1 b"]


def test_a_field_that_becomes_required_is_filled_where_it_is_empty_and_comes_back_empty(work):
    ids = companies(work, "a", None)
    work.field("company", "note")["required"] = True
    key = "field.require:company.note"
    assert line(work.plan(), key).count == 1
    publish(work, {key: {"answer": "fill", "value": "name"}})
    assert values(work, "company", ids, "note") == ["a", "Company 1"]


def test_rows_may_be_left_empty_and_cannot_be_emptied_afterwards(work):
    ids = companies(work, "a", None)
    work.field("company", "note")["required"] = True
    publish(work, {"field.require:company.note": {"answer": "leave"}})
    assert values(work, "company", ids, "note") == ["a", None]
    change(work, "company", ids[1], name="other")
    with pytest.raises(RefusedError) as refusal:
        change(work, "company", ids[1], note=None)
    assert [one.code for one in refusal.value.problems] == ["value.required"]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "decision.value_needed"),
        ("nme", "formula.unknown_field"),
        ("7", "formula.type"),
        ("name ++", "formula.syntax"),
        ("note", "decision.value_empty"),
        ("'far too long a motto'", "decision.value_refused"),
        ("CONCAT(remark, '')", "decision.value_reads_changed"),
    ],
)
def test_a_wrong_value_is_named_where_it_stands(work, value, code):
    companies(work, "a", None)
    work.contents["object", "company"]["fields"] += [
        field("motto", "text", required=True, length=10),
        field("remark", "text"),
    ]
    decisions = {FILL: {"answer": "fill", "value": value}}
    assert found(work, decisions) == [(code, f"/decisions/{FILL}/value")]
    assert work.platform.catalogs.refresh().version == 1


def test_a_value_that_overflows_is_refused(work):
    owner = companies(work, "a")[0]
    claim(work, owner, "One", reserve="9999999999999999.00")
    del work.contents["form", "claim_entry"]
    work.contents["object", "claim"]["fields"].append(field("spare", "money", required=True))
    key = "field.require:claim.spare"
    decisions = {key: {"answer": "fill", "value": "reserve * 1000"}}
    assert found(work, decisions) == [("formula.overflow", f"/decisions/{key}/value")]


def test_one_value_for_all_rows_of_a_unique_field_is_refused_with_its_numbers(work):
    companies(work, "a", "b", "c")
    work.contents["object", "company"]["fields"].append(
        field("motto", "text", required=True, unique=True)
    )
    same = {FILL: {"answer": "fill", "value": "'same'"}}
    assert [one[0] for one in found(work, same)] == ["constraint.existing_duplicates"]
    failing = line(work.plan(same), "key.add:company.motto").failing
    assert (failing.count, failing.groups) == (3, 1)
    publish(work, {FILL: {"answer": "fill", "value": "code"}})


def test_a_fill_that_breaks_a_key_which_stays_is_refused(work):
    work.field("company", "note")["unique"] = True
    work.publish()
    companies(work, "Company 1", None, None)
    work.field("company", "note")["required"] = True
    key = "field.require:company.note"
    for value, count in (("name", 2), ("'x'", 2), ("'Company 1'", 3)):
        plan = work.plan({key: {"answer": "fill", "value": value}})
        assert [one.code for one in plan.refused] == ["constraint.existing_duplicates"]
        assert line(plan, "key.affect:company.note").failing.count == count
    publish(work, {key: {"answer": "fill", "value": "code"}})


# -- keys --------------------------------------------------------------------------------------------


def test_equal_values_are_listed_by_groups_and_only_mending_helps(work):
    ids = companies(work, "same", "same", "other", "again", "again", None)
    work.field("company", "note")["unique"] = True
    plan = work.plan()
    key = "key.add:company.note"
    failing = line(plan, key).render("en")["failing"]
    assert (failing["count"], failing["groups"]) == (4, 2)
    assert [row[2] for row in listed(work, plan, key)[1:]] == ["same", "same", "again", "again"]
    assert "answers" not in line(plan, key).render("en")
    [problem] = plan.refused
    assert (problem.code, key in problem.hint.en) == ("constraint.existing_duplicates", True)
    assert ("decision.unknown_line", f"/decisions/{key}") in found(
        work, {key: {"answer": "accept"}}
    )
    for number, one in enumerate(ids):
        change(work, "company", one, note=f"n{number}")
    publish(work)


# -- narrower values ---------------------------------------------------------------------------------


def test_a_shorter_text_is_cut_and_comes_back(work):
    ids = companies(work, "a long remark", "short", None)
    work.field("company", "note")["length"] = 6
    key = "field.narrow:company.note"
    assert found(work) == [("type.data_loss", "/claims/objects/company.json/fields/5")]
    narrow = line(work.plan(), key)
    assert (narrow.failing.count, narrow.failing.first) == (1, (ids[0],))
    answered = {key: {"answer": "accept", "rows": 1}}
    shown = [ids[0], "Company 0", "a long remark", "a long"]
    assert listed(work, work.plan(answered), key)[1:] == [shown]
    publish(work, answered)
    assert values(work, "company", ids, "note") == ["a long", "short", None]
    change(work, "company", ids[0], name="other")
    change(work, "company", ids[1], note="new")
    go_back(work, 1)
    assert values(work, "company", ids, "note") == ["a long remark", "new", None]


def test_a_rollback_takes_the_values_of_the_version_that_it_goes_back_to(work):
    ids = companies(work, "abcdefghij")
    for length in (6, 3):
        work.field("company", "note")["length"] = length
        publish(work, {"field.narrow:company.note": {"answer": "accept"}})
    assert values(work, "company", ids, "note") == ["abc"]
    go_back(work, 2)
    assert values(work, "company", ids, "note") == ["abcdef"]
    go_back(work, 1)
    assert values(work, "company", ids, "note") == ["abcdefghij"]
    assert work.platform.catalogs.refresh().version == 5


def test_long_texts_may_stay(work):
    ids = companies(work, "a long remark")
    work.field("company", "note")["length"] = 6
    publish(work, {"field.narrow:company.note": {"answer": "leave"}})
    assert values(work, "company", ids, "note") == ["a long remark"]
    change(work, "company", ids[0], name="other")
    with pytest.raises(RefusedError):
        change(work, "company", ids[0], note="too long too")


def test_numbers_out_of_bounds_are_cleared_or_stay(work):
    owner = companies(work, "a")[0]
    ids = [
        claim(work, owner, f"S{number}", reserve=value)
        for number, value in enumerate(("5.00", "50.00", "500.00"))
    ]
    work.field("claim", "reserve").update(least="1", most="40")
    key = "field.narrow:claim.reserve"
    assert [one[0] for one in found(work)] == ["constraint.existing_values"]
    assert line(work.plan(), key).answers == ("clear", "leave")
    publish(work, {key: {"answer": "clear", "rows": 2}})
    assert values(work, "claim", ids, "reserve") == [Decimal("5.00"), None, None]
    go_back(work, 1)
    assert [str(one) for one in values(work, "claim", ids, "reserve")] == [
        "5.00",
        "50.00",
        "500.00",
    ]


def test_a_required_field_that_is_cleared_asks_what_fills_it(work):
    owner = companies(work, "a")[0]
    del work.contents["form", "claim_entry"]
    work.contents["object", "claim"]["fields"].append(field("parts", "integer", required=True))
    publish(work)
    ids = [claim(work, owner, f"S{number}", parts=number * 10) for number in range(3)]
    work.field("claim", "parts")["most"] = 15
    narrow, require = "field.narrow:claim.parts", "field.require:claim.parts"
    clear = {narrow: {"answer": "clear"}}
    assert [one[0] for one in found(work, clear)] == ["constraint.existing_nulls"]
    assert line(work.plan(clear), require).failing.first == (ids[2],)
    publish(work, {**clear, require: {"answer": "fill", "value": "15"}})
    assert values(work, "claim", ids, "parts") == [0, 10, 15]


# -- choices -----------------------------------------------------------------------------------------


def without_loss(work: Publishing) -> None:
    choices = work.field("claim", "kind")["choices"]
    choices[:] = [one for one in choices if one["value"] != "loss"] + [{"value": "theft"}]


def test_choices_that_go_are_mapped_and_come_back(work):
    owner = companies(work, "a")[0]
    ids = [
        claim(work, owner, f"S{number}", kind=kind)
        for number, kind in enumerate(("loss", "damage", "loss"))
    ]
    without_loss(work)
    key = "field.narrow:claim.kind"
    plan = work.plan()
    assert [one.code for one in plan.refused] == ["option.in_use"]
    assert (line(plan, key).answers, line(plan, key).count) == (("map",), 2)
    place = f"/decisions/{key}/map"
    for mapped, wrong in (
        ({}, [("decision.map_incomplete", place)]),
        ({"loss": "fire"}, [("decision.map_target", place + "/loss")]),
        (
            {"loss": "theft", "damage": "theft"},
            [("decision.map_source", place + "/damage")],
        ),
    ):
        assert found(work, {key: {"answer": "map", "map": mapped}}) == wrong
    publish(work, {key: {"answer": "map", "map": {"loss": "theft"}, "rows": 2}})
    assert values(work, "claim", ids, "kind") == ["theft", "damage", "theft"]
    change(work, "claim", ids[2], fee="1.00")
    back = work.platform.publisher.plan_rollback(1)
    failing = line(back, key).failing
    assert (failing.count, failing.first) == (1, (ids[2],))
    assert [row[0] for row in listed(work, back, key)[1:]] == [ids[2]]
    go_back(work, 1, {key: {"answer": "map", "map": {"theft": "damage"}}})
    assert values(work, "claim", ids, "kind") == ["loss", "damage", "damage"]


def test_a_choice_that_goes_may_leave_rows_empty(work):
    owner = companies(work, "a")[0]
    row = claim(work, owner, "S", kind="loss")
    without_loss(work)
    publish(work, {"field.narrow:claim.kind": {"answer": "map", "map": {"loss": None}}})
    assert work.value("claim", row, "kind") is None


def test_rules_see_what_a_map_makes_of_rows(work):
    owner = companies(work, "a")[0]
    row = claim(work, owner, "S", kind="loss")
    work.contents["object", "claim"]["rules"].append(
        {
            "name": "no_theft",
            "unless": "kind != 'theft'",
            "message": {"en": "No theft", "zh": "不含盗窃"},
        }
    )
    without_loss(work)
    key = "field.narrow:claim.kind"
    for target, count in (("theft", 1), ("damage", 0)):
        plan = work.plan({key: {"answer": "map", "map": {"loss": target}}})
        failing = line(plan, "rule.add:claim.no_theft").failing
        assert (failing.count if failing else 0) == count
    publish(work, {key: {"answer": "map", "map": {"loss": "damage"}}})
    assert work.value("claim", row, "kind") == "damage"


# -- states ------------------------------------------------------------------------------------------


def without_cancelled(work: Publishing) -> None:
    flow = work.contents["workflow", "claim_flow"]
    flow["states"] = [one for one in flow["states"] if one["name"] != "cancelled"]
    flow["transitions"] = [one for one in flow["transitions"] if one["name"] != "cancel"]
    for grant in work.contents["permission", "claim"]["grants"]:
        if "transitions" in grant:
            grant["transitions"].remove("cancel")
    work.contents["report", "claims_by_month"].pop("where")


def test_rows_in_a_state_that_goes_move_as_the_map_says_and_come_back(work):
    owner = companies(work, "a")[0]
    ids = [claim(work, owner, f"S{n}", status=one) for n, one in enumerate(("cancelled", "draft"))]
    without_cancelled(work)
    key = "state.drop:claim_flow.cancelled"
    plan = work.plan()
    assert [one.code for one in plan.refused] == ["workflow.state_in_use"]
    assert (line(plan, key).rows, line(plan, key).answers) == (1, ("map",))
    assert [row[0] for row in listed(work, plan, key)[1:]] == ids[:1]
    place = f"/decisions/{key}/map"
    for mapped, wrong in (
        ({}, ("decision.map_incomplete", place)),
        ({"cancelled": None}, ("decision.map_target", place + "/cancelled")),
        ({"cancelled": "gone"}, ("decision.map_target", place + "/cancelled")),
    ):
        assert found(work, {key: {"answer": "map", "map": mapped}}) == [wrong]
    publish(work, {key: {"answer": "map", "map": {"cancelled": "rejected"}}})
    assert values(work, "claim", ids, "status") == ["rejected", "draft"]
    go_back(work, 1)
    assert values(work, "claim", ids, "status") == ["cancelled", "draft"]


def test_a_renamed_state_takes_its_rows_along_and_back_without_a_question(work):
    owner = companies(work, "a")[0]
    ids = [claim(work, owner, f"S{n}", status=one) for n, one in enumerate(("rejected", "draft"))]
    rename_state(work, "rejected", "refused")
    plan = publish(work)
    rename = line(plan, "state.rename:claim_flow.rejected")
    assert (rename.rows, rename.answers) == (1, ())
    assert values(work, "claim", ids, "status") == ["refused", "draft"]
    history = sa.select(HISTORY).where(HISTORY.c.record_id == ids[0])
    with work.platform.database.reading() as reading:
        assert len(reading.connection.execute(history).all()) == 1
    go_back(work, 1)
    assert values(work, "claim", ids, "status") == ["rejected", "draft"]


def test_states_that_swap_their_names_swap_their_rows(work):
    owner = companies(work, "a")[0]
    ids = [claim(work, owner, f"S{n}", status=one) for n, one in enumerate(("paid", "cancelled"))]
    states = work.contents["workflow", "claim_flow"]["states"]
    live = work.platform.catalogs.current().catalog.workflows["claim_flow"].states
    for one in states:
        one["id"] = live[one["name"]].id
    paid, cancelled = states[2], states[4]
    paid["name"], cancelled["name"] = "cancelled", "paid"
    assert {one.key for one in work.plan().lines if one.code == "state.rename"} == {
        "state.rename:claim_flow.paid",
        "state.rename:claim_flow.cancelled",
    }
    publish(work)
    assert values(work, "claim", ids, "status") == ["cancelled", "paid"]


def test_large_tables_get_what_was_answered_before_the_switch(work):
    work.platform.publisher.prepared_from = 1
    ids = companies(work, "a long remark", "short")
    claims = [
        claim(work, ids[0], f"S{number}", kind=kind, status=status)
        for number, (kind, status) in enumerate((("loss", "rejected"), ("damage", "draft")))
    ]
    work.contents["object", "company"]["fields"].append(field("motto", "text", required=True))
    work.field("company", "note")["length"] = 6
    without_loss(work)
    rename_state(work, "rejected", "refused")
    plan = publish(
        work,
        {
            FILL: {"answer": "fill", "value": "CONCAT(code, '!')"},
            "field.narrow:company.note": {"answer": "accept"},
            "field.narrow:claim.kind": {"answer": "map", "map": {"loss": "theft"}},
        },
    )
    assert {"company", "claim"} <= plan.prepared.keys()
    assert values(work, "company", ids, "motto") == ["C0!", "C1!"]
    assert values(work, "company", ids, "note") == ["a long", "short"]
    assert values(work, "claim", claims, "kind") == ["theft", "damage"]
    assert values(work, "claim", claims, "status") == ["refused", "draft"]
    go_back(work, 1, {"field.drop:company.motto": {"answer": "accept"}})
    assert values(work, "company", ids, "note") == ["a long remark", "short"]
    assert values(work, "claim", claims, "kind") == ["loss", "damage"]
    assert values(work, "claim", claims, "status") == ["rejected", "draft"]


# -- between the plan and the publish ----------------------------------------------------------------


def test_rows_that_came_since_the_plan_are_not_taken_along_unseen(work):
    owner = companies(work, "a")[0]
    without_loss(work)
    without_cancelled(work)
    work.field("company", "note")["required"] = True
    plan = work.plan()
    assert plan.refused == ()
    for values in ({"kind": "loss"}, {"status": "cancelled"}):
        row = claim(work, owner, "Late", **values)
        with pytest.raises(ConflictError) as refusal:
            work.platform.publisher.publish(plan, "", None)
        assert [one.code for one in refusal.value.problems] == ["plan.count_grown"]
        work.platform.write_as_system(
            lambda context, unit, row=row: work.platform.store.delete(
                context, unit, "claim", row, 1
            )
        )
    work.create("company", code="L", name="Late")
    with pytest.raises(ConflictError):
        work.platform.publisher.publish(plan, "", None)
    assert work.platform.catalogs.refresh().version == 1
