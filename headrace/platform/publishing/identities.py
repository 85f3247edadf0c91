"""Stable ids: matching definitions in files with the live ones, and minting ids for new ones.

A definition is the live one when it has its id; without an id, when it has its name, or says by
`was` which name it had. So a rename is never a drop and an add.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
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


def assign_ids(
    documents: Iterable[Document], live: Iterable[Document], ids: IdSource
) -> tuple[tuple[Document, ...], tuple[Problem, ...]]:
    """Return `documents` with the ids of the `live` ones they are, and new ids for new ones."""
    known: dict[str, list[Mapping[str, Any]]] = {}
    for document in live:
        known.setdefault(document.space, []).append(document.content)
    assigner = _Assigner(ids)
    assigned = tuple(
        Document(
            document.module,
            assigner.definition(
                document.content, known.get(document.space, ()), "/" + document.file
            ),
        )
        for document in documents
    )
    return assigned, tuple(assigner.problems)


class _Assigner:
    def __init__(self, ids: IdSource) -> None:
        self.ids = ids
        self.problems: list[Problem] = []

    def definition(
        self, content: Mapping[str, Any], live: Iterable[Mapping[str, Any]], place: str
    ) -> dict[str, Any]:
        """Return `content` with its id and those of what is in it; `was` has done its work."""
        former = self._former(content, list(live), place)
        result = {key: value for key, value in content.items() if key != "was"}
        result["id"] = content.get("id") or (former or {}).get("id") or self.ids.definition_id()
        for part in NESTED:
            if part in content:
                inside = (former or {}).get(part, ())
                result[part] = [
                    self.definition(one, inside, place + pointer(part, index))
                    for index, one in enumerate(content[part])
                ]
        return result

    def _former(
        self, content: Mapping[str, Any], live: list[Mapping[str, Any]], place: str
    ) -> Mapping[str, Any] | None:
        by_name = {one["name"]: one for one in live}
        if "id" in content:
            by_id = {one.get("id"): one for one in live}
            if content["id"] in by_id:
                return by_id[content["id"]]
            taken = by_name.get(content["name"])
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
        return by_name.get(content["name"]) or by_name.get(content.get("was"))
