"""How long a list, or a report, takes for each role that may read it: run read-only, within limits.

It is run over the live rows as a user of the role who holds the fewest others, with that role alone. What
a draft changes takes part as far as live rows can be asked it, and as far as who asks may read what its
condition reads: how many rows a condition lets through would tell of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from headrace.platform.access.identity import Identity
from headrace.platform.access.principals import SYSTEM_PRINCIPAL, Principal
from headrace.platform.access.representatives import (
    Representative,
    holding_only,
    representatives,
)
from headrace.platform.core.errors import (
    ForbiddenError,
    NotFoundError,
    RefusedError,
    UnauthenticatedError,
    UnavailableError,
)
from headrace.platform.core.problems import Text
from headrace.platform.database.engine import Database, OutOfTimeError, Reading
from headrace.platform.forms.ahead import Ahead, seen_as
from headrace.platform.forms.lists import ListPage, list_for, view_for
from headrace.platform.metadata.catalog import Catalog, ObjectModel
from headrace.platform.publishing.costing.lists import unhelped
from headrace.platform.publishing.costing.scopes import readers, scopes
from headrace.platform.records import reader
from headrace.platform.records.aggregating import run_checked_in
from headrace.platform.records.context import Context
from headrace.platform.records.query import DEFAULT_LIMIT
from headrace.platform.reports.drafted import live_report
from headrace.platform.reports.running import statement_of

SHORT: Final = 100.0
"""Milliseconds below which it is run twice and the quicker one counts."""

TimeState = Literal["measured", "too_long", "nobody", "closed", "busy", "left_out"]
"""`closed`: the role may not read it as things are live; `left_out`: the limits were reached before."""
Reason = Literal["scope", "condition", "sort", "filter"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds in the database for one role and for all together, and how many roles are run at most."""

    one: float = 0.5
    together: float = 3.0
    roles: int = 20


@dataclass(frozen=True, slots=True)
class RoleTime:
    """How long it took for a role, how many rows it sees, and what no index helps with.

    `whole` says whether the condition of the list took part.
    """

    role: str
    state: TimeState
    people: int = 0
    milliseconds: float | None = None
    rows: int | str | None = None
    reasons: tuple[tuple[Reason, str], ...] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Times:
    """The times of all roles that may read it, the slowest first; `as_of` when they were taken.

    `refused` says why it was run for nobody.
    """

    roles: tuple[RoleTime, ...]
    as_of: datetime
    limits: Limits
    refused: Text | None = None

    @property
    def measured(self) -> tuple[RoleTime, ...]:
        """The roles that it was run for."""
        return tuple(one for one in self.roles if one.state in {"measured", "too_long"})


@dataclass(frozen=True, slots=True)
class Timed:
    """What is timed: a list of an object as a draft has it (`view` says which), or a report."""

    catalog: Catalog
    model: ObjectModel
    view: str | None = None
    report: Any = None


@dataclass(frozen=True, slots=True)
class _Run:
    """Reads it and returns how many rows are seen; `whole` says whether its condition takes part."""

    read: Callable[[Reading], int | str | None]
    whole: bool = True


class Timing:
    """Takes times, one caller at a time in each process: asking twice must not cost twice at once."""

    def __init__(self, database: Database, identity: Identity, limits: Limits) -> None:
        self._database = database
        self._identity = identity
        self._limits = limits
        self._turn = threading.Lock()

    def take(self, context: Context, timed: Timed) -> Times:
        """Return how long it takes for each role that may read it."""
        if timed.report is not None:
            try:
                statement_of(context, live_report(context, timed.report))
            except RefusedError as error:
                # What a report asks is run for others only where who draws it may ask it too.
                return Times((), context.real_clock.now(), self._limits, error.problems[0].message)
        if not self._turn.acquire(blocking=False):
            found = [RoleTime(one, "busy") for one in _roles(timed)]
        else:
            try:
                found = sorted(self._times(context, timed), key=_slowness)
            finally:
                self._turn.release()
        return Times(tuple(found), context.real_clock.now(), self._limits)

    def _times(self, context: Context, timed: Timed) -> Iterator[RoleTime]:
        roles = _roles(timed)
        with self._database.reading() as reading:
            held = representatives(reading.connection, roles)
        left, asked = self._limits.together, 0
        for role in sorted(roles, key=lambda one: (-_people(held, one), one)):
            if role not in held:
                yield RoleTime(role, "nobody")
                continue
            if asked == self._limits.roles or left <= 0:
                yield RoleTime(role, "left_out", held[role].people)
                continue
            asked += 1
            found = self._time(context, timed, role, held[role], min(self._limits.one, left))
            left -= self._limits.one if found.milliseconds is None else found.milliseconds / 500
            yield found

    def _time(
        self, context: Context, timed: Timed, role: str, held: Representative, seconds: float
    ) -> RoleTime:
        found = RoleTime(role, "measured", held.people, reasons=tuple(_reasons(timed, role)))
        try:
            run = self._run_of(context, timed, role, held.user_id)
        except (NotFoundError, ForbiddenError, RefusedError, UnauthenticatedError):
            return RoleTime(role, "closed", held.people)
        try:
            with self._database.bounded(seconds) as reading:
                taken, rows = _taken(run, reading)
                if taken < SHORT:
                    # The first one also reads what the database keeps at hand afterwards.
                    taken = min(taken, _taken(run, reading)[0])
        except OutOfTimeError:
            return replace(found, state="too_long", whole=run.whole)
        except UnavailableError:
            return replace(found, state="busy", reasons=())
        return replace(found, milliseconds=taken, rows=rows, whole=run.whole)

    def _run_of(self, context: Context, timed: Timed, role: str, user_id: str) -> _Run:
        """Return what runs it for a role, compiled already."""
        if role not in context.catalog.roles:
            raise NotFoundError
        user = self._identity.principal_of_user(user_id, context.catalog)
        own = context.as_principal(holding_only(user, role, context.catalog))
        return _list(context, own, timed, role) if timed.report is None else _report(own, timed)


def _taken(run: _Run, reading: Reading) -> tuple[float, int | str | None]:
    """Run it; return the milliseconds that it took, and how many rows are seen."""
    begun = time.perf_counter()
    rows = run.read(reading)
    return (time.perf_counter() - begun) * 1000, rows


def _report(context: Context, timed: Timed) -> _Run:
    statement = statement_of(context, live_report(context, timed.report))

    def run(reading: Reading) -> None:
        run_checked_in(context, reading, statement)

    return _Run(run)


def _list(asking: Context, context: Context, timed: Timed, role: str) -> _Run:
    catalog, model = timed.catalog, timed.model
    seen = seen_as(context.principal, catalog, [role])
    ahead = Ahead(context, catalog, seen)
    page, live = _page(timed, seen), ahead.live_object(model)
    if page is None or live is None:
        raise NotFoundError
    where = page.open.where
    whole = where is None or all(
        one.is_known(model, where) for one in (ahead, Ahead(asking, catalog, asking.principal))
    )
    query = ahead.live_query(
        model, page.asked_fields, where if whole else None, page.open.sort, DEFAULT_LIMIT
    )
    reader.make_ready(context, live.name, query)

    def run(reading: Reading) -> int | str | None:
        return reader.find_in(context, reading, live.name, query).count

    return _Run(run, whole)


def _page(timed: Timed, seen: Principal) -> ListPage | None:
    """Return the list that somebody sees; None where they may not read what it shows."""
    if timed.view is not None:
        return view_for(timed.catalog, seen, timed.catalog.views[timed.view])
    return list_for(timed.catalog, seen, timed.model.name, None)


def _roles(timed: Timed) -> tuple[str, ...]:
    """Return the roles that may read it in the draft."""
    found = readers(timed.catalog, timed.model)
    named: Sequence[str] = () if timed.report is None else timed.report.get("roles", ())
    return tuple(one for one in found if not named or one in named)


def _reasons(timed: Timed, role: str) -> Iterator[tuple[Reason, str]]:
    """Yield what no index helps with where a role reads it."""
    catalog, model = timed.catalog, timed.model
    for scope in scopes(catalog, model, [role]):
        if not scope.indexed:
            yield ("condition", "") if scope.field is None else ("scope", scope.field)
    if timed.report is not None:
        return
    page = _page(timed, seen_as(SYSTEM_PRINCIPAL, catalog, [role]))
    if page is None:
        return
    found = unhelped(catalog, model, page.open.where, page.open.sort)
    if found.sort:
        yield "sort", found.sort
    if found.filtered:
        yield "filter", ""


def _people(held: Mapping[str, Representative], role: str) -> int:
    return held[role].people if role in held else 0


_ORDER: Final[dict[TimeState, int]] = {
    "too_long": 0,
    "measured": 1,
    "left_out": 2,
    "busy": 3,
    "closed": 4,
    "nobody": 5,
}


def _slowness(one: RoleTime) -> tuple[int, float]:
    return _ORDER[one.state], -(one.milliseconds or 0)
