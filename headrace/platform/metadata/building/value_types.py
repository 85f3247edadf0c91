"""The types that constants and parameters have, and how a constant's text is read as one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from headrace.platform.formulas.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    PRECISION,
    TEXT,
    Kind,
    Type,
    number,
)

VALUE_TYPES: Final[Mapping[str, Type]] = {
    "integer": number(0),
    "decimal": number(6),
    "money": number(2),
    "percent": number(4),
    "text": TEXT,
    "boolean": BOOLEAN,
    "date": DATE,
    "datetime": DATETIME,
}
_NUMBER: Final = re.compile(r"-?(?P<whole>[0-9]+)(?:\.(?P<fraction>[0-9]+))?")
_TRUTHS: Final = {"true": True, "false": False}


def value_of(text: str, type_: Type) -> Any:
    """Return the value that `text` writes; None where it is none of the type.

    A number has no more digits than its type holds, so that it is the same everywhere; an instant has its
    offset.
    """
    match type_.kind:
        case Kind.NUMBER:
            return _number(text, type_.scale)
        case Kind.BOOLEAN:
            return _TRUTHS.get(text)
        case Kind.DATE | Kind.DATETIME:
            return _moment(text, type_.kind)
        case _:
            return text


def _number(text: str, scale: int) -> Decimal | None:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    whole, fraction = match["whole"].lstrip("0"), (match["fraction"] or "").rstrip("0")
    if len(fraction) > scale or len(whole) > PRECISION - scale:
        return None
    return Decimal(text).quantize(Decimal(1).scaleb(-scale))


def _moment(text: str, kind: Kind) -> date | datetime | None:
    try:
        if kind is Kind.DATE:
            return date.fromisoformat(text) if len(text) == len("2025-06-10") else None
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None
