"""Tables of rows and their file form: CSV in UTF-8 with `\\n`, empty for null."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

Row = dict[str, str]

BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with the file that holds them, below the folder of modules."""

    file: str
    rows: list[Row]

    def text(self) -> str:
        """Return the content of the file."""
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, list(self.rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return buffer.getvalue()

    def write(self, root: Path) -> None:
        """Write the file below `root`."""
        path = root / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text(), encoding="utf-8", newline="\n")


def money(value: Decimal | int) -> str:
    """Return an amount with two digits."""
    return f"{Decimal(value):.2f}"


def instant(value: datetime) -> str:
    """Return an instant as RFC 3339 in Beijing time."""
    return value.astimezone(BEIJING).isoformat(timespec="seconds")
