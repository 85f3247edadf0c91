"""References that were sent: keys become ids, and each must be a live row that the caller may read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from marshmallow import ValidationError

from headrace.platform.access.tables import USER
from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, pointer
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.formulas.python import holds
from headrace.platform.metadata.catalog import Catalog, FieldModel
from headrace.platform.metadata.field_types.references import USER_OBJECT
from headrace.platform.metadata.field_types.values import KeyReference, TypedReference
from headrace.platform.metadata.masking import masked_value
from headrace.platform.metadata.storage_types import listed, typed_id, values_in
from headrace.platform.records.batch import CHUNK, Batch
from headrace.platform.records.drafts import Draft, Row
from headrace.platform.records.environment import RowEnvironment
from headrace.platform.records.history import field_json
from headrace.platform.records.people import not_choosable
from headrace.platform.records.permits import names_in_row, static_names
from headrace.platform.records.shapes import ObjectShape

NOT_FOUND: Final = Message(
    "reference.not_found",
    "“{name}” points to nothing that you can choose here.",
    "“{name}”指向的记录不存在或不可选择。",
    "Pick one of the records that the field offers.",
    "请从该字段提供的记录中选择。",
)
UNKNOWN_KEY: Final = Message(
    "reference.unknown_key",
    "“{object}” cannot be found by “{by}”.",
    "无法按“{by}”查找“{object}”。",
    "Send the record's id, or a key by one of: {known}.",
    "请提供记录标识，或使用以下字段之一作为键：{known}。",
)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A reference in a draft to a record of `target`; `among` are those that it was sent with, in a list."""

    draft: Draft
    field: FieldModel
    value: Any
    target: str
    among: list[Any] | None = None
    index: int = 0

    @property
    def place(self) -> str:
        here = self.draft.place + pointer(self.field.name)
        return here if self.among is None else here + pointer(self.index)

    def put(self, value: Any) -> None:
        """Let another value stand in the place of the one that was sent."""
        if self.field.targets and value is not None:
            value = typed_id(self.draft.shape.shapes.of(self.target).model.id, value)
        if self.among is None:
            self.draft.given[self.field.name] = value
        else:
            self.among[self.index] = value


def resolve_references(batch: Batch) -> None:
    """Replace keys by ids in what was given, and refuse what the caller cannot refer to.

    Of a list of references those that the caller does not see stay part of it, and so does a polymorphic
    reference that they do not see where they send none.
    """
    sent = [*_sent(batch), *_sent_polymorphic(batch)]
    lists = list(_sent_lists(batch))
    for draft, field, among in lists:
        held = held_by_all(draft, field)
        sent += [
            _Sent(draft, field, one, str(field.links), among, index)
            for index, one in enumerate(among)
            if one not in held
        ]
    _resolve_keys(batch, [one for one in sent if isinstance(one.value, KeyReference)])
    _check_ids(batch, [one for one in sent if not isinstance(one.value, KeyReference)])
    for draft, field, among in lists:
        ids = [one for one in among if one is not None]
        draft.given[field.name] = with_hidden(batch, draft, field, ids)


def check_filters(batch: Batch) -> None:
    """Refuse changed lookups whose target does not fit the field's condition."""
    for draft in batch.drafts():
        if draft.kind not in {"create", "update"} or batch.migrating:
            continue
        for name, condition in draft.shape.lookup_filters.items():
            field = draft.shape.fields[name]
            for place, value in _referred_anew(draft, field):
                target = batch.row(str(field.pointed), value)
                if target is None:
                    continue
                shape = batch.shapes.of(str(field.pointed))
                row = RowEnvironment(batch, shape, target, target, draft.environment)
                if not holds(condition(row)):
                    label = draft.shape.fields[field.key_of or name].label
                    problem = NOT_FOUND.at(draft.place + place, name=label)
                    batch.problems.append(problem)


def check_people(batch: Batch) -> None:
    """Refuse users that were sent anew and may not be chosen: left, or not those that a field is for."""
    if batch.migrating or batch.unchecked or batch.context.principal.is_system:
        return
    sent: dict[tuple[str, str], tuple[FieldModel, list[tuple[str, str]]]] = {}
    for draft in batch.drafts():
        if draft.kind not in {"create", "update"}:
            continue
        for name in draft.given:
            field = draft.shape.fields[name]
            if field.pointed == USER_OBJECT and not field.system:
                anew = [(draft.place + at, one) for at, one in _referred_anew(draft, field)]
                sent.setdefault((field.object, name), (field, []))[1].extend(anew)
    for field, pairs in sent.values():
        wrong = not_choosable(batch, field, [one for _, one in pairs]) if pairs else frozenset()
        batch.problems.extend(
            NOT_FOUND.at(place, name=field.label) for place, one in pairs if one in wrong
        )


def _referred_anew(draft: Draft, field: FieldModel) -> Iterator[tuple[str, str]]:
    """Yield the references of a field that the row had not before, each with its place."""
    written = field.key_of or field.name
    place = pointer(written)
    value, before = draft.new.get(written), (draft.old or {}).get(written)
    if value is None or value == before:
        return
    if field.key_of is not None:
        record_id = draft.shape.record_of(field, value)
        if record_id is not None:
            yield place, record_id
        return
    if field.links is None:
        yield place, value
        return
    had = frozenset(values_in(before) or ())
    for one in values_in(value) or ():
        if one not in had:
            yield place, one


def _sent_lists(batch: Batch) -> Iterator[tuple[Draft, FieldModel, list[Any]]]:
    for draft in batch.drafts():
        for field in draft.shape.lists:
            if field.name in draft.given:
                value = draft.given[field.name]
                yield (
                    draft,
                    field,
                    list(value) if isinstance(value, tuple) else values_in(value) or [],
                )


def _sent(batch: Batch) -> Iterator[_Sent]:
    for draft in batch.drafts():
        for name, value in draft.given.items():
            field = draft.shape.fields[name]
            if value is None or field.target is None:
                continue
            if draft.old is not None and draft.old.get(name) == value:
                continue
            yield _Sent(draft, field, value, field.target)


def _sent_polymorphic(batch: Batch) -> Iterator[_Sent]:
    for draft in batch.drafts():
        for field in draft.shape.polymorphic:
            before = (draft.old or {}).get(field.name)
            value = draft.given.get(field.name, before)
            if value == before:
                continue
            if value is None:
                if not batch.unchecked and before and _is_hidden(batch, field, before):
                    draft.given[field.name] = before
            elif isinstance(value, TypedReference):
                yield _Sent(draft, field, value.record, value.object)
            elif (known := batch.context.catalog.typed(field, value)) is not None:
                yield _Sent(draft, field, known[1], known[0])
            else:
                draft.given[field.name] = None
                place = draft.place + pointer(field.name)
                batch.problems.append(NOT_FOUND.at(place, name=field.label))


def as_stored(catalog: Catalog, value: Any) -> Any:
    """Return a parsed value as it is stored, where that is known: a reference by an id with its object."""
    if isinstance(value, TypedReference) and isinstance(value.record, str):
        return typed_id(catalog.objects[value.object].id, value.record)
    return value


def seen_reference(batch: Batch, field: FieldModel, value: str | None) -> dict[str, Any] | None:
    """Return the object and the id that a polymorphic reference leads to where the caller may read it."""
    known = None if value is None else batch.context.catalog.typed(field, value)
    row = None if known is None else batch.row(*known)
    if known is None or row is None or not may_refer(batch, batch.shapes.of(known[0]), row):
        return None
    return {"object": known[0], "id": known[1]}


def _is_hidden(batch: Batch, field: FieldModel, value: str) -> bool:
    """Say whether a reference leads to a record that is there and that the caller may not read."""
    known = batch.context.catalog.typed(field, value)
    there = known is not None and batch.row(*known) is not None
    return there and seen_reference(batch, field, value) is None


def id_by_key(batch: Batch, object_name: str, sent: Mapping[str, Any]) -> str | None:
    """Return the id of the row that `{"key": …}` speaks of; None where the caller has none such."""
    shape = batch.shapes.of(object_name)
    known = _known_keys(batch, shape)
    by = sent.get("by") or (known[0] if known else "")
    if by not in known or not isinstance(sent.get("key"), str):
        return None
    value = _parsed_key(shape, str(by), sent["key"])
    if value is None:
        return None
    parameters = {"keys": [shape.to_driver[str(by)](value)]}
    for values in batch.work.rows(_select_by_key(batch, shape, str(by)), parameters):
        row = batch.remember(shape, values)
        return str(row["id"]) if may_refer(batch, shape, row) else None
    return None


def check_key(batch: Batch, object_name: str, by: str, place: str) -> None:
    """Raise RefusedError where rows cannot be named by the field `by`."""
    shape = batch.shapes.of(object_name)
    known = _known_keys(batch, shape)
    if by not in known:
        shown = ", ".join(known) or "id"
        label = shape.model.label
        raise RefusedError(UNKNOWN_KEY.at(place, object=label, by=by, known=shown))


# -- keys ----------------------------------------------------------------------------------------


def _resolve_keys(batch: Batch, sent: list[_Sent]) -> None:
    groups: dict[tuple[str, str], list[_Sent]] = {}
    for one in sent:
        by = _key_field(batch, one)
        if by is not None:
            groups.setdefault((one.target, by), []).append(one)
    for (target, by), members in groups.items():
        shape = batch.shapes.of(target)
        found = _rows_by_key(batch, shape, by, members)
        for one in members:
            row = found.get(_parsed_key(shape, by, one.value.key))
            if row is None or not may_refer(batch, shape, row):
                batch.problems.append(NOT_FOUND.at(one.place, name=one.field.label))
                one.put(None)
            else:
                one.put(row["id"])


def _key_field(batch: Batch, one: _Sent) -> str | None:
    """Return the unique field that a key speaks of, where the caller may read it."""
    shape = batch.shapes.of(one.target)
    known = _known_keys(batch, shape)
    by = one.value.by or (known[0] if known else "")
    if by in known:
        return by
    one.put(None)
    shown = ", ".join(known) or "id"
    batch.problems.append(UNKNOWN_KEY.at(one.place, object=shape.model.label, by=by, known=shown))
    return None


def _known_keys(batch: Batch, shape: ObjectShape) -> list[str]:
    """Return the unique fields by which the caller may name rows, external ids first."""
    known = [name for name in shape.model.external_ids if name in shape.stored_names]
    known += [
        field.name
        for field in shape.stored
        if field.unique and not field.system and not field.targets and field.name not in known
    ]
    readable = _readable_names(batch, shape)
    return [name for name in known if name in readable]


def _readable_names(batch: Batch, shape: ObjectShape) -> frozenset[str]:
    principal = batch.context.principal
    if shape.name == USER_OBJECT:
        return shape.all_names if principal.audience == "internal" else frozenset()
    return static_names(shape, principal, "read")


def _parsed_key(shape: ObjectShape, by: str, key: str) -> Any:
    field = shape.fields[by]
    if field.computed is not None:
        return key
    try:
        return field.type.value_field(field.options).deserialize(key, by, None)
    except ValidationError:
        return None


def _rows_by_key(batch: Batch, shape: ObjectShape, by: str, members: list[_Sent]) -> dict[Any, Row]:
    found: dict[Any, Row] = {
        draft.new[by] if draft.new[by] is not None else draft.given.get(by): draft.new
        for draft in batch.drafts()
        if draft.shape is shape and draft.kind != "delete"
    }
    keys = {_parsed_key(shape, by, one.value.key) for one in members} - {None} - set(found)
    ordered = sorted(keys, key=str)
    prepared = _select_by_key(batch, shape, by)
    for start in range(0, len(ordered), CHUNK):
        part = [shape.to_driver[by](one) for one in ordered[start : start + CHUNK]]
        for values in batch.work.rows(prepared, {"keys": part}):
            row = batch.remember(shape, values)
            found[row[by]] = row
    return found


def _select_by_key(batch: Batch, shape: ObjectShape, by: str) -> Prepared:
    locking = batch.locking
    prepared: Prepared = shape.shapes.part(
        ("by_key", shape.name, by, locking), lambda: shape.select_by_key(by, locking=locking)
    )
    return prepared


# -- ids -----------------------------------------------------------------------------------------


def _check_ids(batch: Batch, sent: list[_Sent]) -> None:
    groups: dict[str, list[_Sent]] = {}
    for one in sent:
        groups.setdefault(one.target, []).append(one)
    for target, members in groups.items():
        shape = batch.shapes.of(target)
        found = _rows_by_id(batch, shape, {str(one.value) for one in members})
        for one in members:
            row = found.get(str(one.value))
            if row is None or not may_refer(batch, shape, row):
                batch.problems.append(NOT_FOUND.at(one.place, name=one.field.label))
                one.put(None)


def _rows_by_id(batch: Batch, shape: ObjectShape, ids: Iterable[str]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    missing = []
    for one in sorted(ids):
        draft = batch.draft(shape.name, one)
        if draft is None:
            missing.append(one)
        elif draft.kind != "delete":
            found[one] = draft.new
    single, several = shape.select_live, shape.select_many
    if batch.locking:
        single, several = shape.select_referred, shape.select_many_referred
    for values in batch.rows_by_ids(missing, single, several):
        row = batch.remember(shape, values)
        found[row["id"]] = row
    return found


def held_by_all(draft: Draft, field: FieldModel) -> frozenset[str]:
    """Return what a row refers to already and whoever reads it sees: users, whose names are shown."""
    if field.links != USER_OBJECT or draft.old is None:
        return frozenset()
    return frozenset(values_in(draft.old.get(field.name)) or ())


def seen_of(batch: Batch, field: FieldModel, ids: Sequence[str]) -> list[str]:
    """Return those of the ids of a list that the caller may read, in their order."""
    if field.links == USER_OBJECT or batch.context.principal.is_system or not ids:
        return list(ids)
    shape = batch.shapes.of(str(field.links))
    batch.fetch(shape, ids)
    rows = ((one, batch.row(shape.name, one)) for one in ids)
    return [one for one, row in rows if row is not None and may_refer(batch, shape, row)]


def with_hidden(batch: Batch, draft: Draft, field: FieldModel, ids: Sequence[str]) -> str | None:
    """Return a list that was given with those that it had and the caller cannot see.

    They stay behind the others, or where they are if nothing that the caller sees has changed.
    """
    before = values_in((draft.old or {}).get(field.name)) or []
    if not before or batch.unchecked or batch.migrating:
        return listed(ids)
    seen = seen_of(batch, field, before)
    if list(dict.fromkeys(ids)) == seen:
        return listed(before)
    return listed((*ids, *(one for one in before if one not in set(seen))))


def may_refer(batch: Batch, shape: ObjectShape, row: Row) -> bool:
    """Say whether the caller may read a row and so refer to it."""
    principal = batch.context.principal
    if principal.is_system:
        return True
    if shape.name == USER_OBJECT:
        return _may_refer_to_user(batch, row["id"])
    environment = batch.environment_of(shape.name, row["id"])
    return environment is not None and names_in_row(environment, principal, "read") is not None


def readable_title(batch: Batch, shape: ObjectShape, record_id: str) -> Any:
    """Return the title of a live record as JSON where the caller may read it, else None."""
    row = batch.row(shape.name, record_id)
    if row is None or not may_refer(batch, shape, row):
        return None
    field = shape.fields[shape.model.title]
    environment = batch.environment_of(shape.name, record_id)
    if shape.name != USER_OBJECT and environment is not None:
        names = names_in_row(environment, batch.context.principal, "read") or frozenset()
        if field.name not in names:
            return None
    return masked_value(field, field_json(field, row.get(field.name)))


def _may_refer_to_user(batch: Batch, user_id: str) -> bool:
    """Internal people may name everybody, partners people of their own organisation."""
    principal = batch.context.principal
    if principal.audience == "internal" or user_id == principal.user_id:
        return True
    if principal.organisation is None:
        return False
    prepared: Prepared = batch.shapes.part(
        "colleague", lambda: prepare(_SELECT_COLLEAGUE, batch.shapes.dialect)
    )
    parameters = {"id": user_id, "organisation": principal.organisation}
    return bool(batch.work.rows(prepared, parameters))


_SELECT_COLLEAGUE: Final = sa.select(USER.c.id).where(
    USER.c.id == sa.bindparam("id", type_=USER.c.id.type),
    USER.c.organisation == sa.bindparam("organisation", type_=USER.c.id.type),
)
