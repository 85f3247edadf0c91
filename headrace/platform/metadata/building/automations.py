"""Automations: their triggers, conditions and actions."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter

from headrace.platform.core.problems import Message, pointer
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.types import BOOLEAN, Type, references
from headrace.platform.metadata.building.messages import (
    DUPLICATE_NAME,
    UNKNOWN_OBJECT,
    UNKNOWN_REFERENCE,
)
from headrace.platform.metadata.building.objects import field_model
from headrace.platform.metadata.building.workbench import Workbench, unknown_field
from headrace.platform.metadata.catalog import (
    ActionModel,
    Assignment,
    AutomationModel,
    FieldModel,
    ObjectModel,
    RecipientModel,
)
from headrace.platform.metadata.definitions.automations import (
    ActionDef,
    AutomationDef,
    ConvertDef,
    CreateDef,
    ForEachDef,
    NotifyDef,
    PeopleDef,
    RowActionDef,
)
from headrace.platform.metadata.definitions.objects import FieldDef
from headrace.platform.metadata.inputs import input_id
from headrace.platform.metadata.templates import Template

ONE_ACTION = Message(
    "automation.one_action",
    "An action does exactly one thing; this one names: {given}.",
    "每个动作只做一件事；此处写了：{given}。",
    "Keep one of them; make further actions of the others.",
    "请只保留一项，其余拆为单独的动作。",
)


def build_automations(work: Workbench) -> dict[str, AutomationModel]:
    """Resolve all automations."""
    for name, definition in work.definitions.get("automation", {}).items():
        if definition.object not in work.objects:
            work.report_unknown_object(work.know("automation", name), definition.object)
    made = work.each("automation", "automation", partial(_automation, work), attrgetter("object"))
    return {name: model for name, model in made.items() if model is not None}


def _automation(work: Workbench, definition: AutomationDef) -> AutomationModel | None:
    model = work.objects.get(definition.object)
    if model is None:
        return None
    _triggers(work, definition, model)
    for position, need in enumerate(definition.rights):
        if not work.knows(need.object):
            work.report_unknown_object(definition, need.object, "rights", position, "object")
    at = _At(work, model)
    inputs = dict(_inputs(work, definition))
    acting = _At(work, model, inputs=inputs)
    actions = tuple(
        _action(acting, one, work.place(definition, "actions", position))
        for position, one in enumerate(definition.actions)
    )
    return AutomationModel(
        id=definition.id or definition.name,
        name=definition.name,
        object=definition.object,
        definition=definition,
        when=at.expression(definition.when, work.place(definition, "when")),
        actions=actions,
        moments=tuple(
            at.expression(one.at, work.place(definition, "on", position, "at"), None)
            for position, one in enumerate(definition.on)
        ),
        inputs=inputs,
    )


def _inputs(work: Workbench, definition: AutomationDef) -> Iterator[tuple[str, FieldModel]]:
    """Yield what buttons ask, each as a field of no object."""
    seen: set[str] = set()
    for position, trigger in enumerate(definition.on):
        for index, one in enumerate(trigger.inputs):
            place = work.place(definition, "on", position, "inputs", index)
            if one.name in seen:
                work.problems.append(DUPLICATE_NAME.at(place + "/name", name=one.name))
                continue
            seen.add(one.name)
            found = FieldDef(
                name=one.name,
                type=one.type,
                id=input_id(one.name),
                label=one.label,
                help=one.help,
                required=one.required,
                options=one.options,
            )
            for problem in work.types[one.type].check_options(one.options):
                # Paths of options begin with the field itself.
                work.problems.append(problem.below(place))
            yield one.name, field_model(work, definition.object, found, place)


def _triggers(work: Workbench, definition: AutomationDef, model: ObjectModel) -> None:
    for position, trigger in enumerate(definition.on):
        place = work.place(definition, "on", position)
        for index, name in enumerate(trigger.changed):
            if name not in model.fields:
                where = f"{place}/changed/{index}"
                work.problems.append(unknown_field(model, name).below(where))
        for index, name in enumerate(trigger.roles):
            work.role(name, f"{place}/roles/{index}")
        if trigger.child is not None and model.child(trigger.child) is None:
            unknown = UNKNOWN_REFERENCE.at(place + "/child", kind="child", name=trigger.child)
            work.problems.append(unknown)


@dataclass(frozen=True, slots=True)
class _At:
    """What formulas at a place speak of; `outer` is what `this.` does within `for_each`."""

    work: Workbench
    model: ObjectModel
    outer: str | None = None
    inputs: Mapping[str, FieldModel] = field(default_factory=dict)

    def expression(
        self, text: str | None, place: str, expected: Type | None = BOOLEAN
    ) -> Expression | None:
        """Analyse a formula over the record at hand; over rows it cannot ask others."""
        return self.work.expression(
            text,
            self.model.name,
            place,
            expected=expected,
            queries=self.outer is None,
            outer=self.outer,
            engines=frozenset(("python",)),
            inputs=self.inputs,
        )

    def assignments(
        self, target: ObjectModel, values: Mapping[str, str], place: str
    ) -> tuple[Assignment, ...]:
        """Return what `values` set in a record of `target`."""
        result = []
        for name, text in values.items():
            field = self.work.find(target.name, name)
            where = place + pointer(name)
            if field is None:
                self.work.problems.append(unknown_field(target, name).below(where))
                continue
            value = self.expression(text, where, field.value_type)
            if value is not None:
                result.append(Assignment(name, value))
        return tuple(result)


def kinds_of(definition: RowActionDef) -> tuple[str, ...]:
    """Return the keys that say what an action does."""
    names = (one.name for one in dataclasses.fields(definition) if one.name != "when")
    return tuple(name for name in names if getattr(definition, name))


def _action(at: _At, definition: RowActionDef, place: str) -> ActionModel:
    given = kinds_of(definition)
    if len(given) != 1:
        at.work.problems.append(ONE_ACTION.at(place, given=", ".join(given) or "–"))
        return ActionModel("", definition)
    kind = given[0]
    where = f"{place}/{kind}"
    when = at.expression(definition.when, place + "/when")
    action = ActionModel(kind, definition, when, at.model.name)
    made = definition.create or definition.post
    if definition.set:
        assigned = at.assignments(at.model, definition.set, where)
        return dataclasses.replace(action, assignments=assigned)
    if made is not None:
        return _creating(at, action, made, where)
    if definition.convert is not None:
        return _converting(at, action, definition.convert, where)
    if definition.webhook is not None:
        sent = definition.webhook.fields
        paths = (
            at.work.path_at(f"{where}/fields/{position}", at.model.name, path)
            for position, path in enumerate(sent)
        )
        return dataclasses.replace(action, paths=tuple(path for path in paths if path))
    if definition.notify is not None:
        return dataclasses.replace(action, recipients=_told(at, definition.notify, where))
    if isinstance(definition, ActionDef):
        if definition.for_each is not None:
            return _for_each(at, action, definition.for_each, where)
        refuse = definition.refuse
        if refuse is not None and refuse.field is not None and refuse.field not in at.model.fields:
            unknown = unknown_field(at.model, refuse.field)
            at.work.problems.append(unknown.below(where + "/field"))
    return action


def _creating(at: _At, action: ActionModel, definition: CreateDef, place: str) -> ActionModel:
    target = _object(at.work, definition.object, place)
    if target is None:
        return dataclasses.replace(action, object=None)
    assigned = at.assignments(target, definition.set, place + "/set")
    made = dataclasses.replace(action, object=target.name, assignments=assigned)
    if definition.each is None:
        return made
    within = _people(at, target, definition.each, place + "/each")
    return dataclasses.replace(made, rows=within)


def _people(at: _At, target: ObjectModel, people: PeopleDef, place: str) -> Expression | None:
    """Resolve for whom records are made; return the organisations that they are of."""
    for name, model, part in (
        (people.person, target, "person"),
        (people.organisation, target, "organisation"),
        (people.among, at.model, "among"),
    ):
        if name is not None and at.work.find(model.name, name) is None:
            at.work.problems.append(unknown_field(model, name).below(f"{place}/{part}"))
    for position, role in enumerate(people.roles):
        at.work.role(role, f"{place}/roles/{position}")
    if people.within is None:
        return None
    companies = [one.name for one in at.work.objects.values() if one.acts_as == "organisation"]
    expected = references(companies[0]) if companies else None
    return at.expression(people.within, place + "/within", expected)


def _converting(at: _At, action: ActionModel, definition: ConvertDef, place: str) -> ActionModel:
    target = _object(at.work, definition.object, place)
    source = _child(at, at.model, definition.lines, place + "/lines")
    into = _child(at, target, definition.into, place + "/into") if target else None
    if target is None or source is None or into is None:
        return dataclasses.replace(action, object=None)
    for key in ("quantity", "source"):
        name = getattr(definition, key)
        if at.work.find(into.name, name) is None:
            at.work.problems.append(unknown_field(into, name).below(f"{place}/{key}"))
    row = _At(at.work, source, at.model.name, at.inputs)
    return dataclasses.replace(
        action,
        object=target.name,
        assignments=at.assignments(target, definition.set, place + "/set"),
        rows=row.expression(definition.remaining, place + "/remaining", None),
        each=row.assignments(into, definition.each, place + "/each"),
    )


def _child(at: _At, model: ObjectModel, name: str, place: str) -> ObjectModel | None:
    """Return the object of the rows of a child grid; one that is not there is a problem."""
    relation = model.child(name)
    if relation is None:
        at.work.problems.append(UNKNOWN_REFERENCE.at(place, kind="child", name=name))
        return None
    at.work.knows(relation.object)
    return at.work.objects.get(relation.object)


def _object(work: Workbench, name: str, place: str) -> ObjectModel | None:
    if not work.knows(name) or name not in work.objects:
        work.problems.append(UNKNOWN_OBJECT.at(place + "/object", name=name))
        return None
    return work.objects[name]


def _told(at: _At, definition: NotifyDef, place: str) -> tuple[RecipientModel, ...]:
    for language, text in definition.text.as_dict().items():
        for path in Template.of(text).paths:
            at.work.path_at(f"{place}/text/{language}", at.model.name, path)
    found = []
    for position, one in enumerate(definition.to):
        where = f"{place}/to/{position}"
        if one.role is not None:
            at.work.role(one.role, where + "/role")
        way = at.work.path_at(where + "/field", at.model.name, one.field)
        of = at.work.path_at(where + "/of", at.model.name, one.of)
        found.append(RecipientModel(way, one.role, one.endpoint, of))
    return tuple(found)


def _for_each(at: _At, action: ActionModel, definition: ForEachDef, place: str) -> ActionModel:
    target = _object(at.work, definition.object, place)
    if target is None:
        return dataclasses.replace(action, object=None)
    rows = at.expression(definition.rows, place + "/rows", references(target.name))
    inner = _At(at.work, target, at.model.name, at.inputs)
    actions = tuple(
        _action(inner, one, f"{place}/actions/{position}")
        for position, one in enumerate(definition.actions)
    )
    return dataclasses.replace(action, object=target.name, rows=rows, actions=actions)
