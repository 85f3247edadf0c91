"""The lists of the inbox: pages in order, what narrows them, what comes after a decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from headrace.platform.core.errors import RefusedError
from headrace.platform.workflow import inbox_filters
from headrace.platform.workflow.delegations import Delegations
from headrace.platform.workflow.inbox_filters import InboxFilter, inbox_filter
from tests.support.approval_world import World, approval_world


@pytest.fixture(scope="module")
def world(shared_databases: Callable[[], str]) -> Iterator[World]:
    with approval_world(shared_databases()) as found:
        yield found


def listed(world: World, login: str, state: Any, **more: Any) -> list[str]:
    return [one.record_id for one in world.tasks.inbox(world.context(login), state, **more).items]


def test_what_was_decided_comes_in_one_order_over_pages_and_states(world, monkeypatch):
    claims = [world.claim() for _ in range(6)]
    runs = [world.submit(claim) for claim in claims]
    delegations = Delegations(world.notifications)
    faye = world.users["faye"]
    today = world.context("mia").today()
    world.does("mia", lambda c, w: delegations.create(c, w, faye, today, today))
    for index, run in enumerate(runs):
        action = "reject" if index % 2 else "approve"
        task = world.open_tasks(run)["mia"]
        login = "faye" if index == 3 else "mia"
        said = {"version": task.version, "comment": f"Reason {index % 4}"}
        world.does(
            login, lambda c, w, a=action, t=task, s=said: world.tasks.decide(c, w, t.id, a, **s)
        )
    assert listed(world, "mia", "done") == claims[::-1]
    assert listed(world, "faye", "done") == [claims[3]]
    context = world.context("mia")
    seen, before = [], None
    for _ in range(3):
        page = world.tasks.inbox(context, "done", limit=2, before=before)
        seen += [one.record_id for one in page.items]
        before = page.next
    assert (seen, before, page.count, page.capped) == (claims[::-1], None, 6, False)
    monkeypatch.setattr(inbox_filters, "COUNTED", 4)
    page = world.tasks.inbox(context, "done", limit=2)
    assert (page.count, page.capped) == (4, True)
    assert world.tasks.last_comments(context) == ("Reason 1", "Reason 0", "Reason 2")


def test_words_object_submitter_sum_and_days_narrow(world):
    old = world.claim(login="dave", amount="150")
    world.submit(old, "dave")
    world.clock.instant += timedelta(days=3)
    exact, less = world.claim(amount="200"), world.claim(amount="199.99")
    for claim in (exact, less):
        world.submit(claim)
    number = world.row(exact)["claim_no"]
    assert listed(world, "mia", "open", where=InboxFilter(text=number.lower())) == [exact]
    assert listed(world, "mia", "open", where=InboxFilter(text="%")) == []
    assert listed(world, "mia", "open", where=InboxFilter(submitter=world.users["dave"])) == [old]
    assert listed(world, "mia", "open", where=InboxFilter(submitter="x")) == []
    assert listed(world, "mia", "open", where=InboxFilter(least=Decimal(200))) == [exact]
    assert listed(world, "mia", "open", where=InboxFilter(object="claim")) == [less, exact, old]
    assert listed(world, "mia", "open", where=InboxFilter(object="nothing")) == []
    assert listed(world, "mia", "open", where=InboxFilter(days=2)) == [old]
    assert listed(world, "dora", "started", where=InboxFilter(least=Decimal(200))) == [exact]
    context = world.context("mia")
    newest, middle, oldest = (one.id for one in world.tasks.inbox(context).items)
    assert world.tasks.next_open(context, newest) == middle
    assert world.tasks.next_open(context, oldest) == newest
    assert world.tasks.next_open(world.context("olaf"), newest) is None


@pytest.mark.parametrize(
    "given", [{"least": "many"}, {"least": "1e9"}, {"days": "-1"}, {"days": "1.5"}]
)
def test_what_is_no_number_is_told_at_its_name(given):
    with pytest.raises(RefusedError) as error:
        inbox_filter(given)
    assert [one.path for one in error.value.problems] == [f"/{name}" for name in given]
    assert inbox_filter({"least": "20,000.50", "days": ""}) == InboxFilter(
        least=Decimal("20000.50")
    )
