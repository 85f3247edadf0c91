"""Settings that the workspace keeps in its database: the zone and the business clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from headrace.platform.access.audit import Entry, EntryAction, Piece, record
from headrace.platform.core.clock import BusinessClock, Clock
from headrace.platform.core.problems import Text
from headrace.platform.database.system_tables import SETTING
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.storage_types import instant_of, instant_text
from headrace.platform.metadata.wording import sentence

TIME_ZONE: Final = "time_zone"
BUSINESS_CLOCK: Final = "business_clock"
SET: Final = Text("the workspace's setting “{name}” was changed", "工作区设置“{name}”已修改")


def read_setting(connection: sa.Connection, key: str) -> Any:
    """Return the value of a setting; None where it was never set."""
    query = sa.select(SETTING.c.value).where(SETTING.c.key == key)
    return connection.execute(query).scalar_one_or_none()


def write_setting(work: UnitOfWork, key: str, value: Any) -> None:
    """Set a setting; the audit trail says who did, unless it was so already."""
    before = read_setting(work.connection, key)
    if before == value:
        return
    changed = work.connection.execute(
        sa.update(SETTING).where(SETTING.c.key == key).values(value=value)
    ).rowcount
    if not changed:
        work.connection.execute(sa.insert(SETTING).values(key=key, value=value))
    action: EntryAction = "add" if before is None else "change"
    piece = Piece("", before, value, sentence(SET, name=key))
    record(work, [Entry(action, "setting", key, pieces=[piece])])


def zone_of(connection: sa.Connection, default: ZoneInfo) -> ZoneInfo:
    """Return the zone in which the workspace counts its days."""
    name = read_setting(connection, TIME_ZONE)
    return ZoneInfo(name) if name else default


def clock_of(connection: sa.Connection, real: Clock) -> BusinessClock:
    """Return the business clock: the real one, moved or stopped."""
    kept = read_setting(connection, BUSINESS_CLOCK) or {}
    return BusinessClock(
        real,
        offset=timedelta(seconds=kept.get("offset_seconds", 0)),
        stopped_at=instant_of(kept.get("stopped_at")),
    )


def stop_clock(work: UnitOfWork, instant: datetime) -> None:
    """Let the workspace's clock stand still at `instant`; running processes keep theirs."""
    write_setting(work, BUSINESS_CLOCK, {"stopped_at": instant_text(instant)})
