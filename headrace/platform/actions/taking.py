"""`take` and `begin`: take a transition of the record in hand; the approval that decides it begins."""

from __future__ import annotations

from typing import Final

from headrace.platform.actions.base import Acting, Action, Progress
from headrace.platform.core.errors import ConflictError
from headrace.platform.core.problems import Message, Text
from headrace.platform.metadata.catalog import ActionModel
from headrace.platform.metadata.definitions.automations import BeginDef

NO_APPROVAL: Final = Message(
    "approval.none_begins",
    "No approval decides “{transition}” of this record as it is.",
    "该记录当前状况下，“{transition}”无需任何审批。",
    "Look at the conditions of the approvals, or let the automation take the transition.",
    "请检查审批条件，或让自动化直接执行该转换。",
)


class Take:
    """Takes a transition: the only way in which an automation changes a state."""

    key = "take"

    def run(self, acting: Acting, action: ActionModel, progress: Progress | None) -> None:
        """Take it with all its guards, in the name of who acts."""
        taken = action.definition.take
        assert taken is not None  # noqa: S101 - the key says so
        fire(acting, acting.model.name, acting.record_id, taken.transition, taken.comment)
        acting.note("take", acting.model, acting.record_id, transition=taken.transition)


class Begin:
    """Begins the approval of a transition; where none would decide it, nothing is done."""

    key = "begin"

    def run(self, acting: Acting, action: ActionModel, progress: Progress | None) -> None:
        """Begin it in the name of who acts, who is its submitter."""
        begun = action.definition.begin
        assert begun is not None  # noqa: S101 - the key says so
        begin(acting, acting.model.name, acting.record_id, begun)


def begin(acting: Acting, object_name: str, record_id: str, begun: BeginDef) -> None:
    """Begin an approval of a record; raise ConflictError where none decides the transition."""
    run_id = fire(acting, object_name, record_id, begun.transition, begun.comment)
    model = acting.context.catalog.objects[object_name]
    if run_id is None:
        workflow = acting.context.catalog.workflows[str(model.workflow)]
        known = workflow.transitions.get(begun.transition)
        name = known.label if known else Text(begun.transition, begun.transition)
        raise ConflictError(NO_APPROVAL.at(transition=name))
    acting.note("begin", model, record_id, transition=begun.transition, approval=run_id)


def fire(
    acting: Acting, object_name: str, record_id: str, transition: str, comment: str | None
) -> str | None:
    """Take a transition of a record as it is now; return the id of the approval that began."""
    context, work = acting.context, acting.work
    row = acting.services.store.lock(context, work, object_name, record_id)
    fired = acting.services.transitions.fire(
        context,
        work,
        object_name,
        record_id,
        transition,
        comment=comment,
        version=int(row["version"]),
    )
    acting.warn(fired.warnings, of_another=record_id != acting.record_id)
    return fired.run_id


ACTIONS: Final[tuple[Action, ...]] = (Take(), Begin())
