"""The rows of approval runs: what is written and read, without judging it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from headrace.platform.core.ids import IdSource
from headrace.platform.database.system_tables import id_type
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.outbox import cancel
from headrace.platform.workflow.people import Person
from headrace.platform.workflow.pinned import PinnedApproval, read_stored, stored_form
from headrace.platform.workflow.tables import DECIDING, DECISION, DEFINITION, RUN, STEP, TASK
from headrace.platform.workflow.timing import timer_key
from headrace.platform.workflow.voting import UNDECIDED

Row = sa.Row[Any]

TIMEOUT_APPROVE: Final = "timeout_approve"
TIMEOUT_REJECT: Final = "timeout_reject"
TIMEOUTS: Final = (TIMEOUT_APPROVE, TIMEOUT_REJECT)
"""What is decided because the time was up."""

APPROVING: Final = ("approve", "auto_approve", "keep")
TAKEN_BACK: Final = (*DECIDING, "keep")
"""The actions on a task that can be taken back."""

SPECIAL: Final = ("kind", "veto", "added_by", "added_to", "place")
"""Columns of a task that go over to who takes it over."""

STANDS: Final = sa.or_(DECISION.c.round.is_(None), DECISION.c.round == TASK.c.round)
"""Whether a decision, joined with its task, was not taken back."""

_ADD_RUN: Final = sa.insert(RUN)
_ADD_DECISION: Final = sa.insert(DECISION)
_ADD_DEFINITION: Final = {
    "sqlite": sqlite.insert(DEFINITION).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(DEFINITION).on_conflict_do_nothing(),
}


def still_open(task_id: str, version: int) -> sa.ColumnElement[bool]:
    """Return the condition on which a decision counts: the task as it was seen, undecided."""
    return sa.and_(TASK.c.id == task_id, TASK.c.state == "open", TASK.c.version == version)


class Runs:
    """Writes runs, steps, tasks and decisions in one unit of work; `at` is the workspace's now."""

    def __init__(self, work: UnitOfWork, ids: IdSource, at: datetime) -> None:
        self._work = work
        self._connection = work.connection
        self._ids = ids
        self._at = at

    def add_run(self, approval: PinnedApproval, values: Mapping[str, Any]) -> str:
        """Add an open run pinned to `approval`; return its id."""
        content_hash, content = stored_form(approval)
        add = _ADD_DEFINITION[self._work.dialect]
        self._connection.execute(add.values(hash=content_hash, content=content))
        run_id = self._ids.record_id()
        before = sa.select(sa.func.count()).where(
            RUN.c.object_id == values["object_id"], RUN.c.record_id == values["record_id"]
        )
        row = {
            **values,
            "id": run_id,
            "definition": content_hash,
            "state": "open",
            "submission": self._connection.execute(before).scalar_one() + 1,
            "started_at": self._at,
        }
        self._connection.execute(_ADD_RUN, row)
        return run_id

    def set_summary(self, run_id: str, summary: Mapping[str, Any]) -> None:
        """Change the sum that lists show of a run."""
        change = sa.update(RUN).where(RUN.c.id == run_id).values(summary=dict(summary))
        self._connection.execute(change)

    def end_run(self, run_id: str, state: str) -> bool:
        """End an open run with its open steps and tasks; say whether it was open."""
        change = sa.update(RUN).where(RUN.c.id == run_id, RUN.c.state == "open")
        if not self._end(RUN, change.values(state=state, ended_at=self._at)):
            return False
        closed = {"state": "closed", "ended_at": self._at}
        left = sa.update(STEP).where(STEP.c.run == run_id, STEP.c.state == "open")
        if self._end(STEP, left.values(closed)):
            # Tasks wait in open steps only.
            asked = sa.update(TASK).where(TASK.c.run == run_id, TASK.c.state.in_(UNDECIDED))
            self._connection.execute(asked.values(closed))
        return True

    def _end(self, table: sa.Table, change: sa.Update) -> bool:
        """Carry out the end of runs or steps and stop their clocks; say whether there were any."""
        ended = self._connection.execute(change.returning(table.c.id, table.c.due_at)).all()
        for row in ended:
            if row.due_at is not None:
                cancel(self._work, timer_key(row.id))
        return bool(ended)

    def stand(self, run_id: str, standing: Mapping[str, Any] | None) -> None:
        """Keep whose approvals stand, by the name of the step; None: nobody's."""
        change = sa.update(RUN).where(RUN.c.id == run_id)
        self._connection.execute(change.values(standing=dict(standing) if standing else sa.null()))

    def keep(self, run_id: str, left_with: Mapping[str, Any]) -> None:
        """Keep what the record of a run held when it was sent back."""
        change = sa.update(RUN).where(RUN.c.id == run_id).values(left_with=dict(left_with))
        self._connection.execute(change)

    def add_step(
        self,
        run_id: str,
        node: int,
        state: str,
        *,
        fallback: bool = False,
        then_node: int | None = None,
        key: str | None = None,
    ) -> str:
        """Add a step that was reached after all that were before; return its id.

        `key` is what names it through versions (`usual.step_key`), where people are asked.
        """
        step_id = self._ids.record_id()
        reached = sa.select(sa.func.coalesce(sa.func.max(STEP.c.position) + 1, 0))
        row = {
            "id": step_id,
            "run": run_id,
            "position": reached.where(STEP.c.run == run_id).scalar_subquery(),
            "node": node,
            "then_node": then_node,
            "state": state,
            "fallback": fallback,
            "opened_at": self._at,
            "ended_at": None if state == "open" else self._at,
            "key": key,
            "organisation": sa.select(RUN.c.organisation)
            .where(RUN.c.id == run_id)
            .scalar_subquery(),
        }
        self._connection.execute(sa.insert(STEP).values(**row))
        return step_id

    def end_step(self, step_id: str, state: str) -> None:
        """End an open step, stop its clock and close the tasks on it that are left."""
        change = sa.update(STEP).where(STEP.c.id == step_id, STEP.c.state == "open")
        self._end(STEP, change.values(state=state, ended_at=self._at))
        left = sa.update(TASK).where(TASK.c.step == step_id, TASK.c.state.in_(UNDECIDED))
        self._connection.execute(left.values(state="closed", ended_at=self._at))

    def close_tasks(self, ids: Collection[str]) -> None:
        """Close undecided tasks on which nothing depends any more."""
        self._connection.execute(
            sa.update(TASK)
            .where(TASK.c.id.in_(ids), TASK.c.state.in_(UNDECIDED))
            .values(state="closed", ended_at=self._at)
        )

    def open_tasks(self, ids: Collection[str]) -> None:
        """Open tasks that waited for somebody else, or were closed too early."""
        self._connection.execute(
            sa.update(TASK)
            .where(TASK.c.id.in_(ids), TASK.c.state.in_(("waiting", "closed")))
            .values(state="open", version=TASK.c.version + 1, opened_at=self._at, ended_at=None)
        )

    def add_tasks(
        self,
        run: Row,
        step_id: str,
        people: Iterable[Person],
        record_version: int,
        *,
        state: str = "open",
        like: Row | None = None,
        **more: Any,
    ) -> dict[str, str]:
        """Ask `people`; return the ids of their tasks by user.

        They have what is special of the task `like`, which they take over, or `more`.
        """
        special = {key: getattr(like, key) for key in SPECIAL} if like is not None else {}
        tasks = {person.id: self._ids.record_id() for person in people}
        rows = [
            {
                "id": tasks[person.id],
                "run": run.id,
                "step": step_id,
                "user": person.id,
                "role": person.role,
                "object_id": run.object_id,
                "record_id": run.record_id,
                "state": state,
                "version": 1,
                "round": 1,
                "record_version": record_version,
                "opened_at": self._at,
                **dict.fromkeys(SPECIAL),
                "veto": person.veto or None,
                **special,
                **more,
            }
            for person in people
        ]
        if rows:
            self._connection.execute(sa.insert(TASK), rows)
        return tasks

    def close_task(self, task_id: str, version: int, state: str) -> bool:
        """Decide a task: one conditional UPDATE; say whether it counted."""
        change = (
            sa.update(TASK)
            .where(still_open(task_id, version))
            .values(state=state, version=TASK.c.version + 1, ended_at=self._at)
        )
        return self._connection.execute(change).rowcount == 1

    def touch_task(self, task_id: str, version: int, state: str = "open") -> bool:
        """Claim an open task as it was seen, without deciding it; say whether it counted."""
        change = (
            sa.update(TASK)
            .where(still_open(task_id, version))
            .values(state=state, version=TASK.c.version + 1)
        )
        return self._connection.execute(change).rowcount == 1

    def leave_task(self, task_id: str) -> bool:
        """Take an undecided task from who may no longer decide it; say whether it was undecided."""
        change = (
            sa.update(TASK)
            .where(TASK.c.id == task_id, TASK.c.state.in_(UNDECIDED))
            .values(state="released", version=TASK.c.version + 1, ended_at=self._at)
        )
        return self._connection.execute(change).rowcount == 1

    def reopen(self, step_id: str, task_id: str) -> None:
        """Let a step and a decided task of it be undecided again."""
        undone = {"state": "open", "ended_at": None}
        self._connection.execute(sa.update(STEP).where(STEP.c.id == step_id).values(**undone))
        again = {"version": TASK.c.version + 1, "round": sa.func.coalesce(TASK.c.round, 1) + 1}
        self._connection.execute(
            sa.update(TASK).where(TASK.c.id == task_id).values(**undone, **again)
        )

    def withdraw_task(self, task_id: str) -> None:
        """Let what was said on a task of a step that the run has left count no more."""
        again = {"version": TASK.c.version + 1, "round": sa.func.coalesce(TASK.c.round, 1) + 1}
        change = sa.update(TASK).where(TASK.c.id == task_id)
        self._connection.execute(change.values(state="closed", ended_at=self._at, **again))

    def pause_tasks(self, ids: Collection[str]) -> None:
        """Let open tasks wait for somebody else again."""
        self._connection.execute(
            sa.update(TASK)
            .where(TASK.c.id.in_(ids), TASK.c.state == "open")
            .values(state="waiting", version=TASK.c.version + 1)
        )

    def undo_steps(self, ids: Collection[str]) -> None:
        """Close steps with their tasks, as if they had not been reached."""
        for clock in ids:
            cancel(self._work, timer_key(clock))
        ended = {"state": "closed", "ended_at": self._at}
        tasks = sa.and_(TASK.c.step.in_(ids), TASK.c.state.in_(UNDECIDED))
        self._connection.execute(sa.update(TASK).where(tasks).values(**ended))
        self._connection.execute(sa.update(STEP).where(STEP.c.id.in_(ids)).values(**ended))

    def close_steps(self, run_id: str) -> None:
        """End the steps of a run that are open: it goes somewhere else."""
        for row in open_steps_of_run(self._connection, run_id):
            self.end_step(row.id, "closed")

    def approve_task(self, task_id: str) -> bool:
        """Approve an open task whose person approved it before; say whether it was open."""
        change = (
            sa.update(TASK)
            .where(TASK.c.id == task_id, TASK.c.state.in_(UNDECIDED))
            .values(state="approved", version=TASK.c.version + 1, ended_at=self._at)
        )
        return self._connection.execute(change).rowcount == 1

    def pin_run(self, run: Row, approval: PinnedApproval, version: int) -> None:
        """Pin a run to another definition; the steps that it has reached keep theirs."""
        new_hash, content = stored_form(approval)
        add = _ADD_DEFINITION[self._work.dialect]
        self._connection.execute(add.values(hash=new_hash, content=content))
        reached = sa.and_(STEP.c.run == run.id, STEP.c.definition.is_(None))
        self._connection.execute(sa.update(STEP).where(reached).values(definition=run.definition))
        change = sa.update(RUN).where(RUN.c.id == run.id)
        self._connection.execute(change.values(definition=new_hash, metadata_version=version))

    def repin(self, content_hash: str, approval: PinnedApproval) -> None:
        """Let the open runs that are pinned to a stored definition be pinned to `approval`."""
        new_hash, content = stored_form(approval)
        add = _ADD_DEFINITION[self._work.dialect]
        self._connection.execute(add.values(hash=new_hash, content=content))
        pinned = sa.and_(RUN.c.definition == content_hash, RUN.c.state == "open")
        self._connection.execute(sa.update(RUN).where(pinned).values(definition=new_hash))

    def add_decision(self, values: Mapping[str, Any]) -> str:
        """Add a row to what was said, under its own `id` where it has one; return its id."""
        row = {"id": self._ids.record_id(), **values, "at": self._at}
        self._connection.execute(_ADD_DECISION, row)
        return str(row["id"])

    def renew_tasks(self, object_id: str, record_id: str) -> None:
        """Make what approvers have on their screens stale: the record changed."""
        self._connection.execute(
            sa.update(TASK)
            .where(
                TASK.c.object_id == object_id,
                TASK.c.record_id == record_id,
                TASK.c.state == "open",
            )
            .values(version=TASK.c.version + 1)
        )


# -- reading ---------------------------------------------------------------------------------------

# Each decision asks these; to write them down anew takes as long as to run them.
_OF: Final = sa.bindparam("of", type_=id_type())
_RUN: Final = sa.select(RUN).where(RUN.c.id == _OF)
_OPEN_RUN: Final = sa.select(RUN).where(
    RUN.c.object_id == sa.bindparam("object"), RUN.c.record_id == _OF, RUN.c.state == "open"
)
_RUNS: Final = (
    sa.select(RUN)
    .where(RUN.c.object_id == sa.bindparam("object"), RUN.c.record_id == _OF)
    .order_by(RUN.c.id.desc())
)
_TASK: Final = sa.select(TASK).where(TASK.c.id == _OF)
_TASKS_OF_STEP: Final = sa.select(TASK).where(TASK.c.step == _OF).order_by(TASK.c.id)
_STEP: Final = sa.select(STEP).where(STEP.c.id == _OF)
_STEPS_OF_RUN: Final = sa.select(STEP).where(STEP.c.run == _OF).order_by(STEP.c.position)


def run_by_id(connection: sa.Connection, run_id: str) -> Row | None:
    """Return a run."""
    return connection.execute(_RUN, {"of": run_id}).first()


def known_run(connection: sa.Connection, run_id: str) -> Row:
    """Return a run that exists."""
    return connection.execute(_RUN, {"of": run_id}).one()


def open_run(connection: sa.Connection, object_id: str, record_id: str) -> Row | None:
    """Return the run that is open on a record."""
    return connection.execute(_OPEN_RUN, {"object": object_id, "of": record_id}).first()


def runs_of(
    connection: sa.Connection, object_id: str, record_id: str, limit: int | None = None
) -> list[Row]:
    """Return the runs of a record, newest first."""
    statement = _RUNS if limit is None else _RUNS.limit(limit)
    return list(connection.execute(statement, {"object": object_id, "of": record_id}))


def runs_pinned_to(connection: sa.Connection, workflow_id: str, approval: str) -> list[Row]:
    """Return the open runs of an approval, oldest first."""
    hashes = sa.select(RUN.c.definition).where(RUN.c.state == "open").distinct()
    found = connection.execute(sa.select(DEFINITION).where(DEFINITION.c.hash.in_(hashes)))
    wanted = [
        row.hash
        for row in found
        if (row.content["workflow"], row.content["name"]) == (workflow_id, approval)
    ]
    statement = sa.select(RUN).where(RUN.c.state == "open", RUN.c.definition.in_(wanted))
    return list(connection.execute(statement.order_by(RUN.c.id))) if wanted else []


def task_by_id(connection: sa.Connection, task_id: str) -> Row | None:
    """Return a task."""
    return connection.execute(_TASK, {"of": task_id}).first()


def known_task(connection: sa.Connection, task_id: str) -> Row:
    """Return a task that exists."""
    return connection.execute(_TASK, {"of": task_id}).one()


def open_steps_of_run(connection: sa.Connection, run_id: str) -> list[Row]:
    """Return the steps of a run that wait for people."""
    return [row for row in steps_of(connection, run_id) if row.state == "open"]


def open_tasks_of_step(connection: sa.Connection, step_id: str) -> list[Row]:
    """Return the tasks of a step that are open."""
    statement = sa.select(TASK).where(TASK.c.step == step_id, TASK.c.state == "open")
    return list(connection.execute(statement.order_by(TASK.c.id)))


def undecided_tasks_of_user(connection: sa.Connection, user_id: str) -> list[Row]:
    """Return the tasks that wait for a user, or will."""
    statement = sa.select(TASK).where(TASK.c.user == user_id, TASK.c.state.in_(UNDECIDED))
    return list(connection.execute(statement.order_by(TASK.c.id)))


def tasks_of_step(connection: sa.Connection, step_id: str) -> list[Row]:
    """Return all tasks of a step, whatever became of them."""
    return list(connection.execute(_TASKS_OF_STEP, {"of": step_id}))


def steps_of(connection: sa.Connection, run_id: str) -> list[Row]:
    """Return the steps of a run in the order in which they were reached."""
    return list(connection.execute(_STEPS_OF_RUN, {"of": run_id}))


def open_step(connection: sa.Connection, run_id: str) -> Row | None:
    """Return the first step of a run that waits for people; in branches others may too."""
    statement = sa.select(STEP).where(STEP.c.run == run_id, STEP.c.state == "open")
    return connection.execute(statement.order_by(STEP.c.position).limit(1)).first()


def named_steps(
    connection: sa.Connection, run: Row, pinned: PinnedApproval
) -> list[tuple[Row, str]]:
    """Return the steps of a run in their order, with their names in whichever definition they had."""
    rows = steps_of(connection, run.id)
    others = definitions_of(connection, {row.definition for row in rows if row.definition})
    return [(row, others.get(row.definition, pinned).steps[node_of(row)].name) for row in rows]


def node_of(step: Row) -> int:
    """Return the step of the definition that a row of STEP is about."""
    return int(step.position if step.node is None else step.node)


def step_by_id(connection: sa.Connection, step_id: str) -> Row:
    """Return a step that exists."""
    return connection.execute(_STEP, {"of": step_id}).one()


def rows_of_runs(
    connection: sa.Connection, table: sa.Table, run_ids: Collection[str]
) -> dict[str, list[Row]]:
    """Return the rows of steps, tasks or decisions by run, oldest first."""
    found: dict[str, list[Row]] = {run_id: [] for run_id in run_ids}
    statement = sa.select(table).where(table.c.run.in_(run_ids)).order_by(table.c.id)
    for row in connection.execute(statement) if run_ids else ():
        found[row.run].append(row)
    return found


def last_decision(connection: sa.Connection, run_id: str, step_id: str | None) -> Row | None:
    """Return the newest decision of a person in a step, or in the whole run without one.

    One that was taken back is none.
    """
    statement = (
        sa.select(DECISION)
        .outerjoin(TASK, TASK.c.id == DECISION.c.task)
        .where(
            DECISION.c.run == run_id,
            DECISION.c.action.in_((*DECIDING, *TIMEOUTS, "withdraw", "cancel")),
            STANDS,
        )
    )
    if step_id is not None:
        statement = statement.where(DECISION.c.step == step_id)
    return connection.execute(statement.order_by(DECISION.c.id.desc()).limit(1)).first()


def standing_decision(
    connection: sa.Connection, task_id: str, actions: Collection[str] = DECIDING
) -> Row | None:
    """Return how a task was decided; None where it was not, or the decision was taken back.

    With `TAKEN_BACK` a decision of before counts that was let stand.
    """
    statement = (
        sa.select(DECISION)
        .join(TASK, TASK.c.id == DECISION.c.task)
        .where(TASK.c.id == task_id, DECISION.c.action.in_(actions), STANDS)
    )
    return connection.execute(statement).first()


def reopened_since(connection: sa.Connection, task: Row) -> bool:
    """Say whether a task was closed because an edit let a step be decided again."""
    if task.state != "closed":
        return False
    statement = sa.select(DECISION.c.id).where(
        DECISION.c.run == task.run, DECISION.c.action == "reopen", DECISION.c.at == task.ended_at
    )
    return connection.execute(statement.limit(1)).first() is not None


def receiver_of(connection: sa.Connection, task_id: str) -> str:
    """Return who a transferred task was given to."""
    statement = sa.select(DECISION.c.given_to).where(
        DECISION.c.task == task_id, DECISION.c.action == "transfer"
    )
    return str(connection.execute(statement).scalar_one())


def given_away(connection: sa.Connection, step_id: str) -> dict[str, str]:
    """Return who has the tasks of a step that people gave to others, or that were given for them."""
    statement = (
        sa.select(TASK.c.user, DECISION.c.given_to)
        .join(TASK, TASK.c.id == DECISION.c.task)
        .where(DECISION.c.step == step_id, DECISION.c.action.in_(("transfer", "reassign")))
        .order_by(DECISION.c.id.desc())
    )
    found: dict[str, str] = {}
    for row in connection.execute(statement):
        # The last first: whoever gave it on had it from somebody before.
        found[row.user] = found.get(row.given_to, row.given_to)
    return found


def questions_of(connection: sa.Connection, step_id: str) -> list[dict[str, Any]]:
    """Return the opinions that are waited for in a step: of which `user`, asked `by` whom, what.

    `task` is where it is asked, `to` who had the task from which it was.
    """
    asker = TASK.alias("asker")
    statement = (
        sa.select(TASK.c.id, TASK.c.user, TASK.c.added_by, asker.c.user, DECISION.c.comment)
        .outerjoin(asker, asker.c.id == TASK.c.added_to)
        .outerjoin(
            DECISION,
            sa.and_(
                DECISION.c.step == TASK.c.step,
                DECISION.c.given_to == TASK.c.user,
                DECISION.c.action == "ask_opinion",
            ),
        )
        .where(TASK.c.step == step_id, TASK.c.kind == "opinion", TASK.c.state == "open")
        .order_by(TASK.c.id)
    )
    return [
        {"task": task, "user": user, "by": by, "to": to or by, "question": question}
        for task, user, by, to, question in connection.execute(statement)
    ]


def approvers_of_steps(
    connection: sa.Connection, ids: Collection[str]
) -> dict[str, frozenset[str]]:
    """Return who approved each of some steps: themselves, in passing, or in a submission before."""
    found: dict[str, set[str]] = {one: set() for one in ids}
    statement = (
        sa.select(DECISION.c.step, DECISION.c.user)
        .outerjoin(TASK, TASK.c.id == DECISION.c.task)
        .where(DECISION.c.step.in_(ids), DECISION.c.action.in_(APPROVING), STANDS)
    )
    for row in connection.execute(statement) if ids else ():
        found[row.step].add(row.user)
    return {one: frozenset(users) for one, users in found.items()}


def definitions_of(connection: sa.Connection, hashes: Collection[str]) -> dict[str, PinnedApproval]:
    """Return the definitions that runs are pinned to, by hash."""
    statement = sa.select(DEFINITION).where(DEFINITION.c.hash.in_(hashes))
    rows = connection.execute(statement) if hashes else ()
    return {row.hash: read_stored(row.content) for row in rows}


def definition_of(connection: sa.Connection, run: Row, step: Row | None = None) -> PinnedApproval:
    """Return what a run is pinned to, or was when it reached `step`."""
    wanted = step.definition if step is not None and step.definition else run.definition
    return definitions_of(connection, (wanted,))[wanted].with_way_back(run.from_state)
