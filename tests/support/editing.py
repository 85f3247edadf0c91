"""A random editor of definitions, and facts about definitions that a merge must keep.

The facts are an account of documents of its own: nothing here uses the code that merges.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import built_in
from headrace.platform.publishing.folders import read_modules

SEEDS = Path(__file__).parents[2] / "headrace" / "seed_schemas"
NAMED = ("name", "value")
WORDS = ("red", "blue", "swift", "quiet", "old", "new", "wide", "深", "浅")


def seed_documents() -> list[Document]:
    """Return the documents of the seed modules."""
    read = read_modules(SEEDS, built_in())
    assert not [one for one in read.problems if one.severity == "error"]
    return list(read.documents)


class Editor:
    """Makes random changes to copies of documents; names of what it adds start with `mark`."""

    def __init__(self, documents: Iterable[Document], chance: random.Random, mark: str) -> None:
        self.documents = [
            Document(one.module, copy.deepcopy(dict(one.content))) for one in documents
        ]
        self.random = chance
        self.mark = mark
        self.made = 0

    def edit(self, times: int) -> list[Document]:
        """Make `times` random changes and return the documents."""
        for _ in range(times):
            chance = self.random.random()
            if chance < 0.04:
                self.add_document()
            elif chance < 0.07 and len(self.documents) > 1:
                self.documents.pop(self.random.randrange(len(self.documents)))
            elif self.documents:
                self.edit_within(self.random.choice(self.documents).content)
        return self.documents

    def fresh(self) -> str:
        self.made += 1
        return f"{self.mark}{self.made}"

    def add_document(self) -> None:
        model = self.random.choice(self.documents)
        content = copy.deepcopy(dict(model.content))
        if model.kind == "module":
            return
        _renew_ids(content, self.fresh)
        content["name"] = self.fresh()
        self.documents.append(Document(model.module, content))

    def edit_within(self, content: Any) -> None:
        """Change something in an object, or deeper."""
        keys = [key for key in content if key not in {"kind", "id"}]
        if not keys:
            return
        key = self.random.choice(keys)
        value = content[key]
        match value:
            case dict() if self.random.random() < 0.8:
                self.edit_within(value)
            case list() if value and self.random.random() < 0.95:
                self.edit_list(value)
            case str():
                content[key] = self.text(key)
            case bool():
                content[key] = not value
            case int():
                content[key] = value + self.random.randrange(1, 9)
            case _ if key != "name" and self.random.random() < 0.5:
                del content[key]
            case _:
                content.setdefault("help", {})["en"] = self.text("en")

    def text(self, key: str) -> str:
        """Return another text; names stay unique, others may be what the other side writes too."""
        return self.fresh() if key in NAMED else self.random.choice(WORDS)

    def edit_list(self, items: list[Any]) -> None:
        position = self.random.randrange(len(items))
        chance = self.random.random()
        if isinstance(items[position], dict) and chance < 0.6:
            self.edit_within(items[position])
        elif chance < 0.75:
            added = copy.deepcopy(items[position])
            if isinstance(added, dict):
                _renew_ids(added, self.fresh)
                for key in NAMED:
                    if key in added:
                        added[key] = self.fresh()
            else:
                added = self.fresh()
            items.insert(self.random.randrange(len(items) + 1), added)
        elif chance < 0.9 and len(items) > 1:
            items.pop(position)
        else:
            items.insert(self.random.randrange(len(items)), items.pop(position))


def _renew_ids(value: Any, fresh: Any) -> None:
    if isinstance(value, dict):
        if "id" in value:
            value["id"] = f"id{fresh()}"
        for one in value.values():
            _renew_ids(one, fresh)
    elif isinstance(value, list):
        for one in value:
            _renew_ids(one, fresh)


Facts = Mapping[str, str]


def facts(documents: Iterable[Document], base: Iterable[Document] = ()) -> Facts:
    """Return what is true of documents: a place in names mapped to what stands there.

    Things with ids are called by the name they have in `base`. Objects without a name are facts as a
    whole, texts in lists as being there; the order of lists is no fact.
    """
    known = dict(_names(one.content for one in base))
    spaces = {one.content["id"]: one.space for one in base if "id" in one.content}
    found: dict[str, str] = {}
    for one in documents:
        name = known.get(one.content.get("id", ""), one.name)
        owner = spaces.get(one.content.get("id", ""), one.space)
        place = f"{owner}/{name}"
        found[f"{place}/#module"] = one.module
        found.update(_facts(one.content, place, known))
    return found


def _names(values: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for value in values:
        if isinstance(value, dict):
            if "id" in value and "name" in value:
                yield value["id"], value["name"]
            yield from _names(value.values())
        elif isinstance(value, list):
            yield from _names(value)


def _facts(value: Any, place: str, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _facts(one, f"{place}/{key}", known)
    elif isinstance(value, list):
        for one in value:
            name = _name_of(one, known)
            if name is None:
                yield f"{place}/={json.dumps(one, sort_keys=True)}", "there"
            else:
                yield from _facts(one, f"{place}/{name}", known)
    else:
        yield place, json.dumps(value)


def _name_of(item: Any, known: Mapping[str, str]) -> str | None:
    if not isinstance(item, dict):
        return None
    if item.get("id") in known:
        return known[item["id"]]
    return next((item[key] for key in NAMED if key in item), None)
