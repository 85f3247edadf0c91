"""Fields that get another type: values are converted and counted, the old ones kept and brought back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.documents import field, label
from tests.support.publishing import MODULE, Publishing, platform_at, write_module


@pytest.fixture
def work(database_url: str, tmp_path: Path) -> Iterator[Publishing]:
    with platform_at(database_url) as platform:
        made = Publishing(platform, tmp_path / "modules")
        made.contents = {
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
        made.publish()
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


def planned(work: Publishing, **decisions: Any) -> Any:
    path = write_module(work.folder, work.contents, work.rows)
    return work.platform.publisher.plan(path, decisions=decisions or None)


def line_of(plan: Any, code: str = "field.retype") -> Any:
    return next(one for one in plan.lines if one.code == code)


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


def test_the_type_of_a_key_does_not_change(work):
    rows(work, "7")
    work.field("thing", "code")["type"] = "integer"
    work.field("thing", "code").pop("length")
    assert "plan.change_not_supported" in work.codes()
