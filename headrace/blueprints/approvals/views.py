"""The inbox: what waits for me, what I decided, what I started; a task and its decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.approvals.attached import LIMITS, attached_files
from headrace.blueprints.approvals.opened import entered, entries_of, errors_of, opened_fields
from headrace.blueprints.shared.errors import sign_in_again
from headrace.blueprints.shared.pages import render, word
from headrace.blueprints.shared.session import (
    new_key,
    platform,
    read,
    sent_version,
    session_cookie,
    write,
    write_once,
)
from headrace.blueprints.statuses import status_of
from headrace.blueprints.workspace.records import reading_page, shown_record
from headrace.blueprints.workspace.rows import display_of, record_address, state_of, title_of
from headrace.blueprints.workspace.saves import ChangeLine, change_lines
from headrace.platform.access.policy import readable_fields
from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    NotFoundError,
    PreconditionRequiredError,
    RefusedError,
    TooManyRequestsError,
)
from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.forms.entries import (
    first_values,
)
from headrace.platform.forms.field_view import field_view
from headrace.platform.forms.posted import Posted
from headrace.platform.forms.shown import Shown, text_of
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import parse_query
from headrace.platform.workflow.inbox_filters import EVERYTHING, InboxFilter, inbox_filter
from headrace.platform.workflow.subjects import object_by_id
from headrace.platform.workflow.tasks import InboxState, Task, TaskItem

blueprint = Blueprint("approvals", __name__)

INBOX_PAGE: Final = 100
NARROWING: Final = ("q", "object", "submitter", "least", "days")
STATES: Final[tuple[InboxState, ...]] = ("open", "done", "started", "copied")
COLOURS: Final = {
    "approved": "green",
    "rejected": "red",
    "returned": "red",
    "open": "amber",
    "withdrawn": "grey",
    "cancelled": "grey",
}
DONE: Final = {
    "approve": "approved",
    "reject": "rejected",
    "return": "returned",
    "transfer": "transferred",
    "add_approver": "added",
    "ask_opinion": "asked",
    "take_back": "taken_back",
    "comment": "answered",
}
VERSION_NEEDED = Message(
    "precondition.required",
    "The form does not say which version of the task it decides.",
    "表单未说明所处理的任务版本。",
    "Open the task again.",
    "请重新打开该任务。",
)


@dataclass(frozen=True, slots=True)
class Card:
    """A task in the inbox."""

    id: str | None
    version: int | None
    key: str
    title: str
    address: str
    object: Text
    sum: str
    parts: list[str]
    tags: tuple[Text, ...]
    submission: int
    state: Shown | None
    due: Shown | None
    decide: bool
    unread: bool
    urged_at: datetime | None


@dataclass(frozen=True, slots=True)
class Group:
    """Cards under a heading."""

    label: str
    cards: list[Card]


@blueprint.before_request
def need_session() -> Response | None:
    """Send whoever has no session to the sign-in page before anything is looked up."""
    return None if session_cookie() else sign_in_again()


@blueprint.get("/inbox")
def inbox() -> str:
    """Tasks by state, the oldest days apart from today."""
    given = request.args.get("state")
    state: InboxState = next((one for one in STATES if one == given), "open")

    def action(context: Context) -> str:
        where, problems = _wanted()
        page = platform().tasks.inbox(
            context, state, limit=INBOX_PAGE, before=request.args.get("cursor"), where=where
        )
        groups = _groups(context, state, page.items, _companies(context, page.items))
        return render(
            context,
            "approvals/inbox.html",
            "inbox",
            groups=groups,
            open_state=state,
            bulk_key=new_key(),
            unread=platform().tasks.unread_copies(context),
            count=f"{page.count:,}+" if page.capped else str(page.count),
            given={name: request.args.get(name, "") for name in NARROWING},
            narrowed=not where.is_empty,
            objects={one.object: one.object_label for one in page.items},
            submitters={
                one.submitter.id: one.submitter.name for one in page.items if one.submitter.id
            },
            next_page=_following(page.next),
            problems=problems,
        )

    return read(action)


def _wanted() -> tuple[InboxFilter, Sequence[Problem]]:
    """Return what the address asks for, and what of it is none: then all is shown."""
    try:
        return inbox_filter(request.args), ()
    except RefusedError as error:
        return EVERYTHING, error.problems


def _following(cursor: str | None) -> str | None:
    """Return the address of the page that follows, narrowed in the same way."""
    if cursor is None:
        return None
    kept: dict[str, Any] = {
        name: one for name in ("state", *NARROWING) if (one := request.args.get(name))
    }
    return url_for("approvals.inbox", cursor=cursor, **kept)


@blueprint.get("/inbox/<task_id>")
def task(task_id: str) -> str:
    """A task: the record, what changed, who decided before, and the decision."""
    return read(lambda context: _page(context, task_id, (), None))


@blueprint.get("/inbox/copies/<copy_id>")
def copied(copy_id: str) -> Response:
    """Open the record of a copy, which counts as read from then on."""

    def act(context: Context, work: UnitOfWork) -> str:
        copy = platform().tasks.copies.mark_read(context, work, copy_id)
        model = object_by_id(context, copy.object_id)
        if model is None:
            raise NotFoundError(NOT_FOUND.at())
        return record_address(model.name, copy.record_id)

    return redirect(write(act), HTTPStatus.SEE_OTHER)


@blueprint.post(
    "/inbox/<task_id>/<any(approve, reject, return, transfer, add_approver, ask_opinion, take_back, comment):action>"
)
def decide(task_id: str, action: str) -> Response:
    """Approve, reject, return, take back, answer, or ask a colleague too or instead."""
    version = sent_version()
    if version is None:
        raise PreconditionRequiredError(VERSION_NEEDED.at())
    attached, unkept = attached_files()
    if unkept:
        body = read(lambda context: _page(context, task_id, unkept, None, action, attached))
        return make_response(body, HTTPStatus.UNPROCESSABLE_ENTITY)
    sent: list[Posted] = []

    def act(context: Context, work: UnitOfWork) -> str:
        found = platform().tasks.get(context, task_id)
        given = None
        if action == "approve":
            given = entered(context, found, opened_fields(context, found))
        if given is not None:
            sent[:] = [given]
        platform().tasks.decide(
            context,
            work,
            task_id,
            action,
            version=version,
            comment=request.form.get("comment", "").strip() or None,
            values=given.data or None if given is not None else None,
            to=request.form.get("to"),
            place=request.form.get("place"),
            course=request.form.get("course"),
            copy_to=request.form.getlist("copy_to"),
            files=[one["id"] for one in attached],
        )
        return action

    try:
        write_once(act)
    except (RefusedError, ConflictError) as error:
        problems = error.problems
        given = sent[0] if sent else None
        body = read(lambda context: _page(context, task_id, problems, given, action, attached))
        return make_response(body, status_of(error))
    return redirect(_after(task_id, action), HTTPStatus.SEE_OTHER)


def _after(task_id: str, action: str) -> str:
    """Return where to go on: from a task's page to the next task, else to the inbox."""
    if request.form.get("back") == "next":
        following = read(lambda context: platform().tasks.next_open(context, task_id))
        if following is not None:
            return url_for("approvals.task", task_id=following, done=DONE[action])
    return url_for("approvals.inbox", done=DONE[action])


@blueprint.post("/runs/<run_id>/withdraw")
def withdraw(run_id: str) -> Response:
    """Take a submission back."""

    def action(context: Context, work: UnitOfWork) -> None:
        platform().workflow.withdraw(context, work, run_id)

    write(action)
    address = url_for(
        "workspace.record",
        object_name=request.form.get("object", "-"),
        record_id=request.form.get("record", "-"),
        done="withdrawn",
    )
    return redirect(address, HTTPStatus.SEE_OTHER)


@blueprint.post("/runs/<run_id>/urge")
def urge(run_id: str) -> Response:
    """Remind all whom a submission waits for."""

    def action(context: Context, work: UnitOfWork) -> None:
        platform().urging.urge_all(context, work, run_id)

    try:
        write(action)
        done = "urged"
    except TooManyRequestsError:
        done = "urged_before"
    address = url_for(
        "workspace.record",
        object_name=request.form.get("object", "-"),
        record_id=request.form.get("record", "-"),
        done=done,
    )
    return redirect(address, HTTPStatus.SEE_OTHER)


def _companies(context: Context, items: Sequence[TaskItem]) -> dict[str, str]:
    """Return the company that each record is about, where it has one that the caller may see."""
    found: dict[str, str] = {}
    for name in dict.fromkeys(item.object for item in items):
        path = context.catalog.objects[name].scope_paths.get("organisation", ())
        readable = readable_fields(context.catalog, context.principal, name)
        if not path or path[0].target is None or path[0].name not in readable:
            continue
        ids = list(dict.fromkeys(item.record_id for item in items if item.object == name))
        data = {
            "filter": {"field": "id", "op": "in", "value": ids},
            "fields": f"id,{path[0].name}",
            "limit": len(ids),
        }
        page = reader.find(context, name, parse_query(context, name, data))
        for record in page.items:
            title = (record.get(path[0].name) or {}).get("title")
            if title:
                found[record["id"]] = str(title)
    return found


def _groups(
    context: Context,
    state: InboxState,
    items: Sequence[TaskItem],
    companies: Mapping[str, str],
) -> list[Group]:
    def card(item: TaskItem) -> Card:
        return _card(context, item, state, companies.get(item.record_id))

    if state != "open":
        cards = [card(one) for one in items]
        return [Group("", cards)] if cards else []
    found: dict[str, list[Card]] = {"late": [], "today": [], "earlier": []}
    for one in items:
        found[_heading(context, one)].append(card(one))
    return [
        Group(word(context.language, f"inbox.{key}"), cards)
        for key, cards in found.items()
        if cards
    ]


def _heading(context: Context, item: TaskItem) -> str:
    if item.late:
        return "late"
    day = item.since.astimezone(context.zone).date()
    return "today" if day == context.today() else "earlier"


def _card(context: Context, item: TaskItem, state: InboxState, company: str | None) -> Card:
    address = record_address(item.object, item.record_id)
    if state == "copied":
        address = url_for("approvals.copied", copy_id=item.id)
    elif item.id is not None:
        address = url_for("approvals.task", task_id=item.id)
    ended = Shown(word(context.language, f"step.{item.state}"), colour=COLOURS.get(item.state))
    editable = state == "open" and item.may_decide
    return Card(
        item.id,
        item.version,
        new_key(),
        item.title,
        address,
        item.object_label,
        sum_of(context, item),
        ([company] if company else []) + parts_of(context, item),
        (item.approval_label, *item.tags),
        item.submission,
        None if state == "open" else ended,
        due_badge(context, item),
        editable,
        state == "copied" and item.read_at is None,
        item.urged_at,
    )


def sum_of(context: Context, item: TaskItem) -> str:
    """Return the sum of a task's record in words; empty without one."""
    summary = item.summary
    if summary is None:
        return ""
    model = context.catalog.objects[item.object]
    view = field_view(context.catalog, model.fields[summary.field])
    return text_of(view.widget, summary.value)


def parts_of(context: Context, item: TaskItem) -> list[str]:
    """Return who asks, in which step, since when, and in whose place the viewer decides."""
    since = display_of(context).instant(item.since).text
    parts = [item.submitter.name, item.step_label.within(context.language), since]
    if item.asked is not None:
        parts.append(word(context.language, "task.in_place", name=item.asked.name))
    return [part for part in parts if part]


def due_badge(context: Context, item: TaskItem) -> Shown | None:
    """Return when the time is up, as a badge; nothing where it is over or has no limit."""
    if item.due_at is None or item.state != "open":
        return None
    at = display_of(context).instant(item.due_at).text
    name = "task.late" if item.late else "task.due"
    return Shown(word(context.language, name, time=at), colour="red" if item.late else "plain")


def _page(
    context: Context,
    task_id: str,
    problems: Sequence[Problem],
    sent: Posted | None,
    act: str = "",
    attached: Sequence[Mapping[str, Any]] = (),
) -> str:
    found = platform().tasks.get(context, task_id)
    item = found.item
    model = context.catalog.objects[item.object]
    page = reading_page(context, item.object, item.record_id)
    try:
        record: dict[str, Any] = shown_record(context, page, item.record_id)
    except NotFoundError:
        record = found.record or {}
    editable = opened_fields(context, found)
    return render(
        context,
        "approvals/task.html",
        "inbox",
        title=title_of(context, item.object, record) if record else item.title,
        state=state_of(context, item.object, record),
        parts=parts_of(context, item),
        due=due_badge(context, item),
        task_id=task_id,
        version=item.version,
        key=new_key(),
        page=page,
        record=record,
        changed=frozenset(found.changed),
        changes=changes_of(context, model, found),
        runs=[found.run],
        again=found.again,
        change_lines=lambda changes: change_lines(context, changes),
        open="approve" in found.actions,
        receivers=found.receivers,
        returns=found.returns,
        keys={action: new_key() for action in DONE},
        act=act,
        answers=found.actions == ("comment",),
        opinion_asked=found.opinion,
        can_take_back="take_back" in found.actions,
        copy_receivers=found.copy_receivers,
        copy_to=frozenset(request.form.getlist("copy_to")),
        sent_to=request.form.get("to", ""),
        editable=editable,
        entries=entries_of(editable, record, sent),
        was=request.form.get("was") or first_values(editable, record),
        errors=errors_of(context, problems, sent),
        token="",  # the controls ask for it: nothing is to be confirmed here
        comment=request.form.get("comment", ""),
        attached=attached,
        limits=LIMITS,
        offered=platform().tasks.last_comments(context) if "approve" in found.actions else (),
        sum=sum_of(context, item),
        summary=item.summary,
        problems=problems,
    )


def changes_of(context: Context, model: ObjectModel, found: Task) -> list[ChangeLine]:
    """Return what changed in a record since it was submitted before."""
    display = display_of(context)
    lines = []
    for name, (before, now) in found.changed.items():
        view = field_view(context.catalog, model.fields[name])
        if view.pointed is not None:
            continue
        label = view.label.within(context.language)
        lines.append(ChangeLine(label, display.of(view, before), display.of(view, now)))
    return lines
