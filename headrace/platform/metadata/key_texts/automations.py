"""Words for the keys of automations, in the order of the options panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headrace.platform.metadata.key_texts.base import KeyText, daily, more

TEXTS: Final[Mapping[str, KeyText]] = {
    "AutomationDef.label": daily("Name", "名称", "显示给管理员的名称。"),
    "AutomationDef.name": daily("API name", "API 名称", "自动化的名称。"),
    "AutomationDef.object": daily("Object", "对象", "针对哪个对象的记录。"),
    "AutomationDef.on": daily("Triggers", "触发器", "由什么触发。"),
    "AutomationDef.when": daily(
        "Only when", "条件", "只有此条件成立时才执行；`OLD` 和 `CHANGED` 可以读取变化。"
    ),
    "AutomationDef.actions": daily("Actions", "动作", "依次执行的动作。"),
    "AutomationDef.run": daily(
        "When it runs",
        "运行时机",
        "写入前：与写入一同进行；同一事务内：写入之后、提交之前；提交之后：作为作业执行，失败会重试。",
    ),
    "AutomationDef.runs_as": more(
        "Runs as", "运行身份", "以谁的名义执行：写入记录的用户，或系统。"
    ),
    "AutomationDef.rights": more("Rights", "权限", "以系统身份执行时可以做什么。"),
    "AutomationDef.order": more("Order", "执行顺序", "数值小的先执行。"),
    "TriggerDef.event": daily(
        "Event",
        "事件",
        "记录新建、修改或删除；执行转换；审批结束；明细行新增、修改或删除；定时重复；到达每条记录的某个时刻；"
        "有人在记录上按下按钮。",
    ),
    "TriggerDef.changed": daily(
        "Changed fields", "触发字段", "修改时：只在这些字段之一变化时触发。"
    ),
    "TriggerDef.transitions": daily("Transitions", "触发转换", "只限这些转换；不填则全部。"),
    "TriggerDef.results": daily("Outcomes", "触发的审批结果", "只限这些审批结果；不填则全部。"),
    "TriggerDef.child": daily("Child grid", "触发的明细", "哪个明细的行变化时触发。"),
    "TriggerDef.cron": daily("Time", "执行时间", "定时：分、时、日、月、星期，按工作区的时区。"),
    "TriggerDef.at": daily("Moment", "时刻", "由记录自身字段得出的日期或时刻。"),
    "TriggerDef.roles": daily(
        "Roles", "可使用的角色", "在能读取记录的人中，谁可以按此按钮；不填则所有人。"
    ),
    "TriggerDef.states": daily("States", "可用状态", "按钮在哪些状态出现；不填则全部。"),
    "TriggerDef.inputs": daily("Inputs", "输入项", "按下按钮前要填写的内容。"),
    "TriggerDef.confirm": daily("Question before it", "确认提示", "按下按钮前须确认的内容。"),
    "TriggerDef.told": daily("Text afterwards", "完成提示", "完成后显示的内容。"),
    "TriggerDef.several": more("For several records", "可批量使用", "在列表中可以对多条记录使用。"),
    "TriggerDef.catch_up": more(
        "Missed times", "错过时间的处理", "错过的定时：合并执行一次、逐次补执行，或跳过。"
    ),
    "InputDef.label": daily("Name", "名称", "显示的名称。"),
    "InputDef.name": daily("API name", "API 名称", "公式中的名称，写在 `input.` 之后。"),
    "InputDef.type": daily("Type", "类型", "字段类型。"),
    "InputDef.required": daily("Required", "必填", "没有值时不能按下按钮。"),
    "InputDef.help": daily("Help", "说明", "显示在名称下方的一行说明。"),
    "RowActionDef.when": daily("Only when", "条件", "只有此条件为真时才执行。"),
    "RowActionDef.set": daily("Set fields", "设置字段", "要设置的字段。"),
    "RowActionDef.create": daily("Create a record", "新建记录", "新建一条记录。"),
    "RowActionDef.take": daily("Take a transition", "执行转换", "对记录执行一个转换。"),
    "RowActionDef.begin": daily("Begin an approval", "发起审批", "对记录发起审批。"),
    "RowActionDef.notify": daily("Notify people", "通知", "通知相关人员。"),
    "RowActionDef.convert": daily("Convert", "转换生成单据", "由明细中剩余的部分生成另一张单据。"),
    "RowActionDef.post": daily("Post an entry", "记账", "在账簿中记一笔流水。"),
    "RowActionDef.webhook": daily("Tell another system", "调用 Webhook", "通知另一个系统。"),
    "ActionDef.refuse": daily("Refuse", "拒绝", "拒绝写入（仅限写入前）。"),
    "ActionDef.for_each": daily("For each row", "逐条处理", "对若干行逐一执行动作。"),
    "CreateDef.object": daily("Object", "对象", "新建哪个对象的记录。"),
    "CreateDef.set": daily("Fields", "字段", "新记录的字段值，由当前记录的公式得出。"),
    "CreateDef.each": more("For each of some people", "为哪些人新建", "为若干人各新建一条。"),
    "CreateDef.begin": more("Begin an approval", "发起审批", "对新记录发起审批。"),
    "PeopleDef.person": daily("Field of the person", "人员字段", "新记录中保存该人员的字段。"),
    "PeopleDef.roles": daily("Roles", "人员角色", "这些人拥有其中一个角色。"),
    "PeopleDef.among": daily(
        "Choice of the roles",
        "角色选择字段",
        "当前记录中以角色名称为值的多选字段：只计其中的角色。",
    ),
    "PeopleDef.organisation": daily(
        "Field of the organisation", "所属组织字段", "保存其组织的字段。"
    ),
    "PeopleDef.within": daily(
        "Organisations", "人员所属组织", "只限这些组织的人员：组织 id 的 `LIST`，最多 1,000 个。"
    ),
    "BeginDef.transition": daily("Transition", "转换", "由审批决定的转换。"),
    "BeginDef.comment": daily("Comment", "意见", "执行转换时附带的意见。"),
    "ConvertDef.object": daily("Object", "对象", "生成的单据所属的对象。"),
    "ConvertDef.lines": daily("Rows converted", "转换的明细", "要转换其行的当前记录的明细。"),
    "ConvertDef.remaining": daily(
        "What is left", "剩余数量", "每行剩余的数量，由针对该行的公式得出。"
    ),
    "ConvertDef.into": daily("Rows made", "生成的明细", "生成的单据中的明细。"),
    "ConvertDef.quantity": daily("Quantity", "数量字段", "生成的行中保存转换数量的字段。"),
    "ConvertDef.source": daily("Source row", "指向来源行的字段", "生成的行中指向来源行的字段。"),
    "ConvertDef.set": daily("Fields", "单据字段", "单据的字段值，由针对当前记录的公式得出。"),
    "ConvertDef.each": daily(
        "Fields of the rows",
        "明细字段",
        "生成的行的字段值，由针对来源行的公式得出；`this.` 指当前记录。",
    ),
    "ConvertDef.begin": more("Begin an approval", "发起审批", "对生成的单据发起审批。"),
    "TakeDef.transition": daily("Transition", "转换", "要执行的转换。"),
    "TakeDef.comment": daily("Comment", "意见", "执行转换时附带的意见。"),
    "NotifyDef.to": daily("Recipients", "通知对象", "通知谁。"),
    "NotifyDef.text": daily("Text", "文本", "通知的内容；`{{ 字段.路径 }}` 按阅读者的权限填入。"),
    "RecipientDef.field": daily(
        "User of a field", "字段中的用户", "保存一个或多个用户的字段，可以沿引用选取。"
    ),
    "RecipientDef.role": daily("Role", "角色", "拥有此角色的所有人。"),
    "RecipientDef.of": daily(
        "Of the organisation",
        "所属组织",
        "与角色一起使用：只通知此字段所指组织的人，可以沿引用选取。",
    ),
    "RecipientDef.endpoint": daily(
        "Robot", "机器人", "此端点背后的群，如企业微信或钉钉机器人；文本内容以系统身份读取。"
    ),
    "WebhookDef.endpoint": daily("Endpoint", "端点", "端点名称，由各安装环境自行配置。"),
    "WebhookDef.fields": daily("Fields", "发送的字段", "发送的字段，可以沿引用选取。"),
    "WebhookDef.optional": more(
        "Only where it is set up", "仅在已配置时", "安装环境没有该端点时不发送。"
    ),
    "RefuseDef.message": daily("Message", "提示信息", "显示的提示，须有各种语言。"),
    "RefuseDef.field": daily("Shown at", "提示位置", "提示显示在哪个字段旁。"),
    "ForEachDef.object": daily("Object", "对象", "处理哪个对象的行。"),
    "ForEachDef.rows": daily("Rows", "行", "处理哪些行：其 id 的 `LIST`，最多 1,000 个。"),
    "ForEachDef.actions": daily("Actions", "动作", "对每一行执行的动作。"),
    "NeedDef.object": daily("Object", "对象", "针对哪个对象。"),
    "NeedDef.actions": daily("Actions", "可执行的操作", "在该对象上做什么。"),
}
"""Words by class and attribute."""
