"""Fields with several references as definitions change: added, dropped, brought back, renamed, converted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import RefusedError
from headrace.platform.records import reader
from headrace.platform.records.query import parse_query
from tests.support.documents import field, label
from tests.support.publishing import MODULE, Publishing, published_at
from tests.support.retypes import back_to, line_of, planned, published, version


def contents() -> dict[tuple[str, str], dict[str, Any]]:
    return {
        ("module", MODULE): {
            "kind": "module",
            "name": MODULE,
            "version": "1.0.0",
            "label": label("Things", "物品"),
        },
        ("object", "tag"): {
            "kind": "object",
            "name": "tag",
            "title": "code",
            "label": label("Tag", "标签"),
            "fields": [field("code", "text", length=20, external_id=True)],
        },
        ("object", "thing"): {
            "kind": "object",
            "name": "thing",
            "label": label("Thing", "物品"),
            "fields": [
                field("code", "text", length=20, external_id=True),
                field("tags", "multi_lookup", to="tag"),
                field("main", "lookup", to="tag"),
            ],
        },
    }


class Shop:
    def __init__(self, work: Publishing) -> None:
        self.work = work
        self.tags = {code: work.create("tag", code=code) for code in "abc"}

    def thing(self, codes: str, main: str | None = None) -> str:
        values = {"tags": [self.tags[one] for one in codes], "code": f"{codes}-{main}"}
        return self.work.create("thing", **values, main=self.tags[main] if main else None)

    def field(self, name: str) -> dict[str, Any]:
        return self.work.field("thing", name)

    def retype(self, name: str, kind: str, **options: Any) -> None:
        chosen = self.field(name)
        kept = {key: chosen[key] for key in ("name", "label", "id") if key in chosen}
        chosen.clear()
        chosen.update({**kept, "type": kind, **options})

    def drop(self, name: str) -> None:
        model = self.work.contents["object", "thing"]
        model["fields"] = [one for one in model["fields"] if one["name"] != name]

    def shown(self, name: str = "tags") -> dict[str, str]:
        """Return the codes that the field of each thing holds, by the code of the thing."""

        def ask(context: Any) -> dict[str, str]:
            query = parse_query(context, "thing", {"limit": 200})
            found = {}
            for one in reader.find(context, "thing", query).items:
                value = one[name]
                listed = value if isinstance(value, list) else [value] if value else []
                found[one["code"]] = "".join(each["title"] for each in listed)
            return found

        return self.work.platform.perform_as_system(ask)

    def holding(self, code: str, name: str = "tags") -> set[str]:
        def ask(context: Any) -> set[str]:
            filter_ = {"field": name, "op": "contains_any", "value": [self.tags[code]]}
            query = parse_query(context, "thing", {"filter": filter_})
            return {one["code"] for one in reader.find(context, "thing", query).items}

        return self.work.platform.perform_as_system(ask)

    def link_tables(self) -> int:
        with self.work.platform.database.reading() as reading:
            names = sa.inspect(reading.connection).get_table_names()
        return sum(one.startswith("lk_") for one in names)


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    with published_at(database_url, tmp_path / "modules", contents()) as work:
        yield Shop(work)


def codes(plan: Any) -> list[str]:
    """Return the codes of lines that tell more than that a document differs."""
    return [one.code for one in plan.lines if one.code != "object.change"]


def test_a_plan_speaks_of_the_field_and_not_of_its_links(shop: Shop) -> None:
    shop.thing("ab")
    shop.work.contents["object", "thing"]["fields"].append(field("more", "multi_lookup", to="tag"))
    assert codes(planned(shop.work)) == ["field.add"]
    published(shop.work)
    shop.drop("tags")
    assert codes(planned(shop.work)) == ["field.drop"]


def test_what_was_dropped_comes_back_as_it_was(shop: Shop) -> None:
    shop.thing("ba"), shop.thing("c")
    before = version(shop.work)
    shop.drop("tags")
    published(shop.work)
    assert shop.link_tables() == 0
    shop.work.platform.write_as_system(
        lambda context, work: shop.work.platform.store.delete(
            context, work, "tag", shop.tags["c"], 1
        )
    )
    back_to(shop.work, before)
    assert shop.shown() == {"ba-None": "ba", "c-None": ""}
    assert (shop.holding("a"), shop.holding("c")) == ({"ba-None"}, set())
    assert shop.link_tables() == 1


def test_an_object_that_was_dropped_comes_back_with_its_links(shop: Shop) -> None:
    shop.thing("ba")
    before = version(shop.work)
    thing = shop.work.contents.pop(("object", "thing"))
    tag = shop.work.contents.pop(("object", "tag"))
    shop.work.contents["object", "other"] = {
        **thing,
        "name": "other",
        "fields": thing["fields"][:1],
    }
    published(shop.work)
    assert shop.link_tables() == 0
    shop.work.contents.update({("object", "thing"): thing, ("object", "tag"): tag})
    back_to(shop.work, before)
    assert shop.shown() == {"ba-None": "ba"}
    assert shop.holding("b") == {"ba-None"}


def test_a_rename_touches_nothing(shop: Shop) -> None:
    shop.thing("ba")
    shop.field("tags").update(name="labels", was="tags")
    assert codes(planned(shop.work)) == ["field.rename"]
    published(shop.work)
    assert shop.shown("labels") == {"ba-None": "ba"}
    assert shop.holding("b", "labels") == {"ba-None"}


def test_a_lookup_becomes_a_list_of_one_and_comes_back(shop: Shop) -> None:
    shop.thing("", "a"), shop.thing("b")
    before = version(shop.work)
    shop.retype("main", "multi_lookup", to="tag")
    published(shop.work)
    assert shop.shown("main") == {"-a": "a", "b-None": ""}
    assert shop.holding("a", "main") == {"-a"}
    with pytest.raises(RefusedError) as refusal:
        shop.work.platform.write_as_system(
            lambda context, work: shop.work.platform.store.delete(
                context, work, "tag", shop.tags["a"], 1
            )
        )
    assert [one.code for one in refusal.value.problems] == ["record.in_use"]
    back_to(shop.work, before)
    assert shop.shown("main") == {"-a": "a", "b-None": ""}


def test_a_list_becomes_a_lookup_where_it_has_one(shop: Shop) -> None:
    shop.thing("a"), shop.thing(""), shop.thing("bc")
    before = version(shop.work)
    shop.retype("tags", "lookup", to="tag")
    line = line_of(planned(shop.work))
    assert (line.rows, line.failing_count) == (2, 1)
    published(shop.work)
    assert shop.shown() == {"a-None": "a", "-None": "", "bc-None": ""}
    back_to(shop.work, before)
    assert shop.shown() == {"a-None": "a", "-None": "", "bc-None": "bc"}
    assert shop.holding("c") == {"bc-None"}


def test_a_list_of_another_object_begins_anew(shop: Shop) -> None:
    shop.thing("ab")
    shop.work.contents["object", "kind"] = {
        "kind": "object",
        "name": "kind",
        "label": label("Kind", "种类"),
        "fields": [field("name", "text", length=20)],
    }
    before = version(shop.work)
    shop.retype("tags", "multi_lookup", to="kind")
    published(shop.work)
    assert shop.shown() == {"ab-None": ""}
    back_to(shop.work, before)
    assert shop.shown() == {"ab-None": "ab"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda model: model["fields"][1].update(to="nobody"), "ref.unknown_object"),
        (lambda model: model["fields"][1].update(min=3, max=2), "option.min_above_max"),
        (lambda model: model["fields"][1].update(max=501), "field.range"),
        (lambda model: model["fields"][1].update(on_delete="cascade"), "schema.not_allowed"),
        (lambda model: model["fields"][1].update(unique=True), "field.inert_key"),
        (lambda model: model.update(title="tags"), "object.title"),
        (lambda model: model.update(unique=[{"fields": ["code", "tags"]}]), "key.of_lists"),
        (
            lambda model: model["fields"].append(
                field("f", "formula", returns="boolean", formula="tags = tags")
            ),
            "formula.type",
        ),
        (
            lambda model: model["fields"].append(
                field("f", "formula", returns="text", formula="CONCAT(tags, 'x')")
            ),
            "formula.type",
        ),
        (
            lambda model: model["fields"].append(
                field("f", "formula", returns="text", formula="tags.code")
            ),
            "formula.unknown_field",
        ),
        (
            lambda model: model["fields"].append(
                field("f", "formula", returns="boolean", formula="INCLUDES(tags, USER())")
            ),
            "formula.arguments",
        ),
    ],
)
def test_a_bad_definition_is_refused_by_its_code(shop: Shop, change: Any, code: str) -> None:
    change(shop.work.contents["object", "thing"])
    found = shop.work.plan().refused
    assert code in [one.code for one in found], [(one.code, one.path) for one in found]


def test_a_plan_counts_the_rows_that_a_new_filter_would_refuse(shop: Shop) -> None:
    shop.thing("ab"), shop.thing("c"), shop.thing("")
    shop.field("tags")["filter"] = "code != 'b'"
    line = line_of(planned(shop.work), "filter.change")
    assert (line.failing_count, line.rows) == (1, line.rows)


def test_a_new_list_gets_its_default_in_rows_that_are_there(shop: Shop) -> None:
    shop.thing("", "a"), shop.thing("b")
    shop.work.contents["object", "thing"]["fields"].append(
        field("more", "multi_lookup", to="tag", default="main")
    )
    published(shop.work, **{"backfill": {}} if False else {})
    assert shop.holding("a", "more") <= {"-a"}
    made = shop.thing("c", "b")
    assert made
    assert "c-b" in shop.holding("b", "more")
