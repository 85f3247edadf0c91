"""References: to users, to records, to the parent in a tree, to the master of a detail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from marshmallow import fields

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.types import Type, reference, references
from headrace.platform.metadata.definitions.keys import Formula, Name, key
from headrace.platform.metadata.field_types.base import (
    EQUALITY,
    HOLDING,
    Example,
    FieldType,
)
from headrace.platform.metadata.field_types.values import (
    MOST_LINKS,
    ReferenceField,
    ReferencesField,
)
from headrace.platform.metadata.storage_types import ID, IDS, Storage

USER_OBJECT = "user"
"""The name by which formulas and references speak of the platform's users."""
MIN_ABOVE_MAX: Final = Message(
    "option.min_above_max",
    "At least {least} and at most {most}: no list could ever fit.",
    "至少 {least}、至多 {most}:没有任何列表能满足。",
    "Lower `min` or raise `max`.",
    "请降低 min 或提高 max。",
)


People = Literal["all", "internal", "partner"]


@dataclass(frozen=True, slots=True)
class UserOptions:
    """Options of a reference to a user."""

    roles: tuple[Name, ...] = key("Only users who hold one of these roles may be chosen.", ())
    people: People = key(
        "Which users may be chosen: `internal` people of the brand, `partner` people of other"
        " companies, or all.",
        "all",
    )


@dataclass(frozen=True, slots=True)
class UsersOptions(UserOptions):
    """Options of references to several users."""

    min: int = key(
        "Fewest users that a list may be saved with; an empty one is no list.",
        0,
        minimum=0,
        maximum=MOST_LINKS,
    )
    max: int = key("Most users that a list may be saved with.", 20, minimum=1, maximum=MOST_LINKS)


@dataclass(frozen=True, slots=True)
class LookupOptions:
    """Options of a lookup."""

    to: Name = key("Object that is referred to.")
    filter: Formula | None = key(
        "Only records where this is true; `this.` speaks of the record being edited.", None
    )


@dataclass(frozen=True, slots=True)
class MultiLookupOptions:
    """Options of a lookup of several records."""

    to: Name = key("Object that is referred to.")
    filter: Formula | None = key(
        "Only records where this is true; `this.` speaks of the record being edited.", None
    )
    min: int = key(
        "Fewest records that a list may be saved with; an empty one is no list.",
        0,
        minimum=0,
        maximum=MOST_LINKS,
    )
    max: int = key(
        "Most records that a list may be saved with; those that the writer does not see are not"
        " counted.",
        100,
        minimum=1,
        maximum=MOST_LINKS,
    )
    on_delete: Literal["refuse", "remove"] = key(
        "What happens when a record that is referred to is deleted: it is refused, or it is taken"
        " off the lists.",
        "refuse",
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
    options_type = UserOptions

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


class LinksType(FieldType[Any]):
    """Shared by the types whose value is a list of ids, each once, in an order that people chose."""

    operators = HOLDING

    def storage(self, options: Any) -> Storage:
        return IDS

    def value_type(self, options: Any) -> Type:
        return references(self.linked(options))

    def value_field(self, options: Any) -> fields.Field[Any]:
        return ReferencesField(options.min, options.max)

    def compared_field(self, options: Any) -> fields.Field[Any]:
        return ReferencesField()

    def linked(self, options: Any) -> str:
        """Return the name of the object whose records the ids are of."""
        name: str = options.to
        return name

    def json_schema(self, options: Any) -> dict[str, Any]:
        properties = {
            "id": {"type": "string", "format": "uuid"},
            "title": {"type": ["string", "null"]},
        }
        one = {"type": "object", "properties": properties, "required": ["id", "title"]}
        return {"type": "array", "items": one, "uniqueItems": True, "minItems": 1}

    def check_options(self, options: Any) -> Sequence[Problem]:
        if options.min > options.max:
            return (MIN_ABOVE_MAX.at("/min", least=options.min, most=options.max),)
        return ()

    def examples(self) -> Sequence[Example]:
        return (
            Example({}, 5, refused="value.wrong_type"),
            Example({}, True, refused="value.wrong_type"),
            Example({}, {"id": "x"}, refused="value.wrong_type"),
        )


class MultiLookupType(LinksType):
    """References to several records of another object."""

    key = "multi_lookup"
    label = Text("Multiple lookup", "多条引用")
    widget = "multi_lookup"
    options_type = MultiLookupOptions

    def narrows(self, old: MultiLookupOptions, new: MultiLookupOptions) -> bool:
        return (old.to, old.filter) != (new.to, new.filter) or not (
            new.min <= old.min and old.max <= new.max
        )


class UsersType(LinksType):
    """Several users of the platform."""

    key = "users"
    label = Text("Users", "多个用户")
    widget = "users"
    options_type = UsersOptions

    def linked(self, options: UsersOptions) -> str:
        return USER_OBJECT

    def narrows(self, old: UsersOptions, new: UsersOptions) -> bool:
        return not (new.min <= old.min and old.max <= new.max)


TYPES = (UserType(), LookupType(), TreeType(), MasterDetailType(), MultiLookupType(), UsersType())
