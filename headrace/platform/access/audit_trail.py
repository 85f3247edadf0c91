"""Reads the audit trail: page by page, by who did what and when, and one entry with all its values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from headrace.platform.access.audit import AUDIT
from headrace.platform.access.identity import normalised_login
from headrace.platform.access.tables import USER
from headrace.platform.core.errors import NOT_FOUND, NotFoundError
from headrace.platform.core.problems import Text
from headrace.platform.database.engine import Database
from headrace.platform.database.system_tables import DOCUMENT
from headrace.platform.metadata.storage_types import instant_text

PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for; `below` goes on behind a page, with the last number on it."""

    kind: str | None = None
    name: str | None = None
    by: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    below: int | None = None
    limit: int = PAGE


def read_audit(database: Database, wanted: Wanted | None = None) -> list[dict[str, Any]]:
    """Return entries with the login of who did it, the newest first."""
    asked = wanted or Wanted()
    query = _ENTRIES.order_by(AUDIT.c.number.desc()).limit(asked.limit)
    query = query.where(*_conditions(asked))
    with database.reading() as reading:
        return [dict(row) for row in reading.connection.execute(query).mappings()]


def read_entry(database: Database, number: int) -> dict[str, Any]:
    """Return one entry, its long definitions read from the versions; raise NotFoundError."""
    with database.reading() as reading:
        query = _ENTRIES.where(AUDIT.c.number == number)
        row = reading.connection.execute(query).mappings().first()
        if row is None:
            raise NotFoundError(NOT_FOUND.at())
        entry = dict(row)
        pieces = [*(entry["before"] or ()), *(entry["after"] or ())]
        hashes = {one["document"] for one in pieces if "document" in one}
        documents = _documents(reading.connection, hashes) if hashes else {}
    for side in ("before", "after"):
        entry[side] = [_filled(one, documents) for one in entry[side] or ()]
    return entry


def shown_entry(entry: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return the JSON form of an entry in one language."""
    said = [Text(one.get("en", ""), one.get("zh", "")) for one in entry["said"] or ()]
    return {
        "number": entry["number"],
        "at": instant_text(entry["at"]),
        "by": entry["login"],
        "through": entry["through"],
        "action": entry["action"],
        "kind": entry["kind"],
        "id": entry["definition_id"],
        "name": entry["name"],
        "module": entry["module"],
        "version": entry["version"],
        "before": entry["before"],
        "after": entry["after"],
        "changes": [one.within(language) for one in said],
    }


_ENTRIES: Final = sa.select(*AUDIT.c, USER.c.login).select_from(
    AUDIT.outerjoin(USER, USER.c.id == AUDIT.c.by_user)
)


def _conditions(asked: Wanted) -> Iterable[sa.ColumnElement[bool]]:
    if asked.kind is not None:
        yield AUDIT.c.kind == asked.kind
    if asked.name is not None:
        yield AUDIT.c.name == asked.name
    if asked.by is not None:
        login = normalised_login(asked.by)
        yield AUDIT.c.by_user == sa.select(USER.c.id).where(USER.c.login == login).scalar_subquery()
    if asked.since is not None:
        yield AUDIT.c.at >= asked.since
    if asked.until is not None:
        yield AUDIT.c.at < asked.until
    if asked.below is not None:
        yield AUDIT.c.number < asked.below


def _documents(connection: sa.Connection, hashes: Iterable[str]) -> dict[str, Any]:
    query = sa.select(DOCUMENT.c.hash, DOCUMENT.c.content).where(DOCUMENT.c.hash.in_(hashes))
    return {row.hash: json.loads(row.content) for row in connection.execute(query)}


def _filled(piece: Mapping[str, Any], documents: Mapping[str, Any]) -> dict[str, Any]:
    known = documents.get(piece.get("document", ""))
    return dict(piece) if known is None else {"path": piece["path"], "value": known}
