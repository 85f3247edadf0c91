"""Fields that get another type: values are converted and counted, the old ones kept and brought back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import RefusedError
from tests.support.documents import field, label
from tests.support.publishing import MODULE, Publishing, published_at
from tests.support.retypes import back_to, line_of, listed, planned, published, values, version


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    contents = {
        ("module", MODULE): {
            "kind": "module",
            "name": MODULE,
            "version": "1.0.0",
            "label": label("Things", "物品"),
        },
        ("object", "thing"): {
            "kind": "object",
            "name": "thing",
            "label": label("Thing", "物品"),
            "fields": [
                field("code", "text", length=20, external_id=True),
                field("size", "text", length=20),
            ],
        },
    }
    with published_at(database_url, tmp_path / "modules", contents) as made:
        yield made


def rows(work: Publishing, *values: Any, name: str = "size") -> list[str]:
    return [
        work.create("thing", code=f"c{position}", **{name: value})
        for position, value in enumerate(values)
    ]


def retype(work: Publishing, kind: str, **options: Any) -> None:
    chosen = work.field("thing", "size")
    kept = {key: chosen[key] for key in ("name", "label")}
    chosen.clear()
    chosen.update({**kept, "type": kind, **options})


def test_values_that_all_convert_need_no_answer(work):
    ids = rows(work, "7", "-12", None)
    retype(work, "integer")
    plan = planned(work)
    assert plan.refused == ()
    assert (line_of(plan).rows, line_of(plan).needs_answer) == (2, False)
    work.platform.publisher.publish(plan, "retype", None)
    assert [work.value("thing", one, "size") for one in ids] == [7, -12, None]


def test_values_that_do_not_convert_are_counted_and_cleared_only_with_an_answer(work):
    ids = rows(work, "7", "seven", "x")
    retype(work, "integer")
    plan = planned(work)
    line = line_of(plan)
    assert [one.code for one in plan.refused] == ["type.rows_not_convertible"]
    assert (line.failing.count, set(line.failing.first)) == (2, set(ids[1:]))
    found = listed(work, plan, line.key)
    assert found[0] == ["id", "title", "size", "becomes"]
    assert sorted(row[2:] for row in found[1:]) == [["seven", ""], ["x", ""]]
    answered = planned(work, **{line.key: {"answer": "clear", "rows": 2}})
    assert answered.refused == ()
    work.platform.publisher.publish(answered, "retype", None)
    assert [work.value("thing", one, "size") for one in ids] == [7, None, None]


def test_values_that_lose_something_ask_for_acceptance(work):
    retype(work, "decimal", scale=4)
    work.publish()
    ids = rows(work, "1.2345", "2.5000")
    retype(work, "decimal", scale=2)
    plan = planned(work)
    line = line_of(plan)
    assert [one.code for one in plan.refused] == ["type.data_loss"]
    assert (line.failing.count, line.failing.first) == (1, (ids[0],))
    assert listed(work, plan, line.key)[1:] == [[ids[0], "c0", "1.2345", "1.23"]]
    answered = planned(work, **{line.key: {"answer": "accept"}})
    work.platform.publisher.publish(answered, "round", None)
    assert [str(work.value("thing", one, "size")) for one in ids] == ["1.23", "2.50"]


def test_going_back_brings_the_old_values_back(work):
    ids = rows(work, "007", "7", "seven", None)
    before = work.platform.catalogs.refresh().version
    retype(work, "integer")
    key = line_of(planned(work)).key
    work.platform.publisher.publish(planned(work, **{key: {"answer": "clear"}}), "there", None)
    assert [work.value("thing", one, "size") for one in ids] == [7, 7, None, None]
    back = work.platform.publisher.plan_rollback(before)
    assert back.refused == ()
    work.platform.publisher.publish(back, "back", None)
    assert [work.value("thing", one, "size") for one in ids] == ["007", "7", "seven", None]


def test_a_value_changed_since_is_converted_back(work):
    ids = rows(work, "007", "seven")
    before = work.platform.catalogs.refresh().version
    retype(work, "integer")
    key = line_of(planned(work)).key
    work.platform.publisher.publish(planned(work, **{key: {"answer": "clear"}}), "there", None)
    store = work.platform.store
    work.platform.write_as_system(
        lambda context, unit: store.update(
            context, unit, "thing", ids[1], {"size": 8}, work_version(work, ids[1])
        )
    )
    work.platform.publisher.publish(work.platform.publisher.plan_rollback(before), "back", None)
    assert [work.value("thing", one, "size") for one in ids] == ["007", "8"]


def work_version(work: Publishing, record_id: str) -> int:
    with work.platform.database.reading() as reading:
        table = work.platform.catalogs.refresh().tables.of("thing")
        found = sa.select(table.columns["version"]).where(table.id == record_id)
        return int(reading.connection.execute(found).scalar_one())


def test_going_back_over_several_types_gives_the_column_of_that_version_back(work):
    ids = rows(work, "007", "7")
    first = version(work)
    retype(work, "integer")
    published(work)
    second = version(work)
    retype(work, "text", length=20)
    published(work)
    assert values(work, ids) == ["7", "7"]
    back_to(work, first)
    assert values(work, ids) == ["007", "7"]
    third = version(work)
    retype(work, "boolean")
    published(work)
    back_to(work, second)
    assert values(work, ids) == [7, 7]
    back_to(work, third)
    assert values(work, ids) == ["007", "7"]


# -- keys --------------------------------------------------------------------------------------------


def test_a_key_gets_another_type_and_stays_a_key(work):
    ids = [work.create("thing", code=code) for code in ("7", "12")]
    before = version(work)
    work.field("thing", "code").pop("length")
    work.field("thing", "code")["type"] = "integer"
    plan = published(work)
    assert line_of(plan).rows == 2
    assert [one.code for one in plan.lines if one.code.startswith("key.")] == ["key.add"]
    assert values(work, ids, "code") == [7, 12]
    with pytest.raises(RefusedError) as taken:
        work.create("thing", code=12)
    assert [one.code for one in taken.value.problems] == ["value.not_unique"]
    back_to(work, before)
    assert values(work, ids, "code") == ["7", "12"]


def test_values_that_would_become_equal_are_counted_before_the_key_is_made_anew(work):
    for code in ("7", "07", "8"):
        work.create("thing", code=code)
    work.field("thing", "code").pop("length")
    work.field("thing", "code")["type"] = "integer"
    plan = planned(work, **{"field.retype:thing.code": {"answer": "accept"}})
    assert [one.code for one in plan.refused] == ["constraint.existing_duplicates"]
    assert "1 values occur more than once" in plan.refused[0].message.en
    found = listed(work, plan, "key.add:thing.code")
    assert [row[2] for row in found[1:]] == ["7", "07"]
    assert version(work) == plan.base


def test_keys_over_several_fields_count_what_the_conversion_makes_equal(work):
    work.contents["object", "thing"]["unique"] = [{"fields": ["size", "kind"]}]
    work.contents["object", "thing"]["fields"].append(field("kind", "text", length=9))
    published(work)
    pairs = (("1", "a"), ("01", "b"), ("2", "a"))
    ids = [work.create("thing", code=f"c{size}", size=size, kind=kind) for size, kind in pairs]
    retype(work, "integer")
    plan = published(work)
    assert values(work, ids) == [1, 1, 2]
    back_to(work, plan.base)
    assert values(work, ids) == ["1", "01", "2"]
    work.create("thing", code="more", size="001", kind="a")
    plan = planned(work, **{"field.retype:thing.size": {"answer": "accept"}})
    assert [one.code for one in plan.refused] == ["constraint.existing_duplicates"]
    found = listed(work, plan, "key.add:thing.size+kind")
    assert [row[2:] for row in found[1:]] == [["1", "a"], ["001", "a"]]


def test_a_required_field_is_not_emptied(work):
    rows(work, "7", "seven")
    work.field("thing", "size")["required"] = True
    published(work)
    retype(work, "integer", required=True)
    key = "field.retype:thing.size"
    refused = planned(work, **{key: {"answer": "clear"}})
    assert [one.code for one in refused.refused] == ["constraint.existing_nulls"]
    retype(work, "integer", required=True, default="5")
    published(work)
    table = work.platform.catalogs.refresh().tables.of("thing")
    with work.platform.database.reading() as reading:
        found = reading.connection.execute(sa.select(table.columns["size"])).scalars().all()
    assert sorted(found) == [5, 7]


def test_text_whose_values_do_not_all_fit_another_kind_of_text_moves(work):
    ids = rows(work, "a", "Beta", "c")
    before = version(work)
    choices = [{"value": "a"}, {"value": "b", "label": label("Beta", "乙")}]
    retype(work, "choice", choices=choices)
    plan = planned(work)
    assert [one.code for one in plan.refused] == ["type.rows_not_convertible"]
    assert line_of(plan).failing.first[0] == ids[2]
    published(work)
    assert values(work, ids) == ["a", "b", None]
    back_to(work, before)
    assert values(work, ids) == ["a", "Beta", "c"]
