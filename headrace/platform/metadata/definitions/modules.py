"""Modules: the unit that is installed, moved and versioned by its vendor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headrace.platform.core.problems import Text
from headrace.platform.metadata.definitions.keys import Formula, Name, key

VERSION_PATTERN = r"^\d{1,6}\.\d{1,6}\.\d{1,6}$"

ConstantType = Literal[
    "integer", "decimal", "money", "percent", "text", "boolean", "date", "datetime"
]
ParameterType = Literal[
    "integer",
    "decimal",
    "money",
    "percent",
    "text",
    "boolean",
    "date",
    "datetime",
    "reference",
]

Icon = Literal[
    "alert",
    "award",
    "barcode",
    "bell",
    "book",
    "box",
    "building",
    "calendar",
    "cart",
    "chart",
    "check",
    "clock",
    "document",
    "flag",
    "folder",
    "gift",
    "home",
    "inbox",
    "layers",
    "list",
    "map",
    "money",
    "person",
    "shield",
    "star",
    "tag",
    "truck",
    "users",
    "wallet",
]
"""The icons of menu entries; `templates/shared/icons.html` draws them."""


@dataclass(frozen=True, slots=True)
class ConstantDef:
    """A named value that formulas read as `$C.name`; changed by publishing."""

    name: Name = key("API name, unique in the workspace.")
    type: ConstantType = key("Type of the value.")
    value: str = key("The literal value as text.", maxLength=200)
    label: Text = key("Name shown to admins.", Text())


@dataclass(frozen=True, slots=True)
class ParameterDef:
    """What a named expression is given."""

    name: Name = key("Name by which the formula speaks of it.")
    type: ParameterType = key("Type of the value; numbers are brought to its digits.")
    to: Name | None = key("Object that a reference points to.", None)


@dataclass(frozen=True, slots=True)
class ExpressionDef:
    """A named expression: a formula with parameters that every formula can call as `name(…)`."""

    name: Name = key("API name, unique in the workspace; no function of the language.")
    formula: Formula = key("What a call stands for; it can name the parameters, not a record.")
    parameters: tuple[ParameterDef, ...] = key("What it is given, in order.", (), maxItems=20)
    label: Text = key("Name shown to admins.", Text())


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
CLOCK_PATTERN = r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"
DAY_PATTERN = r"^\d{4}-\d{2}-\d{2}$"


@dataclass(frozen=True, slots=True)
class ShiftDef:
    """Hours that are worked on some days of the week."""

    days: tuple[Weekday, ...] = key("Days of the week.", minItems=1)
    opens: str = key("When work begins, as 09:00, in the workspace's zone.", pattern=CLOCK_PATTERN)
    closes: str = key("When it ends, as 18:00; at most 24:00.", pattern=CLOCK_PATTERN)


@dataclass(frozen=True, slots=True)
class CalendarDef:
    """A working calendar, for `WORKHOURS`; the one called `standard` is used where none is named."""

    name: Name = key("API name, unique in the workspace.")
    shifts: tuple[ShiftDef, ...] = key("When is worked in a week.", minItems=1, maxItems=50)
    holidays: tuple[str, ...] = key(
        "Days off, as 2025-10-01.",
        (),
        maxItems=1000,
        items={"type": "string", "pattern": DAY_PATTERN},
    )
    workdays: tuple[str, ...] = key(
        "Days that are worked like a Monday, whatever day of the week they are.",
        (),
        maxItems=1000,
        items={"type": "string", "pattern": DAY_PATTERN},
    )
    label: Text = key("Name shown to admins.", Text())


@dataclass(frozen=True, slots=True)
class MenuItemDef:
    """One entry of the module's menu: an object with its views, a report, or a dashboard."""

    label: Text = key("Text of the entry.")
    object: Name | None = key("Object whose list opens.", None)
    views: tuple[Name, ...] = key("Views shown as tabs, in this order.", ())
    report: Name | None = key("Report that opens.", None)
    dashboard: Name | None = key("Dashboard that opens.", None)
    icon: Icon | None = key("An icon of the built-in set.", None)


@dataclass(frozen=True, slots=True)
class ModuleDef:
    """The manifest of a module folder."""

    kind: Literal["module"] = key("Always `module`.")
    name: Name = key("API name, also the folder's name.")
    version: str = key("Version of the module, three numbers.", pattern=VERSION_PATTERN)
    id: str | None = key("Stable id, minted at first publish.", None, maxLength=60)
    label: Text = key("Name shown in menus.", Text())
    requires: tuple[Name, ...] = key("Modules that must be installed.", ())
    optional: tuple[Name, ...] = key("Modules that this one extends when they are there.", ())
    constants: tuple[ConstantDef, ...] = key("Constants of the module.", ())
    expressions: tuple[ExpressionDef, ...] = key("Named expressions of the module.", ())
    calendars: tuple[CalendarDef, ...] = key("Working calendars of the module.", ())
    menu: tuple[MenuItemDef, ...] = key("Menu entries, in order.", ())
    menu_order: int | None = key(
        "Place of the module in the menu: lower comes first, modules without one come after.",
        None,
        minimum=-1000,
        maximum=1000,
    )
