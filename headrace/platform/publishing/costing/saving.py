"""What saving a record sets off: formulas, roll-ups up every chain, questions to other records.

Worked out from the catalog, as `records.store` does it; nothing is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from headrace.platform.formulas.expression import Expression
from headrace.platform.metadata.by_index import asks_by_index
from headrace.platform.metadata.catalog import Catalog, ObjectModel, RollupModel
from headrace.platform.records.rollups import BY_DIFFERENCES

StepKind = Literal["default", "formulas", "rollup", "transition"]


@dataclass(frozen=True, slots=True)
class Asked:
    """An object whose records are asked, and whether an index leads to those that are meant."""

    object: str
    by_index: bool


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a save does: `names` are fields of `object`, or a transition that asks others.

    `anew` says that a roll-up is read from its rows each time, not changed by the difference.
    """

    kind: StepKind
    object: str
    names: tuple[str, ...]
    anew: bool = False
    asks: tuple[Asked, ...] = ()


@dataclass(frozen=True, slots=True)
class Saving:
    """What saving one record of an object sets off; `statements` counts those of making a record.

    Each question of a default counts once, though it is asked only where no value is given; transitions,
    which come last, are not among them.
    """

    steps: tuple[Step, ...]
    statements: int


def saving_of(catalog: Catalog, model: ObjectModel) -> Saving:
    """Return what saving a record of an object sets off, nearest first."""
    steps = (*_own(catalog, model), *_above(catalog, model))
    moves = tuple(_transitions(catalog, model))
    return Saving((*steps, *moves), _statements(model, steps))


def _statements(model: ObjectModel, steps: Iterable[Step]) -> int:
    """Count the live version, the row and its history, and what more there is to do."""
    written = [one for one in model.fields.values() if one.is_written]
    found = 3 + any(one.refers_to for one in written)
    found += any(one.computed == "number" for one in model.fields.values())
    owners: set[str] = set()
    for step in steps:
        found += len(step.asks)
        if step.kind == "rollup":
            owners.add(step.object)
            found += step.anew
    return found + 2 * len(owners)


def _own(catalog: Catalog, model: ObjectModel) -> Iterator[Step]:
    for name, field in model.fields.items():
        if field.default is not None and field.default.queries:
            yield Step("default", model.name, (name,), asks=_asked(catalog, field.default))
    formulas = tuple(_formulas(model))
    if formulas:
        yield Step("formulas", model.name, formulas)


def _transitions(catalog: Catalog, model: ObjectModel) -> Iterator[Step]:
    """Yield the transitions whose conditions or values ask other records."""
    workflow = catalog.workflows.get(model.workflow or "")
    for one in workflow.transitions.values() if workflow else ():
        ways = (way.when for way in one.outcomes.values())
        values = (each.value for each in one.all_assignments)
        asks = _asked(catalog, one.when, *ways, *values)
        if asks:
            yield Step("transition", model.name, (one.name,), asks=asks)


def _asked(catalog: Catalog, *expressions: Expression | None) -> tuple[Asked, ...]:
    found = []
    for query in (each for one in expressions if one is not None for each in one.queries):
        model = catalog.object(query.name)
        if model is not None:
            found.append(Asked(model.name, asks_by_index(catalog, model, query)))
    return tuple(found)


def _formulas(model: ObjectModel) -> Iterator[str]:
    """Yield the stored formulas of a row, in the order in which they are computed."""
    for name in model.computed_order:
        field = model.fields[name]
        if field.computed == "formula" and field.stored and not field.system:
            yield name


def _above(catalog: Catalog, model: ObjectModel) -> Iterator[Step]:
    """Yield the roll-ups that a row goes into, then what these change above, each once."""
    told: set[tuple[str, str]] = set()
    pending: list[tuple[ObjectModel, frozenset[str] | None]] = [(model, None)]
    while pending:
        source, changed = pending.pop(0)
        reached: dict[str, set[str]] = {}
        for rollup in source.feeds:
            key = (rollup.owner, rollup.field)
            if key in told or not _is_fed(source, rollup, changed):
                continue
            told.add(key)
            reached.setdefault(rollup.owner, set()).add(rollup.field)
            yield Step("rollup", rollup.owner, (rollup.field,), anew=_is_anew(rollup))
        for owner_name, fields in reached.items():
            owner = catalog.objects[owner_name]
            follow = tuple(_following(owner, fields))
            if follow:
                yield Step("formulas", owner_name, follow)
            pending.append((owner, frozenset((*fields, *follow))))


def _is_anew(rollup: RollupModel) -> bool:
    """Say whether a roll-up is read from its rows at each change; an extreme only where it leaves."""
    return rollup.op not in {*BY_DIFFERENCES, "min", "max"}


def _is_fed(source: ObjectModel, rollup: RollupModel, changed: frozenset[str] | None) -> bool:
    """Say whether a roll-up depends on fields of its source; None are all of them."""
    if changed is None:
        return True
    read = {*rollup.reads, *(_read(source, rollup.where) if rollup.where else ())}
    return bool(read & changed)


def _following(model: ObjectModel, changed: set[str]) -> Iterator[str]:
    """Yield the stored formulas that depend on changed fields, in order."""
    known = set(changed)
    for name in _formulas(model):
        expression = model.fields[name].expression
        if expression is not None and known & _read(model, expression):
            known.add(name)
            yield name


def _read(model: ObjectModel, expression: Expression) -> frozenset[str]:
    """Return the names of the own fields that a formula reads."""
    by_id = {one.id: one.name for one in model.fields.values()}
    return frozenset(by_id[one[0]] for one in expression.references() if one[0] in by_id)
