"""What a document declares: itself and the parts of it that have a name, with what stands beside each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from headrace.platform.core.problems import pointer
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.record_types import RECORD_TYPE

UNIQUE_ACROSS: Final = frozenset({"constant", "calendar", "expression"})
"""Parts of modules whose names are unique in the workspace, as those of documents are."""
PLAIN_IDS: Final = UNIQUE_ACROSS | {"field"}
"""Parts that are spoken of by their names alone, where they have no ids."""
TOGETHER: Final[Mapping[str, str]] = {
    "child": "field",
    "transition": "state",
    "given record": "given person",
}
"""Parts that share their names with those of another kind."""


class _List(NamedTuple):
    """A key of a document with parts: their kind, under which key their names are, what is in them.

    Without a kind the part itself has no name.
    """

    key: str
    kind: str
    name: str = "name"
    inside: tuple[_List, ...] = ()


_STEPS: Final = _List("steps", "step")
_RECORDS: Final = _List("records", "given record")
PARTS: Final[Mapping[str, tuple[_List, ...]]] = {
    "object": (
        _List("fields", "field", inside=(_List("choices", "choice", "value"),)),
        _List("record_types", "record type"),
        *(_List("children", "child"), _List("rules", "rule"), _List("field_rules", "field rule")),
        _List("no_overlap", "no overlap"),
    ),
    "choice_set": (_List("choices", "choice", "value"),),
    "workflow": (_List("states", "state"), _List("transitions", "transition")),
    "approval": (_STEPS._replace(inside=(_List("branches", "branch", inside=(_STEPS,)),)),),
    "automation": (_List("on", "", inside=(_List("inputs", "input"),)),),
    "form": (_List("sections", "section"),),
    "dashboard": (_List("tiles", "tile"),),
    "scenario": (
        _List("given", "", inside=(_List("users", "given person"), _RECORDS)),
        _List("when", "", inside=(_RECORDS._replace(key="create"),)),
    ),
    "module": (
        *(_List("constants", "constant"), _List("calendars", "calendar")),
        _List("expressions", "expression", inside=(_List("parameters", "parameter"),)),
    ),
}
"""What of a document has a name, by its kind."""


@dataclass(frozen=True, slots=True)
class Declared:
    """Where a definition or a part of one says its own name, under `key`.

    Names are unique within a `group`. A record type is a choice: of the field that the object has for it.
    """

    kind: str
    id: str
    name: str
    path: str
    group: str = ""
    key: str = "name"


def declared(catalog: Catalog, document: Document) -> Iterator[Declared]:
    """Yield what a document declares: itself, and the parts of it that have names."""
    content = document.content
    if document.kind != "extends":
        yield Declared(document.kind, str(content.get("id") or document.name), document.name, "")
    of = document.of or document.kind
    finding = _Finding(catalog, of, next(iter(whole(catalog, document))))
    yield from finding.parts(content, PARTS.get(of, ()), "", "")
    added = content.get("choices")
    if document.kind == "extends" and of == "object" and isinstance(added, Mapping):
        for field in added:
            place = pointer("choices")
            yield from finding.parts(
                added, (_List(field, "choice", "value"),), place, finding.field(field)
            )


def whole(catalog: Catalog, document: Document) -> Iterable[Document]:
    """Return the documents that a definition is made of: what it is, and what is added to it."""
    found = catalog.extended.get((document.of or document.kind, document.name))
    return (found.document, *found.extensions) if found else (document,)


def beside(catalog: Catalog, document: Document, one: Declared) -> AbstractSet[str]:
    """Return the names that stand where that of a definition or part has to be unique."""
    if one.kind in UNIQUE_ACROSS:
        return set(getattr(catalog, one.kind + "s"))
    if not one.path:
        return {other.name for other in catalog.documents if other.kind == one.kind}
    own = {
        other.name
        for each in whole(catalog, document)
        for other in declared(catalog, each)
        if other.group == one.group
    }
    model = catalog.object(document.name)
    if model is not None and one.kind in {"field", "child"}:
        own |= {*model.fields}
    return own


def local_id(definition: str, kind: str, name: str) -> str:
    """Return the id by which a part is spoken of that has none of its own, by that of its definition."""
    return f"{definition}.{kind}.{name}"


class _Finding:
    """Goes through the lists of parts of a document of one kind."""

    def __init__(self, catalog: Catalog, of: str, definition: Document) -> None:
        self._name = definition.name
        self._id = str(definition.content.get("id") or definition.name)
        self._model = catalog.object(definition.name) if of == "object" else None

    def parts(
        self, content: Mapping[str, Any], lists: Iterable[_List], place: str, holder: str
    ) -> Iterator[Declared]:
        """Yield the parts in some lists; `holder` is the id of what these are in."""
        for one in lists:
            for where, part in _items(content.get(one.key), place + pointer(one.key)):
                name, id_ = part.get(one.name), holder
                if one.kind and isinstance(name, str):
                    found = self._part(one, part, name, where, holder)
                    id_ = found.id
                    yield found
                yield from self.parts(part, one.inside, where, id_)

    def field(self, name: str) -> str:
        """Return the id of a field of the object."""
        found = self._model.fields.get(name) if self._model else None
        return found.id if found else name

    def _part(
        self, one: _List, part: Mapping[str, Any], name: str, place: str, holder: str
    ) -> Declared:
        kind, group = one.kind, TOGETHER.get(one.kind, one.kind)
        match kind:
            case "choice" | "record type" | "child" | "parameter" | "branch":
                around = self._around(kind, holder)
                id_ = f"{around}.{name}"
                group = f"{group} {around}" if kind != "child" else group
                kind = "choice" if kind == "record type" else kind
            case "field" | "constant" | "calendar" | "expression":
                id_ = str(part.get("id") or name)
            case "state" | "transition":
                id_ = str(part.get("id") or f"{self._name}.{name}")
            case _:
                id_ = str(part.get("id") or local_id(self._id, group, name))
        return Declared(kind, id_, name, place, group, one.name)

    def _around(self, kind: str, holder: str) -> str:
        """Return the id before that of a part that is spoken of within another."""
        if kind == "child" or (kind == "choice" and not holder):
            return self._id
        return f"{self._id}.{RECORD_TYPE}" if kind == "record type" else holder


def _items(value: Any, place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the parts that a list holds, or the one that stands there alone, and where."""
    if isinstance(value, Mapping):
        yield place, value
    for position, one in enumerate(value if isinstance(value, list) else ()):
        if isinstance(one, Mapping):
            yield place + pointer(position), one
