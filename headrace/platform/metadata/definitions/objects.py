"""Objects: tables with fields, children, rules and keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from headrace.platform.core.problems import Text
from headrace.platform.metadata.definitions.keys import (
    NAME_PATTERN,
    Formula,
    Name,
    Path,
    key,
    load_object,
    schema_of,
)

Audience = Literal["all", "internal"]


@dataclass(frozen=True, slots=True)
class MaskDef:
    """What of a masked text is shown: `138****5678` is `{"start": 3, "end": 4}`."""

    start: int = key("Characters shown at the start.", 0, minimum=0, maximum=20)
    end: int = key("Characters shown at the end.", 0, minimum=0, maximum=20)


@dataclass(frozen=True, slots=True)
class FieldDef:
    """One field of an object; the keys of its type stand beside these and land in `options`."""

    name: Name = key("API name, unique in the object.")
    type: str = key("Field type.", maxLength=40)
    id: str | None = key("Stable id, minted at first publish.", None, maxLength=60)
    was: Name | None = key("Former API name, where the file has no id.", None)
    label: Text = key("Name shown on forms and lists.", Text())
    help: Text = key("One line of help under the label.", Text())
    required: bool = key("A record cannot be saved without a value.", default=False)
    unique: bool = key("No two live records have the same value.", default=False)
    external_id: bool = key(
        "Other systems address records by it; implies unique among live records.", default=False
    )
    default: Formula | None = key("Value of a new record where none is given.", None)
    required_in: tuple[Name, ...] = key(
        "States that a record enters or leaves only with a value.", ()
    )
    audience: Audience = key("`internal` is never sent to partner roles.", "all")
    written_by: Literal["user", "system"] = key(
        "`system`: only workflows, approvals and defaults write it.", "user"
    )
    history: bool = key("Changes are kept with who, when, old and new.", default=False)
    masked: MaskDef | None = key(
        "Lists, forms, reports and answers show only the ends of the text; a grant with `unmask` "
        "lets its role see it whole, each time with a line in the history.",
        None,
    )
    options: Any = field(default=None, metadata={"internal": True})


@dataclass(frozen=True, slots=True)
class ChildDef:
    """Child rows that are edited inside this object's form and request."""

    name: Name = key("Name of the relation in requests and forms.")
    object: Name = key("The child object.")
    by: Name = key("Its master-detail field that points here.")
    label: Text = key("Heading of the grid.", Text())
    min: int = key("Fewest rows.", 0, minimum=0, maximum=1000)
    max: int = key("Most rows.", 200, minimum=1, maximum=1000)


@dataclass(frozen=True, slots=True)
class RuleDef:
    """A rule for every write; broken only when `unless` is false (null passes)."""

    name: Name = key("API name, unique in the object.")
    unless: Formula = key("What must hold.")
    message: Text = key("What to tell the user when it does not.")
    id: str | None = key("Stable id.", None, maxLength=60)
    when: Formula | None = key("The rule applies only when this is true.", None)
    field: Name | None = key("Field that the message stands at.", None)
    severity: Literal["error", "warning"] = key(
        "`error` refuses the write; `warning` tells, and lets it pass.", "error"
    )


@dataclass(frozen=True, slots=True)
class FieldRuleDef:
    """How fields behave while a condition holds; what several rules say of a field adds up."""

    name: Name = key("API name, unique among the field rules of the object.")
    about: tuple[Name, ...] = key("The fields it speaks of.", minItems=1, maxItems=100)
    effect: Literal["show", "require", "lock", "limit"] = key(
        "`show`: the fields are there only while `when` is true; while it is true, `require`: they "
        "need a value, `lock`: people cannot change them, `limit`: only `allowed` can be chosen."
    )
    when: Formula = key("The condition over the record and the user.")
    allowed: tuple[str, ...] = key("For `limit`: the values that can be chosen.", (), maxItems=500)
    message: Text = key("Why, told to who meets it.", Text())
    id: str | None = key("Stable id.", None, maxLength=60)
    origin: Any = field(default=None, metadata={"internal": True})
    """Where in the object's document a rule stands that follows from something else."""

    def place(self, position: int) -> tuple[str | int, ...]:
        """Return the steps to the rule in the object's document."""
        return self.origin or ("field_rules", position)


@dataclass(frozen=True, slots=True)
class RecordTypeDef:
    """A kind of records of an object, stored in its system field `record_type`."""

    name: Name = key("Stored value.")
    label: Text = key("Name shown.", Text())
    roles: tuple[Name, ...] = key("Roles that may choose it; everybody without it.", ())
    when: Formula | None = key("It may be chosen only while this is true.", None)
    colour: Literal["grey", "blue", "green", "amber", "red", "purple"] = key(
        "Colour of the badge.", "grey"
    )
    was: tuple[Name, ...] = key(
        "Former names, the last one first: records of one of them become of this one.",
        (),
        maxItems=20,
    )


@dataclass(frozen=True, slots=True)
class UniqueDef:
    """Fields whose values together occur once among live records."""

    fields: tuple[Name, ...] = key("The fields.", minItems=1, maxItems=5)
    where: Formula | None = key(
        "The key holds only among records for which this is true; it reads stored fields of the record.",
        None,
    )


@dataclass(frozen=True, slots=True)
class OverlapKeyDef:
    """A field that says which records are compared (in JSON its name)."""

    field: Name = key("A field of the object.")
    match: Literal["equal", "subtree"] = key(
        "`equal`: the same value, or one in common where it holds several; `subtree`: one lies in the "
        "subtree of the other.",
        "equal",
    )

    @classmethod
    def from_json(cls, data: Any) -> OverlapKeyDef:
        """Accept a field's name, or the object form."""
        return cls(field=data) if isinstance(data, str) else load_object(cls, data)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the schema of both forms."""
        return {**schema_of(cls), "type": ["string", "object"], "pattern": NAME_PATTERN}


@dataclass(frozen=True, slots=True)
class NoOverlapDef:
    """Ranges that do not overlap among live records with matching fields."""

    name: Name = key("API name, unique in the object.")
    from_: Name = key("The date, time or number at which a range begins; empty: since ever.")
    to: Name = key("The one at which it ends, of the same type; empty: for ever.")
    fields: tuple[OverlapKeyDef, ...] = key(
        "Fields that say which records are compared: those that match in all of them; a record "
        "with an empty one is compared with none. Without fields all records are compared.",
        (),
        maxItems=5,
        uniqueItems=True,
    )
    where: Formula | None = key(
        "Only records for which this is true are compared; it reads stored fields of the record.",
        None,
    )
    ends: Literal["inclusive", "exclusive"] = key(
        "`inclusive`: the end belongs to the range; `exclusive`: the next may begin where it ends.",
        "inclusive",
    )

    @property
    def keys(self) -> tuple[Name, ...]:
        """The names of the fields."""
        return tuple(one.field for one in self.fields)


@dataclass(frozen=True, slots=True)
class BestMatchDef:
    """How `BEST` chooses among the records of an object: prices, rules, whoever is in charge."""

    keys: tuple[Name, ...] = key(
        "Fields that say what a record is for; an empty one is for everything. A lookup into a tree "
        "is for what lies below, too. More keys that are filled go before fewer, then deeper ones.",
        minItems=1,
        maxItems=10,
        uniqueItems=True,
    )
    priority: Name | None = key("A number: the greatest goes before all else.", None)
    from_: Name | None = key(
        "The date or time from which a record counts; empty: since ever. Later goes before earlier.",
        None,
    )
    to: Name | None = key(
        "The one until which it counts, of the same type, the end included; empty: for ever.", None
    )


@dataclass(frozen=True, slots=True)
class LedgerDef:
    """Entries that are only added, and the balance of the account that each belongs to."""

    amount: Name = key("What an entry adds to its account, signed; required.")
    balance: Name = key(
        "The field, with the digits of the amount, that holds the balance after the entry."
    )
    position: Name = key("The integer field that holds its place in its account: 1, 2, 3 ….")
    date: Name = key("The required date or time that an entry counts for; it may lie back.")
    partition: tuple[Name, ...] = key(
        "Required fields that say which account an entry belongs to; all entries are one account "
        "without it.",
        (),
        maxItems=5,
        uniqueItems=True,
    )
    floor: str | None = key(
        "An entry that takes from the account may not leave less than this.",
        None,
        pattern=r"^-?[0-9]+(\.[0-9]+)?$",
        maxLength=32,
    )
    reversal_of: Name | None = key(
        "The unique lookup to the same object, written by the system, that leads from a reversal to "
        "the entry that it takes back. Entries cannot be reversed without it.",
        None,
    )
    reason: Name | None = key("The text field that keeps why an entry was reversed.", None)
    set: dict[str, Formula] = key("Fields that a reversal gets otherwise than the entry.", {})


@dataclass(frozen=True, slots=True)
class ScopePathsDef:
    """How rows reach the organisation, territory and owner that scopes speak of."""

    organisation: Path | None = key("Path to the organisation; `id` on the object itself.", None)
    territory: Path | None = key("Path to the territory; `id` on the object itself.", None)
    owner: Path | None = key("Path to the owning user.", None)


@dataclass(frozen=True, slots=True)
class ObjectDef:
    """A business object: a real table with its screens and API."""

    kind: Literal["object"] = key("Always `object`.")
    name: Name = key("API name.")
    fields: tuple[FieldDef, ...] = key(
        "The fields, in the order of the default form.", maxItems=500
    )
    id: str | None = key("Stable id, minted at first publish.", None, maxLength=60)
    was: Name | None = key("Former API name, where the file has no id.", None)
    label: Text = key("Name of the object.", Text())
    plural: Text = key("Name of many of them; the label where it is missing.", Text())
    help: Text = key("What it is for, in a sentence.", Text())
    title: Name | None = key("Field that names a record in lists and references.", None)
    search: tuple[Name, ...] = key("Fields that the quick search looks in.", ())
    scope_paths: ScopePathsDef = key("How scopes reach the rows.", ScopePathsDef())
    acts_as: Literal["organisation", "territory"] | None = key(
        "Rows are the organisations or territories of the workspace.", None
    )
    children: tuple[ChildDef, ...] = key("Child grids.", ())
    rules: tuple[RuleDef, ...] = key("Rules that every write keeps.", ())
    field_rules: tuple[FieldRuleDef, ...] = key(
        "When fields are shown, required, locked or limited.", (), maxItems=500
    )
    record_types: tuple[RecordTypeDef, ...] = key(
        "Kinds of its records; every record is of one of them.", (), maxItems=100
    )
    unique: tuple[UniqueDef, ...] = key("Keys over several fields.", ())
    no_overlap: tuple[NoOverlapDef, ...] = key(
        "Ranges of dates, times or numbers that may not overlap.", (), maxItems=10
    )
    ledger: LedgerDef | None = key(
        "Its records are entries of accounts: only added, never changed, taken back by a reversal.",
        None,
    )
    best_match: BestMatchDef | None = key(
        "`BEST` finds the one of its records that fits best, and says why.", None
    )
    period_date: Name | None = key(
        "The required date or time by which records fall into months; in a month that is closed they "
        "are neither made, changed nor deleted.",
        None,
    )
    history: bool = key("All changes are kept.", default=False)
