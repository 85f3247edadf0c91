"""The history of a record, earlier states, and deleted records that come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

from flask import make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.shared.pages import render, word
from headrace.blueprints.shared.session import new_key, platform, read, write_once
from headrace.blueprints.statuses import status_of
from headrace.blueprints.workspace.blueprint import (
    blueprint,
    form_version,
    known_object,
    need_right,
)
from headrace.blueprints.workspace.confirming import need_confirmation, token_of
from headrace.blueprints.workspace.lists import PAGE_SIZE
from headrace.blueprints.workspace.rows import display_of, title_of
from headrace.blueprints.workspace.saves import label_of, saves_of
from headrace.platform.access.policy import can
from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PlatformError,
    RefusedError,
)
from headrace.platform.core.problems import Message
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.forms.entries import Entry
from headrace.platform.forms.field_view import field_view
from headrace.platform.forms.form_page import form_for
from headrace.platform.forms.lists import list_for
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.masking import masked_value
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import parse_query
from headrace.platform.records.restoring import (
    Restoration,
    RestoredField,
    RestoredRow,
    Side,
    earlier_state,
)
from headrace.platform.records.source import row_rights

CHOOSE = Message(
    "restore.nothing_chosen",
    "Nothing is chosen to be restored.",
    "未选择要恢复的内容。",
    "Tick what is to come back.",
    "请勾选要恢复的内容。",
)


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be restored: a field, or a row with its fields."""

    name: str
    label: str
    now: str = ""
    then: str = ""
    inner: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Gone:
    """A deleted record of the list."""

    title: str
    who: str
    at: Any
    address: str


# -- history and earlier states --------------------------------------------------------------------


@blueprint.get("/o/<object_name>/<record_id>/history")
def history_page(object_name: str, record_id: str) -> str:
    """All saves of a record, each of which can be gone back to."""

    def action(context: Context) -> str:
        model = known_object(context, object_name)
        found = reader.get(context, object_name, record_id, by_task=True)
        page = form_for(context.catalog, context.principal, object_name, "read", by_task=True)
        return render(
            context,
            "workspace/history.html",
            f"object:{object_name}",
            object=object_name,
            record_id=record_id,
            title=title_of(context, object_name, found),
            saves=saves_of(context, model, record_id, [grid.name for grid in page.grids]),
            may_restore=_may_edit(context, object_name, record_id),
            back=_record(object_name, record_id),
        )

    return read(action)


@blueprint.get("/o/<object_name>/<record_id>/restore")
def restore_page(object_name: str, record_id: str) -> str:
    """What would come back, to choose from."""
    only = request.args.getlist("only")
    return read(lambda context: _restore_page(context, object_name, record_id, only, None))


@blueprint.post("/o/<object_name>/<record_id>/restore")
def restore(object_name: str, record_id: str) -> Response:
    """Lead back what was chosen."""
    version = form_version()
    chosen = request.form.getlist("take")

    def action(context: Context, work: UnitOfWork) -> str:
        known_object(context, object_name)
        data = _earlier(context, work, object_name, record_id).data(chosen)
        if not data:
            raise RefusedError(CHOOSE.at())
        saved = platform().store.update(
            context, work, object_name, record_id, data, version, action="restored"
        )
        need_confirmation(saved.warnings, [object_name, record_id, version, data])
        return record_id

    try:
        write_once(action)
    except (RefusedError, ConflictError, ForbiddenError) as error:
        refusal = error
        body = read(lambda context: _restore_page(context, object_name, record_id, chosen, refusal))
        return make_response(body, status_of(error))
    return redirect(_record(object_name, record_id, done="restored"), HTTPStatus.SEE_OTHER)


def _earlier(context: Context, on: Any, object_name: str, record_id: str) -> Restoration:
    given = request.values
    side = given.get("side")
    if side not in {"before", "after"}:
        raise NotFoundError(NOT_FOUND.at())
    line = given.get("line", "")
    return earlier_state(context, on, object_name, record_id, line, cast(Side, side))


def _restore_page(
    context: Context,
    object_name: str,
    record_id: str,
    chosen: Sequence[str],
    refusal: PlatformError | None,
) -> str:
    model = known_object(context, object_name)
    if not _may_edit(context, object_name, record_id):
        reader.get(context, object_name, record_id, fields=("id",), by_task=True)
        raise ForbiddenError(NOT_FOUND.at())
    found = reader.get(context, object_name, record_id)
    with context.database.snapshot() as reading:
        earlier = _earlier(context, reading, object_name, record_id)
    teller = _Teller(context, model)
    return render(
        context,
        "workspace/restore.html",
        f"object:{object_name}",
        title=title_of(context, object_name, found),
        choices=[
            *(teller.field(one) for one in earlier.fields),
            *(teller.row(one) for one in earlier.rows),
        ],
        chosen=frozenset(chosen),
        line=request.values.get("line", ""),
        side=request.values.get("side", ""),
        version=found["version"],
        key=new_key(),
        problems=refusal.problems if refusal else (),
        token=_token(refusal),
        back=url_for("workspace.history_page", object_name=object_name, record_id=record_id),
    )


class _Teller:
    """Says in words what an earlier state changes."""

    def __init__(self, context: Context, model: ObjectModel) -> None:
        self._context = context
        self._model = model

    def field(self, one: RestoredField) -> Choice:
        """Return a field that can be restored."""
        field = self._model.fields[one.name]
        label = field.label.within(self._context.language)
        return Choice(one.name, label, self._text(field, one.now), self._text(field, one.then))

    def row(self, one: RestoredRow) -> Choice:
        """Return a row that can be restored."""
        language = self._context.language
        label = label_of(self._context, self._model, one.relation).within(language)
        title = "" if one.title is None else f" · {one.title}"
        kind = word(language, f"restore.{one.kind}")
        child = self._model.child(one.relation)
        fields = self._context.catalog.objects[child.object].fields if child else {}
        inner = []
        for part in one.fields:
            field = fields[part.name]
            texts = (self._text(field, part.now), self._text(field, part.then))
            inner.append((field.label.within(language), *texts))
        return Choice(one.key, f"{label}{title}: {kind}", inner=tuple(inner))

    def _text(self, field: FieldModel, value: Any) -> str:
        shown = masked_value(field, value)
        if field.links is not None and value is not None:
            shown = [
                {"id": one, "title": reader.title(self._context, field.links, one)} for one in value
            ]
        elif field.targets and value is not None:
            shown = reader.titled(self._context, value)
        elif field.target is not None and value is not None:
            shown = {"id": value, "title": reader.title(self._context, field.target, str(value))}
        return display_of(self._context).of(field_view(self._context.catalog, field), shown).text


def _token(refusal: PlatformError | None) -> str | None:
    """Return what confirms the warnings of a refusal that has no errors."""
    return token_of(refusal) if isinstance(refusal, RefusedError) else None


def _may_edit(context: Context, object_name: str, record_id: str) -> bool:
    with context.database.reading() as reading:
        return bool(row_rights(context, reading, object_name, record_id, "update"))


def _record(object_name: str, record_id: str, **more: Any) -> str:
    return url_for("workspace.record", object_name=object_name, record_id=record_id, **more)


# -- deleted records -------------------------------------------------------------------------------


@blueprint.get("/o/<object_name>/deleted")
def deleted_records(object_name: str) -> str:
    """The records that were deleted and that the viewer may bring back, latest first."""
    arguments = {name: request.args[name] for name in ("q", "cursor") if request.args.get(name)}

    def action(context: Context) -> str:
        known_object(context, object_name)
        need_right(context, object_name, "read")
        if not can(context.catalog, context.principal, object_name, "delete"):
            raise NotFoundError(NOT_FOUND.at())
        page = list_for(context.catalog, context.principal, object_name, None)
        found = _deleted(context, object_name, {**arguments, "limit": PAGE_SIZE})
        following: dict[str, Any] | None = (
            {**arguments, "cursor": found.next} if found.next else None
        )
        return render(
            context,
            "workspace/deleted.html",
            f"object:{object_name}",
            page=page,
            items=[_gone(context, object_name, record) for record in found.items],
            q=arguments.get("q", ""),
            next=url_for("workspace.deleted_records", object_name=object_name, **following)
            if following
            else None,
            back=url_for("workspace.records", object_name=object_name),
        )

    return read(action)


@blueprint.route("/o/<object_name>/<record_id>/undelete", methods=["GET", "POST"])
def undelete_page(object_name: str, record_id: str) -> Response:
    """Ask before bringing a record back; bring it back."""
    problem: PlatformError | None = None
    if request.method == "POST":
        version = form_version()
        values = _typed()

        def action(context: Context, work: UnitOfWork) -> str:
            known_object(context, object_name)
            saved = platform().store.undelete(
                context, work, object_name, record_id, version, values
            )
            need_confirmation(saved.warnings, [object_name, record_id, version, values])
            return record_id

        try:
            write_once(action)
            address = _record(object_name, record_id, done="undeleted")
            return redirect(address, HTTPStatus.SEE_OTHER)
        except (RefusedError, ConflictError) as error:
            problem = error
    body = read(lambda context: _undelete_page(context, object_name, record_id, problem))
    return make_response(body, status_of(problem) if problem else HTTPStatus.OK)


def _undelete_page(
    context: Context, object_name: str, record_id: str, problem: PlatformError | None
) -> str:
    model = known_object(context, object_name)
    data = {"filter": {"field": "id", "op": "=", "value": record_id}, "limit": 1}
    found = _deleted(context, object_name, data).items
    if not found:
        raise NotFoundError(NOT_FOUND.at())
    record = found[0]
    problems = problem.problems if problem else ()
    names = dict.fromkeys(one.path.removeprefix("/") for one in problems)
    views = [
        field_view(context.catalog, model.fields[name], editable=frozenset({name}))
        for name in names
        if name in model.fields
    ]
    page = form_for(context.catalog, context.principal, object_name, "read")
    return render(
        context,
        "workspace/undelete.html",
        f"object:{object_name}",
        title=title_of(context, object_name, record),
        page=page,
        record=record,
        by=_person(record),
        at=record["updated_at"],
        version=record["version"],
        key=new_key(),
        problems=problems,
        token=_token(problem),
        # A value that is in the way can be replaced by typing another.
        inputs=[one for one in views if one.editable and one.pointed is None and not one.choices],
        typed={
            one.name: Entry(_typed().get(one.name, record.get(one.name) or "")) for one in views
        },
        back=url_for("workspace.deleted_records", object_name=object_name),
    )


def _typed() -> dict[str, str]:
    return {
        name.removeprefix("f."): value
        for name, value in request.form.items()
        if name.startswith("f.")
    }


def _deleted(context: Context, object_name: str, data: dict[str, Any]) -> reader.Page:
    asked = {"sort": "-updated_at", **data, "deleted": "only"}
    reader.readable_object(context, object_name)
    return reader.find(context, object_name, parse_query(context, object_name, asked))


def _gone(context: Context, object_name: str, record: dict[str, Any]) -> Gone:
    return Gone(
        title_of(context, object_name, record),
        _person(record),
        record["updated_at"],
        url_for("workspace.undelete_page", object_name=object_name, record_id=record["id"]),
    )


def _person(record: dict[str, Any]) -> str:
    by = record.get("updated_by")
    return str(by.get("title") or "") if isinstance(by, dict) else ""
