"""The functions that formulas need on SQLite; registered on every connection of ours.

SQLite's own integers turn into floats when they overflow, and it knows no decimals, so arithmetic runs
here on counts of the smallest unit. All functions are deterministic and null as soon as one argument is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from headrace.platform.formulas import days
from headrace.platform.formulas.decimals import checked_count, rounded_quotient
from headrace.platform.formulas.patterns import fits
from headrace.platform.formulas.texts import normal_form
from headrace.platform.formulas.tree import instant_text


def register(
    connection: sqlite3.Connection, functions: Mapping[str, Callable[..., Any]] | None = None
) -> None:
    """Add the functions to a connection of Python's sqlite3 module."""
    for name, function in (FUNCTIONS if functions is None else functions).items():
        connection.create_function(name, -1, _strict(function), deterministic=True)


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        return None if None in args else function(*args)

    return call


# --- numbers -----------------------------------------------------------------------------------------


def _add(left: int, left_factor: int, right: int, right_factor: int) -> int:
    return checked_count(left * left_factor + right * right_factor)


def _subtract(left: int, left_factor: int, right: int, right_factor: int) -> int:
    return checked_count(left * left_factor - right * right_factor)


def _multiply(left: int, right: int, divisor: int) -> int:
    result = left * right
    return checked_count(result if divisor == 1 else rounded_quotient(result, divisor))


def _divide(left: int, right: int, factor: int) -> int | None:
    return checked_count(rounded_quotient(left * factor, right)) if right else None


def _remainder(left: int, left_factor: int, right: int, right_factor: int) -> int | None:
    dividend, divisor = left * left_factor, abs(right * right_factor)
    if not divisor:
        return None
    rest = abs(dividend) % divisor
    return checked_count(-rest if dividend < 0 else rest)


def _portion(amount: int, part: int, whole: int, factor: int, divisor: int) -> int | None:
    if not whole:
        return None
    return checked_count(rounded_quotient(amount * part * factor, whole * divisor))


def _scaled_up(value: int, factor: int) -> int:
    return checked_count(value * factor)


def _scaled_down(value: int, divisor: int) -> int:
    return checked_count(rounded_quotient(value, divisor))


def _floor(value: int, value_factor: int, step: int, step_factor: int) -> int | None:
    if step <= 0:
        return None
    return checked_count(value * value_factor // (step * step_factor) * step)


def _ceil(value: int, value_factor: int, step: int, step_factor: int) -> int | None:
    below = _floor(-value, value_factor, step, step_factor)
    return None if below is None else -below


# --- days and instants -------------------------------------------------------------------------------


def _move_day(day: str, amount: int, unit: str) -> str | None:
    moved = days.moved_day(date.fromisoformat(day), amount, unit)
    return None if moved is None else moved.isoformat()


def _move_instant(instant: str, amount: int, unit: str) -> str | None:
    moved = days.moved_instant(datetime.fromisoformat(instant), amount, unit)
    return None if moved is None else instant_text(moved)


def _days_between(start: str, end: str, unit: str) -> int:
    return days.days_between(date.fromisoformat(start), date.fromisoformat(end), unit)


def _time_between(start: str, end: str, unit: str) -> int:
    return days.time_between(datetime.fromisoformat(start), datetime.fromisoformat(end), unit)


_PARTS: Final[dict[str, Callable[[date], int]]] = {
    "year": lambda day: day.year,
    "month": lambda day: day.month,
    "day": lambda day: day.day,
    "quarter": days.quarter,
    "days_in_month": days.days_in_month,
}


def _day_part(day: str, part: str) -> int:
    return _PARTS[part](date.fromisoformat(day))


def _first_day(period: str) -> str | None:
    day = days.first_day(period)
    return None if day is None else day.isoformat()


def _local_day(instant: str, zone: str) -> str | None:
    day = days.local_day(datetime.fromisoformat(instant), ZoneInfo(zone))
    return None if day is None else day.isoformat()


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "fx_add": _add,
        "fx_sub": _subtract,
        "fx_mul": _multiply,
        "fx_div": _divide,
        "fx_mod": _remainder,
        "fx_portion": _portion,
        "fx_up": _scaled_up,
        "fx_down": _scaled_down,
        "fx_floor": _floor,
        "fx_ceil": _ceil,
        "fx_norm": normal_form,
        "fx_starts_with": str.startswith,
        "fx_regex": fits,
        "fx_move_day": _move_day,
        "fx_move_instant": _move_instant,
        "fx_days": _days_between,
        "fx_time": _time_between,
        "fx_day_part": _day_part,
        "fx_period": lambda day, unit: days.period_name(date.fromisoformat(day), unit),
        "fx_period_start": lambda day, unit: days.period_start(
            date.fromisoformat(day), unit
        ).isoformat(),
        "fx_period_end": lambda day, unit: days.period_end(
            date.fromisoformat(day), unit
        ).isoformat(),
        "fx_first_day": _first_day,
        "fx_day": _local_day,
    }
)
