"""What the calls of those who may design take and answer: the OpenAPI document and the front end's types have it.

Each shape is a TypedDict that the code which answers returns; `CALLS` says which call has which.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from headrace.blueprints.api.shapes.drafts import (
    ChangesAnswer,
    DocumentAnswer,
    DocumentAsked,
    DocumentsAnswer,
    DraftAnswer,
    DraftAsked,
    DraftDocumentJson,
    DraftJson,
    DraftPlanAnswer,
    DraftPlanAsked,
    DraftPublishAsked,
    DraftPublishedAnswer,
    DraftsAnswer,
    LinesAnswer,
    NothingJson,
    PresenceAsked,
    ProblemsAnswer,
    RebaseAsked,
    ReplacementAsked,
    UndoAsked,
)
from headrace.blueprints.api.shapes.drawing import (
    CostAsked,
    FormulaAsked,
    ModuleAnswer,
    ModuleAsked,
    NameAnswer,
    PaletteAnswer,
    RecordingAnswer,
    RecordingAsked,
    RenameAnswer,
    RenameAsked,
    ReplayAsked,
    ScenariosAnswer,
    ScenariosAsked,
    SchemasAnswer,
    SimulateAsked,
    TemplatesAnswer,
    UntoldJson,
)
from headrace.blueprints.api.shapes.publishing import (
    CheckAnswer,
    DefinitionsAnswer,
    DifferencesAnswer,
    ModulesAsked,
    PublishedAnswer,
    RollbackAsked,
    UninstallAsked,
    UpgradePlanAnswer,
    UsesAnswer,
    VersionsAnswer,
)
from headrace.blueprints.api.shapes.spreadsheets import (
    ImportStartedAnswer,
    SpreadsheetAnswer,
    SpreadsheetDraftAnswer,
    SpreadsheetDraftAsked,
    SpreadsheetsAnswer,
    UploadedAnswer,
)
from headrace.platform.forms.trying import FormulaJson
from headrace.platform.publishing.costing.shapes import CostJson
from headrace.platform.publishing.plan import PlanJson
from headrace.platform.publishing.versions import VersionJson
from headrace.platform.reports.results import ReportJson
from headrace.platform.workflow.replays import ReplayJson
from headrace.platform.workflow.simulating import SimulationJson


class Call(NamedTuple):
    """What a call answers, and the JSON that it takes, where it takes some."""

    answer: Any
    asked: Any = None


CALLS: Final[Mapping[tuple[str, str], Call]] = {
    ("get", "/metadata/schemas"): Call(SchemasAnswer),
    ("get", "/metadata/palette"): Call(PaletteAnswer),
    ("get", "/metadata/names"): Call(NameAnswer),
    ("get", "/metadata/templates"): Call(TemplatesAnswer),
    ("get", "/metadata/{kind}"): Call(DefinitionsAnswer),
    ("get", "/metadata/where-used"): Call(UsesAnswer),
    ("get", "/metadata/versions"): Call(VersionsAnswer),
    ("get", "/metadata/versions/{number}"): Call(VersionJson),
    ("get", "/metadata/diff"): Call(DifferencesAnswer),
    ("get", "/metadata/local-changes"): Call(DifferencesAnswer),
    ("post", "/metadata/check"): Call(CheckAnswer, ModulesAsked),
    ("post", "/metadata/plan"): Call(PlanJson, ModulesAsked),
    ("post", "/metadata/publish"): Call(PublishedAnswer, ModulesAsked),
    ("post", "/metadata/upgrade/plan"): Call(UpgradePlanAnswer, ModulesAsked),
    ("post", "/metadata/upgrade"): Call(PublishedAnswer, ModulesAsked),
    ("post", "/metadata/rollback"): Call(PublishedAnswer | PlanJson, RollbackAsked),
    ("post", "/metadata/uninstall"): Call(PublishedAnswer | PlanJson, UninstallAsked),
    ("post", "/metadata/simulate"): Call(SimulationJson, SimulateAsked),
    ("post", "/metadata/replay"): Call(ReplayJson, ReplayAsked),
    ("post", "/metadata/scenarios/run"): Call(ScenariosAnswer, ScenariosAsked),
    ("post", "/metadata/scenarios/record"): Call(RecordingAnswer, RecordingAsked),
    ("get", "/metadata/spreadsheets"): Call(SpreadsheetsAnswer),
    ("post", "/metadata/spreadsheets"): Call(UploadedAnswer),
    ("get", "/metadata/spreadsheets/{id}"): Call(SpreadsheetAnswer),
    ("post", "/metadata/spreadsheets/{id}/draft"): Call(
        SpreadsheetDraftAnswer, SpreadsheetDraftAsked
    ),
    ("post", "/metadata/spreadsheets/{id}/import"): Call(ImportStartedAnswer),
    ("get", "/metadata/drafts"): Call(DraftsAnswer),
    ("post", "/metadata/drafts"): Call(DraftJson, DraftAsked),
    ("get", "/metadata/drafts/{draft}"): Call(DraftAnswer),
    ("delete", "/metadata/drafts/{draft}"): Call(DraftJson),
    ("get", "/metadata/drafts/{draft}/documents"): Call(DocumentsAnswer | LinesAnswer),
    ("post", "/metadata/drafts/{draft}/documents"): Call(DraftDocumentJson, DocumentAsked),
    ("get", "/metadata/drafts/{draft}/documents/{id}"): Call(DocumentAnswer),
    ("put", "/metadata/drafts/{draft}/documents/{id}"): Call(DraftDocumentJson, ReplacementAsked),
    ("delete", "/metadata/drafts/{draft}/documents/{id}"): Call(DraftDocumentJson),
    ("get", "/metadata/drafts/{draft}/changes"): Call(ChangesAnswer),
    ("post", "/metadata/drafts/{draft}/presence"): Call(NothingJson, PresenceAsked),
    ("post", "/metadata/drafts/{draft}/undo"): Call(DraftDocumentJson, UndoAsked),
    ("post", "/metadata/drafts/{draft}/check"): Call(ProblemsAnswer, NothingJson),
    ("post", "/metadata/drafts/{draft}/plan"): Call(DraftPlanAnswer, DraftPlanAsked),
    ("post", "/metadata/drafts/{draft}/rebase"): Call(DraftJson, RebaseAsked),
    ("post", "/metadata/drafts/{draft}/publish"): Call(DraftPublishedAnswer, DraftPublishAsked),
    ("post", "/metadata/drafts/{draft}/rename"): Call(RenameAnswer, RenameAsked),
    ("post", "/metadata/drafts/{draft}/modules"): Call(ModuleAnswer, ModuleAsked),
    ("post", "/metadata/drafts/{draft}/formula"): Call(FormulaJson, FormulaAsked),
    ("post", "/metadata/drafts/{draft}/cost"): Call(CostJson | UntoldJson, CostAsked),
    ("post", "/metadata/drafts/{draft}/reports/{name}/run"): Call(ReportJson, NothingJson),
}
"""By method and path of the OpenAPI document."""
