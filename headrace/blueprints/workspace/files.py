"""Files on the screen: sent by the form's script as they are chosen, and opened from a record."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request
from werkzeug.wrappers import Response as BaseResponse

from headrace.blueprints.shared.files import file_answer, keep_upload, sent_upload
from headrace.blueprints.shared.session import platform, read, write
from headrace.blueprints.statuses import status_of
from headrace.blueprints.workspace.blueprint import blueprint
from headrace.platform.core.errors import RefusedError, TooLargeError
from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.context import Context
from headrace.platform.records.file_reading import readable_file


@blueprint.post("/files")
def send_file() -> Response:
    """Keep the part `file` for a record to come; what is wrong is told as `problems`."""
    meant_for = request.args.get("for", "")

    def action(context: Context, work: UnitOfWork) -> dict[str, Any]:
        kept = keep_upload(platform(), context, work, sent_upload(), meant_for=meant_for)
        return kept.render()

    try:
        return jsonify(write(action))
    except (RefusedError, TooLargeError) as error:
        problems = error.problems
        answer = read(lambda context: jsonify({"problems": _told(context, problems)}))
        answer.status_code = status_of(error)
        return answer


def _told(context: Context, problems: tuple[Problem, ...]) -> list[dict[str, str]]:
    return [one.render(context.language) for one in problems]


@blueprint.get("/files/<file_id>")
def file(file_id: str) -> BaseResponse:
    """The content of a file, for whoever may read the field that holds it now."""
    return file_answer(platform(), read(lambda context: readable_file(context, file_id)))
