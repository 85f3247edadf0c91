"""Reports of drafts, run over live records for who draws them."""

from __future__ import annotations

from flask import Blueprint, Response

from headrace.blueprints.api.calls import answer, language_of, optional_body, platform, read
from headrace.blueprints.api.designing import require_design
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.metadata.loading import check_document
from headrace.platform.publishing.drafts import refuse_closed
from headrace.platform.records.context import Context
from headrace.platform.reports.drafted import run_draft

blueprint = Blueprint("api_drafted_reports", __name__, url_prefix="/api/v1/metadata/drafts")


@blueprint.post("/<draft>/reports/<name>/run")
def run(draft: str, name: str) -> Response:
    """The numbers of a report as a draft holds it, over the records that the caller may read today."""

    def action(context: Context) -> Response:
        require_design(context)
        optional_body()
        held = platform().drafts.find(draft)
        refuse_closed(held)
        documents = platform().drafts.content(held)
        contents = [one.content for one in documents if one.content.get("kind") == "report"]
        content = next((one for one in contents if one.get("name") == name), None)
        if content is None:
            raise NotFoundError(NOT_FOUND.at())
        wrong = check_document(content, platform().publisher.types)
        if wrong:
            raise RefusedError.of(wrong)
        return answer(context, run_draft(context, content).as_json(language_of(context)))

    return read(action)
