"""CSV files as spreadsheets open them: UTF-8 with a mark, no text that runs as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Final

from headrace.platform.exchange.delimited import harmless

MARK: Final = b"\xef\xbb\xbf"


class DelimitedWriter:
    """Writes rows into a file, the names of the columns first."""

    def __init__(self, file: IO[bytes]) -> None:
        file.write(MARK)
        self._text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
        self._writer = csv.writer(self._text, lineterminator="\r\n")

    def begin(self, titles: Sequence[str]) -> None:
        """Write the names of the columns."""
        self._writer.writerow([harmless(title) for title in titles])

    def add(self, values: Sequence[Any]) -> None:
        """Add a row of Python values."""
        self._writer.writerow([_text(value) for value in values])

    def end(self) -> None:
        """Leave the file open for whoever reads it."""
        self._text.detach()


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat(" ")
        case int() | date():
            return str(value)
        case _:
            return harmless(str(value))
