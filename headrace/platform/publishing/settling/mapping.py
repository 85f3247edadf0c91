"""Answers `map`: other values in the place of those that go."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from headrace.platform.core.problems import Problem, pointer
from headrace.platform.publishing.decisions import (
    MAP_INCOMPLETE,
    MAP_TARGET,
    Decision,
)
from headrace.platform.publishing.settling.messages import MAP_SOURCE

SHOWN = 20


def map_problems(
    key: str,
    decision: Decision,
    gone: Mapping[str, int],
    allowed: Collection[str],
    *,
    may_be_empty: bool,
) -> Iterator[Problem]:
    """Yield what is wrong with a map; `gone` are the values that go with their numbers of rows."""
    place = "/decisions" + pointer(key, "map")
    for value, count in gone.items():
        if count and value not in decision.map:
            yield MAP_INCOMPLETE.at(place, key=key, value=value, count=count)
    for old, new in decision.map.items():
        if old not in gone:
            yield MAP_SOURCE.at(place + pointer(old), value=old, key=key, allowed=listed(gone))
        elif (new is None and not may_be_empty) or (new is not None and new not in allowed):
            yield MAP_TARGET.at(place + pointer(old), value=new, key=key, allowed=listed(allowed))


def listed(values: Collection[str]) -> str:
    """Return values for a message, at most a few of them."""
    return ", ".join(list(values)[:SHOWN])
