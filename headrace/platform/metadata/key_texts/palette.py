"""The field types as people choose among them: groups, a sentence each, the name of an icon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from headrace.platform.core.problems import Text

GROUPS: Final[Mapping[str, Text]] = {
    "text": Text("Text", "文本"),
    "number": Text("Numbers", "数值"),
    "time": Text("Dates and times", "日期与时间"),
    "choice": Text("Choices", "选择"),
    "reference": Text("References", "引用"),
    "file": Text("Files", "文件"),
    "computed": Text("Computed", "计算"),
    "other": Text("Others", "其他"),
}
"""The groups of the palette, in order."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A field type in the palette."""

    group: str
    icon: str
    help: Text


TILES: Final[Mapping[str, Tile]] = {
    "text": Tile("text", "text", Text("One line of text.", "一行文本。")),
    "long_text": Tile("text", "lines", Text("Text with several lines.", "多行文本。")),
    "rich_text": Tile(
        "text",
        "rich-text",
        Text("Text with headings, lists and links.", "带标题、列表和链接的文本。"),
    ),
    "email": Tile("text", "mail", Text("An e-mail address.", "电子邮箱地址。")),
    "phone": Tile("text", "phone", Text("A telephone number.", "电话号码。")),
    "url": Tile("text", "link", Text("The address of a web page.", "网页地址。")),
    "integer": Tile("number", "integer", Text("A number without decimals.", "不带小数的数。")),
    "decimal": Tile(
        "number", "decimal", Text("An exact number with decimals.", "精确的小数，位数可设。")
    ),
    "quantity": Tile(
        "number",
        "quantity",
        Text("How much of something, to the thousandth.", "数量，精确到千分位。"),
    ),
    "money": Tile("number", "money", Text("An amount of money.", "金额。")),
    "percent": Tile("number", "percent", Text("A share in percent.", "百分比。")),
    "date": Tile("time", "calendar", Text("A day.", "某一天。")),
    "datetime": Tile("time", "clock", Text("A day with the time.", "某一天的某个时刻。")),
    "time": Tile("time", "time", Text("A time of the day.", "一天中的时刻。")),
    "month": Tile("time", "month", Text("A month of a year.", "某年某月。")),
    "period": Tile("time", "period", Text("A year, quarter or month.", "某年、某季度或某月。")),
    "duration": Tile("time", "duration", Text("How long something takes.", "持续多久。")),
    "boolean": Tile("choice", "check", Text("Yes or no.", "是或否。")),
    "choice": Tile("choice", "choice", Text("One of several values.", "从多个值中选一个。")),
    "multi_choice": Tile(
        "choice", "choices", Text("Several of a number of values.", "从多个值中选几个。")
    ),
    "lookup": Tile(
        "reference", "lookup", Text("A record of another object.", "另一个对象的一条记录。")
    ),
    "master_detail": Tile(
        "reference",
        "master",
        Text(
            "The record that this one is a row of: it is entered in its form and deleted with it.",
            "本记录所属的主记录：在主记录的表单中填写，随主记录删除。",
        ),
    ),
    "multi_lookup": Tile(
        "reference", "lookups", Text("Several records of another object.", "另一个对象的多条记录。")
    ),
    "polymorphic_lookup": Tile(
        "reference",
        "polymorphic",
        Text("A record of any of several objects.", "多个对象中任意一个的一条记录。"),
    ),
    "tree": Tile("reference", "tree", Text("The record above this one.", "本记录的上级记录。")),
    "user": Tile("reference", "person", Text("A person with an account.", "一个用户。")),
    "users": Tile("reference", "users", Text("Several people with accounts.", "多个用户。")),
    "file": Tile("file", "file", Text("One file.", "一个文件。")),
    "files": Tile("file", "files", Text("Several files.", "多个文件。")),
    "image": Tile("file", "image", Text("One image or photograph.", "一张图片或照片。")),
    "images": Tile("file", "images", Text("Several images or photographs.", "多张图片或照片。")),
    "signature": Tile(
        "file",
        "signature",
        Text("A signature drawn by hand on the screen.", "在屏幕上手写的签名。"),
    ),
    "auto_number": Tile(
        "computed",
        "number",
        Text("A number that each new record gets by itself.", "新记录自动获得的编号。"),
    ),
    "formula": Tile(
        "computed",
        "formula",
        Text("A value computed from other fields.", "由其他字段计算得出的值。"),
    ),
    "rollup": Tile(
        "computed",
        "rollup",
        Text(
            "A figure over the rows that belong to the record: sum, count, average.",
            "对所属行的汇总：合计、计数、平均等。",
        ),
    ),
    "state": Tile(
        "computed",
        "state",
        Text("Where the record stands in its workflow.", "记录在工作流中的状态。"),
    ),
    "geo_point": Tile("other", "position", Text("A place on the map.", "地图上的位置。")),
    "json": Tile(
        "other", "json", Text("Structured data of another system.", "其他系统的结构化数据。")
    ),
}
"""Tiles by field type, in the order of the palette."""

OF_EXTENSIONS: Final = Tile("other", "other", Text())
"""The tile of a field type that an installed package brings."""
