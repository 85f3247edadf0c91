"""A role that approvals need keeps its last holder, whoever takes it away at the same moment."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from headrace.platform.access.tables import USER, USER_ROLE
from headrace.platform.core.errors import ConflictError
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.workflow.needing import refuse_to_empty
from tests.database.test_workflow_races import in_threads
from tests.support.approval_world import World, approval_world

ROUNDS = 5


def take_away(world: World, login: str, work: UnitOfWork, *, active: bool) -> None:
    user_id = world.users[login]
    refuse_to_empty(world.context("system"), work, user_id, {"finance"})
    if active:
        work.connection.execute(sa.delete(USER_ROLE).where(USER_ROLE.c.user == user_id))
    else:
        change = sa.update(USER).where(USER.c.id == user_id)
        work.connection.execute(change.values(active=False))


@pytest.mark.parametrize("active", [True, False])
def test_of_two_who_take_the_last_two_away_one_is_refused(database_url: str, active: bool):
    with approval_world(database_url) as world:
        for _ in range(ROUNDS):
            for login in ("fred", "faye"):
                world.set_user(login, active=True)
                world.set_roles(login, ("finance", None))
            said = dict.fromkeys(("fred", "faye"), "done")

            def act(index: int, said: dict[str, str] = said) -> None:
                login = ("fred", "faye")[index]
                try:
                    with world.database.writing(None) as work:
                        take_away(world, login, work, active=active)
                except ConflictError as error:
                    said[login] = error.problems[0].code

            in_threads(2, act)
            assert sorted(said.values()) == ["done", "role.needed"]
