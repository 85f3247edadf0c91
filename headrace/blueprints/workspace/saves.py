"""The history of a record as people read it: save by save, with what became of its child rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from headrace.blueprints.shared.pages import word
from headrace.blueprints.workspace.rows import display_of
from headrace.platform.core.problems import Text
from headrace.platform.forms.field_view import field_view
from headrace.platform.forms.shown import Shown
from headrace.platform.metadata.catalog import ObjectModel
from headrace.platform.records.context import Context
from headrace.platform.records.history_reader import history
from headrace.platform.records.tables import UNMASKED
from headrace.platform.workflow.changes_seen import ChangeView

BEGINNINGS: Final = frozenset({"created", "migrated"})
TELLING: Final = frozenset(
    {"created", "updated", "restored", "deleted", "undeleted", "migrated", "computed"}
)
MOST_ROWS: Final = 20
"""Rows of one save that are told one by one; of more, how many."""


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A field before and after; `name` is what chooses it to be restored, empty where it cannot be."""

    label: str
    old: Shown
    new: Shown
    name: str = ""


@dataclass(frozen=True, slots=True)
class RowLine:
    """What became of a child row."""

    label: str
    action: str
    changes: list[ChangeLine]


@dataclass(slots=True)
class Save:
    """What somebody did at once. `id` is a line of it; `first` is how the record began."""

    id: str
    who: str
    action: str
    at: Shown
    door: str
    comment: str | None
    first: bool
    changes: list[ChangeLine] = field(default_factory=list)
    rows: list[RowLine] = field(default_factory=list)
    more_rows: int = 0


def change_lines(context: Context, changes: Sequence[ChangeView]) -> list[ChangeLine]:
    """Return what an edit changed, as people read it; without values where they are not told."""
    return [
        ChangeLine(
            one.label.within(context.language),
            _shown(context, one, one.before),
            _shown(context, one, one.after),
        )
        for one in changes
    ]


def _shown(context: Context, one: ChangeView, value: Any) -> Shown:
    if one.of is None or not one.told:
        return Shown(str(value or "") if one.told else "")
    return display_of(context).of(field_view(context.catalog, one.of), value)


def saves_of(
    context: Context, model: ObjectModel, record_id: str, relations: Sequence[str]
) -> list[Save]:
    """Return the saves of a record, newest first."""
    lines = history(context, model.name, record_id, expand=relations, by_task=True)
    saves: dict[str, Save] = {}
    for line in lines:
        save = saves.get(line["saved_with"])
        if save is None:
            save = saves[line["saved_with"]] = _save(context, model, line)
        if "relation" not in line:
            save.id, save.comment = line["id"], _comment(context, model, line)
            save.action = action_label(context, model, line["action"])
            save.first = line["action"] in BEGINNINGS
            save.changes = _changes(context, model, line)
        elif len(save.rows) < MOST_ROWS:
            save.rows.append(_row(context, model, line))
        else:
            save.more_rows += 1
    for save in saves.values():
        if save.first:
            # What a record began with stands on the page itself.
            save.rows, save.more_rows = [], 0
        save.rows.reverse()
    return list(saves.values())


def action_label(context: Context, model: ObjectModel, action: str) -> str:
    """Return what was done in words: a transition's label, or that of the platform's action."""
    if action in TELLING:
        return word(context.language, f"history.{action}")
    workflow = context.catalog.workflows.get(model.workflow or "")
    transition = workflow.transitions.get(action) if workflow else None
    if transition is not None:
        return transition.label.within(context.language)
    key = f"history.{action}"
    text = word(context.language, key)
    return action if text == key else text


def _comment(context: Context, model: ObjectModel, line: Mapping[str, Any]) -> str | None:
    """Return what was said; of a line about masked fields their labels."""
    comment: str | None = line["comment"]
    if line["action"] != UNMASKED or comment is None:
        return comment
    labels = (model.fields[name].label.within(context.language) for name in comment.split(", "))
    return word(context.language, "shell.comma").join(labels)


def _save(context: Context, model: ObjectModel, line: Mapping[str, Any]) -> Save:
    user = line["user"] or {}
    door = f"through.{line['through']}" if line["through"] else ""
    return Save(
        line["id"],
        str(user.get("title") or ""),
        action_label(context, model, "updated"),
        display_of(context).instant(line["at"]),
        word(context.language, door) if door else "",
        None,
        first=False,
    )


def _changes(context: Context, model: ObjectModel, line: Mapping[str, Any]) -> list[ChangeLine]:
    display = display_of(context)
    changes = []
    for change in () if line["action"] in BEGINNINGS else line["changes"]:
        definition = model.fields[change["field"]]
        view = field_view(context.catalog, definition)
        by_people = definition.computed is None and definition.definition.written_by != "system"
        changes.append(
            ChangeLine(
                view.label.within(context.language),
                display.of(view, change["old"]),
                display.of(view, change["new"]),
                definition.name if by_people else "",
            )
        )
    # What people changed comes before what followed from it.
    return sorted(changes, key=lambda change: not change.name)


def _row(context: Context, model: ObjectModel, line: Mapping[str, Any]) -> RowLine:
    relation = line["relation"]
    child = model.child(relation)
    row_model = context.catalog.objects[child.object if child else model.name]
    label = label_of(context, model, relation)
    title = line["row"]["title"]
    return RowLine(
        label.within(context.language) + (f" · {title}" if title is not None else ""),
        _row_action(context, row_model, line["action"]),
        _changes(context, row_model, line),
    )


def _row_action(context: Context, model: ObjectModel, action: str) -> str:
    if action in TELLING:
        return word(context.language, f"history.row_{action}")
    return action_label(context, model, action)


def label_of(context: Context, model: ObjectModel, relation: str) -> Text:
    """Return what a child relation is called."""
    child = model.child(relation)
    if child is None:
        return Text(relation, relation)
    return child.label or context.catalog.objects[child.object].plural
