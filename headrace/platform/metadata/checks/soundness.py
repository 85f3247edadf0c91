"""Proofs about workflows before they go live: what never happens, what waits for nobody, what overlaps.

Everything that is asked in one transition is taken together: its guard, the states it leaves, the
rules of the object, the approvals of higher priority. A claim is made where it is certain, with an
input that shows it; where it is not, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Any, Final

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.tree import ConstantRef, FieldRef, walk
from headrace.platform.metadata.catalog import (
    ApprovalModel,
    FieldModel,
    ObjectModel,
    OutcomeModel,
    StepModel,
    TransitionModel,
    WorkflowModel,
)
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.checks.satisfiable import Answer, can_be, constant_value
from headrace.platform.metadata.checks.witnesses import Found, Part, Question, Variable, Witness
from headrace.platform.metadata.wording import titled

NEVER_ASKED: Final = Message(
    "guard.never",
    "The step “{step}” is never asked: its condition cannot hold together with {others}.",
    "步骤“{step}”永远不会执行：其条件与{others}互斥。",
    "Correct one of the conditions, or remove the step.",
    "请更正其中一个条件，或删除该步骤。",
)
NEVER_APPLIES: Final = Message(
    "guard.never",
    "The approval “{approval}” never applies: its condition cannot hold together with {others}.",
    "审批“{approval}”永远不适用：其条件与{others}互斥。",
    "Correct one of the conditions, or remove the approval.",
    "请更正其中一个条件，或删除该审批。",
)
SHADOWED: Final = Message(
    "approval.shadowed",
    "The approval “{approval}” never runs: whenever it applies, {others} comes first.",
    "审批“{approval}”永远不会运行：凡其适用之时，总有{others}优先。",
    "Give it a higher priority, narrow the condition of the other, or remove it.",
    "请提高其优先级、收窄另一审批的条件，或删除它。",
)
NEVER_TAKEN: Final = Message(
    "guard.never",
    "“{transition}” can never be taken from “{state}”: its condition does not hold there.",
    "“{transition}”永远无法从“{state}”执行：其条件在该状态下不成立。",
    "Correct the condition, or take the state from “from”.",
    "请更正条件，或将该状态从“from”移除。",
)
OUTCOME_NEVER: Final = Message(
    "guard.never",
    "This way is never open: its condition cannot hold together with {others}.",
    "此去向永远不成立：其条件与{others}互斥。",
    "Correct one of the conditions, or remove it.",
    "请更正其中一个条件，或删除它。",
)
OVERLAP: Final = Message(
    "guard.overlap",
    "“{first}” and “{second}” have the same priority, and both apply where {input}.",
    "“{first}”与“{second}”优先级相同，当 {input} 时两者都适用。",
    "Give them different priorities, or conditions that exclude each other.",
    "请设置不同的优先级，或互斥的条件。",
)
MAYBE_OVERLAP: Final = Message(
    "guard.overlap",
    "“{first}” and “{second}” have the same priority; nothing shows that they exclude each other.",
    "“{first}”与“{second}”优先级相同，且无法确认两者互斥。",
    "Give them different priorities; without, the first by name runs.",
    "请设置不同的优先级；否则按名称先后执行。",
    severity="warning",
)
HOLE: Final = Message(
    "approval.gap",
    "Where {input}, no approval of “{transition}” applies, though it does just below and above.",
    "当 {input} 时，“{transition}”没有任何审批适用，而紧邻的上下两侧都有。",
    "Let one of the conditions include the value (<= in place of <).",
    "请让其中一个条件包含该值（将 < 改为 <=）。",
)
GAP: Final = Message(
    "approval.gap",
    "Where {input}, no approval of “{transition}” applies; the record would wait in “{state}” "
    "for nobody.",
    "当 {input} 时，“{transition}”没有任何审批适用，记录将停在“{state}”且无人处理。",
    "Add an approval without a condition, or say under “without_approval” where it leads.",
    "请增加一个无条件的审批，或在“without_approval”中指定去向。",
)
SILENT: Final = Message(
    "approval.asks_nobody",
    "Where {input}, the approval “{approval}” applies but none of its steps does: it would approve "
    "without asking anybody.",
    "当 {input} 时，审批“{approval}”适用，但没有任何步骤执行：将无人审批即通过。",
    "Leave one step without a condition, or narrow the condition of the approval.",
    "请保留一个无条件的步骤，或收窄该审批的条件。",
)
ALWAYS_ASKED: Final = Message(
    "workflow.idle_outcome",
    "“{transition}” is always decided by one of its approvals, so this never happens.",
    "“{transition}”总会由其中一个审批决定，此去向不会发生。",
    "Remove this outcome, or narrow the conditions of the approvals.",
    "请删除此去向，或收窄审批的条件。",
    severity="warning",
)
WAITS: Final = Message(
    "workflow.waits_for_nobody",
    "This leads to “{state}”, where only an approval leads on, but none is begun by it.",
    "此处通向“{state}”，该状态只能由审批离开，但这里不会发起任何审批。",
    "Lead to another state, or add a transition that leaves “{state}”.",
    "请改为通向其他状态，或增加离开“{state}”的转换。",
)
NO_EFFECT: Final = Message(
    "workflow.outcome_loop",
    "When “{transition}” is approved, the record is where it was before and nothing is set.",
    "“{transition}”批准后，记录回到原状态且未设置任何字段。",
    "Lead to another state, or set what was approved.",
    "请通向其他状态，或设置批准的内容。",
    severity="warning",
)
PARTNER_ROLE: Final = Message(
    "approval.cannot_read",
    "Nobody can approve: the role “{role}” is one of partners and may not read “{object}”.",
    "无人可以审批：角色“{role}”属于伙伴，无权查看“{object}”。",
    "Ask an internal role or a field with the user, or grant the role to read.",
    "请改用内部角色或用户字段，或授予该角色查看权限。",
)
PARTNER_EDITS: Final = Message(
    "approval.not_editable",
    "Nobody who is asked may change “{field}”: it is internal, and the step asks partners only.",
    "被请的审批人都不能修改“{field}”：该字段仅限内部，而此步骤只请伙伴审批。",
    "Take it from the list, or ask internal people.",
    "请从列表移除，或改由内部人员审批。",
)
ASKED_TWICE: Final = Message(
    "approval.approver_twice",
    "This approver stands in the step twice.",
    "该审批人在此步骤中重复出现。",
    "Remove one of the two.",
    "请删除其中之一。",
)
SAME_PEOPLE: Final = Message(
    "workflow.self_approval_possible",
    "“{role}” may take “{transition}” and is asked about it; who submits is never asked, so where "
    "nobody else holds the role, the fall-back is.",
    "“{role}”既可执行“{transition}”又被请审批；提交人不会被请，若无他人担任该角色，则由兜底审批人审批。",
    "Ask another role, or make sure that several people hold it.",
    "请改用其他角色，或确保有多人担任。",
    severity="warning",
)

SUBMITTED: Final = "submitted"
"""As the record is when its transition is taken."""

ASKED: Final = "asked"
"""As it is right after, when the first step is asked for."""

LATER: Final = "later"
"""As it is when later steps are asked for: what may have changed since is another value."""


CONDITION_OF: Final = Text("the condition of “{name}”", "“{name}”的条件")
LED: Final = Text(
    "the states and values that “{name}” leads from and to", "“{name}”前后的状态与赋值"
)


def label_of(one: TransitionModel | ApprovalModel | StepModel) -> Text:
    """Return what a part of a process is called."""
    return one.definition.label or Text(one.name, one.name)


def _naming(template: Text, one: TransitionModel | ApprovalModel) -> Text:
    """Return a text about a part of a process by what it is called."""
    called = label_of(one)
    return Text(
        template.en.format(name=called.within("en")), template.zh.format(name=called.within("zh"))
    )


def check_soundness(subject: Subject) -> Iterator[Problem]:
    """Find what never runs, overlaps or is left out; reads a workflow with its object and grants."""
    yield from subject.each("soundness", "workflows", partial(_of_workflow, subject))


def _of_workflow(subject: Subject, workflow: WorkflowModel) -> Iterator[Problem]:
    model = subject.catalog.objects[workflow.object]
    yield from _waiting(subject, workflow)
    for position, definition in enumerate(workflow.definition.transitions):
        transition = workflow.transitions[definition.name]
        if not set(definition.from_) <= set(workflow.states):
            continue
        frame = _Frame(subject, model, workflow, transition, position)
        yield from _states_left(frame)
        yield from _approvals(frame)
        yield from _outcomes(frame)
        for approval in frame.approvals:
            yield from _steps(frame, approval)
            yield from _people(frame, approval)


@dataclass
class _Frame:
    """A transition with all that is asked in it."""

    subject: Subject
    model: ObjectModel
    workflow: WorkflowModel
    transition: TransitionModel
    position: int
    state: str | None = None
    """The state that the record leaves, where one is looked at."""
    editable: frozenset[str] = frozenset()
    """Ids of the fields that earlier steps let approvers change."""

    @property
    def approvals(self) -> tuple[ApprovalModel, ...]:
        """The approvals of the transition, highest priority first."""
        return self.workflow.approvals.get(self.transition.name, ())

    @property
    def place(self) -> str:
        """Where the transition stands."""
        return self.subject.at("workflow", self.workflow.name, "transitions", self.position)

    def question(self) -> Question:
        """Return a question about a record in this transition."""
        constants = self.subject.catalog.constants
        return Question(self.variable, lambda name: constants[name].value)

    def variable(self, reference: FieldRef, time: str) -> Variable:
        """Return what a field is at a time; the same where nothing can have changed between."""
        models = self._models(reference.path)
        fixed: frozenset[Any] | None = None
        when = ""
        if models and len(models) == 1 and models[0].name == self.workflow.field:
            before = (self.state,) if self.state else self.transition.definition.from_
            fixed = frozenset(before if time == SUBMITTED else (self.transition.definition.to,))
            when = time
        elif time == LATER and not self._is_still(reference.path, self.editable):
            when = LATER
        elif time in {ASKED, LATER}:
            values = self._set()
            if values.keys() & self._reads(reference.path):
                when = ASKED
                known, value = values.get(reference.path[0], (False, None))
                fixed = frozenset((value,)) if known and len(reference.path) == 1 else None
        domain = self.subject.domain(reference)
        return Variable(
            (when, reference.path), reference, domain, models, fixed, self._states(models)
        )

    def _states(self, models: tuple[FieldModel, ...]) -> dict[Any, Text]:
        """Return what the values of a path are called where it leads to a state."""
        if not models or models[-1].computed != "workflow":
            return {}
        last = models[-1]
        flows = self.subject.catalog.workflows.values()
        flow = next((f for f in flows if (f.object, f.field) == (last.object, last.name)), None)
        return {one.name: one.label for one in flow.states.values()} if flow else {}

    # -- parts ------------------------------------------------------------------------------

    def guard(self, question: Question) -> list[Part]:
        """Return that the transition is allowed."""
        if self.transition.when is None:
            return []
        label = _naming(CONDITION_OF, self.transition)
        return [question.holds(label, self.transition.when, SUBMITTED)]

    def rules(self, question: Question, parts: Sequence[Part]) -> list[Part]:
        """Return that the rules of the object hold that speak of the same fields as `parts`."""
        spoken = frozenset[Any]().union(*(part.names for part in parts))
        kept: list[Part] = []
        for rule in self.model.rules:
            if rule.definition.severity == "error":
                label = Text(f"the rule “{rule.name}”", f"规则“{rule.name}”")
                part = question.keeps(label, rule.unless, rule.when, ASKED)
                if part.names & spoken:
                    kept.append(part)
        return kept

    def applies(self, question: Question, approval: ApprovalModel) -> list[Part]:
        """Return that an approval applies."""
        if approval.when is None:
            return []
        label = _naming(CONDITION_OF, approval)
        return [question.holds(label, approval.when, SUBMITTED)]

    def none_before(self, question: Question, approval: ApprovalModel) -> list[Part]:
        """Return that no approval of higher priority applies."""
        return [
            self.none_of(question, (one,))
            for one in self.approvals
            if one.definition.priority > approval.definition.priority
        ]

    def none_of(self, question: Question, approvals: Sequence[ApprovalModel]) -> Part:
        """Return that none of some approvals applies."""
        # Several approvals of a transition are often called alike: their names tell them apart.
        titles = [titled(one.definition.label, one.name) for one in approvals]
        names = Text(", ".join(one.en for one in titles), "、".join(one.zh for one in titles))
        if any(one.when is None for one in approvals):
            return Part(names, lambda _: False, (), frozenset())
        conditions = [one.when for one in approvals if one.when is not None]
        return question.fails(names, conditions, SUBMITTED)

    # -- what can have changed --------------------------------------------------------------

    def _models(self, path: tuple[str, ...]) -> tuple[FieldModel, ...]:
        found = [self.subject.fields_by_id.get(one) for one in path]
        return tuple(one for one in found if one is not None) if None not in found else ()

    def _set(self) -> dict[str, tuple[bool, Any]]:
        """Return the ids of what the transition sets, with the value where it is written out."""
        return {
            self.model.fields[one.field].id: constant_value(one.value.tree)
            for one in self.transition.assignments
        }

    def _reads(self, path: tuple[str, ...]) -> frozenset[str]:
        """Return the ids of the record's fields that a value follows from."""
        model = self.subject.fields_by_id.get(path[0])
        found = {path[0]}
        if model is not None and model.expression is not None and len(path) == 1:
            for inner in model.expression.references():
                found |= self._reads(inner)
        return frozenset(found)

    def _is_still(self, path: tuple[str, ...], editable: frozenset[str]) -> bool:
        """Say whether a value is the same in a later step: nobody may change the record meanwhile."""
        model = self.subject.fields_by_id.get(path[0])
        if model is None or len(path) > 1 or path[0] in editable:
            return False
        if model.expression is not None:
            expression = model.expression
            live = expression.uses_clock or expression.uses_user or expression.queries
            return not live and all(
                self._is_still(inner, editable) for inner in expression.references()
            )
        if model.computed == "rollup":
            rollup = self.model.rollup(model.name)
            source = self.subject.catalog.objects[rollup.source]
            return not editable and source.master is not None and rollup.by == source.master
        return True


# -- what never happens --------------------------------------------------------------------------------


def _never(
    question: Question, main: Sequence[Part], others: Sequence[Part]
) -> tuple[Part, ...] | None:
    """Return which of `others` exclude `main`; None where that is not certain."""
    if question.answer((*main, *others)) is not Found.NEVER:
        return None
    core = list(others)
    for one in others:
        fewer = [other for other in core if other is not one]
        if question.answer((*main, *fewer)) is Found.NEVER:
            core = fewer
    return tuple(core)


def _judged(problem: Problem, parts: Sequence[Part]) -> Problem:
    """Return a problem, as a warning where it hangs on a constant, which is there to be changed."""
    adjustable = any(isinstance(n, ConstantRef) for p in parts for t in p.trees for n in walk(t))
    return replace(problem, severity="warning") if adjustable else problem


def _listed(frame: _Frame, parts: Sequence[Part]) -> Text:
    if not parts:
        return _naming(LED, frame.transition)
    return Text(
        " and ".join(part.label.en for part in parts), "及".join(part.label.zh for part in parts)
    )


def _state(workflow: WorkflowModel, name: str) -> Text:
    """Return what a state is called."""
    found = workflow.states.get(name)
    return found.label or Text(name, name) if found else Text(name, name)


def _states_left(frame: _Frame) -> Iterator[Problem]:
    """Find states that a transition is said to leave, where its condition never holds."""
    if frame.transition.when is None or _hopeless(frame, frame.transition.when):
        return
    for index, state in enumerate(frame.transition.definition.from_):
        here = replace(frame, state=state)
        question = here.question()
        guard = here.guard(question)
        if question.answer(guard) is Found.NEVER:
            problem = NEVER_TAKEN.at(
                frame.subject.at(
                    "workflow", frame.workflow.name, "transitions", frame.position, "from", index
                ),
                transition=label_of(frame.transition),
                state=_state(frame.workflow, state),
            )
            yield _judged(problem, guard)


def _hopeless(frame: _Frame, condition: Expression) -> bool:
    """Say whether a condition never holds by itself, which is told elsewhere."""
    return can_be(True, [condition], frame.subject.domain) is Answer.NO


def _approvals(frame: _Frame) -> Iterator[Problem]:
    """Find approvals that never run, that overlap, and values that they leave out."""
    for first, second in combinations(frame.approvals, 2):
        if first.definition.priority == second.definition.priority:
            yield from _overlap(frame, first, second)
    for approval in frame.approvals:
        if approval.when is not None and _hopeless(frame, approval.when):
            continue
        question = frame.question()
        main = frame.applies(question, approval)
        before = frame.none_before(question, approval)
        others = [*frame.guard(question), *before]
        others += frame.rules(question, (*main, *others))
        core = _never(question, main, others)
        if core is None or not (main or core):
            continue
        higher = [part for part in core if part in before]
        place = frame.subject.at("approval", approval.name)
        if higher:
            problem = SHADOWED.at(
                place + "/priority", approval=label_of(approval), others=_listed(frame, higher)
            )
        elif main:
            problem = NEVER_APPLIES.at(
                place + "/when", approval=label_of(approval), others=_listed(frame, core)
            )
        else:
            continue  # what the transition never is, is told at the transition
        yield _judged(problem, (*main, *core))
    yield from _gaps(frame)


def _overlap(frame: _Frame, first: ApprovalModel, second: ApprovalModel) -> Iterator[Problem]:
    if can_be(True, [first.when, second.when], frame.subject.domain) is Answer.NO:
        return
    question = frame.question()
    parts = [
        *frame.applies(question, first),
        *frame.applies(question, second),
        *frame.guard(question),
    ]
    answer = question.answer((*parts, *frame.rules(question, parts)))
    place = frame.subject.at("approval", second.name, "priority")
    names = {"first": first.name, "second": second.name}
    if isinstance(answer, Witness):
        yield OVERLAP.at(place, input=answer.shown(), **names)
    elif answer is Found.UNSURE:
        yield MAYBE_OVERLAP.at(place, **names)


def _gaps(frame: _Frame) -> Iterator[Problem]:
    """Find values that no approval applies to, where that cannot be meant."""
    approvals = frame.approvals
    if not approvals or any(one.when is None for one in approvals):
        return
    question = frame.question()
    covered = [part for one in approvals for part in frame.applies(question, one)]
    guard = frame.guard(question)
    name = label_of(frame.transition)
    state = frame.transition.definition.to
    if frame.transition.without_approval is None and state in stuck_states(frame.workflow):
        parts = [frame.none_of(question, approvals), *guard]
        answer = question.answer((*parts, *frame.rules(question, parts)))
        if isinstance(answer, Witness):
            place = frame.place + "/to"
            yield GAP.at(
                place, input=answer.shown(), transition=name, state=_state(frame.workflow, state)
            )
            return
    rules = frame.rules(question, covered)
    for upper, witness in question.hole(covered, [*guard, *rules]):
        place = frame.subject.at("approval", approvals[upper].name, "when")
        yield HOLE.at(place, input=witness.shown(), transition=name)
        return


def _outcomes(frame: _Frame) -> Iterator[Problem]:
    """Find outcomes that never come."""
    one = frame.transition
    approvals = frame.approvals
    conditions = [approval.when for approval in approvals if approval.when is not None]
    always = len(conditions) < len(approvals)
    if one.without_approval is not None and not always and approvals:
        question = frame.question()
        none = frame.none_of(question, approvals)
        others = [none, *frame.guard(question)]
        others += frame.rules(question, others)
        place = frame.place + "/without_approval"
        if question.answer(others) is Found.NEVER and not _is_never_taken(frame):
            yield ALWAYS_ASKED.at(place, transition=label_of(one))
        elif one.without_approval.when is not None:
            yield from _outcome(frame, one.without_approval, place, none)
    if not approvals:
        return
    fields = frame.model.fields
    steps = [step for approval in approvals for step in approval.steps]
    editable = frozenset(fields[name].id for step in steps for name in step.definition.editable)
    for way, outcome in one.outcomes.items():
        if way != "without_approval" and outcome.when is not None:
            after = replace(frame, editable=editable)
            yield from _outcome(after, outcome, f"{frame.place}/on/{way}", None)


def _outcome(
    frame: _Frame, outcome: OutcomeModel, place: str, none: Part | None
) -> Iterator[Problem]:
    condition = outcome.when
    if condition is None or _hopeless(frame, condition):
        return
    question = frame.question()
    time = LATER if none is None else SUBMITTED
    label = Text("this condition", "此条件")
    main = [question.holds(label, condition, time)]
    others = frame.guard(question)
    if none is not None:
        others.append(_named(frame.none_of(question, frame.approvals)))
    elif all(one.when is not None for one in frame.approvals):
        conditions = [one.when for one in frame.approvals if one.when is not None]
        label = Text("the conditions of the approvals", "各审批的条件")
        others.append(question.any_holds(label, conditions, SUBMITTED))
    others += frame.rules(question, (*main, *others))
    core = _never(question, main, others)
    if core is not None:
        problem = OUTCOME_NEVER.at(place + "/when", others=_listed(frame, core))
        yield _judged(problem, (*main, *core))


def _named(none: Part) -> Part:
    label = Text("that no approval applies", "没有审批适用这一前提")
    return replace(none, label=label)


def _is_never_taken(frame: _Frame) -> bool:
    question = frame.question()
    return question.answer(frame.guard(question)) is Found.NEVER


def _steps(frame: _Frame, approval: ApprovalModel) -> Iterator[Problem]:
    """Find steps that are never asked, and an input for which no step is."""
    silent = all(step.when is not None for step in approval.steps)
    for position, step in enumerate(approval.steps):
        if step.when is not None:
            if _hopeless(frame, step.when):
                silent = False
            else:
                here = replace(frame, editable=_edited_before(frame, approval, position))
                yield from _step(here, approval, step, position)
    if not silent:
        return
    question = frame.question()
    conditions = [step.when for step in approval.steps if step.when is not None]
    none = question.fails(Text("none of its steps", "没有任何步骤"), conditions, ASKED)
    parts = [
        *frame.applies(question, approval),
        none,
        *frame.guard(question),
        *frame.none_before(question, approval),
    ]
    answer = question.answer((*parts, *frame.rules(question, parts)))
    if isinstance(answer, Witness):
        place = frame.subject.at("approval", approval.name, "steps")
        yield SILENT.at(place, input=answer.shown(), approval=label_of(approval))


def _edited_before(frame: _Frame, approval: ApprovalModel, position: int) -> frozenset[str]:
    """Return the fields that may have been edited when a step is reached.

    Those of the steps before it, and of the branches beside its own, whose steps come at any time.
    """
    step = approval.steps[position]
    beside = [
        one
        for one in approval.steps[position + 1 :]
        if step.block is not None and one.block is step.block and one.branch is not step.branch
    ]
    return frozenset(
        frame.model.fields[name].id
        for one in (*approval.steps[:position], *beside)
        for name in one.definition.editable
    )


def _step(
    frame: _Frame, approval: ApprovalModel, step: StepModel, position: int
) -> Iterator[Problem]:
    if step.when is None:
        return
    question = frame.question()
    label = Text("its condition", "其条件")
    main = [question.holds(label, step.when, LATER if position else ASKED)]
    others = [*frame.applies(question, approval), *frame.guard(question)]
    others += frame.none_before(question, approval)
    others += frame.rules(question, (*main, *others))
    core = _never(question, main, others)
    # Where the approval itself never applies, that is told there.
    if core is not None and question.answer(others) is not Found.NEVER:
        place = frame.subject.at("approval", approval.name, *step.way, "when")
        problem = NEVER_ASKED.at(place, step=label_of(step), others=_listed(frame, core))
        yield _judged(problem, (*main, *core))


# -- who waits for nobody ------------------------------------------------------------------------------


def stuck_states(workflow: WorkflowModel) -> frozenset[str]:
    """Return the states that only the outcome of an approval leads out of."""
    left = {state for one in workflow.transitions.values() for state in one.definition.from_}
    waiting = {
        one.definition.to
        for name, one in workflow.transitions.items()
        if workflow.approvals.get(name)
    }
    return frozenset(
        name
        for name in waiting
        if name in workflow.states and name not in left and not workflow.states[name].final
    )


def _waiting(subject: Subject, workflow: WorkflowModel) -> Iterator[Problem]:
    """Find ways into a state of waiting that begin no approval."""
    stuck = stuck_states(workflow)
    for position, state in enumerate(workflow.definition.states):
        if state.initial and state.name in stuck:
            place = subject.at("workflow", workflow.name, "states", position, "initial")
            yield WAITS.at(place, state=_state(workflow, state.name))
    for position, definition in enumerate(workflow.definition.transitions):
        one = workflow.transitions[definition.name]
        place = subject.at("workflow", workflow.name, "transitions", position)
        asked = bool(workflow.approvals.get(definition.name))
        if not asked and definition.without_approval is None and definition.to in stuck:
            yield WAITS.at(place + "/to", state=_state(workflow, definition.to))
        for way, outcome in one.outcomes.items():
            begun = way != "without_approval"
            if outcome.to in stuck and (asked or not begun):
                yield WAITS.at(
                    f"{place}/on/{way}" if begun else f"{place}/{way}",
                    state=_state(workflow, outcome.to),
                )
        if asked and one.approved is not None and _is_idle(one, one.approved):
            yield NO_EFFECT.at(place + "/on/approved", transition=label_of(one))


def _is_idle(transition: TransitionModel, approved: OutcomeModel) -> bool:
    """Say whether an approval leaves the record as it was."""
    return (
        transition.definition.from_ == (approved.to,)
        and not approved.assignments
        and not transition.assignments
    )


# -- who may approve -----------------------------------------------------------------------------------


def _people(frame: _Frame, approval: ApprovalModel) -> Iterator[Problem]:
    """Find approvers who cannot approve, and those who ask themselves."""
    roles = frame.subject.catalog.roles
    takers = _takers(frame)
    for step in approval.steps:
        place = frame.subject.at("approval", approval.name, *step.way)
        named = [replace(one, veto=False, chosen=None) for one in step.approvers]
        for index, approver in enumerate(step.approvers):
            where = f"{place}/approvers/{index}"
            if named[index] in named[:index]:
                yield ASKED_TWICE.at(where)
            role = roles.get(approver.role or "")
            if role is None:
                continue
            readers = frame.subject.readers.who(frame.model.name)
            if role.audience == "partner" and role.name not in readers:
                yield PARTNER_ROLE.at(
                    where + "/role",
                    role=role.label or role.name,
                    object=frame.model.label or frame.model.name,
                )
            elif role.name in takers and len(step.approvers) == 1:
                yield SAME_PEOPLE.at(
                    where + "/role",
                    role=role.label or role.name,
                    transition=label_of(frame.transition),
                )
        yield from _edits(frame, step, place)


def _takers(frame: _Frame) -> frozenset[str]:
    name, by = frame.transition.name, frame.transition.definition.by
    grants = frame.subject.catalog.permissions.get(frame.model.name, ())
    granted = {grant.role for grant in grants if name in grant.transitions}
    return frozenset(granted & set(by) if by else granted)


def _edits(frame: _Frame, step: StepModel, place: str) -> Iterator[Problem]:
    roles = [frame.subject.catalog.roles.get(one.role or "") for one in step.approvers]
    if not all(role is not None and role.audience == "partner" for role in roles):
        return
    for index, name in enumerate(step.definition.editable):
        if frame.model.fields[name].internal:
            yield PARTNER_EDITS.at(f"{place}/editable/{index}", field=name)
