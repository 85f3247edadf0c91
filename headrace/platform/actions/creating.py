"""`create` and `post`: make a record, or an entry of a ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from headrace.platform.actions.base import Acting, Action, Progress
from headrace.platform.metadata.catalog import ActionModel


@dataclass(frozen=True, slots=True)
class Create:
    """Makes a record of the object that the action names."""

    key: str

    def run(self, acting: Acting, action: ActionModel, progress: Progress | None) -> None:
        """Make it as a request would: defaults, numbers, rules and rights count."""
        target = str(action.object)
        data = acting.as_json(target, acting.assigned(target, action.assignments))
        saved = acting.services.store.create(acting.context, acting.work, target, data)
        acting.note(self.key, acting.context.catalog.objects[target], saved.id)


ACTIONS: Final[tuple[Action, ...]] = (Create("create"), Create("post"))
