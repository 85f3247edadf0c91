"""How long steps usually took, as past runs tell it; for who is about to submit.

Of the newest `NEWEST` decisions on a step, the time within which four in five were made, in whole
days, rounded up. People of the house are told what all runs tell. Partners are rivals of each other, and
rounding hides nothing where one of them submits most: they are told only what the submissions of their
own organisation tell, and nothing where those are fewer than `FEWEST`. Whose a submission is was kept
with it: somebody who goes to a rival takes nothing along. The key of a step is the same
through versions of its approval, so that an edit elsewhere does not forget the past; a step that gets
another name begins anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.database.engine import Reading
from headrace.platform.records.context import Context
from headrace.platform.workflow.pinned import PinnedApproval, Step
from headrace.platform.workflow.tables import STEP

NEWEST: Final = 50
"""How many decisions on a step are looked at, so that the cost does not grow with the past."""
FEWEST: Final = 5
"""Of fewer decisions nothing is told."""
DECIDED: Final = ("approved", "rejected", "returned")
"""How steps end that people decided."""


def step_key(approval: PinnedApproval, step: Step) -> str:
    """Return what names a step of an approval through the versions of its definition."""
    return f"{approval.id or approval.name}.{step.name}"


def usual_days(context: Context, on: Reading, keys: Collection[str]) -> dict[str, int]:
    """Return within how many days steps were usually decided, by their keys; at least 1.

    A step is left out where too little is known. Costs one range of an index for each key, of as many
    rows as it takes to find `NEWEST` decisions, however long the past is and whoever else submitted.
    """
    found = {}
    for key in keys:
        days = _within(on.connection.execute(_newest(context, key)))
        if days is not None:
            found[key] = days
    return found


def _newest(context: Context, key: str) -> sa.Select[Any]:
    """Return the newest decided rows of a step that the caller may be told about."""
    query = (
        sa.select(STEP.c.opened_at, STEP.c.ended_at)
        .where(STEP.c.key == key, STEP.c.state.in_(DECIDED))
        .order_by(STEP.c.ended_at.desc())
        .limit(NEWEST)
    )
    principal = context.principal
    if principal.audience == "internal":
        return query
    if principal.organisation is None:
        return query.where(sa.false())
    return query.where(STEP.c.organisation == principal.organisation)


def _within(rows: Iterable[Any]) -> int | None:
    taken = sorted(row.ended_at - row.opened_at for row in rows)
    if len(taken) < FEWEST:
        return None
    most: timedelta = taken[-(-len(taken) * 4 // 5) - 1]
    return max(1, -(-most // timedelta(days=1)))
