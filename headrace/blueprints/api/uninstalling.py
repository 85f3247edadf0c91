"""Modules that are taken away."""

from __future__ import annotations

from typing import Any, Final, cast

from flask import Blueprint, Response

from headrace.blueprints.api.calls import answer, body_object, language_of, platform, read
from headrace.blueprints.api.designing import require_design
from headrace.blueprints.api.plan_rows import shown_to, without_ids
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.publishing.uninstalling import BAD_DATA, DATA, Data
from headrace.platform.records.context import Context

blueprint = Blueprint("api_uninstalling", __name__, url_prefix="/api/v1/metadata")

KEYS: Final = frozenset({"module", "data", "decisions", "message", "plan"})
BAD_REQUEST: Final = Message(
    "request.uninstall",
    "The request must name a module, and nothing that the call does not know.",
    "请求必须指定模块,且不得包含未知的键。",
    'Send {"module": "…", "data": "keep"}, and decisions, message or plan where wanted.',
    '请发送 {"module": "…", "data": "keep"},并按需附上 decisions、message 或 plan。',
)


@blueprint.post("/uninstall")
def uninstall() -> Response:
    """Take a module away, or with `plan` say what that would do."""

    def allowed(context: Context) -> str:
        require_design(context)
        return context.principal.user_id

    user = read(allowed)
    sent = body_object()
    _check(sent)
    module = sent["module"]
    plan = platform().uninstaller.plan(module, sent.get("decisions"))
    if sent.get("plan"):

        def planned(context: Context) -> Response:
            require_design(context)
            return answer(context, shown_to(context, plan).render(language_of(context)))

        return read(planned)
    message, data = str(sent.get("message") or ""), cast(Data, sent["data"])
    version = platform().uninstaller.uninstall(plan, module, data, message, user).version

    def done(context: Context) -> Response:
        lines = [without_ids(line).render(language_of(context)) for line in plan.lines]
        return answer(context, {"version": version, "lines": lines})

    return read(done)


def _check(sent: dict[str, Any]) -> None:
    known = set(sent) <= KEYS and isinstance(sent.get("plan", False), bool)
    if not known or not isinstance(sent.get("module"), str):
        raise RefusedError(BAD_REQUEST.at("/module"))
    if sent.get("data") not in DATA:
        raise RefusedError(BAD_DATA.at("/data"))
