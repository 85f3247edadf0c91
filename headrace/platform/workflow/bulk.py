"""One transition for many records: all or none, or each by itself with its own outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.bulk import Item, check_count, each_apart, version_of
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
    check_count(records)

    def fire(index: int, record: Mapping[str, Any]) -> Item:
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
            version=version_of(record),
        )
        return Item(index, "updated", record_id, fired.version, warnings=fired.warnings)

    return each_apart(work, enumerate(records), fire, partial=partial)
