"""The rows of runs: begun with their cause, led on action by action, kept for a while."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.automation.chain import Chain, chain_of
from headrace.platform.automation.tables import AUTOMATION_ACTION, AUTOMATION_RUN
from headrace.platform.core.canonical import content_hash
from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import AutomationModel, Catalog
from headrace.platform.records.context import Context

KEPT_DONE: Final = timedelta(days=30)
KEPT_FAILED: Final = timedelta(days=180)
UNDO: Final = "undo"
"""The event of runs that undo another."""
RUN: Final = AUTOMATION_RUN
ACTION: Final = AUTOMATION_ACTION


@dataclass(frozen=True, slots=True)
class Run:
    """A run under way."""

    id: str
    automation: str
    name: str
    object_id: str
    record_id: str | None
    event: str
    user: str | None
    state: str
    position: int
    progress: Mapping[str, Any] | None
    chain: Chain
    definition: str
    inputs: Mapping[str, Any]
    undoes: str | None = None

    @property
    def timed(self) -> bool:
        """Whether time started it, so that its condition is still to be asked."""
        return self.event in {"schedule", "timer"}


def hash_of(catalog: Catalog, automation: AutomationModel) -> str:
    """Return the hash of what an automation does."""
    documents: Mapping[str, str] = catalog.once(
        "automations.hashes",
        lambda: {
            one.name: content_hash(one.content["actions"])
            for one in catalog.documents
            if one.kind == "automation"
        },
    )
    return documents.get(automation.name, "")


def begin(
    context: Context,
    work: UnitOfWork,
    automation: AutomationModel,
    object_id: str,
    record_id: str | None,
    *,
    event: str,
    chain: Chain,
    state: str,
    at: datetime | None = None,
    inputs: Mapping[str, Any] | None = None,
) -> str:
    """Add the row of a run; return its id."""
    run_id = context.ids.record_id()
    system = automation.definition.runs_as == "system" or context.principal.is_system
    now = context.now()
    values = {
        "id": run_id,
        "automation": automation.id,
        "name": automation.name,
        "object_id": object_id,
        "record_id": record_id,
        "event": event,
        "mode": automation.definition.run,
        "user": None if system else context.principal.user_id,
        "started_by": context.principal.user_id,
        "state": state,
        "position": 0 if state == "waiting" else len(automation.actions),
        "progress": None,
        "chain": [one.as_json() for one in chain],
        "definition": hash_of(context.catalog, automation),
        "metadata_version": context.catalog.version,
        "problems": None,
        "at": at or now,
        "ended_at": None if state == "waiting" else now,
        "created": work.now,
        "inputs": dict(inputs) if inputs else sa.null(),
    }
    work.connection.execute(sa.insert(RUN).values(**values))
    return run_id


def begin_undoing(context: Context, work: UnitOfWork, of: Run) -> str:
    """Add the row of a run that undoes what another did; return its id.

    It has the rights of the caller, or the system's where the other had those.
    """
    run_id, now = context.ids.record_id(), context.now()
    values: dict[str, Any] = {
        "id": run_id,
        "automation": of.automation,
        "name": of.name,
        "object_id": of.object_id,
        "record_id": of.record_id,
        "event": UNDO,
        "mode": "job",
        "user": None if of.user is None else context.principal.user_id,
        "started_by": context.principal.user_id,
        "state": "waiting",
        "position": 0,
        "progress": None,
        "chain": [],
        "definition": of.definition,
        "metadata_version": context.catalog.version,
        "problems": None,
        "at": now,
        "ended_at": None,
        "created": work.now,
        "inputs": sa.null(),
        "undoes": of.id,
    }
    work.connection.execute(sa.insert(RUN).values(**values))
    return run_id


def undone_by(connection: sa.Connection, run_id: str) -> str | None:
    """Return the id of the run that undoes a run; None where none does."""
    found = connection.execute(sa.select(RUN.c.id).where(RUN.c.undoes == run_id)).scalar()
    return None if found is None else str(found)


def deeds_of(connection: sa.Connection, run_id: str) -> list[dict[str, Any]]:
    """Return what the actions of a run did, in the order in which they did it."""
    rows = connection.execute(
        sa.select(ACTION.c.did).where(ACTION.c.run == run_id).order_by(ACTION.c.id)
    )
    return [dict(one) for row in rows for one in row.did]


def read(connection: sa.Connection, run_id: str, *, locking: bool = False) -> Run | None:
    """Return a run; None where there is none. With `locking`, nobody else leads it on meanwhile."""
    query = sa.select(RUN).where(RUN.c.id == run_id)
    row = connection.execute(query.with_for_update() if locking else query).first()
    if row is None:
        return None
    return Run(
        id=str(row.id),
        automation=row.automation,
        name=row.name,
        object_id=row.object_id,
        record_id=None if row.record_id is None else str(row.record_id),
        event=row.event,
        user=None if row.user is None else str(row.user),
        state=row.state,
        position=row.position,
        progress=row.progress,
        chain=chain_of(row.chain),
        definition=row.definition,
        inputs=row.inputs or {},
        undoes=None if row.undoes is None else str(row.undoes),
    )


def change(work: UnitOfWork, run_id: str, **values: Any) -> None:
    """Change the row of a run."""
    work.connection.execute(sa.update(RUN).where(RUN.c.id == run_id).values(**values))


def add_action(
    context: Context,
    work: UnitOfWork,
    run_id: str,
    position: int,
    kind: str,
    state: str,
    *,
    did: Sequence[Mapping[str, Any]] = (),
    problems: Iterable[Problem] = (),
) -> None:
    """Add what an action did."""
    values = {
        "id": context.ids.record_id(),
        "run": run_id,
        "position": position,
        "kind": kind,
        "state": state,
        "did": [dict(one) for one in did],
        "problems": stored_problems(problems) or None,
        "ended_at": context.now(),
    }
    work.connection.execute(sa.insert(ACTION).values(**values))


def stored_problems(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return problems in both languages, as JSON."""
    return [
        {
            "code": one.code,
            "path": one.path,
            "message": one.message.as_dict(),
            "hint": one.hint.as_dict(),
        }
        for one in problems
    ]


def forget_old_runs(work: UnitOfWork) -> int:
    """Delete runs that ended long ago, failed ones later (a chore of workers); return how many."""
    ended = sa.and_(RUN.c.state.in_(("done", "skipped")), RUN.c.created < work.now - KEPT_DONE)
    failed = sa.and_(RUN.c.state == "failed", RUN.c.created < work.now - KEPT_FAILED)
    old = sa.select(RUN.c.id).where(sa.or_(ended, failed)).limit(10_000)
    ids = [str(one) for one in work.connection.execute(old).scalars()]
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        work.connection.execute(sa.delete(ACTION).where(ACTION.c.run.in_(some)))
        work.connection.execute(sa.delete(RUN).where(RUN.c.id.in_(some)))
    return len(ids)
