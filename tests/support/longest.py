"""Which files of tests take longest: they begin first, and a long run says which they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

FIRST = (
    "tests/system/test_isolation.py",
    "tests/e2e/test_order_journey.py",
    "tests/e2e/test_design_together.py",
    "tests/contract/test_mutations.py",
    "tests/e2e/test_design_pictures.py",
    "tests/e2e/test_design_keyboard.py",
    "tests/database/test_publish_crash.py",
    "tests/system/test_export.py",
    "tests/database/test_plan_numbers.py",
    "tests/demo/test_moving.py",
    "tests/demo/test_screens.py",
    "tests/database/test_preparing_crash.py",
    "tests/database/test_sweeping.py",
)
"""One process runs a whole file: one of these at the end would leave the other without work."""
SHOWN = 10
MANY = 30
"""Files of a run that is worth a list."""


def longest_first(items: list[pytest.Item]) -> None:
    """Put the tests of the files in `FIRST` before all others."""
    order = {name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.nodeid.partition("::")[0], len(order)))


def slowest_files(reports: Iterable[object]) -> list[str]:
    """Return a line for each of the files that took longest; none for runs of a few files."""
    seconds: Counter[str] = Counter()
    for one in reports:
        if isinstance(one, pytest.TestReport):
            seconds[one.nodeid.partition("::")[0]] += one.duration
    if len(seconds) < MANY:
        return []
    return [f"{taken:6.0f} s  {name}" for name, taken in seconds.most_common(SHOWN)]
