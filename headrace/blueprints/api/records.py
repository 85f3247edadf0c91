"""Records: list, get, create, change, delete, bulk, history, transitions."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, request

from headrace.blueprints.api.bulk import (
    query_request,
    records_request,
    run_bulk,
    run_undoable,
    shown_item,
)
from headrace.blueprints.api.calls import (
    OBJECT_NEEDED,
    answer,
    answer_bytes,
    body_object,
    expected_version,
    known_arguments,
    optional_body,
    platform,
    read,
    with_warnings,
    write,
    write_once,
)
from headrace.blueprints.api.exports import exported
from headrace.blueprints.api.jobs import accepted
from headrace.blueprints.api.restoring import restore_request
from headrace.platform.access.policy import can
from headrace.platform.automation.buttons import made_by
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.core.problems import Problem, Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records import reader
from headrace.platform.records.balances import PARAMETERS, balances
from headrace.platform.records.context import Context
from headrace.platform.records.history_reader import history
from headrace.platform.records.match_explaining import explain_match
from headrace.platform.records.periods import close_period, periods, reopen_period
from headrace.platform.records.query import BAD_PARAMETER, parse_query
from headrace.platform.records.restoring import check_names, earlier_state
from headrace.platform.records.reversing import Reversing
from headrace.platform.records.tracing import trace
from headrace.platform.records.unmasking import unmask
from headrace.platform.workflow.previewing import chain_ahead

MODES: Final = ("normal", "migration")
"""How a record is made; migration sets state, number and times, with a right of its own."""

blueprint = Blueprint("api_records", __name__, url_prefix="/api/v1/records")


@blueprint.get("/<object_name>")
def find(object_name: str) -> Response:
    """A page of a list, asked for by arguments; with `format` all of it as a file."""
    if "format" in request.args:
        return exported(object_name, request.args.to_dict())
    return _page(object_name, request.args.to_dict())


@blueprint.post("/<object_name>/query")
def query(object_name: str) -> Response:
    """A page of a list, asked for by a body."""
    return _page(object_name, body_object())


def _page(object_name: str, data: dict[str, Any]) -> Response:
    def action(context: Context) -> Response:
        reader.readable_object(context, object_name)
        query = parse_query(context, object_name, data)
        return answer_bytes(context, reader.find_json(context, object_name, query))

    return read(action)


@blueprint.get("/<object_name>/<record_id>")
def get(object_name: str, record_id: str) -> Response:
    """One record; its version is the ETag."""
    known_arguments("fields", "expand")
    fields, expand = _names("fields"), _names("expand") or ()

    def action(context: Context) -> Response:
        record = reader.get(context, object_name, record_id, fields=fields, expand=expand)
        return answer(context, record, version=record.get("version"))

    return read(action)


@blueprint.post("/<object_name>")
def create(object_name: str) -> Response:
    """One new record, children inline."""
    data = body_object()
    known_arguments("mode")
    mode = request.args.get("mode", "normal")
    if mode not in MODES:
        expected = ", ".join(MODES)
        raise RefusedError(BAD_PARAMETER.at("/mode", name="mode", expected=expected))

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        saved = platform().store.create(context, work, object_name, data, mode=mode)
        record = reader.get_within(context, work, object_name, saved.id)
        return 201, with_warnings(context, record, saved.warnings)

    return write_once(action, data)


@blueprint.post("/<object_name>/bulk")
def change_many(object_name: str) -> Response:
    """Many records at once, with a result for each; those of a query as a job."""
    data = body_object()
    if "query" in data:
        return _change_found(object_name, data)
    asked = records_request(data)

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        kept = {}
        if asked.undoable and not asked.dry_run:
            items, change = run_undoable(platform(), context, work, object_name, asked)
            kept = {"bulk": change}
        else:
            items = run_bulk(platform(), context, work, object_name, asked)
        return 200, {"items": [shown_item(one, context.language) for one in items], **kept}

    return write_once(action, data)


def _change_found(object_name: str, data: dict[str, Any]) -> Response:
    request_ = query_request(object_name, data)

    def ask(context: Context, work: UnitOfWork) -> dict[str, str]:
        change, job = platform().bulk_changes.ask(context, work, request_)
        return {"job": job, "bulk": change}

    return accepted(ask, data)


@blueprint.patch("/<object_name>/<record_id>")
def update(object_name: str, record_id: str) -> Response:
    """Change fields and children of a record."""
    data = body_object()
    version = expected_version()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        saved = platform().store.update(context, work, object_name, record_id, data, version)
        record = reader.get_within(context, work, object_name, record_id)
        return 200, with_warnings(context, record, saved.warnings)

    return write_once(action, data)


@blueprint.delete("/<object_name>/<record_id>")
def delete(object_name: str, record_id: str) -> Response:
    """Delete a record; it can be seen no more, and refused while others need it."""
    version = expected_version()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        platform().store.delete(context, work, object_name, record_id, version)
        return 204, None

    return write_once(action, None)


@blueprint.get("/<object_name>/<record_id>/rules")
def record_rules(object_name: str, record_id: str) -> Response:
    """Which rules decide what of a record, and over which values, as far as the caller may read."""
    known_arguments()
    return read(lambda context: _traced(context, object_name, {}, record_id))


@blueprint.post("/<object_name>/rules")
def rules_of_values(object_name: str) -> Response:
    """The same for values that are not saved: of a new record, or over those of a stored one."""
    data = optional_body("id", "values")
    record_id, values = data.get("id"), data.get("values", {})
    if not isinstance(values, dict):
        raise RefusedError(OBJECT_NEEDED.at("/values"))
    if record_id is not None and not isinstance(record_id, str):
        raise NotFoundError(NOT_FOUND.at())

    def action(context: Context) -> Response:
        model = context.catalog.object(object_name)
        may_create = can(context.catalog, context.principal, object_name, "create")
        if record_id is None and (model is None or not may_create):
            raise NotFoundError(NOT_FOUND.at())
        return _traced(context, object_name, values, record_id)

    return read(action)


def _traced(
    context: Context, object_name: str, values: dict[str, Any], record_id: str | None
) -> Response:
    with context.database.snapshot() as reading:
        found = trace(context, reading, object_name, values, record_id=record_id)
    return answer(context, found.render(context.language))


@blueprint.get("/<object_name>/<record_id>/history")
def record_history(object_name: str, record_id: str) -> Response:
    """The changes of a record, newest first, as far as the caller may see its fields.

    `expand` names child relations whose rows' changes come too.
    """
    known_arguments("expand")
    expand = _names("expand") or ()
    return read(
        lambda context: answer(
            context, {"items": history(context, object_name, record_id, expand=expand)}
        )
    )


@blueprint.post("/<object_name>/<record_id>/unmask")
def show_whole(object_name: str, record_id: str) -> Response:
    """Masked fields of a record, whole; each call leaves a line in the history.

    No answer is kept for an Idempotency-Key: what is masked is stored nowhere else.
    """
    data = body_object()
    names = data.get("fields")
    if set(data) != {"fields"} or not isinstance(names, list):
        expected = Text("a list of field names", "字段名列表")
        raise RefusedError(BAD_PARAMETER.at("/fields", name="fields", expected=expected))

    def action(context: Context, work: UnitOfWork) -> Response:
        return answer(context, {"values": unmask(context, work, object_name, record_id, names)})

    return write(action)


@blueprint.post("/<object_name>/<record_id>/restore")
def restore(object_name: str, record_id: str) -> Response:
    """Lead a record back to its state before or after a save of its history."""
    asked = restore_request(optional_body("before", "after", "fields"))
    version = expected_version()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        check_names(context, object_name, asked.fields or ())
        earlier = earlier_state(context, work, object_name, record_id, asked.line, asked.side)
        data = earlier.data(asked.fields)
        warnings: tuple[Problem, ...] = ()
        if data:
            saved = platform().store.update(
                context, work, object_name, record_id, data, version, action="restored"
            )
            warnings = saved.warnings
        record = reader.get_within(context, work, object_name, record_id)
        return 200, with_warnings(context, record, warnings)

    return write_once(action, asked.as_json())


@blueprint.post("/<object_name>/<record_id>/reverse")
def reverse(object_name: str, record_id: str) -> Response:
    """Post the opposite of an entry of a ledger, once; the answer is the new entry."""
    data = optional_body("reason", "date")
    asked = Reversing(data.get("reason"), data.get("date"))

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        saved = platform().store.reverse(context, work, object_name, record_id, asked)
        record = _after(context, work, object_name, saved.id)
        return 201, with_warnings(context, record, saved.warnings)

    return write_once(action, data)


@blueprint.get("/<object_name>/balances")
def account_balances(object_name: str) -> Response:
    """What the accounts of a ledger come to as of a day."""
    known_arguments(*PARAMETERS)
    data = request.args.to_dict()
    return read(lambda context: answer(context, balances(context, object_name, data).as_json()))


@blueprint.post("/<object_name>/best")
def best_match(object_name: str) -> Response:
    """The records that fit, the best first, each with what put it before the next."""
    data = optional_body("for", "at", "filter")
    return read(lambda context: answer(context, explain_match(context, object_name, data)))


@blueprint.get("/<object_name>/periods")
def months(object_name: str) -> Response:
    """The months of an object, for who may close or reopen them."""
    known_arguments()

    def action(context: Context) -> Response:
        with context.database.reading() as reading:
            found = periods(context, reading, object_name)
        platform().confirm(context)
        return answer(context, {"items": [one.as_json() for one in found]})

    return read(action)


@blueprint.post("/<object_name>/periods/<month>/close")
def close_month(object_name: str, month: str) -> Response:
    """Close a month with all before it that nobody reopened."""
    data = optional_body()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        close_period(context, work, object_name, month)
        return 200, {"month": month, "closed": True}

    return write_once(action, data)


@blueprint.post("/<object_name>/periods/<month>/reopen")
def reopen_month(object_name: str, month: str) -> Response:
    """Reopen a closed month, with a reason that the audit trail keeps."""
    data = optional_body("reason")

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        reopen_period(context, work, object_name, month, data.get("reason"))
        return 200, {"month": month, "closed": False}

    return write_once(action, data)


@blueprint.post("/<object_name>/<record_id>/undelete")
def undelete(object_name: str, record_id: str) -> Response:
    """Bring a deleted record back with the children that were deleted with it."""
    data = optional_body("values")
    values = data.get("values", {})
    if not isinstance(values, dict):
        raise RefusedError(OBJECT_NEEDED.at("/values"))
    version = expected_version()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        saved = platform().store.undelete(context, work, object_name, record_id, version, values)
        record = _after(context, work, object_name, record_id)
        return 200, with_warnings(context, record, saved.warnings)

    return write_once(action, data)


@blueprint.post("/<object_name>/<record_id>/transitions/<name>")
def transition(object_name: str, record_id: str, name: str) -> Response:
    """Take a transition of the record's workflow."""
    data = optional_body("comment", "values", "approvers")
    version = expected_version()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        fired = platform().workflow.fire(
            context,
            work,
            object_name,
            record_id,
            name,
            comment=data.get("comment"),
            values=data.get("values"),
            approvers=data.get("approvers"),
            version=version,
        )
        record = _after(context, work, object_name, record_id)
        return 200, with_warnings(context, record, fired.warnings)

    return write_once(action, data)


@blueprint.get("/<object_name>/<record_id>/transitions/<name>")
def transition_ahead(object_name: str, record_id: str, name: str) -> Response:
    """Whom a transition would ask now."""

    def action(context: Context) -> Response:
        reader.check_current(context)
        chain = chain_ahead(platform().workflow, context, object_name, record_id, name)
        return answer(context, chain.render(context.language))

    return read(action)


@blueprint.get("/<object_name>/<record_id>/buttons")
def buttons(object_name: str, record_id: str) -> Response:
    """The buttons that the caller may press at a record in its state, each with why it is not possible now."""
    known_arguments()

    def action(context: Context) -> Response:
        pressing = platform().buttons
        items = []
        for one in pressing.available(context, object_name, record_id):
            shown = one.render(context.language)
            if one.converts is not None:
                left = pressing.left(context, one, record_id)
                shown["rows"] = [{"id": row, "left": f"{value:f}"} for row, value in left]
            items.append(shown)
        return answer(context, {"items": items})

    return read(action)


@blueprint.post("/<object_name>/<record_id>/buttons/<name>")
def press(object_name: str, record_id: str, name: str) -> Response:
    """Press a button at a record; 202 where a job does what it starts."""
    data = optional_body("inputs", "quantities")
    version = expected_version()

    def action(context: Context, work: UnitOfWork) -> tuple[int, Any]:
        pressed = platform().buttons.press(
            context,
            work,
            object_name,
            record_id,
            name,
            inputs=data.get("inputs"),
            quantities=data.get("quantities"),
            version=version,
        )
        told = {
            "button": name,
            "run": pressed.run,
            "state": pressed.state,
            "message": pressed.told.within(context.language) or None,
            "made": [one.render(context.language) for one in made_by(context, work, pressed)],
        }
        status = 200 if pressed.state == "done" else 202
        return status, with_warnings(context, told, pressed.warnings)

    return write_once(action, data)


@blueprint.get("/<object_name>/<record_id>/approvals")
def approvals(object_name: str, record_id: str) -> Response:
    """The approval runs of a record with steps, tasks and decisions."""

    def action(context: Context) -> Response:
        reader.get(context, object_name, record_id, fields=("id",), by_task=True)
        runs = platform().workflow.approvals(context, object_name, record_id)
        return answer(context, {"items": [run.render(context.language) for run in runs]})

    return read(action)


def _after(context: Context, work: UnitOfWork, object_name: str, record_id: str) -> Any:
    """Return the record as it has become; only its id where the caller may see it no more."""
    try:
        return reader.get_within(context, work, object_name, record_id)
    except NotFoundError:
        return {"id": record_id}


def _names(argument: str) -> tuple[str, ...] | None:
    given = request.args.get(argument)
    return None if given is None else tuple(name for name in given.split(",") if name)
