"""Fields that get the value of a formula: `set` of transitions, outcomes and ledgers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headrace.platform.core.problems import pointer
from headrace.platform.metadata.building.workbench import Workbench, unknown_field
from headrace.platform.metadata.catalog import Assignment, ObjectModel


def assignments_of(
    work: Workbench, model: ObjectModel, values: Mapping[str, Any], place: str
) -> tuple[Assignment, ...]:
    """Return what `values` set; an unknown field or a wrong formula is a problem below `place`."""
    result = []
    for name, text in values.items():
        field = model.fields.get(name)
        where = place + pointer(name)
        if field is None:
            work.problems.append(unknown_field(model, name).below(where))
            continue
        value = work.expression(text, model.name, where, expected=field.value_type, queries=True)
        if value is not None:
            result.append(Assignment(name, value))
    return tuple(result)
