"""Text types: one line, many lines, and texts of a known form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import fields

from headrace.platform.core.problems import Text
from headrace.platform.formulas.types import TEXT as TEXT_TYPE
from headrace.platform.formulas.types import Type
from headrace.platform.metadata.definitions.keys import key
from headrace.platform.metadata.field_types.base import (
    ORDERED_AGGREGATES,
    TEXTUAL,
    Example,
    FieldType,
    NoOptions,
)
from headrace.platform.metadata.field_types.values import PatternField, TextField
from headrace.platform.metadata.storage_types import TEXT, Storage


@dataclass(frozen=True, slots=True)
class TextOptions:
    """Options of one-line text."""

    length: int = key("Most characters.", 200, minimum=1, maximum=400)


class TextType(FieldType[TextOptions]):
    """One line of text."""

    key = "text"
    label = Text("Text", "文本")
    widget = "text"
    options_type = TextOptions
    operators = TEXTUAL
    aggregates = ORDERED_AGGREGATES

    def storage(self, options: TextOptions) -> Storage:
        return TEXT

    def value_type(self, options: TextOptions) -> Type:
        return TEXT_TYPE

    def value_field(self, options: TextOptions) -> fields.Field[Any]:
        return TextField(options.length)

    def from_text(self, text: str, options: TextOptions) -> str:
        """Put what has several lines on one, and cut what is too long."""
        return " ".join(text.split("\n"))[: options.length].strip()

    def narrows(self, old: TextOptions, new: TextOptions) -> bool:
        return new.length < old.length

    def json_schema(self, options: TextOptions) -> dict[str, Any]:
        return {"type": "string", "maxLength": options.length}

    def examples(self) -> Sequence[Example]:
        return (
            Example({"length": 10}, " 杭州 ", "杭州"),
            Example({"length": 10}, "'; DROP--", "'; DROP--"),
            Example({"length": 10}, "", None),
            Example({"length": 3}, "abcd", refused="value.too_long"),
            Example({}, 5, refused="value.wrong_type"),
            Example({}, "a\u0000b", refused="value.illegal_character"),
            Example({}, "a\u202eb", refused="value.illegal_character"),
        )


@dataclass(frozen=True, slots=True)
class LongTextOptions:
    """Options of text with lines."""

    length: int = key("Most characters.", 4000, minimum=1, maximum=100_000)


class LongTextType(FieldType[LongTextOptions]):
    """Text of several lines."""

    key = "long_text"
    label = Text("Long text", "长文本")
    widget = "long_text"
    options_type = LongTextOptions
    operators = frozenset({"contains", "is_null"})

    def storage(self, options: LongTextOptions) -> Storage:
        return TEXT

    def value_type(self, options: LongTextOptions) -> Type:
        return TEXT_TYPE

    def value_field(self, options: LongTextOptions) -> fields.Field[Any]:
        return TextField(options.length, lines=True)

    def from_text(self, text: str, options: LongTextOptions) -> str:
        """Cut what is too long."""
        return text[: options.length].strip()

    def narrows(self, old: LongTextOptions, new: LongTextOptions) -> bool:
        return new.length < old.length

    def json_schema(self, options: LongTextOptions) -> dict[str, Any]:
        return {"type": "string", "maxLength": options.length}

    def examples(self) -> Sequence[Example]:
        return (
            Example({}, "一\n二", "一\n二"),
            Example({"length": 3}, "abcd", refused="value.too_long"),
            Example({}, ["a"], refused="value.wrong_type"),
        )


class PatternType(FieldType[NoOptions]):
    """A text of a known form; subclasses say which."""

    options_type = NoOptions
    operators = TEXTUAL
    limit: int
    pattern: str
    expected: tuple[str, str]
    example: str

    def storage(self, options: NoOptions) -> Storage:
        return TEXT

    def value_type(self, options: NoOptions) -> Type:
        return TEXT_TYPE

    def value_field(self, options: NoOptions) -> fields.Field[Any]:
        return PatternField(self.limit, self.pattern, expected=self.expected, example=self.example)


class EmailType(PatternType):
    """An e-mail address (the form that HTML's `type=email` accepts, with a dot in the domain)."""

    key = "email"
    label = Text("E-mail", "邮箱")
    widget = "email"
    limit = 254
    pattern = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}"
    expected = ("an e-mail address", "邮箱地址")
    example = "name@example.com"

    def examples(self) -> Sequence[Example]:
        return (
            Example({}, "fang@example.com", "fang@example.com"),
            Example({}, "fang@", refused="value.invalid"),
            Example({}, "a@b", refused="value.invalid"),
            Example({}, 1, refused="value.wrong_type"),
        )


class PhoneType(PatternType):
    """A telephone number: digits with `+`, spaces, hyphens and brackets."""

    key = "phone"
    label = Text("Phone", "电话")
    widget = "phone"
    limit = 30
    pattern = r"\+?[0-9(][0-9 ()-]{3,27}[0-9]"
    expected = ("a telephone number", "电话号码")
    example = "0571-88001234"

    def examples(self) -> Sequence[Example]:
        return (
            Example({}, "0571-88001234", "0571-88001234"),
            Example({}, "+86 138 0013 8000", "+86 138 0013 8000"),
            Example({}, "call me", refused="value.invalid"),
        )


class UrlType(PatternType):
    """A web address with http or https; nothing that a browser could run."""

    key = "url"
    label = Text("Web address", "网址")
    widget = "url"
    limit = 400
    pattern = r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?([/?#][^\s<>\"\\^`{|}]*)?"
    expected = ("a web address", "网址")
    example = "https://example.com/page"

    def examples(self) -> Sequence[Example]:
        return (
            Example({}, "https://example.com/a?b=1", "https://example.com/a?b=1"),
            Example({}, "javascript:alert(1)", refused="value.invalid"),
            Example({}, "https://a b", refused="value.invalid"),
        )


TYPES = (TextType(), LongTextType(), EmailType(), PhoneType(), UrlType())
