"""How long steps usually took, as past runs tell it; for who is about to submit, and who waits.

Of the newest `NEWEST` decisions on a step, the time within which four in five were made, in whole
days, rounded up. People of the house are told what all runs tell. Partners are rivals of each other, and
rounding hides nothing where one of them submits most: they are told only what the submissions of their
own organisation tell, and nothing where those are fewer than `FEWEST`. Whose a submission is was kept
with it: somebody who goes to a rival takes nothing along. The key of a step is the same
through versions of its approval, so that an edit elsewhere does not forget the past; a step that gets
another name begins anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.database.engine import Reading
from headrace.platform.records.context import Context
from headrace.platform.workflow.pinned import PinnedApproval, Step
from headrace.platform.workflow.tables import STEP
from headrace.platform.workflow.timing import due_at

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

    A step is left out where too little is known. Costs one statement, with one range of an index for each
    key, of as many rows as it takes to find `NEWEST` decisions, however long the past is and whoever else
    submitted.
    """
    asked = sorted(set(keys))
    if not asked:
        return {}
    each = (_newest(context, key).subquery() for key in asked)
    rows = on.connection.execute(sa.union_all(*map(sa.select, each))).all()
    found = {}
    for key, own in groupby(sorted(rows, key=lambda row: str(row.key)), lambda row: str(row.key)):
        days = _within(own)
        if days is not None:
            found[key] = days
    return found


def usual_of(context: Context, on: Reading, pinned: PinnedApproval) -> dict[str, int]:
    """Return within how many days the steps of an approval were usually decided, by their names."""
    keys = {step.name: step_key(pinned, step) for step in pinned.steps}
    days = usual_days(context, on, keys.values())
    return {name: days[key] for name, key in keys.items() if key in days}


def expected_at(
    step: Step, begins: datetime | None, usual: int | None, zone: tzinfo
) -> datetime | None:
    """Return when a step is expected to be decided: as usual, else within its limit; None where nobody knows."""
    if begins is None:
        return None
    if usual is not None:
        return begins + timedelta(days=usual)
    return None if step.time is None else due_at(step.time, begins, zone)


def expected_end(
    pinned: PinnedApproval,
    waiting: Mapping[int, datetime],
    ahead: Mapping[int, Iterable[Step]],
    expected: Callable[[Step, datetime | None], datetime | None],
    now: datetime,
) -> datetime | None:
    """Return when a run is expected to be at its end; None where that is not known of a step that remains.

    `waiting` is since when steps wait, by their places; `ahead` is what comes after each of them in its
    branch, and under -1 what comes after all (`pinned.steps_ahead`). `expected` tells when a step that
    begins at an instant is decided. What is late already is taken to be decided now.
    """
    ends = []
    for node, since in waiting.items():
        end = expected(pinned.steps[node], since)
        ends.append(_through(ahead.get(node, ()), end and max(end, now), expected))
    end = latest(ends) if ends else None
    first = len(pinned.steps) - len(list(ahead.get(-1, ())))
    for branches in pinned.stretches():
        if branches[0].start >= first:
            steps = ([pinned.steps[node] for node in nodes] for nodes in branches)
            end = latest(_through(each, end, expected) for each in steps)
    return end


def latest(times: Iterable[datetime | None]) -> datetime | None:
    """Return the latest time; None where one of them is not known."""
    found = list(times)
    known = [one for one in found if one is not None]
    return max(known) if len(known) == len(found) else None


def _through(
    steps: Iterable[Step],
    begins: datetime | None,
    expected: Callable[[Step, datetime | None], datetime | None],
) -> datetime | None:
    """Return when steps that follow each other are decided."""
    for step in steps:
        begins = expected(step, begins)
    return begins


def _newest(context: Context, key: str) -> sa.Select[Any]:
    """Return the newest decided rows of a step that the caller may be told about."""
    query = (
        sa.select(STEP.c.key, STEP.c.opened_at, STEP.c.ended_at)
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
