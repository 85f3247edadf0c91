"""What all endpoints of definitions share: the right to design, modules sent in a body."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

import orjson
from flask import request

from headrace.blueprints.api.calls import body_object, known_arguments, platform
from headrace.blueprints.api.calls import read as call
from headrace.blueprints.api.shapes.publishing import ModulesAsked
from headrace.blueprints.shared.designing import may_design
from headrace.platform.core.canonical import document_text
from headrace.platform.core.errors import ForbiddenError, RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message, pointer
from headrace.platform.core.shapes import keys_of
from headrace.platform.metadata.loading import load_documents
from headrace.platform.metadata.strict_json import parse_json
from headrace.platform.publishing.folders import Modules, missing_modules, read_source
from headrace.platform.publishing.sources import archive_source
from headrace.platform.records import reader
from headrace.platform.records.context import Context

StateT = TypeVar("StateT", bound=str)

ZIP: Final = "application/zip"
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

BAD_BASE: Final = Message(
    "request.base",
    "“base” must be the number of a version.",
    "“base”必须是版本号。",
    "Send the “version” that the plan told, or leave it out.",
    "请填写计划返回的“version”，或省略该项。",
)


def complete(modules: Modules) -> Modules:
    """Add a problem for each module that is required and neither sent nor live."""
    live = platform().catalogs.refresh().catalog
    missing = missing_modules(modules, live.modules)
    problems = (*modules.problems, *missing)
    return replace(modules, problems=problems)


def sent() -> tuple[dict[str, Any], Modules]:
    """Read the modules of a request, a JSON body or a zip package, and what is sent with them.

    With a package `message`, `base` and `decisions` (as JSON) stand in the address. Refused first of
    all: who may not design.
    """
    call(require_design)
    if request.mimetype != ZIP:
        data = body_object()
        return data, sent_modules(data)
    source = archive_source(request.get_data(cache=False))
    return _arguments(), read_source(source, platform().publisher.types)


def _arguments() -> dict[str, Any]:
    """Return what is said in the address of a package, as a body would say it."""
    known_arguments("message", "base", "decisions")
    said: dict[str, Any] = dict(request.args)
    for name in ("base", "decisions"):
        if name in said:
            parsed = parse_json(said[name].encode("utf-8", "surrogatepass"))
            if parsed.problems:
                raise RefusedError.of(one.below(pointer(name)) for one in parsed.problems)
            said[name] = parsed.value
    return said


def sent_modules(data: dict[str, Any]) -> Modules:
    """Read the documents of the request as if they were files, with the same strictness."""
    sent = data.get("modules")
    if not isinstance(sent, dict) or not set(data) <= {*keys_of(ModulesAsked)}:
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


def sent_base(data: dict[str, Any]) -> int | None:
    """Return the version that the caller planned on; None where nothing is said."""
    base = data.get("base")
    if base is not None and (not isinstance(base, int) or isinstance(base, bool)):
        raise RefusedError(BAD_BASE.at("/base"))
    return base


def _text(content: Any) -> bytes:
    if isinstance(content, dict):
        return document_text(content).encode()
    return orjson.dumps(content)


@dataclass(frozen=True, slots=True)
class ListArguments(Generic[StateT]):
    """What is said in the address of a list that those who may design read page by page.

    `refusal` tells of a state that is none of `states`, or of a cursor that is none.
    """

    states: Collection[StateT]
    refusal: Message

    def read(self) -> tuple[StateT | None, str | None]:
        """Return the state that is asked for and the last id of the page before."""
        asked, cursor = request.args.get("state"), request.args.get("cursor")
        state = next((one for one in self.states if one == asked), None)
        if asked is not None and state is None:
            raise self._refused("state", asked)
        if cursor is not None and not is_record_id(cursor):
            raise self._refused("cursor", cursor)
        return state, cursor

    def _refused(self, name: str, value: str) -> RefusedError:
        states = ", ".join(self.states)
        return RefusedError(self.refusal.at(pointer(name), name=name, value=value, states=states))


def page_of(items: list[dict[str, Any]], full: int) -> dict[str, Any]:
    """Return the JSON of a page; a `full` one is followed by another."""
    return {"items": items, "next": items[-1]["id"] if len(items) == full else None}


def require_design(context: Context) -> None:
    """Refuse callers without a role that has the design right."""
    reader.check_current(context)
    if not may_design(context):
        raise ForbiddenError(DESIGN_NEEDED.at())
