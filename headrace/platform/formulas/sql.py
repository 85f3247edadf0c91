"""Typed tree → SQLAlchemy expression: how the database evaluates a formula over many rows.

Columns come from a binder and stay in storage form (see `sql_types`); so does the result, a number with
the scale of its node. What users wrote reaches SQL as bind parameters only.
"""

from __future__ import annotations

import operator
import sqlite3
from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.registry import Registry
from headrace.platform.formulas.functions import FUNCTIONS
from headrace.platform.formulas.functions.base import Function, SqlCall
from headrace.platform.formulas.functions.dates import day_of_postgresql, day_of_sqlite
from headrace.platform.formulas.functions.numbers import EXACT_DIGITS, rescale_sqlite
from headrace.platform.formulas.referring import RECORD_LENGTH
from headrace.platform.formulas.sql_types import (
    Column,
    SqlBinder,
    bound,
    fixed_numeric,
    python_value,
    storage_type,
    storage_value,
)
from headrace.platform.formulas.tree import (
    COMPARISONS,
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
)
from headrace.platform.formulas.types import MAX_SCALE, Kind, Type

__all__ = [
    "SqlBinder",
    "UnsupportedInSqlError",
    "compile_sql",
    "is_overflow",
    "is_too_complex",
    "python_value",
    "storage_value",
]

_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SQLITE_OVERFLOWS: Final = ("user-defined function raised exception", "integer overflow")
_SQLITE_TOO_COMPLEX: Final = (
    "parser stack overflow",
    "Expression tree is too large",
    "tables in a join",
    "too many",
    "string or blob too big",
)
_NUMERIC_OUT_OF_RANGE: Final = "22003"
_PROGRAM_LIMIT_EXCEEDED: Final = "54"
"""The class of errors of statements that are too deep, too long or over too many tables."""


class UnsupportedInSqlError(Exception):
    """The formula holds a part that no database computes; `analyse(engines=…)` refuses it earlier."""


def compile_sql(tree: Node, binder: SqlBinder, functions: Registry[Function] = FUNCTIONS) -> Column:
    """Return `tree` as an expression in storage form for the binder's dialect.

    A statement in which a number outgrows 18 digits fails; `is_overflow` recognises the error.
    """
    if binder.dialect == "sqlite":
        return _SqliteCompiler(binder, functions).compile(tree)
    return _PostgresqlCompiler(binder, functions).compile(tree)


def is_overflow(error: BaseException) -> bool:
    """Say whether a statement failed because a number outgrew what can be held exactly."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(cause, sqlite3.OperationalError):
        return any(sign in str(cause) for sign in _SQLITE_OVERFLOWS)
    return getattr(cause, "sqlstate", None) == _NUMERIC_OUT_OF_RANGE


def is_too_complex(error: BaseException) -> bool:
    """Say whether the database refused a statement as too deep or too large, whatever the rows are."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return any(sign in str(cause) for sign in _SQLITE_TOO_COMPLEX)
    return str(getattr(cause, "sqlstate", None) or "").startswith(_PROGRAM_LIMIT_EXCEEDED)


class _Compiler:
    """What both dialects share."""

    def __init__(self, binder: SqlBinder, functions: Registry[Function]) -> None:
        self.binder = binder
        self.dialect = binder.dialect
        self.functions = functions

    def compile(self, node: Node) -> Column:
        handler: Callable[[Any], Column] = getattr(self, _METHODS[type(node)])
        return handler(node)

    def stored(self, column: Column, type_: Type) -> Column:
        """Give an expression its storage type, so that neighbours are bound and combined by it.

        Only where it has another: SQLAlchemy's time to name a chain of wrappers doubles with each.
        """
        storage = storage_type(type_.kind, self.dialect)
        if type(column.type) is type(storage):
            return column
        return sa.type_coerce(column, storage)

    # --- leaves ------------------------------------------------------------------------------------

    def literal(self, node: Literal) -> Column:
        return bound(node.value, node.type, self.dialect)

    def field(self, node: FieldRef) -> Column:
        column = self.binder.outer(node.path) if node.outer else self.binder.column(node.path)
        return self.stored(column, node.type)

    def constant(self, node: ConstantRef) -> Column:
        return self.stored(self.binder.constant(node.name), node.type)

    def query(self, node: Query) -> Column:
        raise UnsupportedInSqlError(node.function)

    # --- operators ---------------------------------------------------------------------------------

    def unary(self, node: Unary) -> Column:
        operand = self.compile(node.operand)
        match node.operator:
            case "-":
                return self.stored(-operand, node.type)
            case "NOT":
                return sa.not_(operand)
            case "IS NULL":
                return operand.is_(sa.null())
            case "IS NOT NULL":
                return operand.is_not(sa.null())

    def binary(self, node: Binary) -> Column:
        left, right = self.compile(node.left), self.compile(node.right)
        if node.operator == "AND":
            return sa.and_(left, right)
        if node.operator == "OR":
            return sa.or_(left, right)
        if node.operator in COMPARISONS:
            return self.compared(node, left, right)
        return self.stored(self.arithmetic(node, left, right), node.type)

    def compared(self, node: Binary, left: Column, right: Column) -> Column:
        raise NotImplementedError

    def arithmetic(self, node: Binary, left: Column, right: Column) -> Column:
        raise NotImplementedError

    def convert(self, node: Convert) -> Column:
        raise NotImplementedError

    def membership(self, node: In) -> Column:
        operand = self.compile(node.operand)
        literals = [item for item in node.items if isinstance(item, Literal)]
        if len(literals) == len(node.items):
            values = [storage_value(item.value, item.type, self.dialect) for item in literals]
            return operand.not_in(values) if node.negated else operand.in_(values)
        items = [self.compile(item) for item in node.items]
        return operand.not_in(items) if node.negated else operand.in_(items)

    def case(self, node: Case) -> Column:
        whens = [(self.compile(b.condition), self.compile(b.result)) for b in node.branches]
        return self.stored(sa.case(*whens, else_=self.compile(node.otherwise)), node.type)

    def call(self, node: Call) -> Column:
        compiler = self.functions[node.function].compiler(self.dialect)
        if compiler is None:
            raise UnsupportedInSqlError(node.function)
        args = tuple(self.compile(arg) for arg in node.args)
        return self.stored(compiler(SqlCall(node, args, self.binder)), node.type)


class _SqliteCompiler(_Compiler):
    def compared(self, node: Binary, left: Column, right: Column) -> Column:
        """Compare; counts of different units are brought to one by multiplying.

        That may leave the 64 bits, where SQLite goes on with a float larger than any count, so the
        comparison stays right.
        """
        difference = node.left.type.scale - node.right.type.scale
        if difference < 0:
            left = left * sa.literal(10**-difference, sa.BigInteger())
        elif difference > 0:
            right = right * sa.literal(10**difference, sa.BigInteger())
        return _COMPARE[node.operator](left, right)  # type: ignore[no-any-return]  # typed as any by SQLAlchemy

    def arithmetic(self, node: Binary, left: Column, right: Column) -> Column:
        first, second = node.left.type.scale, node.right.type.scale
        if node.operator == "*":
            divisor = 10 ** (first + second - node.type.scale)
            return sa.func.fx_mul(left, right, divisor, type_=sa.BigInteger())
        if node.operator == "/":
            factor = 10 ** (MAX_SCALE - first + second)
            return sa.func.fx_div(left, right, factor, type_=sa.BigInteger())
        common = node.type.scale
        name = {"+": "fx_add", "-": "fx_sub", "%": "fx_mod"}[node.operator]
        call: Callable[..., Column] = getattr(sa.func, name)
        factors = 10 ** (common - first), 10 ** (common - second)
        return call(left, factors[0], right, factors[1], type_=sa.BigInteger())

    def convert(self, node: Convert) -> Column:
        operand = self.compile(node.operand)
        if node.type.kind is Kind.DATE:
            return day_of_sqlite(operand, self.binder.zone)
        if node.type.kind is Kind.REFERENCE:
            return sa.func.substr(operand, -RECORD_LENGTH, type_=sa.Text())
        return rescale_sqlite(operand, node.operand.type.scale, node.type.scale)


class _PostgresqlCompiler(_Compiler):
    def compared(self, node: Binary, left: Column, right: Column) -> Column:
        if node.left.type.kind is Kind.TEXT and node.operator not in ("=", "!="):
            left = sa.collate(left, "C")
        return _COMPARE[node.operator](left, right)  # type: ignore[no-any-return]  # typed as any by SQLAlchemy

    def arithmetic(self, node: Binary, left: Column, right: Column) -> Column:
        """Compute exactly; the cast rounds half away from zero and refuses more than 18 digits."""
        match node.operator:
            case "+":
                result = left + right
            case "-":
                result = left - right
            case "*":
                result = left * right
            case "/":
                result = _exact(left) / _or_null(right)
            case _:
                result = sa.func.mod(left, _or_null(right), type_=sa.Numeric())
        return sa.cast(result, fixed_numeric(node.type.scale))

    def convert(self, node: Convert) -> Column:
        operand = self.compile(node.operand)
        if node.type.kind is Kind.DATE:
            return day_of_postgresql(operand, self.binder.zone)
        if node.type.kind is Kind.REFERENCE:
            return sa.cast(sa.func.right(operand, RECORD_LENGTH), sa.Uuid(as_uuid=False))
        return sa.cast(operand, fixed_numeric(node.type.scale))


def _exact(dividend: Column) -> Column:
    """Return the dividend with so many digits that the quotient is rounded only once."""
    return sa.func.round(dividend, EXACT_DIGITS, type_=sa.Numeric())


def _or_null(divisor: Column) -> Column:
    return sa.func.nullif(divisor, sa.literal(0, sa.Integer()), type_=sa.Numeric())


_METHODS: Final[dict[type[Node], str]] = {
    Literal: "literal",
    FieldRef: "field",
    ConstantRef: "constant",
    Convert: "convert",
    Unary: "unary",
    Binary: "binary",
    Call: "call",
    In: "membership",
    Case: "case",
    Query: "query",
}
