"""Roll-ups: what a row adds to its owners is passed on as a difference, up every chain, exactly.

A child's formula changes its parent's roll-up, that the parent's formulas, those the grandparent's
roll-up. Owners are locked before they are read, so that no difference is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headrace.platform.core.problems import pointer
from headrace.platform.formulas.decimals import LIMITS
from headrace.platform.formulas.messages import OVERFLOW
from headrace.platform.formulas.python import holds
from headrace.platform.records.batch import Batch
from headrace.platform.records.computing import compute_formulas
from headrace.platform.records.drafts import Contribution, Draft, Row
from headrace.platform.records.environment import RowEnvironment
from headrace.platform.records.shapes import Feed, ObjectShape

NOTHING: Contribution = ("", 0)

Owner = tuple[str, str]
"""Object name and id of a row that has roll-ups."""

Differences = dict[Owner, dict[str, Any]]


def settle(batch: Batch) -> None:
    """Pass the effect of every draft on to its owners, and of these to theirs, until all is told."""
    pending: Iterable[Draft] = [draft for draft in batch.drafts() if draft.kind != "computed"]
    while pending:
        differences: Differences = {}
        for draft in pending:
            _tell(batch, draft, differences)
        pending = _apply(batch, differences)


def settle_within(batch: Batch) -> None:
    """Pass the effect on to owners that are drafts of the batch; for previews."""
    pending: Iterable[Draft] = batch.drafts()
    while pending:
        differences: Differences = {}
        for draft in pending:
            _tell(batch, draft, differences)
        within = {one: diff for one, diff in differences.items() if batch.draft(*one)}
        pending = _apply(batch, within)


def _tell(batch: Batch, draft: Draft, differences: Differences) -> None:
    feeds = draft.shape.feeds
    if not feeds:
        return
    if draft.fed is None:
        draft.fed = {}
        if draft.old is not None:
            draft.fed = {
                position: _contribution(batch, draft.shape, feed, draft.old)
                for position, feed in enumerate(feeds)
            }
    for position, feed in enumerate(feeds):
        before = draft.fed.get(position, NOTHING)
        after = NOTHING
        if draft.kind != "delete":
            after = _contribution(batch, draft.shape, feed, draft.new)
        if before != after:
            draft.fed[position] = after
            _note(differences, feed, before, -1)
            _note(differences, feed, after, 1)


def _contribution(batch: Batch, shape: ObjectShape, feed: Feed, row: Row) -> Contribution:
    owner = row[feed.by]
    if owner is None:
        return NOTHING
    if feed.where is not None and not holds(feed.where(RowEnvironment(batch, shape, row, row))):
        return NOTHING
    amount = 1 if feed.of is None else row[feed.of]
    return (owner, amount) if amount else NOTHING


def _note(differences: Differences, feed: Feed, contribution: Contribution, sign: int) -> None:
    owner, amount = contribution
    if not owner:
        return
    fields = differences.setdefault((feed.rollup.owner, owner), {})
    fields[feed.rollup.field] = fields.get(feed.rollup.field, 0) + sign * amount


def _apply(batch: Batch, differences: Differences) -> list[Draft]:
    """Change the roll-ups of the owners and return those that changed."""
    differences = {
        owner: {name: amount for name, amount in fields.items() if amount}
        for owner, fields in differences.items()
    }
    differences = {owner: fields for owner, fields in differences.items() if fields}
    _lock_owners(batch, differences)
    changed = []
    for (object_name, owner_id), fields in differences.items():
        owner = batch.draft(object_name, owner_id)
        if owner is None or owner.kind == "delete":
            continue
        for name, amount in fields.items():
            owner.new[name] = (owner.new[name] or 0) + amount
            _check_digits(batch, owner, name)
        compute_formulas(owner)
        changed.append(owner)
    return changed


def _check_digits(batch: Batch, owner: Draft, name: str) -> None:
    storage = owner.shape.fields[name].storage
    if storage.kind == "decimal" and abs(owner.new[name]) >= LIMITS[storage.scale]:
        batch.refuse([OVERFLOW.at(owner.place + pointer(name))])


def _lock_owners(batch: Batch, owners: Iterable[Owner]) -> None:
    """Read and lock the owners that are not in the batch, in a fixed order."""
    missing: dict[str, list[str]] = {}
    for object_name, owner_id in sorted(owners):
        if batch.draft(object_name, owner_id) is None:
            missing.setdefault(object_name, []).append(owner_id)
    for object_name, ids in missing.items():
        shape = batch.shapes.of(object_name)
        for values in batch.rows_by_ids(ids, shape.select_locked, shape.select_many_locked):
            batch.loaded(shape, values, "computed").action = "computed"
