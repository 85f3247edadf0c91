"""References: to users, to records, to the parent in a tree, to the master of a detail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import fields

from headrace.platform.core.problems import Text
from headrace.platform.formulas.types import Type, reference
from headrace.platform.metadata.definitions.keys import Formula, Name, key
from headrace.platform.metadata.field_types.base import EQUALITY, Example, FieldType, NoOptions
from headrace.platform.metadata.field_types.values import ReferenceField
from headrace.platform.metadata.storage_types import ID, Storage

USER_OBJECT = "user"
"""The name by which formulas and references speak of the platform's users."""


@dataclass(frozen=True, slots=True)
class LookupOptions:
    """Options of a lookup."""

    to: Name = key("Object that is referred to.")
    filter: Formula | None = key(
        "Only records where this is true; `this.` speaks of the record being edited.", None
    )


@dataclass(frozen=True, slots=True)
class TreeOptions:
    """Options of the parent in a tree."""

    depth: int = key("Most levels.", 10, minimum=1, maximum=20)


@dataclass(frozen=True, slots=True)
class MasterDetailOptions:
    """Options of the reference from a detail to its master."""

    to: Name = key("The master object.")


class ReferenceType(FieldType[Any]):
    """Shared by the types whose value is an id."""

    operators = EQUALITY

    def storage(self, options: Any) -> Storage:
        return ID

    def value_type(self, options: Any) -> Type:
        return reference(self.target(options) or "")

    def value_field(self, options: Any) -> fields.Field[Any]:
        return ReferenceField()

    def target(self, options: Any) -> str | None:
        """Return the object's name; None for the object itself (a tree)."""
        name: str = options.to
        return name

    def json_schema(self, options: Any) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "title": {"type": ["string", "null"]},
            },
            "required": ["id", "title"],
        }

    def examples(self) -> Sequence[Example]:
        return (
            Example({}, 5, refused="value.wrong_type"),
            Example({}, "x", refused="value.invalid"),
            Example({}, {"key": 1}, refused="value.wrong_type"),
        )


class UserType(ReferenceType):
    """A user of the platform."""

    key = "user"
    label = Text("User", "用户")
    widget = "user"
    options_type = NoOptions

    def target(self, options: Any) -> str | None:
        return USER_OBJECT


class LookupType(ReferenceType):
    """A reference to a record of another object."""

    key = "lookup"
    label = Text("Lookup", "引用")
    widget = "lookup"
    options_type = LookupOptions


class TreeType(ReferenceType):
    """The parent record in a tree of the same object; the path of ids is kept beside it."""

    key = "tree"
    label = Text("Parent in a tree", "上级")
    widget = "lookup"
    options_type = TreeOptions
    operators = EQUALITY | {"under"}

    def target(self, options: Any) -> str | None:
        return None


class MasterDetailType(ReferenceType):
    """The master of a detail row: it lives, is locked and is seen with its master."""

    key = "master_detail"
    label = Text("Master", "主记录")
    widget = "lookup"
    options_type = MasterDetailOptions


TYPES = (UserType(), LookupType(), TreeType(), MasterDetailType())
