"""Fields that get another type or scale: which they are, what their values become, what is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from headrace.platform.core.problems import Message, Text
from headrace.platform.database.names import Names, PhysicalName, stored_fields
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.publishing.answering import Question
from headrace.platform.publishing.counting import Counter
from headrace.platform.publishing.failing import RowFinder, Unconvertible
from headrace.platform.publishing.plan import Failing, PlanLine
from headrace.platform.publishing.row_work import ConvertValues

NOT_CONVERTIBLE: Final = Message(
    "type.rows_not_convertible",
    "{object}.{field}: {count} rows hold values that the new type cannot take.",
    "{object}.{field}:有 {count} 行的值无法转换为新类型。",
    "Answer clear: what does not fit becomes empty, the old values are kept; or mend the rows.",
    "请答复 clear:这些值将变为空,旧值会被保留;或先修改数据。",
)
LOST: Final = Message(
    "type.data_loss",
    "{object}.{field}: {count} rows hold values that the new type keeps only in part.",
    "{object}.{field}:有 {count} 行的值在新类型下只能部分保留。",
    "Answer accept; the old values are kept and come back when you go back.",
    "请答复 accept;旧值会被保留,回滚时可恢复。",
)
SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Retype:
    """A field before and after; its values move to another column."""

    model: ObjectModel
    earlier: FieldModel
    field: FieldModel

    @property
    def key(self) -> str:
        """The key of its line."""
        return f"field.retype:{self.model.name}.{self.field.name}"


def retypes_between(old: Catalog, new: Catalog) -> Iterator[Retype]:
    """Yield the fields of people's values that are stored in another form from now on.

    Keys and references are left out: their values mean something to other rows.
    """
    before = {model.id: model for model in old.objects.values()}
    for model in new.objects.values():
        former = before.get(model.id)
        if former is None or former is model:
            continue
        known = {one.id: one for one in former.fields.values() if not one.system}
        for field in model.fields.values():
            earlier = known.get(field.id)
            if earlier is not None and _moves(former, earlier, model, field):
                yield Retype(model, earlier, field)


def _moves(former: ObjectModel, earlier: FieldModel, model: ObjectModel, field: FieldModel) -> bool:
    if any(one.computed is not None or one.target is not None for one in (earlier, field)):
        return False
    keyed = _in_key(former, earlier) or _in_key(model, field)
    both = earlier.storage.kind == field.storage.kind == "text"
    other = earlier.storage != field.storage or earlier.type.key != field.type.key
    return other and not both and not keyed and earlier.stored and field.stored


def _in_key(model: ObjectModel, field: FieldModel) -> bool:
    return field.unique or any(field.name in names for names in model.uniques)


def kept_columns(names: Names, new: Catalog, version: int) -> Mapping[str, PhysicalName]:
    """Return the columns that held fields of `new` in `version`, where they were kept since.

    They have to hold what the fields are made of now.
    """
    kept = names.kept_by_id()
    found: dict[str, PhysicalName] = {}
    for model in new.objects.values() if kept else ():
        for one in stored_fields(model):
            since = [each for each in kept.get(one.id, ()) if _dropped(each) > version]
            first = min(since, key=_dropped, default=None)
            if first is not None and first.storage == names.storage_of(new, one):
                found[one.id] = first
    return found


def _dropped(name: PhysicalName) -> int:
    return name.dropped_at_version or 0


def work_for(
    retypes: tuple[Retype, ...], restored: Mapping[str, PhysicalName]
) -> tuple[ConvertValues, ...]:
    """Return what the rows get."""
    return tuple(
        ConvertValues(
            one.model.id,
            one.field.id,
            restored=one.field.id in restored,
            rows_at=restored[one.field.id].rows_at if one.field.id in restored else None,
            line=one.key,
        )
        for one in retypes
    )


def retype_questions(
    retypes: tuple[Retype, ...],
    finder: RowFinder,
    counter: Counter,
) -> Iterator[Question]:
    """Yield the line of each field, with the rows that lose something by it."""
    for one in retypes:
        rows = counter.live_rows(one.model.id) - counter.empty_values(
            one.model.id, one.earlier.name
        )
        refused = finder.find(Unconvertible(one.model.id, one.field.id))
        partial = finder.find(Unconvertible(one.model.id, one.field.id, lossy=True))
        count = refused.count + partial.count
        asks = bool(count)
        message = NOT_CONVERTIBLE if refused.count else LOST
        first = (*refused.first, *partial.first)[:SHOWN]
        place = f"/{one.model.module}/objects/{one.model.name}.json"
        line = PlanLine(
            one.key,
            "field.retype",
            Text(
                f"Change {one.model.name}.{one.field.name} from {one.earlier.type.key} to"
                f" {one.field.type.key}",
                f"将 {one.model.name}.{one.field.name} 由 {one.earlier.type.key} 改为"
                f" {one.field.type.key}",
            ),
            destructive=asks,
            rows=rows,
            failing=Failing(count, first, message.code) if asks else None,
            answers=("clear" if message is NOT_CONVERTIBLE else "accept",) if asks else (),
            needs_answer=asks,
        )
        names = {"object": one.model.name, "field": one.field.name}
        yield Question(line, message.at(place, **names, count=count) if asks else None)
