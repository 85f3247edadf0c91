"""Lists and records as requests ask for them: filters, order, pages, shapes, limits, statements."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.core.errors import NewerCatalogError, NotFoundError, RefusedError
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.database.system_tables import LIVE
from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.pinyin import sort_key
from headrace.platform.metadata.building import object_scope
from headrace.platform.records import history_reader, reader
from headrace.platform.records.context import CompiledParts, Context
from headrace.platform.records.query import parse_query
from headrace.platform.records.source import late_values, row_rights, source
from headrace.platform.records.tables import HISTORY
from tests.support.access_cases import PATHS, principals
from tests.support.access_world import NOW, World, make_world, uuid_of


@pytest.fixture(scope="module")
def world(shared_database_url: str) -> Iterator[World]:
    made = make_world(shared_database_url)
    yield made
    made.database.dispose()


def as_(world: World, name: str = "admin") -> Context:
    return world.context(principals(world)[name])


def find(context: Context, object_name: str = "deal", **data: Any) -> reader.Page:
    return reader.find(context, object_name, parse_query(context, object_name, data))


def ids(context: Context, object_name: str = "deal", **data: Any) -> list[str]:
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = find(context, object_name, **{"limit": 200} | data | cursor)
        found += [item["id"] for item in page.items]
        if page.next is None:
            return found
        cursor = {"cursor": page.next}


def live(world: World, object_name: str = "deal") -> dict[str, dict[str, Any]]:
    return {key: row for key, row in world.rows[object_name].items() if not row.get("deleted_at")}


def where(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


# -- filters ---------------------------------------------------------------------------------------


def firm_of(world: World, row: dict[str, Any]) -> dict[str, Any]:
    return world.rows["firm"].get(row["firm"]) or {"name": None, "grade": None, "area": None}


FILTERS: list[tuple[dict[str, Any], Any]] = [
    (where("amount", "=", "700.50"), lambda row, world: row["amount"] == Decimal("700.50")),
    (where("amount", ">", "500"), lambda row, world: (row["amount"] or 0) > 500),
    (
        where("amount", "<=", 500),
        lambda row, world: row["amount"] is not None and row["amount"] <= 500,
    ),
    (where("due", ">=", "2025-06-20"), lambda row, world: str(row["due"] or "") >= "2025-06-20"),
    (where("due", "is_null", True), lambda row, world: row["due"] is None),
    (where("due", "is_null", False), lambda row, world: row["due"] is not None),
    (where("hot", "=", True), lambda row, world: row["hot"] is True),
    (where("hot", "!=", True), lambda row, world: row["hot"] is False),
    (where("stage", "in", ["won", "lost"]), lambda row, world: row["stage"] in {"won", "lost"}),
    (where("stage", "in", []), lambda row, world: False),
    (where("stage", "not_in", ["won"]), lambda row, world: row["stage"] != "won"),
    (
        where("remark", "contains", "BLUE"),
        lambda row, world: "blue" in (row["remark"] or "").lower(),
    ),
    (where("remark", "contains", "0% s"), lambda row, world: row["remark"] == "100% sure"),
    (where("remark", "contains", "%"), lambda row, world: "%" in (row["remark"] or "")),
    (where("remark", "contains", "_"), lambda row, world: "_" in (row["remark"] or "")),
    (where("remark", "contains", "蓝"), lambda row, world: row["remark"] == "蓝天"),
    (where("remark", "starts_with", "under"), lambda row, world: row["remark"] == "under_score"),
    (where("firm.grade", "=", "a"), lambda row, world: firm_of(world, row)["grade"] == "a"),
    (where("firm_grade", "=", "a"), lambda row, world: firm_of(world, row)["grade"] == "a"),
    (
        where("overdue", "=", True),
        lambda row, world: row["due"] is not None and str(row["due"]) < "2025-06-30",
    ),
    (
        where("firm", "=", {"key": "F1"}),
        lambda row, world: firm_of(world, row).get("code") == "F1",
    ),
    (
        where("firm", "in", [{"key": "F1"}, {"key": "F2", "by": "code"}]),
        lambda row, world: firm_of(world, row).get("code") in {"F1", "F2"},
    ),
    (
        {"not": where("firm", "is_null", True)},
        lambda row, world: row["firm"] is not None,
    ),
    (
        {"and": [where("stage", "=", "won"), {"or": [where("hot", "=", True), where("hot", "=", False)]}]},
        lambda row, world: row["stage"] == "won" and row["hot"] is not None,
    ),
    (
        where("created_at", "<", "2025-05-21T18:05:00+08:00"),
        lambda row, world: row["created_at"] < datetime(2025, 5, 21, 10, 5, tzinfo=UTC),
    ),
    (where("version", "=", 1), lambda row, world: True),
    (where("firm.area.name", "=", "Area 1"), lambda row, world: firm_of(world, row)["area"] == uuid_of(2, 2)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "fits"), FILTERS, ids=[json.dumps(one) for one, _ in FILTERS]
)
def test_filters_find_what_they_say(world, condition, fits):
    context = as_(world)
    expected = {key for key, row in live(world).items() if fits(row, world)}
    assert set(ids(context, filter=condition)) == expected
    assert set(ids(context, filter=json.dumps(condition))) == expected
    assert find(context, filter=condition, count="exact").count == len(expected)


def test_under_finds_what_is_below_in_the_tree(world):
    context = as_(world)
    areas = list(world.rows["area"])
    assert set(ids(context, "area", filter=where("parent", "under", areas[0]))) == set(areas[1:])
    assert set(ids(context, "area", filter=where("parent", "under", areas[1]))) == {areas[2]}
    assert ids(context, "area", filter=where("parent", "under", areas[2])) == []
    hidden = as_(world, "regional of a part")
    assert ids(hidden, "area", filter=where("parent", "under", areas[0])) == []


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"filter": "{"}, "filter.invalid", "/filter"),
    ({"filter": []}, "filter.invalid", "/filter"),
    ({"filter": {"and": []}}, "filter.invalid", "/filter/and"),
    ({"filter": {"and": [1]}}, "filter.invalid", "/filter/and/0"),
    ({"filter": {"field": "stage", "op": "=", "value": "won", "x": 1}}, "filter.invalid", "/filter"),
    ({"filter": where("stage", "contains", "w")}, "filter.operator", "/filter/op"),
    ({"filter": where("amount", "contains", "1")}, "filter.operator", "/filter/op"),
    ({"filter": where("id", "contains", "1")}, "filter.operator", "/filter/op"),
    ({"filter": where("overdue", "starts_with", "1")}, "filter.operator", "/filter/op"),
    ({"filter": where("amount", "raw", "1")}, "filter.operator", "/filter/op"),
    ({"filter": where("amount", "=", 1.5)}, "value.wrong_type", "/filter/value"),
    ({"filter": where("amount", "=", None)}, "value.wrong_type", "/filter/value"),
    ({"filter": where("amount", "=", {"raw": "1"})}, "value.wrong_type", "/filter/value"),
    ({"filter": where("due", "=", "2025-02-30")}, "value.invalid", "/filter/value"),
    ({"filter": where("stage", "=", "nonsense")}, "value.not_a_choice", "/filter/value"),
    ({"filter": where("stage", "in", "won")}, "value.wrong_type", "/filter/value"),
    ({"filter": where("stage", "in", ["won", 3])}, "value.wrong_type", "/filter/value/1"),
    ({"filter": where("firm", "=", "x")}, "value.invalid", "/filter/value"),
    ({"filter": where("firm", "=", {"key": "F1", "by": "name"})}, "field.unknown", "/filter/value"),
    ({"filter": where("remark", "contains", "a\x00b")}, "value.illegal_character", "/filter/value"),
    ({"filter": where("remark", "contains", "\ud800")}, "value.illegal_character", "/filter/value"),
    ({"filter": where("version", "=", 2**63)}, "value.out_of_range", "/filter/value"),
    ({"filter": where("version", "=", True)}, "value.wrong_type", "/filter/value"),
    ({"filter": where("hot", "is_null", "yes")}, "value.wrong_type", "/filter/value"),
    ({"filter": where("firm.manager.login.x", "=", "a")}, "field.unknown", "/filter/field"),
    ({"filter": where("due", "in", ["2025-06-01"] * 501)}, "query.too_complex", "/filter/value"),
    ({"sort": "a,b,c,d,e,f"}, "query.too_complex", "/sort"),
    ({"sort": ["-stage", 3]}, "query.invalid", "/sort"),
    ({"sort": "stage; DROP TABLE deal"}, "field.unknown", "/sort"),
    ({"fields": {"a": 1}}, "query.invalid", "/fields"),
    ({"expand": "stage"}, "query.not_a_reference", "/expand"),
    ({"expand": "firm.area.parent.parent.parent.parent"}, "query.too_complex", "/expand"),
    ({"limit": 0}, "query.invalid", "/limit"),
    ({"limit": "-1"}, "query.invalid", "/limit"),
    ({"limit": 201}, "query.invalid", "/limit"),
    ({"limit": 10**9}, "query.invalid", "/limit"),
    ({"limit": True}, "query.invalid", "/limit"),
    ({"limit": "1e3"}, "query.invalid", "/limit"),
    ({"limit": "٣"}, "query.invalid", "/limit"),
    ({"count": "all"}, "query.invalid", "/count"),
    ({"count": ["exact"]}, "query.invalid", "/count"),
    ({"q": "a\x00"}, "value.illegal_character", "/q"),
    ({"q": ["a"]}, "value.wrong_type", "/q"),
    ({"cursor": 5}, "value.wrong_type", "/cursor"),
    ({"page": 2}, "query.unknown_parameter", "/page"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "code", "path"), REFUSED)
def test_what_cannot_be_asked_is_refused_with_place_and_remedy(world, data, code, path):
    with pytest.raises(RefusedError) as refused:
        parse_query(as_(world), "deal", data)
    (problem,) = refused.value.problems
    assert (problem.code, problem.path) == (code, path)
    assert problem.message.en
    assert problem.message.zh
    assert problem.hint.en
    assert problem.hint.zh


def test_all_that_is_wrong_is_said_at_once(world):
    data = {"limit": 0, "sort": "nothing", "filter": where("nothing", "="), "count": 3}
    with pytest.raises(RefusedError) as refused:
        parse_query(as_(world), "deal", data)
    found = {(one.code, one.path) for one in refused.value.problems}
    assert found == {
        ("query.invalid", "/limit"),
        ("field.unknown", "/sort"),
        ("field.unknown", "/filter/field"),
        ("query.invalid", "/count"),
    }


def nested(depth: int) -> dict[str, Any]:
    node = where("stage", "=", "won")
    for _ in range(depth):
        node = {"not": node}
    return node


def test_deep_and_wide_filters_are_refused_fast(world):
    context = as_(world)
    parse_query(context, "deal", {"filter": nested(9)})
    wide = {"or": [where("stage", "=", "won")] * 199}
    parse_query(context, "deal", {"filter": wide})
    for data in (nested(10), nested(2000 // 10), {"or": [where("stage", "=", "won")] * 10_000}):
        with pytest.raises(RefusedError) as refused:
            parse_query(context, "deal", {"filter": data})
        assert refused.value.problems[0].code == "query.too_complex"


def test_no_byte_of_a_request_reaches_the_text_of_a_statement(world, monkeypatch):
    payload = "zz'); DROP x;--"
    seen: list[str] = []
    run = Prepared.run
    monkeypatch.setattr(
        Prepared, "run", lambda self, *given: seen.append(self.sql) or run(self, *given)
    )
    context = as_(world)
    find(context, q=payload, filter=where("remark", "contains", payload))
    find(context, filter=where("remark", "in", [payload]), sort="-remark")
    find(context, filter=where("firm", "=", {"key": payload}))
    for name in ("sort", "fields", "expand"):
        with pytest.raises(RefusedError):
            find(context, **{name: payload})
    with pytest.raises(NotFoundError):
        reader.get(context, "deal", payload)
    assert seen
    assert not any("zz" in sql or "DROP" in sql for sql in seen)


# -- order and pages -------------------------------------------------------------------------------


def sort_value(world: World, row: dict[str, Any], name: str) -> Any:
    if name == "firm":
        title = firm_of(world, row)["name"]
        return None if title is None else sort_key(title)
    if name in {"firm.grade", "firm_grade"}:
        return firm_of(world, row)["grade"]
    if name == "owner":
        return next((n.title() for n, one in world.users.items() if one == row["owner"]), None)
    return row[name]


SORTS = ["amount", "-amount", "due,-amount", "-stage,due,remark", "hot", "-hot,firm", "firm.grade",
         "-firm_grade,number", "owner,-due", "created_at", "-created_at", "id", "-id", "remark",
         "-version,created_at", "firm,-remark,amount"]  # fmt: skip


PAGED = [(sort, size) for sort in SORTS for size in (7, 200)]


@pytest.mark.parametrize(("sort", "size"), [*PAGED, ("hot", 1), ("due,-amount", 1)])
def test_pages_give_every_row_once_in_order(world, sort, size):
    context = as_(world)
    rows = live(world)
    expected = sorted(rows)
    names = sort.split(",")
    if names[-1].startswith("-"):
        expected.reverse()
    for name in reversed(names):
        key = name.removeprefix("-")
        known = [one for one in expected if sort_value(world, rows[one], key) is not None]
        missing = [one for one in expected if sort_value(world, rows[one], key) is None]
        known.sort(
            key=lambda one, key=key: sort_value(world, rows[one], key),
            reverse=name.startswith("-"),
        )
        expected = known + missing
    assert ids(context, sort=sort, limit=size) == expected


def test_rows_that_come_and_go_between_pages_shift_nothing(world):
    context = as_(world)
    first = find(context, sort="number", limit=5)
    row = dict(next(iter(live(world).values()))) | {"id": uuid_of(5, 9999), "number": "A-first"}
    world.insert("deal", row)
    try:
        second = find(context, sort="number", limit=5, cursor=first.next)
        numbers = sorted(
            row["number"] for row in live(world).values() if row["number"] != "A-first"
        )
        assert [item["number"] for item in second.items] == numbers[5:10]
    finally:
        with world.database.writing(None) as work:
            table = world.tables.of("deal")
            work.connection.execute(sa.delete(table.table).where(table.id == row["id"]))
        del world.rows["deal"][row["id"]]


def test_a_page_position_belongs_to_its_list(world):
    context = as_(world)
    cursor = find(context, sort="-amount", limit=3).next
    assert cursor
    for data in ({"sort": "amount"}, {}, {"sort": "-due"}, {"sort": "-amount,due"}):
        with pytest.raises(RefusedError) as refused:
            find(context, cursor=cursor, **data)
        assert refused.value.problems[0].code == "query.cursor_invalid"
    with pytest.raises(RefusedError):
        find(context, "firm", cursor=cursor)


def forged(cursor: str, values: list[Any]) -> str:
    content = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return base64.urlsafe_b64encode(json.dumps([content[0], *values]).encode()).decode().rstrip("=")


def test_forged_positions_are_refused(world):
    context = as_(world)
    cursor = find(context, sort="due,amount,remark,hot,-created_at", limit=3).next
    row = uuid_of(5, 1)
    when = "2025-06-01T00:00:00Z"
    good = ["2025-06-01", "1.00", "a", True, when, row]
    assert find(context, sort="due,amount,remark,hot,-created_at", cursor=forged(cursor, good))
    bad: list[list[Any]] = [
        good[:-1],
        [*good, 1],
        ["x", *good[1:]],
        ["2025-06-01", "NaN", *good[2:]],
        ["2025-06-01", "1e999", *good[2:]],
        ["2025-06-01", 5, *good[2:]],
        [*good[:2], "a\x00", *good[3:]],
        [*good[:2], "\ud800", *good[3:]],
        [*good[:2], {"a": 1}, *good[3:]],
        [*good[:3], 1, *good[4:]],
        [*good[:4], "2025-06-01", row],
        [*good[:4], None, row],
        [*good[:-1], "x"],
        [*good[:-1], None],
    ]
    for values in bad:
        with pytest.raises(RefusedError) as refused:
            find(context, sort="due,amount,remark,hot,-created_at", cursor=forged(cursor, values))
        assert refused.value.problems[0].code == "query.cursor_invalid", values
    for text in ("", "x", "{}", "e30", "W10", "é", "a" * 9_000, cursor[:-3]):
        if text:
            with pytest.raises(RefusedError):
                find(context, sort="due,amount,remark,hot,-created_at", cursor=text)


def test_counts_are_exact_up_to_a_limit(world, monkeypatch):
    context = as_(world)
    number = len(live(world))
    assert find(context, limit=1).count is None
    assert find(context, limit=1, count="none").count is None
    assert find(context, limit=1, count="exact").count == number
    assert find(context, count="exact", filter=where("version", "=", 9)).count == 0
    monkeypatch.setattr(reader, "COUNT_LIMIT", number - 1)
    world.compiled = CompiledParts()
    assert find(as_(world), limit=1, count="exact").count == f"{number - 1}+"
    world.compiled = CompiledParts()


# -- search ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["blue", "D-001", "100%", "_", "天", "nothing of it", "'"])
def test_search_looks_in_the_declared_fields(world, text):
    found = set(ids(as_(world), q=text))
    assert found == {
        key
        for key, row in live(world).items()
        if text.lower() in row["number"].lower() or text.lower() in (row["remark"] or "").lower()
    }


def test_search_does_not_look_in_fields_that_may_not_be_read(world):
    context = as_(world, "reviewer")
    with pytest.raises(NotFoundError):
        find(context, "firm", q="Firm")
    clerk = as_(world, "clerk")
    row = next(
        row
        for row in live(world).values()
        if row["firm"] == clerk.principal.organisation and row["stage"] != "won" and row["amount"]
    )
    assert ids(clerk, q=f"{row['amount']:.2f}") == []


# -- shapes ----------------------------------------------------------------------------------------


def test_fields_with_dots_and_expansions_nest_in_references(world):
    context = as_(world)
    record_id = next(key for key, row in live(world).items() if row["firm"] and row["contact"])
    row = world.rows["deal"][record_id]
    found = reader.get(context, "deal", record_id, fields=["number", "firm.grade", "contact"])
    firm, contact = firm_of(world, row), world.rows["contact"][row["contact"]]
    assert found == {
        "id": record_id,
        "version": 1,
        "number": row["number"],
        "firm": {"id": row["firm"], "version": 1, "title": firm["name"], "grade": firm["grade"]},
        "contact": {"id": row["contact"], "title": contact["name"]},
    }
    deep = reader.get(context, "deal", record_id, fields=["id"], expand=["firm.area", "contact"])
    assert (
        deep["firm"]["area"]["name"] == world.rows["area"][firm["area"]]["name"]
        if firm["area"]
        else True
    )
    assert deep["contact"]["firm"]["id"] == contact["firm"]
    assert set(deep) == {"id", "version", "firm", "contact"}


def test_an_empty_reference_is_null_even_when_expanded(world):
    record_id = next(key for key, row in live(world).items() if row["firm"] is None)
    found = reader.get(as_(world), "deal", record_id, expand=["firm", "firm.area"])
    assert found["firm"] is None


def test_an_unreadable_reference_has_no_title_and_no_details(world):
    context = as_(world, "guide")
    firms = world.rows["firm"]
    mine = {key for key, row in firms.items() if row["manager"] == context.principal.user_id}
    for item in find(context, expand="firm", limit=200).items:
        assert item["firm"]["id"] in mine
        area = item["firm"]["area"]
        assert area is None or area["title"] is None
        assert item["contact"] is None or item["contact"]["title"] is None
    watcher = as_(world, "watcher")
    hidden = [
        item["firm"]["parent"]
        for item in find(watcher, expand="firm.parent", limit=200).items
        if item["firm"]["parent"]["id"] == watcher.principal.organisation
    ]
    assert hidden
    assert all(value is None for one in hidden for name, value in one.items() if name != "id")


def test_children_come_in_their_order_with_one_and_with_many(world):
    context = as_(world)
    for item in find(context, fields="lines.item", sort="number", limit=200).items:
        expected = [
            key for key, line in live(world, "deal_line").items() if line["deal"] == item["id"]
        ]
        assert [line["id"] for line in item["lines"]] == sorted(expected)
        assert all(set(line) == {"id", "version", "item"} for line in item["lines"])
        one = reader.get(context, "deal", item["id"], fields=["lines.item"])
        assert one["lines"] == item["lines"]


def test_json_text_is_that_of_the_values(world):
    context = as_(world)
    query = parse_query(context, "deal", {"limit": 3, "expand": "lines"})
    page = reader.find(context, "deal", query)
    assert orjson.loads(reader.find_json(context, "deal", query)) == page.as_json()


def test_titles_alone(world):
    record_id = next(iter(live(world)))
    assert reader.title(as_(world), "deal", record_id) == world.rows["deal"][record_id]["number"]
    assert reader.title(as_(world, "idle"), "deal", record_id) is None
    assert reader.title(as_(world), "nothing", record_id) is None
    assert reader.title(as_(world), "deal", uuid_of(5, 9)) != ""
    assert reader.title(as_(world), "deal", uuid_of(9, 9)) is None


# -- choices ---------------------------------------------------------------------------------------


def test_choices_follow_the_filter_the_form_and_the_rights(world):
    context = as_(world)
    contacts = world.rows["contact"]
    firms = list(world.rows["firm"])
    for firm in firms:
        found = reader.choices(context, "deal", "contact", None, {"firm": firm})
        expected = {key for key, row in contacts.items() if row["firm"] == firm}
        assert {one["id"] for one in found} == expected
        assert [one["title"] for one in found] == sorted(
            (one["title"] for one in found), key=sort_key
        )
    assert reader.choices(context, "deal", "contact", None, {}) == []
    assert reader.choices(context, "deal", "contact", None, {"firm": "nonsense"}) == []
    clerk = as_(world, "clerk")
    assert reader.choices(clerk, "deal", "contact", None, {"firm": firms[0]}) == []
    assert reader.choices(clerk, "deal", "contact", None, {"firm": clerk.principal.organisation})


def test_choices_are_searched(world):
    context = as_(world)
    name = world.rows["firm"][uuid_of(3, 2)]["name"]
    assert [one["title"] for one in reader.choices(context, "deal", "firm", name.lower())] == [name]
    assert reader.choices(context, "deal", "firm", "%") == []


def test_inactive_people_cannot_be_chosen(world):
    context = as_(world)
    everybody = {one["id"] for one in reader.choices(context, "deal", "owner")}
    assert everybody == set(world.users.values())
    gone = world.users["fay"]
    statement = sa.update(USER).where(USER.c.id == gone)
    with world.database.writing(None) as work:
        work.connection.execute(statement.values(active=False))
    try:
        assert {one["id"] for one in reader.choices(context, "deal", "owner")} == everybody - {gone}
    finally:
        with world.database.writing(None) as work:
            work.connection.execute(statement.values(active=True))


@pytest.mark.parametrize("name", ["margin", "nothing", "stage"])
def test_choices_of_what_is_no_known_reference_are_refused(world, name):
    with pytest.raises(RefusedError) as refused:
        reader.choices(as_(world, "chief"), "deal", name)
    assert refused.value.problems[0].code == "field.unknown"


# -- statements, versions --------------------------------------------------------------------------


def test_one_statement_for_a_record_and_for_a_list_found_or_not(world, monkeypatch):
    seen: list[str] = []
    run = Prepared.run
    monkeypatch.setattr(
        Prepared, "run", lambda self, *given: seen.append(self.sql) or run(self, *given)
    )
    context = as_(world, "clerk")
    query = parse_query(context, "deal", {"count": "exact", "q": "a", "sort": "-firm.name"})
    nothing = parse_query(context, "deal", {"filter": where("version", "=", 9)})
    record_id = ids(context, limit=200)[0]
    seen.clear()
    reader.find(context, "deal", query)
    assert len(seen) == 1
    reader.find(context, "deal", nothing)
    assert len(seen) == 2
    reader.get(context, "deal", record_id)
    assert len(seen) == 3
    with pytest.raises(NotFoundError):
        reader.get(context, "deal", uuid_of(9, 1))
    assert len(seen) == 4
    reader.find(context, "deal", parse_query(context, "deal", {"expand": "lines"}))
    assert len(seen) == 6


def test_nothing_is_answered_by_an_older_version(world):
    context = as_(world)
    query = parse_query(context, "deal", {"count": "exact"})
    nothing = parse_query(context, "deal", {"filter": where("version", "=", 9)})
    record_id = next(iter(live(world)))
    asked = [
        lambda: reader.find(context, "deal", query),
        lambda: reader.find(context, "deal", nothing),
        lambda: reader.get(context, "deal", record_id),
        lambda: reader.get(context, "deal", uuid_of(9, 9)),
        lambda: reader.choices(context, "deal", "firm"),
        lambda: history_reader.history(context, "deal", record_id),
        lambda: reader.check_current(context),
    ]
    for ask in asked:
        with contextlib.suppress(NotFoundError):
            ask()
    with world.database.writing(None) as work:
        work.connection.execute(sa.update(LIVE).values(version=2))
    try:
        for ask in asked:
            with pytest.raises(NewerCatalogError):
                ask()
    finally:
        with world.database.writing(None) as work:
            work.connection.execute(sa.update(LIVE).values(version=1))


def test_people_with_the_same_rights_share_the_compiled_statements(world):
    world.compiled = CompiledParts()
    firms = list(world.rows["firm"])
    sizes = []
    for login, firm in (("eve", firms[1]), ("fay", firms[2]), ("bob", firms[3])):
        context = world.context(world.principal(login, "clerk", firm=firm))
        find(context, filter=where("stage", "=", "won"), sort="due")
        sizes.append(len(world.compiled))
    assert sizes[0] == sizes[1] == sizes[2]


def test_compiled_parts_are_bounded_and_the_least_used_go():
    parts = CompiledParts(limit=3)
    catalog = type("Fake", (), {"version": 1, "fingerprint": "f"})()
    made = []

    def get(key: str) -> None:
        parts.get(catalog, key, lambda: made.append(key) or key)

    for key in "abcabdabe":
        get(key)
    assert made == ["a", "b", "c", "d", "e"]


def test_parts_of_old_catalogs_go():
    parts = CompiledParts()
    for version in range(1, 20):
        catalog = type("Fake", (), {"version": version, "fingerprint": "f"})()
        for key in "abc":
            parts.get(catalog, key, lambda: "part")

    assert len(parts) == 3 * 3


# -- tasks and histories ---------------------------------------------------------------------------


def with_tasks(world: World, name: str, open_on: set[str]) -> Context:
    """A caller who has open tasks on some records."""
    caller = as_(world, name).principal.user_id

    def task_access(object_id: str, record: Any, user: Any, today: Any) -> Any:
        if object_id != world.catalog.object("deal").id:
            return None
        return sa.and_(record.in_(sorted(open_on)), user == caller)

    base = as_(world, name)
    return Context(
        **{
            field: getattr(base, field)
            for field in base.__slots__
            if field not in {"compiled", "task_access"}
        },
        compiled=CompiledParts(),
        task_access=task_access,
    )


def test_an_open_task_gives_read_on_its_record_and_no_other(world):
    lines = live(world, "deal_line").values()
    chosen = next(line["deal"] for line in lines)
    other = next(line["deal"] for line in lines if line["deal"] != chosen)
    context = with_tasks(world, "idle", {chosen})
    for record_id in (chosen, other):
        with pytest.raises(NotFoundError):
            reader.get(context, "deal", record_id)
    found = reader.get(context, "deal", chosen, expand=["lines"], by_task=True)
    assert found["number"] == world.rows["deal"][chosen]["number"]
    assert "margin" not in found
    assert found["lines"]
    assert all("cost" not in line for line in found["lines"])
    with pytest.raises(NotFoundError):
        reader.get(context, "deal", other, by_task=True)
    assert history_reader.history(context, "deal", chosen, by_task=True) == []
    with world.database.reading() as reading:
        assert row_rights(context, reading, "deal", chosen, "read") is None
        names = row_rights(context, reading, "deal", chosen, "read", by_task=True)
        assert names is not None
        assert "number" in names
        assert row_rights(context, reading, "deal", chosen, "update", by_task=True) is None
    somebody = with_tasks(world, "idle", {chosen}).as_principal(
        principals(world)["clerk without firm"]
    )
    with pytest.raises(NotFoundError):
        reader.get(somebody, "deal", chosen, by_task=True)


def test_asking_by_task_shows_no_more_where_no_task_is_open(world):
    """Not even the names of fields: the record is the one that the grants alone give."""
    own = as_(world, "clerk").principal.organisation
    mine = [k for k, row in live(world).items() if row["firm"] == own]
    opened = next(k for k in mine if world.rows["deal"][k]["stage"] == "open")
    context = with_tasks(world, "clerk", {opened})
    grants = [one for one in world.catalog.permissions["deal"] if one.when is None]
    catalog = dataclasses.replace(
        world.catalog,
        fingerprint="narrow",
        permissions={**world.catalog.permissions, "deal": tuple(grants)},
    )
    context = dataclasses.replace(context, catalog=catalog)
    for record_id in mine:
        plain = reader.get(context, "deal", record_id)
        by_task = reader.get(context, "deal", record_id, expand=["lines"], by_task=True)
        assert "amount" not in plain
        if record_id == opened:
            amount = world.rows["deal"][record_id]["amount"]
            assert by_task["amount"] == (None if amount is None else f"{amount:.2f}")
        else:
            assert {k: v for k, v in by_task.items() if k != "lines"} == plain
            assert by_task["lines"] == []


def put_history(world: World, record_id: str, lines: list[dict[str, Any]]) -> None:
    model = world.catalog.object("deal")
    with world.database.writing(None) as work:
        for position, line in enumerate(lines):
            changes = {model.fields[name].id: change for name, change in line["changes"].items()}
            work.connection.execute(
                sa.insert(HISTORY).values(
                    id=uuid_of(20, int(record_id[-6:], 16) * 10 + position),
                    object_id=model.id,
                    record_id=record_id,
                    version=position + 1,
                    at=NOW + timedelta(minutes=position),
                    user=world.users["ann"],
                    acted_for=None,
                    action=line["action"],
                    changes=changes | {"dropped-field": [None, "secret of old"]},
                    comment=None,
                    metadata_version=1,
                )
            )


def test_a_history_holds_readable_fields_only(world):
    clerk = as_(world, "clerk")
    own = clerk.principal.organisation
    closed = next(
        k for k, row in live(world).items() if row["firm"] == own and row["stage"] == "open"
    )
    won = next(k for k, row in live(world).items() if row["firm"] == own and row["stage"] == "won")
    firms = list(world.rows["firm"])
    lines = [
        {"action": "created", "changes": {"margin": [None, "5.00"], "firm": [None, firms[5]]}},
        {"action": "updated", "changes": {"amount": ["1.00", "2.00"]}},
        {"action": "updated", "changes": {"margin": ["5.00", "6.00"]}},
        {"action": "updated", "changes": {"remark": ["a", "b"], "firm": [firms[5], own]}},
    ]
    for record_id in (closed, won):
        put_history(world, record_id, lines)
    shown = history_reader.history(clerk, "deal", closed)
    assert [line["action"] for line in shown] == ["updated", "created"]
    assert shown[0]["changes"] == [
        {
            "field": "firm",
            "old": {"id": firms[5], "title": None},
            "new": {"id": own, "title": world.rows["firm"][own]["name"]},
        },
        {"field": "remark", "old": "a", "new": "b"},
    ]
    assert shown[0]["user"] == {"id": world.users["ann"], "title": "Ann"}
    assert shown[0]["at"] == "2025-06-30T10:03:00.000000Z"
    assert "secret" not in json.dumps(shown)
    assert len(history_reader.history(clerk, "deal", won)) == 3
    assert len(history_reader.history(as_(world), "deal", won)) == 4
    with pytest.raises(NotFoundError):
        history_reader.history(as_(world, "idle"), "deal", won)
    with pytest.raises(NotFoundError):
        history_reader.history(clerk, "nothing", won)


# -- the source that reports start from ------------------------------------------------------------


def test_reports_group_and_sum_only_what_may_be_read(world):
    clerk = as_(world, "clerk")
    own = clerk.principal.organisation
    start = source(clerk, "deal")
    amount, stage = start.column("amount"), start.column("stage")
    statement = start.select(
        [stage, sa.func.count(), sa.func.sum(amount)], group_by=[stage], order_by=[stage]
    )

    prepared = prepare(statement, world.database.dialect)
    with world.database.reading() as reading:
        rows = reading.rows(prepared, late_values(prepared, world.database.dialect)(clerk))
    mine = [row for row in live(world).values() if row["firm"] == own]
    scale = 100 if world.database.dialect == "sqlite" else 1
    for stage_name, count, total in rows:
        group = [row for row in mine if row["stage"] == stage_name]
        amounts = [row["amount"] for row in group if row["amount"] is not None]
        assert count == len(group)
        expected = sum(amounts) * scale if stage_name == "won" and amounts else None
        assert total == expected
    with pytest.raises(RefusedError):
        start.column("margin")
    assert start.title("firm.area") is None


def test_conditions_of_definitions_are_held_against_the_rights(world):

    scope = object_scope(world.catalog, "deal")
    visible = analyse("stage = 'won' AND firm.grade != 'z'", scope)
    hidden = analyse("margin > 5", scope)
    clerk = as_(world, "clerk")
    own = clerk.principal.organisation
    query = parse_query(clerk, "deal", {"limit": 200}, [visible])
    expected = {k for k, row in live(world).items() if row["firm"] == own and row["stage"] == "won"}
    assert {item["id"] for item in reader.find(clerk, "deal", query).items} == expected
    with pytest.raises(RefusedError):
        reader.find(clerk, "deal", parse_query(clerk, "deal", {}, [hidden]))
    inside = as_(world)
    found = reader.find(inside, "deal", parse_query(inside, "deal", {"limit": 200}, [hidden]))
    assert {item["id"] for item in found.items} == {
        k for k, row in live(world).items() if row["margin"] > 5
    }


# -- nonsense --------------------------------------------------------------------------------------

NONSENSE: list[Any] = [None, True, 0, -1, 1.5, "", "x", "a,b", [], {}, [None], {"a": 1}, [["a"]],
            "\u0000", "é" * 500, {"and": {}}, {"field": []}, 10**30, {"field": "id", "value": {}},
            {"not": None}, "[]", "null", '{"field": "id"}', float("inf")]  # fmt: skip


def test_nonsense_is_refused_or_answered_never_an_error(world, deep):
    context = as_(world, "chief in the middle")
    chance = random.Random(5)
    told = {"refused": 0, "answered": 0}
    for _ in range(20_000 if deep else 1_000):
        data = {
            name: chance.choice(NONSENSE)
            for name in ("filter", "sort", "fields", "expand", "limit", "cursor", "count", "q")
            if chance.random() < 0.3
        }
        if chance.random() < 0.5:
            data["filter"] = where(
                chance.choice(PATHS["deal"]),
                chance.choice(["=", "in", "contains", "under", "is_null", "<", "raw"]),
                chance.choice(NONSENSE),
            )
        try:
            find(context, **data)
            told["answered"] += 1
        except RefusedError:
            told["refused"] += 1
    assert min(told.values()) > 20, told
