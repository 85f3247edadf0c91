"""What people are told by workflows and approvals."""

from __future__ import annotations

from typing import Final

from headrace.platform.core.problems import Message, Text

NO_WORKFLOW: Final = Message(
    "workflow.none",
    "“{object}” has no workflow.",
    "“{object}”没有工作流。",
    "Only objects with a state field have transitions.",
    "只有带状态字段的对象才有转换。",
)
UNKNOWN_TRANSITION: Final = Message(
    "workflow.unknown_transition",
    "There is no transition “{name}” that you may take.",
    "没有您可以执行的转换“{name}”。",
    "Read the record's approvals page for what is possible now.",
    "请查看该记录当前可执行的操作。",
)
WRONG_VALUE: Final = Message(
    "simulation.value",
    "“{name}” cannot be tried with this value.",
    "“{name}”不能以此值试算。",
    "Give fields that people write, with values as the API takes them.",
    "请填写可由用户录入的字段，取值格式与 API 相同。",
)
WRONG_STATE: Final = Message(
    "workflow.wrong_state",
    "“{transition}” is not possible in the state “{state}”.",
    "状态“{state}”下不能执行“{transition}”。",
    "Somebody may have moved the record: load it again.",
    "记录可能已被他人处理，请重新加载。",
)
GUARD: Final = Message(
    "workflow.guard",
    "“{transition}” is not possible: its condition does not hold.",
    "不能执行“{transition}”：条件不满足。",
    "Check the record, complete it and try again.",
    "请检查并完善记录后重试。",
)
GUARD_SHOWN: Final = Message(
    GUARD.code, GUARD.en, GUARD.zh, "The condition is: {condition}", "条件为：{condition}"
)
COMMENT_NEEDED: Final = Message(
    "workflow.comment_needed",
    "“{transition}” needs a comment.",
    "“{transition}”需要填写意见。",
    "Say why in a few words.",
    "请简要说明原因。",
)
REASON_NEEDED: Final = Message(
    "approval.reason_needed",
    "A rejection or return needs a reason of at least {count} characters.",
    "驳回或退回理由至少需要 {count} 个字。",
    "Say what must change.",
    "请说明需要修改的内容。",
)
COMMENT_TOO_LONG: Final = Message(
    "approval.comment_too_long",
    "The comment is longer than {count} characters.",
    "意见超过 {count} 个字。",
    "Shorten it.",
    "请缩短内容。",
)
IN_APPROVAL: Final = Message(
    "record.in_approval",
    "The record cannot be changed while its approval runs.",
    "审批期间不能修改该记录。",
    "Withdraw it first, or wait for the decision.",
    "请先撤回，或等待审批结束。",
)
NOT_EDITABLE: Final = Message(
    "approval.not_editable",
    "“{field}” cannot be changed in this step.",
    "此步骤不能修改“{field}”。",
    "The step opens: {fields}.",
    "此步骤可修改：{fields}。",
)
VALUE_NEEDED: Final = Message(
    "approval.value_needed",
    "“{field}” needs a value before this step is approved.",
    "须先填写“{field}”，才能同意此步骤。",
    "Enter it with the approval.",
    "请在同意时一并填写。",
)
ALREADY_DECIDED: Final = Message(
    "task.already_decided",
    "{name} has already decided this: {action}, {at}.",
    "{name} 已于 {at} 处理：{action}。",
    "Nothing is left to do here.",
    "无需再处理。",
)
STALE_TASK: Final = Message(
    "task.stale",
    "The record was changed since you opened the task.",
    "您打开待办后，记录已被修改。",
    "Look at the differences and decide again.",
    "请查看差异后重新决定。",
)
SELF_APPROVAL: Final = Message(
    "approval.self",
    "Nobody decides a record that they submitted or changed last before.",
    "提交人或提交前最后修改的人不能审批该记录。",
    "Somebody else must decide it.",
    "须由他人审批。",
)
ROLE_LOST: Final = Message(
    "task.role_lost",
    "You no longer hold the role for which you were asked.",
    "您已不再拥有该审批所需的角色。",
    "Ask an administrator who decides now.",
    "请联系管理员确认由谁审批。",
)
UNKNOWN_ACTION: Final = Message(
    "task.unknown_action",
    "“{action}” is not something that can be done with a task.",
    "待办没有“{action}”这个操作。",
    "The actions are: {actions}.",
    "可用操作：{actions}。",
)
NOT_SUBMITTER: Final = Message(
    "approval.not_submitter",
    "Only who submitted it can withdraw it.",
    "只有提交人可以撤回。",
    "Ask the submitter.",
    "请联系提交人。",
)
DECIDED_BEFORE: Final = Message(
    "approval.decided",
    "It cannot be withdrawn: {name} has already decided, {at}.",
    "不能撤回：{name} 已于 {at} 处理。",
    "Ask an approver to reject it.",
    "可请审批人驳回。",
)
RUN_ENDED: Final = Message(
    "approval.ended",
    "This approval has already ended: {state}.",
    "该审批已结束：{state}。",
    "Load the record again.",
    "请重新加载记录。",
)
DEFINITION_GONE: Final = Message(
    "approval.definition_gone",
    "“{name}”, which this approval needs, is no longer there.",
    "该审批所需的“{name}”已不存在。",
    "An administrator must bring it back by publishing.",
    "请管理员重新发布该定义。",
)

TRANSFERRED: Final = Message(
    "task.transferred",
    "This task was given to {name}.",
    "该任务已转交 {name}。",
    "They decide it now.",
    "由对方继续处理。",
)
WRONG_RECEIVER: Final = Message(
    "task.wrong_receiver",
    "This person cannot be given the task.",
    "该任务不能转交此人。",
    "Choose an active colleague of your own organisation who has no part in the record and is not asked already.",
    "请选择本组织内在用、未参与该记录且尚未被要求审批的同事。",
)
TASK_WAITS: Final = Message(
    "task.waits",
    "It is not your turn yet: somebody decides before you.",
    "尚未轮到您：须先由他人处理。",
    "You are told as soon as it is.",
    "轮到您时会收到通知。",
)
TASK_CLOSED: Final = Message(
    "task.closed",
    "You are no longer asked.",
    "此待办已不再需要您处理。",
    "Somebody took a decision back, or the approval ended.",
    "可能有人撤回了决定，或审批已结束。",
)
NAMED: Final = Message(
    "approval.names_user",
    "The account “{login}” cannot be ended: approvals name it: {approvals}.",
    "不能停用账号“{login}”：以下审批指定了该用户：{approvals}。",
    "Name somebody else in them and publish, then end the account.",
    "请先在这些审批中改为他人并发布，再停用账号。",
)
ROLE_NEEDED: Final = Message(
    "role.needed",
    "Nobody else holds the role “{role}”, but approvals need it: {approvals}; {count} tasks wait for it.",
    "角色“{role}”再无他人担任，但审批需要它：{approvals}；另有 {count} 个任务等待处理。",
    "Say who takes it over (on the command line: `--instead LOGIN`). They get the role, and the tasks.",
    "请指定接替人（命令行用 `--instead 登录名`）：角色和任务都转给该用户。",
)
WRONG_HEIR: Final = Message(
    "leaving.wrong_person",
    "Nobody of this id can take it over.",
    "该用户不能接手。",
    "Choose an active colleague other than who leaves.",
    "请选择其他在职同事。",
)
WRONG_ROLE: Final = Message(
    "leaving.wrong_role",
    "They do not hold the role “{role}”.",
    "该用户没有角色“{role}”。",
    "Choose one of their roles.",
    "请选择其现有的角色。",
)
OPINION_ONLY: Final = Message(
    "task.opinion_only",
    "You were asked for an opinion only.",
    "此待办只征求您的意见。",
    "Answer with a comment; who asked you decides.",
    "请填写意见，由征询人决定。",
)
OPINION_ASKED: Final = Message(
    "task.opinion_asked",
    "{name} asks for your opinion: {title} {comment}",
    "{name} 征求您的意见：{title} {comment}",
)
OPINION: Final = Message(
    "task.opinion",
    "{name} has given an opinion: {title}",
    "{name} 已给出意见：{title}",
)
WRONG_PLACE: Final = Message(
    "task.wrong_place",
    "An approver cannot be added “{place}”.",
    "加签位置“{place}”无效。",
    "The places are: {places}.",
    "可用位置：{places}。",
)
TOO_MANY_ADDED: Final = Message(
    "task.too_many_added",
    "{count} people were added to this step already.",
    "此步骤已加签 {count} 人。",
    "Decide, or give the task to somebody else.",
    "请直接处理，或转交他人。",
)
WRONG_STEP: Final = Message(
    "task.wrong_step",
    "The approval cannot go back to “{step}”.",
    "审批不能退回到“{step}”。",
    "Steps that were taken before: {steps}; without a step it goes to who submitted it.",
    "可退回的步骤：{steps}；不填步骤则退回提交人。",
)
WRONG_COURSE: Final = Message(
    "task.wrong_course",
    "There is no course “{course}” after a return.",
    "退回后没有“{course}”这种走法。",
    "Choose one of: {courses}.",
    "可选：{courses}。",
)
NOT_DECIDED: Final = Message(
    "task.not_decided",
    "You have decided nothing here that could be taken back.",
    "您在此没有可撤回的决定。",
    "Only who decided takes a decision back.",
    "只有作出决定的人可以撤回。",
)
NOT_TAKEN_BACK: Final = Message(
    "task.not_taken_back",
    "The decision can no longer be taken back: the approval has gone on.",
    "不能再撤回：审批已继续进行。",
    "Ask who decides now to return it.",
    "可请当前审批人退回。",
)
ACTION_TEXTS: Final = {
    "approve": Text("approved", "已同意"),
    "reject": Text("rejected", "已驳回"),
    "return": Text("returned", "已退回"),
    "withdraw": Text("withdrawn", "已撤回"),
    "cancel": Text("cancelled", "已取消"),
    "release": Text("given to somebody else", "已转交他人"),
    "timeout_approve": Text("approved because the time was up", "超时自动同意"),
    "timeout_reject": Text("rejected because the time was up", "超时自动驳回"),
}
STATE_TEXTS: Final = {
    "returned": Text("returned to you", "已退回"),
    "approved": Text("approved", "已同意"),
    "rejected": Text("rejected", "已驳回"),
    "withdrawn": Text("withdrawn", "已撤回"),
    "cancelled": Text("cancelled", "已取消"),
}
ASKED: Final = Message(
    "task.asked",
    "{submitter} asks for your decision: {title} ({step})",
    "{submitter} 请您审批：{title}（{step}）",
)
REMINDED: Final = Message(
    "task.reminder",
    "Please decide by {due}: {title} ({step})",
    "请在 {due} 前审批：{title}（{step}）",
)
OVERDUE: Final = Message(
    "task.overdue",
    "Your decision was due {due}: {title} ({step})",
    "审批已超时（截止 {due}）：{title}（{step}）",
)
ESCALATED: Final = Message(
    "task.escalated",
    "Nobody decided by {due}, now you are asked too: {title} ({step})",
    "{due} 前未完成审批，现升级由您处理：{title}（{step}）",
)
TIMED_OUT: Final = Message(
    "task.timed_out",
    "{title} ({step}) was decided because the time was up: {state}",
    "{title}（{step}）已超时自动处理：{state}",
)
TIMEOUT_REASON: Final = Message(
    "task.timeout_reason",
    "Not decided within {limit}, by {due}.",
    "{limit}内未审批（截止 {due}）。",
)
ENDED: Final = Message(
    "approval.told",
    "{title}: {state} by {name}",
    "{title} 的审批结果：{state}（{name}）",
)
CHOICE_MISSING: Final = Message(
    "approval.choice_missing",
    "In the step “{step}” you choose who is asked: at least {min}, at most {max} people.",
    "步骤“{step}”的审批人由您选择：最少 {min} 人，最多 {max} 人。",
    "Choose them; the transition's page offers who can be asked.",
    "请选择审批人，提交页面列出可选人员。",
)
CHOICE_MANY: Final = Message(
    "approval.choice_many",
    "In the step “{step}” at most {max} people can be chosen.",
    "步骤“{step}”最多选择 {max} 人。",
    "Take some of them away.",
    "请减少所选人员。",
)
CHOICE_OUTSIDE: Final = Message(
    "approval.choice_outside",
    "Somebody chosen in the step “{step}” cannot be asked in it.",
    "步骤“{step}”所选人员中有人不能担任该步骤的审批人。",
    "Choose among those who are offered; somebody may have left, or have another role by now.",
    "请从列出的人员中选择；可能有人已离开或角色已变更。",
)
CHOICE_OWN: Final = Message(
    "approval.choice_own",
    "Who submits the record, or changed it last, does not decide about it in the step “{step}”.",
    "提交人或最后修改人不能在步骤“{step}”审批该记录。",
    "Choose somebody else.",
    "请选择其他人。",
)
CHOICE_KEPT: Final = Message(
    "approval.choice_kept",
    "The step “{step}” was approved before and stands: nobody is chosen for it again.",
    "步骤“{step}”此前已获批准且仍然有效，无需再次选择审批人。",
    "Leave the choice of this step out.",
    "请不要为该步骤选择审批人。",
)
CHOICE_UNKNOWN: Final = Message(
    "approval.choice_unknown",
    "There is no step “{step}” now in which you choose who is asked.",
    "当前没有需要您选择审批人的步骤“{step}”。",
    "Read whom the transition would ask, and choose again.",
    "请重新查看审批流程后再选择。",
)
CHOICE_SHAPE: Final = Message(
    "approval.choice_shape",
    "Who is chosen in the step “{step}” is given as a list of ids of users.",
    "步骤“{step}”所选人员须为用户 id 列表。",
    "Send a list of texts.",
    "请发送文本列表。",
)
