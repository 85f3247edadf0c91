"""Who is asked: by field, by role, by role within a territory; never nobody, never oneself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import sqlalchemy as sa

from headrace.platform.access.identity import MOST_LEVELS, managers_above, normalised_login
from headrace.platform.access.principals import SYSTEM_USER_ID
from headrace.platform.access.tables import USER, USER_ROLE
from headrace.platform.core.errors import ConflictError, UnavailableError
from headrace.platform.core.problems import Message, Text
from headrace.platform.database.system_tables import SETTING
from headrace.platform.database.tables import Tables
from headrace.platform.formulas.environment import Environment
from headrace.platform.formulas.messages import FormulaValueError
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.storage_types import values_in
from headrace.platform.workflow.pinned import Approver, Step, evaluator

FALLBACK_SETTING: Final = "fallback_approver_role"
"""The setting that names the role asked where nobody else is found; without it, the designers."""

NOBODY = Message(
    "approval.nobody",
    "Nobody can be asked in the step “{step}”.",
    "步骤“{step}”找不到审批人。",
    "An administrator must give somebody its role, or set the fall-back approver role.",
    "请管理员分配该角色，或设置兜底审批角色。",
)

LEFT = Message(
    "approval.approver_left",
    "An approver has just left.",
    "审批人刚刚离开。",
    "Try again: somebody else will be asked.",
    "请重试，系统将请其他人审批。",
)


Choices = Mapping[str, Sequence[str]]
"""Whom the submitter chose: ids of users by the name of the step."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user who is asked; `role` is the role for which, None where a field names the user.

    With `veto` their rejection ends a step whose mode counts a share.
    """

    id: str
    name: str
    role: str | None
    veto: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """The people of a step; `fallback` where the fall-back had to be used.

    `failed` are formulas that could not be worked out: they found nobody.
    """

    people: tuple[Person, ...]
    fallback: bool
    failed: tuple[str, ...] = ()


class People:
    """Finds the approvers of steps of what `submitter` submits, in one connection and for one catalog.

    A formula or a path that cannot be worked out finds nobody, so that it climbs like an empty audience.
    """

    raised: tuple[type[Exception], ...] = ()
    """Failures that are not taken so, because who asks tells of them otherwise."""

    def __init__(
        self,
        connection: sa.Connection,
        catalog: Catalog,
        tables: Tables,
        submitter: str,
        choices: Choices | None = None,
    ) -> None:
        self._choices = choices or {}
        self._connection = connection
        self._catalog = catalog
        self._tables = tables
        self._submitter = submitter
        self.failed: list[str] = []
        """What could not be worked out of the step asked about last."""

    def resolve(self, step: Step, environment: Environment, excluded: Collection[str]) -> Asked:
        """Return who is asked in `step` of the record of `environment`, without the `excluded`.

        Raise ConflictError where even the fall-back gives nobody.
        """
        self.failed.clear()
        asked = self._resolved(step, environment, excluded)
        return replace(asked, failed=tuple(dict.fromkeys(self.failed)))

    def _resolved(self, step: Step, environment: Environment, excluded: Collection[str]) -> Asked:
        found = [self._of_source(step, one, environment, excluded) for one in step.approvers]
        if step.asks_each:
            return self._everybody(step, found, excluded)
        union = _distinct(person for people in found for person in people)
        if union:
            return Asked(union[:1] if step.mode == "one" else union, fallback=False)
        people = self.fallback(step.label, excluded)
        return Asked(people[:1] if step.mode == "one" else people, fallback=True)

    def pool(
        self, step: Step, environment: Environment, excluded: Collection[str]
    ) -> tuple[Person, ...]:
        """Return among whom who submits chooses in a step; nobody where it leaves no choice."""
        if step.choice is None:
            return ()
        source, _ = step.choice
        return _distinct(self._without(self._candidates(source, environment, excluded), excluded))

    def _of_source(
        self, step: Step, approver: Approver, environment: Environment, excluded: Collection[str]
    ) -> tuple[Person, ...]:
        """Return whom a source gives: those who were chosen of it, in the order of the choice.

        Where nobody was chosen, or none of them may be asked any more, everybody.
        """
        people = self._without(self._candidates(approver, environment, excluded), excluded)
        if approver.chosen is None:
            return people
        by_id = {person.id: person for person in people}
        picked = [by_id[one] for one in self._choices.get(step.name, ()) if one in by_id]
        return tuple(picked) or people

    def named(self, approvers: Iterable[Approver], environment: Environment) -> tuple[Person, ...]:
        """Return all whom the sources name, and nobody else where they name nobody."""
        return _distinct(
            person for one in approvers for person in self._candidates(one, environment, ())
        )

    def fallback(self, step: Text, excluded: Collection[str]) -> tuple[Person, ...]:
        """Return the people asked where nobody else is found."""
        for role in (self._fallback_role(), *self._design_roles()):
            people = self._without(self._holders(role), excluded) if role else ()
            if people:
                return people
        raise ConflictError(NOBODY.at(step=step))

    def _everybody(
        self, step: Step, found: list[tuple[Person, ...]], excluded: Collection[str]
    ) -> Asked:
        """Return all of a step where each must approve: no source may fall away silently."""
        missing = any(not people for people in found)
        people = [person for several in found for person in several]
        if missing:
            people.append(self.fallback(step.label, excluded)[0])
        return Asked(_distinct(people), fallback=missing)

    def _candidates(
        self, approver: Approver, environment: Environment, excluded: Collection[str]
    ) -> tuple[Person, ...]:
        try:
            found = self._found(approver, environment, excluded)
        except (LookupError, FormulaValueError) as error:
            if isinstance(error, self.raised):
                raise
            self.failed.append(approver.formula.source if approver.formula else str(error))
            return ()
        return tuple(replace(one, veto=True) for one in found) if approver.veto else found

    def _found(
        self, approver: Approver, environment: Environment, excluded: Collection[str]
    ) -> tuple[Person, ...]:
        if approver.field:
            named = environment.value(approver.field)
            return self._active(values_in(str(named)) or ()) if named else ()
        if approver.user is not None:
            return self._active(self._logged_in_as(approver.user))
        if approver.managers is not None:
            return self._managers(approver, approver.managers, environment)
        if approver.formula is not None:
            return self._active(_users_of(evaluator(approver.formula)(environment)))
        if approver.role is None:
            return ()
        if not approver.within:
            return self._holders(approver.role)
        territory = environment.value(approver.within)
        return self._holders_up(approver.role, str(territory) if territory else None, excluded)

    def _logged_in_as(self, login: str) -> list[str]:
        query = sa.select(USER.c.id).where(USER.c.login == normalised_login(login))
        return list(self._connection.execute(query).scalars())

    def _managers(
        self, approver: Approver, levels: int, environment: Environment
    ) -> tuple[Person, ...]:
        """Return the managers of the submitter, or of the user in a field, nearest first.

        One who has left is passed over: whom they reported to is asked.
        """
        below = environment.value(approver.of) if approver.of else self._submitter
        above = managers_above(self._connection, str(below), MOST_LEVELS) if below else []
        people = self._active(above)
        if approver.until is not None:
            held = (
                index
                for index, one in enumerate(people)
                if holds_role(self._connection, one.id, approver.until)
            )
            people = people[: next(held, len(people)) + 1]
        return people[:levels]

    def _active(self, ids: Collection[str]) -> tuple[Person, ...]:
        statement = (
            sa.select(USER.c.id, USER.c.name)
            .where(USER.c.id.in_(ids), USER.c.active, USER.c.id != SYSTEM_USER_ID)
            .order_by(USER.c.login)
        )
        found = {row.id: row.name for row in self._connection.execute(statement)}
        return tuple(Person(one, found[one], None) for one in ids if one in found)

    def _holders(self, role: str) -> tuple[Person, ...]:
        return _distinct(person for person, _ in self._holdings(role))

    def _holders_up(
        self, role: str, territory: str | None, excluded: Collection[str]
    ) -> tuple[Person, ...]:
        """Return who holds `role` in the territory, else in the next one up, …, else everywhere."""
        held: dict[str | None, list[Person]] = {}
        for person, place in self._holdings(role):
            held.setdefault(place, []).append(person)
        for place in (*self._upwards(territory), None):
            people = self._without(_distinct(held.get(place, ())), excluded)
            if people:
                return people
        return ()

    def _holdings(self, role: str) -> list[tuple[Person, str | None]]:
        statement = (
            sa.select(USER.c.id, USER.c.name, USER_ROLE.c.territory)
            .join(USER_ROLE, USER_ROLE.c.user == USER.c.id)
            .where(USER_ROLE.c.role == role, USER.c.active, USER.c.id != SYSTEM_USER_ID)
            .order_by(USER.c.login)
        )
        return [
            (Person(row.id, row.name, role), row.territory)
            for row in self._connection.execute(statement)
        ]

    def _upwards(self, territory: str | None) -> tuple[str, ...]:
        """Return the territory and those above it, nearest first."""
        model = self._catalog.acting_as("territory")
        if territory is None or model is None:
            return ()
        table = self._tables.of(model.name)
        if table.path is None:
            return (territory,)
        statement = sa.select(table.path).where(table.columns["id"] == territory)
        path = self._connection.execute(statement).scalar()
        return tuple(reversed(str(path).strip("/").split("/"))) if path else (territory,)

    def _fallback_role(self) -> str | None:
        statement = sa.select(SETTING.c.value).where(SETTING.c.key == FALLBACK_SETTING)
        role = self._connection.execute(statement).scalar()
        return role if isinstance(role, str) and role else None

    def _design_roles(self) -> tuple[str, ...]:
        return tuple(sorted(name for name, role in self._catalog.roles.items() if role.design))

    def _without(self, people: Iterable[Person], excluded: Collection[str]) -> tuple[Person, ...]:
        return tuple(person for person in people if person.id not in excluded)


def _users_of(value: object) -> list[str]:
    """Return the ids that a formula gave: one, several as text, or a list."""
    if value is None:
        return []
    if isinstance(value, str):
        return values_in(value) or []
    return [str(one) for one in value if one is not None] if isinstance(value, Iterable) else []


def _distinct(people: Iterable[Person]) -> tuple[Person, ...]:
    found: dict[str, Person] = {}
    for person in people:
        known = found.setdefault(person.id, person)
        if person.veto and not known.veto:
            found[person.id] = replace(known, veto=True)
    return tuple(found.values())


def names_of(connection: sa.Connection, ids: Collection[str]) -> dict[str, str]:
    """Return the names of users by id."""
    statement = sa.select(USER.c.id, USER.c.name).where(USER.c.id.in_(ids))
    return {row.id: row.name for row in connection.execute(statement)} if ids else {}


def keep_active(connection: sa.Connection, ids: Collection[str]) -> None:
    """Keep users from being deactivated until the end of the transaction.

    Raise UnavailableError where one was deactivated since they were found: the caller tries again.
    """
    statement = sa.select(USER.c.id).where(USER.c.id.in_(ids), USER.c.active).order_by(USER.c.id)
    kept = connection.execute(statement.with_for_update(read=True)).all()
    if len(kept) != len(set(ids)):
        raise UnavailableError(LEFT.at())


def is_active(connection: sa.Connection, user_id: str) -> bool:
    """Say whether a user may act."""
    return bool(connection.execute(sa.select(USER.c.active).where(USER.c.id == user_id)).scalar())


def may_act_with(connection: sa.Connection, user_id: str, other: str) -> bool:
    """Say whether a user may act and belongs where another one does."""
    asked = sa.select(USER).where(USER.c.id.in_((user_id, other)))
    found = {row.id: row for row in connection.execute(asked)}
    return bool(found[user_id].active) and (
        found[user_id].organisation == found[other].organisation
    )


def holds_role(connection: sa.Connection, user_id: str, role: str) -> bool:
    """Say whether a user holds a role, in whatever territory."""
    statement = sa.select(USER_ROLE.c.id).where(
        USER_ROLE.c.user == user_id, USER_ROLE.c.role == role
    )
    return connection.execute(statement.limit(1)).first() is not None
