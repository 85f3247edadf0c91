"""Checks of texts: a label that lacks a language is a warning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from headrace.platform.core.problems import Message, Problem, Text, pointer
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.documents import Document

LANGUAGE_MISSING = Message(
    "label.language_missing",
    "The text of “{name}” is missing in {language}.",
    "“{name}”缺少{language}文本。",
    "Add it there, or among the translations of the module.",
    "请在该处补充，或在模块的“翻译”中补充。",
    severity="warning",
)
_LANGUAGES: Final = (("en", Text("English", "英文")), ("zh", Text("Chinese", "中文")))
_LABELLED = (
    "fields",
    "states",
    "transitions",
    "steps",
    "branches",
    "sections",
    "menu",
    "choices",
    "tiles",
)

_MAY_LACK = frozenset({"sections", "tiles"})
"""Parts that need no label of their own."""


def check_labels(subject: Subject) -> Iterator[Problem]:
    """Find definitions whose label lacks a language."""
    yield from subject.each_document("labels", _of_document)


def _of_document(document: Document) -> tuple[Problem, ...]:
    place = "/" + document.file
    own = document.kind not in {"permission", "extends", "approval"}
    found = _label(document.content, place) if own else ()
    return (*found, *_parts(document.content, place))


def _parts(content: Mapping[str, Any], place: str) -> Iterator[Problem]:
    for key in _LABELLED:
        for where, part in _listed(content.get(key, ()), f"{place}/{key}"):
            if key not in _MAY_LACK or "label" in part:
                yield from _label(part, where)
            yield from _parts(part, where)


def _listed(parts: Any, place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield place and content of the parts of a list, or of the lists that stand by name."""
    if isinstance(parts, Mapping):
        for name, added in parts.items():
            yield from _listed(added, place + pointer(name))
    else:
        for index, part in enumerate(parts):
            if isinstance(part, Mapping):
                yield f"{place}/{index}", part


def _label(part: Mapping[str, Any], place: str) -> Iterator[Problem]:
    label = part.get("label", {})
    for language, called in _LANGUAGES:
        if not label.get(language):
            other = next((text for text in label.values() if text), "?")
            name = part.get("name") or part.get("value") or other
            yield LANGUAGE_MISSING.at(place + "/label", name=name, language=called)
