"""Roll-ups: what a row adds to its owners is passed on, up every chain, exactly.

A child's formula changes its parent's roll-up, that the parent's formulas, those the grandparent's
roll-up. Owners are locked before they are read, so that no difference is lost. Sums and counts are kept
by differences; an extreme is read anew only when it leaves, an average and a last value always.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from headrace.platform.core.problems import pointer
from headrace.platform.formulas.decimals import LIMITS
from headrace.platform.formulas.messages import OVERFLOW
from headrace.platform.metadata.catalog import RollupModel
from headrace.platform.records.batch import Batch
from headrace.platform.records.computing import compute_formulas
from headrace.platform.records.drafts import Draft
from headrace.platform.records.owner_keys import lock_keys, owners_by_key
from headrace.platform.records.totals import (
    Contribution,
    Figure,
    OwnerKey,
    Part,
    figure_of,
    figures_of,
    read_figures,
)

BY_DIFFERENCES: Final = frozenset({"sum", "count"})

Owner: TypeAlias = tuple[str, str]
"""Object name and id of a row that has roll-ups."""

RollupName: TypeAlias = tuple[str, str]
"""Object and field of a roll-up."""


@dataclass(slots=True)
class _Change:
    """What came to a figure and what left it, and where in the request that stands."""

    came: list[Part] = field(default_factory=list)
    left: list[Part] = field(default_factory=list)
    cause: str | None = None

    @property
    def difference(self) -> Any:
        """The amount by which a sum or count changes."""
        return sum(one.value for one in self.came) - sum(one.value for one in self.left)


Changes: TypeAlias = dict[RollupName, dict[OwnerKey, _Change]]


def settle(batch: Batch) -> None:
    """Pass the effect of every draft on to its owners, and of these to theirs, until all is told."""
    pending = [draft for draft in batch.drafts() if draft.kind != "computed"]
    _settle(batch, pending, within=False)


def settle_from(batch: Batch, drafts: Iterable[Draft]) -> None:
    """Pass on what has changed in rows of which only computed values were set."""
    _settle(batch, list(drafts), within=False)


def settle_within(batch: Batch) -> None:
    """Pass the effect on to owners that are drafts of the batch; for previews."""
    _settle(batch, list(batch.drafts()), within=True)


def _settle(batch: Batch, pending: list[Draft], *, within: bool) -> None:
    afresh = _Afresh(batch)
    changes: Changes = {}
    while pending or changes:
        for draft in pending:
            afresh.note(draft, changes)
            _tell(batch, draft, changes)
        pending, changes = _apply(batch, changes, afresh, within=within), {}


class _Afresh:
    """Owners that have just got other shared fields: none of their rows is known by a difference."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._fields: set[tuple[str, str, str]] = set()

    def __contains__(self, one: tuple[Draft, RollupModel]) -> bool:
        draft, rollup = one
        return (draft.shape.name, draft.id, rollup.field) in self._fields

    def note(self, draft: Draft, changes: Changes) -> None:
        """Note the figures of a draft that have to be read, once."""
        if draft.kind == "delete":
            return
        for rollup in draft.shape.stored_rollups:
            old, new = draft.old, draft.new
            same = old is not None and all(old[name] == new[name] for name in rollup.on)
            same = same and not draft.undeleted
            if not rollup.on or same or (draft, rollup) in self:
                continue
            self._fields.add((draft.shape.name, draft.id, rollup.field))
            key = figure_of(self._batch, rollup).key_of_owner(new)
            _changes_of(changes, rollup).setdefault(key or (), _Change())


def _changes_of(changes: Changes, rollup: RollupModel) -> dict[OwnerKey, _Change]:
    return changes.setdefault((rollup.owner, rollup.field), {})


def _tell(batch: Batch, draft: Draft, changes: Changes) -> None:
    if not draft.shape.model.feeds:
        return
    figures = figures_of(batch, draft.shape)
    if draft.fed is None:
        draft.fed = {}
        if draft.old is not None:
            for position, figure in enumerate(figures):
                draft.fed[position] = _contribution(batch, figure, draft.old)
    for position, figure in enumerate(figures):
        before = draft.fed.get(position)
        after = None
        if draft.kind != "delete":
            after = _contribution(batch, figure, draft.new)
        if before != after:
            draft.fed[position] = after
            of_rollup = _changes_of(changes, figure.rollup)
            if before is not None:
                _of_owner(of_rollup, before[0], draft, figure).left.append(before[1])
            if after is not None:
                _of_owner(of_rollup, after[0], draft, figure).came.append(after[1])


def _contribution(batch: Batch, figure: Figure, row: dict[str, Any]) -> Contribution | None:
    found = figure.contribution(batch, row)
    if found is not None and figure.rollup.op == "sum" and not found[1].value:
        return None
    return found


def _of_owner(
    changes: dict[OwnerKey, _Change], key: OwnerKey, draft: Draft, figure: Figure
) -> _Change:
    change = changes.get(key)
    if change is None:
        change = changes[key] = _Change()
    if not change.cause:
        change.cause = _cause(draft, figure)
    return change


def _cause(draft: Draft, figure: Figure) -> str:
    """Return where in the request stands what a row adds to an owner."""
    if draft.cause is not None:
        return draft.cause
    moved = draft.old is not None
    named = (figure.rollup.of, *(figure.shared if moved else ()))
    given = [name for name in named if name in draft.given]
    return draft.place + (pointer(given[0]) if given else "")


@dataclass(slots=True)
class _Task:
    """A figure of one owner that changes."""

    rollup: RollupModel
    key: OwnerKey
    change: _Change


def _apply(batch: Batch, changes: Changes, afresh: _Afresh, *, within: bool) -> list[Draft]:
    """Change the roll-ups of the owners and return those that changed."""
    tasks: dict[Owner, list[_Task]] = {}
    for name_and_id, task in _tasks(batch, changes, within=within):
        tasks.setdefault(name_and_id, []).append(task)
    _lock_owners(batch, tasks)
    changed: list[Draft] = []
    to_read: dict[RollupName, list[tuple[Draft, _Task]]] = {}
    for name_and_id, of_owner in tasks.items():
        owner = batch.draft(*name_and_id)
        if owner is None or owner.kind == "delete":
            continue
        for task in of_owner:
            if owner.kind == "computed":
                owner.cause = owner.cause or task.change.cause
            if (owner, task.rollup) in afresh or not _by_difference(owner, task):
                name = (task.rollup.owner, task.rollup.field)
                to_read.setdefault(name, []).append((owner, task))
        changed.append(owner)
    for waiting in to_read.values():
        _read(batch, waiting)
    for owner in changed:
        _check_digits(batch, owner)
        compute_formulas(owner)
    return changed


def _tasks(batch: Batch, changes: Changes, *, within: bool) -> Iterator[tuple[Owner, _Task]]:
    shared = [
        (rollup, changes[name])
        for name in sorted(changes)
        if (rollup := batch.shapes.of(name[0]).model.rollup(name[1])).on
    ]
    lock_keys(batch, [(rollup, key) for rollup, keys in shared for key in keys])
    for (object_name, name), of_rollup in changes.items():
        told = of_rollup
        rollup = batch.shapes.of(object_name).model.rollup(name)
        if rollup.op in BY_DIFFERENCES and not rollup.on:
            told = {key: one for key, one in told.items() if one.difference}
        owners = owners_by_key(batch, rollup, told) if rollup.on else None
        for key, change in told.items():
            for owner_id in owners[key] if owners is not None else key:
                if not within or batch.draft(object_name, owner_id):
                    yield (object_name, owner_id), _Task(rollup, key, change)


def _by_difference(owner: Draft, task: _Task) -> bool:
    """Change a figure by what came and left; return False where it has to be read."""
    rollup, change = task.rollup, task.change
    present = owner.new[rollup.field]
    if rollup.op in BY_DIFFERENCES:
        owner.new[rollup.field] = (present or 0) + change.difference
        return True
    if rollup.op not in {"min", "max"}:
        return False
    if present is not None and any(one.value == present for one in change.left):
        return False
    extreme = min if rollup.op == "min" else max
    values = [one.value for one in change.came]
    if present is not None:
        values.append(present)
    owner.new[rollup.field] = extreme(values, default=None)
    return True


def _read(batch: Batch, waiting: list[tuple[Draft, _Task]]) -> None:
    """Read one roll-up for all owners for which a difference does not do."""
    rollup = waiting[0][1].rollup
    asking = {
        task.key: owner.environment
        for owner, task in waiting
        if owner.environment is not None and task.key
    }
    figures = read_figures(batch, rollup, asking) if asking else {}
    empty = figure_of(batch, rollup).put_together(())
    for owner, task in waiting:
        owner.new[rollup.field] = figures.get(task.key, empty)


def _check_digits(batch: Batch, owner: Draft) -> None:
    for rollup in owner.shape.stored_rollups:
        storage, value = owner.shape.fields[rollup.field].storage, owner.new[rollup.field]
        if storage.kind == "decimal" and value is not None and abs(value) >= LIMITS[storage.scale]:
            place = owner.cause if owner.cause is not None else owner.place + pointer(rollup.field)
            batch.refuse([OVERFLOW.at(place)])


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
