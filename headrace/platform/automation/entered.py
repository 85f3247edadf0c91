"""What people enter who press a button: checked as the values of fields are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from marshmallow import ValidationError

from headrace.platform.automation.messages import UNKNOWN_INPUT
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Problem, pointer
from headrace.platform.metadata.catalog import AutomationModel
from headrace.platform.metadata.field_types.values import OBJECT, WRONG_TYPE, type_name
from headrace.platform.records.field_rules import REQUIRED
from headrace.platform.records.history import field_json

INPUTS: Final = "inputs"


@dataclass(frozen=True, slots=True)
class Entered:
    """Values by the ids that formulas have for them, and as the API takes them, by name."""

    values: Mapping[str, Any] = field(default_factory=dict)
    sent: Mapping[str, Any] = field(default_factory=dict)


NOTHING: Final = Entered()


def entered(automation: AutomationModel, sent: Any) -> Entered:
    """Read what was sent for the inputs of a button; raise RefusedError with all that is wrong."""
    if sent is None:
        sent = {}
    if not isinstance(sent, Mapping):
        raise RefusedError(WRONG_TYPE.at(f"/{INPUTS}", expected=OBJECT, given=type_name(sent)))
    found: dict[str, Any] = {}
    problems = [*_unknown(automation, sent), *_read(automation, sent, found)]
    if problems:
        raise RefusedError.of(problems)
    inputs = automation.inputs
    return Entered(
        {inputs[name].id: value for name, value in found.items()},
        {name: field_json(inputs[name], value) for name, value in found.items()},
    )


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
