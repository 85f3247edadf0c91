"""Which form a viewer gets for an object, and what stands on it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from headrace.platform.access.policy import can, editable_fields, names_of, pairs_for
from headrace.platform.access.principals import Principal
from headrace.platform.core.problems import Text
from headrace.platform.forms.field_view import (
    POSTED,
    FieldView,
    field_view,
    without_unreadable,
)
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.metadata.definitions.objects import ChildDef
from headrace.platform.metadata.definitions.screens import FormDef, FormItemDef, SectionDef
from headrace.platform.metadata.record_types import RECORD_TYPE

Mode = Literal["create", "edit", "read"]


@dataclass(frozen=True, slots=True)
class ChildGrid:
    """The rows of a child relation as a grid; rows can be added where it is `addable`."""

    name: str
    object: str
    by: str
    label: Text
    columns: tuple[FieldView, ...]
    least: int
    most: int
    editable: bool
    addable: bool = True

    def column(self, name: str) -> FieldView | None:
        """Return the column called `name`."""
        return next((one for one in self.columns if one.name == name), None)

    @property
    def main_column(self) -> FieldView:
        """The column that names a row: the first reference, else the first column."""
        references = (one for one in self.columns if one.target is not None)
        return next(references, self.columns[0])


@dataclass(frozen=True, slots=True)
class FormSection:
    """A group of fields and grids under a heading."""

    label: Text
    columns: int
    fields: tuple[FieldView, ...] = ()
    grids: tuple[ChildGrid, ...] = ()


@dataclass(frozen=True, slots=True)
class FormPage:
    """A form for one viewer: only what they may read, with what they may change marked.

    `record_type` is the type of records that it is for, `typed` whether other types have other forms.
    """

    object: str
    label: Text
    plural: Text
    mode: Mode
    sections: tuple[FormSection, ...]
    record_type: str | None = None
    typed: bool = False

    @property
    def fields(self) -> tuple[FieldView, ...]:
        """All fields, in order."""
        return tuple(field for section in self.sections for field in section.fields)

    @property
    def grids(self) -> tuple[ChildGrid, ...]:
        """All grids, in order."""
        return tuple(grid for section in self.sections for grid in section.grids)

    def field(self, name: str) -> FieldView | None:
        """Return the field called `name`."""
        return next((one for one in self.fields if one.name == name), None)

    def grid(self, name: str) -> ChildGrid | None:
        """Return the grid of the child relation called `name`."""
        return next((one for one in self.grids if one.name == name), None)

    def without(self, names: Collection[str]) -> FormPage:
        """Return the page without some fields, and without sections that are empty then."""
        left = (
            replace(one, fields=tuple(view for view in one.fields if view.name not in names))
            for one in self.sections
        )
        return replace(self, sections=tuple(one for one in left if one.fields or one.grids))

    @property
    def takes_files(self) -> bool:
        """Whether files can be sent with it."""
        views = (*self.fields, *(view for grid in self.grids for view in grid.columns))
        return any(view.files is not None and view.editable for view in views)

    @property
    def editable(self) -> bool:
        """Whether anything can be changed."""
        return any(one.editable for one in self.fields) or any(one.editable for one in self.grids)


def form_for(
    catalog: Catalog,
    principal: Principal,
    object_name: str,
    mode: Mode,
    *,
    editable: frozenset[str] | None = None,
    by_task: bool = False,
    record_type: str | None = None,
    form: str | None = None,
) -> FormPage:
    """Return the form of an object for `principal`, of records of a type where it has types.

    `form` names the one to take, whomever it is for; without it that is found by type and roles.

    `editable` names the fields and child relations that can be changed in the record at hand;
    without it they are those that could be in some record. `by_task` adds what an open task lets
    its holder read. The object must exist.
    """
    model = catalog.objects[object_name]
    if editable is None:
        editable = _editable(catalog, principal, object_name, mode)
    builder = _FormBuilder(catalog, principal, model, mode, editable, by_task)
    named = catalog.forms.get(form) if form else None
    definition = named or _chosen(catalog, principal, object_name, record_type)
    sections = builder.defined(definition) if definition else builder.default()
    typed = any(
        one.for_.record_types for one in catalog.forms.values() if one.object == object_name
    )
    return FormPage(object_name, model.label, model.plural, mode, sections, record_type, typed)


def _editable(
    catalog: Catalog, principal: Principal, object_name: str, mode: Mode
) -> frozenset[str]:
    if mode == "read":
        return frozenset()
    action: Literal["create", "update"] = "create" if mode == "create" else "update"
    return editable_fields(catalog, principal, object_name, action)


def _chosen(
    catalog: Catalog, principal: Principal, object_name: str, record_type: str | None
) -> FormDef | None:
    """The first form for the record's type and one of the viewer's roles.

    One for the type comes before one for all types, then one for a role before one for everybody.
    """
    fitting = [
        one
        for one in catalog.forms.values()
        if one.object == object_name
        and (not one.for_.roles or principal.role_names & set(one.for_.roles))
        and (not one.for_.record_types or record_type in one.for_.record_types)
    ]
    return min(
        fitting, key=lambda one: (not one.for_.record_types, not one.for_.roles), default=None
    )


@dataclass(frozen=True)
class _FormBuilder:
    catalog: Catalog
    principal: Principal
    model: ObjectModel
    mode: Mode
    editable: frozenset[str]
    by_task: bool

    @cached_property
    def readable(self) -> frozenset[str]:
        return self._readable(self.model.name)

    def defined(self, definition: FormDef) -> tuple[FormSection, ...]:
        sections = (self._section(section) for section in definition.sections)
        return tuple(one for one in sections if one.fields or one.grids)

    def default(self) -> tuple[FormSection, ...]:
        names = [field.name for field in self.model.fields.values() if not field.system]
        names.sort(key=lambda name: name != RECORD_TYPE)
        fields = tuple(self._fields(tuple(FormItemDef(field=name) for name in names)))
        main = FormSection(Text(), 2, fields=fields)
        grids = tuple(self._grids(tuple(FormItemDef(children=c.name) for c in self.model.children)))
        below = (FormSection(grid.label, 1, grids=(grid,)) for grid in grids)
        return (main, *below) if fields else tuple(below)

    def _section(self, section: SectionDef) -> FormSection:
        return FormSection(
            section.label,
            section.columns,
            tuple(self._fields(section.items)),
            tuple(self._grids(section.items)),
        )

    def _fields(self, items: tuple[FormItemDef, ...]) -> Iterator[FieldView]:
        for item in items:
            field = self.model.fields.get(item.field or "")
            if field is None or field.name not in self.readable or not self._shown(field):
                continue
            view = field_view(self.catalog, field, editable=self.editable)
            ledger = self.model.ledger
            fixed = self.mode == "edit" and ledger is not None and field.name in ledger.fixed
            if fixed and view.editable:
                view = replace(view, locked=POSTED)
            yield without_unreadable(view, self.readable)

    def _shown(self, field: FieldModel) -> bool:
        """A new record has no number and no state yet, and nothing that only the system fills."""
        if self.mode != "create":
            return True
        by_system = field.definition.written_by == "system" and field.default is None
        return field.computed not in {"number", "workflow"} and not by_system

    def _grids(self, items: tuple[FormItemDef, ...]) -> Iterator[ChildGrid]:
        for item in items:
            child = self.model.child(item.children or "")
            if child is None or child.name not in self.readable:
                continue
            columns = self._columns(child, item.columns)
            if columns:
                label = child.label or self.catalog.objects[child.object].plural
                editable = child.name in self.editable
                yield ChildGrid(
                    child.name,
                    child.object,
                    child.by,
                    label,
                    columns,
                    child.min,
                    child.max,
                    editable,
                    editable and can(self.catalog, self.principal, child.object, "create"),
                )

    def _columns(self, child: ChildDef, names: tuple[str, ...]) -> tuple[FieldView, ...]:
        model = self.catalog.objects[child.object]
        readable = self._readable(child.object)
        editable = self._editable_in(child)
        chosen = names or tuple(
            one.name for one in model.fields.values() if not one.system and one.name != child.by
        )
        fields = (model.fields[name] for name in chosen if name in model.fields)
        views = (
            without_unreadable(field_view(self.catalog, one, editable=editable), readable)
            for one in fields
            if one.name in readable
        )
        return tuple(views)

    def _readable(self, object_name: str) -> frozenset[str]:
        rights = self.principal.rights
        return names_of(pairs_for(self.catalog, rights, object_name, "read", by_task=self.by_task))

    def _editable_in(self, child: ChildDef) -> frozenset[str]:
        if child.name not in self.editable:
            return frozenset()
        return editable_fields(
            self.catalog, self.principal, child.object, "create"
        ) | editable_fields(self.catalog, self.principal, child.object, "update")


def with_editable(model: ObjectModel, fields: Sequence[FieldView]) -> FormPage:
    """Return a form of nothing but `fields` (what an open task lets its holder change)."""
    section = FormSection(Text(), 2, fields=tuple(fields))
    return FormPage(model.name, model.label, model.plural, "edit", (section,))
