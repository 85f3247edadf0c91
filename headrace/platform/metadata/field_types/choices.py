"""Single choice: one of declared values with labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from marshmallow import fields

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.types import TEXT as TEXT_TYPE
from headrace.platform.formulas.types import Type
from headrace.platform.metadata.definitions.choices import ChoiceDef
from headrace.platform.metadata.definitions.keys import Name, Value, key
from headrace.platform.metadata.field_types.base import ORDER, Example, FieldType
from headrace.platform.metadata.field_types.cells import Cell, cell_text
from headrace.platform.metadata.field_types.values import ChoiceField
from headrace.platform.metadata.storage_types import TEXT, Storage

DUPLICATE = Message(
    "option.duplicate",
    "The value “{value}” is declared twice.",
    "选项值“{value}”重复。",
    "Remove one or give it another value; upper and lower case count as the same.",
    "请删除其一或改用其他值;不区分大小写。",
)
NONE_ACTIVE = Message(
    "choice.none_active",
    "None of the choices is active: no record could ever get a value.",
    "没有启用的选项:任何记录都无法取得值。",
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
        """Take a value for itself, a label in either language for its value."""
        values = {choice.value for choice in options.choices}
        if text in values:
            return text
        wanted = text.strip().casefold()
        for choice in options.choices:
            names = (choice.value, choice.label.en, choice.label.zh)
            if wanted in {name.casefold() for name in names}:
                return choice.value
        return text

    def from_cell(self, cell: Cell, options: ChoiceOptions, zone: tzinfo) -> str:
        return self.from_text(cell_text(cell), options)

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


TYPES = (ChoiceType(),)
