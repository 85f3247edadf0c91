"""From bytes to documents that fit their schema; all findings at once, in both languages."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Final

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from headrace.platform.core.problems import Message, Problem, Text, pointer
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.metadata.schemas import DEFINITIONS, schemas
from headrace.platform.metadata.strict_json import parse_json

MAX_PROBLEMS: Final = 100

UNKNOWN_KIND = Message(
    "document.unknown_kind",
    "There is no kind of document called “{kind}”.",
    "没有名为“{kind}”的文档类型。",
    "Use one of {known}.",
    "请使用以下之一:{known}。",
)
WRONG_TYPE = Message(
    "schema.wrong_type",
    "Expected {expected}, found {found}.",
    "此处应为{expected},而不是{found}。",
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
    "请使用以下之一:{known}。",
)
UNKNOWN_TYPE = Message(
    "field.unknown_type",
    "There is no field type “{value}”.",
    "没有字段类型“{value}”。",
    "Use one of {known}.",
    "请使用以下之一:{known}。",
)
NAME_PATTERN = Message(
    "name.pattern",
    "“{value}” cannot be a name.",
    "“{value}”不能作为名称。",
    "Names have lower-case letters, digits and underscores, start with a letter and have at most"
    " 40 characters.",
    "名称由小写字母、数字和下划线组成,以字母开头,最多 40 个字符。",
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
    "值超出限制:{limit}。",
    "Keep within {limit}.",
    "请保持在 {limit} 之内。",
)
TOO_MANY_FIELDS = Message(
    "object.too_many_fields",
    "An object has at most {most} fields.",
    "一个对象最多 {most} 个字段。",
    "Move some to a detail object.",
    "请将部分字段移到明细对象。",
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


@dataclass(frozen=True, slots=True)
class Parsed:
    """The JSON of a file, with its module and path; it may be no document at all."""

    module: str
    path: str
    content: Any


@dataclass(frozen=True, slots=True)
class Loaded:
    """Documents that fit their schemas with the paths of their files; what is wrong with others."""

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...]
    paths: tuple[str, ...] = ()


def load_documents(files: Iterable[tuple[str, str, bytes]], types: FieldTypes) -> Loaded:
    """Parse and check files given as (module, path, bytes); problems start with the path."""
    parsed, problems = parse_files(files)
    loaded = check_documents(parsed, types)
    return replace(loaded, problems=(*problems, *loaded.problems))


def parse_files(
    files: Iterable[tuple[str, str, bytes]],
) -> tuple[tuple[Parsed, ...], tuple[Problem, ...]]:
    """Parse files given as (module, path, bytes); return what is JSON and what is wrong."""
    parsed: list[Parsed] = []
    problems: list[Problem] = []
    for module, path, data in files:
        read = parse_json(data)
        if read.problems:
            problems.extend(problem.below("/" + path) for problem in read.problems)
        else:
            parsed.append(Parsed(module, path, read.value))
    return tuple(parsed), tuple(problems)


def check_documents(parsed: Iterable[Parsed], types: FieldTypes) -> Loaded:
    """Check files that were parsed; problems start with the path."""
    documents: list[Document] = []
    paths: list[str] = []
    problems: list[Problem] = []
    for one in parsed:
        found = check_document(one.content, types)
        if found:
            problems.extend(problem.below("/" + one.path) for problem in found)
        else:
            documents.append(Document(one.module, one.content))
            paths.append(one.path)
    return Loaded(tuple(documents), tuple(problems), tuple(paths))


def check_document(content: Any, types: FieldTypes) -> tuple[Problem, ...]:
    """Check one document against the closed schema of its kind."""
    wrong = unless_type("object", content)
    if wrong:
        return (wrong,)
    if "kind" not in content:
        return (MISSING_FIELD.at(key="kind"),)
    kind = content["kind"]
    if not isinstance(kind, str) or kind not in DEFINITIONS:
        return (UNKNOWN_KIND.at("/kind", kind=kind, known=", ".join(DEFINITIONS)),)
    validators = _validators(types)[kind]
    if validators.fast.is_valid(content):
        return ()
    found_problems = dict.fromkeys(
        problem for error in validators.exact.iter_errors(content) for problem in _problems(error)
    )
    return tuple(found_problems)[:MAX_PROBLEMS]


@dataclass(frozen=True, slots=True)
class _Validators:
    fast: Any
    exact: Draft202012Validator


@functools.lru_cache(maxsize=8)
def _validators(types: FieldTypes) -> Mapping[str, _Validators]:
    return {
        kind: _Validators(jsonschema_rs.Draft202012Validator(schema), Draft202012Validator(schema))
        for kind, schema in schemas(types).items()
    }


def _problems(error: ValidationError) -> Iterator[Problem]:
    """Turn a finding of the validator into ours."""
    place = pointer(*error.absolute_path)
    rule: Any = error.validator_value
    given: Any = error.instance
    match error.validator:
        case "additionalProperties":
            yield from _unknown_keys(error, place)
        case "required":
            for key in rule:
                if key not in given:
                    yield MISSING_FIELD.at(place, key=key)
        case "type":
            yield _wrong_type(error, place)
        case "enum" | "const":
            yield _not_allowed(error, place)
        case "pattern":
            yield _pattern(error, place)
        case "anyOf" | "oneOf":
            yield from _alternatives(error, place)
        case "maxItems" if place == "/fields":
            yield TOO_MANY_FIELDS.at(place, most=rule)
        case name if name in LIMITS:
            yield RANGE.at(place, limit=f"{LIMITS[str(name)]} {rule}")
        case _:
            yield SHAPE.at(place)


def _unknown_keys(error: ValidationError, place: str) -> Iterator[Problem]:
    schema: Any = error.schema
    known = list(schema.get("properties", ()))
    given: Any = error.instance
    for key in given:
        if key not in known:
            yield UNKNOWN_FIELD.at(place + pointer(key), key=key, hint=suggestion(key, known))


def suggestion(given: str, known: Iterable[str]) -> Text:
    """Return the hint that names what could have been meant."""
    names = list(known)
    near = get_close_matches(given, names, n=1, cutoff=0.6)
    if near:
        return Text(f"Did you mean {near[0]}?", f"您是否指 {near[0]}?")
    return Text(f"Known are: {', '.join(names)}.", f"可用的有:{', '.join(names)}。")


def unless_type(expected: str, value: Any, place: str = "") -> Problem | None:
    """Return the problem of a value that is not of the JSON type `expected`."""
    found = _type_name(value)
    if found == expected:
        return None
    return WRONG_TYPE.at(place, expected=TYPE_WORDS[expected], found=TYPE_WORDS[found])


def _wrong_type(error: ValidationError, place: str) -> Problem:
    wanted: Any = error.validator_value
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    expected = Text(
        " or ".join(TYPE_WORDS[name].en for name in names),
        "或".join(TYPE_WORDS[name].zh for name in names),
    )
    return WRONG_TYPE.at(place, expected=expected, found=TYPE_WORDS[_type_name(error.instance)])


def _not_allowed(error: ValidationError, place: str) -> Problem:
    rule: Any = error.validator_value
    values = rule if error.validator == "enum" else [rule]
    known = ", ".join(str(value) for value in values)
    is_type = _is_field_type(error)
    return (UNKNOWN_TYPE if is_type else NOT_ALLOWED).at(place, value=error.instance, known=known)


def _is_field_type(error: ValidationError) -> bool:
    path = list(error.absolute_path)
    return len(path) == 3 and path[0] == "fields" and path[2] == "type"  # noqa: PLR2004 - /fields/0/type


def _pattern(error: ValidationError, place: str) -> Problem:
    schema: Any = error.schema
    if schema.get("format") == "name" or list(error.absolute_schema_path)[-2:-1] == [
        "propertyNames"
    ]:
        return NAME_PATTERN.at(place, value=error.instance)
    return PATTERN.at(place, value=error.instance, pattern=error.validator_value)


def _alternatives(error: ValidationError, place: str) -> Iterator[Problem]:
    """Speak of the alternative that has the value's type; of the shape where none has."""
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.relative_schema_path[0], []).append(inner)
    fitting = [
        found
        for found in branches.values()
        if not any(one.validator == "type" and not one.relative_path for one in found)
    ]
    if len(fitting) == 1:
        for inner in fitting[0]:
            yield from _problems(inner)
        return
    yield SHAPE.at(place)


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
