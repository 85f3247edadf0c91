"""Cells of files that people made: what a spreadsheet or a CSV file holds, read for a field.

A field type reads a cell with `FieldType.from_cell`; its default is here, by the form in which values are
stored. What was lost before the file came to us (digits that a spreadsheet dropped) is refused,
never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Context, Decimal
from types import MappingProxyType
from typing import Any, Final, Literal

from headrace.platform.core.problems import Message, Text
from headrace.platform.metadata.field_types.values import DECIMAL, INVALID, refuse
from headrace.platform.metadata.storage_types import Storage, instant_text

CellKind = Literal["text", "number", "date", "boolean", "error"]

DIGITS_LOST: Final = Message(
    "value.digits_lost",
    "“{value}” is a number from which the spreadsheet dropped digits.",
    "“{value}”是被电子表格丢失了位数的数字。",
    "Format the column as text before typing the code, then enter it again in full.",
    "请先将该列设为“文本”格式，再重新完整录入。",
)
ERROR_VALUE: Final = Message(
    "value.cell_error",
    "The cell holds the spreadsheet's error “{value}”.",
    "单元格中是电子表格的错误值“{value}”。",
    "Mend the formula, or type the value.",
    "请修正公式，或直接填写值。",
)
A_BOOLEAN: Final = Text("yes or no", "是或否")
A_DAY: Final = Text("a date", "日期")
A_MOMENT: Final = Text("a date with a time", "日期时间")

_TRUTH: Final[Mapping[str, bool]] = MappingProxyType(
    {
        **dict.fromkeys(("true", "yes", "y", "1", "是", "真", "对", "有", "√", "✓"), True),
        **dict.fromkeys(("false", "no", "n", "0", "否", "假", "错", "无", "×", "✗"), False),
    }
)
_NUMBER: Final = re.compile(r"[+-]?([0-9]{1,30}|[0-9]{1,3}(,[0-9]{3}){1,9})(\.[0-9]{0,30})?")
_RAW_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,3})?")
_EXPONENT: Final = re.compile(r"[+-]?[0-9](\.[0-9]+)?[eE]\+?[0-9]{1,3}")
_DAY: Final = re.compile(
    r"([0-9]{4})(?:-([0-9]{1,2})-([0-9]{1,2})|/([0-9]{1,2})/([0-9]{1,2})|\.([0-9]{1,2})\.([0-9]{1,2})"
    r"|年([0-9]{1,2})月([0-9]{1,2})[日号]?|([0-9]{2})([0-9]{2}))"
)
_TIME: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?")
_SERIAL: Final = re.compile(r"[1-9][0-9]{4}")
_ENOUGH: Final = Context(prec=100)
EXACT_DIGITS: Final = 15
"""Digits that a spreadsheet keeps of a number."""
FLOAT_DIGITS: Final = 17
"""Digits of the longest text of a binary number: one with more was written by something exact."""
LARGEST_EXPONENT: Final = 40
LAST_SERIAL: Final = 2_958_465
FIRST_CERTAIN: Final = date(1900, 3, 1)
"""Spreadsheets count a 29 February 1900 that never was: serial numbers are certain from here on."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `text` is what was typed or, of a number, the file's own exact text.

    `moment` is that of a date cell, without zone; `percent` says that the cell shows a number as percent.
    """

    text: str
    kind: CellKind = "text"
    moment: datetime | None = None
    percent: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        return self.text == "" and self.kind != "error"

    def shown(self) -> str:
        """Return a text from which the same value is read again."""
        if self.kind == "number" and self.percent:
            return plain(Decimal(self.text).scaleb(2, _ENOUGH)) + "%"
        return self.text


EMPTY: Final = Cell("")


def narrow(text: str) -> str:
    """Return text with full-width digits and signs as plain ones, without space around."""
    return unicodedata.normalize("NFKC", text).strip()


def plain(number: Decimal) -> str:
    """Write a number in full, without an exponent or zeros at its end that say nothing."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def serial_moment(serial: Decimal, *, from_1904: bool = False) -> datetime | None:
    """Return the moment that a spreadsheet's serial number means; None where it means none."""
    if from_1904:
        serial += 1462
    if not 1 <= serial < LAST_SERIAL + 1:
        return None
    days = int(serial)
    start = date(1899, 12, 30) if days > 60 else date(1899, 12, 31)  # noqa: PLR2004 - 29 February 1900
    seconds = ((serial - days) * 86_400).quantize(Decimal("0.001"), ROUND_HALF_UP)
    try:
        midnight = datetime.combine(start + timedelta(days=days), time())
        return midnight + timedelta(milliseconds=int(seconds * 1000))
    except OverflowError:
        return None


def length_of(moment: datetime) -> timedelta:
    """Return the length of time that a spreadsheet keeps as this moment."""
    late = moment.date() >= FIRST_CERTAIN
    return moment - datetime.combine(date(1899, 12, 30 if late else 31), time())


# -- by storage ----------------------------------------------------------------------------------


def cell_value(cell: Cell, storage: Storage, zone: tzinfo) -> Any:
    """Return a cell as the API would send it to a field of this storage.

    `zone` is that of times without an offset. Raise marshmallow's ValidationError with a problem.
    """
    if cell.kind == "error":
        raise refuse(ERROR_VALUE.at(value=cell.text))
    read = _READERS.get(storage.kind)
    return cell.text if read is None else read(cell, storage, zone)


def cell_text(cell: Cell) -> str:
    """Return a cell as text; raise where the spreadsheet made a number of a code and lost digits."""
    if cell.kind == "error":
        raise refuse(ERROR_VALUE.at(value=cell.text))
    if cell.kind == "number":
        return _digits(cell)
    if cell.kind == "text" and _EXPONENT.fullmatch(cell.text):
        raise refuse(DIGITS_LOST.at(value=cell.text))
    return cell.text


def _digits(cell: Cell) -> str:
    if cell.percent:
        return cell.shown()
    number = Decimal(cell.text)
    digits = len(number.normalize(_ENOUGH).as_tuple().digits)
    exponent = "e" in cell.text.lower()
    if exponent and number == number.to_integral_value() and number.adjusted() >= EXACT_DIGITS:
        raise refuse(DIGITS_LOST.at(value=cell.text))
    if EXACT_DIGITS < digits <= FLOAT_DIGITS and "." in cell.text:
        # What is behind the fifteenth digit is noise of binary numbers, not what was typed.
        number = _rounded_to(number, EXACT_DIGITS)
    return plain(number)


def _rounded_to(number: Decimal, digits: int) -> Decimal:
    return Context(prec=digits, rounding=ROUND_HALF_UP).plus(number)


def number_of(cell: Cell, scale: int, *, percent: bool = False) -> Decimal:
    """Return a cell as a number; `percent` for fields whose 35 means 35 %.

    Thousands separators, full-width digits, a sign of the yuan, brackets for minus are understood.
    """
    if cell.kind == "error":
        raise refuse(ERROR_VALUE.at(value=cell.text))
    if cell.kind == "number":
        number = Decimal(cell.text)
        if cell.percent and percent:
            number = number.scaleb(2, _ENOUGH)
        return _denoised(number, scale)
    text = narrow(cell.text)
    in_percent = text.endswith("%")
    bare = text.removesuffix("%").strip().removeprefix("¥").strip()
    if bare.startswith("(") and bare.endswith(")"):
        bare = "-" + bare[1:-1].strip()
    if cell.kind != "text" or not _NUMBER.fullmatch(bare):
        raise refuse(INVALID.at(value=cell.text, expected=DECIMAL, example="1234.50"))
    number = Decimal(bare.replace(",", ""))
    return number.scaleb(-2, _ENOUGH) if in_percent and not percent else number


def _denoised(number: Decimal, scale: int) -> Decimal:
    """Take away what binary numbers add behind the fifteenth digit, where the field is coarser."""
    digits = len(number.as_tuple().digits)
    if not EXACT_DIGITS < digits <= FLOAT_DIGITS or number.adjusted() > LARGEST_EXPONENT:
        return number
    fits = number == number.quantize(Decimal(1).scaleb(-scale), context=_ENOUGH)
    return number if fits else _rounded_to(number, EXACT_DIGITS)


def _integer(cell: Cell) -> int | str:
    number = number_of(cell, 0)
    whole = number.to_integral_value(context=_ENOUGH)
    return int(whole) if whole == number else plain(number)


def _boolean(cell: Cell) -> bool:
    text = plain(Decimal(cell.text)) if cell.kind == "number" else narrow(cell.text).casefold()
    found = _TRUTH.get(text)
    if found is None:
        raise refuse(INVALID.at(value=cell.text, expected=A_BOOLEAN, example="是 / yes"))
    return found


def _day(cell: Cell) -> str:
    moment = moment_of(cell)
    if moment is None or moment.tzinfo is not None or moment.time() != time():
        raise refuse(INVALID.at(value=cell.text, expected=A_DAY, example="2025-06-10"))
    return moment.date().isoformat()


def _instant(cell: Cell, zone: tzinfo) -> str:
    moment = moment_of(cell)
    try:
        if moment is not None:
            aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
            return str(instant_text(aware.astimezone(UTC)))
    except OverflowError:
        pass
    raise refuse(INVALID.at(value=cell.text, expected=A_MOMENT, example="2025-06-10 10:04"))


def moment_of(cell: Cell) -> datetime | None:
    """Return the moment that a cell speaks of; None where it speaks of none."""
    if cell.moment is not None:
        return cell.moment
    if cell.kind == "number" and _RAW_NUMBER.fullmatch(cell.text):
        number = Decimal(cell.text)
        if number <= LAST_SERIAL:
            return serial_moment(number)
    text = narrow(cell.text)
    if _SERIAL.fullmatch(text):
        return serial_moment(Decimal(text))
    return _written_moment(text)


def _written_moment(text: str) -> datetime | None:
    try:
        found = _DAY.match(text)
        if found is None:
            return None
        year, month, day = (int(part) for part in found.groups() if part is not None)
        rest = text[found.end() :].strip()
        if not rest:
            return datetime(year, month, day)  # noqa: DTZ001 - the zone is the caller's
        if rest[0] == "T" or rest[-1] == "Z" or "+" in rest:
            return datetime.fromisoformat(text)
        clock = _TIME.fullmatch(rest)
        if clock is None:
            return None
        hour, minute, second = (int(clock[place] or 0) for place in (1, 2, 3))
        micro = int((clock[4] or "0").ljust(6, "0"))
        return datetime(year, month, day, hour, minute, second, micro)  # noqa: DTZ001 - see above
    except ValueError:
        return None


_READERS: Final[Mapping[str, Callable[[Cell, Storage, tzinfo], Any]]] = MappingProxyType(
    {
        "text": lambda cell, _, __: cell_text(cell),
        "integer": lambda cell, _, __: _integer(cell),
        "decimal": lambda cell, storage, _: plain(number_of(cell, storage.scale)),
        "boolean": lambda cell, _, __: _boolean(cell),
        "date": lambda cell, _, __: _day(cell),
        "instant": lambda cell, _, zone: _instant(cell, zone),
    }
)
