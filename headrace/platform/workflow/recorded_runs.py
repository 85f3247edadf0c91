"""Runs of approvals that are over, as they were recorded: their steps, who was asked, who approved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from headrace.platform.workflow.pinned import PinnedApproval, Step
from headrace.platform.workflow.replays import PathStep, StepState, Way
from headrace.platform.workflow.runs import (
    Row,
    approvers_of_steps,
    definitions_of,
    node_of,
    rows_of_runs,
)
from headrace.platform.workflow.tables import DECISION, RUN, STEP, TASK


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run as it was: what it was pinned to, its steps by name, who was asked, at which version."""

    run: Row
    pinned: PinnedApproval
    rows: tuple[Row, ...]
    tasks: Mapping[str, tuple[Row, ...]]
    approvers: Mapping[str, frozenset[str]]
    first_version: int | None
    last_version: int | None

    def first(self, name: str) -> Row | None:
        """Return the first visit of a step."""
        return next(
            (one for one in self.rows if self.pinned.steps[node_of(one)].name == name), None
        )

    def last(self, name: str) -> Row | None:
        """Return the last visit of a step."""
        visits = [one for one in self.rows if self.pinned.steps[node_of(one)].name == name]
        return visits[-1] if visits else None

    def step(self, name: str) -> Step | None:
        """Return a step of the definition."""
        return next((one for one in self.pinned.steps if one.name == name), None)

    def asked(self, row: Row) -> frozenset[str]:
        """Return who was asked first in a step: nobody who was added or given it later."""
        tasks = [one for one in self.tasks.get(row.id, ()) if one.added_by is None]
        first = min((one.opened_at for one in tasks), default=None)
        return frozenset(one.user for one in tasks if one.opened_at == first)

    def version_at(self, name: str) -> int | None:
        """Return the version of the record by which a step was judged."""
        found = self.first(name)
        if found is None:
            return None
        for row in self.rows:
            if row.position >= found.position and self.tasks.get(row.id):
                return min(int(task.record_version) for task in self.tasks[row.id])
        return self.last_version

    def way(self) -> Way:
        """Return the path that it took: each step once, one branch behind the other."""
        steps = []
        seen = set[int]()
        for row in _by_branch(self.pinned, self.rows):
            node = node_of(row)
            if node in seen:
                continue
            seen.add(node)
            step = self.pinned.steps[node]
            state = state_of(row)
            people = self.asked(row) if state == "asked" else frozenset()
            steps.append(PathStep(step.name, step.label, state, people))
        return Way(self.pinned.name, tuple(steps))


def recorded_runs(connection: sa.Connection, object_id: str, last: int) -> list[RecordedRun]:
    """Return the last runs of an object's records that are over, newest first, in five statements."""
    statement = (
        sa.select(RUN)
        .where(RUN.c.object_id == object_id, RUN.c.state != "open")
        .order_by(RUN.c.id.desc())
        .limit(last)
    )
    runs = list(connection.execute(statement))
    pinned = definitions_of(connection, {run.definition for run in runs})
    ids = [run.id for run in runs]
    steps = rows_of_runs(connection, STEP, ids)
    tasks = rows_of_runs(connection, TASK, ids)
    decisions = rows_of_runs(connection, DECISION, ids)
    approvers = approvers_of_steps(
        connection, [step.id for rows in steps.values() for step in rows]
    )
    found = []
    for run in runs:
        of_step: dict[str, tuple[Row, ...]] = {}
        for task in tasks[run.id]:
            of_step[task.step] = (*of_step.get(task.step, ()), task)
        versions = [int(one.record_version) for one in tasks[run.id]]
        said = [int(one.record_version) for one in decisions[run.id]]
        found.append(
            RecordedRun(
                run,
                pinned[run.definition],
                tuple(sorted(steps[run.id], key=lambda one: one.position)),
                of_step,
                approvers,
                min([*versions, *said], default=None),
                max([*versions, *said], default=None),
            )
        )
    return found


def _by_branch(pinned: PinnedApproval, rows: Iterable[Row]) -> list[Row]:
    """Return steps in the order in which they were reached, but one branch behind the other."""
    begun: dict[int, int] = {}
    keys: dict[str, tuple[int, int]] = {}
    for place, row in enumerate(rows):
        block = pinned.block_of(node_of(row))
        if block is None:
            keys[row.id] = (place, 0)
        else:
            keys[row.id] = (begun.setdefault(block.nodes.start, place), node_of(row))
    return sorted(rows, key=lambda row: keys[row.id])


def state_of(row: Row) -> StepState:
    """Return what a row of a step says of it in a path."""
    if row.state in {"skipped", "passed", "kept"}:
        return row.state  # type: ignore[no-any-return]  # of the three
    return "asked"
