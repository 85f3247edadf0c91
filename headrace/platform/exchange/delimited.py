"""CSV files: encoding and delimiter are found out, quotes are taken strictly."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Final

from headrace.platform.core.problems import Problem, Text
from headrace.platform.exchange.sheets import (
    CELL_TOO_LONG,
    LONGEST_CELL,
    MOST_COLUMNS,
    TOO_MANY_COLUMNS,
    UNREADABLE,
    SheetRow,
    refused,
)
from headrace.platform.metadata.field_types.cells import Cell

DELIMITERS: Final = (",", "\t", ";", "|")
BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
ENCODINGS: Final = ("utf-8", "gb18030")
SNIFFED: Final = 20_000
MARKED: Final = re.compile(r"'+[=+\-@\t\r＝＋－＠]")
DANGEROUS: Final = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
PLAIN_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?%?")

NEITHER_ENCODING: Final = Text(
    "its text is neither UTF-8 nor GB18030 (GBK)", "其文字既不是 UTF-8 也不是 GB18030（GBK）编码"
)
BINARY: Final = Text("it holds bytes that no text has", "其中含有文本不应有的字节")


def harmless(text: str) -> str:
    """Mark a text that a spreadsheet would run as a formula; numbers stay as they are."""
    if DANGEROUS.match(text) and not PLAIN_NUMBER.fullmatch(text):
        return "'" + text
    return text


def unmarked(text: str) -> str:
    """Take the mark away again."""
    return text[1:] if MARKED.match(text) else text


class DelimitedFile:
    """A CSV file as its one sheet."""

    names: Sequence[str] = ("",)

    def __init__(self, data: bytes) -> None:
        self._text = _decoded(data)
        self._delimiter = _delimiter(self._text[:SNIFFED])

    def rows(self, name: str) -> Iterator[SheetRow]:
        """Yield the rows; raise RefusedError at a broken quote or an endless cell."""
        lines = io.StringIO(self._text, newline="")
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        number = 0
        while True:
            number += 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise refused(_broken(error, number)) from None
            if any(len(field) > LONGEST_CELL for field in fields):
                raise refused(CELL_TOO_LONG.at(row=number, limit=LONGEST_CELL))
            if len(fields) > MOST_COLUMNS and any(fields[MOST_COLUMNS:]):
                raise refused(TOO_MANY_COLUMNS.at(row=number, limit=MOST_COLUMNS))
            cells = [Cell(unmarked(field.strip())) for field in fields[:MOST_COLUMNS]]
            row = SheetRow(number, cells)
            if not row.is_empty:
                yield row


def _broken(error: csv.Error, number: int) -> Problem:
    if "field larger" in str(error):
        return CELL_TOO_LONG.at(row=number, limit=LONGEST_CELL)
    reason = Text(f"a quote in row {number} is wrong", f"第 {number} 行的引号有误")
    return UNREADABLE.at(reason=reason)


def _decoded(data: bytes) -> str:
    for mark, encoding in BOMS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                raise refused(UNREADABLE.at(reason=NEITHER_ENCODING)) from None
    if b"\0" in data:
        raise refused(UNREADABLE.at(reason=BINARY))
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise refused(UNREADABLE.at(reason=NEITHER_ENCODING))


def _delimiter(text: str) -> str:
    """Return the delimiter that stands most often outside of quotes in the first lines."""
    bare = re.sub(r'"[^"]*"', "", text)
    lines = [line for line in bare.splitlines() if line.strip()][:5]
    return max(DELIMITERS, key=lambda one: sum(line.count(one) for line in lines))
