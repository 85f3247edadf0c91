"""The typed tree of a formula: what is stored, evaluated in Python and in the browser, and compiled to SQL.

Fields are held by id, so a rename leaves a tree as it is. `to_json` and `from_json` are inverse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias
from typing import Literal as OneOf

from headrace.platform.formulas.types import Kind, Type

Span: TypeAlias = tuple[int, int]
"""First character and the one behind the last, in the source."""

Value: TypeAlias = Decimal | str | bool | date | datetime | tuple[Any, ...] | None
"""A value in Python; a tuple comes only from a LIST query."""

QueryFunction: TypeAlias = OneOf["FIRST", "BEST", "EXISTS", "COUNT", "SUM", "LIST"]
UnaryOperator: TypeAlias = OneOf["-", "NOT", "IS NULL", "IS NOT NULL"]
BinaryOperator: TypeAlias = OneOf[
    "+", "-", "*", "/", "%", "=", "!=", "<", "<=", ">", ">=", "AND", "OR"
]

COMPARISONS: Final = frozenset(("=", "!=", "<", "<=", ">", ">="))
ARITHMETIC: Final = frozenset("+-*/%")


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written out; a number has as many digits after the point as its type says."""

    value: Value
    type: Type
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A field of the record, or of one reached over lookups.

    `outer` marks `this.x` inside a query: a field of the record that the formula is about, not of the
    rows that the query goes through.
    """

    path: tuple[str, ...]
    names: tuple[str, ...]
    type: Type
    outer: bool = False
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class ConstantRef:
    """A workspace constant."""

    name: str
    type: Type
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Convert:
    """A conversion that the analysis put in: a number to another scale, an instant to its day.

    And in the field of a target: a polymorphic reference to the id of its record.
    """

    operand: Node
    type: Type
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Unary:
    """An operator with one operand."""

    operator: UnaryOperator
    operand: Node
    type: Type
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator with two operands."""

    operator: BinaryOperator
    left: Node
    right: Node
    type: Type
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a registered function; omitted arguments are filled in."""

    function: str
    args: tuple[Node, ...]
    type: Type
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class In:
    """Membership in a list of expressions, or in the one LIST query that `items` then holds."""

    operand: Node
    items: tuple[Node, ...]
    negated: bool
    type: Type
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Branch:
    """A condition of a `Case` and what holds when it is the first true one."""

    condition: Node
    result: Node


@dataclass(frozen=True, slots=True)
class Case:
    """The result of the first branch whose condition is true; later ones are not evaluated."""

    branches: tuple[Branch, ...]
    otherwise: Node
    type: Type
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Order:
    """One key by which a query sorts; nulls come last either way."""

    field: FieldRef
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A question to another object, answered on the server.

    `object` is the object's id and `name` its API name; `field` is missing for EXISTS, COUNT and a
    LIST of the rows themselves. The type of a LIST is that of its items.
    """

    function: QueryFunction
    object: str
    name: str
    field: FieldRef | None
    where: Node | None
    order_by: tuple[Order, ...]
    type: Type
    span: Span = (0, 0)
    more: tuple[FieldRef, ...] = ()
    """Further fields of a LIST, whose items are then rows."""
    matches: tuple[Node, ...] = ()
    """What BEST compares: equalities of a field of the rows with a value; an empty field fits all."""
    at: Node | None = None
    """The day or instant for which BEST looks."""


Node: TypeAlias = (
    Literal | FieldRef | ConstantRef | Convert | Unary | Binary | Call | In | Case | Query
)


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes directly below `node`, in the order of the source."""
    match node:
        case Convert() | Unary():
            return (node.operand,)
        case Binary():
            return (node.left, node.right)
        case Call():
            return node.args
        case In():
            return (node.operand, *node.items)
        case Case():
            pairs = (part for b in node.branches for part in (b.condition, b.result))
            return (*pairs, node.otherwise)
        case Query():
            head = () if node.field is None else (node.field,)
            where = () if node.where is None else (node.where,)
            at = () if node.at is None else (node.at,)
            keys = (order.field for order in node.order_by)
            return (*head, *node.more, *node.matches, *at, *where, *keys)
        case _:
            return ()


def rebuilt(node: Node, change: Callable[[Node], Node]) -> Node:
    """Return a tree with every node replaced by what `change` gives for it, from the leaves up."""

    def again(one: Any) -> Any:
        return rebuilt(one, change)

    match node:
        case Convert() | Unary():
            node = replace(node, operand=again(node.operand))
        case Binary():
            node = replace(node, left=again(node.left), right=again(node.right))
        case Call():
            node = replace(node, args=tuple(map(again, node.args)))
        case In():
            node = replace(node, operand=again(node.operand), items=tuple(map(again, node.items)))
        case Case():
            branches = tuple(Branch(again(b.condition), again(b.result)) for b in node.branches)
            node = replace(node, branches=branches, otherwise=again(node.otherwise))
        case Query():
            node = replace(
                node,
                field=None if node.field is None else again(node.field),
                where=None if node.where is None else again(node.where),
                order_by=tuple(replace(one, field=again(one.field)) for one in node.order_by),
                more=tuple(map(again, node.more)),
                matches=tuple(map(again, node.matches)),
                at=None if node.at is None else again(node.at),
            )
    return change(node)


def walk(node: Node) -> Iterator[Node]:
    """Yield `node` and everything below it."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(children(current)))


def depth(node: Node) -> int:
    """Return the number of levels of the tree; a chain of AND (or of OR) is one level."""
    deepest = 0
    pending = [(node, 1)]
    while pending:
        current, level = pending.pop()
        deepest = max(deepest, level)
        pending.extend(
            (child, level if is_joined(current, child) else level + 1)
            for child in children(current)
        )
    return deepest


def is_joined(parent: Node, child: Node) -> bool:
    """Say whether a node is part of the chain of AND (or of OR) that its parent belongs to."""
    return (
        isinstance(parent, Binary)
        and isinstance(child, Binary)
        and parent.operator in ("AND", "OR")
        and parent.operator == child.operator
    )


# --- the stored form -------------------------------------------------------------------------------


def to_json(node: Node) -> dict[str, Any]:
    """Return the stored form of a tree; the browser evaluates the same."""
    result: dict[str, Any] = {"node": NODE_NAMES[type(node)], "type": node.type.to_json()}
    result.update(_details(node))
    result["span"] = list(node.span)
    return result


def from_json(data: Mapping[str, Any]) -> Node:
    """Read a tree that `to_json` wrote."""
    return _READERS[data["node"]](
        data, Type.from_json(data["type"]), (data["span"][0], data["span"][1])
    )


def instant_text(instant: datetime) -> str:
    """Return an instant as `YYYY-MM-DDTHH:MM:SS.ffffffZ`, which sorts like the instant."""
    moved = instant.astimezone(UTC)
    return moved.strftime("%Y").rjust(4, "0") + moved.strftime("-%m-%dT%H:%M:%S.%fZ")


def value_to_json(value: Value) -> Any:
    """Return the JSON form of a value: decimals, days and instants as text."""
    match value:
        case datetime():
            return instant_text(value)
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case tuple():
            return [value_to_json(item) for item in value]
        case _:
            return value


def value_from_json(data: Any, kind: Kind) -> Value:
    """Read the JSON form of one value of `kind`."""
    if data is None:
        return None
    match kind:
        case Kind.NUMBER:
            return Decimal(data)
        case Kind.DATE:
            return date.fromisoformat(data)
        case Kind.DATETIME:
            return datetime.fromisoformat(data)
        case Kind.BOOLEAN:
            return bool(data)
        case _:
            return str(data)


def _details(node: Node) -> dict[str, Any]:
    match node:
        case Literal():
            return {"value": value_to_json(node.value)}
        case FieldRef():
            return {"path": list(node.path), "names": list(node.names), "outer": node.outer}
        case ConstantRef():
            return {"name": node.name}
        case Convert():
            return {"operand": to_json(node.operand)}
        case Unary():
            return {"operator": node.operator, "operand": to_json(node.operand)}
        case Binary():
            return {
                "operator": node.operator,
                "left": to_json(node.left),
                "right": to_json(node.right),
            }
        case Call():
            return {"function": node.function, "args": [to_json(arg) for arg in node.args]}
        case In():
            items = [to_json(item) for item in node.items]
            return {"operand": to_json(node.operand), "items": items, "negated": node.negated}
        case Case():
            return _case_details(node)
        case Query():
            return _query_details(node)


def _case_details(node: Case) -> dict[str, Any]:
    return {
        "branches": [
            {"condition": to_json(branch.condition), "result": to_json(branch.result)}
            for branch in node.branches
        ],
        "otherwise": to_json(node.otherwise),
    }


def _query_details(node: Query) -> dict[str, Any]:
    return {
        "function": node.function,
        "object": node.object,
        "name": node.name,
        "field": None if node.field is None else to_json(node.field),
        "where": None if node.where is None else to_json(node.where),
        "order_by": [
            {"field": to_json(order.field), "descending": order.descending}
            for order in node.order_by
        ],
        **({"more": [to_json(one) for one in node.more]} if node.more else {}),
        **({"matches": [to_json(one) for one in node.matches]} if node.matches else {}),
        **({} if node.at is None else {"at": to_json(node.at)}),
    }


def _read_field(data: Mapping[str, Any], kind: Type, span: Span) -> FieldRef:
    return FieldRef(tuple(data["path"]), tuple(data["names"]), kind, data["outer"], span)


def _field_from_json(data: Mapping[str, Any]) -> FieldRef:
    return _read_field(data, Type.from_json(data["type"]), (data["span"][0], data["span"][1]))


def _all_from_json(items: list[Mapping[str, Any]]) -> tuple[Node, ...]:
    return tuple(from_json(item) for item in items)


def _read_case(data: Mapping[str, Any], kind: Type, span: Span) -> Case:
    branches = tuple(
        Branch(from_json(branch["condition"]), from_json(branch["result"]))
        for branch in data["branches"]
    )
    return Case(branches, from_json(data["otherwise"]), kind, span)


def _read_query(data: Mapping[str, Any], kind: Type, span: Span) -> Query:
    order_by = tuple(
        Order(_field_from_json(order["field"]), order["descending"]) for order in data["order_by"]
    )
    return Query(
        data["function"],
        data["object"],
        data["name"],
        None if data["field"] is None else _field_from_json(data["field"]),
        None if data["where"] is None else from_json(data["where"]),
        order_by,
        kind,
        span,
        tuple(_field_from_json(one) for one in data.get("more", ())),
        tuple(from_json(one) for one in data.get("matches", ())),
        from_json(data["at"]) if "at" in data else None,
    )


NODE_NAMES: Final[dict[type[Node], str]] = {
    Literal: "literal",
    FieldRef: "field",
    ConstantRef: "constant",
    Convert: "convert",
    Unary: "unary",
    Binary: "binary",
    Call: "call",
    In: "in",
    Case: "case",
    Query: "query",
}

_READERS: Final[dict[str, Callable[[Mapping[str, Any], Type, Span], Node]]] = {
    "literal": lambda d, t, s: Literal(value_from_json(d["value"], t.kind), t, s),
    "field": _read_field,
    "constant": lambda d, t, s: ConstantRef(d["name"], t, s),
    "convert": lambda d, t, s: Convert(from_json(d["operand"]), t, s),
    "unary": lambda d, t, s: Unary(d["operator"], from_json(d["operand"]), t, s),
    "binary": lambda d, t, s: Binary(
        d["operator"], from_json(d["left"]), from_json(d["right"]), t, s
    ),
    "call": lambda d, t, s: Call(d["function"], _all_from_json(d["args"]), t, s),
    "in": lambda d, t, s: In(
        from_json(d["operand"]), _all_from_json(d["items"]), d["negated"], t, s
    ),
    "case": _read_case,
    "query": _read_query,
}
