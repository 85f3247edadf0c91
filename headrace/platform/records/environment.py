"""What formulas see of a row that is being written: its values, rows along lookups, the session."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from headrace.platform.formulas.environment import Environment
from headrace.platform.formulas.tree import Query, Value
from headrace.platform.metadata.inputs import is_input

if TYPE_CHECKING:
    from headrace.platform.records.batch import Batch
    from headrace.platform.records.drafts import Row
    from headrace.platform.records.shapes import ObjectShape

NO_INPUTS: Final[Mapping[str, Any]] = MappingProxyType({})


class RowEnvironment:
    """A row of a batch as the `Environment` of formulas; `before` is the stored row, if there is one.

    `enclosing` is the record that `this.` speaks of in the condition of a lookup. `inputs` are what
    somebody entered who pressed a button, by the ids that formulas have for them.
    """

    __slots__ = ("_names", "batch", "before", "enclosing", "inputs", "shape", "values")

    def __init__(
        self,
        batch: Batch,
        shape: ObjectShape,
        values: Row,
        before: Row | None,
        enclosing: Environment | None = None,
    ) -> None:
        self.batch = batch
        self.shape = shape
        self.values = values
        self.before = before
        self.enclosing = enclosing
        self.inputs: Mapping[str, Any] = NO_INPUTS
        self._names = shape.stored_by_id

    @property
    def today(self) -> date:
        """The workspace's day."""
        return self.batch.today

    @property
    def now(self) -> datetime:
        """The workspace's instant."""
        return self.batch.now

    @property
    def zone(self) -> tzinfo:
        """The workspace's zone."""
        return self.batch.context.zone

    @property
    def user(self) -> str | None:
        """The id of the user who writes."""
        return self.batch.context.principal.user_id

    @property
    def organisation(self) -> str | None:
        """The organisation of the user who writes."""
        return self.batch.context.principal.organisation

    def value(self, path: tuple[str, ...], /) -> Value:
        """Return a field of the row, or of one reached over lookups; None where the way ends."""
        if len(path) == 1:
            name = self._names.get(path[0])
            if name is not None:
                return as_value(self.values.get(name))
        return self._follow(self.values, path)

    def outer(self, path: tuple[str, ...], /) -> Value:
        """Return a field of the record that encloses this one."""
        return (self.enclosing or self).value(path)

    def old(self, path: tuple[str, ...], /) -> Value:
        """Return a value before the change; None for a new record."""
        if self.before is None:
            return None
        return self._follow(self.before, path)

    def constant(self, name: str, /) -> Value:
        """Return a workspace constant."""
        return self.batch.context.catalog.constants[name].value

    def has_role(self, name: str, /) -> bool:
        """Say whether the user who writes holds a role."""
        return self.batch.context.principal.holds(name)

    def in_subtree(self, node: str, root: str, /) -> bool:
        """Say whether `node` is `root` or below it in whichever tree holds them."""
        return self.batch.in_subtree(node, root)

    def run_query(self, query: Query, environment: Environment, /) -> Value:
        """Ask other records as the system principal."""
        return self.batch.run_query(self.shape, query, environment)

    def master(self) -> RowEnvironment | None:
        """Return the row that this one is a detail of."""
        name = self.shape.model.master
        found = None if name is None else self.values.get(name)
        if found is None:
            return None
        return self.batch.environment_of(self.shape.master_name, found)

    def _entered(self, name: str) -> Value:
        """Return what was entered; that is known where the record stands that the button is at."""
        around: Environment | None = self
        while isinstance(around, RowEnvironment):
            if name in around.inputs:
                return as_value(around.inputs[name])
            around = around.enclosing
        return None

    def _follow(self, values: Row, path: tuple[str, ...]) -> Value:
        if is_input(path[0]):
            return self._entered(path[0])
        field = self.shape.by_id[path[0]]
        if not field.stored:
            row = (
                self
                if values is self.values
                else RowEnvironment(self.batch, self.shape, values, None)
            )
            if field.computed == "rollup":
                found = self.batch.figure_on_read(self.shape, field.name, row)
            else:
                found = self.shape.evaluator(field.name)(row)
        else:
            found = as_value(values.get(field.name))
        if len(path) == 1:
            return found
        if found is None or field.target is None:
            return None
        next_row = self.batch.environment_of(field.target, str(found))
        return None if next_row is None else next_row.value(path[1:])


def as_value(value: Any) -> Value:
    """Return a whole number as the Decimal that formulas reckon with."""
    if type(value) is int:
        return Decimal(value)
    return value  # type: ignore[no-any-return]  # a Python value of the field's storage
