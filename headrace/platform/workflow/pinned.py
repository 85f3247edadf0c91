"""What a run is pinned to: the approval and its transition as published when it began.

Fields are kept by id, so that a later version may rename them; formulas as typed trees. The JSON
form is stored once by its hash and read back for each decision.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from itertools import groupby
from typing import Any, Literal

from headrace.platform.core.canonical import canonical_bytes, content_hash
from headrace.platform.core.problems import Text
from headrace.platform.formulas.environment import Environment, Evaluator
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.python import compile_python
from headrace.platform.metadata.catalog import (
    ApprovalModel,
    ApproverModel,
    Assignment,
    FieldPath,
    ObjectModel,
    OutcomeModel,
    StepModel,
    TimeLimitModel,
    TransitionModel,
    WorkflowModel,
)
from headrace.platform.metadata.definitions.workflows import TimeoutAction, TimeUnit
from headrace.platform.workflow.machine import Branch, Move, Plan

Mode = Literal["one", "any", "all", "sequence", "ratio"]
FieldIds = tuple[str, ...]

EXPRESSIONS_KEPT = 5_000


@lru_cache(EXPRESSIONS_KEPT)
def evaluator(expression: Expression) -> Evaluator:
    """Return the compiled form of a formula."""
    return compile_python(expression.tree)


def holds(condition: Expression | None, environment: Environment) -> bool:
    """Say whether a condition is true; one that is missing is, one that is null is not."""
    return condition is None or evaluator(condition)(environment) is True


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where an outcome leads; `assignments` are field ids with formulas.

    `undo` takes back what was changed since the record last left the state `to`.
    """

    to: str
    when: Expression | None
    assignments: tuple[tuple[str, Expression], ...]
    undo: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """How many of a source's people who submits chooses; with `names` partners see all names."""

    min: int
    max: int
    names: bool


@dataclass(frozen=True, slots=True)
class Approver:
    """One source of approvers; paths are of field ids, empty where not given."""

    field: FieldIds
    role: str | None
    within: FieldIds
    veto: bool = False
    user: str | None = None
    managers: int | None = None
    of: FieldIds = ()
    until: str | None = None
    formula: Expression | None = None
    chosen: Chosen | None = None


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """How long a step or a run may take; `calendar` as formulas hold it, empty for plain time."""

    limit: str
    unit: TimeUnit
    calendar: str
    remind: tuple[int, ...]
    then: TimeoutAction
    escalate_to: tuple[Approver, ...]


@dataclass(frozen=True, slots=True)
class StepBranch:
    """The branch that a step is in, and the step that has the branch, its block."""

    block: str
    block_label: Text
    name: str
    label: Text

    @property
    def title(self) -> Text:
        """Both labels."""
        return joined(self.block_label, self.label)


def joined(first: Text, second: Text) -> Text:
    """Return two labels as one."""
    return Text(
        f"{first.within('en')} · {second.within('en')}",
        f"{first.within('zh')} · {second.within('zh')}",
    )


@dataclass(frozen=True, slots=True)
class Block:
    """A step with branches, by places among the steps that ask people."""

    nodes: range
    branches: tuple[range, ...]

    def branch_of(self, node: int) -> range:
        """Return the steps of the branch that a step is in."""
        return next(one for one in self.branches if node in one)


def blocks_of(steps: Sequence[Step]) -> tuple[Block, ...]:
    """Return the blocks among steps: those of a branch, and of a block, stand together."""
    found = []
    for key, nodes in _stretches(range(len(steps)), lambda one: _block_name(steps[one])):
        if key is not None:
            inside = _stretches(nodes, lambda one: _branch_name(steps[one]))
            found.append(Block(nodes, tuple(branch for _, branch in inside)))
    return tuple(found)


def _stretches(
    nodes: range, key: Callable[[int], str | None]
) -> Iterator[tuple[str | None, range]]:
    for found, group in groupby(nodes, key):
        several = list(group)
        yield found, range(several[0], several[-1] + 1)


def _block_name(step: Step) -> str | None:
    return None if step.branch is None else step.branch.block


def _branch_name(step: Step) -> str | None:
    return None if step.branch is None else step.branch.name


@dataclass(frozen=True, slots=True)
class Step:
    """A step that asks people; `editable` are field ids, `required` those of them that need a value to approve.

    `depends_on` is what it depends on besides what its condition and approvers read: ids of fields, names
    of relations of detail rows, or such a name with the id of a field of the rows.
    """

    name: str
    label: Text
    mode: Mode
    when: Expression | None
    editable: frozenset[str]
    approvers: tuple[Approver, ...]
    ratio: int | None = None
    time: TimeLimit | None = None
    branch: StepBranch | None = None
    depends_on: tuple[tuple[str, ...], ...] = ()
    required: frozenset[str] = frozenset()

    @property
    def title(self) -> Text:
        """What it is called, behind the branch that it is in."""
        return self.label if self.branch is None else joined(self.branch.title, self.label)

    @property
    def asks_each(self) -> bool:
        """Whether everybody found decides for themselves, so that nobody passes automatically."""
        return self.mode in {"all", "sequence", "ratio"}

    @property
    def choice(self) -> tuple[Approver, Chosen] | None:
        """The source among whose people who submits chooses, and how; None without one."""
        found = ((one, one.chosen) for one in self.approvers if one.chosen is not None)
        return next(found, None)


@dataclass(frozen=True)
class PinnedApproval:
    """An approval with the transition that it decides.

    `steps` are those that ask people, those in branches too: blocks follow from what they say.

    `resumes`: a new submission keeps what was approved. `key_fields` are ids of fields, and of objects
    of detail rows, whose change makes it start again; without any, every change does.
    """

    name: str
    label: Text
    workflow: str
    transition: str
    transition_label: Text
    to: str
    sources: tuple[str, ...]
    outcomes: Mapping[str, Outcome]
    steps: tuple[Step, ...]
    id: str = ""
    resumes: bool = False
    key_fields: tuple[str, ...] = ()
    time: TimeLimit | None = None

    @cached_property
    def plan(self) -> Plan:
        """The moves by which the outcomes leave the state of waiting."""
        targets: list[tuple[Branch, str]] = [
            (branch, self.outcomes[branch].to)
            for branch in ("approved", "rejected", "withdrawn", "returned")
            if branch in self.outcomes
        ]
        states = dict.fromkeys((self.to, *self.sources, *(target for _, target in targets)))
        moves = tuple(Move(self.transition, branch, self.to, target) for branch, target in targets)
        return Plan(tuple(states), moves)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The steps with branches."""
        return blocks_of(self.steps)

    def block_of(self, node: int) -> Block | None:
        """Return the block that a step is in; None where it stands alone, or is none."""
        return next((one for one in self.blocks if node in one.nodes), None)

    def stretches(self) -> Iterator[tuple[range, ...]]:
        """Yield what is taken one after the other: the branches of a block, else one step alone."""
        node = 0
        while node < len(self.steps):
            block = self.block_of(node)
            yield (range(node, node + 1),) if block is None else block.branches
            node = node + 1 if block is None else block.nodes.stop

    def before(self, node: int) -> list[int]:
        """Return the steps that come before one: not those of branches beside its own."""
        block = self.block_of(node)
        if block is None:
            return list(range(node))
        return [*range(block.nodes.start), *range(block.branch_of(node).start, node)]

    def approvers(self) -> Iterator[Approver]:
        """Yield all sources of approvers, of escalations too."""
        for step in self.steps:
            yield from step.approvers
            yield from step.time.escalate_to if step.time else ()
        yield from self.time.escalate_to if self.time else ()

    def with_approvers(self, change: Callable[[Approver], Approver]) -> PinnedApproval:
        """Return the approval with other sources of approvers, of escalations too."""

        def limit(one: TimeLimit | None) -> TimeLimit | None:
            return one and replace(one, escalate_to=tuple(map(change, one.escalate_to)))

        steps = tuple(
            replace(step, approvers=tuple(map(change, step.approvers)), time=limit(step.time))
            for step in self.steps
        )
        return replace(self, steps=steps, time=limit(self.time))

    def with_way_back(self, state: str) -> PinnedApproval:
        """Return the approval whose ways back lead to `state` where the definition names none."""
        back = {way: Outcome(state, None, ()) for way in ("withdrawn", "returned")}
        return replace(self, outcomes={**back, **self.outcomes})

    def to_json(self) -> dict[str, Any]:
        """Return the stored form."""
        return {
            "name": self.name,
            "label": self.label.as_dict(),
            "workflow": self.workflow,
            "transition": self.transition,
            "transition_label": self.transition_label.as_dict(),
            "to": self.to,
            "sources": list(self.sources),
            "outcomes": {key: _outcome_json(one) for key, one in self.outcomes.items()},
            "steps": [_step_json(step) for step in self.steps],
            "id": self.id,
            "resumes": self.resumes,
            "key_fields": list(self.key_fields),
            "time": _time_json(self.time),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PinnedApproval:
        """Read what `to_json` wrote."""
        return cls(
            name=data["name"],
            label=text_of(data["label"]),
            workflow=data["workflow"],
            transition=data["transition"],
            transition_label=text_of(data["transition_label"]),
            to=data["to"],
            sources=tuple(data["sources"]),
            outcomes={key: _outcome_of(one) for key, one in data["outcomes"].items()},
            steps=tuple(_step_of(step) for step in data["steps"]),
            id=data.get("id", ""),
            resumes=data.get("resumes", False),
            key_fields=tuple(data.get("key_fields", ())),
            time=_time_of(data.get("time")),
        )


def pin(
    model: ObjectModel,
    workflow: WorkflowModel,
    transition: TransitionModel,
    approval: ApprovalModel,
) -> PinnedApproval:
    """Return what a run of `approval` is pinned to."""
    outcomes = {
        "approved": transition.approved,
        "rejected": transition.rejected,
        "withdrawn": transition.withdrawn,
        "returned": transition.returned,
    }
    return PinnedApproval(
        name=approval.name,
        label=approval.label,
        workflow=workflow.id,
        transition=transition.name,
        transition_label=transition.label,
        to=transition.definition.to,
        sources=tuple(transition.definition.from_),
        outcomes={key: outcome_of(model, one) for key, one in outcomes.items() if one is not None},
        steps=tuple(_pin_step(model, step) for step in approval.steps),
        id=approval.definition.id or "",
        resumes=approval.definition.resubmit == "resume",
        key_fields=_key_ids(model, approval.definition.key_fields),
        time=_pin_time(approval.time),
    )


def steps_ahead(
    pinned: PinnedApproval, waiting: Sequence[tuple[int, int | None]]
) -> dict[int, list[Step]]:
    """Return what comes after steps that wait, as far as that is known: by the step, in its branch.

    What comes after all of them stands under -1. `waiting` are places with what follows out of turn.
    """
    found: dict[int, list[Step]] = {}
    rest = len(pinned.steps)
    for node, then in waiting:
        block = pinned.block_of(node)
        following = node + 1 if then is None else then
        if block is not None:
            branch = block.branch_of(node)
            inside = following in branch
            found[node] = list(pinned.steps[following : branch.stop]) if inside else []
            leaves = then is not None and not inside
            following = following if leaves else block.nodes.stop
        rest = min(rest, following)
    return {**found, -1: list(pinned.steps[rest:])}


def _key_ids(model: ObjectModel, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the ids of fields; a relation of detail rows is known by its own name."""
    return tuple(model.fields[name].id if name in model.fields else name for name in names)


def outcome_of(model: ObjectModel, outcome: OutcomeModel) -> Outcome:
    """Return an outcome of the catalog with its fields by id."""
    return Outcome(outcome.to, outcome.when, by_id(model, outcome.assignments), outcome.undo)


def by_id(
    model: ObjectModel, assignments: tuple[Assignment, ...]
) -> tuple[tuple[str, Expression], ...]:
    """Return assignments with the ids of their fields."""
    return tuple((model.fields[one.field].id, one.value) for one in assignments)


def stored_form(approval: PinnedApproval) -> tuple[str, dict[str, Any]]:
    """Return the hash and the JSON form."""
    content = approval.to_json()
    return content_hash(content), content


def read_stored(content: Mapping[str, Any]) -> PinnedApproval:
    """Read a stored definition; the same content is parsed once."""
    return _read(canonical_bytes(content))


@lru_cache(EXPRESSIONS_KEPT)
def _read(content: bytes) -> PinnedApproval:
    return PinnedApproval.from_json(json.loads(content))


def text_of(data: Mapping[str, str]) -> Text:
    """Return a text from its languages."""
    return Text(data.get("en", ""), data.get("zh", ""))


def _pin_step(model: ObjectModel, step: StepModel) -> Step:
    return Step(
        name=step.name,
        label=step.label,
        mode=step.definition.mode,
        when=step.when,
        editable=frozenset(model.fields[name].id for name in step.definition.editable),
        approvers=tuple(_pin_approver(one) for one in step.approvers),
        ratio=step.definition.ratio,
        time=_pin_time(step.time),
        branch=_pin_branch(step),
        depends_on=step.depends_on,
        required=frozenset(model.fields[name].id for name in step.definition.required),
    )


def _pin_branch(step: StepModel) -> StepBranch | None:
    block, branch = step.block, step.branch
    if block is None or branch is None:
        return None
    named = (Text(block.name, block.name), Text(branch.name, branch.name))
    return StepBranch(block.name, block.label or named[0], branch.name, branch.label or named[1])


def _pin_time(time: TimeLimitModel | None) -> TimeLimit | None:
    if time is None:
        return None
    definition = time.definition
    return TimeLimit(
        limit=definition.limit,
        unit=definition.unit,
        calendar=time.calendar or "",
        remind=definition.remind,
        then=definition.then,
        escalate_to=tuple(_pin_approver(one) for one in time.escalate_to),
    )


def pin_approvers(approvers: Iterable[ApproverModel]) -> tuple[Approver, ...]:
    """Return sources of the catalog with their fields by id."""
    return tuple(_pin_approver(one) for one in approvers)


def _pin_approver(approver: ApproverModel) -> Approver:
    chosen = approver.chosen
    return Approver(
        field=_ids(approver.field),
        role=approver.role,
        within=_ids(approver.within),
        veto=approver.veto,
        user=approver.user,
        managers=approver.managers,
        of=_ids(approver.of),
        until=approver.until,
        formula=approver.formula,
        chosen=Chosen(chosen.min, chosen.max, chosen.names) if chosen else None,
    )


def _ids(path: FieldPath | None) -> FieldIds:
    return tuple(field.id for field in path or ())


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    # Left out where it is not wanted: what was stored before it was known keeps its hash.
    undo = {"undo": True} if outcome.undo else {}
    return undo | {
        "to": outcome.to,
        "when": _expression_json(outcome.when),
        "set": [{"field": field, "value": value.to_json()} for field, value in outcome.assignments],
    }


def _outcome_of(data: Mapping[str, Any]) -> Outcome:
    return Outcome(
        data["to"],
        _expression_of(data["when"]),
        tuple((one["field"], Expression.from_json(one["value"])) for one in data["set"]),
        data.get("undo", False),
    )


def _step_json(step: Step) -> dict[str, Any]:
    branch = step.branch
    # Left out where there is none: what was stored before there were branches keeps its hash.
    within = {} if branch is None else {"branch": _branch_json(branch)}
    return within | {
        "name": step.name,
        "label": step.label.as_dict(),
        "mode": step.mode,
        "when": _expression_json(step.when),
        "editable": sorted(step.editable),
        "approvers": [_approver_json(one) for one in step.approvers],
        "ratio": step.ratio,
        "time": _time_json(step.time),
        **({"depends_on": [list(one) for one in step.depends_on]} if step.depends_on else {}),
        **({"required": sorted(step.required)} if step.required else {}),
    }


def _branch_json(branch: StepBranch) -> dict[str, Any]:
    return {
        "block": branch.block,
        "block_label": branch.block_label.as_dict(),
        "name": branch.name,
        "label": branch.label.as_dict(),
    }


def _branch_of(data: Mapping[str, Any] | None) -> StepBranch | None:
    if data is None:
        return None
    labels = (text_of(data["block_label"]), text_of(data["label"]))
    return StepBranch(data["block"], labels[0], data["name"], labels[1])


def _approver_json(one: Approver) -> dict[str, Any]:
    return {
        "field": list(one.field),
        "role": one.role,
        "within": list(one.within),
        "veto": one.veto,
        "user": one.user,
        "managers": one.managers,
        "of": list(one.of),
        "until": one.until,
        "formula": _expression_json(one.formula),
        **({"chosen": asdict(one.chosen)} if one.chosen else {}),
    }


def _approver_of(one: Mapping[str, Any]) -> Approver:
    return Approver(
        field=tuple(one["field"]),
        role=one["role"],
        within=tuple(one["within"]),
        veto=one.get("veto", False),
        user=one.get("user"),
        managers=one.get("managers"),
        of=tuple(one.get("of", ())),
        until=one.get("until"),
        formula=_expression_of(one.get("formula")),
        chosen=Chosen(**one["chosen"]) if one.get("chosen") else None,
    )


def _time_json(time: TimeLimit | None) -> dict[str, Any] | None:
    if time is None:
        return None
    return {
        "limit": time.limit,
        "unit": time.unit,
        "calendar": time.calendar,
        "remind": list(time.remind),
        "then": time.then,
        "escalate_to": [_approver_json(one) for one in time.escalate_to],
    }


def _time_of(data: Mapping[str, Any] | None) -> TimeLimit | None:
    if data is None:
        return None
    return TimeLimit(
        limit=data["limit"],
        unit=data["unit"],
        calendar=data["calendar"],
        remind=tuple(data["remind"]),
        then=data["then"],
        escalate_to=tuple(_approver_of(one) for one in data["escalate_to"]),
    )


def _step_of(data: Mapping[str, Any]) -> Step:
    return Step(
        name=data["name"],
        label=text_of(data["label"]),
        mode=data["mode"],
        when=_expression_of(data["when"]),
        editable=frozenset(data["editable"]),
        approvers=tuple(_approver_of(one) for one in data["approvers"]),
        ratio=data.get("ratio"),
        time=_time_of(data.get("time")),
        branch=_branch_of(data.get("branch")),
        depends_on=tuple(tuple(one) for one in data.get("depends_on", ())),
        required=frozenset(data.get("required", ())),
    )


def _expression_json(expression: Expression | None) -> dict[str, Any] | None:
    return None if expression is None else expression.to_json()


def _expression_of(data: Mapping[str, Any] | None) -> Expression | None:
    return None if data is None else Expression.from_json(data)
