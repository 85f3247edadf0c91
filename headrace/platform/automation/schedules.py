"""Automations on a schedule, looked at by who may design: when each runs next, what it would do now, a run at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

from headrace.platform.automation.buttons import Done
from headrace.platform.automation.messages import NO_SCHEDULE
from headrace.platform.automation.views import Deed, deeds
from headrace.platform.core.cron import after
from headrace.platform.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
)
from headrace.platform.core.problems import Problem, Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import AutomationModel, Catalog
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.records.context import Context

T = TypeVar("T")
SHOWN: Final = 20
"""How many of the things that it would do are named one by one."""


class Writing(Protocol):
    """What opens transactions: the platform."""

    def write_as(self, user_id: str | None, action: Callable[[Context, UnitOfWork], T]) -> T:
        """Run a writing use case for a user, or for the platform itself."""
        ...


class Running(Protocol):
    """What does the work of automations: the engine."""

    def run_through(self, context: Context, work: UnitOfWork, automation: AutomationModel) -> Done:
        """Do all that an automation does when time starts it, for no record, here and now."""
        ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """An automation that runs on a schedule, and when next; never where its text never comes again."""

    name: str
    label: Text
    cron: str
    next: datetime | None

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        return {
            "name": self.name,
            "label": self.label.within(language),
            "cron": self.cron,
            "next": instant_text(self.next),
        }


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an automation would do now: how much of what to which objects, the first ones, or why not."""

    did: tuple[Deed, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def counts(self) -> list[tuple[str, Text, int]]:
        """How often it would do what to records of which object, the most first."""
        found = Counter((one.did, one.object, one.label) for one in self.did)
        return [(did, label, count) for (did, _, label), count in found.most_common()]

    @property
    def first(self) -> Sequence[Deed]:
        """The first things that it would do."""
        return self.did[:SHOWN]

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        return {
            "count": len(self.did),
            "did": [one.render(language) for one in self.first],
            "problems": [one.render(language) for one in self.problems],
        }


class _AttemptedError(Exception):
    """Takes back what was only tried."""


def schedules(context: Context) -> list[Schedule]:
    """Return the automations of the live version that run on a schedule, in the order of their names."""
    found = []
    for automation in context.catalog.automations.values():
        for trigger in automation.triggers:
            if trigger.cron is not None:
                coming = next(after(trigger.cron, context.now(), context.zone), None)
                found.append(Schedule(automation.name, automation.label, trigger.cron, coming))
    return sorted(found, key=lambda one: one.name)


def scheduled(catalog: Catalog, name: str) -> AutomationModel:
    """Return an automation that runs on a schedule; raise NotFoundError where there is none."""
    automation = catalog.automations.get(name)
    if automation is None or all(one.cron is None for one in automation.triggers):
        raise NotFoundError(NO_SCHEDULE.at(name=name))
    return automation


def attempt(writing: Writing, running: Running, name: str) -> Attempt:
    """Say what an automation on a schedule would do now: it is done, and taken back at once.

    Nobody is told anything. Other writers wait meanwhile as for a write of as many records (1,000 at
    most for each action that goes through rows). Raise NotFoundError where there is no such automation.
    """
    found = Attempt()

    def act(context: Context, work: UnitOfWork) -> None:
        nonlocal found
        try:
            done = running.run_through(context, work, scheduled(context.catalog, name))
            found = Attempt(deeds(context.catalog, done.did))
        except (RefusedError, ForbiddenError, ConflictError) as error:
            found = Attempt(problems=error.problems)
        raise _AttemptedError

    with suppress(_AttemptedError):
        writing.write_as(None, act)
    return found
