"""Checks of best matches: keys and dates that can be compared, and questions that name them rightly."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Final

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.tree import FieldRef, Query, walk
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.catalog import FieldModel, ObjectModel, WorkflowModel
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.conditions import of_workflow
from headrace.platform.metadata.checks.queries import assigned
from headrace.platform.metadata.definitions.objects import BestMatchDef

WRONG_FIELD = Message(
    "best_match.wrong_field",
    "“{field}” cannot be “{key}” of a best match: {why}.",
    "“{field}”不能作为择优匹配的“{key}”：{why}。",
    "Choose another field, or change this one.",
    "请选择其他字段，或修改该字段。",
)
NOT_DECLARED = Message(
    "best_match.not_declared",
    "“{object}” does not say how a best match is found.",
    "“{object}”没有说明如何择优匹配。",
    "Give it “best_match”, or ask with FIRST.",
    "请为其设置“best_match”，或改用 FIRST。",
)
NO_KEY = Message(
    "best_match.no_key",
    "“{field}” is not among the keys of the best match of “{object}”: {keys}.",
    "“{field}”不在“{object}”的匹配字段之中：{keys}。",
    "Put it behind WHERE, or add it to the keys.",
    "请写在 WHERE 之后，或将其加入匹配字段。",
)
KEY_TWICE = Message(
    "best_match.key_twice",
    "“{field}” is given twice.",
    "“{field}”给出了两次。",
    "Give each key once.",
    "每个匹配字段只需给出一次。",
)
NO_DAY = Message(
    "best_match.day",
    "Records of “{object}” are chosen for a day or time: say AT which, as {expected}.",
    "“{object}”按日期或时间择优：请用 AT 说明，类型为{expected}。",
    "Write BEST(… FOR … AT this.date).",
    "请写成 BEST(… FOR … AT this.date)。",
)
NO_VALIDITY = Message(
    "best_match.day",
    "Records of “{object}” have no beginning or end, so AT does nothing.",
    "“{object}”没有生效起止，AT 不起作用。",
    "Take AT away, or declare “from” and “to”.",
    "请去掉 AT，或声明“from”“to”。",
)
NOT_STORED: Final = Text("it is computed when it is read", "它在读取时计算")
SEVERAL: Final = Text("it holds several values", "它可有多个值")
REQUIRED: Final = Text("it is required, so it never fits all", "它是必填字段，不可能为空")
NO_NUMBER: Final = Text("it holds no number", "它不是数值")
NO_DATE: Final = Text("it holds neither a date nor a time", "它不是日期或时间")
OTHER_TYPE: Final = Text("it has another type than the beginning", "它与起点的类型不同")
KINDS: Final = {Kind.DATE: Text("a date", "日期"), Kind.DATETIME: Text("a time", "时间")}

Found = tuple[Expression | None, str]


def check_matching(subject: Subject) -> Iterator[Problem]:
    """Find best matches that cannot be found; reads objects, workflows, and the objects asked."""
    yield from subject.each("best", "objects", partial(_of_object, subject))
    yield from subject.each("best", "workflows", partial(_of_workflow, subject))


def _of_object(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    if model.definition.best_match is not None:
        for key, name, why in _declared(model, model.definition.best_match):
            place = subject.at("object", model.name, "best_match", key)
            yield WRONG_FIELD.at(place, field=name, key=key, why=why)
    for field in model.fields.values():
        if field.default is not None and field.default.queries:
            place = subject.field(model.name, field.name, "default")
            yield from _asked(subject, (field.default, place))


def _declared(model: ObjectModel, best: BestMatchDef) -> Iterator[tuple[str, str, Text]]:
    """Yield key, field and what is wrong with it."""
    for name in best.keys:
        yield from (("keys", name, why) for why in _key(model.fields[name]))
    named = {"priority": best.priority, "from": best.from_, "to": best.to}
    there = {key: model.fields[name] for key, name in named.items() if name is not None}
    for key, field in there.items():
        if not field.stored:
            yield key, field.name, NOT_STORED
        kind = field.value_type.kind
        if key == "priority":
            if kind is not Kind.NUMBER:
                yield key, field.name, NO_NUMBER
        elif kind not in KINDS:
            yield key, field.name, NO_DATE
        elif kind is not there.get("from", field).value_type.kind:
            yield key, field.name, OTHER_TYPE


def _key(field: FieldModel) -> Iterator[Text]:
    if not field.stored:
        yield NOT_STORED
    elif field.storage.many:
        yield SEVERAL
    elif field.definition.required or field.system:
        yield REQUIRED


def _of_workflow(subject: Subject, workflow: WorkflowModel) -> Iterator[Problem]:
    for found in chain(of_workflow(subject, workflow), assigned(subject, workflow)):
        yield from _asked(subject, found)


def _asked(subject: Subject, found: Found) -> Iterator[Problem]:
    expression, place = found
    for query in expression.queries if expression is not None else ():
        model = subject.catalog.object(query.name)
        if query.function == "BEST" and model is not None:
            yield from _question(model, query, place)


def _question(model: ObjectModel, query: Query, place: str) -> Iterator[Problem]:
    best = model.definition.best_match
    if best is None:
        yield NOT_DECLARED.at(place, object=model.name)
        return
    by_id = {field.id: field.name for field in model.fields.values()}
    given: set[str] = set()
    for match in query.matches:
        name = next(
            by_id.get(one.path[0], "")
            for one in walk(match)
            if isinstance(one, FieldRef) and not one.outer
        )
        if name not in best.keys:
            yield NO_KEY.at(place, field=name, object=model.name, keys=", ".join(best.keys))
        elif name in given:
            yield KEY_TWICE.at(place, field=name)
        given.add(name)
    bound = best.from_ or best.to
    if bound is None:
        if query.at is not None:
            yield NO_VALIDITY.at(place, object=model.name)
        return
    kind = model.fields[bound].value_type.kind
    if query.at is None or query.at.type.kind is not kind:
        expected = KINDS.get(kind, Text(bound, bound))
        yield NO_DAY.at(place, object=model.name, expected=expected)
