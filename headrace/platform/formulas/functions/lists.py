"""Functions on lists of references. A list is a text of ids; null is the list without any.

The browser leaves them to the server: it holds only the references that its user may see.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.problems import Text
from headrace.platform.formulas.environment import Environment, Evaluator
from headrace.platform.formulas.functions.base import (
    LISTS,
    REFERENCES,
    Example,
    Function,
    Parameter,
    SqlCall,
    always,
)
from headrace.platform.formulas.sql_types import Column
from headrace.platform.formulas.tree import Call, Node, Value
from headrace.platform.formulas.types import BOOLEAN, WHOLE, Kind

BETWEEN: Final = ";"
_OTHER_OBJECT: Final = Text(
    "the list points to records of another object", "该列表指向其他对象的记录"
)
LIST: Final = Parameter("list", LISTS)


def _ids(value: Any) -> list[str]:
    return value.split(BETWEEN) if isinstance(value, str) else []


def _size(_call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
    argument = args[0]

    def evaluate(environment: Environment) -> Value:
        return Decimal(len(_ids(argument(environment))))

    return evaluate


def _size_sql(call: SqlCall) -> Column:
    listed = sa.type_coerce(call.args[0], sa.Text())
    without = sa.func.replace(listed, BETWEEN, "", type_=sa.Text())
    between = sa.func.length(listed, type_=sa.Integer()) - sa.func.length(
        without, type_=sa.Integer()
    )
    counted = sa.func.coalesce(between + 1, 0, type_=sa.Integer())
    return sa.cast(counted, sa.Numeric()) if call.dialect == "postgresql" else counted


def _has_shape(args: tuple[Node, ...]) -> tuple[Kind, ...] | Text:
    listed, wanted = (one.type.target for one in args)
    if listed is not None and wanted is not None and listed != wanted:
        return _OTHER_OBJECT
    return tuple(one.type.kind for one in args)


def _has(_call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
    listed, wanted = args

    def evaluate(environment: Environment) -> Value:
        return wanted(environment) in _ids(listed(environment))

    return evaluate


def _has_sql(call: SqlCall) -> Column:
    listed = sa.type_coerce(call.args[0], sa.Text())
    wanted = sa.cast(call.args[1], sa.Text())
    find = "strpos" if call.dialect == "postgresql" else "instr"
    place = getattr(sa.func, find)(listed, wanted, type_=sa.Integer())
    return sa.func.coalesce(place > 0, sa.false(), type_=sa.Boolean())


SIZE: Final = Function(
    key="SIZE",
    parameters=(LIST,),
    result=always(WHOLE),
    python=_size,
    sqlite=_size_sql,
    postgresql=_size_sql,
    typescript=False,
    summary=Text(
        "How many records a field with several references points to; 0 for none.",
        "多条引用字段所指记录的数量；没有时为 0。",
    ),
    examples=(Example("SIZE(NULL)", "0"),),
)

INCLUDES: Final = Function(
    key="INCLUDES",
    parameters=(LIST, Parameter("record", REFERENCES)),
    result=always(BOOLEAN),
    python=_has,
    shape=_has_shape,
    sqlite=_has_sql,
    postgresql=_has_sql,
    typescript=False,
    summary=Text(
        "Whether a field with several references points to a record.",
        "多条引用字段是否包含某条记录。",
    ),
    examples=(Example("INCLUDES(NULL, NULL)", "false"),),
)

BUILT_IN: Final = (SIZE, INCLUDES)
