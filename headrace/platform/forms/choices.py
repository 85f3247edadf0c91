"""The choices of a lookup as two lines each: the title, and what tells alike ones apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from headrace.platform.access.policy import readable_fields
from headrace.platform.forms.field_view import field_view
from headrace.platform.forms.shown import Display
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.storage_types import typed_id
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import parse_query
from headrace.platform.records.recent import recently_chosen

MOST_SHOWN: Final = 20
DETAILS: Final = 2
TELLING_APART: Final = frozenset({"text", "choice", "lookup", "phone"})


@dataclass(frozen=True, slots=True)
class Choice:
    """A record that can be chosen, `id` as its input sends it; `recent`: the viewer chose it lately."""

    id: str
    title: str
    detail: str
    recent: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """What a lookup offers for a text; `more` says that there are others."""

    items: tuple[Choice, ...]
    more: bool


def lookup_choices(
    context: Context,
    object_name: str,
    field_name: str,
    text: str,
    values: Mapping[str, Any],
    named: str | None = None,
) -> Choices:
    """Return what a lookup offers; `values` are those of the form around it.

    `named` is the object whose records a polymorphic one is asked for.

    What the viewer chose lately comes first, where it can still be chosen; else titles decide.
    """
    wanted = text.strip() or None
    found = reader.choices(context, object_name, field_name, wanted, values, target=named)
    field = context.catalog.objects[object_name].fields[field_name]
    target = reader.choice_target(context, field, named)
    chosen = recently_chosen(context, object_name, field_name, target)
    rank = {record_id: place for place, record_id in enumerate(chosen)}
    if wanted is None and chosen:
        among = reader.choices(
            context, object_name, field_name, None, values, among=chosen, target=named
        )
        known = {one["id"] for one in among}
        found = [*among, *(one for one in found if one["id"] not in known)]
    found.sort(key=lambda one: rank.get(one["id"], len(rank)))
    shown = found[:MOST_SHOWN]
    details = _details(context, target, [one["id"] for one in shown])
    items = tuple(
        Choice(
            _value(field, target, one["id"]),
            str(one["title"] or one["id"]),
            details.get(one["id"], ""),
            one["id"] in rank,
        )
        for one in shown
    )
    return Choices(items, len(found) > MOST_SHOWN)


def chosen_choice(
    context: Context,
    object_name: str,
    field_name: str,
    record_id: str,
    values: Mapping[str, Any],
    named: str | None = None,
) -> Choice | None:
    """Return one record as a lookup offers it; None where it does not."""
    found = reader.choices(
        context, object_name, field_name, None, values, among=[record_id], target=named
    )
    if not found:
        return None
    field = context.catalog.objects[object_name].fields[field_name]
    target = reader.choice_target(context, field, named)
    details = _details(context, target, [record_id])
    value = _value(field, target, record_id)
    return Choice(value, str(found[0]["title"] or record_id), details.get(record_id, ""), True)


def _value(field: FieldModel, target: ObjectModel, record_id: str) -> str:
    """Return what the input of a lookup sends for a record."""
    return typed_id(target.name, record_id) if field.targets else record_id


def _details(context: Context, target: ObjectModel, ids: list[str]) -> dict[str, str]:
    names = _detail_fields(context, target)
    if not ids or not names:
        return {}
    data = {
        "filter": {"field": "id", "op": "in", "value": ids},
        "fields": ",".join(["id", *names]),
        "limit": len(ids),
    }
    page = reader.find(context, target.name, parse_query(context, target.name, data))
    display = Display(context.language, context.principal.zone)
    views = [field_view(context.catalog, target.fields[name]) for name in names]
    found = {}
    for record in page.items:
        texts = [display.of(view, record.get(view.name)) for view in views]
        found[record["id"]] = " · ".join(one.text for one in texts if not one.is_empty)
    return found


def _detail_fields(context: Context, target: ObjectModel) -> list[str]:
    """Return the fields that tell records apart: external ids, search fields, then the first."""
    readable = readable_fields(context.catalog, context.principal, target.name)
    rest = (
        one.name
        for one in target.fields.values()
        if one.type.key in TELLING_APART and not one.system
    )
    names = dict.fromkeys((*target.external_ids, *target.definition.search, *rest))
    usable = [
        name
        for name in names
        if name != target.title and name in readable and name in target.fields
    ]
    return usable[:DETAILS]
