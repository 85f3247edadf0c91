"""Choices: shared sets, values that are no longer active, values that depend on another field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.core.errors import RefusedError
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.references import uses
from headrace.platform.records import reader
from headrace.platform.records.query import parse_query
from tests.support.documents import field, label
from tests.support.publishing import MODULE, Publishing, published_at
from tests.support.retypes import back_to, listed, planned, published, values, version
from tests.support.world import add_user, open_world, principal


def choices(*names: str, **keys: Any) -> list[dict[str, Any]]:
    return [{"value": one, "label": label(one.title(), one), **keys} for one in names]


LEVELS: dict[str, Any] = {
    "kind": "choice_set",
    "name": "levels",
    "label": label("Levels", "级别"),
    "choices": choices("low", "middle", "high"),
}
CITIES = {"north": ["ice", "snow"], "south": ["sand"]}


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    return {
        ("module", MODULE): {
            "kind": "module",
            "name": MODULE,
            "version": "1.0.0",
            "label": label("Things", "物品"),
        },
        ("choice_set", "levels"): {**LEVELS, "choices": [*LEVELS["choices"]]},
        ("object", "thing"): {
            "kind": "object",
            "name": "thing",
            "label": label("Thing", "物品"),
            "history": True,
            "fields": [
                field("code", "text", length=20, external_id=True),
                field("risk", "choice", choice_set="levels"),
                field("worth", "choice", choice_set="levels"),
                field("heavy", "formula", returns="boolean", formula="worth = 'high'"),
                field("side", "choice", choices=choices("north", "south", "east")),
                field(
                    "city",
                    "choice",
                    choices=choices("ice", "snow", "sand"),
                    depends_on="side",
                    allowed=CITIES,
                ),
            ],
        },
    }


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    with published_at(database_url, tmp_path / "modules", contents()) as made:
        yield made


def new(work: Publishing, **given: Any) -> str:
    store = work.platform.store
    return work.platform.write_as_system(
        lambda context, unit: store.create(context, unit, "thing", given)
    ).id


def change(work: Publishing, record_id: str, **given: Any) -> None:
    at = work.value("thing", record_id, "version")
    store = work.platform.store
    work.platform.write_as_system(
        lambda context, unit: store.update(context, unit, "thing", record_id, given, at)
    )


def refused(work: Publishing, *args: Any, **given: Any) -> list[tuple[str, str]]:
    with pytest.raises(RefusedError) as caught:
        (change if args else new)(work, *args, **given)
    return [(one.code, one.path) for one in caught.value.problems]


def retire(work: Publishing, *gone: str) -> None:
    work.contents["choice_set", "levels"]["choices"] = [
        {**one, "active": False} if one["value"] in gone else one for one in LEVELS["choices"]
    ]


# -- sets ------------------------------------------------------------------------------------------


def test_fields_take_their_values_from_one_set(work: Publishing) -> None:
    one = new(work, risk="low", worth="high")
    assert values(work, [one], "heavy") == [True]
    assert refused(work, risk="huge") == [("value.not_a_choice", "/risk")]


def test_a_value_added_to_a_set_can_be_chosen_in_every_field_and_needs_no_answer(work) -> None:
    work.contents["choice_set", "levels"]["choices"] += choices("huge")
    assert published(work).refused == ()
    one = new(work, risk="huge", worth="huge")
    assert work.value("thing", one, "risk") == "huge"


def test_a_value_that_goes_is_counted_for_each_field_mapped_and_comes_back(work) -> None:
    ids = [new(work, risk="low"), new(work, risk="middle"), new(work, worth="middle")]
    before = version(work)
    work.contents["choice_set", "levels"]["choices"] = choices("low", "high")
    plan = planned(work)
    assert {one.code for one in plan.refused} == {"option.in_use"}
    lines = {one.key: one.failing for one in plan.lines if one.needs_answer}
    assert {key: one.count for key, one in lines.items()} == {
        "field.narrow:thing.risk": 1,
        "field.narrow:thing.worth": 1,
    }
    assert [row[0] for row in listed(work, plan, "field.narrow:thing.risk")[1:]] == [ids[1]]
    answer = {"answer": "map", "map": {"middle": "high"}}
    published(work, **dict.fromkeys(lines, answer))
    assert values(work, ids, "risk") == ["low", "high", None]
    assert values(work, ids, "worth") == [None, None, "high"]
    back_to(work, before)
    assert values(work, ids, "risk") == ["low", "middle", None]
    assert values(work, ids, "worth") == [None, None, "middle"]


def test_a_set_can_get_another_name_and_fields_their_own_values(work) -> None:
    one = new(work, risk="low")
    renamed = {**work.contents.pop(("choice_set", "levels")), "name": "grades", "was": "levels"}
    work.contents["choice_set", "grades"] = renamed
    for name in ("risk", "worth"):
        work.field("thing", name)["choice_set"] = "grades"
    assert [each for each in published(work).lines if each.needs_answer] == []
    own = work.field("thing", "risk")
    del own["choice_set"]
    own["choices"] = choices("low", "high")
    assert [each for each in published(work).lines if each.needs_answer] == []
    assert work.value("thing", one, "risk") == "low"


def test_an_unknown_set_and_two_sources_of_values_are_refused(work) -> None:
    work.field("thing", "risk")["choice_set"] = "nothing"
    work.field("thing", "worth")["choices"] = choices("a")
    del work.field("thing", "side")["choices"]
    found = {(one.code, one.path.rpartition("/fields")[2]) for one in work.plan().refused}
    assert found == {
        ("ref.unknown", "/1/choice_set"),
        ("choice.two_sources", "/2/choice_set"),
        ("choice.none", "/4/choices"),
    }


def test_where_a_set_and_its_values_are_used_is_found(work) -> None:
    found = uses(work.platform.catalogs.current().catalog)
    assert {one.path for one in found.of("choice_set", "levels")} == {
        "/fields/1/choice_set",
        "/fields/2/choice_set",
    }
    assert [one.path for one in found.of("choice", "levels.high")] == ["/fields/3/formula"]
    assert [one.path for one in found.of("choice", "thing.worth.high")] == ["/fields/3/formula"]
    assert [one.path for one in found.of("field", "thing.side")] == ["/fields/5/depends_on"]


# -- inactive values -------------------------------------------------------------------------------


def test_rows_keep_a_value_that_no_new_row_may_get(work) -> None:
    one = new(work, risk="middle")
    retire(work, "middle")
    assert [each for each in published(work).lines if each.needs_answer] == []
    change(work, one, risk="middle", worth="low")
    assert refused(work, risk="middle") == [("choice.inactive", "/risk")]
    assert refused(work, one, worth="middle") == [("choice.inactive", "/worth")]
    change(work, one, risk="low")
    assert refused(work, one, risk="middle") == [("choice.inactive", "/risk")]


def test_rows_of_another_system_may_bring_what_is_no_longer_active(work) -> None:
    retire(work, "middle")
    published(work)
    one = work.create("thing", risk="middle")
    found = work.platform.perform_as_system(
        lambda context: reader.find(
            context,
            "thing",
            parse_query(
                context, "thing", {"filter": {"field": "risk", "op": "=", "value": "middle"}}
            ),
        )
    )
    assert [each["id"] for each in found.items] == [one]


# -- values that depend on another field -----------------------------------------------------------


def test_only_what_the_other_field_allows_can_be_chosen(work) -> None:
    one = new(work, side="north", city="ice")
    assert refused(work, side="south", city="ice") == [("choice.not_allowed", "/city")]
    assert refused(work, side="east", city="ice") == [("choice.not_allowed", "/city")]
    assert refused(work, city="ice") == [("choice.not_allowed", "/city")]
    assert refused(work, one, side="south") == [("choice.not_allowed", "/city")]
    assert refused(work, one, side=None) == [("choice.not_allowed", "/city")]
    change(work, one, side="south", city="sand")
    change(work, one, side="north", city=None)


def test_a_row_keeps_what_was_allowed_until_it_is_changed(work) -> None:
    one = new(work, side="north", city="ice")
    work.field("thing", "city")["allowed"] = {"north": ["snow"], "south": ["sand", "ice"]}
    assert [each for each in published(work).lines if each.needs_answer] == []
    change(work, one, code="x", side="north", city="ice")
    assert refused(work, side="north", city="ice") == [("choice.not_allowed", "/city")]
    change(work, one, side="south")
    assert work.value("thing", one, "city") == "ice"


def test_who_cannot_read_the_other_field_is_not_told_of_it(database_url: str) -> None:
    documents = [one for _, one in contents().items()]
    grants = [
        {
            "role": "clerk",
            "actions": ["create", "read", "update"],
            "scope": "all",
            "fields": {"read": ["code", "city"], "edit": ["code", "city"]},
        }
    ]
    documents += [
        {"kind": "role", "name": "clerk"},
        {"kind": "permission", "name": "thing", "object": "thing", "grants": grants},
    ]
    world = open_world(database_url, [Document(MODULE, one) for one in documents])
    clerk = world.as_(principal(add_user(world, "cy"), "internal", "clerk"))
    with pytest.raises(RefusedError) as caught:
        world.create("thing", {"city": "ice"}, clerk)
    problem = caught.value.problems[0]
    assert len(caught.value.problems) == 1, caught.value.problems
    said = f"{problem.message.en} {problem.message.zh} {problem.hint.en}"
    assert problem.code == "choice.not_allowed"
    assert "side" not in said.lower()
