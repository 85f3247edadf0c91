"""A bulk change that a job makes: what it sets, how far it is, what became of each record, its undoing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from flask import Response, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from headrace.blueprints.shared.bulk_files import result_file
from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import new_key, platform, read, write, write_once
from headrace.blueprints.workspace.blueprint import blueprint, known_object, need_right
from headrace.blueprints.workspace.buttons import input_views
from headrace.blueprints.workspace.rows import record_address
from headrace.platform.access.policy import can, readable_fields
from headrace.platform.automation.buttons import Button, buttons
from headrace.platform.core.errors import NOT_FOUND, NotFoundError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.batches import within
from headrace.platform.exchange.bulk_changes import (
    BulkChange,
    BulkRecord,
    records_of_change,
)
from headrace.platform.exchange.bulk_files import titles_of_change
from headrace.platform.exchange.bulk_previews import FIRST
from headrace.platform.exchange.exporting import FORMATS
from headrace.platform.forms.bulk import settable_fields
from headrace.platform.forms.field_view import FieldView, field_view
from headrace.platform.forms.shown import Display
from headrace.platform.jobs.long_jobs import JobState, ask_to_cancel, read_job
from headrace.platform.metadata.storage_types import typed_parts
from headrace.platform.records import reader
from headrace.platform.records.context import Context

SHOWN: Final = 100
NOTHING: Final = "–"
SECONDS: Final = "1"
"""After how many a page of a change that is under way looks again."""


@blueprint.get("/bulk", endpoint="past_bulk_changes")
def past_bulk_changes() -> str:
    """One's own bulk changes, the latest first; of one object where the address names it."""
    name, before = request.args.get("object") or None, request.args.get("before") or None
    if before is not None and not is_record_id(before):
        raise NotFoundError(NOT_FOUND.at())

    def action(context: Context) -> str:
        model = None
        if name is not None:
            model = known_object(context, name)
            need_right(context, name, "read")
        with context.database.reading() as reading:
            found = platform().bulk_changes.past(
                context, reading.connection, object_name=name, before=before, limit=SHOWN + 1
            )
        changes = found[:SHOWN]
        older = None
        if len(found) > SHOWN:
            at = changes[-1].id
            older = url_for("workspace.past_bulk_changes", object=name, before=at)
        return render(
            context,
            "workspace/bulk_changes.html",
            f"object:{name}" if name else "",
            model=model,
            changes=[
                (one, _doing(context, one), context.catalog.objects[one.request.object].plural)
                for one in changes
            ],
            older=older,
            key=new_key(),
        )

    return read(action)


@blueprint.get("/bulk/<change_id>")
def bulk_change(change_id: str) -> Response:
    """A bulk change: what it does, how far it is, what became of its records."""

    def action(context: Context) -> Response:
        with context.database.snapshot() as reading:
            connection = reading.connection
            change = platform().bulk_changes.mine(context, connection, change_id)
            job = read_job(connection, change.job) if change.job else None
            told = records_of_change(connection, change.id, limit=SHOWN, told=True)
            first = []
            if change.state == "checked":
                first = records_of_change(connection, change.id, limit=FIRST)
            titles = titles_of_change(context, reading, change, [*told, *first])
        seen = [(titles.get(one.id), one.shown) for one in first if one.shown is not None]
        return _change_page(context, change, job, told, titles, seen)

    return read(action)


@blueprint.post("/bulk/<change_id>/start", endpoint="start_bulk_change")
def start_bulk_change(change_id: str) -> BaseResponse:
    """Do what was checked."""

    def action(context: Context, work: UnitOfWork) -> str:
        platform().bulk_changes.carry_out(context, work, change_id)
        return change_id

    return _to(write_once(action))


@blueprint.post("/bulk/<change_id>/cancel", endpoint="cancel_bulk_change")
def cancel_bulk_change(change_id: str) -> BaseResponse:
    """Ask a change to end; what it has done stays."""

    def action(context: Context, work: UnitOfWork) -> str:
        change = platform().bulk_changes.mine(context, work.connection, change_id)
        if change.job is not None:
            ask_to_cancel(work, change.job)
        return change.id

    return _to(write(action))


@blueprint.post("/bulk/<change_id>/undo", endpoint="undo_bulk_change")
def undo_bulk_change(change_id: str) -> BaseResponse:
    """Look what undoing a change would do."""

    def action(context: Context, work: UnitOfWork) -> str:
        changes = platform().bulk_changes
        return changes.ask_to_undo(context, work, change_id, dry_run=True)[0]

    return _to(write_once(action))


@blueprint.get("/bulk/<change_id>/file", endpoint="bulk_change_file")
def bulk_change_file(change_id: str) -> Response:
    """What became of each record, as a file."""
    kind = request.args.get("format", "csv")
    if kind not in FORMATS:
        raise NotFoundError(NOT_FOUND.at())
    return read(lambda context: result_file(platform(), context, change_id, kind))


def _to(change_id: str) -> BaseResponse:
    address = url_for("workspace.bulk_change", change_id=change_id)
    return redirect(address, HTTPStatus.SEE_OTHER)


def _change_page(
    context: Context,
    change: BulkChange,
    job: JobState | None,
    told: list[BulkRecord],
    titles: Mapping[str, Any],
    seen: Sequence[tuple[Any, Mapping[str, Any]]],
) -> Response:
    object_name, language = change.request.object, context.language
    model = known_object(context, object_name)
    lines = [
        {
            "title": titles.get(one.id) or "–",
            "address": record_address(object_name, one.id) if one.id in titles else None,
            "refused": one.status == "refused",
            "problems": [within(problem, language) for problem in one.problems],
        }
        for one in told
    ]
    body = render(
        context,
        "workspace/bulk_change.html",
        f"object:{object_name}",
        model=model,
        change=change,
        doing=_doing(context, change),
        set_now=_set_now(context, change),
        progress=(job.progress if job else None) or {},
        problems=[within(one, language) for one in change.problems],
        lines=lines,
        first=[first_line(context, object_name, title, shown) for title, shown in seen],
        more=change.counts.refused + change.counts.warned - len(lines),
        formats=FORMATS,
        key=new_key(),
    )
    response = make_response(body)
    if change.is_under_way:
        response.headers["Refresh"] = SECONDS
    return response


def first_line(
    context: Context, object_name: str, title: Any, shown: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what would become of a record, in words: what changes in it, and what is made."""
    model = context.catalog.objects[object_name]
    readable = readable_fields(context.catalog, context.principal, object_name)
    by_id = {one.id: one for one in model.fields.values() if one.name in readable}
    objects = {
        one.id: one
        for one in context.catalog.objects.values()
        if can(context.catalog, context.principal, one.name, "read")
    }
    display = Display(context.language, context.principal.zone)
    changes = []
    for field_id, before, after in shown["changes"]:
        if field_id in by_id:
            view = field_view(context.catalog, by_id[field_id])
            texts = [display.of(view, value).text or NOTHING for value in (before, after)]
            changes.append((view.label, *texts))
    made = [(objects[one].label, count) for one, count in shown["made"].items() if one in objects]
    return {"title": title or NOTHING, "changes": changes, "made": made}


def _doing(context: Context, change: BulkChange) -> Text | None:
    """Return the name of the transition that is taken, or of the button that is pressed."""
    if change.request.button is not None:
        button = _button(context, change)
        return button.label if button is not None else Text(change.request.button)
    if change.request.transition is None:
        return None
    workflow = context.catalog.workflows.get(
        context.catalog.objects[change.request.object].workflow or ""
    )
    one = workflow.transitions.get(change.request.transition) if workflow else None
    return one.label if one is not None else Text(change.request.transition)


def _button(context: Context, change: BulkChange) -> Button | None:
    """Return the button that a change presses, where there is one still."""
    return buttons(context.catalog).get(change.request.object, {}).get(change.request.button or "")


def _set_now(context: Context, change: BulkChange) -> list[tuple[Text, str]]:
    """Return what an edit sets, as far as the caller may set it still, or what was entered."""
    button = _button(context, change)
    if button is not None:
        entered = input_views(context, button.automation)
        return [
            (one.label, _shown(context, one, change.request.values[one.name]))
            for one in entered
            if one.name in change.request.values
        ]
    views = settable_fields(context, change.request.object)
    values = change.request.values if change.request.act == "update" else {}
    return [
        (view.label, _shown(context, view, values[view.name]))
        for view in views
        if view.name in values
    ]


def _shown(context: Context, view: FieldView, value: Any) -> str:
    if view.polymorphic and isinstance(value, str):
        named, record_id = typed_parts(value)
        return reader.title(context, named, record_id) or value
    if view.pointed is not None and isinstance(value, str):
        return reader.title(context, view.pointed, value) or value
    if view.pointed is not None and isinstance(value, list):
        titles = (reader.title(context, view.pointed, str(one)) for one in value)
        return ", ".join(one for one in titles if one)
    return Display(context.language, context.principal.zone).of(view, value).text
