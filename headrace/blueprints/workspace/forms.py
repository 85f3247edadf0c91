"""Making and changing records in forms that work without script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.shared.pages import render, word
from headrace.blueprints.shared.session import (
    new_key,
    platform,
    read,
    write_once,
)
from headrace.blueprints.statuses import status_of
from headrace.blueprints.workspace.blueprint import blueprint, form_version, known_object
from headrace.blueprints.workspace.confirming import need_confirmation, token_of
from headrace.blueprints.workspace.conflicts import conflict_page, gone_page, sent_inputs
from headrace.blueprints.workspace.files import keep_sent_files
from headrace.blueprints.workspace.records import shown_record, type_of
from headrace.blueprints.workspace.rows import title_of
from headrace.platform.access.policy import can, editable_fields
from headrace.platform.core.errors import (
    ForbiddenError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from headrace.platform.core.problems import Message, Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.forms.copying import copied, may_copy
from headrace.platform.forms.entries import (
    Entry,
    RowEntries,
    blank_row,
    column_totals,
    first_values,
    first_values_again,
    preview_data,
    record_entries,
    sent_entries,
    sent_rows,
    standing_rows,
    stored_rows,
    total_field,
    with_behaviours,
)
from headrace.platform.forms.field_view import FieldView
from headrace.platform.forms.form_page import FormPage, Mode, form_for
from headrace.platform.forms.live import constant_values, live_form
from headrace.platform.forms.posted import DEFAULTS, Posted, place_of, posted
from headrace.platform.forms.quick import making_right
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.metadata.record_types import RECORD_TYPE, is_limited
from headrace.platform.records.context import Context
from headrace.platform.records.preview import Previewed, previewed
from headrace.platform.records.source import row_rights

FORBIDDEN = Message(
    "access.forbidden",
    "You may not do this with “{object}”.",
    "您无权对“{object}”执行此操作。",
    "Ask an administrator for the right.",
    "请向管理员申请权限。",
)


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """A problem in the summary; `input` is the element it jumps to."""

    message: str
    hint: str
    label: str = ""
    input: str = ""


@dataclass(frozen=True, slots=True)
class Filling:
    """What stands in a form: a fresh one has no `sent`.

    `found` says how its fields stand, `token` confirms its problems where they are all warnings. What
    was `copied` is meant to be saved as it stands, unlike defaults, and no default takes its place.
    """

    page: FormPage
    record: Mapping[str, Any]
    sent: Posted | None = None
    problems: Sequence[Problem] = ()
    found: Previewed | None = None
    token: str | None = None
    copied: bool = False


@blueprint.get("/o/<object_name>/new")
def new(object_name: str) -> str:
    """A form with the defaults filled in, or with what another record says: `?copy=<its id>`."""
    source = request.args.get("copy")

    def action(context: Context) -> str:
        page = open_form(context, object_name, "create", None)
        first: dict[str, Any] = {grid.name: [{}] for grid in page.grids if grid.addable}
        copies = source is not None and may_copy(context, known_object(context, object_name))
        if source is not None and copies:
            first = copied(context, page, shown_record(context, page, source, by_task=False))
        found = preview_form(context, page, first, None)
        return render_form(context, Filling(page, found.values, found=found, copied=copies), None)

    return read(action)


@blueprint.post("/o/<object_name>/new")
def create(object_name: str) -> Response:
    """Make a record, or show the form again with what is wrong."""
    unkept = keep_sent_files(object_name)
    if unkept or changes_rows():
        body = read(lambda context: _again(context, object_name, None, unkept))
        return make_response(body, HTTPStatus.UNPROCESSABLE_ENTITY if unkept else HTTPStatus.OK)

    def action(context: Context, work: UnitOfWork) -> str:
        page = open_form(context, object_name, "create", None)
        sent = posted(page, sent_inputs(), context.principal.zone)
        saved = platform().store.create(context, work, object_name, sent.data)
        need_confirmation(saved.warnings, [object_name, sent.data])
        return saved.id

    try:
        record_id = write_once(action)
    except RefusedError as error:
        problems, token = error.problems, token_of(error)
        body = read(lambda context: _again(context, object_name, None, problems, token))
        return make_response(body, status_of(error))
    return _to_record(object_name, record_id, "created")


@blueprint.get("/o/<object_name>/<record_id>/edit")
def edit(object_name: str, record_id: str) -> str:
    """The form of a record as it is."""

    def action(context: Context) -> str:
        page = open_form(context, object_name, "edit", record_id)
        found = shown_record(context, page, record_id, by_task=False)
        standing = _standing(context, page, found, record_id)
        return render_form(context, Filling(page, found, found=standing), record_id)

    return read(action)


@blueprint.post("/o/<object_name>/<record_id>/edit")
def update(object_name: str, record_id: str) -> Response:
    """Change a record; where somebody was faster, show both values by field."""
    unkept = keep_sent_files(object_name)
    if unkept or changes_rows():
        body = read(lambda context: _again(context, object_name, record_id, unkept))
        return make_response(body, HTTPStatus.UNPROCESSABLE_ENTITY if unkept else HTTPStatus.OK)
    version = form_version()
    inputs = sent_inputs()

    def action(context: Context, work: UnitOfWork) -> str:
        page = open_form(context, object_name, "edit", record_id)
        data = posted(page, inputs, context.principal.zone).data
        if data:
            saved = platform().store.update(context, work, object_name, record_id, data, version)
            need_confirmation(saved.warnings, [object_name, record_id, version, data])
        return record_id

    try:
        write_once(action)
    except StaleError:
        body = read(lambda context: _overtaken(context, object_name, record_id))
        return make_response(body, HTTPStatus.CONFLICT)
    except (NotFoundError, ForbiddenError) as error:
        status, problems = status_of(error), error.problems
        body = read(lambda context: _again_or_gone(context, object_name, record_id, problems))
        return make_response(body, status)
    except RefusedError as error:
        problems, token = error.problems, token_of(error)
        body = read(lambda context: _again(context, object_name, record_id, problems, token))
        return make_response(body, status_of(error))
    return _to_record(object_name, record_id, "saved")


def _again_or_gone(
    context: Context, object_name: str, record_id: str, problems: Sequence[Problem]
) -> str:
    """Show the form with what may not be saved; where it can be opened no more, what was typed."""
    try:
        return _again(context, object_name, record_id, problems)
    except (NotFoundError, ForbiddenError):
        return gone_page(context, object_name, sent_inputs())


def _to_record(object_name: str, record_id: str, done: str) -> Response:
    address = url_for("workspace.record", object_name=object_name, record_id=record_id, done=done)
    return redirect(address, HTTPStatus.SEE_OTHER)


def changes_rows() -> bool:
    """Whether a button was pressed that shows the form again and saves nothing."""
    return not {"add", "remove", "again"}.isdisjoint(request.form)


def _overtaken(context: Context, object_name: str, record_id: str) -> str:
    page = open_form(context, object_name, "edit", record_id)
    record = shown_record(context, page, record_id, by_task=False)
    return conflict_page(context, page, record, _address(page, record_id), _back(page, record_id))


def open_form(
    context: Context,
    object_name: str,
    mode: Mode,
    record_id: str | None,
    *,
    detail: bool = False,
) -> FormPage:
    """Return the form with what the caller may change in this very record.

    `detail`: a new detail may be meant, of a master that the caller of this knows.
    """
    model = known_object(context, object_name)
    forbidden = ForbiddenError(FORBIDDEN.at(object=model.label))
    if record_id is None:
        catalog, principal = context.catalog, context.principal
        making = making_right(model)
        if not can(catalog, principal, object_name, making) or (model.master and not detail):
            raise forbidden
        return form_for(
            catalog,
            principal,
            object_name,
            mode,
            editable=editable_fields(catalog, principal, object_name, making),
            record_type=request.values.get("type") or _first_type(model),
        )
    with context.database.reading() as reading:
        names = row_rights(context, reading, object_name, record_id, "update")
    page = form_for(
        context.catalog,
        context.principal,
        object_name,
        mode,
        editable=names or frozenset(),
        record_type=request.values.get("type") or type_of(context, object_name, record_id),
    )
    shown_record(context, page, record_id, by_task=False)
    if not names:
        raise forbidden
    return page


def _first_type(model: ObjectModel) -> str | None:
    """Return the type that a new record has where nobody chooses one."""
    return next((one.name for one in model.definition.record_types if not is_limited(one)), None)


def for_type(context: Context, page: FormPage, record_id: str | None) -> FormPage:
    """Return the form for the type that was chosen on a page for another one."""
    chosen = request.form.get(f"f.{RECORD_TYPE}")
    if not page.typed or not chosen or chosen == page.record_type:
        return page
    names = frozenset(one.name for one in page.fields if one.editable)
    if record_id is not None:
        with context.database.reading() as reading:
            found = row_rights(context, reading, page.object, record_id, "update")
        names = found or names
    return form_for(
        context.catalog,
        context.principal,
        page.object,
        page.mode,
        editable=names if record_id is not None else None,
        record_type=chosen,
    )


def preview_form(
    context: Context, page: FormPage, data: Mapping[str, Any], record_id: str | None
) -> Previewed:
    """Return a record as it would become with `data`: defaults, computed values, what rules say."""
    with context.database.snapshot() as reading:
        return previewed(context, reading, page.object, data, record_id=record_id)


def _standing(
    context: Context, page: FormPage, found: Mapping[str, Any], record_id: str
) -> Previewed | None:
    """Return how the fields of a stored record stand; None where no field rule speaks of them."""
    objects = [page.object, *(grid.object for grid in page.grids)]
    if not any(context.catalog.objects[name].field_rules for name in objects):
        return None
    rows = {
        grid.name: [{"id": row["id"]} for row in found.get(grid.name) or []] for grid in page.grids
    }
    return preview_form(context, page, rows, record_id)


def _again(
    context: Context,
    object_name: str,
    record_id: str | None,
    problems: Sequence[Problem],
    token: str | None = None,
) -> str:
    """Show a form again as it was sent, with its problems or with a row more or less."""
    page = open_form(context, object_name, "create" if record_id is None else "edit", record_id)
    sent = with_rows_changed(posted(page, sent_inputs(), context.principal.zone))
    stored: Mapping[str, Any] = {}
    if record_id is not None:
        stored = shown_record(context, page, record_id, by_task=False)
    found = preview_form(context, page, preview_data(page, sent), record_id)
    page = for_type(context, page, record_id)
    record = {**stored, **found.values}
    return render_form(context, Filling(page, record, sent, problems, found, token), record_id)


def with_rows_changed(sent: Posted) -> Posted:
    """Return what was sent without the row that a button takes away."""
    relation, _, position = request.form.get("remove", "").partition(".")
    rows = dict(sent.rows)
    if relation in rows:
        rows[relation] = tuple(one for one in rows[relation] if str(one.position) != position)
    return Posted(sent.values, rows, sent.data, sent.places, sent.following)


def render_form(
    context: Context,
    filling: Filling,
    record_id: str | None,
    template: str = "workspace/form.html",
    action: str | None = None,
    **more: Any,
) -> str:
    """Return the page of a form; the rest is for another place that shows it."""
    page, sent, language = filling.page, filling.sent, context.language
    total = total_field(context.catalog, page)
    title = title_of(context, page.object, filling.record) if record_id else None
    label = page.label.within(language)
    heading = (
        word(language, "form.edit", title=title)
        if record_id
        else word(language, "form.new", object=label)
    )
    errors, lines = _problems(context, page, sent, filling.problems)
    return render(
        context,
        template,
        f"object:{page.object}",
        page=page,
        heading=heading,
        record_title=title,
        record_id=record_id,
        stored=record_id is not None or sent is not None or filling.copied,
        action=action or _address(page, record_id),
        back=_back(page, record_id),
        key=request.form.get("key") or new_key(),
        version=_version(filling, record_id),
        was=sent_inputs().get("was") or first_values(page.fields, filling.record),
        defaults=_defaults(filling),
        record=filling.record,
        entries=_entries(filling),
        rows={grid.name: rows for grid, rows in _rows(filling)},
        blanks={grid.name: blank_row(grid) for grid in page.grids},
        stored_rows={grid.name: filling.record.get(grid.name) or [] for grid in page.grids},
        errors=errors,
        problems=lines,
        token=filling.token,
        total=total,
        totals={grid.name: column_totals(context.catalog, page, grid) for grid in page.grids},
        total_value=filling.record.get(total.name) if total else None,
        live=_live(context, page, filling),
        **more,
    )


def _address(page: FormPage, record_id: str | None) -> str:
    if record_id is None:
        return url_for("workspace.create", object_name=page.object)
    return url_for("workspace.update", object_name=page.object, record_id=record_id)


def _back(page: FormPage, record_id: str | None) -> str:
    if record_id is None:
        return url_for("workspace.records", object_name=page.object)
    return url_for("workspace.record", object_name=page.object, record_id=record_id)


def _version(filling: Filling, record_id: str | None) -> Any:
    if record_id is None:
        return None
    return request.form.get("version") or filling.record.get("version")


def _following(filling: Filling) -> list[FieldView]:
    names = filling.sent.following if filling.sent is not None else ()
    return [view for view in filling.page.fields if view.name in names]


def _defaults(filling: Filling) -> str | None:
    """Return which defaults the form shows, for a page without script; None where nothing follows."""
    page = filling.page
    grids = [view for grid in page.grids for view in grid.columns]
    if (
        page.mode != "create"
        or filling.copied
        or not any(view.follows for view in (*page.fields, *grids))
    ):
        return None
    if filling.sent is None:
        return first_values(page.fields, filling.record)
    return first_values_again(sent_inputs().get(DEFAULTS), _following(filling), filling.record)


def _entries(filling: Filling) -> dict[str, Entry]:
    fields = filling.page.fields
    if filling.sent is None:
        entries = record_entries(fields, filling.record)
    else:
        entries = sent_entries(fields, sent_inputs(), "f", filling.record)
        entries |= record_entries(_following(filling), filling.record)
    if filling.found is None:
        return entries
    return with_behaviours(entries, filling.found.standing.behaviours, filling.record)


def _rows(filling: Filling) -> list[tuple[Any, list[RowEntries]]]:
    found = []
    for grid in filling.page.grids:
        known = filling.record.get(grid.name) or []
        if filling.sent is None or grid.name not in filling.sent.rows:
            kept = filling.copied or filling.page.mode == "edit"
            rows = stored_rows(grid, known, stored=kept, copied=filling.copied)
        else:
            rows = sent_rows(grid, filling.sent, sent_inputs(), known)
            if request.form.get("add") == grid.name:
                rows.append(blank_row(grid))
        if filling.found is not None:
            rows = standing_rows(rows, filling.found.rows.get(grid.name, ()), known)
        found.append((grid, rows))
    return found


def _live(context: Context, page: FormPage, filling: Filling) -> dict[str, Any]:
    record = filling.record
    live = live_form(context.catalog, context.principal, page)
    principal = context.principal
    session = {
        "today": context.today().isoformat(),
        "now": context.now().isoformat().replace("+00:00", "Z"),
        "zone": context.zone.key,
        "user": principal.user_id,
        "organisation": principal.organisation,
        "roles": sorted(principal.role_names),
        "constants": constant_values(context.catalog, live.constants),
    }
    values = {name: value for name, value in record.items() if name in live.model["fields"]}
    met = filling.found.standing.to_json() if filling.found else {}
    return {**live.model, "session": session, "values": values, "met": met}


def _problems(
    context: Context, page: FormPage, sent: Posted | None, problems: Sequence[Problem]
) -> tuple[dict[str, str], list[ProblemLine]]:
    """Return messages by the name of the input they stand at, and the lines of the summary."""
    errors: dict[str, str] = {}
    lines = []
    for problem in problems:
        place = place_of(problem, sent) if sent is not None else ""
        message = problem.message.within(context.language)
        hint = problem.hint.within(context.language)
        if place:
            errors.setdefault(place, message)
        lines.append(ProblemLine(message, hint, *_where(context, page, place)))
    return errors, lines


def _where(context: Context, page: FormPage, place: str) -> tuple[str, str]:
    """Return the words that lead to an input and the id of its element."""
    parts = place.split(".")
    if parts[0] == "f":
        view = page.field(parts[1])
        known = view is not None and view.editable
        return "", f"f-{parts[1]}" if known else ""
    if parts[0] == "c" and len(parts) > 2:  # noqa: PLR2004 - relation, row, field
        _, relation, row, name = parts
        number = int(row) + 1
        return word(context.language, "form.in_row", row=number), f"c-{relation}-{row}-{name}"
    return "", ""
