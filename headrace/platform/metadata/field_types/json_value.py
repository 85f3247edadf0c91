"""Objects and lists of JSON, for content whose form another system decides."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from marshmallow import ValidationError, fields

from headrace.platform.core.canonical import canonical_bytes
from headrace.platform.core.json_text import JsonText
from headrace.platform.core.problems import Text
from headrace.platform.formulas.types import TEXT as TEXT_TYPE
from headrace.platform.formulas.types import Type
from headrace.platform.metadata.definitions.keys import key
from headrace.platform.metadata.field_types.base import Example, FieldType
from headrace.platform.metadata.field_types.values import (
    TOO_LONG,
    WRONG_TYPE,
    refuse,
    type_name,
)
from headrace.platform.metadata.storage_types import JSON_CONTENT, Storage
from headrace.platform.metadata.strict_json import parse_json

EXPECTED = Text("a JSON object or list", "JSON 对象或列表")


class JsonField(fields.Field[JsonText | None]):
    """An object or a list, or the text of one; kept as compact text with sorted keys.

    Read as strictly as every JSON that comes in: no key twice, no fraction that is not a text.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(allow_none=True)
        self.limit = limit

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> JsonText | None:
        if isinstance(value, str) and not value.strip():
            return None
        parsed = parse_json(_written(value).encode("utf-8", "surrogatepass"), shown=True)
        if parsed.problems:
            # Told of the field: a form has one place for the whole text.
            raise ValidationError([replace(one, path="") for one in parsed.problems])
        if not isinstance(parsed.value, (dict, list)):
            raise refuse(WRONG_TYPE.at(expected=EXPECTED, given=type_name(parsed.value)))
        text = canonical_bytes(parsed.value).decode()
        if len(text) > self.limit:
            raise refuse(TOO_LONG.at(limit=self.limit, length=len(text)))
        return JsonText(text)


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, (Mapping, list, tuple)):
        raise refuse(WRONG_TYPE.at(expected=EXPECTED, given=type_name(value)))
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        raise refuse(WRONG_TYPE.at(expected=EXPECTED, given=type_name(value))) from None


@dataclass(frozen=True, slots=True)
class JsonOptions:
    """Options of JSON content."""

    length: int = key("Most characters of its compact text.", 10_000, minimum=2, maximum=100_000)


class JsonType(FieldType[JsonOptions]):
    """An object or a list of JSON; formulas see its compact text with sorted keys."""

    key = "json"
    label = Text("JSON", "JSON 数据")
    widget = "json"
    options_type = JsonOptions
    operators = frozenset({"is_null"})

    def storage(self, options: JsonOptions) -> Storage:
        return JSON_CONTENT

    def value_type(self, options: JsonOptions) -> Type:
        return TEXT_TYPE

    def value_field(self, options: JsonOptions) -> fields.Field[Any]:
        return JsonField(options.length)

    def narrows(self, old: JsonOptions, new: JsonOptions) -> bool:
        return new.length < old.length

    def json_schema(self, options: JsonOptions) -> dict[str, Any]:
        return {"type": ["object", "array"]}

    def examples(self) -> Sequence[Example]:
        return (
            Example(
                {}, {"b": [1, None, "二"], "a": {"c": True}}, '{"a":{"c":true},"b":[1,null,"二"]}'
            ),
            Example({}, [], "[]"),
            Example({}, ' {"a": 1} ', '{"a":1}'),
            Example({}, {"price": "0.10"}, '{"price":"0.10"}'),
            Example({}, {"emoji": "🚀", "rtl": "مرحبا"}, '{"emoji":"🚀","rtl":"مرحبا"}'),
            Example({}, '{"a": 1, "a": 2}', refused="json.duplicate_key"),
            Example({}, '{"a": ', refused="json.syntax"),
            Example({}, '{"a": NaN}', refused="json.non_finite"),
            Example({}, '{"a": 0.5}', refused="schema.wrong_type"),
            Example({}, '"text"', refused="value.wrong_type"),
            Example({}, 5, refused="value.wrong_type"),
            Example({}, ["a\u202eb"], refused="text.illegal_char"),
            Example({"length": 10}, ["0123456789"], refused="value.too_long"),
        )


TYPES = (JsonType(),)
