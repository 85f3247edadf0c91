"""References: to users, to records, to the parent in a tree, to the master of a detail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from marshmallow import fields

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.types import Type, polymorphic, reference, references
from headrace.platform.metadata.definitions.keys import Formula, Name, key
from headrace.platform.metadata.field_types.base import (
    EQUALITY,
    HOLDING,
    REFERRING,
    Example,
    FieldType,
)
from headrace.platform.metadata.field_types.values import (
    MOST_LINKS,
    ReferenceField,
    ReferencesField,
    TypedReferenceField,
)
from headrace.platform.metadata.storage_types import ID, IDS, TYPED_ID, Storage

USER_OBJECT = "user"
"""The name by which formulas and references speak of the platform's users."""
MIN_ABOVE_MAX: Final = Message(
    "option.min_above_max",
    "At least {least} and at most {most}: no list could ever fit.",
    "至少 {least}、至多 {most}：没有任何列表能满足。",
    "Lower `min` or raise `max`.",
    "请降低 min 或提高 max。",
)


LEAST_TARGETS: Final = 2
MOST_TARGETS: Final = 8
ONE_TARGET: Final = Message(
    "target.only_one",
    "A polymorphic lookup refers to records of several objects, here are {count}.",
    "多对象引用应指向多个对象的记录，此处有 {count} 个。",
    "Name at least two objects, or use the type `lookup` for one.",
    "请至少写两个对象；只有一个对象时请改用 lookup 类型。",
)
NO_TARGET: Final = Message(
    "field.no_target",
    "“{name}” is none of the objects that may be referred to, or has a filter already.",
    "“{name}”不在可引用的对象中，或已有筛选条件。",
    "Give each of the `targets` at most one filter.",
    "请为 targets 中的每个对象最多设置一个筛选条件。",
)
TARGET_USER: Final = Message(
    "target.user",
    "Users are no records of an object: a polymorphic lookup cannot refer to them.",
    "用户不是对象的记录，多对象引用不能指向用户。",
    "Leave `user` out, and add a field of the type `user` beside this one.",
    "请去掉 user，并在旁边另设 user 类型的字段。",
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
class TargetFilterDef:
    """Which records of one of the objects may be referred to."""

    object: Name = key("One of the `targets`.")
    filter: Formula = key(
        "Only records of this object where this is true; `this.` speaks of the record being edited."
    )


@dataclass(frozen=True, slots=True)
class PolymorphicLookupOptions:
    """Options of a lookup of a record of any of several objects."""

    targets: tuple[Name, ...] = key(
        "Objects whose records may be referred to, at least two, in the order in which they are"
        " offered.",
        maxItems=MOST_TARGETS,
    )
    filters: tuple[TargetFilterDef, ...] = key(
        "Conditions of the records that may be referred to, at most one for each object.",
        (),
        maxItems=MOST_TARGETS,
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


class PolymorphicLookupType(FieldType[PolymorphicLookupOptions]):
    """A reference to one record of any of several objects."""

    key = "polymorphic_lookup"
    label = Text("Polymorphic lookup", "多对象引用")
    widget = "polymorphic_lookup"
    options_type = PolymorphicLookupOptions
    operators = REFERRING

    def storage(self, options: PolymorphicLookupOptions) -> Storage:
        return TYPED_ID

    def value_type(self, options: PolymorphicLookupOptions) -> Type:
        return polymorphic(options.targets)

    def value_field(self, options: PolymorphicLookupOptions) -> fields.Field[Any]:
        return TypedReferenceField(options.targets)

    def targets(self, options: PolymorphicLookupOptions) -> tuple[str, ...]:
        """Return the names of the objects, in the order in which people choose among them."""
        return options.targets

    def json_schema(self, options: PolymorphicLookupOptions) -> dict[str, Any]:
        properties = {
            "object": {"type": "string", "enum": list(options.targets)},
            "id": {"type": "string", "format": "uuid"},
            "title": {"type": ["string", "null"]},
        }
        return {
            "type": "object",
            "properties": properties,
            "required": ["object", "id", "title"],
        }

    def narrows(self, old: PolymorphicLookupOptions, new: PolymorphicLookupOptions) -> bool:
        return not set(old.targets) <= set(new.targets)

    def check_options(self, options: PolymorphicLookupOptions) -> Sequence[Problem]:
        names = options.targets
        if USER_OBJECT in names:
            return (TARGET_USER.at(f"/targets/{names.index(USER_OBJECT)}"),)
        if len(names) < LEAST_TARGETS:
            return (ONE_TARGET.at("/targets", count=len(names)),)
        filtered = [one.object for one in options.filters]
        return [
            NO_TARGET.at(f"/filters/{position}/object", name=name)
            for position, name in enumerate(filtered)
            if name not in names or name in filtered[:position]
        ]

    def examples(self) -> Sequence[Example]:
        record = "0197a1b2-0000-7000-8000-000000000000"
        return (
            Example({}, 5, refused="value.wrong_type"),
            Example({}, {"id": record}, refused="value.wrong_type"),
            Example({}, record, refused="value.invalid"),
            Example({}, {"object": "thing", "id": "x"}, refused="value.wrong_type"),
            Example({}, {"object": "detail", "id": record}, refused="reference.other_object"),
            Example({}, {"object": "thing", "id": record}, refused="reference.not_found"),
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


TYPES = (
    UserType(),
    LookupType(),
    TreeType(),
    MasterDetailType(),
    MultiLookupType(),
    PolymorphicLookupType(),
    UsersType(),
)
