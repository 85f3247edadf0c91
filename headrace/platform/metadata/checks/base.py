"""What a check is: a function from the catalog and its places to problems."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from headrace.platform.core.problems import Problem, pointer
from headrace.platform.formulas.tree import FieldRef
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.catalog import Catalog, FieldModel, GrantModel, ObjectModel
from headrace.platform.metadata.checks.readers import Readers
from headrace.platform.metadata.checks.satisfiable import Domain
from headrace.platform.metadata.documents import Document

_UNKNOWN: Final = Domain()


@dataclass(frozen=True)
class Subject:
    """The catalog under check, and where each definition stands in the files."""

    catalog: Catalog

    @cached_property
    def _documents(self) -> dict[tuple[str, str], Document]:
        return {
            (one.kind, one.name): one
            for one in reversed(self.catalog.documents)
            if one.kind != "extends"
        }

    @cached_property
    def _field_places(self) -> dict[tuple[str, str], str]:
        places: dict[tuple[str, str], str] = {}
        for document in self.catalog.documents:
            if document.kind in {"object", "extends"}:
                for position, field in enumerate(document.content.get("fields", ())):
                    place = f"/{document.file}/fields/{position}"
                    places.setdefault((document.name, field["name"]), place)
        return places

    @cached_property
    def readers(self) -> Readers:
        """Which roles could read what."""
        return Readers(self.catalog)

    @cached_property
    def fields_by_id(self) -> Mapping[str, FieldModel]:
        """Every field that formulas can speak of, by its id; of the system fields any one."""
        catalog = self.catalog
        return {
            field.id: field
            for model in (*catalog.system_objects.values(), *catalog.objects.values())
            for field in model.fields.values()
        }

    @cached_property
    def grants(self) -> tuple[tuple[ObjectModel, GrantModel, str], ...]:
        """Every grant with its object and its place."""
        found: list[tuple[ObjectModel, GrantModel, str]] = []
        left = {name: iter(grants) for name, grants in self.catalog.permissions.items()}
        for document in self.catalog.documents:
            if document.kind != "permission":
                continue
            model = self.catalog.objects[str(document.content["object"])]
            count = len(self.content("permission", document.name)["grants"])
            grants = itertools.islice(left[model.name], count)
            for position, grant in enumerate(grants):
                found.append(
                    (model, grant, self.at("permission", document.name, "grants", position))
                )
        return tuple(found)

    def at(self, kind: str, name: str, *parts: str | int) -> str:
        """Return the place of a definition's part: file and JSON Pointer.

        What extensions add stands in their files.
        """
        extended = self.catalog.extended.get((kind, name))
        if extended is not None:
            return extended.place(*parts)
        document = self._documents.get((kind, name))
        file = f"/{document.file}" if document else ""
        return file + pointer(*parts)

    def at_list(self, kind: str, name: str, key: str) -> str:
        """Return the place of a list as a whole: the last file that adds to it."""
        extended = self.catalog.extended.get((kind, name))
        return extended.place_of_list(key) if extended else self.at(kind, name, key)

    def field(self, object_name: str, field_name: str, *parts: str | int) -> str:
        """Return the place of a field's part."""
        return self._field_places.get((object_name, field_name), "") + pointer(*parts)

    def content(self, kind: str, name: str) -> dict[str, Any]:
        """Return the JSON of a definition with what extensions add to it."""
        found = self.catalog.extended.get((kind, name)) or self._documents.get((kind, name))
        return dict(found.content) if found else {}

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
        choices = getattr(field.options, "choices", None)
        return frozenset(one.value for one in choices) if choices else None


Check = Callable[[Subject], Iterable[Problem]]
"""A check; its docstring says what it reads, so that it can be run again for what changed."""
