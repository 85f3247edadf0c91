"""Definitions that a new content no longer has while others in it still name them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.references import Use, uses
from headrace.platform.metadata.wording import kind_word
from headrace.platform.publishing.catalogs import Content

IN_USE: Final = Message(
    "ref.in_use",
    "The {kind} “{name}” cannot go: it is used {count} times. {places}",
    "无法移除{kind}“{name}”：有 {count} 处在使用它。{places}",
    "Take it out of these places first, in the same publish.",
    "请在同一次发布中先从这些位置移除对它的使用。",
)
PARTS: Final = {"fields": "field", "states": "state", "transitions": "transition"}
SHOWN: Final = 20
"""Places that one problem lists; the count says how many there are."""


def used_but_gone(live: Catalog, old: Content, new: Content) -> Iterator[Problem]:
    """Yield a problem for each definition that goes while documents that stay still name it.

    A use counts where the document that makes it stays and says there what it said before; what is
    optional does not count.
    """
    gone = tuple(_gone(old, new))
    if not gone:
        return
    staying = {str(one.content.get("id")): one for one in new.documents}
    before = {str(one.content.get("id")): one for one in old.documents}
    present = {(one.kind, one.name): one for one in new.documents}
    optional = _left_out(old, new)
    for kind, definition_id, name in gone:
        found = tuple(
            use
            for use in uses(live).of_parts(kind, definition_id)
            if use.how != "optional" and use.id not in optional
            if _still_there(use, before, staying, present)
        )
        if found:
            places = [use.by for use in found[:SHOWN]]
            yield IN_USE.at(
                _place(found[0], staying, present),
                kind=kind_word(kind),
                name=name,
                count=len(found),
                places=Text("; ".join(one.en for one in places), ";".join(o.zh for o in places)),
            )


def _left_out(old: Content, new: Content) -> AbstractSet[str]:
    """Return the ids of extensions that count on modules that go, but can do without them."""
    owners = {(one.kind, one.name): one.module for one in old.documents}
    present = {one.name for one in new.documents if one.kind == "module"}
    optional = {
        one.name: set(one.content.get("optional", ())) - present
        for one in new.documents
        if one.kind == "module"
    }
    return {
        str(one.content.get("id"))
        for one in new.documents
        if one.kind == "extends" and owners.get((one.of, one.name)) in optional.get(one.module, ())
    }


def _gone(old: Content, new: Content) -> Iterator[tuple[str, str, str]]:
    """Yield kind, id and name of what no document of `new` defines any more."""
    gone, come = old.without(new), new.without(old)
    common = {one.hash for one in gone} & {one.hash for one in come}
    kept = {definition_id for _, definition_id, _ in _definitions(come, common)}
    dropped: set[str] = set()
    for kind, definition_id, name in _definitions(gone, common):
        if definition_id in kept:
            continue
        dropped.add(name)
        # Parts of something that goes as a whole are told with it.
        if name.rpartition(".")[0] not in dropped:
            yield kind, definition_id, name


def _definitions(
    documents: Iterable[Document], unchanged: AbstractSet[str]
) -> Iterator[tuple[str, str, str]]:
    for document in documents:
        if document.hash in unchanged:
            continue
        kind = document.kind
        if kind != "extends":
            yield kind, str(document.content.get("id")), document.name
        for part, part_kind in PARTS.items():
            for one in document.content.get(part, ()):
                yield part_kind, str(one.get("id")), f"{document.name}.{one['name']}"


def _still_there(
    use: Use,
    before: Mapping[str, Document],
    staying: Mapping[str, Document],
    present: Mapping[tuple[str, str], Document],
) -> bool:
    former = before.get(use.id) or present.get((use.kind, use.name))
    document = staying.get(use.id) or present.get((use.kind, use.name))
    if former is None or document is None:
        return False
    value = _at(former.content, use.path)
    return value is not None and value in _everywhere(document.content, use.path)


def _everywhere(content: Any, path: str) -> list[Any]:
    """Return what stands at `path` in a document whatever the positions in lists."""
    found = [content]
    for part in path.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        following: list[Any] = []
        for one in found:
            if isinstance(one, Mapping) and key in one:
                following.append(one[key])
            elif isinstance(one, list | tuple) and key.isdigit():
                following.extend(one)
        found = following
    return found


def _at(content: Any, path: str) -> Any:
    """Return what stands at a JSON Pointer; None where nothing does."""
    for part in path.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(content, Mapping):
            content = content.get(key)
        elif isinstance(content, list | tuple) and key.isdigit() and int(key) < len(content):
            content = content[int(key)]
        else:
            return None
    return content


def _place(
    use: Use, staying: Mapping[str, Document], present: Mapping[tuple[str, str], Document]
) -> str:
    document = staying.get(use.id) or present.get((use.kind, use.name))
    return f"/{document.file}{use.path}" if document else use.path
