"""Kits: named choices of modules that are published together, in `kits/` beside the modules."""

from __future__ import annotations

from typing import Final

from headrace.platform.core.problems import Message, Problem
from headrace.platform.metadata.definitions.keys import load_object
from headrace.platform.metadata.definitions.packages import Kit
from headrace.platform.metadata.loading import check_content
from headrace.platform.metadata.strict_json import parse_json

KITS: Final = "kits"

WRONG_FILE = Message(
    "kit.wrong_file",
    "The kit “{name}” belongs into the file {name}.json.",
    "方案“{name}”应放在文件 {name}.json 中。",
    "Rename the file, or correct the name.",
    "请重命名文件，或更正名称。",
)


def load_kit(file: str, data: bytes) -> tuple[Kit | None, tuple[Problem, ...]]:
    """Read the kit in a file of that name; None where something is wrong with it."""
    parsed = parse_json(data)
    if parsed.problems:
        return None, parsed.problems
    problems = check_content(parsed.value, Kit)
    if problems:
        return None, problems
    kit: Kit = load_object(Kit, parsed.value)
    if file != f"{kit.name}.json":
        return None, (WRONG_FILE.at("/name", name=kit.name),)
    return kit, ()
