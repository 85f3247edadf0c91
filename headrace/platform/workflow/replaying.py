"""What would have become of runs that are over, had other definitions been live: path against path.

A condition is judged by the values of that time. Where these cannot be told, but the recorded step had the
same condition, what became of it is known; everything else is `unknown`, never guessed. Who is asked by
the same approvers is who was asked; by others, who would be asked today.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, TypedDict

import sqlalchemy as sa

from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    NotFoundError,
    RefusedError,
)
from headrace.platform.core.problems import Message, Text
from headrace.platform.core.shapes import Moment
from headrace.platform.database.engine import Reading
from headrace.platform.formulas.expression import Expression
from headrace.platform.metadata.catalog import Catalog, TransitionModel, WorkflowModel
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.records.context import Context
from headrace.platform.records.history_reader import titles_of
from headrace.platform.workflow.past import Histories, PastRecord
from headrace.platform.workflow.people import People, names_of
from headrace.platform.workflow.pinned import PinnedApproval, Step, pin
from headrace.platform.workflow.runs import (
    Row,
    approvers_of_steps,
    definitions_of,
    node_of,
    rows_of_runs,
)
from headrace.platform.workflow.supposed import Truth, judged
from headrace.platform.workflow.tables import DECISION, RUN, STEP, TASK

MOST_RUNS: Final = 500
USUAL: Final = 100

MOST_VERSIONS: Final = 5
"""Former versions that are looked into to know what was judged then."""

Earlier = Callable[[int], Catalog | None]
"""Gives the definitions of a version."""

StepState = Literal["asked", "skipped", "passed", "kept", "unknown"]
Verdict = Literal["same", "different", "unknown"]

TOO_MANY: Final = Message(
    "replay.last",
    "“last” must be a number from 1 to {most}.",
    "“last”必须是 1 到 {most} 的数。",
    "Replay fewer runs at a time.",
    "请减少每次回放的数量。",
)


class TasksJson(TypedDict):
    """How many tasks a person had, and how many they would have."""

    id: str
    name: str
    recorded: int
    now: int


class ReplaySummaryJson(TypedDict):
    """What follows for all runs."""

    same: int
    different: int
    unknown: int
    runs: int
    days: float | None
    tasks: list[TasksJson]
    never: list[str]


class PathStepJson(TypedDict):
    """A step of a path, with the names of its people."""

    name: str
    label: str
    state: StepState
    people: list[str]
    today: bool
    people_unknown: bool


class WayJson(TypedDict):
    """A path: its approval and its steps."""

    approval: str | None
    unknown: bool
    steps: list[PathStepJson]


class RunRecordJson(TypedDict):
    """The record of a run."""

    id: str
    title: str


class ReplayedJson(TypedDict):
    """A run with its recorded path and the one that it would take."""

    run: str
    record: RunRecordJson | None
    state: str
    transition: str
    started_at: Moment
    ended_at: Moment | None
    verdict: Verdict
    recorded: WayJson
    now: WayJson


class ReplayJson(TypedDict):
    """The runs of a workflow, and what follows for all of them."""

    workflow: str
    summary: ReplaySummaryJson
    runs: list[ReplayedJson]


@dataclass(frozen=True, slots=True)
class PathStep:
    """A step of a path. `people` are user ids; `today`: they are who would be asked today."""

    name: str
    label: Text
    state: StepState
    people: frozenset[str] = frozenset()
    today: bool = False
    people_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A path: the approval (None where none applied, "?" where it cannot be told) and its steps."""

    approval: str | None
    steps: tuple[PathStep, ...]
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Replayed:
    """A run with its recorded path and the one that it would take."""

    run_id: str
    record_id: str
    title: str | None
    state: str
    transition: str
    started_at: datetime
    ended_at: datetime | None
    recorded: Way
    now: Way
    verdict: Verdict

    @property
    def days(self) -> float | None:
        """How many days it took."""
        if self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds() / 86_400


@dataclass(frozen=True, slots=True)
class Replay:
    """The runs with their verdicts, and what follows for all of them.

    `never` are approvals, and steps as `approval/step`, that no replayed run takes.
    """

    workflow: str
    runs: tuple[Replayed, ...]
    names: Mapping[str, str]
    never: tuple[str, ...]

    def count(self, verdict: Verdict) -> int:
        """How many runs have a verdict."""
        return sum(one.verdict == verdict for one in self.runs)

    @property
    def days(self) -> float | None:
        """How many days the runs took on average."""
        taken = [one.days for one in self.runs if one.days is not None]
        return sum(taken) / len(taken) if taken else None

    def tasks(self) -> dict[str, tuple[int, int]]:
        """Return by user how many tasks they had, and how many they would have."""
        then, now = Counter[str](), Counter[str]()
        for one in self.runs:
            for counted, way in ((then, one.recorded), (now, one.now)):
                counted.update(
                    user for step in way.steps if step.state == "asked" for user in step.people
                )
        return {user: (then[user], now[user]) for user in {*then, *now}}

    def render(self, language: str) -> ReplayJson:
        """Return the JSON form in one language."""
        tasks = sorted(self.tasks().items(), key=lambda item: (-item[1][1], item[0]))
        return {
            "workflow": self.workflow,
            "summary": {
                "same": self.count("same"),
                "different": self.count("different"),
                "unknown": self.count("unknown"),
                "runs": len(self.runs),
                "days": None if self.days is None else round(self.days, 2),
                "tasks": [
                    {"id": user, "name": self.names.get(user, ""), "recorded": then, "now": now}
                    for user, (then, now) in tasks
                ],
                "never": list(self.never),
            },
            "runs": [self._run(one, language) for one in self.runs],
        }

    def _run(self, one: Replayed, language: str) -> ReplayedJson:
        return {
            "run": one.run_id,
            "record": {"id": one.record_id, "title": one.title} if one.title is not None else None,
            "state": one.state,
            "transition": one.transition,
            "started_at": instant_text(one.started_at),
            "ended_at": instant_text(one.ended_at),
            "verdict": one.verdict,
            "recorded": self._way(one.recorded, language),
            "now": self._way(one.now, language),
        }

    def _way(self, way: Way, language: str) -> WayJson:
        return {
            "approval": way.approval,
            "unknown": way.unknown,
            "steps": [
                {
                    "name": step.name,
                    "label": step.label.within(language),
                    "state": step.state,
                    "people": sorted(self.names.get(one, "") for one in step.people),
                    "today": step.today,
                    "people_unknown": step.people_unknown,
                }
                for step in way.steps
            ],
        }


def replay(
    context: Context,
    reading: Reading,
    workflow: str,
    definitions: Catalog | None = None,
    last: int = USUAL,
    earlier: Earlier | None = None,
) -> Replay:
    """Take the last runs of a workflow that are over through other definitions, or the live ones.

    Reads the runs, their parts and the history of their records in a fixed number of statements, then
    at most one row and one history for each record that a condition looks up. With `earlier`, what was
    judged under former versions is known from the recorded tags, of at most five of them. Titles are told of the
    records that the caller may read. Raise NotFoundError for an unknown workflow, RefusedError for a
    number of runs that is too large.
    """
    if not 1 <= last <= MOST_RUNS:
        raise RefusedError(TOO_MANY.at("/last", most=MOST_RUNS))
    live = context.catalog.workflows.get(workflow)
    if live is None:
        raise NotFoundError(NOT_FOUND.at())
    chosen = definitions or context.catalog
    return _Replayer(context, reading, live, chosen, earlier).run(last)


@dataclass(frozen=True, slots=True)
class _Recorded:
    """A run as it was: what it was pinned to, its steps by name, who was asked, at which version."""

    run: Row
    pinned: PinnedApproval
    rows: tuple[Row, ...]
    tasks: Mapping[str, tuple[Row, ...]]
    approvers: Mapping[str, frozenset[str]]
    first_version: int | None
    last_version: int | None

    def first(self, name: str) -> Row | None:
        """Return the first visit of a step."""
        return next(
            (one for one in self.rows if self.pinned.steps[node_of(one)].name == name), None
        )

    def last(self, name: str) -> Row | None:
        """Return the last visit of a step."""
        visits = [one for one in self.rows if self.pinned.steps[node_of(one)].name == name]
        return visits[-1] if visits else None

    def step(self, name: str) -> Step | None:
        """Return a step of the definition."""
        return next((one for one in self.pinned.steps if one.name == name), None)

    def asked(self, row: Row) -> frozenset[str]:
        """Return who was asked first in a step: nobody who was added or given it later."""
        tasks = [one for one in self.tasks.get(row.id, ()) if one.added_by is None]
        first = min((one.opened_at for one in tasks), default=None)
        return frozenset(one.user for one in tasks if one.opened_at == first)

    def version_at(self, name: str) -> int | None:
        """Return the version of the record by which a step was judged."""
        found = self.first(name)
        if found is None:
            return None
        for row in self.rows:
            if row.position >= found.position and self.tasks.get(row.id):
                return min(int(task.record_version) for task in self.tasks[row.id])
        return self.last_version


@dataclass(frozen=True, slots=True)
class _Pace:
    """How far a path is: by which version and when steps are judged, who approved just before.

    `before` None: that cannot be told. `taken` says whether anybody was asked since a branch began.
    """

    version: int | None
    at: datetime
    before: frozenset[str] | None
    taken: bool = False

    def joined(self, branches: Sequence[_Pace]) -> _Pace:
        """Return where branches that began here come together again."""
        latest = max(branches, key=lambda one: (one.version or 0, one.at))
        taken = [one.before for one in branches if one.taken]
        known = [one for one in taken if one is not None]
        before = self.before if not taken else None
        if taken and len(known) == len(taken):
            before = frozenset(user for one in known for user in one)
        return _Pace(latest.version, latest.at, before, taken=True)


class _Replayer:
    def __init__(
        self,
        context: Context,
        reading: Reading,
        live: WorkflowModel,
        definitions: Catalog,
        earlier: Earlier | None,
    ) -> None:
        self._earlier = earlier
        self._versions: dict[int, Catalog | None] = {}
        self._context = context
        self._reading = reading
        self._live = live
        self._definitions = definitions
        self._model = context.catalog.objects[live.object]
        self._drafted = next(
            (one for one in definitions.objects.values() if one.id == self._model.id), None
        )
        self._workflow = definitions.workflows.get(
            self._drafted.workflow if self._drafted and self._drafted.workflow else ""
        )
        self._histories = Histories(context.as_system(), reading)

    def run(self, last: int) -> Replay:
        """Return the runs with what would become of them."""
        recorded = self._recorded(last)
        self._histories.fetch(one.run.record_id for one in recorded)
        ids = [str(one.run.record_id) for one in recorded]
        titles = titles_of(self._context, self._reading, self._model.name, ids) if ids else {}
        runs = tuple(self._replayed(one, titles) for one in recorded)
        asked = {
            user
            for one in runs
            for way in (one.recorded, one.now)
            for step in way.steps
            for user in step.people
        }
        names = names_of(self._reading.connection, asked)
        return Replay(self._live.name, runs, names, self._never(runs))

    def _never(self, runs: Iterable[Replayed]) -> tuple[str, ...]:
        if self._workflow is None:
            return ()
        taken = {one.now.approval for one in runs}
        steps = {
            (one.now.approval, step.name)
            for one in runs
            for step in one.now.steps
            if step.state != "skipped"
        }
        never = []
        for approvals in self._workflow.approvals.values():
            for approval in approvals:
                if approval.name not in taken:
                    never.append(approval.name)
                    continue
                never += [
                    f"{approval.name}/{step.name}"
                    for step in approval.steps
                    if (approval.name, step.name) not in steps
                ]
        return tuple(never)

    # -- what was recorded ------------------------------------------------------------------

    def _recorded(self, last: int) -> list[_Recorded]:
        connection = self._reading.connection
        statement = (
            sa.select(RUN)
            .where(RUN.c.object_id == self._model.id, RUN.c.state != "open")
            .order_by(RUN.c.id.desc())
            .limit(last)
        )
        runs = list(connection.execute(statement))
        pinned = definitions_of(connection, {run.definition for run in runs})
        ids = [run.id for run in runs]
        steps = rows_of_runs(connection, STEP, ids)
        tasks = rows_of_runs(connection, TASK, ids)
        decisions = rows_of_runs(connection, DECISION, ids)
        approvers = approvers_of_steps(
            connection, [step.id for rows in steps.values() for step in rows]
        )
        found = []
        for run in runs:
            of_step: dict[str, tuple[Row, ...]] = {}
            for task in tasks[run.id]:
                of_step[task.step] = (*of_step.get(task.step, ()), task)
            versions = [int(one.record_version) for one in tasks[run.id]]
            said = [int(one.record_version) for one in decisions[run.id]]
            found.append(
                _Recorded(
                    run,
                    pinned[run.definition],
                    tuple(sorted(steps[run.id], key=lambda one: one.position)),
                    of_step,
                    approvers,
                    min([*versions, *said], default=None),
                    max([*versions, *said], default=None),
                )
            )
        return found

    def _replayed(self, one: _Recorded, titles: Mapping[str, Any]) -> Replayed:
        run = one.run
        then = self._recorded_way(one)
        now = self._way(one)
        known = run.record_id in titles
        return Replayed(
            run_id=run.id,
            record_id=run.record_id,
            title=str(titles[run.record_id] or run.record_id) if known else None,
            state=run.state,
            transition=one.pinned.transition,
            started_at=run.started_at,
            ended_at=run.ended_at,
            recorded=then,
            now=now,
            verdict=_verdict(then, now),
        )

    def _recorded_way(self, one: _Recorded) -> Way:
        steps = []
        seen = set[int]()
        for row in _by_branch(one.pinned, one.rows):
            node = node_of(row)
            if node in seen:
                continue
            seen.add(node)
            step = one.pinned.steps[node]
            state = _state_of(row)
            people = one.asked(row) if state == "asked" else frozenset()
            steps.append(PathStep(step.name, step.label, state, people))
        return Way(one.pinned.name, tuple(steps))

    # -- what would become of it ------------------------------------------------------------

    def _way(self, one: _Recorded) -> Way:
        workflow, model = self._workflow, self._drafted
        taken = workflow.transitions.get(one.pinned.transition) if workflow else None
        if workflow is None or model is None or taken is None:
            return Way(None, ())
        before = self._moment(one, taken, one.first_version, one.run.started_at, submitted=True)
        chosen = None
        for approval in workflow.approvals.get(taken.name, ()):
            found = judged(approval.when, before)
            truth = "yes" if found is None else found.truth
            if truth == "unknown":
                truth = self._known(one, approval.name, approval.when)
            if truth == "unknown":
                return Way("?", (), unknown=True)
            if truth == "yes":
                chosen = approval
                break
        if chosen is None:
            return Way(None, ())
        pinned = pin(model, workflow, taken, chosen)
        return Way(chosen.name, self._steps(one, taken, pinned))

    def _known(self, one: _Recorded, name: str, when: Expression | None) -> Truth:
        """Return what is known of an approval from those that applied when the run began."""
        then = self._then(one)
        if then is None:
            return "unknown"
        workflows = [flow for flow in then.workflows.values() if flow.id == self._live.id]
        approvals = [a for flow in workflows for a in flow.approvals.get(one.pinned.transition, ())]
        if not any(a.name == name and self._same(one, a.when, when) for a in approvals):
            return "unknown"
        matched = {one.pinned.name, *(tag["name"] for tag in one.run.tags)}
        return "yes" if name in matched else "no"

    def _same(self, one: _Recorded, then: Expression | None, now: Expression | None) -> bool:
        """Say whether two conditions are one: their formulas, and the constants in them."""
        if then is None or now is None:
            return then is now
        if then.source != now.source:
            return False
        names = now.constants()
        before = self._then(one) if names else None
        return not names or (
            before is not None
            and all(
                before.constants[name].value == self._definitions.constants[name].value
                for name in names
            )
        )

    def _then(self, one: _Recorded) -> Catalog | None:
        """Return the definitions under which a run began; None where they are not at hand."""
        live = self._context.catalog
        if one.run.fingerprint == live.fingerprint:
            return live
        version = int(one.run.metadata_version)
        if version not in self._versions:
            if self._earlier is None or len(self._versions) >= MOST_VERSIONS:
                return None
            self._versions[version] = self._earlier(version)
        found = self._versions[version]
        return found if found and found.fingerprint == one.run.fingerprint else None

    def _steps(
        self, one: _Recorded, taken: TransitionModel, pinned: PinnedApproval
    ) -> tuple[PathStep, ...]:
        steps: list[PathStep] = []
        pace = _Pace(one.first_version, one.run.started_at, frozenset())
        for nodes in pinned.stretches():
            ended = []
            for branch in nodes:
                own: _Pace | None = replace(pace, taken=False)
                for node in branch:
                    if own is not None:
                        made, own = self._next(one, taken, pinned.steps[node], own)
                        steps.append(made)
                ended.append(own)
            known = [own for own in ended if own is not None]
            if len(known) < len(ended):
                break
            pace = pace.joined(known)
        return tuple(steps)

    def _next(
        self, one: _Recorded, taken: TransitionModel, step: Step, pace: _Pace
    ) -> tuple[PathStep, _Pace | None]:
        """Return a step of the new path, and how it goes on; None where the run ended there."""
        row = one.first(step.name)
        if row is not None:
            pace = replace(
                pace, version=one.version_at(step.name) or pace.version, at=row.opened_at
            )
        moment = self._moment(one, taken, pace.version, pace.at, submitted=False)
        made = self._step(one, step, row, moment, pace.before)
        if made.state in {"asked", "passed", "kept"}:
            before = one.approvers.get(row.id) if row is not None else None
            pace = replace(pace, before=before, taken=True)
        last = one.last(step.name)
        over = last is not None and last.state in {"rejected", "returned", "closed", "open"}
        return made, None if over else pace

    def _step(
        self,
        one: _Recorded,
        step: Step,
        row: Row | None,
        moment: PastRecord,
        before: frozenset[str] | None,
    ) -> PathStep:
        found = judged(step.when, moment)
        truth = "yes" if found is None else found.truth
        then = one.step(step.name)
        recorded = row is not None and then is not None and self._same(one, then.when, step.when)
        if truth == "unknown" and recorded:
            truth = "no" if row is not None and row.state == "skipped" else "yes"
        if truth == "unknown":
            return PathStep(step.name, step.label, "unknown", people_unknown=True)
        if truth != "yes":
            return PathStep(step.name, step.label, "skipped")
        if row is not None and row.state == "kept":
            return PathStep(step.name, step.label, "kept")
        if (
            row is not None
            and row.state != "skipped"
            and then is not None
            and _asks_same(then, step)
        ):
            state = _state_of(row)
            people = one.asked(row) if state == "asked" else frozenset()
            return PathStep(step.name, step.label, state, people)
        try:
            people_of = People(
                self._reading.connection,
                self._definitions,
                self._context.tables,
                str(one.run.submitter),
                one.run.choices,
            )
            pool = people_of.pool(step, moment, one.run.excluded)
            if step.choice and len(pool) > step.choice[1].min and not _chose(one.run, step):
                return PathStep(step.name, step.label, "asked", people_unknown=True)
            asked = people_of.resolve(step, moment, one.run.excluded)
        except (LookupError, ConflictError):
            return PathStep(step.name, step.label, "asked", people_unknown=True)
        if asked.failed:
            return PathStep(step.name, step.label, "asked", people_unknown=True)
        people = frozenset(person.id for person in asked.people)
        if before and people & before and not step.asks_each and not step.editable:
            return PathStep(step.name, step.label, "passed", today=True)
        return PathStep(step.name, step.label, "asked", people, today=True)

    def _moment(
        self,
        one: _Recorded,
        taken: TransitionModel,
        version: int | None,
        at: datetime,
        *,
        submitted: bool,
    ) -> PastRecord:
        """Return the record as it was when it was submitted, or at a version within the run."""
        fields = {field.id: field for field in self._model.fields.values()}
        kept = self._histories.kept(self._model)
        state = self._model.fields[str(self._model.state_field)]
        changes: dict[str, Any] = {state.id: one.pinned.to}
        missing: frozenset[str] = frozenset()
        first = one.first_version
        lines = self._histories.lines(one.run.record_id)
        if submitted:
            line = next(
                (
                    line
                    for line in reversed(lines)
                    if line.action == one.pinned.transition
                    and line.at <= at
                    and (first is None or line.version <= first)
                ),
                None,
            )
            if line is not None:
                changes |= {key: values[0] for key, values in line.changes.items()}
                changes[state.id] = one.run.from_state
            unkept = {self._model.fields[name.field].id for name in self._set(taken)}
            missing = frozenset(key for key in unkept if fields[key].name not in kept)
        elif first is not None and version is not None:
            edited = [line for line in lines if first < line.version <= version]
            for line in edited:
                changes |= {
                    key: values[1] for key, values in line.changes.items() if key != state.id
                }
            if edited:
                missing = frozenset(
                    field.id
                    for field in fields.values()
                    if field.stored and not field.system and field.name not in kept
                )
        return PastRecord(
            self._histories,
            self._definitions,
            self._model,
            one.run,
            changes=changes,
            missing=missing - {state.id},
            at=at,
        )

    def _set(self, taken: TransitionModel) -> Iterable[Any]:
        live = self._live.transitions.get(taken.name)
        return live.assignments if live is not None else ()


def _chose(run: Row, step: Step) -> bool:
    """Say whether it is known whom the submitter chose in a step."""
    return step.name in (run.choices or {})


def _by_branch(pinned: PinnedApproval, rows: Iterable[Row]) -> list[Row]:
    """Return steps in the order in which they were reached, but one branch behind the other."""
    begun: dict[int, int] = {}
    keys: dict[str, tuple[int, int]] = {}
    for place, row in enumerate(rows):
        block = pinned.block_of(node_of(row))
        if block is None:
            keys[row.id] = (place, 0)
        else:
            keys[row.id] = (begun.setdefault(block.nodes.start, place), node_of(row))
    return sorted(rows, key=lambda row: keys[row.id])


def _state_of(row: Row) -> StepState:
    if row.state in {"skipped", "passed", "kept"}:
        return row.state  # type: ignore[no-any-return]  # of the three
    return "asked"


def _asks_same(first: Step, second: Step) -> bool:
    return all(
        getattr(first, key) == getattr(second, key)
        for key in ("approvers", "mode", "ratio", "editable")
    )


def _verdict(then: Way, now: Way) -> Verdict:
    if now.unknown:
        return "unknown"
    if then.approval != now.approval:
        return "different"
    unsure = False
    for first, second in zip(then.steps, now.steps, strict=False):
        if first.name != second.name:
            return "different"
        if second.state == "unknown" or second.people_unknown:
            unsure = True
        elif first.state != second.state or first.people != second.people:
            return "different"
    if len(then.steps) != len(now.steps):
        return "different" if not unsure else "unknown"
    return "unknown" if unsure else "same"
