"""Choices: one of declared values with labels, or several of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

from marshmallow import fields

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.types import TEXT as TEXT_TYPE
from headrace.platform.formulas.types import Type
from headrace.platform.metadata.definitions.choices import ChoiceDef
from headrace.platform.metadata.definitions.keys import Name, Value, key
from headrace.platform.metadata.field_types.base import ORDER, SEVERAL, Example, FieldType
from headrace.platform.metadata.field_types.cells import Cell, cell_text
from headrace.platform.metadata.field_types.values import (
    MOST_TOLD,
    NOT_A_CHOICE,
    ChoiceField,
    ChoicesField,
    refuse,
)
from headrace.platform.metadata.storage_types import SEPARATOR, TEXT, TEXTS, Storage

_BETWEEN: Final = re.compile("[；,，、]")
DUPLICATE = Message(
    "option.duplicate",
    "The value “{value}” is declared twice.",
    "选项值“{value}”重复。",
    "Remove one or give it another value; upper and lower case count as the same.",
    "请删除其一或改用其他值；不区分大小写。",
)
NONE_ACTIVE = Message(
    "choice.none_active",
    "None of the choices is active: no record could ever get a value.",
    "没有启用的选项：任何记录都无法取得值。",
    "Let at least one be active.",
    "请至少启用一个选项。",
)


@dataclass(frozen=True, slots=True)
class ChoiceOptions:
    """Options of a single choice; in a catalog `choices` are those of the set that is named."""

    choices: tuple[ChoiceDef, ...] = key("The values, in order.", (), minItems=1, maxItems=500)
    choice_set: Name | None = key("Choice set that the values are taken from.", None)
    depends_on: Name | None = key(
        "Choice or boolean of the same object that decides which values may be chosen.", None
    )
    allowed: dict[Value, tuple[Value, ...]] = key(
        "Which values may be chosen, by the value of the field that decides; none where it has"
        " another value or none.",
        {},
    )

    def __hash__(self) -> int:
        return hash((self.choices, self.choice_set, self.depends_on, tuple(self.allowed.items())))

    @property
    def inactive(self) -> frozenset[str]:
        """Values that no record may get."""
        return frozenset(one.value for one in self.choices if not one.active)


class ChoiceType(FieldType[ChoiceOptions]):
    """One of declared values."""

    key = "choice"
    label = Text("Single choice", "单选")
    widget = "choice"
    options_type = ChoiceOptions
    operators = ORDER

    def storage(self, options: ChoiceOptions) -> Storage:
        return TEXT

    def value_type(self, options: ChoiceOptions) -> Type:
        return TEXT_TYPE

    def value_field(self, options: ChoiceOptions) -> fields.Field[Any]:
        return ChoiceField(self.declared(options))

    def declared(self, options: ChoiceOptions) -> tuple[str, ...]:
        return tuple(choice.value for choice in options.choices)

    def narrows(self, old: ChoiceOptions, new: ChoiceOptions) -> bool:
        return not set(self.declared(old)) <= set(self.declared(new))

    def from_text(self, text: str, options: ChoiceOptions) -> str:
        return value_called(text, options)

    def from_cell(self, cell: Cell, options: ChoiceOptions, zone: tzinfo) -> str:
        found = self.from_text(cell_text(cell), options)
        check_called([found], options)
        return found

    def shown(self, value: Any, options: ChoiceOptions, language: str) -> Any:
        for choice in options.choices:
            if choice.value == value:
                return choice.label.within(language) or value
        return value

    def json_schema(self, options: ChoiceOptions) -> dict[str, Any]:
        return {"type": "string", "enum": [choice.value for choice in options.choices]}

    def check_options(self, options: ChoiceOptions) -> Sequence[Problem]:
        return (*duplicates(options.choices), *none_active(options.choices))

    def examples(self) -> Sequence[Example]:
        choices = {"choices": [{"value": "a"}, {"value": "b"}, {"value": "old", "active": False}]}
        return (
            Example(choices, "old", refused="choice.inactive"),
            Example(choices, "a", "a"),
            Example(choices, "c", refused="value.not_a_choice"),
            Example(choices, ["a"], refused="value.wrong_type"),
        )


class MultiChoiceType(FieldType[ChoiceOptions]):
    """Any of declared values, each once; no value is the same as none of them."""

    key = "multi_choice"
    label = Text("Multiple choice", "多选")
    widget = "multi_choice"
    options_type = ChoiceOptions
    operators = SEVERAL

    def storage(self, options: ChoiceOptions) -> Storage:
        return TEXTS

    def value_type(self, options: ChoiceOptions) -> Type:
        return TEXT_TYPE

    def value_field(self, options: ChoiceOptions) -> fields.Field[Any]:
        return ChoicesField(self.declared(options))

    def declared(self, options: ChoiceOptions) -> tuple[str, ...]:
        return tuple(choice.value for choice in options.choices)

    def narrows(self, old: ChoiceOptions, new: ChoiceOptions) -> bool:
        return not set(self.declared(old)) <= set(self.declared(new))

    def from_text(self, text: str, options: ChoiceOptions) -> list[str]:
        """Take what stands between semicolons, or else between commas, as values or their labels."""
        found = text.split(SEPARATOR) if SEPARATOR in text else _BETWEEN.split(text)
        parts = (one.strip() for one in found)
        return [value_called(one, options) for one in parts if one]

    def from_cell(self, cell: Cell, options: ChoiceOptions, zone: tzinfo) -> list[str]:
        found = self.from_text(cell_text(cell), options)
        check_called(found, options)
        return found

    def shown(self, value: Any, options: ChoiceOptions, language: str) -> Any:
        if not isinstance(value, list):
            return value
        labels = {one.value: one.label.within(language) for one in options.choices}
        return SEPARATOR.join(labels.get(one) or one for one in value)

    def json_schema(self, options: ChoiceOptions) -> dict[str, Any]:
        values = [choice.value for choice in options.choices]
        return {
            "type": "array",
            "items": {"type": "string", "enum": values},
            "uniqueItems": True,
            "minItems": 1,
        }

    def check_options(self, options: ChoiceOptions) -> Sequence[Problem]:
        return (*duplicates(options.choices), *none_active(options.choices))

    def examples(self) -> Sequence[Example]:
        given = {"choices": [{"value": "a"}, {"value": "b"}, {"value": "old", "active": False}]}
        return (
            Example(given, ["a"], ["a"]),
            Example(given, ["b", "a", "b"], ["a", "b"]),
            Example(given, "b;a", ["a", "b"]),
            Example(given, [], None),
            Example(given, ["a", "c"], refused="value.not_a_choice"),
            Example(given, ["a", "old"], refused="choice.inactive"),
            Example(given, ["a", 1], refused="value.wrong_type"),
            Example(given, {"a": True}, refused="value.wrong_type"),
        )


def value_called(text: str, options: ChoiceOptions) -> str:
    """Return the value that is meant by itself or by its label; the text where none is."""
    if text in {choice.value for choice in options.choices}:
        return text
    wanted = text.strip().casefold()
    for choice in options.choices:
        names = (choice.value, choice.label.en, choice.label.zh)
        if wanted in {name.casefold() for name in names}:
            return choice.value
    return text


def check_called(found: Sequence[str], options: ChoiceOptions) -> None:
    """Refuse what a file says where it is no choice, and tell the choices by the labels that people write."""
    for one in found:
        if all(one != choice.value for choice in options.choices):
            offered = [choice for choice in options.choices if choice.active][:MOST_TOLD]
            told = Text(
                ", ".join(choice.label.en or choice.value for choice in offered),
                "、".join(choice.label.zh or choice.value for choice in offered),
            )
            raise refuse(NOT_A_CHOICE.at(value=one, choices=told))


def duplicates(choices: Sequence[ChoiceDef]) -> Iterator[Problem]:
    """Yield the values that are declared twice; paths are below what declares them."""
    counts = Counter(choice.value.lower() for choice in choices)
    for position, choice in enumerate(choices):
        if counts[choice.value.lower()] > 1:
            yield DUPLICATE.at(f"/choices/{position}/value", value=choice.value)


def none_active(choices: Sequence[ChoiceDef]) -> Iterator[Problem]:
    """Yield that no value may be chosen."""
    if choices and not any(choice.active for choice in choices):
        yield NONE_ACTIVE.at("/choices")


TYPES = (ChoiceType(), MultiChoiceType())
