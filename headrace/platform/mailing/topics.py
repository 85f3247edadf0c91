"""What people are told about, in topics that each may choose a way for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from headrace.platform.core.problems import Text

Way = Literal["inside", "mail", "digest"]
"""Inside the product only, by mail at once too, or in one mail a day too."""

WAYS: Final[tuple[Way, ...]] = get_args(Way)


@dataclass(frozen=True, slots=True)
class Topic:
    """Kinds of notifications that people take for one thing; `way` holds for who chose none."""

    name: str
    label: Text
    kinds: tuple[str, ...]
    way: Way


TOPICS: Final[tuple[Topic, ...]] = (
    Topic(
        "tasks",
        Text("Tasks that wait for me", "待我处理的任务"),
        ("task.asked", "task.opinion_asked"),
        "mail",
    ),
    Topic(
        "reminders",
        Text("Reminders, and tasks that are late", "催办与超时提醒"),
        ("task.urged", "task.reminder", "task.overdue", "task.escalated"),
        "mail",
    ),
    Topic(
        "opinions", Text("Opinions that I asked for", "我征求的意见"), ("task.opinion",), "inside"
    ),
    Topic("copies", Text("Copies sent to me", "抄送给我的"), ("task.copied",), "digest"),
    Topic(
        "results",
        Text("What became of what I submitted", "我提交事项的结果"),
        ("approval.ended", "task.timed_out"),
        "mail",
    ),
    Topic(
        "delegations",
        Text("Delegations to me", "委托给我的"),
        ("delegation.given", "delegation.ended"),
        "mail",
    ),
    Topic("automations", Text("Everything else", "其他消息"), (), "inside"),
)
OTHER: Final = TOPICS[-1]
"""Takes the kinds that no other topic names."""

_BY_KIND: Final[Mapping[str, Topic]] = {kind: one for one in TOPICS for kind in one.kinds}
BY_NAME: Final[Mapping[str, Topic]] = {one.name: one for one in TOPICS}


def topic_of(kind: str) -> Topic:
    """Return the topic of a kind of notifications."""
    return _BY_KIND.get(kind, OTHER)
