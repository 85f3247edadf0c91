"""XLSX files, read as a stream: exact texts of numbers, bounded memory, nothing run or fetched.

A reader of our own: the usual ones make binary numbers of all numbers, and so lose what the
file says exactly. Only the parts of the format that hold values are looked at.
"""

from __future__ import annotations

import io
import itertools
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from xml.parsers import expat

from headrace.platform.core.problems import Message, Text
from headrace.platform.exchange.sheets import (
    CELL_TOO_LONG,
    LONGEST_CELL,
    MOST_COLUMNS,
    MOST_SHARED_TEXTS,
    MOST_UNPACKED,
    TOO_LARGE,
    TOO_MANY_COLUMNS,
    UNREADABLE,
    SheetRow,
    refused,
)
from headrace.platform.metadata.field_types.cells import EMPTY, Cell, serial_moment

PIECE: Final = 64 * 1024
MOST_ENTRIES: Final = 5_000
MOST_ELEMENTS: Final = 30_000_000
"""Elements of a part: what is empty takes time too."""
LAST_ROW: Final = 1_048_576
DATE_FORMATS: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
PERCENT_FORMATS: Final = frozenset({9, 10})
LITERALS: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,3})?")

MACROS: Final = Message(
    "import.macros",
    "The workbook contains macros; such files are not taken.",
    "工作簿含有宏，不接受此类文件。",
    "Save it as “Excel workbook (*.xlsx)” without macros.",
    "请另存为不含宏的“Excel 工作簿（*.xlsx）”。",
)
DAMAGED: Final = Text("the workbook is damaged or cut off", "工作簿已损坏或不完整")
NOT_PLAIN: Final = Text("it is a zip file but not a workbook", "它是 zip 文件但不是工作簿")
ENCRYPTED: Final = Text("it is protected by a password", "文件受密码保护")
DOCTYPE: Final = Text(
    "it defines entities, which no workbook does", "其中定义了实体，正常的工作簿不会如此"
)


@dataclass(frozen=True, slots=True)
class _Style:
    is_date: bool = False
    is_percent: bool = False


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    path: str


class Workbook:
    """An XLSX file in memory; its sheets are unpacked while they are read."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = MOST_UNPACKED
        with self._opened() as archive:
            self._check(archive)
            self._sheets, self._from_1904 = self._workbook(archive)
            self._styles = self._read_styles(archive)
            self._texts = self._read_texts(archive)

    @property
    def names(self) -> Sequence[str]:
        """The names of the visible sheets."""
        return [sheet.name for sheet in self._sheets]

    def rows(self, name: str) -> Iterator[SheetRow]:
        """Yield the rows of a sheet that are not empty."""
        sheet = next(one for one in self._sheets if one.name == name)
        self._left = MOST_UNPACKED
        with self._opened() as archive:
            reader = _RowReader(self._texts, self._styles, from_1904=self._from_1904)
            for _ in self._parse(archive, sheet.path, reader):
                yield from reader.taken()

    # -- the package ----------------------------------------------------------------------

    def _opened(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(io.BytesIO(self._data))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
            raise refused(UNREADABLE.at(reason=DAMAGED)) from None

    @staticmethod
    def _check(archive: zipfile.ZipFile) -> None:
        entries = archive.infolist()
        names = {entry.filename for entry in entries}
        if any(name.endswith("vbaProject.bin") for name in names):
            raise refused(MACROS.at())
        if any(entry.flag_bits & 1 for entry in entries):
            raise refused(UNREADABLE.at(reason=ENCRYPTED))
        if len(entries) > MOST_ENTRIES or "xl/workbook.xml" not in names:
            raise refused(UNREADABLE.at(reason=NOT_PLAIN))

    def _parse(self, archive: zipfile.ZipFile, path: str, handler: _Handler) -> Iterator[None]:
        """Feed a part to `handler` piece by piece, yielding after each."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        elements = itertools.count(1)

        def start(name: str, given: Mapping[str, str]) -> None:
            if next(elements) > MOST_ELEMENTS:
                raise refused(TOO_LARGE.at(limit=MOST_UNPACKED // 1024 // 1024))
            handler.start(_local(name), given)

        parser.StartElementHandler = start
        parser.EndElementHandler = lambda name: handler.end(_local(name))
        parser.CharacterDataHandler = handler.text
        parser.StartDoctypeDeclHandler = _no_doctype
        try:
            with archive.open(path) as part:
                while piece := part.read(PIECE):
                    self._left -= len(piece)
                    if self._left < 0:
                        raise refused(TOO_LARGE.at(limit=MOST_UNPACKED // 1024 // 1024))
                    parser.Parse(piece)
                    yield
                parser.Parse(b"", True)
                yield
        except (
            expat.ExpatError,
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            KeyError,
            NotImplementedError,
            OSError,
            RuntimeError,
            ValueError,  # what the zip module raises for offsets out of the file
        ):
            raise refused(UNREADABLE.at(reason=DAMAGED)) from None

    def _elements(self, archive: zipfile.ZipFile, path: str) -> list[tuple[str, Mapping[str, str]]]:
        """Return the elements of a small part with their attributes, in order."""
        handler = _Elements()
        for _ in self._parse(archive, path, handler):
            continue
        return handler.found

    def _workbook(self, archive: zipfile.ZipFile) -> tuple[list[_Sheet], bool]:
        targets: dict[str, str] = {}
        if "xl/_rels/workbook.xml.rels" in archive.namelist():
            for name, given in self._elements(archive, "xl/_rels/workbook.xml.rels"):
                if name == "Relationship" and given.get("TargetMode") != "External":
                    targets[given.get("Id", "")] = _inside(given.get("Target", ""))
        sheets = []
        from_1904 = False
        for name, given in self._elements(archive, "xl/workbook.xml"):
            if name == "workbookPr":
                from_1904 = given.get("date1904", "0") in {"1", "true"}
            elif name == "sheet" and given.get("state", "visible") == "visible":
                reference = next((v for k, v in given.items() if _local(k) == "id"), "")
                path = targets.get(reference, "")
                if path.startswith("xl/worksheets/") and path in archive.namelist():
                    sheets.append(_Sheet(given.get("name", ""), path))
        if not sheets:
            raise refused(UNREADABLE.at(reason=DAMAGED))
        return sheets, from_1904

    def _read_styles(self, archive: zipfile.ZipFile) -> list[_Style]:
        if "xl/styles.xml" not in archive.namelist():
            return []
        formats: dict[str, str] = {}
        styles: list[_Style] = []
        handler = _Elements(within="cellXfs", also="numFmt")
        for _ in self._parse(archive, "xl/styles.xml", handler):
            continue
        for name, given in handler.found:
            if name == "numFmt":
                formats[given.get("numFmtId", "")] = given.get("formatCode", "")
            elif name == "xf":
                styles.append(_style(given.get("numFmtId", "0"), formats))
        return styles

    def _read_texts(self, archive: zipfile.ZipFile) -> list[str]:
        if "xl/sharedStrings.xml" not in archive.namelist():
            return []
        handler = _SharedTexts()
        for _ in self._parse(archive, "xl/sharedStrings.xml", handler):
            continue
        return handler.texts


def _no_doctype(*_: Any) -> None:
    raise refused(UNREADABLE.at(reason=DOCTYPE))


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _inside(target: str) -> str:
    path = target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
    return posixpath.normpath(path)


def _style(number: str, formats: Mapping[str, str]) -> _Style:
    code = LITERALS.sub("", formats.get(number, "")).lower()
    known = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0  # noqa: PLR2004 - few
    if code:
        is_percent = "%" in code
        return _Style(not is_percent and bool(set("ymdhs") & set(code)), is_percent)
    return _Style(known in DATE_FORMATS, known in PERCENT_FORMATS)


def unescaped(text: str) -> str:
    """Read the characters that the format writes as `_x000D_`."""
    if "_x" not in text:
        return text
    return ESCAPED.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    """Return what an escape stands for; what no text may hold stays as it is written."""
    code = int(found[1], 16)
    return found[0] if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)  # noqa: PLR2004 - surrogates


# -- handlers of parts ---------------------------------------------------------------------------


class _Handler:
    """What the parser tells of a part."""

    def start(self, name: str, given: Mapping[str, str]) -> None:
        """Take the start of an element."""

    def end(self, name: str) -> None:
        """Take the end of an element."""

    def text(self, text: str) -> None:
        """Take text."""


class _Elements(_Handler):
    """Keeps elements: all of them, or those `within` one and those called `also`."""

    def __init__(self, within: str | None = None, also: str | None = None) -> None:
        self.found: list[tuple[str, Mapping[str, str]]] = []
        self._within = within
        self._also = also
        self._inside = within is None

    def start(self, name: str, given: Mapping[str, str]) -> None:
        if name == self._within:
            self._inside = True
        elif self._inside or name == self._also:
            self.found.append((name, given))
            if len(self.found) > MOST_SHARED_TEXTS:
                raise refused(UNREADABLE.at(reason=DAMAGED))

    def end(self, name: str) -> None:
        if name == self._within:
            self._inside = False


class _SharedTexts(_Handler):
    """Collects the texts that cells point to; how to pronounce them is left out."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._parts: list[str] = []
        self._length = 0
        self._taking = False
        self._aside = False

    def start(self, name: str, given: Mapping[str, str]) -> None:
        if name == "si":
            self._parts, self._length = [], 0
        elif name == "rPh":
            self._aside = True
        elif name == "t":
            self._taking = not self._aside

    def end(self, name: str) -> None:
        if name == "t":
            self._taking = False
        elif name == "rPh":
            self._aside = False
        elif name == "si":
            self.texts.append(unescaped("".join(self._parts)))
            if len(self.texts) > MOST_SHARED_TEXTS:
                raise refused(TOO_LARGE.at(limit=MOST_UNPACKED // 1024 // 1024))

    def text(self, text: str) -> None:
        if self._taking:
            self._length += len(text)
            if self._length > LONGEST_CELL:
                raise refused(CELL_TOO_LONG.at(row="-", limit=LONGEST_CELL))
            self._parts.append(text)


class _RowReader(_Handler):
    """Makes rows of the events of a sheet."""

    def __init__(self, texts: Sequence[str], styles: Sequence[_Style], *, from_1904: bool) -> None:
        self._texts = texts
        self._styles = styles
        self._from_1904 = from_1904
        self._rows: list[SheetRow] = []
        self._number = 0
        self._cells: list[Cell] = []
        self._column = -1
        self._given: Mapping[str, str] = {}
        self._parts: list[str] = []
        self._length = 0
        self._taking = False
        self._aside = False
        self._has_formula = False

    def taken(self) -> list[SheetRow]:
        """Return the rows that are complete."""
        rows, self._rows = self._rows, []
        return rows

    def start(self, name: str, given: Mapping[str, str]) -> None:
        match name:
            case "row":
                text = given.get("r", "")
                known = text.isascii() and text.isdigit() and len(text) < 8  # noqa: PLR2004 - rows
                self._number = min(int(text), LAST_ROW) if known else self._number + 1
                self._cells, self._column = [], -1
            case "c":
                self._given, self._parts, self._length = given, [], 0
                self._has_formula = False
                self._column = _column(given.get("r", ""), self._column + 1)
            case "f":
                self._has_formula = True
            case "rPh":
                self._aside = True
            case "v" | "t":
                self._taking = not self._aside

    def text(self, text: str) -> None:
        if self._taking:
            self._length += len(text)
            if self._length > LONGEST_CELL:
                raise refused(CELL_TOO_LONG.at(row=self._number, limit=LONGEST_CELL))
            self._parts.append(text)

    def end(self, name: str) -> None:
        match name:
            case "v" | "t":
                self._taking = False
            case "rPh":
                self._aside = False
            case "c":
                self._add(self._cell("".join(self._parts)))
            case "row":
                row = SheetRow(self._number, self._cells)
                if not row.is_empty:
                    self._rows.append(row)

    def _add(self, cell: Cell) -> None:
        if cell.is_empty:
            return
        if self._column >= MOST_COLUMNS:
            raise refused(TOO_MANY_COLUMNS.at(row=self._number, limit=MOST_COLUMNS))
        while len(self._cells) <= self._column:
            self._cells.append(EMPTY)
        self._cells[self._column] = cell

    def _cell(self, raw: str) -> Cell:
        match self._given.get("t", "n"):
            case "s":
                return Cell(self._shared(raw.strip()).strip())
            case "inlineStr" | "str":
                return Cell(unescaped(raw).strip())
            case "b":
                return Cell("true" if raw.strip() == "1" else "false", "boolean")
            case "e":
                return Cell(raw.strip() or "#ERROR", "error")
            case "d":
                return Cell(raw.strip())
            case _:
                return self._number_cell(raw.strip())

    def _shared(self, raw: str) -> str:
        known = raw.isascii() and raw.isdigit() and len(raw) < 9  # noqa: PLR2004 - texts
        if not known or int(raw) >= len(self._texts):
            raise refused(UNREADABLE.at(reason=DAMAGED))
        return self._texts[int(raw)]

    def _number_cell(self, raw: str) -> Cell:
        if raw == "":
            # A program that wrote a formula without working it out.
            return Cell("= ?", "error") if self._has_formula else EMPTY
        try:
            if not NUMBER.fullmatch(raw):
                return Cell(raw, "error")
            number = Decimal(raw)
        except InvalidOperation:
            return Cell(raw, "error")
        style = self._style()
        if style.is_date:
            moment = serial_moment(number, from_1904=self._from_1904)
            if moment is not None:
                text = moment.isoformat(" ") if moment.time() != moment.min.time() else ""
                return Cell(text or moment.date().isoformat(), "date", moment)
        return Cell(raw, "number", None, style.is_percent)

    def _style(self) -> _Style:
        text = self._given.get("s", "0")
        known = text.isascii() and text.isdigit() and len(text) < 7  # noqa: PLR2004 - styles
        index = int(text) if known else 0
        return self._styles[index] if index < len(self._styles) else _Style()


def _column(reference: str, following: int) -> int:
    """Return the place of a column from a reference like `BC12`, else the one that follows."""
    column = 0
    for character in reference[:4]:
        if not "A" <= character <= "Z":
            break
        column = column * 26 + ord(character) - 64
    return column - 1 if column else following
