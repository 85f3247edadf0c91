"""Random acts and repairs on random approvals with branches: the rows agree, and every run still ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.core.errors import PlatformError
from headrace.platform.workflow.branching import ENDED
from headrace.platform.workflow.pinned import PinnedApproval
from headrace.platform.workflow.repairing import Repairs
from headrace.platform.workflow.runs import definition_of
from headrace.platform.workflow.tables import TASK
from tests.database.test_act_races import wrongs
from tests.database.test_branches import ANN, RITA, Contents, approval, block, step
from tests.database.test_ways_back import BOSS, FINANCE, MANAGER, REASON
from tests.support.approval_world import World, approval_world

SOURCES = (MANAGER, FINANCE, BOSS, RITA, ANN)
BRANCHES = 3
ACTS = (
    *("approve",) * 5,
    *("return", "take_back", "jump") * 2,
    *("skip", "restart", "move", "undo", "publish", "add", "edit"),
)
OF_APPROVERS = (*("approve",) * 5, *("edit",) * 3, "return", "take_back", "add")
KEPT = "0 decisions on a task that is approved"
"""What a move lets stand was decided in another step."""


def some_approval(random: Random) -> Contents:
    """Draw an approval of steps and blocks."""
    number = 0

    def some_step() -> dict[str, Any]:
        nonlocal number
        number += 1
        more: dict[str, Any] = {"when": "fee > 10"} if random.random() < 0.2 else {}
        if random.random() < 0.3:
            more |= {"editable": ["fee"]}
        if random.random() < 0.3:
            more |= {"depends_on": ["fee"]}
        mode = random.choice(("any", "one", "all", "sequence"))
        sources = random.sample(SOURCES, random.randint(1, 2))
        return step(f"s{number}", *sources, mode=mode, **more)

    def some_part(position: int) -> dict[str, Any]:
        if random.random() < 0.4:
            return some_step()
        branches = {
            f"b{one}": [some_step() for _ in range(random.randint(1, 3))]
            for one in range(random.randint(2, BRANCHES))
        }
        return block(f"k{position}", **branches)

    return approval(*(some_part(one) for one in range(random.randint(1, 4))))


@dataclass
class Actor:
    """Does random acts on one run."""

    world: World
    random: Random
    versions: tuple[Contents, Contents]
    acts: tuple[str, ...] = ACTS
    run: str = ""

    def begin(self) -> None:
        self.world.publish(self.versions[0])
        self.run = self.world.submit(self.world.claim())

    @property
    def is_open(self) -> bool:
        return bool(self.world.run(self.run).state == "open")

    def pinned(self) -> PinnedApproval:
        with self.world.database.reading() as reading:
            return definition_of(reading.connection, self.world.run(self.run))

    def task(self, *states: str) -> Any:
        wanted = sa.select(TASK).where(TASK.c.run == self.run, TASK.c.state.in_(states))
        found = self.world.rows(wanted.order_by(TASK.c.id))
        return self.random.choice(found) if found else None

    def say(self, action: str, *states: str, **more: Any) -> None:
        task = self.task(*(states or ("open",)))
        if task is None:
            return
        login = next(one for one, user in self.world.users.items() if user == task.user)
        more = {"version": task.version, "comment": REASON, **more}
        self.world.does(login, lambda c, w: self.world.tasks.decide(c, w, task.id, action, **more))

    def repair(self, act: Callable[[Repairs, Any, Any], Any]) -> None:
        repairs = Repairs(self.world.store, self.world.notifications)
        self.world.does("ann", lambda c, w: act(repairs, c, w))

    def act(self) -> None:
        act, to = self.random.choice(self.acts), self.random.choice(self.pinned().steps).name
        match act:
            case "approve":
                self.say("approve")
            case "edit":
                self.say("approve", values={"fee": self.random.choice(("5", "20"))})
            case "return":
                self.say("return", to=to, course=self.random.choice(("again", "on")))
            case "take_back":
                self.say("take_back", "approved", "returned")
            case "add":
                place = self.random.choice(("before", "beside", "after"))
                self.say("add_approver", to=self.world.users["fred"], place=place)
            case "publish":
                self.world.publish(self.random.choice(self.versions))
            case "undo":
                self.repair(lambda repairs, c, w: repairs.undo(c, w, self.run, REASON))
            case _:
                self.repair(
                    lambda repairs, c, w: repairs.repair(
                        c, w, self.run, act, reason=REASON, step=to
                    )
                )

    def check(self) -> None:
        assert [one for one in wrongs(self.world, self.run, BRANCHES) if one != KEPT] == []
        if not self.is_open:
            return
        pinned = self.pinned()
        nodes = [one.node for one in self.world.rows_of_step(self.run) if one.state == "open"]
        (around,) = {pinned.block_of(one) for one in nodes}
        branches = [None if around is None else around.branch_of(one).start for one in nodes]
        assert len(set(branches)) == len(branches), "two steps of one branch wait"


@pytest.fixture(scope="module")
def world(shared_database_url: str) -> Iterator[World]:
    with approval_world(shared_database_url) as found:
        yield found


def play(actor: Actor) -> int:
    """Act at random, then approve whatever is asked; return how many acts were refused."""
    refused = 0
    actor.begin()
    for _ in range(20):
        if not actor.is_open:
            break
        try:
            actor.act()
        except PlatformError:
            refused += 1
        actor.check()
    for _ in range(100):
        if not actor.is_open:
            break
        actor.say("approve")
        actor.check()
    assert actor.world.run(actor.run).state == "approved"
    return refused


def test_random_acts_and_repairs_leave_rows_that_agree_and_an_end(world: World, deep: bool):
    refused = 0
    for seed in range(400 if deep else 4):
        random = Random(seed)
        refused += play(Actor(world, random, (some_approval(random), some_approval(random))))
    assert refused > 0


def test_without_repairs_no_step_of_any_branch_is_left_out(world: World, deep: bool):
    for seed in range(400 if deep else 4):
        random = Random(seed)
        made = some_approval(random)
        actor = Actor(world, random, (made, made), OF_APPROVERS)
        play(actor)
        ended = {one.node for one in world.rows_of_step(actor.run) if one.state in ENDED}
        assert ended == set(range(len(actor.pinned().steps))), seed
