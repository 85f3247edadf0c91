"""How each person wants to be told, by topic."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, cast

import sqlalchemy as sa

from headrace.platform.core.errors import RefusedError
from headrace.platform.core.problems import Message, Problem, pointer
from headrace.platform.database.unit_of_work import UnitOfWork
from headrace.platform.mailing.tables import NOTIFICATION_CHOICE
from headrace.platform.mailing.topics import BY_NAME, TOPICS, WAYS, Topic, Way

_CHOICE: Final = NOTIFICATION_CHOICE

UNKNOWN_TOPIC: Final = Message(
    "notification.unknown_topic",
    "Nobody is told about “{name}”.",
    "没有名为“{name}”的消息类别。",
    "Use one of {known}.",
    "可用的类别：{known}。",
)
UNKNOWN_WAY: Final = Message(
    "notification.unknown_way",
    "“{way}” is no way to be told.",
    "“{way}”不是通知方式。",
    "Use one of {known}.",
    "可用的方式：{known}。",
)


def ways_of(connection: sa.Connection, users: Collection[str]) -> dict[tuple[str, str], Way]:
    """Return what users chose, by user and topic."""
    query = sa.select(_CHOICE).where(_CHOICE.c.user.in_(users))
    return {(str(row.user), row.topic): cast(Way, row.way) for row in connection.execute(query)}


def chosen(connection: sa.Connection, user_id: str) -> dict[str, Way]:
    """Return how a user is told, by the name of each topic."""
    made = ways_of(connection, (user_id,))
    return {one.name: made.get((user_id, one.name), one.way) for one in TOPICS}


def choose(work: UnitOfWork, user_id: str, ways: Mapping[str, Any]) -> None:
    """Keep how a user wants to be told of some topics; raise RefusedError for what is not known."""
    problems: list[Problem] = []
    for name, way in ways.items():
        if name not in BY_NAME:
            known = ", ".join(BY_NAME)
            problems.append(UNKNOWN_TOPIC.at(pointer(name), name=name, known=known))
        elif way not in WAYS:
            problems.append(UNKNOWN_WAY.at(pointer(name), way=way, known=", ".join(WAYS)))
    if problems:
        raise RefusedError.of(problems)
    if not ways:
        return
    here = sa.and_(_CHOICE.c.user == user_id, _CHOICE.c.topic.in_(list(ways)))
    work.connection.execute(sa.delete(_CHOICE).where(here))
    rows = [{"user": user_id, "topic": name, "way": way} for name, way in ways.items()]
    work.connection.execute(sa.insert(_CHOICE), rows)


def way_for(made: Mapping[tuple[str, str], Way], user_id: str, topic: Topic) -> Way:
    """Return how a user is told of a topic, from what was chosen."""
    return made.get((user_id, topic.name), topic.way)
