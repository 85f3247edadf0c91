"""Rows that travel with a module: CSV or JSON files, one an object.

`records/reference/` belongs to the module's definition, `records/sample/` comes and goes. A file is
kept with the version it was published in, so that samples can be loaded and exported later; the
passwords of sample users are never kept.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Final, Literal

from headrace.platform.core.canonical import content_hash, document_text
from headrace.platform.core.problems import Message, Problem, Text
from headrace.platform.metadata.catalog import FieldModel, ObjectModel
from headrace.platform.metadata.storage_types import SEPARATOR, TYPE_END
from headrace.platform.metadata.strict_json import ENCODING, parse_json

RowSet = Literal["reference", "sample"]
ROW_SETS: Final[tuple[RowSet, ...]] = ("reference", "sample")
ROW_FORMATS: Final = frozenset({".csv", ".json"})
USER_FILE: Final = "user"
PASSWORD: Final = "password"  # noqa: S105 - the name of a column
ROWS_KIND: Final = "rows"
MAX_ROWS_BYTES: Final = 50 * 1024 * 1024

BAD_ROWS = Message(
    "rows.shape",
    "A file of rows is a JSON list of objects, or CSV with a header.",
    "行数据文件应为由对象组成的 JSON 列表，或带表头的 CSV。",
    "Correct the file.",
    "请更正文件。",
)
UNEVEN_ROW = Message(
    "rows.uneven",
    "Line {line} has {found} cells, the header has {expected}.",
    "第 {line} 行有 {found} 个单元格，表头有 {expected} 个。",
    "Look for a missing comma or quote.",
    "请检查是否缺少逗号或引号。",
)
ROWS_TOO_LARGE = Message(
    "rows.too_large",
    "The file of rows is larger than {limit} MB.",
    "行数据文件超过 {limit} MB。",
    "Import it instead.",
    "请改用导入功能。",
)


@dataclass(frozen=True, slots=True)
class RowsFile:
    """A file of rows of one object; `text` is its content in the form that export writes."""

    module: str
    set: RowSet
    object: str
    text: str

    @property
    def file(self) -> str:
        """Path of the file, from the folder that holds the modules."""
        return f"{self.module}/records/{self.set}/{self.object}.csv"

    @property
    def hash(self) -> str:
        """Hash of the content."""
        return content_hash([self.module, self.set, self.object, self.text])

    def rows(self) -> list[dict[str, str]]:
        """Return the rows as written; empty cells are missing."""
        reader = csv.reader(io.StringIO(self.text))
        header = next(reader, [])
        return [
            {name: cell for name, cell in zip(header, cells, strict=True) if cell != ""}
            for cells in reader
        ]

    def header(self) -> list[str]:
        """Return the names of the columns."""
        return next(csv.reader(io.StringIO(self.text)), [])


def load_rows_file(
    module: str, row_set: str, name: str, data: bytes
) -> tuple[tuple[RowsFile, ...], tuple[Problem, ...]]:
    """Read a CSV or JSON file of rows; JSON becomes CSV, passwords are left out."""
    if len(data) > MAX_ROWS_BYTES:
        return (), (ROWS_TOO_LARGE.at(limit=MAX_ROWS_BYTES // 1024 // 1024),)
    path = PurePosixPath(name)
    table, problems = _json_table(data) if path.suffix == ".json" else _csv_table(data)
    if problems:
        return (), problems
    if path.stem == USER_FILE:
        table = _without(table, PASSWORD)
    chosen: RowSet = "sample" if row_set == "sample" else "reference"
    return (RowsFile(module, chosen, path.stem, _csv_text(table)),), ()


def sample_passwords(data: bytes) -> Mapping[str, str]:
    """Return the passwords by login of a sample file of users; only the demo asks for them."""
    table, problems = _csv_table(data)
    if problems or PASSWORD not in table[0]:
        return {}
    rows = [dict(zip(table[0], row, strict=True)) for row in table[1:]]
    return {row["login"]: row[PASSWORD] for row in rows if row[PASSWORD]}


def to_input(model: ObjectModel, row: Mapping[str, str]) -> dict[str, Any]:
    """Turn the cells of a row into values as the API takes them; unknown columns stay as they are."""
    return {
        name: _value(model.fields[name], cell) if name in model.fields else cell
        for name, cell in row.items()
    }


def _value(field: FieldModel, cell: str) -> Any:
    if field.target is not None and field.name != "id":
        return {"key": cell}
    if field.targets:
        name, _, key = cell.partition(TYPE_END)
        return {"object": name.strip(), "key": key.strip()}
    if field.links is not None:
        return [{"key": one.strip()} for one in cell.split(SEPARATOR) if one.strip()]
    match field.storage.kind:
        case "integer" if cell.lstrip("-").isdigit():
            return int(cell)
        case "boolean" if cell in {"true", "false"}:
            return cell == "true"
        case _:
            return cell


def _csv_table(data: bytes) -> tuple[list[list[str]], tuple[Problem, ...]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [], (ENCODING.at(),)
    table = [row for row in csv.reader(io.StringIO(text)) if row]
    if not table:
        return [], (BAD_ROWS.at(),)
    uneven = tuple(
        UNEVEN_ROW.at(f"/{line}", line=line, found=len(row), expected=len(table[0]))
        for line, row in enumerate(table[1:], start=2)
        if len(row) != len(table[0])
    )
    return table, uneven


def _json_table(data: bytes) -> tuple[list[list[str]], tuple[Problem, ...]]:
    parsed = parse_json(data)
    if parsed.problems:
        return [], parsed.problems
    rows = parsed.value
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return [], (BAD_ROWS.at(),)
    header = list(dict.fromkeys(name for row in rows for name in row))
    return [header, *([_cell(row.get(name)) for name in header] for row in rows)], ()


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list() if value and all(isinstance(one, str) for one in value):
            return SEPARATOR.join(value)
        case dict() | list():
            return document_text({"value": value})
        case _:
            return str(value)


def _without(table: list[list[str]], column: str) -> list[list[str]]:
    keep = [index for index, name in enumerate(table[0]) if name != column]
    return [[row[index] for index in keep] for row in table]


def _csv_text(table: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(table)
    return out.getvalue()


def renamed_file(
    file: RowsFile,
    name: str,
    columns: Mapping[str, str],
    values: Mapping[str, Callable[[str], str]],
) -> RowsFile:
    """Return a file with another object, other names of columns, and other values in some of them."""
    header = file.header()
    changes = [values.get(one) for one in header]
    lines = list(csv.reader(io.StringIO(file.text)))[1:]
    changed = [
        [one if change is None else change(one) for one, change in zip(cells, changes, strict=True)]
        for cells in lines
    ]
    header = [columns.get(one, one) for one in header]
    return replace(file, object=name, text=_csv_text([header, *changed]))


def describe(file: RowsFile) -> Text:
    """Name a file of rows for people."""
    return Text(f"{file.object} ({file.set})", f"{file.object}({file.set})")
