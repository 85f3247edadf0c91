"""Typed tree → closures: how the server evaluates a formula over one record.

Nothing is ever turned into code; each node becomes a small function that holds those of its operands.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, cast

from headrace.platform.core.registry import Registry
from headrace.platform.formulas.days import local_day
from headrace.platform.formulas.decimals import (
    LIMITS,
    checked,
    product,
    quotient,
    remainder,
    rescaled,
)
from headrace.platform.formulas.environment import Environment, Evaluator
from headrace.platform.formulas.functions import FUNCTIONS
from headrace.platform.formulas.functions.base import Function
from headrace.platform.formulas.messages import FormulaOverflowError
from headrace.platform.formulas.referring import RECORD_LENGTH
from headrace.platform.formulas.tree import (
    Binary,
    Call,
    Case,
    ConstantRef,
    Convert,
    FieldRef,
    In,
    Literal,
    Node,
    Query,
    Unary,
    Value,
)
from headrace.platform.formulas.types import Kind

_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compile_python(tree: Node, functions: Registry[Function] = FUNCTIONS) -> Evaluator:
    """Return a function that evaluates `tree` in an environment.

    The function raises FormulaOverflowError when a number outgrows 18 digits.
    """
    return _Compiler(functions).compile(tree)


class _Compiler:
    def __init__(self, functions: Registry[Function]) -> None:
        self.functions = functions

    def compile(self, node: Node) -> Evaluator:
        match node:
            case Literal():
                value = node.value
                return lambda _environment: value
            case FieldRef():
                return _field(node)
            case ConstantRef():
                name = node.name
                return lambda environment: environment.constant(name)
            case Binary():
                return self.binary(node)
            case Case():
                return self.case(node)
            case Call():
                args = tuple(self.compile(arg) for arg in node.args)
                return self.functions[node.function].python(node, args)
            case Convert():
                return _converted(self.compile(node.operand), node)
            case Unary():
                return _UNARY[node.operator](self.compile(node.operand))
            case In():
                return self.membership(node)
            case Query():
                return lambda environment: environment.run_query(node, environment)

    def binary(self, node: Binary) -> Evaluator:
        left, right = self.compile(node.left), self.compile(node.right)
        if node.operator == "AND":
            return _and(left, right)
        if node.operator == "OR":
            return _or(left, right)
        if node.operator in _COMPARE:
            compare = _COMPARE[node.operator]
            if isinstance(node.right, Literal) and node.right.value is not None:
                return _compared_with(compare, left, node.right.value)
            return _compared(compare, left, right)
        return _ARITHMETIC[node.operator](left, right, node.type.scale)

    def case(self, node: Case) -> Evaluator:
        branches = tuple(
            (self.compile(branch.condition), self.compile(branch.result))
            for branch in node.branches
        )
        return _case(branches, self.compile(node.otherwise))

    def membership(self, node: In) -> Evaluator:
        operand = self.compile(node.operand)
        items = tuple(self.compile(item) for item in node.items)
        if isinstance(node.items[0], Query):
            listed = items[0]
            found = _in_values(operand, lambda env: cast("tuple[Value, ...]", listed(env) or ()))
        elif all(isinstance(item, Literal) for item in node.items):
            values = frozenset(item.value for item in node.items if isinstance(item, Literal))
            found = _in_set(operand, values)
        else:
            found = _in_values(operand, lambda env: tuple(item(env) for item in items))
        return _not(found) if node.negated else found


# --- leaves and conversions --------------------------------------------------------------------------


def _field(node: FieldRef) -> Evaluator:
    path = node.path
    if node.outer:
        return lambda environment: environment.outer(path)
    return lambda environment: environment.value(path)


def _converted(operand: Evaluator, node: Convert) -> Evaluator:
    if node.type.kind is Kind.DATE:
        return _day(operand)
    if node.type.kind is Kind.REFERENCE:
        return _record(operand)
    scale = node.type.scale

    def evaluate(environment: Environment) -> Value:
        value = operand(environment)
        return None if value is None else rescaled(cast("Decimal", value), scale)

    return evaluate


def _record(operand: Evaluator) -> Evaluator:
    """Return the id of the record that a typed id speaks of."""

    def evaluate(environment: Environment) -> Value:
        value = operand(environment)
        return None if value is None else cast("str", value)[-RECORD_LENGTH:]

    return evaluate


def _day(operand: Evaluator) -> Evaluator:
    def evaluate(environment: Environment) -> Value:
        value = operand(environment)
        if value is None:
            return None
        return local_day(cast("datetime", value), environment.zone)

    return evaluate


# --- logic -------------------------------------------------------------------------------------------


def _and(left: Evaluator, right: Evaluator) -> Evaluator:
    def evaluate(environment: Environment) -> Value:
        first = left(environment)
        if first is False:
            return False
        second = right(environment)
        if second is False:
            return False
        return None if first is None or second is None else True

    return evaluate


def _or(left: Evaluator, right: Evaluator) -> Evaluator:
    def evaluate(environment: Environment) -> Value:
        first = left(environment)
        if first is True:
            return True
        second = right(environment)
        if second is True:
            return True
        return None if first is None or second is None else False

    return evaluate


def _not(operand: Evaluator) -> Evaluator:
    def evaluate(environment: Environment) -> Value:
        value = operand(environment)
        return None if value is None else not value

    return evaluate


def _negative(operand: Evaluator) -> Evaluator:
    def evaluate(environment: Environment) -> Value:
        value = operand(environment)
        return None if value is None else -cast("Decimal", value)

    return evaluate


def _is_null(operand: Evaluator) -> Evaluator:
    return lambda environment: operand(environment) is None


def _is_present(operand: Evaluator) -> Evaluator:
    return lambda environment: operand(environment) is not None


_UNARY: Final[dict[str, Callable[[Evaluator], Evaluator]]] = {
    "-": _negative,
    "NOT": _not,
    "IS NULL": _is_null,
    "IS NOT NULL": _is_present,
}


def _case(branches: tuple[tuple[Evaluator, Evaluator], ...], otherwise: Evaluator) -> Evaluator:
    def evaluate(environment: Environment) -> Value:
        for condition, result in branches:
            if condition(environment):
                return result(environment)
        return otherwise(environment)

    return evaluate


# --- comparisons -------------------------------------------------------------------------------------


def _compared(compare: Callable[[Any, Any], bool], left: Evaluator, right: Evaluator) -> Evaluator:
    def evaluate(environment: Environment) -> Value:
        first = left(environment)
        second = right(environment)
        return None if first is None or second is None else compare(first, second)

    return evaluate


def _compared_with(
    compare: Callable[[Any, Any], bool], left: Evaluator, second: Value
) -> Evaluator:
    def evaluate(environment: Environment) -> Value:
        first = left(environment)
        return None if first is None else compare(first, second)

    return evaluate


def _in_set(operand: Evaluator, values: frozenset[Value]) -> Evaluator:
    def evaluate(environment: Environment) -> Value:
        value = operand(environment)
        return None if value is None else value in values

    return evaluate


def _in_values(operand: Evaluator, listed: Callable[[Environment], tuple[Value, ...]]) -> Evaluator:
    def evaluate(environment: Environment) -> Value:
        value = operand(environment)
        values = listed(environment)
        if not values:
            return False
        if value is None:
            return None
        if value in values:
            return True
        return None if None in values else False

    return evaluate


# --- arithmetic --------------------------------------------------------------------------------------


def _sum(left: Evaluator, right: Evaluator, scale: int) -> Evaluator:
    limit = LIMITS[scale]
    lowest = -limit

    def evaluate(environment: Environment) -> Value:
        first = left(environment)
        second = right(environment)
        if first is None or second is None:
            return None
        result = cast("Decimal", first) + cast("Decimal", second)
        if lowest < result < limit:
            return result
        raise FormulaOverflowError

    return evaluate


def _difference(left: Evaluator, right: Evaluator, scale: int) -> Evaluator:
    def evaluate(environment: Environment) -> Value:
        first = left(environment)
        second = right(environment)
        if first is None or second is None:
            return None
        return checked(cast("Decimal", first) - cast("Decimal", second), scale)

    return evaluate


def _product(left: Evaluator, right: Evaluator, scale: int) -> Evaluator:
    def evaluate(environment: Environment) -> Value:
        first = left(environment)
        second = right(environment)
        if first is None or second is None:
            return None
        return product(cast("Decimal", first), cast("Decimal", second), scale)

    return evaluate


def _quotient(left: Evaluator, right: Evaluator, _scale: int) -> Evaluator:
    def evaluate(environment: Environment) -> Value:
        first = left(environment)
        second = right(environment)
        if first is None or second is None:
            return None
        return quotient(cast("Decimal", first), cast("Decimal", second))

    return evaluate


def _remainder(left: Evaluator, right: Evaluator, scale: int) -> Evaluator:
    def evaluate(environment: Environment) -> Value:
        first = left(environment)
        second = right(environment)
        if first is None or second is None:
            return None
        return remainder(cast("Decimal", first), cast("Decimal", second), scale)

    return evaluate


_ARITHMETIC: Final[dict[str, Callable[[Evaluator, Evaluator, int], Evaluator]]] = {
    "+": _sum,
    "-": _difference,
    "*": _product,
    "/": _quotient,
    "%": _remainder,
}


def holds(value: Value) -> bool:
    """Say whether a condition holds: only true does, null does not."""
    return value is True


def is_broken(value: Value) -> bool:
    """Say whether a rule's `unless` is broken: only false is, null passes."""
    return value is False
