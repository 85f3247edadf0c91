"""What the calls of versions and their plans answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypeAlias, TypedDict

from headrace.platform.core.problems import ProblemJson
from headrace.platform.metadata.comparing.values import DifferenceJson
from headrace.platform.metadata.merging import ConflictJson
from headrace.platform.metadata.references import UseJson
from headrace.platform.publishing.decisions import DecisionJson
from headrace.platform.publishing.plan import PlanJson, PlanLineJson
from headrace.platform.publishing.uninstalling import Data
from headrace.platform.publishing.versions import VersionJson

AnswersJson: TypeAlias = Annotated[
    dict[str, DecisionJson], "Answers to lines of the plan, by their keys."
]


class _Said(TypedDict):
    """What is said of a version that shall go live."""

    message: NotRequired[str]
    decisions: NotRequired[AnswersJson]


class _Based(_Said):
    """What is said of a version that was planned before."""

    base: NotRequired[
        Annotated[int | None, "Version that the plan was made on; another one is refused."]
    ]


class ModulesAsked(_Based):
    """Modules, whole."""

    modules: Annotated[dict[str, list[dict[str, Any]]], "Module name to a list of its documents."]


class RollbackAsked(_Based):
    """The version to go back to."""

    version: Annotated[int, "Version whose content is published again."]
    plan: NotRequired[Annotated[bool, "Only say what it would do."]]


class UninstallAsked(_Said):
    """The module to take away."""

    module: str
    data: Data
    plan: NotRequired[Annotated[bool, "Only say what would happen."]]


class PlanRowsAsked(TypedDict):
    """The line of a plan whose rows are asked for."""

    modules: Annotated[dict[str, list[dict[str, Any]]], "Module name to a list of its documents."]
    decisions: NotRequired[AnswersJson]
    key: Annotated[str, "Key of a line of the plan."]
    format: NotRequired[Literal["csv", "json"]]


class UpgradePlanAnswer(PlanJson):
    """What an upgrade would do, and where both sides changed the same."""

    conflicts: list[ConflictJson]


class PublishedAnswer(TypedDict):
    """The version that is live now, and what was done."""

    version: int
    lines: list[PlanLineJson]


class CheckAnswer(TypedDict):
    """What is wrong with modules."""

    problems: list[ProblemJson]


class VersionsAnswer(TypedDict):
    """Published versions, the newest first."""

    items: list[VersionJson]


class DifferencesAnswer(TypedDict):
    """What leads from one content to another."""

    items: list[DifferenceJson]


class UsesAnswer(TypedDict):
    """What uses a definition."""

    items: list[UseJson]


class DefinitionsAnswer(TypedDict):
    """Definitions as they stand in their files."""

    items: list[dict[str, Any]]
