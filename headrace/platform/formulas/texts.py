"""What text functions mean, the same on every engine: ASCII case, a fixed set of blanks."""

from __future__ import annotations

from typing import Final

BLANKS: Final = " \t\n\r\u00a0\u3000"
"""What TRIM takes away: space, tab, line ends, no-break space, ideographic space."""

FULL_WIDTH: Final = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000"
HALF_WIDTH: Final = "".join(chr(code) for code in range(0x21, 0x7F)) + " "

_LOWER: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_UPPER: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_NARROW: Final = str.maketrans(FULL_WIDTH, HALF_WIDTH)


def ascii_lower(text: str) -> str:
    """Return `text` with A-Z in lower case."""
    return text.translate(_LOWER)


def ascii_upper(text: str) -> str:
    """Return `text` with a-z in upper case."""
    return text.translate(_UPPER)


def trimmed(text: str) -> str:
    """Return `text` without blanks around it."""
    return text.strip(BLANKS)


def normal_form(text: str) -> str:
    """Return `text` as it is compared: half-width, trimmed, upper case."""
    return ascii_upper(trimmed(text.translate(_NARROW)))
