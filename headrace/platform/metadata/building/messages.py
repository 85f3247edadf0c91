"""What building can find wrong."""

from __future__ import annotations

from headrace.platform.core.problems import Message

UNKNOWN_OBJECT = Message(
    "ref.unknown_object",
    "There is no object “{name}”.",
    "没有名为“{name}”的对象。",
    "Check the name, or install the module that brings it.",
    "请检查名称,或先安装提供它的模块。",
)


UNKNOWN_FIELD = Message(
    "ref.unknown_field",
    "“{object}” has no field “{name}”.",
    "“{object}”没有字段“{name}”。",
    "Did you mean {suggestion}?",
    "您是否指 {suggestion}?",
)


UNKNOWN_REFERENCE = Message(
    "ref.unknown",
    "There is no {kind} “{name}”.",
    "没有名为“{name}”的 {kind}。",
    "Check the name.",
    "请检查名称。",
)


DUPLICATE_NAME = Message(
    "name.duplicate",
    "The name “{name}” is used twice.",
    "名称“{name}”重复。",
    "Give one of them another name.",
    "请改用其他名称。",
)


FORMULA_CYCLE = Message(
    "formula.cycle",
    "The formulas depend on each other: {cycle}.",
    "公式相互依赖:{cycle}。",
    "Break the circle.",
    "请打破循环。",
)


BAD_CONSTANT = Message(
    "constant.invalid",
    "“{value}” is not a {type}.",
    "“{value}”不是 {type}。",
    "Write the value in the form of its type.",
    "请按类型的形式填写。",
)
