"""What a new submission keeps of the one before: steps that were approved, while nothing has changed.

A run that was rejected or returned to its submitter keeps what the record held then. The next run of
the same approval compares: where a key field (or, without any, whatever people write) has changed, it
asks everybody again; else what was approved stands, and the run goes on at the step that sent it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.principals import SYSTEM_USER_ID
from headrace.platform.core.canonical import content_hash
from headrace.platform.database.engine import Reading
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.records.context import Context
from headrace.platform.workflow.depending import Changed, dependencies
from headrace.platform.workflow.pinned import PinnedApproval
from headrace.platform.workflow.runs import (
    Row,
    approvers_of_steps,
    definition_of,
    named_steps,
    runs_of,
)
from headrace.platform.workflow.subjects import Subject, snapshot

APPROVED_STATES: Final = frozenset({"approved", "passed", "kept"})
UNDONE: Final = "undone"
"""The key under which a run keeps which fields its rejection gave back their values, by id."""

Values = Mapping[str, Any]


def with_a_part(
    connection: sa.Connection, model: ObjectModel, row: Values, submitter: str
) -> frozenset[str]:
    """Return who may not decide about a record: who submits it, and who last changed it before.

    Whoever was kept from deciding the submission before still is, unless it was approved. Whoever sent
    the record back has not changed it by that.
    """
    people = {submitter}
    before = next(iter(runs_of(connection, model.id, str(row["id"]), limit=1)), None)
    if before is not None and before.state != "approved":
        people.update(before.excluded)
    sent_back = before.left_with["version"] if before is not None and before.left_with else None
    if row["version"] != sent_back:
        people.add(str(row["updated_by"]))
    return frozenset(people - {SYSTEM_USER_ID})


def left_with(context: Context, work: UnitOfWork | Reading, found: Subject) -> dict[str, Any]:
    """Return what a record holds, as JSON.

    Its version, its fields by id, its relations of detail rows by name as hashes.
    """
    return {
        "version": found.version,
        "fields": snapshot(found.model, found.row, context.database.dialect),
        "rows": {
            str(child.name): _rows_hash(context, work, str(child.object), str(child.by), found.id)
            for child in found.model.children
        },
    }


def fingerprint(context: Context, work: UnitOfWork | Reading, found: Subject) -> str:
    """Return the fingerprint of a record as it is shown: of its fields and of its detail rows."""
    held = left_with(context, work, found)
    return content_hash({"fields": held["fields"], "rows": held["rows"]})


def kept_steps(
    context: Context, work: UnitOfWork | Reading, found: Subject, pinned: PinnedApproval
) -> dict[str, frozenset[str]]:
    """Return the steps whose approval still stands, by name, with who approved them."""
    if not pinned.resumes:
        return {}
    before = run_before(work, found, pinned)
    if before is None or before.left_with is None:
        return {}
    now = left_with(context, work, found)
    if _has_changed(found, pinned, before, now):
        return {}
    earlier = definition_of(work.connection, before)
    changed = _changed(found, before, now)
    lost = {
        step.name
        for step in (pinned.steps if changed else ())
        if any(
            one.concerns(dependencies(context.catalog, found.model, pinned, step))
            for one in changed
        )
    }
    approved = _approved(work.connection, before, earlier)
    return {name: people for name, people in approved.items() if name not in lost}


def _changed(found: Subject, before: Row, now: Values) -> list[Changed]:
    """Return what differs from the submission before, but for what transitions set themselves.

    What its rejection gave back counts too: it was decided on as approvers had changed it.
    """
    then, out = before.left_with, _set_by_workflow(found)
    fields = [
        Changed((field.id,), None, then["fields"].get(field.id), now["fields"].get(field.id))
        for field in found.model.fields.values()
        if field.name not in out
    ]
    rows = [
        Changed((name,), "", then["rows"].get(name), value) for name, value in now["rows"].items()
    ]
    undone = then.get(UNDONE, ())
    return [one for one in (*fields, *rows) if one.before != one.after or one.key[0] in undone]


def run_before(work: UnitOfWork | Reading, found: Subject, pinned: PinnedApproval) -> Row | None:
    """Return the submission before; None where it was to another approval, or there was none."""
    before = next(iter(runs_of(work.connection, found.model.id, found.id, limit=1)), None)
    if before is None:
        return None
    earlier = definition_of(work.connection, before)
    same = earlier.id == pinned.id if pinned.id else earlier.name == pinned.name
    return before if same else None


def _approved(
    connection: sa.Connection, run: Row, pinned: PinnedApproval
) -> dict[str, frozenset[str]]:
    newest = {name: row for row, name in named_steps(connection, run, pinned)}
    standing = {name: row for name, row in newest.items() if row.state in APPROVED_STATES}
    people = approvers_of_steps(connection, [row.id for row in standing.values()])
    return {name: people[row.id] for name, row in standing.items()}


def _has_changed(found: Subject, pinned: PinnedApproval, before: Row, now: Values) -> bool:
    then = before.left_with
    keys = pinned.key_fields or (*_written(found), *now["rows"])
    return any(
        then["fields"].get(key) != now["fields"].get(key)
        or then["rows"].get(key) != now["rows"].get(key)
        for key in keys
    )


def _written(found: Subject) -> list[str]:
    """Return the ids of the fields that people write and no transition sets."""
    out = _set_by_workflow(found)
    fields = found.model.fields.values()
    return [one.id for one in fields if one.is_written and one.name not in out]


def _set_by_workflow(found: Subject) -> frozenset[str]:
    """Return the names of the fields that transitions set."""
    transitions = found.workflow.transitions.values()
    return frozenset(one.field for each in transitions for one in each.all_assignments)


def _rows_hash(
    context: Context, work: UnitOfWork | Reading, name: str, by: str, master: str
) -> str:
    """Return a hash of what people wrote in the detail rows of a record."""
    model = context.catalog.objects[name]
    table = context.tables.of(name)
    fields = [one for one in model.fields.values() if one.is_written]
    columns = [table.columns[one.name] for one in fields if one.name in table.columns]
    statement = sa.select(table.columns["id"], *columns).where(table.columns[by] == master)
    if table.deleted_at is not None:
        statement = statement.where(table.deleted_at.is_(None))
    rows = work.connection.execute(statement.order_by(table.columns["id"]))
    return content_hash([[_plain(value) for value in row] for row in rows])


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | str) else str(value)
