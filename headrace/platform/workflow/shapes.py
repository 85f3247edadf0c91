"""The JSON forms of what people see of approvals; the OpenAPI document is made of them."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypedDict

from headrace.platform.core.shapes import Keyword, Moment
from headrace.platform.workflow.pinned import Mode

Day = Annotated[str, Keyword("format", "date")]
"""A day of the workspace's zone, as in 2026-03-01."""


class PersonJson(TypedDict):
    """Somebody by name; the id is for people of the house."""

    id: NotRequired[str]
    name: str


class ChangedJson(TypedDict):
    """A field that was edited; without `before` and `after` only that it was."""

    field: str
    label: str
    row: str | None
    before: NotRequired[Any]
    after: NotRequired[Any]


class DecisionJson(TypedDict):
    """What somebody said."""

    person: PersonJson
    acted_for: PersonJson | None
    given_to: PersonJson | None
    to_step: str | None
    action: str
    comment: str | None
    at: Moment
    reason: str | None
    worked_hours: str | None
    by_mail: bool
    seen: Annotated[str | None, "The fingerprint of the record as it was decided."]
    changes: list[ChangedJson]
    files: NotRequired[list[dict[str, Any]]]


class TaskJson(TypedDict):
    """One person who was asked."""

    id: str
    version: int
    person: PersonJson
    delegate: PersonJson | None
    added_by: PersonJson | None
    place: str | None
    kind: str | None
    state: str
    opened_at: Moment
    ended_at: Moment | None
    urged_at: Moment | None


class StepJson(TypedDict):
    """A step of a run with who was asked and what was said."""

    name: str
    label: str
    branch: str | None
    mode: Mode
    state: str
    fallback: bool
    opened_at: Moment | None
    ended_at: Moment | None
    due_at: Moment | None
    late: bool
    usual_days: Annotated[int | None, "Within how many days it is usually decided."]
    tasks: list[TaskJson]
    decisions: list[DecisionJson]


class CopyJson(TypedDict):
    """Who got a copy."""

    person: PersonJson
    by: PersonJson | None
    at: Moment
    read_at: Moment | None


class RunJson(TypedDict):
    """An approval run."""

    id: str
    approval: str
    label: str
    transition: str
    transition_label: str
    state: str
    submission: int
    submitter: PersonJson
    comment: str | None
    tags: list[str]
    started_at: Moment
    ended_at: Moment | None
    due_at: Moment | None
    expected_on: Annotated[Day | None, "The day by which all is usually decided."]
    metadata_version: int
    can_withdraw: bool
    can_urge: bool
    steps: list[StepJson]
    decisions: list[DecisionJson]
    copies: list[CopyJson]


class RunsJson(TypedDict):
    """The approval runs of a record, newest first."""

    items: list[RunJson]


class AnyoneJson(TypedDict):
    """Somebody who may be chosen."""

    id: str
    name: str


class ChoiceJson(TypedDict):
    """Among whom the submitter chooses, and whom they would take anyway."""

    min: int
    max: int
    people: list[AnyoneJson]
    proposed: list[str]


class StepAheadJson(TypedDict):
    """A step that would come, with names or roles as far as the caller may know."""

    name: str
    label: str
    branch: str | None
    mode: Mode
    state: str
    people: list[str]
    roles: list[str]
    due_at: Moment | None
    usual_days: Annotated[int | None, "Within how many days it is usually decided."]
    choice: ChoiceJson | None


class ChainAheadJson(TypedDict):
    """Whom a transition would ask now."""

    transition: str
    approval: str | None
    tags: list[str]
    steps: list[StepAheadJson]
    expected_on: Annotated[Day | None, "The day by which all is usually decided."]


class SummaryJson(TypedDict):
    """The sum of a record that lists show."""

    field: str
    label: str
    value: str


class TaskHeadJson(TypedDict):
    """What is told of a task wherever it is shown."""

    id: str | None
    version: int | None
    state: str
    object: str
    object_label: str
    title: str
    summary: SummaryJson | None
    submitter: PersonJson
    asked: PersonJson | None
    step: str
    approval: str
    tags: list[str]
    submission: int
    since: Moment
    ended_at: Moment | None
    due_at: Moment | None
    late: bool
    read_at: Moment | None
    urged_at: Moment | None


class TaskItemJson(TaskHeadJson):
    """A line of the inbox: `run` and `record` are ids."""

    run: str
    record: str


class InboxJson(TypedDict):
    """A page of the inbox."""

    items: list[TaskItemJson]
    next: str | None
    count: int
    capped: Annotated[bool, "There are more than `count`."]
    unread: NotRequired[int]


class ReturnJson(TypedDict):
    """A step that a task may go back to."""

    step: str
    label: str


class TaskPageJson(TaskHeadJson):
    """A task with its record as far as the caller may read it, and what was decided before."""

    run: RunJson
    record: dict[str, Any] | None
    again: list[DecisionJson]
    record_id: str
    changed: dict[str, list[Any]]
    editable: list[str]
    required: list[str]
    actions: list[str]
    receivers: list[PersonJson]
    opinion: bool
    returns: list[ReturnJson]
    copy_receivers: list[PersonJson]
