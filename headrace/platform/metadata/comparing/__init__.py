"""Two sets of documents compared, as sentences that an admin understands and as data.

Definitions are matched by id (by name where one side has none), so a rename is a rename. Whatever makes two
documents differ is told by at least one change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from headrace.platform.metadata.comparing.labels import Labels
from headrace.platform.metadata.comparing.rows import RowsLike, compare_rows
from headrace.platform.metadata.comparing.showing import Shower
from headrace.platform.metadata.comparing.values import Action, Change, Part
from headrace.platform.metadata.comparing.walking import Walk
from headrace.platform.metadata.documents import KINDS, Document, renamed_modules
from headrace.platform.metadata.field_types import FieldTypes, built_in

__all__ = ["Action", "Change", "Part", "RowsLike", "compare", "compare_content", "compare_rows"]


def compare(
    old: Iterable[Document], new: Iterable[Document], types: FieldTypes | None = None
) -> tuple[Change, ...]:
    """Return how `new` differs from `old`: module by module, what is gone last."""
    before, after = list(old), list(new)
    return _compare(before, after, Labels(after, before), types)


def _compare(
    before: Sequence[Document],
    after: Sequence[Document],
    labels: Labels,
    types: FieldTypes | None,
) -> tuple[Change, ...]:
    same = {*map(id, before)} & {*map(id, after)}
    pairs = _matched(
        [one for one in before if id(one) not in same],
        [one for one in after if id(one) not in same],
    )
    walk = Walk(Shower(labels, types or built_in()))
    changes: list[Change] = []
    for former, document in sorted(pairs, key=_order):
        if former is None and document is not None:
            changes.append(walk.added(document))
        elif document is None and former is not None:
            changes.append(walk.removed(former))
        elif former is not None and document is not None:
            changes.extend(walk.changed(former, document))
    return tuple(changes)


def compare_content(
    old: tuple[Sequence[Document], Sequence[RowsLike]],
    new: tuple[Sequence[Document], Sequence[RowsLike]],
    types: FieldTypes | None = None,
) -> tuple[Change, ...]:
    """Return how documents and rows together differ."""
    labels = Labels(new[0], old[0])
    renamed = renamed_modules(old[0], new[0])
    rows = compare_rows(old[1], new[1], labels, renamed)
    return (*_compare(old[0], new[0], labels, types), *rows)


Pair = tuple[Document | None, Document | None]


def _matched(old: Sequence[Document], new: Sequence[Document]) -> list[Pair]:
    """Return which documents are the same definition and differ; None on one side: it comes or goes."""
    by_id = {_id(one): one for one in old if _id(one)}
    by_name = {(one.space, one.name): one for one in old}
    taken: set[int] = set()
    pairs: list[Pair] = []
    for document in new:
        former = by_id.get(_id(document)) if _id(document) else None
        if former is None:
            named = by_name.get((document.space, document.name))
            if named is not None and not (_id(named) and _id(document)):
                former = named
        if former is not None and id(former) not in taken:
            taken.add(id(former))
            if former is not document and _differ(former, document):
                pairs.append((former, document))
        else:
            pairs.append((None, document))
    pairs.extend((one, None) for one in old if id(one) not in taken)
    return pairs


def _differ(one: Document, other: Document) -> bool:
    return one.hash != other.hash


def _id(document: Document) -> str:
    return str(document.content.get("id") or "")


def _order(pair: Pair) -> tuple[bool, str, int, str]:
    former, document = pair
    one = document or former
    if one is None:
        raise AssertionError("a pair has a side")
    place = KINDS.index(one.kind) if one.kind in KINDS else len(KINDS)
    return document is None, one.module, place, one.name


def sentences(changes: Iterable[Change], language: str) -> Iterator[str]:
    """Yield what changed in one language."""
    for change in changes:
        yield change.sentence.within(language)
