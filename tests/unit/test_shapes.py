"""JSON Schemas are derived from types: closed, described, and refused where there is no JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import jsonschema_rs
import pytest

from headrace.platform.core.shapes import Keyword, Moment, keys_of, schema_of


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Wheel(TypedDict):
    """A part."""

    size: Annotated[int, Keyword("minimum", 1), "In inches."]
    made_at: NotRequired[Moment]


class Car(TypedDict):
    """What has parts."""

    colour: Colour | None
    wheels: list[Wheel]
    labels: Mapping[str, str]
    kind: Literal["small", "large"]
    more: Any


GOOD = {
    "colour": "red",
    "wheels": [{"size": 16, "made_at": "2026-01-31T08:00:00Z"}, {"size": 15}],
    "labels": {"en": "Car"},
    "kind": "small",
    "more": [1, None],
}
WRONG: tuple[dict[str, Any], ...] = (
    {"colour": "green"},
    {"wheels": [{}]},
    {"wheels": [{"size": 0}]},
    {"wheels": [{"size": "16"}]},
    {"wheels": [{"size": 16, "made_at": None}]},
    {"labels": {"en": 1}},
    {"kind": "middle"},
    {"doors": 5},
)


def test_a_shape_takes_what_its_type_takes():
    check = jsonschema_rs.Draft202012Validator(schema_of(Car))
    assert check.is_valid(GOOD)
    assert check.is_valid({**GOOD, "colour": None})
    for change in WRONG:
        assert not check.is_valid({**GOOD, **change}), change
    for key in GOOD:
        assert not check.is_valid({name: one for name, one in GOOD.items() if name != key}), key


def test_a_shape_has_a_name_and_says_what_its_keys_are():
    wheel = schema_of(Wheel)
    assert wheel["title"] == "Wheel"
    assert wheel["required"] == ["size"]
    assert wheel["properties"]["size"] == {
        "type": "integer",
        "minimum": 1,
        "description": "In inches.",
    }
    assert keys_of(Car) == ("colour", "wheels", "labels", "kind", "more")


def test_what_has_no_json_form_is_refused():
    for shape in (date, list[date], dict[int, str], tuple[int, int]):
        with pytest.raises(TypeError):
            schema_of(shape)
