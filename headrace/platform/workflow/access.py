"""What open tasks and runs mean for records: who may read them, and that nobody changes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.parameters import Column, Condition
from headrace.platform.access.stamps import stamp_query
from headrace.platform.core.errors import ConflictError, NewerCatalogError, StalePrincipalError
from headrace.platform.database.engine import Reading
from headrace.platform.database.system_tables import LIVE_VERSION
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.building import SYSTEM_FIELD_NAMES
from headrace.platform.metadata.catalog import ObjectModel, WorkflowModel
from headrace.platform.records.context import Context
from headrace.platform.records.drafts import Change
from headrace.platform.records.source import row_rights
from headrace.platform.workflow import messages
from headrace.platform.workflow.copies import copy_access
from headrace.platform.workflow.delegations import in_force
from headrace.platform.workflow.runs import Runs, open_run
from headrace.platform.workflow.subjects import json_value
from headrace.platform.workflow.tables import DELEGATION, TASK

LOCKED_ACTIONS: Final = frozenset({"updated", "restored", "deleted", "undeleted"})
"""What people do to records; transitions, decisions and computed values are the platform's."""


def task_access(object_id: str, record: Column, user: Column, today: Column, /) -> Condition:
    """Return the condition on which an approval lets `user` read `record` (`access.rows.TaskAccess`).

    They were asked themselves, stand in for who was, or got a copy: three conditions, so that each
    begins with an index, of the tasks or copies of a user or of those whom a user stands in for.
    """
    task, delegation = TASK.alias(), DELEGATION.alias()
    on_record = sa.and_(
        task.c.record_id == record, task.c.object_id == object_id, task.c.state == "open"
    )
    own = sa.select(sa.literal(1)).select_from(task).where(task.c.user == user, on_record)
    others = (
        sa.select(sa.literal(1))
        .select_from(delegation.join(task, task.c.user == delegation.c.user))
        .where(in_force(delegation, user, today), on_record)
    )
    return sa.or_(sa.exists(own), sa.exists(others), copy_access(object_id, record, user))


@contextmanager
def checked_snapshot(context: Context) -> Iterator[Reading]:
    """Lend a connection on which all statements see one moment, at which the caller is still valid.

    Raise NewerCatalogError where the live version is not that of `context`, StalePrincipalError
    where the caller's rights or credential changed.
    """
    stamp = stamp_query(context.principal, context.real_clock.now())
    with context.database.snapshot() as reading:
        if stamp is None:
            live = reading.connection.execute(sa.select(LIVE_VERSION)).scalar_one()
            present = expected = None
        else:
            both = sa.select(LIVE_VERSION, stamp.select.scalar_subquery())
            live, present = reading.connection.execute(both, dict(stamp.parameters)).one()
            expected = stamp.expected
        if live != context.catalog.version:
            raise NewerCatalogError(live)
        if present != expected:
            raise StalePrincipalError
        yield reading


def is_visible(
    context: Context, on: Reading | UnitOfWork, object_name: str, record_id: str
) -> bool:
    """Say whether the caller may read a record, by grants, an open task on it, or a copy."""
    return row_rights(context, on, object_name, record_id, "read", by_task=True) is not None


# -- hooks of the record store ---------------------------------------------------------------------


def refuse_change_in_approval(context: Context, work: UnitOfWork, change: Change) -> None:
    """Refuse changes of a record that is in approval (a `before_save` hook).

    What a step opens is written with the decision, not here. A change of a detail is one of its
    master, which the store reports too.
    """
    if change.action not in LOCKED_ACTIONS or _is_computed(change) or context.principal.is_system:
        return
    model = context.catalog.object(change.object)
    if model is None or not may_be_in_approval(context, model, change.old):
        return
    if open_run(work.connection, model.id, change.id) is not None:
        raise ConflictError(messages.IN_APPROVAL.at())


def renew_tasks(context: Context, work: UnitOfWork, change: Change) -> None:
    """Make open tasks of a changed record stale, and its sum in lists right (an `after_save` hook)."""
    model = context.catalog.object(change.object)
    if model is None or not may_be_in_approval(context, model, change.old):
        return
    changed = change.fields - SYSTEM_FIELD_NAMES - {model.state_field}
    if not changed:
        return
    run = open_run(work.connection, model.id, change.id)
    if run is None:
        return
    rows = Runs(work, context.ids, context.now())
    rows.renew_tasks(model.id, change.id)
    if change.new is None:
        return
    shown = run.summary.get("field")
    field = next((one for one in model.fields.values() if one.id == shown), None)
    if field is not None and field.name in changed:
        value = json_value(field, change.new.get(field.name), work.dialect)
        rows.set_summary(run.id, {"field": field.id, "value": value} if value else {})


def _is_computed(change: Change) -> bool:
    return change.old is not None and change.version == change.old["version"]


def may_be_in_approval(context: Context, model: ObjectModel, old: Mapping[str, Any] | None) -> bool:
    """Say whether a run may be open: never on a new record, nor in a state where none waits."""
    workflow = context.catalog.workflows.get(model.workflow or "")
    if workflow is None or old is None:
        return False
    state = old[str(model.state_field)]
    return state != workflow.initial or state in _waiting(workflow)


def _waiting(workflow: WorkflowModel) -> frozenset[str]:
    return frozenset(
        workflow.transitions[name].definition.to
        for name in workflow.approvals
        if name in workflow.transitions
    )
