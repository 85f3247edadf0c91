"""Checks of scenarios: every name is known, and every step can be taken at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from headrace.platform.core.problems import Message, Problem, pointer
from headrace.platform.metadata.building import closest
from headrace.platform.metadata.building.messages import (
    DUPLICATE_NAME,
    UNKNOWN_FIELD,
    UNKNOWN_OBJECT,
    UNKNOWN_REFERENCE,
)
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.definitions.scenarios import (
    ActDef,
    ExpectedDef,
    GivenRecordDef,
    NewRecordDef,
    ScenarioDef,
)

NAMED: Final = "named"
"""The key of a value that is a record or a person of the scenario."""
PEOPLE: Final = ""
"""Stands for the object of people among the local names."""

BAD_TIME = Message(
    "scenario.time",
    "There is no such date and time: “{value}”.",
    "不存在这样的日期时间：“{value}”。",
    "Write it like 2025-06-30T10:00.",
    "请写成 2025-06-30T10:00 的形式。",
)
UNKNOWN_LOCAL = Message(
    "scenario.unknown_name",
    "Nothing of the scenario is called “{name}” here.",
    "业务场景中此处没有名为“{name}”的内容。",
    "Give it first, or use one of: {known}.",
    "请先在前面给出，或使用：{known}。",
)
ONE_ACT = Message(
    "scenario.one_act",
    "A step does exactly one thing.",
    "每一步只做一件事。",
    "Give one of create, update, move, decide and press.",
    "请只填写 create、update、move、decide、press 之一。",
)
FOUND_WITH_VALUES = Message(
    "scenario.found_with_values",
    "A record that is found by its key has values of its own.",
    "按标识查找的记录已有自己的值。",
    "Leave out the key or the values.",
    "请去掉 key 或 values。",
)
WITHOUT_KEY = Message(
    "scenario.without_key",
    "Records of “{object}” have no external id to be found by.",
    "“{object}”的记录没有可供查找的外部标识。",
    "Give the record with its values.",
    "请给出该记录的值。",
)
WITHOUT_WORKFLOW = Message(
    "scenario.without_workflow",
    "Records of “{object}” have no workflow.",
    "“{object}”的记录没有工作流。",
    "Give it a workflow, or leave this out.",
    "请为其设置工作流，或去掉此项。",
)
PROVES_NOTHING = Message(
    "scenario.proves_nothing",
    "The scenario expects nothing.",
    "该业务场景没有任何预期。",
    "Say what must come out, or which step must be refused.",
    "请写明预期结果，或哪一步须被拒绝。",
)
EXPECTS_NOTHING = Message(
    "scenario.expects_nothing",
    "Nothing is expected of “{name}”.",
    "对“{name}”没有任何预期。",
    "Say its state, values, tasks or who sees it; or leave it out.",
    "请写明状态、值、待办或谁可查看，或去掉此项。",
)

Locals = dict[str, str]
"""Objects of the records that there are by now, by local name; people are of `PEOPLE`."""


def check_scenarios(subject: Subject) -> Iterator[Problem]:
    """Find scenarios that could not run; reads one with the objects and workflows that it names."""
    yield from subject.each("scenarios", "scenarios", partial(check_scenario, subject))


def check_scenario(subject: Subject, scenario: ScenarioDef) -> Iterator[Problem]:
    """Find what of one scenario could not run."""
    at = partial(subject.at, "scenario", scenario.name)
    try:
        datetime.fromisoformat(scenario.at)
    except ValueError:
        yield BAD_TIME.at(at("at"), value=scenario.at)
    known: Locals = {}
    yield from _given(subject, scenario, known)
    for position, act in enumerate(scenario.when):
        yield from _act(subject, act, at("when", position), known)
    if not scenario.then and not any(one.refused for one in scenario.when):
        yield PROVES_NOTHING.at(at("then"))
    for position, expected in enumerate(scenario.then):
        yield from _expected(subject, expected, at("then", position), known)


def _given(subject: Subject, scenario: ScenarioDef, known: Locals) -> Iterator[Problem]:
    at = partial(subject.at, "scenario", scenario.name, "given")
    for position, person in enumerate(scenario.given.users):
        yield from _come(person.name, PEOPLE, at("users", position), known)
    for position, record in enumerate(scenario.given.records):
        yield from _record(subject, record, at("records", position), known)
    for position, person in enumerate(scenario.given.users):
        place = at("users", position)
        for index, role in enumerate(person.roles):
            if role not in subject.catalog.roles:
                here = place + pointer("roles", index)
                yield UNKNOWN_REFERENCE.at(here, kind="role", name=role)
        for part in ("territory", "organisation"):
            yield from _plays(subject, part, getattr(person, part), place + pointer(part), known)
        if person.manager is not None and known.get(person.manager) != PEOPLE:
            yield _unknown(person.manager, place + "/manager", known, (PEOPLE,))


def _plays(
    subject: Subject, part: Any, name: str | None, place: str, known: Locals
) -> Iterator[Problem]:
    """Find a territory or organisation that is none."""
    if name is None:
        return
    model = subject.catalog.acting_as(part)
    wanted = (model.name,) if model else ()
    if known.get(name) not in wanted:
        yield _unknown(name, place, known, wanted)


def _come(name: str, about: str, place: str, known: Locals) -> Iterator[Problem]:
    if name in known:
        yield DUPLICATE_NAME.at(place + "/name", name=name)
    known[name] = about


def _record(
    subject: Subject, record: GivenRecordDef | NewRecordDef, place: str, known: Locals
) -> Iterator[Problem]:
    model = subject.catalog.objects.get(record.object)
    if model is None:
        yield UNKNOWN_OBJECT.at(place + "/object", name=record.object)
    else:
        yield from _values(subject, model, record.values, place + "/values", known)
        key = record.key if isinstance(record, GivenRecordDef) else None
        if key is not None and record.values:
            yield FOUND_WITH_VALUES.at(place + "/key")
        elif key is not None and not model.external_ids:
            yield WITHOUT_KEY.at(place + "/key", object=model.name)
    yield from _come(record.name, record.object, place, known)


def _values(
    subject: Subject, model: ObjectModel, values: Mapping[str, Any], place: str, known: Locals
) -> Iterator[Problem]:
    """Find unknown fields, and local names of what is not there yet, of a record and its rows."""
    for name, value in values.items():
        here = place + pointer(name)
        child = model.child(name)
        if child is not None and child.object in subject.catalog.objects:
            rows = subject.catalog.objects[child.object]
            for position, row in enumerate(value if isinstance(value, list) else ()):
                if isinstance(row, Mapping):
                    yield from _values(subject, rows, row, here + pointer(position), known)
        elif name not in model.fields:
            suggestion = closest(name, model.fields)
            yield UNKNOWN_FIELD.at(here, object=model.name, name=name, suggestion=suggestion)
        else:
            yield from _named(value, here, known)


def _named(value: Any, place: str, known: Locals) -> Iterator[Problem]:
    if isinstance(value, list):
        for position, one in enumerate(value):
            yield from _named(one, place + pointer(position), known)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            if key == NAMED and one not in known:
                yield _unknown(str(one), place + pointer(NAMED), known)
            elif isinstance(one, (Mapping, list)):
                yield from _named(one, place + pointer(key), known)


def _act(subject: Subject, act: ActDef, place: str, known: Locals) -> Iterator[Problem]:
    if known.get(act.by) != PEOPLE:
        yield _unknown(act.by, place + "/by", known, (PEOPLE,))
    done = [
        key
        for key in ("create", "update", "move", "decide", "press")
        if getattr(act, key) is not None
    ]
    if len(done) != 1:
        yield ONE_ACT.at(place)
        return
    here = place + pointer(done[0])
    if act.create is not None:
        yield from _record(subject, act.create, here, known)
        return
    part = getattr(act, done[0])
    model = _model(subject, part.record, known)
    if model is None:
        yield _unknown(part.record, here + "/record", known, tuple(subject.catalog.objects))
        return
    if act.update is not None:
        yield from _values(subject, model, act.update.values, here + "/values", known)
    elif act.press is not None:
        automation = subject.catalog.automations.get(act.press.button)
        if automation is None or automation.definition.object != model.name:
            yield UNKNOWN_REFERENCE.at(here + "/button", kind="automation", name=act.press.button)
        yield from _named(dict(act.press.inputs), here + "/inputs", known)
    else:
        transition = act.move.transition if act.move else None
        yield from _of_workflow(subject, model, "transition", transition, here)


def _of_workflow(
    subject: Subject, model: ObjectModel, part: str, name: str | None, place: str
) -> Iterator[Problem]:
    workflow = subject.catalog.workflows.get(model.workflow or "")
    if workflow is None:
        yield WITHOUT_WORKFLOW.at(place, object=model.name)
    elif name is not None:
        known: Mapping[str, Any] = getattr(workflow, part + "s")
        if name not in known:
            yield UNKNOWN_REFERENCE.at(place + pointer(part), kind=part, name=name)


def _expected(
    subject: Subject, expected: ExpectedDef, place: str, known: Locals
) -> Iterator[Problem]:
    model = _model(subject, expected.record, known)
    if model is None:
        yield _unknown(expected.record, place + "/record", known, tuple(subject.catalog.objects))
        return
    if expected.state is not None:
        yield from _of_workflow(subject, model, "state", expected.state, place)
    yield from _values(subject, model, expected.values, place + "/values", known)
    for key in ("tasks", "seen_by", "hidden_from"):
        for position, name in enumerate(getattr(expected, key) or ()):
            if known.get(name) != PEOPLE:
                yield _unknown(name, place + pointer(key, position), known, (PEOPLE,))
    told = (expected.state, expected.values, expected.seen_by, expected.hidden_from)
    if not any(told) and expected.tasks is None:
        yield EXPECTS_NOTHING.at(place, name=expected.record)


def _model(subject: Subject, name: str, known: Locals) -> ObjectModel | None:
    return subject.catalog.objects.get(known.get(name, ""))


def _unknown(name: str, place: str, known: Locals, of: Sequence[str] | None = None) -> Problem:
    names = [one for one, about in known.items() if of is None or about in of]
    return UNKNOWN_LOCAL.at(place, name=name, known=", ".join(names) or "–")
