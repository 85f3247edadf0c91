"""The principal: who asks, with what roles, for which organisation and territories.

A principal is a value that can be kept: `credential` and `stamp` say what it was made from, and
every statement that reads or writes for it compares the stored stamp with this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal
from zoneinfo import ZoneInfo

from headrace.platform.core.problems import Language

Audience = Literal["internal", "partner"]
CredentialKind = Literal["session", "token", "user", "system"]


@dataclass(frozen=True, slots=True)
class RoleHolding:
    """A role that a user holds, within a territory and what is below it, or without one."""

    role: str
    territory_id: str | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """What the caller showed; `id` is the row of the session or token, never its secret.

    `user` stands for a job that goes on for somebody who has left: `id` is the user's own.
    """

    kind: CredentialKind
    id: str


@dataclass(frozen=True, slots=True)
class Rights:
    """All of a principal that a compiled statement may depend on: no ids of anybody.

    Statements are cached by it, so two users with the same roles share them.
    """

    audience: Audience
    roles: frozenset[str]
    is_system: bool = False


@dataclass(frozen=True)
class Principal:
    """A signed-in user, as every access decision sees it.

    `zone` is the user's own zone, for showing instants; calendar days are those of the workspace.
    `stamp` counts the changes of the user's rights; an ended credential counts as a change.
    """

    user_id: str
    login: str
    name: str
    language: Language
    zone: ZoneInfo
    audience: Audience
    organisation: str | None
    roles: frozenset[RoleHolding]
    stamp: int
    credential: Credential
    is_system: bool = False

    @cached_property
    def role_names(self) -> frozenset[str]:
        """Names of the roles held, in whatever territory."""
        return frozenset(holding.role for holding in self.roles)

    @cached_property
    def rights(self) -> Rights:
        """What compiled statements may depend on."""
        return Rights(self.audience, self.role_names, self.is_system)

    def holds(self, role: str) -> bool:
        """Say whether the user holds `role`."""
        return role in self.role_names

    def territories_of(self, role: str) -> tuple[str, ...]:
        """Return the territories within which the user holds `role`, in a fixed order."""
        return tuple(
            sorted(
                holding.territory_id
                for holding in self.roles
                if holding.role == role and holding.territory_id is not None
            )
        )


SYSTEM_USER_ID: Final = "00000000-0000-7000-8000-000000000001"
"""The user that stands in `created_by` of what nobody typed; never signs in."""

SYSTEM_PRINCIPAL: Final = Principal(
    user_id=SYSTEM_USER_ID,
    login="system",
    name="Headrace",
    language="en",
    zone=ZoneInfo("UTC"),
    audience="internal",
    organisation=None,
    roles=frozenset(),
    stamp=0,
    credential=Credential("system", SYSTEM_USER_ID),
    is_system=True,
)
"""Publishing, timers and queries of formulas act as this one: every row, every field."""
