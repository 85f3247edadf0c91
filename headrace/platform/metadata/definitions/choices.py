"""The values that a choice declares, by itself or in a set that fields share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

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


def renamed_values(before: Iterable[ChoiceDef], after: Iterable[ChoiceDef]) -> dict[str, str]:
    """Return which values are called otherwise: those that say which ones they were, on either side.

    Going back, it is the values of the version that is left which know what they were. A name may be that
    of another value by now: two that swap theirs are both in it.
    """
    then, now = {one.value: one for one in before}, {one.value: one for one in after}
    forth = _claims(then, now)
    taken = set(forth.values())
    back = {new: old for old, new in _claims(now, then).items()}
    more = {old: new for old, new in back.items() if old not in forth and new not in taken}
    return {**more, **forth}


def _claims(then: Mapping[str, ChoiceDef], now: Mapping[str, ChoiceDef]) -> dict[str, str]:
    """Return which values of `now` say that they were another one `then`, which is the key."""
    found: dict[str, str] = {}
    for one in now.values():
        former = then.get(one.value)
        said = () if former is None else former.was
        if former is not None and one.was == said:
            continue
        old = next((name for name in one.was if name in then and name not in said), None)
        if old is not None and old != one.value:
            found.setdefault(old, one.value)
    # A value that stays takes no rows of another one: only one that goes on under a new name does.
    while wrong := [old for old, new in found.items() if new in then and new not in found]:
        for old in wrong:
            del found[old]
    return found


def value_now(choices: Iterable[ChoiceDef], value: str) -> str:
    """Return what a value of before is called: itself where one is called so, or where none ever was."""
    present = tuple(choices)
    if any(one.value == value for one in present):
        return value
    return next((one.value for one in present if value in one.was), value)
