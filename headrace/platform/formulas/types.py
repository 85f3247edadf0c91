"""The static types of formulas: every node has one before anything is evaluated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from headrace.platform.core.problems import Text


class Kind(StrEnum):
    """What a value is."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    REFERENCE = "reference"
    FILE = "file"
    REFERENCES = "references"
    POLYMORPHIC = "polymorphic"
    ROWS = "rows"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class Type:
    """A kind with its detail.

    `scale` counts a number's digits after the point (0 is a whole number); `target` names the object
    that a reference points to, None where it is not known.
    """

    kind: Kind
    scale: int = 0
    target: str | None = None

    def to_json(self) -> str:
        """Return the stored form: `text`, `number:2`, `reference:partner`."""
        if self.kind is Kind.NUMBER:
            return f"{self.kind}:{self.scale}"
        return f"{self.kind}:{self.target}" if self.target else str(self.kind)

    @classmethod
    def from_json(cls, text: str) -> Type:
        """Read what `to_json` wrote."""
        kind, _, detail = text.partition(":")
        if kind == Kind.NUMBER:
            return cls(Kind.NUMBER, scale=int(detail))
        return cls(Kind(kind), target=detail or None)

    def shown(self) -> Text:
        """Return the name of the type for people."""
        return KIND_NAMES[self.kind]


MAX_SCALE: Final = 6
PRECISION: Final = 18
"""Digits of a number, those after the point included: DECIMAL(18, scale) on every engine."""

USER_OBJECT: Final = "user"
"""The target of a reference to a user; also the type of `USER()`."""

TEXT: Final = Type(Kind.TEXT)
WHOLE: Final = Type(Kind.NUMBER)
BOOLEAN: Final = Type(Kind.BOOLEAN)
DATE: Final = Type(Kind.DATE)
DATETIME: Final = Type(Kind.DATETIME)
REFERENCE: Final = Type(Kind.REFERENCE)
FILE: Final = Type(Kind.FILE)
"""A file or several: a formula can ask whether there is one."""
ROWS: Final = Type(Kind.ROWS)
"""Rows of several values, which only functions take."""
NULL: Final = Type(Kind.NULL)

KIND_NAMES: Final[dict[Kind, Text]] = {
    Kind.TEXT: Text("text", "文本"),
    Kind.NUMBER: Text("number", "数值"),
    Kind.BOOLEAN: Text("yes/no", "是/否"),
    Kind.DATE: Text("date", "日期"),
    Kind.DATETIME: Text("date and time", "日期时间"),
    Kind.REFERENCE: Text("reference", "引用"),
    Kind.FILE: Text("file", "文件"),
    Kind.REFERENCES: Text("several references", "多条引用"),
    Kind.POLYMORPHIC: Text("polymorphic reference", "多对象引用"),
    Kind.ROWS: Text("rows", "多行数据"),
    Kind.NULL: Text("null", "空值"),
}


def number(scale: int) -> Type:
    """Return the number type with `scale` digits after the point."""
    return Type(Kind.NUMBER, scale=scale)


def reference(target: str | None) -> Type:
    """Return the type of references to the object `target`."""
    return Type(Kind.REFERENCE, target=target)


def references(target: str | None) -> Type:
    """Return the type of lists of references to the object `target`."""
    return Type(Kind.REFERENCES, target=target)


def polymorphic(targets: Iterable[str]) -> Type:
    """Return the type of references to a record of any of several objects: what it is made of is not known."""
    return Type(Kind.POLYMORPHIC, target=",".join(sorted(targets)))
