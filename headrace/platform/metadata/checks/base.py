"""What a check is: a function from the catalog and its places to problems."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, Final, TypeVar

from headrace.platform.core.problems import Problem, pointer
from headrace.platform.formulas.tree import FieldRef
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.catalog import (
    AutomationModel,
    Catalog,
    FieldModel,
    GrantModel,
    ObjectModel,
    WorkflowModel,
)
from headrace.platform.metadata.checks.memory import ANY, Memory, Notes, Watched
from headrace.platform.metadata.checks.readers import Readers
from headrace.platform.metadata.checks.satisfiable import Domain
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.extended import Extended

T = TypeVar("T")
_UNKNOWN: Final = Domain()


class Subject:
    """The catalog under check, and where each definition stands in the files.

    What is asked of it is noted: `each` and `once` take over what `memory` knows where nothing that
    was read for it has changed.
    """

    def __init__(self, catalog: Catalog, memory: Memory | None = None) -> None:
        state: dict[str, Mapping[str, Any]] = {part: getattr(catalog, part) for part in _PARTS}
        state["documents"], state["permissions of"] = _by_place(catalog.documents)
        state["workflows of"] = _by_object(catalog.workflows.values())
        state["written by"] = _by_written(catalog.automations.values())
        self._state = state
        self._notes = Notes(state, memory or Memory())
        note = self._notes.note
        watched: dict[str, Any] = {part: Watched(part, state[part], note) for part in _PARTS}
        self.catalog = replace(catalog, **watched)
        self._documents = Watched[tuple[Document, ...]]("documents", state["documents"], note)
        self._workflows = Watched[tuple[WorkflowModel, ...]](
            "workflows of", state["workflows of"], note
        )
        self._written_by = Watched[frozenset[str]]("written by", state["written by"], note)
        self._permissions = Watched[tuple[Document, ...]](
            "permissions of", state["permissions of"], note
        )
        self._note = note
        self._whole = catalog
        self.readers = Readers(self.catalog, self.once)

    @cached_property
    def fields_by_id(self) -> FieldsById:
        """Every field that formulas can speak of, by its id; of the system fields any one."""
        return FieldsById(self._notes.kept("fields", FieldIndex).of(self._whole), self._note)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` gives; it may look at this subject and at nothing else."""
        return self._notes.once(key, make)

    def each(
        self, check: str, kind: str, make: Callable[[Any], Iterable[Problem]]
    ) -> Iterator[Problem]:
        """Yield what a check finds in each definition among the `kind` of the catalog.

        Costs what has changed, not what there is. Not for use within `once`.
        """
        yield from self._each(check, kind, getattr(self._whole, kind), make)

    def each_document(
        self, check: str, make: Callable[[Document], Iterable[Problem]]
    ) -> Iterator[Problem]:
        """Yield what a check finds in each document by itself, worked out once for each of them."""

        def of_documents(documents: tuple[Document, ...]) -> Iterator[Problem]:
            for one in documents:
                yield from one.worked_out(check, lambda: tuple(make(one)))  # noqa: B023 - called at once

        yield from self._each(check, "documents", self._state["documents"], of_documents)

    def _each(
        self,
        check: str,
        kind: str,
        values: Mapping[str, Any],
        make: Callable[[Any], Iterable[Problem]],
    ) -> Iterator[Problem]:
        findings = self._notes.all_found(check, kind, values, lambda one: tuple(make(one)))
        if findings.told:
            for name in values:
                yield from findings.told.get(name, ())

    def over_all(
        self,
        check: str,
        kind: str,
        of_each: Callable[[Any], Any],
        conclude: Callable[[Mapping[str, Any]], Iterable[Problem]],
    ) -> Iterator[Problem]:
        """Yield what follows from what `of_each` gives for all definitions of a kind together.

        `conclude` gets that by name. Where it is as it was when nothing followed, nothing follows.
        """
        values = getattr(self._whole, kind)
        findings = self._notes.all_found(check, kind, values, of_each)
        if findings.quiet == findings.revision:
            return
        problems = tuple(conclude({name: findings.values[name] for name in values}))
        findings.quiet = findings.revision if not problems else -1
        yield from problems

    def workflows_of(self, object_name: str) -> tuple[WorkflowModel, ...]:
        """Return the workflows that move the rows of an object."""
        return self._workflows.get(object_name, ())

    def set_by_automations(self, object_name: str) -> frozenset[str]:
        """Return the fields of an object that automations set."""
        return self._written_by.get(object_name, frozenset())

    def grants_of(self, model: ObjectModel) -> Iterator[tuple[GrantModel, str]]:
        """Yield every grant on an object with its place."""
        left = iter(self.catalog.permissions.get(model.name, ()))
        for document in self._permissions.get(model.name, ()):
            count = len(self.content("permission", document.name)["grants"])
            for position, grant in enumerate(itertools.islice(left, count)):
                yield grant, self.at("permission", document.name, "grants", position)

    def at(self, kind: str, name: str, *parts: str | int) -> str:
        """Return the place of a definition's part: file and JSON Pointer.

        What extensions add stands in their files.
        """
        extended = self._extended(kind, name)
        if extended is not None:
            return extended.place(*parts)
        documents = self._documents.get(f"{kind} {name}", ())
        own = documents and documents[0].kind != "extends"
        return (f"/{documents[0].file}" if own else "") + pointer(*parts)

    def at_list(self, kind: str, name: str, key: str) -> str:
        """Return the place of a list as a whole: the last file that adds to it."""
        extended = self._extended(kind, name)
        return extended.place_of_list(key) if extended else self.at(kind, name, key)

    def field(self, object_name: str, field_name: str, *parts: str | int) -> str:
        """Return the place of a field's part."""
        places = self.once(("places", object_name), partial(self._field_places, object_name))
        return places.get(field_name, "") + pointer(*parts)

    def filter_place(self, field: FieldModel) -> str:
        """Return the place of the condition of a reference, or of that of one of its targets."""
        if field.key_of is None:
            return self.field(field.object, field.name, "filter")
        source = self.catalog.objects[field.object].fields[field.key_of]
        objects = [one.object for one in source.options.filters]
        at = ("filters", objects.index(str(field.target)), "filter")
        return self.field(field.object, source.name, *at)

    def _field_places(self, object_name: str) -> dict[str, str]:
        places: dict[str, str] = {}
        for position, field in enumerate(self.content("object", object_name).get("fields", ())):
            places.setdefault(field["name"], self.at("object", object_name, "fields", position))
        return places

    def content(self, kind: str, name: str) -> dict[str, Any]:
        """Return the JSON of a definition with what extensions add to it."""
        extended = self._extended(kind, name)
        if extended is not None:
            return dict(extended.content)
        documents = self._documents.get(f"{kind} {name}", ())
        own = documents and documents[0].kind != "extends"
        return dict(documents[0].content) if own else {}

    def _extended(self, kind: str, name: str) -> Extended | None:
        """Return a definition with its extensions, where it has some; its documents are noted."""
        self._documents.get(f"{kind} {name}")
        return self._whole.extended.get((kind, name))

    def domain(self, reference: FieldRef) -> Domain:
        """Return the values that the field of a reference can have."""
        field = self.fields_by_id.get(reference.path[-1])
        if field is None:
            return _UNKNOWN
        return self.domain_of(field, across=len(reference.path) > 1)

    def domain_of(self, field: FieldModel, *, across: bool = False) -> Domain:
        """Return the values that a field can have; `across` a lookup there may be no record."""
        never_null = not across and (field.computed == "workflow" or field.name == "id")
        values = self.values_of(field)
        if values is not None:
            return Domain(values=values, never_null=never_null)
        bounds = getattr(field.type, "bounds", None)
        if field.value_type.kind is not Kind.NUMBER or bounds is None:
            return Domain(never_null=never_null)
        least, most = bounds(field.options)
        return Domain(None, least, most, field.value_type.scale, never_null)

    def values_of(self, field: FieldModel) -> frozenset[Any] | None:
        """Return the values of a field that has a list of them: choices, states, yes and no."""
        if field.value_type.kind is Kind.BOOLEAN:
            return frozenset((True, False))
        if field.computed == "workflow":
            workflow = self.catalog.workflows.get(field.options.workflow)
            return frozenset(workflow.states) if workflow else None
        choices = None if field.storage.many else getattr(field.options, "choices", None)
        return frozenset(one.value for one in choices) if choices else None


class FieldIndex:
    """The fields of one catalog after the other by their ids; goes through what has changed."""

    def __init__(self) -> None:
        self._objects: Mapping[str, ObjectModel] = {}
        self._fields: dict[str, FieldModel] = {}

    def of(self, catalog: Catalog) -> Mapping[str, FieldModel]:
        """Return every field of a catalog by its id; of the system fields any one."""
        before, now = self._objects, {**catalog.system_objects, **catalog.objects}
        gone = (one for name, one in before.items() if now.get(name) is not one)
        for field in itertools.chain.from_iterable(one.fields.values() for one in gone):
            if not field.system:
                self._fields.pop(field.id, None)
        come = (one for name, one in now.items() if before.get(name) is not one)
        for field in itertools.chain.from_iterable(one.fields.values() for one in come):
            self._fields[field.id] = field
        self._objects = now
        return self._fields


class FieldsById(Mapping[str, FieldModel]):
    """Every field that formulas can speak of, by its id; what is asked for is noted."""

    def __init__(self, fields: Mapping[str, FieldModel], note: Callable[[str, str], None]) -> None:
        self._note = note
        self._fields = fields

    def __getitem__(self, field_id: str) -> FieldModel:
        found = self._fields.get(field_id)
        if found is None:
            self._note("objects", ANY)
            raise KeyError(field_id)
        if not found.system:
            self._note("objects", found.object)
        return found

    def __iter__(self) -> Iterator[str]:
        self._note("objects", ANY)
        return iter(self._fields)

    def __len__(self) -> int:
        self._note("objects", ANY)
        return len(self._fields)


Placed = Mapping[str, tuple[Document, ...]]


def _by_place(documents: Iterable[Document]) -> tuple[Placed, Placed]:
    """Return each definition with its extensions, by kind and name, and permissions by object."""
    found: dict[str, tuple[Document, ...]] = {}
    extensions: dict[str, tuple[Document, ...]] = {}
    permissions: dict[str, tuple[Document, ...]] = {}
    for one in documents:
        kind = one.kind
        if kind == "extends":
            extensions[one.place] = (*extensions.get(one.place, ()), one)
            continue
        found.setdefault(one.place, one.alone)
        if kind == "permission":
            about = str(one.content["object"])
            permissions[about] = (*permissions[about], one) if about in permissions else one.alone
    for place, more in extensions.items():
        found[place] = (*found.get(place, ()), *more)
    return found, permissions


def _by_object(workflows: Iterable[WorkflowModel]) -> Mapping[str, tuple[WorkflowModel, ...]]:
    found: dict[str, tuple[WorkflowModel, ...]] = {}
    for one in workflows:
        found[one.object] = (*found.get(one.object, ()), one)
    return found


def _by_written(automations: Iterable[AutomationModel]) -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    waiting = [action for one in automations for action in one.actions]
    while waiting:
        action = waiting.pop()
        waiting.extend(action.actions)
        name = action.object or ""
        fields = (one.field for one in action.assignments)
        found[name] = found.get(name, frozenset()).union(fields)
    return found


_PARTS: Final = (
    "objects",
    "workflows",
    "automations",
    "permissions",
    "roles",
    "forms",
    "views",
    "reports",
    "dashboards",
    "choice_sets",
    "modules",
    "constants",
    "expressions",
    "calendars",
    "scenarios",
)
"""The parts of a catalog that checks look things up in."""

Check = Callable[[Subject], Iterable[Problem]]
"""A check; its docstring says what it reads, so that it can be run again for what changed."""
