"""Who may have a file: of a record, who may read its field; of a decision, who is told of its comment."""

from __future__ import annotations

import sqlalchemy as sa

from headrace.platform.core.errors import NOT_FOUND, NotFoundError
from headrace.platform.files.store import KnownFile
from headrace.platform.files.tables import OF_DECISIONS
from headrace.platform.records import file_reading
from headrace.platform.records.context import Context
from headrace.platform.workflow.access import checked_snapshot, is_visible
from headrace.platform.workflow.runs import known_run
from headrace.platform.workflow.subjects import object_by_id
from headrace.platform.workflow.tables import DECISION, TASK
from headrace.platform.workflow.tasks import is_for
from headrace.platform.workflow.views import is_told


def readable_file(context: Context, file_id: str) -> KnownFile:
    """Return a file that the caller may have; raise NotFoundError for any other, whatever the reason."""
    found = file_reading.known_file(context, file_id)
    of_decision = found.holder is not None and found.holder[0] == OF_DECISIONS
    readable = _is_told(context, found) if of_decision else file_reading.is_readable(context, found)
    if not readable:
        raise NotFoundError(NOT_FOUND.at())
    return found


def _is_told(context: Context, file: KnownFile) -> bool:
    """Say whether the caller sees the decision that a file came with: by the record, or by a task."""
    _, decision_id, _ = file.holder or ("", "", "")
    with checked_snapshot(context) as reading:
        connection = reading.connection
        query = sa.select(DECISION).where(DECISION.c.id == decision_id)
        decision = connection.execute(query).first()
        if decision is None or not is_told(context.principal, decision):
            return False
        run = known_run(connection, decision.run)
        model = object_by_id(context, run.object_id)
        if model is None:
            return False
        if is_visible(context, reading, model.name, run.record_id):
            return True
        tasks = connection.execute(sa.select(TASK).where(TASK.c.run == run.id)).all()
        return any(is_for(context, connection, one) for one in tasks)
