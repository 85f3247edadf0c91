"""Stable ids: matching definitions in files with the live ones, and minting ids for new ones.

A definition is the live one when it has its id; without an id, when it has its name, or says by
`was` which name it had. So a rename is never a drop and an add.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from headrace.platform.core.ids import IdSource
from headrace.platform.core.newest import Newest
from headrace.platform.core.problems import Message, Problem, pointer
from headrace.platform.metadata.documents import Document

NESTED: Final = ("fields", "rules", "states", "transitions", "steps")
"""Lists in documents whose items have ids of their own."""

ID_TAKEN = Message(
    "id.name_taken",
    "“{name}” is live with another id; it is not said whether this is the same {kind}.",
    "“{name}”已存在且标识不同,无法判断是否为同一个 {kind}。",
    "Take the live id ({live}) or leave the id out if it is the same; give it another name if not.",
    "若为同一定义,请改用现有标识({live})或删除标识;否则请更名。",
)
ID_TWICE = Message(
    "id.duplicate",
    "The id of “{name}” is used twice.",
    "“{name}”的标识重复。",
    "Remove the id of the copy; it gets its own when it is published.",
    "请删除副本的标识,发布时会自动生成。",
)


BAD_ID = Message(
    "id.invalid",
    "“{id}” cannot be an id.",
    "“{id}”不能作为标识。",
    "Leave it out; a new definition gets its id when it is published.",
    "请删除;新定义会在发布时获得标识。",
)
ID_FORM: Final = re.compile(r"[0-9a-z_-]{1,60}")
"""No dots: ids with dots are the platform's own."""
KEPT_DOCUMENTS: Final = 10_000
_ASSIGNED: Final[Newest[tuple[Document, Document]]] = Newest(KEPT_DOCUMENTS)
"""What documents became, and the live ones that they are; a document is a value that nobody changes."""


def check_ids(documents: Iterable[Document]) -> tuple[Problem, ...]:
    """Return a problem for each id that two definitions share or that has a wrong form."""
    seen: set[str] = set()
    problems: list[Problem] = []
    for document in documents:
        own = document.worked_out("ids", partial(_well_formed, document))
        if own is not None and seen.isdisjoint(own):
            seen |= own
            continue
        for content, place in _definitions(document.content, "/" + document.file):
            given = str(content["id"])
            if ID_FORM.fullmatch(given) is None:
                problems.append(BAD_ID.at(place + "/id", id=given))
            elif given in seen:
                problems.append(ID_TWICE.at(place + "/id", name=content["name"]))
            seen.add(given)
    return tuple(problems)


def _well_formed(document: Document) -> frozenset[str] | None:
    """Return the ids in a document; None where there is something to tell about one of them."""
    given = [str(content["id"]) for content, _ in _definitions(document.content, "")]
    different = frozenset(given)
    if len(different) < len(given) or not all(map(ID_FORM.fullmatch, different)):
        return None
    return different


def _definitions(content: Mapping[str, Any], place: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    yield content, place
    for part in NESTED:
        for index, one in enumerate(content.get(part, ())):
            yield from _definitions(one, place + pointer(part, index))


def assign_ids(
    documents: Iterable[Document], live: Iterable[Document], ids: IdSource
) -> tuple[tuple[Document, ...], tuple[Problem, ...]]:
    """Return `documents` with the ids of the `live` ones they are, and new ids for new ones.

    What comes out as it is live is the very document that is live.
    """
    assigner = _Assigner(live, ids)
    assigned = tuple(map(assigner.document, documents))
    return assigned, tuple(assigner.problems)


def _slot(document: Document) -> str:
    """Return within what a name is unique: its kind, for extensions the module too."""
    return f"extends {document.module}" if document.kind == "extends" else document.kind


class _Known:
    """Live definitions among which one is looked for; of documents the document too."""

    def __init__(self, contents: Iterable[Mapping[str, Any]] = ()) -> None:
        contents = tuple(contents)
        self.by_name = {one["name"]: one for one in contents}
        self.by_id = {one.get("id"): one for one in contents}
        self.documents: dict[int, Document] = {}

    def add(self, document: Document) -> None:
        """Take up a document."""
        content = document.content
        self.by_name[content["name"]] = self.by_id[content.get("id")] = content
        self.documents[id(content)] = document


class _Assigner:
    def __init__(self, live: Iterable[Document], ids: IdSource) -> None:
        self.live = tuple(live)
        self.ids = ids
        self.problems: list[Problem] = []
        self.minted = 0
        self._there = frozenset(map(id, self.live))
        self._slots: dict[str, _Known] = {}

    def _known(self, slot: str) -> _Known:
        known = self._slots.get(slot)
        if known is None:
            known = self._slots[slot] = _Known()
            for one in self.live:
                if _slot(one) == slot:
                    known.add(one)
        return known

    def document(self, document: Document) -> Document:
        """Return a document with its ids, once worked out for the same document on both sides."""
        if id(document) in self._there:
            return document
        key = (document.module, document.kind, document.name)
        found = _ASSIGNED.known(key, document)
        if found is not None and id(found[1]) in self._there:
            return found[0]
        return self._worked_out(key, document)

    def _worked_out(self, key: tuple[str, ...], document: Document) -> Document:
        place = "/" + document.file
        known = self._known(_slot(document))
        before = (len(self.problems), self.minted)
        former = self._former(document.content, known, place)
        assigned = Document(document.module, self._with_ids(document.content, former, place))
        if former is None:
            return assigned
        live = known.documents[id(former)]
        if assigned.hash == live.hash:
            assigned = live
        # A new id is for this time only; whose name is not the live one's may find another one.
        same = (len(self.problems), self.minted) == before and "was" not in document.content
        if same:
            _ASSIGNED.put(key, document, (assigned, live))
        return assigned

    def _with_ids(
        self, content: Mapping[str, Any], former: Mapping[str, Any] | None, place: str
    ) -> dict[str, Any]:
        """Return `content` with its id and those of what is in it; `was` has done its work."""
        result = {key: value for key, value in content.items() if key != "was"}
        result["id"] = content.get("id") or (former or {}).get("id") or self._new_id()
        for part in NESTED:
            if part in content:
                inside = _Known((former or {}).get(part, ()))
                result[part] = [
                    self._part(one, inside, place + pointer(part, index))
                    for index, one in enumerate(content[part])
                ]
        return result

    def _new_id(self) -> str:
        self.minted += 1
        return self.ids.definition_id()

    def _part(self, content: Mapping[str, Any], live: _Known, place: str) -> dict[str, Any]:
        return self._with_ids(content, self._former(content, live, place), place)

    def _former(
        self, content: Mapping[str, Any], live: _Known, place: str
    ) -> Mapping[str, Any] | None:
        if "id" in content:
            if content["id"] in live.by_id:
                return live.by_id[content["id"]]
            taken = live.by_name.get(content["name"])
            if taken is not None and taken.get("id"):
                self.problems.append(
                    ID_TAKEN.at(
                        place + "/id",
                        name=content["name"],
                        kind=content.get("kind", "definition"),
                        live=taken["id"],
                    )
                )
            return None
        return live.by_name.get(content["name"]) or live.by_name.get(content.get("was"))
