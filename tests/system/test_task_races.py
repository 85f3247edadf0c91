"""Client processes race over HTTP, against four servers, to decide the same tasks (W01, PROM-1)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from headrace.platform.records.tables import HISTORY
from headrace.platform.runtime import Platform
from headrace.platform.workflow.tables import DECISION, RUN, TASK
from tests.support import planting
from tests.support.dealers import Dealers, Maker, open_platform, publish
from tests.support.deciders import Outcome, race
from tests.support.documents import workspace
from tests.support.servers import servers

pytestmark = pytest.mark.serial
DECIDING = ("approve", "reject")


class Claims:
    """A workspace with claims that wait for one approver, who calls with many tokens."""

    def __init__(self, platform: Platform, folder: Path, tasks: int, clients: int) -> None:
        publish(platform, folder, workspace())
        self.platform = platform
        made = Dealers()
        self.maker = Maker(platform, made)
        region = self.maker.create("region", {"code": "R", "name": "Root"})
        self.maker.user("mia", None, (), "Mia")
        self.maker.company("own", "Own", region)
        self.maker.user("dora", "own", ("dealer",), "Dora")
        self.maker.drain()
        with platform.database.writing(None) as work:
            self.tokens = [
                platform.identity.create_token(work, made.users["mia"], f"client {number}")
                for number in range(clients)
            ]
        self.tasks = [self._task(number) for number in range(tasks)]

    def _task(self, number: int) -> tuple[str, int]:
        data = {"subject": f"Claim {number}", "items": [{"what": "Pump", "price": "150"}]}
        store = self.platform.store
        record_id = self.maker.as_user("dora", lambda c, w: store.create(c, w, "claim", data)).id
        self.maker.submit("dora", record_id)
        (task,) = self.maker.open_tasks(record_id)
        return task.id, task.version


def faults(platform: Platform, tasks: list[tuple[str, int]], outcomes: list[Outcome]) -> list[str]:
    """Return everything that is not as it must be: in the answers, and in the database."""
    found = []
    by_task: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_task[outcome.task].append(outcome)
    with platform.database.reading() as reading:
        for task_id, _ in tasks:
            told = Counter((one.status, one.code) for one in by_task[task_id])
            winners = [one.action for one in by_task[task_id] if one.status == 200]
            losers = len(by_task[task_id]) - 1
            if told != {(200, ""): 1, (409, "task.already_decided"): losers}:
                found.append(f"{task_id} answered {dict(told)}")
            found += _faults_of_rows(reading.connection, task_id, winners)
    return found


def _faults_of_rows(connection: sa.Connection, task_id: str, winners: list[str]) -> list[str]:
    task = connection.execute(sa.select(TASK).where(TASK.c.id == task_id)).one()
    run = connection.execute(sa.select(RUN).where(RUN.c.id == task.run)).one()
    decisions = _actions(connection, DECISION, DECISION.c.task == task_id)
    lines = _actions(connection, HISTORY, HISTORY.c.record_id == task.record_id)
    states = {"approve": "approved", "reject": "rejected"}
    expected = [states.get(action) for action in winners]
    found = []
    if decisions != winners or len(decisions) != 1:
        found.append(f"{task_id} has the decisions {decisions}, answered were {winners}")
    if lines != winners:
        found.append(f"{task_id} has the history {lines}, answered were {winners}")
    if [task.state] != expected or [run.state] != expected or task.version != 2:
        found.append(f"{task_id} is {task.state}, its run {run.state}, answered were {winners}")
    return found


def _actions(connection: sa.Connection, table: sa.Table, condition: Any) -> list[str]:
    statement = sa.select(table.c.action).where(condition, table.c.action.in_(DECIDING))
    return list(connection.execute(statement).scalars())


def run_race(
    url: str, folder: Path, sizes: tuple[int, int, int], variables: dict[str, str] | None = None
) -> tuple[list[str], list[Outcome]]:
    """Race on a new workspace; return the faults and what everybody was told."""
    number, clients, processes = sizes
    with open_platform(url) as platform:
        claims = Claims(platform, folder, number, clients)
        with servers(processes, url, variables) as ports:
            outcomes = race(ports, claims.tokens, claims.tasks)
        return faults(platform, claims.tasks, outcomes), outcomes


def test_each_task_is_decided_exactly_once(
    make_database: Callable[..., str], tmp_path: Path, deep: bool, backend: str
) -> None:
    sizes = (200, 16, 4) if deep else (16, 8, 4)
    found, outcomes = run_race(make_database(), tmp_path, sizes)
    told = Counter((one.status, one.code) for one in outcomes)
    servers_that_won = len({one.client % sizes[2] for one in outcomes if one.status == 200})
    print(
        f"{backend}: {sizes[0]} tasks, {sizes[1]} clients, {sizes[2]} servers: {dict(told)}, "
        f"decided through {servers_that_won} servers, {len(found)} faults"
    )
    assert found == []
    assert len(outcomes) == sizes[0] * sizes[1]


def test_the_race_finds_a_decision_without_its_condition(
    make_database: Callable[..., str], tmp_path: Path, backend: str
) -> None:
    changed = planting.variables("decide_without_condition")
    found, _ = run_race(make_database(), tmp_path, (4, 4, 2), changed)
    print(f"{backend}: without the condition, {len(found)} faults in 4 tasks, such as {found[:1]}")
    assert found
