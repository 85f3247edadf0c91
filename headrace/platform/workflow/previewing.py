"""The chain before submitting: who would be asked, shown to who is about to submit.

Partners see names of their own people only, and the roles of the house's. Among whom they choose they
see by the same rule, unless the definition shows them names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from headrace.platform.core.errors import NotFoundError
from headrace.platform.core.problems import Text
from headrace.platform.database.engine import Reading
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.records.context import Context
from headrace.platform.workflow import messages
from headrace.platform.workflow.choosing import (
    Choice,
    choice_of,
    choices_before,
    known_people,
    stands,
)
from headrace.platform.workflow.engine import WorkflowEngine
from headrace.platform.workflow.people import Choices, names_of
from headrace.platform.workflow.pinned import Mode, pin
from headrace.platform.workflow.resubmitting import kept_steps, with_a_part
from headrace.platform.workflow.shapes import ChainAheadJson, StepAheadJson
from headrace.platform.workflow.simulating import SimulatedStep, Simulation
from headrace.platform.workflow.subjects import subject


@dataclass(frozen=True, slots=True)
class StepAhead:
    """A step that would come: by whom it would be decided, as far as the caller may know.

    `due_at` is when its time would be up if each step before took all of its own, `usual_days` within how
    many days past runs were decided. `kept`: approved in
    the submission before, and still standing. `choice` is among whom the caller chooses, `branch` what
    a branch is called that the step is in.
    """

    name: str
    label: Text
    mode: Mode
    state: Literal["asked", "skipped", "passed", "kept", "nobody", "unknown"]
    people: tuple[str, ...]
    roles: tuple[Text, ...]
    due_at: datetime | None
    branch: Text | None
    choice: Choice | None = None
    usual_days: int | None = None

    def render(self, language: str) -> StepAheadJson:
        """Return the JSON form in one language."""
        return {
            "name": self.name,
            "label": self.label.within(language),
            "branch": self.branch.within(language) if self.branch else None,
            "mode": self.mode,
            "state": self.state,
            "people": list(self.people),
            "roles": [one.within(language) for one in self.roles],
            "due_at": instant_text(self.due_at),
            "usual_days": self.usual_days,
            "choice": self.choice.render() if self.choice else None,
        }


@dataclass(frozen=True, slots=True)
class ChainAhead:
    """The approval that a transition would begin, and the others that match; None where it asks nobody.

    `expected_on` is the day by which all would be decided if it goes as usual, in the workspace's zone.
    """

    transition: str
    approval: Text | None
    tags: tuple[Text, ...]
    steps: tuple[StepAhead, ...]
    expected_on: date | None = None

    @property
    def asks_choice(self) -> bool:
        """Whether the caller has to choose somebody first."""
        return any(
            step.choice is not None and len(step.choice.people) > step.choice.min
            for step in self.steps
        )

    def render(self, language: str) -> ChainAheadJson:
        """Return the JSON form in one language."""
        return {
            "transition": self.transition,
            "approval": self.approval.within(language) if self.approval else None,
            "tags": [tag.within(language) for tag in self.tags],
            "steps": [step.render(language) for step in self.steps],
            "expected_on": self.expected_on.isoformat() if self.expected_on else None,
        }


def chain_ahead(
    engine: WorkflowEngine, context: Context, object_name: str, record_id: str, transition: str
) -> ChainAhead:
    """Return what a transition that the caller may take would ask now.

    Raise NotFoundError for a record that they do not see or a transition that is not theirs.
    """
    offered = engine.available(context, object_name, record_id)
    if transition not in {one.transition for one in offered}:
        raise NotFoundError(messages.UNKNOWN_TRANSITION.at(name=transition))
    found = engine.simulate(context, object_name, record_id, transition)
    with context.database.reading() as reading:
        known = known_people(
            context, reading, {one.id for step in found.steps for one in step.asked}
        )
        before = _before(context, reading, object_name, record_id, found)
    if before.kept:
        # What stands takes no time: the steps behind it begin earlier.
        kept = frozenset(before.kept)
        found = engine.simulate(context, object_name, record_id, transition, kept)
    with context.database.reading() as reading:
        steps = tuple(_shown(context, reading, step, known, before) for step in found.steps)
    approval = None if found.approval is None else found.label
    expected = found.expected.astimezone(context.zone).date() if found.expected else None
    return ChainAhead(transition, approval, found.tags, steps, expected)


@dataclass(frozen=True, slots=True)
class _Before:
    """What the submission before leaves: steps that stand with who approved them, and whom it chose."""

    kept: Mapping[str, tuple[str, ...]]
    choices: Choices


def _before(
    context: Context, reading: Reading, object_name: str, record_id: str, simulated: Simulation
) -> _Before:
    found = subject(context, reading, object_name, record_id)
    taken = found.workflow.transitions[simulated.transition]
    approvals = found.workflow.approvals.get(simulated.transition, ())
    approval = next((one for one in approvals if one.name == simulated.approval), None)
    if approval is None:
        return _Before({}, {})
    pinned = pin(found.model, found.workflow, taken, approval)
    kept = kept_steps(context, reading, found, pinned)
    submitter = context.principal.user_id
    excluded = with_a_part(reading.connection, found.model, found.row, submitter)
    standing = {step.name: stands(kept, step, excluded) for step in pinned.steps}
    names = names_of(reading.connection, frozenset[str]().union(*standing.values()))
    return _Before(
        {name: tuple(sorted(names[one] for one in ids)) for name, ids in standing.items() if ids},
        choices_before(reading, found, pinned),
    )


def _shown(
    context: Context, on: Reading, step: SimulatedStep, known: Collection[str], before: _Before
) -> StepAhead:
    kept = before.kept.get(step.name)
    if kept and step.state != "skipped":
        return StepAhead(step.name, step.label, step.mode, "kept", kept, (), None, step.branch)
    choice = None
    if step.chosen is not None:
        chosen_before = before.choices.get(step.name, ())
        choice = choice_of(context, on, step.chosen, step.pool, chosen_before)
    people = tuple(one.name for one in step.asked if one.id in known)
    roles = dict.fromkeys(one.role for one in step.asked if one.role is not None)
    labels = [context.catalog.roles[one].label for one in roles if one in context.catalog.roles]
    if labels == [step.label]:
        labels = []
    return StepAhead(
        step.name,
        step.label,
        step.mode,
        step.state,
        people,
        tuple(labels),
        step.due_at,
        step.branch,
        choice,
        step.usual_days,
    )
