"""Balances of ledgers reckoned anew: which accounts are wrong, and what their entries should hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from headrace.platform.database.prepared import Prepared, prepare
from headrace.platform.metadata.catalog import LedgerModel
from headrace.platform.records.batch import Batch, Rows
from headrace.platform.records.computing import compute_formulas
from headrace.platform.records.drafts import Draft
from headrace.platform.records.ledgers import lock_account
from headrace.platform.records.shapes import ObjectShape
from headrace.platform.records.totals import OwnerKey


def wrong_accounts(on: Rows, shape: ObjectShape) -> list[OwnerKey]:
    """Return the accounts in which an entry has no place, or not the balance that those before it give.

    Costs one pass over the table, sorted by account.
    """
    ledger = _ledger(shape)
    names = ledger.definition.partition
    read = [shape.fields[name].storage.from_driver(shape.shapes.dialect) for name in names]
    return [
        tuple(convert(one) for convert, one in zip(read, row, strict=False))
        for row in on.rows(_select_wrong(shape, ledger), {})
    ]


def set_right(batch: Batch, shape: ObjectShape, accounts: Iterable[OwnerKey]) -> list[Draft]:
    """Lock accounts and give their entries in the batch what they should hold; return those that differ."""
    ledger = _ledger(shape)
    amount, balance = ledger.definition.amount, ledger.definition.balance
    position = ledger.definition.position
    found: list[Draft] = []
    for key in sorted(accounts, key=str):
        lock_account(batch, shape, key)
        total: Any = 0
        place = 0
        for values in batch.work.rows(_select_account(shape, ledger), _key(shape, ledger, key)):
            draft = batch.loaded(shape, values, "computed")
            draft.action = "computed"
            place = draft.new[position] or place + 1
            total += draft.new[amount] or 0
            draft.new[position], draft.new[balance] = place, total
            compute_formulas(draft)
            if draft.changed():
                found.append(draft)
            else:
                batch.forget(draft)
    return found


def _ledger(shape: ObjectShape) -> LedgerModel:
    ledger = shape.model.ledger
    assert ledger is not None  # noqa: S101 - asked for ledgers only
    return ledger


def _order(shape: ObjectShape, ledger: LedgerModel) -> list[sa.ColumnElement[Any]]:
    columns = shape.table.columns
    first = columns[ledger.definition.position].nulls_last()
    return [first, columns["created_at"], shape.table.id]


def _select_wrong(shape: ObjectShape, ledger: LedgerModel) -> Prepared:
    def make() -> Prepared:
        columns = shape.table.columns
        keys = [columns[name] for name in ledger.definition.partition]
        amount = sa.func.coalesce(columns[ledger.definition.amount], 0)
        total = sa.func.sum(amount).over(
            partition_by=keys or None, order_by=_order(shape, ledger), rows=(None, 0)
        )
        inner = sa.select(
            *(key.label(f"k{number}") for number, key in enumerate(keys)),
            columns[ledger.definition.position].label("place"),
            columns[ledger.definition.balance].label("stored"),
            total.label("total"),
        )
        found = inner.where(shape.live()).subquery()
        named = [found.c[f"k{number}"] for number in range(len(keys))]
        wrong = sa.or_(found.c.place.is_(None), found.c.stored.is_distinct_from(found.c.total))
        select = sa.select(*(named or [sa.literal(1)])).where(wrong).distinct()
        return prepare(select, shape.shapes.dialect)

    prepared: Prepared = shape.shapes.part(("ledger_wrong", shape.name), make)
    return prepared


def _select_account(shape: ObjectShape, ledger: LedgerModel) -> Prepared:
    def make() -> Prepared:
        columns = shape.table.columns
        same = [
            columns[name].is_not_distinct_from(
                sa.bindparam(f"key_{number}", type_=columns[name].type)
            )
            for number, name in enumerate(ledger.definition.partition)
        ]
        select = sa.select(*shape.columns).where(*same, shape.live())
        select = select.order_by(*_order(shape, ledger))
        return prepare(select, shape.shapes.dialect)

    prepared: Prepared = shape.shapes.part(("ledger_account", shape.name), make)
    return prepared


def _key(shape: ObjectShape, ledger: LedgerModel, key: OwnerKey) -> dict[str, Any]:
    return {
        f"key_{number}": shape.to_driver[name](value)
        for number, (name, value) in enumerate(zip(ledger.definition.partition, key, strict=False))
    }
