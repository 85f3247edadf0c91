"""What rows without a value may get, to be chosen instead of written: choices, yes and no, records by their titles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from headrace.platform.core.errors import ForbiddenError, NotFoundError, RefusedError
from headrace.platform.core.problems import Text
from headrace.platform.forms.field_view import field_view
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.publishing.plan import Plan, PlanLine
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import parse_query

MOST: Final = 50
"""Of more records none is offered: whoever looks for one writes the formula."""
_YES_NO: Final = (("TRUE", Text("Yes", "是")), ("FALSE", Text("No", "否")))


@dataclass(frozen=True, slots=True)
class Fill:
    """A value that rows can get: the formula that gives it, and what people call it."""

    formula: str
    label: Text


def fills(context: Context, plan: Plan, line: PlanLine) -> Sequence[Fill]:
    """Return what can be chosen for a line that is answered by a fill; nothing where it is written.

    Records are those that the caller may read, found by their first key.
    """
    if "fill" not in line.answers or plan.catalog is None:
        return ()
    name, _, part = line.key.partition(":")[2].partition(".")
    field = plan.catalog.objects[name].fields[part]
    if field.value_type.kind == "boolean":
        return tuple(Fill(*one) for one in _YES_NO)
    choices = field_view(plan.catalog, field).choices
    if choices and not field.storage.many:
        return tuple(Fill(_quoted(one.value), one.label) for one in choices if one.active)
    return tuple(_records(context, plan.catalog, field))


def _records(context: Context, coming: Catalog, field: FieldModel) -> Iterator[Fill]:
    target = coming.object(field.target) if field.target else None
    live = _live(context.catalog, target)
    key = next(iter(target.external_ids), None) if target else None
    if target is None or live is None or key is None:
        return
    held = next((one for one in live.fields.values() if one.id == target.fields[key].id), None)
    if held is None or held.storage.kind != "text":
        return
    asked = {"fields": f"{held.name},{live.title}", "limit": MOST + 1}
    try:
        page = reader.find(context, live.name, parse_query(context, live.name, asked))
    except (ForbiddenError, NotFoundError, RefusedError):
        return
    if len(page.items) > MOST:
        return
    for record in page.items:
        value = record.get(held.name)
        if isinstance(value, str):
            title = str(record.get(live.title) or value)
            formula = f"FIRST({target.name}.id WHERE {key} = {_quoted(value)})"
            yield Fill(formula, Text(title, title))


def _live(catalog: Catalog, target: ObjectModel | None) -> ObjectModel | None:
    """Return an object as it is live; None where it comes with this publish."""
    if target is None:
        return None
    return next((one for one in catalog.objects.values() if one.id == target.id), None)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
