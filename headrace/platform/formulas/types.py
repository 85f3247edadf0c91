"""The static types of the formula language.

(The lead fixed these names because the field types build on them; extend, do not rename.)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """The kinds of value."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    REFERENCE = "reference"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class Type:
    """The type of an expression; `scale` counts the digits after the point of a number."""

    kind: Kind
    scale: int = 0
    target: str | None = None


TEXT = Type(Kind.TEXT)
BOOLEAN = Type(Kind.BOOLEAN)
DATE = Type(Kind.DATE)
DATETIME = Type(Kind.DATETIME)
NULL = Type(Kind.NULL)


def number(scale: int) -> Type:
    """Return the type of decimals with `scale` digits after the point."""
    return Type(Kind.NUMBER, scale=scale)


def reference(target: str) -> Type:
    """Return the type of references to records of the object `target`."""
    return Type(Kind.REFERENCE, target=target)
