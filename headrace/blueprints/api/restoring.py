"""The body of a request to lead a record back to an earlier state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, pointer
from headrace.platform.records.restoring import Side

BAD_PART: Final = Message(
    "restore.invalid",
    "“{name}” must be {expected}.",
    "“{name}”必须是{expected}。",
    'Send {"before": "<id of a line of the history>"} or "after", and "fields" to choose.',
    '请发送 {"before": "<历史记录行的标识>"} 或 "after",可用 "fields" 选择字段。',
)


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """Which line of the history, which side of it, and what of the record (None: all)."""

    line: str
    side: Side
    fields: tuple[str, ...] | None

    def as_json(self) -> dict[str, Any]:
        """Return the body again."""
        return {self.side: self.line, "fields": self.fields}


def restore_request(data: Mapping[str, Any]) -> RestoreRequest:
    """Read the body; raise RefusedError with what is wrong with it."""
    problems = []
    sides: list[Side] = [side for side in ("before", "after") if side in data]
    if len(sides) != 1:
        problems.append(BAD_PART.at("", name="before | after", expected="given, one of them"))
    problems += [
        BAD_PART.at(pointer(side), name=side, expected="text")
        for side in sides
        if not isinstance(data[side], str)
    ]
    fields = data.get("fields")
    if fields is not None and not (
        isinstance(fields, list) and all(isinstance(one, str) for one in fields)
    ):
        problems.append(BAD_PART.at("/fields", name="fields", expected="[…]"))
    if problems:
        raise RefusedError.of(problems)
    return RestoreRequest(data[sides[0]], sides[0], None if fields is None else tuple(fields))
