"""Record types: the field and the field rules that an object has for declaring them.

The field is a choice like any other, so filters, formulas, reports, the API, imports, access and plans
know it. Who may choose a type is a limit of the choice.
"""

from __future__ import annotations

from typing import Any, Final

from headrace.platform.core.problems import Text
from headrace.platform.metadata.definitions.choices import ChoiceDef
from headrace.platform.metadata.definitions.objects import (
    FieldDef,
    FieldRuleDef,
    ObjectDef,
    RecordTypeDef,
)
from headrace.platform.metadata.field_types import FieldTypes

RECORD_TYPE: Final = "record_type"
LABEL: Final = Text("Record type", "记录类型")


def add_record_types(definition: ObjectDef, types: FieldTypes) -> None:
    """Give an object that was just read the field of its record types and what limits them."""
    if definition.record_types:
        fields = (*definition.fields, _field(definition, types))
        limits = (
            _limit(definition, position, one)
            for position, one in enumerate(definition.record_types)
            if is_limited(one)
        )
        object.__setattr__(definition, "fields", fields)
        object.__setattr__(definition, "field_rules", (*definition.field_rules, *limits))


def _field(definition: ObjectDef, types: FieldTypes) -> FieldDef:
    # A new record that names no type is of the first one that everybody may choose.
    first = next((one.name for one in definition.record_types if not is_limited(one)), None)
    options: Any = types["choice"].options_type
    return FieldDef(
        name=RECORD_TYPE,
        type="choice",
        # Ids with dots are the platform's own.
        id=f"{definition.id or definition.name}.{RECORD_TYPE}",
        label=LABEL,
        required=True,
        default=None if first is None else f"'{first}'",
        options=options(
            choices=tuple(
                ChoiceDef(one.name, one.label, one.colour, was=one.was)
                for one in definition.record_types
            )
        ),
    )


def is_limited(one: RecordTypeDef) -> bool:
    """Say whether not everybody may choose a type, or not always."""
    return bool(one.roles) or one.when is not None


def _limit(definition: ObjectDef, position: int, one: RecordTypeDef) -> FieldRuleDef:
    """Allow the other types where this one may not be chosen."""
    roles = " OR ".join(f"USER_HAS('{role}')" for role in one.roles)
    asked = [f"({roles})"] if roles else []
    if one.when is not None:
        asked.append(f"COALESCE(({one.when}), FALSE)")
    return FieldRuleDef(
        name=f"{RECORD_TYPE}_{one.name}",
        about=(RECORD_TYPE,),
        effect="limit",
        when=f"NOT ({' AND '.join(asked)})",
        allowed=tuple(other.name for other in definition.record_types if other is not one),
        origin=("record_types", position),
    )
