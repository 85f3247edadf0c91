"""Which items of two lists are the same item, and in what order a merged list stands.

Items with an id are the same where the id is; items with a name where the name is; texts where they
are equal; others (grants, approvers, sections) where they are equal or most alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from headrace.platform.core.canonical import canonical_bytes


class Missing(Enum):
    """The value of what is not there."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
NAMES: Final = ("name", "value")
"""Keys that name an item within its list."""
SIGNATURE: Final = ("role", "field", "children", "object", "report", "dashboard", "fields")
"""Keys that say what an item without a name is about."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One item as the three sides have it; MISSING where a side does not."""

    label: str
    base: Any = MISSING
    ours: Any = MISSING
    theirs: Any = MISSING


@dataclass(frozen=True, slots=True)
class Alignment:
    """The items of three lists, and each list as positions in `slots`."""

    slots: tuple[Slot, ...]
    base: tuple[int, ...]
    ours: tuple[int, ...]
    theirs: tuple[int, ...]


def same(one: Any, other: Any) -> bool:
    """Say whether two JSON values are equal; unlike in Python, true is not 1."""
    if one is other:
        return True
    if type(one) is not type(other) or one != other:
        return False
    return isinstance(one, str) or canonical_bytes(one) == canonical_bytes(other)


def align(base: Sequence[Any], ours: Sequence[Any], theirs: Sequence[Any]) -> Alignment:
    """Match the items of three lists."""
    in_ours, in_theirs = pair(base, ours), pair(base, theirs)
    parts: list[dict[str, Any]] = [{"base": one} for one in base]
    ours_slots = _place(parts, "ours", ours, in_ours)
    added = [position for position in ours_slots if "base" not in parts[position]]
    new_theirs = [index for index in range(len(theirs)) if index not in in_theirs]
    both = pair(
        [parts[position]["ours"] for position in added],
        [theirs[index] for index in new_theirs],
        alike=False,
    )
    known = dict(in_theirs)
    known.update({new_theirs[index]: added[former] for index, former in both.items()})
    theirs_slots = _place(parts, "theirs", theirs, known)
    return Alignment(
        tuple(_labelled(parts)), tuple(range(len(base))), tuple(ours_slots), tuple(theirs_slots)
    )


def _place(
    parts: list[dict[str, Any]], side: str, items: Sequence[Any], known: Mapping[int, int]
) -> list[int]:
    """Put the items of a side into their slots, or into new ones; return the slot of each."""
    result = []
    for index, item in enumerate(items):
        position = known.get(index)
        if position is None:
            position = len(parts)
            parts.append({})
        parts[position][side] = item
        result.append(position)
    return result


def _labelled(parts: Sequence[Mapping[str, Any]]) -> Iterator[Slot]:
    """Yield slots, each with a label of its own that does not depend on who is ours or theirs."""
    seen: Counter[str] = Counter()
    for part in parts:
        known = [part["base"]] if "base" in part else list(part.values())
        label = min(label_of(one) for one in known)
        seen[label] += 1
        yield Slot(label if seen[label] == 1 else f"{label}~{seen[label]}", **part)


def label_of(item: Any) -> str:
    """Return what an item of a list is called among its siblings."""
    if not isinstance(item, dict):
        return item if isinstance(item, str) else canonical_bytes(item).decode()
    for key in (*NAMES, *SIGNATURE):
        if isinstance(item.get(key), str):
            return str(item[key])
    text = canonical_bytes(item).decode()
    return text if len(text) <= 40 else text[:39] + "…"  # noqa: PLR2004 - a readable label


def pair(former: Sequence[Any], items: Sequence[Any], *, alike: bool = True) -> dict[int, int]:
    """Return for positions in `items` the positions of the same items in `former`.

    With `alike`, items without a name that are not equal are paired where they are most alike.
    """
    pairing = _Pairing(former, items)
    pairing.by_key(_id)
    pairing.by_key(_content)
    pairing.by_key(_name, unless=_ids_differ if alike else None)
    if alike:
        pairing.by_likeness()
    return pairing.found


def _id(item: Any) -> object:
    """Return the id of an item; drafts may hold wrong ones, which are none."""
    found = item.get("id") if isinstance(item, dict) else None
    return found if isinstance(found, str) else None


def _name(item: Any) -> object:
    if not isinstance(item, dict):
        return None
    return next((item[key] for key in NAMES if isinstance(item.get(key), str)), None)


def _content(item: Any) -> object:
    return canonical_bytes(item)


def _ids_differ(one: Any, other: Any) -> bool:
    return "id" in one and "id" in other and one["id"] != other["id"]


class _Pairing:
    def __init__(self, former: Sequence[Any], items: Sequence[Any]) -> None:
        self.former = former
        self.items = items
        self.found: dict[int, int] = {}
        self.free = dict.fromkeys(range(len(former)))
        self.open = dict.fromkeys(range(len(items)))

    def take(self, former: int, item: int) -> None:
        self.found[item] = former
        del self.free[former]
        del self.open[item]

    def by_key(self, key: Any, unless: Any = None) -> None:
        """Pair what has the same key, the first with the first."""
        waiting: dict[object, list[int]] = {}
        for former in self.free:
            value = key(self.former[former])
            if value is not None:
                waiting.setdefault(value, []).append(former)
        for item in list(self.open):
            value = key(self.items[item])
            candidates = waiting.get(value) if value is not None else None
            if not candidates:
                continue
            if unless is not None and unless(self.former[candidates[0]], self.items[item]):
                continue
            self.take(candidates.pop(0), item)

    def by_likeness(self) -> None:
        """Pair nameless objects, the most alike first."""
        left = {index: _facts(self.former[index]) for index in self.free}
        right = {index: _facts(self.items[index]) for index in self.open}
        scored = sorted(
            (-score, abs(former - item), former, item)
            for former, one in left.items()
            for item, other in right.items()
            if (score := _likeness(one, other)) > 0
        )
        for _, _, former, item in scored:
            if former in self.free and item in self.open:
                self.take(former, item)


def _facts(item: Any) -> dict[str, bytes] | None:
    """Return the keys of a nameless object with their values; a text stands for its field."""
    if isinstance(item, str):
        return {"field": canonical_bytes(item)}
    if not isinstance(item, dict) or _name(item) is not None or "id" in item:
        return None
    return {key: canonical_bytes(value) for key, value in item.items()}


def _likeness(one: Mapping[str, bytes] | None, other: Mapping[str, bytes] | None) -> float:
    """Return how alike two objects are: 0 for strangers, more for each key that they share."""
    if one is None or other is None:
        return 0
    equal = {key for key in one if one[key] == other.get(key)}
    about = equal.intersection(SIGNATURE)
    keys = len(one.keys() | other.keys())
    if not about and 2 * len(equal) < keys:
        return 0
    return len(about) + len(equal) / max(keys, 1)


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a merged list; `agreed` is false where both sides moved items differently."""

    slots: tuple[int, ...]
    agreed: bool = True


def merged_order(
    alignment: Alignment, present: Mapping[int, Any], preferred: str = "ours"
) -> Order:
    """Return the slots of `present` in the order that both sides' moves and additions give.

    `preferred` is the side ("ours" or "theirs") that wins where they moved items differently.
    """
    ours = [one for one in alignment.ours if one in present]
    theirs = [one for one in alignment.theirs if one in present]
    skeleton, agreed = _anchors(alignment, ours, theirs, present, preferred)
    anchors = set(skeleton)
    gaps = _gaps(ours, anchors), _gaps(theirs, anchors)
    result: list[int] = []
    for anchor in (None, *skeleton):
        if anchor is not None:
            result.append(anchor)
        blocks = [gap.get(anchor, []) for gap in gaps]
        blocks.sort(key=lambda block: [_rank(present[one]) for one in block])
        result.extend(one for block in blocks for one in block)
    placed = set(result)
    result.extend(one for one in present if one not in placed)
    return Order(tuple(result), agreed)


def _anchors(
    alignment: Alignment,
    ours: Sequence[int],
    theirs: Sequence[int],
    present: Mapping[int, Any],
    preferred: str,
) -> tuple[Sequence[int], bool]:
    """Return the items that both sides have, in the order of the side that moved them."""
    both = set(ours) & set(theirs)
    in_ours = [one for one in ours if one in both]
    in_theirs = [one for one in theirs if one in both]
    if in_ours == in_theirs:
        return in_ours, True
    known = [one for one in alignment.base if one in both]
    old = set(known)
    moved_ours = [one for one in in_ours if one in old]
    moved_theirs = [one for one in in_theirs if one in old]
    if moved_ours == moved_theirs:  # only what both added stands in another order
        sides = (in_ours, in_theirs)
        return min(sides, key=lambda side: [_rank(present[one]) for one in side]), True
    if known not in (moved_ours, moved_theirs):
        return (in_ours if preferred == "ours" else in_theirs), False
    return (in_ours if moved_ours != known else in_theirs), True


def _gaps(side: Sequence[int], anchors: set[int]) -> dict[int | None, list[int]]:
    """Return what a side has after each anchor, and before the first one, that is no anchor."""
    gaps: dict[int | None, list[int]] = {}
    last: int | None = None
    for one in side:
        if one in anchors:
            last = one
        else:
            gaps.setdefault(last, []).append(one)
    return gaps


def _rank(item: Any) -> tuple[str, bytes]:
    return label_of(item), canonical_bytes(item)
