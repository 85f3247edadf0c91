"""What came out of the scenarios of a content: green, or red with the first difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NotRequired, Protocol, TypedDict

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.publishing.catalogs import Content

RED: Final = Message(
    "scenario.red",
    "The scenario “{name}” is red: {difference}",
    "业务场景“{name}”未通过：{difference}",
    "Correct what was changed; where the scenario is out of date, correct it in the same publish.",
    "请更正所做的修改；如果业务场景已过时，请在同一次发布中更正它。",
)


class ScenarioResultJson(TypedDict):
    """What came out of one scenario; a red one says where, and what the first difference is."""

    name: str
    module: str
    label: str
    result: Literal["green", "red"]
    milliseconds: int
    difference: NotRequired[str]
    path: NotRequired[str]
    step: NotRequired[int]


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """What came out of one scenario; `difference` is the first one, at `place` of its document.

    `step` counts from 1; it is None where the difference is in what is given or expected.
    """

    name: str
    module: str
    label: Text
    file: str
    seconds: float
    difference: Text | None = None
    place: str = ""
    step: int | None = None

    @property
    def green(self) -> bool:
        """Whether all came out as expected."""
        return self.difference is None

    @property
    def problem(self) -> Problem | None:
        """What a red one says to who publishes."""
        if self.difference is None:
            return None
        shown = self.label or Text(self.name, self.name)
        return RED.at(f"/{self.file}{self.place}", name=shown, difference=self.difference)

    def render(self, language: str) -> ScenarioResultJson:
        """Return the JSON form in one language."""
        shown: ScenarioResultJson = {
            "name": self.name,
            "module": self.module,
            "label": (self.label or Text(self.name, self.name)).within(language),
            "result": "green" if self.green else "red",
            "milliseconds": round(self.seconds * 1000),
        }
        if self.difference is not None:
            shown["difference"] = self.difference.within(language)
            shown["path"] = f"/{self.file}{self.place}"
        if self.step is not None:
            shown["step"] = self.step
        return shown


class RunScenarios(Protocol):
    """Runs the scenarios of a content; plugged into the publisher by the runtime."""

    def __call__(self, catalog: Catalog, content: Content) -> tuple[ScenarioResult, ...]:
        """Return what comes out of each scenario, by module and name; touches nothing that is live."""
        ...
