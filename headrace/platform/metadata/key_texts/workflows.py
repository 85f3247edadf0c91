"""Words for the keys of workflows and approvals, in the order of the options panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headrace.platform.metadata.key_texts.base import KeyText, daily, more

TEXTS: Final[Mapping[str, KeyText]] = {
    "WorkflowDef.label": daily("Name", "名称", "显示给管理员的名称。"),
    "WorkflowDef.name": daily("API name", "API 名称", "工作流的名称。"),
    "WorkflowDef.object": daily("Object", "对象", "工作流所属的对象。"),
    "WorkflowDef.field": daily("State field", "状态字段", "保存状态的字段。"),
    "WorkflowDef.states": daily("States", "状态", "记录可能处于的状态。"),
    "WorkflowDef.transitions": daily("Transitions", "转换", "状态之间的转换。"),
    "StateDef.label": daily("Name", "名称", "显示的名称。"),
    "StateDef.name": daily("Stored value", "存储值", "记录中保存的值。"),
    "StateDef.initial": daily("Initial", "初始状态", "新建的记录从这里开始。"),
    "StateDef.final": daily("Final", "终止状态", "此后不再有转换。"),
    "StateDef.colour": daily("Colour", "颜色", "徽标的颜色。"),
    "TransitionDef.label": daily("Name", "名称", "按钮上的文字。"),
    "TransitionDef.name": daily("API name", "API 名称", "转换的名称，在工作流内唯一。"),
    "TransitionDef.from_": daily("From", "起始状态", "从哪些状态出发。"),
    "TransitionDef.to": daily("To", "目标状态", "进入的状态；有审批时，为审批期间的状态。"),
    "TransitionDef.by": daily(
        "Roles", "可执行的角色", "可以执行此转换的角色；还需要列出此转换的授权。"
    ),
    "TransitionDef.when": daily("Only when", "条件", "只有此条件为真时才能执行。"),
    "TransitionDef.needs": daily("Asked for", "须填写", "执行时用户必须提供的内容。"),
    "TransitionDef.set": daily("Set fields", "设置字段", "执行时设置的字段。"),
    "TransitionDef.on": daily("After the approval", "审批结果", "审批的各种结果分别去向哪里。"),
    "TransitionDef.without_approval": daily(
        "Without an approval", "无需审批时的去向", "没有适用的审批时去向哪里。"
    ),
    "OutcomeDef.to": daily("State", "目标状态", "进入的状态。"),
    "OutcomeDef.when": daily("Only when", "条件", "只有此条件成立时才进入；否则记录保持不变。"),
    "OutcomeDef.set": daily("Set fields", "设置字段", "进入时设置的字段。"),
    "OutcomeDef.undo": daily(
        "Take changes back",
        "撤销修改",
        "撤销记录上次离开该状态之后的全部修改（含明细行），恢复为离开前的内容。",
    ),
    "OutcomesDef.approved": daily("Approved", "同意后的去向", "所有需要的人同意之后。"),
    "OutcomesDef.rejected": daily("Rejected", "驳回后的去向", "驳回之后。"),
    "OutcomesDef.withdrawn": daily("Withdrawn", "撤回后的去向", "提交人撤回之后。"),
    "OutcomesDef.returned": daily(
        "Returned", "退回后的去向", "退回提交人之后；不填则回到之前的状态。"
    ),
    "ApprovalDef.label": daily("Name", "名称", "显示的名称；也用来标记符合条件但没有运行的审批。"),
    "ApprovalDef.name": daily("API name", "API 名称", "审批的名称。"),
    "ApprovalDef.workflow": daily("Workflow", "工作流", "所属的工作流。"),
    "ApprovalDef.transition": daily("Transition", "转换", "由它决定的转换。"),
    "ApprovalDef.when": daily("Only when", "条件", "只有此条件为真时才适用。"),
    "ApprovalDef.steps": daily("Steps", "步骤", "审批步骤，按顺序排列。"),
    "ApprovalDef.resubmit": daily(
        "New submission",
        "重新提交",
        "驳回或退回后再次提交时：关键字段没有变化则保留已同意的步骤，或者全部重新审批。",
    ),
    "ApprovalDef.time": daily("Time limit", "整个审批的时限", "所有步骤合计最长多久。"),
    "ApprovalDef.copies": daily("Copies", "抄送", "整个审批抄送给谁。"),
    "ApprovalDef.priority": more("Priority", "优先级", "数值大的优先运行。"),
    "ApprovalDef.key_fields": more(
        "Key fields",
        "关键字段",
        "变化后再次提交须重新开始的字段和明细；不填则任何变化都须重新开始。",
    ),
    "StepDef.label": daily("Name", "名称", "显示的名称。"),
    "StepDef.name": daily("API name", "API 名称", "步骤的名称，在审批内唯一。"),
    "StepDef.approvers": daily("Approvers", "审批人", "由谁审批；带分支的步骤不填。"),
    "StepDef.mode": daily(
        "Who must approve",
        "审批方式",
        "一人：只由找到的第一人审批；任一：以第一个决定为准；全部：须全部同意；依次：须依次全部同意；比例：须达到同意比例。",
    ),
    "StepDef.ratio": daily("Percentage", "须同意的比例", "用于“比例”：审批人中须同意的百分比。"),
    "StepDef.when": daily("Only when", "条件", "只有此条件为真时才进入该步骤。"),
    "StepDef.time": daily("Time limit", "处理时限", "该步骤最长多久。"),
    "StepDef.copies": daily("Copies", "抄送", "该步骤抄送给谁。"),
    "StepDef.editable": daily("May be changed", "可改字段", "审批人可以修改的字段。"),
    "StepDef.required": daily(
        "Needed to approve", "同意时必填", "可改字段中，没有填写就不能同意的字段。"
    ),
    "StepDef.branches": more(
        "Branches", "分支", "代替审批人：同时进行的多个分支。全部分支结束后，步骤才完成。"
    ),
    "StepDef.depends_on": more(
        "Depends on",
        "步骤依赖的字段",
        "除条件和审批人读取的之外，变化后须重新审批该步骤的字段、明细及明细字段（如 `lines.qty`）。",
    ),
    "ApproverDef.field": daily(
        "User of a field", "字段中的用户", "记录中保存一个或多个用户的字段，可以沿引用选取。"
    ),
    "ApproverDef.role": daily("Role", "角色", "拥有此角色的所有人。"),
    "ApproverDef.within": daily(
        "Within the territory",
        "审批人区域",
        "区域路径：在记录所属区域内拥有该角色的人，逐级向上查找。",
    ),
    "ApproverDef.managers": daily(
        "Levels of managers", "上级层数", "从最近的上级开始，向上几级：提交人或指定用户的汇报对象。"
    ),
    "ApproverDef.of": daily(
        "Managers of", "谁的上级", "与上级层数配合：指明由哪个用户的上级审批的字段。"
    ),
    "ApproverDef.until": daily(
        "Up to the role", "直到角色", "与上级层数配合：到第一个拥有此角色的人为止。"
    ),
    "ApproverDef.user": more("One user", "指定用户", "一个用户的登录名。"),
    "ApproverDef.formula": more(
        "Formula", "公式", "得出一个用户，或用 LIST 得出多个用户的公式；可以查询其他记录。"
    ),
    "ApproverDef.veto": more(
        "Veto", "一票否决", "用于“比例”：这些人驳回即整体驳回，不论其他人的决定。"
    ),
    "ApproverDef.chosen": more(
        "Chosen by the submitter", "由提交人选择", "由提交人从这些人中选择审批人。"
    ),
    "ChosenDef.min": daily("Fewest", "最少选择人数", "至少选择多少人；人数不足时选择全部。"),
    "ChosenDef.max": daily("Most", "最多选择人数", "最多选择多少人。"),
    "ChosenDef.names": daily(
        "Names shown to partners",
        "向伙伴显示姓名",
        "伙伴可以看到内部人员的姓名；否则只能选择本组织的人，没有时由全部来源人员审批。",
    ),
    "BranchDef.label": daily("Name", "名称", "显示的名称。"),
    "BranchDef.name": daily("API name", "API 名称", "分支的名称，在步骤内唯一。"),
    "BranchDef.steps": daily("Steps", "步骤", "分支的步骤，按顺序排列；其中不能再有分支。"),
    "TimeLimitDef.limit": daily(
        "Time there is", "时限", "可用的时间，如 8 或 0.5；以天计时须为整数。"
    ),
    "TimeLimitDef.unit": daily("Unit", "计时单位", "以什么单位计时。"),
    "TimeLimitDef.then": daily(
        "When the time is up", "超时处理", "超时后：提醒审批人、升级给其他人、自动同意或自动驳回。"
    ),
    "TimeLimitDef.escalate_to": daily(
        "Escalate to", "升级审批人", "超时后还请谁审批；以第一个决定为准。"
    ),
    "TimeLimitDef.remind": daily(
        "Reminders", "提醒时点", "经过时限的百分之几时提醒审批人，由小到大；到期时一定提醒。"
    ),
    "TimeLimitDef.calendar": more(
        "Working calendar", "工作日历", "计时用的工作日历；不填则使用名为 `standard` 的日历。"
    ),
    "CopyDef.to": daily("Receivers", "抄送人", "抄送给谁，查找方式与审批人相同；找不到时不抄送。"),
    "CopyDef.at": daily("When", "抄送时机", "开始时：审批或步骤开始时；结束时：作出决定时。"),
}
"""Words by class and attribute."""
