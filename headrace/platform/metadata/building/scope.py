"""The names that formulas over an object may use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from headrace.platform.formulas.scope import ResolvedField
from headrace.platform.formulas.types import Type
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel


def object_scope(catalog: Catalog, object_name: str) -> CatalogScope:
    """Return the scope in which formulas over `object_name` are analysed."""
    return CatalogScope(
        {**catalog.system_objects, **catalog.objects},
        {name: constant.type for name, constant in catalog.constants.items()},
        object_name,
    )


@dataclass(frozen=True, slots=True)
class CatalogScope:
    """The names that a formula over an object may use (the `Scope` of the formula language)."""

    objects: dict[str, ObjectModel]
    constants: dict[str, Type]
    object_name: str

    @property
    def object_id(self) -> str:
        """Return the id of the object."""
        return self.objects[self.object_name].id

    def resolve(self, names: tuple[str, ...]) -> ResolvedField | None:
        """Resolve API names along lookups to ids and the type of the last."""
        current: ObjectModel | None = self.objects.get(self.object_name)
        ids: list[str] = []
        found: FieldModel | None = None
        for name in names:
            found = current.fields.get(name) if current else None
            if found is None:
                return None
            ids.append(found.id)
            current = self.objects.get(found.target) if found.target else None
        return ResolvedField(tuple(ids), found.value_type) if found else None

    def constant(self, name: str) -> Type | None:
        """Return the type of a constant."""
        return self.constants.get(name)

    def query_scope(self, object_name: str) -> CatalogScope | None:
        """Return the scope of a query over `object_name`."""
        if object_name not in self.objects:
            return None
        return CatalogScope(self.objects, self.constants, object_name)

    def suggestions(self) -> Iterable[str]:
        """Return the names that could have been meant."""
        current = self.objects.get(self.object_name)
        return (*(current.fields if current else ()), *self.constants)
