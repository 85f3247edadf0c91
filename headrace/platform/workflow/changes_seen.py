"""What an edit changed, as far as somebody may read it: by name, with the values of before and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from headrace.platform.core.problems import Text
from headrace.platform.database.engine import Reading
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.masking import masked_value
from headrace.platform.records.context import Context
from headrace.platform.records.source import row_rights
from headrace.platform.workflow.depending import Changed
from headrace.platform.workflow.shapes import ChangedJson


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A field that an edit changed; of a detail row as `relation.field`, a row as such by its relation.

    Without `told` only that it changed is said: references say nothing of what they lead to. `of` is the
    field itself, None for a row that was made or taken away.
    """

    field: str
    label: Text
    row: str | None
    told: bool
    before: Any
    after: Any
    of: FieldModel | None

    def render(self, language: str) -> ChangedJson:
        """Return the JSON form in one language."""
        shown: ChangedJson = {
            "field": self.field,
            "label": self.label.within(language),
            "row": self.row,
        }
        return {**shown, "before": self.before, "after": self.after} if self.told else shown


def changes_seen(
    context: Context,
    on: Reading,
    model: ObjectModel,
    record_id: str,
    changes: Iterable[Mapping[str, Any]],
) -> tuple[ChangeView, ...]:
    """Return stored changes of a record without what the caller may not read."""
    readable = row_rights(context, on, model.name, record_id, "read", by_task=True) or frozenset()
    fields = {field.id: field for field in model.fields.values()}
    found = []
    for one in map(Changed.from_json, changes):
        field = fields.get(one.key[0])
        if field is not None and field.name in readable:
            found.append(_view(field.name, field.label, field, one))
        elif field is None and one.key[0] in readable:
            shown = _of_row(context, on, model, one)
            if shown is not None:
                found.append(shown)
    return tuple(found)


def _of_row(context: Context, on: Reading, model: ObjectModel, one: Changed) -> ChangeView | None:
    relation = one.key[0]
    child = model.child(relation)
    rows = context.catalog.object(str(child.object)) if child is not None else None
    if child is None or rows is None:
        return None
    named = child.label or rows.label
    readable = row_rights(context, on, rows.name, one.row or "", "read", by_task=True)
    if len(one.key) == 1:
        # A row that is gone has no rights any more, so its title is not told.
        made_or_gone = (one.before is None) is not (one.after is None)
        told = made_or_gone and readable is not None and rows.title in readable
        return ChangeView(relation, named, one.row, told, one.before, one.after, None)
    field = next((field for field in rows.fields.values() if field.id == one.key[1]), None)
    if field is None or (readable is not None and field.name not in readable):
        return None
    label = Text(
        f"{named.within('en')} · {field.label.within('en')}",
        f"{named.within('zh')} · {field.label.within('zh')}",
    )
    view = _view(f"{relation}.{field.name}", label, field, one)
    if readable is None:
        return ChangeView(view.field, label, one.row, told=False, before=None, after=None, of=field)
    return view


def _view(name: str, label: Text, field: FieldModel, one: Changed) -> ChangeView:
    told = not field.refers_to
    before, after = (
        masked_value(field, value) if told else None for value in (one.before, one.after)
    )
    return ChangeView(name, label, one.row, told, before, after, field)
