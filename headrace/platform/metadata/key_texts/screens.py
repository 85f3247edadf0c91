"""Words for the keys of forms, views, reports, dashboards, roles and permissions, in the order of the options panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headrace.platform.metadata.key_texts.base import KeyText, daily, more

TEXTS: Final[Mapping[str, KeyText]] = {
    "FormDef.label": daily("Name", "名称", "显示给管理员的名称。"),
    "FormDef.name": daily("API name", "API 名称", "表单的名称。"),
    "FormDef.object": daily("Object", "对象", "表单填写的对象。"),
    "FormDef.sections": daily("Sections", "分组", "表单的分组。"),
    "FormDef.for_": daily("For whom", "适用人群", "谁使用这个表单；不填则所有人使用。"),
    "SectionDef.label": daily("Heading", "标题", "分组的标题。"),
    "SectionDef.columns": daily("Columns", "列数", "宽屏时分几列。"),
    "SectionDef.items": daily("Items", "内容", "分组中显示的字段和明细。"),
    "SectionDef.name": more("API name", "API 名称", "扩展向此分组添加内容时使用的名称。"),
    "FormItemDef.field": daily("Field", "字段", "本对象的一个字段。"),
    "FormItemDef.children": daily("Child grid", "明细", "本对象的一个明细。"),
    "FormItemDef.columns": daily("Columns", "列", "明细表格显示的列。"),
    "FormForDef.roles": daily("Roles", "角色", "使用这个表单的角色。"),
    "FormForDef.record_types": daily(
        "Record types", "记录类型", "适用的记录类型；不填则适用于全部。"
    ),
    "ViewDef.label": daily("Name", "名称", "页签上的名称。"),
    "ViewDef.name": daily("API name", "API 名称", "列表的名称。"),
    "ViewDef.object": daily("Object", "对象", "列出哪个对象的记录。"),
    "ViewDef.columns": daily("Columns", "列", "显示的列，可以沿引用选取。"),
    "ViewDef.where": daily("Only rows where", "筛选条件", "只显示此条件为真的记录。"),
    "ViewDef.sort": daily("Order", "排序", "排序字段；前面加 `-` 表示降序。"),
    "ViewDef.type": more("Kind of list", "列表类型", "记录的显示方式。"),
    "ReportDef.label": daily("Title", "标题", "报表的标题。"),
    "ReportDef.name": daily("API name", "API 名称", "报表的名称。"),
    "ReportDef.object": daily("Object", "对象", "统计哪个对象的记录。"),
    "ReportDef.help": daily("Help", "说明", "这个报表回答什么问题。"),
    "ReportDef.measures": daily("Numbers", "度量", "统计的数值。"),
    "ReportDef.group_rows": daily("Groups down the page", "行分组", "纵向排列的分组字段。"),
    "ReportDef.group_columns": daily("Groups across the page", "列分组", "横向排列的分组字段。"),
    "ReportDef.where": daily("Only rows where", "筛选条件", "只统计此条件为真的记录。"),
    "ReportDef.chart": daily("Chart", "图表", "显示在表格上方的图表。"),
    "ReportDef.roles": daily(
        "Roles", "角色", "可以打开此报表的角色；不填则能读取该对象的人都可以打开。"
    ),
    "ReportDef.type": more("Kind of report", "报表类型", "报表的类型。"),
    "MeasureDef.label": daily("Heading", "标题", "该列的标题。"),
    "MeasureDef.op": daily("Way of putting together", "汇总方式", "值如何汇总。"),
    "MeasureDef.field": daily("Field", "字段", "要汇总的字段，可以沿引用选取；计数时不填。"),
    "GroupDef.field": daily("Field", "字段", "分组字段，可以沿引用选取。"),
    "GroupDef.bucket": daily("Date bucket", "日期粒度", "日期按日、月、季度还是年分组。"),
    "GroupDef.label": daily("Heading", "标题", "分组的标题。"),
    "ChartDef.mark": daily("Form", "图表形式", "图表的形式。"),
    "ChartDef.stack": daily("Stack", "堆叠", "把列分组堆叠在一起。"),
    "DashboardDef.label": daily("Title", "标题", "看板的标题。"),
    "DashboardDef.name": daily("API name", "API 名称", "看板的名称。"),
    "DashboardDef.help": daily("Help", "说明", "看板的用途，显示在标题下方。"),
    "DashboardDef.tiles": daily("Tiles", "图块", "看板的图块，按显示顺序排列。"),
    "DashboardDef.roles": daily(
        "Roles", "角色", "可以打开此看板的角色；不填则能打开其中任一报表的人都可以打开。"
    ),
    "TileDef.label": daily("Heading", "标题", "图块的标题；不填则使用报表的标题。"),
    "TileDef.name": daily("API name", "API 名称", "图块的名称，在看板内唯一。"),
    "TileDef.report": daily("Report", "报表", "图块显示的报表。"),
    "TileDef.kind": daily(
        "Kind", "展示方式", "以数值显示报表的合计，或显示其图表，或显示表格的前几行。"
    ),
    "TileDef.width": daily("Width", "宽度", "在四列网格中占几列。"),
    "TileDef.measure": daily(
        "Measure",
        "度量",
        "数值显示哪个度量，用报表结果中的名称（`sum_amount`、`count_all`）；不填则为第一个。",
    ),
    "RoleDef.label": daily("Name", "名称", "显示的名称。"),
    "RoleDef.name": daily("API name", "API 名称", "角色的名称。"),
    "RoleDef.audience": daily(
        "Audience", "受众", "选“伙伴”表示其他公司的人员；他们永远看不到内部字段。"
    ),
    "RoleDef.design": daily("May design", "可以设计", "可以查看定义并发布。"),
    "RoleDef.migrate": more("May migrate", "可以迁移数据", "可以导入带有状态、编号和时间的记录。"),
    "PermissionDef.name": daily("API name", "API 名称", "权限的名称，通常与对象相同。"),
    "PermissionDef.object": daily("Object", "对象", "授权针对的对象。"),
    "PermissionDef.grants": daily("Grants", "授权", "各项授权；没有授权的一律拒绝。"),
    "GrantDef.role": daily("Role", "角色", "授予哪个角色。"),
    "GrantDef.actions": daily("Actions", "操作", "可以进行的操作。"),
    "ScopeDef.name": daily("Records", "记录", "适用于哪些记录。"),
    "GrantDef.scope": daily("Scope", "范围", "适用于哪些记录。"),
    "GrantDef.when": daily("Only when", "条件", "只适用于此条件为真的记录。"),
    "GrantDef.fields": daily("Fields", "字段", "适用于哪些字段；不填则全部字段。"),
    "GrantDef.transitions": daily("Transitions", "转换", "可以执行的转换。"),
    "_ScopeObject.assigned": daily("Assigned by", "指派字段", "到达指向当前用户的字段的路径。"),
    "_ScopeObject.criteria": daily("Where", "条件", "针对记录的公式。"),
    "FieldRightsDef.read": daily("May be read", "可读字段", "可以读取的字段。"),
    "FieldRightsDef.edit": daily("May be changed", "可改字段", "可以写入的字段和明细。"),
    "FieldRightsDef.unmask": more(
        "May be seen whole", "可查看原值的脱敏字段", "可以查看原值的脱敏字段，每次一条记录。"
    ),
}
"""Words by class and attribute."""
