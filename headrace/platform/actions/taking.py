"""`take`: take a transition of the record in hand; the approval that decides it begins."""

from __future__ import annotations

from typing import Final

from headrace.platform.actions.base import Acting, Action, Progress
from headrace.platform.metadata.catalog import ActionModel


class Take:
    """Takes a transition: the only way in which an automation changes a state."""

    key = "take"

    def run(self, acting: Acting, action: ActionModel, progress: Progress | None) -> None:
        """Take it with all its guards, in the name of who acts."""
        taken = action.definition.take
        assert taken is not None  # noqa: S101 - the key says so
        context, work, name = acting.context, acting.work, acting.model.name
        row = acting.services.store.lock(context, work, name, acting.record_id)
        acting.services.transitions.fire(
            context,
            work,
            name,
            acting.record_id,
            taken.transition,
            comment=taken.comment,
            version=int(row["version"]),
        )
        acting.note("take", acting.model, acting.record_id, transition=taken.transition)


ACTIONS: Final[tuple[Action, ...]] = (Take(),)
