"""The columns of a table: which values stand in which rows, and what their names hint at."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from headrace.platform.exchange.spreadsheets.layout import Table
from headrace.platform.exchange.spreadsheets.reading import shown
from headrace.platform.metadata.field_types.cells import Cell

SAMPLES: Final = 3
TOLERATED: Final = 20
"""One of so many values may be something else than the type that is proposed."""
FEW: Final = 8
"""From so many values on one of them may be something else."""

Unread = Sequence[tuple[int, str]]
"""Rows whose value is not of a type, with the value."""

_HINTS: Final[Mapping[str, re.Pattern[str]]] = {
    "date": re.compile(r"日期|时间|日$|\bdate\b|\bday\b|\btime\b|_date$"),
    "code": re.compile(
        r"编号|编码|代码|单号|工号|货号|学号|卡号|序列号|证号|\bcode\b|\bno\b|number|\bid\b|\bsku\b"
    ),
    "name": re.compile(r"名称|姓名|名字|标题|品名|\bname\b|title|subject"),
    "money": re.compile(
        r"金额|价|费用?$|货款|余额|收入|成本|预算|销售额|amount|price|cost|\bfee\b|revenue|budget"
    ),
    "phone": re.compile(r"电话|手机|传真|phone|\btel\b|mobile|\bfax\b"),
    "note": re.compile(r"备注|说明|地址|描述|remark|note|comment|address|description"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its values, each with the rows that it stands in; `rows` counts those of the table."""

    index: int
    header: str
    rows: int
    values: Mapping[Cell, tuple[int, ...]]
    texts: Mapping[str, Sequence[int]]
    """The values as people read them, with their rows."""

    @property
    def filled(self) -> int:
        """How many rows have a value."""
        return sum(map(len, self.values.values()))

    @property
    def tolerated(self) -> int:
        """How many of the values may be something else than the type that is proposed."""
        filled = self.filled
        return max(filled // TOLERATED, 1 if filled >= FEW else 0)

    def samples(self) -> tuple[str, ...]:
        """Return the first values."""
        return tuple(self.texts)[:SAMPLES]

    def hints(self, kind: str) -> bool:
        """Say whether the column's name speaks of a kind of values."""
        plain = unicodedata.normalize("NFKC", self.header).casefold().strip()
        return _HINTS[kind].search(plain) is not None

    def unread(self, read: Callable[[Cell], Any]) -> Unread:
        """Return the values that `read` gives None for, by row."""
        found = [
            (row, shown(cell))
            for cell, rows in self.values.items()
            if read(cell) is None
            for row in rows
        ]
        return sorted(found)

    def fits(self, read: Callable[[Cell], Any]) -> bool:
        """Say whether so few values are something else that the type can be proposed."""
        missed = 0
        most = self.tolerated
        for cell, rows in self.values.items():
            if read(cell) is None:
                missed += len(rows)
                if missed > most:
                    return False
        return bool(self.values)


def columns_of(table: Table) -> list[Column]:
    """Return the columns that have a name or a value."""
    found: list[Column] = []
    for at, header in enumerate(table.headers):
        if not header:
            continue
        values: dict[Cell, list[int]] = {}
        for row in table.rows:
            cell = row.cell(at)
            if not cell.is_empty:
                values.setdefault(cell, []).append(row.number)
        whole = {cell: tuple(rows) for cell, rows in values.items()}
        found.append(Column(at, header, len(table.rows), whole, _texts(whole)))
    return found


def _texts(values: Mapping[Cell, Sequence[int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for cell, rows in values.items():
        found.setdefault(shown(cell), []).extend(rows)
    return found
