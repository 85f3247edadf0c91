"""A search for values that conditions have in common: what shows that a gap or an overlap is there.

Each field that conditions compare with written values is tried with the values at which something
changes, the ones next to them and null, and the conditions are evaluated as they will be at run
time. So an input that is found is one that really does it, and where the search comes to its end
without one there is none. What is not understood (queries, the clock, the user, the order of texts)
is unknown, and nothing is concluded from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from headrace.platform.core.problems import Text
from headrace.platform.formulas.decimals import rescaled
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.functions import FUNCTIONS
from headrace.platform.formulas.messages import FormulaValueError
from headrace.platform.formulas.python import compile_python
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
    children,
    walk,
)
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.checks.satisfiable import Domain

MOST_TRIED: Final = 4_000
"""Assignments that one question looks at before it is given up."""


class Unknown(Enum):
    """The value of what is beyond the analysis."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
Name = tuple[str, tuple[str, ...]]
"""A field as a question speaks of it: when it is read, and its path of ids."""

Values = Mapping[Name, Any]
Reading = Callable[[Values], Any]


_EMPTY: Final = Text(" is empty", " 为空")
_YES: Final = Text("yes", "是")
_NO: Final = Text("no", "否")


@dataclass(frozen=True, slots=True)
class Variable:
    """A field that conditions read; `models` are the fields of its path."""

    name: Name
    reference: FieldRef
    domain: Domain
    models: tuple[FieldModel, ...]
    fixed: frozenset[Any] | None = None
    """The only values that it has in the question, where that is known."""
    called: Mapping[Any, Text] = field(default_factory=dict)
    """What its values are called, where the field itself does not tell: states."""

    @property
    def last(self) -> FieldModel | None:
        """The field that holds the value."""
        return self.models[-1] if self.models else None


@dataclass(frozen=True, slots=True)
class Part:
    """What must be true or must not: its name for people, its formulas, and how they are judged."""

    label: Text
    read: Reading
    trees: tuple[Node, ...]
    names: frozenset[Name]


class Found(Enum):
    """What a question found where it found no input."""

    NEVER = "never"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Witness:
    """Values under which all parts of a question are true, whatever else the record holds."""

    values: tuple[tuple[Variable, Any], ...]

    def shown(self) -> Text:
        """Return the input in words: `Payable = 200,000.00, Kind = Damage`."""
        if not self.values:
            return Text("any record", "任何记录")
        return Text(
            ", ".join(_shown(*one, "en") for one in self.values),
            "、".join(_shown(*one, "zh") for one in self.values),
        )


def _shown(variable: Variable, value: Any, language: str) -> str:
    """Return a field and its value by their labels."""
    labels = [(one.label or Text(one.name, one.name)).within(language) for one in variable.models]
    name = " › ".join(labels) or ".".join(variable.reference.names)
    if value is None:
        return name + _EMPTY.within(language)
    return f"{name} = {_value(variable, value, language)}"


def _value(variable: Variable, value: Any, language: str) -> str:
    if isinstance(value, bool):
        return (_YES if value else _NO).within(language)
    if isinstance(value, Decimal):
        return f"{value:,.{variable.reference.type.scale}f}"
    if value in variable.called:
        return variable.called[value].within(language) or str(value)
    last = variable.last
    return str(value) if last is None else str(last.type.shown(value, last.options, language))


# -- conditions as parts -----------------------------------------------------------------------------


@dataclass
class Question:
    """Collects the fields and written values of parts, then looks for values that fit them all.

    `variable` says what a field is that is read at a time; `constant` gives workspace constants.
    """

    variable: Callable[[FieldRef, str], Variable]
    constant: Callable[[str], Any]
    variables: dict[Name, Variable] = field(default_factory=dict)

    def holds(self, label: Text, condition: Expression, time: str) -> Part:
        """Return the part that is true where a condition is."""
        read, names = self._compiled(condition.tree, time)
        return Part(label, lambda values: _is(read(values), True), (condition.tree,), names)

    def fails(self, label: Text, conditions: Iterable[Expression], time: str) -> Part:
        """Return the part that is true where none of several conditions is."""
        trees = tuple(one.tree for one in conditions)
        compiled = [self._compiled(tree, time) for tree in trees]
        names = frozenset[Name]().union(*(found for _, found in compiled))

        def read(values: Values) -> Any:
            return _all(_is_not(one(values), True) for one, _ in compiled)

        return Part(label, read, trees, names)

    def any_holds(self, label: Text, conditions: Iterable[Expression], time: str) -> Part:
        """Return the part that is true where one of several conditions is."""
        none = self.fails(label, conditions, time)
        return Part(label, lambda values: _negated(none.read(values)), none.trees, none.names)

    def keeps(self, label: Text, unless: Expression, when: Expression | None, time: str) -> Part:
        """Return the part that is true where a rule lets a record pass."""
        kept, names = self._compiled(unless.tree, time)
        asked, more = (
            self._compiled(when.tree, time) if when is not None else (lambda _: True, frozenset())
        )

        def read(values: Values) -> Any:
            broken = _all((_is(asked(values), True), _is(kept(values), False)))
            return _negated(broken)

        trees = (unless.tree,) if when is None else (unless.tree, when.tree)
        return Part(label, read, trees, names | more)

    def _compiled(self, tree: Node, time: str) -> tuple[Reading, frozenset[Name]]:
        names: set[Name] = set()

        def name_of(reference: FieldRef) -> Name:
            variable = self.variable(reference, time)
            self.variables.setdefault(variable.name, variable)
            names.add(variable.name)
            return variable.name

        compiled = _Compiler(name_of, self.constant).compile(tree)
        return compiled, frozenset(names)

    # -- answers ------------------------------------------------------------------------------

    def answer(self, parts: Sequence[Part]) -> Witness | Found:
        """Return an input under which all parts are true; NEVER where there certainly is none."""
        grid = _Grid(self, parts)
        found = _Search(parts, grid.likely).run()
        if isinstance(found, dict):
            values = self._least(parts, found)
            if grid.are_independent(values):
                return Witness(tuple((self.variables[name], one) for name, one in values.items()))
            return Found.UNSURE
        if not grid.complete:
            return Found.UNSURE
        found = _Search(parts, grid.all).run()
        return Found.NEVER if found is Found.NEVER else Found.UNSURE

    def hole(
        self, covered: Sequence[Part], guards: Sequence[Part]
    ) -> Iterator[tuple[int, Witness]]:
        """Yield narrow holes between what parts cover: the part above, and an input in the hole.

        A hole lies between values that two different parts cover on its two sides, no further apart
        than steps of the field or a thousandth of the value.
        """
        grid = _Grid(self, (*covered, *guards))
        for name, variable in self.variables.items():
            points = sorted(
                value for value in grid.likely.get(name, ()) if isinstance(value, (Decimal, date))
            )
            for below, value, above in _narrow(points, variable):
                yield from self._hole(grid, covered, guards, name, (below, value, above))

    def _hole(
        self,
        grid: _Grid,
        covered: Sequence[Part],
        guards: Sequence[Part],
        name: Name,
        around: tuple[Any, Any, Any],
    ) -> Iterator[tuple[int, Witness]]:
        below, value, above = around
        for upper, high in enumerate(covered):
            for lower, low in enumerate(covered):
                if lower == upper or name not in high.names or name not in low.names:
                    continue
                others = [_negated_part(one) for one in covered]
                parts = (
                    _at(low, name, below),
                    _at(high, name, above),
                    *(_at(one, name, value) for one in (*others, *guards)),
                    # Who covers both sides leaves the value out on purpose.
                    _at(_negated_part(low), name, above),
                    _at(_negated_part(high), name, below),
                )
                found = _Search(parts, {**grid.likely, name: (value,)}).run()
                if isinstance(found, dict):
                    values = {**self._least(parts, found), name: value}
                    if grid.are_independent(values):
                        told = tuple((self.variables[one], values[one]) for one in values)
                        yield upper, Witness(told)
                        return

    def _least(self, parts: Sequence[Part], found: Mapping[Name, Any]) -> dict[Name, Any]:
        """Leave out the values that make no difference."""
        values = dict(found)
        for name in tuple(values):
            fewer = {other: value for other, value in values.items() if other != name}
            if all(part.read(fewer) is True for part in parts):
                values = fewer
        return values


def _at(part: Part, name: Name, value: Any) -> Part:
    """Return a part with the value of one field put in."""
    return Part(
        part.label,
        lambda values: part.read({**values, name: value}),
        part.trees,
        part.names - {name},
    )


def _negated_part(part: Part) -> Part:
    return Part(part.label, lambda values: _negated(part.read(values)), part.trees, part.names)


def _narrow(points: list[Any], variable: Variable) -> Iterator[tuple[Any, Any, Any]]:
    """Yield values with those around them, where these are close to each other."""
    for position, value in enumerate(points):
        for below in points[:position]:
            for above in points[position + 1 :]:
                if _is_close(below, above, variable):
                    if isinstance(value, Decimal) and not value:
                        continue  # nothing is what conditions leave out on purpose
                    yield below, value, above


def _is_close(below: Any, above: Any, variable: Variable) -> bool:
    if isinstance(below, datetime):
        return bool(above - below <= timedelta(days=1))
    if isinstance(below, date):
        return bool(above - below <= timedelta(days=2))
    step = Decimal(1).scaleb(-variable.reference.type.scale)
    return bool(above - below <= max(2 * step, abs(above) / 1000))


# -- the values that are tried -----------------------------------------------------------------------


class _Grid:
    """The values to try of each field: `likely` certainly occur, `all` stand for every value."""

    def __init__(self, question: Question, parts: Sequence[Part]) -> None:
        self._question = question
        names = frozenset[Name]().union(*(part.names for part in parts))
        self.variables = {name: one for name, one in question.variables.items() if name in names}
        self.complete = True
        self._written: dict[Name, set[Any]] = {name: set() for name in self.variables}
        self._by_path: dict[tuple[str, ...], list[Name]] = {}
        for name in self.variables:
            self._by_path.setdefault(name[1], []).append(name)
        self._together: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        for part in parts:
            for tree in part.trees:
                self._note(tree)
        self._pool()
        self.all: dict[Name, tuple[Any, ...]] = {}
        self.likely: dict[Name, tuple[Any, ...]] = {}
        for name, variable in self.variables.items():
            tried = tuple(_tried(variable, self._written[name]))
            self.all[name] = tried
            written = (one for one in self._written[name] if isinstance(one, Decimal))
            least = min((Decimal(0), *written))
            self.likely[name] = tuple(one for one in tried if _occurs(variable, one, least))

    def are_independent(self, values: Mapping[Name, Any]) -> bool:
        """Say whether the fields of an input can have their values at the same time."""
        used = [self.variables[name] for name in values if name in self.variables]
        makers = [_made_of(one, self._question) for one in used]
        return all(
            not first & second
            for position, first in enumerate(makers)
            for second in makers[position + 1 :]
        )

    def _note(self, node: Node) -> None:
        """Note the written values that fields are compared with; anything else is not complete."""
        match node:
            case FieldRef():
                if node.type.kind is not Kind.BOOLEAN:
                    self._loose(node)
                return
            case Unary(operator="IS NULL" | "IS NOT NULL", operand=FieldRef()):
                return
            case Call(function="ISBLANK", args=(FieldRef(),)):
                return
            case Binary(operator=operator) if operator in COMPARISONS:
                self._compare(node.left, node.right)
                return
            case In(operand=operand, items=items):
                for item in items:
                    self._compare(operand, item)
                return
        for child in children(node):
            self._note(child)

    def _compare(self, left: Node, right: Node) -> None:
        first, second = _field_of(left), _field_of(right)
        if first is not None and second is not None:
            self._together.append((first.path, second.path))
            self._loose(first)
            self._loose(second)
            return
        reference, other = (first, right) if first is not None else (second, left)
        known = _constant(other, self._question.constant)
        if reference is None or known is UNKNOWN:
            self._note(left)
            self._note(right)
            return
        for name in self._by_path.get(reference.path, ()):
            self._written[name].add(known)

    def _loose(self, reference: FieldRef) -> None:
        for name in self._by_path.get(reference.path, ()):
            variable = self.variables[name]
            if variable.domain.values is None and variable.fixed is None:
                self.complete = False

    def _pool(self) -> None:
        """Let fields that are compared with each other be tried with the same values."""
        for first, second in self._together * 2:
            names = [*self._by_path.get(first, ()), *self._by_path.get(second, ())]
            pooled = set[Any]().union(*(self._written[name] for name in names))
            # One more above, so that one of the two fields can be greater.
            pooled |= {one + 1 for one in pooled if isinstance(one, Decimal)}
            for name in names:
                self._written[name] |= pooled or {Decimal(100)}


def _tried(variable: Variable, written: set[Any]) -> Iterator[Any]:
    domain = variable.domain
    if variable.fixed is not None:
        yield from sorted(variable.fixed, key=str)
        return
    if domain.values is not None:
        yield from sorted(domain.values, key=str)
    else:
        yield from _around(variable, {one for one in written if one is not None})
    if not domain.never_null:
        yield None


def _around(variable: Variable, written: set[Any]) -> Iterator[Any]:
    match variable.reference.type.kind:
        case Kind.NUMBER:
            yield from _numbers(variable, [one for one in written if isinstance(one, Decimal)])
        case Kind.DATE:
            days = [one for one in written if isinstance(one, date)] or [date(2026, 1, 1)]
            yield from dict.fromkeys(_moments(days, timedelta(days=1)))
        case Kind.DATETIME:
            instants = [one for one in written if isinstance(one, datetime)]
            yield from dict.fromkeys(_moments(instants, timedelta(microseconds=1)))
        case Kind.BOOLEAN:
            yield from (True, False)
        case Kind.TEXT:
            texts = sorted(str(one) for one in written)
            yield from texts
            yield next(word for word in _words() if word not in written)
            if "" not in written:
                yield ""
        case _:
            yield from sorted(written, key=str)


def _words() -> Iterator[str]:
    yield "x"
    number = 1
    while True:
        yield f"x{number}"
        number += 1


def _moments(written: list[Any], step: timedelta) -> Iterator[Any]:
    yield from sorted(written)
    for one in sorted(written):
        yield one - step
        yield one + step


def _numbers(variable: Variable, written: list[Decimal]) -> Iterator[Decimal]:
    scale = variable.reference.type.scale
    step = Decimal(1).scaleb(-scale)
    found: dict[Decimal, None] = {}
    for one in sorted(written):
        low = one.quantize(step, rounding="ROUND_FLOOR")
        high = one.quantize(step, rounding="ROUND_CEILING")
        found |= dict.fromkeys((low, high))
    for one in tuple(found):
        found |= dict.fromkeys((one - step, one + step))
    domain = variable.domain
    if not found:
        found = dict.fromkeys((Decimal(1).quantize(step), Decimal(0).quantize(step)))
        found |= dict.fromkeys(one for one in (domain.least, domain.most) if one is not None)
    for one in found:
        if (domain.least is None or one >= domain.least) and (
            domain.most is None or one <= domain.most
        ):
            yield one


def _occurs(variable: Variable, value: Any, least: Decimal) -> bool:
    """Say whether a value certainly occurs: what is computed may never be null, or below zero."""
    model = variable.last
    if variable.fixed is not None:
        return True
    if model is None:
        return False
    made = bool(model.computed) and model.computed != "workflow"
    if value is None:
        return not (made or model.system or model.definition.required or model.computed)
    if value == "" and isinstance(value, str):
        return False
    return not (made and isinstance(value, Decimal) and value < least)


def _made_of(variable: Variable, question: Question) -> frozenset[tuple[str, ...]]:
    """Return what a value follows from: the field itself, and what its formula reads."""
    made = {variable.name[1]}
    model = variable.last
    if model is not None and model.expression is not None:
        way = variable.name[1][:-1]
        for node in walk(model.expression.tree):
            if isinstance(node, FieldRef) and not node.outer:
                inner = question.variable(FieldRef((*way, *node.path), node.names, node.type), "")
                made |= _made_of(inner, question) if len(node.path) == 1 else {(*way, *node.path)}
    return frozenset(made)


# -- the search --------------------------------------------------------------------------------------


class _Search:
    """Goes through the values of one field after the other, and back where a part cannot be true."""

    def __init__(self, parts: Sequence[Part], tried: Mapping[Name, Sequence[Any]]) -> None:
        self._parts = parts
        self._tried = tried
        self._left = MOST_TRIED
        self._unsure = False
        self._values: dict[Name, Any] = {}

    def run(self) -> dict[Name, Any] | Found:
        """Return values under which all parts are true."""
        if self._go_on(self._parts, None):
            return dict(self._values)
        return Found.UNSURE if self._unsure else Found.NEVER

    def _go_on(self, parts: Sequence[Part], given: Name | None) -> bool:
        """Say whether `parts` can be true; nobody knew of them before `given` got its value."""
        if self._left <= 0:
            self._unsure = True
            return False
        self._left -= 1
        unknown: list[Part] = []
        for part in parts:
            # What is known stays as it is, whatever else gets a value.
            asked = given is None or given in part.names
            truth = part.read(self._values) if asked else UNKNOWN
            if truth is False:
                return False
            if truth is UNKNOWN:
                unknown.append(part)
        waiting: Part | None = None
        for part in unknown:
            if waiting is None or self._next_of(waiting) is None:
                waiting = part
        if waiting is None:
            return True
        name = self._next_of(waiting)
        if name is None:
            self._unsure = True  # what is unknown does not hang on a field
            return False
        for value in self._tried[name]:
            self._values[name] = value
            if self._go_on(unknown, name):
                return True
        self._values.pop(name, None)
        return False

    def _next_of(self, part: Part) -> Name | None:
        return min(
            (name for name in part.names if name not in self._values and name in self._tried),
            default=None,
        )


# -- evaluating with some values missing -------------------------------------------------------------


def _is(value: Any, wanted: bool) -> Any:  # noqa: FBT001 - the value asked for
    return UNKNOWN if value is UNKNOWN else value is wanted


def _is_not(value: Any, wanted: bool) -> Any:  # noqa: FBT001 - the value asked for
    return UNKNOWN if value is UNKNOWN else value is not wanted


def _negated(value: Any) -> Any:
    return value if value is UNKNOWN else not value


def _all(truths: Iterable[Any]) -> Any:
    result: Any = True
    for one in truths:
        if one is False:
            return False
        if one is UNKNOWN:
            result = UNKNOWN
    return result


def _field_of(node: Node) -> FieldRef | None:
    """Return the field that a node is, conversions of numbers to more digits taken off."""
    while isinstance(node, Convert):
        if node.type.kind is not Kind.NUMBER or node.type.scale < node.operand.type.scale:
            return None
        node = node.operand
    return node if isinstance(node, FieldRef) else None


def _constant(node: Node, constant: Callable[[str], Any]) -> Any:
    if any(isinstance(one, (FieldRef, Query)) for one in walk(node)):
        return UNKNOWN
    return _Compiler(_no_field, constant).compile(node)({})


def _no_field(reference: FieldRef) -> Name:
    raise LookupError(reference.names)


def _unknown(_values: Values) -> Any:
    return UNKNOWN


class _Compiler:
    """Turns a tree into a function of some values; it gives what run time gives, or `UNKNOWN`."""

    def __init__(self, name_of: Callable[[FieldRef], Name], constant: Callable[[str], Any]) -> None:
        self._name_of = name_of
        self._constant = constant

    def compile(self, node: Node) -> Reading:
        match node:
            case Literal():
                return _always(node.value)
            case ConstantRef():
                return _always(self._constant(node.name))
            case FieldRef(outer=False):
                name = self._name_of(node)
                return lambda values: values.get(name, UNKNOWN)
            case Binary(operator="AND" | "OR"):
                return self._connective(node)
            case Binary() if node.operator in COMPARISONS and self._ordered_text(node):
                return _unknown
            case Unary() | Binary() | Call() | In() | Convert():
                return self._applied(node)
            case Case():
                return self._case(node)
            case _:
                return _unknown

    def _connective(self, node: Binary) -> Reading:
        left, right = self.compile(node.left), self.compile(node.right)
        settled = node.operator == "OR"

        def read(values: Values) -> Any:
            first = left(values)
            if first is settled:
                return settled
            second = right(values)
            if second is settled:
                return settled
            if first is UNKNOWN or second is UNKNOWN:
                return UNKNOWN
            return None if first is None or second is None else not settled

        return read

    def _ordered_text(self, node: Binary) -> bool:
        """Say whether texts are compared by their order, which is that of the database elsewhere."""
        return node.operator not in {"=", "!="} and node.left.type.kind is Kind.TEXT

    def _applied(self, node: Unary | Binary | Call | In | Convert) -> Reading:
        """Return a node over operands that are all known, evaluated as at run time."""
        if isinstance(node, Call) and (
            node.function not in FUNCTIONS or FUNCTIONS[node.function].uses
        ):
            return _unknown
        if isinstance(node, Convert) and node.type.kind is not Kind.NUMBER:
            return _unknown
        operands = children(node)
        if any(isinstance(one, Query) for one in operands):
            return _unknown
        if isinstance(node, Convert):
            return _strict(self.compile(node.operand), node.type.scale)
        readings = tuple(self.compile(one) for one in operands)
        placed = [
            one if isinstance(one, Literal) else FieldRef((str(index),), (), one.type)
            for index, one in enumerate(operands)
        ]
        evaluate = compile_python(_with_operands(node, placed))

        def read(values: Values) -> Any:
            known = []
            for one in readings:
                value = one(values)
                if value is UNKNOWN:
                    return UNKNOWN
                known.append(value)
            try:
                return evaluate(_Operands(known))  # type: ignore[arg-type]  # asks for values only
            except FormulaValueError:
                return UNKNOWN

        return read

    def _case(self, node: Case) -> Reading:
        branches = [(self.compile(b.condition), self.compile(b.result)) for b in node.branches]
        otherwise = self.compile(node.otherwise)

        def read(values: Values) -> Any:
            for condition, result in branches:
                truth = condition(values)
                if truth is UNKNOWN:
                    return UNKNOWN
                if truth:
                    return result(values)
            return otherwise(values)

        return read


class _Operands:
    """The operands of one node as the environment of its evaluation."""

    def __init__(self, known: list[Any]) -> None:
        self._known = known

    def value(self, path: tuple[str, ...], /) -> Any:
        """Return an operand by its position."""
        return self._known[int(path[0])]


def _always(value: Any) -> Reading:
    return lambda _values: value


def _strict(operand: Reading, scale: int) -> Reading:
    def read(values: Values) -> Any:
        value = operand(values)
        if value is UNKNOWN or value is None:
            return value
        try:
            return rescaled(value, scale)
        except FormulaValueError:
            return UNKNOWN

    return read


def _with_operands(node: Unary | Binary | Call | In, placed: list[Any]) -> Node:
    match node:
        case Unary():
            return Unary(node.operator, placed[0], node.type)
        case Binary():
            return Binary(node.operator, placed[0], placed[1], node.type)
        case Call():
            return Call(node.function, tuple(placed), node.type)
        case In():
            return In(placed[0], tuple(placed[1:]), node.negated, node.type)
