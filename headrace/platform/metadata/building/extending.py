"""Extensions put into the definitions that they add to, before anything else is made of these.

What a list gets from several files stands in the order of the files' modules, where no `after` says
otherwise. What cannot be added is told in the extension's own file and left out.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from headrace.platform.core.problems import Message, Problem, pointer
from headrace.platform.metadata.building.messages import (
    ADDED_TWICE,
    ADDS_NOTHING,
    NAMED_TWICE,
    NOT_OPEN,
    NOTHING_BEHIND,
    NOTHING_CALLED,
    UNKNOWN_PART,
)
from headrace.platform.metadata.building.targets import Target, extended_definitions
from headrace.platform.metadata.building.workbench import Workbench, closest
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.extended import Extended, Way
from headrace.platform.metadata.loading import MAX_PROBLEMS, check_document
from headrace.platform.metadata.schemas import load_definition
from headrace.platform.metadata.wording import kind_word

LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "module": ("menu",),
    "choice_set": ("choices",),
    "object": ("fields", "rules", "field_rules", "record_types", "children", "unique", "search"),
    "workflow": ("states", "transitions"),
    "approval": ("steps",),
    "permission": ("grants",),
    "form": ("sections",),
    "view": ("columns",),
    "report": ("measures", "group_rows", "group_columns"),
    "dashboard": ("tiles",),
}
"""Lists of a definition that an extension adds to under the same key, by kind."""


@dataclass(frozen=True, slots=True)
class Inner:
    """A list inside the parts of a list, that an extension adds to by the names of these.

    With `closed`, one that is missing or empty stands for everything, so that adding would narrow it
    or mean nothing.
    """

    outer: str
    key: str
    part: str
    closed: bool = False


INNER: Final[Mapping[str, Mapping[str, Inner]]] = {
    "module": {"views": Inner("menu", "views", "menu", closed=True)},
    "object": {"choices": Inner("fields", "choices", "field", closed=True)},
    "workflow": {
        "from": Inner("transitions", "from", "transition"),
        "by": Inner("transitions", "by", "transition", closed=True),
    },
    "approval": {"editable": Inner("steps", "editable", "step")},
    "form": {"items": Inner("sections", "items", "section")},
}
"""By kind, the keys of an extension under which lists stand by name."""

NAMED: Final = frozenset({"fields", "rules", "children", "states", "transitions", "steps"}) | {
    "field_rules",
    "record_types",
    "sections",
    "choices",
    "tiles",
}
"""Lists whose items are told apart by name; a name that is taken is an error."""
NAMELESS: Final = frozenset({"menu", "unique", "grants", "measures"})
"""Lists whose items have no name to stand behind."""
CLOSED: Final = frozenset({"search"})
"""Lists of definitions that stand for something else where they are missing, as inner ones may."""
UNORDERED: Final = frozenset({"search", "from", "by", "editable"})
"""Lists whose order means nothing, so that nothing in them stands behind anything."""
MAX_SUGGESTIONS: Final = 20
"""Problems of a definition after which it is no longer worked out what may have been meant."""
MAX_KNOWN: Final = 1_000
"""Names that are looked through for what may have been meant."""


def put_extensions_in(work: Workbench) -> None:
    """Let every definition that is extended be what it is together with its extensions."""
    for target in extended_definitions(work):
        definitions = (target.definition, *target.extensions)
        name = f"{target.of} {target.name}"
        made = work.part("extended", name, definitions, partial(_together, work, target))
        work.put_extended(target.of, target.name, *made)


def _together(work: Workbench, target: Target) -> tuple[Extended, Any]:
    documents = tuple(work.document(one) for one in target.extensions)
    merging = _Merging(target.of, work.document(target.definition), documents)
    extended = merging.merged()
    work.problems.extend(merging.problems)
    found = check_document(extended.content, work.types)
    work.problems.extend(extended.placed(one) for one in found)
    content = merging.base.content if found else extended.content
    return extended, load_definition(content, work.types)


@dataclass(frozen=True, slots=True)
class _Item:
    """An item of a list, where it stands, and who brings it."""

    value: Any
    place: str
    document: Document
    name: str | None


@dataclass(slots=True)
class _Merging:
    """One definition and the extensions that add to it."""

    of: str
    base: Document
    extensions: Sequence[Document]
    problems: list[Problem] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)

    def merged(self) -> Extended:
        """Return the definition with all that is added."""
        content = dict(self.base.content)
        places: dict[Way, tuple[str, ...]] = {}
        for key in LISTS[self.of]:
            own = self._of(self.base, key)
            items = self._list(key, own, self._added(key, closed=key in CLOSED and not own))
            if items:
                content[key] = [one.value for one in items]
                places[(key,)] = tuple(one.place for one in items)
        for key, inner in INNER.get(self.of, {}).items():
            self._inside(content, places, key, inner)
        for one in self.extensions:
            self._check(one)
        return Extended(self.base, tuple(self.extensions), content, places)

    def _of(self, document: Document, *way: str) -> list[_Item]:
        """Return the items of a list of a document, or of one that stands there by name."""
        values: Any = document.content
        for step in way:
            values = values.get(step, ())
        where = f"/{document.file}{pointer(*way)}"
        named = way[0] not in NAMELESS
        return [
            _Item(value, f"{where}/{position}", document, _name(value) if named else None)
            for position, value in enumerate(values)
        ]

    def _added(self, key: str, *, closed: bool) -> list[_Item]:
        """Return what the extensions bring to a list; nothing can be added to one that is closed."""
        if not closed:
            return [item for one in self.extensions for item in self._of(one, key)]
        for one in self.extensions:
            if one.content.get(key):
                place = f"/{one.file}/{key}"
                part = kind_word(self.of)
                self._tell(NOT_OPEN, place, part=part, name=self.base.name, key=key)
        return []

    def _list(self, key: str, own: Sequence[_Item], added: Iterable[_Item]) -> list[_Item]:
        """Return the items of a list in order; none where nothing is added."""
        brought = list(added)
        if not brought:
            return []
        kept = [*own]
        first: dict[str, _Item] = {}
        for item in own:
            first.setdefault(_mark(key, item), item)
        for item in brought:
            other = first.setdefault(_mark(key, item), item)
            told_elsewhere = other.document is item.document and key != "choices"
            if other is item or item.name is None or told_elsewhere:
                kept.append(item)
            elif key in NAMED:
                place = item.place + ("/value" if key == "choices" else "/name")
                self._tell(NAMED_TWICE, place, name=item.name, module=other.document.module)
            else:
                module = other.document.module
                self._tell(ADDED_TWICE, item.place, name=item.name, module=module)
        return kept if key in UNORDERED else self._in_order(kept)

    def _in_order(self, items: Sequence[_Item]) -> list[_Item]:
        """Put each item behind that which its file says, else where it is."""
        behind: dict[str | None, list[_Item]] = {}
        names = {one.name for one in items if one.name is not None}
        for item in items:
            anchor = self._anchor(item)
            if anchor and anchor not in names:
                self._tell_anchor(item, anchor, names)
                anchor = None
            behind.setdefault(anchor, []).append(item)
        order: list[_Item] = []
        waiting = [*reversed((*behind.pop("", ()), *behind.pop(None, ())))]
        while waiting:
            item = waiting.pop()
            order.append(item)
            following = behind.pop(item.name, ()) if item.name is not None else ()
            waiting.extend(reversed(following))
        for left in behind.values():  # these stand behind each other in a circle
            for item in left:
                self._tell_anchor(item, str(self._anchor(item)), names)
            order.extend(left)
        return order

    def _anchor(self, item: _Item) -> str | None:
        if item.name is None or item.document is self.base:
            return None
        anchor: str | None = item.document.content.get("after", {}).get(item.name)
        return anchor

    def _inside(
        self, content: dict[str, Any], places: dict[Way, tuple[str, ...]], key: str, inner: Inner
    ) -> None:
        """Add to the lists inside the parts of a list."""
        parts = [*content.get(inner.outer, ())]
        positions = {_name(one): position for position, one in reversed([*enumerate(parts)])}
        by_part: dict[str, list[_Item]] = {}
        for document in self.extensions:
            for name in document.content.get(key, {}):
                place = f"/{document.file}{pointer(key, name)}"
                if name not in positions:
                    part, suggestion = kind_word(inner.part), self._like(name, positions)
                    self._tell(UNKNOWN_PART, place, part=part, name=name, suggestion=suggestion)
                elif inner.closed and not parts[positions[name]].get(inner.key):
                    part = kind_word(inner.part)
                    self._tell(NOT_OPEN, place, part=part, name=name, key=inner.key)
                else:
                    by_part.setdefault(name, []).extend(self._of(document, key, name))
        for name, added in by_part.items():
            position = positions[name]
            way: Way = (inner.outer, position, inner.key)
            own = self._own(parts[position].get(inner.key, ()), places, way)
            items = self._list(inner.key, own, added)
            if items:
                parts[position] = {**parts[position], inner.key: [one.value for one in items]}
                places[way] = tuple(one.place for one in items)
        if by_part:
            content[inner.outer] = parts

    def _own(
        self, values: Sequence[Any], places: Mapping[Way, tuple[str, ...]], way: Way
    ) -> list[_Item]:
        """Return the items that a part has by itself, wherever the part comes from."""
        known = Extended(self.base, (), {}, places)
        owners = {f"/{one.file}": one for one in self.extensions}
        found = []
        for position, value in enumerate(values):
            place = known.place(*way, position)
            owner = owners.get(place[: place.index(".json") + len(".json")], self.base)
            found.append(_Item(value, place, owner, _name(value)))
        return found

    def _check(self, document: Document) -> None:
        """Tell that a file adds nothing, or places what it does not add."""
        lists = [(key, self._of(document, key)) for key in LISTS[self.of]]
        for key in INNER.get(self.of, ()):
            names = document.content.get(key, {})
            lists += [(key, self._of(document, key, name)) for name in names]
        if not any(items for _, items in lists):
            self._tell(ADDS_NOTHING, "/" + document.file)
        ordered = [items for key, items in lists if key not in UNORDERED]
        added = {item.name for items in ordered for item in items}
        for name in document.content.get("after", {}):
            if name not in added:
                place = f"/{document.file}{pointer('after', name)}"
                self._tell(NOTHING_CALLED, place, name=name)

    def _tell(self, message: Message, place: str, **values: object) -> None:
        """Keep a problem; of each severity no more than people read."""
        if self.told[message.severity] < MAX_PROBLEMS:
            self.told[message.severity] += 1
            self.problems.append(message.at(place, **values))

    def _tell_anchor(self, item: _Item, anchor: str, known: Iterable[str | None]) -> None:
        place = f"/{item.document.file}{pointer('after', item.name or '')}"
        suggestion = self._like(anchor, known)
        self._tell(NOTHING_BEHIND, place, name=anchor, suggestion=suggestion)

    def _like(self, name: str, known: Iterable[str | None]) -> str:
        """Return the known name that may be meant; nothing more is looked up after many problems."""
        if len(self.problems) >= MAX_SUGGESTIONS:
            return "–"
        others = (one for one in known if one and one != name)
        return closest(name, itertools.islice(others, MAX_KNOWN)) or "–"


def _name(item: Any) -> str | None:
    """Return by which name an item is spoken of in its list; None where it has none."""
    if isinstance(item, str):
        return item
    keys = ("name", "value", "field", "children", "object")
    return next((item[key] for key in keys if isinstance(item.get(key), str)), None)


def _mark(key: str, item: _Item) -> str:
    """Return what makes an item the same as another; values of choices differ in more than case."""
    name = item.name if item.name is not None else item.place
    bucket = item.value.get("bucket", "") if isinstance(item.value, Mapping) else ""
    return name.lower() if key == "choices" else f"{name} {bucket}".strip()
