"""Answers to conflicts of a merge, as files and requests have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, pointer
from headrace.platform.metadata.merging import Resolution

ANSWERS: Final = frozenset({"ours", "theirs", "value", "delete"})
"""What settles a conflict; no line of a plan takes these."""

BAD_RESOLUTION: Final = Message(
    "merge.resolution",
    "A conflict is settled by “ours”, “theirs”, “delete”, or by a value.",
    "冲突须以 ours、theirs、delete 或给定的值解决。",
    'Write {"answer": "ours"} or {"answer": "value", "value": …}.',
    '请写成 {"answer": "ours"} 或 {"answer": "value", "value": …}。',
)


def read_resolutions(data: Any, place: str = "/resolutions") -> dict[str, Resolution]:
    """Return answers by the keys of conflicts; raise RefusedError for what is none."""
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise RefusedError(BAD_RESOLUTION.at(place))
    return {key: _resolution(value, place + pointer(key)) for key, value in data.items()}


def is_resolution(data: Any) -> bool:
    """Say whether an answer in a file of decisions is one to a conflict."""
    answer = data.get("answer") if isinstance(data, Mapping) else None
    return isinstance(answer, str) and answer in ANSWERS


def _resolution(data: Any, place: str) -> Resolution:
    given = {"answer": data} if isinstance(data, str) else data
    if not isinstance(given, Mapping) or not given.keys() <= {"answer", "value"}:
        raise RefusedError(BAD_RESOLUTION.at(place))
    match given.get("answer"):
        case "ours":
            return Resolution("ours")
        case "theirs":
            return Resolution("theirs")
        case "delete":
            return Resolution()
        case "value" if "value" in given:
            return Resolution(value=given["value"])
        case _:
            raise RefusedError(BAD_RESOLUTION.at(place))
