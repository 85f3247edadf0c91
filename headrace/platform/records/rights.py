"""Access of a write: to the row as it was, to the row as it becomes, and to each field that was sent."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from headrace.platform.core.errors import ForbiddenError
from headrace.platform.core.problems import Message, Problem, pointer
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.metadata.definitions.access import Action
from headrace.platform.metadata.storage_types import DATE
from headrace.platform.records.batch import Batch
from headrace.platform.records.drafts import Draft
from headrace.platform.records.permits import held, names_in_row, static_names
from headrace.platform.records.shapes import ObjectShape

FORBIDDEN: Final = Message(
    "access.forbidden",
    "You may not do this with “{object}”.",
    "您无权对“{object}”执行此操作。",
    "Ask an administrator for the right.",
    "请向管理员申请权限。",
)
OUTSIDE: Final = Message(
    "access.outside_scope",
    "You may not save “{object}” with these values: it would be outside of what you may write.",
    "您无权以这些值保存“{object}”：保存后将超出您的权限范围。",
    "Check the values that say whom the record belongs to and in which state it is.",
    "请检查决定记录归属与状态的字段。",
)
NOT_EDITABLE: Final = Message(
    "field.not_editable",
    "You may not change “{name}” here.",
    "您不能修改此处的“{name}”。",
    "Leave it out, or ask an administrator for the right.",
    "请不要修改该字段，或向管理员申请权限。",
)


def action_on(batch: Batch, draft: Draft) -> Action:
    """Return what must be allowed for a draft: a row added to a stored master changes the master."""
    if batch.migrating and static_names(draft.shape, batch.context.principal, "migrate"):
        return "migrate"
    return "create" if draft.root().kind == "create" else "update"


def editable_names(batch: Batch, draft: Draft) -> frozenset[str]:
    """Return the fields and relations that may be sent for a row at all; the row itself narrows."""
    granted = batch.granted.get(draft.id)
    if granted is not None:
        return granted
    return static_names(draft.shape, batch.context.principal, action_on(batch, draft))


def may_create(batch: Batch, shape: ObjectShape) -> bool:
    """Say whether the caller may make some record of an object."""
    principal = batch.context.principal
    if principal.is_system:
        return True
    if shape.model.master is not None:
        return bool(static_names(shape, principal, "update"))
    actions: tuple[Action, ...] = ("create", "migrate") if batch.migrating else ("create",)
    return any(held(shape.permits, principal, action) for action in actions)


def note_rights(batch: Batch, draft: Draft, action: Action) -> frozenset[str] | None:
    """Keep what the caller may touch in a stored row, before anything of it changes."""
    if draft.environment is None:
        return None
    names = names_in_row(draft.environment, batch.context.principal, action)
    batch.rights[draft.id] = names
    return names


def is_visible(batch: Batch, draft: Draft) -> bool:
    """Say whether the caller may read a stored row, be it only for an open task."""
    if draft.environment is None:
        return False
    if names_in_row(draft.environment, batch.context.principal, "read") is not None:
        return True
    return _has_task(batch, draft.root())


def _has_task(batch: Batch, root: Draft) -> bool:
    context = batch.context
    if context.task_access is None:
        return False
    prepared = batch.shapes.part(("task", root.shape.name), lambda: _select_task(batch, root.shape))
    if prepared is None:
        return False
    day = DATE.to_driver(batch.shapes.dialect)(context.today())
    parameters = {"id": root.id, "user": context.principal.user_id, "today": day}
    return bool(batch.work.rows(prepared, parameters))


def _select_task(batch: Batch, shape: ObjectShape) -> Prepared | None:
    task_access = batch.context.task_access
    if task_access is None:
        return None
    user = sa.bindparam("user", type_=shape.table.id.type)
    today = sa.bindparam("today", type_=DATE.column_type(batch.shapes.dialect))
    condition = task_access(shape.model.id, shape.table.id, user, today)
    if condition is None:
        return None
    record_id = sa.bindparam("id", type_=shape.table.id.type)
    statement = sa.select(shape.table.id).where(shape.table.id == record_id, condition)
    return prepare(statement, batch.shapes.dialect)


def check_access(batch: Batch) -> None:
    """Refuse rows that would lie outside of the caller's rights, and fields that they do not cover."""
    if batch.context.principal.is_system or batch.unchecked:
        return
    for draft in batch.drafts():
        touched = (*draft.given, *draft.touched)
        if draft.kind == "create" or (draft.kind == "update" and touched):
            _check_draft(batch, draft, touched)
        elif draft.kind == "delete" and draft.rights_needed:
            _check_deleted(batch, draft)


def _check_draft(batch: Batch, draft: Draft, touched: tuple[str, ...]) -> None:
    if draft.id in batch.granted:
        return
    assert draft.environment is not None  # noqa: S101 - set when the batch took the draft in
    after = names_in_row(draft.environment, batch.context.principal, action_on(batch, draft))
    if after is None:
        raise ForbiddenError(OUTSIDE.at(draft.place, object=draft.shape.model.label))
    allowed = after
    if draft.kind == "update":
        allowed &= batch.rights.get(draft.id) or frozenset()
    for name in touched:
        if name not in allowed and not (batch.migrating and name in draft.given):
            batch.problems.append(not_editable(draft, name))


def _check_deleted(batch: Batch, draft: Draft) -> None:
    if batch.rights.get(draft.id) is None:
        raise ForbiddenError(FORBIDDEN.at(draft.place, object=draft.shape.model.label))


def not_editable(draft: Draft, name: str) -> Problem:
    """Return the refusal of a field or relation."""
    field = draft.shape.fields.get(name)
    label = field.label if field else draft.shape.relations[name].label or name
    return NOT_EDITABLE.at(draft.place + pointer(name), name=label)
