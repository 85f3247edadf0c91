"""The values that a choice declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headrace.platform.core.problems import Text
from headrace.platform.metadata.definitions.keys import key


@dataclass(frozen=True, slots=True)
class ChoiceDef:
    """One value of a choice."""

    value: str = key("Stored value.", minLength=1, maxLength=40, pattern=r"^[A-Za-z0-9_.-]+$")
    label: Text = key("Text shown.", Text())
    colour: Literal["grey", "blue", "green", "amber", "red", "purple"] = key(
        "Colour of the badge.", "grey"
    )
