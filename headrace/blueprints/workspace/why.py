"""Why a record stands as it does: which rule decided what, over which values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import url_for

from headrace.blueprints.shared.designing import may_design
from headrace.blueprints.shared.pages import render
from headrace.blueprints.shared.session import read
from headrace.blueprints.workspace.blueprint import blueprint, known_object
from headrace.blueprints.workspace.rows import display_of, title_of
from headrace.platform.access.policy import readable_fields
from headrace.platform.core.problems import Text
from headrace.platform.forms.field_view import path_view
from headrace.platform.metadata.storage_types import typed_parts, values_in
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.tracing import Condition, Trace, TracedField, trace


@dataclass(frozen=True, slots=True)
class Told:
    """A condition for people: its values with their labels; the formula for who designs."""

    withheld: bool
    formula: str | None
    values: tuple[tuple[str, str], ...]


@blueprint.get("/o/<object_name>/<record_id>/rules")
def rules(object_name: str, record_id: str) -> str:
    """The rules of a record as far as its viewer may read them."""
    return read(lambda context: _page(context, object_name, record_id))


def _page(context: Context, object_name: str, record_id: str) -> str:
    model = known_object(context, object_name)
    known = readable_fields(context.catalog, context.principal, object_name)
    relations = [one.name for one in model.children if one.name in known]
    found = reader.get(context, object_name, record_id, expand=relations)
    data = {name: [{"id": row["id"]} for row in found[name]] for name in relations}
    with context.database.snapshot() as reading:
        traced = trace(context, reading, object_name, data, record_id=record_id)
    return render(
        context,
        "workspace/rules.html",
        f"object:{object_name}",
        model=model,
        title=title_of(context, object_name, found),
        fields=[one for one in traced.fields if one.because or one.matches],
        rows=_rows(context, object_name, traced),
        rules=traced.rules,
        problems=traced.problems,
        told=partial(_told, context, object_name),
        back=url_for("workspace.record", object_name=object_name, record_id=record_id),
    )


@dataclass(frozen=True, slots=True)
class MatchedRow:
    """A row below the record with the fields that a best match worked out."""

    relation: Text
    number: int
    fields: tuple[tuple[Text, TracedField], ...]


def _rows(context: Context, object_name: str, traced: Trace) -> list[MatchedRow]:
    """Return the rows of which a best match worked out something."""
    found = []
    for relation, rows in traced.rows.items():
        child = context.catalog.objects[object_name].child(relation)
        if child is None:
            continue
        model = context.catalog.objects[child.object]
        for number, row in enumerate(rows, 1):
            matched = [one for one in row.fields if one.matches]
            if matched:
                fields = tuple((model.fields[one.field].label, one) for one in matched)
                found.append(MatchedRow(child.label or model.label, number, fields))
    return found


def _told(context: Context, object_name: str, condition: Condition) -> Told:
    """Return a condition as its reader understands it: who does not design gets no formula."""
    values = (_value(context, object_name, *pair) for pair in condition.values.items())
    source = condition.source
    return Told(source is None, source if may_design(context) else None, tuple(values))


def _value(context: Context, object_name: str, path: str, given: Any) -> tuple[str, str]:
    """Return the label and the value at the end of a path, a reference by its title."""
    fields = context.catalog.path(object_name, path)
    if fields is None:
        return path, "–"
    view = path_view(context.catalog, fields)
    if view.target is not None and given is not None:
        given = reader.title(context, view.target, str(given)) or "–"
        return view.label.within(context.language), given
    if fields[-1].targets and given is not None:
        named, record_id = typed_parts(str(given))
        given = reader.titled(context, {"object": named, "id": record_id})
    if view.links is not None and given is not None:
        listed = values_in(str(given)) or ()
        given = [{"id": one, "title": reader.title(context, view.links, one)} for one in listed]
    return view.label.within(context.language), display_of(context).of(view, given).text
