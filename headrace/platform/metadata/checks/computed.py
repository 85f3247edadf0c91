"""Checks of formulas and roll-ups: leaks, circles between objects, what can be summed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.building.messages import FORMULA_CYCLE
from headrace.platform.metadata.catalog import FieldModel, ObjectModel, RollupModel
from headrace.platform.metadata.checks.base import Subject

LEAK = Message(
    "formula.leaks_restricted_field",
    "“{field}” is shown to partners but is computed from the internal field “{source}”.",
    "“{field}”对伙伴可见，但由内部字段“{source}”计算得出。",
    'Give “{field}” the audience "internal" too.',
    "请将“{field}”也设为仅内部可见。",
)
ROLLUP_CYCLE = Message(
    "rollup.cycle",
    "The roll-ups and formulas depend on each other: {cycle}.",
    "汇总与公式相互依赖：{cycle}。",
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
    "“count” needs the object alone, the others the field that they are made of.",
    "“count”只需要对象，其他方式需要指定字段。",
    "Write `object` to count, `object.field` for anything else.",
    "计数请写 `object`，其他请写 `object.field`。",
)
ROLLUP_NUMBER = Message(
    "rollup.not_a_number",
    "“{of}” is not a number, so it cannot be summed.",
    "“{of}”不是数值，无法求和。",
    "Sum a number field, or a formula that gives a number.",
    "请汇总数值字段，或结果为数值的公式。",
)
ROLLUP_VALUE = Message(
    "rollup.value",
    "“{op}” cannot be made of “{of}”: it is no {wanted}.",
    "“{op}”不能用于“{of}”：它不是{wanted}。",
    "Choose another field or another way to put the rows together.",
    "请选择其他字段或其他汇总方式。",
)
ROLLUP_UNSTORED = Message(
    "rollup.not_stored",
    "“{name}” is computed on read, so nothing tells the roll-up when it changes.",
    "“{name}”在读取时计算，其变化无法通知汇总字段。",
    "Use a stored field: a formula over its own row only, or a roll-up without today.",
    "请使用已存储的字段：仅引用本行的公式，或不含当天日期的汇总。",
)
ROLLUP_ON = Message(
    "rollup.on",
    "“{name}” of “{source}” and of “{owner}” cannot be compared: both have to be plain fields of the same type.",
    "“{source}”与“{owner}”的“{name}”无法比较：二者必须是类型相同的普通字段。",
    "Name stored fields that exist on both objects and refer to the same or hold the same kind of value.",
    "请填写两个对象都有、类型相同且已存储的字段。",
)
ROLLUP_VIA = Message(
    "rollup.via",
    "The path “{via}” of “{source}” does not lead to “{owner}”.",
    "“{source}”的路径“{via}”未到达“{owner}”。",
    "Name a path along lookups whose last one points here; a path of one step is `by`.",
    "请填写沿引用字段最终指向本对象的路径；只有一步时请使用 `by`。",
)
ROLLUP_WHERE = Message(
    "rollup.where",
    "The condition reads “{field}”, which is computed on read and can change unnoticed.",
    "条件引用了在读取时计算的“{field}”，其变化无法被察觉。",
    "Write out what it is computed from: with a path or today the roll-up is computed on read too.",
    "请直接写出其计算内容：含有引用路径或当天日期时，汇总也会在读取时计算。",
)
ROLLUP_ASKS = Message(
    "rollup.where_session",
    "The condition depends on who asks or on how the row was before, so the figure would have no one value.",
    "条件取决于查询者或修改前的值，汇总结果无法唯一确定。",
    "Use fields, constants and today only.",
    "只能使用字段、常量和当天日期。",
)
ROLLUP_NESTED = Message(
    "rollup.nested",
    "“{name}” is a roll-up computed on read; another one over it would read all rows below each row.",
    "“{name}”是读取时计算的汇总；在其上再汇总需要逐行读取全部下级记录。",
    "Make the inner roll-up a stored one, or sum the innermost rows along a path (`via`).",
    "请将内层汇总改为可存储的，或用路径（`via`）直接汇总最内层的行。",
)

ANY_VALUE: Final = frozenset({Kind.NUMBER, Kind.DATE, Kind.DATETIME, Kind.TEXT, Kind.BOOLEAN})
IN_ORDER: Final = frozenset({Kind.NUMBER, Kind.DATE, Kind.DATETIME})
KINDS: Final[Mapping[str, tuple[frozenset[Kind], Text]]] = {
    "sum": (frozenset({Kind.NUMBER}), Text("number", "数值")),
    "avg": (frozenset({Kind.NUMBER}), Text("number", "数值")),
    "min": (IN_ORDER, Text("number, date or time", "数值、日期或时间")),
    "max": (IN_ORDER, Text("number, date or time", "数值、日期或时间")),
    "last": (ANY_VALUE, Text("plain value", "普通值")),
}
"""What the ways to put rows together can be made of."""

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
    on_read = partial(_formula_reads, subject)
    yield from subject.over_all("formula reads", "objects", on_read, formulas)


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
    meant = [_source_of(subject, field) for field in read]
    return [field for field in meant if not field.system]


def _source_of(subject: Subject, field: FieldModel) -> FieldModel:
    """Return the field that people know: what a polymorphic reference is read as is that reference."""
    model = subject.catalog.object(field.object)
    return field if field.key_of is None or model is None else model.fields[field.key_of]


def _leaks(
    subject: Subject, field: FieldModel, expression: Expression, key: str
) -> Iterator[Problem]:
    for source in fields_read(subject, expression):
        if source.internal:
            place = subject.field(field.object, field.name, key)
            yield LEAK.at(place, field=field.name, source=source.name)
            return


def _rollup(subject: Subject, rollup: RollupModel) -> Iterator[Problem]:
    """Find what is wrong with one roll-up: its field, whose rows it is made of, its condition."""
    place = subject.field(rollup.owner, rollup.field)
    for problem in (*_of(subject, rollup), *_belonging(subject, rollup)):
        yield problem.below(place)
    yield from _where(subject, rollup)


def _of(subject: Subject, rollup: RollupModel) -> Iterator[Problem]:
    if (rollup.op == "count") != (rollup.of is None):
        yield ROLLUP_FIELD.at("/of")
    source = subject.catalog.objects[rollup.source]
    owner_field = subject.catalog.objects[rollup.owner].fields[rollup.field]
    if rollup.of is not None and rollup.op != "count":
        kinds, wanted = KINDS[rollup.op]
        if source.fields[rollup.of].value_type.kind not in kinds:
            message = ROLLUP_NUMBER if rollup.op in {"sum", "avg"} else ROLLUP_VALUE
            yield message.at("/of", op=rollup.op, of=rollup.of, wanted=wanted)
    if rollup.last_by and source.fields[rollup.last_by].value_type.kind not in IN_ORDER:
        wanted = KINDS["max"][1]
        yield ROLLUP_VALUE.at("/last_by", op="last_by", of=rollup.last_by, wanted=wanted)
    for key, name in (("/of", rollup.of), ("/last_by", rollup.last_by)):
        field = source.fields[name] if name else None
        if field is None:
            continue
        if not field.stored and rollup.stored:
            yield ROLLUP_UNSTORED.at(key, name=field.name)
        elif not field.stored and field.computed == "rollup":
            yield ROLLUP_NESTED.at(key, name=field.name)
        if field.internal and not owner_field.internal:
            yield LEAK.at(key, field=rollup.field, source=field.name)


def _belonging(subject: Subject, rollup: RollupModel) -> Iterator[Problem]:
    """Find what is wrong with how rows find their owner."""
    source = subject.catalog.objects[rollup.source]
    owner = subject.catalog.objects[rollup.owner]
    named = {"source": rollup.source, "owner": rollup.owner}
    for position, name in enumerate(rollup.on):
        if not _comparable(source.fields[name], owner.fields[name]):
            yield ROLLUP_ON.at(f"/on/{position}", name=name, **named)
    if not rollup.via:
        return
    last = rollup.via[-1]
    declared = owner.fields[rollup.field].options
    if declared.by is not None and (last.target != rollup.owner or last.system):
        yield ROLLUP_BY.at("/by", by=declared.by, **named)
    elif (
        declared.via is not None
        and (
            last.target != rollup.owner
            or len(rollup.via) == 1
            or any(one.system for one in rollup.via)
        )
    ) or (declared.via is not None and any(not one.stored for one in rollup.via)):
        yield ROLLUP_VIA.at("/via", via=declared.via, **named)
    if not owner.fields[rollup.field].internal and any(one.internal for one in rollup.via):
        internal = next(one for one in rollup.via if one.internal)
        key = "/by" if declared.by is not None else "/via"
        yield LEAK.at(key, field=rollup.field, source=internal.name)


def _comparable(source: FieldModel, owner: FieldModel) -> bool:
    """Say whether rows can be found by equal values; what roll-ups change can be no key."""
    plain = owner.computed is None and source.stored and not owner.system and not source.system
    same = source.storage == owner.storage and source.value_type.kind is owner.value_type.kind
    return plain and same and source.target == owner.target and source.computed != "rollup"


def _where(subject: Subject, rollup: RollupModel) -> Iterator[Problem]:
    where = rollup.where
    if where is None:
        return
    place = subject.field(rollup.owner, rollup.field, "where")
    by_id = subject.fields_by_id
    if where.uses_user or where.uses_old:
        yield ROLLUP_ASKS.at(place)
    for path in sorted(where.references()):
        read = by_id.get(path[-1])
        if read is None or read.stored:
            continue
        if rollup.stored:
            yield ROLLUP_WHERE.at(place, field=read.name)
            return
        if read.computed == "rollup":
            yield ROLLUP_NESTED.at(place, name=read.name)
            return
    owner = subject.catalog.objects[rollup.owner].fields[rollup.field]
    if not owner.internal:
        for field in fields_read(subject, where):
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
    rollups = {model.fields[one.field].id: one for one in model.stored_rollups}
    for field_id, rollup in rollups.items():
        source = subject.catalog.objects[rollup.source]
        reads = {source.fields[one].id for one in rollup.reads}
        if rollup.where is not None:
            reads |= {path[0] for path in rollup.where.references()}
        edges[field_id] = reads
    return edges, frozenset(rollups)


def _formula_reads(subject: Subject, model: ObjectModel) -> Reads:
    """Return, by id, what is read at the ends of paths: by formulas, and by roll-ups on read."""
    reads = {
        field.id: {path[-1] for path in field.expression.references()}
        for field in model.fields.values()
        if field.expression is not None
    }
    for rollup in model.rollups:
        if not rollup.stored:
            source = subject.catalog.objects[rollup.source]
            paths = rollup.where.references() if rollup.where is not None else frozenset()
            named = {source.fields[one].id for one in rollup.reads}
            reads[model.fields[rollup.field].id] = named | {path[-1] for path in paths}
    return reads


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
