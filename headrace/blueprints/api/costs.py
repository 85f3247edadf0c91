"""What an object of a draft costs on the rows that are live, while it is drawn."""

from __future__ import annotations

from flask import Blueprint, Response

from headrace.blueprints.api.calls import (
    BAD_VALUE,
    answer,
    language_of,
    optional_body,
    platform,
    read,
    text_of,
)
from headrace.blueprints.api.designing import require_design
from headrace.blueprints.api.shapes.drawing import CostAsked, UntoldJson
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.shapes import keys_of
from headrace.platform.publishing.costing import told
from headrace.platform.records.context import Context

blueprint = Blueprint("api_costs", __name__, url_prefix="/api/v1/metadata/drafts")


@blueprint.post("/<draft>/cost")
def cost(draft: str) -> Response:
    """Rows, indexes, what a save sets off; with `time` how long the list takes for each role."""

    def action(context: Context) -> Response:
        require_design(context)
        data = optional_body(*keys_of(CostAsked))
        document = text_of(data, "document")
        timed = data.get("time", False)
        if not isinstance(timed, bool):
            raise RefusedError(BAD_VALUE.at("/time", name="time"))
        here = platform()
        held = here.drafts.find(draft)
        try:
            found = here.costs.of(context, held, document, timed=timed)
        except RefusedError as error:
            # What is wrong with the draft is told there; here nothing is known for now.
            why = error.problems[0].message.within(language_of(context))
            untold: UntoldJson = {"untold": why}
            return answer(context, untold)
        return answer(context, told(found, language_of(context)))

    return read(action)
