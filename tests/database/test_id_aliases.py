"""Files whose ids are unknown under names that are live: the same definitions, or new ones."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.metadata.catalog import ObjectModel
from tests.support.documents import field, label, workspace
from tests.support.publishing import Publishing, published_at

COMPANY = "id.name_taken:object.company"
NOTE = "id.name_taken:field.company.note"


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    contents = workspace()
    contents["object", "thing"] = {
        "kind": "object",
        "name": "thing",
        "label": label("Thing", "物品"),
        "fields": [field("code", "text", external_id=True)],
    }
    with published_at(database_url, tmp_path / "modules", contents) as publishing:
        yield publishing


def live(work: Publishing, name: str = "company") -> ObjectModel:
    return work.platform.catalogs.refresh().catalog.objects[name]


def with_own_ids(content: dict[str, Any], name: str) -> None:
    """Give a document and all that is in it ids of another installation."""
    numbers = itertools.count()
    content["id"] = f"other_{name}"
    for part in ("fields", "rules"):
        for one in content.get(part, ()):
            one["id"] = f"other_{name}_{next(numbers)}"


def found(work: Publishing, decisions: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    return [(one.code, one.path) for one in work.plan(decisions).refused]


def test_the_same_definition_keeps_its_live_id_and_is_not_asked_about_again(work):
    row = work.create("company", code="C1", name="C1", note="kept")
    before = live(work)
    with_own_ids(work.contents["object", "company"], "company")
    plan = work.plan()
    assert found(work) == [("id.name_taken", "/claims/objects/company.json/id")]
    [asked] = [one for one in plan.lines if one.code == "id.name_taken"]
    assert (asked.key, asked.answers, asked.needs_answer) == (COMPANY, ("same", "new"), True)
    assert found(work, {COMPANY: {"answer": "accept"}})[0][0] == "id.name_taken"
    work.field("company", "note")["length"] = 100
    work.publish({COMPANY: {"answer": "same"}}, accept=False)
    after = live(work)
    assert after.id == before.id
    assert {one.id for one in after.fields.values()} == {one.id for one in before.fields.values()}
    assert work.value("company", row, "note") == "kept"
    again = work.plan()
    assert (again.refused, again.is_empty) == ((), True)
    work.field("company", "note")["length"] = 90
    work.publish(accept=False)
    assert live(work).id == before.id


def test_a_field_of_the_same_name_may_be_a_new_one_without_the_old_values(work):
    row = work.create("company", code="C1", name="C1", note="old")
    before = live(work)
    work.field("company", "note")["id"] = "other_note"
    assert found(work) == [("id.name_taken", "/claims/objects/company.json/fields/5/id")]
    drop = "field.drop:company.note"
    plan = work.plan({NOTE: {"answer": "new"}})
    assert {one.key for one in plan.lines} >= {NOTE, drop, "field.add:company.note"}
    assert [one.code for one in plan.refused] == ["plan.decision_needed"]
    work.publish({NOTE: {"answer": "new"}, drop: {"answer": "accept"}}, accept=False)
    assert live(work).fields["note"].id == "other_note"
    assert work.value("company", row, "note") is None
    back = work.platform.publisher.plan_rollback(1)
    assert back.refused == ()
    work.platform.publisher.publish(back, "back", None)
    assert live(work).fields["note"].id == before.fields["note"].id
    assert work.value("company", row, "note") == "old"


def test_an_object_may_be_a_new_one_where_nothing_else_speaks_of_the_old_one(work):
    work.create("thing", code="T1")
    before = live(work, "thing")
    with_own_ids(work.contents["object", "thing"], "thing")
    answers = {"id.name_taken:object.thing": {"answer": "new"}}
    answers["object.drop:thing"] = {"answer": "accept"}
    work.publish(answers, accept=False)
    assert live(work, "thing").id == "other_thing" != before.id
    work.create("thing", code="T1")
    with_own_ids(work.contents["object", "company"], "company")
    refused = work.plan({COMPANY: {"answer": "new"}, "object.drop:company": {"answer": "accept"}})
    assert refused.refused
    assert work.platform.catalogs.refresh().version == 2
