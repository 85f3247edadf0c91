"""Search over everything: records of each object whose search fields hold a text, as far as they may be seen.

Each object is asked with one page of its list, so rows, fields and values are guarded as in any
list; a record whose external id is just the text comes first. It costs one statement, and one for each external
id, for each object that declares search fields and that the viewer may read, and says nothing of how
much was found beyond what it gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from headrace.platform.access.policy import readable_fields
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, Text
from headrace.platform.forms.menu import menu_for
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import parse_query

LONGEST_TEXT: Final = 200
NOT_SEARCHED: Final = Message(
    "search.unknown_object",
    "There is no object “{name}” to search in.",
    "没有可搜索的对象“{name}”。",
    "Leave it out to search everything.",
    "留空即可搜索全部。",
)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in one object, best first; `more` says that there is more of it."""

    object: str
    plural: Text
    records: tuple[dict[str, Any], ...]
    more: bool


def search(
    context: Context, text: str, limit: int, objects: Sequence[str] | None = None
) -> list[Found]:
    """Return what the viewer may see of records that hold `text`, at most `limit` of each object.

    Objects of the menu come first, in its order. `objects` narrows; a name that is not searched for
    this viewer is refused like an unknown one.
    """
    wanted = text.strip()[:LONGEST_TEXT]
    searched = {model.name: model for model in searched_objects(context)}
    for position, name in enumerate(objects or ()):
        if name not in searched:
            raise RefusedError(NOT_SEARCHED.at(f"/objects/{position}", name=name))
    if not wanted:
        return []
    chosen = [one for one in searched.values() if objects is None or one.name in objects]
    groups = (_search_one(context, model, wanted, limit) for model in chosen)
    return [one for one in groups if one.records]


def searched_objects(context: Context) -> Iterator[ObjectModel]:
    """Yield the objects with search fields that the viewer may read, those of the menu first."""
    catalog, principal = context.catalog, context.principal
    listed = [
        entry.object
        for group in menu_for(catalog, principal)
        for entry in group.entries
        if entry.object
    ]
    for name in dict.fromkeys((*listed, *catalog.objects)):
        model = catalog.objects[name]
        if model.master is None and set(model.definition.search) & readable_fields(
            catalog, principal, name
        ):
            yield model


def _search_one(context: Context, model: ObjectModel, text: str, limit: int) -> Found:
    readable = readable_fields(context.catalog, context.principal, model.name)
    names = dict.fromkeys(("id", model.title, model.state_field))
    fields = ",".join(name for name in names if name is not None and name in readable)
    page = _page(context, model, {"fields": fields, "limit": limit, "q": text})
    exact = [
        record
        for key in model.external_ids
        if key in readable
        for record in _by_key(context, model, fields, key, text)
    ]
    records = {record["id"]: record for record in (*exact, *page.items)}
    shown = tuple(records.values())[:limit]
    more = page.next is not None or len(records) > len(shown)
    return Found(model.name, model.plural, shown, more)


def _by_key(
    context: Context, model: ObjectModel, fields: str, key: str, text: str
) -> list[dict[str, Any]]:
    """Return the record whose external id is just the text; keys have indexes."""
    condition = {"field": key, "op": "=", "value": text}
    try:
        return _page(context, model, {"fields": fields, "limit": 1, "filter": condition}).items
    except RefusedError:
        # What cannot be a value of the key, such as one that is too long, is none.
        return []


def _page(context: Context, model: ObjectModel, data: dict[str, Any]) -> reader.Page:
    return reader.find(context, model.name, parse_query(context, model.name, data))
