"""Opens an uploaded file by what it is, and refuses what only looks like one of ours."""

from __future__ import annotations

from typing import Final

from headrace.platform.core.problems import Message, Text
from headrace.platform.exchange.delimited import DelimitedFile
from headrace.platform.exchange.sheets import UNREADABLE, Sheets, refused
from headrace.platform.exchange.workbooks import Workbook

ZIP: Final = b"PK\x03\x04"
OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"
WORKBOOK_NAMES: Final = (".xlsx", ".xlsm", ".xltx")
TEXT_NAMES: Final = (".csv", ".txt", ".tsv")

WRONG_EXTENSION: Final = Message(
    "import.wrong_extension",
    "“{name}” is named like {named}, but it is {found}.",
    "“{name}”的扩展名表示{named}，实际内容却是{found}。",
    "Save the file again in the format that its name says.",
    "请按扩展名对应的格式重新保存文件。",
)
OLD_FORMAT: Final = Message(
    "import.old_format",
    "The file is an old .xls workbook, or a workbook with a password.",
    "该文件是旧版 .xls 工作簿，或带有密码的工作簿。",
    "Save it as .xlsx without a password.",
    "请另存为不带密码的 .xlsx 文件。",
)
A_WORKBOOK: Final = Text("an XLSX workbook", "XLSX 工作簿")
A_TEXT: Final = Text("a text file", "文本文件")
EMPTY_FILE: Final = Text("it is empty", "文件为空")


def open_file(name: str, data: bytes) -> Sheets:
    """Open a file; raise RefusedError where it is nothing that can be imported."""
    lower = name.lower()
    if not data.strip():
        raise refused(UNREADABLE.at(reason=EMPTY_FILE))
    if data.startswith(OLD_OFFICE):
        raise refused(OLD_FORMAT.at())
    if data.startswith(ZIP):
        if lower.endswith(TEXT_NAMES):
            raise refused(WRONG_EXTENSION.at(name=name, named=A_TEXT, found=A_WORKBOOK))
        return Workbook(data)
    sheets = DelimitedFile(data)
    if lower.endswith(WORKBOOK_NAMES):
        raise refused(WRONG_EXTENSION.at(name=name, named=A_WORKBOOK, found=A_TEXT))
    return sheets
