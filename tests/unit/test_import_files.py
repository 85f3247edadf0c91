"""Files from anywhere: encodings, delimiters, workbooks of other programs, and those made to harm."""

from __future__ import annotations

import contextlib
import io
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.platform.core.errors import RefusedError
from headrace.platform.exchange import workbooks
from headrace.platform.exchange.delimited import harmless, unmarked
from headrace.platform.exchange.opening import open_file
from headrace.platform.exchange.workbook_writer import WorkbookWriter, column_name

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def texts(name: str, data: bytes, sheet: str | None = None) -> list[list[str]]:
    opened = open_file(name, data)
    return [[cell.text for cell in row.cells] for row in opened.rows(sheet or opened.names[0])]


def code(name: str, data: bytes) -> str:
    with pytest.raises(RefusedError) as caught:
        texts(name, data)
    assert all(problem.message.zh and problem.hint.zh for problem in caught.value.problems)
    return caught.value.problems[0].code


# -- CSV ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_the_encoding_is_found_out(encoding):
    assert texts("a.csv", "编码,名称\r\na,杭州\r\n".encode(encoding)) == [
        ["编码", "名称"],
        ["a", "杭州"],
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(delimiter):
    data = f'a{delimiter}b\n"x, y; z"{delimiter}2\n'.encode()
    assert texts("a.csv", data) == [["a", "b"], ["x, y; z", "2"]]


def test_spaces_around_values_go_and_empty_lines_count_as_rows():
    rows = list(open_file("a.csv", "a,b\n\n x\u00a0,\u3000y \n,,\n".encode()).rows(""))
    assert [(row.number, [cell.text for cell in row.cells]) for row in rows] == [
        (1, ["a", "b"]),
        (3, ["x", "y"]),
    ]


def test_a_cell_may_hold_lines():
    assert texts("a.csv", b'a,b\n"x\ny",2\n') == [["a", "b"], ["x\ny", "2"]]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "import.unreadable"),
        (b"  \n ", "import.unreadable"),
        (b"a,b\n\x00\x01", "import.unreadable"),
        (b"a,b\n\xff\xff\xff", "import.unreadable"),
        (b"\xef\xbb\xbfa\xff", "import.unreadable"),
        (b'a,b\n"never closed,1\n2,3\n', "import.unreadable"),
        (b'a,b\n"x"y,1\n', "import.unreadable"),
        (b"a,b\n" + b"x" * 200_000, "import.cell_too_long"),
        (b"a,b\n" + b"x" * 110_000, "import.cell_too_long"),
        (b"a" + b",b" * 1_000_000, "import.too_many_columns"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "import.old_format"),
        (b"%PDF-1.7 \x00", "import.unreadable"),
        (b"PK\x03\x04 not a zip", "import.unreadable"),
    ],
)
def test_a_broken_text_file_is_a_problem(data, expected):
    assert code("a.csv" if not data.startswith(b"PK") else "a.xlsx", data) == expected


def test_empty_columns_at_the_end_do_not_count():
    assert texts("a.csv", b"a,b" + b"," * 5000 + b"\n1,2\n")[0][:2] == ["a", "b"]


def test_the_name_must_fit_the_content():
    assert code("a.xlsx", b"a,b\n1,2\n") == "import.wrong_extension"
    assert code("a.csv", workbook([["a"]])) == "import.wrong_extension"


@given(st.text(alphabet=st.sampled_from("'=+-@\t＝＋－＠a1 "), max_size=8))
def test_a_mark_against_formulas_is_taken_away_again(text):
    assert unmarked(harmless(text)) == text


# -- workbooks ---------------------------------------------------------------------------------------


def workbook(
    rows: list[list[object]], change: Callable[[openpyxl.Workbook], None] | None = None
) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    if change is not None:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parts(sheet: str, more: Mapping[str, str] | None = None) -> bytes:
    """Return a workbook of hand-written parts."""
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    files = {
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{relations}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="r1" Target="worksheets/s.xml"/></Relationships>',
        "xl/worksheets/s.xml": f"<worksheet {MAIN}><sheetData>{sheet}</sheetData></worksheet>",
        **(more or {}),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return out.getvalue()


def test_a_workbook_of_another_program_is_read():
    def change(book: openpyxl.Workbook) -> None:
        sheet = book.worksheets[0]
        sheet["D2"].number_format = "0.0%"
        sheet["E2"] = "=1+1"
        sheet.merge_cells("A3:C3")
        sheet["A3"] = "merged"
        hidden = book.create_sheet("hidden")
        hidden.sheet_state = "hidden"

    data = workbook(
        [["文本", "日期", "数", "率", "式"], ["a ", date(2025, 6, 1), 1.5, 0.35, None]], change
    )
    opened = open_file("a.xlsx", data)
    assert list(opened.names) == ["Sheet"]
    rows = list(opened.rows("Sheet"))
    cells = rows[1].cells
    assert (cells[0].text, cells[1].moment, cells[2].text) == ("a", datetime(2025, 6, 1), "1.5")  # noqa: DTZ001 - as cells have it
    assert (cells[3].percent, cells[3].shown(), cells[4].kind) == (True, "35%", "error")
    assert rows[2].cells[0].text == "merged"


def test_numbers_keep_the_text_of_the_file():
    data = parts(
        '<row r="2"><c r="B2"><v>9999999999999999.99</v></c><c><v>1E-3</v></c><c><f>A1</f><v>7</v></c></row>'
    )
    row = next(iter(open_file("a.xlsx", data).rows("S")))
    assert (row.number, [cell.text for cell in row.cells]) == (
        2,
        ["", "9999999999999999.99", "1E-3", "7"],
    )


@pytest.mark.parametrize(
    ("sheet", "expected"),
    [
        ('<row><c r="XFD1"><v>1</v></c></row>', "import.too_many_columns"),
        ('<row><c t="s"><v>7</v></c></row>', "import.unreadable"),
        ('<row><c t="s"><v>-1</v></c></row>', "import.unreadable"),
        ("<row><c><v>1</v>", "import.unreadable"),
        (
            "<row><c t='inlineStr'><is><t>" + "x" * 100_001 + "</t></is></c></row>",
            "import.cell_too_long",
        ),
        ("<row>&nothing;</row>", "import.unreadable"),
    ],
)
def test_a_damaged_sheet_is_a_problem(sheet, expected):
    assert code("a.xlsx", parts(sheet)) == expected


def test_odd_values_are_errors_of_their_cells_only():
    sheet = "<row><c><v>abc</v></c><c t='e'><v>#N/A</v></c><c><v>1E+9999</v></c><c t='x'><v>5</v></c></row>"
    row = next(iter(open_file("a.xlsx", parts(sheet)).rows("S")))
    assert [cell.kind for cell in row.cells] == ["error", "error", "error", "number"]


def test_entities_are_refused_before_they_grow():
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    outside = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    for doctype in (bomb, outside):
        part = f"{doctype}<worksheet {MAIN}><sheetData><row><c><v>&a;</v></c></row></sheetData></worksheet>"
        assert code("a.xlsx", parts("", {"xl/worksheets/s.xml": part})) == "import.unreadable"
        assert (
            code("a.xlsx", parts("", {"xl/sharedStrings.xml": doctype + "<sst/>"}))
            == "import.unreadable"
        )


def test_a_bomb_ends_at_the_limit_with_little_memory(monkeypatch):
    monkeypatch.setattr(workbooks, "MOST_UNPACKED", 1024 * 1024)
    rows = "<row><c><v>1</v></c></row>" * 200_000
    data = parts(rows)
    assert len(data) < 40_000
    tracemalloc.start()
    opened = open_file("a.xlsx", data)
    with pytest.raises(RefusedError) as caught:
        sum(1 for _ in opened.rows("S"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.problems[0].code == "import.too_large"
    print(f"{peak} bytes at most")
    assert peak < 2 * 1024 * 1024


def test_rows_without_values_cost_nothing():
    data = parts('<row r="1048576"/>' * 1000 + '<row r="99999999"><c><v>1</v></c></row>')
    assert [row.number for row in open_file("a.xlsx", data).rows("S")] in ([1048577], [1001])


def test_a_sheet_of_nothing_ends_at_a_number_of_elements(monkeypatch):
    monkeypatch.setattr(workbooks, "MOST_ELEMENTS", 1000)
    assert code("a.xlsx", parts("<row/>" * 2000)) == "import.too_large"
    assert code("a.xlsx", parts("<row>" + "<c/>" * 2000 + "</row>")) == "import.too_large"


def test_macros_encryption_and_other_zips_are_refused():
    assert code("a.xlsm", parts("", {"xl/vbaProject.bin": "x"})) == "import.macros"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("hello.txt", "x")
    assert code("a.xlsx", out.getvalue()) == "import.unreadable"


def test_links_out_of_the_workbook_lead_nowhere():
    for target in (
        "../../etc/passwd",
        "/etc/passwd",
        "worksheets/../../x",
        "https://example.com/x",
    ):
        links = f'<Relationships><Relationship Id="r1" Target="{target}"/></Relationships>'
        assert (
            code("a.xlsx", parts("", {"xl/_rels/workbook.xml.rels": links})) == "import.unreadable"
        )


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_cut_off_workbook_is_a_problem(share):
    data = workbook([["a", "b"], *([n, str(n)] for n in range(500))])
    assert code("a.xlsx", data[: int(len(data) * share)]) == "import.unreadable"


@given(st.integers(min_value=0), st.binary(min_size=1, max_size=4))
def test_a_garbled_workbook_is_read_or_refused(place, noise):
    data = bytearray(SMALL)
    place %= len(data)
    data[place : place + len(noise)] = noise
    with contextlib.suppress(RefusedError):
        texts("a.xlsx", bytes(data))


SMALL = workbook([["a", "b"], [1, "x"], [date(2025, 6, 1), "=y"]])


# -- writing -----------------------------------------------------------------------------------------


NASTY = [
    "=1+1",
    "+1",
    "-1",
    "@x",
    "\tx",
    "＝1",
    "a\nb",
    "<&>\"'",
    "_x0041_",
    "_x005F_",
    "汉字🙂",
    "שלום",
    "'=x",
    "x" * 32_767,
]


def written(*rows: list[object]) -> bytes:
    out = io.BytesIO()
    with WorkbookWriter(out) as book:
        book.begin("货品[1]/?", ["=title", "b"])
        for row in rows:
            book.add(row)
    return out.getvalue()


def test_what_is_written_opens_elsewhere_without_a_formula():
    data = written(*([text, n] for n, text in enumerate(NASTY)))
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n"}
    assert sheet.title == "货品 1"
    assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)][:6] == NASTY[:6]


def test_numbers_and_days_are_those_of_a_spreadsheet():
    row: list[object] = [
        Decimal("-5.50"),
        7,
        date(2025, 6, 1),
        datetime(2025, 6, 1, 10, 4, 5),  # noqa: DTZ001 - as cells have it
        True,
        None,
    ]
    sheet = openpyxl.load_workbook(io.BytesIO(written(row))).worksheets[0]
    values = next(sheet.iter_rows(min_row=2, values_only=True))
    assert values[:2] == (-5.5, 7)
    assert values[2] == datetime(2025, 6, 1)  # noqa: DTZ001 - as cells have it
    assert values[3] == datetime(2025, 6, 1, 10, 4, 5)  # noqa: DTZ001 - as cells have it
    assert values[4] is True


def test_whole_numbers_are_written_as_they_are():
    found = texts("a.xlsx", written([7, -(10**14), 10**15 + 1, 0, Decimal("0.000001")]))[1]
    assert found == ["7", "-100000000000000", "1000000000000001", "0", "0.000001"]


def test_values_beyond_a_spreadsheet_are_texts_that_come_back():
    row: list[object] = [
        Decimal("9999999999999999.99"),
        date(1, 1, 1),
        date(9999, 12, 31),
        date(1900, 2, 28),
    ]
    found = texts("a.xlsx", written(row))[1]
    assert found == ["9999999999999999.99", "0001-01-01", "9999-12-31", "1900-02-28"]


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30), min_size=1, max_size=5
    )
)
def test_texts_come_back_as_they_were_written(values):
    rows = texts("a.xlsx", written(["x", *values]))
    assert rows[1][1:] == _without_end([one.strip() for one in values])


def _without_end(values: list[str]) -> list[str]:
    while values and values[-1] == "":
        values.pop()
    return values


def test_what_no_workbook_holds_is_refused():
    with pytest.raises(RefusedError) as caught:
        written(["x" * 32_768])
    assert caught.value.problems[0].code == "export.text_too_long"


def test_columns_have_their_letters():
    assert [column_name(place) for place in (0, 25, 26, 701, 702, 16383)] == [
        "A",
        "Z",
        "AA",
        "ZZ",
        "AAA",
        "XFD",
    ]
