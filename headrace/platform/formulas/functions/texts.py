"""Functions on text. Case folding is of ASCII letters only, so that all engines agree."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.patterns import compiled
from headrace.platform.core.problems import Text
from headrace.platform.core.rich_text import words
from headrace.platform.formulas.functions.base import (
    NUMBERS,
    TEXTS,
    Example,
    Function,
    Parameter,
    SqlCall,
    SqlCompiler,
    always,
    literal_value,
    strict,
    strict_in_first,
)
from headrace.platform.formulas.patterns import pattern_fault, postgresql_pattern
from headrace.platform.formulas.pinyin import search_key, sort_key
from headrace.platform.formulas.sql_types import Column
from headrace.platform.formulas.texts import (
    BLANKS,
    FULL_WIDTH,
    HALF_WIDTH,
    ascii_lower,
    ascii_upper,
    normal_form,
    trimmed,
)
from headrace.platform.formulas.tree import Call, Value
from headrace.platform.formulas.types import BOOLEAN, TEXT, WHOLE

MAX_COUNT: Final = 10_000

TEXT_IN: Final = Parameter("text", TEXTS)
PART: Final = Parameter("part", TEXTS)
COUNT: Final = Parameter("count", NUMBERS, literal=True, whole=True, limits=(1, MAX_COUNT))


def _bytewise(text: Column) -> Column:
    return sa.collate(text, "C")


def _on_first(name: str) -> SqlCompiler:
    def compiler(call: SqlCall) -> Column:
        return getattr(sa.func, name)(call.args[0], type_=sa.Text())  # type: ignore[no-any-return]  # typed as any by SQLAlchemy

    return compiler


def _first_bytewise(name: str) -> SqlCompiler:
    def compiler(call: SqlCall) -> Column:
        function = getattr(sa.func, name)
        return function(_bytewise(call.args[0]), type_=sa.Text())  # type: ignore[no-any-return]  # typed as any by SQLAlchemy

    return compiler


def _concatenated(call: SqlCall) -> Column:
    result = call.args[0]
    for part in call.args[1:]:
        result = sa.type_coerce(result, sa.Text()).concat(part)
    return sa.type_coerce(result, sa.Text())


CONCAT: Final = Function(
    key="CONCAT",
    parameters=(Parameter("text", TEXTS, repeated=True),),
    result=always(TEXT),
    python=strict(lambda *parts: "".join(parts)),
    sqlite=_concatenated,
    postgresql=_concatenated,
    summary=Text("Join texts; null when one is null.", "连接文本；任一为空则为空。"),
    examples=(Example("CONCAT('订单', '-', 'A')", "订单-A"), Example("CONCAT('a', NULL)", None)),
)


def _count(call: Call) -> int:
    return int(literal_value(call, 1))


def _left(call: Call) -> Callable[[Any], Value]:
    count = _count(call)
    return lambda text: text[:count]


def _right(call: Call) -> Callable[[Any], Value]:
    count = _count(call)
    return lambda text: text[-count:]


LEFT: Final = Function(
    key="LEFT",
    parameters=(TEXT_IN, COUNT),
    result=always(TEXT),
    python=strict_in_first(_left),
    sqlite=lambda call: sa.func.substr(call.args[0], 1, _count(call.node), type_=sa.Text()),
    postgresql=lambda call: sa.func.left(call.args[0], _count(call.node), type_=sa.Text()),
    summary=Text("The first characters of a text.", "文本开头的若干字符。"),
    examples=(Example("LEFT('渠道管理', 2)", "渠道"), Example("LEFT('ab', 5)", "ab")),
)

RIGHT: Final = Function(
    key="RIGHT",
    parameters=(TEXT_IN, COUNT),
    result=always(TEXT),
    python=strict_in_first(_right),
    sqlite=lambda call: sa.func.substr(call.args[0], -_count(call.node), type_=sa.Text()),
    postgresql=lambda call: sa.func.right(call.args[0], _count(call.node), type_=sa.Text()),
    summary=Text("The last characters of a text.", "文本结尾的若干字符。"),
    examples=(Example("RIGHT('渠道管理', 2)", "管理"), Example("RIGHT('ab', 5)", "ab")),
)

LEN: Final = Function(
    key="LEN",
    parameters=(TEXT_IN,),
    result=always(WHOLE),
    python=strict(lambda text: Decimal(len(text))),
    sqlite=lambda call: sa.func.length(call.args[0], type_=sa.BigInteger()),
    postgresql=lambda call: sa.cast(sa.func.length(call.args[0]), sa.Numeric()),
    summary=Text("The number of characters.", "字符数。"),
    examples=(Example("LEN('渠道A')", "3"), Example("LEN('')", "0"), Example("LEN('😀')", "1")),
)

LOWER: Final = Function(
    key="LOWER",
    parameters=(TEXT_IN,),
    result=always(TEXT),
    python=strict(ascii_lower),
    sqlite=_on_first("lower"),
    postgresql=_first_bytewise("lower"),
    summary=Text("The letters A-Z in lower case.", "把字母 A-Z 变为小写。"),
    examples=(Example("LOWER('Abc-É')", "abc-É"),),
)

UPPER: Final = Function(
    key="UPPER",
    parameters=(TEXT_IN,),
    result=always(TEXT),
    python=strict(ascii_upper),
    sqlite=_on_first("upper"),
    postgresql=_first_bytewise("upper"),
    summary=Text("The letters a-z in upper case.", "把字母 a-z 变为大写。"),
    examples=(Example("UPPER('abc-ß')", "ABC-ß"),),
)

TRIM: Final = Function(
    key="TRIM",
    parameters=(TEXT_IN,),
    result=always(TEXT),
    python=strict(trimmed),
    sqlite=lambda call: sa.func.trim(call.args[0], BLANKS, type_=sa.Text()),
    postgresql=lambda call: sa.func.btrim(call.args[0], BLANKS, type_=sa.Text()),
    summary=Text("The text without spaces around it.", "去掉首尾空白。"),
    examples=(Example("TRIM('\u3000 a b ')", "a b"),),
)


def _normal_postgresql(call: SqlCall) -> Column:
    half = sa.func.translate(call.args[0], FULL_WIDTH, HALF_WIDTH, type_=sa.Text())
    return sa.func.upper(_bytewise(sa.func.btrim(half, BLANKS, type_=sa.Text())), type_=sa.Text())


NORM: Final = Function(
    key="NORM",
    parameters=(TEXT_IN,),
    result=always(TEXT),
    python=strict(normal_form),
    sqlite=_on_first("fx_norm"),
    postgresql=_normal_postgresql,
    summary=Text(
        "The text for comparing: half-width, without spaces around it, in upper case.",
        "用于比较的文本：半角、去首尾空白、大写。",
    ),
    examples=(Example("NORM(' ab 12 ')", "AB 12"),),
)


def _contains_postgresql(call: SqlCall) -> Column:
    return sa.func.strpos(_bytewise(call.args[0]), call.args[1], type_=sa.Integer()) > sa.literal(
        0, sa.Integer()
    )


CONTAINS: Final = Function(
    key="CONTAINS",
    parameters=(TEXT_IN, PART),
    result=always(BOOLEAN),
    python=strict(lambda text, part: part in text),
    sqlite=lambda call: sa.func.instr(*call.args, type_=sa.Integer()) > sa.literal(0, sa.Integer()),
    postgresql=_contains_postgresql,
    summary=Text("Whether a text contains another.", "文本是否包含另一文本。"),
    examples=(
        Example("CONTAINS('渠道管理', '道管')", "true"),
        Example("CONTAINS('a', '')", "true"),
    ),
)

BETWEEN_VALUES: Final = ";"
"""What stands between the values of a multiple choice."""


def _has(text: str, value: str) -> bool:
    return value in text.split(BETWEEN_VALUES)


def _within_separators(text: Column) -> Column:
    separator = sa.literal(BETWEEN_VALUES, sa.Text())
    return sa.type_coerce(separator.concat(text).concat(separator), sa.Text())


def _never(whole: Column) -> Column:
    """Return false, null where the text is: nothing between separators is empty."""
    return whole == sa.literal("", sa.Text())


def _has_sqlite(call: SqlCall) -> Column:
    whole, part = map(_within_separators, call.args)
    found = sa.func.instr(whole, part, type_=sa.Integer()) > sa.literal(0, sa.Integer())
    inside = sa.func.instr(call.args[1], BETWEEN_VALUES, type_=sa.Integer())
    return sa.case((inside > 0, _never(whole)), else_=found)


def _has_postgresql(call: SqlCall) -> Column:
    whole, part = map(_within_separators, call.args)
    found = sa.func.strpos(_bytewise(whole), part, type_=sa.Integer()) > sa.literal(0, sa.Integer())
    inside = sa.func.strpos(_bytewise(call.args[1]), BETWEEN_VALUES, type_=sa.Integer())
    return sa.case((inside > 0, _never(whole)), else_=found)


HAS: Final = Function(
    key="HAS",
    parameters=(TEXT_IN, Parameter("value", TEXTS)),
    result=always(BOOLEAN),
    python=strict(_has),
    sqlite=_has_sqlite,
    postgresql=_has_postgresql,
    summary=Text("Whether a multiple choice has a value.", "多选中是否包含某个值。"),
    examples=(
        Example("HAS('a;bc', 'bc')", "true"),
        Example("HAS('a;bc', 'b')", "false"),
        Example("HAS('a;bc', 'a;bc')", "false"),
        Example("HAS(NULL, 'a')", None),
    ),
)

STARTS_WITH: Final = Function(
    key="STARTS_WITH",
    parameters=(TEXT_IN, PART),
    result=always(BOOLEAN),
    python=strict(lambda text, part: text.startswith(part)),
    sqlite=lambda call: sa.func.fx_starts_with(*call.args, type_=sa.Boolean()),
    postgresql=lambda call: sa.func.starts_with(*call.args, type_=sa.Boolean()),
    summary=Text("Whether a text begins with another.", "文本是否以另一文本开头。"),
    examples=(
        Example("STARTS_WITH('SO-1', 'SO')", "true"),
        Example("STARTS_WITH('so-1', 'SO')", "false"),
    ),
)

PATTERN: Final = Parameter("pattern", TEXTS, literal=True, fault=pattern_fault)


def _fits_postgresql(call: SqlCall) -> Column:
    pattern = sa.literal(postgresql_pattern(call.literal(1)), sa.Text())
    return _bytewise(call.args[0]).op("~", is_comparison=True)(pattern)


REGEX: Final = Function(
    key="REGEX",
    parameters=(TEXT_IN, PATTERN),
    result=always(BOOLEAN),
    python=strict_in_first(lambda call: compiled(literal_value(call, 1)).matches),
    sqlite=lambda call: sa.func.fx_regex(*call.args, type_=sa.Boolean()),
    postgresql=_fits_postgresql,
    summary=Text(
        r"Whether the whole text fits a pattern of characters, sets ([a-z], \d, \w, \s, .), groups,"
        " “|” and repeats (? * + {2,5}).",
        r"整个文本是否符合模式：字符、字符集（[a-z]、\d、\w、\s、.）、分组、“|”和重复（? * + {2,5}）。",
    ),
    examples=(
        Example(r"REGEX('SO-20250610-0001', 'SO-\d{8}-\d{4,}')", "true"),
        Example("REGEX('91310000MA1', '[0-9A-HJ-NPQRTUWXY]{18}')", "false"),
        Example("REGEX('华东-3区', '(华东|华南)-[1-9]区')", "true"),
        Example(r"REGEX('a.b', 'a\.b|c*')", "true"),
        Example("REGEX('', '(a|b?)*')", "true"),
        Example("REGEX('xab', 'ab')", "false"),
    ),
)

SEARCH_KEY: Final = Function(
    key="SEARCH_KEY",
    parameters=(TEXT_IN,),
    result=always(TEXT),
    python=strict(search_key),
    typescript=False,
    summary=Text(
        "What the pinyin of a text is found in: initials and whole syllables, each with a capital; empty "
        "without Chinese.",
        "供拼音检索的文本：首字母与全拼，音节首字母大写；不含汉字时为空文本。",
    ),
    examples=(
        Example("SEARCH_KEY('晨屿')", "CY ChenYu"),
        Example("SEARCH_KEY('重庆A3')", "CQA3 ZQA3 ChongQingA3 ZhongQingA3"),
        Example("SEARCH_KEY('abc')", ""),
        Example("SEARCH_KEY(NULL)", None),
    ),
)

SORT_KEY: Final = Function(
    key="SORT_KEY",
    parameters=(TEXT_IN,),
    result=always(TEXT),
    python=strict(sort_key),
    typescript=False,
    summary=Text(
        "What puts a text in the order of pinyin: digits, letters of either case, then Chinese.",
        "使文本按拼音排序：先数字，再字母（不分大小写），后汉字。",
    ),
    examples=(
        Example("SORT_KEY('晨屿3')", "{chen2晨{yu3屿3"),
        Example("SORT_KEY('Café')", "cafe"),
        Example("SORT_KEY(NULL)", None),
    ),
)

WORDS: Final = Function(
    key="WORDS",
    parameters=(TEXT_IN,),
    result=always(TEXT),
    python=strict(words),
    typescript=False,
    summary=Text(
        "What a rich text says: its words without the markup, with single spaces between them.",
        "富文本的文字内容：去除标记，词与段落之间以单个空格分隔。",
    ),
    examples=(
        Example("WORDS('<p>一 &amp; <b>二</b></p><p>三</p>')", "一 & 二 三"),
        Example("WORDS('a  b')", "a b"),
        Example("WORDS(NULL)", None),
    ),
)

BUILT_IN: Final = (
    CONCAT,
    LEFT,
    RIGHT,
    LEN,
    LOWER,
    UPPER,
    TRIM,
    NORM,
    CONTAINS,
    HAS,
    STARTS_WITH,
    REGEX,
    SEARCH_KEY,
    SORT_KEY,
    WORDS,
)
