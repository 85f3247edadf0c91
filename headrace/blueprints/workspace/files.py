"""Files on the screen: sent by the form's script as they are chosen, and opened from a record."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import Any, Final

from flask import Response, g, jsonify, request
from werkzeug.wrappers import Response as BaseResponse

from headrace.blueprints.shared.files import (
    asked_small,
    file_answer,
    keep_upload,
    sent_upload,
    upload_of,
)
from headrace.blueprints.shared.session import platform, read, write
from headrace.blueprints.statuses import status_of
from headrace.blueprints.workspace.blueprint import blueprint, known_object
from headrace.blueprints.workspace.conflicts import KEPT_UPLOADS
from headrace.platform.core.errors import RefusedError, TooLargeError
from headrace.platform.core.problems import Problem, ProblemJson, pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.files.store import Upload
from headrace.platform.forms.posted import told_of
from headrace.platform.forms.shown import Display
from headrace.platform.records.context import Context
from headrace.platform.workflow.file_reading import readable_file


@blueprint.post("/files")
def send_file() -> Response:
    """Keep the part `file` for a record to come; what is wrong is told as `problems`."""
    meant_for = request.args.get("for", "")

    def action(upload: Upload, context: Context, work: UnitOfWork) -> dict[str, Any]:
        kept = keep_upload(platform(), context, work, upload, meant_for=meant_for).render()
        shown = Display(context.language, context.principal.zone).file(kept)
        return {**kept, "taken": shown.taken, "position": shown.position}

    try:
        return jsonify(write(partial(action, sent_upload(platform()))))
    except (RefusedError, TooLargeError) as error:
        problems = error.problems
        answer = read(lambda context: jsonify({"problems": _told(context, problems)}))
        answer.status_code = status_of(error)
        return answer


def _told(context: Context, problems: tuple[Problem, ...]) -> list[ProblemJson]:
    return [one.render(context.language) for one in problems]


def keep_sent_files(object_name: str) -> tuple[Problem, ...]:
    """Keep the files that came with the form of an object itself, where no script sent them before.

    They become inputs of the form like those that were kept before; return what is wrong with others.
    """
    kept: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for part, sent in request.files.items(multi=True):
        found = _PART.fullmatch(part)
        if found is None or not sent.filename:
            continue
        try:
            upload = upload_of(platform(), sent)
            file = write(partial(_keep, upload, object_name, found["relation"], found["field"]))
        except RefusedError as error:
            place = "" if found["relation"] else pointer(found["field"])
            problems += [replace(one, path=place) for one in error.problems]
        else:
            kept.append((f"{found['place']}:={file['id']}", told_of(file)))
    setattr(g, KEPT_UPLOADS, kept)
    return tuple(problems)


_PART: Final = re.compile(
    r"(?P<place>(?:f|c\.(?P<relation>[a-z0-9_]+)\.[0-9]+)\.(?P<field>[a-z0-9_]+)):file"
)


def _keep(
    upload: Upload,
    object_name: str,
    relation: str | None,
    field: str,
    context: Context,
    work: UnitOfWork,
) -> dict[str, Any]:
    model = known_object(context, object_name)
    child = model.child(relation) if relation else None
    holder = object_name if relation is None else child.object if child else relation
    meant_for = f"{holder}.{field}"
    return keep_upload(platform(), context, work, upload, meant_for=meant_for).render()


@blueprint.get("/files/<file_id>")
def file(file_id: str) -> BaseResponse:
    """The content of a file, for whoever may read now what holds it."""
    small = asked_small()
    found = read(lambda context: readable_file(context, file_id))
    return file_answer(platform(), found, small=small)
