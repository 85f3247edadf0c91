"""Time as an argument: the real clock, and the business clock of a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Where the present comes from."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class RealClock:
    """The clock of the machine: leases, sessions, rate limits, idempotency and ids use it."""

    def now(self) -> datetime:
        """Return the machine's present instant in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still."""

    instant: datetime

    def now(self) -> datetime:
        """Return the fixed instant."""
        return self.instant


@dataclass(frozen=True, slots=True)
class BusinessClock:
    """The workspace's time: the real clock moved by an offset, or stopped at an instant."""

    real: Clock
    offset: timedelta = timedelta()
    stopped_at: datetime | None = None

    def now(self) -> datetime:
        """Return the workspace's present instant in UTC."""
        return self.stopped_at or self.real.now() + self.offset


def today(clock: Clock, zone: ZoneInfo) -> date:
    """Return the calendar day of `clock` in `zone`."""
    return clock.now().astimezone(zone).date()
