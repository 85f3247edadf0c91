"""Checks of objects: ownership, required circles, scopes, children, defaults, rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from headrace.platform.core.problems import Message, Problem
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.storage_types import HOLDS_FILES

OWNERSHIP_CYCLE = Message(
    "ref.ownership_cycle",
    "Masters and details form a circle: {cycle}.",
    "主从关系形成循环：{cycle}。",
    "Make one of them a lookup.",
    "请将其中之一改为引用。",
)
REQUIRED_CYCLE = Message(
    "ref.required_cycle",
    "No record can ever be made: each needs another first ({cycle}).",
    "永远无法创建记录：彼此必须先存在（{cycle}）。",
    "Make one of these references optional.",
    "请将其中一个引用改为非必填。",
)
TWO_MASTERS = Message(
    "object.two_masters",
    "“{object}” has two master-detail fields.",
    "“{object}”有两个主从字段。",
    "Keep one; make the other a lookup.",
    "请保留一个，另一个改为引用。",
)
CHILD_NOT_DETAIL = Message(
    "child.not_master_detail",
    "“{field}” of “{child}” is not a master-detail field to “{object}”.",
    "“{child}”的“{field}”不是指向“{object}”的主从字段。",
    "Name the field by which the rows belong to their master.",
    "请填写子表中指向主表的字段。",
)
CHILD_RANGE = Message(
    "field.range",
    "The least value {least} is above the most {most}.",
    "最小值 {least} 大于最大值 {most}。",
    "Swap them.",
    "请交换两者。",
)
CHILD_NAME = Message(
    "name.collision",
    "The relation “{name}” has the name of a field.",
    "关系“{name}”与字段同名。",
    "Give it another name.",
    "请改用其他名称。",
)
SCOPE_TARGET = Message(
    "scope.wrong_target",
    "The {part} path of “{object}” does not lead to {expected}.",
    "“{object}”的 {part} 路径未指向 {expected}。",
    "Choose a path whose last field refers to it.",
    "请选择末端引用正确的路径。",
)
ONE_ACTOR = Message(
    "object.acts_as_twice",
    "Two objects act as {part}: {names}.",
    "有两个对象充当 {part}：{names}。",
    "Keep one.",
    "请只保留一个。",
)
TITLE = Message(
    "object.title",
    "“{field}” cannot name a record.",
    "“{field}”不能作为记录标题。",
    "Choose a stored text or number field.",
    "请选择已存储的文本或编号字段。",
)
ONE_TREE = Message(
    "object.two_trees",
    "“{object}” has two tree fields.",
    "“{object}”有两个上级字段。",
    "Keep one; make the other a lookup.",
    "请保留一个，另一个改为引用。",
)


def check_objects(subject: Subject) -> Iterator[Problem]:
    """Find what is wrong with single objects and between them."""
    yield from subject.each("objects", "objects", partial(_of_object, subject))
    yield from _actors(subject)
    owned = partial(_cycles, subject, OWNERSHIP_CYCLE)
    yield from subject.over_all("masters", "objects", _masters, owned)
    needed = partial(_cycles, subject, REQUIRED_CYCLE)
    yield from subject.over_all("required references", "objects", _required, needed)


def _of_object(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    yield from _children(subject, model)
    yield from _keys(subject, model)
    yield from _scopes(subject, model)


def _children(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    for position, child in enumerate(model.children):
        place = subject.at("object", model.name, "children", position)
        detail = subject.catalog.objects[child.object]
        if detail.master != child.by or detail.fields[child.by].target != model.name:
            problem = CHILD_NOT_DETAIL.at(
                "/by", field=child.by, child=child.object, object=model.name
            )
            yield problem.below(place)
        if child.min > child.max:
            yield CHILD_RANGE.at("/min", least=child.min, most=child.max).below(place)
        if child.name in model.fields:
            yield CHILD_NAME.at("/name", name=child.name).below(place)


def _keys(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    masters = [one for one in model.fields.values() if one.type.key == "master_detail"]
    if len(masters) > 1:
        yield TWO_MASTERS.at(subject.field(model.name, masters[1].name), object=model.name)
    trees = [one for one in model.fields.values() if one.is_tree]
    if len(trees) > 1:
        yield ONE_TREE.at(subject.field(model.name, trees[1].name), object=model.name)
    title = model.fields[model.title]
    if model.definition.title is not None and (
        not title.stored
        or title.refers_to
        or title.storage.many
        or title.storage.kind in HOLDS_FILES
    ):
        yield TITLE.at(subject.at("object", model.name, "title"), field=title.name)


def _scopes(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    for part, path in model.scope_paths.items():
        last = path[-1]
        if part == "owner":
            fits = last.target == "user"
        else:
            target = subject.catalog.objects.get(last.target or "")
            fits = target is not None and target.acts_as == part
        if not fits:
            place = subject.at("object", model.name, "scope_paths", part)
            expected = "user" if part == "owner" else part
            yield SCOPE_TARGET.at(place, part=part, object=model.name, expected=expected)


def _actors(subject: Subject) -> Iterator[Problem]:
    for part in ("organisation", "territory"):
        names = [one.name for one in subject.catalog.objects.values() if one.acts_as == part]
        if len(names) > 1:
            place = subject.at("object", names[1], "acts_as")
            yield ONE_ACTOR.at(place, part=part, names=", ".join(names))


Edges = tuple[tuple[str, str], ...]
"""References from one object to another: field and target."""


def _masters(model: ObjectModel) -> Edges:
    return tuple(
        (field.name, str(field.target))
        for field in model.fields.values()
        if field.type.key == "master_detail"
    )


def _required(model: ObjectModel) -> Edges:
    hideable = model.hideable
    return tuple(
        (field.name, field.target)
        for field in model.fields.values()
        if field.definition.required and field.target and not field.default
        if field.name not in hideable
    )


def _cycles(subject: Subject, message: Message, edges: Mapping[str, Edges]) -> Iterator[Problem]:
    """Report each circle of references once, at the field that closes it."""
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> Iterator[Problem]:
        if name in trail:
            cycle = " → ".join((*trail[trail.index(name) :], name))
            closing = next(field for field, target in edges[trail[-1]] if target == name)
            yield message.at(subject.field(trail[-1], closing), cycle=cycle)
            return
        if name in done:
            return
        for _, target in edges.get(name, ()):
            yield from visit(target, (*trail, name))
        done.add(name)

    for start in edges:
        yield from visit(start, ())
