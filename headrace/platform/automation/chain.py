"""Which automations led to the write that is under way: the guard against loops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from headrace.platform.automation.messages import LOOP, TOO_DEEP
from headrace.platform.core.errors import ConflictError
from headrace.platform.metadata.catalog import AutomationModel

DEEPEST: Final = 8
"""Automations that may start one another."""


@dataclass(frozen=True, slots=True)
class Link:
    """An automation at work on a record."""

    automation: str
    record: str
    name: str

    def as_json(self) -> list[str]:
        """Return the stored form."""
        return [self.automation, self.record, self.name]


Chain = tuple[Link, ...]
_CHAIN: Final[ContextVar[Chain]] = ContextVar("automations", default=())


def chain_of(stored: Sequence[Sequence[str]]) -> Chain:
    """Read what `Link.as_json` wrote."""
    return tuple(Link(*one) for one in stored)


def present() -> Chain:
    """Return the automations that led here."""
    return _CHAIN.get()


def check(automation: AutomationModel, record_id: str) -> None:
    """Raise ConflictError where starting an automation would be a loop, or one too many."""
    chain = present()
    shown = " → ".join((*(one.name for one in chain), automation.name))
    if any((one.automation, one.record) == (automation.id, record_id) for one in chain):
        raise ConflictError(LOOP.at(name=automation.label, chain=shown))
    if len(chain) >= DEEPEST:
        raise ConflictError(TOO_DEEP.at(limit=DEEPEST, chain=shown))


@contextmanager
def within(chain: Chain, automation: AutomationModel, record_id: str) -> Iterator[None]:
    """Let all that is written in the block be the work of an automation."""
    with at_work((*chain, Link(automation.id, record_id, automation.name))):
        yield


@contextmanager
def at_work(chain: Chain) -> Iterator[None]:
    """Let a chain of automations be what led to all that is written in the block."""
    token = _CHAIN.set(chain)
    try:
        yield
    finally:
        _CHAIN.reset(token)
