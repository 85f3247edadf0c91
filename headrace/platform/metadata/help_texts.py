"""Texts kept beside the documents, a file a language, put into them when they are read.

The tree of a help file mirrors the documents: kind, name, then the keys of the document; an extension
stands under `extends`, the kind of what is extended, and its name. A part of a list is addressed by
its name (a choice by its value), or by its position, from 0, where it has none. A key that holds a
text in both languages takes the plain text of the file's language.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args, get_origin

from headrace.platform.core.problems import Language, Message, Problem, Text, pointer
from headrace.platform.metadata.definitions.automations import InputDef
from headrace.platform.metadata.definitions.keys import MAX_TEXT, hints, json_name
from headrace.platform.metadata.definitions.objects import FieldDef
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.metadata.loading import Parsed
from headrace.platform.metadata.schema_problems import RANGE, suggestion, unless_type
from headrace.platform.metadata.schemas import DEFINITIONS, definition_of

UNKNOWN = Message(
    "help.unknown",
    "The documents of this module have no text at “{key}” here.",
    "本模块的文档中，此处没有与“{key}”对应的文本。",
    "{hint}",
    "{hint}",
)
CONFLICT = Message(
    "help.conflict",
    "The document says “{there}” here, this file “{here}”.",
    "文档中为“{there}”，而此文件中为“{here}”。",
    "Keep the text in one of the two places.",
    "请只在其中一处保留该文本。",
)


@dataclass(frozen=True, slots=True)
class HelpFile:
    """The texts of a module in one language, as JSON, with the path of the file."""

    language: Language
    path: str
    content: Any


@dataclass(frozen=True, slots=True)
class _Node:
    """What a place in the tree stands for: a JSON object with its text keys, and the way on."""

    parts: Mapping[str, _Node]
    content: dict[str, Any] = field(default_factory=dict)
    texts: frozenset[str] = frozenset()


def add_help_texts(
    documents: Iterable[Parsed], files: Sequence[HelpFile], types: FieldTypes
) -> tuple[tuple[Parsed, ...], tuple[Problem, ...]]:
    """Return the documents with the texts of `files`; problems start with the help file's path."""
    merged = tuple(copy.deepcopy(one) for one in documents)
    root = _root([one.content for one in merged], types)
    problems = [
        problem.below("/" + file.path)
        for file in files
        for problem in _merge(file.content, root, file.language, "")
    ]
    return merged, tuple(problems)


def _root(contents: Iterable[Any], types: FieldTypes) -> _Node:
    """Return the tree that a help file of these documents may have; documents may be malformed."""
    kinds: dict[str, dict[str, _Node]] = {}
    extended: dict[str, dict[str, _Node]] = {}
    for content in contents:
        if not isinstance(content, dict):
            continue
        kind, name = content.get("kind"), content.get("name")
        if not isinstance(name, str) or not isinstance(kind, str) or kind not in DEFINITIONS:
            continue
        node = _node(content, definition_of(content), types)
        if node.texts or node.parts:
            if kind == "extends":
                extended.setdefault(str(content.get("of")), {})[name] = node
            else:
                kinds.setdefault(kind, {})[name] = node
    found = {kind: _Node(names) for kind, names in kinds.items()}
    if extended:
        found["extends"] = _Node({of: _Node(names) for of, names in extended.items()})
    return _Node(found)


def _node(content: dict[str, Any], definition: type, types: FieldTypes) -> _Node:
    annotations = _annotations(content, definition, types)
    parts = {}
    for key, annotation in annotations.items():
        members = dict(_members(content.get(key), annotation, types))
        if members:
            parts[key] = _Node(members)
    texts = frozenset(key for key, annotation in annotations.items() if annotation is Text)
    return _Node(parts, content, texts)


def _annotations(content: dict[str, Any], definition: type, types: FieldTypes) -> dict[str, Any]:
    """Return the types of the JSON keys; a field has those of its field type too."""
    found = hints(definition)
    typed = definition in {FieldDef, InputDef}
    field_type = types.get(str(content.get("type"))) if typed else None
    if field_type:
        found = {**found, **hints(field_type.options_type)}
    return {json_name(name): annotation for name, annotation in found.items()}


def _members(value: Any, annotation: Any, types: FieldTypes) -> Iterator[tuple[str, _Node]]:
    """Yield address and node of each part of a list that holds texts, or of lists that stand by name."""
    if get_origin(annotation) is dict and isinstance(value, dict):
        for name, inner in value.items():
            members = dict(_members(inner, get_args(annotation)[1], types))
            if members:
                yield name, _Node(members)
        return
    if get_origin(annotation) is not tuple or not isinstance(value, list):
        return
    definition = get_args(annotation)[0]
    if not dataclasses.is_dataclass(definition) or not isinstance(definition, type):
        return
    address = next((key for key in ("name", "value") if key in hints(definition)), None)
    for position, part in enumerate(value):
        if isinstance(part, dict):
            node = _node(part, definition, types)
            if node.texts or node.parts:
                yield str(part.get(address, position) if address else position), node


def _merge(tree: Any, node: _Node, language: Language, place: str) -> Iterator[Problem]:
    """Put the texts of `tree` into the document; yield what does not fit."""
    wrong = unless_type("object", tree, place)
    if wrong:
        yield wrong
        return
    for key, given in tree.items():
        where = place + pointer(key)
        if key in node.texts:
            yield from _put(given, node.content, key, language, where)
        elif key in node.parts:
            yield from _merge(given, node.parts[key], language, where)
        else:
            known = (*sorted(node.texts), *node.parts)
            yield UNKNOWN.at(where, key=key, hint=suggestion(key, known))


def _put(
    given: Any, content: dict[str, Any], key: str, language: Language, place: str
) -> Iterator[Problem]:
    wrong = unless_type("string", given, place)
    if wrong:
        yield wrong
        return
    if len(given) > MAX_TEXT:
        yield RANGE.at(place, limit=f"≤ {MAX_TEXT}")
        return
    present = content.get(key, {})
    if not given or not isinstance(present, dict):
        return  # nothing translated yet, or the document's own schema has more to say
    if present.get(language) and present[language] != given:
        yield CONFLICT.at(place, there=present[language], here=given)
    else:
        content[key] = {**present, language: given}
