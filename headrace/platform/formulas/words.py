"""The words of a formula before anything is looked up: names, constants and functions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, TypeAlias

from headrace.platform.core.errors import RefusedError
from headrace.platform.formulas.parser import parse
from headrace.platform.formulas.syntax import Application, ConstantName, Name, Question

Word: TypeAlias = tuple[Literal["name", "constant", "function", "query"], tuple[str, ...]]


@lru_cache(maxsize=4096)
def words(source: str | None) -> tuple[Word, ...]:
    """Return the words of a formula; none where there is none or it cannot be read."""
    if source is None:
        return ()
    try:
        return tuple(dict.fromkeys(_words(parse(source))))
    except RefusedError:
        return ()


def _words(node: object) -> Iterator[Word]:
    """Yield the words at and below a node; nodes are tuples of what they are made of."""
    match node:
        case Name():
            yield "name", node.parts
        case ConstantName():
            yield "constant", (node.name,)
        case Application():
            yield "function", (node.name,)
            yield from _words(node.args)
        case Question():
            yield "query", (node.object,)
        case tuple():
            for part in node:
                yield from _words(part)
