"""Lines of a plan about fields that get another type: what changes, and which rows lose something."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo
from typing import Any, Final

from headrace.platform.core.problems import Message, Text, named, said
from headrace.platform.metadata.catalog import Catalog, FieldModel, ObjectModel
from headrace.platform.metadata.conversions import Conversion, NotConvertibleError, conversion
from headrace.platform.publishing.answering import Question
from headrace.platform.publishing.counting import Counter
from headrace.platform.publishing.failing import Emptied, Having, RowFinder, Unconvertible
from headrace.platform.publishing.plan import Failing, PlanLine
from headrace.platform.publishing.retyping import Retype
from headrace.platform.publishing.row_work import GiveNumbers, RowWork

NOT_CONVERTIBLE: Final = Message(
    "type.rows_not_convertible",
    "{object}.{field}: {count} rows hold values that the new type cannot take.",
    "{object}.{field}：有 {count} 行的值无法转换为新类型。",
    "Answer clear: what does not fit becomes empty, the old values are kept; or mend the rows.",
    "请答复 clear：这些值将变为空，旧值会被保留；或先修改数据。",
)
LOST: Final = Message(
    "type.data_loss",
    "{object}.{field}: {count} rows hold values that the new type keeps only in part.",
    "{object}.{field}：有 {count} 行的值在新类型下只能部分保留。",
    "Answer accept; the old values are kept and come back when you go back.",
    "请答复 accept；旧值会被保留，回滚时可恢复。",
)
HIDDEN: Final = Message(
    "type.values_computed",
    "{object}.{field}: {count} rows hold values that people gave; computed ones take their place.",
    "{object}.{field}：有 {count} 行的值由用户填写，将被计算值取代。",
    "Answer accept; the values are kept for 30 days and come back when you go back.",
    "请答复 accept；原值保留 30 天，回滚时可恢复。",
)
SHOWN: Final = 20


def values_change(
    counter: Counter, catalogs: tuple[Catalog, Catalog], zone: tzinfo
) -> Callable[[ObjectModel, FieldModel, FieldModel], bool]:
    """Return what says whether a value in use would not stay what it is in another kind of text."""

    def changes(former: ObjectModel, earlier: FieldModel, field: FieldModel) -> bool:
        way = conversion(earlier, field, zone=zone, catalogs=catalogs)
        values = counter.values(former.id, earlier)
        return any(way is None or not _stays(way, value) for value in values)

    return changes


def _stays(way: Conversion, value: Any) -> bool:
    try:
        return bool(way.convert(value).value == value)
    except NotConvertibleError:
        return False


def retype_questions(
    retypes: Sequence[Retype], finder: RowFinder, counter: Counter
) -> Iterator[Question]:
    """Yield the line of each field, with the rows that lose something by it."""
    for one in retypes:
        if one.is_made and one.was_made:
            continue
        rows = counter.live_rows(one.model.id)
        if one.earlier.stored:
            rows -= counter.empty_values(one.model.id, one.earlier.name)
        failing = _hidden(finder, one) if one.is_made else _failing(finder, one)
        yield _question(one, rows, failing, finder)


def _hidden(finder: RowFinder, one: Retype) -> tuple[Message, Failing] | None:
    found = finder.find(Having(one.model.id, one.field.id))
    return (HIDDEN, Failing(found.count, found.first, HIDDEN.code)) if found.count else None


def _failing(finder: RowFinder, one: Retype) -> tuple[Message, Failing] | None:
    refused = finder.find(Unconvertible(one.model.id, one.field.id))
    partial = finder.find(Unconvertible(one.model.id, one.field.id, lossy=True))
    message = NOT_CONVERTIBLE if refused.count else LOST
    first = (*refused.first, *partial.first)[:SHOWN]
    count = refused.count + partial.count
    return (message, Failing(count, first, message.code)) if count else None


def _question(
    one: Retype, rows: int, found: tuple[Message, Failing] | None, finder: RowFinder
) -> Question:
    text = _text(one, finder.rows.live.catalog, finder.rows.catalog)
    if found is None:
        return Question(PlanLine(one.key, "field.retype", text, rows=rows))
    message, failing = found
    line = PlanLine(
        one.key,
        "field.retype",
        text,
        destructive=True,
        rows=rows,
        failing=failing,
        answers=("clear",) if message is NOT_CONVERTIBLE else ("accept",),
        needs_answer=True,
    )
    return Question(line, message.at(_place(one), **_names(one), count=failing.count))


def _text(one: Retype, old: Catalog, new: Catalog) -> Text:
    name = named("field", one.model.name, one.field.name)
    if one.is_made:
        return said("Compute {name} from now on", "{name} 今后由系统计算", name=name)
    if one.was_made:
        return said(
            "Keep what {name} shows today as its values, as {type}",
            "将 {name} 当前显示的值保留为 {type} 类型的值",
            name=name,
            type=named("type", one.field.type.key),
        )
    before, after = _kind(one.earlier, old), _kind(one.field, new)
    if before == after:
        return said("Bring the former values of {name} back", "恢复 {name} 原有的值", name=name)
    return said(
        "Change {name} from {before} to {after}",
        "将 {name} 由 {before} 改为 {after}",
        name=name,
        before=before,
        after=after,
    )


def _kind(field: FieldModel, catalog: Catalog) -> Text:
    """Return the type of a field, with what it refers to or how many digits it has."""
    kind = named("type", field.type.key)
    if field.refers_to and all(name in catalog.objects for name in field.refers_to):
        targets = tuple(named("object", one) for one in field.refers_to)
        return said("{type} ({targets})", "{type} ({targets})", type=kind, targets=targets)
    if field.storage.kind == "decimal":
        return said("{type} ({scale})", "{type} ({scale})", type=kind, scale=field.storage.scale)
    return said("{type}", "{type}", type=kind)


def _place(one: Retype) -> str:
    return f"/{one.model.module}/objects/{one.model.name}.json"


def _names(one: Retype) -> dict[str, str]:
    return {"object": one.model.name, "field": one.field.name}


def number_questions(
    work: Sequence[RowWork], finder: RowFinder, counter: Counter
) -> Iterator[Question]:
    """Yield a line for each field whose rows get numbers."""
    for one in work:
        if not isinstance(one, GiveNumbers):
            continue
        model = finder.rows.models[one.object_id]
        field = next(each for each in model.fields.values() if each.id == one.field_id)
        earlier = finder.rows.former_field(model, field)
        rows = counter.live_rows(model.id)
        if earlier is not None:
            rows = finder.find(Emptied(model.id, field.id)).count
        text = said(
            "Give rows their numbers in {name}, in the order in which they were made",
            "按创建顺序为 {name} 的已有数据编号",
            name=named("field", model.name, field.name),
        )
        yield Question(PlanLine(one.line, "numbers.give", text, rows=rows))
