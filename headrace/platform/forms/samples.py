"""What a formula that is tried is handed over: parameters of a named expression, what a button asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from headrace.platform.core.problems import Problem, Text
from headrace.platform.formulas.tree import Value
from headrace.platform.formulas.types import Kind, Type


class SampleChoiceJson(TypedDict):
    """A value that can be chosen."""

    value: str
    label: str


class SampleJson(TypedDict):
    """A value that a formula is handed over, as somebody writes it."""

    name: str
    label: str
    kind: Kind
    object: str | None
    whole: bool
    choices: list[SampleChoiceJson]
    value: str
    title: str | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Sample:
    """A value that a formula is handed over, by the id that its tree has for it.

    `text` is the value as somebody writes it, `title` that of the record which a reference leads to;
    `problem` says why what was written is no value: then there is none.
    """

    id: str
    name: str
    label: Text
    type: Type
    value: Value = None
    text: str = ""
    choices: tuple[tuple[str, Text], ...] = ()
    title: str | None = None
    problem: Problem | None = None

    def render(self, language: str) -> SampleJson:
        """Return the JSON form in one language."""
        return {
            "name": self.name,
            "label": self.label.within(language),
            "kind": self.type.kind,
            "object": self.type.target,
            "whole": self.type.kind is Kind.NUMBER and self.type.scale == 0,
            "choices": [
                {"value": value, "label": label.within(language) or value}
                for value, label in self.choices
            ],
            "value": self.text,
            "title": self.title,
            "problem": self.problem.message.within(language) if self.problem else None,
        }
