"""Approval runs: begun by a transition, advanced by decisions, ended by an outcome.

Whoever changes a run holds the record's lock first, so that two decisions on different tasks of a
step wait for each other; what counts is then the conditional UPDATE of the task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
)
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Text, pointer
from headrace.platform.database.engine import Reading
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.notifications import Notifications
from headrace.platform.metadata.catalog import ApprovalModel, TransitionModel
from headrace.platform.records.context import Context
from headrace.platform.records.reader import get_in
from headrace.platform.records.store import RecordStore
from headrace.platform.workflow import messages
from headrace.platform.workflow.cases import Case, case_of, checked_comment, checked_reason
from headrace.platform.workflow.choosing import Chooser
from headrace.platform.workflow.clocks import start_clock, time_before
from headrace.platform.workflow.copies import Copies
from headrace.platform.workflow.course import end, set_out, settle, tell_end
from headrace.platform.workflow.delegations import colleagues, decides_for
from headrace.platform.workflow.depending import Changed
from headrace.platform.workflow.naming import approvals_naming
from headrace.platform.workflow.people import People, Person, holds_role, is_active
from headrace.platform.workflow.pinned import Step, pin
from headrace.platform.workflow.reopening import deciding, reopen
from headrace.platform.workflow.resubmitting import fingerprint, kept_steps
from headrace.platform.workflow.returning import Course, return_run, take_back
from headrace.platform.workflow.runs import (
    Row,
    Runs,
    known_task,
    last_decision,
    open_run,
    run_by_id,
    task_by_id,
    tasks_of_step,
    undecided_tasks_of_user,
)
from headrace.platform.workflow.subjects import Subject, snapshot, summary
from headrace.platform.workflow.timing import NO_TIME
from headrace.platform.workflow.voting import PLACES, UNDECIDED, result_of, seats_of

Decision = Literal["approve", "reject"]

MOST_ADDED: Final = 20
"""People that may be added to a step."""

TASK_STATES: Final[Mapping[Decision, str]] = {"approve": "approved", "reject": "rejected"}


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a decision: the states of task, run and record, and the record's version."""

    task_state: str
    run_state: str
    record_state: str
    record_version: int


class Approvals:
    """Begins, advances and ends approval runs."""

    def __init__(self, store: RecordStore, notifications: Notifications) -> None:
        self._store = store
        self._notifications = notifications
        self.copies = Copies(notifications)

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
        approvers: object = None,
        base_version: int | None = None,
    ) -> str:
        """Begin the run of the first of `approvals` on a record that waits; return its id.

        The others become tags. `excluded` may not decide. `base_version` is the record's before anything was
        written with the submission. `approvers` are whom the caller chose, ids of
        users by the name of the step. Steps that were approved before the record
        was sent back stand as long as nothing that matters has changed.
        """
        chosen, *others = approvals
        dialect = context.database.dialect
        pinned = pin(found.model, found.workflow, transition, chosen)
        kept = kept_steps(context, work, found, pinned)
        people = People(work.connection, context.catalog, context.tables, submitter)
        kept_out = excluded | {submitter}
        choices = Chooser(context, work, found, pinned, people, kept_out, kept).chosen(approvers)
        rows = Runs(work, context.ids, context.now())
        run_id = rows.add_run(
            pinned,
            {
                "object_id": found.model.id,
                "record_id": found.id,
                "metadata_version": context.catalog.version,
                "fingerprint": context.catalog.fingerprint,
                "from_state": from_state,
                "base_version": base_version,
                "submitter": submitter,
                "organisation": context.principal.organisation,
                "excluded": sorted(kept_out),
                "choices": choices or None,
                "standing": {
                    name: {"people": sorted(people), "whole": True}
                    for name, people in kept.items()
                    if people
                }
                or None,
                "comment": comment,
                "title": found.title,
                "summary": summary(context.catalog, found, chosen, dialect),
                "tags": [{"name": one.name, "label": one.label.as_dict()} for one in others],
                "snapshot": snapshot(found.model, found.row, dialect),
            },
        )
        case = self._case(context, work, run_id)
        start_clock(case, pinned.time, spent=time_before(case) if kept else NO_TIME)
        case.copy("start")
        set_out(case, "auto_approve", None)
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
        files: Sequence[str] = (),
    ) -> Decided:
        """Decide a task of the caller's, as it was at `version`.

        `files` are ids of files that the caller uploaded to go with the comment, see
        `attaching.take_files`; `values` are changes of the fields that the step opens; conditions of later steps see them, and
        steps that were decided before are decided again where they depend on them.
        """
        comment = checked_reason(comment) if decision == "reject" else checked_comment(comment)
        task, case = self._taken(context, work, task_id)
        if not case.rows.close_task(task_id, version, TASK_STATES[decision]):
            case.refuse_late(task_id)
        case.check_decider(task)
        step_row, step = case.step_of_task(task)
        seen = fingerprint(context, work, case.subject())
        changed = self._edit(case, step, values) if values else ()
        if decision == "approve":
            case.refuse_incomplete(step)
        version = case.subject().version
        case.add_decision(decision, comment, version, task=task, seen=seen, files=files)
        rejected = result_of(step, tasks_of_step(work.connection, step_row.id)) == "rejected"
        if rejected or not changed or not reopen(case, changed, task, (decision, comment)):
            # An edit may have let approvals of later steps fall.
            present = case.again() if changed else case
            settle(present, step_row, decision, comment, changed=changed)
        return self._decided(case, task_id)

    def return_run(
        self,
        context: Context,
        work: UnitOfWork,
        task_id: str,
        to: str | None,
        *,
        version: int,
        comment: str | None,
        course: Course = "again",
        files: Sequence[str] = (),
    ) -> Decided:
        """Send the run of a task of the caller's back: to a step by name, or to the submitter.

        From the step that it goes back to the run takes every step in between `again`, or goes straight
        `on` to the one that returned it. Raise RefusedError `task.wrong_step` for a step that was not
        taken before.
        """
        comment = checked_reason(comment)
        task, case = self._taken(context, work, task_id)
        if not case.rows.close_task(task_id, version, "returned"):
            case.refuse_late(task_id)
        case.check_decider(task)
        seen = fingerprint(context, work, case.subject())
        return_run(case.without_standing(), task, to or None, comment, course, seen, files)
        return self._decided(case, task_id)

    def take_back(
        self,
        context: Context,
        work: UnitOfWork,
        task_id: str,
        *,
        version: int,
        comment: str | None = None,
        files: Sequence[str] = (),
    ) -> Decided:
        """Take a decision of the caller's own back, before anybody has decided a later step.

        Raise ConflictError `task.not_taken_back` where it is too late, or nothing was decided.
        """
        comment = checked_comment(comment)
        task, case = self._taken(context, work, task_id)
        take_back(case, task, version, comment, files)
        return self._decided(case, task_id)

    def comment(
        self,
        context: Context,
        work: UnitOfWork,
        task_id: str,
        comment: str | None,
        files: Sequence[str] = (),
    ) -> None:
        """Say something on a task of the caller's without deciding it; an opinion is given by it."""
        comment = checked_comment(comment)
        if not comment:
            label = Text("comment", "评论")
            raise RefusedError(messages.COMMENT_NEEDED.at("/comment", transition=label))
        task = self.own_task(context, work, task_id)
        case = self._case(context, work, task.run)
        action = "comment"
        if task.kind == "opinion" and case.rows.close_task(task_id, task.version, "answered"):
            action = "opinion"
            problem = messages.OPINION.at(name=context.principal.name, title=case.run.title)
            case.notify((task.added_by,), "task.opinion", problem, task_id=task.added_to)
        case.add_decision(action, comment, case.subject().version, task=task, files=files)

    # -- ask others -------------------------------------------------------------------------

    def transfer(
        self,
        context: Context,
        work: UnitOfWork,
        task_id: str,
        to: str,
        *,
        version: int,
        comment: str | None = None,
        files: Sequence[str] = (),
    ) -> Decided:
        """Give a task of the caller's, as it was at `version`, to a colleague, who is asked instead.

        Whoever may not decide it may not choose who does.
        Raise RefusedError `task.wrong_receiver` where they may not be asked, see `receivers`.
        """
        comment = checked_comment(comment)
        task, case = self._taken(context, work, task_id)
        if not case.rows.close_task(task_id, version, "transferred"):
            case.refuse_late(task_id)
        case.check_decider(task)
        receiver = self._receiver(case, task, to)
        _, step = case.step_of_task(task)
        found = case.subject()
        case.add_decision("transfer", comment, found.version, task=task, given_to=to, files=files)
        case.ask(step, task.step, (receiver,), found, like=task)
        case.line("transfer", comment)
        return self._decided(case, task_id)

    def add_approver(
        self,
        context: Context,
        work: UnitOfWork,
        task_id: str,
        to: str,
        place: str,
        *,
        version: int,
        comment: str | None = None,
        files: Sequence[str] = (),
    ) -> Decided:
        """Let a colleague decide too: `before` the caller does, `beside` them, or `after` the step.

        Their approval is needed, their rejection rejects. Raise RefusedError `task.wrong_receiver`
        where they may not be asked, `task.wrong_place` for another place.
        """
        comment = checked_comment(comment)
        if place not in PLACES:
            shown = ", ".join(PLACES)
            raise RefusedError(messages.WRONG_PLACE.at("/place", place=place, places=shown))
        task, case = self._taken(context, work, task_id)
        claimed = "waiting" if place == "before" else "open"
        receiver = self._added(case, task, to, version, claimed)
        _, step = case.step_of_task(task)
        found = case.subject()
        case.add_decision(
            f"add_{place}", comment, found.version, task=task, given_to=to, files=files
        )
        state = "waiting" if place == "after" else "open"
        added = {"added_by": context.principal.user_id, "added_to": task.id, "place": place}
        case.ask(step, task.step, (receiver,), found, state=state, **added)
        case.line("add_approver", comment)
        return self._decided(case, task_id)

    def ask_opinion(
        self,
        context: Context,
        work: UnitOfWork,
        task_id: str,
        to: str,
        *,
        version: int,
        comment: str | None = None,
        files: Sequence[str] = (),
    ) -> Decided:
        """Ask a colleague what they think: they read the record and answer, and decide nothing."""
        comment = checked_comment(comment)
        task, case = self._taken(context, work, task_id)
        receiver = self._added(case, task, to, version, "open")
        found = case.subject()
        case.add_decision(
            "ask_opinion", comment, found.version, task=task, given_to=to, files=files
        )
        by = context.principal.user_id
        case.ask_opinion(task.step, receiver, comment, found, by=by, to=task.id)
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

    def _added(self, case: Case, task: Row, to: str, version: int, state: str) -> Person:
        """Claim a task from which a colleague is asked too; return the colleague."""
        if not case.rows.touch_task(task.id, version, state):
            case.refuse_late(task.id)
        case.check_decider(task)
        added = [row for row in tasks_of_step(case.work.connection, task.step) if row.added_by]
        if len(added) >= MOST_ADDED:
            raise ConflictError(messages.TOO_MANY_ADDED.at(count=MOST_ADDED))
        return self._receiver(case, task, to)

    def _receiver(self, case: Case, task: Row, to: str) -> Person:
        found = self.receivers(case.context, case.work, task)
        receiver = next((one for one in found if one.id == to), None)
        if receiver is None:
            raise RefusedError(messages.WRONG_RECEIVER.at("/to"))
        return receiver

    # -- end --------------------------------------------------------------------------------

    def withdraw(
        self,
        context: Context,
        work: UnitOfWork,
        run_id: str,
        comment: str | None = None,
        files: Sequence[str] = (),
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
        case.lock()
        present = run_by_id(work.connection, run_id)
        if present is None or present.state != "open":
            state = messages.STATE_TEXTS[present.state if present else "cancelled"]
            raise ConflictError(messages.RUN_ENDED.at(state=state))
        decided = last_decision(work.connection, run_id, None)
        if decided is not None:
            raise ConflictError(messages.DECIDED_BEFORE.at(**case.who_and_when(decided)))
        comment = checked_comment(comment)
        case.add_decision("withdraw", comment, case.subject().version, files=files)
        end(case, "withdrawn", "withdraw", comment)
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
        case.add_decision("cancel", comment, found.version)
        tell_end(case, "cancelled")

    # -- people who leave -------------------------------------------------------------------

    def release(self, context: Context, work: UnitOfWork, user_id: str) -> int:
        """Give the tasks that a user may no longer decide to somebody else; return how many.

        Called when a user was deactivated or lost a role. Raise ConflictError where nobody is left
        to ask, or an approval names the user by login: then the user has to stay.
        """
        if not is_active(work.connection, user_id):
            _check_named(context, work, user_id)
        count = 0
        for task in undecided_tasks_of_user(work.connection, user_id):
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
        case.lock()
        if not case.rows.leave_task(task.id):
            return 0
        found = case.subject()
        case.add_decision("release", None, found.version, task=task, user=task.user)
        if task.kind is not None:
            return 1
        step_row, step = case.step_of_task(task)
        if task.place is None:
            self._replace(case, step, task, found)
        settle(case, step_row, "release", None)
        return 1

    def _replace(self, case: Case, step: Step, task: Row, found: Subject) -> None:
        """Ask somebody else in a step that somebody left whom the definition asked."""
        tasks = tasks_of_step(case.work.connection, task.step)
        asked_before = {row.user for row in tasks}
        waits = any(row.state in UNDECIDED for row in seats_of(tasks))
        excluded = frozenset((*case.run.excluded, task.user))
        if step.asks_each:
            asked = case.people().resolve(step, found.environment, excluded)
            people = tuple(one for one in asked.people if one.id not in asked_before)
            if not people and not waits:
                # All would otherwise wait for nobody.
                people = case.people().fallback(step.label, excluded | asked_before)[:1]
            state = "waiting" if step.mode == "sequence" and waits else "open"
            case.ask(step, task.step, people, found, state=state)
        elif not waits:
            asked = case.people().resolve(step, found.environment, excluded | asked_before)
            case.ask(step, task.step, asked.people, found)

    # -- parts of a decision ----------------------------------------------------------------

    def own_task(self, context: Context, work: UnitOfWork, task_id: str) -> Row:
        """Return a task of the caller's, or of somebody they stand in for; NotFoundError otherwise."""
        connection = work.connection
        task = task_by_id(connection, task_id)
        mine = decides_for(connection, context.principal.user_id, context.today())
        if task is None or task.user not in mine:
            raise NotFoundError(NOT_FOUND.at())
        return task

    def _taken(self, context: Context, work: UnitOfWork, task_id: str) -> tuple[Row, Case]:
        """Return a task of the caller's with its run, whose record is held until the end."""
        task = self.own_task(context, work, task_id)
        case = self._case(context, work, task.run)
        case.lock()
        # An edit that was waited for may have changed what stands.
        return known_task(work.connection, task_id), case.again()

    def _edit(self, case: Case, step: Step, values: Mapping[str, Any]) -> tuple[Changed, ...]:
        """Write what the step lets its approvers change; return what that changed of the record."""
        dialect = case.context.database.dialect
        before = snapshot(case.model, case.subject().row, dialect)
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
            with deciding(case.run.id) as caused:
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
        after = snapshot(case.model, case.subject().row, dialect)
        fields = (
            Changed((key,), None, before.get(key), value)
            for key, value in after.items()
            if before.get(key) != value
        )
        return (*fields, *(one for one in caused if one.row is not None))

    def _decided(self, case: Case, task_id: str | None) -> Decided:
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

    def _case(self, context: Context, work: UnitOfWork, run_id: str) -> Case:
        return case_of(self._store, self._notifications, context, work, run_id)


def _check_named(context: Context, work: UnitOfWork, user_id: str) -> None:
    """Refuse to end the account of somebody whom live approvals name by login."""
    login = work.connection.execute(sa.select(USER.c.login).where(USER.c.id == user_id)).scalar()
    named = [one.within(context.language) for one in approvals_naming(context.catalog, str(login))]
    if named:
        raise ConflictError(messages.NAMED.at(login=login, approvals=", ".join(named)))
