"""Starts automations where a write asks for them, and runs their actions.

Before a write its row is still open: values may be set, the write refused. After it, actions run in the
same transaction, or a run is left to a job, which does each action in a transaction of its own
together with the note that it is done: an action is done once, whatever dies on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol, TypeVar

import sqlalchemy as sa

from headrace.platform.actions.base import Acting, Action, Services
from headrace.platform.automation import chain, runs
from headrace.platform.automation.buttons import Done
from headrace.platform.automation.entered import Entered, stored
from headrace.platform.automation.messages import BROKE, CHANGED, GONE, NOT_FAILED, REFUSED
from headrace.platform.automation.runs import Run
from headrace.platform.automation.triggers import Started, listening, started
from headrace.platform.automation.undoing import ask_to_undo, undo_next
from headrace.platform.core.clock import Clock
from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    NotFoundError,
    PlatformError,
    UnavailableError,
)
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Problem, Text, pointer
from headrace.platform.core.registry import Registry
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.python import compile_python
from headrace.platform.jobs.long_jobs import Course
from headrace.platform.jobs.outbox import Job, Outbox
from headrace.platform.metadata.catalog import ActionModel, AutomationModel, Catalog
from headrace.platform.records.batch import Batch
from headrace.platform.records.computing import compute_formulas, refill, stored_value
from headrace.platform.records.context import Context
from headrace.platform.records.drafts import Draft
from headrace.platform.records.environment import RowEnvironment
from headrace.platform.records.rollups import settle_from

AUTOMATION: Final = "automation"
"""The kind of the jobs that lead runs on."""

T = TypeVar("T")


class Writing(Protocol):
    """What opens the transactions of a run: the platform."""

    def read_as(self, user_id: str | None, action: Callable[[Context], T]) -> T:
        """Run a reading use case for a user, or for the platform itself."""
        ...

    def write_as(self, user_id: str | None, action: Callable[[Context, UnitOfWork], T]) -> T:
        """Run a writing use case like `read_as`, in one unit of work."""
        ...


class Automations:
    """Listens to the record store and runs what it starts. Holds no state; safe to share."""

    def __init__(
        self, services: Services, actions: Registry[Action], outbox: Outbox, clock: Clock
    ) -> None:
        self._services = services
        self._clock = clock
        self._actions = actions
        self._outbox = outbox

    # -- hooks of the record store ----------------------------------------------------------

    def before(self, batch: Batch) -> None:
        """Let automations set values of the rows of a batch, or refuse them (a `before_write` hook)."""
        automations = listening(batch.context.catalog)
        if not automations or batch.migrating:
            return
        set_by: dict[str, tuple[Draft, dict[str, Any]]] = {}
        for one in started(batch, automations, before=True):
            values = _prepared(batch, one)
            if values:
                set_by.setdefault(one.draft.id, (one.draft, {}))[1].update(values)
        for draft, values in set_by.values():
            draft.kind = "update" if draft.kind == "computed" else draft.kind
            refill(draft)
            draft.new.update(values)
            compute_formulas(draft)
        if set_by:
            settle_from(batch, [draft for draft, _ in set_by.values()])

    def after(self, batch: Batch, work: UnitOfWork) -> None:
        """Run what a batch starts, or leave it to a job (an `after_write` hook)."""
        automations = listening(batch.context.catalog)
        if not automations or batch.migrating:
            return
        context = batch.context
        found = started(batch, automations, before=False)
        wanted = [one for one in found if _holds(one.automation.when, _change(context, work, one))]
        for one in wanted:
            chain.check(one.automation, one.draft.id)
            if one.automation.definition.run == "after":
                self._run_now(context, work, one)
            else:
                self._leave_to_job(context, work, one)

    # -- in the transaction of the cause -------------------------------------------------------

    def _run_now(self, context: Context, work: UnitOfWork, one: Started) -> None:
        automation, draft = one.automation, one.draft
        context = context.as_system() if automation.definition.runs_as == "system" else context
        object_id = draft.shape.model.id
        run_id = self._begin(context, work, automation, object_id, draft.id, one.event, "done")
        self._all_actions(
            context, work, automation, run_id, draft.id, lambda: self._acting(context, work, one)
        )

    def press(
        self,
        context: Context,
        work: UnitOfWork,
        automation: AutomationModel,
        record_id: str,
        given: Entered,
    ) -> tuple[str, str, Done]:
        """Run what a button starts, or leave it to a job; who may press it is the caller's business.

        Return the id and state of the run, and what it did.
        """
        chain.check(automation, record_id)
        now = automation.definition.run == "after"
        object_id, state = context.catalog.objects[automation.object].id, "waiting"
        if now:
            state = "done"
        run_id = self._begin(
            context, work, automation, object_id, record_id, "button", state, given.sent
        )
        if not now:
            self._outbox.put(work, AUTOMATION, {"run": run_id})
            return run_id, state, Done()
        if automation.definition.runs_as == "system":
            context = context.as_system()

        def acting() -> Acting:
            environment = Batch(context, work).environment_of(automation.object, record_id)
            if environment is None:
                raise NotFoundError(NOT_FOUND.at())
            environment.inputs = given.values
            acting = self._acting_on(context, work, environment, record_id, automation)
            return replace(acting, quantities=given.quantities)

        did = self._all_actions(context, work, automation, run_id, record_id, acting)
        return run_id, state, did

    def _all_actions(
        self,
        context: Context,
        work: UnitOfWork,
        automation: AutomationModel,
        run_id: str,
        record_id: str,
        hold: Callable[[], Acting],
    ) -> Done:
        """Do all actions of a run here and now; return what they did."""
        did: list[Mapping[str, Any]] = []
        warnings: list[Problem] = []
        with chain.within(chain.present(), automation, record_id):
            for position, action in enumerate(automation.actions):
                acting = hold()
                if not acting.holds(action.when):
                    runs.add_action(context, work, run_id, position, action.kind, "skipped")
                    continue
                progress = self._actions[action.kind].run(acting, action, None)
                while progress is not None:
                    progress = self._actions[action.kind].run(acting, action, progress)
                runs.add_action(
                    context, work, run_id, position, action.kind, "done", did=acting.did
                )
                did += acting.did
                warnings += acting.warnings
        return Done(tuple(did), tuple(dict.fromkeys(warnings)))

    def _begin(
        self,
        context: Context,
        work: UnitOfWork,
        automation: AutomationModel,
        object_id: str,
        record_id: str | None,
        event: str,
        state: str,
        inputs: Mapping[str, Any] | None = None,
    ) -> str:
        return runs.begin(
            context,
            work,
            automation,
            object_id,
            record_id,
            event=event,
            chain=chain.present(),
            state=state,
            inputs=inputs,
        )

    def _acting(self, context: Context, work: UnitOfWork, one: Started) -> Acting:
        """Return the record in hand as it is now, with its values before the change."""
        batch = Batch(context, work)
        draft = one.draft
        row = batch.row(draft.shape.name, draft.id) or draft.new
        environment = RowEnvironment(batch, batch.shapes.of(draft.shape.name), row, draft.old)
        return self._acting_on(context, work, environment, draft.id, one.automation)

    def _acting_on(
        self,
        context: Context,
        work: UnitOfWork,
        environment: RowEnvironment,
        record_id: str,
        automation: AutomationModel,
    ) -> Acting:
        return Acting(
            self._services,
            self._actions,
            context,
            work,
            environment,
            record_id,
            automation.name,
        )

    # -- as a job -----------------------------------------------------------------------------

    def _leave_to_job(self, context: Context, work: UnitOfWork, one: Started) -> None:
        object_id = one.draft.shape.model.id
        run_id = self._begin(
            context, work, one.automation, object_id, one.draft.id, one.event, "waiting"
        )
        self._outbox.put(work, AUTOMATION, {"run": run_id})

    def start(
        self,
        context: Context,
        work: UnitOfWork,
        automation: AutomationModel,
        event: str,
        record_id: str | None,
        at: datetime,
    ) -> str:
        """Begin a run that time starts, and leave it to a job; `at` is the time that it is for.

        Return its id.
        """
        object_id = context.catalog.objects[automation.object].id
        run_id = runs.begin(
            context,
            work,
            automation,
            object_id,
            record_id,
            event=event,
            chain=(),
            state="waiting",
            at=at,
        )
        self._outbox.put(work, AUTOMATION, {"run": run_id})
        return run_id

    def run(self, job: Job, course: Course, writing: Writing) -> None:
        """Lead a run on to its end, an action in a transaction (the handler of its job)."""
        run_id = str(job.payload["run"])
        going_on = True
        while going_on:
            going_on = self._next(course, writing, run_id)

    def resume(self, context: Context, work: UnitOfWork, run_id: str) -> None:
        """Let a failed run go on with the action that failed; the caller has asked for the right.

        Raise NotFoundError where there is no such run, ConflictError where it has not failed.
        """
        run = runs.read(work.connection, run_id, locking=True) if is_record_id(run_id) else None
        if run is None:
            raise NotFoundError(NOT_FOUND.at())
        if run.state != "failed":
            raise ConflictError(NOT_FAILED.at())
        runs.change(work, run_id, state="waiting", ended_at=None, problems=None)
        self._outbox.put(work, AUTOMATION, {"run": run_id})

    def undo(self, context: Context, work: UnitOfWork, run_id: str) -> str:
        """Ask for a run that undoes another; return its id. The caller has asked for the right.

        Raise NotFoundError where there is no such run, ConflictError where it cannot be undone.
        """
        undoing = ask_to_undo(context, work, run_id)
        self._outbox.put(work, AUTOMATION, {"run": undoing})
        return undoing

    def run_through(self, context: Context, work: UnitOfWork, automation: AutomationModel) -> Done:
        """Do all that an automation does when time starts it, for no record, here and now.

        Return what it did; None of it where its condition does not hold. What is refused is raised.
        """

        def acting() -> Acting:
            shape = Batch(context, work).shapes.of(automation.object)
            environment = RowEnvironment(Batch(context, work), shape, {}, None)
            return self._acting_on(context, work, environment, "", automation)

        if not acting().holds(automation.when):
            return Done()
        object_id = context.catalog.objects[automation.object].id
        run_id = self._begin(context, work, automation, object_id, None, "schedule", "done")
        return self._all_actions(context, work, automation, run_id, "", acting)

    def revive(self, job: Job, work: UnitOfWork) -> None:
        """Let a run go on whose dead job is tried again (in the transaction that does that)."""
        run_id = str(job.payload["run"])
        run = runs.read(work.connection, run_id, locking=True)
        if run is not None and run.state == "failed":
            runs.change(work, run_id, state="waiting", ended_at=None, problems=None)

    def bury(self, job: Job, work: UnitOfWork, error: str) -> None:
        """Let a run fail whose job was given up (in the transaction that gives it up)."""
        run_id = str(job.payload["run"])
        run = runs.read(work.connection, run_id, locking=True)
        if run is not None and run.state == "waiting":
            stored = runs.stored_problems([BROKE.at(error=error)])
            now = self._clock.now()
            runs.change(work, run_id, state="failed", problems=stored, ended_at=now)

    def _next(self, course: Course, writing: Writing, run_id: str) -> bool:
        run = writing.read_as(None, partial(_run_of, run_id))
        if run is None or run.state != "waiting":
            writing.write_as(None, lambda _, work: course.close(work))
            return False
        try:
            return writing.write_as(
                run.user, lambda context, work: self._step(context, work, course, run_id)
            )
        except UnavailableError:
            raise
        except PlatformError as error:
            self._fail(writing, course, run, error.problems)
            return False

    def _step(self, context: Context, work: UnitOfWork, course: Course, run_id: str) -> bool:
        """Do the next action of a run; say whether there is more to do."""
        run = runs.read(work.connection, run_id, locking=True)
        if run is None or run.state != "waiting":
            return True
        if run.undoes is not None:
            with chain.at_work((chain.Link(run.automation, run.record_id or "", run.name),)):
                more = undo_next(self._services.store, context, work, run)
            return more or self._end(context, work, course, run, "done")
        automation = _by_id(context.catalog).get(run.automation)
        if automation is None:
            raise PlatformError(GONE.at(name=run.name))
        if runs.hash_of(context.catalog, automation) != run.definition and run.position:
            raise PlatformError(CHANGED.at(name=automation.label))
        environment = _in_hand(Batch(context, work), automation, run)
        if environment is None:
            return self._end(context, work, course, run, "skipped")
        record_id = run.record_id or ""
        given = stored(automation, run.inputs)
        environment.inputs = given.values
        acting = self._acting_on(context, work, environment, record_id, automation)
        acting = replace(acting, quantities=given.quantities)
        if not run.position and run.timed and not acting.holds(automation.when):
            return self._end(context, work, course, run, "skipped")
        with chain.within(run.chain, automation, record_id):
            more = self._act(acting, run, automation)
        return more or self._end(context, work, course, run, "done")

    def _act(self, acting: Acting, run: Run, automation: AutomationModel) -> bool:
        """Do an action, or a part of it, and note that it is done; say whether there is more."""
        if run.position >= len(automation.actions):
            return False
        action = automation.actions[run.position]
        state, progress = "skipped", None
        if run.progress is not None or acting.holds(action.when):
            state = "done"
            progress = self._actions[action.kind].run(acting, action, run.progress)
        runs.add_action(
            acting.context,
            acting.work,
            run.id,
            run.position,
            action.kind,
            state,
            did=acting.did,
        )
        position = run.position + (progress is None)
        kept = sa.null() if progress is None else dict(progress)
        runs.change(acting.work, run.id, position=position, progress=kept)
        return position < len(automation.actions)

    def _end(
        self, context: Context, work: UnitOfWork, course: Course, run: Run, state: str
    ) -> bool:
        runs.change(work, run.id, state=state, ended_at=context.now())
        course.close(work)
        return False

    def _fail(
        self, writing: Writing, course: Course, run: Run, problems: tuple[Problem, ...]
    ) -> None:
        def fail(context: Context, work: UnitOfWork) -> None:
            now = runs.read(work.connection, run.id, locking=True) or run
            automation = _by_id(context.catalog).get(run.automation)
            known = automation is not None and now.position < len(automation.actions)
            kind = automation.actions[now.position].kind if automation and known else ""
            runs.add_action(context, work, run.id, now.position, kind, "failed", problems=problems)
            stored = runs.stored_problems(problems)
            runs.change(work, run.id, state="failed", problems=stored, ended_at=context.now())
            course.close(work)

        writing.write_as(None, fail)


# -- parts -----------------------------------------------------------------------------------------


def _run_of(run_id: str, context: Context) -> Run | None:
    with context.database.reading() as reading:
        return runs.read(reading.connection, run_id)


def _by_id(catalog: Catalog) -> Mapping[str, AutomationModel]:
    return catalog.once(
        "automations.by_id", lambda: {one.id: one for one in catalog.automations.values()}
    )


def _holds(condition: Expression | None, environment: RowEnvironment) -> bool:
    return condition is None or compile_python(condition.tree)(environment) is True


def _in_hand(batch: Batch, automation: AutomationModel, run: Run) -> RowEnvironment | None:
    """Return the record of a run as formulas see it; an empty one where time started it for none."""
    if run.record_id is not None:
        return batch.environment_of(automation.object, run.record_id)
    return RowEnvironment(batch, batch.shapes.of(automation.object), {}, None)


def _change(context: Context, work: UnitOfWork, one: Started) -> RowEnvironment:
    """Return the change of a record: what it was, what it has become."""
    batch, draft = Batch(context, work), one.draft
    return RowEnvironment(batch, batch.shapes.of(draft.shape.name), draft.new, draft.old)


def _prepared(batch: Batch, one: Started) -> dict[str, Any]:
    """Return what an automation sets in a row before it is written; refusals are kept in the batch."""
    draft = one.draft
    environment = RowEnvironment(batch, draft.shape, draft.new, draft.old)
    if not _holds(one.automation.when, environment):
        return {}
    set_: dict[str, Any] = {}
    for action in one.automation.actions:
        if not _holds(action.when, environment):
            continue
        if action.kind == "refuse":
            batch.problems.append(_refusal(draft, action))
        elif draft.kind != "delete":
            values = {
                given.field: stored_value(
                    draft.shape, given.field, compile_python(given.value.tree)(environment)
                )
                for given in action.assignments
            }
            draft.new.update(values)
            set_ |= values
    return set_


def _refusal(draft: Draft, action: ActionModel) -> Problem:
    refuse = getattr(action.definition, "refuse", None)
    assert refuse is not None  # noqa: S101 - the key says so
    place = draft.place + (pointer(refuse.field) if refuse.field else "")
    return Problem(REFUSED, place, refuse.message, Text())
