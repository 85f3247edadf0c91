"""What a formula reads, from its source text: no types are needed to say which names it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from headrace.platform.core.errors import RefusedError
from headrace.platform.formulas.functions import FUNCTIONS
from headrace.platform.formulas.parser import parse
from headrace.platform.formulas.syntax import (
    Application,
    Choice,
    Constant,
    ConstantName,
    Infix,
    Membership,
    Name,
    Prefix,
    Question,
    Syntax,
)

THIS = "this"


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a formula.

    `query` is the object whose rows a query goes through; `compared` a text that a field is
    compared with.
    """

    what: Literal["name", "constant", "object", "value", "expression", "calendar"]
    parts: tuple[str, ...]
    query: str | None = None
    compared: str = ""


@lru_cache(maxsize=4096)
def mentions(source: str) -> tuple[Mention, ...]:
    """Return the names in a formula; none where it cannot be read (the build says so)."""
    try:
        return tuple(dict.fromkeys(_walk(parse(source), None)))
    except RefusedError:
        return ()


def _walk(node: Syntax | None, query: str | None) -> Iterator[Mention]:
    match node:
        case Name():
            yield Mention("name", node.parts, query)
        case ConstantName():
            yield Mention("constant", (node.name,))
        case Prefix():
            yield from _walk(node.operand, query)
        case Infix():
            yield from _walk(node.left, query)
            yield from _walk(node.right, query)
            yield from _compared(node.left, (node.right,), query)
            yield from _compared(node.right, (node.left,), query)
        case Application():
            yield from _named(node)
            yield from _called(node, query)
        case Membership():
            yield from _walk(node.operand, query)
            for part in node.items:
                yield from _walk(part, query)
            yield from _compared(node.operand, node.items, query)
        case Choice():
            yield from _choice(node, query)
        case Question():
            yield from _question(node)


def _called(node: Application, query: str | None) -> Iterator[Mention]:
    for part in node.args:
        yield from _walk(part, query)
    if node.name == "HAS" and node.args:
        yield from _compared(node.args[0], node.args[1:], query)


def _named(node: Application) -> Iterator[Mention]:
    """Yield a named expression that is called, and the calendar that a function reckons in."""
    function = FUNCTIONS.get(node.name)
    if function is None:
        yield Mention("expression", (node.name.lower(),))
        return
    for position, parameter in enumerate(function.parameters):
        if parameter.calendar:
            given = node.args[position] if position < len(node.args) else None
            name = given.value if isinstance(given, Constant) else parameter.default
            yield Mention("calendar", (str(name),))


def _choice(node: Choice, query: str | None) -> Iterator[Mention]:
    yield from _walk(node.subject, query)
    for condition, result in node.branches:
        yield from _walk(condition, query)
        yield from _walk(result, query)
        yield from _compared(node.subject, (condition,), query)
    yield from _walk(node.otherwise, query)


def _question(node: Question) -> Iterator[Mention]:
    yield Mention("object", (node.object,), node.object)
    for field in (node.field, *node.more):
        yield from _walk(field, node.object)
    yield from _walk(node.where, node.object)
    for name, _ in node.order_by:
        yield from _walk(name, node.object)


def _compared(
    field: Syntax | None, values: tuple[Syntax, ...], query: str | None
) -> Iterator[Mention]:
    if isinstance(field, Name):
        for value in values:
            if isinstance(value, Constant) and isinstance(value.value, str) and not value.is_number:
                yield Mention("value", field.parts, query, value.value)
