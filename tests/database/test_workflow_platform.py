"""Approvals through the assembled platform: real callers, a publish in between, people who leave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.platform.access.principals import RoleHolding
from headrace.platform.core.errors import ConflictError, UnauthenticatedError
from headrace.platform.jobs.notifications import NOTIFY
from headrace.platform.workflow.tasks import TaskItem
from tests.support.publishing import Publishing, platform_at


class Office:
    """A published workspace with a dealer, a manager and an admin, each with a token."""

    def __init__(self, made: Publishing) -> None:
        self.made = made
        self.platform = made.platform
        made.publish()
        self.users: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self.add_user("mia")
        self.add_user("ann", "admin")
        region = made.create("region", code="R", name="Region")
        self.company = made.create(
            "company", code="S", name="Shop", region=region, manager=self.users["mia"]
        )
        self.add_user("dora", "dealer", organisation=self.company)

    def add_user(self, login: str, *roles: str, **values: Any) -> None:
        def add(_: Any, work: Any) -> tuple[str, str]:
            identity = self.platform.identity
            holdings = [RoleHolding(role) for role in roles]
            user = identity.create_user(work, login=login, name=login, roles=holdings, **values)
            return user, identity.create_token(work, user, "test")

        self.users[login], self.tokens[login] = self.platform.write_as_system(add)

    def writes(self, login: str, action: Any) -> Any:
        return self.platform.write_for_token(self.tokens[login], action)

    def inbox(self, login: str) -> tuple[TaskItem, ...]:
        tasks = self.platform.tasks
        return self.platform.perform_for_token(
            self.tokens[login], lambda context: tasks.inbox(context).items
        )

    def submitted(self) -> str:
        """Let the dealer create and submit a claim in one unit of work; return its id."""

        def submit(context: Any, work: Any) -> str:
            data = {"subject": "Broken", "items": [{"what": "x", "qty": "1", "price": "500"}]}
            saved = self.platform.store.create(context, work, "claim", data)
            self.platform.workflow.fire(
                context, work, "claim", saved.id, "submit", version=saved.version
            )
            return saved.id

        return self.writes("dora", submit)

    def change(self, login: str, **values: Any) -> None:
        self.platform.write_as_system(
            lambda _, work: self.platform.identity.update_user(work, self.users[login], **values)
        )

    def approve(self, login: str, item: TaskItem) -> None:
        self.writes(
            login,
            lambda c, w: self.platform.tasks.decide(c, w, item.id, "approve", version=item.version),
        )


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    with platform_at(database_url) as platform:
        yield Office(Publishing(platform, tmp_path))


def test_a_claim_goes_through_the_platform(office: Office):
    claim = office.submitted()
    (item,) = office.inbox("mia")
    assert (item.record_id, item.submitter.name) == (claim, "dora")
    office.platform.worker().drain()
    assert office.platform.notifications.unread_count(office.users["mia"]) == 1
    office.approve("mia", item)
    assert office.made.value("claim", claim, "status") == "paid"
    assert office.inbox("mia") == ()
    assert NOTIFY in office.platform.handlers


def test_a_publish_in_between_leaves_the_run_on_its_definition(office: Office):
    claim = office.submitted()
    office.made.contents["approval", "claim_by_amount"]["steps"] = [
        {"name": "other", "approvers": [{"role": "finance"}]}
    ]
    office.made.publish()
    (item,) = office.inbox("mia")
    office.approve("mia", item)
    assert office.made.value("claim", claim, "status") == "paid"


def test_deactivating_somebody_gives_their_tasks_away_in_the_same_transaction(office: Office):
    office.submitted()
    office.change("mia", active=False)
    with pytest.raises(UnauthenticatedError):
        office.inbox("mia")
    (item,) = office.inbox("ann")
    office.approve("ann", item)
    assert office.made.value("claim", item.record_id, "status") == "paid"


def test_the_last_one_who_could_decide_has_to_stay(office: Office):
    office.submitted()
    office.change("ann", active=False)
    with pytest.raises(ConflictError) as conflict:
        office.change("mia", active=False)
    assert conflict.value.problems[0].code == "approval.nobody"
    assert len(office.inbox("mia")) == 1, "nothing was changed"


def test_roles_that_are_taken_away_give_their_tasks_away(office: Office):
    office.change("mia", active=False)
    office.submitted()
    assert len(office.inbox("ann")) == 1
    office.add_user("abe", "admin")
    office.platform.write_as_system(
        lambda _, work: office.platform.identity.set_roles(work, office.users["ann"], [])
    )
    assert office.inbox("ann") == ()
    assert len(office.inbox("abe")) == 1
