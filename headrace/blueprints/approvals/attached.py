"""Files of the form of a comment: sent by its script before, or with the form where there is none."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from flask import request

from headrace.blueprints.shared.files import keep_upload, upload_of
from headrace.blueprints.shared.session import platform, write
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.files.store import LARGEST, Upload
from headrace.platform.forms.posted import ticked_files
from headrace.platform.metadata.field_types.files import MOST_MEGABYTES
from headrace.platform.records.context import Context
from headrace.platform.workflow.attaching import MOST_FILES

FILES: Final = "files"
"""The name of the inputs, as of a field that holds files."""
LIMITS: Final = {"most": MOST_FILES, "largest": LARGEST, "megabytes": MOST_MEGABYTES}
"""What the page says of files that go with a comment."""


def attached_files() -> tuple[list[dict[str, Any]], tuple[Problem, ...]]:
    """Return the files of the form, as the API shows files, and what is wrong with those that came now.

    What came with the form itself is kept at once: a form that is refused has it when it comes again.
    """
    found = ticked_files(FILES, request.form)
    problems: list[Problem] = []
    for sent in request.files.getlist(f"{FILES}:file"):
        if not sent.filename:
            continue
        try:
            found.append(write(partial(_keep, upload_of(platform(), sent))))
        except RefusedError as error:
            problems += error.problems
    return found, tuple(problems)


def _keep(upload: Upload, context: Context, work: UnitOfWork) -> dict[str, Any]:
    return keep_upload(platform(), context, work, upload, meant_for="").render()
