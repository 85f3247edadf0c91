"""Times that repeat: five-field cron texts in a zone, over changes of the clock as Debian's cron takes them.

What falls into an hour that is left out comes right after it; what falls into one that comes twice, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_FIELDS: Final = 5
_ANY_DAY: Final = datetime(2024, 1, 1, tzinfo=UTC)


def is_cron(text: str) -> bool:
    """Say whether a text is a cron text of five fields that comes at some time."""
    if len(text.split()) != _FIELDS:
        return False
    try:
        return next(CronSim(text, _ANY_DAY), None) is not None
    except CronSimError:
        return False


def after(text: str, instant: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the instants at which a cron text comes after `instant`, in UTC and in order."""
    last = instant
    for local in CronSim(text, instant.astimezone(zone)):
        found = local.astimezone(UTC)
        # The wall clock goes back once a year; instants do not.
        if found - last > timedelta():
            last = found
            yield found
