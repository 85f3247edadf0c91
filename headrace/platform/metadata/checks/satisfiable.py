"""A small decision procedure that says whether a condition can ever be true, or ever false.

A condition is brought into a list of cases (a disjunction of conjunctions); each case speaks of
fields one at a time, as a field compared with written values. What it cannot read (functions, two
fields compared, queries) may be anything. So "no" is certain, and "yes" is said only where every
part was understood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.functions import FUNCTIONS
from headrace.platform.formulas.messages import FormulaValueError
from headrace.platform.formulas.python import compile_python
from headrace.platform.formulas.tree import (
    COMPARISONS,
    Binary,
    Call,
    ConstantRef,
    Convert,
    FieldRef,
    In,
    Node,
    Query,
    Unary,
    walk,
)
from headrace.platform.formulas.types import Kind

MAX_CASES: Final = 200
_TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
_NEGATED: Final = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


class Answer(Enum):
    """What is known: certainly not, certainly, or neither."""

    NO = "no"
    MAYBE = "maybe"
    YES = "yes"


@dataclass(frozen=True, slots=True)
class Domain:
    """The values that a field can have besides null, as far as its definition says.

    `values` where they are a list; `least` and `most` of a number; `scale` where it has steps.
    """

    values: frozenset[Any] | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    scale: int | None = None
    never_null: bool = False


DomainOf = Callable[[FieldRef], Domain]


@dataclass(frozen=True, slots=True)
class _Fact:
    """A field compared with a written value, or asked whether it is null."""

    path: tuple[Any, ...]
    reference: FieldRef
    operator: str
    value: Any


_Case = tuple[_Fact | None, ...]
"""What must hold together; None stands for a part that was not understood."""


class _TooManyError(Exception):
    """More cases than are looked at."""


def can_be(wanted: bool, conditions: Iterable[Expression | None], domain_of: DomainOf) -> Answer:  # noqa: FBT001 - the value asked for
    """Say whether all `conditions` (None is true) can have the value `wanted` in one record."""
    try:
        cases: list[_Case] = [()]
        for condition in conditions:
            if condition is not None:
                cases = _together(cases, list(_cases(condition.tree, wanted)))
            elif not wanted:
                return Answer.NO
    except _TooManyError:
        return Answer.MAYBE
    answer = Answer.NO
    for case in cases:
        facts = [one for one in case if one is not None]
        if not _fits(facts, domain_of):
            continue
        if len(facts) == len(case):
            return Answer.YES
        answer = Answer.MAYBE
    return answer


def is_always(condition: Expression, domain_of: DomainOf) -> bool:
    """Say whether a condition is certainly true in every record, null not being true."""
    if can_be(False, [condition], domain_of) is not Answer.NO:
        return False
    asked = {
        id(one.operand)
        for one in walk(condition.tree)
        if isinstance(one, Unary) and one.operator in {"IS NULL", "IS NOT NULL"}
    }
    return all(
        domain_of(one).never_null
        for one in walk(condition.tree)
        if isinstance(one, FieldRef) and id(one) not in asked
    ) and not any(isinstance(one, (Call, Query, ConstantRef)) for one in walk(condition.tree))


def constant_value(tree: Node) -> tuple[bool, Any]:
    """Return whether a tree is made of written values alone, and then its value."""
    for node in walk(tree):
        if isinstance(node, (FieldRef, ConstantRef, Query)):
            return False, None
        if isinstance(node, Call) and (node.function not in FUNCTIONS or _is_live(node)):
            return False, None
    try:
        return True, compile_python(tree)(None)  # type: ignore[arg-type]  # asks the environment nothing
    except FormulaValueError:
        return False, None


def _is_live(node: Call) -> bool:
    return bool(FUNCTIONS[node.function].uses)


# -- cases -----------------------------------------------------------------------------------------


def _together(first: list[_Case], second: list[_Case]) -> list[_Case]:
    if len(first) * len(second) > MAX_CASES:
        raise _TooManyError
    return [(*one, *other) for one in first for other in second]


def _cases(node: Node, wanted: bool) -> list[_Case]:  # noqa: FBT001 - the value asked for
    """Return the cases in which a node has the value `wanted` (and is not null)."""
    known, value = constant_value(node)
    if known:
        return [()] if value is wanted else []
    match node:
        case Unary(operator="NOT"):
            return _cases(node.operand, not wanted)
        case Binary(operator="AND" | "OR"):
            left, right = _cases(node.left, wanted), _cases(node.right, wanted)
            if (node.operator == "AND") is wanted:
                return _together(left, right)
            if len(left) + len(right) > MAX_CASES:
                raise _TooManyError
            return [*left, *right]
        case _:
            return list(_atom(node, wanted))


def _atom(node: Node, wanted: bool) -> Iterator[_Case]:  # noqa: FBT001 - the value asked for
    match node:
        case Unary(operator="IS NULL" | "IS NOT NULL", operand=FieldRef() as reference):
            is_null = (node.operator == "IS NULL") is wanted
            yield (_Fact(_path(reference), reference, "null" if is_null else "value", None),)
        case FieldRef():
            yield (_Fact(_path(node), node, "=", wanted),)
        case In(operand=operand, items=items):
            yield from _membership(operand, items, negated=node.negated is wanted)
        case Binary(operator=operator) if operator in COMPARISONS:
            yield (_comparison(node, wanted),)
        case _:
            yield (None,)


def _membership(operand: Node, items: tuple[Node, ...], *, negated: bool) -> Iterator[_Case]:
    reference = _plain(operand)
    values = [constant_value(item) for item in items]
    if reference is None or not all(known for known, _ in values):
        yield (None,)
        return
    facts = tuple(
        _Fact(_path(reference), reference, "!=" if negated else "=", value) for _, value in values
    )
    if negated:
        yield facts
    else:
        yield from ((fact,) for fact in facts)


def _comparison(node: Binary, wanted: bool) -> _Fact | None:  # noqa: FBT001 - the value asked for
    operator: str = node.operator
    reference, other = _plain(node.left), node.right
    if reference is None:
        reference, other, operator = _plain(node.right), node.left, _TURNED[operator]
    if reference is None:
        return None
    known, value = constant_value(other)
    if not known or value is None:
        return None
    return _Fact(_path(reference), reference, operator if wanted else _NEGATED[operator], value)


def _plain(node: Node) -> FieldRef | None:
    """Return the field that a node is, conversions of numbers to more digits taken off."""
    while isinstance(node, Convert):
        inner = node.operand
        numbers = node.type.kind is Kind.NUMBER and inner.type.kind is Kind.NUMBER
        if not numbers or node.type.scale < inner.type.scale:
            return None
        node = inner
    return node if isinstance(node, FieldRef) else None


def _path(reference: FieldRef) -> tuple[Any, ...]:
    return (reference.outer, *reference.path)


# -- facts about one field ---------------------------------------------------------------------------


def _fits(facts: list[_Fact], domain_of: DomainOf) -> bool:
    """Say whether the facts can hold together; False is certain."""
    by_path: dict[tuple[Any, ...], list[_Fact]] = {}
    for fact in facts:
        by_path.setdefault(fact.path, []).append(fact)
    return all(_Values(domain_of(some[0].reference)).take(some) for some in by_path.values())


@dataclass
class _Values:
    """What is left of the values of a field."""

    domain: Domain
    least: Any = None
    most: Any = None
    least_open: bool = False
    most_open: bool = False
    equal: set[Any] | None = None
    unequal: set[Any] = field(default_factory=set)
    is_null: bool = False
    has_value: bool = False

    def take(self, facts: list[_Fact]) -> bool:
        """Take up all facts; return whether a value is left."""
        self.least, self.most = self.domain.least, self.domain.most
        if self.domain.values is not None:
            self.equal = set(self.domain.values)
        for fact in facts:
            self._take(fact.operator, fact.value)
        if self.is_null:
            return not self.has_value and not self.domain.never_null
        return self._has_one_left()

    def _take(self, operator: str, value: Any) -> None:
        if operator == "null":
            self.is_null = True
            return
        self.has_value = True
        match operator:
            case "=":
                self.equal = {value} if self.equal is None else self.equal & {value}
            case "!=":
                self.unequal.add(value)
            case ">" | ">=" if self.least is None or _later(value, self.least, operator == ">"):
                self.least, self.least_open = value, operator == ">"
            case "<" | "<=" if self.most is None or _later(self.most, value, operator == "<"):
                self.most, self.most_open = value, operator == "<"
            case _:
                pass

    def _has_one_left(self) -> bool:
        if self.equal is not None:
            left = (one for one in self.equal - self.unequal if self._within(one))
            return any(True for _ in left)
        if self.least is None or self.most is None or isinstance(self.least, (str, datetime)):
            return True
        if isinstance(self.least, date):
            return bool(self.least < self.most or self._within(self.least))
        return self._has_number_left()

    def _within(self, value: Any) -> bool:
        if isinstance(value, (str, bool)):
            return True  # the order of texts is that of the database
        if isinstance(value, Decimal) and self.domain.scale is not None:
            step = Decimal(1).scaleb(-self.domain.scale)
            if value % step:
                return False
        above = (
            self.least is None
            or value > self.least
            or (value == self.least and not self.least_open)
        )
        below = (
            self.most is None or value < self.most or (value == self.most and not self.most_open)
        )
        return bool(above and below)

    def _has_number_left(self) -> bool:
        step = Decimal(1).scaleb(-(self.domain.scale or 0))
        if self.domain.scale is None:
            return bool(self.least < self.most or self._within(self.least))
        first = (self.least / step).to_integral_value(rounding="ROUND_CEILING") * step
        for _ in range(len(self.unequal) + 2):
            if self._within(first) and first not in self.unequal:
                return True
            if first >= self.most:
                return False
            first += step
        return True


def _later(value: Any, bound: Any, is_open: bool) -> bool:  # noqa: FBT001 - a closed or open end
    if isinstance(value, str):
        return False
    return bool(value > bound or (value == bound and is_open))
