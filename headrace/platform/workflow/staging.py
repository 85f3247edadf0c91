"""Changes that were only staged: taken back where what they were submitted for is not approved.

The record is led back to what it was when it last left a state, by its history: its fields and its rows. What
was written together with the submission itself counts as a change since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.principals import SYSTEM_PRINCIPAL
from headrace.platform.records.restoring import earlier_state
from headrace.platform.records.tables import HISTORY
from headrace.platform.workflow.cases import Case
from headrace.platform.workflow.tables import RUN

WRITTEN_BY_A_SUBMISSION: Final = 2
"""Versions that a submission makes at most: what was written with it, and the transition."""


def take_changes_back(case: Case, state: str) -> frozenset[str]:
    """Lead a record back to what it was when it last left `state`; nothing where it never did.

    Return what changed by it: fields by id, relations by name. Reads the history of the record. Raise
    RefusedError where its rules, keys or references forbid what it was.
    """
    line_id = _first_since(case, state)
    if line_id is None:
        return frozenset()
    model, record_id = case.model, case.run.record_id
    system = replace(case.context, principal=SYSTEM_PRINCIPAL)
    data = earlier_state(system, case.work, model.name, record_id, line_id, "before").data()
    if data:
        names = frozenset(data)
        case.store.update_granted(
            system, case.work, model.name, record_id, data, names, action="undone"
        )
    return frozenset(model.fields[one].id if one in model.fields else one for one in data)


def _first_since(case: Case, state: str) -> str | None:
    """Return the first line of history that is to be undone."""
    lines = _lines(case)
    field_id = case.model.fields[str(case.model.state_field)].id
    left = next((one for one in reversed(lines) if _leaves(one.changes, field_id, state)), None)
    if left is None:
        return None
    since = _submitted_at(case, state, left.version)
    return next(str(one.id) for one in lines if one.version > since)


def _lines(case: Case) -> Sequence[Any]:
    of_record = (HISTORY.c.record_id == case.run.record_id, HISTORY.c.object_id == case.model.id)
    query = sa.select(HISTORY.c.id, HISTORY.c.version, HISTORY.c.changes).where(*of_record)
    return case.work.connection.execute(query.order_by(HISTORY.c.version, HISTORY.c.id)).all()


def _leaves(changes: Any, field_id: str, state: str) -> bool:
    before, after = changes.get(field_id) or (None, None)
    return before == state != after


def _submitted_at(case: Case, state: str, left: int) -> int:
    """Return the version before the save that left `state`; a submission may have written values first."""
    newest = (
        sa.select(sa.func.max(RUN.c.base_version))
        .where(RUN.c.object_id == case.model.id, RUN.c.record_id == case.run.record_id)
        .where(RUN.c.from_state == state, RUN.c.base_version < left)
    )
    base = case.work.connection.execute(newest).scalar()
    return base if base is not None and left - base <= WRITTEN_BY_A_SUBMISSION else left - 1
