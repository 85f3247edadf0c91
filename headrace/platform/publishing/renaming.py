"""Another name for a definition or a part of one, and for everything that names it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from headrace.platform.core.canonical import ordered
from headrace.platform.core.errors import NotFoundError, RefusedError
from headrace.platform.core.problems import Message, errors
from headrace.platform.metadata.building import build_catalog
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.definitions.choices import ChoiceDef, choice_of, live_names
from headrace.platform.metadata.definitions.keys import schema_of
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
    "Give the definition, or a field, state, choice, … of it.",
    "请指定定义，或其字段、状态、选项等。",
)
TAKEN: Final = Message(
    "rename.taken",
    "There is a {kind} “{name}” already.",
    "已有{kind}“{name}”。",
    "Choose another name.",
    "请换一个名称。",
)
NOT_A_VALUE: Final = Message(
    "rename.value",
    "“{name}” cannot be the value of a choice.",
    "“{name}”不能作为选项的值。",
    "Use 1 to 40 letters, digits, dots, hyphens and underscores.",
    "请使用 1 至 40 个字母、数字、点、连字符或下划线。",
)
VALUE_FORM: Final = re.compile(schema_of(ChoiceDef)["properties"]["value"]["pattern"])
LONGEST_VALUE: Final = 40
MOST_FORMER: Final = 20
OTHERWISE_READ: Final = Message(
    "rename.otherwise_read",
    "With the name “{name}”, {count} places would mean something else.",
    "改名为“{name}”后，有 {count} 处的含义会改变。",
    "Another thing is called so where this one is named, or the old name has a meaning of its own. Choose another name.",
    "引用处已有同名的内容，或原名称有特定含义。请换一个名称。",
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
    catalog: Catalog,
    document: Document,
    path: str,
    name: str,
    types: FieldTypes,
    live: Catalog | None = None,
) -> Renaming:
    """Return what it takes to call what `document` declares at `path` otherwise.

    Values of choices that `live` has say what they were, since records hold them; without it all do.

    Raise NotFoundError where it declares nothing there, RefusedError for a name that cannot be, that is
    taken, or with which something would mean something else.
    """
    found = [one for one in declared(catalog, document) if one.path == path]
    if not found:
        raise NotFoundError(NOTHING_THERE.at("/path", path=path or "/"))
    what = found[0]
    _refuse_form(what, name)
    if name == what.name:
        return Renaming(what, (), ())
    targets = _together(catalog, what)
    names: Names = dict.fromkeys(targets, name)
    _refuse_taken(catalog, targets, name)
    made = tuple(rewritten(catalog, catalog.documents, names))
    held = None
    if live is not None:
        held = partial(_live_names, _choices_of(live, targets), _choices_of(catalog, targets))
    changed = {id(before): after for before, after, _ in made}
    documents = tuple(
        (one, _remembering(catalog, one, changed[id(one)], names, held))
        for one in catalog.documents
        if id(one) in changed
    )
    _refuse_other_meaning(catalog, documents, names, types)
    places = tuple(dict.fromkeys(use for _, _, several in made for use in several))
    along = [one.name for one in _declared_of(catalog, targets) if (one.kind, one.id) != _key(what)]
    return Renaming(what, documents, places, tuple(sorted(set(along))))


def _refuse_form(what: Declared, name: str) -> None:
    """Raise RefusedError for what cannot be a name, or a value of a choice."""
    if what.key == "name":
        if not is_name(name):
            raise RefusedError(name_problem(name, (), "/name"))
    elif len(name) > LONGEST_VALUE or not VALUE_FORM.fullmatch(name):
        raise RefusedError(NOT_A_VALUE.at("/name", name=name))


def _choices_of(
    catalog: Catalog, targets: AbstractSet[tuple[str, str]]
) -> Mapping[str, Sequence[ChoiceDef]]:
    """Return all choices by the id of what has them; nothing where none is among `targets`."""
    found: dict[str, list[ChoiceDef]] = {}
    asked = any(kind == "choice" for kind, _ in targets)
    for document in catalog.documents if asked else ():
        for one in declared(catalog, document):
            if one.kind == "choice":
                part = choice_of(_part(document.content, one.path), one.name)
                found.setdefault(_owner(one), []).append(part)
    return found


def _owner(one: Declared) -> str:
    return one.id.removesuffix(f".{one.name}")


def _live_names(
    live: Mapping[str, Sequence[ChoiceDef]],
    drafted: Mapping[str, Sequence[ChoiceDef]],
    one: Declared,
) -> Sequence[str]:
    """Return the names by which records may hold a choice of a draft, and those it had before."""
    return live_names(live.get(_owner(one), ()), drafted[_owner(one)], one.name)


def _remembering(
    catalog: Catalog,
    before: Document,
    after: Document,
    names: Names,
    held: Callable[[Declared], Sequence[str]] | None,
) -> Document:
    """Return a document in which values with another name say what they were: records hold them.

    One that gets back a name that it had forgets what it was called since.
    """
    content = after.content
    for one in declared(catalog, before):
        new = names.get((one.kind, one.id))
        if one.kind == "choice" and new is not None:
            known = [one.name, *_part(before.content, one.path).get("was", ())]
            was = known if held is None else held(one)
            content = _changed(content, one.path.split("/")[1:], partial(_called, was, new))
    return after if content is after.content else Document(after.module, ordered(content))


def _called(was: Sequence[str], new: str, part: Mapping[str, Any]) -> Mapping[str, Any]:
    known = list(was)
    known = known[known.index(new) + 1 :] if new in known else known[:MOST_FORMER]
    rest = {key: one for key, one in part.items() if key != "was"}
    return {**rest, "was": known} if known else rest


def _part(content: Any, path: str) -> Mapping[str, Any]:
    for step in path.split("/")[1:]:
        content = content[int(step) if isinstance(content, list) else step]
    found: Mapping[str, Any] = content
    return found


def _changed(content: Any, way: Sequence[str], change: Callable[[Any], Any]) -> Any:
    """Return JSON with one place of it changed."""
    if not way:
        return change(content)
    if isinstance(content, list):
        at = int(way[0])
        return [*content[:at], _changed(content[at], way[1:], change), *content[at + 1 :]]
    return {**content, way[0]: _changed(content[way[0]], way[1:], change)}


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
    own = use.word.text
    if new is not None and (used.id == own or used.id.endswith("." + own)):
        named = used.id.removesuffix(own) + new
    elif used.kind == "parameter":
        expression, _, parameter = used.id.partition(".")
        named = f"{names.get(('expression', expression), expression)}.{parameter}"
    return use.kind, use.id, used.kind, named, use.how
