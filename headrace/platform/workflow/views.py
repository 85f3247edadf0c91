"""What people see of approvals: runs with steps, tasks and decisions; tasks with their record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Literal

from headrace.platform.access.principals import Principal
from headrace.platform.core.errors import ConflictError, RefusedError
from headrace.platform.core.problems import Text
from headrace.platform.database.engine import Reading
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.metadata.storage_types import StoredFile, files_in, instant_text
from headrace.platform.records.context import Context
from headrace.platform.workflow.changes_seen import ChangeView, changes_seen
from headrace.platform.workflow.delegations import delegates_of
from headrace.platform.workflow.people import names_of
from headrace.platform.workflow.pinned import (
    Mode,
    PinnedApproval,
    Step,
    TimeLimit,
    steps_ahead,
    text_of,
)
from headrace.platform.workflow.runs import (
    TIMEOUTS,
    Row,
    definitions_of,
    node_of,
    rows_of_runs,
    runs_of,
)
from headrace.platform.workflow.shapes import (
    CopyJson,
    DecisionJson,
    PersonJson,
    RunJson,
    StepJson,
    TaskJson,
)
from headrace.platform.workflow.subjects import Subject, object_by_id, subject
from headrace.platform.workflow.tables import COPY, DECIDING, DECISION, STEP, TALK, TASK
from headrace.platform.workflow.timing import timeout_reason, worked_hours
from headrace.platform.workflow.urging import interval
from headrace.platform.workflow.usual import expected_at, expected_end, usual_of

StepState = Literal[
    "open", "approved", "rejected", "returned", "skipped", "passed", "kept", "closed", "pending"
]


@dataclass(frozen=True, slots=True)
class PersonView:
    """Somebody by name; `id` only for those who may know it."""

    name: str
    id: str | None

    def render(self) -> PersonJson:
        """Return the JSON form."""
        return {"name": self.name} if self.id is None else {"id": self.id, "name": self.name}


@dataclass(frozen=True, slots=True)
class DecisionView:
    """What somebody said, at an instant in UTC; `acted_for` is who was asked, where it is not they.

    `given_to` is who a task was transferred to or who was added, `to_step` the step returned to,
    `reason` why the platform decided, `worked_hours` the working hours from asking to deciding; `by_mail`
    says that it was done by a link in mail. `seen` is the fingerprint of the record as it was decided, for
    internal people: it covers what partners may not read, who could try values against it.
    `changes` is what made a step be decided again, `files` came with the comment.
    """

    person: PersonView
    acted_for: PersonView | None
    given_to: PersonView | None
    to_step: Text | None
    action: str
    comment: str | None
    at: datetime
    reason: Text | None
    worked_hours: Decimal | None
    by_mail: bool = False
    seen: str | None = None
    changes: tuple[ChangeView, ...] = ()
    files: tuple[StoredFile, ...] = ()

    def render(self, language: str) -> DecisionJson:
        """Return the JSON form in one language."""
        said: DecisionJson = {
            "person": self.person.render(),
            "acted_for": self.acted_for.render() if self.acted_for else None,
            "given_to": self.given_to.render() if self.given_to else None,
            "to_step": self.to_step.within(language) if self.to_step else None,
            "action": self.action,
            "comment": self.comment,
            "at": instant_text(self.at),
            "reason": self.reason.within(language) if self.reason else None,
            "worked_hours": None if self.worked_hours is None else str(self.worked_hours),
            "by_mail": self.by_mail,
            "seen": self.seen,
            "changes": [one.render(language) for one in self.changes],
        }
        files = [one.render() for one in self.files]
        return {**said, "files": files} if files else said


@dataclass(frozen=True, slots=True)
class TaskView:
    """One person who was asked; `delegate` stands in for them today, while the task is open.

    `added_by` is who had them asked too, in which `place`; `kind` is `opinion` where only that is asked.
    `urged_at` is when the submitter last reminded them.
    """

    id: str
    version: int
    person: PersonView
    delegate: PersonView | None
    added_by: PersonView | None
    place: str | None
    kind: str | None
    state: str
    opened_at: datetime
    ended_at: datetime | None
    urged_at: datetime | None

    def render(self) -> TaskJson:
        """Return the JSON form."""
        return {
            "id": self.id,
            "version": self.version,
            "person": self.person.render(),
            "delegate": self.delegate.render() if self.delegate else None,
            "added_by": self.added_by.render() if self.added_by else None,
            "place": self.place,
            "kind": self.kind,
            "state": self.state,
            "opened_at": instant_text(self.opened_at),
            "ended_at": instant_text(self.ended_at),
            "urged_at": instant_text(self.urged_at),
        }


@dataclass(frozen=True, slots=True)
class StepView:
    """A step with who was asked and what was said; `pending` where it was not reached yet.

    `due_at` is when its time is up, `late` whether it is open and that has passed. `branch` is what the
    branch is called that it is in. `usual_days` is within how many days it is usually decided, while it
    is open or ahead and as far as the reader may know (`usual`).
    """

    name: str
    label: Text
    branch: Text | None
    mode: Mode
    state: StepState
    fallback: bool
    opened_at: datetime | None
    ended_at: datetime | None
    due_at: datetime | None
    late: bool
    tasks: tuple[TaskView, ...]
    decisions: tuple[DecisionView, ...]
    usual_days: int | None = None

    def render(self, language: str) -> StepJson:
        """Return the JSON form in one language."""
        return {
            "name": self.name,
            "label": self.label.within(language),
            "branch": self.branch.within(language) if self.branch else None,
            "mode": self.mode,
            "state": self.state,
            "fallback": self.fallback,
            "opened_at": instant_text(self.opened_at),
            "ended_at": instant_text(self.ended_at),
            "due_at": instant_text(self.due_at),
            "late": self.late,
            "usual_days": self.usual_days,
            "tasks": [task.render() for task in self.tasks],
            "decisions": [decision.render(language) for decision in self.decisions],
        }


@dataclass(frozen=True, slots=True)
class CopyView:
    """Who got a copy; `by` is the approver who sent it by hand."""

    person: PersonView
    by: PersonView | None
    at: datetime
    read_at: datetime | None

    def render(self) -> CopyJson:
        """Return the JSON form."""
        return {
            "person": self.person.render(),
            "by": self.by.render() if self.by else None,
            "at": instant_text(self.at),
            "read_at": instant_text(self.read_at),
        }


@dataclass(frozen=True, slots=True)
class RunView:
    """An approval run; `can_withdraw` and `can_urge` are for the caller, now.

    `due_at` is when the time of all steps is up, `expected_on` the day by which all is usually decided,
    in the workspace's zone: None where that is not known, and once the run ended.
    """

    id: str
    approval: str
    label: Text
    transition: str
    transition_label: Text
    state: str
    submission: int
    submitter: PersonView
    comment: str | None
    tags: tuple[Text, ...]
    started_at: datetime
    ended_at: datetime | None
    due_at: datetime | None
    metadata_version: int
    can_withdraw: bool
    can_urge: bool
    steps: tuple[StepView, ...]
    decisions: tuple[DecisionView, ...]
    copies: tuple[CopyView, ...]
    expected_on: date | None = None

    def render(self, language: str) -> RunJson:
        """Return the JSON form in one language."""
        return {
            "id": self.id,
            "approval": self.approval,
            "label": self.label.within(language),
            "transition": self.transition,
            "transition_label": self.transition_label.within(language),
            "state": self.state,
            "submission": self.submission,
            "submitter": self.submitter.render(),
            "comment": self.comment,
            "tags": [tag.within(language) for tag in self.tags],
            "started_at": instant_text(self.started_at),
            "ended_at": instant_text(self.ended_at),
            "due_at": instant_text(self.due_at),
            "expected_on": self.expected_on.isoformat() if self.expected_on else None,
            "metadata_version": self.metadata_version,
            "can_withdraw": self.can_withdraw,
            "can_urge": self.can_urge,
            "steps": [step.render(language) for step in self.steps],
            "decisions": [decision.render(language) for decision in self.decisions],
            "copies": [copy.render() for copy in self.copies],
        }


def runs_view(context: Context, on: Reading, model: ObjectModel, record_id: str) -> list[RunView]:
    """Return the runs of a record that the caller may see, newest first."""
    return views_of_runs(context, on, runs_of(on.connection, model.id, record_id))


def views_of_runs(context: Context, on: Reading, runs: list[Row]) -> list[RunView]:
    """Return `runs` with everything that belongs to them, in four statements, one for names and one for delegates.

    An open run takes one more, for how long its steps usually take, and where conditions of steps ahead
    are to be judged what these read.
    """
    connection, ids = on.connection, [run.id for run in runs]
    steps = rows_of_runs(connection, STEP, ids)
    former = {row.definition for rows in steps.values() for row in rows if row.definition}
    pinned = definitions_of(connection, former | {run.definition for run in runs})
    tasks = rows_of_runs(connection, TASK, ids)
    decisions = rows_of_runs(connection, DECISION, ids)
    copies = rows_of_runs(connection, COPY, ids)
    users = {run.submitter for run in runs}
    users |= {row.user for rows in (*tasks.values(), *decisions.values()) for row in rows}
    named = [(row.acted_for, row.given_to) for rows in decisions.values() for row in rows]
    named += [(row.user, row.by) for rows in copies.values() for row in rows]
    users |= {one for pair in named for one in pair if one}
    users |= {row.added_by for rows in tasks.values() for row in rows if row.added_by}
    waiting = {row.user for rows in tasks.values() for row in rows if row.state == "open"}
    standing_in = delegates_of(connection, waiting, context.today())
    names = names_of(connection, users | set(standing_in.values()))
    own = any(run.state == "open" and run.submitter == context.principal.user_id for run in runs)
    until = context.now() - interval(connection) if own else None
    told = _changes(context, on, runs, decisions)
    usual = {
        run.id: _usual(context, on, run, pinned[run.definition], steps[run.id])
        for run in runs
        if run.state == "open"
    }
    viewer = _Viewer(context, names, standing_in, pinned, until, told, usual)
    return [
        replace(
            viewer.run(
                run, pinned[run.definition], steps[run.id], tasks[run.id], decisions[run.id]
            ),
            copies=viewer.copies(copies[run.id]),
        )
        for run in runs
    ]


def is_told(principal: Principal, row: Row) -> bool:
    """Say whether somebody who sees a run is told of a decision on it, with its comment and files."""
    return (
        row.action not in TALK
        or principal.audience == "internal"
        or principal.user_id in (row.user, row.given_to if row.action == "copy" else None)
    )


def _block_of(step: Step) -> str:
    return "" if step.branch is None else step.branch.block


def _branch_of(step: Step) -> str:
    return "" if step.branch is None else step.branch.name


def _stands(run: Row, step: Step) -> bool:
    """Say whether a step keeps its decisions although an earlier one is decided again."""
    entry = (run.standing or {}).get(step.name)
    return bool(entry and entry["whole"])


def _pending(run: Row, step: Step, usual: int | None) -> StepView:
    """Show a step that was not reached yet; it may stand although an earlier one is decided again."""
    return StepView(
        name=step.name,
        label=step.label,
        branch=step.branch.title if step.branch else None,
        mode=step.mode,
        state="kept" if _stands(run, step) else "pending",
        fallback=False,
        opened_at=None,
        ended_at=None,
        due_at=None,
        late=False,
        tasks=(),
        decisions=(),
        usual_days=usual or None,
    )


def _usual(
    context: Context, on: Reading, run: Row, pinned: PinnedApproval, steps: Iterable[Row]
) -> dict[str, int]:
    """Return within how many days steps of a run are usually decided, by their names.

    Steps ahead that stand, and those whose condition the record does not meet as it is, take 0.
    """
    usual = usual_of(context, on, pinned)
    waiting = [(node_of(row), row.then_node) for row in steps if row.state == "open"]
    ahead = [step for some in steps_ahead(pinned, waiting).values() for step in some]
    model = object_by_id(context, run.object_id) if usual and waiting else None
    if model is None:
        return {}
    found: Subject | None = None
    for step in ahead:
        if step.when is not None and found is None:
            found = subject(context, on, model.name, run.record_id)
        if _stands(run, step) or (found is not None and _is_skipped(found, step)):
            usual[step.name] = 0
    return usual


def _is_skipped(found: Subject, step: Step) -> bool:
    """Say whether a step would be skipped if it were reached now; not where nobody can tell."""
    try:
        return not found.holds(step.when)
    except (ConflictError, RefusedError):
        return False


def _changes(
    context: Context, on: Reading, runs: Iterable[Row], decisions: Mapping[str, list[Row]]
) -> dict[str, tuple[ChangeView, ...]]:
    """Return what edits changed that let steps be decided again, by decision, as far as readable."""
    found = {}
    for run in runs:
        rows = [row for row in decisions[run.id] if row.changes]
        model = object_by_id(context, run.object_id) if rows else None
        if model is not None:
            for row in rows:
                found[row.id] = changes_seen(context, on, model, run.record_id, row.changes)
    return found


class _Viewer:
    """Shows rows to one caller: ids of people and internal talk are for internal people only."""

    def __init__(
        self,
        context: Context,
        names: Mapping[str, str],
        standing_in: Mapping[str, str],
        definitions: Mapping[str, PinnedApproval],
        urged_until: datetime | None,
        changes: Mapping[str, tuple[ChangeView, ...]],
        usual: Mapping[str, Mapping[str, int]],
    ) -> None:
        """`urged_until` is before when a reminder must have been sent for another one to be sent.

        `usual` is within how many days steps of open runs are usually decided, by the run and their names.
        """
        self._urged_until = urged_until
        self._changes = changes
        self._usual = usual
        self._principal = context.principal
        self._internal = context.principal.audience == "internal"
        self._user = context.principal.user_id
        self._now = context.now()
        self._zone = context.zone
        self._names = names
        self._standing_in = standing_in
        self._definitions = definitions

    def run(
        self,
        run: Row,
        pinned: PinnedApproval,
        steps: list[Row],
        tasks: list[Row],
        decisions: list[Row],
    ) -> RunView:
        rounds = {row.id: row.round for row in tasks}
        decided = any(
            row.action in (*DECIDING, *TIMEOUTS) and row.round in {None, rounds.get(row.task)}
            for row in decisions
        )
        urged = {row.task: row.at for row in decisions if row.action == "urge"}
        return RunView(
            id=run.id,
            approval=pinned.name,
            label=pinned.label,
            transition=pinned.transition,
            transition_label=pinned.transition_label,
            state=run.state,
            submission=run.submission,
            submitter=self.person(run.submitter),
            comment=run.comment,
            tags=tuple(text_of(tag["label"]) for tag in run.tags),
            started_at=run.started_at,
            ended_at=run.ended_at,
            due_at=run.due_at,
            metadata_version=run.metadata_version,
            can_withdraw=run.state == "open" and run.submitter == self._user and not decided,
            can_urge=self._can_urge(run, tasks, urged),
            steps=self._steps(run, pinned, steps, tasks, decisions, urged),
            expected_on=self._expected(run, pinned, steps),
            decisions=self._decisions(
                pinned, (row for row in decisions if row.step is None), pinned.time, run.due_at
            ),
            copies=(),
        )

    def copies(self, rows: Iterable[Row]) -> tuple[CopyView, ...]:
        """Show who got copies; what colleagues send each other is for internal people and for them."""
        return tuple(
            CopyView(
                self.person(row.user), self.person(row.by) if row.by else None, row.at, row.read_at
            )
            for row in rows
            if self._internal or row.by is None or self._user in (row.by, row.user)
        )

    def person(self, user_id: str) -> PersonView:
        """Show a user."""
        return PersonView(self._names.get(user_id, ""), user_id if self._internal else None)

    def _steps(
        self,
        run: Row,
        pinned: PinnedApproval,
        steps: list[Row],
        tasks: list[Row],
        decisions: list[Row],
        urged: Mapping[str, datetime],
    ) -> tuple[StepView, ...]:
        reached = sorted(steps, key=lambda row: int(row.position))
        waiting = [row for row in reached if row.state == "open"] if run.state == "open" else []
        ahead = steps_ahead(pinned, [(node_of(row), row.then_node) for row in waiting])
        shown: list[StepView] = []
        for _, visit in groupby(reached, lambda row: _block_of(self._step(pinned, row))):
            branches: dict[str, list[Row]] = {}
            for row in visit:
                branches.setdefault(_branch_of(self._step(pinned, row)), []).append(row)
            for rows in branches.values():
                shown += [self._reached(run, row, pinned, tasks, decisions, urged) for row in rows]
                for row in rows:
                    if row in waiting:
                        shown += self._ahead(run, ahead.pop(node_of(row), ()))
        return (*shown, *(one for rest in ahead.values() for one in self._ahead(run, rest)))

    def _ahead(self, run: Row, steps: Iterable[Step]) -> list[StepView]:
        usual = self._usual.get(run.id, {})
        return [_pending(run, step, usual.get(step.name)) for step in steps]

    def _expected(self, run: Row, pinned: PinnedApproval, steps: list[Row]) -> date | None:
        """Return by which day all is usually decided."""
        usual = self._usual.get(run.id)
        if not usual:
            return None
        waiting = [row for row in steps if row.state == "open"]
        end = expected_end(
            pinned,
            {node_of(row): row.opened_at for row in waiting},
            steps_ahead(pinned, [(node_of(row), row.then_node) for row in waiting]),
            lambda step, begins: expected_at(step, begins, usual.get(step.name), self._zone),
            self._now,
        )
        return None if end is None else end.astimezone(self._zone).date()

    def _reached(
        self,
        run: Row,
        row: Row,
        pinned: PinnedApproval,
        tasks: list[Row],
        decisions: list[Row],
        urged: Mapping[str, datetime],
    ) -> StepView:
        step = self._step(pinned, row)
        own = (one for one in decisions if one.step == row.id)
        return StepView(
            name=step.name,
            label=step.label,
            branch=step.branch.title if step.branch else None,
            mode=step.mode,
            state=row.state,
            fallback=row.fallback,
            opened_at=row.opened_at,
            ended_at=row.ended_at,
            due_at=row.due_at,
            late=row.state == "open" and row.due_at is not None and row.due_at <= self._now,
            tasks=tuple(self._task(one, urged.get(one.id)) for one in tasks if one.step == row.id),
            decisions=self._decisions(pinned, own, step.time, row.due_at),
            usual_days=self._usual.get(run.id, {}).get(step.name) if row.state == "open" else None,
        )

    def _step(self, pinned: PinnedApproval, row: Row) -> Step:
        """Return the definition of a step in the version in which it was reached."""
        return (self._definitions[row.definition] if row.definition else pinned).steps[node_of(row)]

    def _can_urge(self, run: Row, tasks: Iterable[Row], urged: Mapping[str, datetime]) -> bool:
        """Say whether the caller submitted a run that waits for somebody who may be reminded again."""
        until = self._urged_until
        if until is None or run.submitter != self._user:
            return False
        waiting = (one for one in tasks if one.state == "open")
        return any(one.id not in urged or urged[one.id] <= until for one in waiting)

    def _task(self, row: Row, urged_at: datetime | None) -> TaskView:
        stands_in = self._standing_in.get(row.user) if row.state == "open" else None
        delegate = self.person(stands_in) if stands_in else None
        person = self.person(row.user)
        added_by = self.person(row.added_by) if row.added_by else None
        return TaskView(
            id=row.id,
            version=row.version,
            person=person,
            delegate=delegate,
            added_by=added_by,
            place=row.place,
            kind=row.kind,
            state=row.state,
            opened_at=row.opened_at,
            ended_at=row.ended_at,
            urged_at=urged_at,
        )

    def _decisions(
        self,
        pinned: PinnedApproval,
        rows: Iterable[Row],
        limit: TimeLimit | None,
        due_at: datetime | None,
    ) -> tuple[DecisionView, ...]:
        labels = {step.name: step.label for step in pinned.steps}
        reason = None
        if limit is not None and due_at is not None:
            reason = timeout_reason(limit, due_at, self._zone)
        return tuple(
            DecisionView(
                self.person(row.user),
                self.person(row.acted_for) if row.acted_for else None,
                self.person(row.given_to) if row.given_to else None,
                labels.get(row.to_step or ""),
                row.action,
                row.comment if row.action != "unresolved" or self._internal else None,
                row.at,
                reason if row.action in TIMEOUTS else None,
                None if row.worked_seconds is None else worked_hours(row.worked_seconds),
                row.through == "mail",
                row.seen if self._internal else None,
                self._changes.get(row.id, ()),
                files_in(row.files),
            )
            for row in rows
            if is_told(self._principal, row)
        )
