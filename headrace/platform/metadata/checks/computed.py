"""Checks of formulas and roll-ups: leaks, circles between objects, what can be summed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from headrace.platform.core.problems import Message, Problem
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.building.messages import FORMULA_CYCLE
from headrace.platform.metadata.catalog import FieldModel, ObjectModel, RollupModel
from headrace.platform.metadata.checks.base import Subject

LEAK = Message(
    "formula.leaks_restricted_field",
    "“{field}” is shown to partners but is computed from the internal field “{source}”.",
    "“{field}”对伙伴可见,但由内部字段“{source}”计算得出。",
    'Give “{field}” the audience "internal" too.',
    "请将“{field}”也设为仅内部可见。",
)
ROLLUP_CYCLE = Message(
    "rollup.cycle",
    "The roll-ups and formulas depend on each other: {cycle}.",
    "汇总与公式相互依赖:{cycle}。",
    "Break the circle.",
    "请打破循环。",
)
ROLLUP_BY = Message(
    "rollup.by",
    "“{by}” of “{source}” does not refer to “{owner}”.",
    "“{source}”的“{by}”未引用“{owner}”。",
    "Name a lookup or master-detail field that points here.",
    "请填写指向本对象的引用字段。",
)
ROLLUP_FIELD = Message(
    "rollup.of",
    "“sum” needs the field to sum, “count” the object alone.",
    "“sum”需要要汇总的字段,“count”只需要对象。",
    "Write `object.field` to sum, or `object` to count.",
    "汇总请写 `object.field`,计数请写 `object`。",
)
ROLLUP_NUMBER = Message(
    "rollup.not_a_number",
    "“{of}” is not a stored number, so it cannot be summed.",
    "“{of}”不是已存储的数值,无法求和。",
    "Sum a number field, or a formula over its own row.",
    "请汇总数值字段,或仅引用本行的公式。",
)
ROLLUP_WHERE = Message(
    "rollup.where",
    "The condition reads “{field}”, which is not stored in the row itself.",
    "条件引用了“{field}”,它不存储在该行中。",
    "Use stored fields of the row only; neither lookups nor today.",
    "只能使用该行已存储的字段,不能跨引用或使用当天日期。",
)

Reads = dict[str, set[str]]
"""By the id of a field, the ids of those that it reads."""


def check_computed(subject: Subject) -> Iterator[Problem]:
    """Find computed fields that leak, cannot be kept, or turn in circles.

    Reads one object at a time with those that its formulas and roll-ups reach; circles, over all.
    """
    yield from subject.each("computed", "objects", partial(_of_object, subject))
    stored = partial(_stored_reads, subject)
    yield from subject.over_all("stored reads", "objects", stored, partial(_cycles, subject))
    formulas = partial(_formula_cycles, subject)
    yield from subject.over_all("formula reads", "objects", _formula_reads, formulas)


def _of_object(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    for field in model.fields.values():
        if field.expression is not None and not field.internal:
            yield from _leaks(subject, field, field.expression, "formula")
    for rollup in model.rollups:
        yield from _rollup(subject, rollup)


def fields_read(subject: Subject, expression: Expression) -> list[FieldModel]:
    """Return every field on the paths that an expression reads, without the system's."""
    by_id = subject.fields_by_id
    paths = sorted(expression.references())
    read = [by_id[step] for path in paths for step in path if step in by_id]
    return [field for field in read if not field.system]


def _leaks(
    subject: Subject, field: FieldModel, expression: Expression, key: str
) -> Iterator[Problem]:
    for source in fields_read(subject, expression):
        if source.internal:
            place = subject.field(field.object, field.name, key)
            yield LEAK.at(place, field=field.name, source=source.name)
            return


def _rollup(subject: Subject, rollup: RollupModel) -> Iterator[Problem]:
    catalog = subject.catalog
    place = subject.field(rollup.owner, rollup.field)
    source = catalog.objects[rollup.source]
    if (rollup.op == "sum") != (rollup.of is not None):
        yield ROLLUP_FIELD.at("/of").below(place)
    if source.fields[rollup.by].target != rollup.owner or source.fields[rollup.by].system:
        problem = ROLLUP_BY.at("/by", by=rollup.by, source=rollup.source, owner=rollup.owner)
        yield problem.below(place)
    summed = source.fields[rollup.of] if rollup.of else None
    if summed is not None and (summed.value_type.kind is not Kind.NUMBER or not summed.stored):
        yield ROLLUP_NUMBER.at("/of", of=rollup.of).below(place)
    owner_field = catalog.objects[rollup.owner].fields[rollup.field]
    if summed is not None and summed.internal and not owner_field.internal:
        yield LEAK.at("/of", field=rollup.field, source=summed.name).below(place)
    if rollup.where is not None:
        yield from _where(subject, rollup, owner_field)


def _where(subject: Subject, rollup: RollupModel, owner: FieldModel) -> Iterator[Problem]:
    if rollup.where is None:
        return
    place = subject.field(rollup.owner, rollup.field, "where")
    source = subject.catalog.objects[rollup.source]
    stored = {field.id for field in source.fields.values() if field.stored}
    for path in sorted(rollup.where.references()):
        if len(path) > 1 or path[0] not in stored or rollup.where.uses_clock:
            names = [field.name for field in source.fields.values() if field.id == path[0]]
            yield ROLLUP_WHERE.at(place, field=(names or ["?"])[0])
            return
    if not owner.internal:
        for field in fields_read(subject, rollup.where):
            if field.internal:
                yield LEAK.at(place, field=rollup.field, source=field.name)
                return


def _cycles(
    subject: Subject, of_objects: Mapping[str, tuple[Reads, frozenset[str]]]
) -> Iterator[Problem]:
    """Follow stored computed fields across objects; a circle through a roll-up never settles."""
    edges: Reads = {}
    for reads_of_one, _ in of_objects.values():
        edges |= reads_of_one
    rollups = frozenset().union(*(ids for _, ids in of_objects.values()))
    names = subject.fields_by_id
    done: set[str] = set()

    def visit(one: str, trail: tuple[str, ...]) -> Iterator[Problem]:
        if one in trail:
            circle = (*trail[trail.index(one) :], one)
            if not rollups.isdisjoint(circle):
                cycle = " → ".join(f"{names[step].object}.{names[step].name}" for step in circle)
                place = subject.field(names[one].object, names[one].name)
                yield ROLLUP_CYCLE.at(place, cycle=cycle)
            return
        if one in done:
            return
        for reads in sorted(edges[one] & edges.keys()):
            yield from visit(reads, (*trail, one))
        done.add(one)

    for start in sorted(_joined(edges)):
        yield from visit(start, ())


def _stored_reads(subject: Subject, model: ObjectModel) -> tuple[Reads, frozenset[str]]:
    """Return, by id, what each stored computed field of an object reads, and which are roll-ups."""
    edges: Reads = {
        field.id: {path[0] for path in field.expression.references()}
        for field in model.fields.values()
        if field.expression is not None and field.stored
    }
    rollups = {model.fields[one.field].id: one for one in model.rollups}
    for field_id, rollup in rollups.items():
        source = subject.catalog.objects[rollup.source]
        reads = {source.fields[rollup.of].id} if rollup.of else set()
        if rollup.where is not None:
            reads |= {path[0] for path in rollup.where.references()}
        edges[field_id] = reads
    return edges, frozenset(rollups)


def _formula_reads(model: ObjectModel) -> Reads:
    """Return, by id, what each formula of an object reads at the ends of its paths."""
    return {
        field.id: {path[-1] for path in field.expression.references()}
        for field in model.fields.values()
        if field.expression is not None
    }


def _joined(reads: Reads) -> Iterator[str]:
    """Yield the fields that read another one of these: circles begin at no others."""
    return (one for one, steps in reads.items() if any(step in reads for step in steps))


def _formula_cycles(subject: Subject, of_objects: Mapping[str, Reads]) -> Iterator[Problem]:
    """Follow formulas across lookups; one that comes back to itself could never be computed."""
    reads: Reads = {}
    for reads_of_one in of_objects.values():
        reads |= reads_of_one
    computed = subject.fields_by_id
    done: set[str] = set()

    def visit(one: str, trail: tuple[str, ...]) -> Iterator[Problem]:
        if one in trail:
            circle = [computed[step] for step in (*trail[trail.index(one) :], one)]
            cycle = " → ".join(f"{field.object}.{field.name}" for field in circle)
            yield FORMULA_CYCLE.at(
                subject.field(circle[0].object, circle[0].name, "formula"), cycle=cycle
            )
            return
        if one in done:
            return
        for step in sorted(reads[one] & reads.keys()):
            yield from visit(step, (*trail, one))
        done.add(one)

    for start in sorted(_joined(reads)):
        yield from visit(start, ())
