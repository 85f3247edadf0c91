"""Words for the keys of modules and extension files, in the order of the options panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headrace.platform.metadata.key_texts.base import KeyText, daily, more

TEXTS: Final[Mapping[str, KeyText]] = {
    "ModuleDef.label": daily("Name", "名称", "菜单中显示的名称。"),
    "ModuleDef.name": daily("API name", "API 名称", "模块的名称，也是文件夹的名称。"),
    "ModuleDef.version": daily("Version", "版本", "模块的版本，由三个数字组成。"),
    "ModuleDef.menu": daily("Menu", "菜单", "菜单项，按顺序排列。"),
    "ModuleDef.menu_order": daily(
        "Place in the menu", "菜单位置", "模块在菜单中的位置：数值小者在前，未填的排在其后。"
    ),
    "ModuleDef.constants": daily("Constants", "常量", "模块的常量。"),
    "ModuleDef.expressions": more("Named expressions", "命名表达式", "模块的命名表达式。"),
    "ModuleDef.calendars": more("Working calendars", "工作日历", "模块的工作日历。"),
    "ModuleDef.requires": more("Requires", "依赖的模块", "必须先安装的模块。"),
    "ModuleDef.optional": more("Extends if there", "可选模块", "存在时由本模块扩展的模块。"),
    "ConstantDef.label": daily("Name", "名称", "显示给管理员的名称。"),
    "ConstantDef.name": daily("API name", "API 名称", "常量的名称，在工作区内唯一。"),
    "ConstantDef.type": daily("Type", "类型", "值的类型。"),
    "ConstantDef.value": daily("Value", "值", "以文本写出的值。"),
    "ExpressionDef.label": daily("Name", "名称", "显示给管理员的名称。"),
    "ExpressionDef.name": daily(
        "API name", "API 名称", "表达式的名称，在工作区内唯一，且不与函数同名。"
    ),
    "ExpressionDef.parameters": daily("Parameters", "参数", "依次传入的参数。"),
    "ExpressionDef.formula": daily(
        "Formula", "公式", "调用所代表的内容；可以使用参数，不能读取记录。"
    ),
    "ParameterDef.name": daily("Name", "名称", "公式中使用的参数名称。"),
    "ParameterDef.type": daily("Type", "类型", "值的类型；数值按其小数位数规整。"),
    "ParameterDef.to": daily("Object", "引用对象", "引用所指向的对象。"),
    "CalendarDef.label": daily("Name", "名称", "显示给管理员的名称。"),
    "CalendarDef.name": daily("API name", "API 名称", "日历的名称，在工作区内唯一。"),
    "CalendarDef.shifts": daily("Shifts", "班次", "一周中的工作时间。"),
    "CalendarDef.holidays": daily("Days off", "休息日", "休息的日期，如 2025-10-01。"),
    "CalendarDef.workdays": daily(
        "Extra working days", "调休工作日", "不论星期几，都按星期一的时间工作的日期。"
    ),
    "ShiftDef.days": daily("Days", "星期", "适用于星期几。"),
    "ShiftDef.opens": daily("Begins", "上班时间", "开始工作的时间，如 09:00，按工作区的时区。"),
    "ShiftDef.closes": daily("Ends", "下班时间", "结束工作的时间，如 18:00；最晚 24:00。"),
    "MenuItemDef.label": daily("Name", "名称", "菜单项的文字。"),
    "MenuItemDef.icon": daily("Icon", "图标", "内置图标之一。"),
    "MenuItemDef.object": daily("Object", "对象", "打开哪个对象的列表。"),
    "MenuItemDef.views": daily("Views", "列表", "以页签显示的列表，按此顺序排列。"),
    "MenuItemDef.report": daily("Report", "报表", "打开的报表。"),
    "MenuItemDef.dashboard": daily("Dashboard", "看板", "打开的看板。"),
    "of": daily("Kind", "种类", "被扩展的定义属于哪一种。"),
    "ExtendsDef.name": daily("API name", "API 名称", "被扩展的定义的名称。"),
    "ExtendsModuleDef.menu": daily("Menu", "菜单", "增加的菜单项。"),
    "ExtendsModuleDef.views": daily("Views", "列表", "按菜单项打开的对象，增加到其页签的列表。"),
    "ExtendsChoiceSetDef.choices": daily("Choices", "选项", "增加的选项值。"),
    "ExtendsChoiceSetDef.after": more(
        "Places", "顺序位置", "哪个值排在哪个之后；文本为空排在最前，不填排在最后。"
    ),
    "ExtendsObjectDef.fields": daily("Fields", "字段", "增加的字段。"),
    "ExtendsObjectDef.rules": daily("Rules", "规则", "增加的规则。"),
    "ExtendsObjectDef.field_rules": daily("Field rules", "字段规则", "增加的字段规则。"),
    "ExtendsObjectDef.children": daily("Child grids", "明细", "增加的明细。"),
    "ExtendsObjectDef.choices": daily("Choices", "选项", "按字段列出的、增加到选项字段的值。"),
    "ExtendsObjectDef.search": daily("Quick search", "快速搜索", "快速搜索时还查找的字段。"),
    "ExtendsObjectDef.record_types": more("Record types", "记录类型", "增加的记录类型。"),
    "ExtendsObjectDef.unique": more("Unique keys", "唯一键", "增加的唯一键。"),
    "ExtendsObjectDef.after": more(
        "Places", "顺序位置", "按名称指明哪项排在哪项之后；文本为空排在最前，不填排在最后。"
    ),
    "ExtendsWorkflowDef.states": daily("States", "状态", "增加的状态。"),
    "ExtendsWorkflowDef.transitions": daily("Transitions", "转换", "增加的转换。"),
    "ExtendsWorkflowDef.from_": daily("From", "起始状态", "按转换列出的、还可以从哪些状态出发。"),
    "ExtendsWorkflowDef.by": daily("Roles", "可执行的角色", "按转换列出的、还可以执行它的角色。"),
    "ExtendsWorkflowDef.after": more(
        "Places", "顺序位置", "按名称指明哪项排在哪项之后；文本为空排在最前，不填排在最后。"
    ),
    "ExtendsApprovalDef.steps": daily("Steps", "步骤", "增加的步骤。"),
    "ExtendsApprovalDef.editable": daily(
        "May be changed", "可改字段", "按步骤列出的、审批人还可以修改的字段。"
    ),
    "ExtendsApprovalDef.after": more(
        "Places", "顺序位置", "按名称指明哪个步骤排在哪个之后；文本为空排在最前，不填排在最后。"
    ),
    "ExtendsPermissionDef.grants": daily("Grants", "授权", "增加的授权。"),
    "ExtendsFormDef.sections": daily("Sections", "分组", "增加的分组。"),
    "ExtendsFormDef.items": daily("Items", "内容", "按分组名称列出的、增加到该分组的内容。"),
    "ExtendsFormDef.after": more(
        "Places",
        "顺序位置",
        "按名称指明哪个分组或内容排在哪个之后；文本为空排在最前，不填排在最后。",
    ),
    "ExtendsViewDef.columns": daily("Columns", "列", "增加的列，可以沿引用选取。"),
    "ExtendsViewDef.after": more(
        "Places", "顺序位置", "哪一列排在哪一列之后；文本为空排在最前，不填排在最后。"
    ),
    "ExtendsReportDef.measures": daily("Numbers", "度量", "增加的数值。"),
    "ExtendsReportDef.group_rows": daily("Groups down the page", "行分组", "增加的纵向分组。"),
    "ExtendsReportDef.group_columns": daily("Groups across the page", "列分组", "增加的横向分组。"),
    "ExtendsReportDef.after": more(
        "Places", "顺序位置", "按字段指明哪个分组位于哪个之内；文本为空为最外层，不填为最内层。"
    ),
    "ExtendsDashboardDef.tiles": daily("Tiles", "图块", "增加的图块。"),
    "ExtendsDashboardDef.after": more(
        "Places", "顺序位置", "按名称指明哪个图块排在哪个之后；文本为空排在最前，不填排在最后。"
    ),
    "was": more("Former API name", "曾用名", "改名之前的 API 名称，用于没有标识的文件。"),
    "id": more("Stable id", "固定标识", "首次发布时产生的固定标识，改名后不变。"),
    "kind": more("Kind", "种类", "文档的种类，固定不变。"),
}
"""Words by class and attribute; by the attribute alone where a key means the same everywhere."""
