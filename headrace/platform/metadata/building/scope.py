"""The names that formulas over an object may use."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from headrace.platform.formulas.scope import NamedExpression, ResolvedField
from headrace.platform.formulas.types import Type
from headrace.platform.metadata.building.parts import (
    CALENDARS,
    CONSTANTS,
    EXPRESSIONS,
    ITSELF,
    Read,
)
from headrace.platform.metadata.catalog import (
    CalendarModel,
    Catalog,
    ConstantModel,
    FieldModel,
    ObjectModel,
    target_name,
)
from headrace.platform.metadata.inputs import INPUT

_ENTERED: Final = (INPUT, "name")
"""The parts of the name of what a button asks."""


def object_scope(catalog: Catalog, object_name: str) -> CatalogScope:
    """Return the scope in which formulas over `object_name` are analysed."""
    return CatalogScope(
        ChainMap(
            cast("dict[str, ObjectModel]", catalog.objects),
            cast("dict[str, ObjectModel]", catalog.system_objects),
        ),
        catalog.constants,
        object_name,
        expressions=catalog.expressions,
        calendars=catalog.calendars,
    )


@dataclass(frozen=True, slots=True)
class CatalogScope:
    """The names that a formula over an object may use (the `Scope` of the formula language).

    Whatever is asked for is noted in `reads`, found or not.
    """

    objects: Mapping[str, ObjectModel]
    constants: Mapping[str, ConstantModel]
    object_name: str
    reads: set[Read] = field(default_factory=set)
    expressions: Mapping[str, NamedExpression] = field(default_factory=dict)
    calendars: Mapping[str, CalendarModel] = field(default_factory=dict)
    inputs: Mapping[str, FieldModel] = field(default_factory=dict)
    """What a button asks, which formulas name behind `input.`."""

    @property
    def object_id(self) -> str:
        """Return the id of the object."""
        return self.objects[self.object_name].id

    def resolve(self, names: tuple[str, ...]) -> ResolvedField | None:
        """Resolve API names along lookups to ids and the type of the last."""
        if self.inputs and names[0] == INPUT:
            entered = self.inputs.get(names[1]) if len(names) == len(_ENTERED) else None
            return ResolvedField((entered.id,), entered.value_type) if entered else None
        current = self._object(self.object_name)
        ids: list[str] = []
        found: FieldModel | None = None
        for name in names:
            if found is not None and found.targets:
                ids.pop()
                found = self._as_target(found, name)
            else:
                found = self._field(current, name) if current else None
            if found is None:
                return None
            ids.append(found.id)
            current = self._object(found.target) if found.target else None
        return ResolvedField(tuple(ids), found.value_type) if found else None

    def constant(self, name: str) -> Type | None:
        """Return the type of a constant."""
        self.reads.add((CONSTANTS, name))
        found = self.constants.get(name)
        return found.type if found else None

    def query_scope(self, object_name: str) -> CatalogScope | None:
        """Return the scope of a query over `object_name`."""
        if self._object(object_name) is None:
            return None
        return CatalogScope(
            self.objects, self.constants, object_name, self.reads, self.expressions, self.calendars
        )

    def calendar(self, name: str) -> str | None:
        """Return a working calendar in the form in which formulas hold it."""
        self.reads.add((CALENDARS, name))
        found = self.calendars.get(name)
        return found.text if found else None

    def named(self, name: str) -> NamedExpression | None:
        """Return a named expression."""
        self.reads.add((EXPRESSIONS, name))
        return self.expressions.get(name)

    def named_expressions(self) -> Iterable[str]:
        """Return the names of all named expressions."""
        return self.expressions

    def suggestions(self) -> Iterable[str]:
        """Return the names that could have been meant."""
        current = self.objects.get(self.object_name)
        fields = current.fields.values() if current else ()
        entered = (f"{INPUT}.{name}" for name in self.inputs)
        return (*(one.name for one in fields if one.key_of is None), *self.constants, *entered)

    def _object(self, name: str) -> ObjectModel | None:
        self.reads.add((name, ITSELF))
        return self.objects.get(name)

    def _as_target(self, field: FieldModel, name: str) -> FieldModel | None:
        """Return a polymorphic reference as one to a record of the object `name`."""
        self._object(name)
        return self.objects[field.object].fields.get(target_name(field.name, name))

    def _field(self, model: ObjectModel, name: str) -> FieldModel | None:
        self.reads.add((model.name, name))
        found = model.fields.get(name)
        return None if found is not None and found.key_of is not None else found
