"""Matching definitions with the live ones: by id, by name, by former name."""

from __future__ import annotations

import pytest

from headrace.platform.core.ids import RandomIds
from headrace.platform.metadata.documents import Document
from headrace.platform.publishing.identities import Known, assign_ids, check_ids, identify


def thing(name="thing", **keys):
    return Document("m", {"kind": "object", "name": name, "fields": [], **keys})


def assign(new, live=()):
    assigned, problems = assign_ids(new, live, RandomIds())
    return [one.content for one in assigned], [problem.code for problem in problems]


def test_new_definitions_get_ids_all_the_way_down():
    [content], problems = assign([thing(fields=[{"name": "a"}], rules=[{"name": "r"}])])
    ids = {content["id"], content["fields"][0]["id"], content["rules"][0]["id"]}
    assert (len(ids), problems) == (3, [])


def test_the_same_name_is_the_same_definition():
    [live], _ = assign([thing(fields=[{"name": "a"}, {"name": "b"}])])
    [again], problems = assign([thing(fields=[{"name": "b"}])], [Document("m", live)])
    assert again["id"] == live["id"]
    assert again["fields"][0]["id"] == live["fields"][1]["id"]
    assert problems == []


def test_a_former_name_or_an_id_is_a_rename_and_was_is_not_kept():
    [live], _ = assign([thing(fields=[{"name": "a"}])])
    for renamed in (
        thing("other", was="thing", fields=[{"name": "b", "was": "a"}]),
        thing("other", id=live["id"], fields=[{"name": "b", "id": live["fields"][0]["id"]}]),
    ):
        [content], problems = assign([renamed], [Document("m", live)])
        assert (content["id"], problems) == (live["id"], [])
        assert content["fields"] == [{"name": "b", "id": live["fields"][0]["id"]}]
        assert "was" not in content


def test_an_unknown_id_under_a_live_name_is_asked_about():
    [live], _ = assign([thing(fields=[{"name": "a"}])])
    _, problems = assign([thing(id="f" * 26)], [Document("m", live)])
    assert problems == ["id.name_taken"]
    _, problems = assign([thing(fields=[{"name": "a", "id": "f" * 26}])], [Document("m", live)])
    assert problems == ["id.name_taken"]


@pytest.mark.parametrize(("modules", "asked"), [(None, True), (("m",), True), (("n",), False)])
def test_who_has_the_name_in_a_module_that_stays_is_not_replaced(modules, asked):
    [live], _ = assign([thing()])
    known = Known(answers={"id.name_taken:object.thing": "new"}, modules=modules)
    found = identify([thing(id="other")], [Document("m", live)], RandomIds(), known)
    assert [one.asked for one in found.taken] == [asked]
    assert found.documents[0].content["id"] == "other"


def test_in_the_same_definition_names_decide_and_aliases_are_kept():
    ids = RandomIds()
    [live], _ = assign([thing(fields=[{"name": "a"}])])
    given = thing(id="other", fields=[{"name": "a", "id": "other_a"}, {"name": "b", "id": "b"}])
    known = Known(answers={"id.name_taken:object.thing": "same"})
    found = identify([given], [Document("m", live)], ids, known)
    content = found.documents[0].content
    assert content["id"] == live["id"]
    assert [one["id"] for one in content["fields"]] == [live["fields"][0]["id"], "b"]
    assert found.aliases == {"other": live["id"], "other_a": live["fields"][0]["id"]}
    again = identify([given], [Document("m", content)], ids, Known(aliases=found.aliases))
    assert (again.taken, again.documents[0].content) == ((), content)


def test_a_copied_file_with_its_id_is_named():
    [live], _ = assign([thing()])
    copied = [thing(id=live["id"]), thing("copy", id=live["id"])]
    assert [problem.code for problem in check_ids(copied)] == ["id.duplicate"]


def test_a_field_cannot_take_the_id_of_another_objects_field():
    """Two fields of one id would share a column and a history."""
    other = [{"name": "b", "id": "f" * 26}]
    extends = {"kind": "extends", "of": "object", "name": "thing", "id": "e", "fields": other}
    documents = [thing(id="t", fields=[{"name": "a", "id": "f" * 26}]), Document("n", extends)]
    [problem] = check_ids(documents)
    assert (problem.code, problem.path) == (
        "id.duplicate",
        "/n/extends/object/thing.json/fields/0/id",
    )


@pytest.mark.parametrize("wrong", ["system.id", "thing.name", "", "A", "a b", "x" * 61])
def test_an_id_of_the_platform_or_of_another_form_is_refused(wrong):
    assert [problem.code for problem in check_ids([thing(id=wrong)])] == ["id.invalid"]


def test_extensions_of_two_modules_are_two_definitions():
    one, two = (
        Document(
            module, {"kind": "extends", "of": "object", "name": "thing", "fields": [{"name": "a"}]}
        )
        for module in ("m", "n")
    )
    contents, problems = assign([one, two])
    assert contents[0]["id"] != contents[1]["id"]
    again, _ = assign([one, two], [Document("m", contents[0]), Document("n", contents[1])])
    assert ([item["id"] for item in again], problems) == ([item["id"] for item in contents], [])
