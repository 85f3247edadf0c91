"""Checks of keys and of the size of rows: what a database could not hold, or would never be asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.formulas.types import Kind
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.checks.base import Subject
from headrace.platform.metadata.definitions.objects import NoOverlapDef
from headrace.platform.metadata.schema_problems import TOO_MANY_FIELDS
from headrace.platform.metadata.storage_types import HOLDS_FILES

MAX_FIELDS: Final = 500
MAX_ROW_BYTES: Final = 7_800
"""A page has 8,192 bytes; the row's own header, its null bits and the page's header go off."""
MAX_KEY_BYTES: Final = 2_600
"""An entry of an index takes at most a third of a page (2,704 bytes)."""
BYTES_A_CHARACTER: Final = 4
INLINE_TEXT: Final = 24
"""A longer text moves out of its row and leaves so much of it behind."""
SIZES: Final = {
    "integer": 8,
    "decimal": 16,
    "boolean": 1,
    "date": 4,
    "instant": 8,
    "id": 16,
    "typed_id": 64,
}
FILES_TEXT: Final = 40_000
"""Bytes of what a field holds of its files: more than any key."""
SYSTEM_BYTES: Final = 6 * 16

ROW_SIZE = Message(
    "object.row_size",
    "A full row of “{object}” would take {size} bytes; a database holds {most}.",
    "“{object}”的一行写满将占 {size} 字节，数据库最多 {most} 字节。",
    "Move some fields to a detail object; short texts and numbers take least.",
    "请将部分字段移到明细对象；短文本与数值占用最少。",
)
KEY_SIZE = Message(
    "object.row_size",
    "The values of the key may take {size} bytes together; an index holds {most}.",
    "该键的值合计可能占 {size} 字节，索引最多 {most} 字节。",
    "Shorten the texts in it, or use fewer fields.",
    "请缩短其中的文本长度，或减少字段。",
)
KEY_NOT_STORED = Message(
    "key.not_stored",
    "“{field}” is computed when it is read, so nothing can keep it unique.",
    "“{field}”在读取时计算，无法保证唯一。",
    "Use stored fields only.",
    "请只使用已存储的字段。",
)
KEY_REDUNDANT = Message(
    "key.redundant",
    "The key is kept already: {fields} is unique by itself.",
    "该键已经得到保证：{fields} 本身就是唯一的。",
    "Remove the larger key.",
    "请删除较大的键。",
    severity="warning",
)


RANGE_NAME = Message(
    "range.duplicate_name",
    "There are two bans on overlaps called “{name}”.",
    "有两个名为“{name}”的不重叠约束。",
    "Give each a name of its own.",
    "请使用不同的名称。",
)
RANGE_ENDS = Message(
    "range.ends",
    "“{start}” and “{end}” do not make a range.",
    "“{start}”与“{end}”不能构成区间。",
    "Name two different fields that both hold dates, both times or both numbers.",
    "请填写两个不同的字段，且同为日期、同为时间或同为数值。",
)
RANGE_FIELD_TWICE = Message(
    "range.duplicate_field",
    "“{field}” is compared twice.",
    "“{field}”重复比较。",
    "Name it once.",
    "请只填写一次。",
)
RANGE_ID = Message(
    "range.by_id",
    "No two records have the same id, so none is compared with another.",
    "任何两条记录的标识都不相同，因此不会比较任何记录。",
    "Leave `id` out, or match it by subtree where the object is a tree.",
    "请去掉 id；若对象为树形，可按子树匹配。",
)
RANGE_NO_TREE = Message(
    "range.no_tree",
    "“{field}” points into no tree: nothing lies in a subtree of it.",
    "“{field}”未指向树形对象，不存在子树。",
    "Match it by `equal`, or name a lookup to an object with a tree field.",
    "请改用 equal，或选择引用树形对象的字段。",
)
KEY_OF_LISTS = Message(
    "key.of_lists",
    "“{field}” has several references: rows cannot be told apart by it.",
    "“{field}”含多条引用，不能用来区分记录。",
    "Leave it out, or use a single lookup.",
    "请去掉该字段，或改用单条引用。",
)
IN_ORDER: Final = frozenset({Kind.NUMBER, Kind.DATE, Kind.DATETIME})


def check_keys(subject: Subject) -> Iterator[Problem]:
    """Find keys that cannot be kept or need not be, and rows too large; reads one object at a time."""
    yield from subject.each("keys", "objects", partial(_of_object, subject))


def _of_object(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    yield from _row(subject, model)
    yield from _single_keys(subject, model)
    yield from _keys(subject, model)
    yield from _shared_fields(subject, model)
    yield from _ranges(subject, model)


def _row(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    own = [field for field in model.fields.values() if not field.system]
    if len(own) > MAX_FIELDS:
        yield TOO_MANY_FIELDS.at(subject.field(model.name, own[-1].name), most=MAX_FIELDS)
    size = SYSTEM_BYTES + sum(_inline_bytes(field) for field in own if field.stored)
    if size > MAX_ROW_BYTES:
        place = subject.at_list("object", model.name, "fields")
        yield ROW_SIZE.at(place, object=model.name, size=size, most=MAX_ROW_BYTES)


def _inline_bytes(field: FieldModel) -> int:
    if field.links is not None or field.storage.kind in HOLDS_FILES:
        return INLINE_TEXT
    if field.storage.kind != "text":
        return SIZES[field.storage.kind]
    return min(INLINE_TEXT, _text_bytes(field))


def _text_bytes(field: FieldModel) -> int:
    choices = getattr(field.options, "choices", None)
    if choices and field.storage.many:
        return sum(len(one.value) + 1 for one in choices)
    if choices:
        return max(len(one.value) for one in choices)
    length = getattr(field.options, "length", None) or getattr(field.type, "limit", None)
    return (length or 60) * BYTES_A_CHARACTER


def _bytes(field: FieldModel) -> int:
    if field.storage.kind in HOLDS_FILES:
        return FILES_TEXT
    if field.links is not None:
        return 0
    return _text_bytes(field) if field.storage.kind == "text" else SIZES[field.storage.kind]


def _single_keys(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    for field in model.fields.values():
        if field.unique and not field.system and field.stored and _bytes(field) > MAX_KEY_BYTES:
            key = "unique" if field.definition.unique else "external_id"
            place = subject.field(model.name, field.name, key)
            yield KEY_SIZE.at(place, size=_bytes(field), most=MAX_KEY_BYTES)


def _keys(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    alone = {field.name for field in model.fields.values() if field.unique or field.name == "id"}
    smaller = [frozenset((name,)) for name in sorted(alone)]
    keys = [frozenset(names) for names in model.uniques]
    for position, names in enumerate(model.uniques):
        place = subject.at("object", model.name, "unique", position)
        fields = [model.fields[name] for name in names]
        yield from _no_lists(f"{place}/fields", fields)
        for index, field in enumerate(fields):
            if not field.stored:
                yield KEY_NOT_STORED.at(f"{place}/fields/{index}", field=field.name)
        size = sum(_bytes(field) for field in fields)
        if size > MAX_KEY_BYTES:
            yield KEY_SIZE.at(place, size=size, most=MAX_KEY_BYTES)
        others = [
            *smaller,
            *keys[:position],
            *(k for k in keys[position + 1 :] if k != keys[position]),
        ]
        inside = next((one for one in others if one <= keys[position]), None)
        if inside is not None:
            yield KEY_REDUNDANT.at(place, fields=_named(inside))


def _shared_fields(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    """Find fields by which roll-ups join rows that no index could hold."""
    for rollup in model.rollups:
        place = subject.field(model.name, rollup.field, "on")
        yield from _no_lists(place, [model.fields[name] for name in rollup.on])
        size = sum(_bytes(model.fields[name]) for name in rollup.on)
        if size > MAX_KEY_BYTES:
            yield KEY_SIZE.at(place, size=size, most=MAX_KEY_BYTES)


def _ranges(subject: Subject, model: ObjectModel) -> Iterator[Problem]:
    """Find bans on overlaps that cannot be kept."""
    names: set[str] = set()
    for position, one in enumerate(model.definition.no_overlap):
        place = subject.at("object", model.name, "no_overlap", position)
        if one.name in names:
            yield RANGE_NAME.at(place + "/name", name=one.name)
        names.add(one.name)
        start, end = model.fields[one.from_], model.fields[one.to]
        kinds = {start.value_type.kind, end.value_type.kind}
        if len(kinds) > 1 or not kinds <= IN_ORDER or start is end:
            yield RANGE_ENDS.at(place + "/to", start=start.name, end=end.name)
        fields = [model.fields[name] for name in one.keys]
        yield from _compared(subject, one, fields, place)
        for key, field in (("from", start), ("to", end), *(("fields", one) for one in fields)):
            if not field.stored:
                yield KEY_NOT_STORED.at(f"{place}/{key}", field=field.name)
        size = sum(_bytes(field) for field in (*fields, start) if not field.storage.many)
        if size > MAX_KEY_BYTES:
            yield KEY_SIZE.at(place, size=size, most=MAX_KEY_BYTES)


def _compared(
    subject: Subject, ban: NoOverlapDef, fields: Sequence[FieldModel], place: str
) -> Iterator[Problem]:
    """Find fields of a ban by which nothing, or nothing more, is compared."""
    for index, (key, field) in enumerate(zip(ban.fields, fields, strict=True)):
        here = f"{place}/fields/{index}"
        if field in fields[:index]:
            yield RANGE_FIELD_TWICE.at(here, field=field.name)
        if key.match == "subtree" and subject.catalog.tree_of(field) is None:
            yield RANGE_NO_TREE.at(here, field=field.name)
        elif key.match == "equal" and field.name == "id":
            yield RANGE_ID.at(here)


def _no_lists(place: str, fields: Sequence[FieldModel]) -> Iterator[Problem]:
    for index, field in enumerate(fields):
        if field.links is not None:
            yield KEY_OF_LISTS.at(f"{place}/{index}", field=field.name)


def _named(names: frozenset[str]) -> Text:
    return Text(" + ".join(sorted(names)), " + ".join(sorted(names)))
