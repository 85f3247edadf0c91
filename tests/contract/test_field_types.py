"""Every field type keeps its contract: its examples go through the store, on both databases."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.json_text import json_bytes
from headrace.platform.core.rich_text import words
from headrace.platform.exchange.exporting import ExportRequest, export_records
from headrace.platform.exchange.opening import open_file
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.field_types.base import (
    Example,
    FieldType,
    computed_of,
    links_of,
    polymorphic_of,
    reference_of,
)
from headrace.platform.metadata.schemas import field_schema
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import parse_query
from tests.support.world import World, open_world

TYPES = tuple(built_in())
REFERENCE_TARGETS = {"lookup": "thing", "tree": "thing", "master_detail": "other", "user": "user"}
OPTIONS = {
    "lookup": {"to": "thing"},
    "multi_lookup": {"to": "thing"},
    "polymorphic_lookup": {"targets": ["thing", "other"]},
    "master_detail": {"to": "other"},
    "choice": {"choices": [{"value": "a"}, {"value": "b"}]},
    "multi_choice": {"choices": [{"value": "a"}, {"value": "b"}]},
    "auto_number": {"pattern": "T-{0000}"},
    "formula": {"returns": "money", "formula": "1.005 * 2"},
    "rollup": {"op": "count", "of": "detail", "by": "master"},
    "state": {"workflow": "flow"},
    "period": {"unit": "quarter"},
}
FLOW = {
    "kind": "workflow", "name": "flow", "object": "thing", "field": "value",
    "states": [{"name": "new", "initial": True}, {"name": "old", "final": True}],
    "transitions": [{"name": "age", "from": ["new"], "to": "old"}],
}  # fmt: skip


SHARED = (
    {"kind": "module", "name": "m", "version": "1.0.0"},
    {"kind": "role", "name": "admin", "design": True},
    {"kind": "object", "name": "other", "fields": [{"name": "name", "type": "text"}]},
)


def suffix(type_: FieldType, number: int) -> str:
    """Return what names of objects end with; examples of polymorphic references say them plainly."""
    return "" if polymorphic_of(type_) else f"_{number}"


def with_type(type_: FieldType, options: dict, number: int) -> list[dict]:
    """Return the documents of an object with one field of the type, under names of its own."""
    definition = {"name": "value", "type": type_.key, **options}
    contents = [
        {
            "kind": "object",
            "name": "thing",
            "title": "name",
            "fields": [{"name": "name", "type": "text"}, definition],
        },
        {
            "kind": "object",
            "name": "detail",
            "fields": [{"name": "master", "type": "lookup", "to": "thing"}],
        },
    ]
    if type_.key == "state":
        contents.append(FLOW)
    text = json.dumps(contents, ensure_ascii=False)
    for name in ("thing", "detail", "flow"):
        text = re.sub(rf'"{name}(?=["])', f'"{name}{suffix(type_, number)}', text)
    return json.loads(text)


def key_of(type_: FieldType, options: dict) -> str:
    return json.dumps([type_.key, options or OPTIONS.get(type_.key, {})], ensure_ascii=False)


def all_keys() -> list[str]:
    examples = [(type_, dict(one.options)) for type_ in TYPES for one in type_.examples()]
    bare = [(type_, {}) for type_ in TYPES]
    return list(dict.fromkeys(key_of(*one) for one in (*examples, *bare)))


KEYS = all_keys()


@dataclass(frozen=True)
class Things:
    """The records of one type's object, in a workspace that all tests share."""

    world: World
    suffix: str

    @property
    def thing(self) -> str:
        return self.name("thing")

    def name(self, target: str) -> str:
        return target if target == "other" else target + self.suffix

    @property
    def context(self) -> Context:
        return self.world.context

    @property
    def field(self) -> FieldModel:
        return self.context.catalog.objects[self.thing].fields["value"]

    def create(self, data: Any, target: str = "thing") -> str:
        return self.world.create(self.name(target), data)

    def get(self, record_id: str) -> Any:
        return self.world.get(self.thing, record_id)

    def find(self, **data: Any) -> list[Any]:
        query = parse_query(self.context, self.thing, data)
        return list(reader.find(self.context, self.thing, query).items)


def cases(*, refused: bool) -> list:
    found = []
    for type_ in TYPES:
        for example in type_.examples():
            if (example.refused is not None) == refused:
                name = f"{type_.key}: {str(example.given)[:30]!r}"
                found.append(pytest.param(type_, example, id=name))
    return found


@pytest.fixture(scope="module")
def shared(shared_database_url: str) -> Iterator[World]:
    documents = list(SHARED)
    for number, key in enumerate(KEYS):
        name, options = json.loads(key)
        documents += with_type(built_in()[name], options, number)
    world = open_world(shared_database_url, [Document("m", one) for one in documents])
    yield world
    world.database.dispose()


@pytest.fixture
def things_of(shared: World) -> Iterator[Callable[[FieldType, dict], Things]]:
    """Give the object of a type, without records; what a test made of it is gone afterwards."""
    used: list[Things] = []

    def find(type_: FieldType, options: dict) -> Things:
        number = KEYS.index(key_of(type_, options))
        used.append(Things(shared, suffix(type_, number)))
        return used[-1]

    yield find
    tables = shared.context.tables
    with shared.database.writing(1) as work:
        for things in used:
            found = tables.of(things.thing)
            for links in found.links.values():
                work.connection.execute(sa.delete(links))
            if things.field.target is not None:
                # They may refer to each other.
                value = found.columns["value"].name
                work.connection.execute(sa.update(found.table).values({value: None}))
            work.connection.execute(sa.delete(found.table))


@pytest.mark.parametrize("type_", TYPES, ids=lambda one: one.key)
def test_a_type_declares_what_others_rely_on(type_: FieldType):
    assert type_.key.isidentifier()
    assert type_.label.en
    assert type_.label.zh
    assert type_.widget
    assert type_.operators
    assert "count" in type_.aggregates
    assert type_.__doc__


@pytest.fixture(scope="module")
def closed_schema() -> jsonschema.protocols.Validator:
    """The schema of fields, itself checked."""
    schema = field_schema(built_in())
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


@pytest.mark.parametrize("type_", TYPES, ids=lambda one: one.key)
def test_a_type_is_in_the_closed_schema_with_its_options(
    type_: FieldType, closed_schema: jsonschema.protocols.Validator
):
    options = OPTIONS.get(type_.key, {})

    closed_schema.validate({"name": "x", "type": type_.key, **options})

    with pytest.raises(jsonschema.ValidationError):
        closed_schema.validate({"name": "x", "type": type_.key, **options, "colour_of": 1})


@pytest.mark.parametrize(("type_", "example"), cases(refused=False))
def test_an_accepted_example_comes_back_as_it_was_stored(
    type_: FieldType, example: Example, things_of
):
    things = things_of(type_, dict(example.options))

    record_id = things.create({"name": "x", "value": example.given})
    record = things.get(record_id)

    assert record["value"] == example.stored
    field = things.field
    jsonschema.validate(json.loads(json_bytes(record["value"])), field.json_schema())


@pytest.mark.parametrize(("type_", "example"), cases(refused=False))
def test_an_accepted_example_goes_through_a_file(type_: FieldType, example: Example, things_of):
    if computed_of(type_) or reference_of(type_) or links_of(type_) or example.stored is None:
        pytest.skip("what nobody writes, and what is looked up")
    things = things_of(type_, dict(example.options))
    things.create({"name": "x", "value": example.given})
    field = things.field

    for kind in ("csv", "xlsx"):
        for shown in (False, True):
            asked = ExportRequest(things.thing, kind, {"fields": "name,value"}, shown=shown)
            with export_records(things.context, asked) as file:
                sheets = open_file(f"f.{kind}", file.read())
            row = next(one for one in sheets.rows(sheets.names[0]) if one.cell(0).text == "x")
            value = field.type.from_cell(row.cell(1), field.options, things.context.zone)
            again = things.create({"name": "y", "value": value})
            assert things.get(again)["value"] == example.stored, (kind, shown)


@pytest.mark.parametrize(("type_", "example"), cases(refused=False))
def test_an_accepted_example_is_found_by_every_operator_that_fits(
    type_: FieldType, example: Example, things_of
):
    things = things_of(type_, dict(example.options))
    record_id = things.create({"name": "x", "value": example.given})
    things.create({"name": "empty"})
    stored = example.stored
    asked = {"is_null": stored is None}
    if stored is not None:
        asked |= {"=": stored, "<=": stored, ">=": stored, "in": [stored]}
        if isinstance(stored, str):
            # Rich text is looked in for its words.
            said = words(stored) if type_.key == "rich_text" else stored
            asked |= {"contains": said[:1], "starts_with": said[:1]}

    for operator in type_.operators & asked.keys():
        data = {"filter": {"field": "value", "op": operator, "value": asked[operator]}}
        assert record_id in [one["id"] for one in things.find(**data)], operator


@pytest.mark.parametrize(("type_", "example"), cases(refused=True))
def test_a_refused_example_is_refused_by_its_code_and_nothing_is_stored(
    type_: FieldType, example: Example, things_of
):
    things = things_of(type_, dict(example.options))

    with pytest.raises(RefusedError) as refusal:
        things.create({"name": "x", "value": example.given})

    assert [one.code for one in refusal.value.problems] == [example.refused]
    assert refusal.value.problems[0].path == "/value"
    assert refusal.value.problems[0].hint.zh
    assert things.find() == []


@pytest.mark.parametrize(
    "type_", [one for one in TYPES if one.key != "master_detail"], ids=lambda one: one.key
)
def test_nothing_given_is_null_unless_the_platform_makes_it(type_: FieldType, things_of):
    things = things_of(type_, {})

    record = things.get(things.create({"name": "x"}))

    assert (record["value"] is not None) == (computed_of(type_) is not None)


@pytest.mark.parametrize(
    "type_", [one for one in TYPES if reference_of(one)], ids=lambda one: one.key
)
def test_a_reference_comes_back_with_its_title(type_: FieldType, things_of):
    things = things_of(type_, {})
    target = REFERENCE_TARGETS[type_.key]
    if target == "user":
        wanted = things.context.principal.user_id
    else:
        wanted = things.create({"name": "the target"}, target)

    record = things.get(things.create({"name": "x", "value": wanted}))

    assert record["value"]["id"] == wanted
    assert record["value"]["title"]


@pytest.mark.parametrize(
    "type_", [one for one in TYPES if polymorphic_of(one)], ids=lambda one: one.key
)
def test_a_polymorphic_reference_comes_back_with_its_object_and_is_found(
    type_: FieldType, things_of
):
    things = things_of(type_, {})
    for target in ("thing", "other"):
        made = things.create({"name": f"the {target}"}, target)
        wanted = {"object": things.name(target), "id": made}

        made = things.create({"name": "x", "value": wanted})
        record = things.get(made)

        assert record["value"] == {**wanted, "title": f"the {target}"}
        field = things.field
        jsonschema.validate(json.loads(json.dumps(record["value"])), field.json_schema())
        for operator, value, found in (
            ("=", wanted, True),
            ("!=", wanted, False),
            ("in", [wanted], True),
            ("not_in", [wanted], False),
            ("refers_to", [things.name(target)], True),
            ("refers_to", [things.name("other" if target == "thing" else "thing")], False),
            ("is_null", True, False),
        ):
            data = {"filter": {"field": "value", "op": operator, "value": value}}
            assert (made in [one["id"] for one in things.find(**data)]) is found, operator


@pytest.mark.parametrize("type_", [one for one in TYPES if links_of(one)], ids=lambda one: one.key)
def test_a_list_of_references_comes_back_with_titles_and_is_found(type_: FieldType, things_of):
    things = things_of(type_, {})
    if type_.key == "users":
        wanted = [things.context.principal.user_id]
    else:
        wanted = [things.create({"name": name}) for name in ("one", "two")][::-1]

    made = things.create({"name": "x", "value": wanted})
    record = things.get(made)

    assert [one["id"] for one in record["value"]] == wanted
    assert all(one["title"] for one in record["value"])
    field = things.field
    jsonschema.validate(json.loads(json.dumps(record["value"])), field.json_schema())
    for operator, value, found in (
        ("contains_any", wanted[:1], True),
        ("contains_all", wanted, True),
        ("is_null", True, False),
    ):
        data = {"filter": {"field": "value", "op": operator, "value": value}}
        assert (made in [one["id"] for one in things.find(**data)]) is found, operator
