"""A run in hand: the use case, the record, what the run is pinned to, and what every act on it needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from headrace.platform.core.problems import Problem, pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.formulas.calendars import STANDARD
from headrace.platform.jobs.notifications import Notifications
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.records.context import Context
from headrace.platform.records.store import RecordStore
from headrace.platform.workflow import messages
from headrace.platform.workflow.attaching import take_files
from headrace.platform.workflow.changes import changed_fields
from headrace.platform.workflow.copies import Copies, Moment
from headrace.platform.workflow.delegations import delegates_of
from headrace.platform.workflow.people import (
    People,
    Person,
    holds_role,
    keep_active,
    names_of,
)
from headrace.platform.workflow.pinned import PinnedApproval, Step
from headrace.platform.workflow.runs import (
    TIMEOUTS,
    Row,
    Runs,
    definition_of,
    known_run,
    known_task,
    last_decision,
    node_of,
    receiver_of,
    reopened_since,
    run_by_id,
    step_by_id,
)
from headrace.platform.workflow.subjects import Subject, object_by_id, subject
from headrace.platform.workflow.tables import DECIDING
from headrace.platform.workflow.timing import worked_seconds

COMMENT_LENGTH: Final = 2_000
REASON_LENGTH: Final = 5
"""Characters that the reason of a rejection or return has at least."""


@dataclass(frozen=True, slots=True)
class Case:
    """A run in hand, with the parts of the platform that acts on it need."""

    store: RecordStore
    notifications: Notifications
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
        return People(
            self.work.connection,
            self.context.catalog,
            self.context.tables,
            self.run.submitter,
            self.run.choices,
        )

    def lock(self) -> None:
        """Hold the record until the end of the transaction: acts on its run wait for each other."""
        self.store.lock(self.context, self.work, self.model.name, self.run.record_id)

    def again(self) -> Case:
        """Return the case with the run as it is now."""
        return replace(self, run=known_run(self.work.connection, self.run.id))

    def without_standing(self) -> Case:
        """Let no approval stand any more: the run is led to a step, and all that follow are asked."""
        if not self.run.standing:
            return self
        self.rows.stand(self.run.id, None)
        return self.again()

    def step_of(self, row: Row) -> Step:
        """Return the definition of a step that was reached."""
        return self.pinned.steps[node_of(row)]

    def step_of_task(self, task: Row) -> tuple[Row, Step]:
        """Return the step of a task, as it was reached and as it is defined."""
        row = step_by_id(self.work.connection, task.step)
        return row, self.step_of(row)

    def copy(self, moment: Moment, step: Step | None = None) -> None:
        """Send the copies that are due at a moment of the run, or of a step."""
        name = None if step is None else step.name
        copies = Copies(self.notifications)
        copies.send(self.context, self.work, self.run, self.model, self.pinned, moment, name)

    def ask(
        self,
        step: Step,
        step_id: str,
        people: Collection[Person],
        found: Subject,
        *,
        state: str = "open",
        like: Row | None = None,
        told: bool = True,
        **more: Any,
    ) -> None:
        """Give people tasks in a step, in their order; those that are open are `told` of.

        `like` is the task that they take over, `more` what is special of their tasks.
        """
        keep_active(self.work.connection, [person.id for person in people])
        tasks = self.rows.add_tasks(
            self.run, step_id, people, found.version, state=state, like=like, **more
        )
        if state == "open" and told:
            self.tell(step, tasks, found)

    def ask_opinion(
        self,
        step_id: str,
        receiver: Person,
        question: str | None,
        found: Subject,
        *,
        by: str,
        to: str | None,
    ) -> None:
        """Ask somebody for an opinion in a step: `by` a user, from the task `to` where there is one."""
        keep_active(self.work.connection, (receiver.id,))
        tasks = self.rows.add_tasks(
            self.run, step_id, (receiver,), found.version, added_by=by, added_to=to, kind="opinion"
        )
        self.tell_opinion(tasks[receiver.id], receiver.id, question, found, by=by)

    def tell_opinion(
        self, task_id: str, user: str, question: str | None, found: Subject, *, by: str
    ) -> None:
        """Tell somebody who asks for their opinion, and what."""
        name = names_of(self.work.connection, (by,)).get(by, "")
        problem = messages.OPINION_ASKED.at(name=name, title=found.title, comment=question or "")
        self.notify((user,), "task.opinion_asked", problem, task_id=task_id)

    def tell(self, step: Step, tasks: dict[str, str], found: Subject) -> None:
        """Tell people, and who stands in for them today, of tasks that wait for them."""
        connection = self.work.connection
        submitter = names_of(connection, (self.run.submitter,)).get(self.run.submitter)
        problem = messages.ASKED.at(submitter=submitter or "", title=found.title, step=step.label)
        standing_in = delegates_of(connection, list(tasks), self.context.today())
        for user_id, task_id in tasks.items():
            asked = (user_id, standing_in[user_id]) if user_id in standing_in else (user_id,)
            self.notify(asked, "task.asked", problem, task_id=task_id)

    def notify(
        self, users: Iterable[str], kind: str, problem: Problem, task_id: str | None = None
    ) -> None:
        """Tell users something about the record."""
        self.notifications.send(
            self.work,
            users,
            kind,
            problem.message,
            object_id=self.run.object_id,
            record_id=self.run.record_id,
            task_id=task_id,
        )

    def line(self, action: str, comment: str | None) -> None:
        """Write the history line of an act that leaves the record where it is."""
        self.store.apply_system(
            self.context,
            self.work,
            self.model.name,
            self.run.record_id,
            {},
            action=action,
            # An empty comment still says that there is something to keep.
            comment=comment or "",
        )

    def add_decision(
        self,
        action: str,
        comment: str | None,
        record_version: int,
        *,
        task: Row | None = None,
        step: str | None = None,
        user: str | None = None,
        given_to: str | None = None,
        to_step: str | None = None,
        files: Sequence[str] = (),
        **more: Any,
    ) -> None:
        """Add a row to what was said, by the caller or by `user`.

        It takes the `files` that the caller uploaded for it; raise RefusedError where it cannot.
        """
        actor, decision_id = self.context.principal.user_id, self.context.ids.record_id()
        asked = task.user if task is not None and user is None else None
        self.rows.add_decision(
            {
                "id": decision_id,
                "run": self.run.id,
                "step": task.step if task is not None else step,
                "task": task.id if task is not None else None,
                "round": (task.round or 1) if task is not None else None,
                "user": user or actor,
                "acted_for": asked if asked != actor else None,
                "given_to": given_to,
                "to_step": to_step,
                "action": action,
                "comment": comment,
                "record_version": record_version,
                "metadata_version": self.context.catalog.version,
                "worked_seconds": self._worked(action, task, step),
                "through": "mail" if self.work.actor.through == "mail" else None,
                "files": take_files(self.work, actor, decision_id, files),
                **more,
            }
        )

    def _worked(self, action: str, task: Row | None, step_id: str | None) -> int | None:
        """Return the working time from asking to deciding; None for what decides nothing."""
        of = task.step if task is not None else step_id
        if action not in (*DECIDING, *TIMEOUTS) or of is None:
            return None
        row = step_by_id(self.work.connection, of)
        limit = self.step_of(row).time
        standard = self.context.catalog.calendars.get(STANDARD)
        calendar = (limit.calendar if limit else None) or (standard.text if standard else None)
        began = (row if task is None else task).opened_at
        return worked_seconds(calendar, began, self.context.now(), self.context.zone)

    def check_decider(self, task: Row) -> None:
        """Refuse who has a part in the record, or was only asked for an opinion.

        The role for which somebody was asked is still needed by them, not by their delegate.
        """
        user_id = self.context.principal.user_id
        if task.kind is not None:
            raise ForbiddenError(messages.OPINION_ONLY.at())
        if user_id in self.run.excluded:
            raise ForbiddenError(messages.SELF_APPROVAL.at())
        if task.role is None:
            return
        holds = self.context.principal.holds(task.role)
        if user_id != task.user:
            holds = holds_role(self.work.connection, task.user, task.role)
        if not holds:
            raise ForbiddenError(messages.ROLE_LOST.at())

    def refuse_incomplete(self, step: Step) -> None:
        """Raise RefusedError where the record lacks a value without which a step is not approved."""
        row = self.subject().row
        lacking = [
            messages.VALUE_NEEDED.at(pointer("values", one.name), field=one.label or one.name)
            for one in self.model.fields.values()
            if one.id in step.required and row[one.name] is None
        ]
        if lacking:
            raise RefusedError.of(lacking)

    def refuse_late(self, task_id: str) -> None:
        """Say why an act on a task did not count: who was faster, or what changed."""
        connection = self.work.connection
        task = known_task(connection, task_id)
        if task.state == "waiting":
            raise ConflictError(messages.TASK_WAITS.at())
        if task.state == "open" or reopened_since(connection, task):
            differences = changed_fields(
                self.context, self.work, self.model, self.run, self.subject().row
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
            raise ConflictError(messages.TASK_CLOSED.at())
        raise ConflictError(messages.ALREADY_DECIDED.at(**self.who_and_when(decided)))

    def who_and_when(self, decided: Row) -> dict[str, object]:
        """Return the parameters that tell of a decision."""
        name = names_of(self.work.connection, (decided.user,)).get(decided.user, "")
        at = decided.at.astimezone(self.context.zone).strftime("%Y-%m-%d %H:%M")
        return {"name": name, "at": at, "action": messages.ACTION_TEXTS[decided.action]}


def case_of(
    store: RecordStore,
    notifications: Notifications,
    context: Context,
    work: UnitOfWork,
    run_id: str,
) -> Case:
    """Take a run in hand; raise NotFoundError where there is none."""
    run = run_by_id(work.connection, run_id)
    if run is None:
        raise NotFoundError(NOT_FOUND.at())
    model = object_by_id(context, run.object_id)
    if model is None:
        raise ConflictError(messages.DEFINITION_GONE.at(name=run.title))
    pinned = definition_of(work.connection, run)
    rows = Runs(work, context.ids, context.now())
    return Case(store, notifications, context, work, model, run, pinned, rows)


def checked_comment(comment: str | None) -> str | None:
    """Return a comment without blanks around it, None for an empty one; refuse one too long."""
    text = (comment or "").strip()
    if len(text) > COMMENT_LENGTH:
        raise RefusedError(messages.COMMENT_TOO_LONG.at("/comment", count=COMMENT_LENGTH))
    return text or None


def checked_reason(comment: str | None) -> str:
    """Return the reason of a rejection or return; refuse one too short to say anything."""
    text = checked_comment(comment) or ""
    if len(text) < REASON_LENGTH:
        raise RefusedError(messages.REASON_NEEDED.at("/comment", count=REASON_LENGTH))
    return text
