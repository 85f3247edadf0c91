"""Text types: one line, many lines, and texts of a known form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from marshmallow import fields

from headrace.platform.core.patterns import PatternError, compiled
from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.types import TEXT as TEXT_TYPE
from headrace.platform.formulas.types import Type
from headrace.platform.metadata.definitions.keys import key
from headrace.platform.metadata.field_types.base import (
    NO_HINTS,
    ORDERED_AGGREGATES,
    TEXTUAL,
    Example,
    FieldType,
    Hints,
    NoOptions,
)
from headrace.platform.metadata.field_types.cells import Cell, cell_text, narrow
from headrace.platform.metadata.field_types.formats import BY_KEY, FORMATS, TextFormat
from headrace.platform.metadata.field_types.values import FormattedField, PatternField, TextField
from headrace.platform.metadata.storage_types import TEXT, Storage

BAD_PATTERN = Message(
    "pattern.syntax",
    "The pattern is wrong at character {position}: {reason}.",
    "规则在第 {position} 个字符处有误：{reason}。",
    "Mend it there; docs/howto/check-texts.md says what a pattern can hold.",
    "请修改该处；规则可用的写法见 docs/howto/check-texts.md。",
)
NO_PATTERN = Message(
    "field.pattern_missing",
    "The explanation speaks of a pattern, and there is none.",
    "有规则说明，却没有规则。",
    "Add `pattern`, or remove `pattern_help`.",
    "请添加 pattern，或删除 pattern_help。",
)
TOO_SHORT = Message(
    "field.format_length",
    "No text of the format `{format}` has at most {length} characters.",
    "格式 `{format}` 的文本不可能只有 {length} 个字符。",
    "Give `length` at least {needed}, or leave it out.",
    "请将 length 设为至少 {needed}，或不设置。",
)


@dataclass(frozen=True, slots=True)
class TextOptions:
    """Options of one-line text."""

    length: int = key("Most characters.", 200, minimum=1, maximum=400)
    format: str | None = key(
        "A known form: texts are cleaned, and checked with their check character.",
        None,
        enum=list(BY_KEY),
    )
    pattern: str | None = key(
        "A pattern that describes the whole text; a linear-time subset of regular expressions.",
        None,
        minLength=1,
        maxLength=200,
    )
    pattern_help: Text = key("What the pattern asks for, told where a text does not fit.", Text())
    scan: bool = key("Offer the camera to read a bar code or a QR code into the field.", False)


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
        if options.format is None and options.pattern is None:
            return TextField(options.length)
        pattern = compiled(options.pattern) if options.pattern else None
        told = options.pattern_help or options.pattern or ""
        return FormattedField(options.length, _form(options), pattern, told)

    def compared_field(self, options: TextOptions) -> fields.Field[Any]:
        """Return what only cleans: a bound need not have the form."""
        return FormattedField(options.length, _form(options), strict=False)

    def as_stored(self, text: str, options: TextOptions) -> str:
        form = _form(options)
        return text if form is None else form.cleaned(text)

    def hints(self, options: TextOptions) -> Hints:
        form = _form(options)
        if form is None:
            return Hints(scan=True) if options.scan else NO_HINTS
        return Hints("numeric" if form.digits else None, form.example, scan=options.scan)

    def from_text(self, text: str, options: TextOptions) -> str:
        """Put what has several lines on one, and cut what is too long."""
        return " ".join(text.split("\n"))[: options.length].strip()

    def narrows(self, old: TextOptions, new: TextOptions) -> bool:
        formed = new.format is not None and new.format != old.format
        patterned = new.pattern is not None and new.pattern != old.pattern
        return new.length < old.length or formed or patterned

    def json_schema(self, options: TextOptions) -> dict[str, Any]:
        form = _form(options)
        schema: dict[str, Any] = {"type": "string", "maxLength": options.length}
        return schema if form is None else schema | {"format": form.key, "examples": [form.example]}

    def check_options(self, options: TextOptions) -> Sequence[Problem]:
        return [*_pattern_problems(options), *_format_problems(options)]

    def examples(self) -> Sequence[Example]:
        return (
            Example({"length": 10}, " 杭州 ", "杭州"),
            Example({"length": 10}, "'; DROP--", "'; DROP--"),
            Example({"length": 10}, "", None),
            Example({"length": 10}, "🚀🇨🇳", "🚀🇨🇳"),
            Example({"length": 10}, "مرحبا", "مرحبا"),
            Example({"length": 10}, "1.50", "1.50"),
            Example({"length": 10}, "1.5", "1.5"),
            Example({"length": 10}, "100%_\\", "100%_\\"),
            Example({"length": 10}, "𠮷野家", "𠮷野家"),
            Example({"length": 3}, "abcd", refused="value.too_long"),
            Example({}, 5, refused="value.wrong_type"),
            Example({}, "a\u0000b", refused="value.illegal_character"),
            Example({}, "a\u202eb", refused="value.illegal_character"),
            *_format_examples(),
            Example({"pattern": r"[A-Z]{2}-\d{3,5}"}, "AB-1234", "AB-1234"),
            Example({"pattern": r"[A-Z]{2}-\d{3,5}"}, "AB-12", refused="value.pattern"),
            Example({"pattern": r"\p{Han}+"}, "杭州", "杭州"),
        )


def _form(options: TextOptions) -> TextFormat | None:
    return BY_KEY[options.format] if options.format else None


def _pattern_problems(options: TextOptions) -> Iterator[Problem]:
    if options.pattern is None:
        if options.pattern_help:
            yield NO_PATTERN.at("/pattern_help")
        return
    try:
        compiled(options.pattern)
    except PatternError as error:
        yield BAD_PATTERN.at("/pattern", position=error.position + 1, reason=error.reason)


def _format_problems(options: TextOptions) -> Iterator[Problem]:
    form = _form(options)
    if form is not None and options.length < form.least:
        yield TOO_SHORT.at("/length", format=form.key, length=options.length, needed=form.least)


def _format_examples() -> Iterator[Example]:
    """Yield what every format takes, cleans and refuses."""
    for form in FORMATS:
        options = {"format": form.key}
        spaced = f" {form.example[:4]} {form.example[4:]}"
        yield Example(options, form.example, form.example)
        yield Example(options, spaced, form.example)
        yield Example(options, form.example + "?", refused="value.invalid")
        if form.check is not None:
            yield Example(options, form.wrong, refused="value.checksum")


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

    def compared_field(self, options: NoOptions) -> fields.Field[Any]:
        """Return what takes any text: a bound need not have the form."""
        return TextField(self.limit)

    def from_cell(self, cell: Cell, options: NoOptions, zone: tzinfo) -> str:
        """Read full-width digits and signs as the plain ones that the pattern asks for."""
        return narrow(cell_text(cell))


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


TYPES = (TextType(), LongTextType(), EmailType(), UrlType())
