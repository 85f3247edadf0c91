"""Nouns of keys and words for their values, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headrace.platform.core.problems import Text

NOUNS: Final[Mapping[str, Text]] = {
    "label": Text("label", "名称"),
    "plural": Text("label of many", "复数名称"),
    "help": Text("help text", "说明"),
    "message": Text("message", "提示信息"),
    "title": Text("title field", "标题字段"),
    "acts_as": Text("part that it plays", "担任的角色"),
    "scope_paths": Text("paths of scopes", "归属路径"),
    "organisation": Text("path to the organisation", "组织路径"),
    "territory": Text("path to the territory", "区域路径"),
    "owner": Text("path to the owner", "负责人路径"),
    "object": Text("object", "对象"),
    "by": Text("field that points to the owner", "指向字段"),
    "RollupOptions.on": Text("shared fields", "共同字段"),
    "via": Text("path to the owner", "到达所属记录的路径"),
    "last_by": Text("field that says which row is last", "最后一行的依据"),
    "of": Text("values that are put together", "汇总内容"),
    "op": Text("way of putting values together", "汇总方式"),
    "min": Text("fewest rows", "最少行数"),
    "max": Text("most rows", "最多行数"),
    "least": Text("least value", "最小值"),
    "most": Text("most", "最大值"),
    "length": Text("most characters", "最大长度"),
    "precision": Text("number of digits", "总位数"),
    "scale": Text("number of digits after the point", "小数位数"),
    "depth": Text("most levels", "最多层级"),
    "pattern": Text("form of the number", "编号格式"),
    "returns": Text("type of the result", "结果类型"),
    "filter": Text("filter of the choice", "可选范围"),
    "choices": Text("choice", "选项"),
    "choice_set": Text("choice set", "选项集"),
    "depends_on": Text("field that decides on the choices", "决定可选值的字段"),
    "allowed": Text("allowed choices", "允许的选项"),
    "value": Text("value", "值"),
    "colour": Text("colour", "颜色"),
    "field": Text("field", "字段"),
    "workflow": Text("workflow", "工作流"),
    "transition": Text("transition", "转换"),
    "without_approval": Text("way without an approval", "无需审批时的去向"),
    "on": Text("outcomes of the approval", "审批结果"),
    "approved": Text("way after approval", "同意后的去向"),
    "rejected": Text("way after rejection", "驳回后的去向"),
    "withdrawn": Text("way after withdrawal", "撤回后的去向"),
    "role": Text("role", "角色"),
    "within": Text("territory of the approver", "审批人区域"),
    "audience": Text("audience", "受众"),
    "scope": Text("scope", "范围"),
    "fields": Text("field", "字段"),
    "read": Text("fields that may be read", "可读字段"),
    "edit": Text("fields that may be changed", "可改字段"),
    "unmask": Text("masked fields that may be seen whole", "可查看原值的脱敏字段"),
    "masked": Text("mask", "脱敏方式"),
    "start": Text("characters shown at the start", "开头显示的字符数"),
    "end": Text("characters shown at the end", "末尾显示的字符数"),
    "format": Text("format", "格式"),
    "country": Text("country", "国家或地区"),
    "pattern_help": Text("explanation of the pattern", "规则说明"),
    "unit": Text("length of the period", "周期长度"),
    "seconds": Text("whether seconds count", "是否精确到秒"),
    "for": Text("people it is made for", "适用人群"),
    "columns": Text("number of columns", "列数"),
    "type": Text("type", "类型"),
    "bucket": Text("date bucket", "日期粒度"),
    "chart": Text("chart", "图表"),
    "mark": Text("form of the chart", "图表形式"),
    "children": Text("child grid", "明细"),
    "report": Text("report", "报表"),
    "icon": Text("icon", "图标"),
    "states": Text("state", "状态"),
    "transitions": Text("transition", "转换"),
    "steps": Text("step", "步骤"),
    "rules": Text("rule", "规则"),
    "field_rules": Text("field rule", "字段规则"),
    "no_overlap": Text("ban on overlaps", "不重叠约束"),
    "NoOverlapDef.from_": Text("start of the range", "区间起点"),
    "NoOverlapDef.to": Text("end of the range", "区间终点"),
    "ends": Text("whether ends belong to ranges", "终点是否计入区间"),
    "record_types": Text("record type", "记录类型"),
    "unique": Text("unique key", "唯一键"),
    "constants": Text("constant", "常量"),
    "expressions": Text("named expression", "命名表达式"),
    "parameters": Text("parameter", "参数"),
    "calendars": Text("working calendar", "工作日历"),
    "shifts": Text("shift", "班次"),
    "holidays": Text("day off", "休息日"),
    "workdays": Text("extra working day", "调休工作日"),
    "days": Text("days of the week", "星期"),
    "opens": Text("beginning of work", "上班时间"),
    "closes": Text("end of work", "下班时间"),
    "menu": Text("menu entry", "菜单项"),
    "sections": Text("section", "分组"),
    "roles": Text("roles", "角色"),
    "after": Text("place in the order", "顺序位置"),
}
"""Nouns of keys, where nothing better is said."""

LISTS: Final[Mapping[str, Text]] = {
    "columns": Text("columns", "列"),
    "sort": Text("sort keys", "排序"),
    "views": Text("tabs", "视图"),
}
"""Nouns of lists of names whose order counts."""

LANGUAGES: Final[Mapping[str, Text]] = {
    "en": Text("English", "英文"),
    "zh": Text("Chinese", "中文"),
}

VALUE_WORDS: Final[Mapping[str, Mapping[str, Text]]] = {
    "FieldDef.audience": {
        "all": Text("everybody", "所有人"),
        "internal": Text("internal people only", "内部人员"),
    },
    "FieldDef.written_by": {
        "user": Text("people", "用户"),
        "system": Text("the system only", "系统"),
    },
    "RoleDef.audience": {
        "internal": Text("internal people", "内部人员"),
        "partner": Text("partners", "伙伴"),
    },
    "RuleDef.severity": {
        "error": Text("a refusal", "拒绝保存"),
        "warning": Text("a warning", "警告"),
    },
    "FieldRuleDef.effect": {
        "show": Text("shown only while it holds", "仅在成立时显示"),
        "require": Text("required while it holds", "成立时必填"),
        "lock": Text("read-only while it holds", "成立时只读"),
        "limit": Text("limited choices while it holds", "成立时限制可选值"),
    },
    "StepDef.mode": {
        "one": Text("one approver decides", "一人审批"),
        "any": Text("the first decision counts", "任一人审批即可"),
        "all": Text("everybody must approve", "须全部同意"),
    },
    "GrantDef.actions": {
        "create": Text("create records", "新建记录"),
        "read": Text("read records", "读取记录"),
        "update": Text("change records", "修改记录"),
        "delete": Text("delete records", "删除记录"),
        "migrate": Text("load records in migration mode", "以迁移方式导入记录"),
    },
    "TransitionDef.needs": {"comment": Text("comment", "意见")},
    "op": {
        "sum": Text("sum", "合计"),
        "count": Text("count", "计数"),
        "avg": Text("average", "平均"),
        "min": Text("least", "最小"),
        "max": Text("most", "最大"),
    },
    "acts_as": {
        "organisation": Text("organisation", "组织"),
        "territory": Text("territory", "区域"),
    },
    "bucket": {
        "day": Text("day", "日"),
        "month": Text("month", "月"),
        "quarter": Text("quarter", "季度"),
        "year": Text("year", "年"),
    },
    "mark": {
        "bar": Text("bars", "柱形"),
        "line": Text("line", "折线"),
        "area": Text("area", "面积"),
        "arc": Text("pie", "饼图"),
    },
    "colour": {
        "grey": Text("grey", "灰"),
        "blue": Text("blue", "蓝"),
        "green": Text("green", "绿"),
        "amber": Text("amber", "橙"),
        "red": Text("red", "红"),
        "purple": Text("purple", "紫"),
    },
}

SCOPES: Final[Mapping[str, Text]] = {
    "all": Text("all records", "全部记录"),
    "own": Text("own records", "本人的记录"),
    "organisation": Text("records of the own organisation", "本组织的记录"),
    "organisation_tree": Text(
        "records of the own organisation and those below", "本组织及下级组织的记录"
    ),
    "organisation_below": Text("records of the organisations below", "下级组织的记录"),
    "territory_tree": Text("records of the own territories", "所辖区域的记录"),
    "assigned": Text("records assigned by {path}", "由{path}指派的记录"),
    "criteria": Text("records where {formula}", "满足 {formula} 的记录"),
}
