"""How a definition's dataclass describes its JSON keys: one source for schema, loader and help.

A key is a dataclass field. Its JSON name is the attribute's name without a trailing underscore
(`from_` is "from"). `key()` adds the help text and further JSON Schema keywords.
"""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Callable, Collection, Mapping
from functools import partial
from inspect import get_annotations
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from headrace.platform.core.problems import Text

Formula = Annotated[str, "formula"]
"""Text in the formula language (docs/reference/formulas.md)."""

Name = Annotated[str, "name"]
"""An API name: snake_case, at most 40 characters."""

Path = Annotated[str, "path"]
"""API names joined by dots along lookups: `partner.territory`."""

Value = Annotated[str, "value"]
"""A stored value of a choice, or `true` and `false`."""

After = Annotated[str, "after"]
"""What something stands behind within its list: a name or path, or an empty text for the first place."""

Given = Annotated[Any, "given"]
"""A value of a field as the API takes it, whatever its type."""

NAME_PATTERN = r"^[a-z][a-z0-9_]{0,39}$"
PATH_PATTERN = r"^[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39}){0,5}$"
AFTER_PATTERN = rf"^$|{PATH_PATTERN}"
VALUE_PATTERN = r"^[A-Za-z0-9_.-]{1,40}$"
MAX_FORMULA = 10_000
MAX_TEXT = 4000

SCHEMA_KEY = "x-key"
"""Keyword of the schema of a key: the class and the attribute that it is of, as `FieldDef.name`."""

_SCALARS: dict[Any, dict[str, Any]] = {
    Formula: {"type": "string", "minLength": 1, "maxLength": MAX_FORMULA, "format": "formula"},
    Name: {"type": "string", "pattern": NAME_PATTERN, "format": "name"},
    Path: {"type": "string", "pattern": PATH_PATTERN, "format": "path"},
    Value: {"type": "string", "pattern": VALUE_PATTERN},
    After: {"type": "string", "pattern": AFTER_PATTERN},
    Given: {"type": ["string", "number", "boolean", "null", "array", "object"]},
    str: {"type": "string", "maxLength": MAX_TEXT},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    Text: {
        "type": "object",
        "format": "label",
        "properties": {
            "en": {"type": "string", "maxLength": MAX_TEXT},
            "zh": {"type": "string", "maxLength": MAX_TEXT},
        },
        "additionalProperties": False,
        "minProperties": 1,
    },
}


_PATTERNS: dict[Any, str] = {Path: PATH_PATTERN, Value: VALUE_PATTERN}
"""Patterns of the names under which values of a dictionary stand."""


def key(help_text: str, default: Any = dataclasses.MISSING, **schema: Any) -> Any:
    """Describe a JSON key: its help (English, shown in the reference) and extra schema keywords.

    Without `default` the key is required.
    """
    metadata = {"help": help_text, "schema": schema}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=lambda: dict(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def json_name(attribute: str) -> str:
    """Return the JSON key of a dataclass attribute."""
    return attribute.rstrip("_")


@functools.cache
def hints(definition: type) -> dict[str, Any]:
    """Return the resolved annotations of a definition class."""
    return get_type_hints(definition, include_extras=True)


def schema_of(definition: type, without: Collection[str] = ()) -> dict[str, Any]:
    """Return the closed JSON Schema (draft 2020-12) of a definition class.

    The attributes `without` are left out: a part within a part of its own kind cannot have them.
    """
    properties: dict[str, Any] = {}
    required: list[str] = []
    for field in dataclasses.fields(definition):
        if field.metadata.get("internal") or field.name in without:
            continue
        schema = {**type_schema(hints(definition)[field.name]), **field.metadata.get("schema", {})}
        help_text = field.metadata.get("help")
        if help_text:
            schema["description"] = help_text
        if isinstance(field.default, (bool, int, str)):
            schema["default"] = field.default
        schema[SCHEMA_KEY] = schema_key(definition, field.name)
        properties[json_name(field.name)] = schema
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            required.append(json_name(field.name))
    result: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    if required:
        result["required"] = required
    return result


def schema_key(definition: type, attribute: str) -> str:
    """Return what a key is called in schemas: the class that declares it, and the attribute."""
    declared = (one for one in definition.__mro__ if attribute in get_annotations(one))
    return f"{next(declared).__name__}.{attribute}"


def type_schema(annotation: Any) -> dict[str, Any]:
    """Return the schema of one annotation."""
    if annotation in _SCALARS:
        return dict(_SCALARS[annotation])
    origin = get_origin(annotation)
    if origin is Literal:
        return {"enum": list(get_args(annotation))}
    if origin is tuple:
        return {"type": "array", "items": type_schema(get_args(annotation)[0])}
    if origin is dict:
        named, values = get_args(annotation)
        return {
            "type": "object",
            "additionalProperties": type_schema(values),
            "propertyNames": {"pattern": _PATTERNS.get(named, NAME_PATTERN)},
        }
    if origin in {Union, types.UnionType}:
        options = [arg for arg in get_args(annotation) if arg is not type(None)]
        if len(options) == 1:
            return type_schema(options[0])
        return {"anyOf": [type_schema(option) for option in options]}
    if dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
        own = getattr(annotation, "json_schema", None)
        return own() if own else schema_of(annotation)
    message = f"no schema for {annotation!r}"
    raise TypeError(message)


def load(definition: Any, data: Any) -> Any:
    """Turn JSON that fits `schema_of(definition)` into the definition value."""
    return None if data is None else _loader(definition)(data)


def load_object(definition: type, data: Mapping[str, Any]) -> Any:
    """Make the dataclass `definition` of a JSON object."""
    values = {
        attribute: None if data[name] is None else read(data[name])
        for name, attribute, read in _keys(definition)
        if name in data
    }
    return definition(**values)


@functools.cache
def _keys(definition: type) -> tuple[tuple[str, str, Callable[[Any], Any]], ...]:
    """Return JSON name, attribute and loader of each key of a definition class."""
    known = hints(definition)
    return tuple(
        (json_name(one.name), one.name, _loader(known[one.name]))
        for one in dataclasses.fields(definition)
        if not one.metadata.get("internal")
    )


@functools.cache
def _loader(definition: Any) -> Callable[[Any], Any]:
    """Return what turns JSON that is not null into a value of an annotation."""
    if definition is Text:
        return lambda data: Text(**data)
    if definition in _SCALARS or get_origin(definition) is Literal:
        return _as_it_is
    origin = get_origin(definition)
    if origin is tuple:
        item = partial(load, get_args(definition)[0])
        return lambda data: tuple(map(item, data))
    if origin is dict:
        value = partial(load, get_args(definition)[1])
        return lambda data: {name: value(one) for name, one in data.items()}
    if origin in {Union, types.UnionType}:
        members = [one for one in get_args(definition) if one is not type(None)]
        if len(members) == 1:
            return _loader(members[0])
        return lambda data: load(_fitting(definition, data), data)
    return getattr(definition, "from_json", None) or partial(load_object, definition)


def _as_it_is(data: Any) -> Any:
    return data


def _fitting(union: Any, data: Any) -> Any:
    """Pick the member of a union by the shape of the JSON value."""
    members = [member for member in get_args(union) if member is not type(None)]
    if len(members) == 1:
        return members[0]
    wanted = "object" if isinstance(data, dict) else "scalar"
    for member in members:
        shape = "scalar" if member in _SCALARS and member is not Text else "object"
        if get_origin(member) is Literal:
            shape = "scalar"
        if shape == wanted:
            return member
    return members[0]
