"""Stable ids: matching definitions in files with the live ones, and minting ids for new ones.

A definition is the live one when it has its id; without an id, when it has its name, or says by
`was` which name it had. So a rename is never a drop and an add.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Final

from headrace.platform.core.ids import IdSource
from headrace.platform.core.newest import Newest
from headrace.platform.core.problems import Message, Problem, pointer
from headrace.platform.metadata.documents import Document

NESTED: Final = ("fields", "rules", "field_rules", "states", "transitions", "steps")
"""Lists in documents whose items have ids of their own."""

ID_TAKEN = Message(
    "id.name_taken",
    "“{name}” is live with another id; it is not said whether this is the same {kind}.",
    "“{name}”已存在且标识不同，无法判断是否为同一个 {kind}。",
    "Answer same or new; or take the live id ({live}), or leave it out, if it is the same, and give it "
    "another name if not.",
    "请答复 same 或 new；或：若为同一定义，改用现有标识（{live}）或删除标识，否则请更名。",
)
ID_TWICE = Message(
    "id.duplicate",
    "The id of “{name}” is used twice.",
    "“{name}”的标识重复。",
    "Remove the id of the copy; it gets its own when it is published.",
    "请删除副本的标识，发布时会自动生成。",
)


BAD_ID = Message(
    "id.invalid",
    "“{id}” cannot be an id.",
    "“{id}”不能作为标识。",
    "Leave it out; a new definition gets its id when it is published.",
    "请删除；新定义会在发布时获得标识。",
)
ID_FORM: Final = re.compile(r"[0-9a-z_-]{1,60}")
"""No dots: ids with dots are the platform's own."""
KEPT_DOCUMENTS: Final = 10_000
_ASSIGNED: Final[Newest[tuple[Document, Document]]] = Newest(KEPT_DOCUMENTS)
"""What documents became, and the live ones that they are; a document is a value that nobody changes."""


def check_ids(documents: Iterable[Document]) -> tuple[Problem, ...]:
    """Return a problem for each id that two definitions share or that has a wrong form."""
    every = tuple(documents)
    found = [one.worked_out("ids", partial(_well_formed, one)) for one in every]
    sound = [one for one in found if one is not None]
    if len(sound) == len(found) and len(set().union(*sound)) == sum(map(len, sound)):
        return ()
    seen: set[str] = set()
    problems: list[Problem] = []
    for document, own in zip(every, found, strict=True):
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


@dataclass(frozen=True, slots=True)
class Taken:
    """A definition whose id is unknown here while its name is live; `problem` says where it stands.

    `asked`: it may be answered whether it is the same. Where the live one belongs to a module that
    stays, it can only be called otherwise.
    """

    key: str
    kind: str
    name: str
    problem: Problem
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of ids that are not live.

    `aliases` are ids of files that mean live definitions, `answers` say of keys of `Taken` whether
    they are the `same` or `new`; `unasked` is the answer without one. `modules` are those whose
    live documents go where the files do not have them; None for all.
    """

    aliases: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    unasked: str | None = None
    modules: Collection[str] | None = None


NOTHING_KNOWN: Final = Known()


@dataclass(frozen=True, slots=True)
class Identified:
    """Documents with the ids of the live ones they are, what is asked, and aliases found on the way."""

    documents: tuple[Document, ...]
    taken: tuple[Taken, ...]
    aliases: Mapping[str, str]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What stands in the way until it is answered."""
        return tuple(one.problem for one in self.taken)


def assign_ids(
    documents: Iterable[Document], live: Iterable[Document], ids: IdSource
) -> tuple[tuple[Document, ...], tuple[Problem, ...]]:
    """Return `documents` with the ids of the `live` ones they are, and new ids for new ones."""
    found = identify(documents, live, ids)
    return found.documents, found.problems


def identify(
    documents: Iterable[Document],
    live: Iterable[Document],
    ids: IdSource,
    known: Known = NOTHING_KNOWN,
) -> Identified:
    """Return `documents` with the ids of the `live` ones they are, by what is `known` of theirs.

    What comes out as it is live is the very document that is live.
    """
    assigner = _Assigner(tuple(live), ids, known)
    assigned = tuple(map(assigner.document, documents))
    return Identified(assigned, tuple(assigner.taken), assigner.aliases)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a definition stands: file and pointer, kind, and the names around it."""

    path: str
    kind: str
    within: str = ""
    same: bool = False
    """Whether it is in a definition that is the same as one with another id: names decide there."""

    @classmethod
    def of(cls, document: Document) -> _Place:
        return cls("/" + document.file, document.kind)

    def inside(self, part: str, index: int, name: str, *, same: bool) -> _Place:
        within = f"{self.within}{name}."
        return _Place(self.path + pointer(part, index), part.removesuffix("s"), within, same)


class _Live:
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
    def __init__(self, live: tuple[Document, ...], ids: IdSource, known: Known) -> None:
        self.ids = ids
        self.known = known
        self.taken: list[Taken] = []
        self.aliases: dict[str, str] = {}
        self.minted = 0
        self._live = live
        self._slots: dict[str, _Live] = {}
        self._there = frozenset(map(id, live))

    def _slot(self, space: str) -> _Live:
        """Return the live documents among which one with a name is looked for."""
        if space not in self._slots:
            found = self._slots[space] = _Live()
            for document in self._live:
                if document.space == space:
                    found.add(document)
        return self._slots[space]

    @cached_property
    def staying(self) -> AbstractSet[str]:
        """The ids of live documents of modules that are not published."""
        modules = self.known.modules
        if modules is None:
            return frozenset()
        away = (one for one in self._live if one.module not in modules)
        return frozenset(str(one.content.get("id")) for one in away)

    def document(self, document: Document) -> Document:
        """Return a document with its ids, once worked out for the same document on both sides."""
        if id(document) in self._there:
            return document
        key = (document.module, document.kind, document.name)
        found = None if self._is_told else _ASSIGNED.known(key, document)
        if found is not None and id(found[1]) in self._there:
            return found[0]
        return self._worked_out(key, document)

    @cached_property
    def _is_told(self) -> bool:
        """Whether aliases or answers have a say in what a definition is."""
        return bool(self.known.aliases or self.known.answers or self.known.unasked)

    def _worked_out(self, key: tuple[str, ...], document: Document) -> Document:
        live = self._slot(document.space)
        before = self._marks()
        place = _Place.of(document)
        former = self._former(document.content, live, place)
        assigned = Document(document.module, self._with_ids(document.content, former, place))
        if former is None:
            return assigned
        known = live.documents[id(former)]
        if assigned.hash == known.hash:
            assigned = known
        # A new id is for this time only; whose name is not the live one's may find another one.
        again = self._marks() == before and "was" not in document.content
        if again and not self._is_told:
            _ASSIGNED.put(key, document, (assigned, known))
        return assigned

    def _marks(self) -> tuple[int, int, int]:
        """Return how much was asked, found otherwise and minted so far."""
        return len(self.taken), len(self.aliases), self.minted

    def _with_ids(
        self, content: Mapping[str, Any], former: Mapping[str, Any] | None, place: _Place
    ) -> dict[str, Any]:
        """Return `content` with its id and those of what is in it; `was` has done its work."""
        result = {key: value for key, value in content.items() if key != "was"}
        given = content.get("id")
        result["id"] = (former or {}).get("id") or given or self._new_id()
        same = former is not None and given not in {None, result["id"]}
        if same:
            self.aliases[str(given)] = result["id"]
        for part in NESTED:
            if part in content:
                inside = _Live((former or {}).get(part, ()))
                name = content["name"]
                result[part] = [
                    self._part(one, inside, place.inside(part, index, name, same=same))
                    for index, one in enumerate(content[part])
                ]
        return result

    def _new_id(self) -> str:
        self.minted += 1
        return self.ids.definition_id()

    def _part(self, content: Mapping[str, Any], live: _Live, place: _Place) -> dict[str, Any]:
        return self._with_ids(content, self._former(content, live, place), place)

    def _former(
        self, content: Mapping[str, Any], live: _Live, place: _Place
    ) -> Mapping[str, Any] | None:
        if "id" not in content:
            return live.by_name.get(content["name"]) or live.by_name.get(content.get("was"))
        given = content["id"]
        found = live.by_id.get(given) or live.by_id.get(self.known.aliases.get(given))
        if found is not None:
            return found
        taken = live.by_name.get(content["name"])
        if taken is None or not taken.get("id"):
            return None
        return taken if place.same else self._asked(content, taken, place)

    def _asked(
        self, content: Mapping[str, Any], taken: Mapping[str, Any], place: _Place
    ) -> Mapping[str, Any] | None:
        """Return the live definition of this name where the answer says that it is the same."""
        name = place.within + content["name"]
        key = f"{ID_TAKEN.code}:{place.kind}.{name}"
        problem = ID_TAKEN.at(place.path + "/id", name=name, kind=place.kind, live=taken["id"])
        may_ask = taken["id"] not in self.staying
        answer = self.known.answers.get(key, self.known.unasked) if may_ask else None
        if answer not in {"same", "new"} or key in self.known.answers or not may_ask:
            self.taken.append(Taken(key, place.kind, name, problem, may_ask))
        return taken if answer == "same" else None
