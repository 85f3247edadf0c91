"""A module once more under other names: whatever it says of itself speaks of the copy, the rest of what it spoke of."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.metadata.catalog import Catalog, ObjectModel
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.extended import way_of
from headrace.platform.metadata.naming import MAX_BYTES, numbered
from headrace.platform.metadata.references.declaring import (
    UNIQUE_ACROSS,
    Declared,
    beside,
    declared,
)
from headrace.platform.metadata.references.extensions import adds_anything, labelled, trimmed
from headrace.platform.metadata.references.rewriting import rewritten
from headrace.platform.metadata.references.values import Use
from headrace.platform.metadata.references.walking import DocumentWalk
from headrace.platform.metadata.wording import kind_word, text_of

WITHIN: Final = "approver within"
OWN_ORGANISATION: Final = "MY_ORGANISATION("
Json = Mapping[str, Any]
UNIQUE_PARTS: Final = ("constants", "calendars", "expressions")
ACTING: Final[Mapping[str, Text]] = {
    "organisation": Text("organisation", "组织"),
    "territory": Text("territory", "区域"),
}

EXTENSION_COPIED: Final = Message(
    "copy.extension",
    "The copy adds to the {kind} “{name}” what “{module}” adds to it, once more under names of its own: {names}.",
    "“{module}”对{kind}“{name}”的扩展会以新名称再添加一份：{names}。",
    "Take out of the extension in the draft what the copy does not need.",
    "副本不需要的部分，可在草稿的扩展中删除。",
    severity="warning",
)
ACTING_LEFT: Final = Message(
    "copy.acts_as",
    "The copy of “{name}” does not act as {part} any more: one object does.",
    "“{name}”的副本不再充当{part}：只能由一个对象充当。",
    "Its field “{name}” says to which one of the first object a record belongs.",
    "副本通过字段“{name}”指明记录所属的原对象数据。",
    severity="warning",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a copy of a module is to be called.

    `objects` are names for copies of some of its objects; `instead` names, by kind and name, what
    takes the place of a definition that is not copied.
    """

    name: str
    label: Mapping[str, str]
    objects: Mapping[str, str] = field(default_factory=dict)
    instead: Mapping[tuple[str, str], str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    """Modules that it requires besides those that the original does."""


@dataclass(frozen=True, slots=True)
class Copied:
    """The documents of a copy, without ids, and what there is to know before it is made."""

    documents: tuple[Document, ...]
    told: tuple[Problem, ...]


def copied(catalog: Catalog, source: str, wanted: Wanted, beside: Iterable[Document]) -> Copied:
    """Return the documents of the module `source` of `catalog` once more, without ids.

    Their names are none that `beside` has, the documents among which the copy will stand.
    """
    own = [one for one in catalog.documents if one.module == source]
    taking = [one for one in own if not _replaced(one, wanted)]
    used = {
        (use.used.kind, use.used.id)
        for document in taking
        for use in DocumentWalk(catalog, document).uses()
    }
    names = _names(catalog, taking, source, wanted, used, _taken(catalog, beside))
    kept = set(names.values())
    names |= {
        (one.kind, one.id): wanted.instead[one.kind, one.name]
        for document in own
        if _replaced(document, wanted)
        for one in declared(catalog, document)
        if not one.path
    }
    copies = {one.name for one in taking if one.kind == "object"}
    taking = [trimmed(catalog, one, names) if one.kind == "extends" else one for one in taking]
    taking = [one for one in taking if one.kind != "extends" or adds_anything(one)]
    made = [
        (before, Document(wanted.name, _without_ids(after.content)))
        for before, after, _ in rewritten(catalog, taking, names, partial(_longer, catalog, copies))
    ]
    return Copied(
        tuple(
            _adjusted(one, wanted, kept)
            for one in (_acting(catalog, copies, before, after) for before, after in made)
        ),
        tuple(_told(catalog, taking)),
    )


def proposed(
    catalog: Catalog, source: str, name: str, beside: Iterable[Document]
) -> dict[str, str]:
    """Return what the objects of a module would be called in a copy called `name`."""
    taken = _taken(catalog, beside)
    return _objects(catalog, source, Wanted(name, {}), taken)


def _replaced(document: Document, wanted: Wanted) -> bool:
    return (document.kind, document.name) in wanted.instead


def _objects(
    catalog: Catalog, source: str, wanted: Wanted, taken: Mapping[str, set[str]]
) -> dict[str, str]:
    """Return the names of the copies of objects: the copy's own in front, or in the module's place."""
    known = taken.get("object", set()) | set(wanted.objects.values())
    names: dict[str, str] = {}
    for one in catalog.documents:
        if one.kind == "object" and one.module == source and not _replaced(one, wanted):
            free = _free(_behind(one.name, source, wanted.name), known)
            names[one.name] = wanted.objects.get(one.name, free)
            known.add(names[one.name])
    return names


def _names(
    catalog: Catalog,
    documents: Iterable[Document],
    source: str,
    wanted: Wanted,
    used: AbstractSet[tuple[str, str]],
    taken: dict[str, set[str]],
) -> dict[tuple[str, str], str]:
    """Return the names of everything that has to be unique in the workspace.

    Constants and their like that the copy does not use stay where they are: the original's serve others.
    """
    objects = _objects(catalog, source, wanted, taken)
    names: dict[tuple[str, str], str] = {}
    for document in documents:
        for one in declared(catalog, document):
            if document.kind == "extends":
                new = _name(
                    one, source, wanted.name, objects, {one.kind: beside(catalog, document, one)}
                )
                names[one.kind, one.id] = new
            elif not one.path or (one.kind in UNIQUE_ACROSS and (one.kind, one.id) in used):
                new = _name(one, source, wanted.name, objects, taken)
                names[one.kind, one.id] = new
                taken.setdefault(one.kind, set()).add(new)
    return names


def _taken(catalog: Catalog, beside: Iterable[Document]) -> dict[str, set[str]]:
    """Return the names that documents, and parts that are unique across them, have by kind."""
    taken: dict[str, set[str]] = {}
    for document in beside:
        for one in declared(catalog, document):
            if not one.path or one.kind in UNIQUE_ACROSS:
                taken.setdefault(one.kind, set()).add(one.name)
    return taken


def _told(catalog: Catalog, taking: Iterable[Document]) -> Iterator[Problem]:
    for one in taking:
        place = f"/{one.file}"
        if one.kind == "extends":
            of = catalog.extended.get((one.of, one.name))
            said = [_said(one, part) for part in declared(catalog, one)]
            yield EXTENSION_COPIED.at(
                place,
                module=_called(catalog.modules[one.module].label, one.module),
                kind=kind_word(one.of),
                name=_called(text_of(of.document.content.get("label")) if of else Text(), one.name),
                names=Text(
                    ", ".join(each.en for each in said) or "–",
                    "、".join(each.zh for each in said) or "–",
                ),
            )
        elif "acts_as" in one.content:
            name = _called(text_of(one.content.get("label")), one.name)
            yield ACTING_LEFT.at(place, name=name, part=ACTING[one.content["acts_as"]])


def _said(document: Document, part: Declared) -> Text:
    """Return what people call a part that an extension adds."""
    found: Any = document.content
    for step in way_of(part.path, found):
        found = found[step]
    text = _called(text_of(found.get("label")), part.name)
    return Text(text.within("en"), text.within("zh"))


def _called(label: Text, name: str) -> Text:
    """Return what people call something: its label, its name where it has none."""
    return label or Text(name, name)


def _name(
    one: Declared,
    source: str,
    name: str,
    objects: Mapping[str, str],
    taken: Mapping[str, AbstractSet[str]],
) -> str:
    """Return the name of a copy: what is called after an object follows the object's."""
    if one.kind == "module":
        return name
    if one.kind == "object":
        return objects[one.name]
    about = [of for of in objects if one.name == of or one.name.startswith(of + "_")]
    wished = _behind(one.name, source, name)
    if about:
        of = max(about, key=len)
        wished = objects[of] + one.name.removeprefix(of)
    return _free(wished, taken.get(one.kind, ()))


def _behind(old: str, source: str, name: str) -> str:
    """Return a name with that of the copy in front."""
    if old == source or old.startswith(source + "_"):
        return name + old.removeprefix(source)
    return f"{name}_{old}"


def _free(wished: str, taken: Container[str]) -> str:
    """Return a name that nothing has, as long as names may be."""
    return numbered(wished[:MAX_BYTES].rstrip("_"), lambda name: name not in taken)


def _acting(
    catalog: Catalog, copies: AbstractSet[str], before: Document, after: Document
) -> Document:
    """Return an object of a copy with its records under those of the object that acts for all.

    What acted as organisation or territory is an object like others in the copy, with a lookup to the
    one that goes on acting; paths that ended in it go on along this lookup.
    """
    content = dict(after.content)
    acts_as = content.pop("acts_as", None)
    paths = {}
    for part, path in content.get("scope_paths", {}).items():
        end = _end(catalog, before.name, path)
        if path == "id" and acts_as == part:
            paths[part] = before.name
        elif end is not None and end.acts_as == part and end.name in copies:
            paths[part] = f"{path}.{end.name}"
        else:
            paths[part] = path
    if paths:
        content["scope_paths"] = paths
    if before.content.get("fields"):
        old = (_without_own(catalog, copies, one) for one in before.content["fields"])
        content["fields"] = [
            new if "default" in kept else {k: v for k, v in new.items() if k != "default"}
            for kept, new in zip(old, content["fields"], strict=True)
        ]
    if acts_as is not None:
        label = {"label": before.content["label"]} if "label" in before.content else {}
        link = {"name": before.name, "type": "lookup", "to": before.name, **label}
        content["fields"] = [*content["fields"], link]
    return Document(after.module, content)


def _longer(catalog: Catalog, copies: AbstractSet[str], use: Use) -> str | None:
    """Return the lookup by which a path to a territory goes on from the copy of what acts as one."""
    if use.how != WITHIN or use.used.kind != "field":
        return None
    owner, _, name = use.used.name.partition(".")
    end = _end(catalog, owner, name)
    return end.name if end is not None and end.acts_as is not None and end.name in copies else None


def _without_own(catalog: Catalog, copies: AbstractSet[str], one: Json) -> Json:
    """Return a field without the default that would be the caller's organisation, not a copy of it."""
    target = catalog.object(str(one.get("to", "")))
    acting = target is not None and target.acts_as is not None and target.name in copies
    own = OWN_ORGANISATION in str(one.get("default", ""))
    return {key: value for key, value in one.items() if not (acting and own and key == "default")}


def _end(catalog: Catalog, name: str, path: str) -> ObjectModel | None:
    """Return the object whose record stands at the end of a path of lookups."""
    model = catalog.object(name)
    for step in path.split("."):
        found = model.fields.get(step) if model is not None else None
        model = catalog.object(found.target) if found is not None and found.target else None
    return model


def _adjusted(document: Document, wanted: Wanted, names: AbstractSet[str]) -> Document:
    """Return a document of a copy without what only one can have, the module with its own label."""
    content = dict(document.content)
    if document.kind == "module":
        content |= {"label": dict(wanted.label), "version": "1.0.0"}
        for part in UNIQUE_PARTS:
            if part in content:
                content[part] = [one for one in content[part] if one["name"] in names]
        requires = [*content.get("requires", ()), *wanted.needs]
        if requires:
            content["requires"] = list(dict.fromkeys(requires))
    if document.kind == "extends":
        content = dict(labelled(content, Text(**wanted.label)))
    return Document(document.module, {key: value for key, value in content.items() if value != []})


def _without_ids(value: Any) -> Any:
    """Return a definition without its ids: those of a copy are its own."""
    if isinstance(value, Mapping):
        keep = "name" not in value
        return {key: _without_ids(one) for key, one in value.items() if key != "id" or keep}
    if isinstance(value, list):
        return [_without_ids(one) for one in value]
    return value
