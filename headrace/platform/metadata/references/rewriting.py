"""Other names for definitions: whatever names them is written anew, by the same walk that finds it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from headrace.platform.core.canonical import ordered
from headrace.platform.core.problems import pointer
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.references.declaring import declared
from headrace.platform.metadata.references.values import Use, Word
from headrace.platform.metadata.references.walking import DocumentWalk, id_of

Names = Mapping[tuple[str, str], str]
"""New names by kind and id of what gets them."""


def rewritten(
    catalog: Catalog,
    documents: Iterable[Document],
    names: Names,
    longer: Callable[[Use], str | None] = lambda _: None,
) -> Iterator[tuple[Document, Document, tuple[Use, ...]]]:
    """Yield each document that names something of `names`, as it is and with the new names, and where.

    `catalog` says what the names in the documents mean; its own documents are not touched. What
    `longer` gives for a use is put behind its name, as one more step of a path.
    """
    for document in documents:
        places = [one for one in DocumentWalk(catalog, document).places() if one.word.text]
        uses = tuple(
            use
            for use in places
            if (use.used.kind, use.used.id) in names and use.word.end > use.word.start
        )
        edits: dict[str, list[tuple[Word, str]]] = defaultdict(list)
        for use in places:
            step = longer(use)
            if step is not None:
                edits[use.path].append((use.word, f"{use.word.text}.{step}"))
        for use in uses:
            edits[use.path].append((use.word, names[use.used.kind, use.used.id]))
        for own in declared(catalog, document):
            name = names.get((own.kind, own.id))
            if name is not None:
                edits[own.path + pointer(own.key)].append((Word(own.name, 0, len(own.name)), name))
        module = catalog.modules.get(document.module)
        moved = names.get(("module", id_of(module))) if module is not None else None
        if edits or moved:
            content = ordered(_written(document.content, "", edits))
            yield document, Document(moved or document.module, content), uses


def _written(value: Any, place: str, edits: Mapping[str, list[tuple[Word, str]]]) -> Any:
    if isinstance(value, Mapping):
        made = {}
        for key, one in value.items():
            below = place + pointer(key)
            made[_replaced(key, edits.get(below, ()), in_key=True)] = _written(one, below, edits)
        return made
    if isinstance(value, list):
        return [
            _written(one, place + pointer(position), edits) for position, one in enumerate(value)
        ]
    return _replaced(value, edits.get(place, ()), in_key=False) if isinstance(value, str) else value


def _replaced(text: str, edits: Iterable[tuple[Word, str]], *, in_key: bool) -> str:
    """Return a text with new names in it, put in from its end so that the places before stay."""
    wanted = {(one.start, one.end): name for one, name in edits if one.in_key is in_key}
    for (start, end), name in sorted(wanted.items(), reverse=True):
        # Expressions are called like functions, which many write in capitals.
        new = name.upper() if text[start:end].isupper() else name
        text = text[:start] + new + text[end:]
    return text
