"""Stable ids: matching definitions in files with the live ones, and minting ids for new ones.

A definition is the live one when it has its id; without an id, when it has its name, or says by
`was` which name it had. So a rename is never a drop and an add.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from headrace.platform.core.ids import IdSource
from headrace.platform.core.problems import Message, Problem, pointer
from headrace.platform.metadata.documents import Document

NESTED: Final = ("fields", "rules", "states", "transitions", "steps")
"""Lists in documents whose items have ids of their own."""

ID_TAKEN = Message(
    "id.name_taken",
    "“{name}” is live with another id; it is not said whether this is the same {kind}.",
    "“{name}”已存在且标识不同,无法判断是否为同一个 {kind}。",
    "Answer same or new; or take the live id ({live}), or leave it out, if it is the same, and give it "
    "another name if not.",
    "请答复 same 或 new;或:若为同一定义,改用现有标识({live})或删除标识,否则请更名。",
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


def check_ids(documents: Iterable[Document]) -> tuple[Problem, ...]:
    """Return a problem for each id that two definitions share or that has a wrong form."""
    seen: set[str] = set()
    problems: list[Problem] = []
    for document in documents:
        for content, place in _definitions(document.content, "/" + document.file):
            given = str(content["id"])
            if ID_FORM.fullmatch(given) is None:
                problems.append(BAD_ID.at(place + "/id", id=given))
            elif given in seen:
                problems.append(ID_TWICE.at(place + "/id", name=content["name"]))
            seen.add(given)
    return tuple(problems)


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
    """Return `documents` with the ids of the `live` ones they are, by what is `known` of theirs."""
    slots: dict[str, list[Mapping[str, Any]]] = {}
    staying: set[str] = set()
    for document in live:
        slots.setdefault(document.space, []).append(document.content)
        if known.modules is not None and document.module not in known.modules:
            staying.add(str(document.content.get("id")))
    assigner = _Assigner(ids, known, staying)
    assigned = tuple(
        Document(
            document.module,
            assigner.definition(
                document.content, slots.get(document.space, ()), _Place.of(document)
            ),
        )
        for document in documents
    )
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


class _Assigner:
    def __init__(self, ids: IdSource, known: Known, staying: Collection[str]) -> None:
        self.ids = ids
        self.known = known
        self.staying = staying
        self.taken: list[Taken] = []
        self.aliases: dict[str, str] = {}

    def definition(
        self, content: Mapping[str, Any], live: Iterable[Mapping[str, Any]], place: _Place
    ) -> dict[str, Any]:
        """Return `content` with its id and those of what is in it; `was` has done its work."""
        former = self._former(content, list(live), place)
        result = {key: value for key, value in content.items() if key != "was"}
        given = content.get("id")
        result["id"] = (former or {}).get("id") or given or self.ids.definition_id()
        same = former is not None and given not in {None, result["id"]}
        if same:
            self.aliases[str(given)] = result["id"]
        for part in NESTED:
            if part in content:
                inside = (former or {}).get(part, ())
                name = content["name"]
                result[part] = [
                    self.definition(one, inside, place.inside(part, index, name, same=same))
                    for index, one in enumerate(content[part])
                ]
        return result

    def _former(
        self, content: Mapping[str, Any], live: list[Mapping[str, Any]], place: _Place
    ) -> Mapping[str, Any] | None:
        by_name = {one["name"]: one for one in live}
        if "id" not in content:
            return by_name.get(content["name"]) or by_name.get(content.get("was"))
        by_id = {one.get("id"): one for one in live}
        given = content["id"]
        found = by_id.get(given) or by_id.get(self.known.aliases.get(given))
        if found is not None:
            return found
        taken = by_name.get(content["name"])
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
