"""What a function asks of its arguments beyond their kind."""

from __future__ import annotations

from decimal import Decimal

from headrace.platform.core.problems import Text
from headrace.platform.formulas.functions.base import Parameter
from headrace.platform.formulas.tree import ConstantRef, FieldRef, Literal, Node
from headrace.platform.formulas.types import Kind


def argument_fault(parameter: Parameter, argument: Node) -> Text | None:
    """Return why `argument` cannot stand for `parameter`, or None."""
    name = parameter.name
    if parameter.literal and (not isinstance(argument, Literal) or argument.value is None):
        return Text(f"{name} must be written out", f"{name} 必须直接写出")
    if parameter.whole and argument.type.kind is Kind.NUMBER and argument.type.scale:
        return Text(f"{name} must be a whole number, see ROUND", f"{name} 必须为整数，可用 ROUND")
    if parameter.simple and not isinstance(argument, Literal | FieldRef | ConstantRef):
        return Text(f"{name} must be a number, field or constant", f"{name} 必须为数值、字段或常量")
    if parameter.own_field and not (isinstance(argument, FieldRef) and len(argument.path) == 1):
        return Text(f"{name} must be a field of the record itself", f"{name} 必须是记录自身的字段")
    return _value_fault(parameter, argument)


def _value_fault(parameter: Parameter, argument: Node) -> Text | None:
    if not isinstance(argument, Literal):
        return None
    value = argument.value
    if parameter.choices and value not in parameter.choices:
        listed = ", ".join(f"'{choice}'" for choice in parameter.choices)
        return Text(f"{parameter.name} is one of {listed}", f"{parameter.name} 只能是 {listed}")
    if parameter.fault is not None and isinstance(value, str):
        return parameter.fault(value)
    if parameter.limits is None or not isinstance(value, Decimal):
        return None
    low, high = parameter.limits
    if low <= value <= high:
        return None
    return Text(
        f"{parameter.name} is between {low} and {high}",
        f"{parameter.name} 应在 {low} 至 {high} 之间",
    )
