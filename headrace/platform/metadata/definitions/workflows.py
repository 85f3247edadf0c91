"""Workflows (the state machine of an object) and approvals (who decides a transition)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from headrace.platform.core.problems import Text
from headrace.platform.metadata.definitions.keys import (
    SCHEMA_KEY,
    Formula,
    Name,
    Path,
    key,
    load_object,
    schema_key,
    schema_of,
)

Colour = Literal["grey", "blue", "green", "amber", "red", "purple"]


@dataclass(frozen=True, slots=True)
class StateDef:
    """A state that a record can be in."""

    name: Name = key("Stored value.")
    id: str | None = key("Stable id.", None, maxLength=60)
    was: Name | None = key("Former name.", None)
    label: Text = key("Name shown.", Text())
    initial: bool = key("New records start here.", default=False)
    final: bool = key("Nothing follows.", default=False)
    colour: Colour = key("Colour of the badge.", "grey")


@dataclass(frozen=True, slots=True)
class OutcomeDef:
    """Where an outcome leads; in JSON a state's name, or an object."""

    to: Name = key("The state.")
    when: Formula | None = key("Only when this holds; else the record stays.", None)
    set: dict[str, Formula] = key("Fields that are set.", {})
    undo: bool = key(
        "Take back what was changed since the record last left that state: it is as it was before.",
        False,
    )

    @classmethod
    def from_json(cls, data: Any) -> OutcomeDef:
        """Accept the short form (a state's name) and the long one."""
        return cls(to=data) if isinstance(data, str) else load_object(cls, data)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the schema of both forms."""
        long_form = schema_of(cls)
        return {
            "type": ["string", "object"],
            "pattern": r"^[a-z][a-z0-9_]{0,39}$",
            "properties": long_form["properties"],
            "required": long_form["required"],
            "additionalProperties": False,
        }


@dataclass(frozen=True, slots=True)
class OutcomesDef:
    """What follows when the approval of a transition ends."""

    approved: OutcomeDef | None = key("After everybody needed approved.", None)
    rejected: OutcomeDef | None = key("After a rejection.", None)
    withdrawn: OutcomeDef | None = key("After the submitter withdrew.", None)
    returned: OutcomeDef | None = key(
        "After it was returned to the submitter; without it, the state before.", None
    )


@dataclass(frozen=True, slots=True)
class TransitionDef:
    """A way from states to a state, taken by people or the system."""

    name: Name = key("API name, unique in the workflow.")
    from_: tuple[Name, ...] = key("States it leaves.", minItems=1)
    to: Name = key("State it enters (while an approval runs, where there is one).")
    id: str | None = key("Stable id.", None, maxLength=60)
    label: Text = key("Text of the button.", Text())
    by: tuple[Name, ...] = key("Roles that may take it; grants that list it are needed too.", ())
    when: Formula | None = key("Only when this is true.", None)
    needs: tuple[Literal["comment"], ...] = key("What the user must give.", ())
    set: dict[str, Formula] = key("Fields that are set.", {})
    without_approval: OutcomeDef | None = key("Where it leads when no approval applies.", None)
    on: OutcomesDef | None = key("Where its approval's outcomes lead.", None)


@dataclass(frozen=True, slots=True)
class WorkflowDef:
    """The state machine of an object's state field."""

    kind: Literal["workflow"] = key("Always `workflow`.")
    name: Name = key("API name.")
    object: Name = key("The object.")
    field: Name = key("Its state field.")
    states: tuple[StateDef, ...] = key("The states.", minItems=1, maxItems=100)
    transitions: tuple[TransitionDef, ...] = key("The transitions.", maxItems=300)
    id: str | None = key("Stable id.", None, maxLength=60)
    was: Name | None = key("Former name.", None)
    label: Text = key("Name shown to admins.", Text())


@dataclass(frozen=True, slots=True)
class ChosenDef:
    """That who submits chooses among the people of a source, and how many of them."""

    min: int = key(
        "So many are chosen at least; all there are, where they are fewer.",
        1,
        minimum=1,
        maximum=20,
    )
    max: int = key("So many are chosen at most.", 1, minimum=1, maximum=20)
    names: bool = key(
        "Partners see the house's people by name; without it they choose only among the people of "
        "their own organisation, and where there are none all of the source are asked.",
        default=False,
    )


@dataclass(frozen=True, slots=True)
class ApproverDef:
    """One source of approvers; exactly one of `field`, `role`, `user`, `managers`, `formula` is given."""

    field: Path | None = key(
        "Field with a user, or with several, of the record, along lookups.", None
    )
    role: Name | None = key("Everybody who holds this role.", None)
    within: Path | None = key(
        "Territory path: the role within the record's territory, walking up until found.", None
    )
    user: str | None = key("The login of one user.", None, maxLength=100)
    managers: int | None = key(
        "How many levels of managers, nearest first: who the submitter, or the user in `of`, reports to.",
        None,
        minimum=1,
        maximum=10,
    )
    of: Path | None = key(
        "With `managers`: the field with the user whose managers are asked.", None
    )
    until: Name | None = key(
        "With `managers`: the last one asked is the first who holds this role.", None
    )
    formula: Formula | None = key(
        "A formula that gives a user, or with LIST several: asks other records.", None
    )
    veto: bool = key(
        "With mode `ratio`: a rejection by these approvers rejects, whatever the others say.",
        default=False,
    )
    chosen: ChosenDef | None = key("Of these people who submits chooses those who are asked.", None)


TimeUnit = Literal["working_hours", "hours", "working_days", "days"]
TimeoutAction = Literal["remind", "escalate", "approve", "reject"]


@dataclass(frozen=True, slots=True)
class TimeLimitDef:
    """How long a decision may take, and what follows when the time is up."""

    limit: str = key(
        "The time there is, as 8 or 0.5; whole where the unit is days.",
        pattern=r"^\d{1,4}(\.\d{1,2})?$",
    )
    unit: TimeUnit = key("What the time is counted in.", "working_hours")
    calendar: Name | None = key(
        "Working calendar; without it the workspace's, which is called `standard`.", None
    )
    remind: tuple[int, ...] = key(
        "Percents of the time after which approvers are reminded, rising; at its end they always are.",
        (80,),
        maxItems=10,
        items={"type": "integer", "minimum": 1, "maximum": 99},
    )
    then: TimeoutAction = key(
        "When the time is up: `remind`; `escalate` asks further people; `approve` and `reject` decide.",
        "remind",
    )
    escalate_to: tuple[ApproverDef, ...] = key(
        "Who is asked too when the time is up; the first decision counts.", (), maxItems=20
    )


@dataclass(frozen=True, slots=True)
class CopyDef:
    """Who gets a copy (抄送): they read the record, also afterwards, and decide nothing."""

    to: tuple[ApproverDef, ...] = key(
        "Who gets it, found like approvers; nobody else where nobody is found.",
        minItems=1,
        maxItems=20,
    )
    at: Literal["start", "end"] = key(
        "`start`: when the approval begins, or the step is asked; `end`: when it is decided.", "end"
    )


@dataclass(frozen=True, slots=True)
class BranchDef:
    """One of the ways that are taken side by side in a step with branches."""

    name: Name = key("API name, unique in its step.")
    steps: tuple[StepDef, ...] = key(
        "Its steps, in order; they have no branches of their own.", minItems=1, maxItems=20
    )
    id: str | None = key("Stable id.", None, maxLength=60)
    label: Text = key("Name shown.", Text())

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the schema: its steps are ordinary ones, without branches."""
        own = schema_of(cls, without=("steps",))
        steps = next(one for one in fields(cls) if one.name == "steps").metadata
        own["properties"]["steps"] = {
            "type": "array",
            "items": schema_of(StepDef, without=("branches",)),
            **steps["schema"],
            "description": steps["help"],
            SCHEMA_KEY: schema_key(cls, "steps"),
        }
        return {**own, "required": ["name", "steps"]}


@dataclass(frozen=True, slots=True)
class StepDef:
    """One step of an approval: it asks people, or has branches that are taken side by side."""

    name: Name = key("API name, unique in the approval.")
    approvers: tuple[ApproverDef, ...] = key(
        "Who is asked; not in a step with branches.", (), minItems=1, maxItems=20
    )
    branches: tuple[BranchDef, ...] = key(
        "In place of asking people: ways that are taken side by side. The step is complete when "
        "each of them has ended.",
        (),
        minItems=2,
        maxItems=10,
    )
    id: str | None = key("Stable id.", None, maxLength=60)
    label: Text = key("Name shown.", Text())
    when: Formula | None = key("The step is taken only when this is true.", None)
    mode: Literal["one", "any", "all", "sequence", "ratio"] = key(
        "`one`: a single approver, the first found; `any`: the first decision counts; "
        "`all`: everybody must approve; `sequence`: everybody, one after the other; `ratio`: a share "
        "of those asked.",
        "any",
    )
    ratio: int | None = key(
        "With mode `ratio`: the percentage of those asked who must approve.",
        None,
        minimum=1,
        maximum=100,
    )
    editable: tuple[Name, ...] = key("Fields that the approver may change.", ())
    required: tuple[Name, ...] = key(
        "Of the fields that the approver may change, those without whose value the step is not approved.",
        (),
    )
    depends_on: tuple[Path, ...] = key(
        "Fields, relations of detail rows and their fields (`lines.qty`) whose change lets the step be "
        "decided again, besides those that its condition and its approvers read.",
        (),
    )
    time: TimeLimitDef | None = key("How long the step may take.", None)
    copies: tuple[CopyDef, ...] = key("Who gets a copy in this step.", (), maxItems=20)


@dataclass(frozen=True, slots=True)
class ApprovalDef:
    """Who decides a transition; of several that match, the highest priority runs."""

    kind: Literal["approval"] = key("Always `approval`.")
    name: Name = key("API name.")
    workflow: Name = key("The workflow.")
    transition: Name = key("The transition that it decides.")
    steps: tuple[StepDef, ...] = key("The steps, in order.", minItems=1, maxItems=50)
    id: str | None = key("Stable id.", None, maxLength=60)
    was: Name | None = key("Former name.", None)
    label: Text = key("Name shown; also the tag of a match that did not run.", Text())
    priority: int = key("Higher runs first.", 0, minimum=-1000, maximum=1000)
    resubmit: Literal["resume", "restart"] = key(
        "After a rejection or return: `resume` keeps what was approved as long as no key field has "
        "changed; `restart` asks everybody again.",
        "resume",
    )
    key_fields: tuple[Name, ...] = key(
        "Fields and relations of detail rows whose change makes a submission start again; without "
        "any, every change does.",
        (),
    )
    when: Formula | None = key("It applies only when this is true.", None)
    time: TimeLimitDef | None = key("How long all steps together may take.", None)
    copies: tuple[CopyDef, ...] = key("Who gets a copy of the whole.", (), maxItems=20)
