"""What building can find wrong."""

from __future__ import annotations

from headrace.platform.core.problems import Message

UNKNOWN_OBJECT = Message(
    "ref.unknown_object",
    "There is no object “{name}”.",
    "没有名为“{name}”的对象。",
    "Check the name, or install the module that brings it.",
    "请检查名称，或先安装提供它的模块。",
)


UNKNOWN_FIELD = Message(
    "ref.unknown_field",
    "“{object}” has no field “{name}”.",
    "“{object}”没有字段“{name}”。",
    "Did you mean {suggestion}?",
    "您是否指 {suggestion}？",
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
    "公式相互依赖：{cycle}。",
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
    "请为您的字段改名，系统字段不可覆盖。",
)


RESERVED = Message(
    "name.reserved",
    "“{name}” means something of its own in formulas, so nothing could speak of it.",
    "“{name}”在公式中有特定含义，将无法引用。",
    "Give it another name.",
    "请改用其他名称。",
)


USER_OBJECT_NAME = Message(
    "name.system_reserved",
    "“{name}” is the platform's own object of users.",
    "“{name}”是平台自带的用户对象。",
    "Give your object another name; extend nothing, refer to users by a field of type user.",
    "请改用其他名称；引用用户请使用 user 类型字段。",
)


DEFAULT_TYPE = Message(
    "default.invalid",
    "The default does not give a value of the field's type.",
    "默认值不是该字段类型的值。",
    "Write a formula that does; a text stands in single quotes.",
    "请填写结果类型相符的公式；文本请用单引号。",
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
    "您是否指 {suggestion}？",
)


EXTENDS_OWN = Message(
    "extends.own",
    "The {kind} “{name}” belongs to this very module.",
    "{kind}“{name}”就属于本模块。",
    "Put into its own document what is added here.",
    "请直接写入其自身的文档。",
)


NOT_REQUIRED = Message(
    "extends.not_required",
    "The {kind} “{name}” belongs to “{owner}”, which “{module}” does not name.",
    "{kind}“{name}”属于“{owner}”，而“{module}”未声明依赖它。",
    "Add “{owner}” to requires in module.json, or to optional if this module works without it.",
    "请在 module.json 的 requires 中加入“{owner}”；若没有它也能运行，则写入 optional。",
)


RENAMED = Message(
    "ref.renamed",
    "There is no {kind} “{name}” any more.",
    "{kind}“{name}”已不存在。",
    "It is called “{now}” now: name it so, in the same publish.",
    "它现在名为“{now}”，请在同一次发布中改用新名称。",
)


LEFT_OUT = Message(
    "extends.left_out",
    "There is no {kind} “{name}” here, so nothing is added to it for now.",
    "此处没有{kind}“{name}”，暂不扩展。",
    "It is added when a module that brings it is published; not there yet: {others}.",
    "提供它的模块发布后即生效；尚未安装：{others}。",
    severity="warning",
)


NAMED_TWICE = Message(
    "name.collision",
    "The name “{name}” is taken: the module “{module}” brings it.",
    "名称“{name}”已被占用：由模块“{module}”提供。",
    "Give it another name, for example one that begins with your module's.",
    "请改用其他名称，例如以本模块名开头。",
)


ADDED_TWICE = Message(
    "list.duplicate",
    "“{name}” stands in this list already: the module “{module}” brings it.",
    "“{name}”已在此列表中：由模块“{module}”提供。",
    "Remove it here.",
    "请在此处删除。",
    severity="warning",
)


UNKNOWN_PART = Message(
    "ref.unknown",
    "There is no {part} “{name}” to add to.",
    "没有可扩展的{part}“{name}”。",
    "Did you mean {suggestion}?",
    "您是否指 {suggestion}？",
)


NOT_OPEN = Message(
    "extends.closed_list",
    "The {part} “{name}” has no list “{key}” that could be added to.",
    "{part}“{name}”没有可扩展的列表“{key}”。",
    "Take it out: a list that is missing has no meaning here, or stands for all.",
    "请删除：缺少的列表在此没有意义，或表示全部。",
)


NOTHING_BEHIND = Message(
    "extends.after",
    "There is nothing called “{name}” to stand behind.",
    "没有名为“{name}”的项可作为前一项。",
    "Did you mean {suggestion}?",
    "您是否指 {suggestion}？",
)


NOTHING_CALLED = Message(
    "extends.after",
    "This file adds nothing called “{name}” that could stand behind something.",
    "本文件未新增名为“{name}”的可排序项。",
    "Name what the file adds, or remove the line.",
    "请填写本文件新增项的名称，或删除此行。",
)


ADDS_NOTHING = Message(
    "extends.empty",
    "The file adds nothing.",
    "该文件没有新增任何内容。",
    "Add something, or remove the file.",
    "请补充内容，或删除该文件。",
)
KEY_CONDITION = Message(
    "key.condition",
    "The condition of a key or of a ban on overlaps reads stored fields of its own record only.",
    "唯一键与不重叠约束的条件只能读取本记录中已存储的字段。",
    "Take out lookup paths, today, constants, and what is computed on reading.",
    "请去掉引用路径、当前日期、常量以及读取时计算的字段。",
)
