"""Fields that the platform adds to an object so that it can find, order and tell records apart by them.

Each is a stored formula, so the record store keeps it right, a publish fills it and a recount finds what is
wrong with it. No right contains it: nobody reads it, and its name has a capital, so it is nobody else's.
"""

from __future__ import annotations

from headrace.platform.core.problems import Text
from headrace.platform.formulas.expression import Expression
from headrace.platform.metadata.building.workbench import Workbench
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.definitions.objects import FieldDef
from headrace.platform.metadata.field_types.computed import FormulaOptions


def key_field(
    work: Workbench,
    source: FieldModel,
    options: FormulaOptions,
    expression: Expression,
    *,
    name: str,
    field_id: str,
) -> FieldModel:
    """Return the field `name` that holds what `expression` makes of `source`, for who may use `source`."""
    kind = work.types["formula"]
    definition = FieldDef(
        name=name,
        type="formula",
        id=field_id,
        audience=source.definition.audience,
        options=options,
    )
    return FieldModel(
        id=field_id,
        name=name,
        object=source.object,
        definition=definition,
        type=kind,
        options=options,
        storage=kind.storage(options),
        value_type=kind.value_type(options),
        label=Text(name, name),
        system=True,
        computed="formula",
        expression=expression,
        key_of=source.name,
    )
