"""Required fields that rows have no value in: they are filled, or stay empty until they are saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from headrace.platform.core.problems import Problem, named, said
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.publishing.answering import Question
from headrace.platform.publishing.decisions import Decisions
from headrace.platform.publishing.failing import Emptied, RowFinder
from headrace.platform.publishing.failing.planned import stored
from headrace.platform.publishing.plan import Failing, PlanLine
from headrace.platform.publishing.row_work import ConvertValues, FillEmpty
from headrace.platform.publishing.settling.fills import read_fill
from headrace.platform.publishing.settling.messages import EXISTING_NULLS, LEFT_EMPTY
from headrace.platform.publishing.settling.places import place_of_field


@dataclass(frozen=True, slots=True)
class Required:
    """A required field without values in some rows, and what fills them."""

    question: Question
    fill: FillEmpty | None = None
    problems: tuple[Problem, ...] = ()


def required_fields(finder: RowFinder, decisions: Decisions) -> Iterator[Required]:
    """Yield the required fields that rows will have no value in.

    `finder` finds the rows with what else is done to them: conversions, and defaults of new fields.
    """
    for model in finder.rows.catalog.objects.values():
        former = finder.rows.former.get(model.id)
        if former is None or (former is model and model.id not in finder.rows.worked):
            continue
        for one in stored(model):
            people = one.computed is None and not one.system
            if people and one.definition.required and _may_be_empty(finder, former, model, one):
                yield from _asked(finder, decisions, model, one)


def _may_be_empty(
    finder: RowFinder, former: ObjectModel, model: ObjectModel, one: FieldModel
) -> bool:
    """Say whether rows may lack a value that they did not have to have, or lose it now."""
    emptied = any(
        isinstance(work, ConvertValues) and not work.restored
        for work in finder.rows.work_on(model, one)
    )
    if former is model or emptied:
        return emptied
    earlier = finder.rows.former_field(model, one)
    return earlier is None or not earlier.definition.required


def _asked(
    finder: RowFinder, decisions: Decisions, model: ObjectModel, one: FieldModel
) -> Iterator[Required]:
    key = f"field.require:{model.name}.{one.name}"
    found = finder.without(key).find(Emptied(model.id, one.id))
    if not found.count:
        return
    message = EXISTING_NULLS if one.default is None else LEFT_EMPTY
    # A parent decides on the path of a row: it is not written behind the tree's back.
    fillable = one.default is None and not one.is_tree
    line = PlanLine(
        key,
        "field.require",
        said(
            "{field} is required; {count} rows have no value",
            "{field} 为必填；有 {count} 行没有值",
            field=named("field", model.name, one.name),
            count=found.count,
        ),
        failing=Failing(found.count, found.first, EXISTING_NULLS.code),
        answers=("fill", "leave") if fillable else ("leave",),
        needs_answer=True,
    )
    place = place_of_field(model, one.name, "required")
    names: Mapping[str, object] = {"object": model.name, "field": one.name}
    question = Question(line, message.at(place, **names, count=found.count))
    decision = decisions.get(key)
    if decision is None or decision.answer != "fill" or not fillable or not decision.value:
        yield Required(question)
        return
    fill, problems = read_fill(finder.rows, model, one, key, decision.value)
    yield Required(question, fill, tuple(problems))
