"""One transition for many records: all or none, or each by itself with its own outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headrace.platform.core.errors import (
    PlatformError,
    PreconditionRequiredError,
    RefusedError,
    UnavailableError,
)
from headrace.platform.core.problems import pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.field_types.values import OBJECT, WRONG_TYPE, type_name
from headrace.platform.records.bulk import MOST_ITEMS, TOO_MANY, VERSION_NEEDED, Item
from headrace.platform.records.context import Context
from headrace.platform.workflow.engine import WorkflowEngine


def fire_many(
    engine: WorkflowEngine,
    context: Context,
    work: UnitOfWork,
    object_name: str,
    transition: str,
    records: Sequence[Any],
    *,
    partial: bool = False,
) -> list[Item]:
    """Take `transition` of records given as `{"id", "version", "comment", "values", "approvers"}`.

    Without `partial` the first refusal is raised, its paths below `/records/<index>`.
    """
    if len(records) > MOST_ITEMS:
        raise RefusedError(TOO_MANY.at("/records", limit=MOST_ITEMS, count=len(records)))
    items = []
    for index, record in enumerate(records):
        try:
            with work.connection.begin_nested():
                items.append(_fire(engine, context, work, object_name, transition, index, record))
        except UnavailableError:
            raise
        except PlatformError as error:
            if not partial:
                place = pointer("records", index)
                error.problems = tuple(problem.below(place) for problem in error.problems)
                raise
            sent = record.get("id") if isinstance(record, Mapping) else None
            items.append(
                Item(index, "refused", sent if isinstance(sent, str) else None, error=error)
            )
    return items


def _fire(
    engine: WorkflowEngine,
    context: Context,
    work: UnitOfWork,
    object_name: str,
    transition: str,
    index: int,
    record: Any,
) -> Item:
    if not isinstance(record, Mapping):
        raise RefusedError(WRONG_TYPE.at(expected=OBJECT, given=type_name(record)))
    version = record.get("version")
    if isinstance(version, bool) or not isinstance(version, int):
        raise PreconditionRequiredError(VERSION_NEEDED.at("/version"))
    record_id = str(record.get("id"))
    fired = engine.fire(
        context,
        work,
        object_name,
        record_id,
        transition,
        comment=record.get("comment"),
        values=record.get("values"),
        approvers=record.get("approvers"),
        version=version,
    )
    return Item(index, "updated", record_id, fired.version, warnings=fired.warnings)
