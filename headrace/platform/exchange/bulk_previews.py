"""What a bulk change would do to the first of its records: fields that would change, records that would be made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from headrace.platform.core.errors import NotFoundError
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.metadata.building import SYSTEM_FIELD_NAMES
from headrace.platform.records import reader
from headrace.platform.records.bulk import Item
from headrace.platform.records.context import Context

FIRST: Final = 10
"""Records of which it is shown."""

Seen = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Effect:
    """What would become of a record: per field its value before and after, per object how many are made."""

    changes: tuple[tuple[str, Any, Any], ...]
    made: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return the stored form; fields and objects by their ids."""
        return {"changes": [list(one) for one in self.changes], "made": dict(self.made)}


def seen_now(context: Context, work: UnitOfWork, object_name: str, ids: Iterable[str]) -> Seen:
    """Return records as the caller sees them within the work, those of them that they see."""
    found: dict[str, Mapping[str, Any]] = {}
    for record_id in ids:
        try:
            found[record_id] = reader.get_in(context, work, object_name, record_id)
        except NotFoundError:
            continue
    return found


def effects(
    context: Context, object_name: str, before: Seen, after: Seen, items: Sequence[Item]
) -> dict[str, Effect]:
    """Return what changed between two looks at records, by their ids."""
    model = context.catalog.objects[object_name]
    found = {}
    for item in items:
        if item.id is None or item.status == "refused" or item.id not in before:
            continue
        was, now = before[item.id], after.get(item.id, {})
        changes = tuple(
            (model.fields[name].id, value, now[name])
            for name, value in was.items()
            if name in now
            and name in model.fields
            and name not in SYSTEM_FIELD_NAMES
            and value != now[name]
        )
        found[item.id] = Effect(changes, item.made)
    return found
