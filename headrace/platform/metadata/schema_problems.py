"""What the validator of JSON Schemas finds, turned into problems with place, remedy and code."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from headrace.platform.core.problems import Message, Problem, Text, pointer
from headrace.platform.formulas.messages import TOO_COMPLEX
from headrace.platform.metadata.definitions.keys import NAME_PATTERN
from headrace.platform.metadata.naming import name_problem

WRONG_TYPE = Message(
    "schema.wrong_type",
    "Expected {expected}, found {found}.",
    "此处应为{expected}，而不是{found}。",
    "Change the value.",
    "请修改该值。",
)
UNKNOWN_FIELD = Message(
    "schema.unknown_field",
    "The key “{key}” is not known here.",
    "此处没有键“{key}”。",
    "{hint}",
    "{hint}",
)
MISSING_FIELD = Message(
    "schema.missing_field",
    "The key “{key}” is missing.",
    "缺少键“{key}”。",
    "Add it.",
    "请补充。",
)
NOT_ALLOWED = Message(
    "schema.not_allowed",
    "“{value}” is not one of the values allowed here.",
    "“{value}”不是此处允许的值。",
    "Use one of {known}.",
    "请使用以下之一：{known}。",
)
UNKNOWN_TYPE = Message(
    "field.unknown_type",
    "There is no field type “{value}”.",
    "没有字段类型“{value}”。",
    "Use one of {known}.",
    "请使用以下之一：{known}。",
)
PATTERN = Message(
    "schema.pattern",
    "“{value}” does not have the form that is needed here.",
    "“{value}”的格式不正确。",
    "It must match {pattern}.",
    "须匹配 {pattern}。",
)
RANGE = Message(
    "schema.range",
    "The value is outside of its limits: {limit}.",
    "值超出限制：{limit}。",
    "Keep within {limit}.",
    "请保持在 {limit} 之内。",
)
FIELD_RANGE = Message(
    "field.range",
    "“{key}” is outside of its limits: {limit}.",
    "“{key}”超出限制：{limit}。",
    "Keep within {limit}.",
    "请保持在 {limit} 之内。",
)
EMPTY = Message(
    "schema.empty",
    "Nothing is filled in here.",
    "此处尚未填写。",
    "Fill it in, or choose one of what is offered.",
    "请填写，或从可选项中选择。",
)
EMPTY_LIST = Message(
    "schema.empty_list",
    "At least one is needed here, and there is none.",
    "此处至少需要一项，目前一项也没有。",
    "Add one, or remove the whole.",
    "请添加一项，或移除整个部分。",
)
TOO_MANY_FIELDS = Message(
    "object.too_many_fields",
    "An object has at most {most} fields.",
    "一个对象最多 {most} 个字段。",
    "Move some to a detail object.",
    "请将部分字段移到明细对象。",
)
NO_APPROVER = Message(
    "workflow.no_approver",
    "Nobody is asked in this step.",
    "该步骤没有审批人。",
    "Name a role or a user field, or remove the step.",
    "请指定角色或用户字段，或删除该步骤。",
)
SHAPE = Message(
    "schema.shape",
    "The value has none of the forms that are allowed here.",
    "该值不符合此处允许的任何形式。",
    "See the reference of this kind of document.",
    "请参阅该类文档的说明。",
)

TYPE_WORDS: Final[Mapping[str, Text]] = {
    "object": Text("an object", "对象"),
    "array": Text("a list", "列表"),
    "string": Text("a text", "文本"),
    "integer": Text("a whole number", "整数"),
    "number": Text("a number", "数字"),
    "boolean": Text("true or false", "true 或 false"),
    "null": Text("nothing", "空值"),
}
LIMITS: Final[Mapping[str, str]] = {
    "minLength": "≥",
    "maxLength": "≤",
    "minimum": "≥",
    "maximum": "≤",
    "minItems": "≥",
    "maxItems": "≤",
    "minProperties": "≥",
    "maxProperties": "≤",
}
_REFUSES_EMPTY: Final = frozenset({"enum", "const", "pattern", "minLength"})
"""What an empty text may fail: who left it empty is told that, not what the text would have to be."""
_FIELD_KEY: Final = 3
"""How long the path of a key of a field is: /fields/0/length."""


def problems_of(finding: Any, schema: Mapping[str, Any], content: Any) -> Iterator[Problem]:
    """Turn a finding of the validator over `content` into ours."""
    way = list(finding.instance_path)
    place = pointer(*way)
    rule, parent = _rule(schema, finding.schema_path)
    kind = finding.kind.name
    if finding.instance == "" and kind in _REFUSES_EMPTY and rule != NAME_PATTERN:
        yield EMPTY.at(place)
        return
    match kind:
        case "additionalProperties" | "falseSchema":
            yield from _unknown_keys(finding, parent, way, content)
        case "required":
            yield MISSING_FIELD.at(place, key=finding.kind.property)
        case "type":
            yield _wrong_type(rule, finding.instance, place)
        case "enum" | "const":
            yield _not_allowed(rule, kind, finding.instance, way)
        case "pattern":
            yield _pattern(rule, finding.instance, way, content)
        case "propertyNames":
            key = str(finding.kind.error.instance)
            yield name_problem(key, (), place + pointer(key))
        case "anyOf" | "oneOf":
            yield from _alternatives(finding, way, content, rule)
        case _ if kind in LIMITS:
            yield _limit(kind, rule, parent, way)
        case _:
            yield SHAPE.at(place)


def _rule(schema: Any, way: Iterable[str | int]) -> tuple[Any, Any]:
    """Return the value of the keyword that a finding is about, and the schema that it stands in."""
    rule, parent = schema, schema
    for step in way:
        if not isinstance(rule, (dict, list)):
            break
        parent, rule = rule, rule[step]  # type: ignore[index]  # a path that the validator gave
    return rule, parent


def _unknown_keys(finding: Any, parent: Any, way: list[Any], content: Any) -> Iterator[Problem]:
    known = list(parent.get("properties", ())) if isinstance(parent, dict) else []
    if finding.kind.name == "falseSchema":
        yield UNKNOWN_FIELD.at(pointer(*way), key=way[-1] if way else "", hint=suggestion("", ()))
        return
    unexpected = set(finding.kind.unexpected)
    for key in _at(content, way):
        if key in unexpected:
            place = pointer(*way, key)
            yield UNKNOWN_FIELD.at(place, key=key, hint=suggestion(key, known))


def suggestion(given: str, known: Iterable[str]) -> Text:
    """Return the hint that names what could have been meant."""
    names = list(known)
    if not names:
        return Text("Remove it.", "请删除。")
    near = get_close_matches(given[:80], names, n=1, cutoff=0.6)
    if near:
        return Text(f"Did you mean {near[0]}?", f"您是否指 {near[0]}？")
    return Text(f"Known are: {', '.join(names)}.", f"可用的有：{', '.join(names)}。")


def unless_type(expected: str, value: Any, place: str = "") -> Problem | None:
    """Return the problem of a value that is not of the JSON type `expected`."""
    found = _type_name(value)
    if found == expected:
        return None
    return WRONG_TYPE.at(place, expected=TYPE_WORDS[expected], found=TYPE_WORDS[found])


def _wrong_type(wanted: Any, given: Any, place: str) -> Problem:
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    expected = Text(
        " or ".join(TYPE_WORDS[name].en for name in names),
        "或".join(TYPE_WORDS[name].zh for name in names),
    )
    return WRONG_TYPE.at(place, expected=expected, found=TYPE_WORDS[_type_name(given)])


def _not_allowed(rule: Any, kind: str, given: Any, way: Sequence[Any]) -> Problem:
    known = ", ".join(str(value) for value in (rule if kind == "enum" else [rule]))
    is_type = len(way) == _FIELD_KEY and way[0] == "fields" and way[2] == "type"
    return (UNKNOWN_TYPE if is_type else NOT_ALLOWED).at(
        pointer(*way), value=_excerpt(given), known=known
    )


def _pattern(rule: Any, given: str, way: Sequence[Any], content: Any) -> Problem:
    if rule == NAME_PATTERN:
        return name_problem(given, _siblings(way, content), pointer(*way))
    return PATTERN.at(pointer(*way), value=_excerpt(given), pattern=rule)


def _siblings(way: Sequence[Any], content: Any) -> Iterator[str]:
    """Yield the names of the other members of the list in which a name stands."""
    if len(way) < 2 or not isinstance(way[-2], int):  # noqa: PLR2004 - …, position, key
        return
    for position, one in enumerate(_at(content, way[:-2])):
        if position != way[-2] and isinstance(one, dict) and isinstance(one.get(way[-1]), str):
            yield one[way[-1]]


def _limit(kind: str, rule: Any, parent: Any, way: Sequence[Any]) -> Problem:
    place = pointer(*way)
    limit = f"{LIMITS[kind]} {rule}"
    if kind == "maxItems" and way == ["fields"]:
        return TOO_MANY_FIELDS.at(place, most=rule)
    if kind == "minItems" and way[-1:] == ["approvers"]:
        return NO_APPROVER.at(place)
    if kind == "minItems" and rule == 1:
        return EMPTY_LIST.at(place)
    if kind == "maxLength" and parent.get("format") == "formula":
        measure = Text("length", "长度")
        return TOO_COMPLEX.at(place, measure=measure, met=f"> {rule}", limit=rule)
    if len(way) == _FIELD_KEY and way[0] == "fields":
        return FIELD_RANGE.at(place, key=way[2], limit=limit)
    return RANGE.at(place, limit=limit)


def _alternatives(
    finding: Any, way: list[Any], content: Any, branches: Sequence[Mapping[str, Any]]
) -> Iterator[Problem]:
    """Speak of the alternative that has the value's type; of the shape where none has."""
    fitting = [
        (found, branch)
        for found, branch in zip(finding.kind.context, branches, strict=False)
        if not any(one.kind.name == "type" and list(one.instance_path) == way for one in found)
    ]
    if len(fitting) != 1:
        yield SHAPE.at(pointer(*way))
        return
    found, branch = fitting[0]
    depth = len(list(finding.schema_path)) + 1
    for one in found:
        yield from problems_of(_Inner(one, depth), branch, content)


class _Inner:
    """A finding within an alternative, its schema path counted from there."""

    def __init__(self, finding: Any, depth: int) -> None:
        self.instance_path = finding.instance_path
        self.instance = finding.instance
        self.kind = finding.kind
        self.schema_path = list(itertools.islice(finding.schema_path, depth, None))


def _at(content: Any, way: Iterable[Any]) -> Any:
    for step in way:
        content = content[step]
    return content


def _excerpt(value: Any) -> str:
    return value[:80] if isinstance(value, str) else str(TYPE_WORDS[_type_name(value)].en)


def _type_name(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"
