"""Ledgers: entries get their place and their balance under a lock on their account, and then stay.

Posting order is the order in which writers get that lock. Who posts to several accounts takes their locks
in one fixed order, before any roll-up locks its owner. An account costs one look-up by an index, whatever
its number of entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.core.problems import Message, pointer
from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.formulas.decimals import LIMITS
from headrace.platform.formulas.messages import OVERFLOW
from headrace.platform.metadata.catalog import LedgerModel
from headrace.platform.records.batch import Batch
from headrace.platform.records.computing import compute_formulas
from headrace.platform.records.drafts import Draft
from headrace.platform.records.owner_keys import lock_texts
from headrace.platform.records.shapes import ObjectShape
from headrace.platform.records.totals import OwnerKey, complete

APPEND_ONLY: Final = Message(
    "ledger.append_only",
    "Entries of “{object}” stay: they are neither deleted nor brought back.",
    "“{object}”的流水不能删除，也不能恢复。",
    "Reverse the entry instead.",
    "请改为冲销该流水。",
)
FIXED: Final = Message(
    "ledger.fixed",
    "“{name}” of an entry never changes.",
    "流水的“{name}”不可修改。",
    "Reverse the entry and post a new one.",
    "请冲销该流水后重新记账。",
)
BELOW_FLOOR: Final = Message(
    "ledger.below_floor",
    "The account would be left with less than it may have.",
    "记账后余额将低于允许的最低值。",
    "Take less, or add to the account first.",
    "请减少金额，或先增加账户余额。",
)

Head = tuple[int, Any]
"""Position and balance of the last entry of an account."""
NO_ENTRY: Final[Head] = (0, 0)


def check_kept(batch: Batch) -> None:
    """Find entries that would go, or come back; what is taken back in order is the exception."""
    going: dict[tuple[ObjectShape, OwnerKey], list[Draft]] = {}
    for draft in batch.drafts():
        ledger = draft.shape.model.ledger
        if ledger is None or draft.old is None:
            continue
        key = complete(draft.old[name] for name in ledger.definition.partition)
        if draft.kind == "delete" and batch.retracting and key is not None:
            going.setdefault((draft.shape, key), []).append(draft)
        elif draft.kind == "delete" or draft.undeleted:
            batch.problems.append(APPEND_ONLY.at(draft.place, object=draft.shape.model.label))
    for (shape, key), drafts in going.items():
        if not _are_last(batch, shape, key, drafts):
            problem = APPEND_ONLY.at(drafts[0].place, object=shape.model.label)
            batch.problems.append(problem)


def check_fixed(batch: Batch) -> None:
    """Find stored entries of which something changes that balances rest on."""
    for draft in batch.drafts():
        ledger = draft.shape.model.ledger
        if ledger is None or draft.old is None or draft.kind == "delete" or draft.undeleted:
            continue
        for name in sorted(draft.changed() & ledger.fixed):
            label = draft.shape.fields[name].label
            batch.problems.append(FIXED.at(draft.place + pointer(name), name=label))


def post_entries(batch: Batch, work: UnitOfWork) -> None:
    """Give new entries their positions and balances, in the order in which they were taken in."""
    accounts: dict[tuple[ObjectShape, OwnerKey], list[Draft]] = {}
    for draft in batch.drafts():
        ledger = draft.shape.model.ledger
        if ledger is None or draft.kind != "create" or _is_moved(batch, draft, ledger):
            continue
        key = complete(draft.new[name] for name in ledger.definition.partition)
        if key is not None and draft.new[ledger.definition.amount] is not None:
            accounts.setdefault((draft.shape, key), []).append(draft)
    if not accounts:
        return
    lock_texts(batch, (_text(shape, key) for shape, key in accounts))
    for (shape, key), head in zip(accounts, _heads(work, list(accounts)), strict=True):
        _post(batch, shape, accounts[shape, key], head)


def _is_moved(batch: Batch, draft: Draft, ledger: LedgerModel) -> bool:
    """Say whether an entry comes from another database with the place that it had there."""
    return batch.moving and draft.given.get(ledger.definition.position) is not None


def _post(batch: Batch, shape: ObjectShape, drafts: list[Draft], head: Head) -> None:
    ledger = shape.model.ledger
    assert ledger is not None  # noqa: S101 - entries of ledgers only
    amount, balance = ledger.definition.amount, ledger.definition.balance
    storage = shape.fields[balance].storage
    position, total = head
    for draft in drafts:
        position += 1
        added = draft.new[amount]
        total += added
        if abs(total) >= LIMITS[storage.scale if storage.kind == "decimal" else 0]:
            batch.refuse([OVERFLOW.at(draft.place + pointer(amount))])
        if ledger.floor is not None and added < 0 and total < ledger.floor:
            batch.problems.append(BELOW_FLOOR.at(draft.place + pointer(amount)))
        draft.new[ledger.definition.position] = position
        draft.new[balance] = total
        compute_formulas(draft)


def lock_account(batch: Batch, shape: ObjectShape, key: OwnerKey) -> None:
    """Let nobody post to an account until the end of the transaction."""
    lock_texts(batch, [_text(shape, key)])


def _text(shape: ObjectShape, key: OwnerKey) -> str:
    return "\n".join(("ledger", shape.model.id, *map(str, key)))


def _heads(work: UnitOfWork, accounts: list[tuple[ObjectShape, OwnerKey]]) -> Iterator[Head]:
    """Yield the last position and balance of each account, asked for in one round trip."""
    with work.pipelined():
        asked = [
            (shape, work.execute(_select_head(shape), _parameters(shape, key)))
            for shape, key in accounts
        ]
        found = [(shape, cursor.fetchone()) for shape, cursor in asked]
    for shape, row in found:
        yield NO_ENTRY if row is None else _head(shape, row)


def _head(shape: ObjectShape, row: tuple[Any, ...]) -> Head:
    ledger = shape.model.ledger
    assert ledger is not None  # noqa: S101 - entries of ledgers only
    read = shape.fields[ledger.definition.balance].storage.from_driver(shape.shapes.dialect)
    return int(row[0] or 0), read(row[1]) or Decimal(0)


def _parameters(shape: ObjectShape, key: OwnerKey) -> dict[str, Any]:
    ledger = shape.model.ledger
    assert ledger is not None  # noqa: S101 - entries of ledgers only
    return {
        f"key_{number}": shape.to_driver[name](value)
        for number, (name, value) in enumerate(zip(ledger.definition.partition, key, strict=True))
    }


def _same(shape: ObjectShape) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that an entry belongs to the account of the parameters."""
    ledger = shape.model.ledger
    assert ledger is not None  # noqa: S101 - entries of ledgers only
    columns = shape.table.columns
    return [
        columns[name] == sa.bindparam(f"key_{number}", type_=columns[name].type)
        for number, name in enumerate(ledger.definition.partition)
    ]


def _select_head(shape: ObjectShape) -> Prepared:
    def make() -> Prepared:
        ledger = shape.model.ledger
        assert ledger is not None  # noqa: S101 - entries of ledgers only
        columns = shape.table.columns
        position = columns[ledger.definition.position]
        select = sa.select(position, columns[ledger.definition.balance])
        select = select.where(*_same(shape), shape.live())
        # Nulls, of rows that are older than the ledger, would come first on one database.
        select = select.where(position.is_not(None)).order_by(position.desc()).limit(1)
        return prepare(select, shape.shapes.dialect)

    prepared: Prepared = shape.shapes.part(("ledger_head", shape.name), make)
    return prepared


def _are_last(batch: Batch, shape: ObjectShape, key: OwnerKey, drafts: list[Draft]) -> bool:
    """Say whether entries are the last ones of their account; holds the account."""
    ledger = shape.model.ledger
    assert ledger is not None  # noqa: S101 - entries of ledgers only
    lock_account(batch, shape, key)
    least = min(int(draft.new[ledger.definition.position] or 0) for draft in drafts)
    parameters = {**_parameters(shape, key), "least": least}
    count: int = batch.work.rows(_count_since(shape), parameters)[0][0]
    return count == len(drafts)


def _count_since(shape: ObjectShape) -> Prepared:
    def make() -> Prepared:
        ledger = shape.model.ledger
        assert ledger is not None  # noqa: S101 - entries of ledgers only
        position = shape.table.columns[ledger.definition.position]
        least = sa.bindparam("least", type_=position.type)
        select = sa.select(sa.func.count()).where(*_same(shape), shape.live(), position >= least)
        return prepare(select.select_from(shape.table.table), shape.shapes.dialect)

    prepared: Prepared = shape.shapes.part(("ledger_since", shape.name), make)
    return prepared
