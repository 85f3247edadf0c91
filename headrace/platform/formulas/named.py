"""Named expressions: formulas with parameters that others call by name; a call is replaced by what it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from headrace.platform.formulas.scope import NamedExpression, ResolvedField, Scope
from headrace.platform.formulas.tree import FieldRef, Node, Span, rebuilt
from headrace.platform.formulas.types import Type


@dataclass(frozen=True, slots=True)
class BodyScope:
    """What the body of a named expression can name: no record, but constants, other objects and names."""

    around: Scope
    given: Mapping[str, Node]

    @property
    def object_id(self) -> str:
        """The id of the object whose formula is analysed."""
        return self.around.object_id

    def resolve(self, _names: tuple[str, ...], /) -> ResolvedField | None:
        """Return None: a body has no record of its own."""
        return None

    def constant(self, name: str, /) -> Type | None:
        """Return the type of a workspace constant."""
        return self.around.constant(name)

    def query_scope(self, object_name: str, /) -> Scope | None:
        """Return the scope of an object that a query may ask."""
        return self.around.query_scope(object_name)

    def calendar(self, name: str, /) -> str | None:
        """Return a working calendar in the form in which formulas hold it."""
        return self.around.calendar(name)

    def named(self, name: str, /) -> NamedExpression | None:
        """Return another named expression."""
        return self.around.named(name)

    def named_expressions(self) -> Iterable[str]:
        """Return the names of all named expressions."""
        return self.around.named_expressions()

    def suggestions(self) -> Iterable[str]:
        """Return the names to choose from when one is not known."""
        return self.given


def placeholders(expression: NamedExpression) -> dict[str, Node]:
    """Return a field for each parameter, with which the body can be checked by itself."""
    return {
        one.name: FieldRef((f"${one.name}",), (one.name,), one.type)
        for one in expression.parameters
    }


def seen_from_query(node: Node) -> Node:
    """Return an argument as the condition of a query sees it: its fields are those of the asking record."""
    return rebuilt(node, lambda one: replace(one, outer=True) if isinstance(one, FieldRef) else one)


def at(node: Node, span: Span) -> Node:
    """Return a tree that stands at one place of the source, that of the call which it replaces."""
    return rebuilt(node, lambda one: replace(one, span=span))
