"""What cells, names and rows of spreadsheets are taken for, without a database."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.platform.exchange.opening import open_file
from headrace.platform.exchange.spreadsheets.columns import Column, columns_of
from headrace.platform.exchange.spreadsheets.judging import as_type, judged
from headrace.platform.exchange.spreadsheets.layout import find_table
from headrace.platform.exchange.spreadsheets.proposals import open_table
from headrace.platform.exchange.spreadsheets.reading import amount_in, moment_in, month_in, tidy
from headrace.platform.exchange.spreadsheets.spelling import api_name
from headrace.platform.exchange.spreadsheets.writing import Kept, ready_file
from headrace.platform.metadata.field_types.cells import Cell
from tests.support.spreadsheets import as_text


def column(header: str, *values: str) -> Column:
    rows = [[header, "other"], *([value, "x"] for value in values)]
    table, _ = find_table(open_file("a.csv", as_text(rows)), None)
    return columns_of(table)[0]


@pytest.mark.parametrize(
    ("text", "value", "mark"),
    [
        ("1,234.50", "1234.50", ""),
        ("￥１,２３４.５", "1234.5", "CNY"),
        ("300元", "300", "CNY"),
        ("-$5", "-5", "USD"),
        ("$ -5", "-5", "USD"),
        ("(1,200.00)", "-1200.00", ""),
        ("35％", "35", "%"),
        ("0", "0", ""),
        ("0.5", "0.5", ""),
    ],
)
def test_an_amount_is_read_with_its_mark(text: str, value: str, mark: str):
    found = amount_in(Cell(text))
    assert found is not None
    assert (str(found.value), found.mark) == (value, mark)


@pytest.mark.parametrize(
    "text", ["", "007", "1,23", "12,34,567", "--5", "(5", "¥5%", "1.2万", "1234567890123456", "x1"]
)
def test_what_is_no_amount_is_not_guessed(text: str):
    assert amount_in(Cell(text)) is None


@pytest.mark.parametrize(
    ("text", "loosely", "day"),
    [
        ("2025年6月1日", False, "2025-06-01"),
        ("2025 年 6 月 1 日", False, "2025-06-01"),
        ("２０２５/６/１", False, "2025-06-01"),
        ("2025.6.1", False, "2025-06-01"),
        ("45809", True, "2025-06-01"),
        ("20250601", True, "2025-06-01"),
        ("45809", False, None),
        ("20250601", False, None),
        ("2025-13-01", False, None),
        ("6/1/2025", True, None),
    ],
)
def test_a_day_is_read_however_it_is_written(text: str, loosely: bool, day: str | None):
    found = moment_in(Cell(text), loosely=loosely)
    assert (None if found is None else found.date().isoformat()) == day


def test_a_month_and_a_tidy_text():
    assert month_in(Cell("2025年6月")) == "2025-06"
    assert month_in(Cell("2025-13")) is None
    assert tidy("\u3000Ａ１２（中）\xa0") == "A12（中）"


@pytest.mark.parametrize(
    ("header", "values", "type_"),
    [
        ("是否", ["是", "否", "是"], "boolean"),
        ("等级", ["1", "0", "1"], "integer"),
        ("编号", ["1001", "1002", "1003"], "text"),
        ("数量", ["1001", "1002", "1003"], "integer"),
        ("日期", ["45809", "45810"], "date"),
        ("数量", ["45809", "45810"], "integer"),
        ("电话", ["0571-88001234", "010-66006600"], "phone"),
        ("随便", ["13800138000", "13900139000"], "phone"),
        ("单价", ["1", "2.5"], "money"),
        ("重量", ["1", "2.5"], "decimal"),
        ("单价", ["1.2345", "2.5678"], "decimal"),
        ("地区", ["东", "西", "东", "西"], "choice"),
        ("备注", ["东", "西", "东", "西"], "text"),
        ("地区", ["东", "东", "东"], "text"),
        ("时间", ["2025-06-01 10:00", "2025-06-02"], "datetime"),
        ("空", [], "text"),
    ],
)
def test_a_column_is_taken_for_what_its_values_are(header: str, values: list[str], type_: str):
    values = values or [""]
    assert judged(column(header, *values)).type == type_


def test_one_in_twenty_may_be_something_else_and_is_named():
    days = [f"2025-06-{day:02}" for day in range(1, 31)] * 4
    days[5], days[17] = "待定", "?"
    found = judged(column("签约", *days))
    assert found.type == "date"
    assert found.reasons[0].message.en == "118 of 120 values are dates; not in row 7, 19."
    assert found.reasons[0].message.zh == "120 个值中有 118 个是日期；第 7, 19 行不是。"
    assert list(found.unread) == [(7, "待定"), (19, "?")]
    days[20:25] = ["?"] * 5
    assert judged(column("签约", *days)).type == "text"


def test_values_of_choices_are_spelled_and_different():
    found = as_type(column("区", "华东", "华动", "A b", "a B", "***", "华东"), "choice")
    choices: list[dict[str, Any]] = found.options["choices"]
    assert [one["value"] for one in choices] == ["hua_dong", "a_b", "hua_dong_2", "value_4"]
    assert [one["label"]["zh"] for one in choices] == ["华东", "A b", "华动", "***"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("客户名称", "ke_hu_ming_cheng"),
        ("金额(元)", "jin_e"),
        ("OrderNo.", "order_no"),
        ("2025计划", "field_2025_ji_hua"),
        ("Größe", "gro_e"),
        ("**", "field"),
        ("(备)", "bei"),
    ],
)
def test_a_name_is_spelled(text: str, name: str):
    assert api_name(text, "field", lambda _: True) == name


def test_a_long_or_taken_name_gets_room():
    name = api_name("客户联系人手机号码以及备用电话号码说明文字", "field", lambda _: True)
    assert len(name) == 40
    assert api_name("客户", "field", lambda one: one not in {"ke_hu", "ke_hu_2"}) == "ke_hu_3"


def test_rows_keep_their_numbers_in_the_file_for_the_import():
    rows = [["标题", ""], ["名", "值"], ["a", "1"], ["", ""], ["=b", "-2"], ["合计", ""]]
    opened = open_table("a.csv", as_text(rows))
    ready = ready_file(opened, [Kept(0, "name", "text"), Kept(1, "value", "integer")])
    lines = ready.data.decode("utf-8-sig").split("\r\n")
    assert lines == ["", "name,value", "a,1", "", "'=b,-2", ""]
    assert [one.row for one in ready.left_out] == [1, 6]


def test_without_names_the_first_row_is_a_record():
    opened = open_table("a.csv", as_text([["a", "1"], ["b", "2"]]), None, 0)
    ready = ready_file(opened, [Kept(0, "name", "text")])
    assert ready.rows == 2
    assert ready.data.decode("utf-8-sig").split("\r\n")[:3] == ["name", "a", "b"]
