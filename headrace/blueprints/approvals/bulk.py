"""Several tasks of the inbox decided at once, with what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import orjson
from flask import make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.approvals.views import blueprint
from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import NOT_CONTENT, new_key, platform, read, write
from headrace.blueprints.statuses import status_of
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Problem
from headrace.platform.forms.bulk import Chosen, marked
from headrace.platform.records.context import Context
from headrace.platform.records.idempotency import KeyedRequest
from headrace.platform.workflow.approvals import Decision
from headrace.platform.workflow.bulk_decisions import asked_of, decide_many

TO_LOOK_AT: Final = frozenset({"needs_look", "stale", "refused", "unavailable"})
"""What is left to do on the task's own page."""

COLOURS: Final = {
    "decided": "green",
    "already_decided": "grey",
    "needs_look": "amber",
    "stale": "amber",
}
ORDER: Final = ("needs_look", "stale", "refused", "unavailable", "forbidden", "not_found")


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one task."""

    title: str
    address: str | None
    status: str
    colour: str
    open: bool
    told: tuple[str, ...]


@blueprint.post("/inbox/bulk")
def decide_several() -> Response:
    """Approve or reject the tasks that were chosen, each by itself."""
    decision: Decision = "reject" if request.form.get("act") == "reject" else "approve"
    chosen = marked(" ".join(request.form.getlist("row")))
    if not chosen:
        return redirect(url_for("approvals.inbox"), HTTPStatus.SEE_OTHER)
    items = [{"id": one.id, "version": one.version} for one in chosen]
    try:
        asked = asked_of(decision, items, request.form.get("comment"))
    except RefusedError as error:
        body = read(_asking(chosen, error.problems))
        return make_response(body, status_of(error))
    language = read(lambda context: context.language)
    titles = read(lambda context: platform().tasks.titles(context, [one.id for one in chosen]))
    results = decide_many(platform().tasks, write, asked, language, _keyed())
    lines = sorted((_line(one, titles) for one in results), key=_rank)
    return make_response(read(lambda context: _page(context, lines, decision)))


def _keyed() -> KeyedRequest | None:
    key = request.form.get("key", "")
    content = [pair for pair in request.form.items(multi=True) if pair[0] not in NOT_CONTENT]
    return KeyedRequest(key, f"POST {request.path}", orjson.dumps(content)) if key else None


def _line(result: Mapping[str, Any], titles: Mapping[str, str]) -> Line:
    task_id, status = str(result["id"]), str(result["status"])
    known = task_id in titles
    told = tuple(
        " ".join(filter(None, (problem["message"], problem.get("hint"))))
        for problem in result["problems"]
    )
    return Line(
        titles.get(task_id, "–"),
        url_for("approvals.task", task_id=task_id) if known else None,
        status,
        COLOURS.get(status, "red"),
        known and status in TO_LOOK_AT,
        told,
    )


def _rank(line: Line) -> int:
    return ORDER.index(line.status) if line.status in ORDER else len(ORDER)


def _asking(chosen: Sequence[Chosen], problems: Sequence[Problem]) -> Any:
    """Return what asks again for what was missing; nothing that was chosen is lost."""

    def action(context: Context) -> str:
        titles = platform().tasks.titles(context, [one.id for one in chosen])
        return render(
            context,
            "approvals/bulk.html",
            "inbox",
            asks=True,
            chosen=[(one.mark, titles[one.id]) for one in chosen if one.id in titles],
            comment=request.form.get("comment", ""),
            problems=problems,
            key=new_key(),
        )

    return action


def _page(context: Context, lines: Sequence[Line], decision: Decision) -> str:
    return render(
        context,
        "approvals/bulk.html",
        "inbox",
        asks=False,
        decision=decision,
        lines=lines,
        decided=sum(line.status == "decided" for line in lines),
        over=sum(line.status == "already_decided" for line in lines),
        left=sum(line.open for line in lines),
        next_open=next((line for line in lines if line.open), None),
    )
