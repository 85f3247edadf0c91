"""Which open runs a new version reaches: what they are pinned to changed, or needs what is going.

Runs stay pinned to what they began with. A run must end where that speaks of something that the new
version no longer has.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.problems import Text
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.tree import ConstantRef, FieldRef, Query, walk
from headrace.platform.metadata.catalog import (
    ApprovalModel,
    Catalog,
    FieldModel,
    ObjectModel,
    TransitionModel,
    WorkflowModel,
)
from headrace.platform.metadata.definitions.choices import renamed_values
from headrace.platform.metadata.references.walking import choices_of
from headrace.platform.workflow.pinned import PinnedApproval, pin, read_stored
from headrace.platform.workflow.tables import DEFINITION, FIRST_OPEN, RUN

States = Mapping[str, Mapping[str, str]]
"""Workflow id -> old state -> new state."""

Values = Mapping[str, Mapping[str, str]]
"""Id of a field -> old value -> new value."""

RunKey = tuple[str, str]
"""Workflow id and the name of the approval that a run is pinned to."""

NO_STATES: Final[States] = MappingProxyType({})
NO_VALUES: Final[Values] = MappingProxyType({})
_UNSEEN: Final = frozenset(
    {"label", "transition_label", "block_label", "source", "names", "span", "id"}
)


@dataclass(frozen=True, slots=True)
class OpenRuns:
    """The open runs of one approval that a new version reaches.

    `steps` are the labels of the steps that they wait in, with their numbers. `reasons` say why
    they cannot go on as they began; empty where they can.
    """

    key: RunKey
    object_id: str
    object: str
    label: Text
    steps: tuple[tuple[str, int], ...]
    reasons: tuple[Text, ...] = ()

    @property
    def count(self) -> int:
        """How many runs there are."""
        return sum(number for _, number in self.steps)

    @property
    def must_end(self) -> bool:
        """Whether they cannot stay pinned."""
        return bool(self.reasons)


@dataclass(slots=True)
class _Gathered:
    object_id: str
    pinned: PinnedApproval
    steps: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, Text] = field(default_factory=dict)
    changed: bool = False


def reached_runs(
    connection: sa.Connection, old: Catalog, new: Catalog, states: States = NO_STATES
) -> tuple[OpenRuns, ...]:
    """Return the open runs whose approval `new` changes, or that need what it no longer has.

    `states` are those that rows are moved to by a decision; renames are told by ids.
    """
    counted = connection.execute(_counted()).all()
    if not counted:
        return ()
    found: dict[RunKey, _Gathered] = {}
    needs = _Needs(old, new, renamed_states(old, new, states))
    for row in counted:
        pinned = read_stored(row.content)
        key = (pinned.workflow, pinned.name)
        gathered = found.setdefault(key, _Gathered(row.object_id, pinned))
        step = "–" if row.node_of_step is None else pinned.steps[row.node_of_step].name
        gathered.steps[step] = gathered.steps.get(step, 0) + row.number
        gathered.changed |= needs.changes(row.object_id, pinned)
        for reason in needs.missing(row.object_id, pinned.with_way_back(row.from_state)):
            gathered.reasons[reason.en] = reason
    return tuple(
        OpenRuns(
            key=key,
            object_id=one.object_id,
            object=needs.name_of(one.object_id),
            label=one.pinned.label or Text(one.pinned.name, one.pinned.name),
            steps=tuple(sorted(one.steps.items())),
            reasons=tuple(one.reasons.values()),
        )
        for key, one in sorted(found.items())
        if one.changed or one.reasons
    )


def renamed_states(old: Catalog, new: Catalog, decided: States = NO_STATES) -> States:
    """Return the states that have another name under their id, and those that are `decided`."""
    now = {workflow.id: workflow for workflow in new.workflows.values()}
    found: dict[str, dict[str, str]] = {}
    for workflow in old.workflows.values():
        later = now.get(workflow.id)
        if later is None:
            continue
        names = {state.id: state.name for state in later.states.values() if state.id}
        moved = {
            state.name: names[state.id]
            for state in workflow.states.values()
            if state.id in names and names[state.id] != state.name
        }
        moved |= decided.get(workflow.id, {})
        if moved:
            found[workflow.id] = moved
    return found


def renamed_choices(old: Catalog, new: Catalog, decided: Values = NO_VALUES) -> Values:
    """Return the values of choices and record types that have another name, by field, and those `decided`."""
    fields = {one.id: one for model in old.objects.values() for one in model.fields.values()}
    found = {
        one.id: {
            **renamed_values(choices_of(fields[one.id].options), choices_of(one.options)),
            **decided.get(one.id, {}),
        }
        for model in new.objects.values()
        for one in model.fields.values()
        if one.id in fields and fields[one.id].options is not one.options
    }
    return {field_id: values for field_id, values in found.items() if values}


@functools.cache
def _counted() -> sa.Select[Any]:
    """Return the select of the open runs, counted by definition, way back and first open step."""
    node = FIRST_OPEN.c.node.label("node_of_step")
    keys = (RUN.c.object_id, RUN.c.definition, RUN.c.from_state, node)
    counted = (
        sa.select(*keys, sa.func.count().label("number"))
        .select_from(RUN.outerjoin(FIRST_OPEN, FIRST_OPEN.c.run == RUN.c.id))
        .where(RUN.c.state == "open")
        .group_by(*keys)
        .subquery()
    )
    return sa.select(counted, DEFINITION.c.content).join(
        DEFINITION, DEFINITION.c.hash == counted.c.definition
    )


class _Needs:
    """What the definitions that runs are pinned to need of a version."""

    def __init__(self, old: Catalog, new: Catalog, states: States) -> None:
        self._old = old
        self._new = new
        self._states = states
        self._old_objects = {model.id: model for model in old.objects.values()}
        self._new_objects = {model.id: model for model in new.objects.values()}
        self._old_fields = _fields(old)
        self._new_fields = _fields(new)

    def name_of(self, object_id: str) -> str:
        """Return what an object is called in the old version."""
        model = self._old_objects.get(object_id)
        return object_id if model is None else model.name

    def changes(self, object_id: str, pinned: PinnedApproval) -> bool:
        """Say whether a run begun in the new version would be pinned to something else."""
        before = pinned_now(self._old, self._old_objects.get(object_id), pinned)
        approval = None if before is None else before.id
        after = pinned_now(self._new, self._new_objects.get(object_id), pinned, approval)
        if before is None or after is None:
            return before is not None
        return bool(_bare(before.to_json()) != _bare(after.to_json()))

    def missing(self, object_id: str, pinned: PinnedApproval) -> Iterator[Text]:
        """Yield why a run cannot go on in the new version."""
        model = self._new_objects.get(object_id)
        if model is None:
            yield Text("the object is removed", "对象被移除")
            return
        workflow = self._new.workflows.get(model.workflow or "")
        if workflow is None or workflow.id != pinned.workflow:
            yield Text("the workflow is removed", "流程被移除")
            return
        yield from self._missing_states(workflow, pinned)
        yield from self._missing_parts(pinned)

    def _missing_states(self, workflow: WorkflowModel, pinned: PinnedApproval) -> Iterator[Text]:
        moved = self._states.get(workflow.id, {})
        for state in dict.fromkeys((pinned.to, *(one.to for one in pinned.outcomes.values()))):
            if moved.get(state, state) not in workflow.states:
                yield Text(f"the state {state} is removed", f"状态 {state} 被移除")

    def _missing_parts(self, pinned: PinnedApproval) -> Iterator[Text]:
        field_ids: set[str] = set()
        for outcome in pinned.outcomes.values():
            field_ids.update(field_id for field_id, _ in outcome.assignments)
        for approver in pinned.approvers():
            field_ids.update((*approver.field, *approver.within, *approver.of))
        for expression in expressions_of(pinned):
            for node in walk(expression.tree):
                if isinstance(node, FieldRef):
                    field_ids.update(node.path)
                elif isinstance(node, ConstantRef) and node.name not in self._new.constants:
                    yield Text(f"the constant {node.name} is removed", f"常量 {node.name} 被移除")
                elif isinstance(node, Query) and self._is_gone(node.object):
                    name = self.name_of(node.object)
                    yield Text(f"the object {name} is removed", f"对象 {name} 被移除")
        for field_id in sorted(field_ids):
            reason = self._lost(field_id)
            if reason is not None:
                yield reason

    def _is_gone(self, object_id: str) -> bool:
        return object_id in self._old_objects and object_id not in self._new_objects

    def _lost(self, field_id: str) -> Text | None:
        before, after = self._old_fields.get(field_id), self._new_fields.get(field_id)
        if before is None:
            return None
        name = f"{before.object}.{before.name}"
        if after is None:
            return Text(f"the field {name} is removed", f"字段 {name} 被移除")
        if before.value_type.kind != after.value_type.kind:
            return Text(f"the field {name} changes its type", f"字段 {name} 的类型改变")
        if self._target(self._old, before) != self._target(self._new, after):
            return Text(
                f"the field {name} refers to another object", f"字段 {name} 改为引用其他对象"
            )
        return None

    @staticmethod
    def _target(catalog: Catalog, one: FieldModel) -> str | None:
        target = catalog.object(one.pointed) if one.pointed else None
        return None if target is None else target.id


def _fields(catalog: Catalog) -> dict[str, FieldModel]:
    return {
        one.id: one
        for model in catalog.objects.values()
        for one in model.fields.values()
        if not one.system
    }


def pinned_now(
    catalog: Catalog,
    model: ObjectModel | None,
    pinned: PinnedApproval,
    approval_id: str | None = None,
) -> PinnedApproval | None:
    """Return what a run of the same approval would be pinned to; None where there is none."""
    workflow = None if model is None else catalog.workflows.get(model.workflow or "")
    if model is None or workflow is None or workflow.id != pinned.workflow:
        return None
    wanted = approval_id or pinned.id
    for transition, approval in _approvals(workflow):
        same = approval.definition.id == wanted if wanted else approval.name == pinned.name
        if same:
            return pin(model, workflow, transition, approval)
    return None


def _approvals(workflow: WorkflowModel) -> Iterator[tuple[TransitionModel, ApprovalModel]]:
    for name, approvals in workflow.approvals.items():
        for approval in approvals:
            yield workflow.transitions[name], approval


def expressions_of(pinned: PinnedApproval) -> Iterator[Expression]:
    """Yield all formulas of a pinned definition."""
    for outcome in pinned.outcomes.values():
        if outcome.when is not None:
            yield outcome.when
        yield from (value for _, value in outcome.assignments)
    for step in pinned.steps:
        if step.when is not None:
            yield step.when
    yield from (one.formula for one in pinned.approvers() if one.formula is not None)


def _bare(node: Any) -> Any:
    """Return a stored form without names and labels, which decide nothing."""
    if isinstance(node, dict):
        return {key: _bare(value) for key, value in node.items() if key not in _UNSEEN}
    return [_bare(one) for one in node] if isinstance(node, list) else node
