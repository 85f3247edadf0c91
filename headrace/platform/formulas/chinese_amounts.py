"""Amounts of money in Chinese capital numerals, as cheques and contracts write them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("", "拾", "佰", "仟")
_GROUPS: Final = ("", "万", "亿", "万亿", "亿亿")


def capital_amount(amount: Decimal) -> str:
    """Return `amount`, rounded to 分, in capitals: 1205.30 is 壹仟贰佰零伍元叁角."""
    cents = int(amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP).scaleb(2))
    sign = "负" if cents < 0 else ""
    yuan, rest = divmod(abs(cents), 100)
    whole = _whole(yuan) + "元" if yuan else ""
    return sign + (whole + _fraction(rest, after_yuan=bool(yuan)) or "零元整")


def _fraction(cents: int, *, after_yuan: bool) -> str:
    jiao, fen = divmod(cents, 10)
    if not cents:
        return "整" if after_yuan else ""
    if not jiao:
        return ("零" if after_yuan else "") + _DIGITS[fen] + "分"
    return _DIGITS[jiao] + "角" + (_DIGITS[fen] + "分" if fen else "")


def _whole(number: int) -> str:
    """Write a positive whole number in groups of four digits."""
    result = ""
    gap = False
    for index in range(len(_GROUPS) - 1, -1, -1):
        group = number // 10_000**index % 10_000
        if not group:
            gap = bool(result)
            continue
        if result and (gap or group < 1000):  # noqa: PLR2004 - the thousands place is empty
            result += "零"
        result += _group(group) + _GROUPS[index]
        gap = False
    return result


def _group(number: int) -> str:
    result = ""
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if digit:
            result += _DIGITS[digit] + _PLACES[place]
        elif result and number % 10**place and not result.endswith("零"):
            result += "零"
    return result
