"""Typed tree → text, so that a stored formula can be shown with the names that its fields have now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Final

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
    value_to_json,
)

Namer = Callable[[FieldRef], tuple[str, ...]]

_POWERS: Final = {
    "OR": 1,
    "AND": 2,
    "NOT": 3,
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">=", "IN", "IS NULL", "IS NOT NULL"), 4),
    **dict.fromkeys("+-", 5),
    **dict.fromkeys("*/%", 6),
}
_SIGN: Final = 7
_OPERAND: Final = 8


def stored_names(field: FieldRef) -> tuple[str, ...]:
    """Return the names under which a field was written."""
    return field.names


def to_text(tree: Node, names: Namer = stored_names) -> str:
    """Return source text of `tree`; `names` gives the present API names of a field's path.

    Conversions that the analysis put in are left out, it puts them in again; but for those that take digits away.
    """
    return _Renderer(names).text(tree, 0)


class _Renderer:
    def __init__(self, names: Namer) -> None:
        self.names = names

    def text(self, node: Node, power: int) -> str:
        """Return the text of `node`, in brackets where its operator binds less than `power`."""
        own, text = self.bound(node)
        return f"({text})" if own < power else text

    def bound(self, node: Node) -> tuple[int, str]:
        match node:
            case Convert() if node.operand.type.scale > node.type.scale:
                # The parameter of a named expression has fewer digits than what it was given.
                return _OPERAND, f"ROUND({self.text(node.operand, 0)}, {node.type.scale})"
            case Convert():
                return self.bound(node.operand)
            case Unary():
                return self.unary(node)
            case Binary():
                own = _POWERS[node.operator]
                # Comparisons do not chain; what follows - or / must not be regrouped.
                left = own + 1 if own == _POWERS["="] else own
                right = own if node.operator in ("AND", "OR") else own + 1
                first, second = self.text(node.left, left), self.text(node.right, right)
                return own, f"{first} {node.operator} {second}"
            case In():
                return _POWERS["IN"], self.membership(node)
            case _:
                return _OPERAND, self.operand(node)

    def unary(self, node: Unary) -> tuple[int, str]:
        if node.operator == "-":
            return _SIGN, f"-{self.text(node.operand, _SIGN)}"
        own = _POWERS[node.operator]
        if node.operator == "NOT":
            return own, f"NOT {self.text(node.operand, own)}"
        return own, f"{self.text(node.operand, own + 1)} {node.operator}"

    def membership(self, node: In) -> str:
        word = "NOT IN" if node.negated else "IN"
        items = ", ".join(self.text(item, 0) for item in node.items)
        listed = items if isinstance(node.items[0], Query) else f"({items})"
        return f"{self.text(node.operand, _POWERS['IN'] + 1)} {word} {listed}"

    def operand(self, node: Node) -> str:
        match node:
            case Literal():
                return _literal(node.value)
            case FieldRef():
                names = ".".join(self.names(node))
                return f"this.{names}" if node.outer else names
            case ConstantRef():
                return f"$C.{node.name}"
            case Call():
                return f"{node.function}({', '.join(self.text(arg, 0) for arg in node.args)})"
            case Case():
                return self.case(node)
            case Query():
                return self.query(node)
            case _:
                return self.text(node, 0)

    def case(self, node: Case) -> str:
        branches = " ".join(
            f"WHEN {self.text(branch.condition, 0)} THEN {self.text(branch.result, 0)}"
            for branch in node.branches
        )
        return f"CASE {branches} ELSE {self.text(node.otherwise, 0)} END"

    def query(self, node: Query) -> str:
        field = "" if node.field is None else f".{self.text(node.field, 0)}"
        field += "".join(f", {self.text(one, 0)}" for one in node.more)
        matches = ", ".join(self.text(one, 0) for one in node.matches)
        field += f" FOR {matches}" if matches else ""
        field += "" if node.at is None else f" AT {self.text(node.at, 0)}"
        where = "" if node.where is None else f" WHERE {self.text(node.where, 0)}"
        keys = ", ".join(
            self.text(order.field, 0) + (" DESC" if order.descending else "")
            for order in node.order_by
        )
        order_by = f" ORDER BY {keys}" if keys else ""
        return f"{node.function}({node.name}{field}{where}{order_by})"


def _literal(value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Decimal):
        return f"{value:f}"
    text = value_to_json(value) if isinstance(value, date) else str(value)
    return "'" + text.replace("'", "''") + "'"
