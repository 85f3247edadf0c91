"""Automations that time starts: schedules, and timers of records, as rows of the outbox that fire once.

A schedule has one job that waits for its next time; it begins the runs that are due and puts the job
for the time after, all in one transaction. A timer has one for each record with a moment; it moves
with the record. Both are told apart by what they say: a job whose time nobody asks for any more does nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Protocol, TypeVar

import sqlalchemy as sa

from headrace.platform.core.canonical import content_hash
from headrace.platform.core.cron import after
from headrace.platform.database.engine import Database
from headrace.platform.database.system_tables import SETTING
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.python import compile_python
from headrace.platform.jobs.long_jobs import Course
from headrace.platform.jobs.outbox import Job, Outbox, cancel
from headrace.platform.metadata.catalog import AutomationModel, Catalog
from headrace.platform.metadata.definitions.automations import TriggerDef
from headrace.platform.metadata.storage_types import instant_of, instant_text
from headrace.platform.records.batch import Batch
from headrace.platform.records.context import Context
from headrace.platform.records.drafts import Draft
from headrace.platform.records.environment import RowEnvironment
from headrace.platform.records.shapes import ObjectShape

T = TypeVar("T")
SCHEDULE: Final = "automation.schedule"
RECORD_TIMER: Final = "automation.timer"
ARMED: Final = "automation_timers"
"""The setting that names the timers which the records that were there before have."""
ON_TIME: Final = timedelta(minutes=5)
"""How late a time may come that is not made up for."""
MOST_EACH: Final = 1_000
"""Missed times that are made up for one by one; of more the last ones are."""
CHUNK: Final = 500


class Writing(Protocol):
    """What opens transactions: the platform."""

    def write_as(self, user_id: str | None, action: Callable[[Context, UnitOfWork], T]) -> T:
        """Run a writing use case for a user, or for the platform itself."""
        ...


class Starting(Protocol):
    """What begins a run and its job: the engine."""

    def start(
        self,
        context: Context,
        work: UnitOfWork,
        automation: AutomationModel,
        event: str,
        record_id: str | None,
        at: datetime,
    ) -> str:
        """Begin a run of an automation; return its id."""
        ...


@dataclass(frozen=True, slots=True)
class Timed:
    """A trigger that time fires; `mark` changes with what it says."""

    automation: AutomationModel
    trigger: TriggerDef
    moment: Expression | None
    mark: str


def timed(catalog: Catalog) -> Mapping[str, Timed]:
    """Return the triggers that time fires, by their marks; made once for a catalog."""
    return catalog.once("automations.timed", lambda: {one.mark: one for one in _timed(catalog)})


def timers(catalog: Catalog) -> Mapping[str, list[Timed]]:
    """Return the timers by object; made once for a catalog."""

    def make() -> dict[str, list[Timed]]:
        found: dict[str, list[Timed]] = {}
        for one in timed(catalog).values():
            if one.moment is not None:
                found.setdefault(one.automation.object, []).append(one)
        return found

    return catalog.once("automations.timers", make)


def _timed(catalog: Catalog) -> Iterator[Timed]:
    for automation in catalog.automations.values():
        for trigger, moment in zip(automation.triggers, automation.moments, strict=True):
            if trigger.event in {"schedule", "timer"}:
                said = trigger.cron or trigger.at
                mark = content_hash([automation.id, trigger.event, said])[:32]
                yield Timed(automation, trigger, moment, mark)


class Timing:
    """Keeps the jobs of schedules and timers. Holds only the version that it has seen last."""

    def __init__(self, database: Database, outbox: Outbox, starting: Starting) -> None:
        self._database = database
        self._outbox = outbox
        self._starting = starting
        self._seen: int | None = None

    # -- timers move with their records (a hook of the record store) -----------------------------

    def move(self, batch: Batch, work: UnitOfWork) -> None:
        """Let the timers of what a batch wrote go where the records say (an `after_write` hook)."""
        by_object = timers(batch.context.catalog)
        if not by_object:
            return
        for draft in batch.drafts():
            for one in by_object.get(draft.shape.name, ()):
                self._move(batch, work, draft, one)

    def _move(self, batch: Batch, work: UnitOfWork, draft: Draft, one: Timed) -> None:
        gone = draft.kind == "delete"
        now = None if gone else _moment(batch, draft, draft.new, one)
        old = draft.old if not draft.undeleted else None
        before = None if old is None else _moment(batch, draft, old, one)
        if now != before:
            cancel(work, _key(one, draft.id))
            if now is not None:
                self._put(work, one, draft.id, now)

    def _put(self, work: UnitOfWork, one: Timed, record_id: str, moment: datetime) -> None:
        payload = {"mark": one.mark, "record": record_id, "at": instant_text(moment)}
        self._outbox.put(work, RECORD_TIMER, payload, due=moment, key=_key(one, record_id))

    # -- what a new version asks for ---------------------------------------------------------------

    def look(self, writing: Writing) -> None:
        """Put what the live version's schedules and timers need; cheap where it was seen before."""
        version = self._database.live_version()
        if version != self._seen:
            self.renew(writing)
            self._seen = version

    def renew(self, writing: Writing) -> None:
        """Put the jobs of schedules that have none, and the timers of records that were there before."""
        writing.write_as(None, self._plan)
        for mark in writing.write_as(None, _not_armed):
            last: str | None = ""
            while last is not None:
                last = writing.write_as(None, self._arming(mark, last))

    def _plan(self, context: Context, work: UnitOfWork) -> None:
        for one in timed(context.catalog).values():
            if one.trigger.cron is not None:
                self._next(context, work, one, context.now())

    def _next(self, context: Context, work: UnitOfWork, one: Timed, now: datetime) -> None:
        at = next(after(str(one.trigger.cron), now, context.zone), None)
        if at is not None:
            payload = {"mark": one.mark, "at": instant_text(at)}
            self._outbox.put(work, SCHEDULE, payload, due=at, key=f"schedule:{one.mark}")

    def _arming(self, mark: str, last: str) -> Callable[[Context, UnitOfWork], str | None]:
        """Return what gives some records behind `last` their timers, and the last of them."""

        def arm(context: Context, work: UnitOfWork) -> str | None:
            one = timed(context.catalog).get(mark)
            if one is None:
                return None
            batch = Batch(context, work)
            shape = batch.shapes.of(one.automation.object)
            wanted = sa.select(shape.table.id).where(shape.live()).order_by(shape.table.id)
            if last:
                wanted = wanted.where(shape.table.id > last)
            ids = [str(row) for row in work.connection.execute(wanted.limit(CHUNK)).scalars()]
            batch.fetch(shape, ids)
            for record_id in ids:
                row = batch.row(shape.name, record_id)
                moment = None if row is None else _moment_of(batch, shape, row, one)
                if moment is not None and moment > context.now():
                    self._put(work, one, record_id, moment)
            if len(ids) == CHUNK:
                return ids[-1]
            _keep_armed(work, {*_armed(work), mark} & timed(context.catalog).keys())
            return None

        return arm

    # -- firing (handlers of jobs) -----------------------------------------------------------------

    def fire_schedule(self, job: Job, course: Course, writing: Writing) -> None:
        """Begin the runs that are due, and wait for the time after them."""

        def fire(context: Context, work: UnitOfWork) -> None:
            course.close(work)
            one = timed(context.catalog).get(str(job.payload["mark"]))
            if one is None:
                return
            now = context.now()
            for at in _due(context, one, _instant(job), now):
                self._start(context, work, one, None, at)
            self._next(context, work, one, max(now, _instant(job)))

        writing.write_as(None, fire)

    def fire_timer(self, job: Job, course: Course, writing: Writing) -> None:
        """Begin the run of a record whose moment has come, if the record still says so."""

        def fire(context: Context, work: UnitOfWork) -> None:
            course.close(work)
            one = timed(context.catalog).get(str(job.payload["mark"]))
            record_id = str(job.payload["record"])
            batch = Batch(context, work)
            row = None if one is None else batch.row(one.automation.object, record_id)
            if one is None or row is None:
                return
            moment = _moment_of(batch, batch.shapes.of(one.automation.object), row, one)
            if moment is not None and moment > context.now():
                self._put(work, one, record_id, moment)
            elif moment is not None:
                self._start(context, work, one, record_id)

        writing.write_as(None, fire)

    def _start(
        self,
        context: Context,
        work: UnitOfWork,
        one: Timed,
        record_id: str | None,
        at: datetime | None = None,
    ) -> None:
        self._starting.start(
            context, work, one.automation, one.trigger.event, record_id, at or context.now()
        )


# -- parts -----------------------------------------------------------------------------------------


def _due(context: Context, one: Timed, first: datetime, now: datetime) -> Iterable[datetime]:
    """Return the times for which runs begin: `first`, and what was missed since, as declared."""
    cron = str(one.trigger.cron)
    missed = itertools.takewhile(lambda at: at <= now, after(cron, first, context.zone))
    match one.trigger.catch_up:
        case "each":
            return _last([first, *missed], MOST_EACH)
        case "skip":
            return [at for at in _last([first, *missed], 1) if now - at <= ON_TIME]
        case _:
            return _last([first, *missed], 1)


def _last(times: list[datetime], count: int) -> list[datetime]:
    return times[-count:]


def _instant(job: Job) -> datetime:
    found = instant_of(str(job.payload["at"]))
    assert found is not None  # noqa: S101 - it was put so
    return found


def _key(one: Timed, record_id: str) -> str:
    return f"timer:{one.mark}:{record_id}"


def _moment(batch: Batch, draft: Draft, row: dict[str, Any], one: Timed) -> datetime | None:
    return _moment_of(batch, draft.shape, row, one)


def _moment_of(
    batch: Batch, shape: ObjectShape, row: dict[str, Any], one: Timed
) -> datetime | None:
    """Return the instant that a row says; of a date the beginning of that day in the workspace."""
    assert one.moment is not None  # noqa: S101 - only timers are asked
    found = compile_python(one.moment.tree)(RowEnvironment(batch, shape, row, None))
    if isinstance(found, datetime):
        return found.astimezone(UTC)
    if isinstance(found, date):
        return datetime.combine(found, time(), batch.context.zone).astimezone(UTC)
    return None


def _armed(work: UnitOfWork) -> set[str]:
    query = sa.select(SETTING.c.value).where(SETTING.c.key == ARMED)
    return set(work.connection.execute(query).scalar() or ())


def _not_armed(context: Context, work: UnitOfWork) -> list[str]:
    """Return the timers whose records have not been gone through."""
    asked = {mark for mark, one in timed(context.catalog).items() if one.moment is not None}
    return sorted(asked - _armed(work))


def _keep_armed(work: UnitOfWork, marks: set[str]) -> None:
    here = SETTING.c.key == ARMED
    value = sorted(marks)
    if not work.connection.execute(sa.update(SETTING).where(here).values(value=value)).rowcount:
        work.connection.execute(sa.insert(SETTING).values(key=ARMED, value=value))
