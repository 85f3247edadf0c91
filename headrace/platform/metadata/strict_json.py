"""JSON as metadata may be: no duplicate keys, no numbers that are not whole, no odd characters.

The standard parser quietly accepts a good deal that would later break a database or a browser;
everything that people upload or keep in module folders comes through here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from headrace.platform.core.problems import Message, Problem, pointer

MAX_BYTES: Final = 5 * 1024 * 1024
MAX_DEPTH: Final = 32
MAX_DIGITS: Final = 18

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
    "JSON 语法错误:第 {line} 行第 {column} 列。",
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
    "此处应为整数,而不是 {value}。",
    'Write a whole number, or a decimal as text: "0.5".',
    '请填写整数;小数请写成文本:"0.5"。',
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
    "The text has a character that cannot be stored: {character}.",
    "文本包含无法存储的字符:{character}。",
    "Remove it.",
    "请删除该字符。",
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """The value of a JSON text, of use only where there is no problem, and what is wrong."""

    value: Any
    problems: tuple[Problem, ...]


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object as written, duplicates included."""


@dataclass(frozen=True, slots=True)
class _BadNumber:
    message: Message
    value: str


def parse_json(data: bytes) -> Parsed:
    """Parse `data` strictly; every problem has the place in the document."""
    if len(data) > MAX_BYTES:
        return _refused(TOO_LARGE.at(limit=MAX_BYTES // 1024 // 1024))
    try:
        text = data.decode("utf-8")
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
    value = _plain(raw, (), problems)
    return Parsed(value, tuple(problems))


def _refused(problem: Problem) -> Parsed:
    return Parsed(None, (problem,))


def _integer(digits: str) -> int | _BadNumber:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        return _BadNumber(NUMBER_RANGE, digits)
    return int(digits)


def _fraction(digits: str) -> _BadNumber:
    finite = abs(float(digits)) != float("inf")
    return _BadNumber(NOT_WHOLE if finite else NON_FINITE, digits)


def _plain(raw: Any, place: tuple[str | int, ...], problems: list[Problem]) -> Any:
    """Turn what the parser gave into plain values, keeping what is wrong on the way."""
    if len(place) > MAX_DEPTH:
        problems.append(TOO_DEEP.at(pointer(*place[:3]), depth=MAX_DEPTH))
        return None
    match raw:
        case _Pairs():
            return _plain_object(raw, place, problems)
        case list():
            return [_plain(item, (*place, index), problems) for index, item in enumerate(raw)]
        case _BadNumber():
            values = {"value": raw.value, "digits": MAX_DIGITS}
            problems.append(raw.message.at(pointer(*place), **values))
            return None
        case str():
            problems.extend(_illegal(raw, place))
            return raw
        case _:
            return raw


def _plain_object(
    raw: _Pairs, place: tuple[str | int, ...], problems: list[Problem]
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in raw:
        inside = (*place, key)
        found = list(_illegal(key, place))
        problems.extend(found)
        if found:
            continue
        if key in result:
            problems.append(DUPLICATE_KEY.at(pointer(*inside), key=key))
        result[key] = _plain(item, inside, problems)
    return result


def _illegal(text: str, place: tuple[str | int, ...]) -> Iterator[Problem]:
    """Find the first character that a database or UTF-8 refuses: NUL or half a surrogate pair."""
    for character in text:
        if character == "\x00" or "\ud800" <= character <= "\udfff":
            name = f"U+{ord(character):04X}"
            yield ILLEGAL_CHARACTER.at(pointer(*place), character=name)
            return
