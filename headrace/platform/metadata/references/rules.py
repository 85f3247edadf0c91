"""The closed table of keys that name something else, beside those that name only themselves.

A key with a new name, path or formula has to be entered here; a test compares the table with the schemas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from headrace.platform.metadata.definitions.access import (
    FieldRightsDef,
    GrantDef,
    PermissionDef,
    RoleDef,
    ScopeDef,
)
from headrace.platform.metadata.definitions.automations import (
    ActionDef,
    AutomationDef,
    BeginDef,
    ConvertDef,
    CreateDef,
    ForEachDef,
    InputDef,
    NeedDef,
    NotifyDef,
    PeopleDef,
    RecipientDef,
    RefuseDef,
    RowActionDef,
    TakeDef,
    TriggerDef,
    WebhookDef,
)
from headrace.platform.metadata.definitions.choices import ChoiceDef, ChoiceSetDef
from headrace.platform.metadata.definitions.dashboards import DashboardDef, TileDef
from headrace.platform.metadata.definitions.extensions import (
    ExtendsApprovalDef,
    ExtendsChoiceSetDef,
    ExtendsDashboardDef,
    ExtendsDef,
    ExtendsFormDef,
    ExtendsModuleDef,
    ExtendsObjectDef,
    ExtendsPermissionDef,
    ExtendsReportDef,
    ExtendsViewDef,
    ExtendsWorkflowDef,
)
from headrace.platform.metadata.definitions.modules import (
    CalendarDef,
    ConstantDef,
    ExpressionDef,
    MenuItemDef,
    ModuleDef,
    ParameterDef,
    ShiftDef,
)
from headrace.platform.metadata.definitions.objects import (
    BestMatchDef,
    ChildDef,
    FieldDef,
    FieldRuleDef,
    LedgerDef,
    NoOverlapDef,
    ObjectDef,
    OverlapKeyDef,
    RecordTypeDef,
    RuleDef,
    ScopePathsDef,
    UniqueDef,
)
from headrace.platform.metadata.definitions.scenarios import (
    ActDef,
    DecisionDef,
    EditDef,
    ExpectedDef,
    GivenRecordDef,
    GivenUserDef,
    MoveDef,
    NewRecordDef,
    PressDef,
    ScenarioDef,
)
from headrace.platform.metadata.definitions.screens import (
    FormDef,
    FormForDef,
    FormItemDef,
    GroupDef,
    MeasureDef,
    ReportDef,
    SectionDef,
    ViewDef,
)
from headrace.platform.metadata.definitions.workflows import (
    ApprovalDef,
    ApproverDef,
    BranchDef,
    OutcomeDef,
    StateDef,
    StepDef,
    TimeLimitDef,
    TransitionDef,
    WorkflowDef,
)
from headrace.platform.metadata.field_types.choices import ChoiceOptions
from headrace.platform.metadata.field_types.computed import (
    AutoNumberOptions,
    FormulaOptions,
    RollupOptions,
    StateOptions,
)
from headrace.platform.metadata.field_types.numbers import (
    BoundsOptions,
    DecimalOptions,
    MoneyOptions,
)
from headrace.platform.metadata.field_types.phones import PhoneOptions
from headrace.platform.metadata.field_types.references import (
    LookupOptions,
    MasterDetailOptions,
    MultiLookupOptions,
    PolymorphicLookupOptions,
    TargetFilterDef,
    UserOptions,
    UsersOptions,
)
from headrace.platform.metadata.field_types.text import TextOptions

Target = Literal[
    "object",
    "role",
    "choice_set",
    "workflow",
    "module",
    "automation",
    "calendar",
    "view",
    "report",
    "dashboard",
    "field",
    "member",
    "row field",
    "row path",
    "shared field",
    "path",
    "sort",
    "state",
    "transition",
    "choice",
    "record type",
    "child",
    "roll-up",
    "formula",
    "row formula",
    "assignments",
    "row assignments",
    "target assignments",
    "line assignments",
    "row values",
    "target child",
    "line formula",
    "template",
    "measure",
    "extended",
    "sibling",
    "local",
    "inputs",
    "allowed",
]
"""What a key names: `field` a field of the object at hand, `member` also a child grid, `row field` a
field of the rows that the part speaks of, `shared field` one of both, `sort` a path with a sign, `assignments` fields with formulas
(`row assignments`: fields of the rows; `target assignments` and `target child`: of the document that is
made of a record; `line formula` and `line assignments`: over its rows), `template` a text with fields in it, `measure` a number
of the report at hand by what it puts together, `row values`: fields of the rows with values,
`sibling` what stands in the same list of the extended definition, `local` a person or record of the scenario by local name, `inputs`
values for the inputs of a button, `allowed` values of a choice by those of the one that decides."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What the values of a key name, and how they use it."""

    target: Target
    how: str


Key = tuple[type, str]

FORMULA: Final = Rule("formula", "formula")
LINE_FORMULA: Final = Rule("line formula", "formula")
EXTENSIONS: Final[tuple[type, ...]] = (
    ExtendsDef,
    ExtendsModuleDef,
    ExtendsChoiceSetDef,
    ExtendsObjectDef,
    ExtendsWorkflowDef,
    ExtendsApprovalDef,
    ExtendsPermissionDef,
    ExtendsFormDef,
    ExtendsViewDef,
    ExtendsReportDef,
    ExtendsDashboardDef,
)

RULES: Final[Mapping[Key, Rule]] = {
    (ModuleDef, "requires"): Rule("module", "requires"),
    (ModuleDef, "optional"): Rule("module", "optional"),
    (ExpressionDef, "formula"): FORMULA,
    (ParameterDef, "to"): Rule("object", "parameter"),
    (MenuItemDef, "object"): Rule("object", "menu"),
    (MenuItemDef, "views"): Rule("view", "menu"),
    (MenuItemDef, "report"): Rule("report", "menu"),
    (MenuItemDef, "dashboard"): Rule("dashboard", "menu"),
    (PermissionDef, "object"): Rule("object", "object"),
    (GrantDef, "role"): Rule("role", "grant"),
    (GrantDef, "when"): FORMULA,
    (GrantDef, "transitions"): Rule("transition", "grant transition"),
    (ScopeDef, "path"): Rule("path", "grant assigned"),
    (ScopeDef, "formula"): FORMULA,
    (FieldRightsDef, "read"): Rule("member", "grant read"),
    (FieldRightsDef, "edit"): Rule("member", "grant edit"),
    (FieldRightsDef, "unmask"): Rule("member", "grant unmask"),
    (ObjectDef, "title"): Rule("field", "title"),
    (ObjectDef, "search"): Rule("field", "search"),
    (ObjectDef, "period_date"): Rule("field", "period date"),
    (ScopePathsDef, "organisation"): Rule("path", "scope"),
    (ScopePathsDef, "territory"): Rule("path", "scope"),
    (ScopePathsDef, "owner"): Rule("path", "scope"),
    (ChildDef, "object"): Rule("object", "child"),
    (ChildDef, "by"): Rule("row field", "child by"),
    (RuleDef, "unless"): FORMULA,
    (RuleDef, "when"): FORMULA,
    (RuleDef, "field"): Rule("field", "rule"),
    (FieldRuleDef, "about"): Rule("field", "field rule"),
    (FieldRuleDef, "when"): FORMULA,
    (FieldRuleDef, "allowed"): Rule("choice", "field rule"),
    (RecordTypeDef, "roles"): Rule("role", "record type for"),
    (RecordTypeDef, "when"): FORMULA,
    (UniqueDef, "fields"): Rule("field", "unique"),
    (UniqueDef, "where"): FORMULA,
    **{
        (BestMatchDef, one): Rule("field", "best match")
        for one in ("keys", "priority", "from_", "to")
    },
    (OverlapKeyDef, "field"): Rule("field", "no overlap"),
    (NoOverlapDef, "where"): FORMULA,
    (NoOverlapDef, "from_"): Rule("field", "no overlap"),
    (NoOverlapDef, "to"): Rule("field", "no overlap"),
    **{
        (LedgerDef, one): Rule("field", "ledger")
        for one in (
            *("amount", "balance", "position", "date"),
            *("partition", "reversal_of", "reason"),
        )
    },
    (LedgerDef, "set"): Rule("assignments", "set"),
    (FieldDef, "default"): FORMULA,
    (FieldDef, "required_in"): Rule("state", "required in"),
    (FormulaOptions, "formula"): FORMULA,
    (RollupOptions, "of"): Rule("roll-up", "roll-up"),
    (RollupOptions, "by"): Rule("row field", "roll-up by"),
    (RollupOptions, "on"): Rule("shared field", "roll-up by"),
    (RollupOptions, "via"): Rule("row path", "roll-up by"),
    (RollupOptions, "last_by"): Rule("row field", "roll-up by"),
    (RollupOptions, "where"): Rule("row formula", "formula"),
    (ChoiceOptions, "choice_set"): Rule("choice_set", "choice set"),
    (ChoiceOptions, "depends_on"): Rule("field", "depends on"),
    (ChoiceOptions, "allowed"): Rule("allowed", "depends on"),
    (MoneyOptions, "currency_field"): Rule("field", "currency"),
    (StateOptions, "workflow"): Rule("workflow", "workflow"),
    (LookupOptions, "to"): Rule("object", "lookup"),
    (LookupOptions, "filter"): Rule("row formula", "formula"),
    (MultiLookupOptions, "to"): Rule("object", "lookup"),
    (MultiLookupOptions, "filter"): Rule("row formula", "formula"),
    (PolymorphicLookupOptions, "targets"): Rule("object", "lookup"),
    (TargetFilterDef, "object"): Rule("object", "lookup"),
    (TargetFilterDef, "filter"): Rule("row formula", "formula"),
    (UserOptions, "roles"): Rule("role", "user choice"),
    (UsersOptions, "roles"): Rule("role", "user choice"),
    (MasterDetailOptions, "to"): Rule("object", "master"),
    (WorkflowDef, "object"): Rule("object", "object"),
    (WorkflowDef, "field"): Rule("field", "state field"),
    (TransitionDef, "from_"): Rule("state", "from"),
    (TransitionDef, "to"): Rule("state", "to"),
    (TransitionDef, "by"): Rule("role", "by"),
    (TransitionDef, "when"): FORMULA,
    (TransitionDef, "set"): Rule("assignments", "set"),
    (OutcomeDef, "to"): Rule("state", "to"),
    (OutcomeDef, "when"): FORMULA,
    (OutcomeDef, "set"): Rule("assignments", "set"),
    (ApprovalDef, "workflow"): Rule("workflow", "workflow"),
    (ApprovalDef, "transition"): Rule("transition", "approval"),
    (ApprovalDef, "when"): FORMULA,
    (StepDef, "when"): FORMULA,
    (StepDef, "editable"): Rule("member", "editable"),
    (StepDef, "required"): Rule("member", "needed to approve"),
    (StepDef, "depends_on"): Rule("member", "decided by"),
    (ApprovalDef, "key_fields"): Rule("member", "key field"),
    (TimeLimitDef, "calendar"): Rule("calendar", "time limit"),
    (ApproverDef, "field"): Rule("path", "approver"),
    (ApproverDef, "role"): Rule("role", "approver"),
    (ApproverDef, "within"): Rule("path", "approver within"),
    (ApproverDef, "of"): Rule("path", "approver"),
    (ApproverDef, "until"): Rule("role", "approver"),
    (ApproverDef, "formula"): FORMULA,
    (AutomationDef, "object"): Rule("object", "object"),
    (AutomationDef, "when"): FORMULA,
    (TriggerDef, "changed"): Rule("field", "trigger"),
    (TriggerDef, "transitions"): Rule("transition", "trigger"),
    (TriggerDef, "child"): Rule("child", "trigger"),
    (TriggerDef, "at"): FORMULA,
    (TriggerDef, "roles"): Rule("role", "button for"),
    (TriggerDef, "states"): Rule("state", "button in"),
    **{(one, "when"): FORMULA for one in (ActionDef, RowActionDef)},
    **{(one, "set"): Rule("assignments", "set") for one in (ActionDef, RowActionDef)},
    (RefuseDef, "field"): Rule("field", "rule"),
    (CreateDef, "object"): Rule("object", "creates"),
    (CreateDef, "set"): Rule("row assignments", "set"),
    (PeopleDef, "person"): Rule("row field", "set"),
    (PeopleDef, "organisation"): Rule("row field", "set"),
    (PeopleDef, "among"): Rule("field", "told"),
    (PeopleDef, "roles"): Rule("role", "told"),
    (PeopleDef, "within"): FORMULA,
    (ConvertDef, "object"): Rule("object", "creates"),
    (ConvertDef, "set"): Rule("target assignments", "set"),
    (ConvertDef, "lines"): Rule("child", "converts"),
    (ConvertDef, "remaining"): LINE_FORMULA,
    (ConvertDef, "into"): Rule("target child", "creates"),
    (ConvertDef, "quantity"): Rule("row field", "set"),
    (ConvertDef, "source"): Rule("row field", "set"),
    (ConvertDef, "each"): Rule("line assignments", "set"),
    (BeginDef, "transition"): Rule("transition", "begins"),
    (TakeDef, "transition"): Rule("transition", "takes"),
    (RecipientDef, "field"): Rule("path", "told"),
    (RecipientDef, "role"): Rule("role", "told"),
    (RecipientDef, "of"): Rule("path", "told"),
    (NotifyDef, "text"): Rule("template", "shown in"),
    (WebhookDef, "fields"): Rule("path", "sent"),
    (ForEachDef, "object"): Rule("object", "goes through"),
    (ForEachDef, "rows"): FORMULA,
    (NeedDef, "object"): Rule("object", "has rights"),
    (FormDef, "object"): Rule("object", "object"),
    (FormForDef, "roles"): Rule("role", "form for"),
    (FormForDef, "record_types"): Rule("record type", "form for"),
    (FormItemDef, "field"): Rule("field", "form item"),
    (FormItemDef, "children"): Rule("child", "form item"),
    (FormItemDef, "columns"): Rule("row field", "column"),
    (ViewDef, "object"): Rule("object", "object"),
    (ViewDef, "columns"): Rule("path", "column"),
    (ViewDef, "where"): FORMULA,
    (ViewDef, "sort"): Rule("sort", "sort"),
    (ReportDef, "object"): Rule("object", "object"),
    (ReportDef, "where"): FORMULA,
    (ReportDef, "roles"): Rule("role", "report for"),
    (DashboardDef, "roles"): Rule("role", "dashboard for"),
    (TileDef, "report"): Rule("report", "tile"),
    (TileDef, "measure"): Rule("measure", "measure"),
    (GroupDef, "field"): Rule("path", "group"),
    (MeasureDef, "field"): Rule("path", "measure"),
    (GivenUserDef, "roles"): Rule("role", "acts in"),
    (GivenRecordDef, "object"): Rule("object", "tried with"),
    (NewRecordDef, "object"): Rule("object", "tried with"),
    **{
        (one, "values"): Rule("row values", "tried with")
        for one in (GivenRecordDef, NewRecordDef, EditDef)
    },
    **{
        (one, "record"): Rule("local", "tried with")
        for one in (EditDef, MoveDef, DecisionDef, PressDef, ExpectedDef)
    },
    **{
        (GivenUserDef, one): Rule("local", "tried with")
        for one in ("territory", "organisation", "manager")
    },
    **{(ExpectedDef, one): Rule("local", "expects") for one in ("tasks", "seen_by", "hidden_from")},
    (ActDef, "by"): Rule("local", "acts in"),
    (PressDef, "inputs"): Rule("inputs", "tried with"),
    (MoveDef, "transition"): Rule("transition", "takes"),
    (PressDef, "button"): Rule("automation", "presses"),
    (ExpectedDef, "state"): Rule("state", "expects"),
    (ExpectedDef, "values"): Rule("row values", "expects"),
    **{(one, "name"): Rule("extended", "extends") for one in EXTENSIONS},
    **{(one, "after"): Rule("sibling", "after") for one in EXTENSIONS},
    (ExtendsModuleDef, "views"): Rule("view", "menu"),
    (ExtendsObjectDef, "search"): Rule("field", "search"),
    (ExtendsWorkflowDef, "from_"): Rule("state", "from"),
    (ExtendsWorkflowDef, "by"): Rule("role", "by"),
    (ExtendsApprovalDef, "editable"): Rule("member", "editable"),
    (ExtendsViewDef, "columns"): Rule("path", "column"),
}

KEYS: Final[Mapping[Key, Rule]] = {
    (ExtendsModuleDef, "views"): Rule("object", "added to"),
    (ExtendsObjectDef, "choices"): Rule("field", "added to"),
    (ExtendsWorkflowDef, "from_"): Rule("transition", "added to"),
    (ExtendsWorkflowDef, "by"): Rule("transition", "added to"),
    (ExtendsApprovalDef, "editable"): Rule("sibling", "added to"),
    (ExtendsFormDef, "items"): Rule("sibling", "added to"),
}
"""What the names under a key name themselves, where what stands by name is added to something."""

INSIDE: Final[Mapping[Key, str]] = {
    (ExtendsModuleDef, "views"): "menu",
    (ExtendsObjectDef, "choices"): "field",
    (ExtendsWorkflowDef, "from_"): "transition",
    (ExtendsWorkflowDef, "by"): "transition",
    (ExtendsApprovalDef, "editable"): "step",
    (ExtendsFormDef, "items"): "section",
}
"""The kind of part to whose inner list a key adds, by the names of the parts."""

OWN_NAMES: Final[frozenset[Key]] = frozenset(
    (definition, attribute)
    for definition in (
        *(ModuleDef, RoleDef, ObjectDef, FieldDef, WorkflowDef, StateDef, ApprovalDef),
        AutomationDef,
        *(PermissionDef, FormDef, ViewDef, ReportDef, DashboardDef, ChoiceSetDef, ScenarioDef),
    )
    for attribute in ("name", "was")
) | {
    (ConstantDef, "name"),
    (CalendarDef, "name"),
    (ExpressionDef, "name"),
    (ParameterDef, "name"),
    (ChildDef, "name"),
    (RuleDef, "name"),
    (FieldRuleDef, "name"),
    (NoOverlapDef, "name"),
    (RecordTypeDef, "name"),
    (TransitionDef, "name"),
    (StepDef, "name"),
    (BranchDef, "name"),
    (InputDef, "name"),
    (SectionDef, "name"),
    (TileDef, "name"),
    (GivenUserDef, "name"),
    (GivenRecordDef, "name"),
    (NewRecordDef, "name"),
}
"""Names by which a definition is called itself."""

PLAIN: Final[frozenset[Key]] = frozenset(
    {
        (AutoNumberOptions, "pattern"),
        (ChoiceDef, "was"),
        (RecordTypeDef, "was"),
        (ChoiceDef, "value"),
        (DecimalOptions, "least"),
        (LedgerDef, "floor"),
        (DecimalOptions, "most"),
        (PhoneOptions, "country"),
        (TextOptions, "format"),
        (TextOptions, "pattern"),
        (BoundsOptions, "least"),
        (BoundsOptions, "most"),
        (MoneyOptions, "least"),
        (MoneyOptions, "most"),
        (MoneyOptions, "currency"),
        (ModuleDef, "version"),
        (ApproverDef, "user"),
        (TimeLimitDef, "limit"),
        (ConstantDef, "value"),
        (CalendarDef, "holidays"),
        (CalendarDef, "workdays"),
        (ShiftDef, "opens"),
        (ShiftDef, "closes"),
        (MenuItemDef, "icon"),
        (FieldDef, "type"),
        (ExtendsDef, "of"),
        (TakeDef, "comment"),
        (BeginDef, "comment"),
        (TriggerDef, "cron"),
        (InputDef, "type"),
        (WebhookDef, "endpoint"),
        (RecipientDef, "endpoint"),
        (GivenRecordDef, "key"),
        (ActDef, "refused"),
        *((one, "comment") for one in (MoveDef, DecisionDef)),
        (ScenarioDef, "at"),
    }
)
"""Texts that name nothing."""

SHORT_FORMS: Final[Mapping[type, str]] = {
    FormItemDef: "field",
    GroupDef: "field",
    OverlapKeyDef: "field",
    OutcomeDef: "to",
    ScopeDef: "name",
}
"""The attribute that a plain text stands for, where a definition may be written as one."""

JSON_KEYS: Final[Mapping[Key, str]] = {
    (ScopeDef, "path"): "assigned",
    (ScopeDef, "formula"): "criteria",
}
"""Keys in JSON that are called otherwise than the attribute."""

PARTS: Final[Mapping[type, str]] = {
    FieldDef: "field",
    RuleDef: "rule",
    FieldRuleDef: "field rule",
    RecordTypeDef: "record type",
    ChildDef: "child",
    UniqueDef: "unique",
    NoOverlapDef: "no overlap",
    StateDef: "state",
    TransitionDef: "transition",
    StepDef: "step",
    BranchDef: "branch",
    GrantDef: "grant",
    ConstantDef: "constant",
    CalendarDef: "calendar",
    ExpressionDef: "expression",
    ParameterDef: "parameter",
    MenuItemDef: "menu",
    TileDef: "tile",
    InputDef: "input",
    GivenUserDef: "given person",
    GivenRecordDef: "given record",
}
"""Parts of documents that are spoken of by their own names."""
