"""A new record from within a lookup: made like any other, and chosen where it fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson
from flask import Response, make_response, request, url_for

from headrace.blueprints.shared.session import platform, read, write_once
from headrace.blueprints.statuses import status_of
from headrace.blueprints.workspace.asking import BAD_QUESTION, answer, asked
from headrace.blueprints.workspace.blueprint import blueprint, known_object
from headrace.blueprints.workspace.confirming import need_confirmation, token_of
from headrace.blueprints.workspace.conflicts import sent_inputs
from headrace.blueprints.workspace.forms import (
    Filling,
    changes_rows,
    for_type,
    open_form,
    preview_form,
    render_form,
    with_rows_changed,
)
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.core.problems import Message, Problem
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.forms.choices import chosen_choice
from headrace.platform.forms.entries import preview_data
from headrace.platform.forms.form_page import FormPage
from headrace.platform.forms.posted import posted
from headrace.platform.forms.quick import demanded, made_for
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.metadata.strict_json import parse_json
from headrace.platform.records import reader
from headrace.platform.records.context import Context

LONGEST_AROUND: Final = 200_000
OUTSIDE: Final = Message(
    "lookup.new_outside",
    "The new {object} was not saved: “{name}” could not choose it here.",
    "未保存新的{object}：此处的“{name}”不能选择它。",
    "Give it the values that “{name}” asks for, or make it in its own list.",
    "请填写“{name}”所要求的值，或在其列表中新建。",
)


@blueprint.post("/o/<object_name>/choices/<field_name>/new", endpoint="quick_form")
def quick_form(object_name: str, field_name: str) -> str:
    """The form of a new record for a lookup, with what was typed and what the lookup demands."""
    sent = asked()
    text, around = sent.get("text"), sent.get("values")
    if not isinstance(text, str) or not isinstance(around, Mapping):
        raise RefusedError(BAD_QUESTION.at())

    def action(context: Context) -> str:
        target = _target(context, object_name, field_name, around)
        page = _form(context, target)
        wanted = demanded(context, object_name, field_name, around, target.name)
        title = page.field(target.title)
        if text.strip() and title is not None and title.editable:
            wanted.setdefault(title.name, text.strip())
        first: dict[str, Any] = {grid.name: [{}] for grid in page.grids if grid.addable}
        found = preview_form(context, page, {**first, **wanted}, None)
        values = found.values
        if target.master is not None:
            # A detail is previewed without its master, which says what may be read of it.
            values |= {name: one for name, one in wanted.items() if name != target.master}
        filling = Filling(page, values, found=found)
        return _rendered(context, object_name, field_name, filling, around)

    return read(action)


@blueprint.post("/o/<object_name>/choices/<field_name>/create", endpoint="quick_create")
def quick_create(object_name: str, field_name: str) -> Response:
    """Make a record and say how it is chosen, or give the form again with what is wrong."""
    around = _around()
    if changes_rows():
        return make_response(read(lambda context: _again(context, object_name, field_name, ())))

    def action(context: Context, work: UnitOfWork) -> str:
        target = _target(context, object_name, field_name, around)
        page = _form(context, target)
        sent = posted(page, sent_inputs(), context.principal.zone).data
        shown = {one.name for one in page.fields}
        wanted = demanded(context, object_name, field_name, around, target.name)
        rest = {name: value for name, value in wanted.items() if name not in shown}
        saved = platform().store.create(context, work, target.name, {**rest, **sent})
        need_confirmation(saved.warnings, [target.name, sent])
        _need_choice(context, work, (object_name, field_name), saved.id, around)
        return saved.id

    try:
        record_id = write_once(action)
    except RefusedError as error:
        problems, token = error.problems, token_of(error)
        body = read(lambda context: _again(context, object_name, field_name, problems, token))
        return make_response(body, status_of(error))

    def shown(context: Context) -> Response:
        one = chosen_choice(context, object_name, field_name, record_id, around, _named())
        found = {"id": one.id, "title": one.title, "detail": one.detail} if one else None
        return answer({"chosen": found})

    found = read(shown)
    found.status_code = HTTPStatus.CREATED
    return found


def _need_choice(
    context: Context,
    work: UnitOfWork,
    lookup: tuple[str, str],
    record_id: str,
    around: Mapping[str, Any],
) -> None:
    """Refuse a record that the lookup would not offer; its unit of work undoes it."""
    found = reader.choices(
        context, *lookup, None, around, among=[record_id], on=work, target=_named()
    )
    if not found:
        field = context.catalog.objects[lookup[0]].fields[lookup[1]]
        target = reader.choice_target(context, field, _named())
        raise RefusedError(OUTSIDE.at(object=target.label, name=field.label))


def _form(context: Context, target: ObjectModel) -> FormPage:
    """Return the form of a new record; of which master a detail is, the lookup has said."""
    page = open_form(context, target.name, "create", None, detail=True)
    return page.without({target.master}) if target.master is not None else page


def _target(
    context: Context, object_name: str, field_name: str, around: Mapping[str, Any]
) -> ObjectModel:
    """Return the object that gets a record; not there for who may not make one of it here."""
    known_object(context, object_name)
    # Refuses a field that the caller can neither read nor write.
    reader.choices(context, object_name, field_name, None, {}, among=[], target=_named())
    target = made_for(context, object_name, field_name, around, _named())
    if target is None:
        raise NotFoundError(NOT_FOUND.at())
    return target


def _named() -> str | None:
    """Return the object that a polymorphic lookup is asked for, as its address says."""
    return request.args.get("of")


def _around() -> Mapping[str, Any]:
    """Return the values of the form around the lookup, as the quick form carries them."""
    parsed = parse_json(request.form.get("around", "{}")[:LONGEST_AROUND].encode())
    if parsed.problems or not isinstance(parsed.value, Mapping):
        raise RefusedError(BAD_QUESTION.at())
    return parsed.value


def _again(
    context: Context,
    object_name: str,
    field_name: str,
    problems: Sequence[Problem],
    token: str | None = None,
) -> str:
    target = _target(context, object_name, field_name, _around())
    page = _form(context, target)
    sent = with_rows_changed(posted(page, sent_inputs(), context.principal.zone))
    found = preview_form(context, page, preview_data(page, sent), None)
    page = for_type(context, page, None)
    filling = Filling(page, found.values, sent, problems, found, token)
    return _rendered(context, object_name, field_name, filling, _around())


def _rendered(
    context: Context,
    object_name: str,
    field_name: str,
    filling: Filling,
    around: Mapping[str, Any],
) -> str:
    address = url_for(
        "workspace.quick_create", object_name=object_name, field_name=field_name, of=_named()
    )
    return render_form(
        context,
        filling,
        None,
        "workspace/quick.html",
        around=orjson.dumps(around).decode(),
        action=address,
    )
