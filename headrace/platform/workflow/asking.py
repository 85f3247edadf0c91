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
from headrace.platform.formulas.tree import Binary, FieldRef, Node, Query, walk
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
    # A pinned formula may speak of something that is gone: whoever asks it is told of that.
    with suppress(LookupError):
        outer = [one for one in walk(query) if isinstance(one, FieldRef) and one.outer]
        values = {str(found.environment.value(one.path)) for one in outer}
        if found.id in values and any(_is_own(found, one) for one in walk(query)):
            # Nobody else asks about the rows of this record: it is held itself.
            return
        # The record itself is named to leave it out: others ask the same but for that.
        yield "\n".join(("asked", query.object, *sorted(values - {found.id})))


def _is_own(found: Subject, node: Node) -> bool:
    """Say whether a node asks for rows that refer to the record."""
    if not isinstance(node, Binary) or node.operator != "=":
        return False
    sides = [one for one in (node.left, node.right) if isinstance(one, FieldRef)]
    return any(
        one.outer and found.environment.value(one.path) == found.id for one in sides
    ) and not any(not one.outer and one.names == ("id",) for one in sides)
