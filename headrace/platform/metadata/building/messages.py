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


SYSTEM_RESERVED = Message(
    "name.system_reserved",
    "“{name}” is a field that every record has.",
    "“{name}”是每条记录都有的系统字段。",
    "Give your field another name; the platform keeps its own.",
    "请为您的字段改名,系统字段不可覆盖。",
)


RESERVED = Message(
    "name.reserved",
    "“{name}” means something of its own in formulas, so nothing could speak of it.",
    "“{name}”在公式中有特定含义,将无法引用。",
    "Give it another name.",
    "请改用其他名称。",
)


USER_OBJECT_NAME = Message(
    "name.system_reserved",
    "“{name}” is the platform's own object of users.",
    "“{name}”是平台自带的用户对象。",
    "Give your object another name; extend nothing, refer to users by a field of type user.",
    "请改用其他名称;引用用户请使用 user 类型字段。",
)


DEFAULT_TYPE = Message(
    "default.invalid",
    "The default does not give a value of the field's type.",
    "默认值不是该字段类型的值。",
    "Write a formula that does; a text stands in single quotes.",
    "请填写结果类型相符的公式;文本请用单引号。",
)


GUARD_FIELD = Message(
    "guard.unknown_field",
    "The condition speaks of a field that does not exist.",
    "条件引用了不存在的字段。",
    "Use the API names of the object's fields.",
    "请使用该对象字段的 API 名称。",
)


UNKNOWN_RIGHT = Message(
    "perm.unknown",
    "There is no {kind} “{name}” to grant.",
    "没有可授权的 {kind}“{name}”。",
    "Did you mean {suggestion}?",
    "您是否指 {suggestion}?",
)
