"""Approvers whom the submitter chooses: who is offered, what was chosen before, what a choice may be."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Problem, pointer
from headrace.platform.database.engine import Reading
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.field_types.values import OBJECT, WRONG_TYPE, type_name
from headrace.platform.records.context import Context
from headrace.platform.workflow import messages
from headrace.platform.workflow.people import Choices, People, Person
from headrace.platform.workflow.pinned import Chosen, PinnedApproval, Step
from headrace.platform.workflow.resubmitting import run_before
from headrace.platform.workflow.shapes import ChoiceJson
from headrace.platform.workflow.subjects import Subject

PLACE: Final = "approvers"
"""The key under which a transition is sent whom the caller chose."""

Kept = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Choice:
    """Among whom the caller may choose in a step, and whom they would take anyway."""

    min: int
    max: int
    people: tuple[Person, ...]
    proposed: tuple[str, ...]

    def render(self) -> ChoiceJson:
        """Return the JSON form."""
        return {
            "min": self.min,
            "max": self.max,
            "people": [{"id": one.id, "name": one.name} for one in self.people],
            "proposed": list(self.proposed),
        }


def known_people(
    context: Context, on: Reading | UnitOfWork, people: Collection[str]
) -> frozenset[str]:
    """Return those whose names the caller may know before anybody has decided.

    Partners know the people of their own organisation.
    """
    if context.principal.audience == "internal":
        return frozenset(people)
    own = sa.and_(USER.c.id.in_(people), USER.c.organisation == context.principal.organisation)
    return frozenset(on.connection.execute(sa.select(USER.c.id).where(own)).scalars())


def choice_of(
    context: Context,
    on: Reading | UnitOfWork,
    chosen: Chosen,
    pool: Sequence[Person],
    before: Sequence[str],
) -> Choice | None:
    """Return what the caller chooses of the people of a source; None where they know nobody of it.

    `before` were chosen in the submission before: they are proposed again, if they still can be.
    """
    known = known_people(context, on, [one.id for one in pool])
    people = tuple(one for one in pool if chosen.names or one.id in known)
    if not people:
        return None
    ids = [one.id for one in people]
    least = min(chosen.min, len(ids))
    proposed = tuple(one for one in before if one in ids)
    if not least <= len(proposed) <= chosen.max:
        proposed = tuple(ids) if len(ids) == least else ()
    return Choice(least, min(chosen.max, len(ids)), people, proposed)


def choices_before(on: Reading | UnitOfWork, found: Subject, pinned: PinnedApproval) -> Choices:
    """Return whom the submitter chose the last time that the record was submitted to an approval."""
    before = run_before(on, found, pinned)
    return (before.choices if before is not None else None) or {}


def stands(kept: Kept, step: Step, excluded: Collection[str]) -> frozenset[str]:
    """Return who approved a step in the submission before, where that stands; nobody otherwise."""
    people = kept.get(step.name, frozenset())
    return frozenset() if people & frozenset(excluded) else people


@dataclass(frozen=True, slots=True)
class Chooser:
    """Finds whom the steps of a new run ask of the people that its submitter may choose among."""

    context: Context
    work: UnitOfWork
    found: Subject
    pinned: PinnedApproval
    people: People
    excluded: frozenset[str]
    kept: Kept

    def chosen(self, given: object) -> dict[str, list[str]]:
        """Return whom each step asks, by the name of the step, as it was `given` by the caller.

        Without a choice those chosen before are taken, else all there are where they are no more than
        needed. Raise RefusedError for a choice that is missing or cannot be.
        """
        sent = _sent(given)
        steps = {step.name: step for step in self.pinned.steps if step.choice is not None}
        before = choices_before(self.work, self.found, self.pinned) if steps else {}
        problems = [
            messages.CHOICE_UNKNOWN.at(pointer(PLACE, name), step=name)
            for name in sent
            if name not in steps
        ]
        taken: dict[str, list[str]] = {}
        for name, step in steps.items():
            found = self._of_step(step, sent.get(name), before.get(name, ()))
            if isinstance(found, Problem):
                problems.append(found)
            elif found:
                taken[name] = found
        if problems:
            raise RefusedError.of(problems)
        return taken

    def _of_step(
        self, step: Step, sent: list[str] | None, before: Sequence[str]
    ) -> list[str] | Problem:
        if step.choice is None:
            return []
        kept = stands(self.kept, step, self.excluded)
        where = pointer(PLACE, step.name)
        if kept:
            if sent is not None and frozenset(sent) != kept:
                return messages.CHOICE_KEPT.at(where, step=step.label)
            # What stands may fall, and then its people are asked after all.
            pool = self.people.pool(step, self.found.environment, self.excluded)
            still = {one.id for one in pool}
            return [one for one in before if one in still]
        if not sent and not self.found.holds(step.when):
            return []
        pool = self.people.pool(step, self.found.environment, self.excluded)
        choice = choice_of(self.context, self.work, step.choice[1], pool, before)
        wanted = list(choice.proposed if choice else ()) if sent is None else sent
        offered = {one.id for one in choice.people} if choice else set()
        if not self.excluded.isdisjoint(wanted):
            return messages.CHOICE_OWN.at(where, step=step.label)
        if not offered.issuperset(wanted):
            return messages.CHOICE_OUTSIDE.at(where, step=step.label)
        if choice is not None and not choice.min <= len(wanted) <= choice.max:
            counts = {"min": choice.min, "max": choice.max}
            wrong = messages.CHOICE_MISSING if len(wanted) < choice.min else messages.CHOICE_MANY
            return wrong.at(where, step=step.label, **counts)
        return wanted


def _sent(given: object) -> dict[str, list[str]]:
    """Return a choice as it was sent, each person once; raise RefusedError for another shape."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        problem = WRONG_TYPE.at(pointer(PLACE), expected=OBJECT, given=type_name(given))
        raise RefusedError(problem)
    found: dict[str, list[str]] = {}
    for name, ids in given.items():
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise RefusedError(messages.CHOICE_SHAPE.at(pointer(PLACE, str(name)), step=str(name)))
        found[str(name)] = list(dict.fromkeys(ids))
    return found


def refuse_choice(given: Any) -> None:
    """Refuse a choice of approvers where a transition asks nobody."""
    for name in _sent(given):
        raise RefusedError(messages.CHOICE_UNKNOWN.at(pointer(PLACE, name), step=name))
