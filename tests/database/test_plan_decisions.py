"""Lines of a plan and the decisions that answer them; types that go on in the same column."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.documents import field, label
from tests.support.publishing import Publishing, published_at

DROP = "field.drop:company.note"
CHOICES = [{"value": one, "label": label(one, one)} for one in ("x", "y")]


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    with published_at(database_url, tmp_path / "modules") as publishing:
        publishing.create("company", code="C1", name="C1", note="x")
        yield publishing


def codes(work, decisions):
    return [(one.code, one.path) for one in work.plan(decisions).refused]


def test_a_drop_with_values_waits_for_a_decision(work):
    work.contents["object", "company"]["fields"].remove(work.field("company", "note"))
    plan = work.plan()
    [position] = [at for at, line in enumerate(plan.lines) if line.key == DROP]
    assert [(one.code, one.path) for one in plan.refused] == [
        ("plan.decision_needed", f"/lines/{position}")
    ]
    shown = plan.lines[position].render("en")
    assert (shown["rows"], shown["answers"], shown["needs_answer"]) == (1, ["accept"], True)
    assert codes(work, {DROP: {"answer": "accept", "rows": 1}}) == []
    work.publish({DROP: {"answer": "accept", "rows": 1}}, accept=False)
    assert work.platform.catalogs.refresh().version == 2


def test_wrong_decisions_are_named(work):
    work.contents["object", "company"]["fields"].remove(work.field("company", "note"))
    place = "/decisions/" + DROP
    accepted = {DROP: {"answer": "accept"}}
    assert codes(work, {DROP: {"answer": "fill"}})[0] == (
        "decision.not_possible",
        place + "/answer",
    )
    assert codes(work, {DROP: {"answer": "accept", "rows": 0}}) == [
        ("plan.count_grown", place + "/rows")
    ]
    assert codes(work, {**accepted, "field.drop:no.such": {"answer": "accept"}}) == [
        ("decision.unknown_line", "/decisions/field.drop:no.such")
    ]
    assert codes(work, {**accepted, "x": {"answer": 1}}) == [
        ("decision.invalid", "/decisions/x/answer")
    ]
    assert codes(work, {**accepted, "x": []}) == [("decision.invalid", "/decisions/x")]


def test_a_drop_without_values_asks_nothing(work):
    work.contents["object", "company"]["fields"].append(field("rank", "integer"))
    work.publish()
    work.contents["object", "company"]["fields"].remove(work.field("company", "rank"))
    assert codes(work, None) == []


def test_the_hash_of_a_plan_speaks_of_content_and_decisions(work):
    work.contents["object", "company"]["fields"].remove(work.field("company", "note"))
    accept = {DROP: {"answer": "accept"}}
    assert work.plan(accept).hash == work.plan(accept).hash != work.plan().hash


def test_a_text_becomes_a_choice_and_back_where_values_stay(work):
    work.field("company", "note").update(type="choice", choices=CHOICES)
    work.publish()
    work.field("company", "note").pop("choices")
    work.field("company", "note").update(type="long_text")
    plan = work.publish()
    assert not any(line.code.startswith("field.") for line in plan.lines)
    work.field("company", "note").update(type="choice", choices=CHOICES[1:])
    assert codes(work, None)[0][0] == "type.rows_not_convertible"


def test_a_field_by_its_id_comes_back_with_its_values(work):
    row = work.create("company", code="C2", name="C2", note="kept")
    fields = work.contents["object", "company"]["fields"]
    note = work.field("company", "note")
    note_id = work.platform.catalogs.current().catalog.objects["company"].fields["note"].id
    fields.remove(note)
    work.publish()
    fields.append({**note, "id": note_id})
    plan = work.publish()
    assert "field.restore" in [line.code for line in plan.lines]
    assert work.value("company", row, "note") == "kept"
