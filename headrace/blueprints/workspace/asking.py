"""What a form asks while it is filled in: choices of a lookup, and values only the server knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from flask import Response, request, url_for

from headrace.blueprints.shared.pages import word
from headrace.blueprints.shared.session import read
from headrace.blueprints.workspace.blueprint import blueprint, known_object, need_right
from headrace.platform.core.errors import NOT_FOUND, NotFoundError, RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.forms.choices import lookup_choices
from headrace.platform.forms.form_page import Mode, form_for
from headrace.platform.forms.pasting import read_block
from headrace.platform.forms.quick import made_for
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.metadata.strict_json import parse_json
from headrace.platform.records.context import Context
from headrace.platform.records.preview import previewed

LONGEST_TEXT: Final = 200
BAD_QUESTION = Message(
    "request.object_needed",
    "The body must be a JSON object.",
    "请求体必须是 JSON 对象。",
    "Load the page again.",
    "请重新加载页面。",
)


@blueprint.post("/o/<object_name>/choices/<field_name>")
def choices(object_name: str, field_name: str) -> Response:
    """The records that a lookup may point to, two lines each."""
    sent = asked()
    text, values = sent.get("text"), sent.get("values")
    if not isinstance(text, str) or not isinstance(values, Mapping):
        raise RefusedError(BAD_QUESTION.at())
    named = request.args.get("of")

    def action(context: Context) -> Response:
        known_object(context, object_name)
        found = lookup_choices(context, object_name, field_name, text[:LONGEST_TEXT], values, named)
        items = [
            {"id": one.id, "title": one.title, "detail": one.detail, "recent": one.recent}
            for one in found.items
        ]
        target = made_for(context, object_name, field_name, values, named)
        new = None if target is None else _new(context, target, object_name, field_name)
        return answer({"items": items, "more": found.more, "new": new})

    return read(action)


def _new(
    context: Context, target: ObjectModel, object_name: str, field_name: str
) -> dict[str, str]:
    """Return what the panel of a lookup says of making a record, and where that is done."""
    label = word(context.language, "list.new", object=target.label.within(context.language))
    field = context.catalog.objects[object_name].fields[field_name]
    address = url_for(
        "workspace.quick_form",
        object_name=object_name,
        field_name=field_name,
        of=target.name if field.targets else None,
    )
    return {"label": label, "address": address}


@blueprint.post("/o/<object_name>/preview", endpoint="preview")
def preview_values(object_name: str) -> Response:
    """Defaults and computed values of the form as it is now; nothing is saved."""
    sent = asked()
    given, children, record_id = sent.get("values"), sent.get("children"), sent.get("id")
    if not isinstance(given, Mapping) or not isinstance(children, Mapping):
        raise RefusedError(BAD_QUESTION.at())

    def action(context: Context) -> Response:
        known_object(context, object_name)
        if not isinstance(record_id, str):
            need_right(context, object_name, "create")
        with context.database.snapshot() as reading:
            found = previewed(
                context,
                reading,
                object_name,
                {**given, **children},
                record_id=record_id if isinstance(record_id, str) else None,
            )
        values = found.values
        rows = {name: values.pop(name) for name in children if name in values}
        met = {name: [one.to_json() for one in rows] for name, rows in found.rows.items()}
        standing = found.standing.to_json()
        return answer({"values": values, "children": rows, "met": standing, "rows_met": met})

    return read(action)


@blueprint.post("/o/<object_name>/paste")
def paste(object_name: str) -> Response:
    """Cells copied from a spreadsheet as values for the rows of a grid; nothing is saved."""
    sent = asked()
    relation: Any = sent.get("relation")
    columns: Any = sent.get("columns")
    rows: Any = sent.get("rows")
    if not isinstance(relation, str) or not _is_texts(columns) or not _is_block(rows):
        raise RefusedError(BAD_QUESTION.at())

    def action(context: Context) -> Response:
        model = known_object(context, object_name)
        record_id = sent.get("id")
        mode: Mode = "edit" if isinstance(record_id, str) else "create"
        page = form_for(context.catalog, context.principal, model.name, mode)
        grid = page.grid(relation)
        if grid is None or not grid.editable:
            raise NotFoundError(NOT_FOUND.at())
        found = [
            {
                "values": row.values,
                "errors": {
                    name: one.message.within(context.language) for name, one in row.errors.items()
                },
            }
            for row in read_block(context, grid, columns, rows)
        ]
        return answer({"rows": found})

    return read(action)


def _is_texts(given: Any) -> bool:
    return isinstance(given, list) and all(isinstance(one, str) for one in given)


def _is_block(given: Any) -> bool:
    return isinstance(given, list) and all(_is_texts(row) for row in given)


def asked() -> Mapping[str, Any]:
    """Return the JSON object that a page of ours sent."""
    parsed = parse_json(request.get_data(cache=True))
    if parsed.problems or not isinstance(parsed.value, Mapping):
        raise RefusedError(*(parsed.problems or (BAD_QUESTION.at(),)))
    return parsed.value


def answer(data: Any) -> Response:
    """Return an answer in JSON."""
    return Response(orjson.dumps(data), mimetype="application/json")
