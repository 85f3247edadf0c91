"""Three-way merge of definitions: two sets of changes to one base become one set, or conflicts.

A change that one side made is taken; the same change on both sides is one change. Different changes
of one key, or a deletion against a change, are conflicts: the merged documents hold what is ours
there until a resolution says otherwise. Nothing that nobody touched ever changes. Pure: no I/O.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, NotRequired, TypedDict

from headrace.platform.core.canonical import ordered
from headrace.platform.core.problems import LANGUAGES, Text, pointer
from headrace.platform.metadata.aligning import (
    MISSING,
    Alignment,
    Slot,
    align,
    merged_order,
    same,
)
from headrace.platform.metadata.definitions.objects import FieldDef
from headrace.platform.metadata.documents import Document

Side = Literal["ours", "theirs"]

WHOLE_KEYS: Final = frozenset({"scope"})
"""Keys whose value is one choice: exactly one key may stand in it, so it is never mixed."""
UNTYPED_KEYS: Final = frozenset({one.name for one in fields(FieldDef)} - {"type"}) | {"kind"}
"""Keys that mean the same whatever the `type` beside them is; all others are its options."""
OPTIONS: Final = "type"
"""The key under which a type and its options conflict as one."""
ORDER: Final = "#order"
"""What stands for the order of a list in the key of a conflict."""


@dataclass(frozen=True, slots=True)
class Sides:
    """What the two sides are called in sentences."""

    ours: Text = Text("here", "此处")
    theirs: Text = Text("the other side", "对方")


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a conflict is settled: by what one side has, or by another value.

    `side` None means `value`; a value of MISSING removes what the conflict is about.
    """

    side: Side | None = None
    value: Any = MISSING


Resolutions = Mapping[str, Resolution]


class ConflictJson(TypedDict):
    """One place that both sides changed differently; what a side does not have is left out."""

    key: str
    path: str
    kind: str
    name: str
    module: str
    sentence: str
    base: NotRequired[Any]
    ours: NotRequired[Any]
    theirs: NotRequired[Any]


@dataclass(frozen=True, slots=True)
class Conflict:
    """One place that both sides changed differently; what a side does not have is MISSING.

    `key` names the place by names and stays the same for the same three inputs; `path` is a JSON
    Pointer into the merged document (its nearest enclosing place where the item is gone).
    """

    key: str
    path: str
    kind: str
    name: str
    module: str
    base: Any
    ours: Any
    theirs: Any
    sentence: Text

    def render(self, language: str) -> ConflictJson:
        """Return the JSON form; what a side does not have is left out."""
        shown: ConflictJson = {
            "key": self.key,
            "path": self.path,
            "kind": self.kind,
            "name": self.name,
            "module": self.module,
            "sentence": self.sentence.within(language),
        }
        if self.base is not MISSING:
            shown["base"] = self.base
        if self.ours is not MISSING:
            shown["ours"] = self.ours
        if self.theirs is not MISSING:
            shown["theirs"] = self.theirs
        return shown


@dataclass(frozen=True, slots=True)
class Merged:
    """Merged documents in canonical form, what is open, and the resolutions that settled nothing.

    `met` are all conflicts in their order, those that a resolution settled too.
    """

    documents: tuple[Document, ...]
    conflicts: tuple[Conflict, ...] = ()
    unused: tuple[str, ...] = ()
    met: tuple[Conflict, ...] = ()


def merge(
    base: Iterable[Document],
    ours: Iterable[Document],
    theirs: Iterable[Document],
    resolutions: Resolutions | None = None,
    sides: Sides | None = None,
) -> Merged:
    """Merge what `ours` and `theirs` changed since `base`."""
    merger = _Merger(resolutions or {}, sides or Sides())
    documents = [
        one
        for slot in _documents(list(base), list(ours), list(theirs))
        if (one := merger.document(slot)) is not None
    ]
    documents.sort(key=lambda one: one.file)
    unused = tuple(key for key in merger.resolutions if key not in merger.used)
    met = tuple(merger.conflicts)
    left = tuple(one for one in met if one.key not in merger.used)
    return Merged(tuple(documents), left, unused, met)


def changed(one: Document, other: Document) -> bool:
    """Say whether two documents differ in content or module."""
    return one is not other and not (
        one.module == other.module and same(one.content, other.content)
    )


def slot_of(document: Document) -> tuple[str, str]:
    """Return within what a name is unique, and the name."""
    return document.space, document.name


# -- documents -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _DocumentSlot:
    base: Document | None = None
    ours: Document | None = None
    theirs: Document | None = None


def _documents(
    base: Sequence[Document], ours: Sequence[Document], theirs: Sequence[Document]
) -> list[_DocumentSlot]:
    """Match documents by id, then by kind and name where an id is missing or both are new."""
    slots = [_DocumentSlot(base=one) for one in base]
    left = _matched(slots, ours, "ours")
    slots.extend(_DocumentSlot(ours=one) for one in left)
    left = _matched(slots, theirs, "theirs")
    slots.extend(_DocumentSlot(theirs=one) for one in left)
    return slots


def _matched(
    slots: Sequence[_DocumentSlot], documents: Sequence[Document], side: Side
) -> list[Document]:
    """Put documents into the slots that they belong to; return those that belong to none."""
    by_id: dict[str, _DocumentSlot] = {}
    by_name: dict[tuple[str, str], _DocumentSlot] = {}
    for slot in slots:
        for one in (slot.base, slot.ours):
            if one is None:
                continue
            if "id" in one.content:
                by_id.setdefault(one.content["id"], slot)
            if one is slot.base or slot.base is None:
                by_name.setdefault(slot_of(one), slot)
    waiting = []
    for one in documents:
        same_id = by_id.get(one.content.get("id", ""))
        if same_id is None or getattr(same_id, side) is not None:
            waiting.append(one)
        else:
            setattr(same_id, side, one)
    left = []
    for one in waiting:
        named = by_name.get(slot_of(one))
        if named is None or getattr(named, side) is not None or not _may_match(named, one):
            left.append(one)
        else:
            setattr(named, side, one)
    return left


def _may_match(slot: _DocumentSlot, document: Document) -> bool:
    """Say whether a document of the same name is the same one: never against two different ids."""
    if slot.base is None:
        return True  # both sides made it: the ids differ, and that is for a person to settle
    return "id" not in slot.base.content or "id" not in document.content


# -- values ----------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class _Item:
    """An item of a list within a place; its index in the merged list is known afterwards."""

    label: str
    index: int | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    document: Document
    parts: tuple[str | _Item, ...] = ()

    def below(self, part: str | _Item) -> _Place:
        return _Place(self.document, (*self.parts, part))

    @property
    def key(self) -> str:
        labels = (one if isinstance(one, str) else one.label for one in self.parts)
        return "/".join(slot_of(self.document)) + "".join(
            one if one == ORDER else "/" + one for one in labels
        )

    @property
    def path(self) -> str:
        parts: list[str | int] = []
        for one in self.parts:
            if isinstance(one, str):
                if one != ORDER:
                    parts.append(one)
            elif one.index is None:
                break
            else:
                parts.append(one.index)
        return pointer(*parts)


@dataclass(slots=True)
class _Merger:
    resolutions: Resolutions
    sides: Sides
    used: set[str] = field(default_factory=set)
    found: list[tuple[_Place, Any, Any, Any]] = field(default_factory=list)

    @property
    def conflicts(self) -> Iterator[Conflict]:
        for place, base, ours, theirs in self.found:
            yield Conflict(
                place.key,
                place.path,
                place.document.kind,
                place.document.name,
                place.document.module,
                base,
                ours,
                theirs,
                _sentence(place, base, ours, theirs, self.sides),
            )

    def document(self, slot: _DocumentSlot) -> Document | None:
        known = next(one for one in (slot.base, slot.ours, slot.theirs) if one is not None)
        place = _Place(known)
        base, ours, theirs = (_content(one) for one in (slot.base, slot.ours, slot.theirs))
        content = self.item(place, Slot("", base, ours, theirs))
        if content is MISSING:
            return None
        return Document(self.module(place, slot), ordered(content))

    def module(self, place: _Place, slot: _DocumentSlot) -> str:
        """Return the module of a merged document: a definition may move to another one."""
        names = [
            MISSING if one is None else one.module for one in (slot.base, slot.ours, slot.theirs)
        ]
        base, ours, theirs = names
        if ours is MISSING or theirs is MISSING:
            return str(theirs if ours is MISSING else ours)
        return str(self.value(place.below("#module"), base, ours, theirs))

    def item(self, place: _Place, slot: Slot) -> Any:
        """Merge something that has an identity: it is there as a whole, or it is not."""
        base, ours, theirs = slot.base, slot.ours, slot.theirs
        if base is MISSING and ours is not MISSING and theirs is not MISSING:
            return ours if same(ours, theirs) else self.conflict(place, base, ours, theirs)
        return self.value(place, base, ours, theirs)

    def value(self, place: _Place, base: Any, ours: Any, theirs: Any) -> Any:
        if same(ours, theirs) or same(base, theirs):
            return ours
        if same(base, ours):
            return theirs
        if _is_list(base, ours, theirs):
            return self.sequence(place, base, ours, theirs)
        if _is_map(place, base, ours, theirs):
            return self.mapping(place, base, ours, theirs)
        return self.conflict(place, base, ours, theirs)

    def conflict(self, place: _Place, base: Any, ours: Any, theirs: Any) -> Any:
        """Return what settles a conflict; note it where nothing does, and keep ours."""
        resolution = self.resolutions.get(place.key)
        self.found.append((place, base, ours, theirs))
        if resolution is None or not _fits(place, resolution):
            return ours
        self.used.add(place.key)
        if resolution.side is None:
            return resolution.value
        return ours if resolution.side == "ours" else theirs

    def mapping(self, place: _Place, base: Any, ours: Any, theirs: Any) -> Any:
        sides = [{} if one is MISSING else dict(one) for one in (base, ours, theirs)]
        result: dict[str, Any] = {}
        if _retyped(sides):
            options = [_take_options(side) for side in sides]
            merged = self.options(place.below(OPTIONS), *options)
            result.update({} if merged is MISSING else merged)
        for key in dict.fromkeys(sorted(key for side in sides for key in side)):
            value = self.value(place.below(key), *(side.get(key, MISSING) for side in sides))
            if value is not MISSING:
                result[key] = value
        return result

    def options(self, place: _Place, base: Any, ours: Any, theirs: Any) -> Any:
        """Merge a type with its options as one value: those of one type mean nothing to another."""
        if same(ours, theirs) or same(base, theirs):
            return ours
        return theirs if same(base, ours) else self.conflict(place, base, ours, theirs)

    def sequence(self, place: _Place, base: Any, ours: Any, theirs: Any) -> Any:
        alignment = align(*([] if one is MISSING else one for one in (base, ours, theirs)))
        items = [_Item(slot.label) for slot in alignment.slots]
        merged: dict[int, Any] = {}
        for number, slot in enumerate(alignment.slots):
            value = self.item(place.below(items[number]), slot)
            if value is not MISSING:
                merged[number] = value
        order = self.order(place.below(ORDER), alignment, merged)
        for index, number in enumerate(order):
            items[number].index = index
        emptied = not merged and MISSING in (ours, theirs)
        return MISSING if emptied else [merged[number] for number in order]

    def order(
        self, place: _Place, alignment: Alignment, merged: Mapping[int, Any]
    ) -> Sequence[int]:
        order = merged_order(alignment, merged)
        if order.agreed:
            return order.slots
        labels = [
            [alignment.slots[number].label for number in side]
            for side in (alignment.base, alignment.ours, alignment.theirs)
        ]
        wanted = self.conflict(place, *labels)
        if wanted == labels[2]:
            return merged_order(alignment, merged, "theirs").slots
        return order.slots


def _content(document: Document | None) -> Any:
    return MISSING if document is None else dict(document.content)


def _is_list(base: Any, ours: Any, theirs: Any) -> bool:
    """Say whether values merge item by item; a list of texts that is not there may mean “all”."""
    present = [one for one in (base, ours, theirs) if one is not MISSING]
    if not all(isinstance(one, list) for one in present):
        return False
    if len(present) == 3:  # noqa: PLR2004 - all sides
        return True
    return all(isinstance(item, dict) for one in present for item in one)


def _is_map(place: _Place, base: Any, ours: Any, theirs: Any) -> bool:
    """Say whether values merge key by key; what both sides added does where no key differs."""
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return False
    last = place.parts[-1] if place.parts else None
    if isinstance(last, str) and last in WHOLE_KEYS:
        return False
    if isinstance(base, dict):
        return True
    shared = ours.keys() & theirs.keys()
    return base is MISSING and all(same(ours[key], theirs[key]) for key in shared)


def _fits(place: _Place, resolution: Resolution) -> bool:
    """Say whether a resolution can stand at a place: a whole document must remain one."""
    value = resolution.value
    if place.parts or resolution.side is not None or value is MISSING:
        return True
    if not isinstance(value, dict) or "name" not in value:
        return False
    return all(value.get(key) == place.document.content.get(key) for key in ("kind", "of"))


def _retyped(sides: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether a side gave the thing another type than it had."""
    return len({one[OPTIONS] for one in sides if isinstance(one.get(OPTIONS), str)}) > 1


def _take_options(content: dict[str, Any]) -> Any:
    """Take the type and all its options out of `content`."""
    taken = {key: content.pop(key) for key in list(content) if key not in UNTYPED_KEYS}
    return taken or MISSING


# -- sentences -------------------------------------------------------------------------------------

_LANGUAGE_WORDS: Final = {"en": Text("English", "英文"), "zh": Text("Chinese", "中文")}


def _sentence(place: _Place, base: Any, ours: Any, theirs: Any, sides: Sides) -> Text:
    what = _what(place)
    here, there = sides.ours, sides.theirs
    if base is MISSING:
        return Text(
            f"{what.en}: added on both sides; {here.en}: {_shown(ours)}, {there.en}: {_shown(theirs)}.",
            f"{what.zh}：双方均新增；{here.zh}为 {_shown(ours)}，{there.zh}为 {_shown(theirs)}。",
        )
    if MISSING in (ours, theirs):
        gone, kept = (here, there) if ours is MISSING else (there, here)
        value = theirs if ours is MISSING else ours
        return Text(
            f"{what.en}: deleted in {gone.en}, changed in {kept.en} to {_shown(value)}.",
            f"{what.zh}：{gone.zh}已删除，{kept.zh}改为 {_shown(value)}。",
        )
    return Text(
        f"{what.en}: {_shown(ours)} in {here.en}, {_shown(theirs)} in {there.en};"
        f" it was {_shown(base)}.",
        f"{what.zh}：{here.zh}为 {_shown(ours)}，{there.zh}为 {_shown(theirs)}；原为 {_shown(base)}。",
    )


def _what(place: _Place) -> Text:
    """Return the place in words, the innermost first."""
    document = place.document
    about = f"{document.kind} {document.of}".strip()
    words: list[Text] = [Text(f"{about} “{document.name}”", f"{about}“{document.name}”")]
    for part in place.parts:
        if isinstance(part, _Item):
            words[-1] = Text(f"“{part.label}” of {words[-1].en}", f"{words[-1].zh}“{part.label}”")
        elif part == ORDER:
            words.append(Text("order", "顺序"))
        elif part in LANGUAGES:
            words.append(_LANGUAGE_WORDS[part])
        else:
            words.append(Text(part.removeprefix("#"), part.removeprefix("#")))
    return Text(" of ".join(one.en for one in reversed(words)), "的 ".join(one.zh for one in words))


def _shown(value: Any, limit: int = 80) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"“{text}”" if len(text) <= limit else f"“{text[: limit - 1]}…”"
