"""Write the front end's types of what the designer asks and is answered.

Usage: python -m tools.write_api_types
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from headrace.blueprints.api.shapes import CALLS
from headrace.platform.core.shapes import schema_of

TARGET: Final = Path(__file__).parents[1] / "designer" / "src" / "design" / "api_types.ts"
HEAD: Final = """/** Written by tools/write_api_types.py from headrace/blueprints/api/shapes: change these, then run it. */

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
    """Return the text of the file: an interface for each shape, and which call has which.

    Raise ValueError where two shapes have one name.
    """
    writer = _Writer()
    lines = [
        f'  readonly "{method.upper()} {path}": {{\n'
        f"    readonly asked: {'null' if call.asked is None else writer.type(schema_of(call.asked))};\n"
        f"    readonly answer: {writer.type(schema_of(call.answer))};\n"
        "  };\n"
        for (method, path), call in CALLS.items()
    ]
    calls = (
        "/** The calls of the API by method and path. */\nexport interface Calls {\n"
        + "".join(lines)
        + "}\n"
    )
    return "\n".join((HEAD, *(text for _, text in sorted(writer.interfaces.items())), calls))


class _Writer:
    """Writes types; a shape with a name becomes an interface of that name."""

    def __init__(self) -> None:
        self.interfaces: dict[str, str] = {}

    def type(self, shape: dict[str, Any]) -> str:
        """Return the type of a schema."""
        if "enum" in shape:
            return " | ".join(json.dumps(one) for one in shape["enum"])
        if "anyOf" in shape:
            return " | ".join(self.type(one) for one in shape["anyOf"])
        given = shape.get("type")
        kinds = given if isinstance(given, list) else [given]
        return " | ".join(self._one(kind, shape) for kind in kinds)

    def _one(self, kind: str | None, shape: dict[str, Any]) -> str:
        if kind is None:
            return "Json"
        if kind in SIMPLE:
            return SIMPLE[kind]
        if kind == "array":
            return self._list(shape)
        if "properties" in shape:
            return self._named(shape)
        more = shape.get("additionalProperties")
        return "JsonObject" if more is None else f"Readonly<Record<string, {self.type(more)}>>"

    def _list(self, shape: dict[str, Any]) -> str:
        inner = self.type(shape["items"])
        if "maxItems" in shape and shape["maxItems"] == shape.get("minItems"):
            return f"readonly [{', '.join([inner] * shape['maxItems'])}]"
        return f"readonly ({inner})[]" if " " in inner else f"readonly {inner}[]"

    def _named(self, shape: dict[str, Any]) -> str:
        """Write the interface of an object, and return its name."""
        name = str(shape["title"])
        lines = (
            f"  readonly {key}{'' if key in shape['required'] else '?'}: {self.type(one)};\n"
            for key, one in shape["properties"].items()
        )
        text = f"export interface {name} {{\n{''.join(lines)}}}\n"
        if not shape["properties"]:
            text = f"export type {name} = Readonly<Record<string, never>>;\n"
        if self.interfaces.setdefault(name, text) != text:
            raise ValueError(f"two shapes are called {name}")
        return name


if __name__ == "__main__":
    TARGET.write_text(types(), encoding="utf-8")
