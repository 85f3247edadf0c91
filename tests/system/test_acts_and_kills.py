"""All pairs of acts race over HTTP while server processes, which also do the jobs, are killed at random.

Whoever loses its connection asks again with the same key. What was answered is what the rows say.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from headrace.platform.jobs.notifications import NOTIFY
from headrace.platform.jobs.tables import JOB, NOTIFICATION
from headrace.platform.runtime import Platform
from headrace.platform.workflow.tables import DECISION, TASK
from tests.database.test_ways_back import FINANCE, MANAGER, steps
from tests.support.agreeing_rows import disagreements
from tests.support.dealers import Dealers, Maker, open_platform, publish
from tests.support.servers import Client, MortalServer, mortal_server

pytestmark = pytest.mark.serial

PATIENCE = 60
WHY = "Because of that"
WORKERS = 4
LANES, DEEP_LANES = 3, 10
ROUNDS_PER_KILL = 5


@dataclass(frozen=True)
class Act:
    """What somebody sends, and the line that it leaves once it is done."""

    login: str
    path: str
    """With the id of the run, or of the task that the login had when the round began."""
    body: dict[str, Any]
    line: str


def on_task(login: str, action: str, line: str = "", **body: Any) -> Act:
    return Act(login, f"/api/v1/tasks/{{task}}/{action}", body, line or action)


def on_run(act: str, **body: Any) -> Act:
    return Act("ann", "/api/v1/approvals/{run}/repair", {"act": act, "reason": WHY, **body}, act)


ACTS = {
    "approve": on_task("bob", "approve"),
    "reject": on_task("bob", "reject"),
    "return to a step": on_task("bob", "return", to="s0"),
    "return to the submitter": on_task("bob", "return"),
    "transfer": on_task("bob", "transfer", to="{rita}"),
    "add before": on_task("bob", "add_approver", "add_before", to="{fred}", place="before"),
    "add beside": on_task("bob", "add_approver", "add_beside", to="{faye}", place="beside"),
    "add after": on_task("bob", "add_approver", "add_after", to="{rita}", place="after"),
    "ask": on_task("bob", "ask_opinion", to="{ann}"),
    "take back": on_task("mia", "take_back"),
    "withdraw": Act("dora", "/api/v1/approvals/{run}/withdraw", {}, "withdraw"),
    "skip": on_run("skip"),
    "jump": on_run("jump", step="s2"),
    "reassign": on_run("reassign", task="{bobs}", to="{rita}"),
    "restart": on_run("restart"),
    "cancel": on_run("cancel"),
}
PAIRS = [*itertools.combinations(ACTS, 2), *((one, one) for one in ACTS)]
CHOSEN = random.Random(11).sample(PAIRS, 24)


class Claims:
    """A workspace whose claims three people approve one after the other, and all of them."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        publish(platform, folder, steps(MANAGER, {"user": "bob"}, FINANCE))
        self.platform = platform
        self.made = Dealers()
        self.maker = Maker(platform, self.made)
        region = self.maker.create("region", {"code": "R", "name": "Root"})
        roles = {"ann": ("admin",), "mia": (), "bob": ("boss",), "rita": ("boss",)}
        for login in ("ann", "mia", "bob", "rita"):
            self.maker.user(login, None, roles[login], login.title())
        for login in ("fred", "faye"):
            self.maker.user(login, None, ("finance",), login.title())
        self.maker.company("own", "Own", region)
        self.maker.user("dora", "own", ("dealer",), "Dora")

    def submitted(self, number: str) -> tuple[str, dict[str, Any]]:
        """Return a record that the manager has approved, and the tasks of the manager and of Bob."""
        data = {"subject": f"Claim {number}", "items": [{"what": "Pump", "price": "150"}]}
        store = self.platform.store
        record_id = self.maker.as_user("dora", lambda c, w: store.create(c, w, "claim", data)).id
        self.maker.submit("dora", record_id)
        self.maker.decide("mia", record_id, "approve", WHY)
        tasks = self.maker.rows(sa.select(TASK).where(TASK.c.record_id == record_id))
        logins = {user: login for login, user in self.made.users.items()}
        return record_id, {logins[one.user]: one for one in tasks}

    def state(self, record_id: str) -> str:
        store = self.platform.store
        return str(self.maker.system(lambda c, w: store.lock(c, w, "claim", record_id))["status"])

    def done(self, run: str) -> Counter[str]:
        """Count what was done in a run, after its manager's approval."""
        said = sa.select(DECISION.c.action).where(DECISION.c.run == run)
        return Counter(row.action for row in self.maker.rows(said)) - Counter(["approve"])


def ask(server: MortalServer, claims: Claims, name: str, tasks: dict[str, Any]) -> str:
    """Send an act until somebody answers, always with the same key; return the code of a refusal."""
    act = ACTS[name]
    known = {
        **claims.made.users,
        "run": tasks["bob"].run,
        "bobs": tasks["bob"].id,
        "task": tasks[act.login].id if act.login in tasks else "",
    }
    path = act.path.format_map(known)
    body = {"comment": WHY} if "reason" not in act.body else {}
    body |= {key: value.format_map(known) for key, value in act.body.items()}
    headers = {"Idempotency_Key": str(uuid4())}
    if act.login in tasks:
        headers["If_Match"] = f'"{tasks[act.login].version}"'
    last: object = None
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with Client(server.port, claims.made.tokens[act.login]) as client:
                answer = client.post(path, body, **headers)
        except (OSError, HTTPException) as error:
            last = error
            time.sleep(0.02)
            continue
        if answer.status == 200:
            return ""
        code = str(answer.json.get("code"))
        if answer.status < 500 and code != "request.in_progress":
            return code
        last = answer
        time.sleep(0.02)
    raise TimeoutError(f"nobody answered {name}: {last!r}")


class Reaper:
    """Kills a process of a server a moment after every few rounds began: only as rounds go on."""

    def __init__(self, server: MortalServer) -> None:
        self.server = server
        self.chance = random.Random(3)
        self.kills = 0

    def come(self) -> None:
        """Kill within the round that begins now, or let it pass."""
        if self.chance.random() < 1 / ROUNDS_PER_KILL:
            threading.Timer(self.chance.uniform(0, 0.1), self._kill).start()

    def _kill(self) -> None:
        self.kills += self.server.kill_one(self.chance)


def round_of(reaper: Reaper, claims: Claims, pair: tuple[str, str], number: str) -> list[str]:
    """Let both acts of a pair begin at the same moment; return what went wrong."""
    record_id, tasks = claims.submitted(number)
    reaper.come()
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda name: ask(reaper.server, claims, name, tasks), pair))
    wrong = [*disagreements(claims.maker.rows, tasks["bob"].run, claims.state(record_id))]
    done = Counter(ACTS[name].line for name, code in zip(pair, told, strict=True) if not code)
    kept = claims.done(tasks["bob"].run)
    if kept != done:
        wrong.append(f"answered were {dict(done)}, kept are {dict(kept)}")
    return [f"{pair} {told}: {one}" for one in wrong]


class Later:
    """The machine's clock when the leases of the dead have ended."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(minutes=10)


def untold(claims: Claims) -> list[str]:
    """Do the jobs that are left and return what of them is not done, or not exactly once."""
    worker = dataclasses.replace(claims.platform.worker(), real_clock=Later())
    while worker.run_once():
        pass
    rows = claims.maker.rows
    jobs = rows(sa.select(JOB.c.state, JOB.c.payload).where(JOB.c.kind == NOTIFY))
    told = rows(sa.select(sa.func.count()).select_from(NOTIFICATION))[0][0]
    wanted = sum(len(one.payload["users"]) for one in jobs)
    found = [f"a job is {one.state}" for one in jobs if one.state != "done"]
    return found + ([f"{told} notifications, not {wanted}"] if told != wanted else [])


def test_acts_race_while_processes_are_killed(
    make_database: Callable[..., str], tmp_path: Path, deep: bool, backend: str
) -> None:
    chosen = list(itertools.islice(itertools.cycle(PAIRS), 10_000)) if deep else CHOSEN
    url = make_database()
    with open_platform(url) as platform:
        claims = Claims(platform, tmp_path)
        with mortal_server(url, WORKERS, tmp_path / "log") as server:
            numbered = [(pair, str(place)) for place, pair in enumerate(chosen)]
            reaper = Reaper(server)
            with ThreadPoolExecutor(DEEP_LANES if deep else LANES) as lanes:
                results = lanes.map(lambda one: round_of(reaper, claims, *one), numbered)
                wrong = [line for found in results for line in found]
        wrong += untold(claims)
    print(f"{backend}: {len(chosen)} rounds, {reaper.kills} kills, {len(wrong)} faults")
    assert wrong == []
    assert reaper.kills
