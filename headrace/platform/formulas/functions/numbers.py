"""Functions on numbers. On SQLite the arithmetic on counts is done by `sqlite_functions`."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import sqlalchemy as sa

from headrace.platform.core.problems import Text
from headrace.platform.formulas.chinese_amounts import capital_amount
from headrace.platform.formulas.decimals import (
    multiple_above,
    multiple_below,
    portion,
    rescaled,
)
from headrace.platform.formulas.environment import Evaluator
from headrace.platform.formulas.functions.base import (
    MOMENTS,
    NUMBERS,
    Example,
    Function,
    Parameter,
    SqlCall,
    always,
    like_first,
    strict,
    strict_in_first,
)
from headrace.platform.formulas.sql_types import Column, fixed_numeric, storage_type
from headrace.platform.formulas.tree import Call, Node
from headrace.platform.formulas.types import MAX_SCALE, TEXT, Type, number

NUMBER: Final = Parameter("number", NUMBERS)
DIGITS: Final = Parameter(
    "digits", NUMBERS, literal=True, whole=True, limits=(0, MAX_SCALE), default="0"
)
STEP: Final = Parameter("step", NUMBERS, simple=True, default="1")

EXACT_DIGITS: Final = 36
"""Digits behind the point that a PostgreSQL division keeps, so that rounding it again cannot go wrong:
a quotient of two 18-digit numbers differs from every rounding boundary by more than 10**-31."""


def rescale_sqlite(value: Column, old: int, new: int) -> Column:
    """Return a count of 10**-old as a count of 10**-new."""
    if old == new:
        return value
    if new > old:
        return sa.func.fx_up(value, 10 ** (new - old), type_=sa.BigInteger())
    return sa.func.fx_down(value, 10 ** (old - new), type_=sa.BigInteger())


def _round_result(args: tuple[Node, ...]) -> Type:
    return number(int(args[1].value))  # type: ignore[union-attr,arg-type]  # proved by the analysis


def _round_sqlite(call: SqlCall) -> Column:
    return rescale_sqlite(call.args[0], call.node.args[0].type.scale, call.node.type.scale)


def _round_postgresql(call: SqlCall) -> Column:
    return sa.cast(call.args[0], fixed_numeric(call.node.type.scale))


ROUND: Final = Function(
    key="ROUND",
    parameters=(NUMBER, DIGITS),
    result=_round_result,
    python=strict_in_first(lambda call: lambda value: rescaled(value, call.type.scale)),
    sqlite=_round_sqlite,
    postgresql=_round_postgresql,
    summary=Text(
        "Round half away from zero to a number of digits after the point.",
        "四舍五入到指定的小数位数。",
    ),
    examples=(
        Example("ROUND(2.345, 2)", "2.35"),
        Example("ROUND(-2.5)", "-3"),
        Example("ROUND(-0.004, 2)", "0.00"),
        Example("ROUND(7, 2)", "7.00"),
    ),
)


# --- FLOOR, CEIL -------------------------------------------------------------------------------------


def _step_result(args: tuple[Node, ...]) -> Type:
    return args[1].type


def _below(call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
    scale = call.type.scale
    return strict(lambda value, step: multiple_below(value, step, scale))(call, args)


def _above(call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
    scale = call.type.scale
    return strict(lambda value, step: multiple_above(value, step, scale))(call, args)


def _multiple_sqlite(name: str, call: SqlCall) -> Column:
    value, step = call.node.args
    common = max(value.type.scale, step.type.scale)
    function = getattr(sa.func, name)
    return function(  # type: ignore[no-any-return]  # typed as any by SQLAlchemy
        call.args[0],
        10 ** (common - value.type.scale),
        call.args[1],
        10 ** (common - step.type.scale),
        type_=sa.BigInteger(),
    )


def _multiple_postgresql(name: str, call: SqlCall) -> Column:
    value, step = call.args
    positive = sa.case((step > sa.literal(Decimal(0), sa.Numeric()), step), else_=sa.null())
    count = getattr(sa.func, name)(
        sa.func.round(value, EXACT_DIGITS, type_=sa.Numeric()) / positive, type_=sa.Numeric()
    )
    return sa.cast(count * step, fixed_numeric(call.node.type.scale))


FLOOR: Final = Function(
    key="FLOOR",
    parameters=(NUMBER, STEP),
    result=_step_result,
    python=_below,
    sqlite=lambda call: _multiple_sqlite("fx_floor", call),
    postgresql=lambda call: _multiple_postgresql("floor", call),
    summary=Text(
        "The greatest multiple of a step not above the number; null unless the step is positive.",
        "不大于该数的最大步长倍数；步长不为正时为空。",
    ),
    examples=(
        Example("FLOOR(7.9)", "7"),
        Example("FLOOR(-7.1, 0.5)", "-7.5"),
        Example("FLOOR(17, 12)", "12"),
        Example("FLOOR(17, -12)", None),
    ),
)

CEIL: Final = Function(
    key="CEIL",
    parameters=(NUMBER, STEP),
    result=_step_result,
    python=_above,
    sqlite=lambda call: _multiple_sqlite("fx_ceil", call),
    postgresql=lambda call: _multiple_postgresql("ceil", call),
    summary=Text(
        "The least multiple of a step not below the number; null unless the step is positive.",
        "不小于该数的最小步长倍数；步长不为正时为空。",
    ),
    examples=(
        Example("CEIL(7.1)", "8"),
        Example("CEIL(-7.9, 0.5)", "-7.5"),
        Example("CEIL(17, 12)", "24"),
        Example("CEIL(17, 0)", None),
    ),
)


# --- MIN, MAX, ABS -----------------------------------------------------------------------------------

MANY: Final = Parameter("value", NUMBERS | MOMENTS, repeated=True)


def _least(_call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
    return strict(lambda *values: min(values))(_call, args)


def _greatest(_call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
    return strict(lambda *values: max(values))(_call, args)


def _only_or(call: SqlCall, name: str) -> Column:
    if len(call.args) == 1:
        return call.args[0]
    function = getattr(sa.func, name)
    storage = storage_type(call.node.type.kind, call.dialect)
    return function(*call.args, type_=storage)  # type: ignore[no-any-return]  # typed as any by SQLAlchemy


def _extreme_postgresql(call: SqlCall, name: str, sentinel: str) -> Column:
    """LEAST and GREATEST skip nulls; an infinity in their place makes the result null again."""
    if len(call.args) == 1:
        return call.args[0]
    storage = storage_type(call.node.type.kind, call.dialect)
    infinite = sa.cast(sa.literal(sentinel, sa.Text()), storage)
    parts = [sa.func.coalesce(arg, infinite, type_=storage) for arg in call.args]
    return sa.func.nullif(getattr(sa.func, name)(*parts, type_=storage), infinite, type_=storage)


MIN: Final = Function(
    key="MIN",
    parameters=(MANY,),
    result=like_first,
    python=_least,
    sqlite=lambda call: _only_or(call, "min"),
    postgresql=lambda call: _extreme_postgresql(call, "least", "-infinity"),
    unified=True,
    summary=Text("The smallest value; null when one is null.", "最小值；任一为空则为空。"),
    examples=(
        Example("MIN(3, 2.50, 4)", "2.50"),
        Example("MIN(3, NULL)", None),
        Example("MIN(PERIOD_START('2025-06-10', 'month'), '2025-05-31')", "2025-05-31"),
    ),
)

MAX: Final = Function(
    key="MAX",
    parameters=(MANY,),
    result=like_first,
    python=_greatest,
    sqlite=lambda call: _only_or(call, "max"),
    postgresql=lambda call: _extreme_postgresql(call, "greatest", "infinity"),
    unified=True,
    summary=Text("The largest value; null when one is null.", "最大值；任一为空则为空。"),
    examples=(Example("MAX(0, -3.5)", "0.0"), Example("MAX(0, NULL)", None)),
)

ABS: Final = Function(
    key="ABS",
    parameters=(NUMBER,),
    result=like_first,
    python=strict(abs),
    sqlite=lambda call: sa.func.abs(call.args[0], type_=sa.BigInteger()),
    postgresql=lambda call: sa.func.abs(call.args[0], type_=sa.Numeric()),
    summary=Text("The number without its sign.", "绝对值。"),
    examples=(Example("ABS(-2.50)", "2.50"), Example("ABS(0)", "0")),
)

CN_CAPITAL: Final = Function(
    key="CN_CAPITAL",
    parameters=(NUMBER,),
    result=always(TEXT),
    python=strict(capital_amount),
    summary=Text("An amount in Chinese capital numerals.", "金额的中文大写。"),
    examples=(
        Example("CN_CAPITAL(72927.36)", "柒万贰仟玖佰贰拾柒元叁角陆分"),
        Example("CN_CAPITAL(100)", "壹佰元整"),
        Example("CN_CAPITAL(10005000.05)", "壹仟万伍仟元零伍分"),
        Example("CN_CAPITAL(0)", "零元整"),
        Example("CN_CAPITAL(-1.20)", "负壹元贰角"),
    ),
)


# --- PORTION -----------------------------------------------------------------------------------------

PORTION_DIGITS: Final = Parameter(
    "digits", NUMBERS, literal=True, whole=True, limits=(0, MAX_SCALE), default="2"
)


def _portion_result(args: tuple[Node, ...]) -> Type:
    return number(int(args[3].value))  # type: ignore[union-attr,arg-type]  # proved by the analysis


def _portion(call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
    scale = call.type.scale
    return strict(lambda amount, part, whole: portion(amount, part, whole, scale))(call, args[:3])


def _portion_sqlite(call: SqlCall) -> Column:
    amount, part, whole = (arg.type.scale for arg in call.node.args[:3])
    shift = call.node.type.scale + whole - amount - part
    factors = (10 ** max(shift, 0), 10 ** max(-shift, 0))
    return sa.func.fx_portion(*call.args[:3], *factors, type_=sa.BigInteger())


def _portion_postgresql(call: SqlCall) -> Column:
    """Divide to so many digits that rounding again cannot go wrong.

    The quotient differs from every rounding boundary by more than 10**-32.
    """
    amount, part, whole = call.args[:3]
    dividend = sa.func.round(amount * part, EXACT_DIGITS, type_=sa.Numeric())
    divisor = sa.func.nullif(whole, sa.literal(0, sa.Integer()), type_=sa.Numeric())
    return sa.cast(dividend / divisor, fixed_numeric(call.node.type.scale))


PORTION: Final = Function(
    key="PORTION",
    parameters=(
        Parameter("amount", NUMBERS),
        Parameter("part", NUMBERS),
        Parameter("whole", NUMBERS),
        PORTION_DIGITS,
    ),
    result=_portion_result,
    python=_portion,
    sqlite=_portion_sqlite,
    postgresql=_portion_postgresql,
    summary=Text(
        "amount × part / whole, rounded once, half away from zero; null when the whole is zero. What was"
        " posted for earlier parts is subtracted, so the last part takes the remainder.",
        "金额 × 部分 / 整体，只四舍五入一次；整体为零时为空。减去之前各次已记的金额，最后一次承担尾差。",
    ),
    examples=(
        Example("PORTION(13444.52, 6, 8)", "10083.39"),
        Example("PORTION(13444.52, 8, 8) - 10083.39", "3361.13"),
        Example("PORTION(52927.36, 13, 100 + 13)", "6088.99"),
        Example("PORTION(-0.05, 1, 10)", "-0.01"),
        Example("PORTION(1, 1, 0)", None),
    ),
)

BUILT_IN: Final = (ROUND, FLOOR, CEIL, MIN, MAX, ABS, PORTION, CN_CAPITAL)
