"""XLSX files written as a stream: numbers exact, texts never formulas, one sheet after the other."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import TracebackType
from typing import IO, Any, Final, Self
from xml.sax.saxutils import escape, quoteattr

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message
from headrace.platform.exchange.delimited import DANGEROUS
from headrace.platform.metadata.field_types.cells import EXACT_DIGITS, FIRST_CERTAIN

MOST_ROWS: Final = 1_048_576
LONGEST_TEXT: Final = 32_767
LONGEST_SHEET_NAME: Final = 31
BEFORE_FIRST: Final = date(1899, 12, 30).toordinal()
UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
BAD_IN_NAME: Final = re.compile(r"[\[\]:*?/\\]")

TOO_MANY_ROWS: Final = Message(
    "export.too_many_rows",
    "A workbook holds at most {limit} rows.",
    "工作簿最多容纳 {limit} 行。",
    "Narrow the list, or export it as CSV.",
    "请缩小列表范围，或导出为 CSV。",
)
TEXT_TOO_LONG: Final = Message(
    "export.text_too_long",
    "A text of “{name}” has more than {limit} characters, which no workbook can hold.",
    "“{name}”中有文本超过 {limit} 个字符，工作簿无法容纳。",
    "Export as CSV, or leave the column out.",
    "请导出为 CSV，或不导出该列。",
)

PLAIN, TITLE, DAY, MOMENT, TEXT, GUARDED = range(6)
DECIMALS: Final = 6
"""Styles from here on show as many digits behind the point as their number says."""
MOST_SCALE: Final = 6
HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN: Final = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
TYPES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"


class WorkbookWriter:
    """Writes sheets into a file; each is begun, gets its rows, and ends with the next or the file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._names: list[str] = []
        self._titles: Sequence[str] = ()
        self._part: IO[bytes] | None = None
        self._row = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end_sheet()
        if kind is None:
            self._add_rest()
        self._archive.close()

    def begin(self, name: str, titles: Sequence[str]) -> None:
        """Begin a sheet with the names of its columns."""
        self._end_sheet()
        self._names.append(self._free_name(name))
        self._titles = titles
        path = f"xl/worksheets/sheet{len(self._names)}.xml"
        self._part = self._archive.open(path, "w", force_zip64=True)
        columns = (
            f'<cols><col min="1" max="{max(1, len(titles))}" width="18" customWidth="1"/></cols>'
        )
        pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        views = f'<sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
        self._write(f"{HEAD}<worksheet {MAIN}>{views}{columns}<sheetData>")
        self._row = 0
        self._write_row([_text_cell(title, TITLE) for title in titles])

    def add(self, values: Sequence[Any]) -> None:
        """Add a row of Python values: text, int, Decimal, bool, date, datetime without zone, None."""
        if self._row >= MOST_ROWS:
            raise RefusedError(TOO_MANY_ROWS.at(limit=MOST_ROWS - 1))
        for place, value in enumerate(values):
            if isinstance(value, str) and len(value) > LONGEST_TEXT:
                name = self._titles[place] if place < len(self._titles) else str(place + 1)
                raise RefusedError(TEXT_TOO_LONG.at(name=name, limit=LONGEST_TEXT))
        self._write_row([_cell(value) for value in values])

    def _write_row(self, cells: Iterable[str]) -> None:
        self._row += 1
        placed = (
            cell.replace("<c", f'<c r="{column_name(place)}{self._row}"', 1)
            for place, cell in enumerate(cells)
            if cell
        )
        self._write(f'<row r="{self._row}">{"".join(placed)}</row>')

    def _write(self, text: str) -> None:
        assert self._part is not None  # noqa: S101 - a sheet was begun
        self._part.write(text.encode())

    def _end_sheet(self) -> None:
        if self._part is not None:
            self._write("</sheetData></worksheet>")
            self._part.close()
            self._part = None

    def _free_name(self, name: str) -> str:
        clean = BAD_IN_NAME.sub(" ", name).strip(" '")[:LONGEST_SHEET_NAME] or "Sheet"
        taken = {one.casefold() for one in self._names}
        if clean.casefold() not in taken:
            return clean
        number = len(self._names) + 1
        return f"{clean[: LONGEST_SHEET_NAME - 5]} {number}"

    def _add_rest(self) -> None:
        places = range(1, len(self._names) + 1)
        sheets = "".join(
            f'<sheet name={quoteattr(_written(name))} sheetId="{n}" r:id="rId{n}"/>'
            for n, name in zip(places, self._names, strict=True)
        )
        links = "".join(
            f'<Relationship Id="rId{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in places
        )
        styles = f'<Relationship Id="rIdS" Type="{OFFICE}/styles" Target="styles.xml"/>'
        overrides = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{TYPES}.worksheet+xml"/>'
            for n in places
        )
        files = {
            "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{OFFICE}"><sheets>{sheets}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{links}{styles}</Relationships>',
            "xl/styles.xml": _STYLES,
            "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{TYPES}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{TYPES}.styles+xml"/>{overrides}</Types>',
        }
        for path, text in files.items():
            self._archive.writestr(path, HEAD + text)


def column_name(place: int) -> str:
    """Return the letters of a column, counted from 0."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _cell(value: Any) -> str:
    match value:
        case None | "":
            return ""
        case bool():
            return f'<c t="b"><v>{int(value)}</v></c>'
        case int() | Decimal():
            return _number_cell(value)
        case datetime():
            return _moment_cell(value)
        case date():
            return _day_cell(value)
        case _:
            text = str(value)
            return _text_cell(text, GUARDED if DANGEROUS.match(text) else TEXT)


def _number_cell(value: int | Decimal) -> str:
    """Write a number; one with more digits than a spreadsheet keeps goes as text, so that none is lost."""
    text = str(value) if isinstance(value, int) else format(value, "f")
    if len(text.replace(".", "").lstrip("-0")) > EXACT_DIGITS:
        return _text_cell(text, TEXT)
    scale = len(text.partition(".")[2])
    return f'<c s="{DECIMALS + min(scale, MOST_SCALE)}"><v>{text}</v></c>'


def _day_cell(value: date) -> str:
    if value < FIRST_CERTAIN:
        return _text_cell(value.isoformat(), TEXT)
    return f'<c s="{DAY}"><v>{value.toordinal() - BEFORE_FIRST}</v></c>'


def _moment_cell(value: datetime) -> str:
    if value.date() < FIRST_CERTAIN or value.microsecond:
        return _text_cell(value.isoformat(" "), TEXT)
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    share = Decimal(seconds) / 86_400
    number = value.toordinal() - BEFORE_FIRST + share.quantize(Decimal("0.0000000001"))
    return f'<c s="{MOMENT}"><v>{number.normalize():f}</v></c>'


def _text_cell(text: str, style: int) -> str:
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{escape(_written(text))}</t></is></c>'


def _written(text: str) -> str:
    """Write the characters that XML cannot hold the way the format wants them."""
    return UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _number_format(scale: int) -> str:
    return "0" if scale == 0 else "0." + "0" * scale


_FORMATS: Final = ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", *map(_number_format, range(MOST_SCALE + 1)))
_STYLES: Final = (
    f"<styleSheet {MAIN}>"
    f'<numFmts count="{len(_FORMATS)}">'
    + "".join(
        f'<numFmt numFmtId="{164 + n}" formatCode="{code}"/>' for n, code in enumerate(_FORMATS)
    )
    + "</numFmts>"
    + '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    + '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    + '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    + '<fill><patternFill patternType="gray125"/></fill></fills>'
    + "<borders><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
    + '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    + f'<cellXfs count="{DECIMALS + MOST_SCALE + 1}">'
    + '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    + '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1" applyNumberFormat="1"/>'
    + '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    + '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    + '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    + '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" quotePrefix="1"/>'
    + "".join(
        f'<xf numFmtId="{166 + scale}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        for scale in range(MOST_SCALE + 1)
    )
    + '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    + "</styleSheet>"
)
