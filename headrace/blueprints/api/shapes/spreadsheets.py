"""What the calls take and answer that make a module of a spreadsheet."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypedDict

from headrace.blueprints.api.shapes.drafts import DraftJson
from headrace.platform.core.problems import ProblemJson
from headrace.platform.core.shapes import Moment
from headrace.platform.exchange.spreadsheets.proposals import ProposalJson
from headrace.platform.publishing.spreadsheets import State


class RowProblemJson(ProblemJson):
    """Why a row is not imported."""

    row: int


class SpreadsheetJson(TypedDict):
    """An uploaded file and how far it is."""

    id: str
    file: str
    state: State
    created_at: Moment
    draft: str | None
    left_out: list[RowProblemJson]


_Import = TypedDict("_Import", {"import": str | None})


class KeptSpreadsheetJson(SpreadsheetJson, _Import):
    """An uploaded file, and the import of its rows."""


class SpreadsheetsAnswer(TypedDict):
    """One's own spreadsheets, the newest first."""

    items: list[KeptSpreadsheetJson]


class UploadedAnswer(TypedDict):
    """A file that was kept, and what it proposes."""

    id: str
    proposal: ProposalJson


class SpreadsheetAnswer(KeptSpreadsheetJson):
    """How far a spreadsheet is, and what it proposes."""

    proposal: ProposalJson


class SpreadsheetDraftAsked(TypedDict):
    """A reviewed proposal; without `draft` a new one is made."""

    draft: NotRequired[str | None]
    proposal: Annotated[dict[str, Any], "The proposal as it came, with the changes of the review."]


class MadeDocumentJson(TypedDict):
    """A definition that was made."""

    id: str
    kind: str
    name: str


class SpreadsheetDraftAnswer(TypedDict):
    """The draft, and what was put into it."""

    draft: DraftJson
    documents: list[MadeDocumentJson]


_Started = TypedDict("_Started", {"import": str})


class ImportStartedAnswer(_Started):
    """The job that imports the rows, and those that it is not given."""

    job: str
    left_out: list[RowProblemJson]
