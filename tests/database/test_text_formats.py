"""A format or a pattern on a field that has rows: counted, cleaned, rewritten, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.records import reader
from headrace.platform.records.query import parse_query
from tests.support.documents import field, label
from tests.support.publishing import MODULE, Publishing, published_at
from tests.support.retypes import back_to, line_of, planned, values, version


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
                field("size", "text"),
            ],
        },
    }
    with published_at(database_url, tmp_path / "modules", contents) as made:
        yield made


def rows(work: Publishing, *sent: Any) -> list[str]:
    return [work.create("thing", code=f"c{at}", size=one) for at, one in enumerate(sent)]


def found(work: Publishing, op: str, value: Any) -> int:
    def action(context: Any) -> int:
        data = {"filter": {"field": "size", "op": op, "value": value}}
        return len(reader.find(context, "thing", parse_query(context, "thing", data)).items)

    return work.platform.perform_as_system(action)


def test_rows_that_break_a_new_format_are_counted_and_cleared_with_an_answer(work):
    ids = rows(work, "13800138000", "138 0013 8001", "call me", None)
    work.field("thing", "size")["format"] = "cn_mobile"

    plan = planned(work)
    line = line_of(plan, "field.narrow")

    assert [one.code for one in plan.refused] == ["constraint.existing_values"]
    assert line.failing.count == 2
    before = version(work)
    work.platform.publisher.publish(planned(work, **{line.key: {"answer": "clear"}}), "f", None)
    assert values(work, ids) == ["13800138000", "13800138001", None, None]
    back_to(work, before)
    assert values(work, ids) == ["13800138000", "138 0013 8001", "call me", None]


def test_rows_that_only_write_it_otherwise_are_rewritten(work):
    ids = rows(work, "13800138000", "+86 138-0013-8001")
    work.field("thing", "size")["format"] = "cn_mobile"

    line = line_of(planned(work), "field.narrow")

    assert (line.failing.count, line.failing.code) == (1, "type.data_loss")
    work.platform.publisher.publish(planned(work, **{line.key: {"answer": "accept"}}), "f", None)
    assert values(work, ids) == ["13800138000", "13800138001"]


def test_left_rows_stay_until_they_are_next_changed(work):
    ids = rows(work, "AB-1", "nothing")
    work.field("thing", "size")["pattern"] = r"[A-Z]{2}-\d"

    line = line_of(planned(work), "field.narrow")
    work.platform.publisher.publish(planned(work, **{line.key: {"answer": "leave"}}), "f", None)

    assert (line.failing.count, line.failing.first) == (1, (ids[1],))
    assert values(work, ids) == ["AB-1", "nothing"]


def test_a_filter_takes_a_value_as_people_write_it_and_any_bound(work):
    work.field("thing", "size")["format"] = "cn_mobile"
    work.publish()
    rows(work, "138 0013 8000", "13900000000")

    assert found(work, "=", "+86 138 0013 8000") == 1
    assert found(work, "contains", "0013 80") == 1
    assert found(work, ">=", "139") == 1
    assert found(work, "in", ["13900000000", "no number"]) == 1


def test_taking_a_format_away_asks_nothing(work):
    work.field("thing", "size")["format"] = "cn_mobile"
    work.publish()
    ids = rows(work, "13800138000")
    del work.field("thing", "size")["format"]

    plan = planned(work)

    assert not plan.refused
    work.platform.publisher.publish(plan, "plain", None)
    assert values(work, ids) == ["13800138000"]
