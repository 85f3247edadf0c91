"""Ordered synchronous hooks: how a lower layer reaches a higher one without importing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, ParamSpec

P = ParamSpec("P")


class Hook(Generic[P]):
    """A named place where `runtime.py` plugs in functions; they run in the order plugged.

    A function may refuse by raising a `PlatformError`; the transaction then rolls back.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._functions: list[Callable[P, None]] = []

    def plug(self, function: Callable[P, None]) -> None:
        """Add `function`; done once, when the platform is built."""
        self._functions.append(function)

    def __bool__(self) -> bool:
        """Say whether anything is plugged in: what nobody asks for need not be put together."""
        return bool(self._functions)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        for function in self._functions:
            function(*args, **kwargs)
