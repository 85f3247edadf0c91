"""The newest outcome for each key, with what it was worked out from: done again only where that differs."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

ValueT = TypeVar("ValueT")


class Newest(Generic[ValueT]):
    """Keeps one outcome for each key; safe to share between threads.

    Each outcome has a weight, such as the bytes it was made from. Where the weights together would
    pass `limit`, all are forgotten. An outcome may be worked out twice at the same moment, which
    is harmless: outcomes are values.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._weight = 0
        self._kept: dict[Hashable, tuple[Any, ValueT, int]] = {}

    def get(
        self, key: Hashable, source: Any, make: Callable[[], ValueT], weight: int = 1
    ) -> ValueT:
        """Return what `make` gave for this key and an equal `source`, or gives now."""
        found = self._kept.get(key)
        if found is not None and found[0] == source:
            return found[1]
        value = make()
        self.put(key, source, value, weight)
        return value

    def known(self, key: Hashable, source: Any) -> ValueT | None:
        """Return the outcome for this key and an equal `source` if it is kept."""
        found = self._kept.get(key)
        return found[1] if found is not None and found[0] == source else None

    def put(self, key: Hashable, source: Any, value: ValueT, weight: int = 1) -> None:
        """Keep an outcome, unless it weighs as much as a tenth of the limit."""
        if weight * 10 > self._limit:
            return
        former = self._kept.get(key)
        grown = self._weight + weight - (former[2] if former else 0)
        if grown > self._limit:
            self._kept, grown = {}, weight
        self._kept[key] = (source, value, weight)
        self._weight = grown

    def __len__(self) -> int:
        return len(self._kept)
