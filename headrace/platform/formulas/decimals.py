"""Exact arithmetic with a fixed number of digits: the meaning of numbers on every engine.

A number of scale s is an integer count of 10**-s, at most 18 digits long. Results are rounded half away
from zero; what does not fit is FormulaOverflowError, never a float.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from headrace.platform.formulas.messages import FormulaOverflowError
from headrace.platform.formulas.types import MAX_SCALE, PRECISION

COUNT_LIMIT: Final = 10**PRECISION
"""No count of the smallest unit reaches this, in either direction."""

EXACT: Final = Context(prec=80, rounding=ROUND_HALF_UP)
LIMITS: Final = tuple(Decimal(10) ** (PRECISION - scale) for scale in range(MAX_SCALE + 1))
UNITS: Final = tuple(Decimal(1).scaleb(-scale) for scale in range(MAX_SCALE + 1))
ZEROS: Final = tuple(Decimal(0).scaleb(-scale) for scale in range(MAX_SCALE + 1))


def checked(value: Decimal, scale: int) -> Decimal:
    """Return `value` if a number of `scale` can hold it."""
    limit = LIMITS[scale]
    if -limit < value < limit:
        return value
    raise FormulaOverflowError


def rescaled(value: Decimal, scale: int) -> Decimal:
    """Return `value` with `scale` digits after the point, rounded half away from zero."""
    result = value.quantize(UNITS[scale], context=EXACT)
    limit = LIMITS[scale]
    if -limit < result < limit:
        return result or ZEROS[scale]
    raise FormulaOverflowError


def product(left: Decimal, right: Decimal, scale: int) -> Decimal:
    """Multiply to `scale` digits."""
    return rescaled(EXACT.multiply(left, right), scale)


def quotient(left: Decimal, right: Decimal) -> Decimal | None:
    """Divide to six digits; by zero is None."""
    if not right:
        return None
    return rescaled(EXACT.divide(left, right), MAX_SCALE)


def remainder(left: Decimal, right: Decimal, scale: int) -> Decimal | None:
    """Return what the whole-number division leaves, with the sign of `left`; by zero is None."""
    if not right:
        return None
    return rescaled(EXACT.remainder(left, right), scale)


def portion(amount: Decimal, part: Decimal, whole: Decimal, scale: int) -> Decimal | None:
    """Return `amount` x `part` / `whole`, rounded once; None where `whole` is zero."""
    if not whole:
        return None
    return rescaled(EXACT.divide(EXACT.multiply(amount, part), whole), scale)


def multiple_below(value: Decimal, step: Decimal, scale: int) -> Decimal | None:
    """Return the greatest multiple of `step` not above `value`; None unless `step` is positive."""
    if step <= 0:
        return None
    rest = EXACT.remainder(value, step)
    below = EXACT.subtract(value, rest)
    return rescaled(EXACT.subtract(below, step) if rest < 0 else below, scale)


def multiple_above(value: Decimal, step: Decimal, scale: int) -> Decimal | None:
    """Return the least multiple of `step` not below `value`; None unless `step` is positive."""
    below = multiple_below(value.copy_negate(), step, scale)
    return None if below is None else rescaled(below.copy_negate(), scale)


# --- the same on counts of the smallest unit, as SQLite stores them ------------------------------------


def checked_count(count: int) -> int:
    """Return `count` if it has at most 18 digits."""
    if -COUNT_LIMIT < count < COUNT_LIMIT:
        return count
    raise FormulaOverflowError


def rounded_quotient(dividend: int, divisor: int) -> int:
    """Divide two integers, rounding half away from zero."""
    sign = -1 if (dividend < 0) != (divisor < 0) else 1
    dividend, divisor = abs(dividend), abs(divisor)
    return sign * ((2 * dividend + divisor) // (2 * divisor))


def to_count(value: Decimal, scale: int) -> int:
    """Return the count of 10**-scale in `value`, rounded half away from zero."""
    return int(value.scaleb(scale, context=EXACT).quantize(UNITS[0], context=EXACT))


def from_count(count: int, scale: int) -> Decimal:
    """Return the number of `count` units of 10**-scale."""
    return Decimal(count).scaleb(-scale, context=EXACT)
