"""What a record would hold if it were saved now: defaults and computed values for a form.

Nothing is locked or written, no number is taken; what is wrong in the data is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from headrace.platform.core.errors import NOT_FOUND, NotFoundError
from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import pointer
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.definitions.objects import ChildDef
from headrace.platform.metadata.masking import masked_value
from headrace.platform.metadata.storage_types import values_in
from headrace.platform.records.attaching import resolve_files
from headrace.platform.records.batch import Batch, Rows
from headrace.platform.records.computing import fill
from headrace.platform.records.context import Context
from headrace.platform.records.drafts import Draft
from headrace.platform.records.field_rules import Behaviours, behaviours_of, is_met
from headrace.platform.records.history import field_json
from headrace.platform.records.parsing import new_draft, parse
from headrace.platform.records.permits import names_in_row, static_names
from headrace.platform.records.references import (
    readable_title,
    resolve_references,
    seen_of,
    seen_reference,
)
from headrace.platform.records.rights import editable_names
from headrace.platform.records.rollups import settle_within
from headrace.platform.records.shapes import ObjectShape

MOST_ROUNDS: Final = 4
"""How often fields that turn out to be hidden or locked let others turn out so."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the fields of one row stand that the caller may see.

    `met` says by position which field rules hold, of those that speak of such fields.
    """

    behaviours: Behaviours
    met: Mapping[int, bool]

    def to_json(self) -> dict[str, Any]:
        """Return what a form takes of it: whether its rules hold that it cannot judge itself."""
        return {str(position): held for position, held in self.met.items()}


@dataclass(frozen=True, slots=True)
class Previewed:
    """What a record would hold, and how its fields and those of its rows stand then."""

    values: dict[str, Any]
    standing: Standing
    rows: Mapping[str, tuple[Standing, ...]]


def preview(
    context: Context,
    rows: Rows,
    object_name: str,
    data: Mapping[str, Any],
    *,
    record_id: str | None = None,
) -> dict[str, Any]:
    """Return the values of `previewed` alone."""
    return previewed(context, rows, object_name, data, record_id=record_id).values


def previewed(
    context: Context,
    rows: Rows,
    object_name: str,
    data: Mapping[str, Any],
    *,
    record_id: str | None = None,
) -> Previewed:
    """Return the values of a record with its children as they would be saved, as JSON values.

    `data` holds the fields that were typed and, under each relation's name, all rows that the form
    shows; a row with an `id` is a stored one, a stored one that is missing counts as deleted.
    Only fields that the caller may see are returned. What is sent for fields that are hidden or locked
    counts for nothing, as a form does not send it.
    """
    found = _attempt(context, rows, object_name, data, record_id)
    for _ in range(MOST_ROUNDS):
        if not found.idle:
            break
        data = _without(data, found.idle)
        found = _attempt(context, rows, object_name, data, record_id)
    return found.previewed


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A preview, and what was sent in vain: relation and row ("" and 0 for the record), field."""

    previewed: Previewed
    idle: tuple[tuple[str, int, str], ...]


def _without(data: Mapping[str, Any], idle: Iterable[tuple[str, int, str]]) -> dict[str, Any]:
    left = dict(data)
    for relation, index, name in idle:
        if not relation:
            left.pop(name, None)
            continue
        rows = list(left[relation])
        rows[index] = {key: value for key, value in rows[index].items() if key != name}
        left[relation] = rows
    return left


def _idle(relation: str, index: int, draft: Draft) -> Iterator[tuple[str, int, str]]:
    for name, one in behaviours_of(draft).items():
        if (one.hidden or one.locked) and name in draft.given:
            yield relation, index, name


@dataclass(frozen=True, slots=True)
class Unsaved:
    """A record with its rows as it would be saved, computed and never written.

    `readable` says what may be read of stored rows, `places` which rows stand where in what was sent.
    """

    batch: Batch
    draft: Draft
    relations: Mapping[str, ChildDef]
    readable: dict[str, frozenset[str]]
    places: Mapping[str, Mapping[int, Draft]]

    def rows(self, relation: str) -> list[Draft]:
        """Return the rows that stay."""
        return [row for row in self.draft.children[relation] if row.kind != "delete"]

    def seen(self, row: Draft) -> frozenset[str]:
        """Return the fields of a row that the caller may see."""
        return _seen(self.batch, row, self.readable)


def _attempt(
    context: Context,
    rows: Rows,
    object_name: str,
    data: Mapping[str, Any],
    record_id: str | None,
) -> _Attempt:
    unsaved = computed(context, rows, object_name, data, record_id)
    batch, draft, readable = unsaved.batch, unsaved.draft, unsaved.readable
    shown = _shown(batch, draft, readable)
    standings: dict[str, tuple[Standing, ...]] = {}
    for name in unsaved.relations:
        rows_shown = unsaved.rows(name)
        shown[name] = [_shown(batch, row, readable) for row in rows_shown]
        standings[name] = tuple(_standing(batch, row, readable) for row in rows_shown)
    idle = list(_idle("", 0, draft))
    for name, taken in unsaved.places.items():
        for index, row in taken.items():
            idle += _idle(name, index, row)
    standing = _standing(batch, draft, readable)
    return _Attempt(Previewed(shown, standing, standings), tuple(idle))


def computed(
    context: Context,
    rows: Rows,
    object_name: str,
    data: Mapping[str, Any],
    record_id: str | None,
) -> Unsaved:
    """Return a record as these values would leave it; raise NotFoundError where it is not there."""
    if object_name not in context.catalog.objects:
        raise NotFoundError(NOT_FOUND.at())
    batch = Batch(context, rows)
    batch.locking = False
    shape = batch.shapes.of(object_name)
    readable: dict[str, frozenset[str]] = {}
    if record_id is None:
        draft = new_draft(batch, shape, "")
    else:
        draft = _stored(batch, shape, record_id, readable)
    relations = {name: one for name, one in shape.relations.items() if name in data}
    places: dict[str, dict[int, Draft]] = {}
    parse(batch, draft, {name: raw for name, raw in data.items() if name not in relations})
    for name, relation in relations.items():
        places[name] = _take_rows(batch, draft, relation, data[name], readable)
        for index, row in places[name].items():
            row.place = pointer(name, index)
    resolve_references(batch)
    resolve_files(batch)
    batch.problems.clear()
    fill(batch)
    settle_within(batch)
    return Unsaved(batch, draft, relations, readable, places)


def _stored(
    batch: Batch, shape: ObjectShape, record_id: str, readable: dict[str, frozenset[str]]
) -> Draft:
    """Return a stored record; note what may be read of it, judged before anything is changed."""
    found = None
    if is_record_id(record_id):
        found = batch.work.rows(shape.select_live, {"id": record_id})
    if not found:
        raise NotFoundError(NOT_FOUND.at())
    draft = batch.loaded(shape, found[0], "update")
    names = _readable_names(batch, draft)
    if names is None:
        raise NotFoundError(NOT_FOUND.at())
    readable[draft.id] = names
    return draft


def _readable_names(batch: Batch, draft: Draft) -> frozenset[str] | None:
    row = draft.environment
    return None if row is None else names_in_row(row, batch.context.principal, "read")


def _take_rows(
    batch: Batch,
    draft: Draft,
    relation: ChildDef,
    raw: Any,
    readable: dict[str, frozenset[str]],
) -> dict[int, Draft]:
    """Take in the rows that were sent; return them by their place in the list."""
    taken: dict[int, Draft] = {}
    shape = batch.shapes.of(relation.object)
    stored: dict[str, Draft] = {}
    if draft.old is not None:
        for values in batch.work.rows(shape.select_details_unlocked, {"master": draft.id}):
            child = batch.loaded(shape, values, "delete")
            child.parent = draft
            readable[child.id] = _readable_names(batch, child) or frozenset()
            stored[child.id] = child
    rows = draft.children[str(relation.name)] = []
    for index, item in enumerate(raw if isinstance(raw, list) else []):
        if not isinstance(item, Mapping):
            continue
        found = stored.pop(str(item.get("id")), None)
        if found is None:
            found = new_draft(batch, shape, "", draft)
        else:
            found.kind = "update"
        rows.append(found)
        taken[index] = found
        parse(batch, found, {key: value for key, value in item.items() if key != "id"})
    return taken


def _seen(batch: Batch, draft: Draft, readable: dict[str, frozenset[str]]) -> frozenset[str]:
    """Return the fields of a row that the caller may see."""
    if draft.old is not None:
        return readable[draft.id]
    principal = batch.context.principal
    return static_names(draft.shape, principal, "read") | editable_names(batch, draft)


def _standing(batch: Batch, draft: Draft, readable: dict[str, frozenset[str]]) -> Standing:
    names = _seen(batch, draft, readable)
    row = draft.environment
    found = {name: one for name, one in behaviours_of(draft).items() if name in names}
    met = {
        position: row is not None and is_met(rule.when, row)
        for position, rule in enumerate(draft.shape.field_rules)
        if names.intersection(rule.about)
    }
    return Standing(found, met)


def _shown(batch: Batch, draft: Draft, readable: dict[str, frozenset[str]]) -> dict[str, Any]:
    shape = draft.shape
    names = _seen(batch, draft, readable)
    shown: dict[str, Any] = {}
    if draft.old is not None:
        shown["id"] = draft.id
    for field in shape.fields.values():
        if field.system or field.name not in names or field.computed == "number":
            continue
        if field.definition.masked is None or batch.context.principal.is_system:
            shown[field.name] = _json(batch, field, _value(draft, field))
        elif draft.old is not None:
            shown[field.name] = masked_value(field, _value(draft, field))
    return shown


def _value(draft: Draft, field: FieldModel) -> Any:
    if field.stored or draft.environment is None:
        return draft.new.get(field.name)
    return draft.environment.value((field.id,))


def _json(batch: Batch, field: FieldModel, value: Any) -> Any:
    if field.links is not None:
        shape = batch.shapes.of(field.links)
        seen = seen_of(batch, field, values_in(value) or ())
        return [{"id": one, "title": readable_title(batch, shape, one)} for one in seen] or None
    if field.targets:
        found = seen_reference(batch, field, value)
        if found is None:
            return None
        named = batch.shapes.of(found["object"])
        return {**found, "title": readable_title(batch, named, found["id"])}
    if value is None or field.target is None:
        return field_json(field, value)
    return {"id": value, "title": readable_title(batch, batch.shapes.of(field.target), value)}
