"""What the copy of a module adds to definitions of others: what the original adds, once more beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from headrace.platform.core.problems import LANGUAGES, Text, pointer
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.references.declaring import declared
from headrace.platform.metadata.references.walking import DocumentWalk

OWN: Final = frozenset({"kind", "of", "name", "id", "after"})
"""Keys of an extension under which there is nothing that it adds."""
ALONG: Final = frozenset({"field", "child", "state", "transition", "step", "choice"})
"""Parts that others can name: they come along whatever they speak of."""


def trimmed(catalog: Catalog, document: Document, names: Mapping[tuple[str, str], str]) -> Document:
    """Return an extension with that of it alone which a copy has to add once more.

    What speaks of nothing that gets one of `names` is there already, from the original.
    """
    touched = {
        use.path
        for use in DocumentWalk(catalog, document).places()
        if (use.used.kind, use.used.id) in names
    }
    touched |= {one.path for one in declared(catalog, document) if one.kind in ALONG}
    content: dict[str, Any] = {}
    for key, value in document.content.items():
        kept: Any = value if key in OWN else _kept(value, pointer(key), touched)
        if kept not in ([], {}):
            content[key] = kept
    left = {str(one.get("name") or one.get("value")) for one in _items(content)}
    left |= set(_texts(content))
    if "after" in content:
        after = {name: one for name, one in content["after"].items() if name in left}
        content = {key: one for key, one in content.items() if key != "after"}
        content |= {"after": after} if after else {}
    return Document(document.module, content)


def adds_anything(document: Document) -> bool:
    """Say whether an extension adds anything."""
    return not set(document.content) <= OWN


def labelled(content: Mapping[str, Any], copy: Text) -> Mapping[str, Any]:
    """Return an extension whose parts say of which copy they are, beside those of the original."""

    def say(value: Any) -> Any:
        if isinstance(value, list):
            return [say(one) for one in value]
        if isinstance(value, Mapping) and isinstance(value.get("label"), Mapping):
            return {**value, "label": _with(value["label"], copy)}
        return value

    return {
        key: {name: say(one) for name, one in value.items()}
        if isinstance(value, Mapping)
        else say(value)
        for key, value in content.items()
    }


def _with(label: Mapping[str, Any], copy: Text) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for language, text in label.items():
        said = copy.within(language) if language in LANGUAGES else ""
        brackets = f"（{said}）" if language == "zh" else f" ({said})"
        made[language] = f"{text}{brackets}" if said else text
    return made


def _kept(value: Any, place: str, touched: AbstractSet[str]) -> Any:
    """Return the items of a list, or of lists by name, in which something is touched."""
    if isinstance(value, Mapping):
        by_name = {name: _kept(one, place + pointer(name), touched) for name, one in value.items()}
        return {name: one for name, one in by_name.items() if one}
    if not isinstance(value, list):
        return value
    found = []
    for position, one in enumerate(value):
        where = place + pointer(position)
        if any((path + "/").startswith(where + "/") for path in touched):
            inside = one.get("items") if isinstance(one, Mapping) else None
            items = where + pointer("items")
            found.append({**one, "items": _kept(inside, items, touched)} if inside else one)
    return found


def _items(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for value in content.values():
        for one in value if isinstance(value, list) else _flat(value):
            if isinstance(one, Mapping):
                yield one


def _texts(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is added by its name alone, as columns and items of sections are."""
    for value in content.values():
        for one in value if isinstance(value, list) else _flat(value):
            if isinstance(one, str):
                yield one
            elif isinstance(one, Mapping):
                yield from (str(one[key]) for key in ("field", "children") if key in one)


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from one if isinstance(one, list) else ()
