"""Tries again where somebody holds what a publish needs: waiting in line would make others wait."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from headrace.platform.core.errors import UnavailableError
from headrace.platform.database.engine import is_busy

T = TypeVar("T")
PATIENCE: Final = 120.0
"""Seconds after which a step is given up."""
SHORTEST: Final = 0.1
LONGEST: Final = 1.0


def patiently(action: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Run `action` until it gets the locks that it needs; raise UnavailableError after `seconds`."""
    deadline = time.monotonic() + seconds
    longest = SHORTEST
    while True:
        try:
            return action()
        except UnavailableError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
            longest = min(LONGEST, longest * 2)
            time.sleep(random.uniform(SHORTEST, longest))  # noqa: S311 - spreads retries
