"""The workflow engine: what may be done with a record now, and doing it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PlatformError,
    RefusedError,
    StaleError,
)
from headrace.platform.core.problems import Problem, Text
from headrace.platform.database.engine import Reading
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.formulas.expression import Expression
from headrace.platform.metadata.catalog import (
    ApprovalModel,
    ObjectModel,
    TransitionModel,
    WorkflowModel,
)
from headrace.platform.records.context import Context
from headrace.platform.records.flushing import STALE
from headrace.platform.records.source import row_rights
from headrace.platform.records.store import RecordStore
from headrace.platform.workflow import messages
from headrace.platform.workflow.access import checked_snapshot, is_visible
from headrace.platform.workflow.approvals import Approvals, Decided
from headrace.platform.workflow.asking import hold_what_is_asked
from headrace.platform.workflow.cases import checked_comment
from headrace.platform.workflow.changes import changed_since
from headrace.platform.workflow.choosing import refuse_choice
from headrace.platform.workflow.machine import GuardError, NoWayError, leaving, move, plan_of
from headrace.platform.workflow.pinned import Outcome, outcome_of
from headrace.platform.workflow.pinned import by_id as assignments_by_id
from headrace.platform.workflow.resubmitting import with_a_part
from headrace.platform.workflow.runs import open_run
from headrace.platform.workflow.simulating import Simulation, Trial, simulate
from headrace.platform.workflow.subjects import Subject, subject, workflow_of
from headrace.platform.workflow.views import RunView, runs_view


@dataclass(frozen=True, slots=True)
class Available:
    """A transition that the caller may take from the present state, once its guard holds.

    `reason` says why it is not allowed now.
    """

    transition: str
    label: Text
    allowed: bool
    reason: Problem | None
    needs_comment: bool
    asks_approval: bool

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        return {
            "transition": self.transition,
            "label": self.label.within(language),
            "allowed": self.allowed,
            "reason": self.reason.render(language) if self.reason else None,
            "needs_comment": self.needs_comment,
            "asks_approval": self.asks_approval,
        }


@dataclass(frozen=True, slots=True)
class Fired:
    """What became of a transition: the record's state and version, and the run that began.

    `warnings` are what rules tell of the record as it has become.
    """

    state: str
    version: int
    run_id: str | None
    warnings: tuple[Problem, ...] = ()


class WorkflowEngine:
    """Takes transitions for people; approvals that they ask for are begun at once."""

    def __init__(self, store: RecordStore, approvals: Approvals) -> None:
        self._store = store
        self._approvals = approvals

    # -- what may be done -------------------------------------------------------------------

    def available(self, context: Context, object_name: str, record_id: str) -> list[Available]:
        """Return the transitions that the caller may take from the record's present state.

        One whose guard does not hold is listed with the reason. Raise NotFoundError where the
        caller does not see the record.
        """
        model = context.catalog.object(object_name)
        if model is None or model.workflow is None:
            return []
        with checked_snapshot(context) as reading:
            if not is_visible(context, reading, object_name, record_id):
                raise NotFoundError(NOT_FOUND.at())
            found = subject(context, reading, object_name, record_id)
            granted = _granted(context, reading, found.model, found.workflow, record_id)
            names = leaving(plan_of(found.workflow), found.state)
            return [
                _available(found, found.workflow.transitions[name])
                for name in names
                if name in granted
            ]

    def simulate(
        self,
        context: Context,
        object_name: str,
        record_id: str,
        transition: str,
        kept: frozenset[str] = frozenset(),
    ) -> Simulation:
        """Return which approval a transition would begin now, and whom its steps would ask.

        `kept` are the names of steps that stand from the submission before.
        """
        trial = Trial(object_name, record_id, transition, estimated=True, kept=kept)
        return self.try_out(context, trial)

    def try_out(self, context: Context, trial: Trial) -> Simulation:
        """Return what a transition would ask of a record, as it is or as it might be.

        Raise NotFoundError where the caller does not see the record; see `simulating.simulate`.
        """
        with checked_snapshot(context) as reading:
            record_id = trial.record_id
            if record_id and not is_visible(context, reading, trial.object_name, record_id):
                raise NotFoundError(NOT_FOUND.at())
            return simulate(context, reading, trial)

    def approvals(self, context: Context, object_name: str, record_id: str) -> list[RunView]:
        """Return the approval runs of a record that the caller sees, newest first."""
        model = context.catalog.object(object_name)
        if model is None:
            raise NotFoundError(NOT_FOUND.at())
        with checked_snapshot(context) as reading:
            if not is_visible(context, reading, object_name, record_id):
                raise NotFoundError(NOT_FOUND.at())
            return runs_view(context, reading, model, record_id)

    # -- doing it ---------------------------------------------------------------------------

    def fire(
        self,
        context: Context,
        work: UnitOfWork,
        object_name: str,
        record_id: str,
        transition: str,
        *,
        comment: str | None = None,
        values: Mapping[str, Any] | None = None,
        approvers: object = None,
        version: int,
    ) -> Fired:
        """Take a transition of a record that is at `version`, after writing `values` to it.

        `approvers` are whom the caller chose, lists of ids of users by the name of the step.

        Raise NotFoundError for a record or transition that the caller does not know, ForbiddenError
        for one that is not theirs, ConflictError in the wrong state, RefusedError where the guard
        does not hold or a comment is missing, StaleError where the record has changed.
        """
        model, workflow = workflow_of(context.catalog, object_name)
        self._check_right(context, work, model, workflow, record_id, transition)
        before = self._store.lock(context, work, object_name, record_id)
        if before["version"] != version:
            differences = changed_since(context, work, model, record_id, version)
            raise StaleError(STALE.at(), differences=differences)
        # Who wrote `values` is the submitter; the last change before is what counts as another's.
        excluded = with_a_part(work.connection, model, before, context.principal.user_id)
        if values:
            self._store.update(context, work, object_name, record_id, values, version)
        found = subject(context, work, object_name, record_id)
        taken = _transition(workflow, transition)
        comment = _needed_comment(taken, comment)
        hold_what_is_asked(found, _conditions(found, taken))
        approvals = _matching(found, taken)
        target, outcome = _target(found, taken, asks=bool(approvals))
        assigned = found.assigned(assignments_by_id(model, taken.assignments))
        if outcome is not None:
            assigned |= found.assigned(outcome.assignments)
        self._approvals.cancel(context, work, found, comment)
        saved = self._store.apply_system(
            context,
            work,
            object_name,
            record_id,
            {found.state_field: target, **assigned},
            action=transition,
            comment=comment,
        )
        if not approvals:
            refuse_choice(approvers)
            return Fired(target, saved.version, None, saved.warnings)
        run_id = self._approvals.begin(
            context,
            work,
            subject(context, work, object_name, record_id),
            taken,
            approvals,
            from_state=found.state,
            submitter=context.principal.user_id,
            excluded=excluded,
            comment=comment,
            approvers=approvers,
            base_version=version,
        )
        after = subject(context, work, object_name, record_id)
        return Fired(after.state, after.version, run_id, saved.warnings)

    def withdraw(
        self,
        context: Context,
        work: UnitOfWork,
        run_id: str,
        *,
        comment: str | None = None,
        files: Sequence[str] = (),
    ) -> Decided:
        """Take an approval run back: by its submitter, before anybody has decided."""
        return self._approvals.withdraw(context, work, run_id, comment, files)

    def adopt(
        self, context: Context, work: UnitOfWork, object_name: str, record_id: str
    ) -> str | None:
        """Begin the approval of a record that was loaded into a state of waiting.

        Who last changed it counts as the submitter. Return the run's id; None where the record does
        not wait for an approval, or already has its run.
        """
        self._store.lock(context, work, object_name, record_id)
        found = subject(context, work, object_name, record_id)
        if open_run(work.connection, found.model.id, record_id) is not None:
            return None
        for taken in found.workflow.transitions.values():
            approvals = _matching(found, taken)
            if taken.definition.to != found.state or not approvals:
                continue
            submitter = str(found.row["updated_by"])
            return self._approvals.begin(
                context,
                work,
                found,
                taken,
                approvals,
                from_state=str(taken.definition.from_[0]),
                submitter=submitter,
                excluded=frozenset((submitter,)),
                comment=None,
            )
        return None

    def abandon(self, context: Context, work: UnitOfWork, object_name: str, record_id: str) -> None:
        """End the open approval run of a record that is taken away; nothing where none is."""
        model = context.catalog.object(object_name)
        if model is not None and open_run(work.connection, model.id, record_id) is not None:
            found = subject(context, work, object_name, record_id)
            self._approvals.cancel(context, work, found, None)

    def _check_right(
        self,
        context: Context,
        work: UnitOfWork,
        model: ObjectModel,
        workflow: WorkflowModel,
        record_id: str,
        transition: str,
    ) -> None:
        """Let pass who holds a grant that lists the transition and covers the record."""
        known = transition in workflow.transitions
        if known and transition in _granted(context, work, model, workflow, record_id):
            return
        if not is_visible(context, work, model.name, record_id):
            raise NotFoundError(NOT_FOUND.at())
        kind = ForbiddenError if known else NotFoundError
        raise kind(messages.UNKNOWN_TRANSITION.at(name=transition))


# -- parts -----------------------------------------------------------------------------------------


def _granted(
    context: Context,
    on: Reading | UnitOfWork,
    model: ObjectModel,
    workflow: WorkflowModel,
    record_id: str,
) -> frozenset[str]:
    """Return the transitions for which the caller has the grant and, where asked for, the role."""
    if context.principal.is_system:
        return frozenset(workflow.transitions)
    names = row_rights(context, on, model.name, record_id, "transition") or frozenset()
    return frozenset(
        name
        for name, transition in workflow.transitions.items()
        if name in names and _has_role(transition, context)
    )


def _has_role(transition: TransitionModel, context: Context) -> bool:
    roles = transition.definition.by
    return not roles or any(context.principal.holds(role) for role in roles)


def _transition(workflow: WorkflowModel, name: str) -> TransitionModel:
    found = workflow.transitions.get(name)
    if found is None:
        raise NotFoundError(messages.UNKNOWN_TRANSITION.at(name=name))
    return found


def _matching(found: Subject, transition: TransitionModel) -> tuple[ApprovalModel, ...]:
    """Return the approvals whose condition holds, highest priority first."""
    approvals: Iterable[ApprovalModel] = found.workflow.approvals.get(transition.name, ())
    return tuple(one for one in approvals if found.holds(one.when))


def _conditions(found: Subject, transition: TransitionModel) -> Iterator[Expression | None]:
    """Yield what decides where a transition leads, and what it asks."""
    yield transition.when
    if transition.without_approval is not None:
        yield outcome_of(found.model, transition.without_approval).when
    for one in found.workflow.approvals.get(transition.name, ()):
        yield one.when


def _needed_comment(transition: TransitionModel, comment: str | None) -> str | None:
    text = checked_comment(comment)
    if "comment" in transition.definition.needs and text is None:
        problem = messages.COMMENT_NEEDED.at("/comment", transition=transition.label)
        raise RefusedError(problem)
    return text


def _target(
    found: Subject, transition: TransitionModel, *, asks: bool
) -> tuple[str, Outcome | None]:
    """Return the state that a transition leads to, and the outcome that sets more."""
    otherwise = None if asks else transition.without_approval
    outcome = outcome_of(found.model, otherwise) if otherwise else None
    conditions = [transition.when, outcome.when if outcome else None]
    try:
        target = move(
            plan_of(found.workflow),
            found.state,
            transition.name,
            "asked" if asks else "without_approval",
            lambda: all(found.holds(condition) for condition in conditions),
        )
    except NoWayError as error:
        raise ConflictError(found.wrong_state(transition.label)) from error
    except GuardError as error:
        broken = next(one for one in conditions if one is not None and not found.holds(one))
        raise RefusedError(found.guarded(transition.label, broken)) from error
    return target, outcome


def _available(found: Subject, transition: TransitionModel) -> Available:
    reason: Problem | None = None
    asks = False
    try:
        asks = bool(_matching(found, transition))
        _target(found, transition, asks=asks)
    except PlatformError as error:
        reason = error.problems[0]
    return Available(
        transition=transition.name,
        label=transition.label,
        allowed=reason is None,
        reason=reason,
        needs_comment="comment" in transition.definition.needs,
        asks_approval=asks,
    )
