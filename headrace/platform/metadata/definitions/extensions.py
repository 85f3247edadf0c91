"""Extension files: what a module adds to another module's definition, a closed set of keys a kind.

A key that holds a list adds to the list of the same name; a key that holds lists by name adds to a list
inside the part of that name. `after` says where in a list something stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headrace.platform.metadata.definitions.access import GrantDef
from headrace.platform.metadata.definitions.choices import ChoiceDef
from headrace.platform.metadata.definitions.dashboards import TileDef
from headrace.platform.metadata.definitions.keys import After, Name, Path, key
from headrace.platform.metadata.definitions.modules import MenuItemDef
from headrace.platform.metadata.definitions.objects import (
    ChildDef,
    FieldDef,
    FieldRuleDef,
    RecordTypeDef,
    RuleDef,
    UniqueDef,
)
from headrace.platform.metadata.definitions.screens import (
    FormItemDef,
    GroupDef,
    MeasureDef,
    SectionDef,
)
from headrace.platform.metadata.definitions.workflows import StateDef, StepDef, TransitionDef


@dataclass(frozen=True, slots=True)
class ExtendsDef:
    """What a module adds to another module's definition."""

    kind: Literal["extends"] = key("Always `extends`.")
    of: str = key("Kind of the definition that is extended.")
    name: Name = key("Its name.")
    id: str | None = key("Stable id.", None, maxLength=60)


@dataclass(frozen=True, slots=True)
class ExtendsModuleDef(ExtendsDef):
    """What a module adds to the menu of another one."""

    of: Literal["module"] = key("Kind of the definition that is extended.")
    menu: tuple[MenuItemDef, ...] = key("Menu entries that are added.", ())
    views: dict[Name, tuple[Name, ...]] = key(
        "Views that are added to the tabs of an entry, by the object that it opens.", {}
    )


@dataclass(frozen=True, slots=True)
class ExtendsObjectDef(ExtendsDef):
    """What a module adds to another module's object."""

    of: Literal["object"] = key("Kind of the definition that is extended.")
    fields: tuple[FieldDef, ...] = key("Fields that are added.", ())
    rules: tuple[RuleDef, ...] = key("Rules that are added.", ())
    field_rules: tuple[FieldRuleDef, ...] = key("Field rules that are added.", ())
    record_types: tuple[RecordTypeDef, ...] = key("Record types that are added.", ())
    children: tuple[ChildDef, ...] = key("Child grids that are added.", ())
    unique: tuple[UniqueDef, ...] = key("Keys that are added.", ())
    search: tuple[Name, ...] = key("Fields that the quick search looks in too.", ())
    choices: dict[Name, tuple[ChoiceDef, ...]] = key(
        "Values that are added to a choice, by the field.", {}
    )
    after: dict[Name, After] = key(
        "What of it stands behind what, by names; first where the text is empty, else last.", {}
    )


@dataclass(frozen=True, slots=True)
class ExtendsChoiceSetDef(ExtendsDef):
    """What a module adds to another module's choice set."""

    of: Literal["choice_set"] = key("Kind of the definition that is extended.")
    choices: tuple[ChoiceDef, ...] = key("Values that are added.", ())
    after: dict[Name, After] = key(
        "Which value stands behind which; first where the text is empty, else last.", {}
    )


@dataclass(frozen=True, slots=True)
class ExtendsWorkflowDef(ExtendsDef):
    """What a module adds to another module's workflow."""

    of: Literal["workflow"] = key("Kind of the definition that is extended.")
    states: tuple[StateDef, ...] = key("States that are added.", ())
    transitions: tuple[TransitionDef, ...] = key("Transitions that are added.", ())
    from_: dict[Name, tuple[Name, ...]] = key(
        "States that a transition may leave too, by the transition.", {}
    )
    by: dict[Name, tuple[Name, ...]] = key(
        "Roles that may take a transition too, by the transition.", {}
    )
    after: dict[Name, After] = key(
        "What of it stands behind what, by names; first where the text is empty, else last.", {}
    )


@dataclass(frozen=True, slots=True)
class ExtendsApprovalDef(ExtendsDef):
    """What a module adds to another module's approval."""

    of: Literal["approval"] = key("Kind of the definition that is extended.")
    steps: tuple[StepDef, ...] = key("Steps that are added.", ())
    editable: dict[Name, tuple[Name, ...]] = key(
        "Fields that the approver of a step may change too, by the step.", {}
    )
    after: dict[Name, After] = key(
        "Which step comes behind which, by names; first where the text is empty, else last.", {}
    )


@dataclass(frozen=True, slots=True)
class ExtendsPermissionDef(ExtendsDef):
    """What a module grants in addition to another module's permission."""

    of: Literal["permission"] = key("Kind of the definition that is extended.")
    grants: tuple[GrantDef, ...] = key("Grants that are added.", ())


@dataclass(frozen=True, slots=True)
class ExtendsFormDef(ExtendsDef):
    """What a module adds to another module's form."""

    of: Literal["form"] = key("Kind of the definition that is extended.")
    sections: tuple[SectionDef, ...] = key("Sections that are added.", ())
    items: dict[Name, tuple[FormItemDef, ...]] = key(
        "Items that are added to a section, by its name.", {}
    )
    after: dict[Name, After] = key(
        "Which section or item stands behind which, by names; first where the text is empty, else"
        " last.",
        {},
    )


@dataclass(frozen=True, slots=True)
class ExtendsViewDef(ExtendsDef):
    """What a module adds to another module's view."""

    of: Literal["view"] = key("Kind of the definition that is extended.")
    columns: tuple[Path, ...] = key("Columns that are added, along lookups.", ())
    after: dict[Path, After] = key(
        "Which column stands behind which; first where the text is empty, else last.", {}
    )


@dataclass(frozen=True, slots=True)
class ExtendsReportDef(ExtendsDef):
    """What a module adds to another module's report."""

    of: Literal["report"] = key("Kind of the definition that is extended.")
    measures: tuple[MeasureDef, ...] = key("Numbers that are added.", ())
    group_rows: tuple[GroupDef, ...] = key("Groups down the page that are added.", ())
    group_columns: tuple[GroupDef, ...] = key("Groups across the page that are added.", ())
    after: dict[Path, After] = key(
        "Which group stands within which, by their fields; outermost where the text is empty, else"
        " innermost.",
        {},
    )


@dataclass(frozen=True, slots=True)
class ExtendsDashboardDef(ExtendsDef):
    """What a module adds to another module's dashboard."""

    of: Literal["dashboard"] = key("Kind of the definition that is extended.")
    tiles: tuple[TileDef, ...] = key("Tiles that are added.", ())
    after: dict[Name, After] = key(
        "Which tile stands behind which, by names; first where the text is empty, else last.", {}
    )
