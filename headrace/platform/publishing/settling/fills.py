"""Answers `fill`: formulas that give rows without a value the one that they need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Problem, pointer
from headrace.platform.formulas.analysis import analyse
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.functions.base import Engine
from headrace.platform.metadata.building import object_scope
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.publishing.failing import Emptied, NotAllowed, PlannedRows, RowFinder
from headrace.platform.publishing.row_work import FillEmpty
from headrace.platform.publishing.settling.messages import (
    READS_CHANGED,
    VALUE_EMPTY,
    VALUE_REFUSED,
)

PYTHON: Final[frozenset[Engine]] = frozenset(("python",))


def place_of_value(key: str) -> str:
    """Return where the value of an answer stands in a request."""
    return "/decisions" + pointer(key, "value")


def read_fill(
    rows: PlannedRows, model: ObjectModel, one: FieldModel, key: str, text: str
) -> tuple[FillEmpty | None, Sequence[Problem]]:
    """Return the work that an answer asks for, or what is wrong with its formula."""
    place = place_of_value(key)
    try:
        formula = analyse(
            text,
            object_scope(rows.catalog, model.name),
            expected=one.value_type,
            queries=True,
            engines=PYTHON,
        )
    except RefusedError as refusal:
        return None, [problem.below(place) for problem in refusal.problems]
    changed = next(_changed_reads(rows, model, formula), None)
    if changed is not None:
        return None, [READS_CHANGED.at(place, field=changed)]
    return FillEmpty(model.id, one.id, formula, key), ()


def _changed_reads(rows: PlannedRows, model: ObjectModel, formula: Expression) -> Iterator[str]:
    """Yield fields that the formula reads and that have other values by then.

    The rows are filled one field after another: what is read must not depend on the order.
    """
    for path in sorted(formula.references()):
        here: ObjectModel | None = model
        for step in path:
            if here is None:
                break
            one = next((each for each in here.fields.values() if each.id == step), None)
            if one is None:
                break
            if _changes(rows, here, one):
                yield f"{here.name}.{one.name}"
            here = rows.catalog.object(one.target) if one.target else None


def _changes(rows: PlannedRows, model: ObjectModel, one: FieldModel) -> bool:
    if one.stored or one.expression is None:
        return one.stored and rows.changes(model, one)
    return next(_changed_reads(rows, model, one.expression), None) is not None


def fill_problems(without: RowFinder, finder: RowFinder, fill: FillEmpty) -> Iterator[Problem]:
    """Yield what is wrong with the values that rows get; `without` finds the rows without them."""
    place = place_of_value(fill.line)
    model = finder.rows.models[fill.object_id]
    one = next(each for each in model.fields.values() if each.id == fill.field_id)
    try:
        empty = finder.find(Emptied(model.id, one.id)).count
        refused = 0
        if one.target is None:
            allowed = NotAllowed(model.id, one.id)
            refused = finder.find(allowed).count - without.find(allowed).count
    except RefusedError as refusal:
        yield from (problem.below(place) for problem in refusal.problems)
        return
    if empty:
        yield VALUE_EMPTY.at(place, count=empty, key=fill.line)
    if refused > 0:
        yield VALUE_REFUSED.at(place, count=refused, key=fill.line)
