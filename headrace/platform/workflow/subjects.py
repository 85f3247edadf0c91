"""The record in hand: its object, its values, and the surroundings in which conditions are asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from headrace.platform.core.errors import NOT_FOUND, ConflictError, NotFoundError
from headrace.platform.core.problems import Problem, Text
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.catalog import (
    ApprovalModel,
    Catalog,
    FieldModel,
    ObjectModel,
    WorkflowModel,
)
from headrace.platform.metadata.storage_types import Dialect
from headrace.platform.records.batch import Batch, Rows
from headrace.platform.records.context import Context
from headrace.platform.records.drafts import Row
from headrace.platform.records.environment import RowEnvironment
from headrace.platform.workflow import messages
from headrace.platform.workflow.pinned import evaluator


@dataclass(frozen=True, slots=True)
class Subject:
    """A live record, read once: conditions over it agree with each other."""

    model: ObjectModel
    workflow: WorkflowModel
    row: Row
    environment: RowEnvironment

    @property
    def id(self) -> str:
        """The id of the record."""
        return str(self.row["id"])

    @property
    def version(self) -> int:
        """The version of the record."""
        return int(self.row["version"])

    @property
    def state(self) -> str:
        """The state that the record is in."""
        return str(self.row[self.state_field])

    @property
    def state_field(self) -> str:
        """The name of the field that holds the state."""
        return str(self.model.state_field)

    @property
    def title(self) -> str:
        """The record's title as text."""
        return str(self.row.get(self.model.title) or self.id)

    def state_label(self) -> Text:
        """Return what people call the present state."""
        definition = self.workflow.states.get(self.state)
        return (definition.label if definition else Text()) or Text(self.state, self.state)

    def wrong_state(self, transition: Text) -> Problem:
        """Return the problem of a transition that does not leave the present state."""
        return messages.WRONG_STATE.at(transition=transition, state=self.state_label())

    def guarded(self, transition: Text, condition: Expression | None) -> Problem:
        """Return the problem of a guard; the condition itself is shown to internal people only."""
        internal = self.environment.batch.context.principal.audience == "internal"
        if condition is None or not internal:
            return messages.GUARD.at(transition=transition)
        return messages.GUARD_SHOWN.at(transition=transition, condition=condition.source)

    def holds(self, condition: Expression | None) -> bool:
        """Say whether a condition is true; one that is missing is, one that is null is not."""
        return condition is None or self.value(condition) is True

    def value(self, expression: Expression) -> Any:
        """Return the value of a formula over the record."""
        try:
            return evaluator(expression)(self.environment)
        except LookupError as error:
            # A pinned formula speaks of something that a later version took away.
            raise ConflictError(messages.DEFINITION_GONE.at(name=expression.source)) from error

    def assigned(self, assignments: Iterable[tuple[str, Expression]]) -> dict[str, Any]:
        """Return the values that assignments (field ids and formulas) give, by field name."""
        names = {field.id: field.name for field in self.model.fields.values()}
        values = {}
        for field_id, expression in assignments:
            if field_id not in names:
                raise ConflictError(messages.DEFINITION_GONE.at(name=field_id))
            values[names[field_id]] = self.value(expression)
        return values


def workflow_of(catalog: Catalog, object_name: str) -> tuple[ObjectModel, WorkflowModel]:
    """Return an object with its workflow; raise NotFoundError where it has none."""
    model = catalog.object(object_name)
    if model is None:
        raise NotFoundError(NOT_FOUND.at())
    workflow = catalog.workflows.get(model.workflow or "")
    if workflow is None:
        raise NotFoundError(messages.NO_WORKFLOW.at(object=model.label))
    return model, workflow


def subject(context: Context, on: Rows, object_name: str, record_id: str) -> Subject:
    """Read a live record as it is now in `on`; raise NotFoundError where there is none."""
    model, workflow = workflow_of(context.catalog, object_name)
    environment = Batch(context, on).environment_of(object_name, record_id)
    if environment is None:
        raise NotFoundError(NOT_FOUND.at())
    return Subject(model, workflow, environment.values, environment)


def object_by_id(context: Context, object_id: str) -> ObjectModel | None:
    """Return the object with a stable id; None where the live version has none."""
    found: Mapping[str, str] = context.compiled.get(
        context.catalog,
        "workflow.objects_by_id",
        lambda: {one.id: one.name for one in context.catalog.objects.values()},
    )
    name = found.get(object_id)
    return context.catalog.object(name) if name else None


# -- what is kept of a record ----------------------------------------------------------------------


def snapshot(model: ObjectModel, row: Row, dialect: Dialect) -> dict[str, Any]:
    """Return the record's own values as JSON by field id, for telling later what changed."""
    return {
        field.id: json_value(field, row.get(field.name), dialect)
        for field in model.fields.values()
        if field.holds_value
    }


def json_value(field: FieldModel, value: Any, dialect: Dialect) -> Any:
    """Return a Python value of a field as the API shows it (references as ids)."""
    driver_value = field.storage.to_driver(dialect)(value)
    convert = field.storage.to_json(dialect)
    return driver_value if convert is None else convert(driver_value)


def summary(
    catalog: Catalog, found: Subject, approval: ApprovalModel, dialect: Dialect
) -> dict[str, Any]:
    """Return the sum that lists of tasks show: the field's id and value; empty without one."""
    field = _summary_field(catalog, found.model, approval)
    if field is None:
        return {}
    value = found.environment.value((field.id,))
    if not isinstance(value, Decimal):
        return {}
    return {"field": field.id, "value": json_value(field, value, dialect)}


def _summary_field(
    catalog: Catalog, model: ObjectModel, approval: ApprovalModel
) -> FieldModel | None:
    """Return the sum that decides: of the conditions, else of a form, else of the object."""
    conditions = [approval.when, *(step.when for step in approval.steps)]
    asked = {path[0] for condition in conditions if condition for path in condition.references()}
    shown = [
        item.field
        for form in catalog.forms.values()
        if form.object == model.name
        for section in form.sections
        for item in section.items
        if item.field is not None
    ]
    sums = [field for field in model.fields.values() if _is_sum(field)]
    by_name = {field.name: field for field in sums}
    preferred = [field for field in sums if field.id in asked]
    in_forms = [by_name[name] for name in shown if name in by_name]
    return next(iter((*preferred, *in_forms, *sums)), None)


def _is_sum(field: FieldModel) -> bool:
    return (
        not field.internal
        and not field.system
        and field.value_type.kind is Kind.NUMBER
        and field.value_type.scale == MONEY_SCALE
    )


MONEY_SCALE = 2
"""Digits after the point of money."""
