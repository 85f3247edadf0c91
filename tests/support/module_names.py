"""What the seed modules call their objects, roles and constants, and where code says such a name."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NAMED_KINDS = ("object", "role")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|\{#.*?#\}", re.DOTALL)
TEMPLATE_CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
WORD = re.compile(r"[^\W\d]\w*")


def names_of_modules(seed_schemas: Path) -> frozenset[str]:
    """Return every name of an object, role or constant in the module folders."""
    names: set[str] = set()
    for path in seed_schemas.rglob("*.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict):
            continue
        if document.get("kind") in NAMED_KINDS:
            names.add(document["name"])
        names.update(constant["name"] for constant in document.get("constants", ()))
    return frozenset(names)


def said_in_python(source: str, names: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Yield line and name for each identifier or string that is, or holds as a word, a name."""
    for node in ast.walk(ast.parse(source)):
        for word in _words_of(node):
            if word in names:
                yield getattr(node, "lineno", 0), word


def _words_of(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.keyword(arg=str(name)):
            yield name
        case ast.alias(name=name, asname=alias):
            yield from filter(None, (name, alias))
        case ast.Constant(value=str(text)):
            yield from _words_of_text(text)


def _words_of_text(text: str) -> Iterator[str]:
    """Yield a text that is one word, and the words with an underscore of any other.

    A sentence may say "product"; only an API name has an underscore.
    """
    words = WORD.findall(text)
    if len(words) == 1:
        yield from words
    else:
        yield from (word for word in words if "_" in word)


def said_in_typescript(source: str, names: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Yield line and name for each word outside comments."""
    yield from _said(COMMENT.sub(_blank, source), names)


def said_in_template(source: str, names: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Yield line and name for each word of the template's code."""
    without_comments = COMMENT.sub(_blank, source)
    for code in TEMPLATE_CODE.finditer(without_comments):
        before = without_comments.count("\n", 0, code.start())
        for line, name in _said(code.group(), names):
            yield before + line, name


def _said(source: str, names: frozenset[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(source.splitlines(), start=1):
        yield from ((number, word) for word in WORD.findall(line) if word in names)


def _blank(comment: re.Match[str]) -> str:
    return "\n" * comment.group().count("\n")


@dataclass(frozen=True, slots=True)
class Allowed:
    """A name that code may say, where, and why."""

    name: str
    files: str
    reason: str


def read_allowed(path: Path) -> tuple[Allowed, ...]:
    """Read the allow-list: one `name [in PATTERN]: reason` a line."""
    lines = (
        line.split("#", 1)[0].strip() for line in path.read_text(encoding="utf-8").splitlines()
    )
    return tuple(_allowed(line) for line in lines if line)


def _allowed(line: str) -> Allowed:
    what, _, reason = line.partition(":")
    name, _, files = what.partition(" in ")
    return Allowed(name.strip(), files.strip() or "*", reason.strip())
