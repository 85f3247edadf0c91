"""The contract of an action: it does one thing to a record in hand, within a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Protocol

from headrace.platform.access.principals import Principal
from headrace.platform.core.problems import Problem, Text
from headrace.platform.core.registry import Registry
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.python import compile_python
from headrace.platform.jobs.notifications import Notifications
from headrace.platform.metadata.catalog import ActionModel, Assignment, Catalog, ObjectModel
from headrace.platform.records.computing import stored_value
from headrace.platform.records.context import Context
from headrace.platform.records.environment import RowEnvironment
from headrace.platform.records.history import field_json
from headrace.platform.records.store import RecordStore

Progress = Mapping[str, Any]
"""How far an action is that goes on in further transactions: JSON."""


class Taken(Protocol):
    """What became of a transition."""

    @property
    def run_id(self) -> str | None:
        """The approval that began; None where none did."""
        ...

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What rules tell of the record as it has become."""
        ...


class Transitions(Protocol):
    """What takes transitions: the workflow engine, plugged in by the runtime."""

    def fire(
        self,
        context: Context,
        work: UnitOfWork,
        object_name: str,
        record_id: str,
        transition: str,
        *,
        comment: str | None = None,
        version: int,
    ) -> Taken:
        """Take a transition of a record that is at `version`; an approval that decides it begins."""
        ...


class Sending(Protocol):
    """What takes events for other systems, plugged in by the runtime."""

    def has(self, work: UnitOfWork, endpoint: str) -> bool:
        """Say whether this installation has an endpoint."""
        ...

    def send(
        self,
        context: Context,
        work: UnitOfWork,
        endpoint: str,
        event: str,
        about: tuple[str, str, str],
        data: Mapping[str, Any],
    ) -> str:
        """Write an event about a record, given by object, object's id and id; return its id."""
        ...

    def tell(
        self,
        context: Context,
        work: UnitOfWork,
        endpoint: str,
        event: str,
        about: tuple[str, str, str],
        text: Text,
    ) -> str:
        """Write a text about a record for the people behind an endpoint; return the event's id."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """What actions work with."""

    store: RecordStore
    notifications: Notifications
    transitions: Transitions
    webhooks: Sending
    principal_of: Callable[[str, Catalog], Principal]


class Action(Protocol):
    """An action; `key` is the one that metadata uses."""

    @property
    def key(self) -> str:
        """The name in documents."""
        ...

    def run(
        self, acting: Acting, action: ActionModel, progress: Progress | None
    ) -> Progress | None:
        """Do it; return how far it is where it wants to go on in another transaction.

        Whatever is refused on the way is raised, and the transaction undone.
        """
        ...


@dataclass(frozen=True, slots=True)
class Acting:
    """A record in hand, who acts, and in which transaction.

    `automation` is the name of what acts, `quantities` how much of which rows somebody chose to convert. `environment` shows the record to formulas; `did` collects what was done, for the run's history.
    """

    services: Services
    actions: Registry[Action]
    context: Context
    work: UnitOfWork
    environment: RowEnvironment
    record_id: str
    automation: str = ""
    quantities: Mapping[str, Decimal] | None = None
    did: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    """What rules tell of the records that were written for who acts; the system is told nothing."""

    @property
    def model(self) -> ObjectModel:
        """The object of the record."""
        return self.environment.shape.model

    def value(self, expression: Expression) -> Any:
        """Return the value of a formula over the record."""
        return compile_python(expression.tree)(self.environment)

    def holds(self, condition: Expression | None) -> bool:
        """Say whether a condition is true; one that is missing is."""
        return condition is None or self.value(condition) is True

    def assigned(self, target: str, assignments: Iterable[Assignment]) -> dict[str, Any]:
        """Return what assignments set in a record of `target`, as Python values by field name."""
        shape = self.environment.batch.shapes.of(target)
        return {
            one.field: stored_value(shape, one.field, self.value(one.value)) for one in assignments
        }

    def as_json(self, target: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return values as a request would send them."""
        fields = self.environment.batch.shapes.of(target).fields
        return {
            name: field_json(fields[name], value)
            for name, value in values.items()
            if value is not None
        }

    def note(self, what: str, model: ObjectModel, record_id: str, **more: Any) -> None:
        """Keep what was done with a record."""
        self.did.append({"did": what, "object_id": model.id, "record_id": record_id, **more})

    def warn(self, warnings: Iterable[Problem], *, of_another: bool = False) -> None:
        """Keep what rules tell of a record; places in `of_another` than the one in hand say nothing."""
        if self.context.principal.is_system:
            return
        for one in warnings:
            told = replace(one, path="") if of_another else one
            if told not in self.warnings:
                self.warnings.append(told)

    def on(self, environment: RowEnvironment, record_id: str) -> Acting:
        """Return the same with another record in hand."""
        return replace(self, environment=environment, record_id=record_id)
