"""Which field type the values of a column have, and why: counted, never guessed from a few."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import Any, Final

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.exchange.spreadsheets.columns import Column, Unread
from headrace.platform.exchange.spreadsheets.reading import (
    Amount,
    amount_in,
    moment_in,
    month_in,
    shown,
    tidy,
    truth_in,
)
from headrace.platform.exchange.spreadsheets.spelling import label_of, value_name
from headrace.platform.metadata.field_types.cells import Cell
from headrace.platform.metadata.field_types.numbers import MAX_INTEGER
from headrace.platform.metadata.field_types.text import EmailType, UrlType

MOST_CHOICES: Final = 20
"""Distinct values that are proposed as choices."""
LONGEST_CHOICE: Final = 30
MOST_DECLARED: Final = 500
"""Values that a choice can declare at all."""
MONEY_DIGITS: Final = 2
PERCENT_DIGITS: Final = 4
MOST_DIGITS: Final = 6
LENGTHS: Final = (20, 40, 80, 120, 200, 400)
LONGEST_LINE: Final = 300
SHOWN_ROWS: Final = 10

TYPES: Final[Mapping[str, Text]] = {
    "text": Text("texts", "文本"),
    "long_text": Text("long texts", "长文本"),
    "integer": Text("whole numbers", "整数"),
    "decimal": Text("decimal numbers", "小数"),
    "money": Text("amounts of money", "金额"),
    "percent": Text("percentages", "百分比"),
    "date": Text("dates", "日期"),
    "datetime": Text("dates with a time", "日期时间"),
    "month": Text("months", "月份"),
    "boolean": Text("yes or no", "“是/否”"),
    "choice": Text("choices", "选项"),
    "phone": Text("telephone numbers", "电话号码"),
    "email": Text("e-mail addresses", "邮箱地址"),
    "url": Text("web addresses", "网址"),
    "lookup": Text("references", "引用"),
}
"""The field types that are proposed, in the order in which they are offered."""

ALL_FIT: Final = Message(
    "spreadsheet.all_fit",
    "All {filled} values are {type}.",
    "全部 {filled} 个值都是{type}。",
    "Choose another type if they only look like it.",
    "如仅是看起来相似，请改选其他类型。",
)
MOST_FIT: Final = Message(
    "spreadsheet.most_fit",
    "{good} of {filled} values are {type}; not in row {rows}.",
    "{filled} 个值中有 {good} 个是{type}；第 {rows} 行不是。",
    "Those rows are listed when the rows are imported, for you to mend.",
    "导入时会列出这些行供修正。",
)
NO_VALUES: Final = Message(
    "spreadsheet.no_values",
    "The column has no values.",
    "该列没有值。",
    "Keep it if people shall fill it in.",
    "如需日后填写，可保留。",
)
FEW_VALUES: Final = Message(
    "spreadsheet.few_values",
    "{filled} values are only {count} different ones.",
    "{filled} 个值中只有 {count} 种不同取值。",
    "Choose text if others may come.",
    "如还会出现其他取值，请选择文本。",
)
ANY_TEXT: Final = Message(
    "spreadsheet.any_text",
    "{count} different texts, the longest with {length} characters.",
    "共 {count} 种不同文本，最长 {length} 个字符。",
    "Choose another type if you know better.",
    "如有更合适的类型，请改选。",
)
CODES: Final = Message(
    "spreadsheet.codes",
    "The digits are codes and stay as they are typed: {reason}.",
    "这些数字是编码，按原样保存：{reason}。",
    "Choose a number if you reckon with them.",
    "如需用于计算，请选择数字类型。",
)
ZEROS: Final = Text("some begin with 0 or are very long", "有的以 0 开头或位数很长")
CALLED_CODE: Final = Text("the column is called so", "列名如此")
ROUNDED: Final = Message(
    "spreadsheet.rounded",
    "{count} values have more than {scale} digits behind the point and will be rounded.",
    "{count} 个值的小数位超过 {scale} 位，将四舍五入。",
    "Choose decimal for up to 6 digits.",
    "如需最多 6 位小数，请选择小数。",
)

_EMAIL: Final = re.compile(EmailType.pattern)
_URL: Final = re.compile(UrlType.pattern)
_PHONE: Final = re.compile(r"\+?[0-9(][0-9 ()-]{5,27}[0-9]")
_MOBILE: Final = re.compile(r"(\+?86[ -]?)?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}")
_LONG_DIGITS: Final = re.compile(r"0[0-9]+|[0-9]{16,}")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a column is taken for: type and options as a document has them, why, and what is not it."""

    type: str
    options: Mapping[str, Any] = field(default_factory=dict)
    reasons: tuple[Problem, ...] = ()
    unread: Unread = ()


Judge = Callable[[Column], "Judgement | None"]


def judged(column: Column) -> Judgement:
    """Return what a column is taken for, references aside."""
    if not column.values:
        return Judgement("text", {"length": LENGTHS[2]}, (NO_VALUES.at(),))
    for judge in JUDGES:
        found = judge(column)
        if found is not None:
            return found
    return text_of(column)


def fit(column: Column, type_: str, unread: Unread) -> Problem:
    """Return the sentence that says how many values are of a type."""
    filled = column.filled
    if not unread:
        return ALL_FIT.at(filled=filled, type=TYPES[type_])
    rows = ", ".join(str(row) for row, _ in unread[:SHOWN_ROWS])
    more = ", …" if len(unread) > SHOWN_ROWS else ""
    good = filled - len(unread)
    return MOST_FIT.at(good=good, filled=filled, type=TYPES[type_], rows=rows + more)


def _found(column: Column, type_: str, read: Callable[[Cell], Any], **options: Any) -> Judgement:
    unread = column.unread(read)
    return Judgement(type_, options, (fit(column, type_, unread),), unread)


# -- one type each -------------------------------------------------------------------------------


def _truths(column: Column) -> Judgement | None:
    return _found(column, "boolean", truth_in) if column.fits(truth_in) else None


def _moments(column: Column) -> Judgement | None:
    read = moment_reader(column)
    if not column.fits(read):
        return None
    moments = [found for found in map(read, column.values) if found is not None]
    timed = any(one.time() != time() for one in moments)
    return _found(column, "datetime" if timed else "date", read)


def moment_reader(column: Column) -> Callable[[Cell], datetime | None]:
    """Return what reads moments: bare digits too, where the name or other values speak of dates."""
    loosely = column.hints("date") or any(moment_in(one) is not None for one in column.values)
    return lambda cell: moment_in(cell, loosely=loosely)


def _months(column: Column) -> Judgement | None:
    return _found(column, "month", month_in) if column.fits(month_in) else None


def _matching(pattern: re.Pattern[str]) -> Callable[[Cell], str | None]:
    def read(cell: Cell) -> str | None:
        text = shown(cell)
        return text if pattern.fullmatch(text) else None

    return read


def _addresses(column: Column) -> Judgement | None:
    for type_, pattern in (("email", _EMAIL), ("url", _URL)):
        read = _matching(pattern)
        if column.values and all(read(cell) for cell in column.values):
            return _found(column, type_, read)
    return None


def _phones(column: Column) -> Judgement | None:
    read = _matching(_PHONE if column.hints("phone") else _MOBILE)
    if all(read(cell) for cell in column.values):
        return _found(column, "phone", read)
    return None


def _numbers(column: Column) -> Judgement | None:
    if not column.fits(amount_in) or _codes(column) is not None:
        return None
    marks = _marks(column)
    if marks["%"] > column.filled // 2:
        return number_as(column, "percent")
    marked = 2 * sum(count for mark, count in marks.items() if mark not in {"", "%"})
    if marked > column.filled or (column.hints("money") and not marks["%"] and _fine(column)):
        return number_as(column, "money")
    scale = max((one.scale for one in _amounts(column).values()), default=0)
    large = any(abs(one.value) > MAX_INTEGER for one in _amounts(column).values())
    return number_as(column, "decimal" if scale or large or marks["%"] else "integer")


def number_as(column: Column, type_: str) -> Judgement:
    """Return a column as numbers of a type, with the digits and the currency that its values have."""
    options: dict[str, Any] = {}
    digits = {"money": MONEY_DIGITS, "percent": PERCENT_DIGITS, "integer": 0}.get(type_)
    if digits is None:
        scale = max((one.scale for one in _amounts(column).values()), default=0)
        digits = min(scale or MONEY_DIGITS, MOST_DIGITS)
        options = {"precision": 18, "scale": digits}
    if type_ == "money":
        foreign = _accepted(column, type_) - {"", "CNY"}
        options = {"currency": min(foreign)} if len(foreign) == 1 else {}
    found = _found(column, type_, number_reader(column, type_), **options)
    if type_ == "integer":
        return found
    return replace(found, reasons=(*found.reasons, *_rounded(column, digits)))


def number_reader(column: Column, type_: str) -> Callable[[Cell], Amount | None]:
    """Return what reads numbers of a type: what stands beside one must be what stands beside others."""
    accepted = _accepted(column, type_)

    def read(cell: Cell) -> Amount | None:
        amount = amount_in(cell)
        if amount is None or amount.mark not in accepted:
            return None
        return None if type_ == "integer" and amount.scale else amount

    return read


def _accepted(column: Column, type_: str) -> frozenset[str]:
    marks = _marks(column)
    if type_ == "percent":
        return frozenset({"%"} if marks["%"] > column.filled // 2 else {"%", ""})
    currencies = Counter({one: count for one, count in marks.items() if one not in {"", "%"}})
    usual = [one for one, _ in currencies.most_common(1)]
    return frozenset({"", *usual})


def _marks(column: Column) -> Counter[str]:
    found = Counter[str]()
    for cell, amount in _amounts(column).items():
        found[amount.mark] += len(column.values[cell])
    return found


def _amounts(column: Column) -> dict[Cell, Amount]:
    read = ((cell, amount_in(cell)) for cell in column.values)
    return {cell: amount for cell, amount in read if amount is not None}


def _fine(column: Column) -> bool:
    """Say whether nearly all amounts have the digits of money."""
    scales = [one.scale <= MONEY_DIGITS for one in _amounts(column).values()]
    return sum(scales) * 20 >= len(scales) * 19


def _rounded(column: Column, scale: int) -> Iterator[Problem]:
    count = sum(
        len(column.values[cell])
        for cell, amount in _amounts(column).items()
        if amount.scale > scale
    )
    if count:
        yield ROUNDED.at(count=count, scale=scale)


def _codes(column: Column) -> Problem | None:
    """Return why digits are codes: not to be reckoned with, and kept as typed."""
    texts = [tidy(cell.text) for cell in column.values if cell.kind == "text"]
    if any(_LONG_DIGITS.fullmatch(one) for one in texts):
        return CODES.at(reason=ZEROS)
    whole = all(shown(cell).isdigit() for cell in column.values)
    if column.hints("code") and whole and len(column.texts) == column.filled:
        return CODES.at(reason=CALLED_CODE)
    return None


def _choices(column: Column) -> Judgement | None:
    texts = column.texts
    if not 1 < len(texts) <= MOST_CHOICES or 2 * len(texts) > column.filled:
        return None
    if any(len(one) > LONGEST_CHOICE or "\n" in one for one in texts):
        return None
    if column.hints("code") or column.hints("note") or all(one.isdigit() for one in texts):
        return None
    return choice_of(column)


def choice_of(column: Column) -> Judgement:
    """Return a column as choices, the most frequent first."""
    labels: dict[str, tuple[str, int]] = {}
    for text, rows in column.texts.items():
        label, count = labels.get(text.casefold(), (text, 0))
        labels[text.casefold()] = (label, count + len(rows))
    ordered = sorted(labels.values(), key=lambda one: -one[1])[:MOST_DECLARED]
    choices: list[dict[str, Any]] = []
    taken: set[str] = set()
    for number, (text, _) in enumerate(ordered, 1):
        value = value_name(text, taken, number)
        taken.add(value)
        choices.append({"value": value, "label": label_of(text).as_dict()})
    reason = FEW_VALUES.at(filled=column.filled, count=len(labels))
    return Judgement("choice", {"choices": choices}, (reason,))


def text_of(column: Column) -> Judgement:
    """Return a column as texts."""
    texts = column.texts
    longest = max(map(len, texts), default=0)
    reasons = [ANY_TEXT.at(count=len(texts), length=longest)]
    codes = _codes(column)
    if codes is not None and column.fits(lambda cell: shown(cell).isdigit() or None):
        reasons.insert(0, codes)
    if longest > LONGEST_LINE or any("\n" in one for one in texts):
        return Judgement("long_text", {}, tuple(reasons))
    length = next(one for one in LENGTHS if one >= min(longest * 4 // 3, LENGTHS[-1]))
    return Judgement("text", {"length": max(length, LENGTHS[1])}, tuple(reasons))


JUDGES: Final[tuple[Judge, ...]] = (
    _truths,
    _moments,
    _months,
    _addresses,
    _phones,
    _numbers,
    _choices,
)


def as_type(column: Column, type_: str) -> Judgement:
    """Return a column as the type that somebody chose for it, with the options that its values need."""
    match type_:
        case "choice":
            return choice_of(column)
        case "integer" | "decimal" | "money" | "percent":
            return number_as(column, type_)
        case "text" | "long_text":
            found = text_of(column)
            options = {} if type_ == "long_text" else found.options or {"length": LENGTHS[-1]}
            return Judgement(type_, options, found.reasons)
        case _:
            return _found(column, type_, reader_of(column, type_))


def reader_of(column: Column, type_: str) -> Callable[[Cell], Any]:
    """Return what reads a cell of a column as a type; None for what is not of it."""
    match type_:
        case "boolean":
            return truth_in
        case "date" | "datetime":
            return moment_reader(column)
        case "month":
            return month_in
        case "email":
            return _matching(_EMAIL)
        case "url":
            return _matching(_URL)
        case "phone":
            return _matching(_PHONE)
        case "integer" | "decimal" | "money" | "percent":
            return number_reader(column, type_)
        case _:
            return shown
