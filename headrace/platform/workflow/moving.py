"""What a publish does to open runs and to roles: ending, renaming states, handing tasks on.

Called within the publish, in two parts: `before` with the version that is still live, so that
records can be led back by its tables; `after` with the new one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.tables import USER, USER_ROLE
from headrace.platform.core.errors import ConflictError, NotFoundError
from headrace.platform.core.problems import Message
from headrace.platform.database.system_tables import SETTING
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.tree import Binary, Call, Case, FieldRef, In, Literal, Node
from headrace.platform.jobs.notifications import Notifications
from headrace.platform.metadata.catalog import Catalog, ObjectModel
from headrace.platform.records.context import Context
from headrace.platform.records.store import RecordStore
from headrace.platform.workflow import messages
from headrace.platform.workflow.approvals import Approvals
from headrace.platform.workflow.people import FALLBACK_SETTING
from headrace.platform.workflow.pinned import (
    Outcome,
    PinnedApproval,
    read_stored,
)
from headrace.platform.workflow.reached import (
    NO_STATES,
    NO_VALUES,
    RunKey,
    States,
    Values,
    reached_runs,
    renamed_choices,
    renamed_states,
)
from headrace.platform.workflow.runs import Row, Runs, runs_pinned_to
from headrace.platform.workflow.subjects import object_by_id
from headrace.platform.workflow.tables import DEFINITION, RUN, TASK

DROPPED: Final = "dropped:"
"""Before the id of a role that is gone: who held it holds it again when that role comes back."""

RUNS_LEFT: Final = Message(
    "approval.must_end",
    "{count} running approvals of “{approval}” cannot go on: {reason}.",
    "“{approval}” 有 {count} 个进行中的审批无法继续：{reason}。",
    "Answer cancel: they end, their records go back to the state before, who submitted them is told.",
    "请答复 cancel：审批结束，记录退回原状态，并通知提交人。",
)
COMMENT: Final = "Definitions were changed / 定义已变更"


@dataclass(frozen=True, slots=True)
class RunChanges:
    """What becomes of runs and roles by a publish.

    `cancelled` are the approvals whose open runs end. `states` are those whose names change, or
    whose rows move to another (workflow id -> old -> new). `values` are choices and record types that
    are called otherwise, or whose rows get another one (field id -> old -> new). `roles` maps ids of roles that are
    renamed or gone to (old name, new name or None), `returned` ids of roles that are new to names.
    """

    cancelled: frozenset[RunKey] = frozenset()
    states: States = field(default_factory=lambda: NO_STATES)
    values: Values = field(default_factory=lambda: NO_VALUES)
    roles: Mapping[str, tuple[str, str | None]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    returned: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def run_changes(
    old: Catalog,
    new: Catalog,
    states: States = NO_STATES,
    values: Values = NO_VALUES,
    cancelled: Iterable[RunKey] = (),
) -> RunChanges:
    """Return what becomes of runs and roles; `states` and `values` add decisions to what ids tell."""
    before = {role.id or name: name for name, role in old.roles.items()}
    after = {role.id or name: name for name, role in new.roles.items()}
    roles = {
        role_id: (name, after.get(role_id))
        for role_id, name in before.items()
        if after.get(role_id) != name
    }
    returned = {role_id: name for role_id, name in after.items() if role_id not in before}
    return RunChanges(
        frozenset(cancelled),
        renamed_states(old, new, states),
        renamed_choices(old, new, values),
        roles,
        MappingProxyType(returned),
    )


class MovingRuns:
    """Carries out `RunChanges` in the unit of work of a publish."""

    def __init__(
        self, store: RecordStore, notifications: Notifications, approvals: Approvals
    ) -> None:
        self._store = store
        self._notifications = notifications
        self._approvals = approvals

    def before(self, context: Context, work: UnitOfWork, new: Catalog, changes: RunChanges) -> int:
        """End the runs that are to end, with the version of `context` live; return how many.

        Raise ConflictError `approval.must_end` where runs need what `new` has not and are not among
        them: they were begun since the publish was planned.
        """
        for one in reached_runs(work.connection, context.catalog, new, changes.states):
            if one.must_end and one.key not in changes.cancelled:
                reason = one.reasons[0]
                raise ConflictError(
                    RUNS_LEFT.at(count=one.count, approval=one.label, reason=reason)
                )
        return sum(self.cancel(context, work, key) for key in sorted(changes.cancelled))

    def after(self, context: Context, work: UnitOfWork, changes: RunChanges) -> None:
        """Bring runs and tasks to the states, values and roles of the version of `context`."""
        for workflow_id, states in changes.states.items():
            self.map_states(context, work, workflow_id, states)
        if changes.values:
            self._rewrite(context, work, lambda pinned: _with_values(pinned, changes.values))
        if changes.roles or changes.returned:
            self._move_roles(context, work, changes)

    def cancel(self, context: Context, work: UnitOfWork, key: RunKey) -> int:
        """End all open runs of an approval; return how many.

        Their records go back to the state in which they were submitted, tasks are closed, who
        submitted is told, and the history says it.
        """
        ended = 0
        for run in runs_pinned_to(work.connection, *key):
            ended += self._cancel(context, work, run)
        return ended

    def map_states(
        self, context: Context, work: UnitOfWork, workflow_id: str, states: Mapping[str, str]
    ) -> None:
        """Let the outcomes and conditions of open runs speak of states by their new names."""
        field_id = _state_field(context.catalog, workflow_id)
        connection = work.connection
        self._rewrite(
            context,
            work,
            lambda pinned: (
                _with_states(pinned, states, field_id) if pinned.workflow == workflow_id else pinned
            ),
        )
        mapping = sa.case(*((RUN.c.from_state == old, new) for old, new in states.items()))
        hashes = [
            one
            for one, pinned in _open_definitions(connection).items()
            if pinned.workflow == workflow_id
        ]
        change = sa.update(RUN).where(RUN.c.state == "open", RUN.c.from_state.in_(states))
        connection.execute(change.where(RUN.c.definition.in_(hashes)).values(from_state=mapping))

    # -- parts ------------------------------------------------------------------------------

    def _cancel(self, context: Context, work: UnitOfWork, run: Row) -> int:
        rows = Runs(work, context.ids, context.now())
        if not rows.end_run(run.id, "cancelled"):
            return 0
        model = object_by_id(context, run.object_id)
        version = 0 if model is None else self._lead_back(context, work, model, run)
        rows.add_decision(
            {
                "run": run.id,
                "step": None,
                "task": None,
                "user": context.principal.user_id,
                "action": "cancel",
                "comment": COMMENT,
                "record_version": version,
                "metadata_version": context.catalog.version,
            }
        )
        state = messages.STATE_TEXTS["cancelled"]
        told = messages.ENDED.at(title=run.title, state=state, name=context.principal.name)
        self._notifications.send(
            work,
            (run.submitter,),
            "approval.ended",
            told.message,
            object_id=run.object_id,
            record_id=run.record_id,
        )
        return 1

    def _lead_back(self, context: Context, work: UnitOfWork, model: ObjectModel, run: Row) -> int:
        """Put the record into the state before; return its version, 0 for one that is deleted."""
        try:
            saved = self._store.apply_system(
                context,
                work,
                model.name,
                run.record_id,
                {str(model.state_field): run.from_state},
                action="cancel",
                comment=COMMENT,
                checked=False,
            )
        except NotFoundError:
            return 0
        return saved.version

    def _move_roles(self, context: Context, work: UnitOfWork, changes: RunChanges) -> None:
        names = {old: new or DROPPED + role_id for role_id, (old, new) in changes.roles.items()} | {
            DROPPED + role_id: name for role_id, name in changes.returned.items()
        }
        connection = work.connection
        holders = connection.execute(
            sa.select(USER_ROLE.c.user).where(USER_ROLE.c.role.in_(names)).distinct()
        )
        touched = sorted(str(one) for one in holders.scalars())
        _rename(work, USER_ROLE, USER_ROLE.c.role, names)
        if touched:
            change = sa.update(USER).where(USER.c.id.in_(touched))
            connection.execute(change.values(stamp=USER.c.stamp + 1))
        renamed = {old: new for old, new in changes.roles.values() if new is not None}
        if renamed:
            _rename(work, TASK, TASK.c.role, renamed, TASK.c.state == "open")
            self._rewrite(context, work, lambda pinned: _with_roles(pinned, renamed))
            self._rename_fallback(work, renamed)
        gone = [old for old, new in changes.roles.values() if new is None]
        for user_id in _asked_as(work, gone):
            self._approvals.release(context, work, user_id)

    @staticmethod
    def _rename_fallback(work: UnitOfWork, renamed: Mapping[str, str]) -> None:
        where = SETTING.c.key == FALLBACK_SETTING
        role = work.connection.execute(sa.select(SETTING.c.value).where(where)).scalar()
        if isinstance(role, str) and role in renamed:
            work.connection.execute(sa.update(SETTING).where(where).values(value=renamed[role]))

    def _rewrite(self, context: Context, work: UnitOfWork, change: Any) -> None:
        """Pin open runs to changed definitions; those that have ended keep theirs."""
        rows = Runs(work, context.ids, context.now())
        for content_hash, pinned in _open_definitions(work.connection).items():
            changed = change(pinned)
            if changed != pinned:
                rows.repin(content_hash, changed)


def _open_definitions(connection: sa.Connection) -> dict[str, PinnedApproval]:
    hashes = sa.select(RUN.c.definition).where(RUN.c.state == "open")
    found = connection.execute(sa.select(DEFINITION).where(DEFINITION.c.hash.in_(hashes)))
    return {row.hash: read_stored(row.content) for row in found}


def _rename(
    work: UnitOfWork,
    table: sa.Table,
    column: sa.Column[Any],
    names: Mapping[str, str],
    *conditions: sa.ColumnElement[bool],
) -> None:
    """Put new names in the place of old ones, all at once: two may have been swapped."""
    if names:
        mapped = sa.case(*((column == old, new) for old, new in names.items()))
        change = sa.update(table).where(column.in_(names), *conditions)
        work.connection.execute(change.values({column.name: mapped}))


def _asked_as(work: UnitOfWork, roles: Collection[str]) -> list[str]:
    """Return the users who have open tasks that they were asked for in one of `roles`."""
    asked = sa.select(TASK.c.user).where(TASK.c.state == "open", TASK.c.role.in_(roles)).distinct()
    return sorted(str(one) for one in work.connection.execute(asked).scalars()) if roles else []


def _state_field(catalog: Catalog, workflow_id: str) -> str | None:
    for workflow in catalog.workflows.values():
        if workflow.id == workflow_id:
            return catalog.objects[workflow.object].fields[workflow.field].id
    return None


# -- pinned definitions with other names -----------------------------------------------------------


def _with_states(
    pinned: PinnedApproval, states: Mapping[str, str], field_id: str | None
) -> PinnedApproval:
    def rename(state: str) -> str:
        return states.get(state, state)

    def outcome(one: Outcome) -> Outcome:
        return dataclasses.replace(one, to=rename(one.to))

    named = dataclasses.replace(
        pinned,
        to=rename(pinned.to),
        sources=tuple(dict.fromkeys(rename(one) for one in pinned.sources)),
        outcomes={key: outcome(one) for key, one in pinned.outcomes.items()},
    )
    return named if field_id is None else _with_values(named, {field_id: states})


def _with_values(pinned: PinnedApproval, values: Values) -> PinnedApproval:
    """Return the approval whose formulas speak of values by their new names."""

    def reworded(expression: Expression | None) -> Expression | None:
        if expression is None:
            return None
        return dataclasses.replace(expression, tree=_with_literals(expression.tree, values))

    def given(field_id: str, expression: Expression) -> Expression:
        tree = _result(_with_literals(expression.tree, values), values.get(field_id, {}))
        return dataclasses.replace(expression, tree=tree)

    def outcome(one: Outcome) -> Outcome:
        assigned = tuple((field_id, given(field_id, value)) for field_id, value in one.assignments)
        return Outcome(one.to, reworded(one.when), assigned)

    return dataclasses.replace(
        pinned,
        outcomes={key: outcome(one) for key, one in pinned.outcomes.items()},
        steps=tuple(dataclasses.replace(step, when=reworded(step.when)) for step in pinned.steps),
    ).with_approvers(lambda who: dataclasses.replace(who, formula=reworded(who.formula)))


def _with_literals(node: Any, values: Values) -> Any:
    """Return a tree in which texts that are compared with a field are the new names of its values."""
    if not dataclasses.is_dataclass(node) or isinstance(node, type):
        return node
    parts = {
        part.name: _within(getattr(node, part.name), values) for part in dataclasses.fields(node)
    }
    node = dataclasses.replace(node, **parts)
    match node:
        case Binary():
            left, right = _names_of(node.left, values), _names_of(node.right, values)
            return dataclasses.replace(
                node, left=_renamed(node.left, right), right=_renamed(node.right, left)
            )
        case In():
            names = _names_of(node.operand, values)
            items = tuple(_renamed(item, names) for item in node.items)
            return dataclasses.replace(node, items=items)
        case Call(function="HAS"):
            names = _names_of(node.args[0], values)
            args = (node.args[0], *(_renamed(one, names) for one in node.args[1:]))
            return dataclasses.replace(node, args=args)
    return node


def _within(part: Any, values: Values) -> Any:
    if isinstance(part, tuple):
        return tuple(_within(one, values) for one in part)
    return _with_literals(part, values)


def _names_of(node: Node, values: Values) -> Mapping[str, str]:
    """Return the new names of the values of a field."""
    return values.get(node.path[-1], {}) if isinstance(node, FieldRef) else {}


def _renamed(node: Node, names: Mapping[str, str]) -> Node:
    if isinstance(node, Literal) and isinstance(node.value, str):
        return dataclasses.replace(node, value=names.get(node.value, node.value))
    return node


def _result(node: Node, names: Mapping[str, str]) -> Node:
    """Return a formula that gives a field its value, by the new names of what it gives."""
    if not isinstance(node, Case):
        return _renamed(node, names)
    branches = tuple(
        dataclasses.replace(one, result=_result(one.result, names)) for one in node.branches
    )
    return dataclasses.replace(node, branches=branches, otherwise=_result(node.otherwise, names))


def _with_roles(pinned: PinnedApproval, roles: Mapping[str, str]) -> PinnedApproval:
    def name(role: str | None) -> str | None:
        return None if role is None else roles.get(role, role)

    return pinned.with_approvers(
        lambda who: dataclasses.replace(who, role=name(who.role), until=name(who.until))
    )
