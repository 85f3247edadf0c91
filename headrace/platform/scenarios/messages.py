"""What scenarios say: the first difference, in words."""

from __future__ import annotations

from typing import Final

from headrace.platform.core.errors import PlatformError
from headrace.platform.core.problems import Message, Text

NO_TASK: Final = Message(
    "scenario.no_task",
    "No task of “{name}” is open for “{by}”.",
    "“{by}”没有“{name}”的待办。",
    "Look at who is asked.",
    "请查看由谁审批。",
)
GIVEN: Final = Text("given “{name}”: {message}", "前提“{name}”：{message}")
NOT_FOUND: Final = Text(
    "given “{name}”: there is no {object} with the external id “{key}”",
    "前提“{name}”：没有外部标识为“{key}”的{object}",
)
NOT_MADE: Final = Text(
    "step {step}: “{name}” is not there, the step that makes it was to be refused",
    "第 {step} 步：“{name}”不存在，新建它的步骤须被拒绝",
)
REFUSED: Final = Text(
    "step {step}: {act} was refused: {message}", "第 {step} 步：{act}被拒绝：{message}"
)
WENT_THROUGH: Final = Text("step {step}: {act} went through", "第 {step} 步：{act}未被拒绝")
OTHERWISE_REFUSED: Final = Text(
    "step {step}: {act} was refused with {codes}: {message}",
    "第 {step} 步：{act}以 {codes} 被拒绝：{message}",
)
STATE: Final = Text(
    "“{name}”: expected {field} “{expected}”, it is “{actual}”",
    "“{name}”：预期{field}为“{expected}”，实际为“{actual}”",
)
TASKS: Final = Text(
    "“{name}”: expected open tasks for {expected}, they are open for {actual}",
    "“{name}”：预期待办属于{expected}，实际属于{actual}",
)
UNSEEN: Final = Text("“{name}”: “{by}” may not read it", "“{name}”：“{by}”无权查看")
SEEN: Final = Text("“{name}”: “{by}” may read it", "“{name}”：“{by}”可以查看")
GONE: Final = Text("“{name}” is not there any more", "“{name}”已不存在")
UNREAD: Final = Text("A record of “{object}” that you may not read", "您无权查看的“{object}”记录")
NOT_RECORDED: Final = Text(
    "“{action}”, which scenarios cannot do", "“{action}”：业务场景中没有此操作"
)
NOBODY: Final = Text("nobody", "无人")
EMPTY: Final = Text("nothing", "空")
NOT_BUILT: Final = Text(
    "it could not begin, because the definitions could not be put into a database of its own: {message}",
    "无法开始：这些定义无法放入供业务场景使用的临时数据库：{message}",
)
CANNOT_GO_ON: Final = Text("it could not go on: {message}", "无法继续：{message}")
UNEXPECTED: Final = Text(
    "an unexpected error ({error}), which the log tells in full",
    "发生意外错误（{error}），详见日志",
)
TOO_LONG: Final = Text(
    "it took longer than {seconds} seconds, the most for one scenario: give it fewer records and steps",
    "运行超过 {seconds} 秒（单个业务场景的上限）：请减少其数据和步骤",
)
NO_TIME_LEFT: Final = Text(
    "it was not run to its end: all scenarios together may take {seconds} seconds, with making their "
    "database",
    "未运行完：全部业务场景（含准备数据库）合计最多 {seconds} 秒",
)


def said_by(error: PlatformError) -> Text:
    """Return what a refusal says first."""
    return error.problems[0].message if error.problems else Text(error.code, error.code)
