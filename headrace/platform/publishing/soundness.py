"""The most of a draft that is sound: what is wrong in it is left out, as long as one object can do without.

In manifests and permissions only the entry in which the problem stands goes. Anything else with a problem is taken
as it is live; where that does not do, or there is no such thing, it is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Problem, errors
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.documents import Document
from headrace.platform.publishing.draft_content import id_of

ROUNDS: Final = 20
"""What is left out may be missed elsewhere, which then goes too: so deep at most."""
CUT: Final = frozenset({"module", "permission"})
"""Kinds of which an entry of a list can go alone."""

Attempt = Callable[[Sequence[Document]], tuple[Catalog | None, Sequence[Problem]]]
"""Builds and checks documents: the catalog where it could be built, and what is wrong."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A document that is not as the draft has it: as it is live, without some of its entries, or not there."""

    document: Document
    is_live: bool
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Sound:
    """What can be shown of a draft, and what of it is not in it."""

    catalog: Catalog
    left_out: tuple[LeftOut, ...] = ()


def sound_around(
    documents: Sequence[Document],
    live: Iterable[Document],
    needed: Callable[[Document], bool],
    attempt: Attempt,
) -> Sound:
    """Return the most of `documents` that is sound.

    Raise RefusedError with what is wrong with those that are `needed`, or with what these cannot do
    without.
    """
    present = list(documents)
    catalog, problems = attempt(present)
    if catalog is not None and not errors(problems):
        return Sound(catalog)
    first = tuple(errors(problems))
    former = {id_of(one): one for one in live}
    left: dict[str, LeftOut] = {}
    for _ in range(ROUNDS):
        wrong = _by_document(present, errors(problems))
        mine = [problem for one in present if needed(one) for problem in wrong.get(id_of(one), ())]
        if mine or not wrong:
            # What was left out is missed: the draft's own problems say what has to be mended.
            raise RefusedError.of([one for one in mine if one in first] or first)
        for position, one in enumerate(present):
            found = wrong.get(id_of(one))
            if found is not None:
                known = left.get(id_of(one))
                told = known.problems if known else tuple(found)
                instead = _without(one, found) if one.kind in CUT else None
                is_live = instead is None and known is None and former.get(id_of(one)) is not None
                if is_live:
                    instead = former[id_of(one)]
                left[id_of(one)] = LeftOut(known.document if known else one, is_live, told)
                present[position] = instead or _GONE
        present = [one for one in present if one is not _GONE]
        catalog, problems = attempt(present)
        if catalog is not None and not errors(problems):
            return Sound(catalog, tuple(left.values()))
    raise RefusedError.of(first)


_GONE: Final = Document("", {})


def _by_document(
    documents: Sequence[Document], problems: Iterable[Problem]
) -> Mapping[str, list[Problem]]:
    """Return the problems by the ids of the documents that they stand in; nothing where one has none."""
    files = {one.file: id_of(one) for one in documents}
    found: dict[str, list[Problem]] = {}
    for one in problems:
        name, dot, _ = one.path.removeprefix("/").partition(".json")
        where = files.get(name + dot)
        if where is None:
            return {}
        found.setdefault(where, []).append(one)
    return found


def _without(document: Document, problems: Iterable[Problem]) -> Document | None:
    """Return a document without the entries of its lists in which problems stand; None where that cannot be."""
    content: dict[str, Any] = dict(document.content)
    gone: dict[str, set[int]] = {}
    for one in problems:
        key, _, rest = one.path.partition(".json/")[2].partition("/")
        position = rest.partition("/")[0]
        if not position.isdigit() or not isinstance(content.get(key), list):
            return None
        gone.setdefault(key, set()).add(int(position))
    for key, positions in gone.items():
        content[key] = [one for at, one in enumerate(content[key]) if at not in positions]
        if not content[key]:
            del content[key]
    return Document(document.module, content)
