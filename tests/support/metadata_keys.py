"""Every key of every definition class, as the schemas are made of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, get_args

from headrace.platform.core.problems import Text
from headrace.platform.metadata.definitions.keys import hints
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.schemas import DEFINITIONS, EXTENSIONS


def keys() -> Iterator[tuple[type, str, Any]]:
    """Yield class, attribute and annotation of each key that a document can have."""
    seen: set[type] = set()
    kinds = (*DEFINITIONS.values(), *EXTENSIONS.values())
    for root in (*kinds, *(one.options_type for one in built_in())):
        yield from _keys(root, seen)


def _keys(definition: type, seen: set[type]) -> Iterator[tuple[type, str, Any]]:
    if definition in seen:
        return
    seen.add(definition)
    internal = {one.name for one in dataclasses.fields(definition) if one.metadata.get("internal")}
    for attribute, annotation in hints(definition).items():
        if attribute in internal:
            continue
        yield definition, attribute, annotation
        for inner in _classes(annotation):
            yield from _keys(inner, seen)


def _classes(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        if annotation is not Text:
            yield annotation
        return
    for part in get_args(annotation):
        yield from _classes(part)
