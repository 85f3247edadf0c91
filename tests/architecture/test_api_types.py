"""The front end's types of the API are those that the shapes of the OpenAPI document give."""

from __future__ import annotations

from tools.write_api_types import TARGET, types


def test_the_types_are_as_the_shapes_are_now():
    assert TARGET.read_text(encoding="utf-8") == types(), "run python -m tools.write_api_types"
