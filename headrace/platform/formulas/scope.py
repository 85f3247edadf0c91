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

    def suggestions(self) -> Iterable[str]:
        """Return the names to choose from when one is not known."""
        ...
