"""A record as it is supposed to be: some values in place of those it has, somebody else who acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, Literal

from headrace.platform.access.principals import Principal
from headrace.platform.core.errors import ConflictError
from headrace.platform.formulas.environment import Environment
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.messages import FormulaValueError
from headrace.platform.formulas.tree import FieldRef, Node, Query, Value, children
from headrace.platform.metadata.catalog import Catalog, FieldModel
from headrace.platform.workflow.pinned import evaluator

Truth = Literal["yes", "no", "empty", "unknown"]
"""Whether a condition holds; `empty` where a value that it needs is missing, which is not yes."""

Path = tuple[str, ...]


class UnknownValueError(LookupError):
    """A value that cannot be told."""


class Supposed:
    """An environment of formulas over another one, with some of its answers replaced.

    `values` are by field id and hold for the record itself; a formula that reads them is computed
    anew. Constants and formulas are those of `definitions`; `user` is who acts.
    """

    def __init__(
        self,
        inner: Environment,
        definitions: Catalog,
        user: Principal,
        values: Mapping[str, Value],
        fields: Mapping[str, FieldModel],
    ) -> None:
        self._inner = inner
        self._definitions = definitions
        self._user = user
        self._values = values
        self._fields = fields

    @property
    def today(self) -> date:
        """The day of the record."""
        return self._inner.today

    @property
    def now(self) -> datetime:
        """The instant of the record."""
        return self._inner.now

    @property
    def zone(self) -> tzinfo:
        """The workspace's zone."""
        return self._inner.zone

    @property
    def user(self) -> str | None:
        """Who acts."""
        return self._user.user_id

    @property
    def organisation(self) -> str | None:
        """The organisation of who acts."""
        return self._user.organisation

    def value(self, path: Path, /) -> Value:
        """Return a value as supposed, else as it is; raise LookupError where it cannot be told."""
        if path[0] in self._values:
            if len(path) == 1:
                return self._values[path[0]]
            raise UnknownValueError(path)
        field = self._fields.get(path[0])
        if len(path) == 1 and field is not None and field.expression is not None:
            read = {one[0] for one in field.expression.references()}
            if self._depends(read):
                return evaluator(field.expression)(self)
        return self._inner.value(path)

    def outer(self, path: Path, /) -> Value:
        """Return a value of the record that a query is asked for."""
        return self.value(path)

    def old(self, path: Path, /) -> Value:
        """Return a value before the change."""
        return self._inner.old(path)

    def constant(self, name: str, /) -> Value:
        """Return a constant of the definitions that are tried."""
        return self._definitions.constants[name].value

    def has_role(self, name: str, /) -> bool:
        """Say whether who acts holds a role."""
        return self._user.holds(name)

    def in_subtree(self, node: str, root: str, /) -> bool:
        """Say whether a node is below another."""
        return self._inner.in_subtree(node, root)

    def run_query(self, query: Query, environment: Environment, /) -> Value:
        """Ask other records as they are now."""
        return self._inner.run_query(query, environment)

    def _depends(self, ids: set[str]) -> bool:
        if ids & self._values.keys():
            return True
        made = (self._fields[one].expression for one in ids if one in self._fields)
        return any(
            self._depends({path[0] for path in one.references()}) for one in made if one is not None
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """A condition with its truth, and the values that it was judged by (path of ids, name, value).

    A value that could not be told is missing.
    """

    source: str
    truth: Truth
    values: tuple[tuple[Path, str, Value], ...] = ()

    @property
    def holds(self) -> bool:
        """Whether it is certainly true."""
        return self.truth == "yes"


def judged(condition: Expression | None, environment: Environment) -> Judged | None:
    """Return what becomes of a condition; None where there is none."""
    if condition is None:
        return None
    try:
        value: Any = evaluator(condition)(environment)
        truth: Truth = "empty" if value is None else "yes" if value is True else "no"
    except (LookupError, ConflictError, FormulaValueError):
        truth = "unknown"
    told = dict[Path, tuple[str, Value]]()
    for reference in _read(condition.tree):
        try:
            told[reference.path] = (".".join(reference.names), environment.value(reference.path))
        except (LookupError, ConflictError, FormulaValueError):
            continue
    values = tuple((path, name, value) for path, (name, value) in told.items())
    return Judged(condition.source, truth, values)


def _read(node: Node) -> list[FieldRef]:
    """Return the fields of the record that a formula reads, those within queries left out."""
    if isinstance(node, Query):
        return []
    own = [node] if isinstance(node, FieldRef) and not node.outer else []
    return [*own, *(one for child in children(node) for one in _read(child))]
