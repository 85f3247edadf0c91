"""Trying approvals: what a transition would ask of a record, and what would become of past runs."""

from __future__ import annotations

from flask import Blueprint, Response

from headrace.blueprints.api.calls import (
    answer,
    language_of,
    optional_body,
    platform,
    read,
    text_of,
    value_of,
)
from headrace.blueprints.api.designing import require_design
from headrace.blueprints.api.shapes.drawing import ReplayAsked, SimulateAsked
from headrace.platform.core.shapes import keys_of
from headrace.platform.publishing.plan import Plan, PlanJson
from headrace.platform.publishing.trying import replays_of
from headrace.platform.records.context import Context
from headrace.platform.workflow.access import checked_snapshot
from headrace.platform.workflow.replaying import USUAL, replay
from headrace.platform.workflow.simulating import Trial

blueprint = Blueprint("api_trying", __name__, url_prefix="/api/v1/metadata")


@blueprint.post("/simulate")
def simulate() -> Response:
    """What a transition would ask of a record, live or drafted: approvals, steps, people, reasons."""

    def action(context: Context) -> Response:
        require_design(context)
        data = optional_body(*keys_of(SimulateAsked))
        login = value_of(data, "submitter", str)
        trials = platform().trials
        trial = Trial(
            object_name=text_of(data, "object"),
            record_id=value_of(data, "record", str),
            transition=text_of(data, "transition"),
            values=value_of(data, "values", dict) or {},
            definitions=trials.definitions(
                value_of(data, "draft", str), value_of(data, "version", int)
            ),
            submitter=trials.submitter(context, login) if login else None,
        )
        found = platform().workflow.try_out(context, trial)
        return answer(context, found.render(language_of(context)))

    return read(action)


@blueprint.post("/replay")
def replay_runs() -> Response:
    """What would have become of the last runs of a workflow under a draft, a version or the live one."""

    def action(context: Context) -> Response:
        require_design(context)
        data = optional_body(*keys_of(ReplayAsked))
        last = value_of(data, "last", int)
        definitions = platform().trials.definitions(
            value_of(data, "draft", str), value_of(data, "version", int)
        )
        with checked_snapshot(context) as reading:
            found = replay(
                context,
                reading,
                text_of(data, "workflow"),
                definitions,
                USUAL if last is None else last,
                platform().trials.earlier,
            )
        return answer(context, found.render(language_of(context)))

    return read(action)


def plan_with_replays(context: Context, plan: Plan) -> PlanJson:
    """Return a plan with what it says of runs that are over, by workflow, where it changes some."""
    language = language_of(context)
    shown = plan.render(language)
    found = [one.render(language) for one in replays_of(context, plan, platform().trials)]
    if found:
        shown["replays"] = [
            {"workflow": one["workflow"], "summary": one["summary"]} for one in found
        ]
    return shown
