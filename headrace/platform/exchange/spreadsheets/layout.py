"""Where the table of a sheet is: titles above it, the names of its columns, what is no row of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from headrace.platform.core.problems import Message, Problem
from headrace.platform.exchange.sheets import SheetRow, Sheets, refused
from headrace.platform.exchange.spreadsheets.limits import (
    BAD_HEADER,
    LAST_ROW,
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_ROWS,
    NO_TABLE,
    ROW_TOO_FAR,
    TOO_MANY_CELLS,
    TOO_MANY_COLUMNS,
    TOO_MANY_ROWS,
    UNKNOWN_SHEET,
)
from headrace.platform.exchange.spreadsheets.reading import amount_in, moment_in, tidy
from headrace.platform.metadata.field_types.cells import Cell

TOP: Final = 20
"""Rows that are not empty among which the names of the columns are looked for."""
ENOUGH: Final = 0.6
"""Part of the width that a row with names fills at least."""
LAST: Final = 5
"""Rows at the end among which notes are looked for."""
WIDE: Final = 3
"""Columns of a table below which a row with one cell may be a note."""

TITLE: Final = Message(
    "spreadsheet.title_row",
    "It stands above the names of the columns.",
    "位于表头之上。",
    "Say another row of names if it belongs to the table.",
    "如属于表格，请指定其他表头行。",
)
TOTALS: Final = Message(
    "spreadsheet.totals_row",
    "It begins with “{text}”: a row of totals.",
    "以“{text}”开头，是合计行。",
    "Totals are reckoned by reports and roll-ups.",
    "合计由报表和汇总字段计算。",
)
REPEATED: Final = Message(
    "spreadsheet.repeated_header",
    "It says the names of the columns again.",
    "重复了表头。",
    "Nothing is lost without it.",
    "不影响数据。",
)
NOTE: Final = Message(
    "spreadsheet.note_row",
    "It is a note below the table: “{text}”.",
    "是表格下方的说明：“{text}”。",
    "Keep it elsewhere if it matters.",
    "如有需要请另行保存。",
)
BROKEN: Final = Message(
    "spreadsheet.error_cell",
    "Its cell in “{column}” holds the spreadsheet's error “{value}”.",
    "“{column}”列的单元格是电子表格的错误值“{value}”。",
    "Mend the formula and upload the file again, or enter the record by hand.",
    "请修正公式后重新上传，或手工录入该记录。",
)
_TOTALS: Final = re.compile(
    r"(合\s*计|总\s*计|小\s*计|共\s*计|汇\s*总|(grand\s+|sub-?\s*)?totals?|sum)\s*[:\uff1a]?(\s.*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that no record is made of, and why."""

    row: int
    problem: Problem


@dataclass(frozen=True, slots=True)
class Table:
    """The table of a sheet: names by column, its rows, and the rows that it has not.

    `header` is the number of the row with the names, 0 where the sheet has none.
    """

    sheet: str
    header: int
    headers: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class SheetSize:
    """A sheet and how many rows of it are not empty."""

    name: str
    rows: int


def find_table(
    sheets: Sheets, sheet: str | None, header: int | None = None
) -> tuple[Table, tuple[SheetSize, ...]]:
    """Find the table of a sheet, of the one with most rows where none is named; return the sheets too.

    `header` is the row with the names as somebody said it. Raise RefusedError where there is no table,
    or where a sheet is larger than is looked at.
    """
    every = {name: _rows(sheets, name) for name in sheets.names}
    if sheet is None:
        sheet = max(every, key=lambda name: len(every[name]))
    if sheet not in every:
        known = ", ".join(every)
        raise refused(UNKNOWN_SHEET.at("/sheet", name=sheet, known=known))
    rows = every[sheet]
    found = _table(sheet, rows, _header_place(rows))
    if header is not None and (found is None or found.header != header):
        places = {row.number: at for at, row in enumerate(rows)} | {0: -1}
        found = _table(sheet, rows, places.get(header, len(rows)))
        if found is None:
            raise refused(BAD_HEADER.at("/header", row=header, sheet=sheet))
    if found is None:
        raise refused(NO_TABLE.at("/sheet", sheet=sheet))
    return found, tuple(SheetSize(name, len(found_rows)) for name, found_rows in every.items())


def _table(sheet: str, rows: Sequence[SheetRow], place: int) -> Table | None:
    """Return the table below the names at `place`; None where there is none."""
    if len(rows) <= place + 1:
        return None
    table = _below(sheet, rows, place)
    return table if table.rows and any(table.headers) else None


def _rows(sheets: Sheets, sheet: str) -> list[SheetRow]:
    rows: list[SheetRow] = []
    cells = 0
    for row in sheets.rows(sheet):
        rows.append(row)
        cells += _filled(row)
        if len(rows) > MOST_ROWS + TOP:
            raise refused(TOO_MANY_ROWS.at(sheet=sheet, limit=MOST_ROWS))
        if cells > MOST_CELLS:
            raise refused(TOO_MANY_CELLS.at(sheet=sheet, limit=MOST_CELLS))
        if row.number > LAST_ROW:
            raise refused(ROW_TOO_FAR.at(sheet=sheet, row=row.number, limit=LAST_ROW))
    return rows


def _filled(row: SheetRow) -> int:
    return sum(1 for cell in row.cells if not cell.is_empty)


# -- the names of the columns --------------------------------------------------------------------


def _header_place(rows: Sequence[SheetRow]) -> int:
    """Return which row has the names: the first that is about as wide as the table, and words."""
    top = rows[:TOP]
    width = max((_filled(row) for row in top), default=0)
    for place, row in enumerate(top):
        filled = [cell for cell in row.cells if not cell.is_empty]
        wide = len(filled) >= min(width, max(2, ENOUGH * width))
        if wide and 2 * sum(map(_is_word, filled)) > len(filled):
            return place
    return max(range(len(top)), key=lambda at: (_filled(top[at]), -at), default=0)


def _is_word(cell: Cell) -> bool:
    return cell.kind == "text" and amount_in(cell) is None and moment_in(cell) is None


def _second(upper: SheetRow, lower: SheetRow) -> bool:
    """Say whether names go on in the next row: groups above, their columns below."""
    width = max(len(upper.cells), len(lower.cells))
    gaps = [at for at in range(width) if upper.cell(at).is_empty]
    said = [at for at in range(width) if not upper.cell(at).is_empty]
    below = [at for at in range(width) if not lower.cell(at).is_empty]
    fills = bool(gaps) and any(at in below for at in gaps)
    leaves = any(at not in below for at in said)
    return fills and leaves and all(_is_word(lower.cell(at)) for at in below)


def _joined(upper: SheetRow, lower: SheetRow) -> list[str]:
    names: list[str] = []
    group = ""
    for at in range(max(len(upper.cells), len(lower.cells))):
        over, under = _name(upper.cell(at)), _name(lower.cell(at))
        group = over or group
        names.append(f"{group} {under}".strip() if under else over)
    return names


def _name(cell: Cell) -> str:
    return " ".join(tidy(cell.text).split()).rstrip("*＊").strip()


# -- the rows ------------------------------------------------------------------------------------


def _below(sheet: str, rows: Sequence[SheetRow], place: int) -> Table:
    """Return the table whose names stand at `place`; nowhere where it is -1."""
    left_out = [LeftOut(row.number, TITLE.at()) for row in rows[: max(place, 0)]]
    body = rows[place + 1 :]
    header, names = 0, list[str]()
    if place >= 0:
        upper = rows[place]
        header, names = upper.number, [_name(cell) for cell in upper.cells]
        if len(body) > 1 and body[0].number == header + 1 and _second(upper, body[0]):
            names = _joined(upper, body[0])
            header = body[0].number
            left_out.append(LeftOut(upper.number, TITLE.at()))
            body = body[1:]
    kept, others = _split(body, names)
    width = max([len(names), *(len(row.cells) for row in kept)])
    used = [at for at in range(width) if any(not row.cell(at).is_empty for row in kept)]
    count = len({*used, *(at for at, name in enumerate(names) if name)})
    if count > MOST_COLUMNS:
        raise refused(TOO_MANY_COLUMNS.at(sheet=sheet, count=count, limit=MOST_COLUMNS))
    names += [""] * (width - len(names))
    headers = tuple(
        name or (_letters(at) if at in set(used) else "") for at, name in enumerate(names)
    )
    found = [*_broken(kept, headers)]
    bad = {one.row for one in found}
    whole = tuple(row for row in kept if row.number not in bad)
    everything = sorted((*left_out, *others, *found), key=lambda one: one.row)
    return Table(sheet, header, headers, whole, tuple(everything))


def _split(body: Sequence[SheetRow], names: Sequence[str]) -> tuple[list[SheetRow], list[LeftOut]]:
    kept: list[SheetRow] = []
    others: list[LeftOut] = []
    wide = max((_filled(row) for row in body), default=0) >= WIDE
    end = _notes_from(body) if wide else len(body)
    said = [name for name in names if name] or [""]
    usual = _usual(body)
    for place, row in enumerate(body):
        texts = [tidy(cell.text) for cell in row.cells if not cell.is_empty]
        first = texts[0] if texts else ""
        if len(texts) == len(said) and _name(Cell(first)) == said[0] and _says(row) == said:
            others.append(LeftOut(row.number, REPEATED.at()))
        elif _TOTALS.fullmatch(first) and len(texts) < usual:
            others.append(LeftOut(row.number, TOTALS.at(text=first)))
        elif place >= end:
            others.append(LeftOut(row.number, NOTE.at(text=first)))
        else:
            kept.append(row)
    return kept, others


def _says(row: SheetRow) -> list[str]:
    return [_name(cell) for cell in row.cells if not cell.is_empty]


def _usual(body: Sequence[SheetRow]) -> int:
    """Return how many cells of a row are filled in the middle of all rows."""
    counts = sorted(map(_filled, body))
    return max(2, counts[len(counts) // 2])


def _notes_from(body: Sequence[SheetRow]) -> int:
    """Return the place behind which only notes and totals stand: rows with one cell at the end."""
    end = len(body)
    while end > max(1, len(body) - LAST):
        row = body[end - 1]
        first = next((tidy(one.text) for one in row.cells if not one.is_empty), "")
        if _filled(row) != 1 and not _TOTALS.fullmatch(first):
            break
        end -= 1
    return end


def _broken(rows: Sequence[SheetRow], headers: Sequence[str]) -> Iterator[LeftOut]:
    for row in rows:
        for at, cell in enumerate(row.cells):
            if cell.kind == "error":
                problem = BROKEN.at(column=headers[at], value=cell.text)
                yield LeftOut(row.number, problem)
                break


def _letters(index: int) -> str:
    """Return what a spreadsheet calls a column: A, B, and AA behind Z."""
    text = ""
    number = index + 1
    while number:
        number, place = divmod(number - 1, 26)
        text = chr(ord("A") + place) + text
    return text
