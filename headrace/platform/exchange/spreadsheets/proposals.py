"""What a spreadsheet proposes: a module with one object, a field for each column, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypedDict

from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.exchange.opening import open_file
from headrace.platform.exchange.sheets import refused
from headrace.platform.exchange.spreadsheets.columns import Column, Unread, columns_of
from headrace.platform.exchange.spreadsheets.judging import SHOWN_ROWS, Judgement, judged
from headrace.platform.exchange.spreadsheets.layout import (
    LeftOut,
    SheetSize,
    Table,
    find_table,
)
from headrace.platform.exchange.spreadsheets.limits import FILE_TOO_LARGE, LARGEST_FILE
from headrace.platform.exchange.spreadsheets.references import references
from headrace.platform.exchange.spreadsheets.spelling import api_name, heading_of
from headrace.platform.formulas.parser import RESERVED_WORDS
from headrace.platform.metadata.building.system_fields import SYSTEM_FIELD_NAMES
from headrace.platform.metadata.catalog import Catalog
from headrace.platform.metadata.naming import numbered
from headrace.platform.records.context import Context

MEGABYTE: Final = 1024 * 1024
SHOWN_UNREAD: Final = 200
KEY_LENGTH: Final = 60
TITLES: Final = frozenset({"text", "email", "phone"})
"""Types of fields that can name a record."""

NEVER_EMPTY: Final = Message(
    "spreadsheet.never_empty",
    "It is filled in all {rows} rows, so it is required.",
    "全部 {rows} 行均已填写，因此设为必填。",
    "Untick it if records may come without it.",
    "如允许为空，请取消必填。",
)
SOME_EMPTY: Final = Message(
    "spreadsheet.some_empty",
    "It is empty in {count} of {rows} rows.",
    "{rows} 行中有 {count} 行为空。",
    "It can be required only when those are filled.",
    "补全后才能设为必填。",
)
A_KEY: Final = Message(
    "spreadsheet.a_key",
    "All {rows} values are different and look like codes: records are known by it.",
    "全部 {rows} 个值互不相同且形似编码：可用于标识记录。",
    "Untick it if two records may have the same.",
    "如允许重复，请取消。",
)
TWICE: Final = Message(
    "spreadsheet.code_twice",
    "“{value}” stands in the rows {rows}, so it is no key.",
    "“{value}”出现在第 {rows} 行，因此不能作为键。",
    "Mend the file if each record has a code of its own.",
    "如每条记录应有唯一编码，请修正文件。",
)
SAME_HEADER: Final = Message(
    "spreadsheet.same_header",
    "Another column is called “{header}” too.",
    "另有一列也名为“{header}”。",
    "Give both a label that tells them apart.",
    "请为两列设置可区分的标签。",
)
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/#-]*")
_PLAIN_SHEET: Final = re.compile(r"(sheet|工作表|表|table)?\s*[0-9]*", re.IGNORECASE)


class ReasonJson(TypedDict):
    """Why something is proposed, and what can be done about it."""

    code: str
    message: str
    hint: str


class RowReasonJson(ReasonJson):
    """Why a row is left out."""

    row: int


class UnreadJson(TypedDict):
    """A value that is not of the type of its column."""

    row: int
    value: str


class FieldProposalJson(TypedDict):
    """A column as a field."""

    index: int
    header: str
    keep: bool
    name: str
    label: dict[str, str]
    type: str
    options: dict[str, Any]
    required: bool
    key: bool
    samples: list[str]
    filled: int
    distinct: int
    reasons: list[ReasonJson]
    unread: list[UnreadJson]
    unread_count: int


class SheetJson(TypedDict):
    """A sheet of a file."""

    name: str
    rows: int


class CalledJson(TypedDict):
    """A name, and what people call it by language."""

    name: str
    label: dict[str, str]


class ProposalJson(TypedDict):
    """What is proposed for a sheet of a file."""

    file: str
    sheets: list[SheetJson]
    sheet: str
    header: int
    rows: int
    left_out: list[RowReasonJson]
    module: CalledJson
    object: CalledJson
    title: str | None
    fields: list[FieldProposalJson]


@dataclass(frozen=True, slots=True)
class FieldProposal:
    """A column as a field; `unread` are the values that are not of its type, by row."""

    index: int
    header: str
    keep: bool
    name: str
    label: Text
    type: str
    options: Mapping[str, Any]
    required: bool
    key: bool
    samples: tuple[str, ...]
    filled: int
    distinct: int
    reasons: tuple[Problem, ...]
    unread: Unread = ()

    def render(self, language: str) -> FieldProposalJson:
        """Return the JSON form in one language."""
        return {
            "index": self.index,
            "header": self.header,
            "keep": self.keep,
            "name": self.name,
            "label": self.label.as_dict(),
            "type": self.type,
            "options": dict(self.options),
            "required": self.required,
            "key": self.key,
            "samples": list(self.samples),
            "filled": self.filled,
            "distinct": self.distinct,
            "reasons": [_said(one, language) for one in self.reasons],
            "unread": [{"row": row, "value": text} for row, text in self.unread[:SHOWN_UNREAD]],
            "unread_count": len(self.unread),
        }


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed for a sheet of a file; after the review, what shall be made."""

    file: str
    sheets: tuple[SheetSize, ...]
    sheet: str
    header: int
    rows: int
    left_out: tuple[LeftOut, ...]
    module: str
    module_label: Text
    object: str
    object_label: Text
    title: str | None
    fields: tuple[FieldProposal, ...]

    @property
    def kept(self) -> tuple[FieldProposal, ...]:
        """The fields that the object gets."""
        return tuple(one for one in self.fields if one.keep)

    def render(self, language: str) -> ProposalJson:
        """Return the JSON form in one language."""
        return {
            "file": self.file,
            "sheets": [{"name": one.name, "rows": one.rows} for one in self.sheets],
            "sheet": self.sheet,
            "header": self.header,
            "rows": self.rows,
            "left_out": [{"row": one.row, **_said(one.problem, language)} for one in self.left_out],
            "module": {"name": self.module, "label": self.module_label.as_dict()},
            "object": {"name": self.object, "label": self.object_label.as_dict()},
            "title": self.title,
            "fields": [one.render(language) for one in self.fields],
        }


def _said(problem: Problem, language: str) -> ReasonJson:
    return {
        "code": problem.code,
        "message": problem.message.within(language),
        "hint": problem.hint.within(language),
    }


@dataclass(frozen=True, slots=True)
class Opened:
    """A file with the table that was chosen in it."""

    file: str
    sheets: tuple[SheetSize, ...]
    table: Table
    columns: tuple[Column, ...]


def open_table(
    file_name: str, data: bytes, sheet: str | None = None, header: int | None = None
) -> Opened:
    """Open a file and find a table in it; raise RefusedError where there is none or it is too large."""
    if len(data) > LARGEST_FILE:
        size, limit = -(-len(data) // MEGABYTE), LARGEST_FILE // MEGABYTE
        raise refused(FILE_TOO_LARGE.at("/file", size=size, limit=limit))
    table, sizes = find_table(open_file(file_name, data), sheet, header)
    return Opened(file_name, sizes, table, tuple(columns_of(table)))


def propose(
    opened: Opened, catalog: Catalog, known: Mapping[int, Judgement] | None = None
) -> Proposal:
    """Return what an opened file proposes; `known` is what was found out of columns before."""
    columns, table = opened.columns, opened.table
    found: list[FieldProposal] = []
    taken: set[str] = set()
    for column in columns:
        judgement = (known or {}).get(column.index) or judged(column)
        found.append(_field(column, judgement, taken, found))
    fields = _with_key(columns, found)
    stem = opened.file.rpartition(".")[0] or opened.file
    named = table.sheet if not _PLAIN_SHEET.fullmatch(table.sheet.strip()) else stem
    modules = {one.name for one in catalog.documents if one.kind == "module"}
    module = api_name(stem, "list", lambda name: name not in modules)
    object_ = object_name(named, catalog)
    return Proposal(
        file=opened.file,
        sheets=opened.sheets,
        sheet=table.sheet,
        header=table.header,
        rows=len(table.rows),
        left_out=table.left_out,
        module=module,
        module_label=heading_of(stem, module),
        object=object_,
        object_label=heading_of(named, object_),
        title=title_of(columns, fields),
        fields=fields,
    )


def look_up(context: Context, reading: Any, opened: Opened) -> dict[int, Judgement]:
    """Return what each column is taken for, with the records that it names and the caller may read."""
    found = [(one, judged(one)) for one in opened.columns]
    named = references(context, reading, found)
    return {one.index: named.get(one.index, judgement) for one, judgement in found}


def object_name(text: str, catalog: Catalog) -> str:
    """Return a name for the object whose form, list and permission can be named after it too."""
    taken = {(one.kind, one.name) for one in catalog.documents}

    def is_free(name: str) -> bool:
        others = (("form", form_name(name)), ("view", view_name(name)), ("permission", name))
        return (
            name not in catalog.objects
            and name.upper() not in RESERVED_WORDS
            and not any(one in taken for one in others)
        )

    name = api_name(text, "record", lambda _: True)[:MOST_OBJECT_NAME].rstrip("_")
    return numbered(name, is_free)


MOST_OBJECT_NAME: Final = 32
"""Characters of the object's name, so that those of its form and list have room."""


def form_name(name: str) -> str:
    """Return the name of an object's form."""
    return f"{name}_form"


def view_name(name: str) -> str:
    """Return the name of the list of all records."""
    return f"all_{name}"


def is_field_name(name: str, taken: Collection[str]) -> bool:
    """Say whether a field may be called so."""
    free = name not in taken and name not in SYSTEM_FIELD_NAMES
    return free and name.upper() not in RESERVED_WORDS


def _field(
    column: Column, judgement: Judgement, taken: set[str], before: Sequence[FieldProposal]
) -> FieldProposal:
    number = len(before) + 1
    name = api_name(column.header, f"field_{number}", _free(taken))
    taken.add(name)
    reasons = [*judgement.reasons]
    label = heading_of(column.header, name)
    same = sum(one.header == column.header for one in before)
    if same:
        label = heading_of(column.header, name, f" {same + 1}")
        reasons.append(SAME_HEADER.at(header=column.header))
    empty = column.rows - column.filled
    required = bool(column.values) and empty == 0
    if required:
        reasons.append(NEVER_EMPTY.at(rows=column.rows))
    elif column.values:
        reasons.append(SOME_EMPTY.at(count=empty, rows=column.rows))
    return FieldProposal(
        index=column.index,
        header=column.header,
        keep=bool(column.values),
        name=name,
        label=label,
        type=judgement.type,
        options=judgement.options,
        required=required,
        key=False,
        samples=column.samples(),
        filled=column.filled,
        distinct=len(column.texts),
        reasons=tuple(reasons),
        unread=judgement.unread,
    )


def _free(taken: Collection[str]) -> Callable[[str], bool]:
    return lambda name: is_field_name(name, taken)


# -- the key and the title -----------------------------------------------------------------------


def _with_key(
    columns: Sequence[Column], fields: Sequence[FieldProposal]
) -> tuple[FieldProposal, ...]:
    """Propose the first column with different codes as the key, one that is called so before others."""
    places = [at for at, column in enumerate(columns) if _is_code(column, fields[at])]
    whole = [at for at in places if fields[at].distinct == columns[at].rows]
    whole.sort(key=lambda at: (not columns[at].hints("code"), at))
    result = list(fields)
    if whole and columns[whole[0]].rows > 1:
        at = whole[0]
        reasons = (*fields[at].reasons, A_KEY.at(rows=columns[at].rows))
        result[at] = replace(fields[at], key=True, reasons=reasons)
    for at in places:
        if columns[at].hints("code") and at not in whole:
            twice = next(((t, r) for t, r in columns[at].texts.items() if len(r) > 1), None)
            if twice is not None:
                rows = ", ".join(map(str, sorted(twice[1])[:SHOWN_ROWS]))
                told = TWICE.at(value=twice[0], rows=rows)
                result[at] = replace(result[at], reasons=(*result[at].reasons, told))
    return tuple(result)


def _is_code(column: Column, field: FieldProposal) -> bool:
    if field.type != "text" or column.filled != column.rows or not column.values:
        return False
    texts = column.texts
    if any(len(one) > KEY_LENGTH for one in texts):
        return False
    shaped = all(_CODE.fullmatch(one) for one in texts)
    return shaped and (
        column.hints("code") or all(any(character.isdigit() for character in one) for one in texts)
    )


def title_of(columns: Sequence[Column], fields: Sequence[FieldProposal]) -> str | None:
    """Return the field that names a record: one that is called a name, the key, or the first text."""
    able = [
        (column, one)
        for column, one in zip(columns, fields, strict=True)
        if one.keep and one.type in TITLES
    ]
    ordered = sorted(
        able,
        key=lambda pair: (
            not (pair[0].hints("name") and pair[1].required),
            not pair[1].key,
            not pair[1].required,
            pair[1].index,
        ),
    )
    return ordered[0][1].name if ordered else None
