"""Numbers: whole ones and exact decimals. No float anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from typing import Any, ClassVar

from marshmallow import fields

from headrace.platform.core.currencies import DIGITS
from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.types import Type, number
from headrace.platform.metadata.definitions.keys import Name, key
from headrace.platform.metadata.field_types.base import (
    NUMBER_AGGREGATES,
    ORDER,
    Example,
    FieldType,
)
from headrace.platform.metadata.field_types.cells import Cell, number_of, plain
from headrace.platform.metadata.field_types.values import DecimalField, IntegerField
from headrace.platform.metadata.storage_types import INTEGER, Storage, decimal_storage

RANGE = Message(
    "field.range",
    "The least value {least} is above the most {most}.",
    "最小值 {least} 大于最大值 {most}。",
    "Swap them.",
    "请交换两者。",
)
SCALE = Message(
    "field.range",
    "The scale {scale} is larger than the precision {precision}.",
    "小数位数 {scale} 大于总位数 {precision}。",
    "Raise the precision or lower the scale.",
    "请增大总位数或减少小数位数。",
)
TWO_CURRENCIES = Message(
    "field.currency",
    "The amounts have a currency of their own and one that another field names.",
    "金额既有固定币种，又由其他字段指定币种。",
    "Keep `currency` or `currency_field`.",
    "请只保留 currency 或 currency_field。",
)
MAX_INTEGER = 10**15


@dataclass(frozen=True, slots=True)
class IntegerOptions:
    """Options of whole numbers."""

    least: int = key("Least value.", -MAX_INTEGER, minimum=-MAX_INTEGER, maximum=MAX_INTEGER)
    most: int = key("Most value.", MAX_INTEGER, minimum=-MAX_INTEGER, maximum=MAX_INTEGER)


class IntegerType(FieldType[IntegerOptions]):
    """A whole number."""

    key = "integer"
    label = Text("Whole number", "整数")
    widget = "integer"
    options_type = IntegerOptions
    operators = ORDER
    aggregates = NUMBER_AGGREGATES

    def storage(self, options: IntegerOptions) -> Storage:
        return INTEGER

    def value_type(self, options: IntegerOptions) -> Type:
        return number(0)

    def bounds(self, options: IntegerOptions) -> tuple[Decimal, Decimal]:
        """Return the least and the most value."""
        return Decimal(options.least), Decimal(options.most)

    def narrows(self, old: IntegerOptions, new: IntegerOptions) -> bool:
        return new.least > old.least or new.most < old.most

    def value_field(self, options: IntegerOptions) -> fields.Field[Any]:
        return IntegerField(options.least, options.most)

    def json_schema(self, options: IntegerOptions) -> dict[str, Any]:
        return {"type": "integer", "minimum": options.least, "maximum": options.most}

    def check_options(self, options: IntegerOptions) -> Sequence[Problem]:
        if options.least > options.most:
            return (RANGE.at("/least", least=options.least, most=options.most),)
        return ()

    def examples(self) -> Sequence[Example]:
        return (
            Example({}, 0, 0),
            Example({}, -MAX_INTEGER, -MAX_INTEGER),
            Example({}, MAX_INTEGER + 1, refused="value.out_of_range"),
            Example({"least": 1}, 0, refused="value.out_of_range"),
            Example({}, 1.5, refused="value.wrong_type"),
            Example({}, True, refused="value.wrong_type"),
            Example({}, "12", 12),
        )


@dataclass(frozen=True, slots=True)
class DecimalOptions:
    """Options of exact decimals."""

    precision: int = key("Digits in all.", 18, minimum=1, maximum=18)
    scale: int = key("Digits after the point.", 2, minimum=0, maximum=6)
    least: str | None = key("Least value, as text.", None, pattern=r"^-?\d{1,18}(\.\d{1,6})?$")
    most: str | None = key("Most value, as text.", None, pattern=r"^-?\d{1,18}(\.\d{1,6})?$")


@dataclass(frozen=True, slots=True)
class BoundsOptions:
    """Options of decimals whose digits are fixed by the type."""

    least: str | None = key("Least value, as text.", None, pattern=r"^-?\d{1,18}(\.\d{1,6})?$")
    most: str | None = key("Most value, as text.", None, pattern=r"^-?\d{1,18}(\.\d{1,6})?$")


class DecimalType(FieldType[Any]):
    """An exact decimal with chosen digits."""

    key = "decimal"
    label = Text("Decimal", "小数")
    widget = "decimal"
    options_type: ClassVar[type] = DecimalOptions
    operators = ORDER
    aggregates = NUMBER_AGGREGATES

    def digits(self, options: Any) -> tuple[int, int]:
        """Return precision and scale."""
        return options.precision, options.scale

    def storage(self, options: Any) -> Storage:
        return decimal_storage(self.digits(options)[1])

    def value_type(self, options: Any) -> Type:
        return number(self.digits(options)[1])

    def value_field(self, options: Any) -> fields.Field[Any]:
        least, most = self.bounds(options)
        return DecimalField(self.digits(options)[1], least, most)

    def bounds(self, options: Any) -> tuple[Decimal, Decimal]:
        """Return the least and the most value."""
        precision, scale = self.digits(options)
        largest = Decimal(10 ** (precision - scale)) - Decimal(1).scaleb(-scale)
        least = -largest if options.least is None else max(Decimal(options.least), -largest)
        most = largest if options.most is None else min(Decimal(options.most), largest)
        return least, most

    def narrows(self, old: Any, new: Any) -> bool:
        (least, most), (lower, upper) = self.bounds(old), self.bounds(new)
        return lower > least or upper < most

    def check_options(self, options: Any) -> Sequence[Problem]:
        precision, scale = self.digits(options)
        if scale > precision:
            return (SCALE.at("/scale", scale=scale, precision=precision),)
        least, most = self.bounds(options)
        if least > most:
            return (RANGE.at("/least", least=least, most=most),)
        return ()

    def examples(self) -> Sequence[Example]:
        return (
            Example({"precision": 10, "scale": 1}, "12.5", "12.5"),
            Example({"precision": 18, "scale": 6}, "-0.000001", "-0.000001"),
            Example({"precision": 4, "scale": 2}, "100", refused="value.out_of_range"),
            Example({"precision": 4, "scale": 2}, "1.005", refused="value.too_precise"),
            Example({}, 1.5, refused="value.wrong_type"),
            Example({}, "1e5", refused="value.invalid"),
            Example({}, "NaN", refused="value.invalid"),
        )


class FixedDecimalType(DecimalType):
    """A decimal whose digits the type fixes."""

    options_type: ClassVar[type] = BoundsOptions
    fixed_digits: tuple[int, int]

    def digits(self, options: Any) -> tuple[int, int]:
        return self.fixed_digits


@dataclass(frozen=True, slots=True)
class MoneyOptions(BoundsOptions):
    """Options of amounts of money."""

    currency: str | None = key(
        "ISO 4217 code of the currency that all amounts are in; shown with them. Currencies without a "
        "smaller unit take whole amounts only.",
        None,
        enum=sorted(DIGITS),
    )
    currency_field: Name | None = key(
        "The choice field of the same record whose value is the code of its currency.", None
    )


class MoneyType(FixedDecimalType):
    """An amount, two digits, half-up; in the workspace's currency where no other is named."""

    key = "money"
    label = Text("Money", "金额")
    widget = "money"
    options_type: ClassVar[type] = MoneyOptions
    fixed_digits = (18, 2)

    def value_field(self, options: MoneyOptions) -> fields.Field[Any]:
        least, most = self.bounds(options)
        behind = None if options.currency is None else DIGITS[options.currency]
        return DecimalField(self.digits(options)[1], least, most, behind)

    def narrows(self, old: MoneyOptions, new: MoneyOptions) -> bool:
        whole = [one.currency is not None and DIGITS[one.currency] == 0 for one in (old, new)]
        return (whole[1] and not whole[0]) or super().narrows(old, new)

    def json_schema(self, options: MoneyOptions) -> dict[str, Any]:
        schema = super().json_schema(options)
        return schema if options.currency is None else schema | {"x-currency": options.currency}

    def check_options(self, options: MoneyOptions) -> Sequence[Problem]:
        if options.currency is not None and options.currency_field is not None:
            return (TWO_CURRENCIES.at("/currency_field"),)
        return super().check_options(options)

    def examples(self) -> Sequence[Example]:
        return (
            Example({}, "72927.36", "72927.36"),
            Example({}, "9999999999999999.99", "9999999999999999.99"),
            Example({}, "-9999999999999999.99", "-9999999999999999.99"),
            Example({}, 5, "5.00"),
            Example({}, "-0.00", "0.00"),
            Example({}, "10000000000000000", refused="value.out_of_range"),
            Example({}, "0.001", refused="value.too_precise"),
            Example({}, 0.1, refused="value.wrong_type"),
            Example({"least": "0"}, "-1", refused="value.out_of_range"),
            Example({"currency": "USD"}, "0.01", "0.01"),
            Example({"currency": "JPY"}, "1200.0", "1200.00"),
            Example({"currency": "JPY"}, "0.50", refused="value.too_precise"),
        )


class QuantityType(FixedDecimalType):
    """A quantity, three digits."""

    key = "quantity"
    label = Text("Quantity", "数量")
    widget = "quantity"
    fixed_digits = (18, 3)

    def examples(self) -> Sequence[Example]:
        return (
            Example({}, "20", "20.000"),
            Example({}, "0.125", "0.125"),
            Example({}, "0.1255", refused="value.too_precise"),
            Example({"least": "0.001"}, "0", refused="value.out_of_range"),
        )


class PercentType(FixedDecimalType):
    """A percent number: 3.5 means 3.5 %; four digits."""

    key = "percent"
    label = Text("Percent", "百分比")
    widget = "percent"
    fixed_digits = (9, 4)

    def from_cell(self, cell: Cell, options: Any, zone: tzinfo) -> str:
        """Read 35 % as 35, whether the cell says so or its format."""
        return plain(number_of(cell, self.fixed_digits[1], percent=True))

    def examples(self) -> Sequence[Example]:
        return (
            Example({}, "3.5", "3.5000"),
            Example({}, "99999.9999", "99999.9999"),
            Example({}, "100000", refused="value.out_of_range"),
        )


TYPES = (IntegerType(), DecimalType(), QuantityType(), MoneyType(), PercentType())
