"""Write the front end's types of what the designer asks and is answered.

Usage: python -m tools.write_api_types
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from headrace.blueprints.api.design_shapes import NAMED

TARGET: Final = Path(__file__).parents[1] / "designer" / "src" / "design" / "api_types.ts"
HEAD: Final = """/** Written by tools/write_api_types.py from the shapes of the OpenAPI document: change these, then run it. */

import type { Json, JsonObject } from "./model/json";
"""
SIMPLE: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}


def types() -> str:
    """Return the text of the file with the types."""
    parts = (
        f"export interface {name} {_type(shape, 0)}\n" for name, shape in sorted(NAMED.items())
    )
    return "\n".join((HEAD, *parts))


def _type(shape: dict[str, Any], depth: int) -> str:
    if "enum" in shape:
        return " | ".join(json.dumps(one) for one in shape["enum"])
    given = shape.get("type")
    kinds = given if isinstance(given, list) else [given]
    return " | ".join(_one(kind, shape, depth) for kind in kinds)


def _one(kind: str | None, shape: dict[str, Any], depth: int) -> str:
    if kind is None:
        return "Json"
    if kind in SIMPLE:
        return SIMPLE[kind]
    if kind == "array":
        inner = _type(shape["items"], depth)
        if "maxItems" in shape and shape["maxItems"] == shape.get("minItems"):
            return f"readonly [{', '.join([inner] * shape['maxItems'])}]"
        return f"readonly ({inner})[]" if "|" in inner else f"readonly {inner}[]"
    if "properties" in shape:
        pad = "  " * (depth + 1)
        lines = (
            f"{pad}readonly {key}{'' if key in shape['required'] else '?'}: {_type(one, depth + 1)};"
            for key, one in shape["properties"].items()
        )
        return "{\n" + "\n".join(lines) + "\n" + "  " * depth + "}"
    more = shape.get("additionalProperties")
    return "JsonObject" if more is None else f"Readonly<Record<string, {_type(more, depth)}>>"


if __name__ == "__main__":
    TARGET.write_text(types(), encoding="utf-8")
