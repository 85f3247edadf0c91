"""Roll-ups of every kind: right after every write, in one transaction, whatever else happens."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from headrace.platform.core.clock import FixedClock
from headrace.platform.core.errors import PlatformError
from headrace.platform.records import reader
from headrace.platform.records.query import parse_query
from headrace.platform.reports import running
from tests.support.documents import label
from tests.support.rollup_world import Depots, depots_at, mean

PLACES = st.integers(0, 1_000_000)
DEPOTS = st.sampled_from(["d1", "d2", "d3", None])
GOODS = st.sampled_from(["g1", "g2", None])
DAYS = st.none() | st.dates(date(2025, 6, 1), date(2025, 6, 9))
COSTS = st.none() | st.decimals("-20", "20", places=2).map(str)
MOVES = st.fixed_dictionaries(
    {
        "depot": DEPOTS,
        "goods": GOODS,
        "qty": st.none() | st.integers(-4, 4).map(str),
        "cost": COSTS,
        "rank": st.none() | st.integers(-3, 3),
        "day": DAYS.map(lambda one: one and one.isoformat()),
        "note": st.none() | st.sampled_from(["a", "b", "c"]),
        "kind": st.none() | st.sampled_from(["in", "out"]),
    }
)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Depots]:
    with depots_at(database_url, tmp_path / "modules") as depots:
        yield depots


class DepotMachine(RuleBasedStateMachine):
    """Writes of every kind in any order."""

    def __init__(self, world: Depots, done: list[bool]) -> None:
        super().__init__()
        self.world = world
        self.done = done

    def given(self, values: dict[str, Any]) -> dict[str, Any]:
        ids = self.world.ids
        return {
            key: ids[one] if key in {"depot", "goods", "city"} and one is not None else one
            for key, one in values.items()
        }

    def attempt(self, act: Callable[[], Any]) -> None:
        try:
            act()
            self.done.append(True)
        except PlatformError:
            pass

    def pick(self, object_name: str, place: int) -> str | None:
        found = sorted(self.world.rows(object_name))
        return found[place % len(found)] if found else None

    @rule(values=st.lists(MOVES, min_size=1, max_size=4))
    def create(self, values: list[dict[str, Any]]) -> None:
        items = [self.given(one) for one in values]
        self.attempt(lambda: self.world.create_many("move", items))

    @rule(
        place=PLACES,
        values=MOVES,
        names=st.sets(
            st.sampled_from(
                sorted(["depot", "goods", "qty", "cost", "rank", "day", "note", "kind"])
            )
        ),
    )
    def change(self, place: int, values: dict[str, Any], names: set[str]) -> None:
        move = self.pick("move", place)
        if move is not None:
            given = self.given({name: values[name] for name in sorted(names)})
            self.attempt(lambda: self.world.update("move", move, **given))

    @rule(place=PLACES)
    def delete(self, place: int) -> None:
        move = self.pick("move", place)
        if move is not None:
            self.attempt(lambda: self.world.delete("move", move))

    @rule(depot=DEPOTS, goods=GOODS)
    def put_up_shelf(self, depot: str | None, goods: str | None) -> None:
        self.attempt(
            lambda: self.world.create("shelf", **self.given({"depot": depot, "goods": goods}))
        )

    @rule(place=PLACES, depot=DEPOTS, goods=GOODS)
    def carry_shelf(self, place: int, depot: str | None, goods: str | None) -> None:
        shelf = self.pick("shelf", place)
        if shelf is not None:
            given = self.given({"depot": depot, "goods": goods})
            self.attempt(lambda: self.world.update("shelf", shelf, **given))

    @rule(place=PLACES, city=st.sampled_from(["north", "south", None]))
    def move_depot(self, place: int, city: str | None) -> None:
        depot = self.pick("depot", place)
        if depot is not None:
            self.attempt(lambda: self.world.update("depot", depot, **self.given({"city": city})))

    @invariant()
    def figures_are_right(self) -> None:
        assert self.world.differences() == []


def test_figures_always_equal_what_the_rows_give(world: Depots, deep: bool) -> None:
    done: list[bool] = []
    run_state_machine_as_test(
        lambda: DepotMachine(world, done),
        settings=settings(
            max_examples=200 if deep else 20,
            stateful_step_count=30 if deep else 12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert len(done) >= (500 if deep else 30), len(done)
    assert world.recount() == []


def test_an_extreme_that_leaves_gives_way_to_the_next(world: Depots) -> None:
    d1, d2 = world.ids["d1"], world.ids["d2"]
    first = world.create("move", depot=d1, cost="9.00")
    world.create("move", depot=d1, cost="7.00")
    tie = world.create("move", depot=d1, cost="9.00")
    assert world.read("depot", d1)["dearest"] == "9.00"
    world.delete("move", first)
    assert world.read("depot", d1)["dearest"] == "9.00"
    world.update("move", tie, depot=d2)
    assert world.read("depot", d1)["dearest"] == "7.00"
    assert world.read("depot", d2)["dearest"] == "9.00"
    assert world.read("city", world.ids["north"])["best"] == "9.00"


def test_an_average_is_rounded_once_half_away_from_zero(world: Depots) -> None:
    d1 = world.ids["d1"]
    for cost in ("1.00", "1.01"):
        world.create("move", depot=d1, cost=cost, rank=1)
    shown = world.read("depot", d1)
    assert (shown["mean_cost"], shown["mean_rank"], shown["double"]) == ("1.01", "1.000", "2.02")
    d2 = world.ids["d2"]
    for cost in ("-1.00", "-1.01"):
        world.create("move", depot=d2, cost=cost)
    assert world.read("depot", d2)["mean_cost"] == "-1.01"
    assert world.read("depot", d2)["mean_rank"] is None
    assert world.differences() == []


def test_the_last_value_is_that_of_the_greatest_day_and_of_equal_days_the_newest(
    world: Depots,
) -> None:
    d1 = world.ids["d1"]
    world.create("move", depot=d1, day="2025-06-02", note="early")
    late = world.create("move", depot=d1, day="2025-06-08", note="late", kind="in")
    world.create("move", depot=d1, note="undated")
    assert world.read("depot", d1)["last_note"] == "late"
    newest = world.create("move", depot=d1, day="2025-06-08", kind="out")
    shown = world.read("depot", d1)
    assert (shown["last_note"], shown["last_kind"]) == (None, "out")
    world.delete("move", newest)
    world.update("move", late, day="2025-06-01")
    assert world.read("depot", d1)["last_note"] == "early"


def test_a_shelf_takes_over_what_was_there_before_it(world: Depots) -> None:
    depot, goods = world.ids["d1"], world.ids["g1"]
    world.create("move", depot=depot, goods=goods, qty="5", day="2025-06-03", note="x")
    shelf = world.create("shelf", depot=depot, goods=goods)
    twin = world.create("shelf", depot=depot, goods=goods)
    shown = world.read("shelf", shelf)
    assert (shown["stock"], shown["moves"], shown["last_note"]) == ("5.000", 1, "x")
    world.create("move", depot=depot, goods=goods, qty="-2")
    assert [world.read("shelf", one)["stock"] for one in (shelf, twin)] == ["3.000", "3.000"]
    world.update("shelf", shelf, goods=world.ids["g2"])
    shown = world.read("shelf", shelf)
    assert (shown["stock"], shown["doubled"], shown["last_day"]) == ("0.000", "0.000", None)
    world.update("shelf", shelf, depot=None)
    assert world.read("shelf", shelf)["stock"] == "0.000"


def test_what_depends_on_today_or_on_other_rows_is_computed_on_read(world: Depots) -> None:
    d1 = world.ids["d1"]
    today = world.platform.perform_as_system(lambda context: context.now()).date()
    old = (today - timedelta(days=30)).isoformat()
    for day, goods in ((today.isoformat(), "g1"), (old, "g2"), (today.isoformat(), "g2")):
        world.create("move", depot=d1, goods=world.ids[goods], day=day, qty="2")
    shown = world.read("depot", d1)
    assert (shown["recent"], shown["busy"], shown["urgent"]) == (2, True, "2.000")
    world.update("goods", world.ids["g2"], urgent=True)
    assert world.read("depot", d1)["urgent"] == "6.000"


# -- computed on read --------------------------------------------------------------------------------


def found(world: Depots, **query: Any) -> list[str]:
    def read(context: Any) -> list[str]:
        page = reader.find(context, "depot", parse_query(context, "depot", query))
        return [item["code"] for item in page.items]

    return world.platform.perform_as_system(read)


def test_lists_filter_and_sort_by_figures_that_no_column_holds(world: Depots) -> None:
    today = world.platform.perform_as_system(lambda context: context.now()).date().isoformat()
    moves = [world.create("move", depot=world.ids[one], day=today) for one in ("d3", "d1", "d1")]
    for move, weight in zip(moves, ("2.5", "7.25", "0.5"), strict=True):
        world.create("parcel", move=move, weight=weight)
    assert found(world, sort="-recent,code") == ["d1", "d3", "d2"]
    assert found(world, sort="heaviest") == ["d3", "d1", "d2"]
    heavy = {"field": "heaviest", "op": ">", "value": "3"}
    assert found(world, filter=heavy) == ["d1"]
    assert found(world, filter={"field": "busy", "op": "=", "value": True}) == ["d1"]
    shown = world.read("depot", world.ids["d1"])
    assert (shown["parcels"], shown["heaviest"]) == (2, "7.25")


def stop_at(world: Depots, instant: datetime) -> None:
    world.platform = dataclasses.replace(world.platform, clock=FixedClock(instant))


def test_the_workspaces_clock_decides_what_is_recent(world: Depots) -> None:
    d1 = world.ids["d1"]
    world.create("move", depot=d1, day="2025-06-08")
    assert world.read("depot", d1)["recent"] == 0
    stop_at(world, datetime(2025, 6, 10, 10, tzinfo=UTC))
    assert world.read("depot", d1)["recent"] == 1
    stop_at(world, datetime(2025, 6, 15, 16, tzinfo=UTC))
    assert world.read("depot", d1)["recent"] == 0, "already the sixteenth in the workspace's zone"


def test_a_report_groups_and_adds_up_figures_on_read(world: Depots) -> None:
    world.work.contents["report", "by_city"] = {
        "kind": "report",
        "name": "by_city",
        "type": "grouped",
        "label": label("By city", "按城市"),
        "object": "depot",
        "group_rows": ["city.code"],
        "measures": [
            {"op": "sum", "field": "urgent", "label": label("Urgent", "加急")},
            {"op": "max", "field": "dearest", "label": label("Dearest", "最贵")},
        ],
    }
    world.work.publish()
    for depot, qty, cost in (("d1", "2", "5"), ("d2", "3", "9"), ("d3", "4", "1")):
        world.create("move", depot=world.ids[depot], goods=world.ids["g1"], qty=qty, cost=cost)
    result = world.platform.perform_as_system(lambda context: running.run(context, "by_city"))
    found = {line.keys[0].value: line.total.values for line in result.lines}
    assert found == {"north": ("5.000", "9.00"), "south": ("4.000", "1.00")}
    assert result.total.values == ("9.000", "9.00")


# -- publishing --------------------------------------------------------------------------------------


def fill_depots(world: Depots) -> None:
    for number in range(24):
        world.create(
            "move",
            depot=world.ids[f"d{number % 3 + 1}"],
            goods=world.ids[f"g{number % 2 + 1}"],
            qty=str(number % 5 - 2),
            cost=f"{number}.{number % 10}5" if number % 7 else None,
            rank=number if number % 5 else None,
            day=f"2025-06-{number % 9 + 1:02}" if number % 4 else None,
            note=f"n{number}",
            kind="in" if number % 2 else "out",
        )
    world.create("shelf", depot=world.ids["d1"], goods=world.ids["g1"])


@pytest.mark.parametrize("prepared", [False, True], ids=["at once", "prepared"])
def test_roll_ups_of_all_kinds_are_filled_on_full_tables(
    database_url: str, tmp_path: Path, prepared: bool
) -> None:
    with depots_at(database_url, tmp_path / "modules") as world:
        if prepared:
            world.platform.publisher.prepared_from = 1
        fill_depots(world)
        objects = ("city", "depot", "shelf")
        whole = {name: world.work.contents["object", name]["fields"] for name in objects}
        for name in objects:
            computed = {"rollup", "formula"}
            kept = [one for one in whole[name] if one["type"] not in computed]
            world.work.contents["object", name]["fields"] = kept
        world.work.publish()
        for name in objects:
            world.work.contents["object", name]["fields"] = whole[name]
        world.work.publish()
        assert world.differences() == []
        assert world.recount() == []


def test_changed_options_compute_everything_again_and_a_rollback_too(world: Depots) -> None:
    fill_depots(world)
    before = world.read("depot", world.ids["d1"])
    live = world.platform.perform_as_system(lambda context: context.catalog.version)
    depot = {one["name"]: one for one in world.work.contents["object", "depot"]["fields"]}
    depot["dearest"].update(op="min")
    depot["mean_rank"].update(scale=1)
    depot["total"].update(op="count", of="move")
    depot["moves"].update(op="sum", of="move.qty")
    depot["last_note"].update(last_by="rank")
    world.work.publish()
    assert world.recount() == []
    d1 = [one for one in world.rows("move").values() if one["depot"] == world.ids["d1"]]
    shown = world.read("depot", world.ids["d1"])
    assert shown["total"] == len(d1)
    assert Decimal(shown["dearest"]) == min(one["cost"] for one in d1 if one["cost"] is not None)
    assert shown["mean_rank"] == str(mean(d1, "rank", Decimal("0.1")))
    ranked = [one for one in d1 if one["rank"] is not None]
    assert shown["last_note"] == max(ranked, key=lambda one: one["rank"])["note"]
    world.platform.publisher.publish(
        world.platform.publisher.plan_rollback(live, decisions={}), "test", None
    )
    after = world.read("depot", world.ids["d1"])
    assert {key: after[key] for key in depot} == {key: before[key] for key in depot}
    assert world.differences() == []


def test_a_plan_counts_owners_whose_new_figures_break_a_new_rule(world: Depots) -> None:
    fill_depots(world)
    depot = world.work.contents["object", "depot"]
    fields = {one["name"]: one for one in depot["fields"]}
    for name, change in (
        ("mean_rank", {"scale": 1}),
        ("dearest", {"op": "min"}),
        ("last_note", {"last_by": "rank"}),
    ):
        fields[name].update(change)
    depot["rules"] = [
        {"name": name, "unless": unless, "message": label(name, name)}
        for name, unless in (
            ("low_rank", "mean_rank < 11.5"),
            ("cheap", "dearest < 1"),
            ("noted", "last_note != 'n22'"),
        )
    ]
    lines = world.work.plan().lines
    counts = {one.key.rsplit(".", 1)[-1]: one.count for one in lines if one.code == "rule.add"}
    moves = list(world.rows("move").values())
    own = [[one for one in moves if one["depot"] == world.ids[d]] for d in ("d1", "d2", "d3")]
    ranked = [[one for one in rows if one["rank"] is not None] for rows in own]
    last = [max(rows, key=lambda one: one["rank"])["note"] for rows in ranked]
    expected = {
        "low_rank": sum(mean(rows, "rank", Decimal("0.1")) >= Decimal("11.5") for rows in own),
        "cheap": sum(min(one["cost"] for one in rows if one["cost"]) >= 1 for rows in own),
        "noted": last.count("n22"),
    }
    assert counts == expected


def test_stored_and_computed_on_read_change_into_each_other(world: Depots) -> None:
    fill_depots(world)
    depot = {one["name"]: one for one in world.work.contents["object", "depot"]["fields"]}
    depot["dearest"].update(where="goods.urgent = TRUE")
    world.work.contents["object", "city"]["fields"] = [
        one for one in world.work.contents["object", "city"]["fields"] if one["name"] != "best"
    ]
    depot["recent"].update(where="day >= '2025-06-05'")
    world.work.publish()
    moves = [one for one in world.rows("move").values() if one["depot"] == world.ids["d1"]]
    shown = world.read("depot", world.ids["d1"])
    urgent = [one for one in moves if one["goods"] == world.ids["g1"]]
    assert Decimal(shown["dearest"]) == max(one["cost"] for one in urgent if one["cost"])
    late = [one for one in moves if one["day"] and one["day"] >= date(2025, 6, 5)]
    assert world.rows("depot")[world.ids["d1"]]["recent"] == len(late)
    assert world.recount() == []


# -- recounting --------------------------------------------------------------------------------------


def test_the_recount_finds_what_was_changed_past_the_platform_and_mends_it(world: Depots) -> None:
    fill_depots(world)

    def spoil(context: Any, work: Any) -> None:
        table = context.tables.of("depot")
        change = sa.update(table.table).where(table.id == world.ids["d1"])
        work.connection.execute(
            change.values({table.columns["total"].name: 7, table.columns["last_note"].name: "?"})
        )

    world.platform.write_as_system(spoil)
    drifts = world.recount()
    wrong = {(one.object, one.field) for one in drifts}
    assert {("depot", "total"), ("depot", "last_note")} <= wrong
    assert {one.record_id for one in drifts if one.object == "depot"} == {world.ids["d1"]}
    assert world.recount() == drifts, "looking changes nothing"
    assert world.recount(mends=True)
    assert world.recount() == []
    assert world.differences() == []


def test_a_plan_counts_rows_of_other_objects_that_look_up_a_changed_figure(world: Depots) -> None:
    fill_depots(world)
    depot = {one["name"]: one for one in world.work.contents["object", "depot"]["fields"]}
    depot["urgent"].update(op="count", of="move", where="goods.urgent = TRUE")
    world.work.contents["object", "move"]["rules"] = [
        {"name": "calm", "unless": "depot.urgent < 5", "message": label("calm", "calm")}
    ]
    world.work.publish()
    depot["urgent"].update(where="goods.urgent IS NOT NULL")
    [line] = [one for one in world.work.plan().lines if one.code.startswith("rule.")]
    assert (line.key, line.count) == ("rule.change:move.calm", 24)
