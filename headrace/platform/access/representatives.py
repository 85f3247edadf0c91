"""Who stands for a role where something is tried for all who hold it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import sqlalchemy as sa

from headrace.platform.access.principals import Principal
from headrace.platform.access.tables import USER, USER_ROLE
from headrace.platform.metadata.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Representative:
    """The user who stands for a role, and how many active people hold it."""

    user_id: str
    people: int


def representatives(
    connection: sa.Connection, roles: Collection[str]
) -> Mapping[str, Representative]:
    """Return for each role the active user who stands for it; roles that nobody holds are left out.

    It is somebody who holds it within a territory, or belongs to an organisation, where there is one: others
    may see nothing by it. Of these who holds the fewest other roles; of several always the same one. Costs
    one statement.
    """
    placed = sa.case((USER_ROLE.c.territory.is_not(None), 1), else_=0)
    belongs = sa.case((USER.c.organisation.is_not(None), 1), else_=0)
    pairs = (
        sa.select(USER_ROLE.c.role, USER_ROLE.c.user, sa.func.max(placed + belongs).label("bound"))
        .join(USER, USER.c.id == USER_ROLE.c.user)
        .where(USER.c.active)
        .group_by(USER_ROLE.c.role, USER_ROLE.c.user)
        .cte("held")
    )
    held = (
        sa.select(pairs.c.user, sa.func.count().label("roles")).group_by(pairs.c.user).cte("roles")
    )
    first = sa.func.row_number().over(
        partition_by=pairs.c.role, order_by=[pairs.c.bound.desc(), held.c.roles, pairs.c.user]
    )
    ranked = (
        sa.select(
            pairs.c.role,
            pairs.c.user,
            sa.func.count().over(partition_by=pairs.c.role).label("people"),
            first.label("place"),
        )
        .join(held, held.c.user == pairs.c.user)
        .where(pairs.c.role.in_(roles))
        .subquery("ranked")
    )
    query = sa.select(ranked.c.role, ranked.c.user, ranked.c.people).where(ranked.c.place == 1)
    return {
        role: Representative(str(user), people) for role, user, people in connection.execute(query)
    }


def holding_only(principal: Principal, role: str, catalog: Catalog) -> Principal:
    """Return a principal as if this role were the only one that it holds."""
    held = frozenset(one for one in principal.roles if one.role == role)
    return replace(principal, roles=held, audience=catalog.roles[role].audience)
