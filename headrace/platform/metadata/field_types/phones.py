"""Telephone numbers: as they are typed, or of a country and kept in one form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

import phonenumbers
from marshmallow import fields
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from headrace.platform.core.phones import EXTENSION
from headrace.platform.core.problems import Text
from headrace.platform.formulas.types import TEXT as TEXT_TYPE
from headrace.platform.formulas.types import Type
from headrace.platform.metadata.definitions.keys import key
from headrace.platform.metadata.field_types.base import TEXTUAL, Example, FieldType
from headrace.platform.metadata.field_types.cells import Cell, cell_text, narrow
from headrace.platform.metadata.field_types.values import (
    INVALID,
    PatternField,
    TextField,
    refuse,
)
from headrace.platform.metadata.storage_types import TEXT, Storage

LIMIT: Final = 30
_PATTERN: Final = r"\+?[0-9(][0-9 ()-]{3,27}[0-9]"
_EXPECTED: Final = ("a telephone number", "电话号码")
_EXAMPLE: Final = "0571-88001234"
_BETWEEN: Final = re.compile(r"[ ()\u2010-\u2015.-]")
_EXTENSION: Final = re.compile(r"\s*(?:转|分机|ext\.?|x|#)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PhoneOptions:
    """Options of telephone numbers."""

    country: str | None = key(
        "ISO code of the country whose numbers need no country code: numbers are checked by the lengths "
        "of their country and kept as `+8613800138000`. Without it they are kept as typed.",
        None,
        enum=sorted(phonenumbers.SUPPORTED_REGIONS),
    )


class NumberField(TextField):
    """A number of some country, in the international form of E.164, an extension behind it.

    What is `strict` refuses what is no number; what only compares takes the characters out that stand
    between digits, so that a piece of a number is found.
    """

    def __init__(self, country: str, *, strict: bool) -> None:
        super().__init__(2 * LIMIT)
        self.country = country
        self.strict = strict

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is None:
            return None
        number = _number(text, self.country)
        if number is not None:
            return _kept(number)
        if self.strict:
            shown = _example(self.country)
            raise refuse(INVALID.at(value=text, expected=Text(*_EXPECTED), example=shown))
        return _BETWEEN.sub("", text)


def _example(country: str) -> str:
    """Return a number as it is dialled within the country; not every country has an example."""
    number = phonenumbers.example_number(country)
    if number is None:
        return "+86 571 8800 1234"
    return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)


def _number(text: str, country: str) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(_EXTENSION.sub(EXTENSION, narrow(text)), country)
    except NumberParseException:
        return None
    return number if phonenumbers.is_possible_number(number) else None


def _kept(number: PhoneNumber) -> str:
    text = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return f"{text}{EXTENSION}{number.extension}" if number.extension else text


class PhoneType(FieldType[PhoneOptions]):
    """A telephone number: digits with `+`, spaces, hyphens and brackets."""

    key = "phone"
    label = Text("Phone", "电话")
    widget = "phone"
    options_type = PhoneOptions
    operators = TEXTUAL

    def storage(self, options: PhoneOptions) -> Storage:
        return TEXT

    def value_type(self, options: PhoneOptions) -> Type:
        return TEXT_TYPE

    def value_field(self, options: PhoneOptions) -> fields.Field[Any]:
        if options.country is not None:
            return NumberField(options.country, strict=True)
        return PatternField(LIMIT, _PATTERN, expected=_EXPECTED, example=_EXAMPLE)

    def compared_field(self, options: PhoneOptions) -> fields.Field[Any]:
        """Return what takes any text: a bound need not have the form."""
        if options.country is None:
            return TextField(LIMIT)
        return NumberField(options.country, strict=False)

    def as_stored(self, text: str, options: PhoneOptions) -> str:
        """Take out what stands between the digits, and the zero that is dialled within a country."""
        if options.country is None:
            return text
        return _BETWEEN.sub("", text).removeprefix("0") or text

    def from_cell(self, cell: Cell, options: PhoneOptions, zone: tzinfo) -> str:
        """Read full-width digits and signs as the plain ones."""
        return narrow(cell_text(cell))

    def examples(self) -> Sequence[Example]:
        chinese = {"country": "CN"}
        return (
            Example({}, "0571-88001234", "0571-88001234"),
            Example({}, "+86 138 0013 8000", "+86 138 0013 8000"),
            Example({}, "call me", refused="value.invalid"),
            Example(chinese, "138 0013 8000", "+8613800138000"),
            Example(chinese, "+86 138 0013 8000", "+8613800138000"),
            Example(chinese, "(0571) 8800-1234 转 8012", "+8657188001234x8012"),
            Example(chinese, "+1 650 253 0000", "+16502530000"),
            Example(chinese, "138", refused="value.invalid"),
            Example(chinese, "call me", refused="value.invalid"),
            Example(chinese, 13800138000, refused="value.wrong_type"),
        )


TYPES = (PhoneType(),)
