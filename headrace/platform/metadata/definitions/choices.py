"""The values that a choice declares, by itself or in a set that fields share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headrace.platform.core.problems import Text
from headrace.platform.metadata.definitions.keys import Name, key


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


@dataclass(frozen=True, slots=True)
class ChoiceSetDef:
    """Values that choice fields of any object share."""

    kind: Literal["choice_set"] = key("Always `choice_set`.")
    name: Name = key("API name.")
    choices: tuple[ChoiceDef, ...] = key("The values, in order.", minItems=1, maxItems=500)
    id: str | None = key("Stable id, minted at first publish.", None, maxLength=60)
    was: Name | None = key("Former API name, where the file has no id.", None)
    label: Text = key("Name of the set.", Text())
