"""What would have become of runs that are over, had other definitions been live: path against path.

A condition is judged by the values of that time. Where these cannot be told, but the recorded step had the
same condition, what became of it is known; everything else is `unknown`, never guessed. Who is asked by
the same approvers is who was asked; by others, who would be asked today.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    NotFoundError,
    RefusedError,
)
from headrace.platform.core.problems import Message
from headrace.platform.database.engine import Reading
from headrace.platform.formulas.expression import Expression
from headrace.platform.metadata.catalog import Catalog, FieldModel, TransitionModel, WorkflowModel
from headrace.platform.records.context import Context
from headrace.platform.records.history_reader import titles_of
from headrace.platform.workflow.past import Histories, Line, PastRecord
from headrace.platform.workflow.people import People, names_of
from headrace.platform.workflow.pinned import PinnedApproval, Step, pin
from headrace.platform.workflow.recorded_runs import RecordedRun, recorded_runs, state_of
from headrace.platform.workflow.replays import PathStep, Replay, Replayed, Way, verdict_of
from headrace.platform.workflow.runs import (
    Row,
)
from headrace.platform.workflow.supposed import Truth, judged

MOST_RUNS: Final = 500
USUAL: Final = 100

MOST_VERSIONS: Final = 5
"""Former versions that are looked into to know what was judged then."""

Earlier = Callable[[int], Catalog | None]
"""Gives the definitions of a version."""

TOO_MANY: Final = Message(
    "replay.last",
    "“last” must be a number from 1 to {most}.",
    "“last”必须是 1 到 {most} 的数。",
    "Replay fewer runs at a time.",
    "请减少每次回放的数量。",
)


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
        recorded = recorded_runs(self._reading.connection, self._model.id, last)
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

    def _replayed(self, one: RecordedRun, titles: Mapping[str, Any]) -> Replayed:
        run = one.run
        then = one.way()
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
            verdict=verdict_of(then, now),
        )

    def _way(self, one: RecordedRun) -> Way:
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

    def _known(self, one: RecordedRun, name: str, when: Expression | None) -> Truth:
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

    def _same(self, one: RecordedRun, then: Expression | None, now: Expression | None) -> bool:
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

    def _then(self, one: RecordedRun) -> Catalog | None:
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
        self, one: RecordedRun, taken: TransitionModel, pinned: PinnedApproval
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
        self, one: RecordedRun, taken: TransitionModel, step: Step, pace: _Pace
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
        one: RecordedRun,
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
            state = state_of(row)
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
        one: RecordedRun,
        taken: TransitionModel,
        version: int | None,
        at: datetime,
        *,
        submitted: bool,
    ) -> PastRecord:
        """Return the record as it was when it was submitted, or at a version within the run."""
        state = self._model.fields[str(self._model.state_field)]
        changes: dict[str, Any] = {state.id: one.pinned.to}
        missing: frozenset[str] = frozenset()
        if submitted:
            line = self._submission(one, at)
            if line is not None:
                changes |= {key: values[0] for key, values in line.changes.items()}
                changes[state.id] = one.run.from_state
            set_by_it = (self._model.fields[name.field] for name in self._set(taken))
            missing = self._unkept(set_by_it)
        else:
            edits = self._edits(one, version)
            for line in edits:
                changes |= {
                    key: values[1] for key, values in line.changes.items() if key != state.id
                }
            if edits:
                fields = self._model.fields.values()
                missing = self._unkept(one for one in fields if one.stored and not one.system)
        return PastRecord(
            self._histories,
            self._definitions,
            self._model,
            one.run,
            changes=changes,
            missing=missing - {state.id},
            at=at,
        )

    def _submission(self, one: RecordedRun, at: datetime) -> Line | None:
        """Return the line of history that the transition of a run left."""
        first = one.first_version
        found = (
            line
            for line in reversed(self._histories.lines(one.run.record_id))
            if line.action == one.pinned.transition and line.at <= at
            if first is None or line.version <= first
        )
        return next(found, None)

    def _edits(self, one: RecordedRun, version: int | None) -> list[Line]:
        """Return the lines of history between the submission of a run and a version of its record."""
        if one.first_version is None or version is None:
            return []
        lines = self._histories.lines(one.run.record_id)
        return [line for line in lines if one.first_version < line.version <= version]

    def _unkept(self, fields: Iterable[FieldModel]) -> frozenset[str]:
        """Return which of these fields have no history, by id."""
        kept = self._histories.kept(self._model)
        return frozenset(field.id for field in fields if field.name not in kept)

    def _set(self, taken: TransitionModel) -> Iterable[Any]:
        live = self._live.transitions.get(taken.name)
        return live.assignments if live is not None else ()


def _chose(run: Row, step: Step) -> bool:
    """Say whether it is known whom the submitter chose in a step."""
    return step.name in (run.choices or {})


def _asks_same(first: Step, second: Step) -> bool:
    return all(
        getattr(first, key) == getattr(second, key)
        for key in ("approvers", "mode", "ratio", "editable")
    )
