"""Conditions that ask other records: whoever asks the same waits for whoever has asked before.

What a condition asks is often taken by what follows from the answer: the credit that lets an order pass
without an approval is used by the order. Two that ask at the same moment would both be told of the same
credit. So who takes a way that depends on a question first holds what it stands for, the object asked and
the values of the own record that it is asked with, until the end of the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.tree import FieldRef, Query, walk
from headrace.platform.records.owner_keys import lock_texts
from headrace.platform.workflow.subjects import Subject


def hold_what_is_asked(found: Subject, conditions: Iterable[Expression | None]) -> None:
    """Let those wait who ask the same as `conditions` over a record that is held already."""
    texts = {
        text
        for condition in conditions
        if condition is not None
        for query in condition.queries
        for text in _texts(found, query)
    }
    if texts:
        lock_texts(found.environment.batch, texts)


def _texts(found: Subject, query: Query) -> Iterator[str]:
    outer = (node for node in walk(query) if isinstance(node, FieldRef) and node.outer)
    # A pinned formula may speak of something that is gone: whoever asks it is told of that.
    with suppress(LookupError):
        values = sorted({str(found.environment.value(one.path)) for one in outer})
        # Nobody else asks about the rows of this record: it is held itself.
        if found.id not in values:
            yield "\n".join(("asked", query.object, *values))
