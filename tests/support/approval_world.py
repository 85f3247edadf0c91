"""A workspace with workflow and approvals on a real database: users, regions, companies, claims."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from headrace.platform.access.principals import (
    SYSTEM_PRINCIPAL,
    SYSTEM_USER_ID,
    Credential,
    Principal,
    RoleHolding,
)
from headrace.platform.access.tables import USER, USER_ROLE
from headrace.platform.core.ids import RandomIds
from headrace.platform.database.engine import Database, connect_database
from headrace.platform.database.installing import change_tables, install_catalog, load_tables
from headrace.platform.database.system_tables import LIVE, SETTING
from headrace.platform.database.tables import Tables
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.long_jobs import Course
from headrace.platform.jobs.notifications import NOTIFY, Notifications
from headrace.platform.jobs.outbox import Job, Outbox
from headrace.platform.jobs.worker import Worker
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.field_types import built_in
from headrace.platform.records.context import CompiledParts, Context
from headrace.platform.records.store import RecordStore
from headrace.platform.records.tables import HISTORY
from headrace.platform.workflow.access import (
    refuse_change_in_approval,
    renew_tasks,
    task_access,
)
from headrace.platform.workflow.approvals import Approvals
from headrace.platform.workflow.engine import Fired, WorkflowEngine
from headrace.platform.workflow.people import FALLBACK_SETTING
from headrace.platform.workflow.reopening import Reopening
from headrace.platform.workflow.tables import DECISION, RUN, STEP, TASK
from headrace.platform.workflow.tasks import Tasks
from headrace.platform.workflow.timers import Timers
from headrace.platform.workflow.timing import TIMER
from tests.support.documents import documents, workspace
from tests.support.templates import filled, shared

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2025, 6, 30, 1, 0, tzinfo=UTC)
Contents = dict[tuple[str, str], dict[str, Any]]


class TickingClock:
    """A business clock that goes on by a second each time it is asked."""

    def __init__(self) -> None:
        self.instant = START

    def now(self) -> datetime:
        self.instant += timedelta(seconds=1)
        return self.instant


def catalog_of(contents: Contents | None = None, version: int = 1) -> Catalog:
    built = build_catalog(documents(contents), built_in(), version)
    assert built.catalog, built.problems
    return built.catalog


USERS: dict[str, dict[str, Any]] = {
    "ann": {"roles": [("admin", None)]},
    "dora": {"roles": [("dealer", None)], "company": "shop"},
    "dave": {"roles": [("dealer", None)], "company": "shop"},
    "olaf": {"roles": [("dealer", None)], "company": "other"},
    "mia": {"roles": []},
    "fred": {"roles": [("finance", None)]},
    "faye": {"roles": [("finance", None)]},
    "bob": {"roles": [("boss", "city")]},
    "rita": {"roles": [("boss", "root")]},
}
"""Login -> roles within regions; `root` is above `city`, which is above `quarter`."""


@dataclass
class World:
    """A database with users and companies, and the parts of the platform that workflows need."""

    database: Database
    catalog: Catalog
    tables: Tables
    store: RecordStore
    outbox: Outbox
    notifications: Notifications
    approvals: Approvals
    engine: WorkflowEngine
    tasks: Tasks
    worker: Worker
    timers: Timers
    clock: TickingClock
    users: dict[str, str]
    records: dict[str, str]
    compiled: CompiledParts = field(default_factory=CompiledParts)
    ids: RandomIds = field(default_factory=RandomIds)

    # -- who -------------------------------------------------------------------------------

    def principal(self, login: str) -> Principal:
        if login == "system":
            return SYSTEM_PRINCIPAL
        user_id = self.users[login]
        with self.database.reading() as reading:
            row = reading.connection.execute(sa.select(USER).where(USER.c.id == user_id)).one()
            held = reading.connection.execute(
                sa.select(USER_ROLE.c.role, USER_ROLE.c.territory).where(
                    USER_ROLE.c.user == user_id
                )
            ).all()
        roles = frozenset(
            RoleHolding(role, territory) for role, territory in held if role in self.catalog.roles
        )
        partner = any(self.catalog.roles[one.role].audience == "partner" for one in roles)
        return Principal(
            user_id=user_id,
            login=login,
            name=row.name,
            language="en",
            zone=ZONE,
            audience="partner" if partner else "internal",
            organisation=row.organisation,
            roles=roles,
            stamp=1,
            credential=Credential("system", user_id),
        )

    def context(self, login: str) -> Context:
        return Context(
            database=self.database,
            catalog=self.catalog,
            tables=self.tables,
            principal=self.principal(login),
            clock=self.clock,
            zone=ZONE,
            language="en",
            ids=self.ids,
            compiled=self.compiled,
            task_access=task_access,
        )

    def does(self, login: str, action: Callable[[Context, UnitOfWork], Any]) -> Any:
        """Run a use case of `login` in a transaction of its own."""
        context = self.context(login)
        with self.database.writing(self.catalog.version) as work:
            return action(context, work)

    def ring(self, job: Job, course: Course) -> None:
        """Do what a timer says, as the runtime does."""

        def ring(context: Context, work: UnitOfWork) -> None:
            course.close(work)
            self.timers.ring(context, work, job.payload)

        self.does("system", ring)

    # -- what ------------------------------------------------------------------------------

    def claim(self, login: str = "dora", amount: str = "150", **values: Any) -> str:
        """Create a claim of `amount` and return its id."""
        data = {
            "subject": values.pop("subject", f"Claim {self.ids.record_id()}"),
            "items": [{"what": "Pump", "qty": "1", "price": amount}],
            **values,
        }
        if login == "system":
            data.setdefault("company", self.records["shop"])
        return self.does(login, lambda c, w: self.store.create(c, w, "claim", data)).id

    def version(self, record_id: str) -> int:
        return int(self.row(record_id)["version"])

    def state(self, record_id: str) -> str:
        return str(self.row(record_id)["status"])

    def row(self, record_id: str) -> Mapping[str, Any]:
        return self.does("system", lambda c, w: self.store.lock(c, w, "claim", record_id))

    def fire(self, login: str, record_id: str, transition: str, **options: Any) -> Fired:
        options.setdefault("version", self.version(record_id))
        return self.does(
            login,
            lambda c, w: self.engine.fire(c, w, "claim", record_id, transition, **options),
        )

    def submit(self, record_id: str, login: str = "dora", **options: Any) -> str:
        """Submit a claim and return the id of its run."""
        run_id = self.fire(login, record_id, "submit", **options).run_id
        assert run_id is not None
        return run_id

    def open_tasks(self, run_id: str) -> dict[str, Any]:
        """Return the open tasks of a run by login."""
        return self._tasks(run_id, "open")

    def waiting_tasks(self, run_id: str) -> dict[str, Any]:
        """Return the tasks of a run that wait for somebody else, by login."""
        return self._tasks(run_id, "waiting")

    def _tasks(self, run_id: str, state: str) -> dict[str, Any]:
        logins = {user_id: login for login, user_id in self.users.items()}
        statement = sa.select(TASK).where(TASK.c.run == run_id, TASK.c.state == state)
        return {logins[row.user]: row for row in self.rows(statement)}

    def decide(self, login: str, run_id: str, action: str = "approve", **options: Any) -> Any:
        task = self.open_tasks(run_id)[login]
        options.setdefault("version", task.version)
        return self.does(login, lambda c, w: self.tasks.decide(c, w, task.id, action, **options))

    def rows(self, statement: sa.Select[Any]) -> list[Any]:
        with self.database.reading() as reading:
            return list(reading.connection.execute(statement))

    def steps(self, run_id: str) -> list[str]:
        statement = sa.select(STEP.c.state).where(STEP.c.run == run_id).order_by(STEP.c.position)
        return [row.state for row in self.rows(statement)]

    def rows_of_step(self, run_id: str) -> list[Any]:
        return self.rows(sa.select(STEP).where(STEP.c.run == run_id).order_by(STEP.c.position))

    def run(self, run_id: str) -> Any:
        return self.rows(sa.select(RUN).where(RUN.c.id == run_id))[0]

    def decisions(self, run_id: str) -> list[tuple[str, str]]:
        """Return (login, action) of a run in the order in which they were said."""
        logins = {user_id: login for login, user_id in self.users.items()}
        statement = sa.select(DECISION).where(DECISION.c.run == run_id).order_by(DECISION.c.id)
        return [(logins[row.user], row.action) for row in self.rows(statement)]

    def history(self, record_id: str) -> list[str]:
        statement = (
            sa.select(HISTORY.c.action)
            .where(HISTORY.c.record_id == record_id)
            .order_by(HISTORY.c.version, HISTORY.c.id)
        )
        return [row.action for row in self.rows(statement)]

    def state_changes(self, record_id: str) -> list[list[str]]:
        """Return `[old, new]` of the state in the order of the history."""
        field_id = self.catalog.objects["claim"].fields["status"].id
        statement = (
            sa.select(HISTORY.c.changes)
            .where(HISTORY.c.record_id == record_id)
            .order_by(HISTORY.c.version, HISTORY.c.id)
        )
        return [row.changes[field_id] for row in self.rows(statement) if field_id in row.changes]

    def publish(self, contents: Contents) -> None:
        """Let another version of the documents be live."""
        catalog = catalog_of(contents, self.catalog.version + 1)
        with self.database.publishing() as work:
            change_tables(work, self.catalog, catalog)
            work.connection.execute(sa.update(LIVE).values(version=catalog.version))
        self.tables = load_tables(self.database, catalog)
        self.catalog = catalog

    # -- changes around --------------------------------------------------------------------

    def set_user(self, login: str, **values: Any) -> None:
        with self.database.writing(None) as work:
            work.connection.execute(
                sa.update(USER).where(USER.c.id == self.users[login]).values(**values)
            )

    def set_roles(self, login: str, *holdings: tuple[str, str | None]) -> None:
        with self.database.writing(None) as work:
            self._set_roles(work, login, holdings)

    def _set_roles(
        self, work: UnitOfWork, login: str, holdings: tuple[tuple[str, str | None], ...]
    ) -> None:
        user_id = self.users[login]
        work.connection.execute(sa.delete(USER_ROLE).where(USER_ROLE.c.user == user_id))
        for role, region in holdings:
            work.connection.execute(
                sa.insert(USER_ROLE).values(
                    id=self.ids.record_id(),
                    user=user_id,
                    role=role,
                    territory=self.records[region] if region else None,
                )
            )

    def set_fallback(self, role: str | None) -> None:
        with self.database.writing(None) as work:
            work.connection.execute(sa.delete(SETTING).where(SETTING.c.key == FALLBACK_SETTING))
            work.connection.execute(sa.insert(SETTING).values(key=FALLBACK_SETTING, value=role))


@contextmanager
def approval_world(url: str, contents: Contents | None = None) -> Iterator[World]:
    """Make the world in an empty database."""
    key = ("approvals", json.dumps(list((contents or workspace()).values())))
    catalog = shared(url, key, lambda: catalog_of(contents or workspace()))
    users, records = filled(url, key, lambda place: _fill(place, catalog))
    database = connect_database(url)
    try:
        tables = shared(url, (key, "tables"), lambda: load_tables(database, catalog))
        world = world_over(database, catalog, tables)
        world.compiled = shared(url, (key, "compiled"), CompiledParts)
        world.users.update(users)
        world.records.update(records)
        yield world
    finally:
        database.dispose()


def _fill(url: str, catalog: Catalog) -> tuple[dict[str, str], dict[str, str]]:
    """Make the world's people and records; return their ids."""
    database = connect_database(url)
    tables = install_catalog(database, catalog_of({}, 0), catalog)
    world = world_over(database, catalog, tables)
    _add_users(world)
    _add_records(world)
    for login, user in USERS.items():
        if "company" in user:
            world.set_user(login, organisation=world.records[user["company"]])
        world.set_roles(login, *user["roles"])
    database.dispose()
    return world.users, world.records


def world_over(database: Database, catalog: Catalog, tables: Tables) -> World:
    """Return the world over a database that has its tables already, without knowing who is in it."""
    ids, clock = RandomIds(), TickingClock()
    store = RecordStore()
    store.before_save.plug(refuse_change_in_approval)
    store.after_save.plug(renew_tasks)
    outbox = Outbox(clock, ids)
    notifications = Notifications(database, outbox, clock, ids)
    approvals = Approvals(store, notifications)
    store.after_write.plug(Reopening(store, notifications).after)
    world = World(
        database=database,
        catalog=catalog,
        tables=tables,
        store=store,
        outbox=outbox,
        notifications=notifications,
        approvals=approvals,
        engine=WorkflowEngine(store, approvals),
        tasks=Tasks(approvals),
        worker=Worker(database, outbox, {NOTIFY: notifications.write}, clock),
        timers=Timers(store, notifications),
        clock=clock,
        users={login: ids.record_id() for login in USERS},
        records={},
        ids=ids,
    )
    world.users["system"] = SYSTEM_USER_ID
    world.worker.own_handlers = {TIMER: world.ring}
    return world


def _add_users(world: World) -> None:
    with world.database.writing(None) as work:
        known = set(work.connection.execute(sa.select(USER.c.id)).scalars())
        rows = [
            {
                "id": user_id,
                "login": login,
                "name": login.title(),
                "language": "en",
                "time_zone": ZONE.key,
                "active": True,
                "stamp": 1,
                "created_at": START,
            }
            for login, user_id in world.users.items()
            if user_id not in known
        ]
        work.connection.execute(sa.insert(USER), rows)


def _add_records(world: World) -> None:
    def add(key: str, object_name: str, data: dict[str, Any]) -> None:
        create = lambda c, w: world.store.create(c, w, object_name, data)  # noqa: E731
        world.records[key] = world.does("system", create).id

    add("root", "region", {"code": "R", "name": "Root"})
    add("city", "region", {"code": "C", "name": "City", "parent": world.records["root"]})
    add("quarter", "region", {"code": "Q", "name": "Quarter", "parent": world.records["city"]})
    for key in ("shop", "other"):
        add(
            key,
            "company",
            {
                "code": key,
                "name": key.title(),
                "region": world.records["quarter"],
                "manager": world.users["mia"],
            },
        )
