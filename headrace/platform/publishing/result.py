"""What a publish has done, and how far one is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from headrace.platform.core.problems import Text


@dataclass(frozen=True, slots=True)
class Done:
    """How many rows got values for one line of the plan."""

    line: str
    rows: int


@dataclass(frozen=True, slots=True)
class Result:
    """The version that is live now, and what was done to rows."""

    version: int
    done: tuple[Done, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a preparation is: the step in words, rows done in it and all in all."""

    text: Text
    step: int
    steps: int
    rows: int = 0
    total: int = 0

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        return {
            "text": self.text.within(language),
            "step": self.step,
            "steps": self.steps,
            "rows": self.rows,
            "total": self.total,
        }


def tell_nobody(_: Progress) -> None:
    """Take a progress that nobody waits for."""


def nobody_cancels() -> bool:
    """The answer where a publish cannot be cancelled."""
    return False


@dataclass(frozen=True, slots=True)
class Following:
    """Who follows a publish: is told how far it is, and is asked whether it shall be cancelled.

    `job` is the job that carries it out; only that one goes on with what it began.
    """

    report: Callable[[Progress], None] = tell_nobody
    cancelled: Callable[[], bool] = nobody_cancels
    job: str | None = None


UNFOLLOWED: Final = Following()
