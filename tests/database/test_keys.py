"""Keys over formulas: normal forms, and records that matter only sometimes; nobody else is told of."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.platform.core.errors import PlatformError, RefusedError
from headrace.platform.records.spans import Span, Spot, compared
from tests.support.documents import field, label
from tests.support.publishing import MODULE, published_at
from tests.support.rollup_world import Depots, refused

KEYS = [
    field("code_key", "formula", returns="text", formula="NORM(code)", unique=True),
    field("main_key", "formula", returns="text", formula="IF(main = TRUE, 'main', NULL)"),
]


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Depots]:
    contents = {
        ("module", MODULE): {
            "kind": "module",
            "name": MODULE,
            "version": "1.0.0",
            "label": label("Keys", "键"),
        },
        ("object", "firm"): {
            "kind": "object",
            "name": "firm",
            "label": label("Firm", "公司"),
            "fields": [field("name", "text", length=40)],
        },
        ("object", "address"): {
            "kind": "object",
            "name": "address",
            "label": label("Address", "地址"),
            "fields": [
                field("firm", "lookup", to="firm"),
                field("code", "text", length=40),
                field("main", "boolean", default="FALSE"),
            ],
        },
    }
    with published_at(database_url, tmp_path / "modules", contents) as work:
        yield Depots(work)


def with_keys(world: Depots) -> None:
    address = world.work.contents["object", "address"]
    address["fields"] = [*address["fields"], *KEYS]
    address["unique"] = [{"fields": ["firm", "main_key"]}]


def test_case_blanks_and_width_make_no_difference(world: Depots) -> None:
    with_keys(world)
    world.work.publish()
    world.create("address", code="ab 12")
    for code in ("AB 12", "  ab 12 ", "ａｂ　１２"):
        with pytest.raises(RefusedError) as error:
            world.create("address", code=code)
        assert [(one.code, one.path) for one in error.value.problems] == [
            ("value.not_unique", "/code")
        ]
    other = world.create("address", code="ab 13")
    assert refused(lambda: world.update("address", other, code="Ab 12")) == "value.not_unique"
    world.create("address")
    world.create("address")


def test_a_key_for_some_records_only(world: Depots) -> None:
    with_keys(world)
    world.work.publish()
    firm, other = (world.create("firm", name=name) for name in ("x", "y"))
    first = world.create("address", firm=firm, main=True)
    second = world.create("address", firm=firm)
    world.create("address", firm=firm)
    world.create("address", firm=other, main=True)
    with pytest.raises(RefusedError) as error:
        world.update("address", second, main=True)
    assert [(one.code, one.path) for one in error.value.problems] == [("value.not_unique", "/main")]
    world.update("address", first, main=False)
    world.update("address", second, main=True)
    world.delete("address", second)
    world.update("address", first, main=True)


def test_one_of_many_writers_gets_it(world: Depots, deep: bool) -> None:
    with_keys(world)
    world.work.publish()
    for turn in range(30 if deep else 3):
        firm = world.create("firm", name=str(turn))
        said: list[str] = []

        def write(number: int, firm: str = firm, turn: int = turn, said: list[str] = said) -> None:
            code = f"{'c' if number % 2 else 'Ｃ'}{turn}"
            try:
                world.create("address", firm=firm, main=True, code=code)
            except PlatformError as error:
                said.append(error.problems[0].code)
            else:
                said.append("saved")

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert sorted(said) == ["saved", *["value.not_unique"] * 7]


def test_a_plan_counts_the_rows_that_share_a_new_key(world: Depots) -> None:
    firm = world.create("firm", name="x")
    for code in ("ab", "AB ", "ａｂ", "cd"):
        world.create("address", firm=firm, code=code, main=code != "cd")
    with_keys(world)
    counts = {line.key: line.failing.count for line in world.work.plan().lines if line.failing}
    assert counts == {"key.add:address.code_key": 3, "key.add:address.firm+main_key": 3}


# -- ranges that do not overlap ----------------------------------------------------------------------


PRICE_FIELDS = [
    field("firm", "lookup", to="firm"),
    field("code", "text", length=40),
    field("starts", "date"),
    field("ends", "date"),
    field("amount", "money"),
]
BAN = {"name": "one_price", "fields": ["firm", "code"], "from": "starts", "to": "ends"}


@pytest.fixture
def prices(world: Depots) -> Depots:
    world.work.contents["object", "price"] = {
        "kind": "object",
        "name": "price",
        "label": label("Price", "价格"),
        "fields": PRICE_FIELDS,
        "no_overlap": [BAN],
    }
    world.work.publish()
    world.ids["firm"] = world.create("firm", name="x")
    return world


def price(world: Depots, starts: str | None, ends: str | None, **more: str | None) -> str:
    values = {"firm": world.ids["firm"], "code": "a", "starts": starts, "ends": ends}
    return world.create("price", **{**values, **more})


def test_ranges_of_equal_fields_do_not_overlap(prices: Depots) -> None:
    price(prices, "2025-01-01", "2025-01-31")
    february = price(prices, "2025-02-01", "2025-02-28")
    with pytest.raises(RefusedError) as error:
        price(prices, "2025-01-31", None)
    assert [(one.code, one.path) for one in error.value.problems] == [("value.overlaps", "/starts")]
    assert error.value.problems[0].message.en == (
        "“a” covers part of this range (firm: the same; code: the same)."
    )
    for starts, ends in ((None, None), (None, "2025-01-01"), ("2025-02-28", "2026-01-01")):
        assert refused(lambda s=starts, e=ends: price(prices, s, e)) == "value.overlaps"
    price(prices, "2025-03-01", None)
    price(prices, None, "2024-12-31")
    price(prices, "2025-01-15", None, code="b")
    price(prices, "2025-01-15", None, code=None)
    price(prices, "2025-02-20", "2025-02-10")
    assert refused(lambda: prices.update("price", february, ends="2025-03-01")) == "value.overlaps"
    prices.update("price", february, amount="5")
    prices.delete("price", february)
    price(prices, "2025-02-10", "2025-02-20")


def test_ranges_that_are_written_together_are_compared_too(prices: Depots) -> None:
    firm = prices.ids["firm"]
    items = [
        {"firm": firm, "code": "a", "starts": starts, "ends": ends}
        for starts, ends in (
            ("2025-01-01", "2025-01-31"),
            ("2025-03-01", "2025-03-31"),
            ("2025-01-20", "2025-02-10"),
        )
    ]
    with pytest.raises(RefusedError) as error:
        prices.create_many("price", items)
    assert [one.path for one in error.value.problems] == ["/0/starts", "/2/starts"]
    assert prices.rows("price") == {}
    prices.create_many("price", items[:2])


ENDS = st.none() | st.integers(0, 9)
NODES = {"r": "r", "a": "ra", "b": "rb", "c": "rac"}
"""Nodes of a tree with those above each, itself included."""


@given(
    st.lists(
        st.tuples(ENDS, ENDS, st.integers(0, 1), st.sets(st.sampled_from("rabc"), min_size=1)),
        max_size=7,
    ),
    st.booleans(),
)
def test_overlaps_are_those_that_comparing_all_pairs_finds(
    rows: list[tuple[int | None, int | None, int, set[str]]], inclusive: bool
) -> None:
    def before(start: int | None, end: int | None) -> bool:
        if start is None or end is None:
            return True
        return start <= end if inclusive else start < end

    def meet(one: Span[int], other: Span[int]) -> bool:
        pairs = ((one, one), (other, other), (one, other), (other, one))
        in_line = any(
            own in NODES[theirs] or theirs in NODES[own]
            for own in rows[one.row][3]
            for theirs in rows[other.row][3]
        )
        in_time = all(before(first.start, second.end) for first, second in pairs)
        return one.equal == other.equal and in_line and in_time

    spans = [
        Span(start, end, (group,), (Spot(frozenset(nodes), _line(nodes)),), number)
        for number, (start, end, group, nodes) in enumerate(rows)
    ]
    expected = {
        one.row: {other.row for other in spans if other is not one and meet(one, other)}
        for one in spans
    }
    found = {
        one.row: {other.row for other in others}
        for one, others in compared(spans, inclusive=inclusive)
    }
    assert {row: others for row, others in found.items() if others} == {
        row: others for row, others in expected.items() if others
    }


def _line(nodes: set[str]) -> frozenset[str]:
    return frozenset().union(*(NODES[one] for one in nodes))


def test_exclusive_ends_let_the_next_begin(prices: Depots) -> None:
    ban = {**BAN, "ends": "exclusive"}
    prices.work.contents["object", "price"]["no_overlap"] = [ban]
    prices.work.publish()
    price(prices, "2025-01-01", "2025-02-01")
    price(prices, "2025-02-01", "2025-03-01")
    assert refused(lambda: price(prices, "2025-02-28", None)) == "value.overlaps"


def test_one_of_many_writers_gets_a_range(prices: Depots, deep: bool) -> None:
    for turn in range(30 if deep else 3):
        said: list[str] = []

        def write(number: int, turn: int = turn, said: list[str] = said) -> None:
            try:
                price(prices, f"2025-01-{number + 1:02}", "2025-01-20", code=f"c{turn}")
            except PlatformError as error:
                said.append(error.problems[0].code)
            else:
                said.append("saved")

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert sorted(said) == ["saved", *["value.overlaps"] * 7]


def test_a_plan_counts_the_rows_that_overlap(prices: Depots) -> None:
    prices.work.contents["object", "price"]["no_overlap"] = []
    prices.work.publish()
    first = price(prices, "2025-01-01", "2025-01-31")
    second = price(prices, "2025-01-31", None)
    price(prices, "2025-01-10", "2025-01-05")
    price(prices, "2025-01-10", None, code="b")
    prices.work.contents["object", "price"]["no_overlap"] = [BAN]
    [line] = [one for one in prices.work.plan().lines if one.code == "no_overlap.add"]
    assert line.failing is not None
    assert (line.failing.count, set(line.failing.first)) == (2, {first, second})
    prices.work.publish()
    prices.update("price", first, amount="3")
    assert refused(lambda: prices.update("price", first, ends="2025-02-01")) == "value.overlaps"
    prices.update("price", second, starts="2025-02-01")
    prices.update("price", first, ends="2025-01-30")


# -- keys that hold for some records only --------------------------------------------------------------


def with_condition(world: Depots, where: str = "main = TRUE") -> None:
    address = world.work.contents["object", "address"]
    address["unique"] = [{"fields": ["firm"], "where": where}]


def test_a_key_with_a_condition_holds_among_its_records_only(world: Depots) -> None:
    with_condition(world)
    world.work.publish()
    firm, other = (world.create("firm", name=name) for name in ("x", "y"))
    first = world.create("address", firm=firm, main=True)
    second = world.create("address", firm=firm)
    world.create("address", firm=firm)
    world.create("address", firm=other, main=True)
    world.create("address", main=True)
    world.create("address", main=True)
    for act, place in (
        (lambda: world.update("address", second, main=True), "/main"),
        (lambda: world.create("address", firm=firm, main=True), "/firm"),
    ):
        with pytest.raises(RefusedError) as error:
            act()
        (problem,) = error.value.problems
        assert (problem.code, problem.path) == ("value.not_unique", place)
        assert problem.message.en == "Another record has the same firm."
        assert first not in str(problem)
    world.update("address", first, main=False)
    world.update("address", second, main=True)
    world.delete("address", second)
    world.update("address", first, main=True)
    assert set(world.read("address", first)) == {
        *("id", "version", "created_at", "created_by", "updated_at", "updated_by"),
        *("firm", "code", "main"),
    }
    assert world.recount() == []


def test_a_key_regardless_of_case_may_have_a_condition_too(world: Depots) -> None:
    address = world.work.contents["object", "address"]
    address["fields"] = [*address["fields"], dict(KEYS[0], unique=False)]
    address["unique"] = [{"fields": ["code_key"], "where": "main = TRUE AND code != 'none'"}]
    world.work.publish()
    world.create("address", code="ab 1", main=True)
    world.create("address", code="AB1")
    world.create("address", code="none", main=True)
    world.create("address", code="none", main=True)
    with pytest.raises(RefusedError) as error:
        world.create("address", code="ＡＢ 1", main=True)
    assert [(one.code, one.path) for one in error.value.problems] == [("value.not_unique", "/code")]


def test_rows_that_collide_in_one_request_are_named(world: Depots) -> None:
    with_condition(world)
    world.work.publish()
    firm = world.create("firm", name="x")
    items = [{"firm": firm}, {"firm": firm, "main": True}, {"firm": firm}]
    world.create_many("address", items)
    items = [{"firm": world.create("firm", name="y"), "main": one} for one in (False, True)]
    items += [{**items[0], "main": True}, {**items[0], "main": True}]
    with pytest.raises(RefusedError) as error:
        world.create_many("address", items)
    assert [one.path for one in error.value.problems] == ["/3/firm"]


def test_one_of_many_writers_gets_a_key_with_a_condition(world: Depots, deep: bool) -> None:
    with_condition(world)
    world.work.publish()
    for turn in range(30 if deep else 3):
        firm = world.create("firm", name=str(turn))
        said: list[str] = []

        def write(number: int, firm: str = firm, said: list[str] = said) -> None:
            try:
                world.create("address", firm=firm, main=number % 4 > 0)
            except PlatformError as error:
                said.append(error.problems[0].code)
            else:
                said.append("saved")

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert sorted(said) == [*["saved"] * 3, *["value.not_unique"] * 5]


def test_a_plan_counts_what_breaks_a_condition_and_follows_its_changes(world: Depots) -> None:
    firm = world.create("firm", name="x")
    rows = [world.create("address", firm=firm, main=number < 3) for number in range(5)]
    with_condition(world)
    plan = world.work.plan()
    (line,) = [one for one in plan.lines if one.code == "key.add"]
    assert line.failing is not None
    assert (line.failing.count, line.failing.groups) == (3, 1)
    assert "Where" not in line.text.en
    assert "constraint.existing_duplicates" in [one.code for one in plan.problems]
    for one in rows[:2]:
        world.update("address", one, main=False)
    world.work.publish()
    assert refused(lambda: world.update("address", rows[0], main=True)) == "value.not_unique"
    # Another condition is another key, counted like a new one.
    with_condition(world, "main = FALSE")
    (line,) = [one for one in world.work.plan().lines if one.code == "key.add"]
    assert line.failing is not None
    assert line.failing.count == 4
    with_condition(world, "main = FALSE AND code = 'x'")
    world.work.publish()
    world.update("address", rows[0], main=True)
    world.update("address", rows[1], code="x")
    assert refused(lambda: world.update("address", rows[3], code="x")) == "value.not_unique"
    # Another name of what it reads changes nothing.
    address = world.work.contents["object", "address"]
    main = next(one for one in address["fields"] if one["name"] == "main")
    main |= {"name": "first", "was": "main"}
    with_condition(world, "first = FALSE AND code = 'x'")
    assert [one for one in world.work.plan().lines if one.code.startswith("key.")] == []
    world.work.publish()
    assert refused(lambda: world.update("address", rows[3], code="x")) == "value.not_unique"
    del address["unique"]
    world.work.publish()
    world.update("address", rows[3], code="x")
