"""Trees: each row keeps the path of ids from the root to itself; moves bring those below along."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.problems import Message, pointer
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.records.batch import Batch
from headrace.platform.records.drafts import Draft
from headrace.platform.records.shapes import ObjectShape

CYCLE: Final = Message(
    "tree.cycle",
    "A record cannot stand below itself.",
    "记录不能位于自身之下。",
    "Choose a record that is not below this one.",
    "请选择不在其下级的记录。",
)
TOO_DEEP: Final = Message(
    "tree.too_deep",
    "The tree has at most {depth} levels.",
    "层级最多为 {depth} 级。",
    "Choose a higher record.",
    "请选择更高层级的记录。",
)


def place_in_trees(batch: Batch) -> None:
    """Give new and moved rows of trees their paths."""
    moving = [draft for draft in batch.drafts() if draft.shape.table.path is not None]
    moving = [draft for draft in moving if draft.kind in {"create", "update"} and _moves(draft)]
    if not moving:
        return
    for shape in {draft.shape for draft in moving}:
        if any(draft.shape is shape and _parent_id(draft) is not None for draft in moving):
            _lock_tree(batch, shape)
    placed: set[str] = set()
    for draft in moving:
        _place(batch, draft, placed, ())


def move_subtrees(batch: Batch, work: UnitOfWork) -> None:
    """Bring the rows below moved ones along; the moved rows themselves are written already."""
    for draft in batch.drafts():
        if draft.kind != "update" or draft.shape.table.path is None or draft.old_path is None:
            continue
        if draft.path != draft.old_path:
            parameters = {
                "old": draft.old_path,
                "end": draft.old_path[:-1] + "0",
                "new": draft.path,
                "behind": len(draft.old_path) + 1,
                "id": draft.id,
            }
            work.execute(_moving(draft.shape), parameters)


def steps_of(path: str | None) -> list[str]:
    """Return the ids of a path from the root to the row that it belongs to."""
    return [one for one in (path or "").split("/") if one]


def hold_tree(batch: Batch, shape: ObjectShape) -> None:
    """Let nobody place rows in a tree until the end of the transaction; others may hold it too."""
    if batch.locking and shape.shapes.dialect == "postgresql":
        batch.work.rows(_LOCK_TOGETHER, {"key": _lock_key(shape)})
    batch.forget_paths()


def _moves(draft: Draft) -> bool:
    if draft.old is None:
        return True
    name = str(draft.shape.model.tree_field)
    return bool(draft.old[name] != draft.new[name])


def _parent_id(draft: Draft) -> str | None:
    found: str | None = draft.new[str(draft.shape.model.tree_field)]
    return found


def _place(batch: Batch, draft: Draft, placed: set[str], trail: tuple[str, ...]) -> None:
    """Set the path of a row, after that of its parent where both are in the batch."""
    if draft.id in placed:
        return
    field = draft.shape.fields[str(draft.shape.model.tree_field)]
    place = draft.place + pointer(field.name)
    parent_id = _parent_id(draft)
    if parent_id == draft.id or parent_id in trail:
        batch.problems.append(CYCLE.at(place))
        placed.add(draft.id)
        return
    above = ""
    if parent_id is not None:
        parent = batch.draft(draft.shape.name, parent_id)
        if parent is not None and parent.kind in {"create", "update"} and _moves(parent):
            _place(batch, parent, placed, (*trail, draft.id))
        above = batch.path(draft.shape, parent_id) or ""
    placed.add(draft.id)
    if f"/{draft.id}/" in above:
        batch.problems.append(CYCLE.at(place))
        return
    draft.old_path = draft.path
    draft.path = f"{above or '/'}{draft.id}/"
    if draft.old_path is not None:
        batch.move_paths(draft.shape, draft.old_path, draft.path)
    levels = draft.path.count("/") - 1
    if draft.old_path is not None:
        levels += _levels_below(batch, draft)
    if levels > field.options.depth:
        batch.problems.append(TOO_DEEP.at(place, depth=field.options.depth))


def _levels_below(batch: Batch, draft: Draft) -> int:
    """Return how many levels the tree has below a stored row."""
    old_path = str(draft.old_path)
    parameters = {"old": old_path, "end": old_path[:-1] + "0"}
    longest = batch.work.rows(_longest(draft.shape), parameters)[0][0]
    return int(longest - len(old_path)) // len(f"{draft.id}/") if longest else 0


def _lock_tree(batch: Batch, shape: ObjectShape) -> None:
    """Let one transaction at a time place rows in a tree.

    A row added below one that is being moved would keep the old path.
    """
    if shape.shapes.dialect == "postgresql":
        batch.work.rows(_LOCK, {"key": _lock_key(shape)})
    batch.forget_paths()


def _lock_key(shape: ObjectShape) -> int:
    return int.from_bytes(hashlib.sha256(shape.model.id.encode()).digest()[:8], signed=True)


_KEY: Final = sa.bindparam("key", type_=sa.BigInteger())
_LOCK: Final = prepare(sa.select(sa.func.pg_advisory_xact_lock(_KEY)), "postgresql")
_LOCK_TOGETHER: Final = prepare(sa.select(sa.func.pg_advisory_xact_lock_shared(_KEY)), "postgresql")


def _below(shape: ObjectShape) -> tuple[Any, sa.ColumnElement[bool]]:
    path = shape.table.path
    assert path is not None  # noqa: S101 - asked for trees only
    old = sa.bindparam("old", type_=path.type)
    end = sa.bindparam("end", type_=path.type)
    return path, sa.and_(path >= old, path < end)


def _longest(shape: ObjectShape) -> Prepared:
    def make() -> Prepared:
        path, below = _below(shape)
        return prepare(
            sa.select(sa.func.max(sa.func.length(path))).where(below), shape.shapes.dialect
        )

    prepared: Prepared = shape.shapes.part(("longest", shape.name), make)
    return prepared


def _moving(shape: ObjectShape) -> Prepared:
    def make() -> Prepared:
        path, below = _below(shape)
        new = sa.bindparam("new", type_=path.type)
        behind = sa.bindparam("behind", type_=sa.Integer())
        record_id = sa.bindparam("id", type_=shape.table.id.type)
        moved = new.concat(sa.func.substr(path, behind))
        statement = sa.update(shape.table.table).where(below, shape.table.id != record_id)
        return prepare(statement.values({path.name: moved}), shape.shapes.dialect)

    prepared: Prepared = shape.shapes.part(("moving", shape.name), make)
    return prepared
