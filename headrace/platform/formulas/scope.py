"""What a formula may name; the layer above implements it over the catalog."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from headrace.platform.formulas.types import Type


@dataclass(frozen=True, slots=True)
class ResolvedField:
    """A field that a name leads to: the ids of the lookups on the way and its own, and its type."""

    path: tuple[str, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class NamedParameter:
    """What a named expression is given; a number is brought to the scale of its type."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class NamedExpression:
    """A formula with parameters that other formulas call by its name."""

    name: str
    parameters: tuple[NamedParameter, ...]
    source: str

    @property
    def signature(self) -> str:
        """The call as people write it."""
        return f"{self.name}({', '.join(one.name for one in self.parameters)})"


class Scope(Protocol):
    """The names that are known for the rows of one object."""

    @property
    def object_id(self) -> str:
        """The id of the object."""
        ...

    def resolve(self, names: tuple[str, ...], /) -> ResolvedField | None:
        """Return the field of a dotted name; `("id",)` is the row's own id."""
        ...

    def constant(self, name: str, /) -> Type | None:
        """Return the type of a workspace constant."""
        ...

    def query_scope(self, object_name: str, /) -> Scope | None:
        """Return the scope of another object that a query may ask."""
        ...

    def calendar(self, name: str, /) -> str | None:
        """Return a working calendar in the form in which formulas hold it."""
        ...

    def named(self, name: str, /) -> NamedExpression | None:
        """Return a named expression."""
        ...

    def named_expressions(self) -> Iterable[str]:
        """Return the names of all named expressions."""
        ...

    def suggestions(self) -> Iterable[str]:
        """Return the names to choose from when one is not known."""
        ...
