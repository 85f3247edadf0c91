"""From a request's JSON to drafts: known keys, writable fields, values of their types, child rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from marshmallow import ValidationError

from headrace.platform.core.ids import is_record_id
from headrace.platform.core.problems import Message, Problem, Text, pointer
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.definitions.objects import ChildDef
from headrace.platform.metadata.field_types.values import (
    ARRAY,
    OBJECT,
    OTHER_VALUE,
    WRONG_TYPE,
    type_name,
)
from headrace.platform.metadata.masking import looks_masked, masked_value
from headrace.platform.records.batch import Batch
from headrace.platform.records.drafts import Draft, Row
from headrace.platform.records.migration import migrated_field
from headrace.platform.records.permits import static_names
from headrace.platform.records.references import as_stored
from headrace.platform.records.rights import editable_names, not_editable, note_rights
from headrace.platform.records.shapes import ObjectShape
from headrace.platform.records.source import unknown_field
from headrace.platform.records.undeleting import open_deleted_row

READ_ONLY: Final = Message(
    "field.read_only",
    "“{name}” is filled by the platform.",
    "“{name}”由系统填写。",
    "Leave it out of the request.",
    "请不要在请求中提供该字段。",
)
WORKFLOW_CONTROLLED: Final = Message(
    "field.workflow_controlled",
    "“{name}” changes only through its workflow.",
    "“{name}”只能通过工作流变更。",
    "Use a transition.",
    "请使用转换操作。",
)
MASKED: Final = Message(
    "value.masked",
    "“{name}” is masked: this is only what is shown of it.",
    "“{name}”为脱敏字段，收到的只是其显示形式。",
    "Send the whole value, or leave it out to keep the stored one.",
    "请填写完整的值；若不修改，请不要提供该字段。",
)
CHILD_NOT_FOUND: Final = Message(
    "child.not_found",
    "There is no such row in “{name}”.",
    "“{name}”中没有这一行。",
    "Load the record again; the row may have been deleted.",
    "请重新加载记录，该行可能已被删除。",
)
CHILD_TWICE: Final = Message(
    "child.named_twice",
    "The row is named more than once.",
    "同一行被多次提及。",
    "Name each row once.",
    "每一行只能出现一次。",
)
CHILD_PARTS: Final = frozenset({"create", "update", "delete", "undelete"})
CHANGES_OF_ROWS: Final = Text(
    'object with "create", "update", "delete", "undelete"',
    '含 "create"、"update"、"delete"、"undelete" 的对象',
)


def parse(batch: Batch, draft: Draft, data: Any) -> None:
    """Read what was sent for a row, with its children, into the batch; problems are collected."""
    if not isinstance(data, Mapping):
        problem = WRONG_TYPE.at(draft.place, expected=OBJECT, given=type_name(data))
        batch.problems.append(problem)
        return
    shape = draft.shape
    principal = batch.context.principal
    editable = editable_names(batch, draft)
    known = editable | static_names(shape, principal, "read")
    for name, raw in data.items():
        place = draft.place + pointer(name)
        if name == "id" and batch.moving:
            continue
        if name not in known:
            batch.problems.append(unknown_field(shape.name, str(name), known, place))
        elif name in shape.relations:
            if name in editable:
                _parse_children(batch, draft, shape.relations[name], raw, place)
            else:
                batch.problems.append(not_editable(draft, name))
        else:
            _parse_field(batch, draft, shape.fields[name], raw, place, editable)


def _parse_field(
    batch: Batch,
    draft: Draft,
    field: FieldModel,
    raw: Any,
    place: str,
    editable: frozenset[str],
) -> None:
    reader = draft.shape.schema.fields.get(field.name)
    migrated = migrated_field(batch.context.catalog, field) if batch.migrating else None
    ledger = draft.shape.model.ledger
    if ledger is not None and field.name in ledger.posted and not batch.moving:
        migrated = None
    if migrated is not None:
        reader = migrated
    else:
        problem = _refused(draft, field, raw, place)
        if problem is None and field.name not in editable:
            problem = not_editable(draft, field.name)
        if problem is not None:
            batch.problems.append(problem)
            return
    if reader is None or (draft.parent is not None and field.name == draft.shape.model.master):
        return
    if field.definition.masked is not None and looks_masked(raw):
        if not _is_as_shown(draft, field, raw):
            batch.problems.append(MASKED.at(place, name=field.label))
        return
    try:
        value = reader.deserialize(raw, field.name, None)
        draft.given[field.name] = as_stored(batch.context.catalog, value)
    except ValidationError as error:
        batch.problems.extend(_problems(error, place))


def _is_as_shown(draft: Draft, field: FieldModel, raw: Any) -> bool:
    """Say whether a masked field comes back as it was shown: then it stays as it is."""
    return draft.old is not None and masked_value(field, draft.old.get(field.name)) == raw


def _refused(draft: Draft, field: FieldModel, raw: Any, place: str) -> Problem | None:
    """Return why nobody may send this field, or None."""
    if field.computed == "workflow":
        return WORKFLOW_CONTROLLED.at(place, name=field.label)
    if field.system or field.computed is not None or field.definition.written_by == "system":
        return READ_ONLY.at(place, name=field.label)
    if field.name == draft.shape.model.master and draft.parent is not None:
        given = raw.get("id") if isinstance(raw, Mapping) else raw
        if given != draft.parent.id:
            return READ_ONLY.at(place, name=field.label)
    return None


def _problems(error: ValidationError, place: str) -> Iterable[Problem]:
    messages = error.messages if isinstance(error.messages, list) else [error.messages]
    for message in messages:
        if isinstance(message, Problem):
            yield message.below(place)
        else:
            yield WRONG_TYPE.at(place, expected=OTHER_VALUE, given=str(message))


# -- children ------------------------------------------------------------------------------------


def _parse_children(batch: Batch, draft: Draft, relation: ChildDef, raw: Any, place: str) -> None:
    shape = batch.shapes.of(relation.object)
    draft.touched.add(str(relation.name))
    if draft.kind == "create":
        _create_children(batch, draft, relation, shape, raw, place)
        return
    if not isinstance(raw, Mapping) or not CHILD_PARTS.issuperset(raw):
        problem = WRONG_TYPE.at(place, expected=CHANGES_OF_ROWS, given=type_name(raw))
        batch.problems.append(problem)
        return
    stored = load_details(batch, draft, relation)
    named: set[str] = set()
    for part, parse_part in (("update", _update_child), ("delete", _delete_child)):
        for position, item in enumerate(_items(batch, raw.get(part, []), f"{place}/{part}")):
            here = f"{place}/{part}/{position}"
            child = _named_child(batch, stored, relation, item, here)
            if child is None:
                continue
            if child.id in named:
                batch.problems.append(CHILD_TWICE.at(here))
                continue
            named.add(child.id)
            child.place = here
            if shape.has_own_grants:
                note_rights(batch, child, "delete" if part == "delete" else "update")
            else:
                batch.rights[child.id] = shape.names_for(batch.context.principal, "update")
            parse_part(batch, child, item)
    for position, item in enumerate(_items(batch, raw.get("undelete", []), f"{place}/undelete")):
        _undelete_child(batch, draft, relation, item, f"{place}/undelete/{position}")
    _create_children(batch, draft, relation, shape, raw.get("create", []), f"{place}/create")


def _create_children(
    batch: Batch, draft: Draft, relation: ChildDef, shape: ObjectShape, raw: Any, place: str
) -> None:
    rows = draft.children.setdefault(str(relation.name), [])
    for position, item in enumerate(_items(batch, raw, place)):
        record_id = given_id(batch, item)
        child = new_draft(batch, shape, f"{place}/{position}", draft, record_id=record_id)
        rows.append(child)
        parse(batch, child, item)


def _items(batch: Batch, raw: Any, place: str) -> list[Any]:
    if isinstance(raw, list):
        return raw
    batch.problems.append(WRONG_TYPE.at(place, expected=ARRAY, given=type_name(raw)))
    return []


def _named_child(
    batch: Batch, stored: Mapping[str, Draft], relation: ChildDef, item: Any, place: str
) -> Draft | None:
    record_id = item.get("id") if isinstance(item, Mapping) else item
    child = stored.get(str(record_id)) if is_record_id(record_id) else None
    if child is None:
        batch.problems.append(CHILD_NOT_FOUND.at(f"{place}/id", name=relation.name))
    return child


def _update_child(batch: Batch, child: Draft, item: Any) -> None:
    if not isinstance(item, Mapping):
        problem = WRONG_TYPE.at(child.place, expected=OBJECT, given=type_name(item))
        batch.problems.append(problem)
        return
    child.kind = "update"
    child.expected_version = item.get("version")
    parse(batch, child, {key: raw for key, raw in item.items() if key not in {"id", "version"}})


def _undelete_child(batch: Batch, draft: Draft, relation: ChildDef, item: Any, place: str) -> None:
    """Bring a deleted row back among the rows of its master; values may be given with its id."""
    record_id = item.get("id") if isinstance(item, Mapping) else item
    child = open_deleted_row(batch, draft, relation, record_id)
    if child is None:
        batch.problems.append(CHILD_NOT_FOUND.at(f"{place}/id", name=relation.name))
        return
    child.place = place
    draft.children[str(relation.name)].append(child)
    shape = child.shape
    if not shape.has_own_grants:
        batch.rights[child.id] = shape.names_for(batch.context.principal, "update")
    elif note_rights(batch, child, "delete") is None:
        batch.problems.append(not_editable(draft, str(relation.name)))
    else:
        note_rights(batch, child, "update")
    if isinstance(item, Mapping):
        parse(batch, child, {key: raw for key, raw in item.items() if key not in {"id", "version"}})


def _delete_child(batch: Batch, child: Draft, item: Any) -> None:
    if isinstance(item, Mapping):
        child.expected_version = item.get("version")
    child.rights_needed = True
    mark_deleted(batch, child)


def given_id(batch: Batch, item: Any) -> str | None:
    """Return the id that a moved record brings along."""
    given = item.get("id") if batch.moving and isinstance(item, Mapping) else None
    return given if isinstance(given, str) and is_record_id(given) else None


def new_draft(
    batch: Batch,
    shape: ObjectShape,
    place: str,
    parent: Draft | None = None,
    *,
    record_id: str | None = None,
) -> Draft:
    """Take a new row into the batch, all fields empty; it gets an id unless it has one."""
    record_id = record_id or batch.context.ids.record_id()
    new: Row = dict.fromkeys(shape.stored_names)
    new["id"] = record_id
    draft = Draft(
        shape,
        record_id,
        "create",
        None,
        new,
        place=place,
        parent=parent,
        action="migrated" if batch.migrating else "created",
    )
    return batch.add(draft)


def load_details(batch: Batch, draft: Draft, relation: ChildDef) -> dict[str, Draft]:
    """Lock and take in the stored rows of a relation, by id."""
    name = str(relation.name)
    known = draft.children.get(name)
    if known is None:
        shape = batch.shapes.of(relation.object)
        found = batch.work.rows(shape.select_details, {"master": draft.id})
        known = draft.children[name] = [batch.loaded(shape, values, "computed") for values in found]
        for child in known:
            child.parent = draft
    return {child.id: child for child in known}


def mark_deleted(batch: Batch, draft: Draft) -> None:
    """Delete a row and everything below it."""
    draft.kind = "delete"
    draft.action = "deleted"
    for relation in draft.shape.relations.values():
        for child in load_details(batch, draft, relation).values():
            child.place = draft.place
            mark_deleted(batch, child)
