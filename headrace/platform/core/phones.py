"""Telephone numbers as people read them."""

from __future__ import annotations

from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

EXTENSION: Final = "x"
"""Stands before the extension of a number that is kept."""


def readable_number(text: str) -> str:
    """Return a number in international form grouped as its country does, other texts as they are."""
    if not text.startswith("+"):
        return text
    try:
        number = phonenumbers.parse(text)
    except NumberParseException:
        return text
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


def dialled(text: str) -> str:
    """Return what a telephone dials: digits with a plus in front, without the extension."""
    number, _, _ = text.partition(EXTENSION)
    plus = "+" if number.startswith("+") else ""
    return plus + "".join(one for one in number if one in "0123456789")
