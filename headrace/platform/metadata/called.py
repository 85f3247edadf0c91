"""What is found in definitions, said with the labels that people know instead of technical names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from headrace.platform.core.problems import Named, Problem, Said, Text
from headrace.platform.metadata.comparing.labels import Labels, joined, listed, objects_in
from headrace.platform.metadata.comparing.showing import about_document
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.metadata.wording import kind_word, text_of

_KINDS: Final = frozenset(
    {"object", "role", "workflow", "approval", "report", "form", "view", "dashboard", "automation"}
)
_LISTS: Final = frozenset({"suggestion", "known", "states"})
_PARTS: Final[Mapping[str, str]] = {"state": "states", "transition": "transitions"}
_OF_NAMES: Final = ("/name", "/value")
"""Where what is wrong is the technical name itself, it is said as it is."""
_A_NAME: Final = "名称“{name}”"


def called(problems: Iterable[Problem], documents: Sequence[Document]) -> list[Problem]:
    """Return the problems of documents with labels for the names in their texts."""
    labels = Labels(documents, ())
    files = {"/" + one.file: one for one in documents}
    return [_called(one, labels, files) for one in problems]


_AROUND_QUOTES: Final = re.compile(r"(?<=[\u4e00-\u9fff]) (?=“)|(?<=”) (?=[\u4e00-\u9fff])")
_PARTS_OF_OBJECTS: Final[Mapping[str, str]] = {"relation": "children", "rule": "rules"}


def plainly(text: Text, labels: Labels) -> Text:
    """Return a line of a plan with labels for the names that it knows to hold."""
    if not isinstance(text, Said):
        return text
    told = text.called(partial(_label_of, labels))
    return Text(told.en, _AROUND_QUOTES.sub("", told.zh))


def _label_of(labels: Labels, name: Named) -> Text | None:
    """Return what people call a definition or a part of one; None where they have no word for it."""
    kind, names = name.kind, name.names
    if kind == "kind":
        return kind_word(names[0])
    if kind == "type":
        known = built_in().get(names[0])
        return known.label if known else None
    if kind == "own_field":
        return _quoted(labels.path_label(*names)) if labels.field(*names) else None
    if kind == "state":
        flow, state = names
        return _quoted(_label(labels.part("workflow", flow, "states", state)))
    if len(names) == 1:
        return _quoted(labels.label(kind, names[0]))
    owner, part = names
    object_label = labels.label("object", owner)
    if kind == "field":
        behind = labels.path_label(owner, part)
    else:
        found = labels.part("object", owner, _PARTS_OF_OBJECTS[kind], part)
        behind = _label(found) or Text(part, part)
    return _quoted(_joined(object_label, behind)) if object_label else None


def _label(part: Mapping[str, Any] | None) -> Text:
    return text_of(part.get("label")) if part else Text()


def _joined(first: Text, second: Text) -> Text:
    en, zh = (f"{first.within(code)} › {second.within(code)}" for code in ("en", "zh"))
    return Text(en, zh)


def _quoted(label: Text) -> Text | None:
    """Return a label in quotes, None where there is none."""
    return Text(f"“{label.within('en')}”", f"“{label.within('zh')}”") if label else None


def _called(problem: Problem, labels: Labels, files: Mapping[str, Document]) -> Problem:
    if problem.made_of is None or problem.path.endswith(_OF_NAMES):
        return problem
    message, values = problem.made_of
    file = _file_of(problem.path, files)
    document = files.get(file)
    about = _About(labels, document, problem.path[len(file) :], values.get("object"))

    def call(key: str, value: str) -> Text | None:
        return None if key == "name" and _A_NAME in message.zh else about.call(key, value)

    return problem.calling(call)


def _file_of(path: str, files: Mapping[str, Document]) -> str:
    while path and path not in files:
        path = path.rpartition("/")[0]
    return path


class _About:
    """What a problem is about: a place in a document, or an object that it names."""

    def __init__(
        self, labels: Labels, document: Document | None, place: str, named: object
    ) -> None:
        self._labels = labels
        self._document = document
        self._place = place
        about = about_document(document.content, labels) if document else None
        self._object = named if isinstance(named, str) else about.object if about else None
        self._workflow = about.workflow if about else None

    def call(self, key: str, value: str) -> Text | None:
        """Return what the value of a message is called; None where nobody knows."""
        if key in _LISTS:
            named = [self.call("field", one) or Text(one, one) for one in value.split(", ")]
            return joined(named)
        if key in _KINDS:
            return self._labels.label(key, value) or None
        if key in _PARTS and self._workflow:
            part = self._labels.part("workflow", self._workflow, _PARTS[key], value)
            return (text_of(part.get("label")) if part else None) or self._nearby(value)
        if key == "field" and self._object and self._labels.field(self._object, value):
            return self._labels.path_label(self._object, value)
        return self._nearby(value) if key in {"name", "step", "field", *_PARTS} else None

    def _nearby(self, value: str) -> Text | None:
        """Return the label of what bears the name at the place, around it or in its document."""
        if self._document is None:
            return None
        found = [*self._around(), *_parts(self._document.content)]
        named = (one for one in found if value in (one.get("name"), one.get("value")))
        return next((text for one in named if (text := text_of(one.get("label")))), None)

    def _around(self) -> list[Mapping[str, Any]]:
        """Return what stands around the place, the nearest first."""
        at: Any = self._document.content if self._document else {}
        found = [at]
        for step in self._place.split("/")[1:]:
            at = _step(at, step)
            if isinstance(at, Mapping):
                found.append(at)
        return found[::-1]


def _step(at: Any, step: str) -> Any:
    if isinstance(at, Mapping):
        return at.get(step)
    items = listed(at)
    return items[int(step)] if step.isdecimal() and int(step) < len(items) else None


def _parts(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for value in content.values():
        for one in objects_in(value):
            yield one
            yield from _parts(one)
