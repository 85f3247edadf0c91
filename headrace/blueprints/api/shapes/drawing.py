"""What the calls take and answer that somebody draws with: words, names, costs, trials."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypedDict

from headrace.platform.core.problems import Language, ProblemJson
from headrace.platform.core.shapes import Keyword
from headrace.platform.metadata.described import PaletteJson
from headrace.platform.publishing.draft_rows import DocumentJson
from headrace.platform.publishing.scenario_results import ScenarioResultJson


class SchemasAnswer(TypedDict):
    """What documents may say: a JSON Schema for each kind, with words."""

    language: Language
    kinds: dict[str, dict[str, Any]]


class PaletteAnswer(PaletteJson):
    """What formulas and fields are made of, in one language."""

    language: Language


class NameAnswer(TypedDict):
    """A technical name."""

    name: str


class TemplateJson(TypedDict):
    """A module that others begin with: what it holds, by kind, and what may be called otherwise."""

    name: str
    label: str
    contents: dict[str, int]
    objects: dict[str, str]
    roles: dict[str, str]


class TemplatesAnswer(TypedDict):
    """Templates of modules."""

    items: list[TemplateJson]


class ModuleAsked(TypedDict):
    """A module to put into a draft: the copy of `module`, or what `template` holds."""

    module: NotRequired[str]
    template: NotRequired[str]
    name: str
    label: Annotated[dict[str, str], "By language."]
    objects: NotRequired[Annotated[dict[str, str], "Other names."]]
    roles: NotRequired[Annotated[dict[str, str], "Roles that are there already."]]


class ModuleAnswer(TypedDict):
    """The module that was put into a draft."""

    id: str
    documents: int
    told: list[ProblemJson]


class RenameAsked(TypedDict):
    """Another name for a definition, or for a part of it."""

    document: Annotated[str, "Id of the definition."]
    path: Annotated[str, "Place of the part in it; empty for the whole."]
    name: Annotated[str, "The other name."]


class RenamedDocumentJson(TypedDict):
    """A definition as another name makes it."""

    id: str
    document: DocumentJson


class RenameAnswer(TypedDict):
    """What another name changes."""

    problems: list[ProblemJson]
    count: int
    places: list[str]
    along: list[str]
    documents: list[RenamedDocumentJson]


class FormulaAsked(TypedDict):
    """A formula to compute for a record, or for samples."""

    object: NotRequired[Annotated[str, "Whose fields it reads; none for a named expression."]]
    formula: str
    condition: NotRequired[bool]
    document: NotRequired[Annotated[str, "Id of the definition in which it stands."]]
    path: NotRequired[list[str | int]]
    this: NotRequired[Annotated[str, "The object that `this.` speaks of."]]
    record: NotRequired[str]
    given: NotRequired[
        Annotated[
            dict[str, str],
            "Samples, as they are written, of parameters or of what a button asks for.",
        ]
    ]


class CostAsked(TypedDict):
    """What to tell the cost of."""

    document: Annotated[
        str,
        "Id of an object of the draft, or of what is about one: a list, a report, a permission, an "
        "extension of an object.",
    ]
    time: NotRequired[
        Annotated[bool, "Run the list, or the report, for the roles that may read it."]
    ]


class UntoldJson(TypedDict):
    """Why the cost cannot be told."""

    untold: Annotated[str, "Why it cannot be told: the draft cannot be read."]


class _Defined(TypedDict):
    """Which definitions are meant."""

    draft: NotRequired[Annotated[str, "Name or id of a draft, in place of what is live."]]
    version: NotRequired[Annotated[int, "Number of a version, in place of what is live."]]


class SimulateAsked(_Defined):
    """An approval to try."""

    object: Annotated[str, "The object."]
    record: NotRequired[Annotated[str, "Id of the record; without, one that is not."]]
    transition: Annotated[str, "The transition."]
    values: NotRequired[Annotated[dict[str, Any], "Values to try in place of the record's."]]
    submitter: NotRequired[Annotated[str, "Login of who submits; else the caller."]]


class ReplayAsked(_Defined):
    """Past runs to take through other definitions."""

    workflow: Annotated[str, "The workflow."]
    last: NotRequired[
        Annotated[int, "How many runs.", Keyword("minimum", 1), Keyword("maximum", 500)]
    ]


class ScenariosAsked(_Defined):
    """Scenarios to run."""

    names: NotRequired[Annotated[list[str], "Names of scenarios; all without."]]


class ScenariosAnswer(TypedDict):
    """What came out of scenarios."""

    items: list[ScenarioResultJson]
    green: int
    red: int


class RecordingAsked(TypedDict):
    """A record to make a scenario of."""

    object: Annotated[str, "The object."]
    record: Annotated[str, "Id of the record."]
    name: NotRequired[Annotated[str, "API name of the scenario."]]


class RecordingAnswer(TypedDict):
    """A scenario of what was done with a record, and what comes out of it now."""

    module: str
    content: dict[str, Any]
    left_out: list[str]
    problems: list[ProblemJson]
    result: ScenarioResultJson | None
