"""Dates, instants and booleans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import fields

from headrace.platform.core.problems import Text
from headrace.platform.formulas.types import BOOLEAN as BOOLEAN_TYPE
from headrace.platform.formulas.types import DATE as DATE_TYPE
from headrace.platform.formulas.types import DATETIME as DATETIME_TYPE
from headrace.platform.formulas.types import Type
from headrace.platform.metadata.field_types.base import (
    ORDER,
    ORDERED_AGGREGATES,
    Example,
    FieldType,
    NoOptions,
)
from headrace.platform.metadata.field_types.values import BooleanField, DateField, InstantField
from headrace.platform.metadata.storage_types import BOOLEAN, DATE, INSTANT, Storage


class DateType(FieldType[NoOptions]):
    """A calendar day."""

    key = "date"
    label = Text("Date", "日期")
    widget = "date"
    options_type = NoOptions
    operators = ORDER
    aggregates = ORDERED_AGGREGATES

    def storage(self, options: NoOptions) -> Storage:
        return DATE

    def value_type(self, options: NoOptions) -> Type:
        return DATE_TYPE

    def value_field(self, options: NoOptions) -> fields.Field[Any]:
        return DateField()

    def examples(self) -> Sequence[Example]:
        return (
            Example({}, "2025-06-10", "2025-06-10"),
            Example({}, "2024-02-29", "2024-02-29"),
            Example({}, "2000-02-29", "2000-02-29"),
            Example({}, "1900-02-29", refused="value.invalid"),
            Example({}, "0001-01-01", "0001-01-01"),
            Example({}, "9999-12-31", "9999-12-31"),
            Example({}, "2025-02-29", refused="value.invalid"),
            Example({}, "10/06/2025", refused="value.invalid"),
            Example({}, 20250610, refused="value.wrong_type"),
        )


class DateTimeType(FieldType[NoOptions]):
    """An instant; kept in UTC, shown in the reader's time zone."""

    key = "datetime"
    label = Text("Date and time", "日期时间")
    widget = "datetime"
    options_type = NoOptions
    operators = ORDER
    aggregates = ORDERED_AGGREGATES

    def storage(self, options: NoOptions) -> Storage:
        return INSTANT

    def value_type(self, options: NoOptions) -> Type:
        return DATETIME_TYPE

    def value_field(self, options: NoOptions) -> fields.Field[Any]:
        return InstantField()

    def examples(self) -> Sequence[Example]:
        return (
            Example({}, "2025-06-10T10:04:00+08:00", "2025-06-10T02:04:00.000000Z"),
            Example({}, "2025-06-10T02:04:00.123456Z", "2025-06-10T02:04:00.123456Z"),
            Example({}, "2024-02-29T23:59:59Z", "2024-02-29T23:59:59.000000Z"),
            Example({}, "0001-01-02T00:00:00Z", "0001-01-02T00:00:00.000000Z"),
            Example({}, "9999-12-30T23:59:59Z", "9999-12-30T23:59:59.000000Z"),
            Example({}, "0001-01-01T00:00:00+08:00", refused="value.invalid"),
            Example({}, "2025-06-10T10:04:00", refused="value.invalid"),
            Example({}, "2025-06-10", refused="value.invalid"),
        )


class BooleanType(FieldType[NoOptions]):
    """Yes or no."""

    key = "boolean"
    label = Text("Yes or no", "是否")
    widget = "boolean"
    options_type = NoOptions

    def storage(self, options: NoOptions) -> Storage:
        return BOOLEAN

    def value_type(self, options: NoOptions) -> Type:
        return BOOLEAN_TYPE

    def value_field(self, options: NoOptions) -> fields.Field[Any]:
        return BooleanField()

    def examples(self) -> Sequence[Example]:
        return (
            Example({}, True, stored=True),
            Example({}, False, stored=False),
            Example({}, "true", refused="value.wrong_type"),
            Example({}, 1, refused="value.wrong_type"),
        )


TYPES = (DateType(), DateTimeType(), BooleanType())
