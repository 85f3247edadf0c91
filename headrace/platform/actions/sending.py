"""`webhook`: tell another system, by an event that is sent after the commit."""

from __future__ import annotations

from typing import Any, Final

from headrace.platform.actions.base import Acting, Action, Progress
from headrace.platform.metadata.catalog import ActionModel
from headrace.platform.records.computing import stored_value
from headrace.platform.records.history import field_json


class Webhook:
    """Writes an event with the fields that the action names."""

    key = "webhook"

    def run(self, acting: Acting, action: ActionModel, progress: Progress | None) -> None:
        """Write it; whether it arrives is the business of its endpoint."""
        sent = action.definition.webhook
        assert sent is not None  # noqa: S101 - the key says so
        if sent.optional and not acting.services.webhooks.has(acting.work, sent.endpoint):
            return
        data: dict[str, Any] = {}
        for name, path in zip(sent.fields, action.paths, strict=True):
            value = acting.environment.value(tuple(field.id for field in path))
            shape = acting.environment.batch.shapes.of(path[-1].object)
            known = path[-1].name in shape.fields and path[-1].stored
            data[name] = field_json(
                path[-1], stored_value(shape, path[-1].name, value) if known else value
            )
        about = (acting.model.name, acting.model.id, acting.record_id)
        event = acting.services.webhooks.send(
            acting.context, acting.work, sent.endpoint, acting.automation, about, data
        )
        acting.note("webhook", acting.model, acting.record_id, endpoint=sent.endpoint, event=event)


ACTIONS: Final[tuple[Action, ...]] = (Webhook(),)
