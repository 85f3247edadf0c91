"""The untyped tree that the parser makes: words and their places, before anything is looked up."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from headrace.platform.formulas.tree import BinaryOperator, QueryFunction, Span, UnaryOperator


class Constant(NamedTuple):
    """A number (as its digits), a text, TRUE, FALSE or NULL."""

    value: str | bool | None
    is_number: bool
    span: Span


class Name(NamedTuple):
    """A dotted name: a field, a path over lookups, or a constant."""

    parts: tuple[str, ...]
    span: Span


class ConstantName(NamedTuple):
    """`$C.name`."""

    name: str
    span: Span


class Prefix(NamedTuple):
    """`-x`, `NOT x`, `x IS NULL`, `x IS NOT NULL`."""

    operator: UnaryOperator
    operand: Syntax
    span: Span


class Infix(NamedTuple):
    """An operator between two operands."""

    operator: BinaryOperator
    left: Syntax
    right: Syntax
    span: Span


class Application(NamedTuple):
    """A function with its arguments; the name in upper case."""

    name: str
    args: tuple[Syntax, ...]
    span: Span


class Membership(NamedTuple):
    """`x IN (…)` or `x NOT IN (…)`."""

    operand: Syntax
    items: tuple[Syntax, ...]
    negated: bool
    span: Span


class Choice(NamedTuple):
    """CASE or IF; with a `subject` each condition is a value that it is compared with."""

    subject: Syntax | None
    branches: tuple[tuple[Syntax, Syntax], ...]
    otherwise: Syntax | None
    span: Span


class Question(NamedTuple):
    """`FIRST(object.field WHERE … ORDER BY …)` and its like, `BEST(object.field FOR … AT … WHERE …)`."""

    function: QueryFunction
    object: str
    field: Name | None
    where: Syntax | None
    order_by: tuple[tuple[Name, bool], ...]
    span: Span
    more: tuple[Name, ...] = ()
    matches: tuple[Infix, ...] = ()
    at: Syntax | None = None


Syntax: TypeAlias = (
    Constant | Name | ConstantName | Prefix | Infix | Application | Membership | Choice | Question
)
