"""Definitions for those who may design: read, check, plan, publish."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import orjson
from flask import Blueprint, Response

from headrace.blueprints.api.calls import answer, body_object, language_of, platform, read
from headrace.platform.core.canonical import document_text
from headrace.platform.core.errors import NOT_FOUND, ForbiddenError, NotFoundError, RefusedError
from headrace.platform.core.problems import Message, pointer
from headrace.platform.metadata.documents import FOLDERS, KINDS
from headrace.platform.metadata.loading import load_documents
from headrace.platform.publishing.folders import Modules, missing_modules
from headrace.platform.records import reader
from headrace.platform.records.context import Context

blueprint = Blueprint("api_metadata", __name__, url_prefix="/api/v1/metadata")

DESIGN_NEEDED: Final = Message(
    "access.design",
    "You may not read or change definitions.",
    "您无权查看或修改定义。",
    "Ask an administrator for a role with the design right.",
    "请向管理员申请具有设计权限的角色。",
)
BAD_MODULES: Final = Message(
    "request.modules",
    "“modules” must be an object of module names, each with a list of documents.",
    "“modules”必须是以模块名为键、文档列表为值的对象。",
    'Send {"modules": {"name": [{"kind": "module", …}, …]}}.',
    '请发送 {"modules": {"名称": [{"kind": "module", …}, …]}}。',
)


@blueprint.get("/<kind>")
def find(kind: str) -> Response:
    """The definitions of a kind."""

    def action(context: Context) -> Response:
        _require_design(context)
        items = [one.content for one in context.catalog.documents if one.kind == _known(kind)]
        return answer(context, {"items": items})

    return read(action)


@blueprint.get("/<kind>/<name>")
def get(kind: str, name: str) -> Response:
    """One definition."""

    def action(context: Context) -> Response:
        _require_design(context)
        for one in context.catalog.documents:
            if one.kind == _known(kind) and one.name == name:
                return answer(context, one.content)
        raise NotFoundError(NOT_FOUND.at())

    return read(action)


@blueprint.post("/check")
def check() -> Response:
    """Check modules; nothing is changed."""
    return _planned(lambda context, plan: {"problems": plan.render(context.language)["problems"]})


@blueprint.post("/plan")
def make_plan() -> Response:
    """Say what publishing the modules would do; nothing is changed."""
    return _planned(lambda context, plan: plan.render(context.language))


@blueprint.post("/publish")
def publish() -> Response:
    """Publish the modules; the others stay as they are."""
    data = body_object()
    modules = _modules(data)
    message = str(data.get("message") or "")

    def allowed(context: Context) -> str:
        _require_design(context)
        return context.principal.user_id

    user = read(allowed)
    plan = platform().publisher.plan_modules(_complete(modules))
    version = platform().publisher.publish(plan, message, user)
    return read(
        lambda context: answer(
            context, {"version": version, "lines": plan.render(language_of(context))["lines"]}
        )
    )


def _planned(shown: Any) -> Response:
    data = body_object()
    modules = _modules(data)

    def action(context: Context) -> Response:
        _require_design(context)
        plan = platform().publisher.plan_modules(_complete(modules))
        return answer(context, shown(context, plan))

    return read(action)


def _complete(modules: Modules) -> Modules:
    live = platform().catalogs.refresh().catalog
    missing = missing_modules(modules, live.modules)
    problems = (*modules.problems, *missing)
    return replace(modules, problems=problems)


def _modules(data: dict[str, Any]) -> Modules:
    """Read the documents of the request as if they were files, with the same strictness."""
    sent = data.get("modules")
    if not isinstance(sent, dict) or not set(data) <= {"modules", "message"}:
        raise RefusedError(BAD_MODULES.at("/modules"))
    files = []
    for name, documents in sent.items():
        if not isinstance(documents, list):
            raise RefusedError(BAD_MODULES.at("/modules" + pointer(name)))
        for position, content in enumerate(documents):
            text = _text(content)
            files.append((name, f"modules/{name}/{position}", text))
    loaded = load_documents(files, platform().publisher.types)
    return Modules(tuple(sent), loaded.documents, (), loaded.problems, keeps_rows=True)


def _text(content: Any) -> bytes:
    if isinstance(content, dict):
        return document_text(content).encode()
    return orjson.dumps(content)


def _known(kind: str) -> str:
    """Return the kind for its name in the singular or that of its folder."""
    by_folder = {folder: one for one, folder in FOLDERS.items()} | {"modules": "module"}
    found = by_folder.get(kind, kind)
    if found not in KINDS:
        raise NotFoundError(NOT_FOUND.at())
    return found


def _require_design(context: Context) -> None:
    reader.check_current(context)
    roles = context.catalog.roles
    if not any(roles[one].design for one in context.principal.role_names if one in roles):
        raise ForbiddenError(DESIGN_NEEDED.at())
