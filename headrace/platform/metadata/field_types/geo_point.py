"""Points on the earth, by latitude and longitude."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from marshmallow import fields

from headrace.platform.core.problems import Message, Text
from headrace.platform.formulas.types import TEXT as TEXT_TYPE
from headrace.platform.formulas.types import Type
from headrace.platform.metadata.field_types.base import Example, FieldType, NoOptions
from headrace.platform.metadata.field_types.cells import Cell, cell_text, narrow
from headrace.platform.metadata.field_types.values import INVALID, TextField, refuse
from headrace.platform.metadata.storage_types import TEXT, Storage

NOT_ON_EARTH: Final = Message(
    "value.out_of_range",
    "Latitude lies between -90 and 90, longitude between -180 and 180; this is {value}.",
    "纬度须在 -90 与 90 之间，经度须在 -180 与 180 之间；现为 {value}。",
    "Write the latitude first, then the longitude.",
    "请先写纬度，再写经度。",
)
_POINT: Final = re.compile(
    r"([+-]?[0-9]{1,3}(?:\.[0-9]{0,20})?)\s*[,;\s]\s*([+-]?[0-9]{1,3}(?:\.[0-9]{0,20})?)"
)
_STEP: Final = Decimal("0.000001")
"""Six digits: 11 cm on the equator, finer than any receiver."""
_LATITUDE: Final = 90
_LONGITUDE: Final = 180
_EXAMPLE: Final = "30.274084,120.155070"


class PointField(TextField):
    """Latitude and longitude in degrees (WGS 84), kept as `30.274084,120.155070`."""

    def __init__(self) -> None:
        super().__init__(60)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is None:
            return None
        found = _POINT.fullmatch(narrow(text))
        if found is None:
            expected = Text("a latitude and a longitude", "纬度和经度")
            raise refuse(INVALID.at(value=text, expected=expected, example=_EXAMPLE))
        latitude, longitude = (
            Decimal(one).quantize(_STEP, ROUND_HALF_UP) + 0 for one in found.groups()
        )
        if abs(latitude) > _LATITUDE or abs(longitude) > _LONGITUDE:
            raise refuse(NOT_ON_EARTH.at(value=text))
        return f"{latitude:f},{longitude:f}"


class GeoPointType(FieldType[NoOptions]):
    """A point on the earth: latitude and longitude in degrees (WGS 84), six digits behind the point.

    Finer input, as receivers give it, is rounded half up: the sixth digit is 11 cm.
    """

    key = "geo_point"
    label = Text("Position", "位置")
    widget = "geo_point"
    options_type = NoOptions
    operators = frozenset({"is_null"})

    def storage(self, options: NoOptions) -> Storage:
        return TEXT

    def value_type(self, options: NoOptions) -> Type:
        return TEXT_TYPE

    def value_field(self, options: NoOptions) -> fields.Field[Any]:
        return PointField()

    def from_cell(self, cell: Cell, options: NoOptions, zone: tzinfo) -> str:
        """Read full-width digits and signs as the plain ones."""
        return narrow(cell_text(cell))

    def examples(self) -> Sequence[Example]:
        return (
            Example({}, "30.274084,120.155070", "30.274084,120.155070"),
            Example({}, "30.2740845, 120.15507", "30.274085,120.155070"),
            Example({}, "-90,-180", "-90.000000,-180.000000"),
            Example({}, "30.27,120.15", "30.270000,120.150000"),
            Example({}, "-0,0", "0.000000,0.000000"),
            Example({}, "120.155070,30.274084", refused="value.out_of_range"),
            Example({}, "Hangzhou", refused="value.invalid"),
            Example({}, [30, 120], refused="value.wrong_type"),
        )


TYPES = (GeoPointType(),)
