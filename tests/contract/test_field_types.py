"""Every field type keeps its contract: its examples go through the store, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable

import jsonschema
import pytest

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.json_text import json_bytes
from headrace.platform.core.rich_text import words
from headrace.platform.exchange.exporting import ExportRequest, export_records
from headrace.platform.exchange.opening import open_file
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


def with_type(type_: FieldType, options: dict) -> list[Document]:
    """Return a workspace whose object `thing` has one field of the type."""
    definition = {"name": "value", "type": type_.key, **(options or OPTIONS.get(type_.key, {}))}
    contents = [
        {"kind": "module", "name": "m", "version": "1.0.0"},
        {"kind": "role", "name": "admin", "design": True},
        {"kind": "object", "name": "other", "fields": [{"name": "name", "type": "text"}]},
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
    return [Document("m", one) for one in contents]


def cases(*, refused: bool) -> list:
    found = []
    for type_ in TYPES:
        for example in type_.examples():
            if (example.refused is not None) == refused:
                name = f"{type_.key}: {str(example.given)[:30]!r}"
                found.append(pytest.param(type_, example, id=name))
    return found


@pytest.fixture
def world_of(database_url: str) -> Callable[[FieldType, dict], World]:
    return lambda type_, options: open_world(database_url, with_type(type_, options))


@pytest.mark.parametrize("type_", TYPES, ids=lambda one: one.key)
def test_a_type_declares_what_others_rely_on(type_: FieldType):
    assert type_.key.isidentifier()
    assert type_.label.en
    assert type_.label.zh
    assert type_.widget
    assert type_.operators
    assert "count" in type_.aggregates
    assert type_.__doc__


@pytest.mark.parametrize("type_", TYPES, ids=lambda one: one.key)
def test_a_type_is_in_the_closed_schema_with_its_options(type_: FieldType):
    schema = field_schema(built_in())
    options = OPTIONS.get(type_.key, {})

    jsonschema.validate({"name": "x", "type": type_.key, **options}, schema)

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"name": "x", "type": type_.key, **options, "colour_of": 1}, schema)


@pytest.mark.parametrize(("type_", "example"), cases(refused=False))
def test_an_accepted_example_comes_back_as_it_was_stored(
    type_: FieldType, example: Example, world_of
):
    world = world_of(type_, dict(example.options))

    record_id = world.create("thing", {"name": "x", "value": example.given})
    record = world.get("thing", record_id)

    assert record["value"] == example.stored
    field = world.context.catalog.objects["thing"].fields["value"]
    jsonschema.validate(json.loads(json_bytes(record["value"])), field.json_schema())


@pytest.mark.parametrize(("type_", "example"), cases(refused=False))
def test_an_accepted_example_goes_through_a_file(type_: FieldType, example: Example, world_of):
    if computed_of(type_) or reference_of(type_) or links_of(type_) or example.stored is None:
        pytest.skip("what nobody writes, and what is looked up")
    world = world_of(type_, dict(example.options))
    world.create("thing", {"name": "x", "value": example.given})
    field = world.context.catalog.objects["thing"].fields["value"]

    for kind in ("csv", "xlsx"):
        for shown in (False, True):
            asked = ExportRequest("thing", kind, {"fields": "name,value"}, shown=shown)
            with export_records(world.context, asked) as file:
                sheets = open_file(f"f.{kind}", file.read())
            row = next(one for one in sheets.rows(sheets.names[0]) if one.cell(0).text == "x")
            value = field.type.from_cell(row.cell(1), field.options, world.context.zone)
            again = world.create("thing", {"name": "y", "value": value})
            assert world.get("thing", again)["value"] == example.stored, (kind, shown)


@pytest.mark.parametrize(("type_", "example"), cases(refused=False))
def test_an_accepted_example_is_found_by_every_operator_that_fits(
    type_: FieldType, example: Example, world_of
):
    world = world_of(type_, dict(example.options))
    record_id = world.create("thing", {"name": "x", "value": example.given})
    world.create("thing", {"name": "empty"})
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
        page = reader.find(world.context, "thing", parse_query(world.context, "thing", data))

        assert record_id in [one["id"] for one in page.items], operator


@pytest.mark.parametrize(("type_", "example"), cases(refused=True))
def test_a_refused_example_is_refused_by_its_code_and_nothing_is_stored(
    type_: FieldType, example: Example, world_of
):
    world = world_of(type_, dict(example.options))

    with pytest.raises(RefusedError) as refusal:
        world.create("thing", {"name": "x", "value": example.given})

    assert [one.code for one in refusal.value.problems] == [example.refused]
    assert refusal.value.problems[0].path == "/value"
    assert refusal.value.problems[0].hint.zh
    page = reader.find(world.context, "thing", parse_query(world.context, "thing", {}))
    assert page.items == []


@pytest.mark.parametrize(
    "type_", [one for one in TYPES if one.key != "master_detail"], ids=lambda one: one.key
)
def test_nothing_given_is_null_unless_the_platform_makes_it(type_: FieldType, world_of):
    world = world_of(type_, {})

    record = world.get("thing", world.create("thing", {"name": "x"}))

    assert (record["value"] is not None) == (computed_of(type_) is not None)


@pytest.mark.parametrize(
    "type_", [one for one in TYPES if reference_of(one)], ids=lambda one: one.key
)
def test_a_reference_comes_back_with_its_title(type_: FieldType, world_of):
    world = world_of(type_, {})
    target = REFERENCE_TARGETS[type_.key]
    if target == "user":
        wanted = world.context.principal.user_id
    else:
        wanted = world.create(target, {"name": "the target"}) if target == "other" else None
    if target == "thing":
        wanted = world.create("thing", {"name": "the target"})

    record = world.get("thing", world.create("thing", {"name": "x", "value": wanted}))

    assert record["value"]["id"] == wanted
    assert record["value"]["title"]


@pytest.mark.parametrize(
    "type_", [one for one in TYPES if polymorphic_of(one)], ids=lambda one: one.key
)
def test_a_polymorphic_reference_comes_back_with_its_object_and_is_found(
    type_: FieldType, world_of
):
    world = world_of(type_, {})
    for target in ("thing", "other"):
        wanted = {"object": target, "id": world.create(target, {"name": f"the {target}"})}

        made = world.create("thing", {"name": "x", "value": wanted})
        record = world.get("thing", made)

        assert record["value"] == {**wanted, "title": f"the {target}"}
        field = world.context.catalog.objects["thing"].fields["value"]
        jsonschema.validate(json.loads(json.dumps(record["value"])), field.json_schema())
        for operator, value, found in (
            ("=", wanted, True),
            ("!=", wanted, False),
            ("in", [wanted], True),
            ("not_in", [wanted], False),
            ("refers_to", [target], True),
            ("refers_to", ["other" if target == "thing" else "thing"], False),
            ("is_null", True, False),
        ):
            data = {"filter": {"field": "value", "op": operator, "value": value}}
            page = reader.find(world.context, "thing", parse_query(world.context, "thing", data))
            assert (made in [one["id"] for one in page.items]) is found, operator


@pytest.mark.parametrize("type_", [one for one in TYPES if links_of(one)], ids=lambda one: one.key)
def test_a_list_of_references_comes_back_with_titles_and_is_found(type_: FieldType, world_of):
    world = world_of(type_, {})
    if type_.key == "users":
        wanted = [world.context.principal.user_id]
    else:
        wanted = [world.create("thing", {"name": name}) for name in ("one", "two")][::-1]

    made = world.create("thing", {"name": "x", "value": wanted})
    record = world.get("thing", made)

    assert [one["id"] for one in record["value"]] == wanted
    assert all(one["title"] for one in record["value"])
    field = world.context.catalog.objects["thing"].fields["value"]
    jsonschema.validate(json.loads(json.dumps(record["value"])), field.json_schema())
    for operator, value, found in (
        ("contains_any", wanted[:1], True),
        ("contains_all", wanted, True),
        ("is_null", True, False),
    ):
        data = {"filter": {"field": "value", "op": operator, "value": value}}
        page = reader.find(world.context, "thing", parse_query(world.context, "thing", data))
        assert (made in [one["id"] for one in page.items]) is found, operator
