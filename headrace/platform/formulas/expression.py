"""An analysed formula: source, typed tree, and what it depends on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from headrace.platform.core.registry import Registry
from headrace.platform.formulas.functions import FUNCTIONS
from headrace.platform.formulas.functions.base import EVERYWHERE, Engine, Function
from headrace.platform.formulas.tree import (
    Call,
    ConstantRef,
    FieldRef,
    Node,
    Query,
    children,
    from_json,
    to_json,
    walk,
)
from headrace.platform.formulas.types import Type


@dataclass(frozen=True, slots=True)
class Expression:
    """A formula that was accepted."""

    source: str
    tree: Node
    named: frozenset[str] = frozenset()
    """The named expressions that it calls, those that they call included."""

    @property
    def type(self) -> Type:
        """The type of the result; of a LIST query that of its items."""
        return self.tree.type

    def references(self) -> frozenset[tuple[str, ...]]:
        """Return the paths of field ids of the record itself that the result depends on."""
        return frozenset(field.path for field in _own_fields(self.tree))

    def constants(self) -> frozenset[str]:
        """Return the names of the workspace constants used."""
        return frozenset(n.name for n in walk(self.tree) if isinstance(n, ConstantRef))

    @property
    def queries(self) -> tuple[Query, ...]:
        """The questions to other objects."""
        return tuple(node for node in walk(self.tree) if isinstance(node, Query))

    @property
    def uses_clock(self) -> bool:
        """Whether the result depends on the present time."""
        return self._uses("clock")

    @property
    def uses_user(self) -> bool:
        """Whether the result depends on who asks."""
        return self._uses("user")

    @property
    def uses_old(self) -> bool:
        """Whether the result depends on the record before the change."""
        return self._uses("old")

    def engines(self, functions: Registry[Function] = FUNCTIONS) -> frozenset[Engine]:
        """Return where the formula can be computed."""
        return engines(self.tree, functions)

    def to_json(self) -> dict[str, Any]:
        """Return the stored form."""
        stored = {"source": self.source, "tree": to_json(self.tree)}
        return {**stored, "named": sorted(self.named)} if self.named else stored

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Expression:
        """Read what `to_json` wrote."""
        return cls(data["source"], from_json(data["tree"]), frozenset(data.get("named", ())))

    def _uses(self, what: str) -> bool:
        return any(
            isinstance(node, Call)
            and node.function in FUNCTIONS
            and what in FUNCTIONS[node.function].uses
            for node in walk(self.tree)
        )


def engines(tree: Node, functions: Registry[Function] = FUNCTIONS) -> frozenset[Engine]:
    """Return the engines that can compute `tree`."""
    found = EVERYWHERE
    for node in walk(tree):
        if isinstance(node, Call):
            found &= functions[node.function].engines
        elif isinstance(node, Query):
            found &= {"python"}
    return found


def query_references(query: Query) -> frozenset[tuple[str, ...]]:
    """Return the paths of field ids of the rows that `query` goes through."""
    return frozenset(
        node.path for node in walk(query) if isinstance(node, FieldRef) and not node.outer
    )


def _own_fields(node: Node, *, inside_query: bool = False) -> Iterator[FieldRef]:
    if isinstance(node, FieldRef):
        if node.outer or not inside_query:
            yield node
        return
    inside = inside_query or isinstance(node, Query)
    for child in children(node):
        yield from _own_fields(child, inside_query=inside)
