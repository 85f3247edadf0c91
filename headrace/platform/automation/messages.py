"""What automations tell people."""

from __future__ import annotations

from typing import Final

from headrace.platform.core.problems import Message

REFUSED: Final = "automation.refused"
"""The code of what an automation refuses; the message is the automation's own."""

LOOP = Message(
    "automation.loop",
    "The automation “{name}” was started by itself, for the same record: {chain}.",
    "自动化“{name}”对同一记录触发了自身：{chain}。",
    "An administrator must give it a condition that no longer holds once it has run.",
    "请管理员为其设置执行后不再成立的条件。",
)
TOO_DEEP = Message(
    "automation.too_deep",
    "More than {limit} automations started one another: {chain}.",
    "自动化相互触发超过 {limit} 层：{chain}。",
    "An administrator must let fewer of them start others.",
    "请管理员减少相互触发的自动化。",
)
GONE = Message(
    "automation.gone",
    "The automation “{name}” is no longer there.",
    "自动化“{name}”已不存在。",
    "Publish it again, or leave the run as it is.",
    "请重新发布该自动化，或保留此运行记录。",
)
CHANGED = Message(
    "automation.changed",
    "The actions of “{name}” have changed since the run began.",
    "运行开始后，“{name}”的动作已更改。",
    "Do by hand what is left; a run goes on only with the actions that it began with.",
    "请手动完成剩余动作；运行只能按开始时的动作继续。",
)
BROKE = Message(
    "automation.broke",
    "The action could not be done: {error}.",
    "动作无法完成：{error}。",
    "Tell an administrator; the run can be resumed once the cause is mended.",
    "请联系管理员；排除原因后可继续运行。",
)
NOT_FAILED = Message(
    "automation.not_failed",
    "The run has not failed; there is nothing to resume.",
    "该运行未失败，无需继续。",
    "Look at its state.",
    "请查看其状态。",
)
UNDER_WAY = Message(
    "automation.under_way",
    "The run is still under way.",
    "该运行仍在进行中。",
    "Wait until it has ended, then undo it.",
    "请等待其结束后再撤销。",
)
UNDONE = Message(
    "automation.undone",
    "The run was undone before.",
    "该运行此前已被撤销。",
    "Look at the run that undid it for what stayed as it was.",
    "请查看撤销它的那次运行，了解哪些内容保持不变。",
)
NOTHING_TO_UNDO = Message(
    "automation.nothing_to_undo",
    "The run has neither set values nor made records that could be undone.",
    "该运行没有设置过字段值，也没有新建过记录，无可撤销。",
    "Correct by hand what it did.",
    "请手动更正其结果。",
)
STAYS = Message(
    "automation.stays",
    "What goes out or leads on cannot be undone.",
    "已发出的消息或已推进的流程无法撤销。",
    "Lead it back at the record itself, by a transition, a reversal or a new message.",
    "请在该记录上处理：执行相应转换、冲销，或另发消息。",
)
SET_SINCE = Message(
    "automation.set_since",
    "It was changed since, and stays as it is.",
    "该记录此后已被修改，保持不变。",
    "Open it, and change it by hand where that is wanted.",
    "如需修改，请打开该记录手工处理。",
)
GONE_SINCE = Message(
    "automation.gone_since",
    "The record is no longer there.",
    "该记录已不存在。",
    "Nothing is to be done.",
    "无需处理。",
)
NO_SCHEDULE = Message(
    "automation.no_schedule",
    "There is no automation “{name}” that runs on a schedule.",
    "没有名为“{name}”的定时自动化。",
    "Ask for the schedules to see which there are.",
    "请查询定时任务列表。",
)
NO_BUTTON = Message(
    "automation.no_button",
    "There is no button “{name}” that you may press.",
    "没有您可以使用的按钮“{name}”。",
    "Ask for the buttons of the record to see what is possible now.",
    "请查询该记录当前可用的按钮。",
)
WRONG_STATE = Message(
    "automation.wrong_state",
    "“{button}” is not possible in the state “{state}”.",
    "状态“{state}”下不能执行“{button}”。",
    "Somebody may have moved the record: load it again.",
    "记录可能已被他人处理，请重新加载。",
)
NOT_NOW = Message(
    "automation.not_now",
    "“{button}” is not possible: its condition does not hold.",
    "不能执行“{button}”：条件不满足。",
    "Check the record, complete it and try again.",
    "请检查并完善记录后重试。",
)
NOT_NOW_SHOWN = Message(
    NOT_NOW.code, NOT_NOW.en, NOT_NOW.zh, "The condition is: {condition}", "条件为：{condition}"
)
UNKNOWN_INPUT = Message(
    "automation.unknown_input",
    "“{button}” does not ask for “{name}”.",
    "“{button}”不需要填写“{name}”。",
    "It asks for: {known}.",
    "可填写：{known}。",
)
NOT_FOR_SEVERAL = Message(
    "automation.not_for_several",
    "“{button}” is pressed at one record at a time.",
    "“{button}”只能逐条执行。",
    "Press it on the page of the record.",
    "请在记录页面执行。",
)
