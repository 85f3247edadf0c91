"""What a formula reads, from its source text: no types are needed to say which names it has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

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
from headrace.platform.metadata.references.values import Word

THIS = "this"
_NAME: Final = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a formula.

    `query` is the object whose rows a query goes through; `compared` a text that a field is
    compared with, or that a named expression is given as its argument at `position`; `other` the
    name that one of a pair is compared with.
    """

    what: Literal[
        "name", "constant", "object", "value", "expression", "calendar", "argument", "pair"
    ]
    words: tuple[Word, ...]
    query: str | None = None
    compared: Word = Word("")
    position: int = 0
    other: tuple[Word, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of a dotted name."""
        return tuple(one.text for one in self.words)

    @property
    def parts_of_other(self) -> tuple[str, ...]:
        """The parts of the other name of a pair."""
        return tuple(one.text for one in self.other)


@lru_cache(maxsize=4096)
def mentions(source: str) -> tuple[Mention, ...]:
    """Return the names in a formula, each time that they stand there; none where it cannot be read.

    What is wrong with one that cannot be read, the build says.
    """
    try:
        return tuple(dict.fromkeys(_Mentions(source).walk(parse(source), None)))
    except RefusedError:
        return ()


@lru_cache(maxsize=4096)
def results(source: str) -> tuple[Word, ...]:
    """Return the texts that a formula may give as its value, where they stand between their quotes."""
    try:
        return tuple(_Mentions(source).results(parse(source)))
    except RefusedError:
        return ()


class _Mentions:
    """Goes through the tree of a formula; the source says where each word of it stands."""

    def __init__(self, source: str) -> None:
        self._source = source

    def _words(self, node: Syntax) -> tuple[Word, ...]:
        """Return the words from the beginning of what is called by them to its end."""
        return tuple(
            Word(one.group(), one.start(), one.end())
            for one in _NAME.finditer(self._source, *node.span)
        )

    def _text(self, node: Constant) -> Word:
        """Return what a text holds between its quotes, which stand around it in the source."""
        start = self._source.index("'", node.span[0]) + 1
        return Word(str(node.value), start, self._source.rindex("'", start, node.span[1]))

    def results(self, node: Syntax | None) -> Iterator[Word]:
        """Yield the texts that a node may give as they stand there."""
        match node:
            case Constant() if isinstance(node.value, str) and not node.is_number:
                yield self._text(node)
            case Choice():
                for _, result in node.branches:
                    yield from self.results(result)
                yield from self.results(node.otherwise)
            case Application() if node.name == "IF":
                for part in node.args[1:]:
                    yield from self.results(part)
            case Application() if node.name == "COALESCE":
                for part in node.args:
                    yield from self.results(part)

    def walk(self, node: Syntax | None, query: str | None) -> Iterator[Mention]:
        match node:
            case Name():
                yield Mention("name", self._words(node), query)
            case ConstantName():
                yield Mention("constant", self._words(node)[-1:])
            case Prefix():
                yield from self.walk(node.operand, query)
            case Infix():
                yield from self.walk(node.left, query)
                yield from self.walk(node.right, query)
                yield from self._compared(node.left, (node.right,), query)
                yield from self._compared(node.right, (node.left,), query)
            case Application():
                yield from self._named(node)
                yield from self._called(node, query)
            case Membership():
                yield from self.walk(node.operand, query)
                for part in node.items:
                    yield from self.walk(part, query)
                yield from self._compared(node.operand, node.items, query)
            case Choice():
                yield from self._choice(node, query)
            case Question():
                yield from self._question(node)

    def _called(self, node: Application, query: str | None) -> Iterator[Mention]:
        for part in node.args:
            yield from self.walk(part, query)
        if node.name == "HAS" and node.args:
            yield from self._compared(node.args[0], node.args[1:], query)

    def _named(self, node: Application) -> Iterator[Mention]:
        """Yield a named expression that is called, and the calendar that a function reckons in."""
        function = FUNCTIONS.get(node.name)
        if function is None:
            name = self._words(node)[0]
            name = name._replace(text=name.text.lower())
            yield Mention("expression", (name,))
            for position, argument in enumerate(node.args):
                for text in self.results(argument):
                    yield Mention("argument", (name,), None, text, position)
            return
        for position, parameter in enumerate(function.parameters):
            if parameter.calendar:
                given = node.args[position] if position < len(node.args) else None
                name = Word(str(parameter.default))
                if isinstance(given, Constant) and isinstance(given.value, str):
                    name = self._text(given)
                yield Mention("calendar", (name,))

    def _choice(self, node: Choice, query: str | None) -> Iterator[Mention]:
        yield from self.walk(node.subject, query)
        for condition, result in node.branches:
            yield from self.walk(condition, query)
            yield from self.walk(result, query)
            yield from self._compared(node.subject, (condition,), query)
        yield from self.walk(node.otherwise, query)

    def _question(self, node: Question) -> Iterator[Mention]:
        # A query begins with its function and its object.
        yield Mention("object", self._words(node)[1:2], node.object)
        for field in (node.field, *node.more, *node.matches, node.at):
            yield from self.walk(field, node.object)
        yield from self.walk(node.where, node.object)
        for name, _ in node.order_by:
            yield from self.walk(name, node.object)

    def _compared(
        self, field: Syntax | None, values: tuple[Syntax, ...], query: str | None
    ) -> Iterator[Mention]:
        if isinstance(field, Name):
            for value in values:
                if isinstance(value, Name):
                    yield Mention("pair", self._words(field), query, other=self._words(value))
                if (
                    isinstance(value, Constant)
                    and isinstance(value.value, str)
                    and not value.is_number
                ):
                    yield Mention("value", self._words(field), query, self._text(value))
