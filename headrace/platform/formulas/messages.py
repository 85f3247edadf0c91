"""What formulas say when they are refused, in both languages."""

from __future__ import annotations

from typing import Final

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, Problem, Text

SYNTAX: Final = Message(
    "formula.syntax",
    "At character {position}: {expected} was expected, but {found} stands there.",
    "第 {position} 个字符处：应为{expected}，实际是{found}。",
    "Check brackets, quotes and operators around this place.",
    "请检查该处附近的括号、引号和运算符。",
)
UNKNOWN_FIELD: Final = Message(
    "formula.unknown_field",
    "There is no field or constant “{name}” (character {position}).",
    "没有名为“{name}”的字段或常量（第 {position} 个字符）。",
    "{suggestion}",
    "{suggestion}",
)
UNKNOWN_OBJECT: Final = Message(
    "formula.unknown_object",
    "There is no object “{name}” to ask (character {position}).",
    "没有可查询的对象“{name}”（第 {position} 个字符）。",
    "Write the object's API name before the point.",
    "请在点号前写对象的 API 名称。",
)
TYPE: Final = Message(
    "formula.type",
    "“{part}” (character {position}) cannot be used here: {met} where {wanted} is needed.",
    "“{part}”（第 {position} 个字符）不能用在这里：是{met}，需要{wanted}。",
    "{hint}",
    "{hint}",
)
UNKNOWN_CALENDAR: Final = Message(
    "formula.unknown_calendar",
    "There is no working calendar “{name}” (character {position}).",
    "没有名为“{name}”的工作日历（第 {position} 个字符）。",
    "Add it under `calendars` of a module, or name another one.",
    "请在模块的 `calendars` 中添加该日历，或改用其他日历。",
)
UNKNOWN_FUNCTION: Final = Message(
    "formula.unknown_function",
    "There is no function “{name}” (character {position}).",
    "没有函数“{name}”（第 {position} 个字符）。",
    "{suggestion}",
    "{suggestion}",
)
ARGUMENTS: Final = Message(
    "formula.arguments",
    "{name} is called as {signature} (character {position}): {reason}.",
    "{name} 的用法是 {signature}（第 {position} 个字符）：{reason}。",
    "Write the arguments in this order.",
    "请按此顺序书写参数。",
)
TOO_COMPLEX: Final = Message(
    "formula.too_complex",
    "The formula is too large: {measure} {met}, at most {limit}.",
    "公式过于复杂：{measure}为 {met}，最多 {limit}。",
    "Split it into several formula fields.",
    "请拆分为多个公式字段。",
)
CONSTANT_ERROR: Final = Message(
    "formula.constant_error",
    "“{part}” (character {position}) can never give a value: {reason}.",
    "“{part}”（第 {position} 个字符）永远得不到结果：{reason}。",
    "Change the numbers written there.",
    "请修改此处写出的数值。",
)
QUERY_NOT_ALLOWED: Final = Message(
    "formula.query_not_allowed",
    "{name} asks other records (character {position}), which is not possible here.",
    "{name} 会查询其他记录（第 {position} 个字符），此处不允许。",
    "Queries are for defaults, guards, actions and batch runs, and not inside one another; elsewhere "
    "use a lookup path or a roll-up field.",
    "查询只能用于默认值、条件检查、动作和批处理，且不能互相嵌套；其他地方请用查找路径或汇总字段。",
)
NAMED_REFUSED: Final = Message(
    "formula.named_refused",
    "{name} (character {position}) cannot be used with these arguments: {reason}",
    "{name}（第 {position} 个字符）不能用于这些参数：{reason}",
    "Look at the named expression, or give it other values.",
    "请检查该命名表达式，或改用其他参数。",
)
NAMED_CYCLE: Final = Message(
    "formula.cycle",
    "The named expressions depend on each other (character {position}): {cycle}.",
    "命名表达式相互依赖（第 {position} 个字符）：{cycle}。",
    "Break the circle.",
    "请打破循环。",
)
AMBIGUOUS: Final = Message(
    "formula.ambiguous",
    "“{name}” (character {position}) is a parameter and also a field of “{object}”.",
    "“{name}”（第 {position} 个字符）既是参数，也是“{object}”的字段。",
    "Give the parameter another name.",
    "请为参数另取名称。",
)
FUNCTION_ENGINE: Final = Message(
    "formula.function_engine",
    "{name} (character {position}) cannot be computed {engine}, which is needed here.",
    "{name}（第 {position} 个字符）不能{engine}计算，而此处需要。",
    "Use another function, or keep the result in a stored field.",
    "请改用其他函数，或把结果存入字段。",
)
OVERFLOW: Final = Message(
    "formula.overflow",
    "A number in the formula grew beyond 18 digits.",
    "公式中的数值超过了 18 位。",
    "Check the values entered; numbers hold 18 digits, those after the point included.",
    "请检查输入的数值；数值最多 18 位（含小数位）。",
)


BAD_ROWS: Final = Message(
    "formula.rows",
    "The formula cannot be computed over these rows: {reason}.",
    "公式无法对这些行计算：{reason}。",
    "Correct the rows that it reads.",
    "请更正其读取的行。",
)


class FormulaError(RefusedError):
    """A formula that was refused; `spans` has the place in the source of each problem."""

    code = "formula.refused"

    def __init__(self, *problems: Problem, spans: tuple[tuple[int, int], ...] = ()) -> None:
        super().__init__(*problems)
        self.spans = spans


class FormulaValueError(RefusedError):
    """A formula that was accepted has no value for these rows."""

    code = "formula.no_value"


class FormulaRowsError(FormulaValueError):
    """Rows given to a function, or asked by a query, that cannot be reckoned with."""

    code = "formula.rows"

    def __init__(self, reason: Text) -> None:
        super().__init__(BAD_ROWS.at(reason=reason))
        self.reason = reason


class FormulaOverflowError(FormulaValueError):
    """A number outgrew what every engine can hold exactly."""

    code = "formula.overflow"

    def __init__(self) -> None:
        super().__init__(OVERFLOW.at())
