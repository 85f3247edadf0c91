"""From bytes to documents that fit their schema; all findings at once, in both languages."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import jsonschema_rs

from headrace.platform.core.newest import Newest
from headrace.platform.core.problems import Message, Problem
from headrace.platform.metadata.definitions.keys import schema_of
from headrace.platform.metadata.documents import Document
from headrace.platform.metadata.field_types import FieldTypes
from headrace.platform.metadata.schema_problems import MISSING_FIELD, problems_of, unless_type
from headrace.platform.metadata.schemas import DEFINITIONS, schemas
from headrace.platform.metadata.strict_json import parse_json

MAX_PROBLEMS: Final = 100
KEPT_BYTES: Final = 16 * 1024 * 1024
KEPT_DOCUMENTS: Final = 10_000
MAX_VALUES: Final = 20_000
"""How many values of a document that does not fit its schema are looked at."""

UNKNOWN_KIND = Message(
    "document.unknown_kind",
    "There is no kind of document called “{kind}”.",
    "没有名为“{kind}”的文档类型。",
    "Use one of {known}.",
    "请使用以下之一：{known}。",
)
TOO_MANY_VALUES = Message(
    "json.too_large",
    "The document has more than {limit} values.",
    "文档包含的值超过 {limit} 个。",
    "Split it into several documents.",
    "请拆分为多个文件。",
)


@dataclass(frozen=True, eq=False)
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


_PARSED: Final[Newest[tuple[Parsed | None, tuple[Problem, ...]]]] = Newest(KEPT_BYTES)
_CHECKED: Final[Newest[tuple[Document | None, tuple[Problem, ...]]]] = Newest(KEPT_DOCUMENTS)
"""What was read is a value: nobody changes the JSON of a parsed file or a document."""


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
        make = functools.partial(_parse_file, module, path, data)
        one, found = _PARSED.get((module, path), data, make, len(data))
        if one is not None:
            parsed.append(one)
        problems.extend(found)
    return tuple(parsed), tuple(problems)


def _parse_file(module: str, path: str, data: bytes) -> tuple[Parsed | None, tuple[Problem, ...]]:
    read = parse_json(data, shown=True)
    if read.problems:
        return None, tuple(problem.below("/" + path) for problem in read.problems)
    return Parsed(module, path, read.value), ()


def check_documents(parsed: Iterable[Parsed], types: FieldTypes) -> Loaded:
    """Check files that were parsed; problems start with the path."""
    documents: list[Document] = []
    paths: list[str] = []
    problems: list[Problem] = []
    for one in parsed:
        make = functools.partial(_check_parsed, one, types)
        document, found = _CHECKED.get((one.module, one.path, types), one, make)
        problems.extend(found)
        if document is not None:
            documents.append(document)
            paths.append(one.path)
    return Loaded(tuple(documents), tuple(problems), tuple(paths))


def _check_parsed(one: Parsed, types: FieldTypes) -> tuple[Document | None, tuple[Problem, ...]]:
    found = check_document(one.content, types)
    if found:
        return None, tuple(problem.below("/" + one.path) for problem in found)
    return Document(one.module, one.content), ()


def check_document(content: Any, types: FieldTypes) -> tuple[Problem, ...]:
    """Check one document against the closed schema of its kind."""
    wrong = unless_type("object", content)
    if wrong:
        return (wrong,)
    if "kind" not in content:
        return (MISSING_FIELD.at(key="kind"),)
    kind = content["kind"]
    if not isinstance(kind, str) or kind not in DEFINITIONS:
        return (UNKNOWN_KIND.at("/kind", kind=str(kind)[:80], known=", ".join(DEFINITIONS)),)
    validator, schema = _validators(types)[kind]
    if validator.is_valid(content):
        return ()
    return _findings(content, validator, schema) or (TOO_MANY_VALUES.at(limit=MAX_VALUES),)


def check_content(content: Any, definition: type) -> tuple[Problem, ...]:
    """Check JSON that is no document, such as a kit, against the closed schema of `definition`."""
    validator, schema = _validator_of(definition)
    if validator.is_valid(content):
        return ()
    return _findings(content, validator, schema) or (TOO_MANY_VALUES.at(limit=MAX_VALUES),)


def _findings(content: Any, validator: Any, schema: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return the first findings over a document that does not fit, those nearest the top first."""
    content = _first_values(content, MAX_VALUES)
    findings = sorted(validator.iter_errors(content), key=lambda one: len(list(one.instance_path)))
    found: dict[Problem, None] = {}
    for one in findings:
        found.update(dict.fromkeys(problems_of(one, schema, content)))
        if len(found) >= MAX_PROBLEMS:
            break
    return tuple(found)[:MAX_PROBLEMS]


def _first_values(content: Any, most: int) -> Any:
    """Return `content` with its lists cut, so that it has about `most` values.

    The validator looks for all findings before it gives the first; in a hostile document these
    are millions.
    """
    left = most

    def cut(value: Any) -> Any:
        nonlocal left
        left -= 1
        match value:
            case dict():
                return {key: cut(part) for key, part in itertools.islice(value.items(), most)}
            case list():
                kept = []
                for part in value:
                    if left <= 0:
                        break
                    kept.append(cut(part))
                return kept
            case _:
                return value

    return cut(content)


@functools.cache
def _validator_of(definition: type) -> tuple[Any, dict[str, Any]]:
    schema = schema_of(definition)
    return jsonschema_rs.Draft202012Validator(schema), schema


@functools.lru_cache(maxsize=8)
def _validators(types: FieldTypes) -> Mapping[str, tuple[Any, dict[str, Any]]]:
    return {
        kind: (jsonschema_rs.Draft202012Validator(schema), schema)
        for kind, schema in schemas(types).items()
    }
