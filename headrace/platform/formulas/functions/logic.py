"""Functions on nulls and on what a change did. IF and CASE are part of the language itself."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from headrace.platform.core.problems import Text
from headrace.platform.formulas.environment import Environment, Evaluator
from headrace.platform.formulas.functions.base import (
    ANY,
    HELD,
    Example,
    Function,
    Parameter,
    SqlCall,
    always,
    like_first,
)
from headrace.platform.formulas.sql_types import Column, storage_type
from headrace.platform.formulas.tree import Call, FieldRef, Value
from headrace.platform.formulas.types import BOOLEAN, Kind


def _first_present(_call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
    def evaluate(environment: Environment) -> Value:
        for argument in args:
            value = argument(environment)
            if value is not None:
                return value
        return None

    return evaluate


def _coalesced(call: SqlCall) -> Column:
    if len(call.args) == 1:
        return call.args[0]
    storage = storage_type(call.node.type.kind, call.dialect)
    return sa.func.coalesce(*call.args, type_=storage)


COALESCE: Final = Function(
    key="COALESCE",
    parameters=(Parameter("value", ANY, repeated=True),),
    result=like_first,
    python=_first_present,
    sqlite=_coalesced,
    postgresql=_coalesced,
    unified=True,
    summary=Text("The first value that is not null.", "第一个非空的值。"),
    examples=(Example("COALESCE(NULL, 2, 3.5)", "2.0"), Example("COALESCE(NULL, 'a')", "a")),
)


def _is_blank(_call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
    argument = args[0]
    return lambda environment: argument(environment) in (None, "")


def _blank_sql(call: SqlCall) -> Column:
    if call.node.args[0].type.kind is not Kind.TEXT:
        return call.args[0].is_(sa.null())
    empty = sa.literal("", sa.Text())
    return sa.func.coalesce(call.args[0], empty, type_=sa.Text()) == empty


ISBLANK: Final = Function(
    key="ISBLANK",
    parameters=(Parameter("value", HELD),),
    result=always(BOOLEAN),
    python=_is_blank,
    sqlite=_blank_sql,
    postgresql=_blank_sql,
    summary=Text("Whether a value is null or the empty text.", "值是否为空或空文本。"),
    examples=(
        Example("ISBLANK('')", "true"),
        Example("ISBLANK(NULL)", "true"),
        Example("ISBLANK(0)", "false"),
    ),
)


def _own_path(call: Call) -> tuple[str, ...]:
    return call.args[0].path if isinstance(call.args[0], FieldRef) else ()


def _old(call: Call, _args: tuple[Evaluator, ...]) -> Evaluator:
    path = _own_path(call)
    return lambda environment: environment.old(path)


def _changed(call: Call, args: tuple[Evaluator, ...]) -> Evaluator:
    path = _own_path(call)
    argument = args[0]
    return lambda environment: argument(environment) != environment.old(path)


OLD: Final = Function(
    key="OLD",
    parameters=(Parameter("field", ANY, own_field=True),),
    result=like_first,
    python=_old,
    summary=Text("The field's value before the change.", "字段修改前的值。"),
    examples=(),
    uses=frozenset(("old",)),
)

CHANGED: Final = Function(
    key="CHANGED",
    parameters=(Parameter("field", HELD, own_field=True),),
    result=always(BOOLEAN),
    python=_changed,
    summary=Text("Whether the change touched the field.", "字段是否被修改。"),
    examples=(),
    uses=frozenset(("old",)),
)

BUILT_IN: Final = (COALESCE, ISBLANK, OLD, CHANGED)
