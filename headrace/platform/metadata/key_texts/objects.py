"""Words for the keys of objects, fields, rules and choice sets, in the order of the options panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headrace.platform.metadata.key_texts.base import KeyText, daily, more

TEXTS: Final[Mapping[str, KeyText]] = {
    "ObjectDef.label": daily("Name", "名称", "对象的名称，如“订货单”。"),
    "ObjectDef.plural": daily("Name of many", "复数名称", "多条记录的统称；不填时使用名称。"),
    "ObjectDef.name": daily("API name", "API 名称", "接口与公式中使用的名称。"),
    "ObjectDef.help": daily("Help", "说明", "用一句话说明这个对象的用途。"),
    "ObjectDef.title": daily("Title field", "标题字段", "在列表和引用中代表一条记录的字段。"),
    "ObjectDef.fields": daily("Fields", "字段", "对象的字段，按默认表单中的顺序排列。"),
    "ObjectDef.children": daily("Child grids", "明细", "在本对象的表单中一并填写的明细。"),
    "ObjectDef.rules": daily("Rules", "规则", "每次保存都必须满足的规则。"),
    "ObjectDef.field_rules": daily(
        "Field rules", "字段规则", "字段在什么条件下显示、必填、只读或限制可选值。"
    ),
    "ObjectDef.search": daily("Quick search", "快速搜索", "快速搜索时查找的字段。"),
    "ObjectDef.record_types": more(
        "Record types", "记录类型", "本对象的记录分为哪几类；每条记录属于其中一类。"
    ),
    "ObjectDef.unique": more("Unique keys", "唯一键", "由多个字段组合而成、不允许重复的键。"),
    "ObjectDef.no_overlap": more(
        "Bans on overlaps", "不重叠约束", "不允许互相重叠的日期、时间或数值区间。"
    ),
    "ObjectDef.history": more("Keep history", "保留历史", "保留所有修改记录。"),
    "ObjectDef.scope_paths": more("Whose records", "归属路径", "数据范围如何找到记录的归属。"),
    "ObjectDef.acts_as": more("Part it plays", "担任的角色", "其记录就是工作区的组织或区域。"),
    "ObjectDef.ledger": more(
        "Ledger", "账簿", "其记录是账户的流水：只能新增，不能修改，只能通过冲销撤回。"
    ),
    "ObjectDef.best_match": more(
        "Best match", "择优匹配", "`BEST` 从其记录中找出最符合的一条，并说明原因。"
    ),
    "ObjectDef.period_date": more(
        "Date that months are closed by",
        "关账依据日期",
        "决定记录属于哪个月份的必填日期或时间；月份关账后，其中的记录不能新建、修改或删除。",
    ),
    "FieldDef.label": daily("Name", "名称", "在表单和列表中显示的名称。"),
    "FieldDef.name": daily("API name", "API 名称", "接口与公式中使用的名称，在对象内唯一。"),
    "FieldDef.type": daily("Type", "类型", "字段类型。"),
    "FieldDef.required": daily("Required", "必填", "没有值的记录不能保存。"),
    "FieldDef.default": daily("Default", "默认值", "新建记录且未填写时的值。"),
    "FieldDef.help": daily("Help", "说明", "显示在名称下方的一行说明。"),
    "FieldDef.unique": daily("Unique", "唯一", "任何两条未删除的记录不能有相同的值。"),
    "FieldDef.required_in": more(
        "Required in states", "必填的状态", "记录进入或离开这些状态时必须有值。"
    ),
    "FieldDef.audience": more("Audience", "受众", "选“内部人员”时，绝不发送给伙伴角色。"),
    "FieldDef.written_by": more(
        "Written by", "由谁填写", "选“系统”时，只由工作流、审批和默认值写入。"
    ),
    "FieldDef.history": more(
        "Keep history", "保留历史", "保留修改记录：何人何时改动，以及修改前后的值。"
    ),
    "FieldDef.masked": more(
        "Mask",
        "脱敏方式",
        "列表、表单、报表和接口只显示文本两端；拥有“可查看原值”授权的角色可以查看全文，每次查看都记入历史。",
    ),
    "FieldDef.external_id": more(
        "External id", "外部标识", "其他系统用它来指定记录；未删除的记录之间不能重复。"
    ),
    "MaskDef.start": daily("Shown at the start", "开头显示的字符数", "开头显示多少个字符。"),
    "MaskDef.end": daily("Shown at the end", "末尾显示的字符数", "末尾显示多少个字符。"),
    "ScopePathsDef.organisation": daily(
        "Path to the organisation", "组织路径", "到达组织的路径；对象自身为组织时填 `id`。"
    ),
    "ScopePathsDef.territory": daily(
        "Path to the territory", "区域路径", "到达区域的路径；对象自身为区域时填 `id`。"
    ),
    "ScopePathsDef.owner": daily("Path to the owner", "负责人路径", "到达负责用户的路径。"),
    "ChildDef.label": daily("Heading", "标题", "明细表格的标题。"),
    "ChildDef.name": daily("API name", "API 名称", "在请求和表单中使用的关系名称。"),
    "ChildDef.object": daily("Child object", "明细对象", "明细行所属的对象。"),
    "ChildDef.by": daily("Points here by", "指向字段", "明细对象中指向本对象的主记录字段。"),
    "ChildDef.min": daily("Fewest rows", "最少行数", "至少需要多少行。"),
    "ChildDef.max": daily("Most rows", "最多行数", "最多允许多少行。"),
    "RuleDef.name": daily("API name", "API 名称", "规则的名称，在对象内唯一。"),
    "RuleDef.unless": daily(
        "What must hold", "必须满足的条件", "必须成立的条件；结果为空视为满足。"
    ),
    "RuleDef.message": daily("Message", "提示信息", "条件不满足时给用户的提示。"),
    "RuleDef.field": daily("Shown at", "提示位置", "提示信息显示在哪个字段旁。"),
    "RuleDef.when": daily("Only when", "适用条件", "只有此条件为真时，规则才适用。"),
    "RuleDef.severity": daily(
        "Severity", "严重程度", "“拒绝保存”不允许写入；“警告”只提示，允许写入。"
    ),
    "FieldRuleDef.name": daily("API name", "API 名称", "字段规则的名称，在对象内唯一。"),
    "FieldRuleDef.about": daily("Fields", "字段", "规则涉及的字段。"),
    "FieldRuleDef.effect": daily(
        "Effect",
        "效果",
        "显示：条件为真时才出现；必填：条件为真时须有值；只读：条件为真时用户不能修改；"
        "限制：条件为真时只能选择允许的值。",
    ),
    "FieldRuleDef.when": daily("When", "条件", "针对记录和当前用户的条件。"),
    "FieldRuleDef.allowed": daily("Allowed values", "允许的选项", "用于“限制”：可以选择的值。"),
    "FieldRuleDef.message": daily("Why", "原因", "向遇到此规则的人说明原因。"),
    "RecordTypeDef.label": daily("Name", "名称", "显示的名称。"),
    "RecordTypeDef.name": daily("Stored value", "存储值", "记录中保存的值。"),
    "RecordTypeDef.was": more(
        "Former names", "曾用名", "更名之前的值，最近的在前；持有这些值的记录会改为新值。"
    ),
    "RecordTypeDef.roles": daily("Roles", "角色", "可以选择此类型的角色；不填则所有人可选。"),
    "RecordTypeDef.when": daily("Only when", "可选条件", "只有此条件为真时才能选择。"),
    "RecordTypeDef.colour": daily("Colour", "颜色", "徽标的颜色。"),
    "UniqueDef.fields": daily("Fields", "字段", "组成唯一键的字段。"),
    "UniqueDef.where": daily(
        "Only among", "适用范围", "只在此条件为真的记录之间检查；条件只能读取记录自身存储的字段。"
    ),
    "NoOverlapDef.name": daily("API name", "API 名称", "约束的名称，在对象内唯一。"),
    "NoOverlapDef.from_": daily("From", "区间起点", "区间开始的日期、时间或数值；为空表示自始。"),
    "NoOverlapDef.to": daily("To", "区间终点", "区间结束的值，与起点类型相同；为空表示永久。"),
    "NoOverlapDef.fields": daily(
        "Compared fields",
        "比较字段",
        "决定哪些记录互相比较：这些字段全部匹配的记录；字段为空的记录不参与比较。不填则所有记录互相比较。",
    ),
    "NoOverlapDef.ends": daily(
        "End belongs to the range",
        "终点是否计入区间",
        "计入：终点属于区间；不计入：下一个区间可以从该终点开始。",
    ),
    "NoOverlapDef.where": daily(
        "Only among", "适用范围", "只比较此条件为真的记录；条件只能读取记录自身存储的字段。"
    ),
    "OverlapKeyDef.field": daily("Field", "字段", "本对象的一个字段。"),
    "OverlapKeyDef.match": daily(
        "Way of comparing",
        "比较方式",
        "相同：值相同（多值字段有一个相同即可）；上下级：一方位于另一方的下级之中。",
    ),
    "LedgerDef.amount": daily("Amount", "记账金额", "一笔流水对账户的增减，带正负号，必填。"),
    "LedgerDef.balance": daily(
        "Balance", "记账后余额", "保存记账后余额的字段，小数位数与金额相同。"
    ),
    "LedgerDef.position": daily(
        "Place in the account", "账户内序号", "保存流水在账户内序号的整数字段：1、2、3，依次递增。"
    ),
    "LedgerDef.date": daily("Date", "记账日期", "流水所属的必填日期或时间，可以早于当前。"),
    "LedgerDef.partition": daily(
        "Tells accounts apart",
        "账户划分字段",
        "决定流水属于哪个账户的必填字段；不填则所有流水同属一个账户。",
    ),
    "LedgerDef.floor": daily("Least balance", "最低余额", "支出流水记账后，账户余额不得低于此值。"),
    "LedgerDef.reversal_of": more(
        "Reversed entry",
        "被冲销的流水",
        "由系统写入、指向同一对象的唯一引用，从冲销流水指向被冲销的流水。没有它，流水不能冲销。",
    ),
    "LedgerDef.reason": more("Reason of a reversal", "冲销原因", "保存冲销原因的文本字段。"),
    "LedgerDef.set": more(
        "Values of a reversal", "冲销时设置的值", "冲销流水中与原流水不同的字段值。"
    ),
    "BestMatchDef.keys": daily(
        "Matched fields",
        "匹配字段",
        "说明记录适用于什么的字段；为空表示适用于全部。指向树的引用也适用于其下级。填写的字段多的优先，其次层级深的优先。",
    ),
    "BestMatchDef.priority": daily("Priority", "优先级", "数值字段：最大者优先于其他一切条件。"),
    "BestMatchDef.from_": daily(
        "Valid from", "生效起点", "记录开始生效的日期或时间；为空表示自始。较晚者优先。"
    ),
    "BestMatchDef.to": daily(
        "Valid to", "生效终点", "记录失效的日期或时间，类型与起点相同，含当日；为空表示永久。"
    ),
    "ChoiceSetDef.label": daily("Name", "名称", "选项集的名称。"),
    "ChoiceSetDef.name": daily("API name", "API 名称", "接口与其他定义中使用的名称。"),
    "ChoiceSetDef.choices": daily("Choices", "选项", "选项值，按顺序排列。"),
    "ChoiceDef.label": daily("Text", "显示文字", "显示给用户的文字。"),
    "ChoiceDef.value": daily("Stored value", "存储值", "记录中保存的值。"),
    "ChoiceDef.colour": daily("Colour", "颜色", "徽标的颜色。"),
    "ChoiceDef.was": more(
        "Former values", "曾用值", "更名之前的值，最近的在前；持有这些值的记录会改为新值。"
    ),
    "ChoiceDef.active": daily(
        "In use", "启用", "记录是否还能选用它；停用后，已有此值的记录保持不变。"
    ),
}
"""Words by class and attribute."""
