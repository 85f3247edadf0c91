"""Functions on days and instants. Where a day is needed, an instant counts by its day in the zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array

from headrace.platform.core.problems import Text
from headrace.platform.formulas import days
from headrace.platform.formulas.calendars import SCALE, STANDARD, calendar_of, working_hours
from headrace.platform.formulas.environment import Environment, Evaluator
from headrace.platform.formulas.functions.base import (
    DAYS,
    MOMENTS,
    NUMBERS,
    TEXTS,
    Example,
    Function,
    Parameter,
    PythonCompiler,
    SqlCall,
    SqlCompiler,
    always,
    like_first,
    literal_value,
    strict,
    strict_in_first,
)
from headrace.platform.formulas.sql_types import Column
from headrace.platform.formulas.tree import Call, ConstantRef, FieldRef, Literal, Node, Value
from headrace.platform.formulas.types import DATE, DATETIME, TEXT, WHOLE, Kind, number

ALL_UNITS: Final = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
PERIODS: Final = ("month", "quarter", "year")

DAY: Final = Parameter("date", DAYS)
MOMENT: Final = Parameter("date", MOMENTS)
AMOUNT: Final = Parameter("number", NUMBERS, whole=True)
UNIT: Final = Parameter("unit", TEXTS, literal=True, choices=ALL_UNITS)
PERIOD_UNIT: Final = Parameter("unit", TEXTS, literal=True, choices=PERIODS)


def _unit(call: Call, index: int = 1) -> str:
    return str(literal_value(call, index))


def _whole(value: Column) -> Column:
    return sa.cast(value, sa.Numeric())


def _wall_time(day: Column) -> Column:
    """Return a day as a timestamp without zone, for functions that know no days."""
    return sa.cast(day, sa.DateTime())


# --- DATEADD -----------------------------------------------------------------------------------------


def _moved(call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
    unit = _unit(call, 2)
    if call.type.kind is Kind.DATE:
        return strict(lambda day, amount: days.moved_day(day, int(amount), unit))(call, args[:2])
    return strict(lambda at, amount: days.moved_instant(at, int(amount), unit))(call, args[:2])


def _moved_sqlite(call: SqlCall) -> Column:
    name = "fx_move_day" if call.node.type.kind is Kind.DATE else "fx_move_instant"
    return getattr(sa.func, name)(*call.args, type_=sa.Text())  # type: ignore[no-any-return]  # typed as any by SQLAlchemy


def _within(value: Column, low: Column, high: Column, storage: Any) -> Column:
    """Return `value`, or null where it is not strictly between the two; LEAST and GREATEST skip nulls."""
    clamped = sa.func.least(sa.func.greatest(value, low, type_=storage), high, type_=storage)
    inner = sa.func.nullif(clamped, low, type_=storage)
    return sa.func.nullif(inner, high, type_=storage)


def _amount(call: SqlCall, unit: str) -> Column:
    """Return the amount, null where it is too large."""
    largest = days.largest_amount(unit, str(call.node.type.kind))
    edge = sa.literal(Decimal(largest + 1), sa.Numeric())
    storage = sa.Numeric()
    return _within(call.args[1], sa.literal(Decimal(-largest - 1), storage), edge, storage)


def _months(count: Column) -> Column:
    years = sa.literal(0, sa.Integer())
    return sa.func.make_interval(years, sa.cast(count, sa.Integer()), type_=sa.Interval())


def _day_postgresql(call: SqlCall) -> Column:
    unit = _unit(call.node, 2)
    amount = _amount(call, unit)
    if unit in days.MONTHS:
        months = _months(amount * sa.literal(Decimal(days.MONTHS[unit]), sa.Numeric()))
        moved: Column = sa.cast(_wall_time(call.args[0]).op("+")(months), sa.Date())
    else:
        count = sa.cast(amount * sa.literal(Decimal(days.DAYS[unit]), sa.Numeric()), sa.Integer())
        moved = sa.type_coerce(call.args[0].op("+")(count), sa.Date())
    low = sa.cast(sa.literal("0001-12-31 BC", sa.Text()), sa.Date())
    high = sa.cast(sa.literal("10000-01-01", sa.Text()), sa.Date())
    return _within(moved, low, high, sa.Date())


def _instant_postgresql(call: SqlCall) -> Column:
    unit = _unit(call.node, 2)
    storage = sa.DateTime(timezone=True)
    seconds: Column = sa.cast(
        _amount(call, unit) * sa.literal(Decimal(days.SECONDS[unit]), sa.Numeric()), sa.Double()
    )
    second = sa.cast(sa.literal("1 second", sa.Text()), sa.Interval())
    moved = sa.type_coerce(call.args[0].op("+")(second.op("*")(seconds)), storage)
    low = sa.cast(sa.literal("0001-12-31T23:59:59.999999Z", sa.Text()), storage)
    high = sa.cast(sa.literal("9999-01-01T00:00:00Z", sa.Text()), storage)
    return _within(moved, low, high, storage)


def _moved_postgresql(call: SqlCall) -> Column:
    if call.node.type.kind is Kind.DATE:
        return _day_postgresql(call)
    return _instant_postgresql(call)


def _moved_shape(args: tuple[Node, ...]) -> tuple[Kind, ...] | Text:
    unit = args[2].value if isinstance(args[2], Literal) else None
    if args[0].type.kind is not Kind.DATETIME:
        if unit in days.MONTHS or unit in days.DAYS:
            return Kind.DATE, Kind.NUMBER, Kind.TEXT
        return Text(f"a date has no {unit}s", f"日期不能按 {unit} 移动")
    if unit in days.SECONDS:
        return Kind.DATETIME, Kind.NUMBER, Kind.TEXT
    return Text(f"{unit}s need a date, see DATE", f"按 {unit} 移动需要日期，可用 DATE")


DATEADD: Final = Function(
    key="DATEADD",
    parameters=(MOMENT, AMOUNT, UNIT),
    result=like_first,
    shape=_moved_shape,
    python=_moved,
    sqlite=_moved_sqlite,
    postgresql=_moved_postgresql,
    summary=Text(
        "Move a date by days, weeks, months, quarters or years, an instant by seconds to weeks; "
        "null outside the years 1 to 9999 and beyond 4,000 years.",
        "将日期移动若干日、周、月、季、年，或将时刻移动若干秒至周；超出公元 1 至 9999 年或超过 4000 年时为空。",
    ),
    examples=(
        Example("DATEADD(PERIOD_END('2025-01-01', 'month'), 1, 'month')", "2025-02-28"),
        Example("DATEADD(PERIOD_END('2025-01-01', 'month'), -3, 'day')", "2025-01-28"),
        Example("DATEADD(PERIOD_START('9999-01-01', 'year'), 400, 'day')", None),
    ),
)


# --- DATEDIFF ----------------------------------------------------------------------------------------


def _between(call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
    unit = _unit(call, 2)
    if call.args[0].type.kind is Kind.DATE:
        return strict(lambda a, b: Decimal(days.days_between(a, b, unit)))(call, args[:2])
    return strict(lambda a, b: Decimal(days.time_between(a, b, unit)))(call, args[:2])


def _between_sqlite(call: SqlCall) -> Column:
    name = "fx_days" if call.node.args[0].type.kind is Kind.DATE else "fx_time"
    return getattr(sa.func, name)(*call.args, type_=sa.BigInteger())  # type: ignore[no-any-return]  # typed as any by SQLAlchemy


def _once(value: Column, node: Node, body: Callable[[Column], Column]) -> Column:
    """Return `body(value)` without computing a large value at each place where it stands."""
    if isinstance(node, Literal | FieldRef | ConstantRef):
        return body(value)
    held = sa.func.unnest(array([value]), type_=sa.Date()).column_valued()
    return sa.select(body(sa.type_coerce(held, sa.Date()))).scalar_subquery()


def _period_number(day: Column, unit: str) -> Column:
    year = sa.extract("year", day)
    if unit == "year":
        return _whole(year)
    part = sa.extract("month", day) if unit == "month" else sa.extract("quarter", day)
    count = 12 if unit == "month" else 4
    return _whole(year) * sa.literal(Decimal(count), sa.Numeric()) + _whole(part)


def _between_postgresql(call: SqlCall) -> Column:
    unit = _unit(call.node, 2)
    start, end = call.args[:2]
    if call.node.args[0].type.kind is Kind.DATETIME:
        length = sa.cast(sa.extract("epoch", end - start), sa.Numeric())
        per_unit = sa.literal(Decimal(days.SECONDS[unit]), sa.Numeric())
        return sa.func.div(length, per_unit, type_=sa.Numeric())
    if unit in days.DAYS:
        count = sa.type_coerce(end.op("-")(start), sa.Integer())
        return sa.func.div(_whole(count), Decimal(days.DAYS[unit]), type_=sa.Numeric())
    first, last = (
        _once(value, node, lambda day: _period_number(day, unit))
        for value, node in zip(call.args[:2], call.node.args[:2], strict=True)
    )
    return sa.type_coerce(last, sa.Numeric()) - sa.type_coerce(first, sa.Numeric())


def _between_shape(args: tuple[Node, ...]) -> tuple[Kind, ...] | Text:
    unit = args[2].value if isinstance(args[2], Literal) else None
    if unit in days.MONTHS or unit in days.DAYS:
        return Kind.DATE, Kind.DATE, Kind.TEXT
    if args[0].type.kind is Kind.DATE or args[1].type.kind is Kind.DATE:
        return Text(f"{unit}s need two instants", f"按 {unit} 计算需要两个时刻")
    return Kind.DATETIME, Kind.DATETIME, Kind.TEXT


DATEDIFF: Final = Function(
    key="DATEDIFF",
    parameters=(MOMENT, Parameter("later_date", MOMENTS), UNIT),
    result=always(WHOLE),
    shape=_between_shape,
    python=_between,
    sqlite=_between_sqlite,
    postgresql=_between_postgresql,
    summary=Text(
        "How far the second date is behind the first. Days and whole weeks; for months, quarters and "
        "years the period starts passed; between two instants whole seconds, minutes or hours.",
        "第二个日期比第一个晚多少。按日和整周计；月、季、年按经过的期初计；两个时刻之间按整秒、分、时计。",
    ),
    examples=(
        Example("DATEDIFF('2025-01-31', '2025-03-01', 'day')", "29"),
        Example("DATEDIFF('2025-01-31', '2025-02-01', 'month')", "1"),
        Example("DATEDIFF('2025-03-01', '2024-12-31', 'year')", "-1"),
        Example("DATEDIFF('2025-03-10', '2025-03-04', 'week')", "0"),
    ),
)


# --- parts of a day ----------------------------------------------------------------------------------


def _day_number(function: Callable[[date], int]) -> PythonCompiler:
    return strict(lambda day: Decimal(function(day)))


def _sqlite_part(name: str) -> SqlCompiler:
    return lambda call: sa.func.fx_day_part(call.args[0], name, type_=sa.BigInteger())


def _postgresql_part(name: str) -> SqlCompiler:
    return lambda call: _whole(sa.extract(name, call.args[0]))


def _part(
    key: str, name: str, function: Callable[[date], int], summary: Text, shown: str
) -> Function:
    return Function(
        key=key,
        parameters=(DAY,),
        result=always(WHOLE),
        python=_day_number(function),
        sqlite=_sqlite_part(name),
        postgresql=_postgresql_part(name),
        summary=summary,
        examples=(Example(f"{key}('2025-06-10')", shown), Example(f"{key}(NULL)", None)),
    )


YEAR: Final = _part(
    "YEAR", "year", lambda day: day.year, Text("The year of a date.", "日期的年。"), "2025"
)
MONTH: Final = _part(
    "MONTH", "month", lambda day: day.month, Text("The month, 1 to 12.", "日期的月。"), "6"
)
DAY_OF_MONTH: Final = _part(
    "DAY", "day", lambda day: day.day, Text("The day of the month.", "日期的日。"), "10"
)
QUARTER: Final = _part(
    "QUARTER", "quarter", days.quarter, Text("The quarter, 1 to 4.", "日期的季度。"), "2"
)


def _month_length(call: SqlCall) -> Column:
    last = _period_edge(call.args[0], "month", last=True)
    return _whole(sa.extract("day", last))


DAYS_IN: Final = Function(
    key="DAYS_IN",
    parameters=(DAY,),
    result=always(WHOLE),
    python=_day_number(days.days_in_month),
    sqlite=_sqlite_part("days_in_month"),
    postgresql=_month_length,
    summary=Text("The number of days of the date's month.", "日期所在月的天数。"),
    examples=(Example("DAYS_IN('2024-02-10')", "29"), Example("DAYS_IN('2025-02-01')", "28")),
)


# --- periods -----------------------------------------------------------------------------------------


def _of_unit(function: Callable[[date, str], Value]) -> PythonCompiler:
    def make(call: Call) -> Callable[[Any], Value]:
        unit = _unit(call)
        return lambda day: function(day, unit)

    return strict_in_first(make)


def _period_sqlite(name: str) -> SqlCompiler:
    def compiler(call: SqlCall) -> Column:
        return getattr(sa.func, name)(*call.args, type_=sa.Text())  # type: ignore[no-any-return]  # typed as any by SQLAlchemy

    return compiler


_PERIOD_PATTERNS: Final = {"month": "YYYY-MM", "quarter": 'YYYY-"Q"Q', "year": "YYYY"}


def _period_name(call: SqlCall) -> Column:
    pattern = _PERIOD_PATTERNS[_unit(call.node)]
    return sa.func.to_char(_wall_time(call.args[0]), pattern, type_=sa.Text())


def _period_edge(day: Column, unit: str, *, last: bool) -> Column:
    start = sa.func.date_trunc(unit, _wall_time(day), type_=sa.DateTime())
    if not last:
        return sa.cast(start, sa.Date())
    length = sa.cast(sa.literal(f"{days.MONTHS[unit]} month -1 day", sa.Text()), sa.Interval())
    return sa.cast(start.op("+")(length), sa.Date())


PERIOD: Final = Function(
    key="PERIOD",
    parameters=(DAY, PERIOD_UNIT),
    result=always(TEXT),
    python=_of_unit(days.period_name),
    sqlite=_period_sqlite("fx_period"),
    postgresql=_period_name,
    summary=Text(
        "The month, quarter or year of a date as text: 2025-06, 2025-Q2, 2025.",
        "日期所在的月、季或年：2025-06、2025-Q2、2025。",
    ),
    examples=(
        Example("PERIOD('2025-06-10', 'month')", "2025-06"),
        Example("PERIOD('2025-06-10', 'quarter')", "2025-Q2"),
        Example("PERIOD('2025-06-10', 'year')", "2025"),
    ),
)

PERIOD_START: Final = Function(
    key="PERIOD_START",
    parameters=(DAY, PERIOD_UNIT),
    result=always(DATE),
    python=_of_unit(days.period_start),
    sqlite=_period_sqlite("fx_period_start"),
    postgresql=lambda call: _period_edge(call.args[0], _unit(call.node), last=False),
    summary=Text("The first day of the date's period.", "日期所在期间的第一天。"),
    examples=(
        Example("PERIOD_START('2025-06-10', 'quarter')", "2025-04-01"),
        Example("PERIOD_START('2025-06-10', 'year')", "2025-01-01"),
    ),
)

PERIOD_END: Final = Function(
    key="PERIOD_END",
    parameters=(DAY, PERIOD_UNIT),
    result=always(DATE),
    python=_of_unit(days.period_end),
    sqlite=_period_sqlite("fx_period_end"),
    postgresql=lambda call: _period_edge(call.args[0], _unit(call.node), last=True),
    summary=Text("The last day of the date's period.", "日期所在期间的最后一天。"),
    examples=(
        Example("PERIOD_END('2024-02-10', 'month')", "2024-02-29"),
        Example("PERIOD_END('9999-12-01', 'quarter')", "9999-12-31"),
    ),
)


def _first_day_postgresql(call: SqlCall) -> Column:
    """Compute from the digits only where the text is a period: casts of others would fail."""
    text = sa.collate(call.args[0], "C")

    def digits(start: int, length: int) -> Column:
        return sa.cast(sa.func.substr(text, start, length, type_=sa.Text()), sa.Integer())

    month = sa.case(
        (sa.func.substr(text, 6, 1, type_=sa.Text()) == "Q", digits(7, 1) * 3 - 2),
        (sa.func.length(text) == len("2025-06"), digits(6, 2)),
        else_=1,
    )
    fits = text.op("~", is_comparison=True)(sa.literal(f"^({days.PERIOD_TEXT})$", sa.Text()))
    return sa.case((fits, sa.func.make_date(digits(1, 4), month, 1, type_=sa.Date())))


FIRST_DAY: Final = Function(
    key="FIRST_DAY",
    parameters=(Parameter("period", TEXTS),),
    result=always(DATE),
    python=strict(days.first_day),
    sqlite=lambda call: sa.func.fx_first_day(*call.args, type_=sa.Text()),
    postgresql=_first_day_postgresql,
    summary=Text(
        "The first day of a month, quarter or year that a field holds or PERIOD gives as text; null for any"
        " other text.",
        "月份、期间字段或 PERIOD 所给文本（月、季、年）的第一天；其他文本时为空。",
    ),
    examples=(
        Example("FIRST_DAY('2025-06')", "2025-06-01"),
        Example("FIRST_DAY('2025-Q4')", "2025-10-01"),
        Example("DAYS_IN(FIRST_DAY('2024-02'))", "29"),
        Example("FIRST_DAY('0001')", "0001-01-01"),
        Example("FIRST_DAY('0000-01')", None),
        Example("FIRST_DAY('2025-13')", None),
        Example("FIRST_DAY('2025-06-10')", None),
    ),
)


# --- the present -------------------------------------------------------------------------------------


def _today(_call: Call, _args: tuple[Evaluator, ...]) -> Evaluator:
    return lambda environment: environment.today


def _now(_call: Call, _args: tuple[Evaluator, ...]) -> Evaluator:
    return lambda environment: environment.now


TODAY: Final = Function(
    key="TODAY",
    parameters=(),
    result=always(DATE),
    python=_today,
    sqlite=lambda call: call.binder.today(),
    postgresql=lambda call: call.binder.today(),
    summary=Text("The workspace's present day.", "工作区的当前日期。"),
    examples=(),
    uses=frozenset(("clock",)),
)

NOW: Final = Function(
    key="NOW",
    parameters=(),
    result=always(DATETIME),
    python=_now,
    sqlite=lambda call: call.binder.now(),
    postgresql=lambda call: call.binder.now(),
    summary=Text("The workspace's present instant.", "工作区的当前时刻。"),
    examples=(),
    uses=frozenset(("clock",)),
)


# --- from instant to day -----------------------------------------------------------------------------


def day_of_sqlite(instant: Column, zone: str) -> Column:
    """Return the day of an instant in `zone`, on SQLite."""
    return sa.func.fx_day(instant, zone, type_=sa.Text())


def day_of_postgresql(instant: Column, zone: str) -> Column:
    """Return the day of an instant in `zone`, on PostgreSQL."""
    return sa.cast(sa.func.timezone(zone, instant, type_=sa.DateTime()), sa.Date())


DATE_OF: Final = Function(
    key="DATE",
    parameters=(DAY,),
    result=always(DATE),
    python=strict(lambda day: day),
    sqlite=lambda call: call.args[0],
    postgresql=lambda call: call.args[0],
    summary=Text("The day of an instant in the workspace's zone.", "时刻在工作区时区的日期。"),
    examples=(Example("DATE('2025-06-10')", "2025-06-10"),),
)


def _working_hours(call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
    calendar = calendar_of(literal_value(call, 2))
    start, end = args[:2]

    def evaluate(environment: Environment) -> Value:
        first, last = start(environment), end(environment)
        if not isinstance(first, datetime) or not isinstance(last, datetime):
            return None
        return working_hours(calendar, first, last, environment.zone)

    return evaluate


WORKHOURS: Final = Function(
    key="WORKHOURS",
    parameters=(
        Parameter("start", frozenset((Kind.DATETIME,))),
        Parameter("end", frozenset((Kind.DATETIME,))),
        Parameter("calendar", TEXTS, literal=True, default=STANDARD, calendar=True),
    ),
    result=always(number(SCALE)),
    python=_working_hours,
    typescript=False,
    summary=Text(
        "The working hours between two instants in a working calendar of the workspace, to hundredths; negative"
        " when the second is earlier.",
        "两个时刻之间的工作小时数（按工作日历，保留两位小数）；后者较早时为负。",
    ),
    examples=(
        Example("WORKHOURS(NOW(), NOW())", "0.00"),
        Example("WORKHOURS(NOW(), DATEADD(NOW(), 24, 'hour'))", "9.00"),
        Example("WORKHOURS(DATEADD(NOW(), 24, 'hour'), NOW())", "-9.00"),
    ),
    uses=frozenset(("zone",)),
)

BUILT_IN: Final = (
    DATE_OF,
    DATEADD,
    DATEDIFF,
    YEAR,
    MONTH,
    DAY_OF_MONTH,
    QUARTER,
    DAYS_IN,
    PERIOD,
    PERIOD_START,
    PERIOD_END,
    FIRST_DAY,
    TODAY,
    NOW,
    WORKHOURS,
)
