"""Published versions: who made them and why, what lies between any two, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.design.answers import NO_ANSWERS, Answers, answers_of
from headrace.blueprints.design.plans import differences_by_module, found_in, labels_of
from headrace.blueprints.design.publishing import (
    fitting,
    keep_address,
    live_address,
    plan_values,
    problems_of,
    repeated,
    rows_file,
)
from headrace.blueprints.shared.designing import only_designers
from headrace.blueprints.shared.pages import render, word
from headrace.blueprints.shared.session import platform, read, write_once
from headrace.blueprints.statuses import status_of
from headrace.platform.access.policy import can
from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    NotFoundError,
    PlatformError,
    RefusedError,
)
from headrace.platform.core.problems import Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.forms.menu import may_open_report
from headrace.platform.metadata.comparing import Change
from headrace.platform.metadata.documents import Document
from headrace.platform.publishing.overtaken import refuse_overtaken
from headrace.platform.publishing.rolling_back import noting_rollback
from headrace.platform.publishing.versions import VersionJson
from headrace.platform.records.context import Context

blueprint = Blueprint("history", __name__, url_prefix="/design/history")

PAGE: Final = 50
DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Door:
    """A page on which what was published can be tried."""

    label: Text
    address: str


@blueprint.get("")
def listed() -> str:
    """The versions, the newest first, a page at a time."""

    def action(context: Context) -> str:
        only_designers(context)
        before = _number("before") if "before" in request.args else None
        every = platform().versions.all()
        later = [one for one in every if before is None or one["version"] < before]
        page = later[:PAGE]
        return render(
            context,
            "design/history.html",
            "design",
            versions=page,
            following=page[-1]["version"] if len(later) > PAGE else None,
            live=context.catalog.version,
            names=_authors(page),
        )

    return read(action)


@blueprint.get("/compare")
def compare() -> Response:
    """What leads from one version to another."""
    older, newer = _number("from"), _number("to")

    def action(context: Context) -> Response:
        only_designers(context)
        changes = platform().versions.differences(older, newer)
        return make_response(
            render(
                context,
                "design/compare.html",
                "design",
                older=older,
                newer=newer,
                modules=differences_by_module(changes),
                labels=_labels(older, newer),
            )
        )

    return read(action)


@blueprint.get("/<int:number>")
def version(number: int) -> str:
    """One version: what it changed, and where to try that."""

    def action(context: Context) -> str:
        only_designers(context)
        shown = platform().versions.get(number)
        before = number - 1 if number > 1 else None
        changes = platform().versions.differences(before, number) if before else ()
        return render(
            context,
            "design/version.html",
            "design",
            version=shown,
            names=_authors([shown]),
            before=before,
            modules=differences_by_module(changes),
            labels=_labels(before, number) if before else {},
            doors=list(_doors(context, changes)) if shown["live"] else [],
            done=request.args.get("done", ""),
        )

    return read(action)


@blueprint.get("/<int:number>/back")
def back(number: int) -> Response:
    """What going back to a version would do."""
    return read(lambda context: _shown(context, number, NO_ANSWERS))


@blueprint.post("/<int:number>/back/plan", endpoint="back_plan")
def back_plan(number: int) -> Response:
    """The same with the answers that were given."""
    answers = answers_of(request.form)
    return read(lambda context: _shown(context, number, answers))


@blueprint.post("/<int:number>/back/rows", endpoint="back_rows")
def back_rows(number: int) -> Response:
    """The rows of one line of that plan that its reader may read, as a file."""
    answers, key = answers_of(request.form), request.form.get("list", "")

    def action(context: Context) -> Response:
        only_designers(context)
        made = platform().publisher.plan_rollback(number, answers.decisions)
        return rows_file(context, made, key)

    return read(action)


@blueprint.post("/<int:number>/back", endpoint="go_back")
def go_back(number: int) -> Response:
    """Publish the content of a version as a new one."""
    read(only_designers)
    answers = answers_of(request.form)
    context, done = repeated()
    if done is not None:
        return redirect(done, HTTPStatus.SEE_OTHER)
    try:
        address = _go_back(context, number, answers)
    except (RefusedError, ConflictError) as error:
        refusal = error
        return read(lambda now: _shown(now, number, answers, refusal))
    return redirect(address, HTTPStatus.SEE_OTHER)


def _go_back(context: Context, number: int, answers: Answers) -> str:
    here, user = platform(), context.principal.user_id
    made = here.publisher.plan_rollback(number, answers.decisions)
    refuse_overtaken(here.catalogs, made, answers.live)
    said = answers.message or word(context.language, "publish.back_message", version=number)
    if made.prepared and not made.refused:
        return write_once(
            lambda _, work: url_for(
                "publishing.progress",
                job=here.publish_jobs.ask_for_rollback(work, number, made, said, user),
            )
        )
    noting = noting_rollback(number, user)

    def within(work: UnitOfWork, made_live: int) -> None:
        noting(work, made_live)
        keep_address(context, work, live_address(made_live, "gone_back"))

    result = here.publisher.publish(made, said, user, within)
    return live_address(result.version, "gone_back")


def _shown(
    context: Context, number: int, answers: Answers, refusal: PlatformError | None = None
) -> Response:
    only_designers(context)
    here = platform()
    made, answers = fitting(here.publisher.plan_rollback(number, answers.decisions), answers)
    changes = here.versions.differences(made.base, number)
    problems = problems_of(() if refusal is None else refusal.problems, made)
    version = here.versions.get(number)
    body = render(
        context,
        "design/back.html",
        "design",
        number=number,
        live=made.base,
        version=version,
        names=_authors([version]),
        problems=found_in(problems, made.content.documents, marked=False),
        modules=differences_by_module(changes),
        labels=_labels(made.base, number),
        stuck=any(one.severity == "error" for one in problems),
        **plan_values(context, made, answers),
    )
    response = make_response(body)
    if refusal is not None:
        response.status_code = status_of(refusal)
    return response


def _labels(*numbers: int) -> dict[tuple[str, str], Text]:
    """Return what people call the definitions of versions; the last one's word counts."""
    return {key: one for number in numbers for key, one in labels_of(_documents(number)).items()}


def _authors(versions: Iterable[VersionJson]) -> dict[str, str]:
    """Return what the authors of versions are called, by login."""
    return platform().identity.names(one["by"] for one in versions if one["by"])


def _documents(number: int) -> Iterable[Document]:
    return platform().catalogs.content_of(number).documents


def _doors(context: Context, changes: Iterable[Change]) -> Iterator[Door]:
    """Yield the lists and reports that changes are about and that the viewer may open."""
    catalog, principal = context.catalog, context.principal
    objects = dict.fromkeys(_objects(context, changes))
    for name in objects:
        if name in catalog.objects and can(catalog, principal, name, "read"):
            address = url_for("workspace.records", object_name=name)
            yield Door(catalog.objects[name].plural, address)
    for one in changes:
        report = catalog.reports.get(one.name) if one.kind == "report" else None
        if report is not None and may_open_report(catalog, principal, report):
            label = report.label or Text(one.name, one.name)
            yield Door(label, url_for("reports.report", name=one.name))


def _objects(context: Context, changes: Iterable[Change]) -> Iterator[str]:
    """Yield the names of the objects that changes are about, by way of what belongs to them."""
    catalog = context.catalog
    for one in changes:
        if one.kind == "object":
            yield one.name
        elif one.kind == "workflow" and one.name in catalog.workflows:
            yield catalog.workflows[one.name].object
        elif one.kind in OF_OBJECTS:
            found = next((two for two in _of(context, one)), None)
            if found is not None:
                yield found


OF_OBJECTS: Final = frozenset({"form", "view", "permission", "approval"})


def _of(context: Context, change: Change) -> Iterator[str]:
    for one in _documents(context.catalog.version):
        named: Any = one.content.get("object")
        if (one.kind, one.name) == (change.kind, change.name) and isinstance(named, str):
            yield named


def _number(name: str) -> int:
    given = request.args.get(name, "")
    if not given.isascii() or not given.isdigit() or len(given) > DIGITS:
        raise NotFoundError(NOT_FOUND.at())
    return int(given)
