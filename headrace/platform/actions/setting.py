"""`set`: give fields of the record in hand other values."""

from __future__ import annotations

from typing import Final

from headrace.platform.actions.base import Acting, Action, Progress
from headrace.platform.metadata.catalog import ActionModel
from headrace.platform.records.history import field_json


class SetFields:
    """Sets fields; a record that has the values already is left alone."""

    key = "set"

    def run(self, acting: Acting, action: ActionModel, progress: Progress | None) -> None:
        """Set them with the rights of who acts; the system's are those that the automation names."""
        store, context, work = acting.services.store, acting.context, acting.work
        name = acting.model.name
        values = acting.assigned(name, action.assignments)
        row = store.lock(context, work, name, acting.record_id)
        values = {field: value for field, value in values.items() if row.get(field) != value}
        if not values:
            return
        if context.principal.is_system:
            saved = store.apply_system(
                context, work, name, acting.record_id, values, action="updated"
            )
        else:
            sent = dict.fromkeys(values) | acting.as_json(name, values)
            saved = store.update(context, work, name, acting.record_id, sent, int(row["version"]))
        acting.warn(saved.warnings)
        fields = acting.model.fields
        changes = {
            fields[name].id: [field_json(fields[name], row[name]), field_json(fields[name], value)]
            for name, value in sorted(values.items())
        }
        acting.note("set", acting.model, acting.record_id, changes=changes)


ACTIONS: Final[tuple[Action, ...]] = (SetFields(),)
