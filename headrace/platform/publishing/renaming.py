"""Another name for a definition or a part of one, and for everything that names it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.core.problems import Message, errors
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.metadata.naming import is_name, name_problem
from headrace.platform.metadata.references import Use, uses
from headrace.platform.metadata.references.declaring import Declared, beside, declared
from headrace.platform.metadata.references.rewriting import Names, rewritten
from headrace.platform.metadata.references.values import Word
from headrace.platform.metadata.wording import kind_word

NOTHING_THERE: Final = Message(
    "rename.unknown",
    "There is nothing at {path} that other definitions can name.",
    "{path} 处没有可被其他定义引用的名称。",
    "Give the definition, or a field, state, … of it; a module keeps its name.",
    "请指定定义,或其字段、状态等;模块的名称保持不变。",
)
TAKEN: Final = Message(
    "rename.taken",
    "There is a {kind} “{name}” already.",
    "已有{kind}“{name}”。",
    "Choose another name.",
    "请换一个名称。",
)
OTHERWISE_READ: Final = Message(
    "rename.otherwise_read",
    "With the name “{name}”, {count} places would mean something else.",
    "改名为“{name}”后,有 {count} 处的含义会改变。",
    "Another thing is called so where this one is named, or the old name has a meaning of its own. Choose another name.",
    "引用处已有同名的内容,或原名称有特定含义。请换一个名称。",
)


@dataclass(frozen=True, slots=True)
class Renaming:
    """The documents that a new name changes, as they are and as they would be.

    `places` name what is renamed; `along` are names that are renamed with it, because a place names
    both by one word.
    """

    renamed: Declared
    documents: tuple[tuple[Document, Document], ...]
    places: tuple[Use, ...]
    along: tuple[str, ...] = ()


def rename(
    catalog: Catalog, document: Document, path: str, name: str, types: FieldTypes
) -> Renaming:
    """Return what it takes to call what `document` declares at `path` otherwise.

    Raise NotFoundError where it declares nothing there, RefusedError for a name that cannot be, that is
    taken, or with which something would mean something else.
    """
    found = [one for one in declared(catalog, document) if one.path == path]
    if not found or found[0].kind == "module":
        raise NotFoundError(NOTHING_THERE.at("/path", path=path or "/"))
    what = found[0]
    if not is_name(name):
        raise RefusedError(name_problem(name, (), "/name"))
    if name == what.name:
        return Renaming(what, (), ())
    targets = _together(catalog, what)
    names: Names = dict.fromkeys(targets, name)
    _refuse_taken(catalog, targets, name)
    made = tuple(rewritten(catalog, catalog.documents, names))
    documents = tuple((before, after) for before, after, _ in made)
    _refuse_other_meaning(catalog, documents, names, types)
    places = tuple(dict.fromkeys(use for _, _, several in made for use in several))
    along = [one.name for one in _declared_of(catalog, targets) if (one.kind, one.id) != _key(what)]
    return Renaming(what, documents, places, tuple(sorted(set(along))))


def _key(one: Declared) -> tuple[str, str]:
    return one.kind, one.id


def _together(catalog: Catalog, what: Declared) -> frozenset[tuple[str, str]]:
    """Return what has to be called the same: places name both by one word, as roll-ups `on` a field."""
    words: dict[tuple[str, str, Word], set[tuple[str, str]]] = {}
    for use in uses(catalog):
        if use.used.kind == what.kind and use.word.end > use.word.start:
            place = (use.id, use.path, use.word)
            words.setdefault(place, set()).add((use.used.kind, use.used.id))
    found = {_key(what)}
    while True:
        more = {key for keys in words.values() if keys & found for key in keys} - found
        if not more:
            return frozenset(found)
        found |= more


def _declared_of(catalog: Catalog, keys: AbstractSet[tuple[str, str]]) -> Iterator[Declared]:
    for document in catalog.documents:
        yield from (one for one in declared(catalog, document) if _key(one) in keys)


def _refuse_taken(catalog: Catalog, targets: AbstractSet[tuple[str, str]], name: str) -> None:
    """Raise RefusedError where something beside one of `targets` has the name."""
    for document in catalog.documents:
        own = tuple(declared(catalog, document))
        for one in own:
            if _key(one) in targets and name in beside(catalog, document, one):
                raise RefusedError(TAKEN.at("/name", kind=kind_word(one.kind), name=name))


def _refuse_other_meaning(
    catalog: Catalog,
    documents: tuple[tuple[Document, Document], ...],
    names: Names,
    types: FieldTypes,
) -> None:
    """Raise RefusedError where something would mean another thing than before, or nothing at all."""
    after = {id(before): made for before, made in documents}
    wanted = [after.get(id(one), one) for one in catalog.documents]
    built = build_catalog(wanted, types, catalog.version, catalog)
    if built.catalog is None:
        raise RefusedError.of(errors(built.problems))
    before = Counter(_meaning(use, names) for use in uses(catalog))
    now = Counter(_meaning(use, {}) for use in uses(built.catalog))
    differing = (before - now) + (now - before)
    if differing:
        name = next(iter(names.values()))
        raise RefusedError(OTHERWISE_READ.at("/name", name=name, count=len(differing)))


def _meaning(use: Use, names: Names) -> tuple[str, str, str, str, str]:
    """Return what a use says, with what is renamed under its new id where the name is in it."""
    used = use.used
    new = names.get((used.kind, used.id))
    named = used.id
    if new is not None and used.kind in {"child", "constant", "calendar", "expression"}:
        named = f"{used.id.rpartition('.')[0]}.{new}" if "." in used.id else new
    return use.kind, use.id, used.kind, named, use.how
