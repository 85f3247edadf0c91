"""The rows behind a line of a plan, for those who may design: what they may read of them, as CSV."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Final

from flask import Blueprint, Response

from headrace.blueprints.api.calls import answer, answer_bytes, body_object, platform, read
from headrace.blueprints.api.designing import complete, require_design, sent_modules
from headrace.blueprints.api.shapes.publishing import PlanRowsAsked
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.core.shapes import keys_of
from headrace.platform.publishing.failing.listing import finder_of, readable_plan, write_rows
from headrace.platform.publishing.plan import Plan, PlanLine
from headrace.platform.records.context import Context

blueprint = Blueprint("api_plan_rows", __name__, url_prefix="/api/v1/metadata")

BAD_REQUEST: Final = Message(
    "request.plan_rows",
    "Send “modules”, the “key” of a line, and a “format” of csv or json if you like.",
    "请提供 “modules”、行的 “key”，以及可选的 “format”（csv 或 json）。",
    'For example {"modules": {…}, "key": "rule.add:order.cap", "format": "csv"}.',
    '例如 {"modules": {…}, "key": "rule.add:order.cap", "format": "csv"}。',
)
WITHHELD: Final = "Headrace-Rows-Withheld"


def shown_to(context: Context, plan: Plan) -> Plan:
    """Return a plan whose lists of first ids hold only rows that the caller may read."""
    if plan.catalog is None or not any(line.failing for line in plan.lines):
        return plan
    here = platform()
    with finder_of(here.database, here.catalogs, here.context_of, plan) as finder:
        return readable_plan(finder, plan, context)


def without_ids(line: PlanLine) -> PlanLine:
    """Return a line without ids of rows: for answers that come after the plan was carried out."""
    if line.failing is None:
        return line
    return replace(line, failing=replace(line.failing, first=()))


@blueprint.post("/plan/rows")
def rows() -> Response:
    """List the rows of a line of the plan that the modules make; nothing is changed."""
    read(require_design)
    data = body_object()
    key, form = data.get("key"), data.get("format", "csv")
    if (
        not set(data) <= {*keys_of(PlanRowsAsked)}
        or not isinstance(key, str)
        or form not in {"csv", "json"}
    ):
        raise RefusedError(BAD_REQUEST.at())
    modules = sent_modules({"modules": data.get("modules")})

    def action(context: Context) -> Response:
        require_design(context)
        here = platform()
        plan = here.publisher.plan_modules(complete(modules), data.get("decisions"))
        text = io.StringIO(newline="")
        with finder_of(here.database, here.catalogs, here.context_of, plan) as finder:
            written = write_rows(finder, plan, key, context, text)
        if form == "json":
            return answer(
                context,
                {
                    "key": key,
                    "rows": written.rows,
                    "withheld": written.withheld,
                    "csv": text.getvalue(),
                },
            )
        response = answer_bytes(context, b"\xef\xbb\xbf" + text.getvalue().encode())
        response.headers["Content-Type"] = "text/csv; charset=utf-8"
        response.headers["Content-Disposition"] = 'attachment; filename="rows.csv"'
        response.headers[WITHHELD] = str(written.withheld)
        return response

    return read(action)
