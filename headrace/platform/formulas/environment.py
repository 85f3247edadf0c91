"""What a formula is evaluated in: the record and its surroundings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, tzinfo
from typing import Protocol, TypeAlias

from headrace.platform.formulas.tree import Query, Value


class Environment(Protocol):
    """The record, its earlier state, the present, the caller and the constants.

    Numbers are Decimal with as many digits after the point as the field's type says, days `date`,
    instants aware `datetime`, references ids; a missing value is None.
    """

    @property
    def today(self) -> date:
        """The workspace's present day in its zone."""
        ...

    @property
    def now(self) -> datetime:
        """The workspace's present instant, aware."""
        ...

    @property
    def zone(self) -> tzinfo:
        """The workspace's time zone."""
        ...

    @property
    def user(self) -> str | None:
        """The id of the user who acts."""
        ...

    @property
    def organisation(self) -> str | None:
        """The id of the organisation that the user belongs to."""
        ...

    def value(self, path: tuple[str, ...], /) -> Value:
        """Return the value of a field of the record, or of one reached over lookups."""
        ...

    def outer(self, path: tuple[str, ...], /) -> Value:
        """Return a field of the record that a query is asked for."""
        ...

    def old(self, path: tuple[str, ...], /) -> Value:
        """Return the value before the change; None for a new record."""
        ...

    def constant(self, name: str, /) -> Value:
        """Return the value of a workspace constant."""
        ...

    def has_role(self, name: str, /) -> bool:
        """Say whether the user holds a role anywhere."""
        ...

    def in_subtree(self, node: str, root: str, /) -> bool:
        """Say whether `node` is `root` or below it in their tree."""
        ...

    def run_query(self, query: Query, environment: Environment, /) -> Value:
        """Answer a query; `environment` gives the values of `this`."""
        ...


Evaluator: TypeAlias = Callable[[Environment], Value]
"""A compiled formula. May raise FormulaOverflowError."""
