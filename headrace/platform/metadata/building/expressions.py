"""Named expressions: their parameters, and whether their formulas can be used at all."""

from __future__ import annotations

from functools import partial
from typing import Final

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.formulas.analysis import analyse_named
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.functions import FUNCTIONS
from headrace.platform.formulas.parser import QUERY_FUNCTIONS, RESERVED_WORDS
from headrace.platform.formulas.scope import NamedExpression, NamedParameter
from headrace.platform.formulas.types import reference
from headrace.platform.metadata.building.messages import DUPLICATE_NAME, UNKNOWN_OBJECT
from headrace.platform.metadata.building.parts import EXPRESSIONS, take_over
from headrace.platform.metadata.building.value_types import VALUE_TYPES
from headrace.platform.metadata.building.workbench import Workbench
from headrace.platform.metadata.definitions.modules import (
    ExpressionDef,
    ModuleDef,
    ParameterDef,
)

NAME_TAKEN: Final = Message(
    "expression.name_taken",
    "“{name}” is a word of the formula language.",
    "“{name}”是公式语言的保留词。",
    "Give the expression another name.",
    "请为该表达式另取名称。",
)
WITHOUT_TARGET: Final = Message(
    "parameter.without_target",
    "The parameter “{name}” is a reference and does not say to which object.",
    "参数“{name}”为引用类型，但未指明对象。",
    "Name the object under `to`.",
    "请在 `to` 中写明对象。",
)
TARGET_UNUSED: Final = Message(
    "parameter.target_unused",
    "The parameter “{name}” is no reference, so `to` says nothing.",
    "参数“{name}”不是引用类型，`to` 不起作用。",
    "Remove `to`, or make the parameter a reference.",
    "请删除 `to`，或将参数改为引用类型。",
)
_WORDS: Final = frozenset((*FUNCTIONS.keys(), *QUERY_FUNCTIONS, *RESERVED_WORDS, "IF"))


def build_expressions(work: Workbench) -> None:
    """Make the named expressions of all modules known; their formulas are looked at where they are used."""
    for name in work.definitions.get("module", {}):
        module = work.know("module", name)
        for position, one in enumerate(module.expressions):
            place = ("expressions", position)
            if one.name.upper() in _WORDS:
                work.report(NAME_TAKEN.at("/name", name=one.name), module, *place)
            elif one.name in work.expressions:
                work.report(DUPLICATE_NAME.at("/name", name=one.name), module, *place)
            else:
                work.expressions[one.name] = _model(work, module, one, position)
    before, now = work.before.expressions, work.expressions
    take_over(before, now)
    for name in {**before, **now}:
        if before.get(name) != now.get(name):
            work.changed.add((EXPRESSIONS, name))


def check_expressions(work: Workbench) -> None:
    """Look at the formula of each named expression by itself: its problems stand where it is written."""
    for name in work.stale("expressions", "module"):
        module = work.know("module", name)
        work.part("expressions", name, (module,), partial(_checked, work, module))


def _model(
    work: Workbench, module: ModuleDef, one: ExpressionDef, position: int
) -> NamedExpression:
    parameters = tuple(
        NamedParameter(parameter.name, VALUE_TYPES.get(parameter.type) or reference(parameter.to))
        for parameter in one.parameters
    )
    for number, parameter in enumerate(one.parameters):
        place = ("expressions", position, "parameters", number)
        if parameter.type == "reference" and parameter.to is None:
            work.report(WITHOUT_TARGET.at(name=parameter.name), module, *place)
        elif parameter.type != "reference" and parameter.to is not None:
            work.report(TARGET_UNUSED.at("/to", name=parameter.name), module, *place)
    return NamedExpression(one.name, parameters, one.formula)


def _checked(work: Workbench, module: ModuleDef) -> tuple[Expression, ...]:
    found = []
    for position, one in enumerate(module.expressions):
        named = work.expressions.get(one.name)
        targets = [
            _knows_target(work, module, parameter, position, number)
            for number, parameter in enumerate(one.parameters)
        ]
        if named is None or not all(targets):
            continue
        place = work.place(module, "expressions", position, "formula")
        try:
            found.append(analyse_named(named, work.scope("")))
        except RefusedError as refusal:
            work.problems.extend(problem.below(place) for problem in refusal.problems)
    return tuple(found)


def _knows_target(
    work: Workbench, module: ModuleDef, parameter: ParameterDef, position: int, number: int
) -> bool:
    if parameter.to is None:
        return parameter.type != "reference"
    if work.knows(parameter.to):
        return True
    place = ("expressions", position, "parameters", number, "to")
    work.report(UNKNOWN_OBJECT.at(name=parameter.to), module, *place)
    return False
