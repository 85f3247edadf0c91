"""The values that a choice declares, by itself or in a set that fields share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Literal

from headrace.platform.core.problems import Text
from headrace.platform.metadata.definitions.keys import Name, Value, key


@dataclass(frozen=True, slots=True)
class ChoiceDef:
    """One value of a choice."""

    value: str = key("Stored value.", minLength=1, maxLength=40, pattern=r"^[A-Za-z0-9_.-]+$")
    label: Text = key("Text shown.", Text())
    colour: Literal["grey", "blue", "green", "amber", "red", "purple"] = key(
        "Colour of the badge.", "grey"
    )
    active: bool = key(
        "Whether records may get it; where it is false, those that have it keep it.", default=True
    )
    was: tuple[Value, ...] = key(
        "Former values, the last one first: records that hold one of them get this one.",
        (),
        maxItems=20,
    )


@dataclass(frozen=True, slots=True)
class ChoiceSetDef:
    """Values that choice fields of any object share."""

    kind: Literal["choice_set"] = key("Always `choice_set`.")
    name: Name = key("API name.")
    choices: tuple[ChoiceDef, ...] = key("The values, in order.", minItems=1, maxItems=500)
    id: str | None = key("Stable id, minted at first publish.", None, maxLength=60)
    was: Name | None = key("Former API name, where the file has no id.", None)
    label: Text = key("Name of the set.", Text())


def choice_of(part: Mapping[str, Any], value: str) -> ChoiceDef:
    """Return a choice as a document writes it; a draft may hold anything."""
    label, was = part.get("label"), part.get("was")
    given = label if isinstance(label, Mapping) else {}
    text = Text(str(given.get("en", "")), str(given.get("zh", "")))
    return ChoiceDef(value, text, was=tuple(map(str, was)) if isinstance(was, list) else ())


def renamed_values(before: Iterable[ChoiceDef], after: Iterable[ChoiceDef]) -> dict[str, str]:
    """Return which values are called otherwise: those that say which ones they were, on either side.

    Going back, it is the values of the version that is left which know what they were. A name may be that
    of another value by now: two that swap theirs are both in it.
    """
    then, now = {one.value: one for one in before}, {one.value: one for one in after}
    if not any(one.was for one in (*then.values(), *now.values())):
        return {}
    matched: dict[str, str] = {}
    taken: set[str] = set()
    for _, old, new in sorted(_alike(then, now), key=itemgetter(0), reverse=True):
        if old not in matched and new not in taken:
            matched[old] = new
            taken.add(new)
    found = {old: new for old, new in matched.items() if old != new}

    def is_wrong(old: str, new: str) -> bool:
        stays = new in then and new not in found and then[new].label == now[new].label
        return old in now and stays

    # Of two that both stay none becomes the other, whatever they say.
    while wrong := [old for old, new in found.items() if is_wrong(old, new)]:
        for old in wrong:
            del found[old]
    return found


Likeness = tuple[bool, int, int]


def _alike(
    then: Mapping[str, ChoiceDef], now: Mapping[str, ChoiceDef]
) -> Iterator[tuple[Likeness, str, str]]:
    """Yield which values may be which ones of before, and how sure that is."""
    by_name: dict[str, list[ChoiceDef]] = {}
    for one in now.values():
        for name in {one.value, *one.was}:
            by_name.setdefault(name, []).append(one)
    for one in then.values():
        likely = {
            other.value: other for name in (one.value, *one.was) for other in by_name.get(name, ())
        }
        for other in likely.values():
            likeness = _likeness(then, now, one, other)
            if likeness is not None:
                yield likeness, one.value, other.value


def _likeness(
    then: Mapping[str, ChoiceDef], now: Mapping[str, ChoiceDef], old: ChoiceDef, new: ChoiceDef
) -> Likeness | None:
    """Return how sure it is that two are one; None where nothing says so.

    One had all names of the other, the first ones first. What they are called for people counts most, then
    how many names both had; then who says to have had a name is it rather than who only has it.
    """
    names, later = (*reversed(old.was), old.value), (*reversed(new.was), new.value)
    shared, known = sorted((len(names), len(later)))
    same = old.label == new.label
    if names[:shared] == later[:shared]:
        return same, shared, known
    given_up = old.value in new.was and new.value not in then
    if given_up or (new.value in old.was and old.value not in now):
        return same, 0, known
    return None


def value_now(choices: Iterable[ChoiceDef], value: str) -> str:
    """Return what a value of before is called: itself where one is called so, or where none ever was."""
    present = tuple(choices)
    if any(one.value == value for one in present):
        return value
    return next((one.value for one in present if value in one.was), value)


def live_names(live: Iterable[ChoiceDef], drafted: Iterable[ChoiceDef], value: str) -> list[str]:
    """Return what a value of a draft is called as things are live, then what that was before.

    Nothing where it is new in the draft.
    """
    then, now = {one.value: one for one in live}, tuple(drafted)
    renamed = renamed_values(then.values(), now)
    old = next((old for old, new in renamed.items() if new == value), None)
    if old is None and value not in renamed:
        old = value
    return [old, *then[old].was] if old in then else []
