"""Ten spreadsheets of different kinds, as people have them, and what must become of each."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import openpyxl


@dataclass(frozen=True)
class Sheet:
    """A file; the types that its columns must be taken for, by API name; what becomes of its rows.

    `refused` are the rows that the import refuses, `left_out` those that it is not given.
    """

    name: str
    data: bytes
    types: dict[str, str]
    records: int
    refused: tuple[int, ...] = ()
    left_out: tuple[int, ...] = ()
    key: str | None = None
    dropped: tuple[str, ...] = field(default=())


def as_text(
    rows: Sequence[Sequence[Any]], encoding: str = "utf-8", delimiter: str = ",", mark: bytes = b""
) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return mark + text.getvalue().encode(encoding)


def as_book(
    *sheets: tuple[str, Sequence[Sequence[Any]]], work: Callable[[Any], object] = lambda _: None
) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    work(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def customers() -> Sheet:
    """GBK; titles above the names; dates in Chinese; full-width digits; money and percent as typed; totals."""
    cities = ("杭州", "宁波", "温州", "嘉兴", "湖州", "绍兴", "金华", "衢州", "台州", "丽水")
    rows: list[list[str]] = [
        ["2025年客户一览表", *[""] * 7],
        [""] * 8,
        ["客户编号", "客户名称", "签约日期", "信用额度", "折扣率", "是否启用", "地区", "手机"],
    ]
    for place, city in enumerate(cities, 1):
        rows.append(
            [
                f"Ｃ００{place}",
                f"{city}暖通设备有限公司",
                ("2025年6月{}日", "2025/6/{}", "2025-06-{}")[place % 3].format(place),
                (f"￥{10_000 * place:,}.50", "１２３４")[place == 4],
                f"{place}％",
                "是" if place % 2 else "否",
                ("华东", "华南", "华东　")[place % 3],
                f"1380013{place:04}",
            ]
        )
    rows[7][2] = "待定"
    rows.append(["合计", "", "", "￥1,234.00", "", "", "", ""])
    types = {
        "ke_hu_bian_hao": "text",
        "ke_hu_ming_cheng": "text",
        "qian_yue_ri_qi": "date",
        "xin_yong_e_du": "money",
        "zhe_kou_lv": "percent",
        "shi_fou_qi_yong": "boolean",
        "di_qu": "choice",
        "shou_ji": "phone",
    }
    return Sheet(
        *("客户一览.csv", as_text(rows, "gbk"), types, 9, (8,), (1, 14)), key="ke_hu_bian_hao"
    )


def orders() -> Sheet:
    """UTF-8 with a mark and semicolons; English names; thousands separators; e-mail and web addresses."""
    rows = [["Order No", "Order Date", "Amount", "Quantity", "E-mail", "Web Site", "Paid At"]]
    rows += [
        [
            f"SO-2025-{place:04}",
            f"2025-03-{place:02}",
            f"{place * 1000:,}.00",
            str(place * 3),
            f"buyer{place}@example.com",
            f"https://example.com/{place}",
            f"2025-03-{place:02} 10:{place:02}",
        ]
        for place in range(1, 13)
    ]
    types = {
        "order_no": "text",
        "order_date": "date",
        "amount": "money",
        "quantity": "integer",
        "e_mail": "email",
        "web_site": "url",
        "paid_at": "datetime",
    }
    data = as_text(rows, "utf-8", ";", b"\xef\xbb\xbf")
    return Sheet("orders.csv", data, types, 12, key="order_no")


def twice() -> Sheet:
    """Two columns of the same name, an empty column with a name, one without either, a value without a name."""
    rows = [["日期", "数量", "", "数量", "备用", ""]]
    rows += [[f"2025.6.{place}", str(place), "", f"{place}.25", "", "x"] for place in range(1, 7)]
    types = {
        "ri_qi": "date",
        "shu_liang": "integer",
        "shu_liang_2": "decimal",
        "f": "text",
    }
    return Sheet("重复列.csv", as_text(rows), types, 6, dropped=("bei_yong",))


def stock() -> Sheet:
    """A workbook of two sheets, the first a cover; real dates, serial numbers and percents of Excel."""
    cover = [["库存盘点"], ["制表人", "王"]]
    rows: list[list[Any]] = [["货号", "仓库", "盘点日期", "数量", "损耗率", "单价"]]
    rows += [
        [
            f"{place:05}",
            ("一号仓", "二号仓")[place % 2],
            date(2025, 6, place) if place != 5 else 45809,
            place * 10,
            place / 100,
            19.9 + place,
        ]
        for place in range(1, 11)
    ]
    rows[7][3] = "=1/0"

    def styled(book: Any) -> None:
        sheet = book["盘点"]
        for row in range(2, 12):
            sheet.cell(row, 5).number_format = "0.00%"
        cell = sheet.cell(8, 4)
        cell.value, cell.data_type = "#DIV/0!", "e"

    types = {
        "huo_hao": "text",
        "cang_ku": "choice",
        "pan_dian_ri_qi": "date",
        "shu_liang": "integer",
        "sun_hao_lv": "percent",
        "dan_jia": "money",
    }
    data = as_book(("封面", cover), ("盘点", rows), work=styled)
    return Sheet("库存.xlsx", data, types, 9, (), (8,), key="huo_hao")


def merged() -> Sheet:
    """Merged titles, names in two rows, notes below; the names come again in the middle."""
    names = [
        ["经销商", "联系方式", None, "合同", None],
        [None, "联系人", "电话", "开始", "金额(元)"],
    ]
    rows: list[list[Any]] = [["经销商联系表", None, None, None, None], *names]
    for place in range(1, 10):
        when = date(2025, place, 1)
        rows.append([f"第{place}商行", f"张{place}", f"0571-8800{place:04}", when, place * 100])
    rows.insert(8, ["经销商", "联系方式 联系人", "联系方式 电话", "合同 开始", "合同 金额(元)"])
    rows.append(["注:以上数据截至六月底", None, None, None, None])

    def styled(book: Any) -> None:
        sheet = book["联系表"]
        sheet.merge_cells("A1:E1")
        sheet.merge_cells("B2:C2")
        sheet.merge_cells("D2:E2")
        sheet.merge_cells("A2:A3")

    types = {
        "jing_xiao_shang": "text",
        "lian_xi_fang_shi_lian_xi_ren": "text",
        "lian_xi_fang_shi_dian_hua": "phone",
        "he_tong_kai_shi": "date",
        "he_tong_jin_e": "money",
    }
    data = as_book(("联系表", rows), work=styled)
    return Sheet("联系.xlsx", data, types, 9, (), (1, 2, 9, 14))


def tickets() -> Sheet:
    """Long texts with line breaks, months, yes and no in English, a column where almost all are numbers."""
    rows = [["Ticket", "Opened", "Urgent", "Hours", "Story"]]
    rows += [
        [
            f"T{place}",
            f"2025年{place}月",
            "Yes" if place % 3 else "No",
            f"{place}.5",
            f"First line {place}\nsecond line",
        ]
        for place in range(1, 11)
    ]
    rows[4][3] = "unknown"
    types = {
        "ticket": "text",
        "opened": "month",
        "urgent": "boolean",
        "hours": "decimal",
        "story": "long_text",
    }
    return Sheet("tickets.csv", as_text(rows), types, 9, (5,), key="ticket")


def abroad() -> Sheet:
    """Amounts in dollars, one of them in another currency; totals in English; tabs between columns."""
    rows = [["Invoice Number", "Customer", "Total Price", "Discount"]]
    rows += [
        [f"INV{place}", ("Ace", "Bolt", "Cog")[place % 3], f"${place},000.00", "5%"]
        for place in range(1, 10)
    ]
    rows[3][2] = "€3,000.00"
    rows.append(["Total", "", "$45,000.00", ""])
    types = {
        "invoice_number": "text",
        "customer": "choice",
        "total_price": "money",
        "discount": "percent",
    }
    data = as_text(rows, "utf-8", "\t")
    return Sheet("invoices.tsv", data, types, 8, (), (4, 11), key="invoice_number")


def branches() -> Sheet:
    """A column that names live records by their code, with one that is not there."""
    rows = [["网点编号", "所属大区", "面积"]]
    for place in range(1, 25):
        region = "land" if place % 3 else "east"
        rows.append([f"W{place:03}", region if place != 7 else "nowhere", f"{place * 11}"])
    types = {"wang_dian_bian_hao": "text", "suo_shu_da_qu": "lookup", "mian_ji": "integer"}
    return Sheet("网点.csv", as_text(rows), types, 23, (8,), (), key="wang_dian_bian_hao")


def codes() -> Sheet:
    """Codes with zeros in front and more digits than a spreadsheet keeps; the same code twice; no key then."""
    rows = [["会员卡号", "身份", "积分"]]
    rows += [[f"00{place}", f"33010619900101{place:04}", str(place)] for place in range(1, 9)]
    rows.append(["001", "3.30106E+17", "5"])
    types = {"hui_yuan_ka_hao": "text", "shen_fen": "text", "ji_fen": "integer"}
    return Sheet("会员.csv", as_text(rows, "gb18030"), types, 8, (10,))


def bare() -> Sheet:
    """Two columns only, blank rows between, brackets for minus, words for some amounts."""
    rows = [["科目", "费用"], [], ["差旅", "(1,200.00)"], ["办公", "300元"], [], ["培训", "¥5"]]
    rows += [[f"其他{place}", f"{place}.10"] for place in range(1, 8)]
    rows.append(["待摊", "若干"])
    types = {"ke_mu": "text", "fei_yong": "money"}
    return Sheet("费用.csv", as_text(rows), types, 10, (14,))


ALL = (
    customers,
    orders,
    twice,
    stock,
    merged,
    tickets,
    abroad,
    branches,
    codes,
    bare,
)
