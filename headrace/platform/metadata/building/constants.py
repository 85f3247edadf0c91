"""Constants: literal values in Python form."""

from __future__ import annotations

from headrace.platform.metadata.building.messages import BAD_CONSTANT, DUPLICATE_NAME
from headrace.platform.metadata.building.parts import CONSTANTS, take_over
from headrace.platform.metadata.building.value_types import VALUE_TYPES, value_of
from headrace.platform.metadata.building.workbench import Workbench
from headrace.platform.metadata.catalog import ConstantModel
from headrace.platform.metadata.definitions.modules import ConstantDef


def build_constants(work: Workbench) -> None:
    """Resolve the constants of all modules."""
    for name in work.definitions.get("module", {}):
        module = work.know("module", name)
        for position, constant in enumerate(module.constants):
            model = _constant(constant)
            place = ("constants", position)
            if model is None:
                problem = BAD_CONSTANT.at("/value", value=constant.value, type=constant.type)
                work.report(problem, module, *place)
            elif constant.name in work.constants:
                work.report(DUPLICATE_NAME.at("/name", name=constant.name), module, *place)
            else:
                work.constants[constant.name] = model
    before, now = work.before.constants, work.constants
    take_over(before, now)
    for name in {**before, **now}:
        if name not in before or name not in now or before[name].type != now[name].type:
            work.changed.add((CONSTANTS, name))


def _constant(definition: ConstantDef) -> ConstantModel | None:
    kind = VALUE_TYPES[definition.type]
    value = value_of(definition.value, kind)
    if value is None:
        return None
    return ConstantModel(definition.name, kind, value, definition.label)
