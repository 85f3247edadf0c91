"""JSON Schemas of the bodies that go in and out, derived from the TypedDicts which the code returns.

A shape is described once: the type checker holds the code to it, the OpenAPI document and the front
end's types are made of it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NamedTuple,
    NotRequired,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

Json: TypeAlias = dict[str, Any]


class Keyword(NamedTuple):
    """A keyword of JSON Schema beside a type, in `Annotated`."""

    name: str
    value: str | int


Moment: TypeAlias = Annotated[str, Keyword("format", "date-time")]
"""An instant, as `instant_text` writes it."""

_SIMPLE: Final[Mapping[Any, str]] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    NoneType: "null",
}


@functools.cache
def schema_of(shape: Any) -> Json:
    """Return the JSON Schema of a type: closed for a TypedDict, whose name is its title.

    What stands beside a type in `Annotated` is its description where it is a text, else a `Keyword`.
    Raise TypeError for what has no JSON form.
    """
    if shape is Any:
        return {}
    if shape in _SIMPLE:
        return {"type": _SIMPLE[shape]}
    if is_typeddict(shape):
        return _closed(shape)
    if isinstance(shape, type) and issubclass(shape, StrEnum):
        return {"enum": sorted(one.value for one in shape)}
    origin, inner = get_origin(shape), get_args(shape)
    if origin is Annotated:
        return _annotated(*inner)
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in {Union, UnionType}:
        return _either(inner)
    if origin in {list, Sequence, Iterable}:
        return {"type": "array", "items": schema_of(inner[0])}
    if origin in {dict, Mapping} and inner[0] is str:
        values = schema_of(inner[1])
        return {"type": "object", **({"additionalProperties": values} if values else {})}
    raise TypeError(f"{shape} has no JSON form")


def keys_of(shape: Any) -> tuple[str, ...]:
    """Return the names of all keys of a TypedDict."""
    return tuple(schema_of(shape)["properties"])


def _closed(shape: Any) -> Json:
    hints = get_type_hints(shape, include_extras=True)
    left_out = {key for key, kind in hints.items() if get_origin(kind) is NotRequired}
    kinds = {key: get_args(kind)[0] if key in left_out else kind for key, kind in hints.items()}
    return {
        "title": shape.__name__,
        "type": "object",
        "properties": {key: schema_of(kind) for key, kind in kinds.items()},
        "required": [key for key in kinds if key not in left_out],
        "additionalProperties": False,
    }


def _annotated(kind: Any, *notes: str | Keyword) -> Json:
    said = [Keyword("description", one) if isinstance(one, str) else one for one in notes]
    return {**schema_of(kind), **dict(said)}


def _either(kinds: Iterable[Any]) -> Json:
    schemas = [schema_of(one) for one in kinds]
    if all(set(one) == {"type"} for one in schemas):
        return {"type": [one["type"] for one in schemas]}
    return {"anyOf": schemas}
