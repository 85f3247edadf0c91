"""Approval runs: begun by a transition, advanced by decisions, ended by an outcome.

Whoever changes a run holds the record's lock first, so that two decisions on different tasks of a
step wait for each other; what counts is then the conditional UPDATE of the task.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Text, pointer
from headrace.platform.database.engine import Reading
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.notifications import Notifications
from headrace.platform.metadata.catalog import ApprovalModel, ObjectModel, TransitionModel
from headrace.platform.records.context import Context
from headrace.platform.records.reader import get_in
from headrace.platform.records.store import RecordStore
from headrace.platform.workflow import messages
from headrace.platform.workflow.changes import changed_fields
from headrace.platform.workflow.delegations import colleagues, decides_for, delegates_of
from headrace.platform.workflow.machine import Branch, GuardError, NoWayError, move
from headrace.platform.workflow.people import (
    Asked,
    People,
    Person,
    holds_role,
    is_active,
    keep_active,
    names_of,
)
from headrace.platform.workflow.pinned import PinnedApproval, Step, pin
from headrace.platform.workflow.runs import (
    Row,
    Runs,
    approvers_of_step,
    definition_of,
    known_task,
    last_decision,
    open_run,
    open_tasks_of_step,
    open_tasks_of_user,
    receiver_of,
    run_by_id,
    step_by_id,
    task_by_id,
    tasks_of_step,
)
from headrace.platform.workflow.subjects import (
    Subject,
    object_by_id,
    snapshot,
    subject,
    summary,
)

Decision = Literal["approve", "reject"]
Ending = Literal["approved", "rejected", "withdrawn"]

REASON_LENGTH: Final = 5
"""Characters that the reason of a rejection has at least."""

COMMENT_LENGTH: Final = 2_000
TASK_STATES: Final[Mapping[Decision, str]] = {"approve": "approved", "reject": "rejected"}


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a decision: the states of task, run and record, and the record's version."""

    task_state: str
    run_state: str
    record_state: str
    record_version: int


@dataclass(frozen=True, slots=True)
class _Case:
    """A run in hand: the use case, the record's object, the run and what it is pinned to."""

    context: Context
    work: UnitOfWork
    model: ObjectModel
    run: Row
    pinned: PinnedApproval
    rows: Runs

    def subject(self) -> Subject:
        """Read the record as it is now."""
        return subject(self.context, self.work, self.model.name, self.run.record_id)

    def people(self) -> People:
        """Return the finder of approvers."""
        return People(self.work.connection, self.context.catalog, self.context.tables)


class Approvals:
    """Begins, advances and ends approval runs."""

    def __init__(self, store: RecordStore, notifications: Notifications) -> None:
        self._store = store
        self._notifications = notifications

    # -- begin ------------------------------------------------------------------------------

    def begin(
        self,
        context: Context,
        work: UnitOfWork,
        found: Subject,
        transition: TransitionModel,
        approvals: tuple[ApprovalModel, ...],
        *,
        from_state: str,
        submitter: str,
        excluded: frozenset[str],
        comment: str | None,
    ) -> str:
        """Begin the run of the first of `approvals` on a record that waits; return its id.

        The others become tags. `excluded` may not decide.
        """
        chosen, *others = approvals
        dialect = context.database.dialect
        pinned = pin(found.model, found.workflow, transition, chosen)
        rows = Runs(work, context.ids, context.now())
        run_id = rows.add_run(
            pinned,
            {
                "object_id": found.model.id,
                "record_id": found.id,
                "metadata_version": context.catalog.version,
                "fingerprint": context.catalog.fingerprint,
                "from_state": from_state,
                "submitter": submitter,
                "excluded": sorted(excluded | {submitter}),
                "comment": comment,
                "title": found.title,
                "summary": summary(context.catalog, found, chosen, dialect),
                "tags": [{"name": one.name, "label": one.label.as_dict()} for one in others],
                "snapshot": snapshot(found.model, found.row, dialect),
            },
        )
        self._advance(self._case(context, work, run_id), 0, "auto_approve", None)
        return run_id

    # -- decide -----------------------------------------------------------------------------

    def decide(
        self,
        context: Context,
        work: UnitOfWork,
        task_id: str,
        decision: Decision,
        *,
        version: int,
        comment: str | None,
        values: Mapping[str, Any] | None,
    ) -> Decided:
        """Decide a task of the caller's, as it was at `version`.

        `values` are changes of the fields that the step opens; conditions of later steps see them.
        """
        comment = checked_comment(comment)
        if decision == "reject" and len(comment or "") < REASON_LENGTH:
            raise RefusedError(messages.REASON_NEEDED.at("/comment", count=REASON_LENGTH))
        task = self.own_task(context, work, task_id)
        case = self._case(context, work, task.run)
        self._store.lock(context, work, case.model.name, task.record_id)
        if not case.rows.close_task(task_id, version, TASK_STATES[decision]):
            self._refuse_late(case, task_id)
        self._check_decider(case, task)
        step_row = step_by_id(work.connection, task.step)
        step = case.pinned.steps[step_row.position]
        if values:
            self._edit(case, step, values)
        self._add_decision(case, decision, comment, case.subject().version, task=task)
        if decision == "reject":
            case.rows.end_step(task.step, "rejected")
            self._end(case, "rejected", decision, comment)
        elif step.mode == "all" and open_tasks_of_step(work.connection, task.step):
            self._line(case, decision, comment)
        else:
            case.rows.end_step(task.step, "approved")
            if not self._advance(case, step_row.position + 1, decision, comment):
                self._line(case, decision, comment)
        return self._decided(case, task_id)

    def comment(
        self, context: Context, work: UnitOfWork, task_id: str, comment: str | None
    ) -> None:
        """Say something on a task of the caller's without deciding it."""
        comment = checked_comment(comment)
        if not comment:
            label = Text("comment", "评论")
            raise RefusedError(messages.COMMENT_NEEDED.at("/comment", transition=label))
        task = self.own_task(context, work, task_id)
        case = self._case(context, work, task.run)
        self._add_decision(case, "comment", comment, case.subject().version, task=task)

    def transfer(
        self,
        context: Context,
        work: UnitOfWork,
        task_id: str,
        to: str,
        *,
        version: int,
        comment: str | None = None,
    ) -> Decided:
        """Give a task of the caller's, as it was at `version`, to a colleague, who is asked instead.

        Whoever may not decide it may not choose who does.
        Raise RefusedError `task.wrong_receiver` where they may not be asked, see `receivers`.
        """
        comment = checked_comment(comment)
        task = self.own_task(context, work, task_id)
        case = self._case(context, work, task.run)
        self._store.lock(context, work, case.model.name, task.record_id)
        if not case.rows.close_task(task_id, version, "transferred"):
            self._refuse_late(case, task_id)
        self._check_decider(case, task)
        receiver = next((one for one in self.receivers(context, work, task) if one.id == to), None)
        if receiver is None:
            raise RefusedError(messages.WRONG_RECEIVER.at("/to"))
        found = case.subject()
        step = case.pinned.steps[step_by_id(work.connection, task.step).position]
        self._add_decision(case, "transfer", comment, found.version, task=task, given_to=to)
        self._ask(case, step, task.step, (receiver,), found)
        self._line(case, "transfer", comment)
        return self._decided(case, task_id)

    def receivers(self, context: Context, work: Reading | UnitOfWork, task: Row) -> list[Person]:
        """Return who a task may be given to: the caller's colleagues, by name.

        Not who has a part in the record, nor who is asked in the step already.
        """
        run = run_by_id(work.connection, task.run)
        asked = {row.user for row in tasks_of_step(work.connection, task.step)}
        out = {*asked, *(run.excluded if run is not None else ())}
        found = colleagues(context, work.connection)
        return [Person(one.id, one.name, None) for one in found if one.id not in out]

    def withdraw(
        self, context: Context, work: UnitOfWork, run_id: str, comment: str | None = None
    ) -> Decided:
        """Take a run back: by its submitter, before anybody has decided."""
        run = run_by_id(work.connection, run_id) if is_record_id(run_id) else None
        if run is None:
            raise NotFoundError(NOT_FOUND.at())
        case = self._case(context, work, run_id)
        if context.principal.user_id != run.submitter:
            # Whoever may not see the record is not told that it has a run.
            name, record_id = case.model.name, run.record_id
            get_in(context, work, name, record_id, fields=("id",), by_task=True)
            raise ForbiddenError(messages.NOT_SUBMITTER.at())
        self._store.lock(context, work, case.model.name, run.record_id)
        present = run_by_id(work.connection, run_id)
        if present is None or present.state != "open":
            state = messages.STATE_TEXTS[present.state if present else "cancelled"]
            raise ConflictError(messages.RUN_ENDED.at(state=state))
        decided = last_decision(work.connection, run_id, None)
        if decided is not None:
            raise ConflictError(messages.DECIDED_BEFORE.at(**self._who_and_when(case, decided)))
        comment = checked_comment(comment)
        self._add_decision(case, "withdraw", comment, case.subject().version)
        self._end(case, "withdrawn", "withdraw", comment)
        return self._decided(case, None)

    def cancel(
        self, context: Context, work: UnitOfWork, found: Subject, comment: str | None
    ) -> None:
        """End the open run of a record that another transition leads away; nothing where none is."""
        run = open_run(work.connection, found.model.id, found.id)
        if run is None:
            return
        case = self._case(context, work, run.id)
        case.rows.end_run(run.id, "cancelled")
        self._add_decision(case, "cancel", comment, found.version)
        self._tell_end(case, "cancelled")

    # -- people who leave -------------------------------------------------------------------

    def release(self, context: Context, work: UnitOfWork, user_id: str) -> int:
        """Give the tasks that a user may no longer decide to somebody else; return how many.

        Called when a user was deactivated or lost a role. Raise ConflictError where nobody is left
        to ask: then the user has to stay.
        """
        count = 0
        for task in open_tasks_of_user(work.connection, user_id):
            connection = work.connection
            if is_active(connection, user_id) and (
                task.role is None or holds_role(connection, user_id, task.role)
            ):
                continue
            count += self._release(context, work, task.id)
        return count

    def _release(self, context: Context, work: UnitOfWork, task_id: str) -> int:
        task = known_task(work.connection, task_id)
        case = self._case(context, work, task.run)
        self._store.lock(context, work, case.model.name, task.record_id)
        task = known_task(work.connection, task_id)
        if not case.rows.close_task(task.id, task.version, "released"):
            return 0
        found = case.subject()
        self._add_decision(case, "release", None, found.version, task=task, user=task.user)
        step_row = step_by_id(work.connection, task.step)
        step = case.pinned.steps[step_row.position]
        asked_before = {row.user for row in tasks_of_step(work.connection, task.step)}
        excluded = frozenset((*case.run.excluded, task.user))
        if step.mode == "all":
            asked = case.people().resolve(step, found.environment, excluded)
            people = tuple(one for one in asked.people if one.id not in asked_before)
            self._ask(case, step, task.step, people, found)
            if not people and not open_tasks_of_step(work.connection, task.step):
                self._replace_all(case, step, task.step, excluded | asked_before, found)
        elif not open_tasks_of_step(work.connection, task.step):
            asked = case.people().resolve(step, found.environment, excluded | asked_before)
            self._ask(case, step, task.step, asked.people, found)
        return 1

    def _replace_all(
        self, case: _Case, step: Step, step_id: str, excluded: frozenset[str], found: Subject
    ) -> None:
        """Ask the fall-back in a step for all that would otherwise wait for nobody."""
        people = case.people().fallback(step.label, excluded)
        self._ask(case, step, step_id, people[:1], found)

    # -- advance and end --------------------------------------------------------------------

    def _advance(self, case: _Case, position: int, action: str, comment: str | None) -> bool:
        """Take the steps from `position` on until one waits for people; say whether none does.

        Then the run is approved, with a history line of `action` and `comment`.
        """
        for index in range(position, len(case.pinned.steps)):
            step = case.pinned.steps[index]
            found = case.subject()
            if not found.holds(step.when):
                case.rows.add_step(case.run.id, index, "skipped")
                continue
            asked = case.people().resolve(step, found.environment, case.run.excluded)
            passer = self._passer(case, step, index, asked)
            if passer is None:
                step_id = case.rows.add_step(case.run.id, index, "open", fallback=asked.fallback)
                self._ask(case, step, step_id, asked.people, found)
                return False
            step_id = case.rows.add_step(case.run.id, index, "passed", fallback=asked.fallback)
            self._add_decision(
                case, "auto_approve", None, found.version, step=step_id, user=passer.id
            )
        self._end(case, "approved", action, comment)
        return True

    def _passer(self, case: _Case, step: Step, index: int, asked: Asked) -> Person | None:
        """Return who has just approved and would be asked again; never where all or edits count."""
        if step.mode == "all" or step.editable:
            return None
        before = approvers_of_step(case.work.connection, case.run.id, index)
        return next((person for person in asked.people if person.id in before), None)

    def _ask(
        self,
        case: _Case,
        step: Step,
        step_id: str,
        people: tuple[Person, ...],
        found: Subject,
    ) -> None:
        keep_active(case.work.connection, [person.id for person in people])
        tasks = case.rows.add_tasks(case.run, step_id, people, found.version)
        submitter = names_of(case.work.connection, (case.run.submitter,)).get(case.run.submitter)
        problem = messages.ASKED.at(submitter=submitter or "", title=found.title, step=step.label)
        standing_in = delegates_of(case.work.connection, list(tasks), case.context.today())
        for user_id, task_id in tasks.items():
            asked = (user_id, standing_in[user_id]) if user_id in standing_in else (user_id,)
            self._notifications.send(
                case.work,
                asked,
                "task.asked",
                problem.message,
                object_id=case.run.object_id,
                record_id=case.run.record_id,
                task_id=task_id,
            )

    def _line(self, case: _Case, action: str, comment: str | None) -> None:
        """Write the history line of a decision that leaves the record where it is."""
        self._store.apply_system(
            case.context,
            case.work,
            case.model.name,
            case.run.record_id,
            {},
            action=action,
            # An empty comment still says that there is something to keep.
            comment=comment or "",
        )

    def _end(self, case: _Case, ending: Ending, action: str, comment: str | None) -> None:
        """Lead the record where the outcome says and end the run."""
        found = case.subject()
        outcome = case.pinned.outcomes.get(ending)
        if outcome is None:
            raise ConflictError(messages.DEFINITION_GONE.at(name=f"on.{ending}"))
        target = self._target(case, found, ending)
        values = found.assigned(outcome.assignments)
        if not case.rows.end_run(case.run.id, ending):
            raise ConflictError(messages.RUN_ENDED.at(state=messages.STATE_TEXTS["cancelled"]))
        self._store.apply_system(
            case.context,
            case.work,
            case.model.name,
            case.run.record_id,
            {found.state_field: target, **values},
            action=action,
            comment=comment,
        )
        self._tell_end(case, ending)

    def _target(self, case: _Case, found: Subject, ending: Branch) -> str:
        outcome = case.pinned.outcomes[ending]
        label = case.pinned.transition_label
        try:
            target = move(
                case.pinned.plan,
                found.state,
                case.pinned.transition,
                ending,
                lambda: found.holds(outcome.when),
            )
        except NoWayError as error:
            raise ConflictError(found.wrong_state(label)) from error
        except GuardError as error:
            raise RefusedError(found.guarded(label, outcome.when)) from error
        if target not in found.workflow.states:
            raise ConflictError(messages.DEFINITION_GONE.at(name=target))
        return target

    def _tell_end(self, case: _Case, ending: str) -> None:
        actor = case.context.principal
        if case.run.submitter == actor.user_id:
            return
        problem = messages.ENDED.at(
            title=case.run.title, state=messages.STATE_TEXTS[ending], name=actor.name
        )
        self._notifications.send(
            case.work,
            (case.run.submitter,),
            "approval.ended",
            problem.message,
            object_id=case.run.object_id,
            record_id=case.run.record_id,
        )

    # -- parts of a decision ----------------------------------------------------------------

    def own_task(self, context: Context, work: UnitOfWork, task_id: str) -> Row:
        """Return a task of the caller's, or of somebody they stand in for; NotFoundError otherwise."""
        connection = work.connection
        task = task_by_id(connection, task_id)
        mine = decides_for(connection, context.principal.user_id, context.today())
        if task is None or task.user not in mine:
            raise NotFoundError(NOT_FOUND.at())
        return task

    def _check_decider(self, case: _Case, task: Row) -> None:
        """Refuse who has a part in the record; the role is still needed by who was asked for it."""
        user_id = case.context.principal.user_id
        if user_id in case.run.excluded:
            raise ForbiddenError(messages.SELF_APPROVAL.at())
        if task.role is None:
            return
        holds = case.context.principal.holds(task.role)
        if user_id != task.user:
            holds = holds_role(case.work.connection, task.user, task.role)
        if not holds:
            raise ForbiddenError(messages.ROLE_LOST.at())

    def _edit(self, case: _Case, step: Step, values: Mapping[str, Any]) -> None:
        """Write what the step lets its approvers change."""
        names = {field.name for field in case.model.fields.values() if field.id in step.editable}
        shown = ", ".join(sorted(names)) or "–"
        wrong = [
            messages.NOT_EDITABLE.at(pointer("values", name), field=name, fields=shown)
            for name in values
            if name not in names
        ]
        if wrong:
            raise RefusedError.of(wrong)
        try:
            self._store.update_granted(
                case.context,
                case.work,
                case.model.name,
                case.run.record_id,
                values,
                frozenset(names),
                action="edited",
            )
        except RefusedError as error:
            raise RefusedError.of(one.below("/values") for one in error.problems) from error

    def _add_decision(
        self,
        case: _Case,
        action: str,
        comment: str | None,
        record_version: int,
        *,
        task: Row | None = None,
        step: str | None = None,
        user: str | None = None,
        given_to: str | None = None,
    ) -> None:
        actor = case.context.principal.user_id
        asked = task.user if task is not None and user is None else None
        case.rows.add_decision(
            {
                "run": case.run.id,
                "step": task.step if task is not None else step,
                "task": task.id if task is not None else None,
                "user": user or actor,
                "acted_for": asked if asked != actor else None,
                "given_to": given_to,
                "action": action,
                "comment": comment,
                "record_version": record_version,
                "metadata_version": case.context.catalog.version,
            }
        )

    def _refuse_late(self, case: _Case, task_id: str) -> None:
        """Say why a decision did not count: who was faster, or what changed."""
        connection = case.work.connection
        task = known_task(connection, task_id)
        if task.state == "open":
            differences = changed_fields(
                case.context, case.work, case.model, case.run, case.subject().row
            )
            raise StaleError(messages.STALE_TASK.at(), differences=differences)
        if task.state == "transferred":
            receiver = receiver_of(connection, task_id)
            name = names_of(connection, (receiver,)).get(receiver, "")
            raise ConflictError(messages.TRANSFERRED.at(name=name))
        decided = last_decision(connection, task.run, task.step) or last_decision(
            connection, task.run, None
        )
        if decided is None:
            state = messages.STATE_TEXTS["cancelled"]
            raise ConflictError(messages.RUN_ENDED.at(state=state))
        raise ConflictError(messages.ALREADY_DECIDED.at(**self._who_and_when(case, decided)))

    def _who_and_when(self, case: _Case, decided: Row) -> dict[str, object]:
        name = names_of(case.work.connection, (decided.user,)).get(decided.user, "")
        at = decided.at.astimezone(case.context.zone).strftime("%Y-%m-%d %H:%M")
        return {"name": name, "at": at, "action": messages.ACTION_TEXTS[decided.action]}

    def _decided(self, case: _Case, task_id: str | None) -> Decided:
        connection = case.work.connection
        run = run_by_id(connection, case.run.id)
        task = task_by_id(connection, task_id) if task_id else None
        found = case.subject()
        return Decided(
            task_state=task.state if task is not None else "closed",
            run_state=run.state if run is not None else "open",
            record_state=found.state,
            record_version=found.version,
        )

    def _case(self, context: Context, work: UnitOfWork, run_id: str) -> _Case:
        run = run_by_id(work.connection, run_id)
        if run is None:
            raise NotFoundError(NOT_FOUND.at())
        model = object_by_id(context, run.object_id)
        if model is None:
            raise ConflictError(messages.DEFINITION_GONE.at(name=run.title))
        pinned = definition_of(work.connection, run)
        return _Case(context, work, model, run, pinned, Runs(work, context.ids, context.now()))


def checked_comment(comment: str | None) -> str | None:
    """Return a comment without blanks around it, None for an empty one; refuse one too long."""
    text = (comment or "").strip()
    if len(text) > COMMENT_LENGTH:
        raise RefusedError(messages.COMMENT_TOO_LONG.at("/comment", count=COMMENT_LENGTH))
    return text or None
