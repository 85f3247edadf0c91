"""Refuses to bring back what is not kept any more."""

from __future__ import annotations

from typing import Final

from headrace.platform.core.errors import ConflictError
from headrace.platform.core.problems import Message
from headrace.platform.database.names import Names

RESTORED_GONE: Final = Message(
    "plan.kept_gone",
    "What the plan brings back was removed for good since it was made.",
    "计划要恢复的数据在计划生成之后已被彻底删除。",
    "Plan again: the new plan says what cannot come back.",
    "请重新生成计划：新计划会说明哪些数据无法恢复。",
)


def refuse_gone(then: Names, wanted: Names, now: Names) -> None:
    """Raise ConflictError where `wanted`, made from `then`, uses again what is gone by `now`."""
    for number, one in then.resting.items():
        if one.dropped_at_version is None:
            continue
        again, there = wanted.numbered(number), now.numbered(number)
        if again is not None and again.live and (there is None or there.going):
            raise ConflictError(RESTORED_GONE.at())
