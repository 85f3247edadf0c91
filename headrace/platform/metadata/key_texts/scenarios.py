"""Words for the keys of scenarios, in the order of the options panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headrace.platform.metadata.key_texts.base import KeyText, daily, more

_NAMED: Final = '`{"named": …}` 按本地名称引用业务场景中的记录或人员。'

TEXTS: Final[Mapping[str, KeyText]] = {
    "ScenarioDef.label": daily("Name", "名称", "显示给管理员的名称。"),
    "ScenarioDef.name": daily("API name", "API 名称", "业务场景的名称。"),
    "ScenarioDef.help": daily("Help", "说明", "这个业务场景要证明什么。"),
    "ScenarioDef.at": daily("Time", "发生时间", "一切发生的日期和时间，按工作区的时区。"),
    "ScenarioDef.given": daily("Given", "前提", "开始之前已有的人员和记录。"),
    "ScenarioDef.when": daily("When", "步骤", "依次进行的操作。"),
    "ScenarioDef.then": daily("Then", "预期", "必须得到的结果。"),
    "GivenDef.users": daily("People", "人员", "参与的人员。"),
    "GivenDef.records": daily("Records", "记录", "已有的记录，按顺序。"),
    "GivenUserDef.name": daily("Local name", "本地名称", "在业务场景中的名称。"),
    "GivenUserDef.roles": daily("Roles", "角色", "此人拥有的角色。"),
    "GivenUserDef.organisation": daily("Organisation", "组织", "所属组织的本地名称。"),
    "GivenUserDef.territory": daily("Territory", "区域", "角色所限区域的本地名称。"),
    "GivenUserDef.manager": more("Manager", "上级", "上级的本地名称。"),
    "GivenRecordDef.name": daily("Local name", "本地名称", "在业务场景中的名称。"),
    "GivenRecordDef.object": daily("Object", "对象", "哪个对象的记录。"),
    "GivenRecordDef.values": daily("Values", "值", f"记录的值，与 API 的写法相同；{_NAMED}"),
    "GivenRecordDef.key": daily(
        "External id", "外部标识", "随模块提供的记录的外部标识：按它查找，不新建。"
    ),
    "NewRecordDef.name": daily("Local name", "本地名称", "在业务场景中的名称。"),
    "NewRecordDef.object": daily("Object", "对象", "新建哪个对象的记录。"),
    "NewRecordDef.values": daily("Values", "值", f"填写的内容，与 API 的写法相同；{_NAMED}"),
    "EditDef.record": daily("Record", "记录", "记录的本地名称。"),
    "EditDef.values": daily("Values", "值", f"修改的内容，与 API 的写法相同；{_NAMED}"),
    "MoveDef.record": daily("Record", "记录", "记录的本地名称。"),
    "MoveDef.transition": daily("Transition", "转换", "执行的转换。"),
    "MoveDef.comment": more("Comment", "意见", "执行时填写的意见。"),
    "DecisionDef.record": daily("Record", "记录", "记录的本地名称。"),
    "DecisionDef.action": daily("Decision", "决定", "作出的决定。"),
    "DecisionDef.comment": more("Comment", "意见", "决定时填写的意见。"),
    "PressDef.record": daily("Record", "记录", "记录的本地名称。"),
    "PressDef.button": daily("Button", "按钮", "按钮所启动的自动化。"),
    "PressDef.inputs": daily("Inputs", "输入值", "按下前填写的内容。"),
    "ActDef.by": daily("Person", "操作人", "操作人的本地名称。"),
    "ActDef.create": daily("Make a record", "新建记录", "新建一条记录。"),
    "ActDef.update": daily("Change a record", "修改记录", "修改一条记录。"),
    "ActDef.move": daily("Take a transition", "执行转换", "执行一个转换。"),
    "ActDef.decide": daily("Decide a task", "处理待办", "处理一项待办。"),
    "ActDef.press": daily("Press a button", "按下按钮", "按下一个按钮。"),
    "ActDef.refused": daily(
        "Refused with", "须被拒绝", "此步必须以该代码被拒绝；它不会留下任何结果。"
    ),
    "ExpectedDef.record": daily("Record", "记录", "记录的本地名称。"),
    "ExpectedDef.state": daily("State", "状态", "记录的状态。"),
    "ExpectedDef.values": daily("Values", "值", "记录的部分值，按平台自身读取的结果。"),
    "ExpectedDef.tasks": daily(
        "Open tasks", "待办", "哪些人对此记录有待办（本地名称），除此之外无人。"
    ),
    "ExpectedDef.seen_by": daily("Seen by", "可查看", "可以查看此记录的人员的本地名称。"),
    "ExpectedDef.hidden_from": daily("Hidden from", "不可查看", "不能查看此记录的人员的本地名称。"),
}
"""Words by class and attribute."""
