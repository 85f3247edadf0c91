"""Buttons at records: pressed at once, or over a page that asks for inputs and a confirmation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

import orjson
from flask import make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import new_key, platform, read, write_once
from headrace.blueprints.statuses import status_of
from headrace.blueprints.workspace.blueprint import blueprint, form_version, known_object
from headrace.blueprints.workspace.confirming import need_confirmation, token_of
from headrace.blueprints.workspace.conflicts import sent_inputs
from headrace.blueprints.workspace.rows import display_of, record_address, title_of
from headrace.platform.automation.buttons import Button, buttons, made_by, may_press
from headrace.platform.core.errors import (
    NOT_FOUND,
    ConflictError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Problem, Text
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.forms.entries import Entry, record_entries, sent_entries
from headrace.platform.forms.field_view import FieldView, field_view
from headrace.platform.forms.form_page import form_for, with_editable
from headrace.platform.forms.posted import posted
from headrace.platform.metadata.catalog import AutomationModel
from headrace.platform.records import reader
from headrace.platform.records.context import Context

PLACE: Final = "/inputs/"
"""How the places of problems begin that speak of an input."""
QUANTITY: Final = "/quantities/"
"""How the places of problems begin that speak of how much of a row is converted."""
ROW: Final = "q."
"""How the inputs are called for how much of a row is converted."""
MOST_COLUMNS: Final = 3


@blueprint.get("/o/<object_name>/<record_id>/buttons/<name>")
def button_page(object_name: str, record_id: str, name: str) -> str:
    """Ask what the button asks."""
    return read(lambda context: _page(context, object_name, record_id, name, ()))


@blueprint.post("/o/<object_name>/<record_id>/buttons/<name>")
def press_button(object_name: str, record_id: str, name: str) -> Response:
    """Press a button; then show the record again, with what was made."""
    version = form_version()

    def action(context: Context, work: UnitOfWork) -> str:
        known_object(context, object_name)
        inputs, quantities = _sent(context, object_name, name), _quantities()
        pressed = platform().buttons.press(
            context,
            work,
            object_name,
            record_id,
            name,
            inputs=inputs,
            quantities=quantities,
            version=version,
        )
        need_confirmation(
            pressed.warnings, [object_name, record_id, version, name, inputs, quantities]
        )
        made = made_by(context, work, pressed)
        first = f"{made[0].object}.{made[0].record_id}" if made else ""
        return orjson.dumps([pressed.state, first]).decode()

    try:
        state, made = orjson.loads(write_once(action))
    except (RefusedError, ConflictError) as error:
        problems, stale = error.problems, isinstance(error, StaleError)
        token = token_of(error) if isinstance(error, RefusedError) else None
        body = read(
            lambda context: _page(
                context, object_name, record_id, name, problems, stale=stale, token=token
            )
        )
        return make_response(body, status_of(error))
    more = {"made": made} if made else {}
    address = url_for(
        "workspace.record",
        object_name=object_name,
        record_id=record_id,
        pressed=name,
        state=state,
        **more,
    )
    return redirect(address, HTTPStatus.SEE_OTHER)


def input_views(context: Context, automation: AutomationModel) -> tuple[FieldView, ...]:
    """Return what a button asks as fields of a form."""
    names = frozenset(automation.inputs)
    return tuple(
        field_view(context.catalog, one, editable=names) for one in automation.inputs.values()
    )


def given_inputs(
    context: Context, automation: AutomationModel, form: Mapping[str, str]
) -> dict[str, Any]:
    """Return what a form sends for the inputs of a button, in the form of the API."""
    model = context.catalog.objects[automation.object]
    page = with_editable(model, input_views(context, automation))
    return posted(page, form, context.principal.zone).values


def outcome(context: Context, object_name: str) -> dict[str, Any] | None:
    """Return what to tell on the page of a record at which a button was pressed; None where none was."""
    button = buttons(context.catalog).get(object_name, {}).get(request.args.get("pressed", ""))
    if button is None:
        return None
    waits = request.args.get("state") == "waiting"
    kind, _, made = request.args.get("made", "").partition(".")
    title = None
    if kind in context.catalog.objects and is_record_id(made):
        title = reader.title(context, kind, made)
    return {
        "text": Text() if waits else button.trigger.told,
        "waits": waits,
        "label": button.label,
        "made": title,
        "made_label": context.catalog.objects[kind].label if title is not None else Text(),
        "address": record_address(kind, made) if title is not None else None,
    }


def _sent(context: Context, object_name: str, name: str) -> dict[str, Any]:
    button = buttons(context.catalog).get(object_name, {}).get(name)
    return {} if button is None else given_inputs(context, button.automation, sent_inputs())


def _quantities() -> dict[str, str] | None:
    """Return how much of which rows is to be converted; None where the page does not ask."""
    if "quantities" not in request.form:
        return None
    found = {
        name.removeprefix(ROW): value.strip()
        for name, value in request.form.items()
        if name.startswith(ROW)
    }
    return {row_id: value for row_id, value in found.items() if value}


def _lines(
    context: Context, button: Button, record_id: str, problems: Sequence[Problem]
) -> list[dict[str, Any]]:
    """Return the rows of which something is left, as far as the viewer may read them."""
    action = button.converts
    definition = action.definition.convert if action is not None else None
    if definition is None:
        return []
    page = form_for(context.catalog, context.principal, button.automation.object, "read")
    grid = page.grid(definition.lines)
    expand = () if grid is None else (grid.name,)
    record = reader.get(context, button.automation.object, record_id, expand=expand)
    rows = {one["id"]: one for one in record.get(grid.name, ())} if grid is not None else {}
    display = display_of(context)
    wrong = {one.path: one.message.within(context.language) for one in problems}
    found = []
    for number, (row_id, left) in enumerate(platform().buttons.left(context, button, record_id), 1):
        columns = grid.columns[:MOST_COLUMNS] if grid is not None and row_id in rows else ()
        shown = [
            (
                view.label.within(context.language),
                display.of(view, rows[row_id].get(view.name)).text,
            )
            for view in columns
        ]
        main = next((text for _, text in shown), "")
        text = f"{left.normalize():f}"
        found.append(
            {
                "name": ROW + row_id,
                "title": main or str(number),
                "told": [f"{label}: {text}" for label, text in shown[1:] if text],
                "left": text,
                "value": request.form.get(ROW + row_id, text if left > 0 else ""),
                "none": left <= 0,
                "error": wrong.get(QUANTITY + row_id, ""),
            }
        )
    return found


def _page(
    context: Context,
    object_name: str,
    record_id: str,
    name: str,
    problems: Sequence[Problem],
    *,
    stale: bool = False,
    token: str | None = None,
) -> str:
    """Return the page that asks; after a `stale` press it is that of the record as it is now."""
    known_object(context, object_name)
    found = reader.get(context, object_name, record_id)
    button = _known(context, object_name, record_id, name, problems)
    views = input_views(context, button.automation)
    again = request.method == "POST"
    errors = {
        "f." + one.path.removeprefix(PLACE): one.message.within(context.language)
        for one in problems
        if one.path.startswith(PLACE)
    }
    lines = _lines(context, button, record_id, problems)
    shown = {QUANTITY + line["name"].removeprefix(ROW) for line in lines}
    told = [one for one in problems if not one.path.startswith(PLACE) and one.path not in shown]
    if button.reason is not None and not told:
        told = [button.reason]
    entries: Mapping[str, Entry] = record_entries(views, {})
    if again:
        entries = sent_entries(views, sent_inputs(), "f", {})
    return render(
        context,
        "workspace/button.html",
        f"object:{object_name}",
        button=button,
        object=object_name,
        record_id=record_id,
        title=title_of(context, object_name, found),
        views=views,
        lines=lines,
        entries=entries,
        errors=errors,
        problems=told,
        token=token,
        version=(not stale and request.form.get("version")) or found["version"],
        key=new_key(),
        back=url_for("workspace.record", object_name=object_name, record_id=record_id),
    )


def _known(
    context: Context, object_name: str, record_id: str, name: str, problems: Sequence[Problem]
) -> Button:
    """Return a button as it is now; one that was pressed, and is gone since, cannot be pressed."""
    found = platform().buttons.available(context, object_name, record_id)
    button = next((one for one in found if one.name == name), None)
    if button is not None:
        return button
    gone = buttons(context.catalog).get(object_name, {}).get(name)
    if gone is None or not problems or not may_press(context, gone):
        raise NotFoundError(NOT_FOUND.at())
    return replace(gone, reason=problems[0])
