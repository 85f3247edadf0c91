"""Fields with several references: kept in order, joined both ways, and silent about what one may not see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import RefusedError, StaleError
from headrace.platform.metadata.documents import Document
from headrace.platform.records import history_reader, reader
from headrace.platform.records.query import parse_query
from headrace.platform.records.restoring import earlier_state
from tests.support.documents import field, label
from tests.support.world import World, add_user, open_world, principal

READ = ["create", "read", "update", "delete"]


def documents(**options: Any) -> list[Document]:
    contents: list[dict[str, Any]] = [
        {"kind": "module", "name": "m", "version": "1.0.0"},
        {"kind": "role", "name": "clerk", "audience": "internal"},
        {"kind": "role", "name": "chief", "audience": "internal"},
        {
            "kind": "object",
            "name": "tag",
            "title": "code",
            "label": label("Tag", "标签"),
            "fields": [
                field("code", "text", length=20, external_id=True),
                field("open", "boolean"),
                field("price", "money"),
            ],
        },
        {
            "kind": "object",
            "name": "thing",
            "title": "name",
            "history": True,
            "fields": [
                field("name", "text", length=40),
                field("side", "text", length=40),
                field("main", "lookup", to="tag"),
                field("tags", "multi_lookup", to="tag", **options),
                field("many", "formula", returns="integer", formula="SIZE(tags)"),
                field("has_main", "formula", returns="boolean", formula="INCLUDES(tags, main)"),
                field("far", "formula", returns="boolean", formula="ISBLANK(tags) OR main.open"),
            ],
        },
        {
            "kind": "permission",
            "name": "tag",
            "object": "tag",
            "grants": [
                {"role": "chief", "actions": READ, "scope": "all"},
                {"role": "clerk", "actions": READ, "scope": {"criteria": "open"}},
            ],
        },
        {
            "kind": "permission",
            "name": "thing",
            "object": "thing",
            "grants": [
                {"role": "chief", "actions": READ, "scope": "all"},
                {"role": "clerk", "actions": READ, "scope": "all"},
            ],
        },
    ]
    return [Document("m", one) for one in contents]


class Tags:
    """A world with open tags a, b, c and hidden ones x, y."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clerk = world.as_(principal(add_user(world, "clerk"), "internal", "clerk"))
        self.chief = world.as_(principal(add_user(world, "chief"), "internal", "chief"))
        self.ids = {
            code: world.create("tag", {"code": code, "open": code in "abc", "price": "1.10"})
            for code in "abcxy"
        }

    def of(self, codes: str) -> list[str]:
        return [self.ids[one] for one in codes]

    def thing(self, codes: str, **more: Any) -> str:
        return self.world.create("thing", {"name": codes, "tags": self.of(codes), **more})

    def codes(self, record_id: str, context: Any = None) -> str:
        record = reader.get(context or self.world.context, "thing", record_id)
        return "".join(one["title"] for one in record["tags"] or ())

    def save(self, record_id: str, context: Any, **values: Any) -> None:
        version = reader.get(self.world.context, "thing", record_id)["version"]
        with self.world.database.writing(context.catalog.version) as work:
            self.world.store.update(context, work, "thing", record_id, values, version)

    def delete(self, code: str, context: Any = None, of: str = "tag") -> None:
        with self.world.database.writing(1) as work:
            self.world.store.delete(
                context or self.world.context, work, of, self.ids[code], self.version(of, code)
            )

    def version(self, of: str, code: str) -> int:
        return int(self.world.get(of, self.ids[code])["version"])

    def find(self, context: Any, filter_: Any, **more: Any) -> set[str]:
        query = parse_query(context, "thing", {"filter": filter_, "limit": 200, **more})
        return {one["name"] for one in reader.find(context, "thing", query).items}

    def links(self) -> list[tuple[str, str, int]]:
        """Return what stands in the table of links."""
        table = self.world.context.tables.of("thing").links["tags"]
        with self.world.database.reading() as reading:
            rows = reading.connection.execute(
                sa.select(table.c.record, table.c.linked, table.c.place)
            )
            return [(str(one), str(other), place) for one, other, place in rows]


@pytest.fixture
def tags(database_url: str) -> Iterator[Tags]:
    world = open_world(database_url, documents())
    yield Tags(world)
    world.database.dispose()


def problems(refusal: pytest.ExceptionInfo[RefusedError]) -> list[tuple[str, str, str]]:
    return [(one.code, one.path, one.message.en) for one in refusal.value.problems]


# -- values ----------------------------------------------------------------------------------------


def test_each_stands_once_in_the_order_given(tags: Tags) -> None:
    one = tags.thing("cabca")
    assert tags.codes(one) == "cab"
    tags.save(one, tags.chief, tags=tags.of("bc"))
    assert tags.codes(one) == "bc"
    assert sorted(tags.links()) == sorted(
        (one, tags.ids[code], place) for place, code in enumerate("bc")
    )


def test_keys_and_what_was_sent_out_are_taken(tags: Tags) -> None:
    record = reader.get(tags.world.context, "thing", tags.thing("ab"))
    sent = [*record["tags"], {"key": "c"}, {"key": "x", "by": "code"}]
    assert tags.codes(tags.world.create("thing", {"tags": sent})) == "abcx"


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        (5, "value.wrong_type", "/tags"),
        ([5], "value.wrong_type", "/tags/0"),
        (["x"], "value.invalid", "/tags/0"),
        ([{"key": "nobody"}], "reference.not_found", "/tags/0"),
        ([{"key": "a", "by": "price"}], "reference.unknown_key", "/tags/0"),
        (["01900000-0000-7000-8000-00000000dead"], "reference.not_found", "/tags/0"),
        (["01900000-0000-7000-8000-00000000dead"] * 501, "value.too_many", "/tags"),
    ],
)
def test_what_is_none_is_refused_at_its_place(tags: Tags, given: Any, code: str, path: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        tags.world.create("thing", {"tags": given})
    assert [(one.code, one.path) for one in refusal.value.problems] == [(code, path)]


def test_formulas_count_and_ask(tags: Tags) -> None:
    one = tags.world.get("thing", tags.thing("abx", main=tags.ids["b"]))
    none = tags.world.get("thing", tags.thing("", main=tags.ids["b"]))
    assert (one["many"], one["has_main"], one["far"]) == (3, True, True)
    assert (none["many"], none["has_main"], none["far"]) == (0, False, True)


def test_most_and_fewest(database_url: str) -> None:
    tags = Tags(open_world(database_url, documents(min=2, max=3)))
    for codes, code in (("a", "value.too_few"), ("abcx", "value.too_many")):
        with pytest.raises(RefusedError) as refusal:
            tags.thing(codes)
        assert [one.code for one in refusal.value.problems] == [code]
    assert tags.codes(tags.thing("abc")) == "abc"
    assert tags.codes(tags.thing("")) == ""


def test_only_what_fits_the_filter_is_taken_and_what_stood_there_stays(database_url: str) -> None:
    tags = Tags(open_world(database_url, documents(filter="open AND code != this.side")))
    one = tags.thing("ab", side="c")
    for codes in "abc", "abx":
        with pytest.raises(RefusedError) as refusal:
            tags.save(one, tags.chief, tags=tags.of(codes))
        assert [one.code for one in refusal.value.problems] == ["reference.not_found"]
    tags.save(one, tags.chief, side="a")
    tags.save(one, tags.chief, tags=tags.of("ba"))
    offered = reader.choices(tags.chief, "thing", "tags", values={"side": "b"})
    assert [one["title"] for one in offered] == ["a", "c"]


# -- what one may not see --------------------------------------------------------------------------


def test_a_reader_is_told_of_what_they_may_see_and_not_how_much_more_there_is(tags: Tags) -> None:
    mixed, hidden = tags.thing("xayb"), tags.thing("xy")
    assert tags.codes(mixed, tags.clerk) == "ab"
    assert reader.get(tags.clerk, "thing", hidden)["tags"] is None
    page = reader.find(
        tags.clerk, "thing", parse_query(tags.clerk, "thing", {"expand": "tags", "sort": "name"})
    )
    prices = [[one["price"] for one in record["tags"] or ()] for record in page.items]
    assert prices == [["1.10", "1.10"], []]


def test_filters_know_only_what_the_asker_may_see(tags: Tags) -> None:
    for codes in "xa", "xy", "ab", "":
        tags.thing(codes)
    holding = {"field": "tags", "op": "contains_any", "value": tags.of("xa")}
    every = {"field": "tags", "op": "contains_all", "value": tags.of("xa")}
    empty = {"field": "tags", "op": "is_null"}
    keyed = {"field": "tags", "op": "contains_all", "value": [{"key": "x"}, {"key": "y"}]}
    assert tags.find(tags.chief, holding) == {"xa", "xy", "ab"}
    assert tags.find(tags.clerk, holding) == {"xa", "ab"}
    assert tags.find(tags.chief, every) == {"xa"}
    assert tags.find(tags.clerk, every) == set()
    assert tags.find(tags.chief, empty) == {""} or tags.find(tags.chief, empty) == {None}
    assert len(tags.find(tags.clerk, empty)) == 2
    assert tags.find(tags.chief, keyed) == {"xy"}
    assert tags.find(tags.clerk, keyed) == set()
    assert tags.find(tags.chief, {"not": holding}) == tags.find(tags.chief, empty)


def test_what_cannot_be_asked_is_refused(tags: Tags) -> None:
    for data, code in (
        ({"filter": {"field": "tags", "op": "=", "value": []}}, "filter.operator"),
        ({"filter": {"field": "tags", "op": "contains_any", "value": "x"}}, "value.wrong_type"),
        ({"filter": {"field": "tags.code", "op": "=", "value": "a"}}, "field.unknown"),
        ({"sort": "tags"}, "query.not_sortable"),
    ):
        with pytest.raises(RefusedError) as refusal:
            parse_query(tags.chief, "thing", data)
        assert [one.code for one in refusal.value.problems] == [code], data


def test_a_writer_keeps_what_they_do_not_see(tags: Tags) -> None:
    one = tags.thing("xayb")
    tags.save(one, tags.clerk, tags=tags.of("ab"))
    assert tags.codes(one) == "xayb"
    tags.save(one, tags.clerk, tags=tags.of("ca"))
    assert tags.codes(one) == "caxy"
    tags.save(one, tags.clerk, tags=None)
    assert tags.codes(one) == "xy"
    tags.save(one, tags.chief, tags=tags.of("x"))
    assert tags.codes(one) == "x"


def test_what_one_does_not_see_is_refused_like_what_does_not_exist(tags: Tags) -> None:
    one = tags.thing("xa")
    told = []
    for unseen in tags.ids["x"], tags.ids["y"], "01900000-0000-7000-8000-00000000dead":
        with pytest.raises(RefusedError) as refusal:
            tags.save(one, tags.clerk, tags=[tags.ids["a"], unseen])
        told.append(problems(refusal))
    assert told[0] == told[1] == told[2]
    with pytest.raises(RefusedError) as refusal:
        tags.save(one, tags.clerk, tags=[{"key": "x"}])
    assert [one[0] for one in problems(refusal)] == ["reference.not_found"]


def test_history_and_earlier_states_tell_nothing_of_the_rest(tags: Tags) -> None:
    one = tags.thing("xa")
    tags.save(one, tags.chief, tags=tags.of("ya"))
    tags.save(one, tags.chief, tags=tags.of("yb"))
    lines = history_reader.history(tags.clerk, "thing", one)
    told = [
        (change["field"], _titles(change["old"]), _titles(change["new"]))
        for line in lines
        for change in line["changes"]
        if change["field"] == "tags"
    ]
    assert told == [("tags", ["a"], ["b"]), ("tags", [], ["a"])]
    assert len(history_reader.history(tags.chief, "thing", one)) == 3
    first = history_reader.history(tags.chief, "thing", one)[-1]["id"]
    with tags.world.database.reading() as reading:
        state = earlier_state(tags.clerk, reading, "thing", one, first, "after")
    assert state.data(["tags"]) == {"tags": tags.of("a")}
    tags.save(one, tags.clerk, **state.data(["tags"]))
    assert tags.codes(one) == "ay"


def _titles(value: Any) -> list[Any]:
    return [one["title"] for one in value or ()]


def test_a_clash_tells_nothing_of_the_rest(tags: Tags) -> None:
    one = tags.thing("xa")
    tags.save(one, tags.chief, tags=tags.of("yb"))
    with pytest.raises(StaleError) as refusal, tags.world.database.writing(1) as work:
        tags.world.store.update(tags.clerk, work, "thing", one, {"tags": tags.of("ac")}, 1)
    assert refusal.value.differences["tags"] == {
        "yours": tags.of("ac"),
        "stored": tags.of("b"),
        "was": tags.of("a"),
    }


# -- what is referred to goes ----------------------------------------------------------------------


def test_what_is_referred_to_cannot_be_deleted(tags: Tags) -> None:
    one = tags.thing("ab")
    with pytest.raises(RefusedError) as refusal:
        tags.delete("b", tags.clerk)
    assert [one.code for one in refusal.value.problems] == ["record.in_use"]
    tags.save(one, tags.chief, tags=tags.of("a"))
    tags.delete("b", tags.clerk)


def test_a_list_that_gives_way_loses_what_is_deleted(database_url: str) -> None:
    tags = Tags(open_world(database_url, documents(on_delete="remove")))
    one, other = tags.thing("xab"), tags.thing("b")
    tags.delete("b", tags.clerk)
    assert tags.codes(one) == "xa"
    record = tags.world.get("thing", other)
    assert (record["tags"], record["many"], record["version"]) == (None, 0, 2)
    assert [tags.ids["b"]] * 2 != [linked for _, linked, _ in tags.links()]
    assert tags.ids["b"] not in {linked for _, linked, _ in tags.links()}
    assert len(history_reader.history(tags.chief, "thing", one)) == 2


def test_a_record_comes_back_without_what_has_gone_meanwhile(database_url: str) -> None:
    tags = Tags(open_world(database_url, documents(on_delete="remove")))
    one = tags.ids["thing"] = tags.thing("ab")
    tags.delete("thing", of="thing")
    tags.delete("b")
    with tags.world.database.writing(1) as work:
        tags.world.store.undelete(tags.chief, work, "thing", one, 2)
    assert tags.codes(one) == "a"


def test_a_record_does_not_come_back_while_what_it_needs_is_gone(tags: Tags) -> None:
    one = tags.ids["thing"] = tags.thing("ab")
    tags.delete("thing", of="thing")
    tags.delete("b")
    with pytest.raises(RefusedError) as refusal, tags.world.database.writing(1) as work:
        tags.world.store.undelete(tags.chief, work, "thing", one, 2)
    assert [one.code for one in refusal.value.problems] == ["record.refers_to_deleted"]


# -- cost ------------------------------------------------------------------------------------------


def test_a_page_takes_the_same_statements_however_many_rows_it_has(tags: Tags) -> None:
    for _ in range(30):
        tags.thing("xayb")
    for expand, most in ((None, 1), ("tags", 2)):
        counted: list[int] = []
        for limit in (1, 30):
            data = {"limit": limit, **({"expand": expand} if expand else {})}
            query = parse_query(tags.clerk, "thing", data)
            reader.find(tags.clerk, "thing", query)
            with tags.world.database.snapshot() as reading:
                asked = Counting(reading)
                reader.find_in(tags.clerk, asked, "thing", query)
            counted.append(asked.count)
        assert counted == [most, most]


class Counting:
    """Counts the statements that go through it."""

    def __init__(self, reading: Any) -> None:
        self._reading = reading
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reading, name)

    def rows(self, prepared: Any, parameters: Any = None) -> Any:
        self.count += 1
        return self._reading.rows(prepared, parameters or {})
