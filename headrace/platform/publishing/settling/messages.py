"""What stands in the way of a publish because of the rows that are there."""

from __future__ import annotations

from typing import Final

from headrace.platform.core.problems import Message

EXISTING_NULLS: Final = Message(
    "constraint.existing_nulls",
    "{object}.{field} cannot be required: {count} rows have no value.",
    "无法将 {object}.{field} 设为必填：有 {count} 行没有值。",
    "Give the field a default, answer fill with the value of these rows, or leave: they stay empty.",
    "请为字段设置默认值，或答复 fill 给出这些行的值，或答复 leave 保持为空。",
)
LEFT_EMPTY: Final = Message(
    "constraint.default_empty",
    "The default of {object}.{field} gives {count} rows no value.",
    "{object}.{field} 的默认值未能给出 {count} 行的值。",
    "Fill these rows first, or answer leave: they stay empty.",
    "请先补全这些行，或答复 leave 保持为空。",
)
EXISTING_DUPLICATES: Final = Message(
    "constraint.existing_duplicates",
    "{object} cannot have this key: {count} values occur more than once.",
    "无法为 {object} 建立唯一约束：有 {count} 组重复值。",
    "Make the values different first; the rows of the line “{key}” can be listed.",
    "请先消除重复值；可列出“{key}”一行涉及的数据。",
)
EXISTING_VALUES: Final = Message(
    "constraint.existing_values",
    "{object}.{field} cannot be narrowed: {count} rows hold values that it would no longer allow.",
    "无法收窄 {object}.{field}：有 {count} 行的值将不再允许。",
    "Answer clear: they become empty, the old values are kept; or leave: they stay until they are "
    "next changed.",
    "请答复 clear：这些值将变为空，旧值会被保留；或答复 leave：保持不变，直到下次修改。",
)
VALUES_CUT: Final = Message(
    "type.data_loss",
    "{object}.{field}: {count} rows hold values that it would keep only in part, or write otherwise.",
    "{object}.{field}：有 {count} 行的值只能部分保留，或将改写为另一种写法。",
    "Answer accept: they are cut or rewritten, the old values are kept and come back when you go back; or leave: "
    "they stay until they are next changed.",
    "请答复 accept：截断或改写这些值，旧值会被保留，回滚时可恢复；或答复 leave：保持不变，直到下次修改。",
)
OPTION_IN_USE: Final = Message(
    "option.in_use",
    "{object}.{field}: {count} rows hold choices that go: {values}.",
    "{object}.{field}：有 {count} 行使用了将被移除的选项：{values}。",
    "Answer map with a choice for each of them; null empties the rows.",
    "请答复 map，为每个选项指定新选项；null 表示清空。",
)
STATE_IN_USE: Final = Message(
    "workflow.state_in_use",
    "The state “{state}” of {object} cannot go: {count} rows are in it.",
    "无法移除 {object} 的状态“{state}”：有 {count} 行处于该状态。",
    "Answer map with the state that they are in from now on.",
    "请答复 map，指定这些数据今后所处的状态。",
)
VALUE_EMPTY: Final = Message(
    "decision.value_empty",
    "The value gives {count} rows of “{key}” nothing.",
    "该值未能填充“{key}”的 {count} 行。",
    "Write a formula that always gives a value, such as COALESCE(a, b).",
    "请填写总能给出结果的公式，例如 COALESCE(a, b)。",
)
VALUE_REFUSED: Final = Message(
    "decision.value_refused",
    "{count} rows of “{key}” would get a value that the field refuses.",
    "“{key}”的 {count} 行将得到字段不允许的值。",
    "Keep to the length, the limits and the choices of the field.",
    "请遵守字段的长度、范围和选项。",
)
READS_CHANGED: Final = Message(
    "decision.value_reads_changed",
    "The value reads “{field}”, whose values change in the same publish.",
    "该值读取了“{field}”，而其值会在同一次发布中改变。",
    "Read other fields, or publish in two steps.",
    "请读取其他字段，或分两次发布。",
)
MAP_SOURCE: Final = Message(
    "decision.map_source",
    "“{value}” is none of the values that “{key}” is about.",
    "“{value}”不是“{key}”所涉及的值。",
    "Name only: {allowed}.",
    "只能填写：{allowed}。",
)
