"""What a transition would ask of a record, as it is or as it might be: which approval, whom, and why.

Nothing is written. The definitions may be those of a draft: then their conditions and constants are
judged over the record as the live version holds it, and what only the draft has is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from headrace.platform.access.principals import Principal
from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    NotFoundError,
    RefusedError,
)
from headrace.platform.core.problems import Text, pointer
from headrace.platform.core.shapes import Moment
from headrace.platform.database.engine import Reading
from headrace.platform.formulas.tree import Value
from headrace.platform.metadata.catalog import (
    ApprovalModel,
    Catalog,
    FieldModel,
    ObjectModel,
    WorkflowModel,
)
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.records.batch import Batch
from headrace.platform.records.context import Context
from headrace.platform.records.environment import RowEnvironment
from headrace.platform.records.history import field_json
from headrace.platform.records.history_reader import titles_of
from headrace.platform.records.preview import computed
from headrace.platform.records.source import row_rights
from headrace.platform.workflow import messages
from headrace.platform.workflow.explaining import ExplainedPeople, Source
from headrace.platform.workflow.people import Person
from headrace.platform.workflow.pinned import Chosen, Mode, PinnedApproval, Step, evaluator, pin
from headrace.platform.workflow.resubmitting import with_a_part
from headrace.platform.workflow.subjects import workflow_of
from headrace.platform.workflow.supposed import Judged, Path, Supposed, Truth, judged
from headrace.platform.workflow.timing import due_at
from headrace.platform.workflow.usual import expected_at, latest, usual_of

StepState: TypeAlias = Literal["asked", "skipped", "passed", "nobody", "unknown"]
CandidateState: TypeAlias = Literal["runs", "tag", "no", "unknown"]


class JudgedJson(TypedDict):
    """A condition as it was judged, with the values that the caller may read."""

    condition: str
    truth: Truth
    values: dict[str, Any]


class SourceJson(TypedDict):
    """Why people are asked, their names, and those of the people left out."""

    reason: str
    people: list[str]
    left_out: NotRequired[list[str]]
    left_out_reason: NotRequired[str]


class ChoiceJson(TypedDict):
    """How many of the people who submits chooses."""

    min: int
    max: int


class SimulatedStepJson(TypedDict):
    """A step as it would be taken."""

    name: str
    label: str
    mode: Mode
    state: StepState
    people: list[str]
    fallback: bool
    condition: JudgedJson | None
    sources: list[SourceJson]
    due_at: Moment | None
    choice: ChoiceJson | None
    branch: str | None


class CandidateJson(TypedDict):
    """An approval of the transition, and whether it runs."""

    name: str
    label: str
    priority: int
    state: CandidateState
    condition: JudgedJson | None


_From = TypedDict("_From", {"from": str})


class SimulationJson(_From):
    """What a transition would ask."""

    transition: str
    approval: str | None
    label: str
    tags: list[str]
    steps: list[SimulatedStepJson]
    candidates: list[CandidateJson]
    guard: JudgedJson | None
    to: str
    submitter: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried: a transition of a record.

    `record_id` None is a record that is not there; `values` are in place of those that it has, as the
    API takes them. `definitions` are those of a draft or another version, the live ones without;
    `submitter` is who takes the transition, the caller without. With `estimated` past runs tell how long
    the steps usually take. `kept` are the names of steps that stand from the submission before: they take no time.
    """

    object_name: str
    record_id: str | None
    transition: str
    values: Mapping[str, Any] = field(default_factory=dict)
    definitions: Catalog | None = None
    submitter: Principal | None = None
    estimated: bool = False
    kept: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class JudgedView:
    """A condition as the caller may see it: its truth with the values that they may read."""

    source: str
    truth: Truth
    values: tuple[tuple[str, Any], ...]

    def render(self) -> JudgedJson:
        """Return the JSON form."""
        return {"condition": self.source, "truth": self.truth, "values": dict(self.values)}


@dataclass(frozen=True, slots=True)
class SourceView:
    """Why people are asked, in words, with their names and those of the people left out."""

    reason: Text
    people: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    left_out_reason: Text | None = None

    def render(self, language: str) -> SourceJson:
        """Return the JSON form in one language."""
        shown: SourceJson = {
            "reason": self.reason.within(language),
            "people": list(self.people),
        }
        if self.left_out and self.left_out_reason is not None:
            shown["left_out"] = list(self.left_out)
            shown["left_out_reason"] = self.left_out_reason.within(language)
        return shown


@dataclass(frozen=True, slots=True)
class SimulatedStep:
    """A step as it would be taken; `state` says whether people would be asked.

    `passed`: its approver is the one of the step before. `unknown`: its condition cannot be told.
    `due_at` is when its time would be up, had every step before it taken all of its own: nobody knows
    behind one without a limit. `usual_days` is within how many days it is usually decided, where asked for.
    `people` are the names of `asked`; where they are not `chosen` yet, of all among whom who submits
    chooses: `pool`. `branch` is what a branch is called that the step is in.
    """

    name: str
    label: Text
    mode: Mode
    state: StepState
    people: tuple[str, ...]
    fallback: bool
    condition: JudgedView | None = None
    sources: tuple[SourceView, ...] = ()
    due_at: datetime | None = None
    asked: tuple[Person, ...] = ()
    chosen: Chosen | None = None
    pool: tuple[Person, ...] = ()
    branch: Text | None = None
    usual_days: int | None = None

    def render(self, language: str) -> SimulatedStepJson:
        """Return the JSON form in one language."""
        return {
            "name": self.name,
            "label": self.label.within(language),
            "mode": self.mode,
            "state": self.state,
            "people": list(self.people),
            "fallback": self.fallback,
            "condition": self.condition.render() if self.condition else None,
            "sources": [one.render(language) for one in self.sources],
            "due_at": instant_text(self.due_at),
            "choice": {"min": self.chosen.min, "max": self.chosen.max} if self.chosen else None,
            "branch": self.branch.within(language) if self.branch else None,
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    """An approval of the transition: it runs, is a tag, does not apply, or that cannot be told."""

    name: str
    label: Text
    priority: int
    state: CandidateState
    condition: JudgedView | None

    def render(self, language: str) -> CandidateJson:
        """Return the JSON form in one language."""
        return {
            "name": self.name,
            "label": self.label.within(language),
            "priority": self.priority,
            "state": self.state,
            "condition": self.condition.render() if self.condition else None,
        }


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a transition would ask; `approval` is None where nobody would be asked.

    `from_state` is the state in which it was tried, `to` where the record would be after it. `expected`
    is when all would be decided, if each step takes what it usually does: None where that is not known.
    """

    transition: str
    approval: str | None
    label: Text
    tags: tuple[Text, ...]
    steps: tuple[SimulatedStep, ...]
    candidates: tuple[Candidate, ...] = ()
    guard: JudgedView | None = None
    from_state: str = ""
    to: str = ""
    submitter: str = ""
    expected: datetime | None = None

    def render(self, language: str) -> SimulationJson:
        """Return the JSON form in one language."""
        return {
            "transition": self.transition,
            "approval": self.approval,
            "label": self.label.within(language),
            "tags": [tag.within(language) for tag in self.tags],
            "steps": [step.render(language) for step in self.steps],
            "candidates": [one.render(language) for one in self.candidates],
            "guard": self.guard.render() if self.guard else None,
            "from": self.from_state,
            "to": self.to,
            "submitter": self.submitter,
        }


def simulate(context: Context, reading: Reading, trial: Trial) -> Simulation:
    """Return which approval a transition would begin, and whom its steps would ask, with reasons.

    Values that approvers may still change are taken as they are. Values that the caller may not read
    are left out of what is told of conditions. Raise NotFoundError for a transition or workflow that
    the definitions do not have, RefusedError for values that the record cannot have.
    """
    return _Simulator(context, reading, trial).run()


@dataclass(frozen=True, slots=True)
class _Pace:
    """How far a simulation is: when the next step begins, and who is sure to have just approved.

    `now` is when it begins at the latest, `expected` when it usually does; None where nobody knows.
    `taken` says whether anybody was asked since the branch began.
    """

    now: datetime | None
    expected: datetime | None
    before: frozenset[str]
    taken: bool

    def joined(self, branches: Sequence[_Pace]) -> _Pace:
        """Return where branches that began here come together again."""
        now = latest(one.now for one in branches)
        expected = latest(one.expected for one in branches)
        taken = [one for one in branches if one.taken]
        if not taken:
            return replace(self, now=now, expected=expected)
        before = frozenset(user for one in taken for user in one.before)
        return _Pace(now, expected, before, taken=True)


class _Simulator:
    """One simulation: the record once as it is submitted, once as it is when steps are asked."""

    def __init__(self, context: Context, reading: Reading, trial: Trial) -> None:
        self._context = context
        self._reading = reading
        self._trial = trial
        self._model, _ = workflow_of(context.catalog, trial.object_name)
        self._definitions = trial.definitions or context.catalog
        self._drafted, self._workflow = _drafted(self._definitions, self._model)
        found = self._workflow.transitions.get(trial.transition)
        if found is None:
            raise NotFoundError(messages.UNKNOWN_TRANSITION.at(name=trial.transition))
        self._taken = found
        self._submitter = trial.submitter or context.principal
        self._row = self._read()
        self._from = self._state()
        self._people = ExplainedPeople(
            reading.connection, self._definitions, context.tables, self._submitter.user_id
        )

    def run(self) -> Simulation:
        """Return what is found."""
        state_id = self._model.fields[str(self._model.state_field)].id
        before = self._supposed({state_id: self._from})
        candidates = list(self._candidates(before))
        chosen = next((one for one, shown in candidates if shown.state == "runs"), None)
        guard = judged(self._taken.when, before)
        steps: tuple[SimulatedStep, ...] = ()
        expected: datetime | None = None
        otherwise = self._taken.without_approval
        to = self._taken.definition.to
        if chosen is None and otherwise is not None:
            to = otherwise.to
        if chosen is not None:
            set_by = self._assigned(before)
            after = self._supposed({**set_by, state_id: to})
            pinned = pin(self._drafted, self._workflow, self._taken, chosen)
            steps, expected = self._steps(pinned, after)
        return Simulation(
            transition=self._taken.name,
            approval=chosen.name if chosen else None,
            label=chosen.label if chosen else self._taken.label,
            tags=tuple(shown.label for _, shown in candidates if shown.state == "tag"),
            steps=steps,
            candidates=tuple(shown for _, shown in candidates),
            guard=self._shown(guard),
            from_state=self._from,
            to=to,
            submitter=self._submitter.name,
            expected=expected if any(one.usual_days for one in steps) else None,
        )

    # -- the record -------------------------------------------------------------------------

    def _read(self) -> RowEnvironment:
        """Return the record with the values that are tried, computed as if it were saved."""
        trial, context = self._trial, self._context
        if trial.record_id is not None and not trial.values:
            batch = Batch(context, self._reading)
            found = batch.environment_of(trial.object_name, trial.record_id)
        else:
            system = context.as_system()
            unsaved = computed(
                system, self._reading, trial.object_name, trial.values, trial.record_id
            )
            taken = {*unsaved.draft.given, *unsaved.relations}
            wrong = [
                messages.WRONG_VALUE.at(pointer("values", name), name=name)
                for name in trial.values
                if name not in taken
            ]
            if wrong:
                raise RefusedError.of(wrong)
            found = unsaved.draft.environment
        if found is None:
            raise NotFoundError(NOT_FOUND.at())
        return found

    def _state(self) -> str:
        """Return the state that the record is tried in: its own, where the transition leaves it."""
        sources = self._taken.definition.from_
        present = str(self._row.values.get(str(self._model.state_field)) or "")
        return present if present in sources else str(sources[0])

    def _supposed(self, values: Mapping[str, Value]) -> Supposed:
        fields = {one.id: one for one in self._drafted.fields.values()}
        return Supposed(self._row, self._definitions, self._submitter, values, fields)

    def _assigned(self, before: Supposed) -> dict[str, Value]:
        """Return what the transition sets; what cannot be told stays as it is."""
        values: dict[str, Value] = {}
        for one in self._taken.assignments:
            try:
                values[self._drafted.fields[one.field].id] = evaluator(one.value)(before)
            except (LookupError, ConflictError, RefusedError):
                continue
        return values

    # -- approvals and steps ----------------------------------------------------------------

    def _candidates(self, before: Supposed) -> Iterator[tuple[ApprovalModel, Candidate]]:
        runs = False
        for one in self._workflow.approvals.get(self._taken.name, ()):
            found = judged(one.when, before)
            state: Literal["runs", "tag", "no", "unknown"] = "no"
            if found is not None and found.truth == "unknown":
                state = "unknown"
            elif found is None or found.holds:
                state = "tag" if runs else "runs"
                runs = True
            priority = one.definition.priority
            yield one, Candidate(one.name, one.label, priority, state, self._shown(found))

    def _steps(
        self, pinned: PinnedApproval, after: Supposed
    ) -> tuple[tuple[SimulatedStep, ...], datetime | None]:
        """Return the steps in their order, and when all are expected to be decided.

        Those of branches begin at the same time.
        """
        found = []
        now = self._context.now()
        usual = self._usual(pinned)
        pace = _Pace(now, now, frozenset(), taken=False)
        for nodes in pinned.stretches():
            paces = []
            for branch in nodes:
                own = replace(pace, taken=False)
                for node in branch:
                    step = pinned.steps[node]
                    shown, own = self._step(step, after, own, usual.get(step.name))
                    found.append(shown)
                paces.append(own)
            pace = pace.joined(paces)
        return tuple(found), pace.expected

    def _usual(self, pinned: PinnedApproval) -> Mapping[str, int]:
        """Return within how many days steps are usually decided, by their names, where asked for."""
        return usual_of(self._context, self._reading, pinned) if self._trial.estimated else {}

    def _step(
        self, step: Step, after: Supposed, pace: _Pace, usual: int | None
    ) -> tuple[SimulatedStep, _Pace]:
        found = judged(step.when, after)
        people: tuple[Person, ...] = ()
        state: Literal["asked", "skipped", "passed", "nobody", "unknown"] = "asked"
        if found is not None and not found.holds:
            state = "unknown" if found.truth == "unknown" else "skipped"
        pool = self._pool(step, after, self._excluded) if state != "skipped" else ()
        fallback, is_open = False, False
        passer: str | None = None
        if state == "asked":
            try:
                asked = self._people.resolve(step, after, self._excluded)
            except LookupError:
                state = "unknown"
            except ConflictError:
                state = "nobody"
            else:
                people, fallback = asked.people, asked.fallback
                ids = frozenset(person.id for person in people)
                # Then nobody knows yet who will be chosen.
                is_open = len(pool) > 1 and ids.issuperset(one.id for one in pool)
                if not is_open and not step.asks_each and not step.editable:
                    passer = next((one.id for one in people if one.id in pace.before), None)
                state = "asked" if passer is None else "passed"
        told = state in {"asked", "passed", "nobody"}
        due = self._due(step, pace.now)
        shown = SimulatedStep(
            name=step.name,
            label=step.label,
            mode=step.mode,
            state=state,
            people=tuple(person.name for person in people),
            fallback=fallback,
            condition=self._shown(found),
            sources=tuple(map(self._source, self._people.sources)) if told else (),
            due_at=due if state == "asked" else None,
            asked=people,
            chosen=step.choice[1] if step.choice and pool else None,
            pool=pool,
            branch=step.branch.title if step.branch else None,
            usual_days=usual if state == "asked" else None,
        )
        if passer is not None:
            pace = replace(pace, before=frozenset((passer,)), taken=True)
        elif state == "asked" and step.name not in self._trial.kept:
            ids = frozenset(person.id for person in people if not is_open)
            # Of several who may decide, nobody knows who will.
            sure = ids if len(ids) == 1 or step.asks_each else frozenset[str]()
            pace = _Pace(
                due, expected_at(step, pace.expected, usual, self._context.zone), sure, taken=True
            )
        elif state in {"unknown", "nobody"}:
            pace = replace(pace, now=None, expected=None)
        return shown, pace

    def _due(self, step: Step, begins: datetime | None) -> datetime | None:
        """Return when the time of a step is up that begins then; None where nobody knows."""
        if step.time is None or begins is None:
            return None
        return due_at(step.time, begins, self._context.zone)

    def _pool(self, step: Step, after: Supposed, excluded: frozenset[str]) -> tuple[Person, ...]:
        try:
            return self._people.pool(step, after, excluded)
        except LookupError:
            return ()

    @cached_property
    def _excluded(self) -> frozenset[str]:
        submitter = self._submitter.user_id
        if self._trial.record_id is None:
            return frozenset((submitter,))
        row = self._row.before or self._row.values
        return with_a_part(self._reading.connection, self._model, row, submitter)

    # -- what is told -----------------------------------------------------------------------

    def _source(self, source: Source) -> SourceView:
        context = self._context
        label = Text(source.role or "", source.role or "")
        role = self._definitions.roles.get(source.role or "")
        if role is not None:
            label = role.label or label
        path = self._names(source.path)
        if source.kind == "field":
            reason = Text(f"the field {path}", f"字段 {path}")
        elif source.kind == "within":
            reason = self._within(source, label)
        elif source.kind == "user":
            reason = Text("named by the step", "步骤指定的人")
        elif source.kind == "managers":
            whose = (Text(f"of {path}", path) if path else Text("of who submits", "提交人")).within
            reason = Text(f"the managers {whose('en')}", f"{whose('zh')}的上级")
        elif source.kind == "formula":
            reason = Text("found by a formula", "由公式得出")
        elif source.kind == "role":
            reason = Text(f"the role “{label.within('en')}”", f"角色“{label.within('zh')}”")
        else:
            reason = Text(
                f"the fall-back, because nobody else was found: the role “{label.within('en')}”",
                f"兜底审批人（未找到其他人）：角色“{label.within('zh')}”",
            )
        if source.chosen is not None:
            reason = Text(
                f"chosen by who submits, of: {reason.within('en')}",
                f"由提交人选择，范围：{reason.within('zh')}",
            )
        submitted = {one.name for one in source.left_out if one.id == self._submitter.user_id}
        left_out = tuple(one.name for one in source.left_out)
        why = Text("took part in the record", "参与过此记录")
        if len(submitted) == len(left_out):
            why = Text("submits it", "是提交人")
        names = tuple(person.name for person in source.people)
        internal = context.principal.audience == "internal" or context.principal.is_system
        return SourceView(reason, names, left_out if internal else (), why)

    def _within(self, source: Source, label: Text) -> Text:
        model = self._context.catalog.acting_as("territory")
        ids = [one for one in (source.start, source.place) if one]
        titles = titles_of(self._context, self._reading, model.name, ids) if model and ids else {}
        start, place = (str(titles.get(one or "") or "…") for one in (source.start, source.place))
        en, zh = label.within("en"), label.within("zh")
        if not source.people:
            return Text(f"the role “{en}”, which nobody holds there", f"角色“{zh}”，当地无人担任")
        if source.place is None:
            return Text(f"the role “{en}”, held for everywhere", f"角色“{zh}”（不限区域）")
        if source.place == source.start:
            return Text(f"the role “{en}” in {place}", f"{place}的角色“{zh}”")
        return Text(
            f"the role “{en}” in {place}, walked up from {start}",
            f"{place}的角色“{zh}”（自{start}逐级向上）",
        )

    def _names(self, path: Path) -> str:
        known: ObjectModel | None = self._drafted
        names = []
        for one in path:
            found = _field(known, one)
            names.append(found.name if found else "…")
            known = self._definitions.object(found.target) if found and found.target else None
        return ".".join(names)

    def _shown(self, found: Judged | None) -> JudgedView | None:
        """Return a condition with the values of it that the caller may read."""
        if found is None:
            return None
        values = []
        for path, name, value in found.values:
            last = self._readable(path)
            if last is not None:
                values.append((name, self._told(last, value)))
        return JudgedView(found.source, found.truth, tuple(values))

    def _told(self, last: FieldModel, value: Value) -> Any:
        shown = field_json(last, value)
        if last.target is None or value is None:
            return shown
        if last.target == USER_OBJECT or self._context.principal.is_system:
            return shown
        titles = titles_of(self._context, self._reading, last.target, [str(value)])
        return titles.get(str(value))

    def _readable(self, path: Path) -> FieldModel | None:
        """Return the field at the end of a path where the caller may read the whole way."""
        model: ObjectModel | None = self._model
        record_id = self._trial.record_id
        found: FieldModel | None = None
        for position, one in enumerate(path):
            found = _field(model, one)
            if found is None or model is None:
                return None
            if not self._may_read(model, record_id, found):
                return None
            if position + 1 < len(path):
                target = self._row.value(path[: position + 1])
                model = self._context.catalog.object(found.target) if found.target else None
                record_id = str(target) if target is not None else None
                if record_id is None:
                    return None
        return found

    def _may_read(self, model: ObjectModel, record_id: str | None, wanted: FieldModel) -> bool:
        if self._context.principal.is_system:
            return True
        if wanted.definition.masked is not None:
            return False
        if record_id is None:
            return wanted.name in self._trial.values or bool(wanted.computed)
        names = row_rights(
            self._context, self._reading, model.name, record_id, "read", by_task=True
        )
        return names is not None and (wanted.name in names or wanted.name == "id")


def _field(model: ObjectModel | None, field_id: str) -> FieldModel | None:
    fields = model.fields.values() if model is not None else ()
    return next((one for one in fields if one.id == field_id), None)


def _drafted(definitions: Catalog, model: ObjectModel) -> tuple[ObjectModel, WorkflowModel]:
    """Return the object with its workflow as other definitions have them; found by its id."""
    found = next((one for one in definitions.objects.values() if one.id == model.id), None)
    if found is None:
        raise NotFoundError(NOT_FOUND.at())
    return workflow_of(definitions, found.name)
