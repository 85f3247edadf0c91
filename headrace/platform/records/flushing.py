"""Drafts to the database: inserts, updates and marks of deletion, as few statements as there are kinds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from headrace.platform.core.errors import RefusedError, StaleError
from headrace.platform.core.problems import Message, Problem, Text, pointer
from headrace.platform.database.prepared import Prepared
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.database.violations import (
    INTEGRITY_ERRORS,
    UniqueViolation,
    is_missing_reference,
    unique_violation,
)
from headrace.platform.records.batch import Batch
from headrace.platform.records.drafts import Draft
from headrace.platform.records.history import write_history
from headrace.platform.records.links import write_links
from headrace.platform.records.shapes import ObjectShape, UniqueKey
from headrace.platform.records.trees import move_subtrees

NOT_UNIQUE: Final = Message(
    "value.not_unique",
    "Another record has the same {name}.",
    "已有记录使用相同的{name}。",
    "Enter another value.",
    "请填写其他值。",
)
DANGLING: Final = Message(
    "reference.dangling",
    "A value that the platform fills in points to a record that does not exist.",
    "系统自动填写的值指向不存在的记录。",
    "Enter the references of the record yourself, or tell an administrator.",
    "请自行填写记录中的引用字段，或联系管理员。",
)
STALE: Final = Message(
    "record.stale",
    "The record was changed since you loaded it.",
    "您加载之后，该记录已被修改。",
    "Look at the differences, load it again and repeat your change.",
    "请查看差异，重新加载后再修改。",
)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A statement on its way, with the rows that it writes."""

    cursor: Any
    shape: ObjectShape
    drafts: list[Draft]


def flush(batch: Batch, work: UnitOfWork) -> None:
    """Write all drafts with their history; masters before details, parents before children."""
    _stamp(batch)
    sent: list[_Sent] = []
    try:
        with work.pipelined():
            sent += _insert(batch, work)
            sent += _update(batch, work)
            sent += _undelete(batch, work)
            write_links(batch, work)
            move_subtrees(batch, work)
            sent += _delete(batch, work)
            write_history(batch, work)
    except INTEGRITY_ERRORS as error:
        violation = unique_violation(error)
        if violation is None and is_missing_reference(error):
            # What was sent is checked before: a default gave an id that is no longer there.
            raise RefusedError(DANGLING.at()) from error
        if violation is None:
            raise
        raise RefusedError.of(_collisions(batch, violation)) from error
    for one in sent:
        if one.cursor.rowcount != len(one.drafts):
            raise StaleError(STALE.at(one.drafts[0].place))


def _stamp(batch: Batch) -> None:
    """Set version, time and user of stored rows that people change."""
    for draft in batch.drafts():
        if draft.kind in {"update", "delete"}:
            draft.new["updated_at"] = batch.now
            draft.new["updated_by"] = batch.context.principal.user_id
            draft.new["version"] = draft.version


def _insert(batch: Batch, work: UnitOfWork) -> Iterator[_Sent]:
    groups: dict[ObjectShape, list[Draft]] = {}
    for draft in batch.drafts():
        if draft.kind == "create":
            groups.setdefault(draft.shape, []).append(draft)
    for shape, drafts in groups.items():
        if shape.table.path is not None:
            drafts.sort(key=lambda draft: len(draft.path or ""))
        parameters = [_inserted(draft) for draft in drafts]
        yield _Sent(_run(work, shape.insert, parameters), shape, drafts)


def _inserted(draft: Draft) -> dict[str, Any]:
    values = draft.shape.inserted_values(draft.new)
    if draft.shape.table.path is not None:
        values["v_path"] = draft.path
    return values


def _undelete(batch: Batch, work: UnitOfWork) -> Iterator[_Sent]:
    """Let rows live again; keys are held against the values that they were just given."""
    groups: dict[ObjectShape, list[Draft]] = {}
    for draft in batch.drafts():
        if draft.undeleted:
            groups.setdefault(draft.shape, []).append(draft)
    for shape, drafts in groups.items():
        parameters = [{"id": draft.id} for draft in drafts]
        yield _Sent(_run(work, shape.undelete, parameters), shape, drafts)


def _update(batch: Batch, work: UnitOfWork) -> Iterator[_Sent]:
    groups: dict[tuple[ObjectShape, frozenset[str]], list[Draft]] = {}
    for draft in batch.drafts():
        if draft.kind in {"update", "computed"}:
            names = draft.changed()
            if draft.path is not None and draft.old_path is not None:
                names |= {"path"}
            if names:
                groups.setdefault((draft.shape, names), []).append(draft)
    for (shape, names), drafts in groups.items():
        parameters = [_updated(draft, names) for draft in drafts]
        yield _Sent(_run(work, shape.update(names), parameters), shape, drafts)


def _updated(draft: Draft, names: frozenset[str]) -> dict[str, Any]:
    values = draft.shape.driver_values(draft.new, names - {"path"})
    if "path" in names:
        values["v_path"] = draft.path
    values["id"] = draft.id
    values["at_version"] = draft.old["version"] if draft.old else 0
    return values


def _delete(batch: Batch, work: UnitOfWork) -> Iterator[_Sent]:
    groups: dict[ObjectShape, list[Draft]] = {}
    moment = _moment_of_deletion(batch)
    for draft in batch.drafts():
        if draft.kind == "delete" and draft.old is not None:
            groups.setdefault(draft.shape, []).append(draft)
    for shape, drafts in groups.items():
        convert = shape.to_driver["updated_at"]
        parameters = [
            {
                **shape.driver_values(draft.new, ("version", "updated_at", "updated_by")),
                "v_deleted_at": convert(moment),
                "id": draft.id,
                "at_version": draft.old["version"] if draft.old else 0,
            }
            for draft in drafts
        ]
        yield _Sent(_run(work, shape.delete, parameters), shape, drafts)


def _moment_of_deletion(batch: Batch) -> datetime:
    """Return the workspace's instant with the machine's part of the second.

    What is deleted together comes back together: also where the workspace's clock stands still,
    rows must be told from those that were deleted before.
    """
    fraction = batch.context.real_clock.now().microsecond
    return batch.now.replace(microsecond=fraction)


def _run(work: UnitOfWork, prepared: Prepared, parameters: list[dict[str, Any]]) -> Any:
    """Run a statement for some rows and return the cursor that will know how many it changed."""
    if len(parameters) == 1:
        return work.execute(prepared, parameters[0])
    return work.execute_many(prepared, parameters)


def _collisions(batch: Batch, violation: UniqueViolation) -> Iterable[Problem]:
    """Return the problems of rows that broke a key; index and column names differ by table."""
    groups: dict[ObjectShape, list[Draft]] = {}
    for draft in batch.drafts():
        if draft.kind in {"create", "update"}:
            groups.setdefault(draft.shape, []).append(draft)
    for shape, drafts in groups.items():
        key = _key(shape, violation)
        if key is not None:
            return _problems(key, drafts)
    return [NOT_UNIQUE.at(name="id")]


def _key(shape: ObjectShape, violation: UniqueViolation) -> UniqueKey | None:
    if violation.table not in {None, shape.table.table.name}:
        return None
    for key in shape.unique_keys:
        if key.index == violation.index or key.columns == violation.columns:
            return key
    return None


def _problems(key: UniqueKey, drafts: list[Draft]) -> Iterable[Problem]:
    """Say which fields collide; which of many rows it was is said only where it is known."""
    shape = drafts[0].shape
    # For which records a key holds is kept in a field of its own, which nobody sees.
    labels = [one.label for name in key.fields if (one := shape.fields[name]).key_of is None]
    name = Text(
        " + ".join(one.en for one in labels), " + ".join(one.within("zh") for one in labels)
    )
    for draft in drafts if len(drafts) == 1 else _colliding(key, drafts):
        yield NOT_UNIQUE.at(draft.place + pointer(_sent(draft, key.fields)), name=name)


def _sent(draft: Draft, names: Sequence[str]) -> str:
    """Return the last field of a key that people write, or that a formula in it reads.

    Of several, one that was sent: there the problem can be mended.
    """
    shape = draft.shape
    read: list[str] = []
    own = [name for name in names if shape.fields[name].key_of is None]
    conditions = [name for name in names if name not in own]
    for name in (*reversed(own), *conditions):
        expression = shape.fields[name].expression
        paths = [] if expression is None else sorted(expression.references())
        read += [shape.by_id[path[0]].name for path in paths] or [name]
    return next((name for name in read if name in draft.given), read[0])


def _colliding(key: UniqueKey, drafts: list[Draft]) -> list[Draft]:
    """Return the rows that collide within the batch; the first where the other one is stored."""
    seen: dict[tuple[Any, ...], Draft] = {}
    colliding = []
    for draft in drafts:
        values = tuple(draft.new[name] for name in key.fields)
        if None not in values and values in seen:
            colliding.append(draft)
        seen.setdefault(values, draft)
    return colliding or drafts[:1]
