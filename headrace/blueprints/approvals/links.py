"""One task for who holds its link from a mail: it shows and asks; only its form decides.

Mail scanners open links: GET changes nothing. The page says to nobody else where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from headrace.blueprints.approvals.opened import (
    entered,
    entries_of,
    errors_of,
    is_plain,
    opened_fields,
)
from headrace.blueprints.approvals.views import changes_of, due_badge, parts_of, sum_of
from headrace.blueprints.shared.errors import page_language
from headrace.blueprints.shared.pages import render_alone, render_alone_for, word
from headrace.blueprints.shared.session import platform, sent_version
from headrace.blueprints.statuses import status_of
from headrace.blueprints.workspace.records import reading_page, shown_record
from headrace.blueprints.workspace.rows import display_of, title_of
from headrace.blueprints.workspace.saves import change_lines
from headrace.platform.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PlatformError,
    RefusedError,
    UnauthenticatedError,
)
from headrace.platform.core.problems import Language, Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.forms.entries import first_values
from headrace.platform.forms.form_page import FormPage
from headrace.platform.forms.posted import Posted
from headrace.platform.records.context import Context
from headrace.platform.workflow.task_links import ACTS, DEAD, ExpiredLinkError, TaskLink

blueprint = Blueprint("task_links", __name__)


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the record in words: lines, and tables as their heads and rows."""

    label: str
    lines: list[tuple[str, str]]
    tables: list[tuple[str, list[str], list[list[str]]]]


@blueprint.after_request
def keep_to_itself(response: Response) -> Response:
    """Let no other page, and no list of pages, learn the address."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/task-link/<token>")
def shown(token: str) -> BaseResponse:
    """The task, what is asked, and the form; or what became of it."""
    return _answered(token, ())


@blueprint.post("/task-link/<token>")
def decide(token: str) -> BaseResponse:
    """Approve or reject, once."""
    action, version = request.form.get("action", ""), sent_version()
    sent: list[Posted] = []
    try:
        link = platform().task_links.read(token)
        if action not in ACTS or version is None or _is_another(link):
            return _answered(token, ())

        def act(context: Context, work: UnitOfWork) -> None:
            platform().task_links.check(work, link)
            comment = request.form.get("comment", "").strip() or None
            values = None
            if action == "approve":
                found = platform().tasks.get(context, link.task_id)
                plain = [one for one in opened_fields(context, found) if is_plain(one)]
                sent[:] = [entered(context, found, plain)]
                values = sent[0].data or None
            platform().tasks.decide(
                context,
                work,
                link.task_id,
                action,
                version=version,
                comment=comment,
                values=values,
            )

        platform().write_by_mail(link.user_id, act)
    except (RefusedError, ConflictError, ForbiddenError) as error:
        return _answered(token, error.problems, status_of(error), sent[0] if sent else None)
    except (NotFoundError, UnauthenticatedError):
        return _answered(token, ())
    address = url_for("task_links.shown", token=token, done=action)
    return redirect(address, HTTPStatus.SEE_OTHER)


def _answered(
    token: str,
    problems: Sequence[Problem],
    status: int = HTTPStatus.OK,
    sent: Posted | None = None,
) -> BaseResponse:
    try:
        link = platform().task_links.read(token)
        if _is_another(link):
            return _said("other", HTTPStatus.FORBIDDEN, page_language())
        standing, name = platform().task_links.standing(link)
        if standing != "open":
            return _over(link, standing, name, status)
        return make_response(
            platform().read_as(
                link.user_id, lambda context: _page(context, link, token, problems, sent)
            ),
            status,
        )
    except ExpiredLinkError as error:
        return _dead(error, HTTPStatus.GONE)
    except UnauthenticatedError:
        return _dead(NotFoundError(DEAD.at()), HTTPStatus.NOT_FOUND)
    except NotFoundError as error:
        return _dead(error, HTTPStatus.NOT_FOUND)


def _is_another(link: TaskLink) -> bool:
    """Say whether somebody else than the link's reader is signed in in this browser."""
    return bool(current_user.is_authenticated) and current_user.get_id() != link.user_id


def _over(link: TaskLink, standing: str, name: str, status: int) -> BaseResponse:
    done = request.args.get("done", "")
    known = done if standing == "decided" and done in ACTS else ""
    return _said(
        f"done_{known}" if known else standing,
        status,
        link.language,
        name=name,
        address=url_for("approvals.task", task_id=link.task_id),
    )


def _said(
    what: str, status: int, language: Language, name: str = "", address: str = ""
) -> BaseResponse:
    body = render_alone(
        "approvals/link_over.html",
        language,
        what=what,
        name=name,
        address=address or url_for("approvals.inbox"),
        problems=(),
    )
    return make_response(body, status)


def _dead(error: PlatformError, status: int) -> BaseResponse:
    body = render_alone(
        "approvals/link_over.html",
        page_language(),
        what="",
        name="",
        address=url_for("approvals.inbox"),
        problems=error.problems,
    )
    return make_response(body, status)


def _page(
    context: Context,
    link: TaskLink,
    token: str,
    problems: Sequence[Problem],
    sent: Posted | None,
) -> str:
    found = platform().tasks.get(context, link.task_id)
    item = found.item
    page = reading_page(context, item.object, item.record_id)
    record: dict[str, Any] = shown_record(context, page, item.record_id)
    model = context.catalog.objects[item.object]
    opened = opened_fields(context, found)
    editable = [one for one in opened if is_plain(one)]
    return render_alone_for(
        context,
        "approvals/link.html",
        reader=context.principal.name,
        title=title_of(context, item.object, record),
        object_label=item.object_label,
        sum=sum_of(context, item),
        summary=item.summary,
        asked=parts_of(context, item),
        due=due_badge(context, item),
        said=found.run.comment,
        runs=[found.run],
        again=found.again,
        change_lines=lambda changes: change_lines(context, changes),
        changes=changes_of(context, model, found),
        sections=_sections(context, page, record),
        may_decide="approve" in found.actions,
        changed=item.version != link.version,
        version=item.version,
        link_token=token,
        editable=editable,
        elsewhere=word(context.language, "shell.comma").join(
            one.label.within(context.language) for one in opened if not is_plain(one)
        ),
        entries=entries_of(editable, record, sent),
        was=request.form.get("was") or first_values(editable, record),
        errors=errors_of(context, problems, sent),
        token="",  # the controls ask for it: nothing is to be confirmed here
        task_id=link.task_id,
        ends=display_of(context).instant(link.ends).text,
        comment=request.form.get("comment", ""),
        problems=problems,
    )


def _sections(context: Context, page: FormPage, record: dict[str, Any]) -> list[Part]:
    """Return what the form shows of the record, as words: nothing on the page leads elsewhere."""
    display, language = display_of(context), context.language
    sections = []
    for section in page.sections:
        lines = [
            (view.label.within(language), one.text)
            for view in section.fields
            if not (one := display.of(view, record.get(view.name), record)).is_empty
        ]
        tables = [
            (
                grid.label.within(language),
                [column.label.within(language) for column in grid.columns],
                [
                    [display.of(column, row.get(column.name), row).text for column in grid.columns]
                    for row in record.get(grid.name) or ()
                ],
            )
            for grid in section.grids
        ]
        sections.append(Part(section.label.within(language), lines, tables))
    return sections
