"""Modules out of and into the designer: a zip package to keep, and one that becomes a draft."""

from __future__ import annotations

import io
from http import HTTPStatus
from typing import Final

from flask import Blueprint, make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.design.views import drafts_page
from headrace.blueprints.shared.designing import only_designers
from headrace.blueprints.shared.downloads import download
from headrace.blueprints.shared.session import platform, read, write
from headrace.blueprints.statuses import status_of
from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    NotFoundError,
    RefusedError,
)
from headrace.platform.core.problems import Message
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.publishing.archives import write_archive
from headrace.platform.publishing.export import export_files
from headrace.platform.publishing.folders import read_source
from headrace.platform.publishing.sources import archive_source
from headrace.platform.records.context import Context

blueprint = Blueprint("modules", __name__, url_prefix="/design/modules")

ZIP: Final = "application/zip"
NO_FILE: Final = Message(
    "package.no_file",
    "No package was chosen.",
    "尚未选择模块包。",
    "Choose a zip file that was exported here or elsewhere.",
    "请选择在此处或其他系统导出的 zip 文件。",
)


@blueprint.get("/export")
def export() -> Response:
    """The live definitions of a module with what it requires, or of all, as a zip package."""
    module = request.args.get("module", "")

    def action(context: Context) -> bytes:
        only_designers(context)
        if module and module not in context.catalog.modules:
            raise NotFoundError(NOT_FOUND.at())
        content = platform().catalogs.content_of()
        closure = request.args.get("closure") == "yes"
        return write_archive(export_files(content, [module] if module else [], closure=closure))

    return download(io.BytesIO(read(action)), f"{module or 'modules'}.zip", ZIP)


@blueprint.post("/import", endpoint="take_in")
def take_in() -> Response:
    """Make a draft in which the modules of a package are as it has them, and show what that changes."""
    read(only_designers)
    sent = request.files.get("package")
    data = sent.read() if sent is not None else b""
    left: list[int] = []

    def action(context: Context, work: UnitOfWork) -> str:
        only_designers(context)
        here, user = platform(), context.principal.user_id
        if not data:
            raise RefusedError(NO_FILE.at("/package"))
        modules = read_source(archive_source(data), here.publisher.types)
        draft = here.drafts.create(work, request.form.get("name", ""), user)
        left.append(len(modules.rows))
        return here.drafts.take_modules(work, draft, modules, user).id

    try:
        draft = write(action)
    except (RefusedError, ConflictError) as error:
        refusal = error
        shown = read(lambda context: drafts_page(context, refusal))
        return make_response(shown, status_of(error))
    rows = left[-1] or None
    return redirect(url_for("publishing.page", draft=draft, left=rows), HTTPStatus.SEE_OTHER)
