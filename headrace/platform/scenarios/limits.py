"""How long scenarios may take: they run while somebody waits for a plan."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for one scenario, and for all of a content together with making their database."""

    one: float = 20
    together: float = 90


class OutOfTimeError(Exception):
    """A scenario may not go on."""


class Deadline:
    """A moment by which something must be done."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def passed(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._end

    def check(self) -> None:
        """Raise OutOfTimeError where the time is over."""
        if self.passed:
            raise OutOfTimeError
