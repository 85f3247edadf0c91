"""Fields that get another type, scale or target: which they are, and what their values become."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from headrace.platform.database.names import Names, PhysicalName, stored_fields
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.publishing.row_work import ConvertValues, GiveNumbers

MADE: Final = frozenset({"formula", "rollup"})
"""How values are computed that can be computed again at any time."""

Changes = Callable[[ObjectModel, FieldModel, FieldModel], bool]
"""Says of a field before and after whether values in use would not stay what they are."""


@dataclass(frozen=True, slots=True)
class Retype:
    """A field before and after; its values move to another column, `kept` one where it comes back."""

    former: ObjectModel
    model: ObjectModel
    earlier: FieldModel
    field: FieldModel
    kept: PhysicalName | None = None

    @property
    def key(self) -> str:
        """The key of its line."""
        return f"field.retype:{self.model.name}.{self.field.name}"

    @property
    def was_made(self) -> bool:
        """Whether its values were computed from others."""
        return self.earlier.computed in MADE

    @property
    def is_made(self) -> bool:
        """Whether its values are computed from others from now on."""
        return self.field.computed in MADE


def retypes_between(
    old: Catalog, new: Catalog, changes: Changes, kept: Mapping[str, PhysicalName]
) -> Iterator[Retype]:
    """Yield the fields that are stored in another form from now on, or in a column of `kept`."""
    before = {model.id: model for model in old.objects.values()}
    for model in new.objects.values():
        former = before.get(model.id)
        if former is None or (former is model and not kept):
            continue
        known = {one.id: one for one in former.fields.values() if not one.system}
        for field in model.fields.values():
            earlier = known.get(field.id)
            if earlier is None:
                continue
            if only_options_differ(earlier, field) or _is_state(earlier, field):
                continue  # told with what the field allows, or with its workflow
            back = kept.get(field.id) if earlier.stored or field.computed not in MADE else None
            if back is not None or _moves((old, new), former, earlier, field, changes):
                yield Retype(former, model, earlier, field, back)


def only_options_differ(earlier: FieldModel, field: FieldModel) -> bool:
    """Say whether people write the field as before, and it allows more or less."""
    people = earlier.computed is None and field.computed is None and field.pointed is None
    same = earlier.type.key == field.type.key and earlier.storage == field.storage
    return people and same and not field.system and earlier.options != field.options


def _is_state(earlier: FieldModel, field: FieldModel) -> bool:
    return earlier.computed == field.computed == "workflow"


def _moves(
    catalogs: tuple[Catalog, Catalog],
    former: ObjectModel,
    earlier: FieldModel,
    field: FieldModel,
    changes: Changes,
) -> bool:
    made = (earlier.computed in MADE, field.computed in MADE)
    if all(made):
        return earlier.stored and field.stored and earlier.storage != field.storage
    if any(made):
        return True
    target = _target(catalogs[0], earlier)
    if target != _target(catalogs[1], field):
        return True
    if target is not None:
        return earlier.storage.kind != field.storage.kind
    other = earlier.type.key != field.type.key
    if field.computed is not None and field.computed != earlier.computed:
        return True  # rows without a value get one: going back takes it away again
    if earlier.storage.kind == field.storage.kind == "text":
        return other and changes(former, earlier, field)
    return other or earlier.storage != field.storage


def _target(catalog: Catalog, field: FieldModel) -> str | None:
    target = catalog.object(field.pointed) if field.pointed else None
    return target.id if target else None


def kept_columns(names: Names, new: Catalog, version: int) -> Mapping[str, PhysicalName]:
    """Return the kept columns that held fields of `new` in a version that it goes back to."""
    held = names.held_at(version)
    return {
        field.id: held[field.id]
        for model in new.objects.values()
        for field in stored_fields(model)
        if field.id in held and not held[field.id].live
    }


def work_for(
    retypes: tuple[Retype, ...], old: Catalog, new: Catalog
) -> tuple[ConvertValues | GiveNumbers, ...]:
    """Return what the rows get: converted values first, then numbers where there are none."""
    # What is computed when it is read is written down before anything that it reads changes.
    ordered = sorted(retypes, key=lambda one: one.earlier.stored)
    converted = (_conversion(one) for one in ordered if not one.is_made)
    return (*converted, *_numbers(old, new))


def _conversion(one: Retype) -> ConvertValues:
    return ConvertValues(
        one.model.id,
        one.field.id,
        restored=one.kept is not None,
        rows_at=one.kept.rows_at if one.kept is not None else None,
        line=one.key,
        kept=one.kept.physical if one.kept is not None else "",
    )


def _numbers(old: Catalog, new: Catalog) -> Iterator[GiveNumbers]:
    """Yield the fields of rows that are there which become numbers."""
    before = {model.id: model for model in old.objects.values()}
    for model in new.objects.values():
        former = before.get(model.id)
        if former is None or former is model:
            continue
        numbered = {one.id for one in former.fields.values() if one.computed == "number"}
        for field in model.fields.values():
            if field.computed == "number" and field.id not in numbered:
                key = f"numbers.give:{model.name}.{field.name}"
                yield GiveNumbers(model.id, field.id, line=key)
