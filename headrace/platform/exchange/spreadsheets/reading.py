"""Cells read without knowing of what type they are: strictly, None where a cell is something else."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, time
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from marshmallow import ValidationError

from headrace.platform.metadata.field_types.cells import (
    EXACT_DIGITS,
    Cell,
    cell_text,
    moment_of,
    narrow,
    plain,
)

_FULL: Final = (
    *(
        chr(code)
        for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
    ),
    "\u3000",
    "\xa0",
)
_WIDE: Final = str.maketrans({one: unicodedata.normalize("NFKC", one) for one in _FULL})
"""Digits, letters and spaces of full width. Chinese punctuation stays as it is typed."""
_AMOUNT: Final = re.compile(
    r"(?P<open>\()?(?P<sign>[+-])?\s*(?P<mark>¥|\$|€|£|rmb|cny|usd|eur)?\s*(?P<inner>[+-])?"
    r"(?P<digits>[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?P<rest>\.[0-9]{0,12})?"
    r"\s*(?P<unit>%|元)?(?P<close>\))?",
    re.IGNORECASE,
)
_CURRENCIES: Final = {
    **dict.fromkeys(("¥", "rmb", "cny", "元"), "CNY"),
    **dict.fromkeys(("$", "usd"), "USD"),
    **dict.fromkeys(("€", "eur"), "EUR"),
    "£": "GBP",
}
_PLAIN: Final = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,3})?")
_DAY_WRITTEN: Final = re.compile(r"[0-9]{4}\s*[-/.年]\s*[0-9]{1,2}\s*[-/.月]\s*[0-9]{1,2}")
_LOOSE: Final = re.compile(r"(19|20)[0-9]{6}|[2-6][0-9]{4}")
"""Eight digits of a date, or a serial number from 1954 to 2091."""
_MONTH: Final = re.compile(r"([0-9]{4})\s*(?:年\s*([0-9]{1,2})\s*月|-([0-9]{1,2}))")
_TRUTH: Final = {
    **dict.fromkeys(("true", "yes", "y", "是", "真", "对", "有", "√", "✓"), True),
    **dict.fromkeys(("false", "no", "n", "否", "假", "错", "无", "×", "✗"), False),
}
_MONTHS: Final = 12
_ENOUGH: Final = Context(prec=100)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with what stands beside it: `%`, the code of a currency, or nothing.

    Of a percentage the number is what people read: 35 for 35 %.
    """

    value: Decimal
    mark: str = ""

    @property
    def scale(self) -> int:
        """Return how many digits stand behind the point."""
        exponent = self.value.normalize(_ENOUGH).as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0


def tidy(text: str) -> str:
    """Return a text with plain digits, letters and spaces, none around it."""
    return text.strip() if text.isascii() else text.translate(_WIDE).strip()


def shown(cell: Cell) -> str:
    """Return a cell as people read it in the proposal."""
    if cell.moment is not None:
        day = cell.moment.date().isoformat()
        return day if cell.moment.time() == time() else f"{day} {cell.moment.time().isoformat()}"
    if cell.kind == "number" and not cell.percent:
        try:
            return cell_text(cell)
        except ValidationError:  # digits were lost before the file came to us: shown as they are
            return cell.text
    return tidy(cell.shown())


def amount_in(cell: Cell) -> Amount | None:
    """Return the number in a cell; None also for codes: zeros in front, more digits than are kept."""
    if cell.kind == "number" and cell.moment is None:
        return _number(cell)
    if cell.kind != "text":
        return None
    found = _AMOUNT.fullmatch(narrow(cell.text))
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    if found["sign"] and found["inner"]:
        return None
    digits = found["digits"].replace(",", "")
    if len(digits) > EXACT_DIGITS or (len(digits) > 1 and digits[0] == "0"):
        return None
    value = Decimal(digits + (found["rest"] or "").rstrip("."))
    if found["open"] or "-" in {found["sign"], found["inner"]}:
        value = -value
    unit, mark = found["unit"] or "", (found["mark"] or "").lower()
    if unit == "%":
        return None if mark else Amount(value, "%")
    return Amount(value, _CURRENCIES.get(mark or unit, ""))


def _number(cell: Cell) -> Amount | None:
    if not _PLAIN.fullmatch(cell.text):
        return None
    value = Decimal(cell.text)
    if value.adjusted() >= EXACT_DIGITS:
        return None
    if len(value.as_tuple().digits) > EXACT_DIGITS:
        value = Context(prec=EXACT_DIGITS, rounding=ROUND_HALF_UP).plus(value)
    return Amount(value.scaleb(2, _ENOUGH), "%") if cell.percent else Amount(value)


def moment_in(cell: Cell, *, loosely: bool = False) -> datetime | None:
    """Return the moment in a cell; `loosely` also of bare digits that may be one."""
    if cell.moment is not None:
        return cell.moment
    if cell.kind not in {"text", "number"} or cell.percent:
        return None
    text = narrow(cell.text)
    if not _DAY_WRITTEN.match(text) and not (loosely and _LOOSE.fullmatch(text)):
        return None
    written = Cell(re.sub(r"\s*([年月日])\s*", r"\1", text)) if "年" in text else Cell(text)
    found = moment_of(written)
    return None if found is None or found.tzinfo is not None else found


def month_in(cell: Cell) -> str | None:
    """Return a month as it is stored; None where a cell speaks of none."""
    found = _MONTH.fullmatch(narrow(cell.text)) if cell.kind == "text" else None
    if found is None:
        return None
    number = int(found[2] or found[3])
    return f"{found[1]}-{number:02}" if 1 <= number <= _MONTHS else None


def truth_in(cell: Cell) -> bool | None:
    """Return what a cell says by a word; digits say nothing by themselves."""
    return _TRUTH.get(narrow(cell.text).casefold()) if cell.kind != "number" else None


def number_text(amount: Amount, scale: int) -> str:
    """Return a number in full with at most `scale` digits behind the point, half up."""
    if amount.scale > scale:
        place = Decimal(1).scaleb(-scale)
        return plain(amount.value.quantize(place, ROUND_HALF_UP, _ENOUGH))
    return plain(amount.value)
