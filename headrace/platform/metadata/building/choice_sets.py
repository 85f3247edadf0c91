"""Choice sets, and the options of fields that take their values from one."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from headrace.platform.core.problems import Message, Problem
from headrace.platform.metadata.building.messages import UNKNOWN_REFERENCE
from headrace.platform.metadata.building.parts import CHOICE_SETS
from headrace.platform.metadata.building.workbench import Workbench
from headrace.platform.metadata.definitions.choices import ChoiceSetDef
from headrace.platform.metadata.definitions.objects import FieldDef
from headrace.platform.metadata.field_types.choices import duplicates, none_active

CHOICES_MISSING: Final = Message(
    "choice.none",
    "The field has neither choices nor a choice set.",
    "该字段既没有选项，也没有选项集。",
    "List its choices, or name a choice set.",
    "请列出选项，或指定一个选项集。",
)
CHOICES_TWICE: Final = Message(
    "choice.two_sources",
    "The field has choices of its own and a choice set.",
    "该字段既有自己的选项，又指定了选项集。",
    "Remove one of them.",
    "请删除其一。",
)


def build_choice_sets(work: Workbench) -> Mapping[str, ChoiceSetDef]:
    """Check the choice sets; note which of them are others than in the build before."""
    named: dict[str, ChoiceSetDef] = work.definitions.get("choice_set", {})
    before = work.before.parts.get("choice_set", {})
    for name in work.stale("choice_set", "choice_set"):
        definition = work.know("choice_set", name)
        make = partial(_checked, work, definition)
        made = work.part("choice_set", name, (definition,), make)
        if name not in before or before[name].result != made:
            work.changed.add((CHOICE_SETS, name))
    work.changed.update((CHOICE_SETS, name) for name in before.keys() - named.keys())
    return named


def _checked(work: Workbench, definition: ChoiceSetDef) -> ChoiceSetDef:
    for problem in (*duplicates(definition.choices), *none_active(definition.choices)):
        steps = (int(one) if one.isdigit() else one for one in problem.path.split("/")[1:])
        work.problems.append(dataclasses.replace(problem, path=work.place(definition, *steps)))
    return definition


def bound_options(work: Workbench, definition: FieldDef, place: str) -> Any:
    """Return the options of a field with the values of the choice set that it names."""
    options = definition.options
    if not hasattr(options, "choice_set"):
        return options
    problem = _of_sources(options)
    if problem is not None:
        work.problems.append(problem.below(place))
    if options.choice_set is None:
        return options
    work.reads.add((CHOICE_SETS, options.choice_set))
    found: ChoiceSetDef | None = work.definitions.get("choice_set", {}).get(options.choice_set)
    if found is None:
        problem = UNKNOWN_REFERENCE.at("/choice_set", kind="choice set", name=options.choice_set)
        work.problems.append(problem.below(place))
        return options
    return dataclasses.replace(options, choices=found.choices)


def _of_sources(options: Any) -> Problem | None:
    if options.choice_set is None and not options.choices:
        return CHOICES_MISSING.at("/choices")
    if options.choice_set is not None and options.choices:
        return CHOICES_TWICE.at("/choice_set")
    return None
