"""Scenarios: what must come out when some people do something; run at every publish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headrace.platform.core.problems import Text
from headrace.platform.metadata.definitions.keys import Given, Name, key

Decision = Literal["approve", "reject", "return"]

VALUES_HELP = (
    'as the API takes them; `{"named": …}` is a record or a person of the scenario by local name.'
)


@dataclass(frozen=True, slots=True)
class GivenUserDef:
    """A person of the scenario."""

    name: Name = key("Local name.")
    roles: tuple[Name, ...] = key("Roles that they hold.", (), maxItems=20)
    territory: Name | None = key("Local name of the territory within which they hold them.", None)
    organisation: Name | None = key("Local name of the organisation that they belong to.", None)
    manager: Name | None = key("Local name of whom they report to.", None)


@dataclass(frozen=True, slots=True)
class GivenRecordDef:
    """A record that is there before, made as if it were loaded: its state may be given too."""

    name: Name = key("Local name.")
    object: Name = key("The object.")
    values: dict[Name, Given] = key("Its values, " + VALUES_HELP, {})
    key: str | None = key(
        "External id of a record that comes with the modules: it is found, not made.",
        None,
        minLength=1,
        maxLength=200,
    )


@dataclass(frozen=True, slots=True)
class GivenDef:
    """What is there before anybody does anything."""

    users: tuple[GivenUserDef, ...] = key("People.", (), maxItems=50)
    records: tuple[GivenRecordDef, ...] = key("Records, in order.", (), maxItems=100)


@dataclass(frozen=True, slots=True)
class NewRecordDef:
    """A record that somebody makes."""

    name: Name = key("Local name.")
    object: Name = key("The object.")
    values: dict[Name, Given] = key("What is entered, " + VALUES_HELP, {})


@dataclass(frozen=True, slots=True)
class EditDef:
    """A change of a record."""

    record: Name = key("Local name of the record.")
    values: dict[Name, Given] = key("What is changed, " + VALUES_HELP)


@dataclass(frozen=True, slots=True)
class MoveDef:
    """A transition that is taken."""

    record: Name = key("Local name of the record.")
    transition: Name = key("The transition.")
    comment: str | None = key("The comment that it is taken with.", None, maxLength=1000)


@dataclass(frozen=True, slots=True)
class DecisionDef:
    """A decision on the task that is open for who acts."""

    record: Name = key("Local name of the record.")
    action: Decision = key("What is decided.")
    comment: str | None = key("The comment that it is decided with.", None, maxLength=1000)


@dataclass(frozen=True, slots=True)
class PressDef:
    """A button that is pressed."""

    record: Name = key("Local name of the record.")
    button: Name = key("The automation that the button starts.")
    inputs: dict[Name, Given] = key("What is entered first.", {})


@dataclass(frozen=True, slots=True)
class ActDef:
    """One step: somebody does one thing; exactly one of the keys that say what is given."""

    by: Name = key("Local name of who does it.")
    create: NewRecordDef | None = key("Make a record.", None)
    update: EditDef | None = key("Change a record.", None)
    move: MoveDef | None = key("Take a transition.", None)
    decide: DecisionDef | None = key("Decide a task.", None)
    press: PressDef | None = key("Press a button.", None)
    refused: str | None = key(
        "Code of the problem with which this must be refused; nothing of it stays.",
        None,
        minLength=1,
        maxLength=100,
    )


@dataclass(frozen=True, slots=True)
class ExpectedDef:
    """What must be true of a record in the end."""

    record: Name = key("Local name of the record.")
    state: Name | None = key("Its state.", None)
    values: dict[Name, Given] = key("Some of its values, as the platform itself reads them.", {})
    tasks: tuple[Name, ...] | None = key(
        "Local names of those for whom a task is open on it, and nobody else.", None, maxItems=50
    )
    seen_by: tuple[Name, ...] = key("Local names of people who may read it.", (), maxItems=50)
    hidden_from: tuple[Name, ...] = key("Local names of people who may not.", (), maxItems=50)


@dataclass(frozen=True, slots=True)
class ScenarioDef:
    """Given some records and people, when they do this, then that comes out."""

    kind: Literal["scenario"] = key("Always `scenario`.")
    name: Name = key("API name.")
    at: str = key(
        "Date and time at which everything happens, in the workspace's zone.",
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$",
    )
    when: tuple[ActDef, ...] = key("What is done, in order.", minItems=1, maxItems=100)
    id: str | None = key("Stable id.", None, maxLength=60)
    was: Name | None = key("Former name.", None)
    label: Text = key("Name shown to admins.", Text())
    help: Text = key("What it is there to show.", Text())
    given: GivenDef = key("What is there before.", GivenDef())
    then: tuple[ExpectedDef, ...] = key("What must come out.", (), maxItems=50)
