"""The publish centre of a draft: what changes, what that will do, the answers it needs, and one button."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, make_response, redirect, request, url_for
from flask import Response as FlaskResponse
from werkzeug.wrappers import Response

from headrace.blueprints.design.answers import NO_ANSWERS, Answers, answers_of
from headrace.blueprints.design.plans import (
    contradictions,
    differences_by_module,
    found_in,
    labels_of,
    rows_of,
    top_problems,
    unknown_lines,
)
from headrace.blueprints.shared.designing import only_designers
from headrace.blueprints.shared.downloads import download
from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import (
    keyed_form,
    new_key,
    platform,
    read,
    write,
    write_once,
)
from headrace.blueprints.statuses import status_of
from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    NotFoundError,
    PlatformError,
    RefusedError,
)
from headrace.platform.core.problems import Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.batches import within as in_language
from headrace.platform.jobs.long_jobs import JobState, ask_to_cancel, read_job
from headrace.platform.publishing.costs import cost_of
from headrace.platform.publishing.decisions import UNKNOWN_LINE
from headrace.platform.publishing.draft_publishing import MergedDraft
from headrace.platform.publishing.draft_rows import Draft
from headrace.platform.publishing.drafts import refuse_stale
from headrace.platform.publishing.failing.listing import finder_of, write_rows
from headrace.platform.publishing.overtaken import refuse_overtaken
from headrace.platform.publishing.plan import Plan
from headrace.platform.publishing.publish_jobs import PUBLISH
from headrace.platform.publishing.resolutions import read_resolutions
from headrace.platform.publishing.trying import replays_of
from headrace.platform.records import idempotency
from headrace.platform.records.context import Context

blueprint = Blueprint("publishing", __name__, url_prefix="/design")

CSV: Final = "text/csv; charset=utf-8"
UNDER_WAY: Final = frozenset({"waiting", "started"})
SECONDS: Final = "1"
"""After how many the page of a publish that is under way looks again."""


@blueprint.get("/<draft>/publish")
def page(draft: str) -> Response:
    """What publishing the draft would do."""
    return read(lambda context: _shown(context, draft, NO_ANSWERS))


@blueprint.post("/<draft>/plan")
def plan(draft: str) -> Response:
    """The same with the answers that were given."""
    answers = answers_of(request.form)
    return read(lambda context: _shown(context, draft, answers))


@blueprint.post("/<draft>/rows")
def rows(draft: str) -> Response:
    """The rows of one line of the plan that its reader may read, as a file."""
    answers, key = answers_of(request.form), request.form.get("list", "")

    def action(context: Context) -> Response:
        only_designers(context)
        held = platform().drafts.get(draft)
        resolutions = read_resolutions(answers.resolutions)
        made = platform().draft_publisher.plan(held, answers.decisions, resolutions)
        return rows_file(context, made, key)

    return read(action)


@blueprint.post("/<draft>/publish")
def publish(draft: str) -> Response:
    """Publish the draft as it was looked at; what has changed since is shown first."""
    read(only_designers)
    answers = answers_of(request.form)
    context, done = repeated()
    if done is not None:
        return redirect(done, HTTPStatus.SEE_OTHER)
    try:
        address = _publish(context, draft, answers)
    except (RefusedError, ConflictError) as error:
        refusal = error
        return read(lambda now: _shown(now, draft, answers, refusal))
    return redirect(address, HTTPStatus.SEE_OTHER)


@blueprint.post("/<draft>/discard")
def discard(draft: str) -> Response:
    """Give the draft up, unless somebody changed it since it was looked at."""
    answers = answers_of(request.form)

    def action(context: Context, work: UnitOfWork) -> None:
        only_designers(context)
        drafts = platform().drafts
        drafts.discard(work, drafts.get(draft), answers.version or 0, context.principal.user_id)

    try:
        write(action)
    except ConflictError as error:
        refusal = error
        return read(lambda now: _shown(now, draft, answers, refusal))
    return redirect(url_for("design.drafts", done="discarded"), HTTPStatus.SEE_OTHER)


@blueprint.get("/jobs/<job>")
def progress(job: str) -> Response:
    """How far the publish of large tables is; the version's page once it is live."""
    return read(lambda context: _progress(context, _publish_job(context, job)))


@blueprint.post("/jobs/<job>/cancel")
def cancel(job: str) -> Response:
    """Ask a publish that is under way to end; nothing is live then."""

    def action(context: Context, work: UnitOfWork) -> None:
        only_designers(context)
        ask_to_cancel(work, _publish_job(context, job).id)

    write(action)
    return redirect(url_for("publishing.progress", job=job), HTTPStatus.SEE_OTHER)


# -- what drafts and versions share ----------------------------------------------------------------


def repeated() -> tuple[Context, str | None]:
    """Return the caller, and where the same form led to when it was sent before."""
    keyed = keyed_form()

    def action(context: Context, work: UnitOfWork) -> tuple[Context, str | None]:
        only_designers(context)
        kept = idempotency.replay(context, work, keyed) if keyed is not None else None
        return context, None if kept is None else kept.body

    return write(action)


def keep_address(context: Context, work: UnitOfWork, address: str) -> None:
    """Keep where the form leads to in the transaction of its effect: sent again, it leads there too."""
    keyed = keyed_form()
    if keyed is not None:
        idempotency.keep(context, work, keyed, idempotency.Answer(200, address))


def live_address(number: int, done: str) -> str:
    """Return the address of a version that went live just now."""
    return url_for("history.version", number=number, done=done)


def rows_file(context: Context, made: Plan, key: str) -> Response:
    """Return the rows of the line `key` as a file; raise NotFoundError for a line without any."""
    here, text = platform(), io.StringIO(newline="")
    with finder_of(here.database, here.catalogs, here.context_of, made) as finder:
        write_rows(finder, made, key, context, text)
    content = io.BytesIO(b"\xef\xbb\xbf" + text.getvalue().encode())
    return download(content, "rows.csv", CSV)


def plan_values(context: Context, made: Plan, answers: Answers) -> dict[str, Any]:
    """Return what every page of a plan is made of."""
    lines = rows_of(context, made)
    here = platform()
    return {
        "plan": made,
        "rows": [one for one in lines if one.weighs],
        "others": [one for one in lines if not one.weighs],
        "open_lines": sum(one.line.open for one in lines),
        "kept": {key: one for key, one in answers.decisions.items() if made.line(key) is None},
        "replays": list(replays_of(context, made, here.trials)),
        "workflows": context.catalog.workflows,
        "cost": cost_of(here.database, here.catalogs.current(), made),
        "message": answers.message,
        "key": new_key(),
    }


# -- parts -----------------------------------------------------------------------------------------


def _publish(context: Context, draft: str, answers: Answers) -> str:
    """Publish, or ask for the job that does; return where to go."""
    here, user = platform(), context.principal.user_id
    held = here.drafts.get(draft)
    refuse_stale(held, answers.version)
    resolutions = read_resolutions(answers.resolutions)
    made = here.draft_publisher.plan(held, answers.decisions, resolutions)
    refuse_overtaken(here.catalogs, made, answers.live)
    if made.prepared and not made.refused:
        wanted = {
            "decisions": answers.decisions,
            "resolutions": answers.resolutions,
            "merge": True,
            "live": made.base,
        }
        return write_once(
            lambda _, work: url_for(
                "publishing.progress",
                job=here.publish_jobs.ask_for_draft(work, held, answers.message, user, wanted),
                draft=held.id,
            )
        )
    outcome = here.draft_publisher.publish(
        held,
        held.version,
        answers.message,
        user,
        decisions=answers.decisions,
        resolutions=resolutions,
        merging=True,
        within=lambda work, number, _: keep_address(
            context, work, live_address(number, "published")
        ),
        planned=made,
        live=made.base,
    )
    return live_address(outcome.version, "published")


def _shown(
    context: Context, draft: str, answers: Answers, refusal: PlatformError | None = None
) -> Response:
    """Return the page of a draft; one that is closed leads to what became of it."""
    only_designers(context)
    held = platform().drafts.get(draft)
    if held.published is not None:
        return redirect(live_address(held.published, "published"), HTTPStatus.SEE_OTHER)
    if not held.is_open:
        return redirect(url_for("design.drafts"), HTTPStatus.SEE_OTHER)
    wanted, made, answers = _planned(held, answers)
    changes = platform().draft_publisher.differences(wanted)
    refused = () if refusal is None else refusal.problems
    known = frozenset((one.code, one.path) for one in made.problems)
    said = [one for one in refused if (one.code, one.path) not in known]
    documents = wanted.content.documents
    problems = found_in((*said, *top_problems(made)), documents, marked=True)
    modules = None if changes is None else differences_by_module(changes)
    changed = [] if changes else _changed(held)
    conflicts = contradictions(wanted.merged.met, answers)
    body = render(
        context,
        "design/publish.html",
        "design",
        held=held,
        live=wanted.live,
        problems=problems,
        modules=modules,
        labels=labels_of(documents),
        changed=changed,
        conflicts=conflicts,
        idle=not (problems or modules or changed or conflicts or made.lines),
        open_conflicts=len(wanted.merged.conflicts),
        stuck=_stuck(made),
        **plan_values(context, made, answers),
    )
    response = make_response(body)
    if refusal is not None:
        response.status_code = status_of(refusal)
    return response


def _planned(held: Draft, answers: Answers) -> tuple[MergedDraft, Plan, Answers]:
    """Return the draft merged, its plan, and the answers that fit them; merged and planned once."""
    publisher = platform().draft_publisher
    wanted = publisher.merged(held, read_resolutions(answers.resolutions))
    unused = frozenset(wanted.merged.unused)
    if unused:
        left = {key: one for key, one in answers.resolutions.items() if key not in unused}
        answers = replace(answers, resolutions=left)
        wanted = replace(wanted, merged=replace(wanted.merged, unused=()))
    return wanted, *fitting(publisher.plan_merged(wanted, answers.decisions), answers)


def fitting(made: Plan, answers: Answers) -> tuple[Plan, Answers]:
    """Return a plan and its answers without those that fit no line of it any more.

    Such an answer does nothing but make a problem, so the plan without it is the same otherwise.
    """
    unknown = unknown_lines(made, answers)
    if not unknown:
        return made, answers
    problems = tuple(one for one in made.problems if one.code != UNKNOWN_LINE.code)
    left = {key: one for key, one in answers.decisions.items() if key not in unknown}
    return replace(made, problems=problems), replace(answers, decisions=left)


def _stuck(made: Plan) -> bool:
    """Say whether something stands in the way that no answer on the page settles."""
    return any(one.severity == "error" for one in top_problems(made))


def _changed(held: Draft) -> Sequence[tuple[str, str, str, str]]:
    """Return what the draft changes, by kind, where no sentence can be made of it."""
    found = []
    for one in platform().drafts.documents(held):
        shown = one.document or one.before
        if one.is_changed and shown is not None:
            act = "drop" if one.document is None else "change" if one.before else "add"
            found.append((act, shown.kind, shown.name, one.id))
    return found


def _publish_job(context: Context, job: str) -> JobState:
    """Return a job that publishes; raise NotFoundError for any other."""
    only_designers(context)
    try:
        known = str(UUID(job))
    except ValueError:
        raise NotFoundError(NOT_FOUND.at()) from None
    with context.database.reading() as reading:
        found = read_job(reading.connection, known)
    if found is None or found.kind != PUBLISH:
        raise NotFoundError(NOT_FOUND.at())
    return found


def _progress(context: Context, job: JobState) -> Response:
    result = dict(job.result or {})
    if job.state == "done" and "version" in result:
        return redirect(live_address(int(result["version"]), "published"), HTTPStatus.SEE_OTHER)
    draft = _draft_named(request.args.get("draft"))
    text = (job.progress or {}).get("text", {})
    body = render(
        context,
        "design/progress.html",
        "design",
        job=job,
        progress=job.progress or {},
        step=text.get(context.language, ""),
        under_way=job.state in UNDER_WAY,
        problems=[in_language(one, context.language) for one in result.get("problems", ())],
        back=url_for("publishing.page", draft=draft.id) if draft else url_for("history.listed"),
    )
    response: FlaskResponse = make_response(body)
    if job.state in UNDER_WAY:
        response.headers["Refresh"] = SECONDS
    return response


def _draft_named(given: str | None) -> Draft | None:
    """Return the open draft that a job came from, where the address names one."""
    try:
        held = platform().drafts.get(given or "")
    except NotFoundError:
        return None
    return held if held.is_open else None


def problems_of(problems: Sequence[Problem], made: Plan) -> list[Problem]:
    """Return what a page says above a plan: why it was refused, then what is wrong with it."""
    known = frozenset((one.code, one.path) for one in made.problems)
    return [
        *(one for one in problems if (one.code, one.path) not in known),
        *top_problems(made),
    ]
