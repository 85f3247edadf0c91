"""The error file: the rows that were not taken, as they were given, each with what is wrong.

Mended, it can be imported as it is: the column of problems is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from tempfile import SpooledTemporaryFile
from typing import IO, Final, cast

import sqlalchemy as sa

from headrace.platform.exchange.batches import ImportBatch, bad_rows, messages_by_row
from headrace.platform.exchange.delimited_writer import DelimitedWriter
from headrace.platform.exchange.exporting import KEPT_IN_MEMORY, Format
from headrace.platform.exchange.mapping import PROBLEM_COLUMN
from headrace.platform.exchange.opening import WORKBOOK_NAMES
from headrace.platform.exchange.workbook_writer import WorkbookWriter

MAIN_SHEET: Final = "Sheet1"
LONGEST_MESSAGE: Final = 2_000


def error_format(batch: ImportBatch) -> Format:
    """Return the format of an import's error file: that of the file itself."""
    return "xlsx" if batch.request.file_name.lower().endswith(WORKBOOK_NAMES) else "csv"


def write_error_file(connection: sa.Connection, batch: ImportBatch, language: str) -> IO[bytes]:
    """Return the error file of an import, at its start."""
    file = cast("IO[bytes]", SpooledTemporaryFile(KEPT_IN_MEMORY))  # noqa: SIM115 - the caller closes it
    messages = messages_by_row(connection, batch.id, language)
    problem = PROBLEM_COLUMN.within(language)
    if error_format(batch) == "xlsx":
        with WorkbookWriter(file) as workbook:
            for sheet, headers in sorted(batch.headers.items()):
                workbook.begin(sheet or batch.request.sheet or MAIN_SHEET, [*headers, problem])
                for number, cells in bad_rows(connection, batch.id, sheet):
                    workbook.add(_with_messages(cells, headers, messages, sheet, number))
    else:
        writer = DelimitedWriter(file)
        headers = batch.headers.get("", ())
        writer.begin([*headers, problem])
        for number, cells in bad_rows(connection, batch.id):
            writer.add(_with_messages(cells, headers, messages, "", number))
        writer.end()
    file.seek(0)
    return file


def _with_messages(
    cells: Sequence[str],
    headers: Sequence[str],
    messages: Mapping[tuple[str, int], list[str]],
    sheet: str,
    number: int,
) -> list[str]:
    padded = [*cells[: len(headers)], *[""] * (len(headers) - len(cells))]
    return [*padded, "; ".join(messages.get((sheet, number), ()))[:LONGEST_MESSAGE]]
