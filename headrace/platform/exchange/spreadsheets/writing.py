"""The rows that are kept as a file that imports take: columns by API name, values as fields read them.

Rows keep their numbers: what is left out becomes an empty line. So what an import says of row 7 is
true of row 7 of the file that people have.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Final

from headrace.platform.core.problems import Message, Text
from headrace.platform.exchange.delimited import harmless
from headrace.platform.exchange.delimited_writer import MARK
from headrace.platform.exchange.spreadsheets.columns import Column
from headrace.platform.exchange.spreadsheets.judging import TYPES, reader_of
from headrace.platform.exchange.spreadsheets.layout import LeftOut, Table
from headrace.platform.exchange.spreadsheets.proposals import Opened
from headrace.platform.exchange.spreadsheets.reading import Amount, amount_in, number_text, shown
from headrace.platform.metadata.field_types.cells import Cell

NUMBERS: Final = frozenset({"integer", "decimal", "money", "percent"})

OTHER_MARK: Final = Message(
    "spreadsheet.other_mark",
    "“{value}” in “{column}” has not the sign or currency of the others there ({type}).",
    "“{column}”列的“{value}”与该列其他值的符号或币种不一致（{type}）。",
    "Enter the record by hand, with the amount in the right currency.",
    "请换算后手工录入该记录。",
)
EMPTY_ROW: Final = Message(
    "spreadsheet.empty_row",
    "It has no value in any column that is kept.",
    "所保留的各列均无值。",
    "Enter the record by hand if there is one.",
    "如确有该记录，请手工录入。",
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A column and the field that it goes to, as both are now."""

    index: int
    name: str
    type: str
    scale: int = 2


@dataclass(frozen=True, slots=True)
class ReadyFile:
    """The file for the import, how many rows it has, and the rows that it has not."""

    data: bytes
    rows: int
    left_out: tuple[LeftOut, ...]


def ready_file(opened: Opened, fields: Sequence[Kept]) -> ReadyFile:
    """Write the rows of an opened file for an import into `fields`."""
    columns = {one.index: one for one in opened.columns}
    table = opened.table
    writers = [(one, _writer(columns[one.index], one)) for one in fields]
    left_out = [*table.left_out]
    lines: dict[int, list[str]] = {}
    for row in table.rows:
        texts: list[str] = []
        for field, write in writers:
            cell = row.cell(field.index)
            text = "" if cell.is_empty else write(cell)
            if text is None:
                told = {"value": shown(cell), "column": columns[field.index].header}
                problem = OTHER_MARK.at(**told, type=TYPES.get(field.type, Text(field.type)))
                left_out.append(LeftOut(row.number, problem))
                break
            texts.append(text)
        else:
            if any(texts):
                lines[row.number] = texts
            else:
                left_out.append(LeftOut(row.number, EMPTY_ROW.at()))
    names = [one.name for one in fields]
    everything = tuple(sorted(left_out, key=lambda one: one.row))
    return ReadyFile(_written(table, names, lines), len(lines), everything)


def _written(table: Table, names: Sequence[str], lines: Mapping[int, Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    # Without a row of names the first row of the sheet is a record: the names go before it.
    header = max(table.header, 1)
    shift = 0 if table.header else 1
    last = max((*lines, header))
    for number in range(1, last + shift + 1):
        if number == header:
            writer.writerow(names)
        elif number - shift in lines:
            writer.writerow([harmless(one) for one in lines[number - shift]])
        else:
            text.write("\r\n")
    return MARK + text.getvalue().encode()


def _writer(column: Column, field: Kept) -> Callable[[Cell], str | None]:
    """Return what writes a cell for a field; None for a number that is counted otherwise than others."""
    read = reader_of(column, field.type)

    def write(cell: Cell) -> str | None:
        found = read(cell)
        if found is None:
            return None if _counted_otherwise(cell, field.type) else shown(cell)
        match field.type:
            case "boolean":
                return "true" if found else "false"
            case "date" | "datetime":
                whole = field.type == "date" and found.time() == time()
                return str(found.date().isoformat() if whole else found.isoformat(" "))
            case _:
                return number_text(found, field.scale) if isinstance(found, Amount) else str(found)

    return write


def _counted_otherwise(cell: Cell, type_: str) -> bool:
    """Say whether a cell is a number that a field of the type would read as something else."""
    amount = amount_in(cell) if type_ in NUMBERS else None
    return amount is not None and not (type_ == "integer" and amount.scale and not amount.mark)
