"""Bulk changes: how far one is, what became of each record, doing what was checked, undoing it."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, request

from headrace.blueprints.api.calls import (
    answer,
    known_arguments,
    language_of,
    limit_argument,
    number_argument,
    optional_body,
    platform,
    read,
)
from headrace.blueprints.api.jobs import accepted
from headrace.blueprints.shared.bulk_files import result_file
from headrace.platform.access.policy import can, readable_fields
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.exchange.batches import within
from headrace.platform.exchange.bulk_changes import BulkChange, BulkRecord, records_of_change
from headrace.platform.exchange.bulk_files import titles_of_change
from headrace.platform.exchange.exporting import FORMATS
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.records.context import Context
from headrace.platform.records.query import BAD_PARAMETER
from headrace.platform.records.reader import readable_object

blueprint = Blueprint("api_bulk_changes", __name__, url_prefix="/api/v1/bulk")

STATUSES: Final = ("updated", "deleted", "undeleted", "unchanged", "refused")


@blueprint.get("")
def past() -> Response:
    """One's own bulk changes, the latest first, in pages; those of one `object`."""
    known_arguments("object", "limit", "cursor")
    limit, cursor = limit_argument(), request.args.get("cursor")
    if cursor is not None and not is_record_id(cursor):
        raise RefusedError(BAD_PARAMETER.at("/cursor", name="cursor", expected="next"))
    name = request.args.get("object")

    def action(context: Context) -> Response:
        if name is not None:
            readable_object(context, name)
        with context.database.reading() as reading:
            found = platform().bulk_changes.past(
                context, reading.connection, object_name=name, before=cursor, limit=limit + 1
            )
        shown = found[:limit]
        following = shown[-1].id if len(found) > limit else None
        items = [_shown(context, one) for one in shown]
        return answer(context, {"items": items, "next": following})

    return read(action)


@blueprint.get("/<change_id>")
def get(change_id: str) -> Response:
    """One's own bulk change: what was asked, how far it is, how many records were refused."""
    known_arguments()

    def action(context: Context) -> Response:
        with context.database.reading() as reading:
            change = platform().bulk_changes.mine(context, reading.connection, change_id)
        return answer(context, _shown(context, change))

    return read(action)


@blueprint.get("/<change_id>/records")
def records(change_id: str) -> Response:
    """What became of each record, or of those with one `status`, in pages."""
    known_arguments("limit", "cursor", "status")
    limit, after = limit_argument(), number_argument("cursor", -1)
    status = request.args.get("status")
    if status is not None and status not in STATUSES:
        expected = ", ".join(STATUSES)
        raise RefusedError(BAD_PARAMETER.at("/status", name="status", expected=expected))

    def action(context: Context) -> Response:
        with context.database.snapshot() as reading:
            change = platform().bulk_changes.mine(context, reading.connection, change_id)
            found = records_of_change(
                reading.connection, change.id, after=after, limit=limit + 1, status=status
            )
            shown = found[:limit]
            titles = titles_of_change(context, reading, change, shown)
        items = [
            {
                "id": one.id,
                "title": titles.get(one.id),
                "status": one.status,
                "version": one.new_version,
                "problems": [within(it, language_of(context)) for it in one.problems],
                **effect_of(context, change, one),
            }
            for one in shown
        ]
        following = str(shown[-1].number) if len(found) > limit else None
        return answer(context, {"items": items, "next": following})

    return read(action)


def effect_of(context: Context, change: BulkChange, record: BulkRecord) -> dict[str, Any]:
    """Return what a dry run saw of a record, where it is one of the first, as the caller may read it."""
    if record.shown is None:
        return {}
    name = change.request.object
    readable = readable_fields(context.catalog, context.principal, name)
    fields = context.catalog.objects[name].fields.values()
    names = {one.id: one.name for one in fields if one.name in readable}
    objects = {
        one.id: one.name
        for one in context.catalog.objects.values()
        if can(context.catalog, context.principal, one.name, "read")
    }
    changes = {
        names[field_id]: {"before": before, "after": after}
        for field_id, before, after in record.shown["changes"]
        if field_id in names
    }
    made = {objects[one]: count for one, count in record.shown["made"].items() if one in objects}
    return {"changes": changes, "made": made}


@blueprint.get("/<change_id>/file")
def file(change_id: str) -> Response:
    """What became of each record, as a file in `format`."""
    known_arguments("format")
    kind = request.args.get("format", "csv")
    if kind not in FORMATS:
        expected = ", ".join(FORMATS)
        raise RefusedError(BAD_PARAMETER.at("/format", name="format", expected=expected))
    return read(lambda context: result_file(platform(), context, change_id, kind))


@blueprint.post("/<change_id>/start")
def start(change_id: str) -> Response:
    """Do what was checked, to the records as they were then."""
    data = optional_body()

    def ask(context: Context, work: UnitOfWork) -> dict[str, str]:
        job = platform().bulk_changes.carry_out(context, work, change_id)
        return {"job": job, "bulk": change_id}

    return accepted(ask, data)


@blueprint.post("/<change_id>/undo")
def undo(change_id: str) -> Response:
    """Lead records back to what they were before, where nobody changed them since."""
    data = optional_body("dry_run", "partial")
    for name, value in data.items():
        if not isinstance(value, bool):
            problem = BAD_PARAMETER.at(pointer(name), name=name, expected="true, false")
            raise RefusedError(problem)

    def ask(context: Context, work: UnitOfWork) -> dict[str, str]:
        changes = platform().bulk_changes
        dry_run, partial = data.get("dry_run", False), data.get("partial", True)
        undoing, job = changes.ask_to_undo(
            context, work, change_id, dry_run=dry_run, partial=partial
        )
        return {"job": job, "bulk": undoing}

    return accepted(ask, data)


def _shown(context: Context, change: BulkChange) -> dict[str, Any]:
    language = language_of(context)
    asked = change.request
    given = {
        "query": asked.query if asked.act != "undo" else None,
        "view": asked.view,
        "values": asked.values if asked.act == "update" else None,
        "inputs": asked.values if asked.act == "button" else None,
        "button": asked.button,
        "transition": asked.transition,
        "comment": asked.comment,
        "undoes": asked.undoes,
    }
    return {
        "id": change.id,
        "state": change.state,
        "object": asked.object,
        "mode": asked.act,
        "partial": asked.partial,
        "dry_run": asked.dry_run,
        **{name: value for name, value in given.items() if value is not None},
        "created_at": instant_text(change.created),
        "finished_at": None if change.finished is None else instant_text(change.finished),
        "job": change.job,
        **change.counts.render(),
        "undoable": change.can_be_undone,
        "problems": [within(one, language) for one in change.problems],
    }
