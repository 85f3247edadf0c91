"""What formulas ask other records, answered over rows that were read for who asks: no SQL of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

from headrace.platform.core.problems import Text
from headrace.platform.formulas.decimals import checked
from headrace.platform.formulas.environment import Environment
from headrace.platform.formulas.python import compile_python, holds
from headrace.platform.formulas.tree import FieldRef, Literal, Node, Query, Value, rebuilt
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.metadata.definitions.objects import BestMatchDef

TOO_MANY: Final = Text(
    "It asks more records than are read here; after publishing it is computed over all of them.",
    "查询的记录过多，此处不读取；发布后会对全部记录计算。",
)
NOT_HERE: Final = Text(
    "It can be told only after publishing: it asks what is not live yet.",
    "发布后才能得出：所查询的内容尚未生效。",
)


class UnknowableError(Exception):
    """A formula asks what only live definitions could tell; `reason` says what."""

    def __init__(self, reason: Text = NOT_HERE) -> None:
        super().__init__(reason.en)
        self.reason = reason


def bound(where: Node, asking: Environment) -> Node:
    """Return the condition of a query with the values of the record that asks put in."""

    def put_in(node: Node) -> Node:
        if isinstance(node, FieldRef) and node.outer:
            return Literal(asking.value(node.path), node.type, node.span)
        return node

    return rebuilt(where, put_in)


def answer(query: Query, rows: Iterable[Environment], where: Node | None) -> Value:
    """Return the answer to a query over rows; of them those count for which `where` is true."""
    test = None if where is None else compile_python(where)
    fitting = (row for row in rows if test is None or holds(test(row)))
    if query.function == "EXISTS":
        return next(fitting, None) is not None
    found = list(fitting)
    if query.function == "COUNT":
        return Decimal(len(found))
    for order in reversed(query.order_by):
        _sort(found, order.field.path, falling=order.descending)
    if query.function == "FIRST":
        return next((_value(query, row) for row in found), None)
    if query.function == "SUM":
        amounts = (_value(query, row) for row in found)
        total = sum((one for one in amounts if isinstance(one, Decimal)), Decimal(0))
        return checked(total, query.type.scale if query.type.kind is Kind.NUMBER else 0)
    if not query.more:
        return tuple(_value(query, row) for row in found)
    more = [one.path for one in query.more]
    return tuple((_value(query, row), *(row.value(path) for path in more)) for row in found)


def counts_at(row: Environment, definition: BestMatchDef, at: Value) -> bool:
    """Say whether a row counts at a day or instant, its end included; what is empty is open."""
    if at is None:
        return definition.from_ is None and definition.to is None
    start, end = (_named(row, one) for one in (definition.from_, definition.to))
    return (start is None or start <= at) and (end is None or end >= at)


def best(
    query: Query,
    model: ObjectModel,
    rows: Iterable[Environment],
    depth: Callable[[str, str], int],
) -> Value:
    """Return the answer to BEST over the rows that fit; `depth` says how deep a record of a tree stands.

    Ranked as publishing ranks them: priority, keys filled, depth of keys in trees, later beginning, id.
    """
    definition = model.definition.best_match
    if definition is None:
        raise UnknowableError
    found = list(rows)

    def deep(row: Environment) -> int:
        fields = ((model.fields[name], _named(row, name)) for name in definition.keys)
        known = ((one.target, key) for one, key in fields if key is not None)
        return sum(depth(target, str(key)) for target, key in known if target is not None)

    def filled(row: Environment) -> int:
        return sum(_named(row, name) is not None for name in definition.keys)

    found.sort(key=lambda row: str(getattr(row, "id", "")))
    if definition.from_ is not None:
        _sort(found, (model.fields[definition.from_].id,), falling=True)
    found.sort(key=lambda row: (filled(row), deep(row)), reverse=True)
    if definition.priority is not None:
        _sort(found, (model.fields[definition.priority].id,), falling=True)
    return _value(query, found[0]) if found else None


def _named(row: Environment, name: str | None) -> Any:
    model: ObjectModel | None = getattr(row, "model", None)
    return None if name is None or model is None else row.value((model.fields[name].id,))


def _value(query: Query, row: Environment) -> Any:
    if query.field is not None:
        return row.value(query.field.path)
    return getattr(row, "id", None)


def _sort(rows: list[Environment], path: tuple[str, ...], *, falling: bool) -> None:
    """Sort by one key; rows without a value come last either way."""
    keyed: list[tuple[Any, Environment]] = [(row.value(path), row) for row in rows]
    known = [one for one in keyed if one[0] is not None]
    known.sort(key=lambda one: one[0], reverse=falling)
    rows[:] = [*(row for _, row in known), *(row for value, row in keyed if value is None)]
