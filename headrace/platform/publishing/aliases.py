"""Ids of files that mean live definitions: decided once, kept, and found again by the next publish."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import sqlalchemy as sa

from headrace.platform.core.problems import named, said
from headrace.platform.database.system_tables import SYSTEM, text_type
from headrace.platform.publishing.answering import Question
from headrace.platform.publishing.decisions import Decisions
from headrace.platform.publishing.identities import ID_TAKEN, Known, Taken
from headrace.platform.publishing.plan import PlanLine

ALIAS: Final = sa.Table(
    "sys_alias",
    SYSTEM,
    sa.Column("file_id", text_type(), primary_key=True),
    sa.Column("live_id", text_type(), nullable=False),
)
"""Ids that files have for definitions that are live under other ids."""
CHUNK: Final = 500
ANSWERS: Final = ("same", "new")


def load_aliases(connection: sa.Connection) -> Mapping[str, str]:
    """Return the aliases: id in files -> live id."""
    return {row.file_id: row.live_id for row in connection.execute(sa.select(ALIAS))}


def save_aliases(connection: sa.Connection, aliases: Mapping[str, str]) -> None:
    """Keep aliases; one that is known already means what it means now."""
    known = load_aliases(connection) if aliases else {}
    new = {one: live for one, live in aliases.items() if known.get(one) != live}
    ids = sorted(one for one in new if one in known)
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        connection.execute(sa.delete(ALIAS).where(ALIAS.c.file_id.in_(part)))
    if new:
        rows = [{"file_id": one, "live_id": live} for one, live in new.items()]
        connection.execute(sa.insert(ALIAS), rows)


def known_ids(
    aliases: Mapping[str, str],
    decisions: Decisions,
    modules: Collection[str] | None,
    unasked: str | None = None,
) -> Known:
    """Return what aliases and decisions say of ids that are not live."""
    prefix = f"{ID_TAKEN.code}:"
    answers = {
        key: one.answer
        for key, one in decisions.by_key.items()
        if key.startswith(prefix) and one.answer in ANSWERS
    }
    return Known(aliases, answers, unasked, modules)


def identity_questions(taken: Iterable[Taken]) -> Sequence[Question]:
    """Return the lines that ask whether definitions are the same as live ones."""
    return [
        Question(
            PlanLine(
                one.key,
                ID_TAKEN.code,
                said(
                    "The {kind} {name} has another id than the live one",
                    "{kind} {name} 的标识与现有的不同",
                    kind=named("kind", one.kind),
                    name=named(one.kind, one.name),
                ),
                answers=ANSWERS,
                needs_answer=True,
            ),
            one.problem,
        )
        for one in taken
        if one.asked
    ]


def about_rows(decisions: Decisions) -> Decisions:
    """Return the decisions but those on ids: content that was planned once has the ids it needs."""
    kept = {
        key: one for key, one in decisions.by_key.items() if not key.startswith(f"{ID_TAKEN.code}:")
    }
    return replace(decisions, by_key=kept)
