"""How long steps usually took, as past runs tell it; for who is about to submit.

Of the newest `NEWEST` decisions on a step, the time within which four in five were made, in whole
days, rounded up. People of the house are told what all runs tell. Partners are rivals of each other, and
rounding hides nothing where one of them submits most: they are told only what the submissions of their
own organisation tell, and nothing where those are fewer than `FEWEST`. The key of a step is the same
through versions of its approval, so that an edit elsewhere does not forget the past; a step that gets
another name begins anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.database.engine import Reading
from headrace.platform.records.context import Context
from headrace.platform.workflow.pinned import PinnedApproval, Step
from headrace.platform.workflow.tables import RUN, STEP

NEWEST: Final = 50
"""How many decisions on a step are looked at, so that the cost does not grow with the past."""
NEWEST_RUNS: Final = 200
"""How many submissions of a partner are looked at."""
FEWEST: Final = 5
"""Of fewer decisions nothing is told."""
DECIDED: Final = ("approved", "rejected", "returned")
"""How steps end that people decided."""


def step_key(approval: PinnedApproval, step: Step) -> str:
    """Return what names a step of an approval through the versions of its definition."""
    return f"{approval.id or approval.name}.{step.name}"


def usual_days(context: Context, on: Reading, keys: Collection[str]) -> dict[str, int]:
    """Return within how many days steps were usually decided, by their keys; at least 1.

    A step is left out where too little is known. Costs two index ranges of at most `NEWEST` rows for
    each key, or of `NEWEST_RUNS` submissions for a partner, however long the past is.
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
    if context.principal.audience == "internal":
        return query
    return query.where(STEP.c.run.in_(_own_runs(context)))


def _own_runs(context: Context) -> sa.Select[Any]:
    """Return the newest submissions of the caller's organisation; of one without it, their own."""
    principal = context.principal
    own: sa.ColumnElement[bool] = RUN.c.submitter == principal.user_id
    if principal.organisation is not None:
        colleagues = sa.select(USER.c.id).where(USER.c.organisation == principal.organisation)
        own = RUN.c.submitter.in_(colleagues)
    newest = sa.select(RUN.c.id).where(own).order_by(RUN.c.id.desc()).limit(NEWEST_RUNS)
    return sa.select(newest.subquery().c.id)


def _within(rows: Iterable[Any]) -> int | None:
    taken = sorted(row.ended_at - row.opened_at for row in rows)
    if len(taken) < FEWEST:
        return None
    most: timedelta = taken[-(-len(taken) * 4 // 5) - 1]
    return max(1, -(-most // timedelta(days=1)))
