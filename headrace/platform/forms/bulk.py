"""What can be done to several records of a list at once, and which fields they can be given together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from headrace.platform.access.policy import can, names_of, pairs_for
from headrace.platform.core.ids import is_record_id
from headrace.platform.forms.field_view import FieldView
from headrace.platform.forms.form_page import form_for
from headrace.platform.forms.lists import ListPage
from headrace.platform.forms.posted import posted
from headrace.platform.metadata.catalog import ObjectModel, TransitionModel
from headrace.platform.records import reader
from headrace.platform.records.context import Context
from headrace.platform.records.query import parse_query
from headrace.platform.records.source import rights_of_rows

MOST_AT_ONCE: Final = 500
"""All is one transaction, in which others wait where the database has one writer."""
PAGE: Final = 200
VERSION_DIGITS: Final = 18
Act = Literal["edit", "delete", "transition"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A record that is chosen, as it was when it was shown; `title` None: not to be seen any more."""

    id: str
    version: int
    title: str | None = None

    @property
    def mark(self) -> str:
        """The record and its version in the form in which pages send them."""
        return f"{self.id}.{self.version}"


@dataclass(frozen=True, slots=True)
class BulkActs:
    """What the viewer may do to several records of a list."""

    edit: bool
    delete: bool
    transitions: tuple[TransitionModel, ...]

    def __bool__(self) -> bool:
        return self.edit or self.delete or bool(self.transitions)


def bulk_acts(context: Context, object_name: str) -> BulkActs:
    """Return what the caller may do to some records of an object; rows judge for themselves later."""
    catalog, principal = context.catalog, context.principal
    model = catalog.objects[object_name]
    workflow = catalog.workflows.get(model.workflow or "")
    pairs = pairs_for(catalog, principal.rights, object_name, "transition")
    listed = names_of(pairs)
    transitions = workflow.transitions.values() if workflow is not None else ()
    return BulkActs(
        can(catalog, principal, object_name, "update") and any(_fields(context, object_name, None)),
        can(catalog, principal, object_name, "delete"),
        tuple(
            one
            for one in transitions
            if one.name in listed
            and (not one.definition.by or principal.role_names & set(one.definition.by))
        ),
    )


def marked(text: str) -> tuple[Chosen, ...]:
    """Read records and versions as pages send them, at most `MOST_AT_ONCE`; nonsense counts as nothing."""
    found: dict[str, Chosen] = {}
    for one in text.split():
        record_id, _, version = one.partition(".")
        if (
            is_record_id(record_id)
            and version.isascii()
            and version.isdigit()
            and len(version) <= VERSION_DIGITS
        ):
            found.setdefault(record_id, Chosen(record_id, int(version)))
    return tuple(found.values())[:MOST_AT_ONCE]


def all_of(
    context: Context, page: ListPage, query: Mapping[str, Any]
) -> tuple[tuple[Chosen, ...], int | str]:
    """Return the records that a list shows over its pages, as they are now, and how many there are.

    Where there are more than `MOST_AT_ONCE`, none is returned: they are changed by a job.
    """
    where = () if page.open.where is None else (page.open.where,)
    found: list[Chosen] = []
    count: int | str = 0
    data = {**query, "fields": "id,version", "limit": PAGE, "count": "exact"}
    while True:
        asked = parse_query(context, page.object, data, where)
        part = reader.find(context, page.object, asked)
        if "cursor" not in data:
            count = part.count or 0
        if not isinstance(count, int) or count > MOST_AT_ONCE:
            return (), count
        found += [Chosen(one["id"], one["version"]) for one in part.items]
        if part.next is None or len(found) > MOST_AT_ONCE:
            return tuple(found[:MOST_AT_ONCE]), len(found)
        data.update(cursor=part.next, count="none")


def titled(context: Context, model: ObjectModel, chosen: Sequence[Chosen]) -> dict[str, str]:
    """Return the titles of records that the caller may see, by id. One statement for each 200."""
    found: dict[str, str] = {}
    for start in range(0, len(chosen), PAGE):
        ids = [one.id for one in chosen[start : start + PAGE]]
        data = {
            "filter": {"field": "id", "op": "in", "value": ids},
            "fields": f"id,{model.title}" if model.title != "id" else "id",
            "limit": PAGE,
        }
        page = reader.find(context, model.name, parse_query(context, model.name, data))
        found.update((one["id"], str(one.get(model.title) or one["id"])) for one in page.items)
    return found


def common_fields(
    context: Context, object_name: str, chosen: Sequence[Chosen]
) -> tuple[FieldView, ...]:
    """Return the fields that the caller may write in every chosen record that they may change at all.

    Values that records differ in are left out: many cannot have the same. Costs one statement.
    """
    with context.database.reading() as reading:
        ids = [one.id for one in chosen]
        rights = rights_of_rows(context, reading, object_name, ids, "update")
    if not rights:
        return ()
    names = frozenset.intersection(*rights.values())
    return tuple(_fields(context, object_name, names))


def settable_fields(context: Context, object_name: str) -> tuple[FieldView, ...]:
    """Return the fields that the caller may write in some records; each judges for itself later."""
    return tuple(_fields(context, object_name, None))


def given_values(
    context: Context, object_name: str, views: Iterable[FieldView], form: Mapping[str, str]
) -> dict[str, Any]:
    """Return what a page sets: the ticked fields with their values, None to empty one."""
    page = form_for(context.catalog, context.principal, object_name, "edit")
    sent = posted(page, form, context.principal.zone).values
    ticked = [view.name for view in views if form.get(f"set.{view.name}")]
    return {name: sent.get(name) for name in ticked}


def _fields(
    context: Context, object_name: str, names: frozenset[str] | None
) -> Iterator[FieldView]:
    model = context.catalog.objects[object_name]
    page = form_for(context.catalog, context.principal, object_name, "edit", editable=names)
    for view in page.fields:
        field = model.fields[view.name]
        if view.editable and view.files is None and not field.of_its_own:
            yield view
