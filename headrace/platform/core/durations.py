"""Lengths of time as whole seconds, and the ways in which they are written."""

from __future__ import annotations

import re
from typing import Final

MOST: Final = 360_000_000_000
"""The longest duration in seconds: a hundred million hours."""

_CLOCK: Final = re.compile(r"([0-9]{1,9}):([0-5][0-9])(?::([0-5][0-9]))?")
_ISO: Final = re.compile(
    r"P(?=[0-9T])(?:([0-9]{1,9})W)?(?:([0-9]{1,9})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})S)?)?"
)
_WEIGHTS: Final = (604_800, 86_400, 3_600, 60, 1)


def seconds_of(text: str) -> int | None:
    """Return the seconds of `1:30`, `1:30:15`, `PT1H30M` or `P2DT4H`; None for any other text.

    Years and months of ISO 8601 are not known: they have no fixed length.
    """
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        hours, minutes, seconds = clock.groups("0")
        return int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    parts = (int(one) for one in found.groups("0"))
    return sum(part * weight for part, weight in zip(parts, _WEIGHTS, strict=True))


def clock_text(seconds: int) -> str:
    """Return seconds as hours, minutes and, where there are some, seconds: `36:05`, `0:00:09`."""
    sign, rest = ("-" if seconds < 0 else ""), abs(seconds)
    hours, minutes = divmod(rest // 60, 60)
    tail = f":{rest % 60:02d}" if rest % 60 else ""
    return f"{sign}{hours}:{minutes:02d}{tail}"


def entered(text: str) -> int | str:
    """Return the seconds of what a person typed, a number alone being hours; else the text itself."""
    if re.fullmatch(r"[0-9]{1,8}", text):
        return int(text) * 3600
    found = seconds_of(text)
    return text if found is None else found
