"""What people enter who press a button: checked as the values of fields are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, cast

from marshmallow import ValidationError

from headrace.platform.actions.converting import NO_ROW, QUANTITIES
from headrace.platform.automation.messages import UNKNOWN_INPUT
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Problem, pointer
from headrace.platform.metadata.catalog import ActionModel, AutomationModel
from headrace.platform.metadata.field_types.values import (
    OBJECT,
    WRONG_TYPE,
    DecimalField,
    type_name,
)
from headrace.platform.records.field_rules import REQUIRED
from headrace.platform.records.history import field_json

INPUTS: Final = "inputs"


@dataclass(frozen=True, slots=True)
class Entered:
    """Values by the ids that formulas have for them, and as the API takes them, by name.

    `quantities` are how much of which rows is converted; None is all that is left.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    sent: Mapping[str, Any] = field(default_factory=dict)
    quantities: Mapping[str, Decimal] | None = None


NOTHING: Final = Entered()
_ROWS: Final = "$quantities"
"""Under which name quantities are kept beside the inputs, none of which is called so."""
SCALE: Final = 6
MOST: Final = Decimal(10) ** 12


def entered(automation: AutomationModel, sent: Any, quantities: Any = None) -> Entered:
    """Read what was sent for the inputs of a button; raise RefusedError with all that is wrong."""
    if sent is None:
        sent = {}
    if not isinstance(sent, Mapping):
        raise RefusedError(WRONG_TYPE.at(f"/{INPUTS}", expected=OBJECT, given=type_name(sent)))
    found: dict[str, Any] = {}
    rows: dict[str, Decimal] = {}
    problems = [
        *_unknown(automation, sent),
        *_read(automation, sent, found),
        *_read_quantities(automation, quantities, rows),
    ]
    if problems:
        raise RefusedError.of(problems)
    inputs = automation.inputs
    kept = {name: field_json(inputs[name], value) for name, value in found.items()}
    if quantities is not None:
        kept[_ROWS] = {row_id: f"{value:f}" for row_id, value in rows.items()}
    values = {inputs[name].id: value for name, value in found.items()}
    return Entered(values, kept, None if quantities is None else rows)


def stored(automation: AutomationModel, kept: Mapping[str, Any]) -> Entered:
    """Return what was entered for a run from what was kept of it."""
    if not kept:
        return NOTHING
    sent = {name: value for name, value in kept.items() if name != _ROWS}
    return entered(automation, sent, kept.get(_ROWS))


def _unknown(automation: AutomationModel, sent: Mapping[str, Any]) -> Iterator[Problem]:
    known = ", ".join(automation.inputs) or "–"
    for name in sent:
        if name not in automation.inputs:
            place = pointer(INPUTS, str(name))
            yield UNKNOWN_INPUT.at(place, button=automation.label, name=name, known=known)


def _read(
    automation: AutomationModel, sent: Mapping[str, Any], found: dict[str, Any]
) -> Iterator[Problem]:
    for name, one in automation.inputs.items():
        place, value = pointer(INPUTS, name), sent.get(name)
        if value is not None:
            try:
                found[name] = one.type.value_field(one.options).deserialize(value)
            except ValidationError as refusal:
                for problem in cast("list[Problem]", refusal.messages):
                    yield problem.below(place)
                continue
        if found.get(name) is None:
            found.pop(name, None)
            if one.definition.required:
                yield REQUIRED.at(place, name=one.label)


def converting(automation: AutomationModel) -> ActionModel | None:
    """Return the action for which quantities of rows are entered, where there is one."""
    return next((one for one in automation.actions if one.kind == "convert"), None)


def _read_quantities(
    automation: AutomationModel, sent: Any, found: dict[str, Decimal]
) -> Iterator[Problem]:
    place = pointer(QUANTITIES)
    if sent is None:
        return
    if converting(automation) is None:
        known = ", ".join(automation.inputs) or "–"
        yield UNKNOWN_INPUT.at(place, button=automation.label, name=QUANTITIES, known=known)
        return
    if not isinstance(sent, Mapping):
        yield WRONG_TYPE.at(place, expected=OBJECT, given=type_name(sent))
        return
    # Any row may be named; which belong to the record is asked when it is held.
    reader = DecimalField(SCALE, Decimal(0), MOST)
    for row_id, value in sent.items():
        if value is None:
            continue
        if not is_record_id(row_id):
            yield NO_ROW.at(pointer(QUANTITIES, str(row_id)))
            continue
        try:
            found[str(row_id)] = cast("Decimal", reader.deserialize(value))
        except ValidationError as refusal:
            for problem in cast("list[Problem]", refusal.messages):
                yield problem.below(pointer(QUANTITIES, str(row_id)))
