"""Checks of lists: nothing stands in one twice, for the second time does nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from headrace.platform.core.canonical import content_hash
from headrace.platform.core.problems import Message, Problem, pointer
from headrace.platform.metadata.building.messages import DUPLICATE_NAME
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.documents import Document

TWICE = Message(
    "list.duplicate",
    "“{value}” stands in this list twice.",
    "“{value}”在此列表中出现两次。",
    "Remove one.",
    "请删除其一。",
)
SORTED_TWICE = Message(
    "list.duplicate",
    "“{value}” is sorted by already; the second time changes nothing.",
    "已按“{value}”排序，重复排序无效。",
    "Remove one.",
    "请删除其一。",
)

_OWN_CODE: Final = frozenset({"items", "choices", "fields", "states", "transitions", "constants"})
"""Lists whose duplicates have a code of their own where more is known about them."""

_BY_NAME: Final = frozenset({"choices", "items"})
"""Keys of extensions under which lists of this kind stand by name."""


def check_lists(subject: Subject) -> Iterator[Problem]:
    """Find what stands in a list twice; reads one document at a time, and merged extensions."""
    yield from subject.each_document("lists", _of_document)
    yield from subject.each("lists", "objects", partial(_of_object, subject))


def _of_object(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    for key in ("rules", "children"):
        yield from _merged_names(subject, model.name, key, getattr(model.definition, key))


def _of_document(document: Document) -> tuple[Problem, ...]:
    return tuple(_within(document.content, "/" + document.file))


def _within(content: Any, place: str, holder: str = "") -> Iterator[Problem]:
    if isinstance(content, Mapping):
        for key, value in content.items():
            where = place + pointer(key)
            if isinstance(value, list):
                yield from _list(holder or key, value, where)
            yield from _within(value, where, key if key in _BY_NAME else "")
    elif isinstance(content, list):
        for position, value in enumerate(content):
            yield from _within(value, f"{place}/{position}")


def _list(key: str, values: list[Any], place: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, value in enumerate(values):
        where = f"{place}/{position}"
        if isinstance(value, str):
            plain = value.removeprefix("-") if key == "sort" else value
            if plain in seen and key != "items":
                yield (SORTED_TWICE if key == "sort" else TWICE).at(where, value=plain)
            seen.add(plain)
        elif isinstance(value, Mapping):
            yield from _part(key, value, seen, where, has_others=len(values) > 1)


def _part(
    key: str, value: Mapping[str, Any], seen: set[str], place: str, *, has_others: bool
) -> Iterator[Problem]:
    """Take up one part of a list: known by its name, else by all that it says but its texts."""
    name = value.get("name")
    if key in _OWN_CODE or (name is not None and key in {"rules", "children"}):
        return  # told elsewhere
    if name is not None:
        if name in seen:
            yield DUPLICATE_NAME.at(place + "/name", name=name)
        seen.add(str(name))
        return
    if not has_others:
        return
    mark = content_hash({one: part for one, part in value.items() if one not in {"id", "label"}})
    if mark in seen:
        shown = value.get("field") or value.get("role") or value.get("op") or key
        yield TWICE.at(place, value=shown)
    seen.add(mark)


def _merged_names(
    subject: Subject, object_name: str, key: str, parts: tuple[Any, ...]
) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, part in enumerate(parts):
        if part.name in seen:
            place = subject.at("object", object_name, key, position, "name")
            yield DUPLICATE_NAME.at(place, name=part.name)
        seen.add(part.name)
