"""The marshmallow fields that parse what comes in; each refusal is a `Problem`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from marshmallow import ValidationError, fields

from headrace.platform.core.ids import is_record_id
from headrace.platform.core.patterns import Pattern
from headrace.platform.core.problems import Message, Problem, Text, pointer
from headrace.platform.metadata.field_types.formats import TextFormat
from headrace.platform.metadata.storage_types import SEPARATOR, TYPE_END, joined, listed

WRONG_TYPE = Message(
    "value.wrong_type",
    "Expected {expected}, got {given}.",
    "应为{expected}，收到的是{given}。",
    "Send the value as {expected}.",
    "请按{expected}填写。",
)
INVALID = Message(
    "value.invalid",
    "“{value}” is not {expected}.",
    "“{value}”不是{expected}。",
    "Write it like {example}.",
    "请写成 {example} 这样的形式。",
)
TOO_LONG = Message(
    "value.too_long",
    "At most {limit} characters, this has {length}.",
    "最多 {limit} 个字符，现有 {length} 个。",
    "Shorten the text.",
    "请缩短文字。",
)
OUT_OF_RANGE = Message(
    "value.out_of_range",
    "The value must lie between {least} and {most}.",
    "数值必须在 {least} 与 {most} 之间。",
    "Enter a value in this range.",
    "请输入此范围内的数值。",
)
TOO_PRECISE = Message(
    "value.too_precise",
    "At most {scale} digits after the decimal point.",
    "小数点后最多 {scale} 位。",
    "Round the value yourself; nothing is rounded silently.",
    "请自行四舍五入，系统不会悄悄取整。",
)
MOST_TOLD: Final = 20
"""Choices that a refusal names."""
NOT_A_CHOICE = Message(
    "value.not_a_choice",
    "“{value}” is not one of the choices: {choices}.",
    "“{value}”不在可选值中：{choices}。",
    "Pick one of them.",
    "请从中选择。",
)
TOO_MANY = Message(
    "value.too_many",
    "At most {limit} values, these are {count}.",
    "最多 {limit} 个值，现有 {count} 个。",
    "Take some away.",
    "请减少一些。",
)
TOO_FEW = Message(
    "value.too_few",
    "At least {limit} values, these are {count}.",
    "至少 {limit} 个值，现有 {count} 个。",
    "Add more, or leave the field empty.",
    "请再添加，或留空。",
)
OTHER_OBJECT = Message(
    "reference.other_object",
    "The field refers to no records of “{name}”.",
    "该字段不能引用“{name}”的记录。",
    "Name one of the objects that the field offers.",
    "请使用该字段提供的对象之一。",
)
CHECKSUM = Message(
    "value.checksum",
    "“{value}” is not {expected}: its characters do not fit each other.",
    "“{value}”不是有效的{expected}：各位之间不相符（校验不通过）。",
    "Compare it with the document character by character; one may be wrong, two may have changed "
    "places.",
    "请与原件逐字核对，可能有字符写错或颠倒。",
)
PATTERN = Message(
    "value.pattern",
    "“{value}” does not have the form that is asked for: {expected}.",
    "“{value}”不符合要求的形式：{expected}。",
    "Enter it in this form.",
    "请按此形式填写。",
)
ILLEGAL_CHARACTER = Message(
    "value.illegal_character",
    "The text contains a control or invisible character (U+{code}).",
    "文字中含有控制字符或不可见字符（U+{code}）。",
    "Remove it.",
    "请删除该字符。",
)
MOST_BETWEEN = 100
"""How many spaces and hyphens may stand in a text whose format takes them out."""
MOST_LINKS = 500
"""How many records one field may refer to."""
BOOLEAN = Text("boolean", "布尔值")
STRING = Text("string", "文本")
OBJECT = Text("object", "对象")
ARRAY = Text("array", "数组")
INTEGER = Text("integer", "整数")
DECIMAL = Text("a decimal number", "小数")
NULL = Text("null", "空值")
OTHER_VALUE = Text("a value of the field's type", "符合字段类型的值")
TYPED_RECORD = Text('{"object": …, "id": …}', '{"object": …, "id": …}')
RECORD_ID = Text("record id", "记录标识")


def refuse(problem: Problem) -> ValidationError:
    """Wrap a problem for marshmallow."""
    return ValidationError([problem])


def type_name(value: object) -> Text:
    """Name a JSON value's type."""
    names: tuple[tuple[type | tuple[type, ...], Text], ...] = (
        (bool, BOOLEAN),
        ((int, float), Text("number", "数字")),
        (str, STRING),
        (Mapping, OBJECT),
        ((list, tuple), ARRAY),
    )
    return next((name for kind, name in names if isinstance(value, kind)), NULL)


class TextField(fields.Field[str | None]):
    """Text of bounded length; NUL, lone surrogates and control characters are refused."""

    def __init__(self, limit: int, *, lines: bool = False) -> None:
        super().__init__(allow_none=True)
        self.limit = limit
        self.allowed = {"\n", "\t"} if lines else set()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        if not isinstance(value, str):
            raise refuse(WRONG_TYPE.at(expected=STRING, given=type_name(value)))
        text = value.replace("\r\n", "\n").strip()
        for character in text:
            if not character.isprintable() and character not in self.allowed:
                self._check_character(character)
        if len(text) > self.limit:
            raise refuse(TOO_LONG.at(limit=self.limit, length=len(text)))
        return text or None

    @staticmethod
    def _check_character(character: str) -> None:
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"}:
            raise refuse(ILLEGAL_CHARACTER.at(code=f"{ord(character):04X}"))


class PatternField(TextField):
    """Text of a form that a linear-time pattern describes."""

    def __init__(
        self, limit: int, pattern: str, *, expected: tuple[str, str], example: str
    ) -> None:
        super().__init__(limit)
        self.pattern = re.compile(pattern)
        self.expected = expected
        self.example = example

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is not None and not self.pattern.fullmatch(text):
            raise refuse(
                INVALID.at(value=text, expected=Text(*self.expected), example=self.example)
            )
        return text


class FormattedField(TextField):
    """Text of one line that is cleaned as its format says, and has its form and that of a pattern.

    Without `strict` it is only cleaned: a value to compare with.
    """

    def __init__(
        self,
        limit: int,
        form: TextFormat | None,
        pattern: Pattern | None = None,
        told: Text | str = "",
        *,
        strict: bool = True,
    ) -> None:
        super().__init__(limit if form is None else limit + MOST_BETWEEN)
        self.most = limit
        self.form = form
        self.pattern = pattern
        self.told = told
        self.strict = strict

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is not None and self.form is not None:
            text = self.form.cleaned(text)
        if text is not None and self.strict:
            self._check(text)
        return text or None

    def _check(self, text: str) -> None:
        form = self.form
        if len(text) > self.most:
            raise refuse(TOO_LONG.at(limit=self.most, length=len(text)))
        if form is not None and not form.fits(text):
            raise refuse(INVALID.at(value=text, expected=form.label, example=form.example))
        if form is not None and form.check is not None and not form.check(text):
            raise refuse(CHECKSUM.at(value=text, expected=form.label))
        if self.pattern is not None and not self.pattern.matches(text):
            raise refuse(PATTERN.at(value=text, expected=self.told))


class IntegerField(fields.Field[int]):
    """A whole number within bounds; floats and texts other than digits are refused."""

    def __init__(self, least: int, most: int) -> None:
        super().__init__(allow_none=True)
        self.least = least
        self.most = most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        number = _integer(value)
        if not self.least <= number <= self.most:
            raise refuse(OUT_OF_RANGE.at(least=self.least, most=self.most))
        return number


def _integer(value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise refuse(WRONG_TYPE.at(expected=INTEGER, given=type_name(value)))
    return value


class DecimalField(fields.Field[Decimal]):
    """An exact decimal from text or a whole JSON number; never from a float."""

    def __init__(
        self, scale: int, least: Decimal, most: Decimal, behind: int | None = None
    ) -> None:
        """Keep `scale` digits behind the point, of which at most `behind` may be other than zero."""
        super().__init__(allow_none=True)
        self.scale = scale
        self.behind = scale if behind is None else behind
        self.quantum = Decimal(1).scaleb(-scale)
        self.least = least
        self.most = most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        number = self._parse(value)
        if number != number.quantize(Decimal(1).scaleb(-self.behind)):
            raise refuse(TOO_PRECISE.at(scale=self.behind))
        return number.quantize(self.quantum) + 0

    def _parse(self, value: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
            raise refuse(
                WRONG_TYPE.at(expected=Text("decimal text", "小数文本"), given=type_name(value))
            )
        text = str(value).strip()
        if not re.fullmatch(r"[+-]?[0-9]{1,30}(\.[0-9]{0,30})?", text):
            raise refuse(INVALID.at(value=text, expected=DECIMAL, example="1234.50"))
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise refuse(INVALID.at(value=text, expected=DECIMAL, example="1234.50")) from None
        if not self.least <= number <= self.most:
            raise refuse(OUT_OF_RANGE.at(least=self.least, most=self.most))
        return number


class DateField(fields.Field[date]):
    """A calendar day as `2025-06-10`."""

    def __init__(self) -> None:
        super().__init__(allow_none=True)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if not isinstance(value, str):
            raise refuse(
                WRONG_TYPE.at(expected=Text("date text", "日期文本"), given=type_name(value))
            )
        try:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise refuse(INVALID.at(value=value, expected=Text("a date", "日期"), example="2025-06-10"))


class InstantField(fields.Field[datetime]):
    """An instant as RFC 3339 text with an offset; kept in UTC."""

    def __init__(self) -> None:
        super().__init__(allow_none=True)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str):
            raise refuse(
                WRONG_TYPE.at(
                    expected=Text("date-time text", "日期时间文本"), given=type_name(value)
                )
            )
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None and "T" in value:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        example = "2025-06-10T10:04:00+08:00"
        raise refuse(
            INVALID.at(
                value=value,
                expected=Text("an instant with offset", "带时区偏移的时间"),
                example=example,
            )
        )


class BooleanField(fields.Field[bool]):
    """True or false, nothing that merely looks like it."""

    def __init__(self) -> None:
        super().__init__(allow_none=True)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise refuse(WRONG_TYPE.at(expected=BOOLEAN, given=type_name(value)))
        return value


class ChoiceField(fields.Field[str]):
    """One of the declared values."""

    def __init__(self, choices: tuple[str, ...]) -> None:
        super().__init__(allow_none=True)
        self.choices = frozenset(choices)
        self.shown = ", ".join(choices[:MOST_TOLD])

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise refuse(WRONG_TYPE.at(expected=STRING, given=type_name(value)))
        if value not in self.choices:
            raise refuse(NOT_A_CHOICE.at(value=value, choices=self.shown))
        return value


class ChoicesField(fields.Field[str | None]):
    """Some of the declared values, as an array or as a text with semicolons; kept as `joined` does."""

    def __init__(self, choices: tuple[str, ...]) -> None:
        super().__init__(allow_none=True)
        self.each = ChoiceField(choices)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        if isinstance(value, str):
            value = [one.strip() for one in value.split(SEPARATOR) if one.strip()]
        if not isinstance(value, (list, tuple)):
            raise refuse(WRONG_TYPE.at(expected=ARRAY, given=type_name(value)))
        return joined(self._one(one) for one in value)

    def _one(self, value: Any) -> str:
        if not isinstance(value, str):
            raise refuse(WRONG_TYPE.at(expected=STRING, given=type_name(value)))
        return str(self.each.deserialize(value))


@dataclass(frozen=True, slots=True)
class KeyReference:
    """A reference given by an external id: `{"key": "X"}` or `{"key": "X", "by": "erp_code"}`."""

    key: str
    by: str | None = None


class ReferenceField(fields.Field[Any]):
    """An id, `{"id": …}` as it was sent out, or a `KeyReference` that the store resolves."""

    def __init__(self) -> None:
        super().__init__(allow_none=True)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if is_record_id(value):
            return value
        if isinstance(value, Mapping):
            return self._from_object(value)
        if isinstance(value, str):
            example = '0197a1b2-… or {"key": "X"}'
            raise refuse(
                INVALID.at(value=value, expected=Text("a record id", "记录标识"), example=example)
            )
        raise refuse(WRONG_TYPE.at(expected=RECORD_ID, given=type_name(value)))

    @staticmethod
    def _from_object(value: Mapping[str, Any]) -> Any:
        names = set(value)
        if {"id"} <= names <= {"id", "title"} and is_record_id(value["id"]):
            return value["id"]
        texts = all(isinstance(part, str) and len(part) <= 400 for part in value.values())  # noqa: PLR2004 - longest key
        if {"key"} <= names <= {"key", "by"} and texts:
            return KeyReference(value["key"], value.get("by"))
        raise refuse(
            WRONG_TYPE.at(
                expected=Text('record id or {"key": …}', '记录标识或 {"key": …}'), given=OBJECT
            )
        )


@dataclass(frozen=True, slots=True)
class TypedReference:
    """A reference that names the object of its record; the store makes a typed id of it."""

    object: str
    record: str | KeyReference


class TypedReferenceField(fields.Field[Any]):
    """`{"object", "id"}` as it was sent out, `{"object", "key"}`, or the text `object:id`."""

    def __init__(self, targets: tuple[str, ...]) -> None:
        super().__init__(allow_none=True)
        self.targets = targets
        self.record = ReferenceField()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, Mapping) and isinstance(value.get("object"), str):
            name = value["object"]
            record: Any = {key: part for key, part in value.items() if key != "object"}
        elif isinstance(value, str):
            name, end, record = value.rpartition(TYPE_END)
            if not end or not is_record_id(record):
                example = f"{self.targets[0]}{TYPE_END}0197a1b2-…"
                raise refuse(INVALID.at(value=value, expected=TYPED_RECORD, example=example))
        else:
            given = OBJECT if isinstance(value, Mapping) else type_name(value)
            raise refuse(WRONG_TYPE.at(expected=TYPED_RECORD, given=given))
        if name not in self.targets:
            raise refuse(OTHER_OBJECT.at(name=name))
        return TypedReference(name, self.record.deserialize(record))


class ReferencesField(fields.Field[Any]):
    """References as an array or as a text with semicolons; each once, in the order given.

    Gives the text of ids that is stored, or a tuple in which keys still stand for some of them.
    """

    def __init__(self, least: int = 0, most: int = MOST_LINKS) -> None:
        super().__init__(allow_none=True)
        self.each = ReferenceField()
        self.least = least
        self.most = most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str):
            value = [one.strip() for one in value.split(SEPARATOR) if one.strip()]
        if not isinstance(value, (list, tuple)):
            raise refuse(WRONG_TYPE.at(expected=ARRAY, given=type_name(value)))
        if len(value) > MOST_LINKS:
            raise refuse(TOO_MANY.at(limit=self.most, count=len(value)))
        found = tuple(dict.fromkeys(self._one(place, one) for place, one in enumerate(value)))
        if len(found) > self.most:
            raise refuse(TOO_MANY.at(limit=self.most, count=len(found)))
        if found and len(found) < self.least:
            raise refuse(TOO_FEW.at(limit=self.least, count=len(found)))
        if any(isinstance(one, KeyReference) for one in found):
            return found
        return listed(found)

    def _one(self, place: int, value: Any) -> Any:
        if value is None:
            raise refuse(WRONG_TYPE.at(pointer(place), expected=RECORD_ID, given=NULL))
        try:
            return self.each.deserialize(value)
        except ValidationError as refusal:
            problems = [one for one in refusal.messages if isinstance(one, Problem)]
            raise ValidationError([one.below(pointer(place)) for one in problems]) from None


class NeverField(fields.Field[Any]):
    """A field that nobody writes; the store refuses it before parsing."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        raise refuse(
            WRONG_TYPE.at(
                expected=Text("nothing (computed)", "空（由系统计算）"), given=type_name(value)
            )
        )
