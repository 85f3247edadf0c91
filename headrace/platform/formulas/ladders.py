"""Ladders of tiers, and amounts that are shared by weight: exact, rounded once, the parts equal the whole.

A ladder is a list of rungs (from, rate); `from` is inclusive and the next rung ends it. What lies below the
first rung gives nothing. Sources: domain rules 2.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final, NamedTuple

from headrace.platform.core.problems import Text
from headrace.platform.formulas.decimals import EXACT, rescaled
from headrace.platform.formulas.messages import FormulaRowsError

MODES: Final = ("marginal", "full", "fixed", "sum_fixed", "per_unit", "marginal_unit")
"""How a ladder is read: by percent of the slice or of the whole, by amounts, by amounts per unit."""

_HUNDRED: Final = Decimal(100)
_ZERO: Final = Decimal(0)
_NO_START: Final = Text("a tier without a beginning", "有档位缺少起点")
_TWICE: Final = Text("two tiers that begin at {start}", "有两个档位的起点同为 {start}")
_NO_ROWS: Final = Text("no rows to share the amount among", "没有可分摊的行")
_NO_WEIGHT: Final = Text("weights that cancel each other out", "权重相互抵消")

Rows = Sequence[tuple[Any, Any]]


class _Rung(NamedTuple):
    start: Decimal
    rate: Decimal


def tier(rows: Rows, x: Decimal, mode: str, scale: int) -> Decimal:
    """Return what `x` earns on a ladder, rounded once to `scale` digits.

    Percent modes: `marginal` adds up each slice at its own rate, `full` takes the rate of the rung that
    is reached for all of `x`. Amounts: `fixed` is that of the rung reached, `sum_fixed` adds up those of all
    rungs reached; `per_unit` and `marginal_unit` multiply them with the quantity `x`, or with each slice.
    Raises FormulaRowsError where rungs overlap.
    """
    rungs = _rungs(rows)
    reached = [rung for rung in rungs if rung.start <= x]
    if not reached:
        return rescaled(_ZERO, scale)
    match mode:
        case "fixed":
            result = reached[-1].rate
        case "sum_fixed":
            result = _added(rung.rate for rung in reached)
        case "full" | "per_unit":
            result = EXACT.multiply(x, reached[-1].rate)
        case _:
            ends = [*(rung.start for rung in reached[1:]), x]
            slices = (
                EXACT.multiply(EXACT.subtract(end, rung.start), rung.rate)
                for rung, end in zip(reached, ends, strict=True)
            )
            result = _added(slices)
    if mode in ("marginal", "full"):
        result = EXACT.divide(result, _HUNDRED)
    return rescaled(result, scale)


def tier_gap(rows: Rows, x: Decimal, scale: int) -> Decimal | None:
    """Return how far `x` is from the next rung; None where it is on the last. Raises FormulaRowsError."""
    above = [rung.start for rung in _rungs(rows) if rung.start > x]
    return rescaled(EXACT.subtract(above[0], x), scale) if above else None


def prorated(total: Decimal, weights: Sequence[Decimal | None], scale: int) -> list[Decimal]:
    """Share `total` by weight; a missing weight is 0.

    Each share is rounded; what is left over goes to the largest weight, among equals to the first. Without
    any weight the shares are equal. Raises FormulaRowsError without rows, and where weights of both signs add
    up to nothing.
    """
    if not weights:
        raise FormulaRowsError(_NO_ROWS)
    known = [one or _ZERO for one in weights]
    if not any(known):
        known = [Decimal(1)] * len(known)
    whole = _added(known)
    if not whole:
        raise FormulaRowsError(_NO_WEIGHT)
    shares = [rescaled(EXACT.divide(EXACT.multiply(total, one), whole), scale) for one in known]
    largest = max(range(len(known)), key=lambda at: (abs(known[at]), -at))
    rest = EXACT.subtract(total, _added(shares))
    shares[largest] = rescaled(EXACT.add(shares[largest], rest), scale)
    return shares


def _rungs(rows: Rows) -> list[_Rung]:
    if any(start is None for start, _ in rows):
        raise FormulaRowsError(_NO_START)
    rungs = sorted(_Rung(start, rate or _ZERO) for start, rate in rows)
    for one, other in pairwise(rungs):
        if one.start == other.start:
            start = f"{one.start:f}"
            raise FormulaRowsError(
                Text(_TWICE.en.format(start=start), _TWICE.zh.format(start=start))
            )
    return rungs


def _added(values: Any) -> Decimal:
    result = _ZERO
    for value in values:
        result = EXACT.add(result, value)
    return result
