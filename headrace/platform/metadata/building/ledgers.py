"""Ledgers: which fields of an entry never change, and what a reversal gets."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from decimal import Decimal

from headrace.platform.metadata.building.assigning import assignments_of
from headrace.platform.metadata.building.workbench import Workbench
from headrace.platform.metadata.catalog import LedgerModel, ObjectModel
from headrace.platform.metadata.definitions.objects import LedgerDef

SINGLE = ("amount", "balance", "position", "date", "reversal_of", "reason")
"""The keys of a ledger that name one field."""


def with_ledger(work: Workbench, model: ObjectModel) -> ObjectModel:
    """Add how the entries of an object make up accounts; a name that is unknown is a problem."""
    definition = model.definition.ledger
    if definition is None:
        return model
    known = True
    for name, *steps in _named(definition):
        if name not in model.fields:
            work.report_unknown_field(model.definition, model, name, "ledger", *steps)
            known = False
    place = work.place(model.definition, "ledger", "set")
    assignments = assignments_of(work, model, definition.set, place)
    if not known:
        return model
    kept = (definition.balance, definition.position, definition.reversal_of)
    ledger = LedgerModel(
        definition,
        None if definition.floor is None else Decimal(definition.floor),
        fixed=frozenset(_fixed(model, definition)),
        kept=frozenset(one for one in kept if one is not None),
        assignments=assignments,
    )
    return dataclasses.replace(model, ledger=ledger)


def _named(definition: LedgerDef) -> Iterator[tuple[str, str] | tuple[str, str, int]]:
    for key in SINGLE:
        name = getattr(definition, key)
        if name is not None:
            yield name, key
    for position, name in enumerate(definition.partition):
        yield name, "partition", position


def _fixed(model: ObjectModel, definition: LedgerDef) -> Iterator[str]:
    """Yield the fields on which balances rest, and those of which the amount is computed."""
    by_id = {field.id: field.name for field in model.fields.values()}
    yield from definition.partition
    yield from (definition.balance, definition.position, definition.date)
    if definition.reversal_of is not None:
        yield definition.reversal_of
    pending = [definition.amount]
    done: set[str] = set()
    while pending:
        name = pending.pop()
        if name in done:
            continue
        done.add(name)
        yield name
        expression = model.fields[name].expression
        if expression is not None:
            pending += [by_id[path[0]] for path in expression.references() if path[0] in by_id]
