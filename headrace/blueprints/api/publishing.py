"""What all requests that make a version live share: the right to, repeated answers, jobs for large tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import orjson
from flask import Response, request

from headrace.blueprints.api.calls import answer_bytes, keyed_request, language_of, read, write
from headrace.blueprints.api.designing import require_design
from headrace.blueprints.api.jobs import accepted
from headrace.blueprints.api.plan_rows import without_ids
from headrace.blueprints.api.shapes.publishing import PublishedAnswer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.publishing.plan import Plan
from headrace.platform.records import idempotency
from headrace.platform.records.context import Context

Body: TypeAlias = Mapping[str, object]
Keep: TypeAlias = Callable[[UnitOfWork, Body], None]
"""Keeps the answer in the transaction that makes the version live."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A publish that was planned: how a job is asked for, and how it is done at once."""

    plan: Plan
    ask: Callable[[UnitOfWork], str]
    carry_out: Callable[[Keep], Body]


def publish_once(planned: Callable[[Context], Asked]) -> Response:
    """Publish what `planned` gives for the caller, once for each Idempotency-Key.

    Large tables are left to a job (202). Refused first of all: who may not design.
    """
    same = {"body": hashlib.sha256(request.get_data()).hexdigest()}
    keyed = keyed_request(same)

    def allowed(context: Context, work: UnitOfWork) -> tuple[Context, idempotency.Answer | None]:
        require_design(context)
        return context, idempotency.replay(context, work, keyed) if keyed else None

    context, repeated = write(allowed)
    if repeated is not None:
        response = answer_bytes(context, repeated.body.encode())
        response.status_code = repeated.status
        return response
    asked = planned(context)
    if asked.plan.prepared and not asked.plan.refused:
        return accepted(lambda _, work: {"job": asked.ask(work)}, same)

    def keep(work: UnitOfWork, body: Body) -> None:
        if keyed is not None:
            kept = idempotency.Answer(200, orjson.dumps(body).decode())
            idempotency.keep(context, work, keyed, kept)

    body = orjson.dumps(asked.carry_out(keep))
    return read(lambda now: answer_bytes(now, body))


def lines_of(context: Context, plan: Plan, version: int) -> PublishedAnswer:
    """Return the answer of a publish: the version and what was done, in the caller's language."""
    shown = [without_ids(line).render(language_of(context)) for line in plan.lines]
    return {"version": version, "lines": shown}
