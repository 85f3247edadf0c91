"""What a broker is to the platform: it wakes workers up. Which one, and how, `celery_broker` knows.

The row of a job is the truth. A broker that loses messages, brings them twice or late, or is away
makes jobs wait a little; it never loses or doubles one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from headrace.platform.jobs.worker import Lane


class BrokerAwayError(Exception):
    """The broker cannot be reached, or refuses us; the text says why and holds no secret."""


class Broker(Protocol):
    """A broker as one thread uses it."""

    def queued(self, lane: Lane) -> int:
        """Return how many messages wait for workers of `lane`; raise BrokerAwayError."""
        ...

    def send(self, lane: Lane, job_ids: Sequence[str]) -> None:
        """Tell the workers of `lane` of these jobs; raise BrokerAwayError."""
        ...

    def close(self) -> None:
        """Close the connection; using the broker again opens another."""
        ...

    def consume(self, lane: Lane, take: Callable[[str], object], threads: int) -> None:
        """Call `take` with each id of a job that workers of `lane` are told of, until told to end.

        Called in the main thread of a process: it listens to the signals that end one.
        """
        ...
