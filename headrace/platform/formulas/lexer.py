"""Text → tokens. Full-width brackets, commas and operators of Chinese input count as the half-width ones."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple, NoReturn, TypeAlias

from headrace.platform.core.problems import Text
from headrace.platform.formulas.messages import SYNTAX, TOO_COMPLEX, FormulaError

MAX_LENGTH: Final = 10_000

TokenKind: TypeAlias = Literal["number", "string", "name", "mark", "end"]


class Token(NamedTuple):
    """A piece of the source; `value` of a string is its content, `word` a name in upper case."""

    kind: TokenKind
    value: str
    word: str
    start: int
    end: int


_PATTERN: Final = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<string>'(?:[^']|'')*')"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<mark>[<\uff1c][=\uff1d>\uff1e]|[>\uff1e][=\uff1d]|[!\uff01][=\uff1d]|[-+*/%=<>(),.$"
    r"\uff0d\uff0b\uff0a\uff0f\uff05\uff1d\uff1c\uff1e\uff08\uff09\uff0c\uff0e\uff04])",
    re.UNICODE,
)
_HALF_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_ASCII_DIGITS: Final = re.compile(r"[0-9.]+")
_NOT_STORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def tokens(source: str) -> list[Token]:
    """Return the tokens of `source`, the last one of kind `end`.

    Raises FormulaError at the first character that starts nothing.
    """
    if len(source) > MAX_LENGTH:
        raise FormulaError(
            TOO_COMPLEX.at(measure=Text("length", "长度"), met=len(source), limit=MAX_LENGTH)
        )
    found: list[Token] = []
    position = 0
    length = len(source)
    match = _PATTERN.match
    while position < length:
        piece = match(source, position)
        if piece is None:
            _refuse_character(source, position)
        kind = piece.lastgroup
        end = piece.end()
        if kind != "space":
            found.append(_token(kind, piece.group(), position, end))
        position = end
    found.append(Token("end", "", "", length, length))
    return found


def _token(kind: str | None, text: str, start: int, end: int) -> Token:
    if kind == "name":
        return Token("name", text, text.upper(), start, end)
    if kind == "mark":
        mark = text.translate(_HALF_WIDTH)
        return Token("mark", "!=" if mark == "<>" else mark, "", start, end)
    if kind == "number":
        if not _ASCII_DIGITS.fullmatch(text):
            refuse(start, end, Text("a number in digits 0-9", "由 0-9 组成的数字"), text)
        return Token("number", text, "", start, end)
    content = text[1:-1].replace("''", "'")
    if _NOT_STORABLE.search(content):
        refuse(start, end, Text("text that can be stored", "可存储的文本"), "U+0000")
    return Token("string", content, "", start, end)


def _refuse_character(source: str, position: int) -> NoReturn:
    character = source[position]
    if character == "'":
        refuse(
            position,
            len(source),
            Text("a closing quote '", "结束引号 '"),
            Text("the end", "公式结尾"),
        )
    if character in '"“”‘’':
        refuse(
            position,
            position + 1,
            Text("a text in straight single quotes, like 'open'", "英文单引号文本，如 'open'"),
            character,
        )
    refuse(position, position + 1, Text("a name, value or operator", "名称、值或运算符"), character)


def refuse(start: int, end: int, expected: Text, found: str | Text) -> NoReturn:
    """Raise the syntax error at `start`; positions are told from 1."""
    shown = found if isinstance(found, Text) else Text(f"“{found}”", f"“{found}”")
    raise FormulaError(
        SYNTAX.at(position=start + 1, expected=expected, found=shown), spans=((start, end),)
    )
