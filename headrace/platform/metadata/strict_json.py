"""JSON as metadata may be: no duplicate keys, no numbers that are not whole, no odd characters.

The standard parser quietly accepts a good deal that would later break a database or a browser;
everything that people upload or keep in module folders comes through here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from headrace.platform.core.problems import Message, Problem, pointer

MAX_BYTES: Final = 5 * 1024 * 1024
MAX_DEPTH: Final = 32
MAX_DIGITS: Final = 18
MAX_KEY: Final = 200
MAX_PROBLEMS: Final = 100
"""More findings than these are not looked for: nobody reads them, and a hostile file has millions."""

_NOT_STORABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""What a database or UTF-8 refuses: NUL and half a surrogate pair."""

_NOT_SHOWABLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
"""Also control characters but tab and line ends, and marks that turn the direction of writing, so
that a text shows other than it is."""

ENCODING = Message(
    "json.encoding",
    "The file is not UTF-8.",
    "文件不是 UTF-8 编码。",
    "Save it as UTF-8 without a byte order mark.",
    "请另存为不带 BOM 的 UTF-8。",
)
SYNTAX = Message(
    "json.syntax",
    "This is not JSON: line {line}, column {column}.",
    "JSON 语法错误：第 {line} 行第 {column} 列。",
    "Look for a missing comma, quote or bracket there.",
    "请检查该处是否缺少逗号、引号或括号。",
)
DUPLICATE_KEY = Message(
    "json.duplicate_key",
    "The key “{key}” stands twice in one object.",
    "键“{key}”在同一对象中出现两次。",
    "Keep one of them.",
    "请只保留一个。",
)
NON_FINITE = Message(
    "json.non_finite",
    "“{value}” is not a number that can be stored.",
    "“{value}”不是可存储的数值。",
    "Write a finite number.",
    "请填写有限的数值。",
)
NUMBER_RANGE = Message(
    "json.number_range",
    "The number has more than {digits} digits.",
    "数字超过 {digits} 位。",
    "Write a smaller number.",
    "请填写较小的数字。",
)
NOT_WHOLE = Message(
    "schema.wrong_type",
    "Numbers here are whole; {value} is not.",
    "此处应为整数，而不是 {value}。",
    'Write a whole number, or a decimal as text: "0.5".',
    '请填写整数；小数请写成文本："0.5"。',
)
TOO_DEEP = Message(
    "json.too_deep",
    "The content is nested more than {depth} levels deep.",
    "内容嵌套超过 {depth} 层。",
    "Make it flatter.",
    "请减少嵌套层数。",
)
TOO_LARGE = Message(
    "json.too_large",
    "The content is larger than {limit} MB.",
    "内容超过 {limit} MB。",
    "Split it into several documents.",
    "请拆分为多个文件。",
)
ILLEGAL_CHARACTER = Message(
    "text.illegal_char",
    "The text has a character that cannot be stored or shown: {character}.",
    "文本包含无法存储或显示的字符：{character}。",
    "Remove it.",
    "请删除该字符。",
)
LONG_KEY = Message(
    "json.key_too_long",
    "A key here has {length} characters: “{key}”.",
    "此处的键有 {length} 个字符：“{key}”。",
    "No key has more than {limit}.",
    "键最多 {limit} 个字符。",
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """The value of a JSON text, of use only where there is no problem, and what is wrong."""

    value: Any
    problems: tuple[Problem, ...]


class _EnoughError(Exception):
    """So much is wrong that the rest is not looked at."""


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object as written, duplicates included."""


@dataclass(frozen=True, slots=True)
class _BadNumber:
    message: Message
    value: str


def parse_json(data: bytes, *, shown: bool = False) -> Parsed:
    """Parse `data` strictly; every problem has the place in the document.

    With `shown` its texts are shown to people as they are: characters that would deceive them are
    refused too.
    """
    if len(data) > MAX_BYTES:
        return _refused(TOO_LARGE.at(limit=MAX_BYTES // 1024 // 1024))
    try:
        text = data.decode("utf-8")
        if text.startswith("\ufeff"):
            return _refused(ENCODING.at())
        raw = json.loads(
            text,
            object_pairs_hook=_Pairs,
            parse_int=_integer,
            parse_float=_fraction,
            parse_constant=lambda name: _BadNumber(NON_FINITE, name),
        )
    except UnicodeDecodeError:
        return _refused(ENCODING.at())
    except json.JSONDecodeError as error:
        return _refused(SYNTAX.at(line=error.lineno, column=error.colno))
    except RecursionError:
        return _refused(TOO_DEEP.at(depth=MAX_DEPTH))
    problems: list[Problem] = []
    try:
        value = _Plain(_NOT_SHOWABLE if shown else _NOT_STORABLE, problems).value(raw, ())
    except _EnoughError:
        value = None
    return Parsed(value, tuple(problems))


def _refused(problem: Problem) -> Parsed:
    return Parsed(None, (problem,))


def _integer(digits: str) -> int | _BadNumber:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        return _BadNumber(NUMBER_RANGE, digits[: 2 * MAX_DIGITS])
    return int(digits)


def _fraction(digits: str) -> _BadNumber:
    if len(digits) > 2 * MAX_DIGITS:
        return _BadNumber(NUMBER_RANGE, digits[: 2 * MAX_DIGITS])
    finite = abs(float(digits)) != float("inf")
    return _BadNumber(NOT_WHOLE if finite else NON_FINITE, digits)


_AS_THEY_ARE: Final = frozenset({int, bool, type(None)})


class _Plain:
    """Turns what the parser gave into plain values, keeping what is wrong on the way."""

    def __init__(self, illegal: re.Pattern[str], problems: list[Problem]) -> None:
        self._illegal = illegal
        self._problems = problems

    def value(self, raw: Any, place: tuple[str | int, ...]) -> Any:
        """Return the plain value of what stands at `place`."""
        if len(self._problems) >= MAX_PROBLEMS:
            raise _EnoughError
        if len(place) > MAX_DEPTH:
            self._problems.append(TOO_DEEP.at(pointer(*place[:3]), depth=MAX_DEPTH))
            return None
        match raw:
            case _Pairs():
                return self._object(raw, place)
            case list():
                return [
                    item
                    if type(item) in _AS_THEY_ARE or (not item and type(item) is list)
                    else self.value(item, (*place, index))
                    for index, item in enumerate(raw)
                ]
            case _BadNumber():
                values = {"value": raw.value, "digits": MAX_DIGITS}
                self._problems.append(raw.message.at(pointer(*place), **values))
                return None
            case str():
                self._is_illegal(raw, place)
                return raw
            case _:
                return raw

    def _object(self, raw: _Pairs, place: tuple[str | int, ...]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, item in raw:
            if self._is_bad_key(key, place):
                continue
            inside = (*place, key)
            if key in result:
                self._problems.append(DUPLICATE_KEY.at(pointer(*inside), key=key))
            result[key] = self.value(item, inside)
        return result

    def _is_bad_key(self, key: str, place: tuple[str | int, ...]) -> bool:
        """Whether no object could have the key; it is not made part of any path then."""
        if len(key) <= MAX_KEY:
            return self._is_illegal(key, place)
        values = {"length": len(key), "limit": MAX_KEY, "key": key[:40]}
        self._problems.append(LONG_KEY.at(pointer(*place), **values))
        return True

    def _is_illegal(self, text: str, place: tuple[str | int, ...]) -> bool:
        """Whether a character cannot be kept; the first one is told."""
        found = self._illegal.search(text)
        if found is None:
            return False
        name = f"U+{ord(found.group()):04X}"
        self._problems.append(ILLEGAL_CHARACTER.at(pointer(*place), character=name))
        return True
