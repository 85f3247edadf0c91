"""What an administrator does with running approvals: skip, jump, reassign, restart, cancel, move.

Each act needs a reason, stands on the run's timeline under the administrator's name, and is refused to
who has a part in the record. A new version leaves running approvals pinned to their own; here they are
grouped by version and step, and a group is moved to the live version, restarted or cancelled, each run in
a transaction of its own. A move is undone as long as nobody has decided since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
)
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message, Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.jobs.notifications import Notifications
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.records.context import Context
from headrace.platform.records.source import row_rights
from headrace.platform.records.store import RecordStore
from headrace.platform.workflow import messages
from headrace.platform.workflow.access import checked_snapshot
from headrace.platform.workflow.approvals import Decided
from headrace.platform.workflow.branching import (
    ENDED,
    TAKEN,
    Point,
    beginnings_beside,
    newest_beside,
    points_beside,
)
from headrace.platform.workflow.cases import Case, case_of, checked_reason
from headrace.platform.workflow.clocks import rewind_clock
from headrace.platform.workflow.course import end, follow, go_to, settle
from headrace.platform.workflow.delegations import colleagues
from headrace.platform.workflow.people import Person, names_of
from headrace.platform.workflow.pinned import PinnedApproval
from headrace.platform.workflow.reached import pinned_now
from headrace.platform.workflow.runs import (
    Row,
    definitions_of,
    known_run,
    named_steps,
    node_of,
    open_steps_of_run,
    run_by_id,
    standing_decision,
    steps_of,
    task_by_id,
    tasks_of_step,
)
from headrace.platform.workflow.subjects import object_by_id
from headrace.platform.workflow.tables import DECISION, FIRST_OPEN, RUN, TALK, TASK

Act = Literal["skip", "jump", "reassign", "restart", "cancel", "move"]

ACTS: Final[tuple[Act, ...]] = ("skip", "jump", "reassign", "restart", "cancel", "move")
GROUP_ACTS: Final[tuple[Act, ...]] = ("move", "restart", "cancel")
UNDONE: Final = ("move", "restart")
"""Acts of which a batch can be undone."""
PAGE_SIZE: Final = 100

WRONG_ACT: Final = Message(
    "repair.wrong_act",
    "“{act}” is not something that can be done with a running approval.",
    "对进行中的审批不能执行“{act}”。",
    "Choose one of: {acts}.",
    "可选：{acts}。",
)
WRONG_STEP: Final = Message(
    "repair.wrong_step",
    "This approval has no step “{step}”.",
    "该审批没有步骤“{step}”。",
    "Its steps are: {steps}.",
    "其步骤：{steps}。",
)
WRONG_BRANCH: Final = Message(
    "repair.wrong_step",
    "This approval waits in several branches.",
    "该审批正在多个分支中等待。",
    "Say which step is meant: {steps}.",
    "请指明步骤：{steps}。",
)
WRONG_PERSON: Final = Message(
    "repair.wrong_person",
    "This person cannot be asked.",
    "不能由此人审批。",
    "Choose an active colleague of your own organisation who has no part in the record and is not asked in this step already.",
    "请选择本组织内在用、未参与该记录且在此步骤尚未被要求审批的同事。",
)
GONE: Final = Message(
    "repair.approval_gone",
    "The live version no longer has the approval “{name}”.",
    "当前版本已没有审批“{name}”。",
    "Cancel the run, or leave it as it is.",
    "请取消该审批，或保持不变。",
)
SAME: Final = Message(
    "repair.already_moved",
    "The run follows the live version already.",
    "该审批已按当前版本进行。",
    "Nothing is left to do.",
    "无需处理。",
)
NOT_UNDONE: Final = Message(
    "repair.not_undone",
    "It cannot be undone: somebody has decided since, or the run has ended.",
    "不能撤销：之后已有人处理，或审批已结束。",
    "Jump to a step instead.",
    "请改用跳转步骤。",
)


@dataclass(frozen=True, slots=True)
class RunGroup:
    """Open runs of one approval in one version that wait in one step; `is_live`: in the live version.

    Those that wait in several branches are counted under the first of the steps.
    """

    definition: str
    object: str
    object_label: Text
    approval: str
    label: Text
    step: str
    step_label: Text
    version: int
    count: int
    is_live: bool
    has_live: bool

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        return {
            "definition": self.definition,
            "object": self.object,
            "object_label": self.object_label.within(language),
            "approval": self.approval,
            "label": self.label.within(language),
            "step": self.step,
            "step_label": self.step_label.within(language),
            "version": self.version,
            "count": self.count,
            "is_live": self.is_live,
            "has_live": self.has_live,
        }


class Repairs:
    """Administrators' acts on runs; callers check that the caller may design."""

    def __init__(self, store: RecordStore, notifications: Notifications) -> None:
        self._store = store
        self._notifications = notifications

    # -- what there is ----------------------------------------------------------------------

    def groups(self, context: Context) -> tuple[RunGroup, ...]:
        """Return the open runs by approval, version and step: one statement over the open ones."""
        joined = RUN.outerjoin(FIRST_OPEN, FIRST_OPEN.c.run == RUN.c.id)
        keys = (RUN.c.object_id, RUN.c.definition, FIRST_OPEN.c.node)
        statement = (
            sa.select(
                *keys,
                sa.func.count().label("number"),
                sa.func.min(RUN.c.metadata_version).label("version"),
            )
            .select_from(joined)
            .where(RUN.c.state == "open")
            .group_by(*keys)
        )
        with checked_snapshot(context) as reading:
            rows = reading.connection.execute(statement).all()
            pinned = definitions_of(reading.connection, {row.definition for row in rows})
        found = [_group(context, row, pinned[row.definition]) for row in rows]
        return tuple(
            sorted(found, key=lambda one: (one.object, one.approval, one.version, one.step))
        )

    def members(
        self, context: Context, definition: str, step: str, *, after: str | None = None
    ) -> list[str]:
        """Return the ids of a page of the runs of a group, oldest first."""
        with checked_snapshot(context) as reading:
            connection = reading.connection
            pinned = definitions_of(connection, (definition,)).get(definition)
            names = [one.name for one in pinned.steps] if pinned is not None else []
            if step not in names:
                return []
            joined = RUN.join(FIRST_OPEN, FIRST_OPEN.c.run == RUN.c.id)
            statement = (
                sa.select(RUN.c.id)
                .select_from(joined)
                .where(
                    RUN.c.state == "open",
                    RUN.c.definition == definition,
                    FIRST_OPEN.c.node == names.index(step),
                )
                .order_by(RUN.c.id)
                .limit(PAGE_SIZE)
            )
            if after is not None:
                statement = statement.where(RUN.c.id > after)
            return list(connection.execute(statement).scalars())

    # -- doing it ---------------------------------------------------------------------------

    def repair(
        self,
        context: Context,
        work: UnitOfWork,
        run_id: str,
        act: str,
        *,
        reason: str | None,
        step: str | None = None,
        task: str | None = None,
        to: str | None = None,
        batch: str | None = None,
    ) -> Decided:
        """Do something with an open run, for a `reason` that stands on its timeline.

        `skip` ends the step that waits, of several `step`; `jump` goes to `step`: within the block where
        the run waits only the branch of that step goes there. `reassign` gives `task` to the user `to`,
        `restart` begins again by the live version, `move` goes on by the live version where it waits,
        `cancel` ends the run and leads the record back. `batch` marks what is undone together.
        """
        reason = checked_reason(reason)
        if act not in ACTS:
            raise RefusedError(WRONG_ACT.at("/act", act=act, acts=", ".join(ACTS)))
        case = self._case(context, work, run_id)
        match act:
            case "skip":
                row = _waiting_in(case, step)
                self._say(case, act, reason, batch, step=row.id)
                case.rows.end_step(row.id, "skipped")
                if not follow(case, row, act, reason):
                    case.line(act, reason)
            case "jump":
                self._jump(case.without_standing(), step, reason, batch)
            case "reassign":
                self._reassign(case, task or "", to or "", reason)
            case "cancel":
                self._say(case, "cancel", reason, batch)
                end(case, "withdrawn", "cancel", reason, run_state="cancelled")
            case _:
                self._move(case, act, reason, batch)
        return _decided(case)

    def undo(self, context: Context, work: UnitOfWork, run_id: str, reason: str | None) -> Decided:
        """Lead a run back to the version and step that it was moved from.

        Raise ConflictError `repair.not_undone` where somebody has decided since.
        """
        reason = checked_reason(reason)
        case = self._case(context, work, run_id)
        statement = sa.select(DECISION).where(DECISION.c.run == run_id)
        deciding = statement.where(DECISION.c.action.not_in(("keep", "urge", "unresolved", *TALK)))
        last = work.connection.execute(deciding.order_by(DECISION.c.id.desc()).limit(1)).first()
        rows = {row.id: row for row in steps_of(work.connection, run_id)}
        left = rows.get(last.step) if last is not None and last.action in UNDONE else None
        if last is None or left is None or left.definition is None:
            raise ConflictError(NOT_UNDONE.at())
        former = definitions_of(work.connection, (left.definition,))[left.definition]
        self._say(case, "undo", reason, None)
        moved = self._repinned(case, former, last.to_version or case.run.metadata_version)
        node = node_of(left)
        beside = [
            (row, name)
            for row, name in newest_beside(moved, node, last.id)
            if row.state not in ENDED
        ]
        points = points_beside(moved, node, last.id)
        _reopen(moved, [(left, former.steps[node].name), *beside], node, points, ("undo", reason))
        return _decided(moved)

    def batch(self, context: Context, batch: str) -> list[str]:
        """Return the ids of the runs of a batch, oldest first."""
        statement = sa.select(DECISION.c.run).where(DECISION.c.batch == batch).distinct()
        with checked_snapshot(context) as reading:
            return sorted(reading.connection.execute(statement).scalars())

    # -- parts ------------------------------------------------------------------------------

    def _case(self, context: Context, work: UnitOfWork, run_id: str) -> Case:
        run = run_by_id(work.connection, run_id) if is_record_id(run_id) else None
        if run is None:
            raise NotFoundError(NOT_FOUND.at())
        case = case_of(self._store, self._notifications, context, work, run_id)
        case.lock()
        case = case_of(self._store, self._notifications, context, work, run_id)
        if case.run.state != "open":
            state = messages.STATE_TEXTS[case.run.state]
            raise ConflictError(messages.RUN_ENDED.at(state=state))
        if context.principal.user_id in case.run.excluded:
            raise ForbiddenError(messages.SELF_APPROVAL.at())
        return case

    def _say(
        self,
        case: Case,
        act: str,
        reason: str,
        batch: str | None,
        *,
        step: str | None = None,
        to_step: str | None = None,
    ) -> None:
        version = case.subject().version
        more = {"batch": batch, "to_version": case.run.metadata_version}
        case.add_decision(act, reason, version, step=step, to_step=to_step, **more)

    def _reassign(self, case: Case, task_id: str, to: str, reason: str) -> None:
        connection = case.work.connection
        task = task_by_id(connection, task_id) if is_record_id(task_id) else None
        if task is None or task.run != case.run.id:
            raise NotFoundError(NOT_FOUND.at())
        asked = {row.user for row in tasks_of_step(connection, task.step)}
        # A task opens its record: nobody of another company is given one by mistake.
        people = colleagues(case.context, connection)
        person = next((one for one in people if one.id == to), None)
        if person is None or to in asked or to in case.run.excluded:
            raise RefusedError(WRONG_PERSON.at("/to"))
        if not case.rows.leave_task(task.id):
            case.refuse_late(task.id)
        found = case.subject()
        step_row, step = case.step_of_task(task)
        actor = case.context.principal.user_id
        case.add_decision("reassign", reason, found.version, task=task, user=actor, given_to=to)
        receiver = Person(person.id, person.name, None, bool(task.veto))
        case.ask(step, step_row.id, (receiver,), found, state=task.state, like=task)
        case.line("reassign", reason)

    def _move(self, case: Case, act: str, reason: str, batch: str | None) -> None:
        catalog = case.context.catalog
        live = pinned_now(catalog, case.model, case.pinned)
        if live is None:
            raise ConflictError(GONE.at(name=case.pinned.label))
        if act == "move" and live.with_way_back(case.run.from_state) == case.pinned:
            raise ConflictError(SAME.at())
        case = case.without_standing()
        left = [(row, case.step_of(row).name) for row in _waiting(case)]
        node = _same_node(case, [name for _, name in left], live) if act == "move" else 0
        self._say(case, act, reason, batch, step=left[0][0].id)
        moved = self._repinned(case, live, catalog.version)
        if act == "move":
            _reopen(moved, left, node, points_beside(moved, node), (act, reason))
        else:
            moved.line(act, reason)
            go_to(moved, 0, act, reason, beside=beginnings_beside(live, 0))

    def _jump(self, case: Case, step: str | None, reason: str, batch: str | None) -> None:
        """Go to a step: within the block where the run waits, with its branch only."""
        node = _node_named(case.pinned, step)
        rows = _waiting(case)
        block = case.pinned.block_of(node)
        branch = None
        if block is not None and node_of(rows[0]) in block.nodes:
            branch = block.branch_of(node)
        left = [row for row in rows if branch is None or node_of(row) in branch]
        self._say(case, "jump", reason, batch, step=(left or rows)[0].id, to_step=step)
        for row in left:
            case.rows.end_step(row.id, "closed")
        case.line("jump", reason)
        beside = points_beside(case, node) if branch is None else ()
        go_to(case, node, "jump", reason, beside=beside)

    def _repinned(self, case: Case, pinned: PinnedApproval, version: int) -> Case:
        """Pin a run to another definition; the steps that it has reached stay in the old one."""
        case.rows.close_steps(case.run.id)
        case.rows.pin_run(case.run, pinned, version)
        moved = case_of(self._store, self._notifications, case.context, case.work, case.run.id)
        if moved.pinned.time != case.pinned.time:
            rewind_clock(moved)
        return moved


def _group(context: Context, row: Row, pinned: PinnedApproval) -> RunGroup:
    model = object_by_id(context, row.object_id)
    live = pinned_now(context.catalog, model, pinned)
    step = pinned.steps[row.node] if row.node is not None else None
    return RunGroup(
        definition=row.definition,
        object=model.name if model is not None else row.object_id,
        object_label=model.label if model is not None else Text(row.object_id, row.object_id),
        approval=pinned.name,
        label=pinned.label,
        step=step.name if step is not None else "",
        step_label=step.title if step is not None else Text("–", "–"),
        version=row.version,
        count=row.number,
        is_live=live == pinned,
        has_live=live is not None,
    )


def _waiting(case: Case) -> list[Row]:
    rows = open_steps_of_run(case.work.connection, case.run.id)
    if not rows:
        raise ConflictError(messages.RUN_ENDED.at(state=messages.STATE_TEXTS["cancelled"]))
    return rows


def _waiting_in(case: Case, step: str | None) -> Row:
    """Return the step that waits; of several the one that is named."""
    rows = {case.step_of(row).name: row for row in _waiting(case)}
    if len(rows) > 1 and step not in rows:
        raise RefusedError(WRONG_BRANCH.at("/step", steps=", ".join(rows)))
    return next(iter(rows.values())) if len(rows) == 1 else rows[str(step)]


def _node_named(pinned: PinnedApproval, name: str | None) -> int:
    names = [one.name for one in pinned.steps]
    if name not in names:
        raise RefusedError(WRONG_STEP.at("/step", step=name or "", steps=", ".join(names)))
    return names.index(name)


def _same_node(case: Case, waiting: Sequence[str], live: PinnedApproval) -> int:
    """Return where a run goes on in another definition.

    The first of the steps that it waits in, by their names; where there is none, the first that has
    not been approved yet.
    """
    names = [one.name for one in live.steps]
    present = [names.index(name) for name in waiting if name in names]
    if present:
        return min(present)
    newest = {
        name: one.state for one, name in named_steps(case.work.connection, case.run, case.pinned)
    }
    return next((i for i, name in enumerate(names) if newest.get(name) not in TAKEN), len(names))


def _reopen(
    case: Case,
    left: Sequence[tuple[Row, str]],
    node: int,
    beside: Sequence[Point],
    said: tuple[str, str],
) -> None:
    """Ask the people of a step; what those of them approved in the steps that were `left` stands."""
    act, reason = said
    case.line(act, reason)
    if go_to(case, node, act, reason, beside=beside):
        return
    former = {name: row for row, name in left}
    for row in open_steps_of_run(case.work.connection, case.run.id):
        before = former.get(case.step_of(row).name)
        if before is not None:
            _let_stand(case, before, row, act)


def _let_stand(case: Case, left: Row, row: Row, act: str) -> None:
    """Let those approve in an open step who approved in the one that was left."""
    connection = case.work.connection
    said = {
        task.user
        for task in tasks_of_step(connection, left.id)
        if (found := standing_decision(connection, task.id)) and found.action == "approve"
    }
    again = [one for one in tasks_of_step(connection, row.id) if one.user in said]
    if not again:
        return
    version = case.subject().version
    for task in again:
        if case.rows.approve_task(task.id):
            case.add_decision("keep", None, version, task=task, user=task.user)
    settle(case, row, act, None)


def _decided(case: Case) -> Decided:
    run = known_run(case.work.connection, case.run.id)
    found = case.subject()
    return Decided("closed", run.state, found.state, found.version)


@dataclass(frozen=True, slots=True)
class RunItem:
    """An open run as administrators see it; `title` only where they may read the record."""

    id: str
    object: str
    record_id: str
    title: str | None
    submitter: str
    since: datetime
    steps: tuple[tuple[str, Text], ...]
    tasks: tuple[tuple[str, str], ...]

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        return {
            "id": self.id,
            "object": self.object,
            "record": self.record_id,
            "title": self.title,
            "submitter": self.submitter,
            "since": instant_text(self.since),
            "steps": [{"step": name, "label": text.within(language)} for name, text in self.steps],
            "tasks": [{"id": task, "person": name} for task, name in self.tasks],
        }


def run_items(context: Context, ids: Sequence[str]) -> list[RunItem]:
    """Return runs as administrators see them."""
    items = []
    with checked_snapshot(context) as reading:
        connection = reading.connection
        rows = list(connection.execute(sa.select(RUN).where(RUN.c.id.in_(ids)).order_by(RUN.c.id)))
        definitions = definitions_of(connection, {row.definition for row in rows})
        submitters = names_of(connection, {row.submitter for row in rows})
        asked = _asked(connection, ids)
        for row in rows:
            model = object_by_id(context, row.object_id)
            if model is None:
                continue
            seen = row_rights(context, reading, model.name, row.record_id, "read") is not None
            items.append(
                RunItem(
                    id=row.id,
                    object=model.name,
                    record_id=row.record_id,
                    title=row.title if seen else None,
                    submitter=submitters.get(row.submitter, ""),
                    since=row.started_at,
                    steps=tuple((one.name, one.title) for one in definitions[row.definition].steps),
                    tasks=tuple(asked.get(row.id, ())),
                )
            )
    return items


def _asked(connection: sa.Connection, run_ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Return the undecided tasks of runs, by run: the task's id and who is asked."""
    statement = (
        sa.select(TASK.c.run, TASK.c.id, USER.c.name)
        .join(USER, USER.c.id == TASK.c.user)
        .where(TASK.c.run.in_(run_ids), TASK.c.state.in_(("open", "waiting")))
        .order_by(TASK.c.id)
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for row in connection.execute(statement) if run_ids else ():
        found.setdefault(row.run, []).append((row.id, row.name))
    return found
