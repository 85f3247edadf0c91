"""Who leaves, or gives a role up: what of approvals needs them, and who takes it over.

Nothing of it is left to chance: a role that approvals need goes to somebody first, tasks go to whom an
administrator names, and those that they may not have to whom the definitions ask next.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headrace.platform.access.identity import Identity
from headrace.platform.access.tables import USER
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.core.problems import Problem, Text, pointer
from headrace.platform.database.engine import Reading
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.context import Context
from headrace.platform.workflow import messages
from headrace.platform.workflow.approvals import Approvals
from headrace.platform.workflow.cases import checked_reason
from headrace.platform.workflow.delegations import Colleague, colleagues
from headrace.platform.workflow.naming import Naming, approvals_naming, records_naming
from headrace.platform.workflow.needing import needed, needed_last, refuse_to_empty
from headrace.platform.workflow.repairing import Repairs
from headrace.platform.workflow.runs import (
    Row,
    known_run,
    tasks_of_step,
    undecided_tasks_of_user,
)


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role that somebody holds; `needed` says what needs it where nobody else holds it."""

    name: str
    label: Text
    needed: Problem | None


@dataclass(frozen=True, slots=True)
class Leaving:
    """What of approvals needs somebody: roles, open tasks, and approvals that name them by login.

    `records` name them in a field where approvals look for whom to ask; `heirs` are who may take over.
    """

    person: Colleague
    roles: tuple[HeldRole, ...]
    tasks: int
    named: tuple[Text, ...]
    records: tuple[Naming, ...]
    heirs: tuple[Colleague, ...]

    def render(self, language: str) -> dict[str, Any]:
        """Return it as the API shows it."""
        return {
            "user": {"id": self.person.id, "name": self.person.name},
            "roles": [
                {
                    "name": one.name,
                    "label": one.label.within(language),
                    "needed": one.needed.message.within(language) if one.needed else None,
                }
                for one in self.roles
            ],
            "tasks": self.tasks,
            "named": [one.within(language) for one in self.named],
            "records": [one.render(language) for one in self.records],
            "heirs": [{"id": one.id, "name": one.name} for one in self.heirs],
        }


class Leavings:
    """Lets people of the caller's organisation go, and hands over what approvals need of them."""

    def __init__(self, identity: Identity, approvals: Approvals, repairs: Repairs) -> None:
        self._identity = identity
        self._approvals = approvals
        self._repairs = repairs

    def people(self, context: Context) -> tuple[Colleague, ...]:
        """Return whom the caller may let go, by name."""
        with context.database.reading() as reading:
            return colleagues(context, reading.connection)

    def of(self, context: Context, user_id: str) -> Leaving:
        """Return what needs a colleague; raise NotFoundError where the caller has none of this id."""
        with context.database.reading() as reading:
            people = colleagues(context, reading.connection)
            person = _one_of(people, user_id)
            held = self._held(reading, user_id)
            last = needed(context, reading.connection, user_id, held)
            tasks = len(undecided_tasks_of_user(reading.connection, user_id))
            login = str(_login(reading, user_id))
        roles = context.catalog.roles
        return Leaving(
            person,
            tuple(
                HeldRole(one, roles[one].label if one in roles else Text(one, one), last.get(one))
                for one in held
            ),
            tasks,
            tuple(approvals_naming(context.catalog, login)),
            records_naming(context, user_id),
            tuple(one for one in people if one.id != user_id),
        )

    def let_go(
        self,
        context: Context,
        work: UnitOfWork,
        user_id: str,
        *,
        reason: str | None,
        role: str | None = None,
        heirs: Mapping[str, str] | None = None,
        tasks_to: str | None = None,
    ) -> int:
        """End the account of a colleague, or take only `role` from them; return how many tasks went.

        `heirs` are who takes over roles that approvals need, by role; `tasks_to` who gets the tasks, but for
        those that they may not decide or are asked already.
        Raise ConflictError `role.needed` for a role without an heir, `approval.names_user` where an
        approval names the user by login; RefusedError `leaving.wrong_person`, `leaving.wrong_role`.
        """
        reason = checked_reason(reason)
        connection = work.connection
        people = colleagues(context, connection)
        _one_of(people, user_id)
        known = {one.id for one in people} - {user_id}
        heirs = {name: heir for name, heir in (heirs or {}).items() if heir}
        for role_name, heir in heirs.items():
            if heir not in known:
                raise RefusedError(messages.WRONG_HEIR.at(pointer("heirs", role_name)))
        if tasks_to and tasks_to not in known:
            raise RefusedError(messages.WRONG_HEIR.at("/tasks_to"))
        held = self._identity.roles_in(work, user_id)
        kept = [] if role is None else [one for one in held if one.role != role]
        if role is not None and len(kept) == len(held):
            raise RefusedError(messages.WRONG_ROLE.at("/role", role=role))
        hand_over(self._identity, context, work, user_id, {one.role for one in kept}, heirs)
        before = undecided_tasks_of_user(connection, user_id)
        for task in before if tasks_to else ():
            if (role is None or task.role == role) and _may_take(context, work, task, tasks_to):
                self._repairs.repair(
                    context, work, task.run, "reassign", reason=reason, task=task.id, to=tasks_to
                )
        if role is None:
            self._identity.update_user(work, user_id, active=False)
        else:
            self._identity.set_roles(work, user_id, kept)
        self._approvals.release(context, work, user_id)
        return len(before) - len(undecided_tasks_of_user(connection, user_id))

    def _held(self, reading: Reading, user_id: str) -> list[str]:
        return sorted({one.role for one in self._identity.roles_in(reading, user_id)})


def hand_over(
    identity: Identity,
    context: Context,
    work: UnitOfWork,
    user_id: str,
    kept: Collection[str],
    heirs: Mapping[str, str],
) -> None:
    """Give the `heirs`, by role, what approvals need and nobody else holds of what a user loses.

    Raise ConflictError `role.needed` with all roles that nobody takes over.
    """
    held = identity.roles_in(work, user_id)
    lost = {one.role for one in held} - set(kept)
    last = needed_last(context, work, user_id, lost)
    for role in sorted(last.keys() & heirs.keys()):
        theirs = identity.roles_in(work, heirs[role])
        more = [one for one in held if one.role == role and one not in theirs]
        identity.set_roles(work, heirs[role], [*theirs, *more])
    refuse_to_empty(context, work, user_id, lost)


def _one_of(people: Sequence[Colleague], user_id: str) -> Colleague:
    found = next((one for one in people if one.id == user_id), None)
    if found is None:
        raise NotFoundError(NOT_FOUND.at())
    return found


def _login(reading: Reading, user_id: str) -> Any:
    query = USER.select().with_only_columns(USER.c.login).where(USER.c.id == user_id)
    return reading.connection.execute(query).scalar_one()


def _may_take(context: Context, work: UnitOfWork, task: Row, to: str | None) -> bool:
    """Say whether somebody may be given a task: nobody has a part in the record, or is asked already."""
    excluded = set(known_run(work.connection, task.run).excluded)
    asked = {row.user for row in tasks_of_step(work.connection, task.step)}
    return to not in asked and not {to, context.principal.user_id} & excluded
