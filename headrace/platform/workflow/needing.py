"""Roles that approvals need: nobody who holds one as the last is let go without somebody in their place."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from headrace.platform.access.principals import SYSTEM_USER_ID
from headrace.platform.access.tables import USER, USER_ROLE
from headrace.platform.core.errors import ConflictError
from headrace.platform.core.problems import Problem, Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.records.context import Context
from headrace.platform.workflow import messages
from headrace.platform.workflow.tables import TASK
from headrace.platform.workflow.voting import UNDECIDED


def refuse_to_empty(
    context: Context, work: UnitOfWork, user_id: str, roles: Collection[str]
) -> None:
    """Refuse to take `roles` from a user where approvals need one that nobody else holds.

    Asked before the roles are taken away. Raise ConflictError `role.needed` with all of them.
    """
    problems = needed_last(context, work, user_id, roles)
    if problems:
        raise ConflictError(*problems.values())


def needed_last(
    context: Context, work: UnitOfWork, user_id: str, roles: Collection[str]
) -> dict[str, Problem]:
    """Return which of the roles approvals need and no other active user holds, and what needs them.

    Live approvals that ask the role need it, and open tasks of people who were asked for it. Nobody
    else takes one of them away until the end of the transaction.
    """
    _hold(work, roles)
    return needed(context, work.connection, user_id, roles)


def needed(
    context: Context, connection: sa.Connection, user_id: str, roles: Collection[str]
) -> dict[str, Problem]:
    """Return what `needed_last` does as it stands now, without keeping it so."""
    problems = {}
    for role in _last_held(connection, user_id, roles):
        approvals = _approvals_asking(context.catalog, role)
        waiting = sa.select(sa.func.count()).where(TASK.c.role == role, TASK.c.state.in_(UNDECIDED))
        tasks = int(connection.execute(waiting.select_from(TASK)).scalar_one())
        if approvals or tasks:
            names = [one.within(context.language) for one in approvals]
            shown = ", ".join(dict.fromkeys(names)) or "–"
            known = context.catalog.roles.get(role)
            label = known.label if known else Text(role, role)
            problems[role] = messages.ROLE_NEEDED.at(role=label, approvals=shown, count=tasks)
    return problems


def _hold(work: UnitOfWork, roles: Collection[str]) -> None:
    """Let those wait who take the roles from somebody at the same moment: they ask who is left after this.

    A statement of its own, because one that waits for a row still sees the others as they were.
    """
    held = sa.select(USER_ROLE.c.id).where(USER_ROLE.c.role.in_(roles)).order_by(USER_ROLE.c.id)
    if roles:
        work.connection.execute(held.with_for_update()).all()


def _last_held(connection: sa.Connection, user_id: str, roles: Collection[str]) -> list[str]:
    others = (
        sa.select(USER_ROLE.c.role)
        .join(USER, USER.c.id == USER_ROLE.c.user)
        .where(
            USER_ROLE.c.role.in_(roles),
            USER_ROLE.c.user.not_in((user_id, SYSTEM_USER_ID)),
            USER.c.active,
        )
    )
    held = set(connection.execute(others).scalars()) if roles else set()
    return sorted(set(roles) - held)


def _approvals_asking(catalog: Catalog, role: str) -> list[Text]:
    return [
        approval.label
        for workflow in catalog.workflows.values()
        for approvals in workflow.approvals.values()
        for approval in approvals
        if any(
            approver.role == role
            for step in approval.steps
            for approver in (*step.approvers, *(step.time.escalate_to if step.time else ()))
        )
    ]
