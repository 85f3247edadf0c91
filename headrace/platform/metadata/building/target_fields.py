"""Fields by which formulas walk through a polymorphic reference: one for each of its objects.

`about.order` is the reference to an order, where the record is about one, and null elsewhere; so
`about.order.total` has a type, and whoever may not read the order is kept from nothing else. Each is a formula
that is computed where it is read. No right contains it: formulas name it, nothing else does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from headrace.platform.formulas.expression import Expression
from headrace.platform.formulas.referring import read_as
from headrace.platform.formulas.tree import FieldRef
from headrace.platform.formulas.types import reference
from headrace.platform.metadata.building.key_fields import key_field
from headrace.platform.metadata.building.workbench import Workbench
from headrace.platform.metadata.catalog import FieldModel, target_name
from headrace.platform.metadata.definitions.objects import ObjectDef
from headrace.platform.metadata.field_types.computed import FormulaOptions
from headrace.platform.metadata.storage_types import ID


def target_fields(
    work: Workbench, fields: Iterable[FieldModel], objects: Mapping[str, ObjectDef]
) -> dict[str, FieldModel]:
    """Return the fields by which formulas reach what each polymorphic one of `fields` refers to."""
    found = [
        _target_field(work, field, objects[name])
        for field in fields
        for name in field.targets
        if name in objects
    ]
    return {field.name: field for field in found}


def _target_field(work: Workbench, source: FieldModel, target: ObjectDef) -> FieldModel:
    name = target_name(source.name, target.name)
    object_id = target.id or target.name
    tree = read_as(
        FieldRef((source.id,), (source.name,), source.value_type), object_id, target.name
    )
    made = key_field(
        work,
        source,
        FormulaOptions(returns="text", formula=name),
        Expression(name, tree),
        name=name,
        field_id=f"{source.id}:{object_id}",
    )
    return replace(
        made, storage=ID, value_type=reference(target.name), target=target.name, stored=False
    )
