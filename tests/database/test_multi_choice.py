"""Fields with several values: stored, filtered, grouped, computed with, converted and brought back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.core.errors import RefusedError
from headrace.platform.metadata.field_types.cells import Cell
from headrace.platform.metadata.references import uses
from headrace.platform.records import history_reader, reader
from headrace.platform.records.query import parse_query
from headrace.platform.reports import running
from tests.database.test_choices import change, choices, new, refused
from tests.support.documents import field, label
from tests.support.publishing import MODULE, Publishing, published_at
from tests.support.retypes import back_to, listed, planned, published, values, version

TAGS = ("a", "ab", "b_", "B.x", "c-1")
SETS = [frozenset(one) for size in range(4) for one in combinations(TAGS, size)]


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    return {
        ("module", MODULE): {
            "kind": "module",
            "name": MODULE,
            "version": "1.0.0",
            "label": label("Things", "物品"),
        },
        ("role", "admin"): {
            "kind": "role",
            "name": "admin",
            "label": label("Admin", "管理员"),
            "design": True,
        },
        ("object", "thing"): {
            "kind": "object",
            "name": "thing",
            "label": label("Thing", "物品"),
            "history": True,
            "fields": [
                field("code", "text", length=20, external_id=True),
                field("size", "multi_choice", choices=choices(*TAGS)),
                field("has_a", "formula", returns="boolean", formula="HAS(size, 'a')"),
                field("side", "choice", choices=choices("north", "south")),
                field(
                    "city",
                    "multi_choice",
                    choices=[*choices("ice", "snow", "sand"), *choices("old", active=False)],
                    depends_on="side",
                    allowed={"north": ["ice", "snow"], "south": ["sand", "snow"]},
                ),
            ],
            "rules": [
                {
                    "name": "not_both",
                    "unless": "NOT (HAS(size, 'a') AND HAS(size, 'c-1'))",
                    "field": "size",
                    "message": label("Not both", "不能同时选择"),
                }
            ],
        },
        ("report", "by_size"): {
            "kind": "report",
            "name": "by_size",
            "label": label("By size", "按尺寸"),
            "type": "grouped",
            "object": "thing",
            "group_rows": ["size"],
            "measures": [{"op": "count"}],
        },
    }


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    with published_at(database_url, tmp_path / "modules", contents()) as made:
        yield made


def get(work: Publishing, record_id: str) -> dict[str, Any]:
    return work.platform.perform_as_system(lambda context: reader.get(context, "thing", record_id))


def found(work: Publishing, filter_: Any) -> set[str]:
    def ask(context: Any) -> set[str]:
        query = parse_query(context, "thing", {"filter": filter_, "limit": 200})
        return {one["id"] for one in reader.find(context, "thing", query).items}

    return work.platform.perform_as_system(ask)


def retype(work: Publishing, kind: str, **options: Any) -> None:
    for key in ("report", "by_size"), ("role", "admin"):
        work.contents.pop(key, None)
    model = work.contents["object", "thing"]
    model["fields"] = [one for one in model["fields"] if one["name"] != "has_a"]
    model["rules"] = []
    chosen = work.field("thing", "size")
    kept = {key: chosen[key] for key in ("name", "label")}
    chosen.clear()
    chosen.update({**kept, "type": kind, **options})


# -- values ----------------------------------------------------------------------------------------


def test_values_go_in_as_a_list_or_text_and_come_out_sorted_once_each(work: Publishing) -> None:
    one = new(work, size=["b_", "a", "b_"])
    assert get(work, one)["size"] == ["a", "b_"]
    assert get(work, one)["has_a"] is True
    other = new(work, size="b_; ab")
    assert (get(work, other)["size"], get(work, other)["has_a"]) == (["ab", "b_"], False)
    empty = new(work, size=[])
    assert (get(work, empty)["size"], get(work, empty)["has_a"]) == (None, None)
    assert refused(work, size=["a", "x"]) == [("value.not_a_choice", "/size")]
    assert refused(work, size={"a": 1}) == [("value.wrong_type", "/size")]
    assert refused(work, size=[["a"]]) == [("value.wrong_type", "/size")]
    assert refused(work, size=["a", "c-1"]) == [("rule.broken", "/size")]


def test_the_history_keeps_lists(work: Publishing) -> None:
    one = new(work, size=["a"])
    change(work, one, size=["ab", "b_"])
    lines = work.platform.perform_as_system(
        lambda context: history_reader.history(context, "thing", one)
    )
    changes = {one["field"]: one for one in lines[0]["changes"]}
    assert changes["size"] == {"field": "size", "old": ["a"], "new": ["ab", "b_"]}


def test_each_value_must_be_active_and_allowed(work: Publishing) -> None:
    one = new(work, side="north", city=["ice", "snow"])
    assert refused(work, side="north", city=["ice", "sand"]) == [("choice.not_allowed", "/city")]
    assert refused(work, side="north", city=["old"]) == [("choice.inactive", "/city")]
    assert refused(work, one, side="south") == [("choice.not_allowed", "/city")]
    change(work, one, side="south", city=["snow"])


def test_cells_of_files_hold_labels_with_semicolons(work: Publishing) -> None:
    one = work.platform.catalogs.current().catalog.objects["thing"].fields["size"]
    shown = one.type.shown(["a", "b_"], one.options, "en")
    assert shown == "A;B_"
    assert one.type.from_cell(Cell(shown), one.options, UTC) == ["a", "b_"]
    assert one.type.from_cell(Cell("a, b_"), one.options, UTC) == ["a", "b_"]


# -- filters and reports ---------------------------------------------------------------------------


def test_every_operator_means_what_sets_mean(work: Publishing) -> None:
    work.contents["object", "thing"]["rules"] = []
    published(work)
    held = {new(work, size=sorted(one)): one for one in SETS}
    filled = {one: has for one, has in held.items() if has}
    for asked in SETS:
        given = sorted(asked)
        any_of = {"field": "size", "op": "contains_any", "value": given}
        all_of = {"field": "size", "op": "contains_all", "value": given}
        assert found(work, any_of) == {one for one, has in filled.items() if has & asked}
        assert found(work, all_of) == {one for one, has in filled.items() if has >= asked}
        assert found(work, {"not": any_of}) == {
            one for one, has in filled.items() if not has & asked
        }
        assert found(work, {"not": all_of}) == {
            one for one, has in filled.items() if not has >= asked
        }
        if asked:
            equal = {"field": "size", "op": "=", "value": given[::-1]}
            other = {"field": "size", "op": "!=", "value": given}
            assert found(work, equal) == {one for one, has in filled.items() if has == asked}
            assert found(work, other) == {one for one, has in filled.items() if has != asked}
    assert found(work, {"field": "size", "op": "is_null"}) == set(held) - set(filled)


@pytest.mark.parametrize(
    ("filter_", "code"),
    [
        ({"field": "size", "op": "contains_any", "value": "a"}, "value.wrong_type"),
        ({"field": "size", "op": "contains_any", "value": ["x"]}, "value.not_a_choice"),
        ({"field": "size", "op": "contains_all", "value": [None]}, "value.wrong_type"),
        ({"field": "size", "op": "contains", "value": "a"}, "filter.operator"),
        ({"field": "code", "op": "contains_any", "value": ["a"]}, "filter.operator"),
    ],
)
def test_what_no_filter_can_ask_is_refused(work: Publishing, filter_: Any, code: str) -> None:
    with pytest.raises(RefusedError) as caught:
        found(work, filter_)
    assert [one.code.startswith(code) for one in caught.value.problems] == [True], caught.value


def test_a_report_groups_by_what_records_have_together(work: Publishing) -> None:
    for given in (["a"], ["ab", "b_"], ["b_", "ab"], None):
        new(work, size=given)
    result = work.platform.perform_as_system(lambda context: running.run(context, "by_size"))
    told = {line.keys[0].value: line.keys[0].text.zh for line in result.lines}
    counts = {line.keys[0].value: line.total.values for line in result.lines}
    assert (told["a",], told["ab", "b_"]) == ("a", "ab、b_")
    assert counts == {("a",): (1,), ("ab", "b_"): (2,), None: (1,)}
    cell = {"rows": [["ab", "b_"]]}
    behind = work.platform.perform_as_system(
        lambda context: running.rows(context, "by_size", cell, {})
    )
    assert len(behind.items) == 2


def test_where_a_value_is_used_is_found(work: Publishing) -> None:
    known = uses(work.platform.catalogs.current().catalog)
    assert {one.path for one in known.of("choice", "thing.size.a")} == {
        "/fields/2/formula",
        "/rules/0/unless",
    }


# -- publishing ------------------------------------------------------------------------------------


def test_values_that_go_are_counted_mapped_one_by_one_and_come_back(work: Publishing) -> None:
    ids = [new(work, size=one) for one in (["a", "ab"], ["ab"], ["a", "b_"], ["b_"], None)]
    before = version(work)
    retype(work, "multi_choice", choices=choices("a", "b_"))
    plan = planned(work)
    assert {one.code for one in plan.refused} >= {"option.in_use"}
    key = "field.narrow:thing.size"
    line = next(one for one in plan.lines if one.key == key)
    assert line.failing.count == 2
    assert {row[0] for row in listed(work, plan, key)[1:]} == set(ids[:2])
    wrong = planned(work, **{key: {"answer": "map", "map": {}}})
    assert "decision.map_incomplete" in {one.code for one in wrong.refused} or wrong.refused
    published(work, **{key: {"answer": "map", "map": {"ab": "b_"}}})
    assert values(work, ids) == ["a;b_", "b_", "a;b_", "b_", None]
    back_to(work, before)
    assert values(work, ids) == ["a;ab", "ab", "a;b_", "b_", None]


def test_a_value_that_goes_may_be_dropped_from_the_others(work: Publishing) -> None:
    ids = [new(work, size=one) for one in (["a", "ab"], ["ab"])]
    retype(work, "multi_choice", choices=choices("a"))
    published(work, **{"field.narrow:thing.size": {"answer": "map", "map": {"ab": None}}})
    assert values(work, ids) == ["a", None]


def test_one_choice_becomes_several_and_one_again(work: Publishing) -> None:
    ids = [new(work, size=one) for one in (["a"], ["a", "ab"], None)]
    first = version(work)
    retype(work, "choice", choices=choices(*TAGS))
    plan = planned(work)
    assert [one.code for one in plan.refused if one.code.startswith("type.")] == [
        "type.rows_not_convertible"
    ]
    published(work, **{"field.retype:thing.size": {"answer": "clear", "rows": 1}})
    assert [get(work, one)["size"] for one in ids] == ["a", None, None]
    retype(work, "multi_choice", choices=choices(*TAGS))
    published(work)
    assert [get(work, one)["size"] for one in ids] == [["a"], None, None]
    change(work, ids[2], size=["a", "b_"])
    back_to(work, first)
    assert [get(work, one)["size"] for one in ids] == [["a"], ["a", "ab"], ["a", "b_"]]


def test_texts_become_values_by_value_or_label(work: Publishing) -> None:
    retype(work, "text", length=60)
    published(work)
    ids = [new(work, size=one) for one in ("a", "ab; A", "B_、c-1,a", "nothing", None)]
    retype(work, "multi_choice", choices=choices(*TAGS))
    plan = planned(work)
    line = next(one for one in plan.lines if one.code == "field.retype")
    assert line.failing.count >= 1
    published(work, **{line.key: {"answer": "clear"}})
    assert [get(work, one)["size"] for one in ids] == [
        ["a"],
        ["a", "ab"],
        ["a", "b_", "c-1"],
        None,
        None,
    ]
