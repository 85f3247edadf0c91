"""How much of a spreadsheet is looked at, and what is said of one that is larger."""

from __future__ import annotations

from typing import Final

from headrace.platform.core.problems import Message

LARGEST_FILE: Final = 6 * 1024 * 1024
MOST_ROWS: Final = 20_000
MOST_COLUMNS: Final = 100
MOST_CELLS: Final = 200_000
LAST_ROW: Final = 200_000
"""The greatest number that a row may have: a few rows far down are looked for in all above them."""

FILE_TOO_LARGE: Final = Message(
    "spreadsheet.file_too_large",
    "The file has {size} MB; at most {limit} MB are taken.",
    "文件为 {size} MB，最多 {limit} MB。",
    "Make the module from a part of the rows, and import the others when it is published.",
    "请先用部分行创建模块，发布后再导入其余行。",
)
TOO_MANY_ROWS: Final = Message(
    "spreadsheet.too_many_rows",
    "The sheet “{sheet}” has more than {limit} rows.",
    "工作表“{sheet}”超过 {limit} 行。",
    "Make the module from a part of the rows, and import the others when it is published.",
    "请先用部分行创建模块，发布后再导入其余行。",
)
TOO_MANY_COLUMNS: Final = Message(
    "spreadsheet.too_many_columns",
    "The sheet “{sheet}” has {count} columns; at most {limit} become fields.",
    "工作表“{sheet}”有 {count} 列，最多 {limit} 列可成为字段。",
    "Delete the columns that are not needed.",
    "请删除不需要的列。",
)
TOO_MANY_CELLS: Final = Message(
    "spreadsheet.too_many_cells",
    "The sheet “{sheet}” has more than {limit} filled cells.",
    "工作表“{sheet}”的非空单元格超过 {limit} 个。",
    "Delete columns or rows that are not needed.",
    "请删除不需要的列或行。",
)
ROW_TOO_FAR: Final = Message(
    "spreadsheet.row_too_far",
    "The sheet “{sheet}” has something in row {row}; rows behind {limit} are not looked at.",
    "工作表“{sheet}”第 {row} 行有内容，超过第 {limit} 行的内容不予读取。",
    "Delete what stands far below the table.",
    "请删除远离表格的内容。",
)
NO_TABLE: Final = Message(
    "spreadsheet.no_table",
    "There is no table in the sheet “{sheet}”: a row with names, and rows below it.",
    "工作表“{sheet}”中没有表格：需要一行表头及其下方的数据行。",
    "Choose another sheet, or give the table a row with the names of the columns.",
    "请选择其他工作表，或为表格添加表头行。",
)
UNKNOWN_SHEET: Final = Message(
    "spreadsheet.unknown_sheet",
    "The file has no visible sheet “{name}”.",
    "文件中没有可见的工作表“{name}”。",
    "Sheets: {known}.",
    "工作表：{known}。",
)
BAD_HEADER: Final = Message(
    "spreadsheet.header_row",
    "Row {row} of the sheet “{sheet}” cannot hold the names of the columns.",
    "工作表“{sheet}”第 {row} 行不能作为表头。",
    "Say the number of a row that is filled and has rows below it; 0 where there are no names.",
    "请填写有内容且其下有数据的行号；没有表头时填 0。",
)
