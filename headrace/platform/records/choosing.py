"""Which values of a choice a row may get: active ones, and those that another field allows.

What a row has already, it keeps: only a change is judged, of the choice or of what it depends on.
"""

from __future__ import annotations

from typing import Any, Final

from headrace.platform.core.problems import Message, Problem, Text, pointer
from headrace.platform.metadata.catalog import FieldModel
from headrace.platform.metadata.storage_types import values_in
from headrace.platform.records.batch import Batch
from headrace.platform.records.choice_limits import Limits
from headrace.platform.records.drafts import Draft
from headrace.platform.records.permits import static_names

INACTIVE: Final = Message(
    "choice.inactive",
    "“{value}” may no longer be chosen for “{name}”.",
    "“{name}”的“{value}”已停用，不能再选择。",
    "Pick one that is active.",
    "请选择启用的值。",
)
NOT_ALLOWED: Final = Message(
    "choice.not_allowed",
    "“{value}” cannot be chosen for “{name}” with this value of “{other}”.",
    "在“{other}”的当前取值下，“{name}”不能选择“{value}”。",
    "Pick one of: {allowed}.",
    "请选择：{allowed}。",
)
NOT_HERE: Final = Message(
    "choice.not_allowed",
    "“{value}” cannot be chosen for “{name}” in this record.",
    "此记录的“{name}”不能选择“{value}”。",
    "Pick another one.",
    "请选择其他值。",
)
"""What is told to those who may not read the field that decides."""
NOTHING: Final = Text("nothing", "无")


def check_chosen(batch: Batch) -> None:
    """Find values that rows may not get; records that are migrated bring what they had."""
    if batch.migrating:
        return
    for draft in batch.drafts():
        if draft.kind in {"create", "update"}:
            for one in draft.shape.choice_limits:
                problem = _judge(batch, draft, one)
                if problem is not None:
                    batch.problems.append(problem.below(draft.place + pointer(one.field.name)))


def _judge(batch: Batch, draft: Draft, limits: Limits) -> Problem | None:
    field, other = limits.field, limits.other
    old = draft.old or {}
    values, before = _values(field, draft.new[field.name]), _values(field, old.get(field.name))
    retired = next((one for one in values if one in limits.inactive and one not in before), None)
    if retired is not None:
        return INACTIVE.at(value=_label(field, retired), name=field.label)
    if other is None:
        return None
    changed = values != before
    deciding = draft.new[other.name]
    if not changed and deciding == old.get(other.name):
        return None
    allowed = field.options.allowed.get(deciding_text(deciding), ())
    value = next((one for one in values if one not in allowed), None)
    if value is None:
        return None
    if other.name not in static_names(draft.shape, batch.context.principal, "read"):
        return NOT_HERE.at(value=_label(field, value), name=field.label)
    return NOT_ALLOWED.at(
        value=_label(field, value),
        name=field.label,
        other=other.label,
        allowed=_listed([_label(field, one) for one in allowed]),
    )


def _values(field: FieldModel, value: str | None) -> list[str]:
    if field.storage.many:
        return values_in(value) or []
    return [] if value is None else [value]


def deciding_text(value: Any) -> str:
    """Return the value of a field that decides as it stands in the table of what it allows."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _label(field: FieldModel, value: str) -> Text:
    labels = (one.label for one in field.options.choices if one.value == value)
    return next(labels, Text()) or Text(value, value)


def _listed(labels: list[Text]) -> Text:
    if not labels:
        return NOTHING
    first = labels[:20]
    return Text(", ".join(x.within("en") for x in first), "、".join(x.within("zh") for x in first))
