"""Ranges of records that lie in each other's subtrees, or share records of a list, do not overlap."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.core.errors import PlatformError, RefusedError
from headrace.platform.records import overlaps
from tests.support.documents import field, label
from tests.support.publishing import MODULE, published_at
from tests.support.rollup_world import Depots, refused

BAN = {
    "name": "one_exclusive",
    "fields": [
        "channel",
        {"field": "area", "match": "subtree"},
        {"field": "goods", "match": "subtree"},
    ],
    "from": "starts",
    "to": "ends",
    "where": "exclusive = TRUE",
}
IN_LINE = "channel: the same; area: one within the other; goods: one within the other"
TREE = {"land": None, "east": "land", "west": "land", "lake": "east", "hill": "east"}
GOODS = {"all": None, "water": "all", "filter": "water", "stove": "all"}


def tree(name: str, chinese: str) -> dict[str, Any]:
    return {
        "kind": "object",
        "name": name,
        "label": label(name.title(), chinese),
        "fields": [field("code", "text", length=20, external_id=True), field("parent", "tree")],
    }


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Depots]:
    contents = {
        ("module", MODULE): {
            "kind": "module",
            "name": MODULE,
            "version": "1.0.0",
            "label": label("Licences", "授权"),
        },
        ("object", "area"): tree("area", "区域"),
        ("object", "ware"): tree("ware", "品类"),
        ("object", "licence"): {
            "kind": "object",
            "name": "licence",
            "label": label("Licence", "授权"),
            "fields": [
                field("code", "text", length=20),
                field("channel", "text", length=20, default="'shop'"),
                field("area", "lookup", to="area"),
                field("goods", "multi_lookup", to="ware"),
                field(
                    "ways",
                    "multi_choice",
                    choices=[{"value": one, "label": label(one, one)} for one in "xyz"],
                ),
                field("exclusive", "boolean", default="TRUE"),
                field("starts", "date"),
                field("ends", "date"),
            ],
            "no_overlap": [BAN],
        },
    }
    with published_at(database_url, tmp_path / "modules", contents) as work:
        found = Depots(work)
        for name, nodes in (("area", TREE), ("ware", GOODS)):
            for code, parent in nodes.items():
                above = found.ids[parent] if parent else None
                found.ids[code] = found.create(name, code=code, parent=above)
        yield found


def values(world: Depots, area: str, *goods: str, **more: Any) -> dict[str, Any]:
    ids = [world.ids[one] for one in goods or ("water",)]
    given = {"area": world.ids[area], "goods": ids, "starts": "2025-01-01", "ends": "2025-12-31"}
    return {"code": area, **given, **more}


def licence(world: Depots, area: str, *goods: str, **more: Any) -> str:
    return world.create("licence", **values(world, area, *goods, **more))


def ban(world: Depots, *bans: dict[str, Any]) -> None:
    world.work.contents["object", "licence"]["no_overlap"] = list(bans)


def told(act: Callable[[], Any]) -> tuple[str, str, str]:
    """Return code, place and text of the only problem."""
    with pytest.raises(RefusedError) as error:
        act()
    (problem,) = error.value.problems
    return problem.code, problem.path, problem.message.en


def test_what_lies_in_each_other_does_not_overlap(world: Depots) -> None:
    licence(world, "east")
    assert told(lambda: licence(world, "lake")) == (
        "value.overlaps",
        "/starts",
        f"“east” covers part of this range ({IN_LINE}).",
    )
    for area, goods in (("land", ("water",)), ("east", ("all",)), ("lake", ("stove", "filter"))):
        assert refused(lambda a=area, g=goods: licence(world, a, *g)) == "value.overlaps"
    licence(world, "west")
    licence(world, "lake", "stove")
    licence(world, "lake", starts="2026-01-01", ends=None)
    licence(world, "lake", channel="net")
    licence(world, "hill", exclusive=False)
    licence(world, "hill", goods=None)
    assert refused(lambda: licence(world, "land", "all", starts=None)) == "value.overlaps"


def test_a_list_matches_where_it_shares_a_record(world: Depots) -> None:
    ban(world, {**BAN, "fields": ["area", "goods"]}, {**BAN, "name": "ways", "fields": ["ways"]})
    world.work.publish()
    licence(world, "east", "water", "stove")
    assert told(lambda: licence(world, "east", "filter", "stove"))[2] == (
        "“east” covers part of this range (area: the same; goods: in common)."
    )
    licence(world, "east", "filter")
    licence(world, "lake", "water")
    licence(world, "west", ways=["x", "y"])
    assert refused(lambda: licence(world, "land", ways=["y", "z"])) == "value.overlaps"
    licence(world, "land", ways=["z"])


def test_rows_come_under_a_ban_by_each_way_in(world: Depots) -> None:
    first = licence(world, "east")
    other = licence(world, "lake", exclusive=False)
    place = told(lambda: world.update("licence", other, exclusive=True))[:2]
    assert place == ("value.overlaps", "/exclusive")
    world.delete("licence", first)
    world.update("licence", other, exclusive=True)
    store = world.platform.store

    def back(context: Any, work: Any) -> None:
        store.undelete(context, work, "licence", first, 2)

    def undelete() -> None:
        world.platform.write_as_system(back)

    assert told(undelete)[:2] == ("value.overlaps", "/starts")
    world.update("licence", other, area=world.ids["west"])
    undelete()
    assert told(lambda: world.update("licence", other, area=world.ids["hill"]))[1] == "/area"
    world.update("licence", other, code="x")


def test_rows_that_are_written_together_are_compared_too(world: Depots) -> None:
    items = [values(world, area) for area in ("lake", "west", "hill", "east")]
    with pytest.raises(RefusedError) as error:
        world.create_many("licence", items)
    assert [one.path for one in error.value.problems] == ["/0/starts", "/2/starts", "/3/starts"]
    world.create_many("licence", items[:3])


# -- trees that change -----------------------------------------------------------------------------


def test_a_move_that_lets_ranges_overlap_is_refused(world: Depots) -> None:
    licence(world, "west", code="of west")
    lake = licence(world, "lake", code="of lake")
    licence(world, "hill", "stove")
    deep = world.create("area", code="deep", parent=world.ids["lake"])
    world.ids["deep"] = deep
    assert told(lambda: world.update("area", world.ids["east"], parent=world.ids["west"])) == (
        "tree.overlaps",
        "/parent",
        f"Moved here, “of lake” and “of west” of “Licence” would overlap ({IN_LINE}).",
    )
    world.update("area", world.ids["hill"], parent=world.ids["west"])
    world.update("area", deep, parent=world.ids["west"])
    assert refused(lambda: licence(world, "deep")) == "value.overlaps"
    world.update("area", deep, parent=world.ids["lake"])
    assert refused(lambda: licence(world, "deep", code="of deep")) == "value.overlaps"
    world.update("licence", lake, ends="2025-06-30")
    licence(world, "deep", code="of deep", starts="2025-07-01", ends=None)
    refusal = told(lambda: world.update("area", deep, parent=world.ids["west"]))
    assert "“of deep” and “of west”" in refusal[2]
    world.update("area", deep, parent=None)
    world.update("ware", world.ids["filter"], parent=world.ids["stove"])


def test_a_tree_may_keep_its_own_records_apart(world: Depots) -> None:
    area = world.work.contents["object", "area"]
    area["fields"] += [field("starts", "date"), field("ends", "date"), field("held", "boolean")]
    key = {"field": "id", "match": "subtree"}
    own = {"name": "held", "fields": [key], "from": "starts", "to": "ends", "where": "held"}
    area["no_overlap"] = [own]
    world.work.publish()
    world.update("area", world.ids["east"], held=True)
    for code in ("lake", "land"):
        act = lambda code=code: world.update("area", world.ids[code], held=True)  # noqa: E731 - called at once
        assert told(act)[:2] == ("value.overlaps", "/held")
    assert (
        refused(lambda: world.create("area", code="new", parent=world.ids["lake"], held=True))
        == "value.overlaps"
    )
    world.update("area", world.ids["west"], held=True)
    assert told(lambda: world.update("area", world.ids["east"], parent=world.ids["west"]))[:2] == (
        "tree.overlaps",
        "/parent",
    )
    world.update("area", world.ids["west"], held=None)
    world.update("area", world.ids["east"], parent=world.ids["west"])


# -- several writers at once -------------------------------------------------------------------------


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Let threads act together and return what became of each, sorted."""
    said: list[str] = []
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        gate.wait()
        try:
            act()
        except PlatformError as error:
            said.append(error.problems[0].code)
        else:
            said.append("saved")

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return sorted(said)


def test_one_of_many_writers_gets_a_line_of_the_tree(world: Depots, deep: bool) -> None:
    for turn in range(40 if deep else 4):
        areas = ["land", "east", "lake"] * 2
        acts = [
            lambda area=area, turn=turn: licence(world, area, channel=f"c{turn}") for area in areas
        ]
        assert at_once(*acts) == ["saved", *["value.overlaps"] * 5]


def test_one_of_many_writers_gets_a_record_of_a_list(world: Depots, deep: bool) -> None:
    ban(world, {**BAN, "fields": ["channel", {"field": "goods", "match": "subtree"}]})
    world.work.publish()
    lists = (("water", "stove"), ("stove", "filter"), ("filter",), ("all",))
    for turn in range(40 if deep else 4):
        acts = [
            lambda goods=goods, turn=turn: licence(world, "east", *goods, channel=f"c{turn}")
            for goods in lists
        ]
        said = at_once(*acts)
        kept = [one for one in world.rows("licence").values() if one["channel"] == f"c{turn}"]
        # {water, stove} and {filter} overlap, as do all others: only one of the four is ever alone.
        assert (said.count("saved"), len(kept)) == (1, 1), said


def test_a_move_and_a_new_range_do_not_pass_each_other(world: Depots, deep: bool) -> None:
    for turn in range(40 if deep else 5):
        channel = f"c{turn}"
        node = world.create("area", code=f"n{turn}")
        world.ids["node"] = node
        licence(world, "node", channel=channel)

        def move(node: str = node) -> None:
            world.update("area", node, parent=world.ids["lake"])

        def write(channel: str = channel) -> None:
            licence(world, "lake", channel=channel)

        said = at_once(move, write)
        assert said in (["saved", "tree.overlaps"], ["saved", "value.overlaps"]), said


def test_the_races_are_lost_without_the_locks(
    world: Depots, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    if backend == "sqlite":
        pytest.skip("there is one writer at a time")
    monkeypatch.setattr(overlaps, "lock_texts", lambda *_given, **_named: None)
    for turn in range(30):
        acts = [
            lambda area=area, turn=turn: licence(world, area, channel=f"c{turn}")
            for area in ("land", "east", "lake") * 2
        ]
        if at_once(*acts).count("saved") > 1:
            return
    pytest.fail("nothing went wrong without locks: the races prove nothing")


# -- plans -------------------------------------------------------------------------------------------


def counted(world: Depots) -> dict[str, int]:
    """Return how many rows stand in the way of each ban in a plan."""
    lines = [one for one in world.work.plan().lines if one.code.startswith("no_overlap.")]
    return {one.code: one.failing.count if one.failing else 0 for one in lines}


def test_a_plan_counts_what_a_wider_ban_finds(world: Depots) -> None:
    ban(world)
    world.work.publish()
    for area in ("east", "lake", "west", "hill"):
        licence(world, area)
    licence(world, "lake", exclusive=False, goods=None)
    licence(world, "west", "filter", exclusive=False)
    equal = {**BAN, "fields": ["channel", "area", "goods"]}
    ban(world, equal)
    assert counted(world) == {"no_overlap.add": 0}
    world.work.publish()
    ban(world, BAN)
    assert counted(world) == {"no_overlap.change": 3}
    ban(world, {one: BAN[one] for one in BAN if one != "where"})
    assert counted(world) == {"no_overlap.change": 5}
    world.work.publish()
    assert counted(world) == {}


def test_a_plan_counts_what_another_tree_finds(world: Depots) -> None:
    area = world.work.contents["object", "area"]
    area["fields"].append(field("above", "lookup", to="area"))
    world.work.publish()
    for code in ("lake", "west"):
        licence(world, code)
    world.update("area", world.ids["lake"], above=world.ids["west"])
    area["fields"] = [one for one in area["fields"] if one["name"] != "parent"]
    area["fields"][-1] = field("above", "tree")
    assert counted(world) == {"no_overlap.change": 2}
