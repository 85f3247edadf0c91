"""The page of a record: fields, rows, related records, approvals, history; and its deletion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from flask import make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import new_key, platform, read, write
from headrace.blueprints.statuses import status_of
from headrace.blueprints.workspace.blueprint import blueprint, form_version, known_object
from headrace.blueprints.workspace.buttons import outcome
from headrace.blueprints.workspace.rows import (
    Found,
    found_rows,
    state_of,
    title_of,
)
from headrace.blueprints.workspace.saves import change_lines, saves_of
from headrace.blueprints.workspace.trying import may_try
from headrace.platform.access.policy import readable_fields
from headrace.platform.automation.buttons import Button, buttons
from headrace.platform.core.errors import ConflictError, NotFoundError, PlatformError, RefusedError
from headrace.platform.core.problems import Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.forms.copying import may_copy
from headrace.platform.forms.form_page import FormPage, form_for
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.record_types import RECORD_TYPE
from headrace.platform.metadata.storage_types import typed_id
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.preview import previewed
from headrace.platform.records.reversing import standing
from headrace.platform.records.source import row_rights
from headrace.platform.records.unmasking import unmask, unmaskable
from headrace.platform.workflow.engine import Available
from headrace.platform.workflow.previewing import ChainAhead, chain_ahead
from headrace.platform.workflow.views import RunView

MOST_RELATED: Final = 8
RELATED_ROWS: Final = 5
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
LATEST_SAVES: Final = 8


@dataclass(frozen=True, slots=True)
class Related:
    """Records that point here."""

    label: Text
    rows: list[Found]
    count: int | str | None
    more: bool
    address: str


@blueprint.get("/o/<object_name>/<record_id>")
def record(object_name: str, record_id: str) -> str:
    """A record as its viewer may see it."""
    return read(lambda context: _page(context, object_name, record_id))


@blueprint.route("/o/<object_name>/<record_id>/delete", methods=["GET", "POST"])
def delete_page(object_name: str, record_id: str) -> Response:
    """Ask before deleting; delete."""
    problem: PlatformError | None = None
    if request.method == "POST":
        version = form_version()

        def action(context: Context, work: UnitOfWork) -> None:
            known_object(context, object_name)
            platform().store.delete(context, work, object_name, record_id, version)

        try:
            write(action)
            address = url_for("workspace.records", object_name=object_name, gone=record_id)
            return redirect(address, HTTPStatus.SEE_OTHER)
        except (RefusedError, ConflictError) as error:
            problem = error
    body = read(lambda context: _delete_page(context, object_name, record_id, problem))
    return make_response(body, status_of(problem) if problem else HTTPStatus.OK)


@blueprint.post("/o/<object_name>/<record_id>/unmask")
def show_whole(object_name: str, record_id: str) -> str:
    """The record with one masked field whole, this once; the history says who saw it."""
    name = request.form.get("field", "")
    whole = write(lambda context, work: unmask(context, work, object_name, record_id, [name]))
    return read(lambda context: _page(context, object_name, record_id, whole))


def type_of(context: Context, object_name: str, record_id: str) -> str | None:
    """Return the type of a record, where its object has types and the caller sees it."""
    model = context.catalog.objects[object_name]
    readable = readable_fields(context.catalog, context.principal, object_name)
    if not model.definition.record_types or RECORD_TYPE not in readable:
        return None
    found = reader.get(context, object_name, record_id, fields=(RECORD_TYPE,), by_task=True)
    kind = found.get(RECORD_TYPE)
    return None if kind is None else str(kind)


def reading_page(
    context: Context, object_name: str, record_id: str, *, record_type: str | None = None
) -> FormPage:
    """Return the form on which a record is read, with what its viewer may read of this record.

    By grants, an open task or a copy: a field of which there is nothing to see is no empty line. Of a
    record that the viewer does not see at all it is the whole form.
    """
    page = form_for(
        context.catalog,
        context.principal,
        object_name,
        "read",
        by_task=True,
        record_type=record_type,
    )
    with context.database.reading() as reading:
        names = row_rights(context, reading, object_name, record_id, "read", by_task=True)
    return page if names is None else page.without({one.name for one in page.fields} - names)


def shown_record(
    context: Context, page: FormPage, record_id: str, *, by_task: bool = True
) -> dict[str, Any]:
    """Return a record with the rows that a form shows."""
    expand = tuple(grid.name for grid in page.grids)
    return reader.get(context, page.object, record_id, expand=expand, by_task=by_task)


def open_people(runs: Sequence[RunView]) -> list[str]:
    """Return the names of those whom a record waits for."""
    return list(
        dict.fromkeys(
            task.person.name
            for run in runs
            if run.state == "open"
            for step in run.steps
            for task in step.tasks
            if task.state == "open"
        )
    )


def _page(
    context: Context, object_name: str, record_id: str, whole: Mapping[str, Any] = NOTHING
) -> str:
    model = known_object(context, object_name)
    kind = type_of(context, object_name, record_id)
    page = reading_page(context, object_name, record_id, record_type=kind)
    found = {**shown_record(context, page, record_id), **whole}
    page = page.without(_hidden(context, model, record_id))
    engine = platform().workflow
    runs = engine.approvals(context, object_name, record_id) if model.workflow else []
    transitions = engine.available(context, object_name, record_id)
    main = next((one for one in transitions if one.allowed), None)
    rights = _rights(context, object_name, record_id)
    saves = saves_of(context, model, record_id, [grid.name for grid in page.grids])
    is_open = any(run.state == "open" for run in runs)
    return render(
        context,
        "workspace/record.html",
        f"object:{object_name}",
        page=page,
        record=found,
        unmaskable=unmaskable(context, object_name, record_id) - set(whole),
        title=title_of(context, object_name, found),
        state=state_of(context, object_name, found),
        waiting_for=open_people(runs),
        may_edit=bool(rights.edit) and not is_open,
        record_type=kind,
        may_copy=may_copy(context, model),
        may_delete=rights.delete and not is_open and model.ledger is None,
        reversal=standing(context, object_name, record_id),
        main_transition=main,
        more_transitions=[one for one in transitions if one is not main],
        buttons=_buttons(context, object_name, record_id),
        pressed=outcome(context, object_name),
        withdraw=next((run for run in runs if run.can_withdraw), None),
        urge=next((run for run in runs if run.can_urge), None),
        ahead=_ahead(context, object_name, record_id, main),
        runs=runs,
        change_lines=lambda changes: change_lines(context, changes),
        has_rules=bool(model.rules or model.field_rules),
        may_try=may_try(context, model),
        related=_related(context, model, record_id),
        history=saves[:LATEST_SAVES],
        more_history=len(saves) > LATEST_SAVES,
        key=new_key(),
    )


def _buttons(context: Context, object_name: str, record_id: str) -> list[Button]:
    """Return the buttons at a record; none for who reads it for the sake of a task only."""
    if object_name not in buttons(context.catalog):
        return []
    try:
        return platform().buttons.available(context, object_name, record_id)
    except NotFoundError:
        return []


def _ahead(
    context: Context, object_name: str, record_id: str, main: Available | None
) -> ChainAhead | None:
    """Return whom the main transition would ask, where it asks anybody."""
    if main is None or not main.asks_approval:
        return None
    return chain_ahead(platform().workflow, context, object_name, record_id, main.transition)


def _hidden(context: Context, model: ObjectModel, record_id: str) -> frozenset[str]:
    """Return the fields that field rules hide; none for who reads for the sake of a task only."""
    if not model.hideable:
        return frozenset()
    with context.database.snapshot() as reading:
        try:
            found = previewed(context, reading, model.name, {}, record_id=record_id)
        except NotFoundError:
            return frozenset()
    return frozenset(name for name, one in found.standing.behaviours.items() if one.hidden)


@dataclass(frozen=True, slots=True)
class _Rights:
    edit: frozenset[str]
    delete: bool


def _rights(context: Context, object_name: str, record_id: str) -> _Rights:
    with context.database.reading() as reading:
        edit = row_rights(context, reading, object_name, record_id, "update")
        delete = row_rights(context, reading, object_name, record_id, "delete")
    return _Rights(edit or frozenset(), delete is not None)


def _related(context: Context, model: ObjectModel, record_id: str) -> list[Related]:
    found = []
    for other, field in _pointing_here(context, model)[:MOST_RELATED]:
        query = {
            "filter": _pointing(model, field, record_id),
            "count": "exact",
            "sort": "-created_at",
        }
        rows, page = found_rows(context, other.name, query, RELATED_ROWS)
        if rows:
            named = typed_id(model.name, record_id) if field.targets else record_id
            filters: dict[str, Any] = {f"f.{field.name}": named}
            address = url_for("workspace.records", object_name=other.name, view="all", **filters)
            more = page.next is not None
            found.append(Related(_related_label(other, field), rows, page.count, more, address))
    return found


def _pointing_here(context: Context, model: ObjectModel) -> list[tuple[ObjectModel, FieldModel]]:
    """Return the references of other objects to this one that the viewer may read."""
    return [
        (other, field)
        for other in context.catalog.objects.values()
        if other.master is None
        for field in other.fields.values()
        if model.name in field.refers_to
        and not field.system
        and field.stored
        and field.name in readable_fields(context.catalog, context.principal, other.name)
    ]


def _pointing(model: ObjectModel, field: FieldModel, record_id: str) -> dict[str, Any]:
    if field.targets:
        named = {"object": model.name, "id": record_id}
        return {"field": field.name, "op": "=", "value": named}
    if field.links is not None:
        return {"field": field.name, "op": "contains_any", "value": [record_id]}
    return {"field": field.name, "op": "=", "value": record_id}


def _related_label(other: ObjectModel, field: FieldModel) -> Text:
    if not field.is_tree and field.links is None and not field.targets:
        return other.plural
    return Text(f"{other.plural.en} ({field.label.en})", f"{other.plural.zh}（{field.label.zh}）")


def _delete_page(
    context: Context, object_name: str, record_id: str, problem: PlatformError | None
) -> str:
    known_object(context, object_name)
    found = reader.get(context, object_name, record_id)
    if not _rights(context, object_name, record_id).delete:
        raise NotFoundError
    return render(
        context,
        "workspace/delete.html",
        f"object:{object_name}",
        title=title_of(context, object_name, found),
        version=found["version"],
        back=url_for("workspace.record", object_name=object_name, record_id=record_id),
        problems=problem.problems if problem else (),
    )
