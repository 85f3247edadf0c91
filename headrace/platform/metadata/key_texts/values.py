"""Words for the values that keys may have, beside those that changes are told with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headrace.platform.core.problems import Text
from headrace.platform.metadata.comparing.words import VALUE_WORDS

_TYPES: Final[Mapping[str, Text]] = {
    "integer": Text("whole number", "整数"),
    "decimal": Text("decimal", "小数"),
    "quantity": Text("quantity", "数量"),
    "money": Text("money", "金额"),
    "percent": Text("percent", "百分比"),
    "text": Text("text", "文本"),
    "boolean": Text("yes or no", "是否"),
    "date": Text("date", "日期"),
    "datetime": Text("date and time", "日期时间"),
    "reference": Text("reference", "引用"),
}
_ICONS: Final[Mapping[str, Text]] = {
    "alert": Text("alert", "提醒"),
    "award": Text("award", "奖章"),
    "barcode": Text("bar code", "条码"),
    "bell": Text("bell", "铃铛"),
    "book": Text("book", "书本"),
    "box": Text("box", "箱子"),
    "building": Text("building", "建筑"),
    "calendar": Text("calendar", "日历"),
    "cart": Text("cart", "购物车"),
    "chart": Text("chart", "图表"),
    "check": Text("tick", "对勾"),
    "clock": Text("clock", "时钟"),
    "document": Text("document", "文档"),
    "flag": Text("flag", "旗帜"),
    "folder": Text("folder", "文件夹"),
    "gift": Text("gift", "礼物"),
    "home": Text("house", "房子"),
    "inbox": Text("inbox", "收件箱"),
    "layers": Text("layers", "层叠"),
    "list": Text("list", "列表"),
    "map": Text("map", "地图"),
    "money": Text("money", "钱币"),
    "person": Text("person", "人物"),
    "shield": Text("shield", "盾牌"),
    "star": Text("star", "星星"),
    "tag": Text("tag", "标签"),
    "truck": Text("truck", "货车"),
    "users": Text("people", "人群"),
    "wallet": Text("wallet", "钱包"),
}
_DAYS: Final[Mapping[str, Text]] = {
    "monday": Text("Monday", "星期一"),
    "tuesday": Text("Tuesday", "星期二"),
    "wednesday": Text("Wednesday", "星期三"),
    "thursday": Text("Thursday", "星期四"),
    "friday": Text("Friday", "星期五"),
    "saturday": Text("Saturday", "星期六"),
    "sunday": Text("Sunday", "星期日"),
}

WORDS: Final[Mapping[str, Mapping[str, Text]]] = {
    **VALUE_WORDS,
    "ConstantDef.type": _TYPES,
    "ParameterDef.type": _TYPES,
    "FormulaOptions.returns": _TYPES,
    "ShiftDef.days": _DAYS,
    "MenuItemDef.icon": _ICONS,
    "NoOverlapDef.ends": {
        "inclusive": Text("the end belongs to the range", "终点计入区间"),
        "exclusive": Text("the next may begin at the end", "终点不计入区间"),
    },
    "OverlapKeyDef.match": {
        "equal": Text("the same value", "相同"),
        "subtree": Text("one within the subtree of the other", "上下级"),
    },
    "ScopeDef.name": {
        "all": Text("all records", "全部记录"),
        "own": Text("own records", "本人的记录"),
        "organisation": Text("records of the own organisation", "本组织的记录"),
        "organisation_tree": Text(
            "records of the own organisation and those below", "本组织及下级组织的记录"
        ),
        "organisation_below": Text("records of the organisations below", "下级组织的记录"),
        "territory_tree": Text("records of the own territories", "所辖区域的记录"),
    },
    "ViewDef.type": {"table": Text("table", "表格")},
    "ReportDef.type": {"grouped": Text("grouped", "分组统计")},
    "PeriodOptions.unit": {
        "year": Text("year", "年"),
        "quarter": Text("quarter", "季度"),
        "month": Text("month", "月"),
    },
    "RollupOptions.op": {
        **VALUE_WORDS["op"],
        "last": Text("value of the last row", "取最后一行的值"),
    },
}
"""Words by class and attribute, or by the attribute alone; then by value."""

NAMED: Final[Mapping[str, str]] = {
    "PhoneOptions.country": "region",
    "MoneyOptions.currency": "currency",
}
"""Keys whose values are codes of a standard: what every browser knows the names of."""
