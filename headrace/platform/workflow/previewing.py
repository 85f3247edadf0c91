"""The chain before submitting: who would be asked, shown to who is about to submit.

Partners see names of their own people only, and the roles of the house's.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from headrace.platform.access.tables import USER
from headrace.platform.core.errors import NotFoundError
from headrace.platform.core.problems import Text
from headrace.platform.metadata.storage_types import instant_text
from headrace.platform.records.context import Context
from headrace.platform.workflow import messages
from headrace.platform.workflow.engine import WorkflowEngine
from headrace.platform.workflow.pinned import Mode
from headrace.platform.workflow.simulating import SimulatedStep


@dataclass(frozen=True, slots=True)
class StepAhead:
    """A step that would come: by whom it would be decided, as far as the caller may know.

    `due_at` is when its time would be up if each step before took all of its own.
    """

    name: str
    label: Text
    mode: Mode
    state: Literal["asked", "skipped", "passed", "nobody", "unknown"]
    people: tuple[str, ...]
    roles: tuple[Text, ...]
    due_at: datetime | None

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        return {
            "name": self.name,
            "label": self.label.within(language),
            "mode": self.mode,
            "state": self.state,
            "people": list(self.people),
            "roles": [one.within(language) for one in self.roles],
            "due_at": instant_text(self.due_at),
        }


@dataclass(frozen=True, slots=True)
class ChainAhead:
    """The approval that a transition would begin, and the others that match; None where it asks nobody."""

    transition: str
    approval: Text | None
    tags: tuple[Text, ...]
    steps: tuple[StepAhead, ...]

    def render(self, language: str) -> dict[str, Any]:
        """Return the JSON form in one language."""
        return {
            "transition": self.transition,
            "approval": self.approval.within(language) if self.approval else None,
            "tags": [tag.within(language) for tag in self.tags],
            "steps": [step.render(language) for step in self.steps],
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
    known = _known(context, {one.id for step in found.steps for one in step.asked})
    steps = tuple(_shown(context, step, known) for step in found.steps)
    approval = None if found.approval is None else found.label
    return ChainAhead(transition, approval, found.tags, steps)


def _known(context: Context, people: Collection[str]) -> frozenset[str]:
    """Return those whose names the caller may know before anybody has decided."""
    if context.principal.audience == "internal":
        return frozenset(people)
    own = sa.and_(USER.c.id.in_(people), USER.c.organisation == context.principal.organisation)
    with context.database.reading() as reading:
        return frozenset(reading.connection.execute(sa.select(USER.c.id).where(own)).scalars())


def _shown(context: Context, step: SimulatedStep, known: Collection[str]) -> StepAhead:
    people = tuple(one.name for one in step.asked if one.id in known)
    roles = dict.fromkeys(one.role for one in step.asked if one.role is not None)
    labels = [context.catalog.roles[one].label for one in roles if one in context.catalog.roles]
    if labels == [step.label]:
        labels = []
    return StepAhead(
        step.name, step.label, step.mode, step.state, people, tuple(labels), step.due_at
    )
