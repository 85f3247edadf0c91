"""Modules that are taken away."""

from __future__ import annotations

from typing import Any, Final, cast

from flask import Blueprint, Response

from headrace.blueprints.api.calls import answer, body_object, language_of, platform, read
from headrace.blueprints.api.designing import require_design
from headrace.blueprints.api.plan_rows import shown_to
from headrace.blueprints.api.publishing import Asked, Body, Keep, lines_of, publish_once
from headrace.blueprints.api.shapes.publishing import UninstallAsked
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.core.shapes import keys_of
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.uninstalling import BAD_DATA, DATA, Data
from headrace.platform.records.context import Context

blueprint = Blueprint("api_uninstalling", __name__, url_prefix="/api/v1/metadata")

BAD_REQUEST: Final = Message(
    "request.uninstall",
    "The request must name a module, and nothing that the call does not know.",
    "请求必须指定模块，且不得包含未知的键。",
    'Send {"module": "…", "data": "keep"}, and decisions, message or plan where wanted.',
    '请发送 {"module": "…", "data": "keep"}，并按需附上 decisions、message 或 plan。',
)


@blueprint.post("/uninstall")
def uninstall() -> Response:
    """Take a module away, or with `plan` say what that would do. 202 with a job for large tables."""
    sent = body_object()

    def shown(context: Context) -> Response:
        require_design(context)
        return answer(context, shown_to(context, _planned(sent)).render(language_of(context)))

    def asked(context: Context) -> Asked:
        here, user = platform(), context.principal.user_id
        plan = _planned(sent)
        module, data = sent["module"], cast(Data, sent["data"])
        message = str(sent.get("message") or "")

        def carry_out(keep: Keep) -> Body:
            def within(work: UnitOfWork, number: int) -> None:
                keep(work, lines_of(context, plan, number))

            done = here.uninstaller.uninstall(plan, module, data, message, user, within)
            return lines_of(context, plan, done.version)

        def ask(work: UnitOfWork) -> str:
            return here.publish_jobs.ask_for_uninstall(work, plan, module, data, message, user)

        return Asked(plan, ask, carry_out)

    return read(shown) if sent.get("plan") else publish_once(asked)


def _planned(sent: dict[str, Any]) -> Plan:
    _check(sent)
    return platform().uninstaller.plan(sent["module"], sent.get("decisions"))


def _check(sent: dict[str, Any]) -> None:
    known = set(sent) <= {*keys_of(UninstallAsked)} and isinstance(sent.get("plan", False), bool)
    if not known or not isinstance(sent.get("module"), str):
        raise RefusedError(BAD_REQUEST.at("/module"))
    if sent.get("data") not in DATA:
        raise RefusedError(BAD_DATA.at("/data"))
