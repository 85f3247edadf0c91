"""Files as sheets of rows, whatever their format; limits that hold for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, Problem
from headrace.platform.metadata.field_types.cells import Cell

MOST_COLUMNS: Final = 500
LONGEST_CELL: Final = 100_000
MOST_UNPACKED: Final = 256 * 1024 * 1024
MOST_SHARED_TEXTS: Final = 2_000_000

UNREADABLE: Final = Message(
    "import.unreadable",
    "The file cannot be read: {reason}.",
    "无法读取文件：{reason}。",
    "Open it in a spreadsheet program, save it again as .xlsx or as CSV, and upload that.",
    "请用电子表格软件打开，另存为 .xlsx 或 CSV 后再上传。",
)
TOO_MANY_COLUMNS: Final = Message(
    "import.too_many_columns",
    "Row {row} has more than {limit} columns.",
    "第 {row} 行超过 {limit} 列。",
    "Delete the columns that are not needed, also the empty ones that only have a format.",
    "请删除不需要的列，包括只带格式的空列。",
)
CELL_TOO_LONG: Final = Message(
    "import.cell_too_long",
    "A cell in row {row} has more than {limit} characters.",
    "第 {row} 行有单元格超过 {limit} 个字符。",
    "Look for a quote that is not closed, or shorten the text.",
    "请检查引号是否未闭合，或缩短文字。",
)
TOO_LARGE: Final = Message(
    "import.too_large",
    "The file is larger than {limit} MB once it is unpacked.",
    "文件解压后超过 {limit} MB。",
    "Split it into several files.",
    "请拆分为多个文件。",
)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row with its number as the spreadsheet shows it, from 1."""

    number: int
    cells: Sequence[Cell]

    def cell(self, index: int) -> Cell:
        """Return the cell of a column, an empty one behind the row's end."""
        return self.cells[index] if index < len(self.cells) else Cell("")

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in the row."""
        return all(cell.is_empty for cell in self.cells)


class Sheets(Protocol):
    """An opened file. Rows can be read any number of times, each time from the start."""

    @property
    def names(self) -> Sequence[str]:
        """The names of the visible sheets; one without a name where the format has none."""
        ...

    def rows(self, name: str) -> Iterator[SheetRow]:
        """Yield the rows of a sheet that are not empty; raise RefusedError where it is damaged."""
        ...


def refused(problem: Problem) -> RefusedError:
    """Return the error of a file that cannot be taken."""
    return RefusedError(problem)
