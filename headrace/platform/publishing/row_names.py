"""Rows that travel with a module, by the names that a new version gives to what they speak of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from headrace.platform.metadata.definitions.choices import ChoiceDef, choice_of, renamed_values
from headrace.platform.metadata.documents import Document, renamed_modules
from headrace.platform.metadata.storage_types import SEPARATOR
from headrace.platform.publishing.rows import RowsFile, renamed_file

NAMING: Final = frozenset({"object", "extends", "choice_set", "workflow"})
"""Kinds of documents that say how rows call something."""
RECORD_TYPE: Final = "record_type"


def rows_following(
    rows: Sequence[RowsFile], before: Sequence[Document], after: Sequence[Document]
) -> tuple[RowsFile, ...]:
    """Return rows of `before` by the names of `after`: of modules, objects, columns, states and choices."""
    modules = renamed_modules(before, after)
    moved = [replace(one, module=modules.get(one.module, one.module)) for one in rows]
    same = {id(one) for one in after}
    if not moved or all(id(one) in same for one in before if one.kind in NAMING):
        return tuple(moved)
    then, now = _named(before), {one.id: one for one in _named(after).values()}
    return tuple(_followed(one, then.get(one.object), now) for one in moved)


@dataclass(slots=True)
class _Named:
    """What rows of an object are written with; `fields` are by id."""

    id: str
    name: str
    fields: dict[str, _Column] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Column:
    """A field: its name, and the values that it has or the states by id."""

    name: str
    choices: tuple[ChoiceDef, ...] = ()
    states: Mapping[str, str] = field(default_factory=dict)

    def renamed(self, now: _Column) -> Mapping[str, str]:
        """Return the values that are called otherwise."""
        states = {
            name: now.states[key]
            for key, name in self.states.items()
            if now.states.get(key, name) != name
        }
        return {**renamed_values(self.choices, now.choices), **states}


def _followed(one: RowsFile, then: _Named | None, now: Mapping[str, _Named]) -> RowsFile:
    new = None if then is None else now.get(then.id)
    if then is None or new is None:
        return one
    names: dict[str, str] = {}
    values: dict[str, Callable[[str], str]] = {}
    for key, column in then.fields.items():
        later = new.fields.get(key)
        if later is None:
            continue
        if later.name != column.name:
            names[column.name] = later.name
        renamed = column.renamed(later)
        if renamed:
            values[column.name] = _mapping(renamed)
    if not names and not values and new.name == one.object:
        return one
    return renamed_file(one, new.name, names, values)


def _mapping(renamed: Mapping[str, str]) -> Callable[[str], str]:
    def read(cell: str) -> str:
        return SEPARATOR.join(renamed.get(part.strip(), part) for part in cell.split(SEPARATOR))

    return read


def _named(documents: Sequence[Document]) -> dict[str, _Named]:
    """Return the objects of documents by name, with what extensions add to them."""
    sets: dict[str, list[ChoiceDef]] = {}
    flows: dict[str, dict[str, str]] = {}
    for one in _of(documents, "choice_set"):
        sets.setdefault(one.name, []).extend(_choices(one.content.get("choices")))
    for one in _of(documents, "workflow"):
        states = {
            str(part.get("id") or part["name"]): part["name"] for part in _parts(one, "states")
        }
        flows.setdefault(one.name, {}).update(states)
    found: dict[str, _Named] = {}
    for one in _of(documents, "object"):
        if one.kind == "object":
            found[one.name] = _Named(str(one.content.get("id") or one.name), one.name)
        if one.name not in found:
            continue
        columns = found[one.name].fields
        for part in _parts(one, "fields"):
            own = _choices(part.get("choices")) or sets.get(str(part.get("choice_set")), [])
            states = flows.get(str(part.get("workflow")), {})
            columns[str(part.get("id") or part["name"])] = _Column(part["name"], tuple(own), states)
        kinds = _choices(_parts(one, "record_types"), "name")
        if kinds:
            known = columns.get(RECORD_TYPE, _Column(RECORD_TYPE))
            columns[RECORD_TYPE] = replace(known, choices=(*known.choices, *kinds))
        added = one.content.get("choices")
        for name, choices in added.items() if isinstance(added, Mapping) else ():
            for key, column in columns.items():
                if column.name == name:
                    more = (*column.choices, *_choices(choices))
                    columns[key] = replace(column, choices=more)
    return found


def _of(documents: Iterable[Document], kind: str) -> list[Document]:
    """Return the definitions of a kind, then what is added to them."""
    own = [one for one in documents if one.kind == kind]
    return [*own, *(one for one in documents if one.kind == "extends" and one.of == kind)]


def _parts(document: Document, key: str) -> list[Mapping[str, Any]]:
    return list(_entries(document.content.get(key), "name"))


def _entries(value: Any, name: str) -> Iterator[Mapping[str, Any]]:
    """Yield the parts of a list that have names; a draft may hold anything."""
    for one in value if isinstance(value, list) else ():
        if isinstance(one, Mapping) and isinstance(one.get(name), str):
            yield one


def _choices(value: Any, key: str = "value") -> list[ChoiceDef]:
    return [choice_of(one, one[key]) for one in _entries(value, key)]
