"""Every key that a designer shows has a label, help and words for its values, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from headrace.platform.core.problems import LANGUAGES, Language
from headrace.platform.metadata.definitions.keys import SCHEMA_KEY
from headrace.platform.metadata.described import described_schemas
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.key_texts import KEY_TEXTS, key_text
from headrace.platform.metadata.key_texts.palette import GROUPS, TILES
from headrace.platform.metadata.schemas import schemas
from headrace.platform.metadata.wording import KIND_WORDS

HOW = "give it a line in headrace/platform/metadata/key_texts"
TYPES = built_in()
DESCRIBED = {language: described_schemas(TYPES, language) for language in LANGUAGES}


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every object within a schema."""
    if isinstance(schema, dict):
        yield schema
        for one in schema.values():
            yield from parts(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from parts(one)


def keys() -> set[str]:
    found = (one.get(SCHEMA_KEY) for one in parts(schemas(TYPES)))
    return {one for one in found if isinstance(one, str)}


def properties(language: Language) -> Iterator[tuple[str, dict[str, Any]]]:
    for one in parts(DESCRIBED[language]):
        if isinstance(one.get("properties"), dict) and "$ref" not in one["properties"]:
            yield from (item for item in one["properties"].items() if item[1])


def test_every_key_has_words() -> None:
    lacking = sorted(one for one in keys() if key_text(one) is None)

    assert lacking == [], HOW


def test_no_words_are_left_of_a_key_that_is_gone() -> None:
    known = keys() | {one.rpartition(".")[2] for one in keys()}

    assert sorted(set(KEY_TEXTS) - known) == []


def test_the_words_of_a_key_are_whole() -> None:
    halves = [
        key
        for key, text in KEY_TEXTS.items()
        if not (text.title.en and text.title.zh and text.help_zh.endswith("。"))
    ]

    assert halves == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_property_has_a_label_help_and_a_place(language: Language) -> None:
    wanted = {"title", "description", "x-group", "x-order"}
    lacking = {
        name
        for name, schema in properties(language)
        # A branch of a choice by the type names only what it looks at.
        if "const" not in schema and not wanted <= schema.keys()
    }

    assert lacking == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_help_is_a_sentence(language: Language) -> None:
    end = "." if language == "en" else "。"
    odd = {
        (name, schema["description"])
        for name, schema in properties(language)
        if "const" not in schema and not schema["description"].rstrip("…`）)").endswith(end)
    }

    assert odd == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_value_of_an_enum_has_a_word(language: Language) -> None:
    lacking = [
        value
        for one in parts(DESCRIBED[language])
        if isinstance(one.get("enum"), list) and "x-names" not in one
        for value in one["enum"]
        if not one.get("x-labels", {}).get(value)
    ]

    assert lacking == []


def test_the_order_of_properties_puts_the_daily_ones_first() -> None:
    for one in parts(DESCRIBED["en"]):
        shown = one.get("properties")
        if isinstance(shown, dict) and all("x-order" in each for each in shown.values()):
            inside = sorted(shown.values(), key=lambda each: each["x-order"])
            groups = [each["x-group"] for each in inside]
            assert groups == sorted(groups), sorted(shown)


def test_the_choices_of_a_choice_stand_behind_its_type() -> None:
    branches = DESCRIBED["en"]["object"]["properties"]["fields"]["items"]["allOf"]
    shown = next(one["then"] for one in branches if one["then"]["title"] == "choice")["properties"]
    order = sorted(shown, key=lambda each: shown[each]["x-order"])

    assert order[:5] == ["label", "name", "type", "choices", "choice_set"]


def test_references_and_formulas_are_marked() -> None:
    kinds = DESCRIBED["en"]
    form = kinds["form"]["properties"]
    approval = kinds["approval"]["properties"]
    creates = kinds["automation"]["properties"]["actions"]["items"]["properties"]["create"]

    assert form["object"]["x-refers-to"] == "object"
    assert form["for"]["properties"]["roles"]["x-refers-to"] == "role"
    assert form["sections"]["items"]["properties"]["items"]["items"]["x-short"] == "field"
    assert approval["when"]["x-formula-context"] == {"over": "record", "result": "boolean"}
    assert creates["properties"]["set"]["x-names-refer-to"] == "row field"


def test_every_field_type_has_its_tile() -> None:
    assert set(TILES) == {one.key for one in TYPES}
    assert {one.group for one in TILES.values()} == set(GROUPS)
    assert all(one.help.en and one.help.zh for one in TILES.values())


def test_every_kind_has_a_name() -> None:
    assert set(DESCRIBED["en"]) <= set(KIND_WORDS)
