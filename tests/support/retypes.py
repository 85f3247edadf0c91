"""Workspaces whose fields change their types: planned, published, taken back, listed."""

from __future__ import annotations

import csv
import io
from typing import Any

from headrace.platform.publishing.failing.listing import finder_of, write_rows
from tests.support.publishing import Publishing, write_module


def planned(work: Publishing, **decisions: Any) -> Any:
    path = write_module(work.folder, work.contents, work.rows)
    return work.platform.publisher.plan(path, decisions=decisions or None)


def line_of(plan: Any, code: str = "field.retype") -> Any:
    return next(one for one in plan.lines if one.code == code)


def published(work: Publishing, **decisions: Any) -> Any:
    """Publish the contents, every question answered by what keeps most; return the plan."""
    plan = planned(work, **decisions)
    answers = {
        one.key: {"answer": "accept" if "accept" in one.answers else one.answers[0]}
        for one in plan.lines
        if one.needs_answer
    }
    plan = planned(work, **{**answers, **decisions})
    assert plan.refused == (), [str(one.text.en) for one in plan.refused]
    work.platform.publisher.publish(plan, "retype", None)
    return plan


def back_to(work: Publishing, number: int) -> Any:
    publisher = work.platform.publisher
    plan = publisher.plan_rollback(number)
    answers = {one.key: {"answer": one.answers[0]} for one in plan.lines if one.needs_answer}
    plan = publisher.plan_rollback(number, decisions=answers)
    assert plan.refused == (), [str(one.text.en) for one in plan.refused]
    publisher.publish(plan, "back", None)
    return plan


def version(work: Publishing) -> int:
    return work.platform.catalogs.refresh().version


def values(work: Publishing, ids: list[str], name: str = "size", of: str = "thing") -> list[Any]:
    return [work.value(of, one, name) for one in ids]


def listed(work: Publishing, plan: Any, key: str) -> list[list[str]]:
    platform = work.platform
    out = io.StringIO(newline="")
    reader = platform.context_of(platform.catalogs.current())
    lent = finder_of(platform.database, platform.catalogs, platform.context_of, plan)
    with lent as finder:
        write_rows(finder, plan, key, reader, out)
    return list(csv.reader(io.StringIO(out.getvalue())))
