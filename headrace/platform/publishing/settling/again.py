"""Looks again within the switch whether rows stand in the way that the plan did not tell of."""

from __future__ import annotations

from headrace.platform.core.errors import ConflictError
from headrace.platform.publishing.decisions import COUNT_GROWN
from headrace.platform.publishing.plan import Plan, PlanLine
from headrace.platform.publishing.row_work import ConvertValues, FillEmpty
from headrace.platform.publishing.settling.coming import ComingRows
from headrace.platform.publishing.settling.settlement import narrowings, settle


def check_again(plan: Plan, rows: ComingRows) -> None:
    """Refuse a plan whose lines speak of fewer rows than there are by now.

    `rows` are those of the transaction that makes the version live: nobody else writes any more.
    """
    if plan.catalog is None or plan.difference is None:
        return
    converts = [one for one in plan.work if not isinstance(one, FillEmpty)]
    told = {line.key: line for line in plan.lines}
    elsewhere = {
        one.field_id
        for one in converts
        if isinstance(one, ConvertValues)
        and (line := told.get(one.line)) is not None
        and line.code == "field.retype"
    }
    narrowed = tuple(narrowings(rows.finder(()), plan.decisions, elsewhere, plan.held))
    operations = plan.difference.operations
    settled = settle(rows.finder, plan.decisions, narrowed, converts, operations)
    counts = {key: found.count for key, found in settled.keys.items()}
    counts |= {one.line.key: one.line.failing_count for one in settled.questions}
    texts = {one.line.key: one.line.text for one in settled.questions}
    for key, now in counts.items():
        line = told.get(key)
        then = 0 if line is None else _then(line)
        if now > then:
            text = texts.get(key) if line is None else line.text
            raise ConflictError(COUNT_GROWN.at(now=now, then=then, line=text or key))
    if settled.problems:
        raise ConflictError(*settled.problems)


def _then(line: PlanLine) -> int:
    """Return how many rows in the way the admin knew of."""
    decision = line.decision
    if decision is None or decision.rows is None:
        return line.failing_count
    return decision.rows
