"""How the fields of a row behave under the field rules: hidden, required, locked, limited.

Judged over the row as it becomes, once for every door. What people send keeps to all of it; what
definitions set (defaults, a transition's `set`) is not sent by people, so it may fill what is hidden
or locked for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from headrace.platform.access.principals import SYSTEM_USER_ID
from headrace.platform.core.problems import Message, Problem, Text, pointer
from headrace.platform.formulas.environment import Environment, Evaluator
from headrace.platform.formulas.messages import FormulaOverflowError
from headrace.platform.formulas.python import holds
from headrace.platform.metadata.storage_types import SEPARATOR
from headrace.platform.records.batch import Batch
from headrace.platform.records.computing import stored_value
from headrace.platform.records.drafts import Draft
from headrace.platform.records.shapes import CompiledFieldRule, ObjectShape

HIDDEN: Final = Message(
    "field.hidden",
    "“{name}” is not asked for here, so it cannot be given.",
    "此处不需要填写“{name}”，不能提交该字段。",
    "Leave it out, or change the values on which it depends.",
    "请不要提交该字段，或修改其所依赖的值。",
)
LOCKED: Final = Message(
    "field.locked",
    "“{name}” cannot be changed now.",
    "“{name}”当前不可修改。",
    "Leave it as it is.",
    "请保持原值。",
)
NOT_ALLOWED: Final = Message(
    "value.not_allowed",
    "“{value}” cannot be chosen for “{name}” here.",
    "此处“{name}”不能选择“{value}”。",
    "Choose one of: {allowed}.",
    "可选值：{allowed}。",
)
REQUIRED: Final = Message(
    "value.required",
    "“{name}” needs a value.",
    "“{name}”为必填项。",
    "Enter a value.",
    "请填写。",
)
NO_TEXT: Final = Text()


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What holds for one field of one row; the texts say why, where the rule says it.

    `allowed` None: every value of the field can be chosen.
    """

    hidden: bool = False
    required: bool = False
    locked: bool = False
    allowed: frozenset[str] | None = None
    why_locked: Text = NO_TEXT
    why_required: Text = NO_TEXT
    why_allowed: Text = NO_TEXT


FREE: Final = Behaviour()
Behaviours = Mapping[str, Behaviour]
NONE: Final[Behaviours] = MappingProxyType({})


def behaviours(shape: ObjectShape, row: Environment) -> Behaviours:
    """Return how fields of a row behave, for those of which a field rule says something."""
    return behaviours_under(shape.field_rules, row)


def behaviours_under(rules: Sequence[CompiledFieldRule], row: Environment) -> Behaviours:
    """Return how fields of a row behave under rules, which need not be live.

    A hidden field is neither required, nor locked, nor limited.
    """
    if not rules:
        return NONE
    found: dict[str, Behaviour] = {}
    by_platform = row.user == SYSTEM_USER_ID
    for rule in rules:
        # What depends on who acts says nothing of what the platform does by itself.
        if by_platform and rule.asks_user:
            continue
        met = is_met(rule.when, row)
        for name in rule.about:
            known = found.get(name, FREE)
            found[name] = _added(known, rule, met=met)
    return {name: Behaviour(hidden=True) if one.hidden else one for name, one in found.items()}


def is_met(when: Evaluator, row: Environment) -> bool:
    """Say whether the condition of a field rule is true; one that overflows is not."""
    try:
        return holds(when(row))
    except FormulaOverflowError:
        return False


def _added(known: Behaviour, rule: CompiledFieldRule, *, met: bool) -> Behaviour:
    if rule.effect == "show":
        return known if met else replace(known, hidden=True)
    if not met:
        return known
    if rule.effect == "require":
        return replace(known, required=True, why_required=known.why_required or rule.message)
    if rule.effect == "lock":
        return replace(known, locked=True, why_locked=known.why_locked or rule.message)
    allowed = rule.allowed if known.allowed is None else known.allowed & rule.allowed
    return replace(known, allowed=allowed, why_allowed=known.why_allowed or rule.message)


# -- what a write keeps to -------------------------------------------------------------------------


def check_field_rules(batch: Batch) -> None:
    """Find what was sent for hidden or locked fields, choices outside of what is allowed, and gaps."""
    for draft in batch.drafts():
        if draft.kind not in {"create", "update"} or draft.environment is None:
            continue
        found = behaviours_of(draft)
        places = {problem.path for problem in batch.problems}
        for problem in (*_of_rules(batch, draft, found), *_of_states(draft, found)):
            if problem.path not in places:
                places.add(problem.path)
                batch.problems.append(problem)


def behaviours_of(draft: Draft) -> Behaviours:
    """Return how the fields of a draft behave, over its values as they become."""
    if draft.environment is None:
        return NONE
    return behaviours(draft.shape, draft.environment)


def _of_rules(batch: Batch, draft: Draft, found: Behaviours) -> Iterator[Problem]:
    platform_writes = batch.context.principal.is_system or batch.unchecked
    sent_by_people = not (platform_writes or batch.migrating)
    for name, one in found.items():
        if sent_by_people and (one.hidden or one.locked) and is_changed(draft, name):
            message, why = (HIDDEN, NO_TEXT) if one.hidden else (LOCKED, one.why_locked)
            yield _problem(draft, message, name, why)
        elif one.required and draft.new.get(name) is None:
            yield _problem(draft, REQUIRED, name, one.why_required)
        elif batch.migrating or one.allowed is None:
            continue
        elif _is_outside(draft, name, one.allowed):
            yield _not_allowed(draft, name, one)


def _of_states(draft: Draft, found: Behaviours) -> Iterator[Problem]:
    """Find values that the state entered or left needs; a row that stays keeps what it has."""
    state = draft.shape.model.state_field
    if state is None:
        return
    before = draft.old[state] if draft.old else None
    after = draft.new.get(state)
    for name, states in draft.shape.required_in:
        if draft.new.get(name) is not None or found.get(name, FREE).hidden:
            continue
        moves = before != after and (before in states or after in states)
        emptied = after in states and draft.old is not None and draft.old[name] is not None
        if moves or emptied:
            yield _problem(draft, REQUIRED, name, NO_TEXT)


def is_changed(draft: Draft, name: str) -> bool:
    """Say whether a field was sent with another value than it has, or gets by itself."""
    if name not in draft.given:
        return False
    if draft.old is not None:
        return bool(draft.given[name] != draft.old.get(name))
    return bool(draft.given[name] != _default(draft, name))


def _default(draft: Draft, name: str) -> Any:
    for kind, field, evaluate in draft.shape.steps:
        if kind == "default" and field == name and draft.environment is not None:
            return stored_value(draft.shape, name, evaluate(draft.environment))
    return None


def _is_outside(draft: Draft, name: str, allowed: frozenset[str]) -> bool:
    """Say whether a value is not allowed; one that a row had before stays."""
    before = draft.old.get(name) if draft.old else None
    return not _chosen(draft.new.get(name)) <= allowed | _chosen(before)


def _chosen(value: Any) -> frozenset[str]:
    """Return the values chosen in a field, of which some types hold several."""
    return frozenset() if value is None else frozenset(str(value).split(SEPARATOR))


def _problem(draft: Draft, message: Message, name: str, why: Text) -> Problem:
    label = draft.shape.fields[name].label
    problem = message.at(draft.place + pointer(name), name=label)
    return replace(problem, hint=why) if why else problem


def _not_allowed(draft: Draft, name: str, one: Behaviour) -> Problem:
    field = draft.shape.fields[name]
    labels = {choice.value: choice.label for choice in field.options.choices}
    # What a default gave may be nothing for the eyes of who saves.
    values = sorted(_chosen(draft.given.get(name)) - (one.allowed or frozenset()))
    shown = [labels.get(each) or Text(each, each) for each in values]
    allowed = [labels[each] or Text(each, each) for each in labels if each in (one.allowed or ())]
    problem = NOT_ALLOWED.at(
        draft.place + pointer(name),
        name=field.label,
        value=_listed(shown) or "…",
        allowed=_listed(allowed),
    )
    return replace(problem, hint=one.why_allowed) if one.why_allowed else problem


def _listed(texts: Iterable[Text]) -> Text:
    found = tuple(texts)
    return Text(
        ", ".join(one.within("en") for one in found), "、".join(one.within("zh") for one in found)
    )
