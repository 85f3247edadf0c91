"""Approvals with time limits over the world of approvals, and a clock that tests move by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from headrace.platform.jobs.tables import JOB, NOTIFICATION
from headrace.platform.workflow.tables import DECISION
from headrace.platform.workflow.timing import TIMER
from tests.support.approval_world import ZONE, Contents, World
from tests.support.documents import workspace

WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday"]
CALENDAR: dict[str, Any] = {
    "name": "standard",
    "shifts": [{"days": WEEK, "opens": "09:00", "closes": "18:00"}],
    "holidays": ["2025-10-01", "2025-10-02", "2025-10-03"],
    "workdays": ["2025-09-28"],
}
MANAGER = {"field": "company.manager"}
FINANCE = {"role": "finance"}
BOSS = {"role": "boss", "within": "company.region"}
ADMIN = {"role": "admin"}
EIGHT_HOURS: dict[str, Any] = {"limit": "8", "then": "escalate", "escalate_to": [ADMIN]}


class HandClock:
    """A business clock that stands where it was put."""

    def __init__(self, text: str) -> None:
        self.set(text)

    def set(self, text: str) -> None:
        self.instant = local(text)

    def now(self) -> datetime:
        return self.instant


def local(text: str) -> datetime:
    """Return an instant in UTC that was written in the workspace's zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def timed(*steps: dict[str, Any], **keys: Any) -> Contents:
    """Return the workspace with a calendar, and an approval of `steps`; `keys` are the approval's."""
    contents = workspace()
    contents["module", "claims"]["calendars"] = [CALENDAR]
    contents["approval", "claim_by_amount"] |= {"steps": list(steps), **keys}
    return contents


def step(name: str, *approvers: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"name": name, "approvers": list(approvers), **keys}


def stop_clock(world: World, text: str) -> HandClock:
    """Let everything in a world go by a clock that tests set."""
    clock = HandClock(text)
    world.clock = clock  # type: ignore[assignment]
    world.outbox._clock = clock
    world.notifications._clock = clock
    world.worker.clock = clock
    return clock


def told(world: World, kind: str) -> list[tuple[str, str]]:
    """Return (login, instant) of the notifications of a kind, oldest first."""
    logins = {user_id: login for login, user_id in world.users.items()}
    rows = world.rows(
        sa.select(NOTIFICATION).where(NOTIFICATION.c.kind == kind).order_by(NOTIFICATION.c.id)
    )
    return sorted((shown(row.at), logins[row.user]) for row in rows)


def shown(at: datetime) -> str:
    return at.astimezone(ZONE).strftime("%m-%d %H:%M")


def timeline(world: World, run_id: str) -> list[tuple[str, str]]:
    """Return (instant, action) of what was said and noted in a run."""
    rows = world.rows(sa.select(DECISION).where(DECISION.c.run == run_id).order_by(DECISION.c.id))
    return [(shown(row.at), row.action) for row in rows]


def waiting_timers(world: World) -> list[str]:
    """Return when the timers ring that wait."""
    statement = sa.select(JOB.c.due).where(JOB.c.kind == TIMER, JOB.c.state == "waiting")
    return sorted(shown(row.due) for row in world.rows(statement))


def ring(world: World, text: str) -> None:
    """Set the clock and do all jobs that are due by then."""
    world.clock.set(text)  # type: ignore[attr-defined]
    world.worker.drain()
