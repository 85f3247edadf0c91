"""Webhooks: events written with their cause, sent in order, signed, tried again, given up, replayed.

An endpoint is served by one worker at a time. One that does not answer is left alone for a while, longer
each time; meanwhile the others go on. Events of one record keep their order.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import orjson
import sqlalchemy as sa

from headrace.platform.automation.egress import (
    REASONS,
    AddressError,
    Answer,
    ReceiverError,
    Resolve,
    Target,
    addresses_of,
    post,
    target_of,
)
from headrace.platform.automation.robots import (
    NEEDS_TEXT,
    ROBOTS,
    TOO_OFTEN,
    check_form,
    robot_body,
    robot_code,
    shown_address,
    signed_address,
)
from headrace.platform.automation.tables import WEBHOOK_DELIVERY, WEBHOOK_ENDPOINT
from headrace.platform.automation.timing import Writing
from headrace.platform.core.clock import Clock
from headrace.platform.core.errors import NOT_FOUND, ConflictError, NotFoundError, RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Language, Message, Text
from headrace.platform.database.engine import Database
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.long_jobs import Course, leave
from headrace.platform.jobs.outbox import Job, Outbox
from headrace.platform.jobs.tables import JOB
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.records.context import Context

WEBHOOK: Final = "webhook"
"""The kind of the jobs that send what waits for an endpoint."""
MOST_ATTEMPTS: Final = 12
FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(minutes=10)
LONGEST_DELAY: Final = timedelta(hours=6)
JITTER: Final = 0.2
LEASE: Final = timedelta(seconds=40)
"""How long an endpoint belongs to a worker: its turn, and one attempt that hangs while it looks up a host."""
IN_A_ROW: Final = 20
"""Events sent before other endpoints get their turn."""
TURN: Final = timedelta(seconds=5)
"""How long an endpoint is served before others get their turn."""
LATE: Final = timedelta(minutes=1)
KEPT_DONE: Final = timedelta(days=30)
SECRET_BYTES: Final = 32
PAGE: Final = 50
STATES: Final = ("waiting", "done", "dead")
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
MOST_BODY: Final = 256_000
WORTH_WAITING: Final = frozenset({408, 425, 429})
"""Refusals that say “later” rather than “never this”."""

_ENDPOINT: Final = WEBHOOK_ENDPOINT
_DELIVERY: Final = WEBHOOK_DELIVERY

UNKNOWN_ENDPOINT = Message(
    "webhook.unknown_endpoint",
    "There is no webhook endpoint “{name}” in this installation.",
    "此系统中没有名为“{name}”的 Webhook 端点。",
    "An administrator must add it; then the run can be resumed.",
    "请管理员添加该端点，然后继续运行。",
)
BAD_ADDRESS = Message(
    "webhook.address",
    "This address is not asked: {reason}.",
    "不会向此地址发送：{reason}。",
    "Give an https address of a public host, or name the host in HEADRACE_WEBHOOK_HOSTS.",
    "请填写公网主机的 https 地址，或在 HEADRACE_WEBHOOK_HOSTS 中列出该主机。",
)
BAD_NAME = Message(
    "webhook.name",
    "“{name}” cannot be the name of an endpoint.",
    "“{name}”不能作为端点名称。",
    "Use small letters, digits and _, a letter first, at most 40.",
    "请使用小写字母、数字和下划线，以字母开头，最多 40 个字符。",
)
TOO_LARGE = Message(
    "webhook.too_large",
    "What would be sent is larger than {limit} bytes.",
    "发送内容超过 {limit} 字节。",
    "Send fewer fields.",
    "请减少发送的字段。",
)
NO_ADDRESS = Message(
    "webhook.no_address",
    "The endpoint “{name}” has no address yet.",
    "端点“{name}”还没有地址。",
    "Give its address.",
    "请填写地址。",
)
NOT_DEAD = Message(
    "webhook.not_dead",
    "The event has not been given up; there is nothing to replay.",
    "该事件未被放弃，无需重放。",
    "Look at its state.",
    "请查看其状态。",
)


@dataclass(frozen=True, slots=True)
class Receiver:
    """An endpoint in the hands of a worker, with the first event that is due."""

    form: str
    address: str
    secret: str
    first: Any


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of an attempt: done, or why not; `theirs` where the receiver as a whole is to blame."""

    done: bool
    status: int | None = None
    error: str | None = None
    theirs: bool = False


def signature(secret: str, event_id: str, timestamp: str, body: bytes) -> str:
    """Return the HMAC-SHA256 of a request as receivers check it."""
    signed = f"{timestamp}.{event_id}.".encode() + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


class Webhooks:
    """Takes events, sends them, and keeps the endpoints of this installation."""

    def __init__(
        self,
        outbox: Outbox,
        real_clock: Clock,
        allowed: frozenset[str],
        resolve: Resolve = addresses_of,
        base_url: str = "",
    ) -> None:
        self._outbox = outbox
        self._clock = real_clock
        self._allowed = allowed
        self.resolve = resolve
        self._base_url = base_url

    # -- endpoints ----------------------------------------------------------------------------

    def put_endpoint(
        self,
        context: Context,
        work: UnitOfWork,
        name: str,
        address: str | None,
        *,
        active: bool = True,
        form: str | None = None,
        language: Language = "zh",
        secret: str | None = None,
    ) -> str | None:
        """Add or change an endpoint; return the secret of a new one of events, told this once.

        Of one that is there, what is None stays. A robot has no secret but the one that it brings. The
        caller of this method has asked for the right.
        """
        if not NAME.fullmatch(name):
            raise RefusedError(BAD_NAME.at("/name", name=name))
        query = sa.select(_ENDPOINT).where(_ENDPOINT.c.name == name)
        known = work.connection.execute(query).first()
        kind = form or (known.form if known is not None else None) or "event"
        check_form(kind, secret)
        if known is None and address is None:
            raise RefusedError(NO_ADDRESS.at("/address", name=name))
        if address is not None:
            self._target(address)
        given = {"address": address, "secret": secret}
        values: dict[str, Any] = {key: one for key, one in given.items() if one is not None}
        values |= {"active": active, "form": kind, "language": language}
        # The secret of another form is not this one's.
        renewed = known is None or (known.form or "event") != kind
        made = None
        if renewed and "secret" not in values:
            made = secrets.token_urlsafe(SECRET_BYTES) if kind == "event" else None
            values["secret"] = made or ""
        if known is not None:
            reset = {"failures": 0, "paused_until": None}
            change = sa.update(_ENDPOINT).where(_ENDPOINT.c.id == known.id)
            work.connection.execute(change.values(**values, **reset))
            self._wake(work, str(known.id))
            return made
        values |= {"id": context.ids.record_id(), "name": name}
        values |= {"failures": 0, "created": work.now}
        work.connection.execute(sa.insert(_ENDPOINT).values(**values))
        return made

    def renew_secret(self, work: UnitOfWork, name: str) -> str:
        """Give an endpoint another secret and return it, told this once."""
        secret = secrets.token_urlsafe(SECRET_BYTES)
        plain = sa.or_(_ENDPOINT.c.form.is_(None), _ENDPOINT.c.form == "event")
        change = sa.update(_ENDPOINT).where(_ENDPOINT.c.name == name, plain).values(secret=secret)
        if not work.connection.execute(change).rowcount:
            raise NotFoundError(NOT_FOUND.at())
        return secret

    def _target(self, address: str) -> Target:
        try:
            return target_of(address, self._allowed)
        except AddressError as error:
            raise RefusedError(BAD_ADDRESS.at("/address", reason=REASONS[str(error)])) from error

    # -- events -------------------------------------------------------------------------------

    def send(
        self,
        context: Context,
        work: UnitOfWork,
        endpoint: str,
        event: str,
        about: tuple[str, str, str],
        data: Mapping[str, Any],
    ) -> str:
        """Write an event about a record, given by object, object's id and id; return the event's id.

        Raise ConflictError where this installation has no such endpoint.
        """
        found = self._endpoint(work, endpoint)
        if found.form in ROBOTS:
            raise ConflictError(NEEDS_TEXT.at(name=endpoint))
        event_id = context.ids.record_id()
        body = self._event(context, event_id, event, about, data)
        return self._put(work, found, event_id, event, about, body)

    def tell(
        self,
        context: Context,
        work: UnitOfWork,
        endpoint: str,
        event: str,
        about: tuple[str, str, str],
        text: Text,
    ) -> str:
        """Write a text about a record for the people behind an endpoint; return the event's id.

        Raise ConflictError where this installation has no such endpoint.
        """
        found = self._endpoint(work, endpoint)
        event_id = context.ids.record_id()
        if found.form in ROBOTS:
            object_name, _, record_id = about
            said = text.within("en" if found.language == "en" else "zh")
            address = f"{self._base_url}/o/{object_name}/{record_id}"
            body = robot_body(found.form, said, address)
        else:
            told = {"text": text.as_dict()}
            body = self._event(context, event_id, event, about, told)
        return self._put(work, found, event_id, event, about, body)

    @staticmethod
    def has(work: UnitOfWork, endpoint: str) -> bool:
        """Say whether this installation has an endpoint."""
        known = sa.select(_ENDPOINT.c.id).where(_ENDPOINT.c.name == endpoint)
        return work.connection.execute(known).first() is not None

    @staticmethod
    def _endpoint(work: UnitOfWork, name: str) -> Any:
        query = sa.select(_ENDPOINT).where(_ENDPOINT.c.name == name)
        found = work.connection.execute(query).first()
        if found is None:
            raise ConflictError(UNKNOWN_ENDPOINT.at(name=name))
        return found

    @staticmethod
    def _event(
        context: Context,
        event_id: str,
        event: str,
        about: tuple[str, str, str],
        data: Mapping[str, Any],
    ) -> str:
        object_name, _, record_id = about
        body = {
            "id": event_id,
            "event": event,
            "object": object_name,
            "record": record_id,
            "at": instant_text(context.now()),
            "data": dict(data),
        }
        text = orjson.dumps(body).decode()
        if len(text) > MOST_BODY:
            raise RefusedError(TOO_LARGE.at(limit=MOST_BODY))
        return text

    def _put(
        self,
        work: UnitOfWork,
        endpoint: Any,
        event_id: str,
        event: str,
        about: tuple[str, str, str],
        body: str,
    ) -> str:
        _, object_id, record_id = about
        row = {
            "id": event_id,
            "endpoint": endpoint.id,
            "event": event,
            "object_id": object_id,
            "record_id": record_id,
            "body": body,
            "state": "waiting",
            "attempts": 0,
            "due": work.now,
            "created": work.now,
        }
        work.connection.execute(sa.insert(_DELIVERY).values(**row))
        if endpoint.paused_until is None or endpoint.paused_until <= work.now:
            # Of one that is left alone a job sleeps already.
            self._wake(work, str(endpoint.id))
        return event_id

    def replay(self, work: UnitOfWork, event_id: str) -> None:
        """Let a dead event be sent again, with the same id; the caller has asked for the right."""
        row = None
        if is_record_id(event_id):
            query = sa.select(_DELIVERY).where(_DELIVERY.c.id == event_id)
            row = work.connection.execute(query.with_for_update()).first()
        if row is None:
            raise NotFoundError(NOT_FOUND.at())
        if row.state != "dead":
            raise ConflictError(NOT_DEAD.at())
        again = {"state": "waiting", "attempts": 0, "due": work.now, "ended": None}
        change = sa.update(_DELIVERY).where(_DELIVERY.c.id == event_id)
        work.connection.execute(change.values(**again))
        self._wake(work, str(row.endpoint))

    def _wake(self, work: UnitOfWork, endpoint_id: str) -> None:
        self._outbox.put(work, WEBHOOK, {"endpoint": endpoint_id}, key=_key(endpoint_id))

    # -- sending (the handler of jobs) ----------------------------------------------------------

    def run(self, job: Job, course: Course, writing: Writing) -> None:
        """Send what waits for an endpoint, in order; sleep until there is more to try."""
        endpoint_id = str(job.payload["endpoint"])
        receiver = writing.write_as(None, partial(self._lease, endpoint_id))
        sent, ends = 0, self._clock.now() + TURN
        row = receiver.first if receiver is not None else None
        while receiver is not None and row is not None:
            tried = self._try(receiver, row)
            row = writing.write_as(None, partial(self._note, row, tried))
            sent += 1
            if tried.theirs or sent >= IN_A_ROW or self._clock.now() >= ends:
                break
        writing.write_as(None, partial(self._leave, job, course, endpoint_id, receiver is not None))

    def bury(self, job: Job, work: UnitOfWork, _error: str) -> None:
        """Let another job take over from one whose workers died."""
        self._wake(work, str(job.payload["endpoint"]))

    def _lease(self, endpoint_id: str, _: Context, work: UnitOfWork) -> Receiver | None:
        """Take an endpoint for this worker; None where another has it, or it is left alone."""
        now = self._clock.now()
        free = sa.or_(_ENDPOINT.c.leased_until.is_(None), _ENDPOINT.c.leased_until < now)
        open_ = sa.or_(_ENDPOINT.c.paused_until.is_(None), _ENDPOINT.c.paused_until <= now)
        here = sa.and_(_ENDPOINT.c.id == endpoint_id, _ENDPOINT.c.active, free, open_)
        taken = sa.update(_ENDPOINT).where(here).values(leased_until=now + LEASE)
        if not work.connection.execute(taken).rowcount:
            return None
        query = sa.select(_ENDPOINT).where(_ENDPOINT.c.id == endpoint_id)
        row = work.connection.execute(query).one()
        due = self._due(endpoint_id, work)
        return Receiver(row.form or "event", row.address, row.secret, due)

    def _due(self, endpoint_id: str, work: UnitOfWork) -> Any:
        """Return the next event to try; one of a record waits for those before it."""
        query = (
            sa.select(_DELIVERY)
            .where(
                _DELIVERY.c.endpoint == endpoint_id,
                _DELIVERY.c.state == "waiting",
                _DELIVERY.c.due <= self._clock.now(),
                sa.not_(_held()),
            )
            .order_by(_DELIVERY.c.due, _DELIVERY.c.id)
            .limit(1)
        )
        return work.connection.execute(query).first()

    def _try(self, receiver: Receiver, row: Any) -> Tried:
        body = str(row.body).encode()
        now = self._clock.now().timestamp()
        headers = {"Content-Type": "application/json", "User-Agent": "Headrace"}
        address = signed_address(receiver.form, receiver.address, receiver.secret, int(now * 1000))
        if receiver.form not in ROBOTS:
            timestamp = str(int(now))
            headers |= {
                "Headrace-Event-Id": str(row.id),
                "Headrace-Timestamp": timestamp,
                "Headrace-Signature": signature(receiver.secret, str(row.id), timestamp, body),
            }
        try:
            target = target_of(address, self._allowed)
            answer = post(target, body, headers, resolve=self.resolve)
        except (AddressError, ReceiverError) as error:
            return Tried(done=False, error=str(error), theirs=True)
        tried = _judged(answer)
        return _judged_robot(answer) if tried.done and receiver.form in ROBOTS else tried

    def _note(self, row: Any, tried: Tried, _: Context, work: UnitOfWork) -> Any:
        """Write down what came of an attempt, with what follows; return the next event that is due."""
        now, attempts = self._clock.now(), row.attempts + 1
        values: dict[str, Any] = {
            "attempts": attempts,
            "status": tried.status,
            "error": tried.error,
        }
        if tried.done:
            values |= {"state": "done", "ended": now}
        elif attempts >= MOST_ATTEMPTS:
            values |= {"state": "dead", "ended": now}
        elif not tried.theirs:
            # Where the endpoint as a whole is left alone, the event keeps its place: it comes first then.
            values["due"] = now + _jittered(attempts, LONGEST_DELAY)
        change = sa.update(_DELIVERY).where(
            _DELIVERY.c.id == row.id, _DELIVERY.c.state == "waiting"
        )
        work.connection.execute(change.values(**values))
        here = sa.update(_ENDPOINT).where(_ENDPOINT.c.id == row.endpoint)
        if not tried.theirs:
            work.connection.execute(here.values(failures=0, paused_until=None))
            return self._due(str(row.endpoint), work)
        failures = work.connection.execute(
            sa.select(_ENDPOINT.c.failures).where(_ENDPOINT.c.id == row.endpoint)
        ).scalar_one()
        pause = now + _jittered(failures + 1, LONGEST_PAUSE)
        work.connection.execute(here.values(failures=failures + 1, paused_until=pause))
        return None

    def _leave(
        self,
        job: Job,
        course: Course,
        endpoint_id: str,
        ours: bool,  # noqa: FBT001 - bound by `partial`
        _: Context,
        work: UnitOfWork,
    ) -> None:
        """Give the endpoint back; the job ends, or sleeps until something can be tried."""
        here = sa.update(_ENDPOINT).where(_ENDPOINT.c.id == endpoint_id)
        if ours:
            work.connection.execute(here.values(leased_until=None))
        again = self._again(work, job, endpoint_id, ours=ours)
        if again is None:
            course.close(work)
        else:
            # A lease is how a job waits by the machine's clock; it has not failed, so nothing counts.
            leave(work, job, {"leased_until": again, "leased_by": None, "attempts": 0})

    def _again(
        self, work: UnitOfWork, job: Job, endpoint_id: str, *, ours: bool
    ) -> datetime | None:
        """Return when this job is to look at its endpoint again; None where nothing waits for it.

        None too where another job of the endpoint is there and wakes no later: who has the endpoint looks
        again when giving it back. Without one, who has it may have died with it.
        """
        query = sa.select(_ENDPOINT).where(_ENDPOINT.c.id == endpoint_id)
        endpoint = work.connection.execute(query).first()
        waiting = (_DELIVERY.c.endpoint == endpoint_id, _DELIVERY.c.state == "waiting")
        # Not the least of all: the first by the index, however many wait.
        first = sa.select(_DELIVERY.c.due).where(*waiting, sa.not_(_held()))
        first = first.order_by(_DELIVERY.c.due).limit(1)
        due: datetime | None = work.connection.execute(first).scalar()
        if due is None or endpoint is None or not endpoint.active:
            return None
        again = max(due, endpoint.paused_until or due, self._clock.now())
        if not ours:
            again = max(again, endpoint.leased_until or again)
        others = sa.select(JOB.c.id).where(
            JOB.c.key == _key(endpoint_id),
            JOB.c.state == "started",
            JOB.c.id != job.id,
            JOB.c.leased_until <= again,
        )
        return None if work.connection.execute(others.limit(1)).first() else again

    # -- what fell through -------------------------------------------------------------------------

    def watch(self, database: Database, writing: Writing) -> None:
        """Wake endpoints for which something has long been due: a worker may have died with their job."""
        now = self._clock.now()
        free = sa.or_(_ENDPOINT.c.leased_until.is_(None), _ENDPOINT.c.leased_until < now)
        open_ = sa.or_(_ENDPOINT.c.paused_until.is_(None), _ENDPOINT.c.paused_until < now)
        late = (
            sa.select(_DELIVERY.c.endpoint)
            .join(_ENDPOINT, _ENDPOINT.c.id == _DELIVERY.c.endpoint)
            .where(_DELIVERY.c.state == "waiting", _DELIVERY.c.due < now - LATE)
            .where(_ENDPOINT.c.active, free, open_)
            .distinct()
        )
        with database.reading() as reading:
            found = [str(one) for one in reading.connection.execute(late).scalars()]
        for endpoint_id in found:
            writing.write_as(None, partial(self._woken, endpoint_id))

    def _woken(self, endpoint_id: str, _: Context, work: UnitOfWork) -> None:
        self._wake(work, endpoint_id)


# -- what designers read --------------------------------------------------------------------------


def endpoints(context: Context) -> list[dict[str, Any]]:
    """Return the endpoints without their secrets, with what waits for them and what was given up."""
    counts = (
        sa.select(
            _DELIVERY.c.endpoint,
            sa.func.count().filter(_DELIVERY.c.state == "waiting").label("waiting"),
            sa.func.count().filter(_DELIVERY.c.state == "dead").label("dead"),
        )
        .where(_DELIVERY.c.state.in_(("waiting", "dead")))
        .group_by(_DELIVERY.c.endpoint)
        .subquery()
    )
    query = (
        sa.select(_ENDPOINT, counts.c.waiting, counts.c.dead)
        .outerjoin(counts, counts.c.endpoint == _ENDPOINT.c.id)
        .order_by(_ENDPOINT.c.name)
    )
    with context.database.reading() as reading:
        rows = reading.connection.execute(query).all()
    now = context.real_clock.now()
    return [
        {
            "name": row.name,
            "form": row.form or "event",
            "language": row.language,
            "address": shown_address(row.form or "event", row.address),
            "active": row.active,
            "failures": row.failures,
            "paused_until": instant_text(
                row.paused_until if row.paused_until and row.paused_until > now else None
            ),
            "waiting": row.waiting or 0,
            "dead": row.dead or 0,
        }
        for row in rows
    ]


def deliveries(
    context: Context, *, state: str | None = None, before: str | None = None
) -> list[dict[str, Any]]:
    """Return events, the newest first, without what they say."""
    query = (
        sa.select(_DELIVERY, _ENDPOINT.c.name)
        .join(_ENDPOINT, _ENDPOINT.c.id == _DELIVERY.c.endpoint)
        .order_by(_DELIVERY.c.id.desc())
        .limit(PAGE)
    )
    if state is not None:
        query = query.where(_DELIVERY.c.state == state)
    if before is not None:
        query = query.where(_DELIVERY.c.id < before)
    with context.database.reading() as reading:
        rows = reading.connection.execute(query).all()
    return [
        {
            "id": str(row.id),
            "endpoint": row.name,
            "event": row.event,
            "record": str(row.record_id),
            "state": row.state,
            "attempts": row.attempts,
            "status": row.status,
            "error": REASONS.get(row.error or ""),
            "created": row.created,
            "ended": row.ended,
        }
        for row in rows
    ]


def _key(endpoint_id: str) -> str:
    return f"webhook:{endpoint_id}"


def _held() -> sa.ColumnElement[bool]:
    """Return the condition of events that wait for one before them, about the same record."""
    before = _DELIVERY.alias()
    return sa.exists(
        sa.select(sa.literal(1)).where(
            before.c.endpoint == _DELIVERY.c.endpoint,
            before.c.record_id == _DELIVERY.c.record_id,
            # Not a plain comparison: by an index of states SQLite would go through all that waits.
            before.c.state.concat("") == "waiting",
            before.c.id < _DELIVERY.c.id,
        )
    )


def _judged(answer: Answer) -> Tried:
    status = answer.status
    if 200 <= status < 300:  # noqa: PLR2004 - what HTTP calls success
        return Tried(done=True, status=status)
    never = 400 <= status < 500 and status not in WORTH_WAITING  # noqa: PLR2004 - see above
    return Tried(done=False, status=status, error="refused", theirs=not never)


def _judged_robot(answer: Answer) -> Tried:
    """Say what became of a text that a robot answered: the status says only that it was heard."""
    code = robot_code(answer)
    if code == 0:
        return Tried(done=True, status=answer.status)
    # What is no answer of a robot comes from something else at its address.
    busy = code is None or code in TOO_OFTEN
    return Tried(done=False, status=code or answer.status, error="refused", theirs=busy)


def _jittered(count: int, most: timedelta) -> timedelta:
    """Return a pause that doubles with each failure, never the same for all."""
    pause = min(most, FIRST_PAUSE * (1 << min(count - 1, 20)))
    return pause * (1 + random.uniform(-JITTER, JITTER))  # noqa: S311 - no secret


def forget_old_deliveries(work: UnitOfWork) -> int:
    """Delete events that arrived long ago (a chore of workers); dead ones stay. Return how many."""
    old = sa.delete(_DELIVERY).where(
        _DELIVERY.c.state == "done", _DELIVERY.c.ended < work.now - KEPT_DONE
    )
    return work.connection.execute(old).rowcount
