"""Roles and permissions: who may do what to which rows and fields. Deny by default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from headrace.platform.core.problems import Text
from headrace.platform.metadata.definitions.keys import (
    SCHEMA_KEY,
    Formula,
    Name,
    Path,
    key,
    schema_key,
    schema_of,
)

Action = Literal["create", "read", "update", "delete", "migrate", "reverse", "close", "reopen"]
SimpleScope = Literal[
    "all",
    "own",
    "organisation",
    "organisation_tree",
    "organisation_below",
    "territory_tree",
]


@dataclass(frozen=True, slots=True)
class RoleDef:
    """A set of grants that users hold."""

    kind: Literal["role"] = key("Always `role`.")
    name: Name = key("API name.")
    id: str | None = key("Stable id.", None, maxLength=60)
    was: Name | None = key("Former name.", None)
    label: Text = key("Name shown.", Text())
    audience: Literal["internal", "partner"] = key(
        "`partner`: people of other companies; they never see internal fields.", "internal"
    )
    design: bool = key("May read definitions and publish.", default=False)
    migrate: bool = key("May load records with state, number and times set.", default=False)


@dataclass(frozen=True, slots=True)
class ScopeDef:
    """Which rows a grant covers: a name, `{"assigned": path}` or `{"criteria": formula}`."""

    name: SimpleScope | Literal["assigned", "criteria"] = "all"
    path: Path | None = None
    formula: Formula | None = None

    @classmethod
    def from_json(cls, data: Any) -> ScopeDef:
        """Read the three forms."""
        if isinstance(data, str):
            return cls(name=data)  # type: ignore[arg-type]  # the schema lets known names pass only
        if "assigned" in data:
            return cls(name="assigned", path=data["assigned"])
        return cls(name="criteria", formula=data["criteria"])

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the schema of the three forms."""
        parts = schema_of(_ScopeObject)["properties"]
        return {
            "type": ["string", "object"],
            "properties": parts,
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
            "if": {"type": "string"},
            "then": {
                "enum": list(SimpleScope.__args__),  # type: ignore[attr-defined]  # Literal
                SCHEMA_KEY: schema_key(cls, "name"),
            },
        }


@dataclass(frozen=True, slots=True)
class _ScopeObject:
    assigned: Path | None = key("Path to a user field that holds the caller.", None)
    criteria: Formula | None = key("Formula over the record.", None)


@dataclass(frozen=True, slots=True)
class FieldRightsDef:
    """Which fields a grant covers; where a list is missing, all that the audience allows."""

    read: tuple[Name, ...] | None = key("Fields that may be read.", None)
    edit: tuple[Name, ...] | None = key("Fields (and child relations) that may be written.", None)
    unmask: tuple[Name, ...] = key(
        "Masked fields that may be seen whole, one record at a time.", ()
    )


@dataclass(frozen=True, slots=True)
class GrantDef:
    """Actions of a role on rows of the object."""

    role: Name = key("The role.")
    actions: tuple[Action, ...] = key("What may be done.", ())
    scope: ScopeDef = key("Which rows.", ScopeDef())
    when: Formula | None = key("Only rows where this is true.", None)
    fields: FieldRightsDef | None = key("Which fields; all without it.", None)
    transitions: tuple[Name, ...] = key("Transitions that may be taken.", ())


@dataclass(frozen=True, slots=True)
class PermissionDef:
    """The grants on one object."""

    kind: Literal["permission"] = key("Always `permission`.")
    name: Name = key("API name; usually the object's.")
    object: Name = key("The object.")
    grants: tuple[GrantDef, ...] = key("The grants; what none covers is denied.", maxItems=500)
    id: str | None = key("Stable id.", None, maxLength=60)
    was: Name | None = key("Former name.", None)
