"""Forms, views and reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from headrace.platform.core.problems import Text
from headrace.platform.metadata.definitions.keys import (
    Formula,
    Name,
    Path,
    key,
    load_object,
    schema_of,
)


@dataclass(frozen=True, slots=True)
class FormItemDef:
    """A place on a form: a field (in JSON its name) or a child grid with its columns."""

    field: Name | None = key("A field of the object.", None)
    children: Name | None = key("A child relation of the object.", None)
    columns: tuple[Name, ...] = key("Columns of the grid.", ())

    @classmethod
    def from_json(cls, data: Any) -> FormItemDef:
        """Accept a field's name, or the object form."""
        return cls(field=data) if isinstance(data, str) else load_object(cls, data)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the schema of both forms."""
        return {
            "type": ["string", "object"],
            "pattern": r"^[a-z][a-z0-9_]{0,39}$",
            "properties": schema_of(cls)["properties"],
            "additionalProperties": False,
            "minProperties": 1,
        }


@dataclass(frozen=True, slots=True)
class SectionDef:
    """A group of items under a heading."""

    items: tuple[FormItemDef, ...] = key("What the section shows.", minItems=1, maxItems=200)
    name: Name | None = key("Name by which extensions add to it.", None)
    label: Text = key("Heading.", Text())
    columns: int = key("Columns on a wide screen.", 1, minimum=1, maximum=3)


@dataclass(frozen=True, slots=True)
class FormForDef:
    """For whom a form variant is."""

    roles: tuple[Name, ...] = key("Roles that get this form.", ())
    record_types: tuple[Name, ...] = key("Record types that it is for; all without it.", ())


@dataclass(frozen=True, slots=True)
class FormDef:
    """A form for entering and reading records; the first that fits the caller's roles is shown."""

    kind: Literal["form"] = key("Always `form`.")
    name: Name = key("API name.")
    object: Name = key("The object.")
    sections: tuple[SectionDef, ...] = key("The sections.", minItems=1, maxItems=50)
    id: str | None = key("Stable id.", None, maxLength=60)
    was: Name | None = key("Former name.", None)
    label: Text = key("Name shown to admins.", Text())
    for_: FormForDef = key("For whom; everybody without it.", FormForDef())


@dataclass(frozen=True, slots=True)
class ViewDef:
    """A saved list of an object."""

    kind: Literal["view"] = key("Always `view`.")
    name: Name = key("API name.")
    object: Name = key("The object.")
    type: Literal["table"] = key("How rows are shown.")
    columns: tuple[Path, ...] = key("Columns, along lookups.", minItems=1, maxItems=50)
    id: str | None = key("Stable id.", None, maxLength=60)
    was: Name | None = key("Former name.", None)
    label: Text = key("Name of the tab.", Text())
    where: Formula | None = key("Only rows where this is true.", None)
    sort: tuple[str, ...] = key(
        "Fields, `-` in front for falling order.",
        (),
        items={"type": "string", "pattern": r"^-?[a-z][a-z0-9_.]{0,160}$"},
        maxItems=5,
    )


@dataclass(frozen=True, slots=True)
class GroupDef:
    """A field to group by; in JSON its path, or an object with a date bucket."""

    field: Path = key("Field, along lookups.")
    bucket: Literal["day", "month", "quarter", "year"] | None = key("Date bucket.", None)
    label: Text = key("Heading.", Text())

    @classmethod
    def from_json(cls, data: Any) -> GroupDef:
        """Accept a path, or the object form."""
        return cls(field=data) if isinstance(data, str) else load_object(cls, data)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the schema of both forms."""
        long_form = schema_of(cls)
        return {
            "type": ["string", "object"],
            "pattern": r"^[a-z][a-z0-9_.]{0,160}$",
            "properties": long_form["properties"],
            "required": long_form["required"],
            "additionalProperties": False,
        }


@dataclass(frozen=True, slots=True)
class MeasureDef:
    """A number of a report."""

    op: Literal["count", "sum", "avg", "min", "max"] = key("How values are put together.")
    field: Path | None = key("Field, along lookups; not for `count`.", None)
    label: Text = key("Heading.", Text())


def measure_name(measure: MeasureDef) -> str:
    """Return what a measure is called in a report's answer: `sum_amount`, `count_all`."""
    return f"{measure.op}_{measure.field or 'all'}"


@dataclass(frozen=True, slots=True)
class ChartDef:
    """The chart over a report's groups."""

    mark: Literal["bar", "line", "area", "arc"] = key("Form of the marks.")
    stack: bool = key("Stack the column groups.", default=False)


@dataclass(frozen=True, slots=True)
class ReportDef:
    """A report over an object, aggregated by the database."""

    kind: Literal["report"] = key("Always `report`.")
    name: Name = key("API name.")
    type: Literal["grouped"] = key("Report kind.")
    object: Name = key("The object.")
    measures: tuple[MeasureDef, ...] = key("The numbers.", minItems=1, maxItems=20)
    group_rows: tuple[GroupDef, ...] = key("Groups down the page.", (), maxItems=5)
    group_columns: tuple[GroupDef, ...] = key("Groups across the page.", (), maxItems=2)
    id: str | None = key("Stable id.", None, maxLength=60)
    was: Name | None = key("Former name.", None)
    label: Text = key("Title.", Text())
    help: Text = key("What it answers.", Text())
    where: Formula | None = key("Only rows where this is true.", None)
    chart: ChartDef | None = key("Chart above the table.", None)
    roles: tuple[Name, ...] = key(
        "Roles that may open it; without it all that may read the object.", ()
    )
