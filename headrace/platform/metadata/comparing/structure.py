"""What definition classes say about JSON keys, and which parts of two lists are the same."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args, get_origin

from headrace.platform.core.problems import Text
from headrace.platform.metadata.aligning import pair, same
from headrace.platform.metadata.comparing.labels import Json
from headrace.platform.metadata.comparing.phrases import ORDERED
from headrace.platform.metadata.comparing.values import Part
from headrace.platform.metadata.definitions.access import ScopeDef
from headrace.platform.metadata.definitions.automations import InputDef
from headrace.platform.metadata.definitions.keys import hints, json_name
from headrace.platform.metadata.definitions.objects import FieldDef
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.metadata.references.rules import PARTS, SHORT_FORMS

IDENTITY: Final[Mapping[str, tuple[str, ...] | None]] = {
    "ApproverDef": None,
    "FormItemDef": ("field", "children"),
    "GroupDef": ("field",),
    "OverlapKeyDef": ("field",),
    "MeasureDef": ("op", "field"),
    "GrantDef": ("role",),
    "ExpectedDef": ("record",),
}
"""Keys that make a part without a name another one when they change; None: any key does."""
SAME: Final[Mapping[str, tuple[str, ...]]] = {"TriggerDef": ("event",)}
"""Keys by which parts without a name and a label are the same ones in both versions."""


def attributes(
    definition: type, before: Json, after: Json, types: FieldTypes
) -> dict[str, tuple[type, str, Any]]:
    """Return class, attribute and annotation of each JSON key; a field has those of its types too."""
    found = dict(_own_attributes(definition))
    if definition in {FieldDef, InputDef}:
        for content in (before, after):
            kind = types.get(str(content.get("type")))
            if kind is not None:
                for key, entry in _own_attributes(kind.options_type).items():
                    found.setdefault(key, entry)
    return found


@functools.lru_cache(maxsize=256)
def _own_attributes(definition: type) -> dict[str, tuple[type, str, Any]]:
    internal = {one.name for one in dataclasses.fields(definition) if one.metadata.get("internal")}
    return {
        json_name(attribute): (definition, attribute, _without_none(annotation))
        for attribute, annotation in hints(definition).items()
        if attribute not in internal
    }


def _without_none(annotation: Any) -> Any:
    options = [one for one in get_args(annotation) if one is not type(None)]
    if len(options) == 1 and len(get_args(annotation)) == 2:  # noqa: PLR2004 - X | None
        return options[0]
    return annotation


def default_of(owner: type, attribute: str) -> Any:
    """Return what a missing key means, as JSON."""
    for one in dataclasses.fields(owner):
        if one.name == attribute:
            return _json_default(one)
    return None


def _json_default(one: dataclasses.Field[Any]) -> Any:
    if one.default_factory is not dataclasses.MISSING:
        return {}
    if one.default is dataclasses.MISSING:
        return None
    if isinstance(one.default, tuple):
        return []
    if isinstance(one.default, ScopeDef):
        return "all"
    return {} if dataclasses.is_dataclass(one.default) else one.default


def definition_in(annotation: Any) -> type | None:
    """Return the definition class that an annotation holds, alone or in a list."""
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return None if annotation is Text else annotation
    if get_origin(annotation) is dict:
        return None
    found = (definition_in(part) for part in get_args(annotation))
    return next((one for one in found if one is not None), None)


def is_list(annotation: Any) -> bool:
    """Whether the key holds a list."""
    return get_origin(annotation) is tuple


def fits(annotation: Any, value: Any) -> bool:
    """Whether a value has the shape that its key asks for; in a draft it may have any."""
    inner = definition_in(annotation)
    if value is None or isinstance(value, bool):
        return True
    if is_list(annotation):
        return isinstance(value, list) and (
            inner is None or all(isinstance(long_form(inner, one), Mapping) for one in value)
        )
    if annotation is Text or get_origin(annotation) is dict:
        return isinstance(value, Mapping)
    if inner is not None and inner is not ScopeDef:
        return isinstance(long_form(inner, value), Mapping)
    return True


def long_form(inner: type, value: Any) -> Any:
    """Return the object form of a part that may be written as a text."""
    if isinstance(value, str) and inner in SHORT_FORMS:
        return {SHORT_FORMS[inner]: value}
    return value


def paired(inner: type, old: Sequence[Json], new: Sequence[Json]) -> dict[int, int]:
    """Return for positions in `new` those of the same parts in `old`."""
    pairs = {
        after: before
        for after, before in pair(old, new).items()
        if not _is_other(inner, old[before], new[after])
    }
    free = [one for one in range(len(old)) if one not in pairs.values()]
    for position, part in enumerate(new):
        if position in pairs or "name" in part or not part.get("label"):
            continue
        for one in free:
            if old[one].get("label") == part["label"] and not _is_other(inner, old[one], part):
                pairs[position] = one
                free.remove(one)
                break
    for key in SAME.get(inner.__name__, ()):
        for position in (one for one in range(len(new)) if one not in pairs):
            fitting = (one for one in free if old[one].get(key) == new[position].get(key))
            found = next(fitting, None)
            if found is not None:
                pairs[position] = found
                free.remove(found)
    return pairs


def is_unit(inner: type) -> bool:
    """Whether a part is either there as a whole or not: it has keys that it cannot do without."""
    return any(
        one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
        for one in dataclasses.fields(inner)
    )


def _is_other(inner: type, before: Json, after: Json) -> bool:
    """Whether two parts without a name are about different things."""
    if inner.__name__ not in IDENTITY:
        return False
    keys = IDENTITY[inner.__name__]
    if keys is None:
        return not same(dict(before), dict(after))
    return any(before.get(key) != after.get(key) for key in keys)


def is_ordered(owner: type, attribute: str) -> bool:
    """Whether the order of a list counts."""
    return f"{owner.__name__}.{attribute}" in ORDERED or attribute in ORDERED


def part_of(inner: type, item: Json) -> Part | None:
    """Return the part that has a name of its own, None for others."""
    if inner.__name__ == "ChoiceDef":
        return Part("choice", "", str(item.get("value", "")))
    if inner in PARTS and "name" in item:
        return Part(PARTS[inner], str(item.get("id") or ""), str(item["name"]))
    return None


def bare(value: Any) -> Any:
    """Return JSON without what says only which definition it is."""
    if isinstance(value, Mapping):
        return {key: bare(one) for key, one in value.items() if key not in {"id", "was"}}
    return [bare(one) for one in value] if isinstance(value, list) else value


def longest_rising(values: Sequence[int]) -> list[int]:
    """Return a longest rising subsequence."""
    best: list[list[int]] = []
    for value in values:
        place = next((i for i, one in enumerate(best) if one[-1] >= value), len(best))
        chain = [*(best[place - 1] if place else []), value]
        best[place : place + 1] = [chain]
    return best[-1] if best else []
