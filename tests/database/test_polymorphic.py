"""Polymorphic lookups: one record of any of several objects, and nothing of what one may not see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from headrace.platform.core.errors import RefusedError, StaleError
from headrace.platform.database.prepared import NO_PARAMETERS, Prepared
from headrace.platform.metadata.documents import Document
from headrace.platform.records import history_reader, reader
from headrace.platform.records.query import parse_query
from headrace.platform.records.restoring import earlier_state
from tests.database.test_store_cost import counted
from tests.support.documents import field, label
from tests.support.world import World, add_user, open_world, principal

READ = ["create", "read", "update", "delete"]
ALL = {"actions": READ, "scope": "all"}


def documents(**options: Any) -> list[Document]:
    contents: list[dict[str, Any]] = [
        {"kind": "module", "name": "m", "version": "1.0.0"},
        {"kind": "role", "name": "dealer", "audience": "partner"},
        {"kind": "role", "name": "chief", "audience": "internal"},
        {
            "kind": "object",
            "name": "firm",
            "title": "name",
            "acts_as": "organisation",
            "label": label("Firm", "企业"),
            "fields": [field("name", "text", length=40), field("parent", "tree")],
        },
        {
            "kind": "object",
            "name": "order",
            "title": "code",
            "label": label("Order", "订单"),
            "scope_paths": {"organisation": "firm"},
            "fields": [
                field("code", "text", length=20, external_id=True),
                field("firm", "lookup", to="firm"),
            ],
        },
        {
            "kind": "object",
            "name": "shipment",
            "title": "weight",
            "label": label("Shipment", "发货单"),
            "scope_paths": {"organisation": "order.firm"},
            "fields": [
                field("weight", "decimal", precision=8, scale=3),
                field("order", "lookup", to="order"),
            ],
        },
        {
            "kind": "object",
            "name": "plan",
            "title": "code",
            "label": label("Plan", "计划"),
            "fields": [field("code", "text", length=20, external_id=True)],
        },
        {
            "kind": "object",
            "name": "case",
            "title": "name",
            "label": label("Case", "工单"),
            "history": True,
            "fields": [
                field("name", "text", length=40),
                field(
                    "about",
                    "polymorphic_lookup",
                    targets=["order", "shipment", "plan"],
                    **options,
                ),
                field(
                    "served",
                    "polymorphic_lookup",
                    targets=["order", "shipment", "plan"],
                    filters=[
                        {"object": "order", "filter": "firm = this.about.order.firm"},
                        {"object": "plan", "filter": "code != this.name"},
                    ],
                ),
                field("open", "formula", returns="boolean", formula="ISBLANK(about)"),
                field(
                    "dealer",
                    "formula",
                    returns="text",
                    formula="COALESCE(about.order.firm.name, about.shipment.order.firm.name)",
                ),
                field("weighed", "formula", returns="boolean", formula="about.shipment.weight > 2"),
            ],
            "rules": [
                {
                    "name": "light",
                    "unless": "about.shipment.weight < 100 AND name != 'heavy'",
                    "when": "about.shipment.order.firm.name = 'South'",
                    "message": label("Too heavy", "过重"),
                },
                {
                    "name": "fixed",
                    "unless": "NOT (CHANGED(about) AND name = 'fixed')",
                    "message": label("No", "否"),
                },
            ],
        },
        {
            "kind": "permission",
            "name": "firm",
            "object": "firm",
            "grants": [{"role": "chief", **ALL}],
        },
        {
            "kind": "permission",
            "name": "plan",
            "object": "plan",
            "grants": [{"role": "chief", **ALL}],
        },
        {
            "kind": "permission",
            "name": "case",
            "object": "case",
            "grants": [{"role": "chief", **ALL}, {"role": "dealer", **ALL}],
        },
        *(
            {
                "kind": "permission",
                "name": name,
                "object": name,
                "grants": [
                    {"role": "chief", **ALL},
                    {"role": "dealer", "actions": READ, "scope": "organisation"},
                ],
            }
            for name in ("order", "shipment")
        ),
    ]
    return [Document("m", one) for one in contents]


class Cases:
    """A world with two dealers, an order and a shipment of each, a plan, and cases about them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.firms = [world.create("firm", {"name": name}) for name in ("North", "South")]
        self.orders = [
            world.create("order", {"code": code, "firm": firm})
            for code, firm in zip(("N1", "S1"), self.firms, strict=True)
        ]
        self.shipments = [
            world.create("shipment", {"weight": weight, "order": order})
            for weight, order in zip(("1.5", "2.25"), self.orders, strict=True)
        ]
        self.plan = world.create("plan", {"code": "P"})
        north, south = (
            principal(add_user(world, name), "partner", "dealer", organisation=firm)
            for name, firm in zip(("north", "south"), self.firms, strict=True)
        )
        self.north, self.south = world.as_(north), world.as_(south)
        self.chief = world.as_(principal(add_user(world, "chief"), "internal", "chief"))
        self.ids = {
            name: self.case(name, object_name, record_id)
            for name, object_name, record_id in (
                ("n order", "order", self.orders[0]),
                ("s order", "order", self.orders[1]),
                ("n shipment", "shipment", self.shipments[0]),
                ("s shipment", "shipment", self.shipments[1]),
                ("plan", "plan", self.plan),
            )
        }
        self.ids["none"] = world.create("case", {"name": "none"})

    def case(self, name: str, object_name: str, record_id: str) -> str:
        about = {"object": object_name, "id": record_id}
        return self.world.create("case", {"name": name, "about": about})

    def about(self, name: str, context: Any = None) -> Any:
        return reader.get(context or self.world.context, "case", self.ids[name])["about"]

    def save(self, which: str, context: Any, version: int = 0, /, **values: Any) -> None:
        version = version or self.world.get("case", self.ids[which])["version"]
        with self.world.database.writing(context.catalog.version) as work:
            self.world.store.update(context, work, "case", self.ids[which], values, version)

    def find(self, context: Any, filter_: Any, **more: Any) -> set[str]:
        query = parse_query(context, "case", {"filter": filter_, "limit": 200, **more})
        return {one["name"] for one in reader.find(context, "case", query).items}

    def delete(self, object_name: str, record_id: str) -> None:
        version = self.world.get(object_name, record_id)["version"]
        with self.world.database.writing(1) as work:
            self.world.store.delete(self.world.context, work, object_name, record_id, version)


@pytest.fixture
def cases(database_url: str) -> Iterator[Cases]:
    world = open_world(database_url, documents())
    yield Cases(world)
    world.database.dispose()


def refused(*codes: str) -> Any:
    return pytest.raises(RefusedError, match="|".join(codes))


def test_a_reference_comes_out_with_its_object_and_title(cases: Cases) -> None:
    assert cases.about("n order") == {"object": "order", "id": cases.orders[0], "title": "N1"}
    assert cases.about("s shipment") == {
        "object": "shipment",
        "id": cases.shipments[1],
        "title": "2.250",
    }
    assert cases.about("none") is None


def test_what_is_not_seen_is_not_there(cases: Cases) -> None:
    assert cases.about("n order", cases.north)["title"] == "N1"
    assert cases.about("n shipment", cases.north)["title"] == "1.500"
    for name in ("s order", "s shipment", "plan", "none"):
        assert cases.about(name, cases.north) is None


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({"op": "is_null"}, {"s order", "s shipment", "plan", "none"}),
        ({"op": "is_null", "value": False}, {"n order", "n shipment"}),
        ({"op": "refers_to", "value": ["order"]}, {"n order"}),
        ({"op": "refers_to", "value": ["shipment", "order"]}, {"n order", "n shipment"}),
        ({"op": "=", "value": ("order", 0)}, {"n order"}),
        ({"op": "=", "value": ("order", 1)}, set()),
        ({"op": "!=", "value": ("order", 1)}, {"n order", "n shipment"}),
        ({"op": "in", "value": [("order", 0), ("order", 1), ("shipment", 1)]}, {"n order"}),
        ({"op": "not_in", "value": [("order", 0), ("order", 1)]}, {"n shipment"}),
        ({"op": "=", "value": {"object": "order", "key": "N1"}}, {"n order"}),
        ({"op": "=", "value": {"object": "order", "key": "S1"}}, set()),
        ({"op": "!=", "value": {"object": "order", "key": "N1"}}, {"n shipment"}),
    ],
)
def test_filters_ask_for_what_is_seen(cases: Cases, filter_: Any, found: set[str]) -> None:
    def sent(value: Any) -> Any:
        if isinstance(value, tuple):
            records = {"order": cases.orders, "shipment": cases.shipments}[value[0]]
            return {"object": value[0], "id": records[value[1]]}
        return [sent(one) for one in value] if isinstance(value, list) else value

    asked = {"field": "about", **filter_}
    if "value" in filter_:
        asked["value"] = sent(filter_["value"])
    assert cases.find(cases.north, asked) == found
    everything = {"and": [asked, {"not": {"not": asked}}]}
    assert cases.find(cases.north, everything) == found


def test_a_negation_tells_no_hidden_reference_from_another(cases: Cases) -> None:
    """Nothing is known of what is hidden, whichever record is asked for."""
    for order in cases.orders:
        asked = {"not": {"field": "about", "op": "=", "value": f"order:{order}"}}
        found = cases.find(cases.north, asked)
        assert not found & {"s order", "s shipment", "plan", "none"}


def test_a_reference_is_written_by_id_by_key_or_as_one_text(cases: Cases) -> None:
    for value in (
        {"object": "plan", "id": cases.plan, "title": "whatever"},
        {"object": "plan", "key": "P"},
        {"object": "plan", "key": "P", "by": "code"},
        f"plan:{cases.plan}",
    ):
        cases.save("none", cases.chief, about=None)
        cases.save("none", cases.chief, about=value)
        assert cases.about("none")["title"] == "P"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("x", "value.invalid"),
        (7, "value.wrong_type"),
        ({"object": "order"}, "value.wrong_type"),
        ({"object": ["order"], "id": "x"}, "value.wrong_type"),
        ({"object": "firm", "key": "North"}, "reference.other_object"),
        ({"object": "plan", "key": "Q"}, "reference.not_found"),
        ({"object": "plan", "key": "P", "by": "nothing"}, "reference.unknown_key"),
        ({"object": "shipment", "key": "1"}, "reference.unknown_key"),
        ({"object": "plan", "id": "0197a1b2-0000-7000-8000-000000000000"}, "reference.not_found"),
    ],
)
def test_what_does_not_refer_is_refused(cases: Cases, value: Any, code: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        cases.save("none", cases.chief, about=value)
    assert refusal.value.problems[0].code == code
    assert refusal.value.problems[0].path.startswith("/about")


def test_nobody_refers_to_what_they_do_not_see(cases: Cases) -> None:
    for about in (
        {"object": "order", "id": cases.orders[1]},
        {"object": "order", "key": "S1"},
        {"object": "plan", "id": cases.plan},
    ):
        with pytest.raises(RefusedError) as refusal:
            cases.save("none", cases.north, about=about)
        assert refusal.value.problems[0].code in {"reference.not_found", "reference.unknown_key"}
    # The id of one object is no record of another.
    with refused("reference.not_found"):
        cases.save("none", cases.chief, about={"object": "plan", "id": cases.orders[0]})


def test_what_is_hidden_stays_until_another_takes_its_place(cases: Cases) -> None:
    cases.save("s order", cases.north, about=None, name="renamed")
    assert cases.about("s order")["title"] == "S1"
    cases.save("n order", cases.north, about=None)
    assert cases.about("n order") is None
    cases.save("s order", cases.north, about={"object": "order", "id": cases.orders[0]})
    assert cases.about("s order")["title"] == "N1"


def test_conflicts_tell_only_what_is_seen(cases: Cases) -> None:
    first = cases.world.get("case", cases.ids["n order"])["version"]
    cases.save("n order", cases.chief, about={"object": "shipment", "id": cases.shipments[0]})
    mine = {"object": "order", "id": cases.orders[0]}
    for context, stored in (
        (cases.north, {"object": "shipment", "id": cases.shipments[0]}),
        (cases.south, None),
    ):
        with pytest.raises(StaleError) as stale:
            cases.save("n order", context, first, about=None if context is cases.south else mine)
        found = stale.value.differences.get("about")
        assert found == ({"yours": mine, "stored": stored, "was": mine} if stored else None)


def test_a_record_that_is_referred_to_stays(cases: Cases) -> None:
    with refused("record.in_use"):
        cases.delete("order", cases.orders[0])
    cases.delete("case", cases.ids["plan"])
    cases.delete("plan", cases.plan)


def test_a_record_comes_back_only_to_what_is_there(cases: Cases) -> None:
    version = cases.world.get("case", cases.ids["plan"])["version"]
    cases.delete("case", cases.ids["plan"])
    cases.delete("plan", cases.plan)
    with refused("record.refers_to_deleted"), cases.world.database.writing(1) as work:
        cases.world.store.undelete(
            cases.world.context, work, "case", cases.ids["plan"], version + 1
        )


def test_history_tells_of_changes_as_far_as_they_are_seen(cases: Cases) -> None:
    cases.save("s order", cases.chief, about={"object": "plan", "id": cases.plan})
    cases.save("s order", cases.chief, about={"object": "order", "id": cases.orders[0]})

    def told(context: Any) -> list[tuple[Any, Any]]:
        lines = history_reader.history(context, "case", cases.ids["s order"])
        return [
            tuple(one[side] and one[side]["title"] for side in ("old", "new"))
            for line in lines
            for one in line["changes"]
            if one["field"] == "about"
        ]

    assert told(cases.chief) == [("P", "N1"), ("S1", "P"), (None, "S1")]
    assert told(cases.north) == [(None, "N1")]
    assert told(cases.south) == [("S1", None), (None, "S1")]
    lines = history_reader.history(cases.north, "case", cases.ids["s order"])
    assert len(lines) == 2


def test_an_earlier_state_can_be_brought_back(cases: Cases) -> None:
    cases.save("n order", cases.chief, about={"object": "plan", "id": cases.plan})
    lines = history_reader.history(cases.chief, "case", cases.ids["n order"])
    with cases.world.database.reading() as reading:
        earlier = earlier_state(
            cases.chief, reading, "case", cases.ids["n order"], lines[0]["id"], "before"
        )
    (restored,) = (one for one in earlier.fields if one.name == "about")
    cases.save("n order", cases.chief, about=restored.then)
    assert cases.about("n order")["title"] == "N1"


def test_formulas_ask_whether_it_is_there_and_whether_it_changed(cases: Cases) -> None:
    assert cases.world.get("case", cases.ids["none"])["open"] is True
    assert cases.world.get("case", cases.ids["plan"])["open"] is False
    cases.save("plan", cases.chief, name="fixed")
    with refused("rule.broken"):
        cases.save("plan", cases.chief, about=None)


def test_formulas_walk_through_it_to_each_of_its_objects(cases: Cases) -> None:
    """What is computed on read in the database, and what rules see of a row that is written."""
    found = {one: cases.world.get("case", cases.ids[one]) for one in cases.ids}
    assert {name: (one["dealer"], one["weighed"]) for name, one in found.items()} == {
        "n order": ("North", None),
        "s order": ("South", None),
        "n shipment": ("North", False),
        "s shipment": ("South", True),
        "plan": (None, None),
        "none": (None, None),
    }
    heavy = {"field": "dealer", "op": "=", "value": "South"}
    assert cases.find(cases.chief, heavy) == {"s order", "s shipment"}
    with refused("rule.broken"):
        cases.save("s shipment", cases.chief, name="heavy")
    cases.save("n shipment", cases.chief, name="heavy")
    with refused("rule.broken"):  # what it refers to decides, too
        about = {"object": "shipment", "id": cases.shipments[1]}
        cases.save("n shipment", cases.chief, about=about)


def test_each_object_has_a_filter_of_its_own(cases: Cases) -> None:
    other = cases.world.create("order", {"code": "N2", "firm": cases.firms[0]})
    wanted = {"object": "order", "id": other}
    cases.save("n order", cases.chief, served=wanted)
    for which in ("s order", "plan", "none"):
        with refused("reference.not_found"):
            cases.save(which, cases.chief, served=wanted)
    cases.save("n order", cases.chief, served={"object": "shipment", "id": cases.shipments[1]})
    plan = {"object": "plan", "id": cases.plan}
    cases.save("n order", cases.chief, served=plan)
    cases.save("none", cases.chief, name="P")
    with refused("reference.not_found"):
        cases.save("none", cases.chief, served=plan)

    def offered(target: str, **values: Any) -> set[str]:
        found = reader.choices(cases.chief, "case", "served", values=values, target=target)
        return {one["title"] for one in found}

    about = f"order:{cases.orders[0]}"
    assert offered("order", about=about) == {"N1", "N2"}
    assert offered("order", about=f"shipment:{cases.shipments[0]}") == set()
    assert len(offered("shipment", about=about)) == 2
    assert offered("plan", name="P") == set()
    assert offered("plan", name="Q") == {"P"}


def test_nothing_is_sorted_or_expanded_by_it(cases: Cases) -> None:
    for asked in ({"sort": "about"}, {"expand": "about"}, {"fields": "about.code"}):
        with pytest.raises(RefusedError):
            parse_query(cases.chief, "case", asked)


def test_a_page_costs_one_statement(cases: Cases, monkeypatch: pytest.MonkeyPatch) -> None:
    query = parse_query(cases.north, "case", {})
    reader.find(cases.north, "case", query)
    with counted(monkeypatch) as statements:
        assert len(reader.find(cases.north, "case", query).items) == 6
    assert len(statements) == 1


@pytest.mark.parametrize("named", [{"key": "N1"}, {"id": None}])
def test_what_refers_to_a_record_is_found_by_the_index(
    cases: Cases, monkeypatch: pytest.MonkeyPatch, named: dict[str, Any]
) -> None:
    value = {"object": "order", **({"id": cases.orders[0]} if "id" in named else named)}
    query = parse_query(
        cases.north, "case", {"filter": {"field": "about", "op": "=", "value": value}}
    )
    ran: list[tuple[str, Any]] = []
    run = Prepared.run
    monkeypatch.setattr(
        Prepared,
        "run",
        lambda self, cursor, given=NO_PARAMETERS: (
            ran.append((self.sql, self.arguments(given))) or run(self, cursor, given)
        ),
    )
    reader.find(cases.north, "case", query)
    (found,) = [one for one in ran if "about" in one[0]]
    sqlite = cases.world.database.dialect == "sqlite"
    with cases.world.database.engine.connect() as connection:
        if not sqlite:  # small tables are read as a whole, if they may
            for scan in ("seqscan", "hashjoin", "mergejoin"):
                connection.exec_driver_sql(f"SET enable_{scan} = off")
        explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
        lines = connection.exec_driver_sql(explain + found[0], tuple(found[1])).all()
    plan = "\n".join(str(one) for one in lines)
    table = cases.world.context.tables.of("case")
    index = f"ix_{table.table.name}_{table.columns['about'].name.rsplit('_', 1)[-1]}"
    assert index in plan, plan


def test_of_which_hidden_objects_it_may_be_is_not_told(cases: Cases) -> None:
    for value in ("plan", "firm", "nothing"):
        for op, sent in (("refers_to", [value]), ("=", f"{value}:{cases.plan}")):
            with pytest.raises(RefusedError) as refusal:
                cases.find(cases.north, {"field": "about", "op": op, "value": sent})
            assert [one.code for one in refusal.value.problems] == ["reference.other_object"]
    for wrong in ("order", {"order": 1}, [["order"]], [None], None):
        with refused("value.wrong_type", "reference.other_object"):
            cases.find(cases.chief, {"field": "about", "op": "refers_to", "value": wrong})
