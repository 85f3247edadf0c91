"""Automations: what happens by itself when a record is written, and what is done then."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from headrace.platform.core.problems import Text
from headrace.platform.metadata.definitions.keys import Formula, Name, Path, key

Event = Literal[
    "create", "update", "delete", "transition", "approval", "child", "schedule", "timer", "button"
]
CatchUp = Literal["once", "each", "skip"]
Result = Literal["approved", "rejected", "withdrawn", "returned"]
RunTime = Literal["before", "after", "job"]
RunsAs = Literal["actor", "system"]
NeededAction = Literal["create", "update", "transition"]


@dataclass(frozen=True, slots=True)
class InputDef:
    """What is asked before a button is pressed; the keys of its type stand beside these."""

    name: Name = key("Name in formulas, behind `input.`.")
    type: str = key("Field type.", maxLength=40)
    label: Text = key("Name shown.", Text())
    help: Text = key("One line of help under the label.", Text())
    required: bool = key("The button cannot be pressed without a value.", default=False)
    options: Any = field(default=None, metadata={"internal": True})


@dataclass(frozen=True, slots=True)
class TriggerDef:
    """What starts an automation."""

    event: Event = key(
        "`create`, `update`, `delete` of a record; `transition` taken; `approval` ended; "
        "`child`: a row of a child grid came, changed or went; `schedule`: at times that repeat; "
        "`timer`: at a moment of each record; `button`: somebody presses it at a record."
    )
    changed: tuple[Name, ...] = key("`update`: only when one of these fields changes.", ())
    transitions: tuple[Name, ...] = key("`transition`: only these; all without.", ())
    results: tuple[Result, ...] = key("`approval`: only these outcomes; all without.", ())
    child: Name | None = key("`child`: the child grid.", None)
    cron: str | None = key(
        "`schedule`: minute, hour, day of the month, month, day of the week, in the workspace's zone.",
        None,
        maxLength=100,
    )
    catch_up: CatchUp = key(
        "`schedule`: times that were missed run `once` together, `each`, or not at all (`skip`).",
        "once",
    )
    at: Formula | None = key(
        "`timer`: the moment, a date or an instant made of the record's own fields.", None
    )
    roles: tuple[Name, ...] = key(
        "`button`: who may press it, of those who may read the record; all of them without.", ()
    )
    states: tuple[Name, ...] = key("`button`: it is there in these states; in all without.", ())
    inputs: tuple[InputDef, ...] = key("`button`: what is asked first.", (), maxItems=20)
    confirm: Text = key("`button`: what must be confirmed first.", Text())
    told: Text = key("`button`: what is told when it has been done.", Text())
    several: bool = key("`button`: lists offer it for several records.", default=False)


@dataclass(frozen=True, slots=True)
class RefuseDef:
    """Refuses the write, with a message."""

    message: Text = key("What is told, in every language.")
    field: Name | None = key("Field at which it is shown.", None)


@dataclass(frozen=True, slots=True)
class PeopleDef:
    """Some people: active accounts that hold one of the roles."""

    person: Name = key("The field of the new record that takes the person.")
    roles: tuple[Name, ...] = key("Roles, one of which they hold.", minItems=1, maxItems=50)
    among: Name | None = key(
        "A multiple choice of the record at hand whose values are names of roles: only those count.",
        None,
    )
    organisation: Name | None = key("The field that takes their organisation.", None)
    within: Formula | None = key(
        "Only people of these organisations: a `LIST` of their ids, at most 1,000.", None
    )


@dataclass(frozen=True, slots=True)
class BeginDef:
    """Begins the approval that decides a transition; where none would decide it, nothing is done."""

    transition: Name = key("The transition.")
    comment: str | None = key("The comment that it is taken with.", None, maxLength=1000)


@dataclass(frozen=True, slots=True)
class CreateDef:
    """Makes a record."""

    object: Name = key("The object.")
    set: dict[Name, Formula] = key("Its fields, by formulas over the record at hand.", {})
    each: PeopleDef | None = key("Make one for each of some people.", None)
    begin: BeginDef | None = key("An approval of the record that is made.", None)


@dataclass(frozen=True, slots=True)
class ConvertDef:
    """Makes a document of another object from the record and what is left of its rows."""

    object: Name = key("The object of the document.")
    lines: Name = key("The child grid of the record whose rows are converted.")
    remaining: Formula = key("What is left of a row, by a formula over it.")
    into: Name = key("The child grid of the document.")
    quantity: Name = key("Field of its rows for how much was taken.")
    source: Name = key("Field of its rows that points to the row that it was taken of.")
    set: dict[Name, Formula] = key("Fields of the document, by formulas over the record.", {})
    each: dict[Name, Formula] = key(
        "Fields of its rows, by formulas over the row; `this.` is the record.", {}
    )
    begin: BeginDef | None = key("An approval of the document.", None)


@dataclass(frozen=True, slots=True)
class TakeDef:
    """Takes a transition of the record at hand; an approval that decides it begins."""

    transition: Name = key("The transition.")
    comment: str | None = key("The comment that it is taken with.", None, maxLength=1000)


@dataclass(frozen=True, slots=True)
class RecipientDef:
    """Who is told; exactly one of `field`, `role` and `endpoint` is given."""

    field: Path | None = key("Field with a user, or with several, along lookups.", None)
    role: Name | None = key("Everybody who holds this role.", None)
    of: Path | None = key(
        "With `role`: only those of the organisation in this field, along lookups.", None
    )
    endpoint: Name | None = key(
        "The group behind this endpoint, such as a WeCom or DingTalk robot; what the text shows is "
        "read as the system.",
        None,
    )


@dataclass(frozen=True, slots=True)
class NotifyDef:
    """Tells people, each as they chose; who may not read the record is not told."""

    to: tuple[RecipientDef, ...] = key("Who is told.", minItems=1, maxItems=20)
    text: Text = key("What is told; `{{ field.path }}` is filled in as the reader may see it.")


@dataclass(frozen=True, slots=True)
class WebhookDef:
    """Tells another system; what is sent is read as the system."""

    endpoint: Name = key("The endpoint, which each installation has under this name.")
    fields: tuple[Path, ...] = key("Fields that are sent, along lookups.", minItems=1, maxItems=100)
    optional: bool = key("Nothing is sent where the endpoint is not there.", default=False)


@dataclass(frozen=True, slots=True)
class RowActionDef:
    """One action on each row of a `for_each`; exactly one of its keys but `when` is given."""

    when: Formula | None = key("Only when this is true.", None)
    set: dict[Name, Formula] = key("Fields of the row that are set.", {})
    create: CreateDef | None = key("Make a record.", None)
    post: CreateDef | None = key("Post an entry of a ledger.", None)
    convert: ConvertDef | None = key("Make a document of what is left of the rows of it.", None)
    take: TakeDef | None = key("Take a transition of the row.", None)
    begin: BeginDef | None = key("Begin an approval of the row.", None)
    notify: NotifyDef | None = key("Tell people.", None)
    webhook: WebhookDef | None = key("Tell another system.", None)


@dataclass(frozen=True, slots=True)
class ForEachDef:
    """Does actions for each of some rows of an object; `this.` is the record at hand."""

    object: Name = key("The object.")
    rows: Formula = key("Which: a `LIST` of their ids, at most 1,000.")
    actions: tuple[RowActionDef, ...] = key("What is done with each.", minItems=1, maxItems=10)


@dataclass(frozen=True, slots=True)
class ActionDef(RowActionDef):
    """One action; exactly one of its keys but `when` is given."""

    refuse: RefuseDef | None = key("Refuse the write (only `before`).", None)
    for_each: ForEachDef | None = key("Do something for each of some rows.", None)


@dataclass(frozen=True, slots=True)
class NeedDef:
    """A right that an automation has while it runs as the system."""

    object: Name = key("The object.")
    actions: tuple[NeededAction, ...] = key("What it does there.", minItems=1)


@dataclass(frozen=True, slots=True)
class AutomationDef:
    """What happens by itself with the records of an object."""

    kind: Literal["automation"] = key("Always `automation`.")
    name: Name = key("API name.")
    object: Name = key("The object.")
    on: tuple[TriggerDef, ...] = key("What starts it.", minItems=1, maxItems=10)
    actions: tuple[ActionDef, ...] = key("What is done, in order.", minItems=1, maxItems=20)
    id: str | None = key("Stable id.", None, maxLength=60)
    was: Name | None = key("Former name.", None)
    label: Text = key("Name shown to admins.", Text())
    run: RunTime = key(
        "`before` the record is written, in the same write; `after`, in the same transaction; "
        "`job`: after the commit, tried again where it fails.",
        "job",
    )
    when: Formula | None = key("Only when this holds; `OLD` and `CHANGED` see the change.", None)
    order: int = key("Lower runs first.", 0, minimum=-1000, maximum=1000)
    runs_as: RunsAs = key("In whose name: who wrote the record, or the platform.", "actor")
    rights: tuple[NeedDef, ...] = key("What it may do while it runs as the system.", ())
