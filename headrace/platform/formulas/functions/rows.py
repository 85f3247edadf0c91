"""Functions over rows: ladders of tiers and shares. Their rows come from `LIST(object.a, b …)` or are written out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from headrace.platform.core.problems import Text
from headrace.platform.formulas.environment import Environment, Evaluator
from headrace.platform.formulas.functions.base import (
    NUMBERS,
    ROWS_IN,
    TEXTS,
    Example,
    Function,
    Parameter,
    always,
    strict,
)
from headrace.platform.formulas.ladders import MODES, prorated, tier, tier_gap
from headrace.platform.formulas.tree import Call, Node, Query, Value
from headrace.platform.formulas.types import MAX_SCALE, ROWS, Kind, Type, number

_PAIR: Final = 2
_LADDER: Final = Text(
    "rows are two numbers: where a tier begins and its rate, as in LIST(tier.starts_at, rate WHERE …)",
    "rows 的每行应为两个数值：档位起点与费率，例如 LIST(tier.starts_at, rate WHERE …)",
)
_SHARES: Final = Text(
    "rows are a key and a number, as in LIST(line.id, amount WHERE … ORDER BY number), and key is like theirs",
    "rows 的每行应为键与数值，例如 LIST(line.id, amount WHERE … ORDER BY number)，且 key 与其同类",
)
_EVEN: Final = Text("the numbers come in pairs", "数值应成对出现")

DIGITS: Final = Parameter(
    "digits", NUMBERS, literal=True, whole=True, limits=(0, MAX_SCALE), default="2"
)
ROWS_PARAMETER: Final = Parameter("rows", ROWS_IN)


def columns_of(rows: Node) -> tuple[Type, ...]:
    """Return the types of the columns of rows: fields of a LIST, or numbers written out."""
    if isinstance(rows, Query):
        first = () if rows.field is None else (rows.field.type,)
        return (*first, *(one.type for one in rows.more))
    if isinstance(rows, Call):
        return tuple(
            number(max(one.type.scale for one in rows.args[column::_PAIR]))
            for column in range(_PAIR)
        )
    return ()


def _kinds(args: tuple[Node, ...]) -> tuple[Kind, ...]:
    return tuple(one.type.kind for one in args)


def _ladder_shape(args: tuple[Node, ...]) -> tuple[Kind, ...] | Text:
    if [one.kind for one in columns_of(args[0])] != [Kind.NUMBER, Kind.NUMBER]:
        return _LADDER
    return _kinds(args)


def _share_shape(args: tuple[Node, ...]) -> tuple[Kind, ...] | Text:
    columns = [one.kind for one in columns_of(args[1])]
    if (
        len(columns) != _PAIR
        or columns[1] is not Kind.NUMBER
        or columns[0] is not args[2].type.kind
    ):
        return _SHARES
    return _kinds(args)


def _pairs_shape(args: tuple[Node, ...]) -> tuple[Kind, ...] | Text:
    return _EVEN if len(args) % _PAIR else _kinds(args)


def _digits_at(position: int) -> Any:
    def result(args: tuple[Node, ...]) -> Type:
        return number(int(args[position].value))  # type: ignore[union-attr,arg-type]  # proved by the analysis

    return result


def _rows(_call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
    def evaluate(environment: Environment) -> Value:
        values = [argument(environment) for argument in args]
        return tuple(zip(values[0::_PAIR], values[1::_PAIR], strict=True))

    return evaluate


PAIRS: Final = Function(
    key="ROWS",
    parameters=(Parameter("number", NUMBERS, repeated=True),),
    result=always(ROWS),
    python=_rows,
    shape=_pairs_shape,
    typescript=False,
    summary=Text(
        "Rows of two numbers each, written out, for functions that take rows.",
        "直接写出的行（每行两个数值），供需要行的函数使用。",
    ),
    examples=(Example("TIER(ROWS(0, 1, 500000, 2), 499999.99, 'marginal')", "5000.00"),),
)


def _tier(call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
    scale = call.type.scale
    return strict(lambda rows, x, mode: tier(rows, x, mode, scale))(call, args[:3])


TIER: Final = Function(
    key="TIER",
    parameters=(
        ROWS_PARAMETER,
        Parameter("x", NUMBERS),
        Parameter("mode", TEXTS, literal=True, choices=MODES),
        DIGITS,
    ),
    result=_digits_at(3),
    python=_tier,
    shape=_ladder_shape,
    typescript=False,
    summary=Text(
        "What x earns on a ladder of tiers. marginal: each slice at its own percent; full: all of x at the"
        " percent of the tier reached; fixed: its amount; sum_fixed: the amounts of all tiers reached; per_unit:"
        " x times its amount; marginal_unit: each slice times its own. Below the first tier: 0.",
        "x 按阶梯计算的结果。marginal 分段超额累进；full 全额累进；fixed 达到档位的金额；sum_fixed 已达各档金额之和；"
        "per_unit x 乘以该档单额；marginal_unit 分段按单额计。低于首档为 0。",
    ),
    examples=(
        Example("TIER(ROWS(0, 1, 500000, 2, 1000000, 3), 1280000, 'marginal')", "23400.00"),
        Example("TIER(ROWS(0, 1, 500000, 2, 1000000, 3), 1280000, 'full')", "38400.00"),
        Example("TIER(ROWS(0, 100, 500, 250), 500, 'fixed')", "250.00"),
        Example("TIER(ROWS(0, 100, 500, 250), 500, 'sum_fixed')", "350.00"),
        Example("TIER(ROWS(0, 2, 100, 1.5), 120, 'per_unit')", "180.00"),
        Example("TIER(ROWS(0, 2, 100, 1.5), 120, 'marginal_unit')", "230.00"),
        Example("TIER(ROWS(100, 2), 99.99, 'full')", "0.00"),
    ),
)


def _gap_result(args: tuple[Node, ...]) -> Type:
    start = columns_of(args[0])[0]
    return number(max(start.scale, args[1].type.scale))


def _gap(call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
    scale = call.type.scale
    return strict(lambda rows, x: tier_gap(rows, x, scale))(call, args)


TIER_GAP: Final = Function(
    key="TIER_GAP",
    parameters=(ROWS_PARAMETER, Parameter("x", NUMBERS)),
    result=_gap_result,
    python=_gap,
    shape=_ladder_shape,
    typescript=False,
    summary=Text(
        "How far x is from the next tier; null on the last one.",
        "x 距下一档的差额；已在最高档为空。",
    ),
    examples=(
        Example("TIER_GAP(ROWS(0, 1, 500000, 2, 1000000, 3), 499999.99)", "0.01"),
        Example("TIER_GAP(ROWS(0, 1, 500000, 2, 1000000, 3), 1000000)", None),
    ),
)


def _share(call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
    scale = call.type.scale

    def share(total: Decimal, rows: Any, key: Any) -> Value:
        shares = prorated(total, [weight for _, weight in rows], scale)
        keys = [one for one, _ in rows]
        return shares[keys.index(key)] if key in keys else None

    return strict(share)(call, args[:3])


PRORATE: Final = Function(
    key="PRORATE",
    parameters=(
        Parameter("total", NUMBERS),
        ROWS_PARAMETER,
        Parameter("key", frozenset((Kind.REFERENCE, Kind.NUMBER, Kind.TEXT))),
        DIGITS,
    ),
    result=_digits_at(3),
    python=_share,
    shape=_share_shape,
    typescript=False,
    summary=Text(
        "The share of one row, found by its key, when a total is shared by weight. Shares are rounded; what is left"
        " goes to the largest weight, among equals to the first row, so they add up to the total. Without any"
        " weight shares are equal; null where no row has the key.",
        "按权重分摊总额时某一行（按键查找）的份额。各份四舍五入，尾差计入权重最大的行（相同则取靠前的行），合计等于总额；"
        "权重全为零时平均分摊；找不到该键时为空。",
    ),
    examples=(
        Example("PRORATE(100.00, ROWS(1, 1, 2, 1, 3, 1), 1)", "33.34"),
        Example("PRORATE(0.05, ROWS(1, 1, 2, 1, 3, 1), 1)", "0.01"),
        Example("PRORATE(-100, ROWS(1, 0, 2, 0, 3, 0), 3)", "-33.33"),
        Example("PRORATE(736.64, ROWS(1, 37480, 2, 18712, 3, 8712, 4, 8760), 2)", "187.12"),
        Example("PRORATE(100, ROWS(1, 1), 7)", None),
    ),
)

BUILT_IN: Final = (PAIRS, TIER, TIER_GAP, PRORATE)
