"""Why somebody is asked: by which field, by which role, where it was found, and who was left out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

import sqlalchemy as sa

from headrace.platform.database.tables import Tables
from headrace.platform.formulas.environment import Environment
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.workflow.people import Asked, Choices, People, Person
from headrace.platform.workflow.pinned import Approver, Chosen, Step


@dataclass(frozen=True, slots=True)
class Source:
    """What one source of approvers gave.

    `path` are the ids of the fields that lead to the user, to the territory or to whose managers are asked. `start` is the record's
    territory and `place` the one in which the role was found; None where it was found for everywhere.
    Of these people who submits chooses, where it is `chosen` from.
    `left_out` are people who would be asked, were they not kept from deciding.
    """

    kind: Literal["field", "role", "within", "user", "managers", "formula", "fallback"]
    people: tuple[Person, ...]
    path: tuple[str, ...] = ()
    role: str | None = None
    start: str | None = None
    place: str | None = None
    left_out: tuple[Person, ...] = ()
    chosen: Chosen | None = None


class ExplainedPeople(People):
    """Finds approvers and keeps how each source found them; what cannot be told is left to who asks."""

    raised = (LookupError,)

    def __init__(
        self,
        connection: sa.Connection,
        catalog: Catalog,
        tables: Tables,
        submitter: str,
        choices: Choices | None = None,
    ) -> None:
        super().__init__(connection, catalog, tables, submitter, choices)
        self.sources: list[Source] = []
        """What the sources of the step asked about last gave."""
        self._places: tuple[str | None, str | None] = (None, None)
        self._out: tuple[Person, ...] = ()

    def resolve(self, step: Step, environment: Environment, excluded: Collection[str]) -> Asked:
        """Return who is asked; `sources` says why."""
        self.sources.clear()
        asked = super().resolve(step, environment, excluded)
        if asked.fallback:
            known = {person.id for source in self.sources for person in source.people}
            more = tuple(person for person in asked.people if person.id not in known)
            role = next((person.role for person in more), None)
            self.sources.append(Source("fallback", more, role=role))
        return asked

    def _found(
        self, approver: Approver, environment: Environment, excluded: Collection[str]
    ) -> tuple[Person, ...]:
        self._places, self._out = (None, None), ()
        found = super()._found(approver, environment, excluded)
        out = (*self._out, *(one for one in found if one.id in excluded))
        people = self._without(found, excluded)
        if approver.field:
            source = Source("field", people, approver.field, left_out=out)
        elif approver.within:
            start, place = self._places
            source = Source("within", people, approver.within, approver.role, start, place, out)
        elif approver.user is not None:
            source = Source("user", people, left_out=out)
        elif approver.managers is not None:
            source = Source("managers", people, approver.of, left_out=out)
        elif approver.formula is not None:
            source = Source("formula", people, left_out=out)
        else:
            source = Source("role", people, role=approver.role, left_out=out)
        self.sources.append(replace(source, chosen=approver.chosen))
        return found

    def _holders_up(
        self, role: str, territory: str | None, excluded: Collection[str]
    ) -> tuple[Person, ...]:
        found = super()._holders_up(role, territory, excluded)
        held = self._holdings(role)
        chosen = {person.id for person in found}
        for place in (*self._upwards(territory), None):
            here = [person for person, where in held if where == place]
            self._out = (*self._out, *(one for one in here if one.id in excluded))
            if any(one.id in chosen for one in here):
                self._places = (territory, place)
                break
        return found
