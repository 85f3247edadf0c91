"""The field types. A new one is a file here (or in another package) and a line in `BUILT_IN`."""

from __future__ import annotations

from typing import Any

from headrace.platform.core.registry import Registry
from headrace.platform.metadata.field_types.base import FieldType
from headrace.platform.metadata.field_types.choices import ChoiceType
from headrace.platform.metadata.field_types.computed import (
    AutoNumberType,
    FormulaType,
    RollupType,
    StateType,
)
from headrace.platform.metadata.field_types.numbers import (
    DecimalType,
    IntegerType,
    MoneyType,
    PercentType,
    QuantityType,
)
from headrace.platform.metadata.field_types.references import (
    LookupType,
    MasterDetailType,
    TreeType,
    UserType,
)
from headrace.platform.metadata.field_types.simple import BooleanType, DateTimeType, DateType
from headrace.platform.metadata.field_types.text import (
    EmailType,
    LongTextType,
    PhoneType,
    TextType,
    UrlType,
)

BUILT_IN: tuple[FieldType[Any], ...] = (
    TextType(),
    LongTextType(),
    IntegerType(),
    DecimalType(),
    QuantityType(),
    MoneyType(),
    PercentType(),
    DateType(),
    DateTimeType(),
    BooleanType(),
    ChoiceType(),
    EmailType(),
    PhoneType(),
    UrlType(),
    UserType(),
    LookupType(),
    TreeType(),
    MasterDetailType(),
    AutoNumberType(),
    FormulaType(),
    RollupType(),
    StateType(),
)

FieldTypes = Registry[FieldType[Any]]


def built_in() -> FieldTypes:
    """Return the registry of the types that ship with Headrace."""
    return Registry("field type", BUILT_IN)
